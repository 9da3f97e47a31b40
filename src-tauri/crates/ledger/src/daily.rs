//! Requests that are no longer kept one by one: their sums by day stay for ever.
//!
//! Some of an hour are taken at a time, summed and deleted in one transaction, so that nothing is lost or counted
//! twice however it ends, and records that wait to be written do not wait long.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AnyConnection, Row as _};

use crate::cells::{There, table};
use crate::combinations;
use crate::failures;
use crate::grouped::Source;
use crate::hourly::{self, TOTAL};
use crate::kind::Kind;
use crate::money::Usd;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::row::Tokens;
use crate::select::Select;
use crate::span::{HOUR_MS, Span, hour_of};
use crate::store::{begin, delete, put};
use crate::totals::{Totals, sums};
use crate::usage::By;
use crate::zone::DAY_MS;

/// Requests that are over; one that runs is kept.
const OVER: &str = "requests.is_open = 0";
/// Requests that are summed and deleted at once at most, but for those of one millisecond: what arrives waits meanwhile.
const AT_ONCE: i64 = 2000;
/// What is summed by besides the total.
const KINDS: [By; 6] = [
    By::Model,
    By::Provider,
    By::Key,
    By::Group,
    By::Client,
    By::Token,
];

table! {
    /// A row of `daily`.
    DailyCells in "daily" by ["day", "kind", "value"]; {
        day: i64,
        kind: String,
        value: String,
        requests: i64,
        failures: i64,
        unpriced: i64,
        input_tokens: i64,
        output_tokens: i64,
        cache_read_tokens: i64,
        cache_write_5m_tokens: i64,
        cache_write_1h_tokens: i64,
        reasoning_tokens: i64,
        cost: i64,
    }
}

impl By {
    /// The word under which days are kept; `None` for what is not kept by day.
    fn kept(self) -> Option<&'static str> {
        match self {
            Self::Day => Some(TOTAL),
            Self::Hour | Self::Session => None,
            by => Some(by.word()),
        }
    }
}

impl DailyCells {
    fn add(&mut self, totals: &Totals) {
        let add = |sum: &mut i64, more: u64| {
            *sum = sum.saturating_add(i64::try_from(more).unwrap_or(i64::MAX));
        };
        let tokens = &totals.tokens;
        add(&mut self.requests, totals.requests);
        add(&mut self.failures, totals.failures);
        add(&mut self.unpriced, totals.unpriced);
        add(&mut self.input_tokens, tokens.input_tokens);
        add(&mut self.output_tokens, tokens.output_tokens);
        add(&mut self.cache_read_tokens, tokens.cache_read_tokens);
        add(
            &mut self.cache_write_5m_tokens,
            tokens.cache_write_5m_tokens,
        );
        add(
            &mut self.cache_write_1h_tokens,
            tokens.cache_write_1h_tokens,
        );
        add(&mut self.reasoning_tokens, tokens.reasoning_tokens);
        let cost = i64::try_from(totals.cost_usd.pico()).unwrap_or(i64::MAX);
        self.cost = self.cost.saturating_add(cost);
    }

    fn totals(&self) -> Totals {
        let (short_write, long_write) = (self.cache_write_5m_tokens, self.cache_write_1h_tokens);
        Totals {
            requests: self.requests.unsigned_abs(),
            failures: self.failures.unsigned_abs(),
            tokens: Tokens {
                input_tokens: self.input_tokens.unsigned_abs(),
                output_tokens: self.output_tokens.unsigned_abs(),
                cache_read_tokens: self.cache_read_tokens.unsigned_abs(),
                cache_write_5m_tokens: short_write.unsigned_abs(),
                cache_write_1h_tokens: long_write.unsigned_abs(),
                cache_write_tokens: short_write.saturating_add(long_write).unsigned_abs(),
                reasoning_tokens: self.reasoning_tokens.unsigned_abs(),
            },
            cost_usd: Usd::from_pico(self.cost.into()),
            unpriced: self.unpriced.unsigned_abs(),
        }
    }
}

/// Sums of a day that are kept.
pub(crate) struct Kept {
    /// When the day began, UTC, Unix milliseconds.
    pub(crate) day: i64,
    /// The value summed by.
    pub(crate) value: Option<String>,
    pub(crate) totals: Totals,
}

impl Ledger {
    /// Sums the oldest requests that are over and arrived before this time (Unix milliseconds), some of one hour, into
    /// their day's row, deletes them and tells how many they were; `None` when there are none left. The hour of that
    /// time itself is kept.
    pub async fn prune(&self, before_ms: i64) -> Result<Option<u64>, QueryError> {
        let before_ms = hour_of(before_ms);
        self.errand(move |conn, kind| Box::pin(prune(conn, kind, before_ms)))
            .await
    }
}

