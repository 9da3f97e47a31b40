//! Google Gemini `generateContent`.

mod contents_in;
mod contents_out;
mod embed;
mod error;
mod media_in;
mod media_out;
mod models;
mod request_in;
mod request_out;
mod schema;
mod seals;
mod settings_out;
mod spell;
mod stream_in;
mod stream_out;
mod tools_out;
mod usage;
mod wire;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::{
    BadRequest, Codec, Dialect, Operation, PathFacts, Reply, StreamReader, StreamWriter, Target,
    Unreadable, Written,
    ir::{
        Answer, EmbedAnswer, EmbedRequest, Failure, Malformed, Model, Origin, Place, Refusal,
        Request,
    },
};

/// What is escaped in a segment of a path: all but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The media type of an answer that is one of some texts.
const ENUM: &str = "text/x.enum";

/// Google Gemini.
#[derive(Debug, Clone, Copy)]
pub struct Gemini;

impl Codec for Gemini {
    fn dialect(&self) -> Dialect {
        Dialect::Gemini
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
        Box::new(stream_out::Writer::new(reply))
    }

    fn write_failure(&self, failure: &Failure, _request_id: &str) -> (u16, Vec<u8>) {
        let (status, error) = error::write(failure);
        (status, error::body(&error))
    }

    fn write_count(&self, tokens: u64) -> Vec<u8> {
        stream_out::count(tokens)
    }

    fn read_embed_request(
        &self,
        body: &[u8],
        path: PathFacts<'_>,
    ) -> Option<Result<EmbedRequest, BadRequest>> {
        Some(embed::read(body, path))
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

    fn endpoint(&self, operation: Operation, model: &str) -> String {
        let method = match operation {
            Operation::Models => return "/v1beta/models?pageSize=1000".to_owned(),
            Operation::Answer { stream: false } => "generateContent",
            Operation::Answer { stream: true } => "streamGenerateContent?alt=sse",
            Operation::Count => "countTokens",
            Operation::Embed { batch: false } => "embedContent",
            Operation::Embed { batch: true } => "batchEmbedContents",
        };
        let (collection, name) = match model.split_once('/') {
            Some((collection @ ("models" | "tunedModels"), name)) => (collection, name),
            _ => ("models", model),
        };
        format!("/v1beta/{collection}/{}:{method}", encoded(name))
    }

    fn write_request(&self, request: &Request, target: &Target<'_>) -> Result<Written, Refusal> {
        request_out::write(request, target)
    }

    fn write_count_request(
        &self,
        request: &Request,
        target: &Target<'_>,
    ) -> Option<Result<Written, Refusal>> {
        Some(request_out::write_count(request, target))
    }

    fn read_count(&self, body: &[u8]) -> Option<u64> {
        let body: Value = serde_json::from_slice(body).ok()?;
        body.get("totalTokens")
            .or_else(|| body.get("total_tokens"))?
            .as_u64()
    }

    fn read_answer(&self, body: &[u8], origin: &Origin) -> Result<Answer, Unreadable> {
        stream_in::answer(body, origin)
    }

    fn stream_reader(&self, origin: &Origin) -> Box<dyn StreamReader> {
        Box::new(stream_in::Reader::new(origin))
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

/// A model's name as one segment of a path.
fn encoded(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}
