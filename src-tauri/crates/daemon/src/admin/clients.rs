//! The client programs of this machine: listed, connected, disconnected.

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use clients::{Outcome, Standing};
use serde::Deserialize;

use super::refusal::{Code, Named, Refusal};
use crate::Daemon;
use crate::client_programs::ConnectWish;
use crate::view::List;

/// The paths of client programs, below `/api/v1`.
pub(super) fn router() -> Router<Daemon> {
    Router::new()
        .route("/clients", get(list))
        .route("/clients/{id}/connect", post(connect))
        .route("/clients/{id}/disconnect", post(disconnect))
}

async fn list(State(daemon): State<Daemon>) -> Result<Json<List<Standing>>, Refusal> {
    Ok(Json(List::whole(daemon.clients().await?)))
}

/// May be left out as a whole.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wish {
    dry_run: bool,
    own_login: bool,
}

async fn connect(
    State(daemon): State<Daemon>,
    Named(id): Named,
    body: Bytes,
) -> Result<Json<Outcome>, Refusal> {
    let Wish { dry_run, own_login } = wish(&body)?;
    Ok(Json(
        daemon
            .connect_client(&id, ConnectWish { dry_run, own_login })
            .await?,
    ))
}

async fn disconnect(
    State(daemon): State<Daemon>,
    Named(id): Named,
    body: Bytes,
) -> Result<Json<Outcome>, Refusal> {
    let Wish { dry_run, .. } = wish(&body)?;
    Ok(Json(daemon.disconnect_client(&id, dry_run).await?))
}

fn wish(body: &[u8]) -> Result<Wish, Refusal> {
    if body.is_empty() {
        return Ok(Wish::default());
    }
    let shape = r#"the body must be {"dry_run": true}, or empty; connect takes "own_login" too"#;
    serde_json::from_slice(body).map_err(|_| Refusal::new(Code::InvalidRequest, shape))
}
