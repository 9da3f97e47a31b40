//! Paths of earlier tools, for programs that know no others. Each is another name for something of the admin API.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::Uri;
use serde::Deserialize;
use serde_json::{Number, Value, json};
use tower::ServiceExt as _;

use super::refusal::{Body, Code, Refusal, Shape};
use super::{auth, config, tokens};
use crate::view::{Group, List, Provider, Status};
use crate::{Daemon, chat};

/// The bound on an answer where the body names none: Anthropic's Messages demand one.
const MAX_TOKENS: u32 = 4096;

pub(super) fn router(daemon: Daemon) -> Router {
    let admin = Router::new()
        .route("/api/config/weights", post(weights))
        .route("/providers", get(providers))
        .route("/providers/reload", post(config::reload))
        .route("/v1/admin/stats", get(stats))
        .route("/v1/admin/security/key-info", get(key_info))
        .route("/v1/admin/security/validate-key", post(tokens::validate))
        .route("/v1/admin/security/rotate-admin-key", post(tokens::rotate))
        .layer(axum::middleware::from_fn_with_state(
            daemon.clone(),
            auth::admit,
        ));
    // `POST /v1/{provider}/completions` is a pin, which the gateway reads.
    let clients = Router::new()
        .route("/models", get(models))
        .route("/api/claude", post(claude));
    admin.merge(clients).with_state(daemon)
}

async fn providers(State(daemon): State<Daemon>) -> Json<List<Provider>> {
    Json(List::whole(daemon.providers().await))
}

async fn stats(State(daemon): State<Daemon>) -> Json<Status> {
    Json(daemon.status().await)
}

/// What may be told of the admin token.
async fn key_info(State(daemon): State<Daemon>) -> Json<Value> {
    let loaded = daemon.loaded();
    Json(json!({
        "name": "admin",
        "masked": loaded.admin_token.as_ref().map(crate::secrets::masked),
        "scopes": ["admin"],
    }))
}

async fn models(State(daemon): State<Daemon>, mut request: Request) -> Response {
    *request.uri_mut() = Uri::from_static("/v1/models");
    let Ok(answer) = daemon.instance().gateway.router().oneshot(request).await;
    answer
}

/// A message of Anthropic's, of which `model` and `max_tokens` may be left out.
async fn claude(State(daemon): State<Daemon>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut asked = match chat::read(&daemon, &parts.headers, body).await {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    asked
        .body
        .entry("max_tokens")
        .or_insert_with(|| MAX_TOKENS.into());
    chat::send(
        &daemon,
        "/v1/messages",
        parts.headers,
        asked.body,
        asked.rules,
    )
    .await
    .unwrap_or_else(|response| *response)
}

/// Providers and their shares of traffic.
#[derive(Deserialize)]
pub(super) struct Weights {
    weights: BTreeMap<String, Number>,
}

impl Shape for Weights {
    const SHAPE: &'static str = r#"{"weights": {"PROVIDER": NUMBER}}"#;
}

async fn weights(
    State(daemon): State<Daemon>,
    Body(wanted): Body<Weights>,
) -> Result<Json<List<Group>>, Refusal> {
    let weights = wanted.weights.iter().map(|(provider, number)| {
        let weight = whole(number).ok_or_else(|| {
            let told = format!(
                "the weight of {provider} cannot be {number}; weights are whole numbers from 1 on, such as 70 and 30"
            );
            Refusal::new(Code::InvalidRequest, told)
        })?;
        Ok((provider.clone(), weight))
    });
    let weights = weights.collect::<Result<_, Refusal>>()?;
    Ok(Json(List::whole(daemon.set_weights(weights).await?)))
}

/// Also a whole number that is written as `3.0`.
fn whole(number: &Number) -> Option<u32> {
    let told = number.as_u64().or_else(|| {
        let float = number.as_f64()?;
        (float.fract().abs() < f64::EPSILON && float >= 1.0 && float <= f64::from(u32::MAX))
            .then_some(float as u64)
    });
    u32::try_from(told?).ok().filter(|weight| *weight > 0)
}
