//! What was said in a request: which bodies are kept, the bodies themselves, and the request sent again.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::Ledger;
use serde_json::{Value, json};

use super::history::settle;
use super::refusal::{Body, Code, Named, Refusal, Shape};
use crate::Daemon;
use crate::replay::{ReplayError, ReplayTo};
use crate::view::{List, Replay};

/// `GET /requests/{id}/bodies`.
pub(super) async fn list(
    State(daemon): State<Daemon>,
    Named(id): Named,
) -> Result<Json<List<Value>>, Refusal> {
    let ledger = ledger(&daemon)?;
    settle(ledger).await;
    let bodies = ledger.bodies(&id).await?;
    if bodies.is_empty() && ledger.request(&id).await?.is_none() {
        return Err(Refusal::new(
            Code::NotFound,
            format!("there is no request {id:?} in the history"),
        ));
    }
    Ok(Json(List::whole(bodies.into_iter().map(shape).collect())))
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

/// A body as text, or as base64 where it is none.
fn shape(body: ledger::Body) -> Value {
    let headers = body.headers.into_iter();
    let headers = headers.map(|(name, value)| json!({ "name": name, "value": value }));
    let mut told = json!({
        "attempt": body.row.attempt,
        "part": body.row.part,
        "method": body.method,
        "address": body.address,
        "status": body.status,
        "headers": headers.collect::<Vec<_>>(),
        "content_type": body.content_type,
        "bytes": body.row.bytes,
        "cut": body.row.cut,
        "redacted": body.row.redacted,
        "media": body.row.media,
        "same_as": body.row.same_as,
    });
    match String::from_utf8(body.body) {
        Ok(text) => told["text"] = text.into(),
        Err(error) => match text_of_cut(error.as_bytes()).filter(|_| body.row.cut) {
            Some(text) => told["text"] = text.into(),
            None => told["base64"] = STANDARD.encode(error.as_bytes()).into(),
        },
    }
    told
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
