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

/// Prices of the config's providers, by their names.
#[derive(Debug, Default)]
pub(crate) struct Costs(HashMap<String, Cost>);

#[derive(Debug)]
struct Cost {
    vendor: Option<String>,
    multiplier: Multiplier,
    own: HashMap<String, Rates>,
}

impl Costs {
    pub(crate) fn of(settings: &Settings) -> Self {
        let costs = settings.providers.iter();
        Self(
            costs
                .map(|provider| (provider.name.clone(), Cost::of(provider)))
                .collect(),
        )
    }

    /// What a model costs at a provider; `None` when that is unknown.
    pub(crate) fn quote(&self, provider: &str, model: &str) -> Option<Quote> {
        let cost = self.0.get(provider)?;
        if let Some(rates) = cost.own.get(&model.to_lowercase()) {
            return Some(Quote::own(model, *rates));
        }
        if cost.multiplier.parts_per_million() == 0 {
            return Some(Quote::free(model));
        }
        prices()?.quote(cost.vendor.as_deref(), model, cost.multiplier)
    }
}

impl Cost {
    fn of(provider: &Provider) -> Self {
        let base_url = provider.base_url.as_deref().unwrap_or_default();
        let vendor = provider.vendor.clone();
        let models = provider.price.models.iter();
        Self {
            vendor: vendor.or_else(|| vendors().recognise(base_url).map(str::to_owned)),
            multiplier: multiplier(provider),
            own: models
                .filter_map(|(model, price)| {
                    let rates = rates(price);
                    if rates.is_none() {
                        let name = &provider.name;
                        tracing::warn!(
                            "the price of {model} at {name} is taken from the list: prices have at most 6 decimals"
                        );
                    }
                    Some((model.to_lowercase(), rates?))
                })
                .collect(),
        }
    }
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
fn rates(price: &ModelPrice) -> Option<Rates> {
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
