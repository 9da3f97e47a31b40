//! What providers, groups and rules have in common: named things of the config, added, changed, taken out, put in order.

use axum::Json;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::refusal::{Refusal, Shape};
use crate::Daemon;
use crate::settings::section::Section;

pub(super) type Created<T> = Result<(StatusCode, Json<T>), Refusal>;
pub(super) type Changed<T> = Result<Json<T>, Refusal>;

/// Fields as in the config.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Fields(pub(super) Map<String, Value>);

impl Shape for Fields {
    const SHAPE: &'static str =
        "a JSON object with the fields that config/turnout.example.toml shows";
}

/// The names of a list, in the order that it shall have.
#[derive(Deserialize, ToSchema)]
pub(super) struct Order {
    /// Those that are not named follow.
    pub(super) order: Vec<String>,
}

impl Shape for Order {
    const SHAPE: &'static str = r#"{"order": ["NAME", …]}"#;
}

pub(super) fn created<T>(thing: T) -> (StatusCode, Json<T>) {
    (StatusCode::CREATED, Json(thing))
}

pub(super) async fn remove(
    daemon: &Daemon,
    section: Section,
    name: &str,
) -> Result<StatusCode, Refusal> {
    daemon.remove(section, name).await?;
    Ok(StatusCode::NO_CONTENT)
}
