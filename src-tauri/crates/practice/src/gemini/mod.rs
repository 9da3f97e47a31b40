//! Google Gemini (`generateContent`): its paths, credentials, framing and errors.
//!
//! Facts are those of the google-genai types and of the Gemini API reference; wordings of refusals
//! are those that clients of the real server have reported.

mod catalog;
mod embed;
mod encode;
mod messages;
mod model;
mod odd;
mod path;
mod request;
mod schema;
mod settings;
mod shape;
mod signature;
#[cfg(test)]
mod tests;
mod tools;
mod turns;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use self::model::Model;
use self::path::{Action, target};
use crate::dialect::{Call, Dialect, Frame, Refusal, bearer, no_foreign};
use crate::embedding::Embed;
use crate::scenario::Failure;
use crate::script::{Ask, Script};

/// The dialect, by the way in which it streams.
pub(crate) enum Gemini {
    /// Server-sent events (`alt=sse`), and every call that does not stream.
    Events,
    /// One JSON array that arrives piece by piece.
    Array,
}

impl Gemini {
    fn framed(&self, value: &Bytes, index: usize, last: bool) -> Bytes {
        let value = String::from_utf8_lossy(value);
        match self {
            Self::Events => format!("data: {value}\r\n\r\n"),
            Self::Array => {
                let open = if index == 0 { "[" } else { ",\r\n" };
                let close = if last { "\r\n]" } else { "" };
                format!("{open}{value}{close}")
            }
        }
        .into()
    }
}

impl Dialect for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn call(&self, parts: &Parts) -> Option<Call> {
        let target = target(parts)?;
        let array = target.action == Action::Stream && path::query(parts, "alt") != Some("sse");
        if array != matches!(self, Self::Array) {
            return None;
        }
        // `/v1/models` is other dialects' as well; only the key tells who asks.
        let own = !parts.uri.path().starts_with("/v1/") || has_key(parts);
        match target.action {
            Action::Generate | Action::Stream => Some(Call::Answer),
            Action::Count => Some(Call::Count),
            Action::Embed | Action::BatchEmbed => Some(Call::Embed),
            Action::List => own.then_some(Call::Models),
            Action::Describe => own.then(|| Call::Model(target.model.to_owned())),
        }
    }

    fn owns(&self, parts: &Parts) -> bool {
        let path = parts.uri.path();
        path.starts_with("/v1beta/") || path.starts_with("/v1alpha/") || has_key(parts)
    }

    fn credential<'a>(&self, parts: &'a Parts) -> Option<&'a str> {
        let key = parts.headers.get("x-goog-api-key");
        key.and_then(|value| value.to_str().ok())
            .or_else(|| path::query(parts, "key"))
            .or_else(|| bearer(&parts.headers))
    }

    fn stranger(&self, given: bool) -> Refusal {
        if given {
            Refusal::bad("API key not valid. Please pass a valid API key.").coded("API_KEY_INVALID")
        } else {
            Refusal::new(
                StatusCode::FORBIDDEN,
                "Method doesn't allow unregistered callers (callers without established identity). Please use \
API Key or other form of API consumer identity to call this API.",
            )
        }
    }

    fn check_headers(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        no_foreign(
            headers,
            &["anthropic-version", "anthropic-beta", "x-api-key"],
        )
    }

    fn read(&self, parts: &Parts, body: &Bytes, counting: bool) -> Result<Ask, Refusal> {
        let target = known_target(parts)?;
        let by_google = parts.headers.contains_key("x-goog-api-client");
        let model = Model::named(target.model).asked_by_google(by_google);
        if counting {
            return request::count(&model, body);
        }
        request::generate(&model, body, target.action == Action::Stream)
    }

    fn read_embed(&self, parts: &Parts, body: &Bytes) -> Result<Embed, Refusal> {
        let target = known_target(parts)?;
        let model = Model::named(target.model);
        embed::read(&model, body, target.action == Action::BatchEmbed)
    }

    fn whole(&self, script: &Script) -> Bytes {
        if script.odd {
            odd::whole(script)
        } else {
            encode::whole(script)
        }
    }

    fn frames(&self, script: &Script) -> Vec<Frame> {
        let mut chunks = encode::chunks(script);
        if script.odd {
            chunks = odd::chunks(chunks);
        }
        let last = chunks.len().saturating_sub(1);
        let frame = |(index, chunk): (usize, encode::Chunk)| {
            let plain = chunk.value.to_string();
            let value = if script.odd {
                crate::odd::line(&plain)
            } else {
                plain.into()
            };
            Frame {
                bytes: self.framed(&value, index, index == last),
                delta: chunk.delta,
                told: Some(chunk.told),
            }
        };
        chunks.into_iter().enumerate().map(frame).collect()
    }

    fn stream_type(&self) -> &'static str {
        match self {
            Self::Events => "text/event-stream",
            Self::Array => "application/json; charset=UTF-8",
        }
    }

    fn count(&self, tokens: u64) -> Bytes {
        let details = json!([{"modality": "TEXT", "tokenCount": tokens}]);
        json!({"totalTokens": tokens, "promptTokensDetails": details})
            .to_string()
            .into()
    }

    fn embeddings(&self, embed: &Embed, vectors: &[Vec<f32>]) -> Bytes {
        embed::answer(embed, vectors)
    }

    fn models(&self, query: &str) -> Bytes {
        catalog::list(query)
    }

    fn model(&self, id: &str) -> Option<Bytes> {
        catalog::one(id)
    }

    fn error(&self, failure: &Failure, model: &str, _request_id: &str) -> Bytes {
        let error = envelope(self.status(failure.status), failure, model);
        match self {
            Self::Events => error.to_string(),
            Self::Array => json!([error]).to_string(),
        }
        .into()
    }

    /// `RetryInfo` among the details says it.
    fn has_retry_header(&self) -> bool {
        false
    }

    fn error_frame(&self, failure: &Failure, _request_id: &str, sent: usize) -> Bytes {
        let error = envelope(self.status(failure.status), failure, "");
        self.framed(&error.to_string().into(), sent, true)
    }

    /// It has none: the SDKs cannot read a comment.
    fn ping(&self) -> Option<Bytes> {
        None
    }

    fn malformed(&self) -> Bytes {
        let half = Bytes::from_static(b"{\"candidates\": [{\"content\": {\"par");
        self.framed(&half, 1, false)
    }
}

