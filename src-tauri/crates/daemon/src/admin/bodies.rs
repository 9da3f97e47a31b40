//! What was said in a request: which bodies are kept, the bodies themselves, and the request sent again.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::{BodyRow, Ledger};
use serde::Serialize;
use utoipa::ToSchema;

use super::history::settle;
use super::paged::Page;
use super::refusal::{Asked, Body, Code, Named, Refusal, Shape};
use crate::Daemon;
use crate::replay::{ReplayError, ReplayTo};
use crate::view::{List, Replay};

/// `GET /requests/{id}/bodies`.
pub(super) async fn list(
    State(daemon): State<Daemon>,
    Named(id): Named,
    Asked(page): Asked<Page>,
) -> Result<Json<List<BodyText>>, Refusal> {
    let ledger = ledger(&daemon)?;
    settle(ledger).await;
    let bodies = ledger.bodies(&id).await?;
    if bodies.is_empty() && ledger.request(&id).await?.is_none() {
        return Err(Refusal::new(
            Code::NotFound,
            format!("there is no request {id:?} in the history"),
        ));
    }
    Ok(Json(page.of(bodies.into_iter().map(shape).collect())?))
}

/// `POST /requests/{id}/replay`.
pub(super) async fn replay(
    State(daemon): State<Daemon>,
    Named(id): Named,
    Body(to): Body<ReplayTo>,
) -> Result<Json<Replay>, Refusal> {
    Ok(Json(daemon.replay(&id, &to).await?))
}

fn ledger(daemon: &Daemon) -> Result<&Ledger, Refusal> {
    let ledger = daemon.instance().ledger.as_ref();
    ledger.ok_or_else(|| {
        Refusal::new(
            Code::LedgerUnavailable,
            "there is no history: the status tells why",
        )
    })
}

/// A body as it was captured: as text, or as base64 where it is none.
#[derive(Serialize, ToSchema)]
#[schema(as = Body)]
pub(super) struct BodyText {
    #[serde(flatten)]
    row: BodyRow,
    /// The method of a request.
    method: Option<String>,
    /// Where a request went.
    address: Option<String>,
    /// The status of an answer.
    status: Option<u16>,
    /// The headers, secrets taken out.
    headers: Vec<BodyHeader>,
    /// What the body says that it is.
    content_type: Option<String>,
    /// The body as far as it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The same where it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// A header of a captured request or answer.
#[derive(Serialize, ToSchema)]
struct BodyHeader {
    /// In lower case.
    name: String,
    /// A mark where it was a secret.
    value: String,
}

fn shape(body: ledger::Body) -> BodyText {
    let cut = body.row.cut;
    let (text, base64) = match String::from_utf8(body.body) {
        Ok(text) => (Some(text), None),
        Err(error) => match text_of_cut(error.as_bytes()).filter(|_| cut) {
            Some(text) => (Some(text.to_owned()), None),
            None => (None, Some(STANDARD.encode(error.as_bytes()))),
        },
    };
    let headers = body.headers.into_iter();
    BodyText {
        row: body.row,
        method: body.method,
        address: body.address,
        status: body.status,
        headers: headers
            .map(|(name, value)| BodyHeader { name, value })
            .collect(),
        content_type: body.content_type,
        text,
        base64,
    }
}

/// The text of a body that was cut in the middle of a letter.
fn text_of_cut(bytes: &[u8]) -> Option<&str> {
    let error = std::str::from_utf8(bytes).err()?;
    let is_cut = error.error_len().is_none();
    std::str::from_utf8(&bytes[..error.valid_up_to()])
        .ok()
        .filter(|_| is_cut)
}

impl Shape for ReplayTo {
    const SHAPE: &'static str = r#"{} or {"provider": NAME, "model": NAME}"#;
}

impl From<ReplayError> for Refusal {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Command(error) => error.into(),
            ReplayError::Ledger(error) => error.into(),
        }
    }
}
