//! `POST /import/claude-logs`: history from before Turnout. `POST /import/config`: the settings of another tool.

use std::path::PathBuf;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::audit::{Rehearsal, Rehearsed};
use super::openapi::{Call, Calls, Entry};
use super::refusal::{Body, Code, Raw, Refusal, Shape};
use crate::Daemon;
use crate::claude_logs::{LogProgress, LogReport};
use crate::import::{ImportReport, Source};

pub(super) fn calls() -> Calls {
    let logs = Call::post("/import/claude-logs", claude_logs)
        .about("Takes Claude Code's own logs of before Turnout into the history.")
        .may_take::<Wish>()
        .answers::<LogReport>()
        .fails([Code::Conflict]);
    let progress = Call::get("/import/claude-logs", progress)
        .about("How far the import of Claude Code's logs that runs has come, or the last one came.")
        .answers::<LogProgress>();
    let settings = Call::post("/import/config", settings)
        .about(
            "Takes in the settings of another tool: its keys go to the keychain, its providers, groups and rules into the \
             config. Whose they are is found out by their content.",
        )
        .takes::<Settings>()
        .answers::<ImportReport>()
        .fails([Code::InvalidRequest, Code::Conflict, Code::NoKeychain]);
    let calls = Calls::of("Usage", Entry::Admin).with(logs).with(progress);
    calls.with(settings)
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

async fn claude_logs(State(daemon): State<Daemon>, Raw(body): Raw) -> Rehearsal<LogReport> {
    let wish: Wish = if body.is_empty() {
        Wish::default()
    } else {
        let shape = r#"the body must be {"folder": "PATH", "dry_run": true}, or empty"#;
        let refused = |_| Rehearsed::unclear(Refusal::new(Code::InvalidRequest, shape));
        serde_json::from_slice(&body).map_err(refused)?
    };
    let report = daemon.import_claude_logs(wish.folder, wish.dry_run).await;
    Rehearsed::when(wish.dry_run, report)
}

async fn progress(State(daemon): State<Daemon>) -> Json<LogProgress> {
    Json(daemon.instance().reading_logs.now())
}

/// A file, its text, or the environment in which Turnout was started.
#[derive(Deserialize, ToSchema)]
#[schema(as = ImportSource)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The file, on the machine of Turnout.
    #[schema(value_type = Option<String>)]
    path: Option<PathBuf>,
    /// The text of the file instead.
    text: Option<String>,
    /// Keys that Turnout has in its environment instead; they stay there.
    #[serde(default)]
    env: bool,
    /// Nothing is written; the answer tells what would be.
    #[serde(default)]
    dry_run: bool,
}

impl Shape for Settings {
    const SHAPE: &'static str = r#"{"path": "FILE"}, {"text": "…"} or {"env": true}, and "dry_run" if nothing shall be written"#;
}

async fn settings(
    State(daemon): State<Daemon>,
    Body(wish): Body<Settings>,
) -> Rehearsal<ImportReport> {
    let source = match (wish.path, wish.text, wish.env) {
        (Some(path), None, false) => Source::File(path),
        (None, Some(text), false) => Source::Text(text),
        (None, None, true) => Source::Environment,
        _ => {
            let shape = format!("the body must be {}", Settings::SHAPE);
            let refusal = Refusal::new(Code::InvalidRequest, shape);
            return Err(Rehearsed::unclear(refusal));
        }
    };
    let report = daemon.import_settings(source, wish.dry_run).await;
    Rehearsed::when(wish.dry_run, report)
}
