//! `GET`, `POST`, `PUT` and `DELETE /tokens`, and what is done with the admin token.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::keys;
use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Asked, Body, Code, Named, Refusal, Shape};
use crate::Daemon;
use crate::view::{AdminToken, ClientToken, List, NewAdminToken, NewClientToken, TokenWorth};

pub(super) fn calls() -> Calls {
    Calls::of("Access", Entry::Admin)
        .with(
            Call::get("/tokens", list)
                .about("The client tokens, masked, with what was done with them.")
                .asks::<Page>()
                .lists::<ClientToken>(),
        )
        .with(
            Call::post("/tokens", add)
                .about("Makes a client token. Its value is in this answer and in no other.")
                .takes_settings("NewToken")
                .creates::<NewClientToken>()
                .edits()
                .fails([Code::NoKeychain]),
        )
        .with(
            Call::put("/tokens/{name}", change)
                .about("Sets fields of a client token. Its value stays.")
                .takes_settings("ClientTokenChange")
                .answers::<ClientToken>()
                .edits(),
        )
        .with(
            Call::delete("/tokens/{name}", remove)
                .about("Takes a client token away, which ends what it is used for.")
                .answers_nothing()
                .edits()
                .fails([Code::InvalidRequest, Code::NoKeychain]),
        )
        .with(
            Call::post("/tokens/validate", validate)
                .about("Whether a token is good for anything now, and for what.")
                .takes::<Unknown>()
                .answers::<TokenWorth>(),
        )
        .with(
            Call::post("/tokens/admin/rotate", rotate)
                .about("Makes another admin token, which is in this answer and in no other. The old one, and all sessions of pages, are good for nothing from then on.")
                .answers::<NewAdminToken>()
                .edits()
                .fails([Code::NoKeychain]),
        )
}

async fn list(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<ClientToken>>, Refusal> {
    Ok(Json(page.of(daemon.client_tokens().await)?))
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
) -> Result<(StatusCode, Json<NewClientToken>), Refusal> {
    let (made, value) = daemon.add_client_token(fields).await?;
    let token = value.expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(NewClientToken { made, token })))
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
pub(super) async fn rotate(State(daemon): State<Daemon>) -> Result<Json<NewAdminToken>, Refusal> {
    let value = daemon.rotate_admin_token().await?;
    Ok(Json(NewAdminToken {
        name: "admin",
        masked: crate::secrets::masked(&value),
        token: value.expose_secret().to_owned(),
    }))
}

/// A token of unknown worth.
#[derive(Deserialize, ToSchema)]
#[schema(as = TokenToTry)]
pub(super) struct Unknown {
    /// The token; `key` is another name for this field.
    #[schema(value_type = String, format = Password)]
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
) -> Json<TokenWorth> {
    let Some(holder) = daemon.holder(unknown.token.expose_secret()) else {
        return Json(TokenWorth::default());
    };
    let scopes = if holder.expired {
        Vec::new()
    } else {
        holder.scopes
    };
    let worth = TokenWorth {
        valid: !holder.expired,
        name: Some(holder.name),
        scopes,
        ..TokenWorth::default()
    };
    Json(match holder.token {
        None => worth,
        Some(token) => TokenWorth {
            groups: Some(token.groups),
            models: Some(token.models),
            limits: Some(token.limits),
            expires_at: token.expires_at,
            ..worth
        },
    })
}

/// What may be told of the admin token.
pub(super) async fn key_info(State(daemon): State<Daemon>) -> Json<AdminToken> {
    let loaded = daemon.loaded();
    Json(AdminToken {
        name: "admin",
        masked: loaded.admin_token.as_ref().map(crate::secrets::masked),
        scopes: ["admin"],
    })
}
