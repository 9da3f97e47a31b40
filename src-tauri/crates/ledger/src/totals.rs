//! What was used and spent since a time. Sums are exact: money is added as whole numbers.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use sqlx::Row as _;

use crate::money::Usd;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::read::tokens;
use crate::row::Tokens;

/// Sums over requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
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

/// The last answer, good for as long as nothing was written: status pages ask every few seconds.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<Option<(u64, i64, Totals)>>);

impl Ledger {
    /// Sums over the requests that arrived at this time (Unix milliseconds) or later.
    pub async fn today(&self, since_ms: i64) -> Result<Totals, QueryError> {
        let remembered = &self.inner.remembered.0;
        let commits = self.inner.pulse.commits();
        let last = *remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, since, totals)) = last
            && (then, since) == (commits, since_ms)
        {
            return Ok(totals);
        }
        let totals = self.sum(since_ms).await?;
        *remembered.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((commits, since_ms, totals));
        Ok(totals)
    }

    async fn sum(&self, since_ms: i64) -> Result<Totals, QueryError> {
        // Costs are added as millionths and remainders, as the sum of years may not fit 64 bits.
        let row = sqlx::query(
            "SELECT count(*) AS requests,
                 coalesce(sum(status = 'failed'), 0) AS failures,
                 coalesce(sum(unpriced), 0) AS unpriced,
                 coalesce(sum(input_tokens), 0) AS input_tokens,
                 coalesce(sum(output_tokens), 0) AS output_tokens,
                 coalesce(sum(cache_read_tokens), 0) AS cache_read_tokens,
                 coalesce(sum(cache_write_5m_tokens), 0) AS cache_write_5m_tokens,
                 coalesce(sum(cache_write_1h_tokens), 0) AS cache_write_1h_tokens,
                 coalesce(sum(reasoning_tokens), 0) AS reasoning_tokens,
                 coalesce(sum(cost / 1000000), 0) AS millions,
                 coalesce(sum(cost % 1000000), 0) AS remainders
             FROM (SELECT *, cost_input + cost_output + cost_cache_read + cost_cache_write AS cost
                   FROM requests WHERE started_at >= ?)",
        )
        .bind(since_ms)
        .fetch_one(&self.inner.pool)
        .await?;
        let count = |name| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
        let pico = i128::from(row.try_get::<i64, _>("millions")?) * 1_000_000
            + i128::from(row.try_get::<i64, _>("remainders")?);
        Ok(Totals {
            requests: count("requests")?,
            failures: count("failures")?,
            tokens: tokens(&row)?,
            cost_usd: Usd::from_pico(pico),
            unpriced: count("unpriced")?,
        })
    }
}
