//! Anthropic Messages: its paths, credentials, models and errors.
//!
//! Facts are those of the official SDKs' types and of Anthropic's documentation of the versions
//! `2023-06-01` and `2026-10-21`.

mod check;
mod encode;
mod foreign;
mod models;
mod odd;
mod request;
mod tools;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use crate::dialect::{Call, Dialect, Frame, Refusal, bearer};
use crate::scenario::Failure;
use crate::script::{Ask, Script};

/// The dialect.
pub(crate) struct Anthropic;

impl Dialect for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn call(&self, parts: &Parts) -> Option<Call> {
        match (&parts.method, parts.uri.path()) {
            (&Method::POST, "/v1/messages") => Some(Call::Answer),
            (&Method::POST, "/v1/messages/count_tokens") => Some(Call::Count),
            // The same paths are OpenAI's; only the headers tell who asks.
            (&Method::GET, "/v1/models") => self.owns(parts).then_some(Call::Models),
            (&Method::GET, path) => {
                let id = path
                    .strip_prefix("/v1/models/")
                    .filter(|id| !id.is_empty() && self.owns(parts))?;
                Some(Call::Model(id.to_owned()))
            }
            _ => None,
        }
    }

    fn owns(&self, parts: &Parts) -> bool {
        parts.headers.contains_key("anthropic-version") || parts.headers.contains_key("x-api-key")
    }

    fn credential<'a>(&self, parts: &'a Parts) -> Option<&'a str> {
        let key = parts.headers.get("x-api-key");
        key.and_then(|value| value.to_str().ok())
            .or_else(|| bearer(&parts.headers))
    }

    fn stranger(&self, given: bool) -> Refusal {
        let message = if given {
            "invalid x-api-key"
        } else {
            "x-api-key header is required"
        };
        Refusal::new(StatusCode::UNAUTHORIZED, message)
    }

    fn check_headers(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(version) = headers.get("anthropic-version") else {
            return Err(Refusal::bad("anthropic-version: header is required"));
        };
        match version.as_bytes() {
            b"2023-06-01" | b"2026-10-21" => Ok(()),
            other => {
                let other = String::from_utf8_lossy(other);
                Err(Refusal::bad(format!(
                    "anthropic-version: \"{other}\" is not a valid version"
                )))
            }
        }
    }

    fn read(&self, parts: &Parts, body: &Bytes, counting: bool) -> Result<Ask, Refusal> {
        let newer = parts
            .headers
            .get("anthropic-version")
            .is_some_and(|version| version == "2026-10-21");
        request::read(body, counting, newer)
    }

    fn whole(&self, script: &Script) -> Bytes {
        if script.odd {
            crate::odd::whole(&encode::whole(script))
        } else {
            encode::whole(script)
        }
    }

    fn frames(&self, script: &Script) -> Vec<Frame> {
        let frames = encode::frames(script);
        if script.odd {
            odd::frames(frames)
        } else {
            frames
        }
    }

    fn count(&self, tokens: u64) -> Bytes {
        json!({ "input_tokens": tokens }).to_string().into()
    }

    fn models(&self, query: &str) -> Bytes {
        models::list(query)
    }

    fn model(&self, id: &str) -> Option<Bytes> {
        models::one(id)
    }

    fn error(&self, failure: &Failure, model: &str, request_id: &str) -> Bytes {
        envelope(failure, model, request_id).to_string().into()
    }

    fn status(&self, status: StatusCode) -> StatusCode {
        status
    }

    fn error_frame(&self, failure: &Failure, request_id: &str, _sent: usize) -> Bytes {
        format!(
            "event: error\ndata: {}\n\n",
            envelope(failure, "", request_id)
        )
        .into()
    }

    fn ping(&self) -> Option<Bytes> {
        Some(Bytes::from_static(encode::PING))
    }

    fn request_id_header(&self) -> &'static str {
        "request-id"
    }

    fn malformed(&self) -> Bytes {
        Bytes::from_static(b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"del\n\n")
    }
}

fn envelope(failure: &Failure, model: &str, request_id: &str) -> serde_json::Value {
    let (kind, message) = words(failure.status);
    let kind = failure.kind.as_deref().unwrap_or(kind);
    let message = match &failure.message {
        Some(message) => message.clone(),
        None if failure.about_model => format!("model: {model}"),
        None => message.to_owned(),
    };
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id})
}

/// Error type and message that belong to a status.
fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        401 => ("authentication_error", "invalid x-api-key"),
        402 => (
            "billing_error",
            "Your credit balance is too low to access the API",
        ),
        403 => (
            "permission_error",
            "Your API key does not have permission to use the specified resource",
        ),
        404 => ("not_found_error", "Not Found"),
        408 | 504 => ("timeout_error", "Request timed out"),
        409 => ("conflict_error", "The request conflicts with another one"),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => (
            "rate_limit_error",
            "This request would exceed your organization's rate limit",
        ),
        529 => ("overloaded_error", "Overloaded"),
        400..=499 => ("invalid_request_error", "The request is invalid"),
        _ => ("api_error", "Internal server error"),
    }
}
