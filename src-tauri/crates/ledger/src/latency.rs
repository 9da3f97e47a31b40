//! Percentiles of times, from counts in classes that grow with the time: exact below 128 ms, within one
//! per cent above. Counts can be made by the database and added, which percentiles cannot.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::Serialize;

use crate::kind::Kind;

/// Classes to a doubling of the time.
const FINE: u64 = 64;
/// Doublings above [`FINE`] milliseconds: up to nineteen hours.
const DOUBLINGS: u64 = 20;

/// Milliseconds that half of the requests, and nineteen of twenty, took at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Percentiles {
    /// The median; `null` when nothing was measured.
    pub p50: Option<u64>,
    /// The 95th percentile.
    pub p95: Option<u64>,
}

/// How many times fell into each class.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Histogram(BTreeMap<u64, u64>);

impl Histogram {
    pub(crate) fn add(&mut self, class: u64, times: u64) {
        *self.0.entry(class).or_default() += times;
    }

    /// All classes with their counts, as they are kept in a column.
    pub(crate) fn to_text(&self) -> String {
        let classes = self.0.iter();
        let classes = classes.map(|(class, times)| format!("{class}:{times}"));
        classes.collect::<Vec<_>>().join(",")
    }

    /// Adds what a column holds.
    pub(crate) fn add_text(&mut self, text: &str) {
        for part in text.split(',') {
            let counted = part.split_once(':');
            let counted =
                counted.and_then(|(class, times)| Some((class.parse().ok()?, times.parse().ok()?)));
            if let Some((class, times)) = counted {
                self.add(class, times);
            }
        }
    }

    pub(crate) fn percentiles(&self) -> Percentiles {
        Percentiles {
            p50: self.at(50),
            p95: self.at(95),
        }
    }

    /// The smallest time that at least so many of a hundred do not exceed.
    fn at(&self, percent: u64) -> Option<u64> {
        let all: u64 = self.0.values().sum();
        let wanted = (all * percent).div_ceil(100);
        let mut seen = 0;
        let (class, _) = self.0.iter().find(|(_, times)| {
            seen += **times;
            seen >= wanted.max(1)
        })?;
        Some(middle(*class))
    }
}

impl AddAssign for Histogram {
    fn add_assign(&mut self, more: Self) {
        for (class, times) in more.0 {
            self.add(class, times);
        }
    }
}

/// The class of a column's milliseconds.
pub(crate) fn class(kind: Kind, column: &str) -> String {
    let fine = format!("WHEN {column} < {} THEN {column}", 2 * FINE);
    let coarse = (2..=DOUBLINGS).map(|doubling| {
        let (lowest, width) = (FINE << (doubling - 1), 1_u64 << (doubling - 1));
        let within = kind.divided(&format!("({column} - {lowest})"), &width.to_string());
        let (bound, first) = (FINE << doubling, FINE * doubling);
        format!("WHEN {column} < {bound} THEN {first} + {within}")
    });
    let cases: Vec<_> = std::iter::once(fine).chain(coarse).collect();
    let last = FINE * (DOUBLINGS + 1);
    kind.whole(&format!("CASE {} ELSE {last} END", cases.join(" ")))
}

/// The middle of a class.
fn middle(class: u64) -> u64 {
    let doubling = class / FINE;
    if doubling < 2 {
        return class;
    }
    let width = 1 << (doubling - 1);
    (FINE << (doubling - 1)) + (class % FINE) * width + width / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_counted() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentiles(), Percentiles::default());
        for time in 1..=100 {
            histogram.add(time, 1);
        }
        let told = histogram.percentiles();
        assert_eq!((told.p50, told.p95), (Some(50), Some(95)));
        histogram.add(FINE * 2, 10_000);
        assert_eq!(histogram.percentiles().p50, Some(129));
    }
}
