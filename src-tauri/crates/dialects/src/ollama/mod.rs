//! Ollama `/api/chat`.

mod embed;
mod error;
mod messages_in;
mod messages_out;
mod models;
mod request_in;
mod request_out;
mod spell;
mod stream_in;
mod stream_out;
mod time;
mod tools_out;
mod wire;

use serde_json::json;

use crate::{
    BadRequest, Codec, Dialect, Framing, Operation, PathFacts, Reply, StreamReader, StreamWriter,
    Target, Unreadable, Written,
    ir::{
        Answer, EmbedAnswer, EmbedRequest, Failure, Malformed, Model, Origin, Place, Refusal,
        Request,
    },
};

/// The client's own field by which a request of `/api/generate` is known when its answer is written: answers to those
/// have `response` in place of `message`.
const GENERATE: &str = "prompt";

/// Ollama.
#[derive(Debug, Clone, Copy)]
pub struct Ollama;

impl Codec for Ollama {
    fn dialect(&self) -> Dialect {
        Dialect::Ollama
    }

    fn spell(&self, place: &Place) -> String {
        spell::place(place)
    }

    fn read_request(&self, body: &[u8], path: PathFacts<'_>) -> Result<Request, BadRequest> {
        request_in::read(body, path)
    }

    fn write_answer(&self, answer: &Answer, reply: &Reply) -> Vec<u8> {
        stream_out::answer(answer, reply)
    }

    fn stream_writer(&self, reply: Reply) -> Box<dyn StreamWriter> {
        Box::new(stream_out::Writer::new(&reply))
    }

    fn write_failure(&self, failure: &Failure, _request_id: &str) -> (u16, Vec<u8>) {
        error::write(failure)
    }

    /// Ollama counts no tokens before it answers; the figure is named as in answers.
    fn write_count(&self, tokens: u64) -> Vec<u8> {
        json!({"prompt_eval_count": tokens})
            .to_string()
            .into_bytes()
    }

    fn read_embed_request(
        &self,
        body: &[u8],
        _path: PathFacts<'_>,
    ) -> Option<Result<EmbedRequest, BadRequest>> {
        Some(embed::read(body))
    }

    fn write_embeddings(&self, answer: &EmbedAnswer, request: &EmbedRequest) -> Vec<u8> {
        embed::write_answer(answer, request)
    }

    fn write_models(&self, models: &[Model]) -> Vec<u8> {
        models::write(models)
    }

    fn write_model(&self, model: &Model) -> Vec<u8> {
        models::write_one(model)
    }

    fn endpoint(&self, operation: Operation, _model: &str) -> String {
        match operation {
            Operation::Answer { .. } | Operation::Count => "/api/chat",
            Operation::Embed { .. } => "/api/embed",
            Operation::Models => "/api/tags",
        }
        .to_owned()
    }

    fn write_request(&self, request: &Request, target: &Target<'_>) -> Result<Written, Refusal> {
        request_out::write(request, target)
    }

    fn read_answer(&self, body: &[u8], origin: &Origin) -> Result<Answer, Unreadable> {
        stream_in::answer(body, origin)
    }

    fn stream_reader(&self, origin: &Origin) -> Box<dyn StreamReader> {
        Box::new(stream_in::Reader::new(origin))
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn read_failure(&self, status: u16, body: &[u8]) -> Failure {
        error::read(status, body)
    }

    fn write_embed_request(
        &self,
        request: &EmbedRequest,
        target: &Target<'_>,
    ) -> Option<Result<Written, Refusal>> {
        Some(embed::write(request, target))
    }

    fn read_embeddings(&self, body: &[u8]) -> Result<EmbedAnswer, Unreadable> {
        embed::read_answer(body)
    }

    fn read_models(&self, body: &[u8]) -> Result<Vec<Model>, Malformed> {
        models::read(body)
    }
}
