//! `GET`, `POST` and `DELETE /tokens`, and what is done with the admin token.

use axum::extract::State;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::keys;
use super::refusal::{Body, Named, Refusal, Shape};
use crate::Daemon;
use crate::tokens::with_value;
use crate::view::{ClientToken, List};

/// The paths of tokens, below `/api/v1`.
pub(super) fn router() -> Router<Daemon> {
    Router::new()
        .route("/tokens", get(list).post(add))
        .route("/tokens/{name}", delete(remove))
        .route("/tokens/admin/rotate", post(rotate))
        .route("/tokens/validate", post(validate))
}

async fn list(State(daemon): State<Daemon>) -> Json<List<ClientToken>> {
    Json(List::whole(daemon.client_tokens().await))
}

/// Fields as in the config, but for the value.
#[derive(Deserialize)]
#[serde(transparent)]
struct Fields(Map<String, Value>);

impl Shape for Fields {
    const SHAPE: &'static str =
        r#"{"name": "NAME", "scopes", "groups", "models", "limits", "expires_at"}"#;
}

/// The one answer that holds the value.
async fn add(
    State(daemon): State<Daemon>,
    Body(Fields(fields)): Body<Fields>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let (made, value) = daemon.add_client_token(fields).await?;
    Ok((StatusCode::CREATED, Json(with_value(&made, &value))))
}

async fn remove(State(daemon): State<Daemon>, Named(name): Named) -> Result<StatusCode, Refusal> {
    daemon.remove_client_token(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers the new admin token, once.
pub(super) async fn rotate(State(daemon): State<Daemon>) -> Result<Json<Value>, Refusal> {
    let value = daemon.rotate_admin_token().await?;
    let told = json!({ "name": "admin", "masked": crate::secrets::masked(&value) });
    Ok(Json(with_value(&told, &value)))
}

/// A token of unknown worth.
#[derive(Deserialize)]
pub(super) struct Unknown {
    #[serde(alias = "key", deserialize_with = "keys::secret")]
    token: SecretString,
}

impl Shape for Unknown {
    const SHAPE: &'static str = r#"{"token": "TEXT"} or {"key": "TEXT"}"#;
}

/// Whether a token is good for anything now, and for what.
pub(super) async fn validate(
    State(daemon): State<Daemon>,
    Body(unknown): Body<Unknown>,
) -> Json<Value> {
    let holder = daemon.holder(unknown.token.expose_secret());
    let is_good = holder.as_ref().is_some_and(|holder| !holder.expired);
    let (name, scopes) = holder.map_or((None, Vec::new()), |holder| {
        (Some(holder.name), holder.scopes)
    });
    let scopes = if is_good { scopes } else { Vec::new() };
    Json(json!({ "valid": is_good, "name": name, "scopes": scopes }))
}