fn has_key(parts: &Parts) -> bool {
    parts.headers.contains_key("x-goog-api-key") || path::query(parts, "key").is_some()
}

/// The target of a call whose query is in order.
fn known_target(parts: &Parts) -> Result<path::Target<'_>, Refusal> {
    if let Some(name) = path::unknown_query(parts) {
        return Err(Refusal::bad(format!(
            "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. Field \
'{name}' could not be found in request message."
        )));
    }
    target(parts).ok_or_else(|| Refusal::not_found("Not Found"))
}

fn envelope(status: StatusCode, failure: &Failure, model: &str) -> Value {
    let (name, message) = words(status);
    let name = failure.kind.as_deref().unwrap_or(name);
    let message = match &failure.message {
        Some(message) => message.clone(),
        None if failure.about_model => {
            request::unsupported(&Model::named(model), "generateContent").message
        }
        None => message.to_owned(),
    };
    let mut error = json!({"code": status.as_u16(), "message": message, "status": name});
    let mut details = Vec::new();
    if let Some(code) = &failure.code {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": code,
            "domain": "googleapis.com",
        }));
    }
    if let Some(seconds) = &failure.retry_after {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": format!("{seconds}s"),
        }));
    }
    if !details.is_empty() {
        error["details"] = details.into();
    }
    json!({ "error": error })
}

/// Status name and message that belong to a status.
fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        401 => (
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials.",
        ),
        402 => (
            "FAILED_PRECONDITION",
            "Billing is not enabled for this project.",
        ),
        403 => ("PERMISSION_DENIED", "The caller does not have permission"),
        404 => ("NOT_FOUND", "Requested entity was not found."),
        409 => ("ABORTED", "The operation was aborted."),
        429 => (
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        499 => ("CANCELLED", "The operation was cancelled."),
        408 | 504 => (
            "DEADLINE_EXCEEDED",
            "Deadline expired before operation could complete.",
        ),
        502 | 503 => (
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
        ),
        400..=498 => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
        _ => ("INTERNAL", "An internal error has occurred."),
    }
}
