//! The price of one attempt: quoted when it begins, frozen on its row when it ends.

use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::event::Usage;
use crate::money::{Multiplier, Usd};
use crate::prices::{Hours, MILLION, PerMillion, Price, Rates, Tariff};
use crate::row::Cost;

/// The largest cost of one kind in one attempt that is believed: 100,000 USD in pico-dollars. Larger
/// ones come from a broken upstream, and their sums would not fit the database's integers.
const COST_MAX: i128 = 100_000_000_000_000_000;
/// Seller of prices that the config gives.
pub(crate) const CONFIG: &str = "config";

/// What an attempt will cost by the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Model name in the price list.
    pub model: String,
    /// Whose prices they are; `config` for one's own.
    pub seller: Arc<str>,
    /// Date of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Arc<str>>,
    /// The provider's multiplier.
    pub multiplier: Multiplier,
    /// The prices.
    pub price: Arc<Price>,
}

/// The price of one attempt as it was at the time; kept on its row for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FrozenPrice {
    /// Model name in the price list.
    pub model: String,
    /// Whose prices they are; `config` for one's own. `None` on rows of the first versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub seller: Option<Arc<str>>,
    /// Date of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub date: Option<Arc<str>>,
    /// The prices that were used.
    #[serde(flatten)]
    pub rates: Rates,
    /// Whether they are those of a long prompt.
    pub long_context: bool,
    /// The way it was served, where that has prices of its own: `batch`, `flex`, `priority`, `fast`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The provider's multiplier.
    pub multiplier: Multiplier,
}

impl Quote {
    /// Prices that the config gives for a model; they are what is paid, so nothing multiplies them.
    pub fn own(model: &str, rates: Rates) -> Self {
        Self {
            model: model.to_owned(),
            seller: CONFIG.into(),
            date: None,
            multiplier: Multiplier::ONE,
            price: Arc::new(rates.into()),
        }
    }

    /// At a provider whose multiplier is nothing, every model costs nothing.
    pub fn free(model: &str) -> Self {
        Self::own(model, Rates::FREE)
    }

    /// What the tokens of an attempt cost that began at this time (Unix milliseconds), and the price that
    /// was used; `None` when a part of it is unknown. `service` is the way it was served, where it is not the ordinary one.
    pub fn cost(
        &self,
        at_ms: i64,
        service: Option<&str>,
        usage: &Usage,
    ) -> Option<(Cost, FrozenPrice)> {
        let special = service.and_then(|name| self.price.services.get_key_value(name));
        let tariff = match (special, service) {
            (Some((_, tariff)), _) => tariff,
            // The list has no price for it, and the ordinary one would be a guess.
            (None, Some(_)) if *self.seller != *CONFIG => return None,
            (None, _) => self.price.at(at_ms),
        };
        let long = tariff
            .long_context
            .iter()
            .rfind(|long| usage.prompt() > long.above_tokens);
        let rates = long.map_or(tariff.rates, |long| long.rates);
        let cost = rates.cost(usage, self.multiplier)?;
        let frozen = FrozenPrice {
            model: self.model.clone(),
            seller: Some(Arc::clone(&self.seller)),
            date: self.date.clone(),
            rates,
            long_context: long.is_some(),
            service: special.map(|(name, _)| name.clone()),
            multiplier: self.multiplier,
        };
        Some((cost, frozen))
    }
}

impl Price {
    fn at(&self, at_ms: i64) -> &Tariff {
        if self.hours.is_empty() {
            return &self.tariff;
        }
        let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
        let time = at.to_zoned(TimeZone::UTC).time();
        let holds = |hours: &&Hours| {
            if hours.from <= hours.to {
                (hours.from..hours.to).contains(&time)
            } else {
                time >= hours.from || time < hours.to
            }
        };
        let special = self.hours.iter().find(holds);
        special.map_or(&self.tariff, |hours| &hours.tariff)
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
    let rate = i128::from(rate?.pico_per_token());
    let list = i128::from(tokens).checked_mul(rate)?;
    let scaled = list.checked_mul(i128::from(multiplier.parts_per_million()))?;
    let pico = (scaled + MILLION / 2) / MILLION;
    (pico <= COST_MAX).then_some(Usd::from_pico(pico))
}
