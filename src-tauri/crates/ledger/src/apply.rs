//! What each event does to the tables. Every statement may be run again with the same event, or
//! without the events before it, and leaves the same row: a state never goes back, an end stays.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Row as _, Sqlite, SqliteConnection};

use crate::event::{
    AttemptEnded, AttemptStarted, Ended, Event, Marked, Routed, Started, Streaming, Usage,
};
use crate::money::Usd;
use crate::quote::{FrozenPrice, Quote};
use crate::row::Cost;

/// Token counts above this come from a broken upstream; their sums would not fit.
const TOKENS_MAX: u64 = 10_000_000_000;

type Applied = Result<(), sqlx::Error>;

/// Writes one event.
pub(crate) async fn apply(conn: &mut SqliteConnection, event: &Event) -> Applied {
    match event {
        Event::Started(event) => started(conn, event).await,
        Event::AttemptStarted(event) => attempt_started(conn, event).await,
        Event::Streaming(event) => streaming(conn, event).await,
        Event::AttemptEnded(event) => attempt_ended(conn, event).await,
        Event::Marked(event) => marked(conn, event).await,
        Event::Routed(event) => routed(conn, event).await,
        Event::Ended(event) => ended(conn, event).await,
    }
}

async fn started(conn: &mut SqliteConnection, event: &Started) -> Applied {
    sqlx::query(
        "INSERT INTO requests (id, started_at, status, client, token, session, client_dialect, path, model_requested, stream, rule)
         VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET
             started_at = excluded.started_at, client = excluded.client, token = excluded.token,
             session = excluded.session, client_dialect = excluded.client_dialect, path = excluded.path,
             model_requested = excluded.model_requested, stream = excluded.stream, rule = excluded.rule",
    )
    .bind(&*event.id)
    .bind(event.at_ms)
    .bind(&event.client)
    .bind(&event.token)
    .bind(&event.session)
    .bind(&event.client_dialect)
    .bind(&event.path)
    .bind(&event.model_requested)
    .bind(event.stream)
    .bind(&event.rule)
    .execute(conn)
    .await?;
    Ok(())
}

async fn attempt_started(conn: &mut SqliteConnection, event: &AttemptStarted) -> Applied {
    stub(conn, &event.id, event.at_ms).await?;
    let attempt = sqlx::query(
        "INSERT INTO attempts (request_id, attempt, started_at, provider, key, group_name, model, provider_dialect, price)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (request_id, attempt) DO UPDATE SET
             started_at = excluded.started_at, provider = excluded.provider, key = excluded.key,
             group_name = excluded.group_name, model = excluded.model,
             provider_dialect = excluded.provider_dialect, price = excluded.price
         WHERE attempts.provider IS NULL",
    )
    .bind(&*event.id)
    .bind(event.attempt)
    .bind(event.at_ms)
    .bind(&event.provider)
    .bind(&event.key)
    .bind(&event.group)
    .bind(&event.model)
    .bind(&event.provider_dialect)
    .bind(json(event.price.as_ref())?)
    .execute(&mut *conn)
    .await?;
    if attempt.rows_affected() == 0 {
        return Ok(()); // told before; the request may have gone on since
    }
    sqlx::query("UPDATE requests SET status = 'forwarding', mark = NULL WHERE id = ? AND status IN ('pending', 'forwarding')")
        .bind(&*event.id)
        .execute(conn)
        .await?;
    Ok(())
}

async fn streaming(conn: &mut SqliteConnection, event: &Streaming) -> Applied {
    let ttft = whole(event.ttft_ms);
    let began = event.at_ms.saturating_sub(ttft);
    change(conn, &event.id, began, || {
        sqlx::query(
            "UPDATE requests SET
                 status = CASE WHEN status IN ('pending', 'forwarding') THEN 'streaming' ELSE status END,
                 mark = NULL,
                 ttft_ms = coalesce(ttft_ms, max(?, ? - started_at))
             WHERE id = ?",
        )
        .bind(ttft)
        .bind(event.at_ms)
        .bind(&*event.id)
    })
    .await?;
    sqlx::query(
        "INSERT INTO attempts (request_id, attempt, started_at, ttft_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT (request_id, attempt) DO UPDATE SET ttft_ms = coalesce(attempts.ttft_ms, excluded.ttft_ms)",
    )
    .bind(&*event.id)
    .bind(event.attempt)
    .bind(began)
    .bind(ttft)
    .execute(conn)
    .await?;
    Ok(())
}

