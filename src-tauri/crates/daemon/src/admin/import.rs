//! `POST /import/claude-logs`: history from before Turnout.

use std::path::PathBuf;

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;

use super::refusal::{Code, Refusal};
use crate::Daemon;
use crate::claude_logs::LogReport;

/// The paths of taking in, below `/api/v1`.
pub(super) fn router() -> Router<Daemon> {
    Router::new().route("/import/claude-logs", post(claude_logs))
}

/// May be left out as a whole.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wish {
    folder: Option<PathBuf>,
    dry_run: bool,
}

async fn claude_logs(
    State(daemon): State<Daemon>,
    body: Bytes,
) -> Result<Json<LogReport>, Refusal> {
    let wish: Wish = if body.is_empty() {
        Wish::default()
    } else {
        let shape = r#"the body must be {"folder": "PATH", "dry_run": true}, or empty"#;
        serde_json::from_slice(&body).map_err(|_| Refusal::new(Code::InvalidRequest, shape))?
    };
    let report = daemon.import_claude_logs(wish.folder, wish.dry_run).await;
    Ok(Json(report?))
}
