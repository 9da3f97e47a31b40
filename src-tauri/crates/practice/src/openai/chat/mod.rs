//! OpenAI Chat Completions: its paths and its answers.

mod check;
mod encode;
mod messages;
mod request;

use bytes::Bytes;
use http::Method;
use http::request::Parts;

use super::{embeddings, error, models, path};
use crate::dialect::{Call, Dialect, Frame, Refusal, bearer};
use crate::embedding::Embed;
use crate::scenario::Failure;
use crate::script::{Ask, Script};

/// The dialect.
pub(crate) struct OpenAiChat;

impl Dialect for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai-chat"
    }

    fn call(&self, parts: &Parts) -> Option<Call> {
        let path = path(parts);
        match parts.method {
            Method::POST if path.ends_with("/chat/completions") => Some(Call::Answer),
            Method::POST if path.ends_with("/embeddings") => Some(Call::Embed),
            Method::GET if path == "/models" => Some(Call::Models),
            Method::GET => {
                let id = path.strip_prefix("/models/").filter(|id| !id.is_empty())?;
                Some(Call::Model(id.to_owned()))
            }
            _ => None,
        }
    }

    fn owns(&self, parts: &Parts) -> bool {
        parts.uri.path().starts_with("/v1/")
    }

    fn credential<'a>(&self, parts: &'a Parts) -> Option<&'a str> {
        bearer(&parts.headers)
    }

    fn stranger(&self, given: bool) -> Refusal {
        error::stranger(given)
    }

    fn read(&self, _parts: &Parts, body: &Bytes, _counting: bool) -> Result<Ask, Refusal> {
        request::read(body)
    }

    fn read_embed(&self, _parts: &Parts, body: &Bytes) -> Result<Embed, Refusal> {
        embeddings::read(body)
    }

    fn whole(&self, script: &Script) -> Bytes {
        encode::whole(script)
    }

    fn frames(&self, script: &Script) -> Vec<Frame> {
        encode::frames(script)
    }

    fn embeddings(&self, embed: &Embed, vectors: &[Vec<f32>]) -> Bytes {
        embeddings::print(embed, vectors)
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

    fn error_frame(&self, failure: &Failure, _request_id: &str, _sent: usize) -> Bytes {
        let error = error::envelope(self, failure, "");
        format!("data: {error}\n\n{}", encode::DONE).into()
    }

    /// A comment: the SDKs read the data of every event, so an event would break them.
    fn ping(&self) -> Option<Bytes> {
        Some(Bytes::from_static(b": practice keeps the line open\n\n"))
    }

    fn malformed(&self) -> Bytes {
        Bytes::from_static(
            b"data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"del\n\n",
        )
    }
}