async fn attempt_ended(conn: &mut SqliteConnection, event: &AttemptEnded) -> Applied {
    let sent = "SELECT started_at, price FROM attempts WHERE request_id = ? AND attempt = ?";
    let sent = sqlx::query(sent)
        .bind(&*event.id)
        .bind(event.attempt)
        .fetch_optional(&mut *conn)
        .await?;
    let (began, quoted): (i64, Option<String>) = if let Some(sent) = sent {
        (sent.try_get("started_at")?, sent.try_get("price")?)
    } else {
        stub_attempt(conn, event).await?;
        (0, None)
    };
    let quote = quoted.and_then(|quoted| serde_json::from_str::<Quote>(&quoted).ok());
    let usage = event.usage.as_ref().map(believable);
    let cost = usage
        .as_ref()
        .zip(quote)
        .and_then(|(usage, quote)| quote.cost(began, event.service.as_deref(), usage));
    write_attempt_end(conn, event, usage.as_ref(), cost).await
}

async fn write_attempt_end(
    conn: &mut SqliteConnection,
    event: &AttemptEnded,
    usage: Option<&Usage>,
    cost: Option<(Cost, FrozenPrice)>,
) -> Applied {
    let unpriced =
        cost.is_none() && usage.is_some_and(|usage| usage.prompt() > 0 || usage.output > 0);
    let usage = usage.copied().unwrap_or_default();
    let (cost, price) = cost.unzip();
    sqlx::query(
        "UPDATE attempts SET
             duration_ms = ?, http_status = ?, verdict = ?, reason = ?, error = ?, model_answered = ?,
             input_tokens = ?, output_tokens = ?, cache_read_tokens = ?, cache_write_5m_tokens = ?,
             cache_write_1h_tokens = ?, reasoning_tokens = ?, estimated = ?, unpriced = ?,
             cost_input = ?, cost_output = ?, cost_cache_read = ?, cost_cache_write = ?, price = ?,
             service = ?, hedged = ?
         WHERE request_id = ? AND attempt = ? AND verdict IS NULL",
    )
    .bind(whole(event.duration_ms))
    .bind(event.http_status)
    .bind(&event.verdict)
    .bind(&event.reason)
    .bind(&event.error)
    .bind(&event.model_answered)
    .bind(whole(usage.input))
    .bind(whole(usage.output))
    .bind(whole(usage.cache_read))
    .bind(whole(usage.cache_write_5m))
    .bind(whole(usage.cache_write_1h))
    .bind(whole(usage.reasoning))
    .bind(usage.estimated)
    .bind(unpriced)
    .bind(cost.map(|cost| pico(cost.input)))
    .bind(cost.map(|cost| pico(cost.output)))
    .bind(cost.map(|cost| pico(cost.cache_read)))
    .bind(cost.map(|cost| pico(cost.cache_write)))
    .bind(json(price.as_ref())?)
    .bind(&event.service)
    .bind(event.hedged)
    .bind(&*event.id)
    .bind(event.attempt)
    .execute(&mut *conn)
    .await?;
    write_losses(conn, event).await
}

/// The losses of a request are those of its last attempt that had any.
async fn write_losses(conn: &mut SqliteConnection, event: &AttemptEnded) -> Applied {
    if event.losses.is_empty() {
        return Ok(());
    }
    let losses = json(Some(&event.losses))?;
    sqlx::query("UPDATE requests SET losses = ? WHERE id = ?")
        .bind(losses)
        .bind(&*event.id)
        .execute(conn)
        .await?;
    Ok(())
}

