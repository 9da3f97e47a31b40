//! `POST /api/chat`: one way to ask whatever model, for programs that want an answer and no dialect.
//!
//! The body is OpenAI's Chat Completions' with three liberties: `model` may be left out, `prompt` or `message` may stand for
//! `messages`, and `routing_rules` say where the request goes. It is sent on as a chat completion, so that it is routed,
//! converted, recorded and counted as any other, and the answer is put in fewer words.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use gateway::OwnRules;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;

use crate::chat_stream;
use crate::handle::Daemon;
use crate::settings::own_rules;

/// The model asked for where the body names none: a middle one, by a name that every provider's map and tiers know.
const MODEL: &str = "claude-sonnet-4-5";
/// The largest answer that is read, in bytes.
const LARGEST: usize = 64 << 20;
/// Headers of the body and of the connection that it came by, which do not hold for the request that is made of it.
const OWN: [header::HeaderName; 6] = [
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
];

pub(crate) fn router(daemon: Daemon) -> Router {
    Router::new()
        .route("/api/chat", post(chat))
        .with_state(daemon)
}

async fn chat(State(daemon): State<Daemon>, request: Request) -> Response {
    match answer(&daemon, request).await {
        Ok(response) => response,
        Err(response) => *response,
    }
}

/// The error is an answer too: OpenAI's envelope.
type Answered = Result<Response, Box<Response>>;

async fn answer(daemon: &Daemon, request: Request) -> Answered {
    let (parts, body) = request.into_parts();
    let mut asked = read(daemon, &parts.headers, body).await?;
    if let Some(system) = asked.body.remove("system").filter(|it| !it.is_null())
        && let Some(Value::Array(messages)) = asked.body.get_mut("messages")
    {
        messages.insert(0, json!({ "role": "system", "content": system }));
    }
    let stream = asked.body.get("stream") == Some(&Value::Bool(true));
    if stream {
        // Without it, streams tell no usage.
        let options = json!({ "include_usage": true });
        asked.body.insert("stream_options".to_owned(), options);
    }
    let answered = send(
        daemon,
        "/v1/chat/completions",
        parts.headers,
        asked.body,
        asked.rules,
    )
    .await?;
    if !answered.status().is_success() {
        return Ok(answered);
    }
    if stream {
        return Ok(chat_stream::told(answered));
    }
    let (parts, body) = answered.into_parts();
    let unread = |why: String| wrong(daemon, StatusCode::BAD_GATEWAY, &why);
    let bytes = to_bytes(body, LARGEST).await;
    let bytes = bytes.map_err(|error| unread(format!("the answer broke off: {error}")))?;
    let completion: Value = serde_json::from_slice(&bytes)
        .map_err(|error| unread(format!("the answer is no JSON: {error}")))?;
    let mut response = Json(short(&completion, &parts.headers)).into_response();
    carry(&parts.headers, response.headers_mut());
    Ok(response)
}

/// A request understood.
pub(crate) struct Asked {
    /// The body, with messages and a model.
    pub(crate) body: Map<String, Value>,
    /// Where it wants to go.
    pub(crate) rules: OwnRules,
}

/// Reads a request of somebody who may call: its `routing_rules` are taken out, `messages` and `model` put in.
pub(crate) async fn read(
    daemon: &Daemon,
    headers: &HeaderMap,
    body: Body,
) -> Result<Asked, Box<Response>> {
    daemon.instance().gateway.admit(headers)?;
    let refuse = |why: &str| wrong(daemon, StatusCode::BAD_REQUEST, why);
    if headers.contains_key(header::CONTENT_ENCODING) {
        let why = "a compressed body is not read here: send it as it is";
        return Err(wrong(daemon, StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    let loaded = daemon.loaded();
    let most = loaded.settings.server.max_body;
    let bytes = to_bytes(body, most).await.map_err(|_| {
        let why = format!("the body is larger than {most} bytes (server.max_body), or broke off");
        wrong(daemon, StatusCode::PAYLOAD_TOO_LARGE, &why)
    })?;
    let mut body = object(&bytes).map_err(|why| refuse(&why))?;
    let written = body.remove("routing_rules").unwrap_or_default();
    let rules = own_rules(&written, &loaded.text)
        .map_err(|why| refuse(&format!("routing_rules: {why}")))?;
    told_in_messages(&mut body).map_err(|why| refuse(&why))?;
    if body.get("model").is_none_or(Value::is_null) {
        body.insert("model".to_owned(), MODEL.into());
    }
    Ok(Asked {
        body,
        rules: OwnRules(rules.into()),
    })
}

/// Sends a request on the way of all others.
pub(crate) async fn send(
    daemon: &Daemon,
    path: &str,
    headers: HeaderMap,
    body: Map<String, Value>,
    rules: OwnRules,
) -> Answered {
    let body = Body::from(Value::Object(body).to_string());
    let mut request = Request::new(body);
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = path
        .parse()
        .map_err(|_| wrong(daemon, StatusCode::NOT_FOUND, "there is no such path"))?;
    *request.headers_mut() = headers;
    for name in OWN {
        request.headers_mut().remove(name);
    }
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    request.extensions_mut().insert(rules);
    let Ok(answer) = daemon.instance().gateway.router().oneshot(request).await;
    Ok(answer)
}

/// Headers of an answer that hold for what is made of it.
pub(crate) fn carry(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from.iter().filter(|(name, _)| !OWN.contains(name)) {
        to.append(name.clone(), value.clone());
    }
}

/// The model that was sent upstream, as the gateway tells it in its header.
pub(crate) fn model(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-turnout-model")?.to_str().ok()
}

#[allow(clippy::unnecessary_box_returns, reason = "it is the error of results")]
fn wrong(daemon: &Daemon, status: StatusCode, why: &str) -> Box<Response> {
    Box::new(daemon.instance().gateway.refuse(status, why))
}

fn object(bytes: &Bytes) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err("the body must be a JSON object".to_owned()),
        Err(error) => Err(format!("the body is no JSON: {error}")),
    }
}

/// Puts `prompt` or `message` into `messages`.
fn told_in_messages(body: &mut Map<String, Value>) -> Result<(), String> {
    let plain: Vec<Value> = ["prompt", "message"]
        .into_iter()
        .filter_map(|name| body.remove(name))
        .collect();
    let messages = match (body.remove("messages"), plain.as_slice()) {
        (Some(Value::Array(messages)), []) => messages,
        (None, [Value::String(text)]) => vec![json!({ "role": "user", "content": text })],
        (None, []) => {
            return Err(
                "messages: the field is missing; write messages, or prompt as a text".to_owned(),
            );
        }
        (None, _) => return Err("prompt: it must be one text; write messages for more".to_owned()),
        (Some(_), []) => return Err("messages: it must be a list".to_owned()),
        (Some(_), _) => return Err("messages and prompt cannot both be given".to_owned()),
    };
    body.insert("messages".to_owned(), messages.into());
    Ok(())
}

fn short(completion: &Value, headers: &HeaderMap) -> Value {
    let choice = &completion["choices"][0];
    let said = &choice["message"];
    let mut short = json!({
        "id": completion["id"],
        "role": "assistant",
        "content": said["content"].as_str().unwrap_or_default(),
        "finish_reason": choice["finish_reason"],
        "usage": completion["usage"],
        "_actual_model_used": model(headers).map_or_else(|| completion["model"].clone(), Into::into),
    });
    for name in ["tool_calls", "refusal"] {
        if let Some(told) = said.get(name).filter(|told| !told.is_null()) {
            short[name] = told.clone();
        }
    }
    short
}
