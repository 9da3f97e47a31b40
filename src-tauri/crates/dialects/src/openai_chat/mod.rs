//! OpenAI Chat Completions, and the many servers that are compatible with it.

mod annotations;
mod answer_out;
mod assistant_out;
mod body;
mod calls;
mod details;
mod embed;
mod error;
mod media_out;
mod messages_in;
mod messages_out;
pub(crate) mod models;
mod own;
mod place;
mod request_in;
mod request_out;
mod settings_out;
mod stream_in;
mod stream_out;
mod think;
mod thinking_out;
mod tools_in;
mod tools_out;
mod usage;
mod wire;

use crate::{
    BadRequest, Codec, Dialect, Operation, PathFacts, Reply, StreamReader, StreamWriter, Target,
    Unreadable, Written,
    ir::{
        Answer, EmbedAnswer, EmbedRequest, Failure, Malformed, Model, Origin, Place, Refusal,
        Request,
    },
};

/// OpenAI Chat Completions.
#[derive(Debug, Clone, Copy)]
pub struct OpenaiChat;

impl Codec for OpenaiChat {
    fn dialect(&self) -> Dialect {
        Dialect::OpenaiChat
    }

    fn spell(&self, place: &Place) -> String {
        place::spell(place)
    }

    fn read_request(&self, body: &[u8], _path: PathFacts<'_>) -> Result<Request, BadRequest> {
        request_in::read(body)
    }

    fn write_answer(&self, answer: &Answer, reply: &Reply) -> Vec<u8> {
        answer_out::write(answer, reply)
    }

    fn stream_writer(&self, reply: Reply) -> Box<dyn StreamWriter> {
        Box::new(stream_out::Writer::new(reply))
    }

    fn write_failure(&self, failure: &Failure, _request_id: &str) -> (u16, Vec<u8>) {
        (error::status(failure), error::print(failure))
    }

    /// The dialect has no call for counts; what its Responses sibling answers is the nearest.
    fn write_count(&self, tokens: u64) -> Vec<u8> {
        format!(r#"{{"object":"response.input_tokens","input_tokens":{tokens}}}"#).into_bytes()
    }

    fn read_embed_request(
        &self,
        body: &[u8],
        _path: PathFacts<'_>,
    ) -> Option<Result<EmbedRequest, BadRequest>> {
        Some(embed::read_request(body))
    }

    fn write_embeddings(&self, answer: &EmbedAnswer, request: &EmbedRequest) -> Vec<u8> {
        embed::print(answer, request)
    }

    fn write_models(&self, models: &[Model]) -> Vec<u8> {
        models::print_list(models)
    }

    fn write_model(&self, model: &Model) -> Vec<u8> {
        models::print(model)
    }

    fn endpoint(&self, operation: Operation, _model: &str) -> String {
        match operation {
            Operation::Answer { .. } | Operation::Count => "/v1/chat/completions",
            Operation::Embed { .. } => "/v1/embeddings",
            Operation::Models => "/v1/models",
        }
        .to_owned()
    }

    fn write_request(&self, request: &Request, target: &Target<'_>) -> Result<Written, Refusal> {
        request_out::write(request, target)
    }

    fn read_answer(&self, body: &[u8], origin: &Origin) -> Result<Answer, Unreadable> {
        stream_in::read_answer(body, origin)
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
        Some(embed::write_request(request, target))
    }

    fn read_embeddings(&self, body: &[u8]) -> Result<EmbedAnswer, Unreadable> {
        embed::read(body)
    }

    fn read_models(&self, body: &[u8]) -> Result<Vec<Model>, Malformed> {
        models::read(body)
    }
}