async fn marked(conn: &mut SqliteConnection, event: &Marked) -> Applied {
    change(conn, &event.id, event.at_ms, || {
        sqlx::query("UPDATE requests SET mark = ? WHERE id = ? AND status IN ('pending', 'forwarding', 'streaming')")
            .bind(event.mark.map(crate::event::Mark::as_str))
            .bind(&*event.id)
    })
    .await
}

async fn routed(conn: &mut SqliteConnection, event: &Routed) -> Applied {
    change(conn, &event.id, event.at_ms, || {
        sqlx::query(
            "UPDATE requests SET explain = coalesce(?, explain), switch_cost = coalesce(?, switch_cost) WHERE id = ?",
        )
        .bind(&event.explain)
        .bind(event.switch_cost.map(pico))
        .bind(&*event.id)
    })
    .await
}

async fn ended(conn: &mut SqliteConnection, event: &Ended) -> Applied {
    let began = event.at_ms.saturating_sub(whole(event.duration_ms));
    change(conn, &event.id, began, || {
        sqlx::query(
            // Two clocks measured them: rounding must not let the first token come after the end.
            "UPDATE requests SET status = ?, mark = NULL, reason = ?, http_status = ?, error = ?, duration_ms = ?,
                 ttft_ms = min(ttft_ms, ?)
             WHERE id = ? AND status IN ('pending', 'forwarding', 'streaming')",
        )
        .bind(event.status.as_str())
        .bind(&event.reason)
        .bind(event.http_status)
        .bind(&event.error)
        .bind(whole(event.duration_ms))
        .bind(whole(event.duration_ms))
        .bind(&*event.id)
    })
    .await
}

/// Changes a request's row; where there is none, makes a stub and changes that.
async fn change<'a>(
    conn: &mut SqliteConnection,
    id: &str,
    began: i64,
    statement: impl Fn() -> Query<'a, Sqlite, SqliteArguments>,
) -> Applied {
    if statement().execute(&mut *conn).await?.rows_affected() == 0 {
        stub(conn, id, began).await?;
        statement().execute(conn).await?;
    }
    Ok(())
}

/// A row for an attempt whose start was lost.
async fn stub_attempt(conn: &mut SqliteConnection, event: &AttemptEnded) -> Applied {
    let began = event.at_ms.saturating_sub(whole(event.duration_ms));
    stub(conn, &event.id, began).await?;
    sqlx::query("INSERT INTO attempts (request_id, attempt, started_at) VALUES (?, ?, ?)")
        .bind(&*event.id)
        .bind(event.attempt)
        .bind(began)
        .execute(conn)
        .await?;
    Ok(())
}

/// A row for a request whose start was lost.
async fn stub(conn: &mut SqliteConnection, id: &str, at_ms: i64) -> Applied {
    sqlx::query("INSERT INTO requests (id, started_at, status) VALUES (?, ?, 'pending') ON CONFLICT DO NOTHING")
        .bind(id)
        .bind(at_ms)
        .execute(conn)
        .await?;
    Ok(())
}

fn json<T: serde::Serialize>(value: Option<&T>) -> Result<Option<String>, sqlx::Error> {
    let text = value.map(serde_json::to_string).transpose();
    text.map_err(|error| sqlx::Error::Encode(error.into()))
}

fn believable(usage: &Usage) -> Usage {
    Usage {
        input: usage.input.min(TOKENS_MAX),
        output: usage.output.min(TOKENS_MAX),
        cache_read: usage.cache_read.min(TOKENS_MAX),
        cache_write_5m: usage.cache_write_5m.min(TOKENS_MAX),
        cache_write_1h: usage.cache_write_1h.min(TOKENS_MAX),
        reasoning: usage.reasoning.min(TOKENS_MAX),
        estimated: usage.estimated,
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Fits: the price table bounds what a cost can be.
fn pico(amount: Usd) -> i64 {
    i64::try_from(amount.pico()).unwrap_or(i64::MAX)
}
