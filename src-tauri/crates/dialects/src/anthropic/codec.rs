//! Anthropic Messages between dialects.
#![allow(clippy::todo, unused_variables)]

use crate::{
    BadRequest, Codec, Dialect, Operation, PathFacts, Reply, StreamReader, StreamWriter, Target,
    Unreadable, Written,
    ir::{Answer, Failure, Malformed, Model, Origin, Place, Refusal, Request},
};

/// Anthropic.
#[derive(Debug, Clone, Copy)]
pub struct Anthropic;

impl Codec for Anthropic {
    fn dialect(&self) -> Dialect {
        Dialect::Anthropic
    }
    fn spell(&self, place: &Place) -> String {
        todo!()
    }
    fn read_request(&self, body: &[u8], path: PathFacts<'_>) -> Result<Request, BadRequest> {
        todo!()
    }
    fn write_answer(&self, answer: &Answer, reply: &Reply) -> Vec<u8> {
        todo!()
    }
    fn stream_writer(&self, reply: Reply) -> Box<dyn StreamWriter> {
        todo!()
    }
    fn write_failure(&self, failure: &Failure, request_id: &str) -> (u16, Vec<u8>) {
        todo!()
    }
    fn write_count(&self, tokens: u64) -> Vec<u8> {
        todo!()
    }
    fn write_models(&self, models: &[Model]) -> Vec<u8> {
        todo!()
    }
    fn write_model(&self, model: &Model) -> Vec<u8> {
        todo!()
    }
    fn endpoint(&self, operation: Operation, model: &str) -> String {
        todo!()
    }
    fn write_request(&self, request: &Request, target: &Target<'_>) -> Result<Written, Refusal> {
        todo!()
    }
    fn read_answer(&self, body: &[u8], origin: &Origin) -> Result<Answer, Unreadable> {
        todo!()
    }
    fn stream_reader(&self, origin: &Origin) -> Box<dyn StreamReader> {
        todo!()
    }
    fn read_failure(&self, status: u16, body: &[u8]) -> Failure {
        todo!()
    }
    fn read_models(&self, body: &[u8]) -> Result<Vec<Model>, Malformed> {
        todo!()
    }
}
