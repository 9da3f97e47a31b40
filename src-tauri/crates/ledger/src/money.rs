//! Money as whole numbers. One unit is a pico-dollar (10⁻¹² USD): a price per million tokens with six
//! decimals is a whole number of them per token, so a cost is a product, never an approximation.
//! Must never touch a floating-point number.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Decimals of a dollar amount.
const USD_DECIMALS: u32 = 12;
/// Decimals of a multiplier.
const MULTIPLIER_DECIMALS: u32 = 6;
/// The largest multiplier accepted: a thousand.
const MULTIPLIER_MAX: i128 = 1_000_000_000;

/// An amount of US dollars, exact to 10⁻¹². Written as a decimal without trailing zeros: `0.0123`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, utoipa::ToSchema)]
#[schema(value_type = String, example = "0.0123")]
pub struct Usd(i128);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From pico-dollars.
    pub const fn from_pico(pico: i128) -> Self {
        Self(pico)
    }

    /// As pico-dollars.
    pub const fn pico(self) -> i128 {
        self.0
    }
}

/// A price multiplier, exact to six decimals. Written as a decimal: `0.5`.
///
/// A float read from a config goes through its decimal form, which is what was written:
/// `0.5_f64.to_string().parse::<Multiplier>()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, utoipa::ToSchema)]
#[schema(value_type = String, example = "0.5")]
pub struct Multiplier(u32);

impl Multiplier {
    /// The list price itself.
    pub const ONE: Self = Self(1_000_000);

    /// As parts per million.
    pub const fn parts_per_million(self) -> u32 {
        self.0
    }

    /// From parts per million; `None` above a thousand times.
    pub fn from_parts_per_million(parts: u32) -> Option<Self> {
        (i128::from(parts) <= MULTIPLIER_MAX).then_some(Self(parts))
    }
}

impl Default for Multiplier {
    fn default() -> Self {
        Self::ONE
    }
}

/// A text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not an amount of money.
    #[error(
        "`{0}` is not an amount in US dollars; write a decimal such as 0.25, with at most 12 decimals"
    )]
    Amount(String),
    /// Not a multiplier.
    #[error(
        "`{0}` is not a price multiplier; write a decimal from 0 to 1000 such as 0.5, with at most 6 decimals"
    )]
    Multiplier(String),
}

impl FromStr for Usd {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        decimal(text, USD_DECIMALS)
            .map(Self)
            .ok_or_else(|| MoneyError::Amount(text.to_owned()))
    }
}

impl FromStr for Multiplier {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        decimal(text, MULTIPLIER_DECIMALS)
            .filter(|parts| *parts <= MULTIPLIER_MAX)
            .and_then(|parts| u32::try_from(parts).ok())
            .map(Self)
            .ok_or_else(|| MoneyError::Multiplier(text.to_owned()))
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(f, self.0, USD_DECIMALS)
    }
}

impl fmt::Display for Multiplier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(f, i128::from(self.0), MULTIPLIER_DECIMALS)
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Serialize for Multiplier {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Multiplier {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Reads an unsigned decimal as a whole number of 10^-`decimals`; `None` if it is none, too precise
/// or too large.
pub(crate) fn decimal(text: &str, decimals: u32) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let fraction = match fraction.trim_end_matches('0') {
        "" if !fraction.is_empty() => "0",
        rest => rest,
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let places = u32::try_from(fraction.len()).ok()?;
    if !digits(whole) || !digits(fraction) || places > decimals || whole.len() > 15 {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let fraction: i128 = fraction.parse().ok()?;
    Some(whole * 10_i128.pow(decimals) + fraction * 10_i128.pow(decimals - places))
}

fn write_decimal(f: &mut fmt::Formatter<'_>, value: i128, decimals: u32) -> fmt::Result {
    let unit = 10_u128.pow(decimals);
    let (sign, size) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    let (whole, fraction) = (size / unit, size % unit);
    if fraction == 0 {
        return write!(f, "{sign}{whole}");
    }
    let fraction = format!("{fraction:0width$}", width = decimals as usize);
    write!(f, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_without_trailing_zeros() {
        for (pico, text) in [
            (0, "0"),
            (1, "0.000000000001"),
            (12_300_000_000, "0.0123"),
            (1_000_000_000_000, "1"),
            (-2_500_000_000_000, "-2.5"),
            (1_234_567_000_000_000_000, "1234567"),
        ] {
            assert_eq!(Usd::from_pico(pico).to_string(), text);
        }
    }

    #[test]
    fn decimals_are_read_exactly_or_refused() {
        assert_eq!("0.0123".parse(), Ok(Usd::from_pico(12_300_000_000)));
        assert_eq!("3".parse(), Ok(Usd::from_pico(3_000_000_000_000)));
        assert_eq!(
            "1.500000000000000".parse(),
            Ok(Usd::from_pico(1_500_000_000_000))
        );
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "0.0000000000001",
            "1,5",
            "NaN",
            "9999999999999999",
        ] {
            assert!(bad.parse::<Usd>().is_err(), "{bad}");
        }
    }

    #[test]
    fn multipliers_are_parts_per_million() {
        assert_eq!(
            "0.5"
                .parse::<Multiplier>()
                .map(Multiplier::parts_per_million),
            Ok(500_000)
        );
        assert_eq!(
            0.85_f64
                .to_string()
                .parse::<Multiplier>()
                .map(Multiplier::parts_per_million),
            Ok(850_000)
        );
        assert_eq!(Multiplier::ONE.to_string(), "1");
        assert!("1000.1".parse::<Multiplier>().is_err());
        assert!("0.1234567".parse::<Multiplier>().is_err());
    }
}
