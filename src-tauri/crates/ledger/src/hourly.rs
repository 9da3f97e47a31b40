//! Sums of hours that are over, so that an answer about months does not read months of requests.
//!
//! An hour is summed in one transaction, once nothing of it runs any more. A record of a summed hour that
//! changes takes the sums away with it, in its own transaction; they are made again later. Several Turnouts
//! may share the database, their clocks at most [`SETTLED_MS`] apart: who sums or changes an hour that is
//! over waits for the others.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sqlx::{AnyConnection, Row as _};

use crate::cells::{There, table};
use crate::grouped::{Source, Sums, Value};
use crate::kind::Kind;
use crate::money::Usd;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::row::Tokens;
use crate::select::Select;
use crate::span::{HOUR_MS, Span, hour_of};
use crate::store::{begin, pieces, put};
use crate::totals::Totals;
use crate::usage::By;

/// An hour is summed no earlier than this long after its end.
pub(crate) const SETTLED_MS: i64 = 5 * 60_000;
/// The kind of the sums over all.
pub(crate) const TOTAL: &str = "total";
/// What is summed by besides the total. Another kind needs all hours summed anew: a migration that empties the
/// table.
const KINDS: [By; 7] = [
    By::Model,
    By::Provider,
    By::Key,
    By::Group,
    By::Client,
    By::Session,
    By::Token,
];
/// Hours looked at in one transaction.
const LOOK: i64 = 512;
/// A silence up to this long is written down as hours without requests; a longer one is read row by row.
const SILENCE_MS: i64 = 400 * 24 * HOUR_MS;

table! {
    /// A row of `hourly`.
    HourlyCells in "hourly" by ["kind", "hour", "known", "value"]; {
        kind: String,
        hour: i64,
        known: bool,
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
        millions: i64,
        remainders: i64,
        ttft_classes: String,
        duration_classes: String,
    }
}

impl HourlyCells {
    fn of(kind: &str, hour: i64, value: Option<Value>, sums: &Sums) -> Self {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (totals, tokens) = (&sums.totals, &sums.totals.tokens);
        let cost = totals.cost_usd.pico();
        let value = match value {
            Some(Value::Text(text)) => Some(text),
            Some(Value::Time(_)) | None => None,
        };
        Self {
            kind: kind.to_owned(),
            hour,
            known: value.is_some(),
            value: value.unwrap_or_default(),
            requests: whole(totals.requests),
            failures: whole(totals.failures),
            unpriced: whole(totals.unpriced),
            input_tokens: whole(tokens.input_tokens),
            output_tokens: whole(tokens.output_tokens),
            cache_read_tokens: whole(tokens.cache_read_tokens),
            cache_write_5m_tokens: whole(tokens.cache_write_5m_tokens),
            cache_write_1h_tokens: whole(tokens.cache_write_1h_tokens),
            reasoning_tokens: whole(tokens.reasoning_tokens),
            millions: i64::try_from(cost.div_euclid(1_000_000)).unwrap_or(i64::MAX),
            remainders: i64::try_from(cost.rem_euclid(1_000_000)).unwrap_or_default(),
            ttft_classes: sums.ttft.to_text(),
            duration_classes: sums.duration.to_text(),
        }
    }

    fn hour(self) -> Hour {
        let count = |number: i64| number.unsigned_abs();
        let cost = i128::from(self.millions) * 1_000_000 + i128::from(self.remainders);
        let mut sums = Sums {
            totals: Totals {
                requests: count(self.requests),
                failures: count(self.failures),
                tokens: Tokens {
                    input_tokens: count(self.input_tokens),
                    output_tokens: count(self.output_tokens),
                    cache_read_tokens: count(self.cache_read_tokens),
                    cache_write_5m_tokens: count(self.cache_write_5m_tokens),
                    cache_write_1h_tokens: count(self.cache_write_1h_tokens),
                    cache_write_tokens: count(self.cache_write_5m_tokens)
                        .saturating_add(count(self.cache_write_1h_tokens)),
                    reasoning_tokens: count(self.reasoning_tokens),
                },
                cost_usd: Usd::from_pico(cost),
                unpriced: count(self.unpriced),
            },
            ..Sums::default()
        };
        sums.ttft.add_text(&self.ttft_classes);
        sums.duration.add_text(&self.duration_classes);
        Hour {
            begun: self.hour,
            value: self.known.then_some(Value::Text(self.value)),
            sums,
        }
    }
}

