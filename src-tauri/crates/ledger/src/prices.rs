//! What a token costs: the price list, and the look-up of a model in it.
//!
//! The bundled list is `config/prices.json`, written by `config/prices.py`. It is kept by seller, as one
//! model costs different amounts at different ones. A model that is not in it has no price: the cost of
//! its tokens is unknown and said to be so, never taken from a model with a similar name.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::money::{Multiplier, Usd, decimal};
use crate::quote::{CONFIG, Quote};

const BUNDLED: &str = include_str!("../../../../config/prices.json");
/// Decimals of a price per million tokens; with six, the price of one token is whole pico-dollars.
const RATE_DECIMALS: u32 = 6;
/// Parts of a whole multiplier.
pub(crate) const MILLION: i128 = 1_000_000;

/// US dollars per million tokens, exact to six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, utoipa::ToSchema)]
#[schema(value_type = String, example = "2.5")]
pub struct PerMillion(i64);

impl PerMillion {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Price of one token in pico-dollars.
    pub const fn pico_per_token(self) -> i64 {
        self.0
    }
}

/// Prices by kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rates {
    /// Prompt tokens neither read from nor written to a cache.
    pub input: PerMillion,
    /// Output tokens, reasoning included.
    pub output: PerMillion,
    /// Prompt tokens read from the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<PerMillion>,
    /// Prompt tokens written to the five-minute cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_5m: Option<PerMillion>,
    /// Prompt tokens written to the one-hour cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<PerMillion>,
}

impl Rates {
    /// Nothing costs anything.
    pub(crate) const FREE: Self = Self {
        input: PerMillion::ZERO,
        output: PerMillion::ZERO,
        cache_read: Some(PerMillion::ZERO),
        cache_write_5m: Some(PerMillion::ZERO),
        cache_write_1h: Some(PerMillion::ZERO),
    };
}

/// Prices of one way to serve a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tariff {
    /// The usual prices.
    #[serde(flatten)]
    pub rates: Rates,
    /// Prices of requests with a long prompt, shortest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub long_context: Vec<LongContext>,
}

/// Prices that hold for the whole request when its prompt is longer than `above_tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LongContext {
    /// Prompt tokens, cached ones included, above which these prices hold.
    pub above_tokens: u64,
    /// The prices.
    #[serde(flatten)]
    pub rates: Rates,
}

/// Prices that hold for requests that begin at certain hours of the day, UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hours {
    /// They begin.
    #[schema(value_type = String)]
    pub from: Time,
    /// They are over; before `from` when midnight lies between.
    #[schema(value_type = String)]
    pub to: Time,
    /// The prices.
    #[serde(flatten)]
    pub tariff: Tariff,
}

/// All prices of a model at one seller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Price {
    /// Model names they are for, without date.
    #[serde(default, skip_serializing)]
    pub models: Vec<String>,
    /// The usual prices.
    #[serde(flatten)]
    pub tariff: Tariff,
    /// Prices at certain hours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Hours>,
    /// Prices of other ways to serve, by the name that usage tells: `batch`, `flex`, `priority`, `fast`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, Tariff>,
}

impl From<Rates> for Price {
    fn from(rates: Rates) -> Self {
        Self {
            models: Vec::new(),
            tariff: Tariff {
                rates,
                long_context: Vec::new(),
            },
            hours: Vec::new(),
            services: BTreeMap::new(),
        }
    }
}

/// A price list, and one's own prices before it; clones share both.
#[derive(Debug, Clone)]
pub struct Prices {
    list: Arc<List>,
    own: Option<Arc<Seller>>,
}

#[derive(Debug)]
struct List {
    name: String,
    date: Arc<str>,
    source: String,
    sellers: Vec<Seller>,
}

/// A line of the list: what a model costs at a seller.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'p> {
    /// The model as the list writes it, without date.
    pub model: &'p str,
    /// The seller.
    pub seller: &'p str,
    /// What it costs there.
    pub price: &'p Arc<Price>,
}

