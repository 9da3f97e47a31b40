//! OpenAI Responses: its paths and its answers. Nothing is stored, so ids alone say nothing.

mod check;
mod encode;
mod items;
mod order;
mod request;
mod stream;
mod tools;

use bytes::Bytes;
use http::Method;
use http::request::Parts;
use serde_json::json;

use super::{error, models, path};
use crate::dialect::{Call, Dialect, Frame, Refusal, bearer};
use crate::scenario::Failure;
use crate::script::{Ask, Script};

/// The dialect.
pub(crate) struct OpenAiResponses;

impl Dialect for OpenAiResponses {
    fn name(&self) -> &'static str {
        "openai-responses"
    }

    fn call(&self, parts: &Parts) -> Option<Call> {
        let path = path(parts);
        match parts.method {
            Method::POST if path.ends_with("/responses") => Some(Call::Answer),
            Method::POST if path.ends_with("/responses/input_tokens") => Some(Call::Count),
            _ => None,
        }
    }

    fn owns(&self, parts: &Parts) -> bool {
        path(parts).starts_with("/responses")
    }

    fn credential<'a>(&self, parts: &'a Parts) -> Option<&'a str> {
        bearer(&parts.headers)
    }

    fn stranger(&self, given: bool) -> Refusal {
        error::stranger(given)
    }

    fn read(&self, _parts: &Parts, body: &Bytes, counting: bool) -> Result<Ask, Refusal> {
        request::read(body, counting)
    }

    fn whole(&self, script: &Script) -> Bytes {
        encode::whole(script)
    }

    fn frames(&self, script: &Script) -> Vec<Frame> {
        stream::frames(script)
    }

    fn count(&self, tokens: u64) -> Bytes {
        json!({"object": "response.input_tokens", "input_tokens": tokens})
            .to_string()
            .into()
    }

    fn models(&self, _query: &str) -> Bytes {
        models::list()
    }

    fn model(&self, id: &str) -> Option<Bytes> {
        models::one(id)
    }

    fn error(&self, failure: &Failure, model: &str, _request_id: &str) -> Bytes {
        error::envelope(self, failure, model).to_string().into()
    }

    /// Behind the first event a failed response, before it a bare error, as the real server has both.
    fn error_frame(&self, failure: &Failure, request_id: &str, sent: usize) -> Bytes {
        let error = &error::envelope(self, failure, "")["error"];
        if sent == 0 {
            return encode::error(error);
        }
        let id = request_id.strip_prefix("req_").unwrap_or(request_id);
        let code = match (&failure.code, failure.status.as_u16()) {
            (Some(code), _) => code,
            (None, 429) => "rate_limit_exceeded",
            (None, _) => "server_error",
        };
        encode::failed(id, code, &error["message"], sent)
    }

    /// A comment: the SDKs read the data of every event, so an event would break them.
    fn ping(&self) -> Option<Bytes> {
        Some(Bytes::from_static(b": practice keeps the line open\n\n"))
    }

    fn malformed(&self) -> Bytes {
        Bytes::from_static(b"event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"del\n\n")
    }
}
