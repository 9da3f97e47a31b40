//! Paths of earlier tools, for programs that know no others. Each is another name for something of the admin API.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{Method, Uri};
use serde::Deserialize;
use serde_json::Number;
use tower::ServiceExt as _;
use utoipa::ToSchema;

use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Body, Code, Refusal, Shape};
use super::{config, providers, tokens};
use crate::view::{AdminToken, Group, List, NewAdminToken, Provider, Reloaded, Status, TokenWorth};
use crate::{Daemon, chat};

/// The bound on an answer where the body names none: Anthropic's Messages demand one.
const MAX_TOKENS: u32 = 4096;

/// Those of the admin API.
pub(super) fn admin() -> Calls {
    let earlier = |call: Call| call.deprecated();
    Calls::of("Earlier tools' paths", Entry::Admin)
        .with(
            earlier(Call::get("/providers", providers::list))
                .about("As `GET /api/v1/providers`.")
                .asks::<Page>()
                .lists::<Provider>(),
        )
        .with(
            earlier(Call::post("/providers/reload", config::reload))
                .about("As `POST /api/v1/reload`.")
                .answers::<Reloaded>()
                .edits(),
        )
        .with(
            earlier(Call::post("/api/config/weights", weights))
                .about("Sets providers' weights in all groups that have them.")
                .takes::<Weights>()
                .lists::<Group>()
                .fails([Code::NotFound])
                .edits(),
        )
        .with(
            earlier(Call::get("/v1/admin/stats", stats))
                .about("As `GET /api/v1/status`.")
                .answers::<Status>(),
        )
        .with(
            earlier(Call::get("/v1/admin/security/key-info", tokens::key_info))
                .about("What may be told of the admin token.")
                .answers::<AdminToken>(),
        )
        .with(
            earlier(Call::post(
                "/v1/admin/security/validate-key",
                tokens::validate,
            ))
            .about("As `POST /api/v1/tokens/validate`.")
            .takes::<tokens::Unknown>()
            .answers::<TokenWorth>(),
        )
        .with(
            earlier(Call::post(
                "/v1/admin/security/rotate-admin-key",
                tokens::rotate,
            ))
            .about("As `POST /api/v1/tokens/admin/rotate`.")
            .answers::<NewAdminToken>()
            .edits()
            .fails([Code::NoKeychain]),
        )
}

/// The call for programs that want an answer and no dialect.
pub(super) fn chat() -> Calls {
    Calls::of("Chat", Entry::Client).with(
        Call::elsewhere(Method::POST, "/api/chat")
            .about(
                "An answer to `messages`, `message` or `prompt`, where no model need be named: rules of the request go before \
                 those of the config. With `stream` it comes as events.",
            )
            .takes_object("A JSON object.")
            .answers_with(200, "The answer.", "application/json"),
    )
}

/// Those that clients call.
pub(super) fn clients() -> Calls {
    let message = "A JSON object.";
    Calls::of("Earlier tools' paths", Entry::Client)
        .with(
            Call::get("/models", models)
                .deprecated()
                .about("As `GET /v1/models`.")
                .answers_with(200, "The models.", "application/json"),
        )
        .with(
            Call::post("/api/claude", claude)
                .deprecated()
                .about("As `POST /v1/messages`, of which `model` and `max_tokens` may be left out.")
                .takes_object(message)
                .answers_with(200, "What `POST /v1/messages` answers.", "application/json"),
        )
        .with(
            Call::elsewhere(Method::POST, "/v1/{provider}/completions")
                .deprecated()
                .about("As `POST /provider/{provider}/v1/chat/completions`.")
                .takes_object(message)
                .answers_with(
                    200,
                    "What `POST /v1/chat/completions` answers.",
                    "application/json",
                ),
        )
}

async fn stats(State(daemon): State<Daemon>) -> Json<Status> {
    Json(daemon.status().await)
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
#[derive(Deserialize, ToSchema)]
struct Weights {
    /// Whole numbers from 1 on, by provider.
    #[schema(value_type = BTreeMap<String, u32>)]
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
