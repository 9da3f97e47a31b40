//! OpenAI Responses, as the Responses reference and OpenAI's SDKs have it.

mod annotations;
mod answer_in;
mod error;
mod fields;
mod frames;
mod items_in;
mod items_out;
mod models;
mod pairs;
mod pieces;
mod pieces_out;
mod place;
mod request_in;
mod request_out;
mod response_out;
mod seen;
mod stream_close;
mod stream_in;
mod stream_out;
mod tools_in;
mod tools_out;
mod usage;
mod wire;

use serde::{Deserialize, Serialize};

use crate::{
    BadRequest, Codec, Dialect, Operation, PathFacts, Reply, StreamReader, StreamWriter, Target,
    Unreadable, Written,
    ir::{Answer, Failure, Malformed, Model, Origin, Place, Refusal, Request},
};

/// OpenAI Responses.
#[derive(Debug, Clone, Copy)]
pub struct OpenaiResponses;

/// The answer to `POST /v1/responses/input_tokens`.
#[derive(Serialize)]
struct CountOut {
    object: &'static str,
    input_tokens: u64,
}

#[derive(Deserialize)]
struct CountIn {
    input_tokens: u64,
}

impl Codec for OpenaiResponses {
    fn dialect(&self) -> Dialect {
        Dialect::OpenaiResponses
    }

    fn spell(&self, place: &Place) -> String {
        place::spell(place)
    }

    fn read_request(&self, body: &[u8], _: PathFacts<'_>) -> Result<Request, BadRequest> {
        request_in::read(body, false)
    }

    fn read_count_request(&self, body: &[u8], _: PathFacts<'_>) -> Result<Request, BadRequest> {
        request_in::read(body, true)
    }

    fn write_answer(&self, answer: &Answer, reply: &Reply) -> Vec<u8> {
        stream_out::whole(answer, reply)
    }

    fn stream_writer(&self, reply: Reply) -> Box<dyn StreamWriter> {
        Box::new(stream_out::Writer::new(reply))
    }

    fn write_failure(&self, failure: &Failure, _: &str) -> (u16, Vec<u8>) {
        error::write(failure)
    }

    /// `error`, which needs no snapshot of an answer that is not ours (Responses reference, streaming events).
    fn write_failure_inside(&self, failure: &Failure) -> Vec<u8> {
        let told = serde_json::json!({
            "type": "error",
            "code": error::code_in_response(failure.kind),
            "message": failure.message,
            "param": null,
        });
        format!("event: error\ndata: {told}\n\n").into_bytes()
    }

    fn write_count(&self, tokens: u64) -> Vec<u8> {
        let count = CountOut {
            object: "response.input_tokens",
            input_tokens: tokens,
        };
        serde_json::to_vec(&count).unwrap_or_default()
    }

    fn write_models(&self, models: &[Model]) -> Vec<u8> {
        models::write(models)
    }

    fn write_model(&self, model: &Model) -> Vec<u8> {
        models::write_one(model)
    }

    fn endpoint(&self, operation: Operation, _: &str) -> String {
        let path = match operation {
            Operation::Answer { .. } => "/v1/responses",
            Operation::Count => "/v1/responses/input_tokens",
            Operation::Embed { .. } => "/v1/embeddings",
            Operation::Models => "/v1/models",
        };
        path.to_owned()
    }

    fn write_request(&self, request: &Request, target: &Target<'_>) -> Result<Written, Refusal> {
        request_out::write(request, target, false)
    }

    fn write_count_request(
        &self,
        request: &Request,
        target: &Target<'_>,
    ) -> Option<Result<Written, Refusal>> {
        Some(request_out::write(request, target, true))
    }

    fn read_count(&self, body: &[u8]) -> Option<u64> {
        let count = serde_json::from_slice::<CountIn>(body).ok();
        count.map(|count| count.input_tokens)
    }

    fn read_answer(&self, body: &[u8], origin: &Origin) -> Result<Answer, Unreadable> {
        answer_in::read(body, origin)
    }

    fn stream_reader(&self, origin: &Origin) -> Box<dyn StreamReader> {
        Box::new(stream_in::Reader::new(origin))
    }

    fn read_failure(&self, status: u16, body: &[u8]) -> Failure {
        error::read(status, body)
    }

    fn read_models(&self, body: &[u8]) -> Result<Vec<Model>, Malformed> {
        // OpenAI has one list for both of its dialects.
        crate::openai_chat::models::read(body)
    }
}
