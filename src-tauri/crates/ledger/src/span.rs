//! Stretches of time, and the whole hours in them.

use std::collections::BTreeSet;

use crate::select::Select;

/// Milliseconds of an hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// The beginning of the UTC hour of a time.
pub(crate) fn hour_of(at_ms: i64) -> i64 {
    at_ms.div_euclid(HOUR_MS) * HOUR_MS
}

/// From a time on, until before another, Unix milliseconds; `None` where it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) since: Option<i64>,
    pub(crate) until: Option<i64>,
}

impl Span {
    /// One hour.
    pub(crate) fn hour(hour: i64) -> Self {
        Self {
            since: Some(hour),
            until: Some(hour.saturating_add(HOUR_MS)),
        }
    }

    /// Says that a column's time is in this stretch.
    pub(crate) fn push(self, query: &mut Select, column: &str) {
        if let Some(since) = self.since {
            query.push(&format!(" AND {column} >= ")).value(since);
        }
        if let Some(until) = self.until {
            query.push(&format!(" AND {column} < ")).value(until);
        }
    }

    /// Says that a column's hour is in this stretch as a whole.
    pub(crate) fn push_whole(self, query: &mut Select, column: &str) {
        let whole = Self {
            since: self.since,
            until: self.until.map(|until| until.saturating_sub(HOUR_MS - 1)),
        };
        whole.push(query, column);
    }

    /// What is left of it without these hours, which lie in it.
    pub(crate) fn without(self, hours: &BTreeSet<i64>) -> Vec<Self> {
        let mut left = Vec::new();
        let mut since = self.since;
        for hour in hours.iter().copied() {
            let before = Self {
                since,
                until: Some(hour),
            };
            if since.is_none_or(|since| since < hour) {
                left.push(before);
            }
            since = Some(hour + HOUR_MS);
        }
        let rest = Self { since, ..self };
        let empty =
            matches!((rest.since, rest.until), (Some(since), Some(until)) if since >= until);
        if !empty {
            left.push(rest);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_and_the_hours_are_the_whole() {
        let span = |since, until| Span { since, until };
        let hours = |hours: &[i64]| hours.iter().map(|hour| hour * HOUR_MS).collect();
        let (one, two, three, four) = (HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS, 4 * HOUR_MS);
        let cases = [
            (span(None, None), hours(&[]), vec![span(None, None)]),
            (
                span(None, None),
                hours(&[1, 3]),
                vec![
                    span(None, Some(one)),
                    span(Some(two), Some(three)),
                    span(Some(four), None),
                ],
            ),
            (span(Some(one), Some(three)), hours(&[1, 2]), vec![]),
            (
                span(Some(one - 1), Some(three + 1)),
                hours(&[1, 2]),
                vec![
                    span(Some(one - 1), Some(one)),
                    span(Some(three), Some(three + 1)),
                ],
            ),
        ];
        for (span, hours, left) in cases {
            assert_eq!(span.without(&hours), left, "{span:?} without {hours:?}");
        }
    }
}
