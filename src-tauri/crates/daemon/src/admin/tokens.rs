//! `GET`, `POST`, `PUT` and `DELETE /tokens`, and what is done with the admin token.

use axum::extract::State;
use axum::routing::{get, post, put};
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
        .route("/tokens/{name}", put(change).delete(remove))
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

/// Sets the given fields; `null` takes one away. The value stays.
async fn change(
    State(daemon): State<Daemon>,
    Named(name): Named,
    Body(Fields(fields)): Body<Fields>,
) -> Result<Json<ClientToken>, Refusal> {
    Ok(Json(daemon.change_client_token(&name, fields).await?))
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
    let Some(holder) = daemon.holder(unknown.token.expose_secret()) else {
        return Json(json!({ "valid": false, "name": null, "scopes": [] }));
    };
    let scopes = if holder.expired {
        Vec::new()
    } else {
        holder.scopes
    };
    let mut told = json!({ "valid": !holder.expired, "name": holder.name, "scopes": scopes });
    // The admin token is bounded by nothing.
    if let Some(token) = holder.token {
        told["groups"] = json!(token.groups);
        told["models"] = json!(token.models);
        told["limits"] = json!(token.limits);
        told["expires_at"] = json!(token.expires_at);
    }
    Json(told)
}
