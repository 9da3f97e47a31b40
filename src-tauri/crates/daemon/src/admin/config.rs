//! The config as text: shown without secrets, checked, and taken in anew.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::{Body, Code, Refusal, Shape};
use crate::Daemon;
use crate::settings::{self, watch};

/// Why a broken file is not shown.
const HIDDEN: &str =
    "the config is not shown while it has a mistake, as what in it is a secret cannot be told";

/// The file as it stands there. Literal secrets are masked; a file that is broken is not shown, as what in it is a
/// secret can't be told, which `hidden` says.
pub(super) async fn show(State(daemon): State<Daemon>) -> Result<Json<Value>, Refusal> {
    let path = &daemon.instance().place.config;
    let text =
        watch::read(path).map_err(|error| Refusal::new(Code::Conflict, error.to_string()))?;
    let (toml, errors) = match settings::parse(&text) {
        Ok(_) => (settings::masked(&text), Vec::new()),
        Err(problems) => (None, problems),
    };
    let hidden = toml.is_none().then_some(HIDDEN);
    let in_use = daemon.instance().config_problem().is_none();
    Ok(Json(
        json!({ "path": path, "toml": toml, "hidden": hidden, "errors": errors, "in_use": in_use }),
    ))
}

#[derive(Deserialize)]
pub(super) struct Candidate {
    toml: String,
}

impl Shape for Candidate {
    const SHAPE: &'static str = r#"{"toml": "TEXT"}"#;
}

pub(super) async fn check(Body(candidate): Body<Candidate>) -> Json<Value> {
    let errors = settings::parse(&candidate.toml).err().unwrap_or_default();
    Json(json!({ "valid": errors.is_empty(), "errors": errors }))
}

pub(super) async fn reload(State(daemon): State<Daemon>) -> Result<Json<Value>, Refusal> {
    match daemon.reload().await {
        Ok(()) => Ok(Json(
            json!({ "reloaded": true, "problems": daemon.status().await.problems }),
        )),
        Err(told) => Err(Refusal::new(Code::Conflict, told)),
    }
}