/// How far a round of summing has come.
#[derive(Debug, Default)]
pub(crate) struct Summing {
    /// Where it goes on; `None` before a round.
    at: Mutex<Option<i64>>,
    before_ms: AtomicI64,
}

impl Summing {
    /// Hours before this one may be summed, whatever the clock says.
    pub(crate) fn before_ms(&self) -> i64 {
        self.before_ms.load(Ordering::Acquire)
    }

    fn at(&self) -> MutexGuard<'_, Option<i64>> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Goes on to sum hours that are over at this time (Unix milliseconds), since five minutes at least and
    /// with all that belongs to them: about an hour's worth of requests at a time. False when nothing is
    /// left; the next call looks through all hours again.
    pub async fn sum_up(&self, now_ms: i64) -> Result<bool, QueryError> {
        let before_ms = hour_of(now_ms.saturating_sub(SETTLED_MS));
        let summing = &self.inner.summing;
        summing.before_ms.fetch_max(before_ms, Ordering::AcqRel);
        let at = summing.at().take();
        let next = self
            .errand(move |conn, kind| Box::pin(advance(conn, kind, at, before_ms)))
            .await?;
        *summing.at() = next;
        Ok(next.is_some())
    }
}

/// Sums of one hour and value.
pub(crate) struct Hour {
    pub(crate) begun: i64,
    pub(crate) value: Option<Value>,
    pub(crate) sums: Sums,
}

/// The sums of the hours that lie in this time as a whole, by a kind of value.
pub(crate) async fn read(
    conn: &mut AnyConnection,
    kind: Kind,
    word: &str,
    span: Span,
) -> Result<Vec<Hour>, sqlx::Error> {
    let mut query = Select::new(kind, "SELECT * FROM hourly WHERE kind = ");
    query.value(word);
    span.push_whole(&mut query, "hour");
    let rows = query.rows_in(conn).await?;
    let hours = rows.iter().map(|row| Ok(HourlyCells::read(row)?.hour()));
    hours.collect()
}

/// Whether hours are summed by this.
pub(crate) fn has(by: By) -> bool {
    matches!(by, By::Hour | By::Day) || KINDS.contains(&by)
}

/// The hours of this time that are summed.
pub(crate) async fn summed(
    conn: &mut AnyConnection,
    kind: Kind,
    span: Span,
) -> Result<BTreeSet<i64>, sqlx::Error> {
    let mut query = Select::new(kind, "SELECT hour FROM hourly WHERE kind = ");
    query.value(TOTAL);
    span.push_whole(&mut query, "hour");
    let rows = query.rows_in(conn).await?;
    rows.iter().map(|row| row.try_get("hour")).collect()
}

/// Takes the sums of these hours away, as records in them change. Has to come before what is changed.
pub(crate) async fn forget(
    conn: &mut AnyConnection,
    kind: Kind,
    hours: &BTreeSet<i64>,
) -> Result<(), sqlx::Error> {
    if hours.is_empty() {
        return Ok(());
    }
    hold(conn, kind).await?;
    let hours: Vec<_> = hours.iter().copied().collect();
    for some in pieces(&hours) {
        let mut query = Select::new(kind, "DELETE FROM hourly WHERE kind IN (");
        query.value(TOTAL);
        for by in KINDS {
            query.push(", ").value(by.word());
        }
        query.push(") AND hour IN (").value(some[0]);
        for hour in &some[1..] {
            query.push(", ").value(*hour);
        }
        query.push(")").execute_in(conn).await?;
    }
    Ok(())
}

