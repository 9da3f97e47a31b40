//! What models cost, listed, and one's own prices, set and taken away.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use ledger::{Quote, Rates};

use crate::costs::{Costs, prices, rates};
use crate::handle::{CommandError, Daemon};
use crate::settings::own_prices;
use crate::settings::{ModelPrice as Written, Settings};
use crate::view::{List, ModelPrice};

/// Where one's own prices are from, and who sells at them.
const CONFIG: &str = "config";
/// Longest name of a model.
const NAME_MAX: usize = 200;
/// The dearest token that is believed, in pico-dollars: a dollar. With six decimals that is exact in the config's numbers.
const RATE_MAX: i64 = 1_000_000_000_000;

/// Which prices to list.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Text in the model's or seller's name, in any case.
    pub(crate) q: Option<String>,
    /// What holds at this provider, its factor told beside; else the whole list and all one's own.
    pub(crate) provider: Option<String>,
    /// Rows at most.
    pub(crate) limit: usize,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// Where a row stands in the list: one's own and the makers' prices first, then model, seller, provider.
type Place = (bool, String, String, Option<String>);
/// Sellers of their own models.
static MAKERS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lists = prices().into_iter();
    lists
        .flat_map(|list| list.listed_at(None))
        .map(|line| line.seller)
        .collect()
});

impl Daemon {
    /// One page of the prices, by model; those of makers before those of resellers.
    pub(crate) fn prices(&self, wanted: &Wanted) -> Result<List<ModelPrice>, CommandError> {
        let loaded = self.loaded();
        let mut rows = match &wanted.provider {
            Some(provider) => {
                let is_there = loaded
                    .settings
                    .providers
                    .iter()
                    .any(|it| it.name == *provider);
                if !is_there {
                    return Err(crate::looks::no_such("provider", provider));
                }
                at_provider(&loaded.settings, &loaded.costs, provider)
            }
            None => all(&loaded.settings),
        };
        if let Some(text) = wanted.q.as_deref().map(str::to_lowercase) {
            rows.retain(|(_, model, seller, _), _| model.contains(&text) || seller.contains(&text));
        }
        if let Some(cursor) = &wanted.cursor {
            let after = decode(cursor).ok_or_else(|| {
                let told = "the cursor is not one that this list gave; leave it out to begin at the first price";
                CommandError::Invalid(told.to_owned())
            })?;
            rows.retain(|place, _| *place > after);
        }
        let is_more = rows.len() > wanted.limit;
        let page: Vec<_> = rows.into_iter().take(wanted.limit).collect();
        let last = page.last().filter(|_| is_more);
        Ok(List {
            next_cursor: last.map(|(place, _)| encode(place)),
            items: page.into_iter().map(|(_, row)| row).collect(),
        })
    }

    /// Sets what a model costs at a provider, or at all that have no price of their own for it.
    pub(crate) async fn set_price(
        &self,
        provider: Option<&str>,
        model: &str,
        rates: Rates,
    ) -> Result<ModelPrice, CommandError> {
        let model = model.trim();
        if model.is_empty() || model.len() > NAME_MAX || model.chars().any(char::is_control) {
            let told = format!(
                "a model's name has from 1 to {NAME_MAX} bytes, and none that control a terminal"
            );
            return Err(CommandError::Invalid(told));
        }
        let given = [
            Some(rates.input),
            Some(rates.output),
            rates.cache_read,
            rates.cache_write_5m,
            rates.cache_write_1h,
        ];
        let mut given = given.into_iter().flatten();
        if given.any(|rate| rate.pico_per_token() > RATE_MAX) {
            let told = "a price is at most 1000000 US dollars for a million tokens";
            return Err(CommandError::Invalid(told.to_owned()));
        }
        let what = format!("{model} has another price");
        self.edit_config(&what, |document| {
            own_prices::set(document, provider, model, &rates)
        })
        .await?;
        Ok(own(model, provider, rates))
    }

    /// Takes such a price away; the list's holds again.
    pub(crate) async fn remove_price(
        &self,
        provider: Option<&str>,
        model: &str,
    ) -> Result<(), CommandError> {
        let what = format!("{model} has no price of its own any more");
        self.edit_config(&what, |document| {
            own_prices::remove(document, provider, model)
        })
        .await
    }
}

fn place(row: &ModelPrice) -> Place {
    (
        row.seller != CONFIG && !MAKERS.contains(&*row.seller),
        row.model.to_lowercase(),
        row.seller.clone(),
        row.provider.clone(),
    )
}

/// The whole list, and all prices of the config.
fn all(settings: &Settings) -> BTreeMap<Place, ModelPrice> {
    let everywhere = settings.ledger.prices.iter().map(|price| (price, None));
    let providers = settings.providers.iter().flat_map(|provider| {
        let models = provider.price.models.iter();
        models.map(|price| (price, Some(provider.name.as_str())))
    });
    let own = everywhere
        .chain(providers)
        .filter_map(|((model, price), provider)| Some(own(model, provider, rates(price)?)));
    let listed = prices().into_iter().flat_map(|list| {
        list.listed().map(|line| ModelPrice {
            model: line.model.to_owned(),
            provider: None,
            seller: line.seller.to_owned(),
            date: Some(list.date().to_owned()),
            source: list.source().to_owned(),
            multiplier: None,
            price: line.price.as_ref().clone(),
        })
    });
    own.chain(listed).map(|row| (place(&row), row)).collect()
}

/// What holds at a provider for every model that a price is known of.
fn at_provider(settings: &Settings, costs: &Costs, provider: &str) -> BTreeMap<Place, ModelPrice> {
    let of_provider = settings.providers.iter().filter(|it| it.name == provider);
    let own = of_provider.flat_map(|it| &it.price.models);
    let own = own.chain(&settings.ledger.prices);
    let own = own.map(|(model, _): &(String, Written)| model.as_str());
    let models = own.chain(costs.listed_at(provider));
    let rows = models.filter_map(|model| {
        let quote = costs.quote(provider, model)?;
        Some(quoted(model, provider, &quote))
    });
    rows.map(|row| (place(&row), row)).collect()
}

fn quoted(model: &str, provider: &str, quote: &Quote) -> ModelPrice {
    let source = match &quote.date {
        Some(_) => prices().map(|list| list.source().to_owned()),
        None => None,
    };
    ModelPrice {
        model: model.to_owned(),
        provider: Some(provider.to_owned()),
        seller: quote.seller.to_string(),
        date: quote.date.as_deref().map(str::to_owned),
        source: source.unwrap_or_else(|| CONFIG.to_owned()),
        multiplier: Some(quote.multiplier.to_string()),
        price: quote.price.as_ref().clone(),
    }
}

fn own(model: &str, provider: Option<&str>, rates: Rates) -> ModelPrice {
    ModelPrice {
        model: model.to_owned(),
        provider: provider.map(str::to_owned),
        seller: CONFIG.to_owned(),
        date: None,
        source: CONFIG.to_owned(),
        multiplier: None,
        price: rates.into(),
    }
}

/// A place as text that is safe in a URL.
fn encode(place: &Place) -> String {
    let plain = serde_json::json!(place).to_string();
    let halves = plain.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    halves
        .filter_map(|half| char::from_digit(half.into(), 16))
        .collect()
}

/// `None` if the text was not made by `encode`.
fn decode(text: &str) -> Option<Place> {
    let bytes = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    let plain = bytes.collect::<Option<Vec<u8>>>()?;
    serde_json::from_slice(&plain).ok()
}