#[derive(Debug)]
struct Seller {
    name: Arc<str>,
    vendors: Vec<String>,
    paths: Vec<String>,
    maker: bool,
    /// As written, in the order of the list.
    models: Vec<(String, Arc<Price>)>,
    by_model: HashMap<String, Arc<Price>>,
}

/// A price list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// Not the JSON of a price list.
    #[error("the price list cannot be read: {0}; compare it with config/prices.json")]
    Json(#[from] serde_json::Error),
    /// A model has two prices.
    #[error("the price list gives `{0}` two prices at {1}; remove one of them")]
    Twice(String, String),
}

#[derive(Deserialize)]
struct Written {
    name: String,
    date: String,
    #[serde(default)]
    source: String,
    sellers: Vec<WrittenSeller>,
}

#[derive(Deserialize)]
struct WrittenSeller {
    name: String,
    #[serde(default)]
    vendors: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    maker: bool,
    prices: Vec<Price>,
}

impl Prices {
    /// The list that comes with Turnout.
    pub fn bundled() -> Result<Self, PriceError> {
        Self::parse(BUNDLED)
    }

    /// Reads a list in the form of `config/prices.json`.
    pub fn parse(json: &str) -> Result<Self, PriceError> {
        let written: Written = serde_json::from_str(json)?;
        let sellers = written.sellers.into_iter().map(Seller::read);
        let list = List {
            name: written.name,
            date: written.date.into(),
            source: written.source,
            sellers: sellers.collect::<Result<_, _>>()?,
        };
        Ok(Self {
            list: Arc::new(list),
            own: None,
        })
    }

    /// The list with these prices in the place of its own, whoever sells the model.
    #[must_use]
    pub fn with_own(&self, own: impl IntoIterator<Item = (String, Rates)>) -> Self {
        Self {
            list: Arc::clone(&self.list),
            own: Some(Arc::new(Seller::own(own))),
        }
    }

    /// Name of the list.
    pub fn name(&self) -> &str {
        &self.list.name
    }

    /// Date of the list, `YYYY-MM-DD`.
    pub fn date(&self) -> &str {
        &self.list.date
    }

    /// Where the list's numbers are from; empty where it does not say.
    pub fn source(&self) -> &str {
        &self.list.source
    }

    /// The lines of the list, without one's own prices.
    pub fn listed(&self) -> impl Iterator<Item = Listed<'_>> {
        self.list.sellers.iter().flat_map(Seller::listed)
    }

    /// The lines that hold at a vendor, or those of the makers where nothing is known of the seller.
    pub fn listed_at<'p>(
        &'p self,
        vendor: Option<&'p str>,
    ) -> impl Iterator<Item = Listed<'p>> + 'p {
        let sellers = self.list.sellers.iter();
        let sellers = sellers.filter(move |seller| seller.sells_for(vendor));
        sellers.flat_map(Seller::listed)
    }

    /// The price of a model at a vendor (as vendors.toml names it), by the name sent upstream: as listed,
    /// dated (`claude-sonnet-4-5-20250929`), with its maker's path (`anthropic/claude-sonnet-4.5`) or with
    /// the context mark of Claude Code (`[1m]`).
    ///
    /// A vendor sells at its own prices alone; where nothing is known of the seller, the maker's hold.
    pub fn find(&self, vendor: Option<&str>, model: &str) -> Option<Arc<Price>> {
        self.look_up(vendor, model).map(|found| found.price)
    }

    /// What an attempt at this model will cost by the token; `None` when it is unknown.
    pub fn quote(
        &self,
        vendor: Option<&str>,
        model: &str,
        multiplier: Multiplier,
    ) -> Option<Quote> {
        let found = self.look_up(vendor, model)?;
        Some(Quote {
            model: found.name,
            seller: found.seller,
            date: found.listed.then(|| Arc::clone(&self.list.date)),
            multiplier,
            price: found.price,
        })
    }

    fn look_up(&self, vendor: Option<&str>, model: &str) -> Option<Found> {
        let name = plain(model);
        let own = self.own.as_ref().and_then(|own| own.dated(&name));
        own.or_else(|| {
            let mut sellers = self.list.sellers.iter();
            sellers.find_map(|seller| seller.sells_for(vendor).then(|| seller.look_up(&name))?)
        })
    }
}

