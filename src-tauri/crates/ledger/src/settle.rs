//! What follows from the attempts of a request, and what follows from a crash. Derives only from what
//! is recorded, so that it may run any number of times.

use sqlx::SqliteConnection;

/// What a row says that a crash or a power cut left running.
const STOPPED: &str = "Turnout stopped while this request was running";
const STOPPED_ATTEMPT: &str = "Turnout stopped while this attempt was running";
/// Brings the part of a request's row up to date that is derived from its attempts: sums over all of
/// them, and who served: the attempt that went well, else one whose output was seen, else the last.
pub(crate) async fn recount(conn: &mut SqliteConnection, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE requests SET
             (attempts, input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens,
              cache_write_1h_tokens, reasoning_tokens, estimated, unpriced,
              cost_input, cost_output, cost_cache_read, cost_cache_write)
             = (SELECT count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
                    coalesce(sum(cache_read_tokens), 0), coalesce(sum(cache_write_5m_tokens), 0),
                    coalesce(sum(cache_write_1h_tokens), 0), coalesce(sum(reasoning_tokens), 0),
                    coalesce(max(estimated), 0), coalesce(max(unpriced), 0),
                    sum(cost_input), sum(cost_output), sum(cost_cache_read), sum(cost_cache_write)
                FROM attempts WHERE request_id = requests.id),
             (provider, key, group_name, provider_dialect, model_used, model_answered)
             = (SELECT provider, key, group_name, provider_dialect, model, model_answered
                FROM attempts WHERE request_id = requests.id
                ORDER BY coalesce(verdict = 'ok', 0) DESC, ttft_ms IS NOT NULL DESC, attempt DESC LIMIT 1)
         WHERE id = ?",
    )
    .bind(id)
    .execute(conn)
    .await?;
    Ok(())
}

/// Closes what was running when Turnout last stopped, and tells how many requests that were.
pub(crate) async fn close_orphans(conn: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
    let mut transaction = sqlx::Connection::begin_with(conn, "BEGIN IMMEDIATE").await?;
    sqlx::query(
        "UPDATE attempts SET verdict = 'cancelled', reason = 'server_error', error = ? WHERE verdict IS NULL",
    )
    .bind(STOPPED_ATTEMPT)
    .execute(&mut *transaction)
    .await?;
    let requests = sqlx::query(
        "UPDATE requests SET status = 'failed', reason = 'server_error', mark = NULL, error = ?
         WHERE status IN ('pending', 'forwarding', 'streaming')",
    )
    .bind(STOPPED)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(requests.rows_affected())
}
