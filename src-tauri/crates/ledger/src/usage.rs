//! What was used and spent, on what: sums by time, model, provider and the like.
//!
//! Tokens and money belong to attempts: where one provider failed and another served, each has its own
//! part. Sums over all are those of the requests, so that they agree with the history.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::Serialize;
use sqlx::Row as _;

use crate::kind::Kind;
use crate::latency::{Histogram, Percentiles, class};
use crate::open::Ledger;
use crate::query::QueryError;
use crate::select::Select;
use crate::totals::{Counted, REQUESTS, Totals, sums};

/// Rows when not told how many.
const LIMIT: u32 = 50;
/// Rows at most.
const LIMIT_MAX: u32 = 1000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Attempts, of which several can belong to one request.
const ATTEMPTS: Counted = Counted {
    table: "attempts",
    requests: "count(DISTINCT attempts.request_id)",
    failures: "count(DISTINCT CASE WHEN attempts.verdict NOT IN ('ok', 'cancelled') THEN attempts.request_id END)",
};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
        let source = self.source(filter).await?;
        let mut rows = self.grouped(filter, &source).await?;
        let total = self.grouped(filter, &Counted::all("NULL")).await?;
        let mut total = total.into_values().next();
        self.add_kept(filter, &mut rows, &mut total).await?;
        let mut rows: Vec<_> = rows.into_values().collect();
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
            total: total.unwrap_or_else(|| UsageRow::empty(None)),
        })
    }

    async fn source(&self, filter: &UsageFilter) -> Result<Source, QueryError> {
        Ok(match filter.by {
            By::Hour | By::Day => Counted::all(&self.times(filter).await?),
            by => column(self.inner.kind, by),
        })
    }

    /// Adds the days that are kept as sums alone.
    async fn add_kept(
        &self,
        filter: &UsageFilter,
        rows: &mut BTreeMap<Option<Value>, UsageRow>,
        total: &mut Option<UsageRow>,
    ) -> Result<(), QueryError> {
        let (since, until) = (filter.since_ms, filter.until_ms);
        for kept in self.kept(None, since, until).await? {
            let total = total.get_or_insert_with(|| UsageRow::empty(None));
            total.totals += kept.totals;
        }
        for kept in self.kept(Some(filter.by), since, until).await? {
            let value = match filter.by {
                // The day of the zone that has most of it.
                By::Day => Some(Value::Time((kept.day / DAY_MS) + 1)),
                _ => kept.value.map(Value::Text),
            };
            let key = value.as_ref().map(|value| told(value, filter));
            let row = rows.entry(value).or_insert_with(|| UsageRow::empty(key));
            row.totals += kept.totals;
        }
        Ok(())
    }

    async fn grouped(
        &self,
        filter: &UsageFilter,
        source: &Source,
    ) -> Result<BTreeMap<Option<Value>, UsageRow>, QueryError> {
        let kind = self.inner.kind;
        let mut query = Select::new(kind, "SELECT ");
        query.push(&source.key).push(" AS value, ");
        sums(&mut query, source.counted);
        source.finish(&mut query, filter, "");
        let mut rows = BTreeMap::new();
        for row in query.rows(&self.inner.pool).await? {
            let value = value(&row, filter)?;
            let mut sums = UsageRow::empty(value.as_ref().map(|value| told(value, filter)));
            sums.totals = Totals::read(&row)?;
            rows.insert(value, sums);
        }
        for column in ["ttft_ms", "duration_ms"] {
            let class = class(kind, &format!("{}.{column}", source.counted.table));
            let mut query = Select::new(kind, "SELECT ");
            query.push(&source.key).push(" AS value, ").push(&class);
            query.push(" AS class, count(*) AS times");
            let measured = format!(" AND {}.{column} >= 0", source.counted.table);
            source.finish(&mut query, filter, &measured);
            query.push(", class");
            let mut times: BTreeMap<_, Histogram> = BTreeMap::new();
            for row in query.rows(&self.inner.pool).await? {
                let count = |name| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
                let histogram = times.entry(value(&row, filter)?).or_default();
                histogram.add(count("class")?, count("times")?);
            }
            for (value, histogram) in times {
                if let Some(row) = rows.get_mut(&value) {
                    let place = match column {
                        "ttft_ms" => &mut row.ttft_ms,
                        _ => &mut row.duration_ms,
                    };
                    *place = histogram.percentiles();
                }
            }
        }
        Ok(rows)
    }

    /// Hours by the moment of their beginning, days by their number since 1970; both as the zone has them
    /// at the time, for which its offsets are laid out in the statement.
    async fn times(&self, filter: &UsageFilter) -> Result<String, QueryError> {
        let kind = self.inner.kind;
        let first = if let Some(since) = filter.since_ms {
            since
        } else {
            let first = kind.whole("coalesce(min(started_at), 0)");
            let first = format!("SELECT {first} AS first FROM requests");
            let rows = Select::new(kind, &first).rows(&self.inner.pool).await?;
            let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
            row.try_get("first")?
        };
        let until = filter.until_ms.unwrap_or(i64::MAX);
        let first = Timestamp::from_millisecond(first).unwrap_or_default();
        let mut offset = filter.zone.to_offset(first).seconds();
        let mut cases = Vec::new();
        for next in filter.zone.following(first) {
            let at = next.timestamp();
            if at.as_millisecond() >= until || at > Timestamp::now() + 400.hours() {
                break;
            }
            let (at, time) = (at.as_millisecond(), bucket(kind, filter.by, offset));
            cases.push(format!("WHEN requests.started_at < {at} THEN {time}"));
            offset = next.offset().seconds();
        }
        let last = bucket(kind, filter.by, offset);
        Ok(if cases.is_empty() {
            last
        } else {
            format!("CASE {} ELSE {last} END", cases.join(" "))
        })
    }
}