struct Found {
    name: String,
    seller: Arc<str>,
    listed: bool,
    price: Arc<Price>,
}

impl Seller {
    fn own(prices: impl IntoIterator<Item = (String, Rates)>) -> Self {
        let by_model = prices
            .into_iter()
            .map(|(model, rates)| (plain(&model), Arc::new(rates.into())))
            .collect();
        Self {
            name: CONFIG.into(),
            vendors: Vec::new(),
            paths: Vec::new(),
            maker: false,
            models: Vec::new(),
            by_model,
        }
    }

    /// Without a vendor, makers sell.
    fn sells_for(&self, vendor: Option<&str>) -> bool {
        match vendor {
            Some(vendor) => self.vendors.iter().any(|name| name == vendor),
            None => self.maker,
        }
    }

    fn listed(&self) -> impl Iterator<Item = Listed<'_>> {
        self.models.iter().map(|(model, price)| Listed {
            model,
            seller: &self.name,
            price,
        })
    }

    fn read(written: WrittenSeller) -> Result<Self, PriceError> {
        let (mut listed, mut by_model) = (Vec::new(), HashMap::new());
        for mut price in written.prices {
            let models = std::mem::take(&mut price.models);
            let price = Arc::new(price);
            for model in models {
                if by_model.insert(plain(&model), Arc::clone(&price)).is_some() {
                    return Err(PriceError::Twice(model, written.name));
                }
                listed.push((model, Arc::clone(&price)));
            }
        }
        Ok(Self {
            name: written.name.into(),
            vendors: written.vendors,
            paths: written.paths,
            maker: written.maker,
            models: listed,
            by_model,
        })
    }

    fn look_up(&self, name: &str) -> Option<Found> {
        self.dated(name).or_else(|| {
            let (path, rest) = name.rsplit_once('/')?;
            let maker = path.rsplit_once('/').map_or(path, |(_, last)| last);
            let ours = self.paths.iter().any(|path| path == maker);
            ours.then(|| self.dated(rest))?
        })
    }

    fn dated(&self, name: &str) -> Option<Found> {
        let mut name = name;
        loop {
            if let Some(price) = self.by_model.get(name) {
                return Some(Found {
                    name: name.to_owned(),
                    seller: Arc::clone(&self.name),
                    listed: !self.models.is_empty(),
                    price: Arc::clone(price),
                });
            }
            name = without_date(name)?;
        }
    }
}

/// The name as it is compared: lower case, without context mark, version dots as dashes (OpenRouter
/// writes `claude-sonnet-4.5`).
pub(crate) fn plain(model: &str) -> String {
    let name = model.trim().to_ascii_lowercase();
    let name = name.strip_suffix("[1m]").unwrap_or(&name);
    let name = name.strip_prefix("models/").unwrap_or(name);
    name.replace('.', "-")
}

/// The name without a last part that only tells a date, which does not change the price: `-20250929`,
/// `@20250929`, `-2025-09-29` or `-latest`. Anything else (another version, `fast`) might.
fn without_date(name: &str) -> Option<&str> {
    if let Some(rest) = name.strip_suffix("-latest") {
        return Some(rest);
    }
    let digits =
        |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    let (rest, last) = name.rsplit_once(['-', '@'])?;
    if digits(last, 8) {
        return Some(rest);
    }
    let (rest, month) = rest.rsplit_once('-')?;
    let (rest, year) = rest.rsplit_once('-')?;
    (digits(last, 2) && digits(month, 2) && digits(year, 4)).then_some(rest)
}

impl fmt::Display for PerMillion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A dollar per million tokens is a million pico-dollars per token.
        Usd::from_pico(i128::from(self.0) * MILLION).fmt(f)
    }
}

impl FromStr for PerMillion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        decimal(text, RATE_DECIMALS)
            .and_then(|rate| i64::try_from(rate).ok())
            .map(Self)
            .ok_or_else(|| {
                format!(
                    "`{text}` is not a price per million tokens; write a decimal such as 0.25, with at most 6 decimals"
                )
            })
    }
}

impl Serialize for PerMillion {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PerMillion {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}
