//! What a wire format has to be able to do to join the practice provider.
//!
//! A dialect reads requests as strictly as its real server does and prints scripts; it never decides
//! what is answered nor how that reaches the wire.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::scenario::Failure;
use crate::script::{Ask, Script, Usage};

/// A wire format.
pub(crate) trait Dialect: Send + Sync {
    /// Its name as settings spell it.
    fn name(&self) -> &'static str;
    /// Which of its calls `method path` is; `None` where it has none there.
    fn call(&self, method: &Method, path: &str) -> Option<Call>;
    /// The credential that a caller presents.
    fn credential<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str>;
    /// Checks the headers that its real server demands.
    fn check_headers(&self, headers: &HeaderMap) -> Result<(), Refusal>;
    /// Reads a request for an answer or, with `counting`, for its size.
    fn read(&self, headers: &HeaderMap, body: &Bytes, counting: bool) -> Result<Ask, Refusal>;
    /// The answer as one body.
    fn whole(&self, script: &Script) -> Bytes;
    /// The answer as a stream.
    fn frames(&self, script: &Script) -> Vec<Frame>;
    /// A token count.
    fn count(&self, tokens: u64) -> Bytes;
    /// The list of models, as far as `query` asks for it.
    fn models(&self, query: &str) -> Bytes;
    /// One model; `None` where there is none of this name.
    fn model(&self, id: &str) -> Option<Bytes>;
    /// An error body.
    fn error(&self, failure: &Failure, model: &str, request_id: &str) -> Bytes;
    /// An error inside a stream.
    fn error_frame(&self, failure: &Failure, request_id: &str) -> Bytes;
    /// A keep-alive inside a stream.
    fn ping(&self) -> Bytes;
    /// A frame that no client can read.
    fn malformed(&self) -> Bytes;
}

/// A call that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// An answer by a model.
    Answer,
    /// A token count.
    Count,
    /// The list of models.
    Models,
    /// One model.
    Model(String),
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
}

impl Refusal {
    /// A refusal of the request as it is written: 400.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self {
            message: Some(refusal.message),
            ..crate::scenario::plain(refusal.status)
        }
    }
}