/// Waits until nobody else sums or changes hours that are over; until the end of the transaction.
pub(crate) async fn hold(conn: &mut AnyConnection, kind: Kind) -> Result<(), sqlx::Error> {
    if kind == Kind::Sqlite {
        return Ok(()); // whoever writes is alone
    }
    let hold = Select::new(kind, "UPDATE hourly_lock SET id = id WHERE id = 1");
    hold.execute_in(conn).await?;
    Ok(())
}

/// Sums the next hour from `at` on that is over before a time, a whole hour itself; `at` `None` begins at
/// the first request. Tells where to go on, `None` when nothing is left.
pub(crate) async fn advance(
    conn: &mut AnyConnection,
    kind: Kind,
    at: Option<i64>,
    before_ms: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let mut transaction = begin(conn, kind).await?;
    hold(&mut transaction, kind).await?;
    let next = advance_in(&mut transaction, kind, at, before_ms).await?;
    transaction.commit().await?;
    Ok(next)
}

async fn advance_in(
    conn: &mut AnyConnection,
    kind: Kind,
    at: Option<i64>,
    before_ms: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let at = match at {
        Some(at) => at,
        None => match first_request(conn, kind, None).await? {
            Some(first) => hour_of(first),
            None => return Ok(None),
        },
    };
    let end = at.saturating_add(LOOK * HOUR_MS).min(before_ms);
    let look = Span {
        since: Some(at),
        until: Some(end),
    };
    let done = summed(conn, kind, look).await?;
    let hours = (at..end).step_by(HOUR_MS as usize);
    let Some(next) = hours.into_iter().find(|hour| !done.contains(hour)) else {
        return Ok((end < before_ms).then_some(end));
    };
    let request = first_request(conn, kind, Some(next)).await?;
    let Some(request) = request.map(hour_of).filter(|hour| *hour < before_ms) else {
        return Ok(None);
    };
    if request == next {
        if !runs(conn, kind, Span::hour(next)).await? {
            sum(conn, kind, next).await?;
        }
        return Ok(Some(next + HOUR_MS));
    }
    if request - next > SILENCE_MS {
        return Ok(Some(request));
    }
    let until = request.min(end.max(next + HOUR_MS));
    let silent = (next..until).step_by(HOUR_MS as usize);
    let silent = silent.filter(|hour| !done.contains(hour));
    let silent: Vec<_> = silent
        .map(|hour| HourlyCells::of(TOTAL, hour, None, &Sums::default()))
        .collect();
    put(conn, kind, &silent, There::Replaced).await?;
    Ok(Some(until))
}

/// When the first request from a time on arrived.
async fn first_request(
    conn: &mut AnyConnection,
    kind: Kind,
    since: Option<i64>,
) -> Result<Option<i64>, sqlx::Error> {
    let mut query = Select::new(kind, "SELECT min(started_at) AS first FROM requests");
    if let Some(since) = since {
        query.push(" WHERE started_at >= ").value(since);
    }
    match query.rows_in(conn).await?.first() {
        Some(row) => row.try_get("first"),
        None => Ok(None),
    }
}

/// Whether a request that arrived in this time is not over.
async fn runs(conn: &mut AnyConnection, kind: Kind, span: Span) -> Result<bool, sqlx::Error> {
    let mut query = Select::new(kind, "SELECT started_at FROM requests WHERE is_open = 1");
    span.push(&mut query, "started_at");
    query.push(" LIMIT 1");
    Ok(!query.rows_in(conn).await?.is_empty())
}

/// Sums an hour by everything.
async fn sum(conn: &mut AnyConnection, kind: Kind, hour: i64) -> Result<(), sqlx::Error> {
    let mut rows = Vec::new();
    for by in std::iter::once(None).chain(KINDS.map(Some)) {
        let (word, source) = match by {
            Some(by) => (by.word(), Source::column(kind, by)),
            None => (TOTAL, Source::all()),
        };
        for (value, sums) in source.summed(conn, kind, Span::hour(hour)).await? {
            rows.push(HourlyCells::of(word, hour, value, &sums));
        }
    }
    put(conn, kind, &rows, There::Replaced).await
}
