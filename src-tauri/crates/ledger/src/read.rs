//! From database rows to the ledger's rows. Never writes, and never fills in what was not recorded.

use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::cells::Cell as _;
use crate::money::Usd;
use crate::row::{AttemptRow, Cost, Row, Tokens};

impl<A> Row<A> {
    /// Reads a row of `requests`; the chain or its length is given.
    pub(crate) fn read(row: &AnyRow, attempts: A) -> Result<Self, sqlx::Error> {
        let tokens = tokens(row)?;
        let stream = flag(row, "stream")?;
        let ttft_ms: Option<u64> = number(row, "ttft_ms")?;
        let duration_ms: Option<u64> = number(row, "duration_ms")?;
        let cost = cost(row)?;
        let losses: String = row.try_get("losses")?;
        Ok(Self {
            id: row.try_get("id")?,
            started_at: time(row.try_get("started_at")?),
            status: row.try_get("status")?,
            mark: row.try_get("mark")?,
            reason: row.try_get("reason")?,
            http_status: number(row, "http_status")?,
            source: row.try_get("source")?,
            client: row.try_get("client")?,
            token: row.try_get("token")?,
            session: row.try_get("session")?,
            client_dialect: row.try_get("client_dialect")?,
            provider_dialect: row.try_get("provider_dialect")?,
            path: row.try_get("path")?,
            model_requested: row.try_get("model_requested")?,
            model_used: row.try_get("model_used")?,
            model_answered: row.try_get("model_answered")?,
            provider: row.try_get("provider")?,
            key: row.try_get("key")?,
            group: row.try_get("group_name")?,
            rule: row.try_get("rule")?,
            stream,
            tokens,
            estimated: flag(row, "estimated")?,
            cost_usd: cost.as_ref().map(Cost::total),
            cost,
            unpriced: flag(row, "unpriced")?,
            switch_cost_usd: amount(row, "switch_cost")?,
            ttft_ms,
            duration_ms,
            tokens_per_second: speed(tokens.output_tokens, stream, ttft_ms, duration_ms),
            attempts,
            losses: serde_json::from_str(&losses).unwrap_or_default(),
            error: row.try_get("error")?,
            replay_of: row.try_get("replay_of")?,
            explain: None,
            events: None,
        })
    }
}

impl AttemptRow {
    /// Reads a row of `attempts` beside that of its price.
    pub(crate) fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let cost = cost(row)?;
        let price: Option<String> = row.try_get("price_text")?;
        Ok(Self {
            attempt: number(row, "attempt")?.unwrap_or_default(),
            hedged: flag(row, "hedged")?,
            service: row.try_get("service")?,
            provider: row.try_get("provider")?,
            key: row.try_get("key")?,
            group: row.try_get("group_name")?,
            model: row.try_get("model")?,
            model_answered: row.try_get("model_answered")?,
            upstream_id: row.try_get("upstream_id")?,
            provider_dialect: row.try_get("provider_dialect")?,
            started_at: time(row.try_get("started_at")?),
            ttft_ms: number(row, "ttft_ms")?,
            duration_ms: number(row, "duration_ms")?,
            http_status: number(row, "http_status")?,
            verdict: row.try_get("verdict")?,
            reason: row.try_get("reason")?,
            error: row.try_get("error")?,
            tokens: tokens(row)?,
            estimated: flag(row, "estimated")?,
            cost_usd: cost.as_ref().map(Cost::total),
            cost,
            price: price.and_then(|price| serde_json::from_str(&price).ok()),
        })
    }
}

/// The token columns, which requests, attempts and sums share.
pub(crate) fn tokens(row: &AnyRow) -> Result<Tokens, sqlx::Error> {
    let count = |name| {
        row.try_get::<i64, _>(name)
            .map(|count| u64::try_from(count).unwrap_or(0))
    };
    let (short_write, long_write) = (
        count("cache_write_5m_tokens")?,
        count("cache_write_1h_tokens")?,
    );
    Ok(Tokens {
        input_tokens: count("input_tokens")?,
        output_tokens: count("output_tokens")?,
        cache_read_tokens: count("cache_read_tokens")?,
        cache_write_5m_tokens: short_write,
        cache_write_1h_tokens: long_write,
        cache_write_tokens: short_write.saturating_add(long_write),
        reasoning_tokens: count("reasoning_tokens")?,
    })
}

/// A cost of which a part is unknown is unknown.
fn cost(row: &AnyRow) -> Result<Option<Cost>, sqlx::Error> {
    let amount = |name| amount(row, name);
    let unpriced = flag(row, "unpriced")?;
    let kinds = (
        amount("cost_input")?,
        amount("cost_output")?,
        amount("cost_cache_read")?,
        amount("cost_cache_write")?,
    );
    Ok(match kinds {
        (Some(input), Some(output), Some(cache_read), Some(cache_write)) if !unpriced => {
            Some(Cost {
                input,
                output,
                cache_read,
                cache_write,
            })
        }
        _ => None,
    })
}

fn amount(row: &AnyRow, name: &str) -> Result<Option<Usd>, sqlx::Error> {
    let pico: Option<i64> = row.try_get(name)?;
    Ok(pico.map(|pico| Usd::from_pico(pico.into())))
}

/// A number that cannot be what it stands for is as good as none.
pub(crate) fn number<N: TryFrom<i64>>(row: &AnyRow, name: &str) -> Result<Option<N>, sqlx::Error> {
    let number: Option<i64> = row.try_get(name)?;
    Ok(number.and_then(|number| number.try_into().ok()))
}

fn flag(row: &AnyRow, name: &str) -> Result<bool, sqlx::Error> {
    bool::read(row, name)
}

pub(crate) fn time(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Output tokens per second to one decimal: of a stream while it flowed, else over the whole time.
fn speed(output: u64, stream: bool, ttft_ms: Option<u64>, duration_ms: Option<u64>) -> Option<f64> {
    let waited = if stream { ttft_ms? } else { 0 };
    let flowed = duration_ms?.checked_sub(waited)?;
    if output == 0 || flowed == 0 {
        return None;
    }
    let tenths = u128::from(output) * 10_000 / u128::from(flowed);
    Some(tenths as f64 / 10.0)
}
