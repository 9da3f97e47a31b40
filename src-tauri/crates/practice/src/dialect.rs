//! What a wire format has to be able to do to join the practice provider.
//!
//! A dialect reads requests as strictly as its real server does and prints scripts; it never decides
//! what is answered nor how that reaches the wire.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use crate::embedding::Embed;
use crate::scenario::Failure;
use crate::script::{Ask, Script, Usage};

/// A wire format. One that prints its streams in two ways (events or one JSON array, say) is two
/// values of one type, which claim different calls.
pub(crate) trait Dialect: Send + Sync {
    /// Its name as settings spell it.
    fn name(&self) -> &'static str;
    /// Which of its calls a request is, by method, path, query and headers; `None` where it has none there.
    fn call(&self, parts: &Parts) -> Option<Call>;
    /// Whether a request that is no dialect's call looks like this one's, so that it is refused in its words.
    fn owns(&self, parts: &Parts) -> bool;
    /// The credential that a caller presents.
    fn credential<'a>(&self, parts: &'a Parts) -> Option<&'a str>;
    /// The refusal of a caller who presents no credential or, with `given`, a wrong one.
    fn stranger(&self, given: bool) -> Refusal;
    /// Checks the headers that its real server demands.
    fn check_headers(&self, _headers: &HeaderMap) -> Result<(), Refusal> {
        Ok(())
    }
    /// Reads a request for an answer or, with `counting`, for its size. What only path and query
    /// tell (the model, whether to stream) is found in `parts`.
    fn read(&self, parts: &Parts, body: &Bytes, counting: bool) -> Result<Ask, Refusal>;
    /// Reads a request for embeddings.
    fn read_embed(&self, _parts: &Parts, _body: &Bytes) -> Result<Embed, Refusal> {
        Err(Refusal::not_found("Not Found"))
    }
    /// Reads which model a request asks about.
    fn read_model(&self, _body: &Bytes) -> Result<String, Refusal> {
        Err(Refusal::not_found("Not Found"))
    }
    /// The answer as one body.
    fn whole(&self, script: &Script) -> Bytes;
    /// The answer as a stream.
    fn frames(&self, script: &Script) -> Vec<Frame>;
    /// Content type of a stream.
    fn stream_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }
    /// A token count, for dialects that have a call for it.
    fn count(&self, _tokens: u64) -> Bytes {
        Bytes::new()
    }
    /// Embeddings, a vector for each text.
    fn embeddings(&self, _embed: &Embed, _vectors: &[Vec<f32>]) -> Bytes {
        Bytes::new()
    }
    /// The list of models, as far as `query` asks for it.
    fn models(&self, query: &str) -> Bytes;
    /// One model; `None` where there is none of this name.
    fn model(&self, id: &str) -> Option<Bytes>;
    /// The status under which its real server tells what a scenario calls `status`. 529 is Anthropic's own.
    fn status(&self, status: StatusCode) -> StatusCode {
        if status.as_u16() == 529 {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            status
        }
    }
    /// An error body.
    fn error(&self, failure: &Failure, model: &str, request_id: &str) -> Bytes;
    /// Whether it tells in a header, not in the error's body, when to try again.
    fn has_retry_header(&self) -> bool {
        true
    }
    /// An error inside a stream, behind `sent` frames.
    fn error_frame(&self, failure: &Failure, request_id: &str, sent: usize) -> Bytes;
    /// A keep-alive inside a stream, where it has one.
    fn ping(&self) -> Option<Bytes>;
    /// A frame that no client can read.
    fn malformed(&self) -> Bytes;
    /// The header in which it tells the id of a request.
    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }
}

/// A call that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// An answer by a model.
    Answer,
    /// A token count.
    Count,
    /// Embeddings.
    Embed,
    /// The list of models.
    Models,
    /// One model.
    Model(String),
    /// One model, named in the body.
    ModelInBody,
    /// A JSON body that is always the same.
    Fixed(&'static str),
}

/// The key of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// Refuses headers of another vendor's. Real servers pass over them; a proxy that sends a client's
/// credential to somebody else shows here.
pub(crate) fn no_foreign(headers: &HeaderMap, names: &[&str]) -> Result<(), Refusal> {
    match names.iter().find(|name| headers.contains_key(**name)) {
        Some(name) => Err(Refusal::bad(format!(
            "header {name} belongs to another vendor's API"
        ))),
        None => Ok(()),
    }
}

/// One frame of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Its bytes, blank line included.
    pub(crate) bytes: Bytes,
    /// Whether it carries a piece of content.
    pub(crate) delta: bool,
    /// The usage that a client knows once it has read this frame.
    pub(crate) told: Option<Usage>,
}

/// A request refused, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Status of the answer.
    pub(crate) status: StatusCode,
    /// What is wrong, the field named.
    pub(crate) message: String,
    /// The field, for dialects that name it apart.
    pub(crate) param: Option<String>,
    /// A word for programs, for dialects that have one.
    pub(crate) code: Option<String>,
}

impl Refusal {
    /// A refusal with this status.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            param: None,
            code: None,
        }
    }

    /// A refusal of the request as it is written: 400.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A refusal of what is not there: 404.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// The same about this field.
    pub(crate) fn about(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// The same with this word for programs.
    pub(crate) fn coded(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self {
            message: Some(refusal.message),
            param: refusal.param,
            code: refusal.code,
            ..crate::scenario::plain(refusal.status)
        }
    }
}