/// The days that began in this time, by a kind of value; `None` is the total.
pub(crate) async fn kept(
    conn: &mut AnyConnection,
    kind: Kind,
    by: Option<By>,
    span: Span,
) -> Result<Vec<Kept>, sqlx::Error> {
    let Some(word) = by.map_or(Some(TOTAL), By::kept) else {
        return Ok(Vec::new());
    };
    let mut query = Select::new(kind, "SELECT * FROM daily WHERE kind = ");
    query.value(word);
    span.push(&mut query, "day");
    let rows = query.rows_in(conn).await?;
    let kept = rows.iter().map(|row| {
        let cells = DailyCells::read(row)?;
        Ok(Kept {
            day: cells.day,
            totals: cells.totals(),
            value: Some(cells.value).filter(|value| !value.is_empty()),
        })
    });
    kept.collect()
}

/// Sums and deletes the oldest requests of an hour that are over and arrived before this time, which is a whole hour;
/// tells how many they were, `None` when there are none left.
async fn prune(
    conn: &mut AnyConnection,
    kind: Kind,
    before_ms: i64,
) -> Result<Option<u64>, sqlx::Error> {
    let mut transaction = begin(conn, kind).await?;
    hourly::hold(&mut transaction, kind).await?;
    let oldest = format!("SELECT min(started_at) AS oldest FROM requests WHERE {OVER}");
    let oldest = Select::new(kind, &oldest).rows_in(&mut transaction).await?;
    let oldest: Option<i64> = match oldest.first() {
        Some(row) => row.try_get("oldest")?,
        None => None,
    };
    let Some(oldest) = oldest.filter(|oldest| *oldest < before_ms) else {
        combinations::forget(&mut transaction, kind).await?;
        failures::forget(&mut transaction, kind).await?;
        transaction.commit().await?;
        return Ok(None);
    };
    let hour = hour_of(oldest);
    let day = oldest.div_euclid(DAY_MS) * DAY_MS;
    let first = format!(
        "SELECT started_at FROM requests WHERE {OVER} AND started_at >= ? AND started_at < ? \
         ORDER BY started_at LIMIT 1 OFFSET ?"
    );
    let first = sqlx::query_scalar::<_, i64>(kind.sql(&first));
    let first = first.bind(oldest).bind(hour + HOUR_MS).bind(AT_ONCE);
    let until = first.fetch_optional(&mut *transaction).await?;
    let until = until.map_or(hour + HOUR_MS, |until| until.max(oldest + 1));
    let hours = (oldest, until);

    let mut days = BTreeMap::new();
    let mut known = Select::new(kind, "SELECT * FROM daily WHERE day = ");
    for row in known.value(day).rows_in(&mut transaction).await? {
        let cells = DailyCells::read(&row)?;
        days.insert((cells.kind.clone(), cells.value.clone()), cells);
    }
    for by in std::iter::once(None).chain(KINDS.map(Some)) {
        let word = by.map_or(Some(TOTAL), By::kept).unwrap_or(TOTAL);
        for (value, totals) in summed(&mut transaction, kind, by, hours).await? {
            let cells = days
                .entry((word.to_owned(), value.clone()))
                .or_insert_with(|| DailyCells {
                    day,
                    kind: word.to_owned(),
                    value,
                    ..DailyCells::default()
                });
            cells.add(&totals);
        }
    }
    let days: Vec<_> = days.into_values().collect();
    put(&mut transaction, kind, &days, There::Replaced).await?;
    hourly::forget(&mut transaction, kind, &BTreeSet::from([hour])).await?;
    let gone = delete(&mut transaction, kind, OVER, hours).await?;
    transaction.commit().await?;
    Ok(Some(gone))
}

/// Sums of the requests of these hours, by value.
async fn summed(
    conn: &mut AnyConnection,
    kind: Kind,
    by: Option<By>,
    (since, until): (i64, i64),
) -> Result<Vec<(String, Totals)>, sqlx::Error> {
    let source = by.map_or_else(Source::all, |by| Source::column(kind, by));
    let mut query = Select::new(kind, "SELECT ");
    query.push(&source.key).push(" AS value, ");
    sums(&mut query, source.counted);
    query
        .push(" FROM ")
        .push(source.from)
        .push(" WHERE ")
        .push(OVER);
    query.push(" AND requests.started_at >= ").value(since);
    query.push(" AND requests.started_at < ").value(until);
    query.push(" GROUP BY value");
    let rows = query.rows_in(conn).await?;
    let sums = rows.iter().map(|row| {
        let value: Option<String> = row.try_get("value")?;
        Ok((value.unwrap_or_default(), Totals::read(row)?))
    });
    sums.collect()
}
