//! `POST /playground`: a request of the window's own, on the way that a client's goes.
//!
//! The paths of clients take client tokens and no cookie, so that no page spends keys there. Here is the same door as
//! everywhere in the admin API: the cookie is good only from the very page it was given to.

use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, Request, header};
use serde_json::{Map, Value};
use tower::ServiceExt as _;

use super::openapi::{Call, Calls, Entry};
use super::refusal::{Code, Refusal};
use crate::Daemon;
use crate::trial::encoded;

/// What the history calls the client.
const CLIENT: &str = "playground";

pub(super) fn calls() -> Calls {
    Calls::of("Requests", Entry::Admin).with(
        Call::post("/playground", send)
            .about("Sends a request of Anthropic Messages as a client would, and answers what comes.\n\nWith `provider` or \
                `group` it goes there, else where such a request goes. With `stream` the answer is a stream of Anthropic's \
                events. Errors are in Anthropic's shape once it was sent. The history names `playground` as its client.")
            .takes_object("A request of Anthropic Messages; `provider` or `group` beside it says where it goes.")
            .answers_with(200, "The answer, as Anthropic's.", "application/json")
            .or_media("text/event-stream")
            .fails([Code::NotFound]),
    )
}

/// What the body has to look like.
const SHAPE: &str = r#"a request of Anthropic Messages: {"model": "…", "max_tokens": 1024, "messages": […]}, and "provider" or "group" beside it"#;

/// A request as large as a client's may be.
async fn read(daemon: &Daemon, body: HttpBody) -> Result<Map<String, Value>, Refusal> {
    let most = daemon.loaded().settings.server.max_body;
    let bytes = to_bytes(body, most).await.map_err(|_| {
        let told = format!("the body is larger than {most} bytes (server.max_body), or broke off");
        Refusal::new(Code::InvalidRequest, told)
    })?;
    serde_json::from_slice(&bytes)
        .map_err(|_| Refusal::new(Code::InvalidRequest, format!("the body must be {SHAPE}")))
}

async fn send(
    State(daemon): State<Daemon>,
    request: Request<HttpBody>,
) -> Result<Response, Refusal> {
    let mut message = read(&daemon, request.into_body()).await?;
    let provider = taken(&mut message, "provider")?;
    let group = taken(&mut message, "group")?;
    let loaded = daemon.loaded();
    let missing = |thing: &str, name: &str| {
        let told = format!("there is no {thing} {name:?} in the config");
        Refusal::new(Code::NotFound, told)
    };
    let path = match (provider, group) {
        (Some(name), None) if loaded.settings.provider(&name).is_none() => {
            return Err(missing("provider", &name));
        }
        (None, Some(name)) if !loaded.settings.groups.iter().any(|it| it.name == name) => {
            return Err(missing("group", &name));
        }
        (Some(name), None) => format!("/provider/{}/v1/messages", encoded(&name)),
        (None, Some(name)) => format!("/group/{}/v1/messages", encoded(&name)),
        (None, None) => "/v1/messages".to_owned(),
        (Some(_), Some(_)) => {
            let told = "it goes to a `provider` or to a `group`: name one of both";
            return Err(Refusal::new(Code::InvalidRequest, told));
        }
    };
    let request = Request::post(path)
        .header(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )
        .header(header::USER_AGENT, CLIENT)
        .header("anthropic-version", "2023-06-01")
        .extension(gateway::Own)
        .body(HttpBody::from(Value::Object(message).to_string()));
    let request = request.map_err(|error| Refusal::new(Code::InvalidRequest, error.to_string()))?;
    let Ok(answer) = daemon.instance().gateway.router().oneshot(request).await;
    Ok(answer)
}

/// A name out of the request, which no provider is to see.
fn taken(message: &mut Map<String, Value>, field: &str) -> Result<Option<String>, Refusal> {
    match message.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => Ok(Some(name)),
        Some(_) => {
            let told = format!("`{field}` must be a name of the config");
            Err(Refusal::new(Code::InvalidRequest, told))
        }
    }
}
