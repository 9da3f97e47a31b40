//! What a token costs, by the model that was sent upstream.
//!
//! The bundled table is `config/prices.json`. A model that is not in it has no price: the cost of its
//! tokens is unknown and said to be so, never taken from a model with a similar name.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::event::Usage;
use crate::money::{Multiplier, Usd, decimal};
use crate::row::Cost;

const BUNDLED: &str = include_str!("../../../../config/prices.json");
/// Decimals of a price per million tokens; with six, the price of one token is whole pico-dollars.
const RATE_DECIMALS: u32 = 6;
/// Parts of a whole multiplier.
const MILLION: i128 = 1_000_000;
/// The largest cost of one kind in one attempt that is believed: 100,000 USD in pico-dollars. Larger
/// ones come from a broken upstream, and their sums would not fit the database's integers.
const COST_MAX: i128 = 100_000_000_000_000_000;

/// US dollars per million tokens, exact to six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerMillion(i64);

impl PerMillion {
    /// Price of one token in pico-dollars.
    pub const fn pico_per_token(self) -> i64 {
        self.0
    }
}

/// Prices of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// One entry of the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Price {
    /// Model names it is for, without date.
    pub models: Vec<String>,
    /// The usual prices.
    #[serde(flatten)]
    pub rates: Rates,
    /// Prices of requests with a long prompt.
    #[serde(default)]
    pub long_context: Option<LongContext>,
}

/// Prices that hold for the whole request when its prompt is longer than `above_tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct LongContext {
    /// Prompt tokens, cached ones included, above which these prices hold.
    pub above_tokens: u64,
    /// The prices.
    #[serde(flatten)]
    pub rates: Rates,
}

/// The price of one attempt as it was at the time; kept on its row for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenPrice {
    /// Model name in the table.
    pub model: String,
    /// Date of the table.
    pub date: String,
    /// The prices that were used.
    #[serde(flatten)]
    pub rates: Rates,
    /// Whether they are those of a long prompt.
    pub long_context: bool,
    /// The provider's multiplier.
    pub multiplier: Multiplier,
}

/// A price table.
#[derive(Debug, Clone)]
pub struct Prices {
    name: String,
    date: String,
    entries: Vec<Price>,
    by_model: HashMap<String, usize>,
}

/// A price table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// Not the JSON of a price table.
    #[error("the price table cannot be read: {0}; compare it with config/prices.json")]
    Json(#[from] serde_json::Error),
    /// A model has two prices.
    #[error("the price table gives `{0}` two prices; remove one of them")]
    Twice(String),
}

#[derive(Deserialize)]
struct Table {
    name: String,
    date: String,
    prices: Vec<Price>,
}

impl Prices {
    /// The table that comes with Turnout.
    pub fn bundled() -> Result<Self, PriceError> {
        Self::parse(BUNDLED)
    }

    /// Reads a table in the form of `config/prices.json`.
    pub fn parse(json: &str) -> Result<Self, PriceError> {
        let table: Table = serde_json::from_str(json)?;
        let mut by_model = HashMap::new();
        for (index, entry) in table.prices.iter().enumerate() {
            for model in &entry.models {
                if by_model.insert(model.to_ascii_lowercase(), index).is_some() {
                    return Err(PriceError::Twice(model.clone()));
                }
            }
        }
        Ok(Self {
            name: table.name,
            date: table.date,
            entries: table.prices,
            by_model,
        })
    }

    /// Name of the table.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Date of the table, `YYYY-MM-DD`.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// The price of a model by the name sent upstream: as listed, dated
    /// (`claude-sonnet-4-5-20250929`), with a vendor path (`anthropic/claude-sonnet-4.5`) or with the
    /// context mark of Claude Code (`[1m]`).
    pub fn find(&self, model: &str) -> Option<&Price> {
        self.lookup(model)
            .and_then(|(_, index)| self.entries.get(index))
    }

    /// What the tokens cost, and the price that was used; `None` when it is unknown.
    pub fn cost(
        &self,
        model: &str,
        usage: &Usage,
        multiplier: Multiplier,
    ) -> Option<(Cost, FrozenPrice)> {
        let (name, index) = self.lookup(model)?;
        let price = self.entries.get(index)?;
        let long = price
            .long_context
            .filter(|long| usage.prompt() > long.above_tokens);
        let rates = long.map_or(price.rates, |long| long.rates);
        let cost = rates.cost(usage, multiplier)?;
        let frozen = FrozenPrice {
            model: name,
            date: self.date.clone(),
            rates,
            long_context: long.is_some(),
            multiplier,
        };
        Some((cost, frozen))
    }

    fn lookup(&self, model: &str) -> Option<(String, usize)> {
        let mut name = plain(model);
        loop {
            if let Some(&index) = self.by_model.get(&name) {
                return Some((name, index));
            }
            let cut = name.rfind(['-', '@'])?;
            if !says_no_price(&name[cut + 1..]) {
                return None;
            }
            name.truncate(cut);
        }
    }
}

impl Rates {
    fn cost(&self, usage: &Usage, multiplier: Multiplier) -> Option<Cost> {
        let kind = |tokens, rate| charge(tokens, rate, multiplier);
        let short_write = kind(usage.cache_write_5m, self.cache_write_5m)?;
        let long_write = kind(usage.cache_write_1h, self.cache_write_1h)?;
        Some(Cost {
            input: kind(usage.input, Some(self.input))?,
            output: kind(usage.output, Some(self.output))?,
            cache_read: kind(usage.cache_read, self.cache_read)?,
            cache_write: short_write + long_write,
        })
    }
}

/// Tokens at a price; exact, but for a multiplier with which pico-dollars are no longer whole: then
/// rounded half up. No tokens cost nothing even where there is no price.
fn charge(tokens: u64, rate: Option<PerMillion>, multiplier: Multiplier) -> Option<Usd> {
    if tokens == 0 {
        return Some(Usd::ZERO);
    }
    let list = i128::from(tokens).checked_mul(i128::from(rate?.0))?;
    let scaled = list.checked_mul(i128::from(multiplier.parts_per_million()))?;
    let pico = (scaled + MILLION / 2) / MILLION;
    (pico <= COST_MAX).then_some(Usd::from_pico(pico))
}

/// The name without vendor path and context mark, lower case, version dots as dashes
/// (`anthropic/claude-sonnet-4.5` is how OpenRouter writes it).
fn plain(model: &str) -> String {
    let name = model.trim().to_ascii_lowercase();
    let name = name.strip_suffix("[1m]").unwrap_or(&name);
    match name.rsplit_once('/') {
        Some((path, name)) if path == "anthropic" || path.ends_with("/anthropic") => {
            name.replace('.', "-")
        }
        _ => name.to_owned(),
    }
}

/// Whether a last part of a name only tells a date, which does not change the price. Anything else
/// (another version, `fast`) might.
fn says_no_price(part: &str) -> bool {
    part == "latest" || (part.len() == 8 && part.bytes().all(|b| b.is_ascii_digit()))
}

impl fmt::Display for PerMillion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A dollar per million tokens is a million pico-dollars per token.
        Usd::from_pico(i128::from(self.0) * MILLION).fmt(f)
    }
}

impl Serialize for PerMillion {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PerMillion {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        decimal(&text, RATE_DECIMALS)
            .and_then(|rate| i64::try_from(rate).ok())
            .map(Self)
            .ok_or_else(|| {
                de::Error::custom(format_args!(
                    "`{text}` is not a price per million tokens; write a decimal such as \"0.25\", with at most 6 decimals"
                ))
            })
    }
}
