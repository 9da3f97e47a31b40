//! `GET /requests` and `GET /requests/{id}`: from the ledger, and from the live rows while it cannot tell.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use ledger::{Filter, Ledger, QueryError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bodies;
use super::openapi::{Call, Calls, Entry};
use super::paged;
use super::refusal::{Asked, Code, Named, Refusal};
use crate::Daemon;
use crate::replay::ReplayTo;
use crate::view::{List, Replay, Request};

pub(super) fn calls() -> Calls {
    Calls::of("Requests", Entry::Admin)
        .with(
            Call::get("/requests", list)
                .about("The history, newest first; requests under way are in it.")
                .asks::<Which>()
                .asks::<Page>()
                .lists::<Request>()
                .reads_history(),
        )
        .with(
            Call::get("/requests/{id}", detail)
                .about("One request with the whole chain of its attempts.")
                .answers::<Detail>()
                .knows::<ledger::AttemptRow>()
                .reads_history(),
        )
        .with(
            Call::get("/requests/{id}/bodies", bodies::list)
                .about("What was said in a request, as far as it was captured.")
                .asks::<paged::Page>()
                .lists::<bodies::BodyText>()
                .reads_history(),
        )
        .with(
            Call::post("/requests/{id}/replay", bodies::replay)
                .about("Sends a captured request again and tells both answers.")
                .takes::<ReplayTo>()
                .answers::<Replay>()
                .reads_history()
                .fails([Code::Conflict]),
        )
}

/// One request with its chain and what is kept of its bodies.
#[derive(Serialize, ToSchema)]
#[schema(as = RequestDetail)]
struct Detail {
    #[serde(flatten)]
    request: ledger::Detail,
    /// What is kept of its bodies.
    bodies: Vec<ledger::BodyRow>,
}

/// Which requests; all that is given must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(super) struct Which {
    /// Requests that arrived at this time or later.
    pub(super) since: Option<Timestamp>,
    /// Requests that arrived before this time.
    pub(super) until: Option<Timestamp>,
    /// The model asked for, or used.
    model: Option<String>,
    /// The provider that served, or was tried last.
    provider: Option<String>,
    /// The provider where an attempt failed, whoever answered in the end.
    failed_provider: Option<String>,
    /// The group.
    group: Option<String>,
    /// The client program.
    client: Option<String>,
    /// The name of the client token.
    token: Option<String>,
    /// The client's session.
    session: Option<String>,
    /// `pending`, `forwarding`, `streaming`, `completed`, `failed` or `cancelled`.
    status: Option<String>,
    /// Text in errors and model names, or the beginning of an id.
    #[serde(default, deserialize_with = "paged::sought")]
    #[param(max_length = 1000)]
    q: Option<String>,
}

/// A page of the history.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Page {
    /// How many, from 1 to 1000; 50 when not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

async fn list(
    State(daemon): State<Daemon>,
    Asked(which): Asked<Which>,
    Asked(page): Asked<Page>,
) -> Result<Response, Refusal> {
    let Some(ledger) = &daemon.instance().ledger else {
        return Ok(Json(List::whole(live(&daemon, &which, &page))).into_response());
    };
    settle(ledger).await;
    let filter = Filter {
        limit: page.limit,
        cursor: page.cursor,
        ..which.filter()
    };
    Ok(Json(ledger.requests(&filter).await?).into_response())
}

/// Has what is on its way to the ledger written first: who asks right after a request expects to find it.
pub(super) async fn settle(ledger: &Ledger) {
    if !ledger.degraded() {
        ledger.flush().await;
    }
}

async fn detail(State(daemon): State<Daemon>, Named(id): Named) -> Result<Response, Refusal> {
    let running = daemon.instance().live().get(&id).cloned();
    if let Some(ledger) = &daemon.instance().ledger
        && let Some(request) = find(ledger, &id, running.is_some()).await?
    {
        let bodies = ledger.body_rows(&id).await?;
        return Ok(Json(Detail { request, bodies }).into_response());
    }
    match running {
        Some(row) => Ok(Json(without_chain(row)?).into_response()),
        None => Err(Refusal::new(
            Code::NotFound,
            format!("there is no request {id:?} in the history"),
        )),
    }
}

/// A request that is known to be there is waited for, should its row not be written yet.
async fn find(
    ledger: &Ledger,
    id: &str,
    is_there: bool,
) -> Result<Option<ledger::Detail>, QueryError> {
    if is_there {
        settle(ledger).await;
    }
    ledger.request(id).await
}

/// The live row in the detail's shape: its attempts are not kept.
fn without_chain(row: Request) -> Result<serde_json::Value, Refusal> {
    let mut told = serde_json::to_value(row)
        .map_err(|error| Refusal::new(Code::Internal, error.to_string()))?;
    told["attempts"] = serde_json::json!([]);
    told["bodies"] = serde_json::json!([]);
    Ok(told)
}

/// The live rows that match; those ask for no other page.
fn live(daemon: &Daemon, query: &Which, page: &Page) -> Vec<Request> {
    let same =
        |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
    let text = query.q.as_deref().unwrap_or_default().to_lowercase();
    let has = |row: &Request| {
        let fields = [
            Some(&row.id),
            row.error.as_ref(),
            row.model_requested.as_ref(),
            row.model_used.as_ref(),
        ];
        text.is_empty()
            || fields
                .into_iter()
                .flatten()
                .any(|field| field.to_lowercase().contains(&text))
    };
    let matches = |row: &&Request| {
        // Attempts are told by the ledger alone.
        query.failed_provider.is_none()
            && query.since.is_none_or(|since| row.started_at >= since)
            && query.until.is_none_or(|until| row.started_at < until)
            && (same(&query.model, &row.model_requested) || same(&query.model, &row.model_used))
            && same(&query.provider, &row.provider)
            && same(&query.group, &row.group)
            && same(&query.client, &row.client)
            && same(&query.token, &row.token)
            && same(&query.session, &row.session)
            && query
                .status
                .as_ref()
                .is_none_or(|status| *status == row.status)
            && has(row)
    };
    let limit = page.limit.unwrap_or(50).clamp(1, 1000) as usize;
    daemon
        .instance()
        .live()
        .newest()
        .filter(matches)
        .take(limit)
        .cloned()
        .collect()
}

impl Which {
    /// The ledger's filter, from the first page on.
    pub(super) fn filter(self) -> Filter {
        Filter {
            since_ms: self.since.map(Timestamp::as_millisecond),
            until_ms: self.until.map(Timestamp::as_millisecond),
            model: self.model,
            provider: self.provider,
            failed_provider: self.failed_provider,
            group: self.group,
            client: self.client,
            token: self.token,
            session: self.session,
            status: self.status,
            q: self.q,
            limit: None,
            cursor: None,
        }
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        let code = if error.is_bad_request() {
            Code::InvalidRequest
        } else {
            Code::LedgerUnavailable
        };
        Self::new(code, error.to_string())
    }
}
