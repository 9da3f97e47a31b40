//! Anthropic Messages between dialects.

use super::{answer, failure, models, request_in, request_out, spell, stream_in, stream_out};
use crate::{
    BadRequest, Codec, Dialect, Operation, PathFacts, Reply, StreamReader, StreamWriter, Target,
    Unreadable, Written,
    ir::{Answer, Failure, Malformed, Model, Origin, Place, Refusal, Request},
};

/// Anthropic Messages.
#[derive(Debug, Clone, Copy)]
pub struct Anthropic;

impl Codec for Anthropic {
    fn dialect(&self) -> Dialect {
        Dialect::Anthropic
    }

    fn spell(&self, place: &Place) -> String {
        spell::spell(place)
    }

    fn read_request(&self, body: &[u8], _path: PathFacts<'_>) -> Result<Request, BadRequest> {
        Ok(request_in::read(body)?)
    }

    fn write_answer(&self, answer: &Answer, reply: &Reply) -> Vec<u8> {
        answer::write(answer, reply)
    }

    fn stream_writer(&self, reply: Reply) -> Box<dyn StreamWriter> {
        Box::new(stream_out::Writer::new(reply))
    }

    fn write_failure(&self, failure: &Failure, request_id: &str) -> (u16, Vec<u8>) {
        failure::write(failure, request_id)
    }

    fn write_count(&self, tokens: u64) -> Vec<u8> {
        format!(r#"{{"input_tokens":{tokens}}}"#).into_bytes()
    }

    fn write_models(&self, models: &[Model]) -> Vec<u8> {
        models::write(models)
    }

    fn write_model(&self, model: &Model) -> Vec<u8> {
        models::write_one(model)
    }

    fn endpoint(&self, operation: Operation, _model: &str) -> String {
        match operation {
            Operation::Answer { .. } => "/v1/messages",
            Operation::Count => "/v1/messages/count_tokens",
            Operation::Embed { .. } => "/v1/embeddings",
            Operation::Models => "/v1/models?limit=1000",
        }
        .to_owned()
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
        #[derive(serde::Deserialize)]
        struct Count {
            input_tokens: u64,
        }
        let count: Count = serde_json::from_slice(body).ok()?;
        Some(count.input_tokens)
    }

    fn read_answer(&self, body: &[u8], origin: &Origin) -> Result<Answer, Unreadable> {
        answer::read(body, origin)
    }

    fn stream_reader(&self, origin: &Origin) -> Box<dyn StreamReader> {
        Box::new(stream_in::Reader::new(origin))
    }

    fn read_failure(&self, status: u16, body: &[u8]) -> Failure {
        failure::read(status, body)
    }

    fn read_models(&self, body: &[u8]) -> Result<Vec<Model>, Malformed> {
        models::read(body)
    }
}
