//! Ollama's own API: its paths, its lines of JSON, its errors.
//!
//! Facts are those of Ollama's Go types and of its API reference.

mod catalog;
mod check;
mod encode;
mod go;
mod request;
mod structs;
mod time;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use self::encode::Form;
use crate::dialect::{Call, Dialect, Frame, Refusal, bearer, no_foreign};
use crate::embedding::Embed;
use crate::odd;
use crate::scenario::Failure;
use crate::script::{Ask, Script};

/// The dialect, by the form of its answers.
pub(crate) struct Ollama(Form);

impl Ollama {
    /// `/api/chat` and every call that is no answer.
    pub(crate) const CHAT: Self = Self(Form::Chat);
    /// `/api/generate`.
    pub(crate) const GENERATE: Self = Self(Form::Generate);
}

impl Dialect for Ollama {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn call(&self, parts: &Parts) -> Option<Call> {
        let chat = self.0 == Form::Chat;
        let (form, call) = match (&parts.method, parts.uri.path()) {
            (&Method::POST, "/api/chat") => (Form::Chat, Call::Answer),
            (&Method::POST, "/api/generate") => (Form::Generate, Call::Answer),
            (&Method::POST, "/api/embed" | "/api/embeddings") => (Form::Chat, Call::Embed),
            (&Method::POST, "/api/show") => (Form::Chat, Call::ModelInBody),
            (&Method::GET, "/api/tags") => (Form::Chat, Call::Models),
            (&Method::GET, "/api/version") => (Form::Chat, Call::Fixed(r#"{"version":"0.13.5"}"#)),
            (&Method::GET, "/api/ps") => (Form::Chat, Call::Fixed(r#"{"models":[]}"#)),
            _ => return None,
        };
        (chat == (form == Form::Chat)).then_some(call)
    }

    fn owns(&self, parts: &Parts) -> bool {
        parts.uri.path().starts_with("/api/")
    }

    fn credential<'a>(&self, parts: &'a Parts) -> Option<&'a str> {
        bearer(&parts.headers)
    }

    fn stranger(&self, _given: bool) -> Refusal {
        Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized")
    }

    fn check_headers(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let foreign = [
            "anthropic-version",
            "anthropic-beta",
            "x-api-key",
            "x-goog-api-key",
        ];
        no_foreign(headers, &foreign)
    }

    fn read(&self, _parts: &Parts, body: &Bytes, _counting: bool) -> Result<Ask, Refusal> {
        match self.0 {
            Form::Chat => request::chat(body),
            Form::Generate => request::generate(body),
        }
    }

    fn read_embed(&self, parts: &Parts, body: &Bytes) -> Result<Embed, Refusal> {
        request::embed(body, parts.uri.path() == "/api/embeddings")
    }

    fn read_model(&self, body: &Bytes) -> Result<String, Refusal> {
        request::shown(body)
    }

    fn whole(&self, script: &Script) -> Bytes {
        spelled(script, &encode::answer(self.0, script))
    }

    fn frames(&self, script: &Script) -> Vec<Frame> {
        let frame = |line: encode::Line| {
            let mut bytes = spelled(script, &line.value).to_vec();
            bytes.push(b'\n');
            Frame {
                bytes: bytes.into(),
                delta: line.delta,
                told: line.told,
            }
        };
        encode::lines(self.0, script)
            .into_iter()
            .map(frame)
            .collect()
    }

    fn stream_type(&self) -> &'static str {
        "application/x-ndjson"
    }

    /// It counts nothing on its own.
    fn count(&self, tokens: u64) -> Bytes {
        json!({ "prompt_eval_count": tokens }).to_string().into()
    }

    fn embeddings(&self, embed: &Embed, vectors: &[Vec<f32>]) -> Bytes {
        let answer = if embed.notes["old"] == true {
            json!({"embedding": vectors.first().map_or(&[][..], Vec::as_slice)})
        } else {
            json!({
                "model": embed.model,
                "embeddings": vectors,
                "total_duration": 6_000_000,
                "load_duration": 5_000_000,
                "prompt_eval_count": embed.tokens,
            })
        };
        answer.to_string().into()
    }

    fn models(&self, _query: &str) -> Bytes {
        catalog::list()
    }

    fn model(&self, id: &str) -> Option<Bytes> {
        catalog::one(id)
    }

    fn error(&self, failure: &Failure, model: &str, _request_id: &str) -> Bytes {
        envelope(failure, model).to_string().into()
    }

    fn error_frame(&self, failure: &Failure, _request_id: &str, _sent: usize) -> Bytes {
        format!("{}\n", envelope(failure, "")).into()
    }

    /// A line is an answer; there is none that says nothing.
    fn ping(&self) -> Option<Bytes> {
        None
    }

    fn malformed(&self) -> Bytes {
        Bytes::from_static(b"{\"model\":\"practice\",\"message\":{\"role\":\"assi\n")
    }
}

/// A line, with odd fields in front where the scenario wants them.
fn spelled(script: &Script, value: &Value) -> Bytes {
    let plain = value.to_string();
    if script.odd {
        odd::line(&plain)
    } else {
        plain.into()
    }
}

fn envelope(failure: &Failure, model: &str) -> Value {
    let message = match &failure.message {
        Some(message) => message.clone(),
        None if failure.about_model => format!("model '{model}' not found"),
        None => words(failure.status).to_owned(),
    };
    json!({ "error": message })
}

fn words(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "unauthorized",
        402 => "payment required",
        403 => "forbidden",
        404 => "404 page not found",
        413 => "request body too large",
        429 => "too many requests",
        400..=499 => "bad request",
        502 => "upstream is unavailable",
        503 | 529 => "server busy, please try again.  maximum pending requests exceeded",
        _ => "model runner has unexpectedly stopped",
    }
}

#[cfg(test)]
mod tests;
