//! What a model costs at each provider of the config: its own price where the config gives one, else the list's.

use std::collections::HashMap;
use std::sync::LazyLock;

use ledger::{Multiplier, PerMillion, Prices, Quote, Rates};

use crate::settings::vendors::vendors;
use crate::settings::{ModelPrice, Provider, Settings};

static PRICES: LazyLock<Option<Prices>> = LazyLock::new(|| {
    // A test reads the same list, so this is never seen; without it every price is unknown.
    Prices::bundled()
        .map_err(|error| tracing::error!("{error}"))
        .ok()
});

/// The price list that comes with Turnout; read on first use.
pub(crate) fn prices() -> Option<&'static Prices> {
    PRICES.as_ref()
}

/// What the config's providers ask for their models.
#[derive(Debug, Default)]
pub(crate) struct Costs {
    /// The list, with the config's own prices for every provider before it.
    prices: Option<Prices>,
    by_provider: HashMap<String, Cost>,
}

#[derive(Debug)]
struct Cost {
    vendor: Option<String>,
    multiplier: Multiplier,
    own: HashMap<String, Rates>,
}

impl Costs {
    pub(crate) fn of(settings: &Settings) -> Self {
        let own = own_rates(&settings.ledger.prices, "every provider");
        let costs = settings.providers.iter();
        Self {
            prices: prices().map(|list| list.with_own(own)),
            by_provider: costs
                .map(|provider| (provider.name.clone(), Cost::of(provider)))
                .collect(),
        }
    }

    /// The models that the list knows at a provider.
    pub(crate) fn listed_at(&self, provider: &str) -> impl Iterator<Item = &str> {
        let cost = self.by_provider.get(provider);
        let list = self.prices.as_ref().zip(cost);
        list.into_iter().flat_map(|(list, cost)| {
            let listed = list.listed_at(cost.vendor.as_deref());
            listed.map(|line| line.model)
        })
    }

    /// What a model costs at its maker, or by the config's prices for every provider; `None` when that is unknown.
    pub(crate) fn at_list(&self, model: &str) -> Option<Quote> {
        let list = self.prices.as_ref()?;
        list.quote(None, model, Multiplier::ONE)
    }

    /// What a model costs at a provider; `None` when that is unknown.
    pub(crate) fn quote(&self, provider: &str, model: &str) -> Option<Quote> {
        let cost = self.by_provider.get(provider)?;
        if let Some(rates) = cost.own.get(&model.to_lowercase()) {
            return Some(Quote::own(model, *rates));
        }
        if cost.multiplier.parts_per_million() == 0 {
            return Some(Quote::free(model));
        }
        self.prices
            .as_ref()?
            .quote(cost.vendor.as_deref(), model, cost.multiplier)
    }
}

impl Cost {
    fn of(provider: &Provider) -> Self {
        let base_url = provider.base_url.as_deref().unwrap_or_default();
        let vendor = provider.vendor.clone();
        let own = own_rates(&provider.price.models, &provider.name);
        Self {
            vendor: vendor.or_else(|| vendors().recognise(base_url).map(str::to_owned)),
            multiplier: multiplier(provider),
            own: own
                .map(|(model, rates)| (model.to_lowercase(), rates))
                .collect(),
        }
    }
}

/// The config's prices as they are reckoned with; those that cannot be are told.
fn own_rates(models: &[(String, ModelPrice)], at: &str) -> impl Iterator<Item = (String, Rates)> {
    models.iter().filter_map(move |(model, price)| {
        let rates = rates(price);
        if rates.is_none() {
            tracing::warn!(
                "the price of {model} at {at} is taken from the list: prices have at most 6 decimals"
            );
        }
        Some((model.clone(), rates?))
    })
}

fn multiplier(provider: &Provider) -> Multiplier {
    let multiplier = provider.price.multiplier.to_string().parse();
    multiplier.unwrap_or_else(|error| {
        let name = &provider.name;
        tracing::warn!("the price multiplier of {name} is taken as 1: {error}");
        Multiplier::ONE
    })
}

/// A number of the config goes through its decimal form, which is what was written.
pub(crate) fn rates(price: &ModelPrice) -> Option<Rates> {
    let exact = |dollars: f64| dollars.to_string().parse::<PerMillion>().ok();
    let optional = |dollars: Option<f64>| match dollars {
        Some(dollars) => exact(dollars).map(Some),
        None => Some(None),
    };
    Some(Rates {
        input: exact(price.input)?,
        output: exact(price.output)?,
        cache_read: optional(price.cache_read)?,
        cache_write_5m: optional(price.cache_write_5m)?,
        cache_write_1h: optional(price.cache_write_1h)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(providers: &str) -> Costs {
        Costs::of(&crate::settings::parse(providers).unwrap())
    }

    #[test]
    fn own_prices_go_before_the_list_and_the_list_goes_by_vendor() {
        let costs = costs(
            r#"
            version = 1
            [ledger.prices]
            "claude-opus-4.5" = { input = 4, output = 20 }
            "glm-4.6" = { input = 9, output = 9 }
            [[providers]]
            name = "relay"
            dialect = "anthropic"
            base_url = "https://relay.example"
            price = { multiplier = 0.5, models = { "GLM-4.6" = { input = 0.6, output = 2.2, cache_read = 0.11 } } }
            [[providers]]
            name = "groq"
            dialect = "openai-chat"
            base_url = "https://api.groq.com/openai/v1"
            [[providers]]
            name = "play"
            dialect = "practice"
            "#,
        );
        let input = |provider: &str, model: &str| {
            let quote = costs.quote(provider, model)?;
            let rate = quote.price.tariff.rates.input;
            Some(format!("{rate} × {} by {}", quote.multiplier, quote.seller))
        };
        let cases = [
            ("relay", "glm-4.6", Some("0.6 × 1 by config")),
            ("relay", "claude-sonnet-4-5", Some("3 × 0.5 by anthropic")),
            ("relay", "my-own", None),
            // The config's price for every provider goes before the list, by any of the model's names.
            (
                "relay",
                "claude-opus-4-5-20251101",
                Some("4 × 0.5 by config"),
            ),
            ("groq", "claude-opus-4-5", Some("4 × 1 by config")),
            ("play", "claude-opus-4-5", Some("0 × 1 by config")),
            ("groq", "openai/gpt-oss-120b", Some("0.15 × 1 by groq")),
            ("groq", "claude-sonnet-4-5", None),
            ("play", "practice", Some("0 × 1 by config")),
            ("gone", "claude-sonnet-4-5", None),
        ];
        for (provider, model, expected) in cases {
            assert_eq!(
                input(provider, model).as_deref(),
                expected,
                "{model} at {provider}"
            );
        }
    }
}
