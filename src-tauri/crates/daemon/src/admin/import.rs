//! `POST /import/claude-logs`: history from before Turnout.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::openapi::{Call, Calls, Entry};
use super::refusal::{Code, Raw, Refusal};
use crate::Daemon;
use crate::claude_logs::LogReport;

pub(super) fn calls() -> Calls {
    Calls::of("Usage", Entry::Admin).with(
        Call::post("/import/claude-logs", claude_logs)
            .about("Takes Claude Code's own logs of before Turnout into the history.")
            .may_take::<Wish>()
            .answers::<LogReport>()
            .fails([Code::Conflict]),
    )
}

/// What is taken in. May be left out as a whole.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = ImportWish)]
#[serde(default, deny_unknown_fields)]
struct Wish {
    /// The folder of the logs; Claude Code's own when not given.
    #[schema(value_type = Option<String>)]
    folder: Option<PathBuf>,
    /// Nothing is written; the answer tells what would be.
    dry_run: bool,
}

async fn claude_logs(
    State(daemon): State<Daemon>,
    Raw(body): Raw,
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
