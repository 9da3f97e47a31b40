//! `GET /usage`, what was used and spent on what, `GET /budgets`, and `GET /export`, the history as text.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger::{By, Export, Filter, Format, Ledger, UsageFilter, UsageReport, Vacuumed};
use serde::Deserialize;
use utoipa::IntoParams;

use super::history::{Which, settle};
use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Asked, Code, Refusal};
use crate::Daemon;
use crate::view::{Budget, List};

pub(super) fn calls() -> Calls {
    Calls::of("Usage", Entry::Admin)
        .with(
            Call::get("/usage", usage)
                .about("Sums of requests, failures, tokens, cost and latency.")
                .asks::<Query>()
                .answers::<UsageReport>()
                .reads_history(),
        )
        .with(
            Call::get("/budgets", budgets)
                .about("Budgets and what of them is used up.")
                .asks::<Page>()
                .lists::<Budget>(),
        )
        .with(
            Call::get("/export", export)
                .about("The history as text, as a stream: whole, or as it is filtered.\n\nIn CSV a text that begins with =, +, -, @ has an apostrophe before it, so that no spreadsheet takes it for a formula; JSON has all texts as they are.")
                .asks::<Wanted>()
                .asks::<Which>()
                .answers_with(200, "The history: JSON lines, a JSON array, or CSV.", "application/x-ndjson")
                .or_media("application/json")
                .or_media("text/csv")
                .reads_history(),
        )
        .with(
            Call::post("/ledger/vacuum", vacuum)
                .about("Gives free room of the ledger back to the disk, and answers when that is done.")
                .answers::<Vacuumed>()
                .reads_history(),
        )
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Query {
    /// `hour`, `day`, `model`, `provider`, `key`, `group`, `client`, `token` or `session`; `day` when not given.
    by: Option<String>,
    /// Requests that arrived at this time or later.
    since: Option<Timestamp>,
    /// Requests that arrived before this time.
    until: Option<Timestamp>,
    /// Where days begin, as in `Europe/Berlin`; this machine's own when not given.
    tz: Option<String>,
    /// How many, from 1 to 1000; 50 when not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

async fn usage(
    State(daemon): State<Daemon>,
    Asked(query): Asked<Query>,
) -> Result<Json<UsageReport>, Refusal> {
    let ledger = ledger(&daemon)?;
    let filter = UsageFilter {
        by: query.by.as_deref().map_or(Ok(By::Day), str::parse)?,
        since_ms: query.since.map(Timestamp::as_millisecond),
        until_ms: query.until.map(Timestamp::as_millisecond),
        zone: zone(query.tz.as_deref())?,
        limit: query.limit,
        cursor: query.cursor,
    };
    settle(ledger).await;
    Ok(Json(ledger.usage(&filter).await?))
}

async fn budgets(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<Budget>>, Refusal> {
    Ok(Json(page.of(daemon.budgets())?))
}

/// Answers when all is done, which takes a while.
async fn vacuum(State(daemon): State<Daemon>) -> Result<Json<Vacuumed>, Refusal> {
    let ledger = ledger(&daemon)?;
    tracing::info!("free room of the ledger is given back to the disk; that takes a while");
    let vacuumed = ledger.vacuum().await?;
    let Vacuumed {
        bytes_before,
        bytes_after,
    } = vacuumed;
    tracing::info!("the ledger takes {bytes_after} bytes now, {bytes_before} before");
    Ok(Json(vacuumed))
}

fn zone(name: Option<&str>) -> Result<TimeZone, Refusal> {
    let Some(name) = name else {
        return Ok(TimeZone::system());
    };
    TimeZone::get(name).map_err(|_| {
        let message =
            format!("`tz` knows no time zone {name:?}; write a name such as Europe/Berlin");
        Refusal::new(Code::InvalidRequest, message)
    })
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Wanted {
    /// `csv`, `json` or `jsonl`; `jsonl` when not given.
    format: Option<String>,
}

async fn export(
    State(daemon): State<Daemon>,
    Asked(wanted): Asked<Wanted>,
    Asked(which): Asked<Which>,
) -> Result<Response, Refusal> {
    let ledger = ledger(&daemon)?;
    let format = wanted
        .format
        .as_deref()
        .map_or(Ok(Format::Jsonl), str::parse)?;
    settle(ledger).await;
    // What arrives from now on is left out, so that there is an end.
    let until = which.until.unwrap_or_else(Timestamp::now);
    let file = format!("attachment; filename=\"turnout.{}\"", format.extension());
    let headers = [
        (CONTENT_TYPE, format.media_type().to_owned()),
        (CONTENT_DISPOSITION, file),
    ];
    let filter = Filter {
        until_ms: Some(until.as_millisecond()),
        ..which.filter()
    };
    let export = ledger.export(format, filter)?;
    Ok((headers, Body::from_stream(pieces(export))).into_response())
}

/// The text as it is asked for; an error breaks it off, so that no one takes it for whole.
fn pieces(export: Export) -> impl futures_util::Stream<Item = Result<String, ledger::QueryError>> {
    stream::unfold(Some(export), |export| async {
        let mut export = export?;
        match export.next().await {
            Ok(Some(text)) => Some((Ok(text), Some(export))),
            Ok(None) => None,
            Err(error) => {
                tracing::error!("an export broke off: {error}");
                Some((Err(error), None))
            }
        }
    })
}

pub(super) fn ledger(daemon: &Daemon) -> Result<&Ledger, Refusal> {
    let none = || {
        let message =
            "there is no history to ask: ledger.url is `none`, or see the problems in the status";
        Refusal::new(Code::LedgerUnavailable, message)
    };
    daemon.instance().ledger.as_ref().ok_or_else(none)
}