/// The hour or day of a request at an offset from UTC, in seconds.
fn bucket(kind: Kind, by: By, offset: i32) -> String {
    // Shifted by years, so that it is not negative where the offset is.
    let local = format!(
        "(requests.started_at + {})",
        i64::from(offset) * 1000 + DAY_MS
    );
    match by {
        By::Hour => format!("(requests.started_at - {local} % {HOUR_MS})"),
        _ => kind.whole(&kind.divided(&local, &DAY_MS.to_string())),
    }
}

/// What is grouped, by what.
pub(crate) struct Source {
    pub(crate) key: String,
    pub(crate) from: &'static str,
    pub(crate) counted: Counted,
}

impl Counted {
    /// All requests, by an expression.
    pub(crate) fn all(key: &str) -> Source {
        Source {
            key: key.to_owned(),
            from: "requests",
            counted: REQUESTS,
        }
    }
}

/// What is summed by a kind of value that is no time.
pub(crate) fn column(kind: Kind, by: By) -> Source {
    let key = match by {
        By::Client => return Counted::all("requests.client"),
        By::Session => return Counted::all("requests.session"),
        By::Token => return Counted::all("requests.token"),
        By::Hour | By::Day => return Counted::all("NULL"),
        By::Model => "attempts.model".to_owned(),
        By::Provider => "attempts.provider".to_owned(),
        By::Key => format!("attempts.{}", kind.name("key")),
        By::Group => "attempts.group_name".to_owned(),
    };
    Source {
        key,
        from: "requests JOIN attempts ON attempts.request_id = requests.id",
        counted: ATTEMPTS,
    }
}

impl Source {
    fn finish(&self, query: &mut Select, filter: &UsageFilter, measured: &str) {
        query.push(" FROM ").push(self.from).push(" WHERE 1 = 1");
        if let Some(since) = filter.since_ms {
            query.push(" AND requests.started_at >= ").value(since);
        }
        if let Some(until) = filter.until_ms {
            query.push(" AND requests.started_at < ").value(until);
        }
        query.push(measured).push(" GROUP BY value");
    }
}

/// A value grouped by, in its order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Time(i64),
    Text(String),
}

fn value(row: &sqlx::any::AnyRow, filter: &UsageFilter) -> Result<Option<Value>, sqlx::Error> {
    if matches!(filter.by, By::Hour | By::Day)
        && let Ok(time) = row.try_get::<Option<i64>, _>("value")
    {
        return Ok(time.map(Value::Time));
    }
    let text: Option<String> = row.try_get("value")?;
    Ok(text.map(Value::Text))
}

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
    fn empty(key: Option<String>) -> Self {
        Self {
            key,
            totals: Totals::default(),
            ttft_ms: Percentiles::default(),
            duration_ms: Percentiles::default(),
        }
    }
}
