//! What was used and spent since a time. Sums are exact: money is added as whole numbers.

use std::collections::BTreeSet;
use std::ops::AddAssign;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::kind::Kind;
use crate::money::Usd;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::read::tokens;
use crate::row::Tokens;
use crate::select::Select;
use crate::span::Span;
use crate::{daily, hourly};

/// Sums over requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Totals {
    /// Requests that arrived.
    pub requests: u64,
    /// Of these, how many failed; cancelled ones did not.
    pub failures: u64,
    /// Tokens by kind.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// Cost, as far as it is known.
    pub cost_usd: Usd,
    /// Requests of which some cost is unknown and not in the sum.
    pub unpriced: u64,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, more: Self) {
        self.requests += more.requests;
        self.failures += more.failures;
        self.unpriced += more.unpriced;
        self.cost_usd = self.cost_usd + more.cost_usd;
        let (sum, more) = (&mut self.tokens, more.tokens);
        sum.input_tokens += more.input_tokens;
        sum.output_tokens += more.output_tokens;
        sum.cache_read_tokens += more.cache_read_tokens;
        sum.cache_write_5m_tokens += more.cache_write_5m_tokens;
        sum.cache_write_1h_tokens += more.cache_write_1h_tokens;
        sum.cache_write_tokens += more.cache_write_tokens;
        sum.reasoning_tokens += more.reasoning_tokens;
    }
}

/// The last answer, good for a while as long as nothing was written here: status pages ask every few seconds.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<Option<Answer>>);

#[derive(Debug, Clone, Copy)]
struct Answer {
    at: Instant,
    commits: u64,
    since_ms: i64,
    totals: Totals,
}

/// Others may write to a database that is shared.
const GOOD_FOR: Duration = Duration::from_secs(5);

impl Ledger {
    /// Sums over the requests that arrived at this time (Unix milliseconds) or later.
    pub async fn today(&self, since_ms: i64) -> Result<Totals, QueryError> {
        let remembered = &self.inner.remembered.0;
        let commits = self.inner.pulse.commits();
        let last = *remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last
            && (last.commits, last.since_ms) == (commits, since_ms)
            && (self.inner.kind == Kind::Sqlite || last.at.elapsed() < GOOD_FOR)
        {
            return Ok(last.totals);
        }
        let answer = Answer {
            at: Instant::now(),
            commits,
            since_ms,
            totals: self.sum(since_ms).await?,
        };
        *remembered.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        Ok(answer.totals)
    }

    async fn sum(&self, since_ms: i64) -> Result<Totals, QueryError> {
        let kind = self.inner.kind;
        let span = Span {
            since: Some(since_ms),
            until: None,
        };
        let mut reading = self.inner.pool.begin().await?;
        let mut totals = Totals::default();
        let mut summed = BTreeSet::new();
        for hour in hourly::read(&mut reading, kind, hourly::TOTAL, span).await? {
            totals += hour.sums.totals;
            summed.insert(hour.begun);
        }
        for rest in span.without(&summed) {
            let mut query = Select::new(kind, "SELECT ");
            sums(&mut query, REQUESTS);
            query.push(" FROM requests WHERE 1 = 1");
            rest.push(&mut query, "started_at");
            for row in query.rows_in(&mut reading).await? {
                totals += Totals::read(&row)?;
            }
        }
        for day in daily::kept(&mut reading, kind, None, span).await? {
            totals += day.totals;
        }
        Ok(totals)
    }
}

/// What is counted as a request and as a failure, and the table whose tokens are summed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) table: &'static str,
    pub(crate) requests: &'static str,
    pub(crate) failures: &'static str,
}

/// Requests, each once.
pub(crate) const REQUESTS: Counted = Counted {
    table: "requests",
    requests: "count(*)",
    failures: "coalesce(sum(CASE WHEN status = 'failed' THEN 1 ELSE 0 END), 0)",
};

/// The columns of a row of sums, as [`Totals::read`] takes them.
pub(crate) fn sums(query: &mut Select, counted: Counted) {
    let kind = query.kind();
    let table = counted.table;
    let mut column = |expression: &str, name: &str| {
        query.push(&format!("{} AS {name}, ", kind.whole(expression)));
    };
    column(counted.failures, "failures");
    let mut sum =
        |expression: &str, name: &str| column(&format!("coalesce(sum({expression}), 0)"), name);
    for column in [
        "unpriced",
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_write_5m_tokens",
        "cache_write_1h_tokens",
        "reasoning_tokens",
    ] {
        sum(&format!("{table}.{column}"), column);
    }
    // Costs are added as millionths and remainders, as the sum of years may not fit 64 bits.
    let kinds = ["input", "output", "cache_read", "cache_write"];
    let cost = kinds.map(|kind| format!("{table}.cost_{kind}")).join(" + ");
    let cost = format!("({cost})");
    sum(&kind.divided(&cost, "1000000"), "millions");
    sum(&format!("{cost} % 1000000"), "remainders");
    query.push(&format!("{} AS requests", kind.whole(counted.requests)));
}

impl Totals {
    /// Reads a row of [`sums`].
    pub(crate) fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let count = |name| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
        let pico = i128::from(row.try_get::<i64, _>("millions")?) * 1_000_000
            + i128::from(row.try_get::<i64, _>("remainders")?);
        Ok(Self {
            requests: count("requests")?,
            failures: count("failures")?,
            tokens: tokens(row)?,
            cost_usd: Usd::from_pico(pico),
            unpriced: count("unpriced")?,
        })
    }
}
