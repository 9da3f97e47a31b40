//! What was used and spent, on what: sums by time, model, provider and the like.
//!
//! Tokens and money belong to attempts: where one provider failed and another served, each has its own
//! part. Sums over all are those of the requests, so that they agree with the history.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::Serialize;

use crate::grouped::{Source, Sums, Value};
use crate::latency::Percentiles;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::span::Span;
use crate::totals::Totals;
use crate::zone::{DAY_MS, place, times};
use crate::{daily, hourly};

/// Rows when not told how many.
const LIMIT: u32 = 50;
/// Rows at most.
const LIMIT_MAX: u32 = 1000;

/// What usage is summed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Hours of the time zone.
    Hour,
    /// Days of the time zone.
    Day,
    /// Models sent upstream.
    Model,
    /// Providers.
    Provider,
    /// Keys, masked.
    Key,
    /// Groups that the providers were chosen from.
    Group,
    /// Client programs.
    Client,
    /// Sessions of clients.
    Session,
    /// Client tokens, by their names.
    Token,
}

impl FromStr for By {
    type Err = QueryError;

    fn from_str(word: &str) -> Result<Self, QueryError> {
        Ok(match word {
            "hour" => Self::Hour,
            "day" => Self::Day,
            "model" => Self::Model,
            "provider" => Self::Provider,
            "key" => Self::Key,
            "group" => Self::Group,
            "client" => Self::Client,
            "session" => Self::Session,
            "token" => Self::Token,
            _ => return Err(QueryError::By(word.to_owned())),
        })
    }
}

impl By {
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Key => "key",
            Self::Group => "group",
            Self::Client => "client",
            Self::Session => "session",
            Self::Token => "token",
        }
    }
}

/// Which usage to sum.
#[derive(Debug, Clone)]
pub struct UsageFilter {
    /// By what.
    pub by: By,
    /// Requests that arrived at this time or later, Unix milliseconds.
    pub since_ms: Option<i64>,
    /// Requests that arrived before this time, Unix milliseconds.
    pub until_ms: Option<i64>,
    /// Where hours and days begin.
    pub zone: TimeZone,
    /// Rows at most; 50 when `None`, never more than 1000.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Sums of one value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct UsageRow {
    /// The value grouped by; for times their beginning; `null` where it is not known, and for the total.
    pub key: Option<String>,
    /// Requests, failures, tokens and cost.
    #[serde(flatten)]
    pub totals: Totals,
    /// Milliseconds to the first semantic output.
    pub ttft_ms: Percentiles,
    /// Milliseconds to the end.
    pub duration_ms: Percentiles,
}

/// An answer about usage: times in their order, all else by cost, the most expensive first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct UsageReport {
    /// Sums by value.
    pub items: Vec<UsageRow>,
    /// Where the next page begins; `None` on the last one.
    pub next_cursor: Option<String>,
    /// Sums over everything that the filter lets through, on other pages too.
    pub total: UsageRow,
}

impl Ledger {
    /// What was used, summed.
    pub async fn usage(&self, filter: &UsageFilter) -> Result<UsageReport, QueryError> {
        let begin = match &filter.cursor {
            None => 0,
            Some(cursor) => cursor.parse::<usize>().map_err(|_| QueryError::Cursor)?,
        };
        let (rows, total) = self.sums(filter).await?;
        let rows = rows.into_iter().map(|(value, sums)| {
            let key = value.as_ref().map(|value| told(value, filter));
            UsageRow::of(key, &sums)
        });
        let mut rows: Vec<_> = rows.collect();
        if !matches!(filter.by, By::Hour | By::Day) {
            rows.sort_by(|a, b| {
                let rank = |row: &UsageRow| (row.totals.cost_usd, row.totals.requests);
                rank(b).cmp(&rank(a)).then_with(|| a.key.cmp(&b.key))
            });
        }
        let limit = filter.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX) as usize;
        let end = begin.saturating_add(limit);
        let next_cursor = (rows.len() > end).then(|| end.to_string());
        Ok(UsageReport {
            items: rows.into_iter().skip(begin).take(limit).collect(),
            next_cursor,
            total: UsageRow::of(None, &total),
        })
    }

    /// The sums by value and over all: of whole hours and of days that are summed, and of the rows of the
    /// rest.
    async fn sums(&self, filter: &UsageFilter) -> Result<(Grouped, Sums), QueryError> {
        let (kind, by) = (self.inner.kind, filter.by);
        let span = Span {
            since: filter.since_ms,
            until: filter.until_ms,
        };
        let timed = matches!(by, By::Hour | By::Day);
        let mut rows = Grouped::new();
        let mut total = Sums::default();
        // In one transaction, as an hour can be summed or deleted meanwhile.
        let mut reading = self.inner.pool.begin().await?;

        let mut summed = BTreeSet::new();
        let hours = if hourly::has(by) {
            hourly::read(&mut reading, kind, hourly::TOTAL, span).await?
        } else {
            Vec::new()
        };
        for hour in hours {
            if timed {
                let Some(time) = place(filter, hour.begun) else {
                    continue;
                };
                if hour.sums.totals.requests > 0 {
                    *rows.entry(Some(Value::Time(time))).or_default() += hour.sums.clone();
                }
            }
            summed.insert(hour.begun);
            total += hour.sums;
        }
        if !timed {
            for hour in hourly::read(&mut reading, kind, by.word(), span).await? {
                *rows.entry(hour.value).or_default() += hour.sums;
            }
        }

        let source = match by {
            By::Hour | By::Day => Source::times(&times(&mut reading, kind, filter).await?),
            by => Source::column(kind, by),
        };
        for rest in span.without(&summed) {
            for (value, sums) in source.summed(&mut reading, kind, rest).await? {
                *rows.entry(value).or_default() += sums;
            }
            for (_, sums) in Source::all().summed(&mut reading, kind, rest).await? {
                total += sums;
            }
        }

        for kept in daily::kept(&mut reading, kind, None, span).await? {
            total.totals += kept.totals;
        }
        for kept in daily::kept(&mut reading, kind, Some(by), span).await? {
            let value = match by {
                // The day of the zone that has most of it.
                By::Day => Some(Value::Time((kept.day / DAY_MS) + 1)),
                _ => kept.value.map(Value::Text),
            };
            rows.entry(value).or_default().totals += kept.totals;
        }
        Ok((rows, total))
    }
}

/// Sums by value.
type Grouped = BTreeMap<Option<Value>, Sums>;
fn told(value: &Value, filter: &UsageFilter) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Time(ms) if filter.by == By::Hour => moment(*ms).to_string(),
        Value::Time(day) => {
            let date = Date::constant(1970, 1, 1).saturating_add((day - 1).days());
            let begin = date.to_zoned(filter.zone.clone());
            begin.map_or_else(|_| date.to_string(), |begin| begin.timestamp().to_string())
        }
    }
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

impl UsageRow {
    fn of(key: Option<String>, sums: &Sums) -> Self {
        Self {
            key,
            totals: sums.totals,
            ttft_ms: sums.ttft.percentiles(),
            duration_ms: sums.duration.percentiles(),
        }
    }
}
