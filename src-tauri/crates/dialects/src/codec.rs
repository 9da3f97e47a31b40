//! What each dialect can do: read and write requests, answers, streams, errors, counts, embeddings, lists of models.
//!
//! Both sides of a proxy are here. Toward the client a dialect *reads requests* and *writes answers*; toward the
//! provider it *writes requests* and *reads answers*. In between stands the intermediate form ([`crate::ir`]) alone.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::{
    Usage,
    caps::Caps,
    ir::{
        Answer, EmbedAnswer, EmbedRequest, Event, Failure, Loss, Malformed, Model, Origin, Place,
        Refusal, Request, Toolbox, Truncated,
    },
    wire::Misshapen,
};

/// A wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Anthropic Messages.
    Anthropic,
    /// OpenAI Chat Completions.
    OpenaiChat,
    /// OpenAI Responses.
    OpenaiResponses,
    /// Google Gemini `generateContent`.
    Gemini,
    /// Ollama `/api/chat`.
    Ollama,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Anthropic,
        Self::OpenaiChat,
        Self::OpenaiResponses,
        Self::Gemini,
        Self::Ollama,
    ];

    /// The spelling in settings, headers and the history.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenaiChat => "openai-chat",
            Self::OpenaiResponses => "openai-responses",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }

    /// What it can do.
    pub fn codec(self) -> &'static dyn Codec {
        match self {
            Self::Anthropic => &crate::anthropic::Anthropic,
            Self::OpenaiChat => &crate::openai_chat::OpenaiChat,
            Self::OpenaiResponses => &crate::openai_responses::OpenaiResponses,
            Self::Gemini => &crate::gemini::Gemini,
            Self::Ollama => &crate::ollama::Ollama,
        }
    }
}

/// What only the path of a client's request tells.
#[derive(Debug, Clone, Copy, Default)]
pub struct PathFacts<'a> {
    /// The model, where the path names it (Gemini).
    pub model: Option<&'a str>,
    /// Whether a stream is asked for, where the path tells (Gemini) or the dialect's default differs (Ollama: true).
    pub stream: Option<bool>,
}

/// Why a client's request cannot be read or converted; answered with 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadRequest {
    /// It does not have the shape that its dialect demands.
    Misshapen(Misshapen),
    /// It says what the target cannot say.
    Refused(Refusal),
}

impl From<Misshapen> for BadRequest {
    fn from(error: Misshapen) -> Self {
        Self::Misshapen(error)
    }
}

impl From<Refusal> for BadRequest {
    fn from(error: Refusal) -> Self {
        Self::Refused(error)
    }
}

/// Where a request goes, as far as its wording depends on it.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// Vendor and model, as seals know them.
    pub origin: Origin,
    /// What this model there can take.
    pub caps: &'a Caps,
    /// Whether losses that would be refused are tolerated (setting `lossy = "allow"`).
    pub lossy: bool,
}

/// A request in a target's dialect.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// The body.
    pub body: Vec<u8>,
    /// Headers that go with it, such as `anthropic-version`.
    pub headers: Vec<(&'static str, String)>,
    /// What was left out or approximated.
    pub losses: Vec<Loss>,
    /// The client's tools by the names sent.
    pub tools: Toolbox,
}

/// What an answer's writer has to know.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The request that is answered, as the client asked it: its model name is the one told back.
    pub request: std::sync::Arc<Request>,
    /// The client's tools by the names sent.
    pub tools: Toolbox,
    /// Seed of ids that the client's dialect wants and the provider did not give: Turnout's request id.
    pub request_id: String,
    /// Now, in Unix seconds.
    pub now: i64,
    /// When the provider was asked: Ollama tells how long it took. Without it no durations are told.
    pub since: Option<Instant>,
    /// Prompt tokens, estimated, for dialects that tell them before the provider does.
    pub input_estimate: u64,
    /// A Gemini client that did not ask for `alt=sse` gets a JSON array.
    pub json_array: bool,
}

impl Reply {
    /// Tokens for the client, who divides and bills by them: what the provider told, and an estimate of the prompt and
    /// of the `said` bytes of answer where it told none.
    pub fn usage(&self, told: Option<Usage>, said: usize) -> Usage {
        let mut usage = told.unwrap_or_default();
        let prompt = usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h;
        if prompt == 0 {
            usage.input = self.input_estimate;
            usage.estimated = true;
        }
        if usage.output == 0 && said > 0 {
            // About so many tokens are so many bytes of English or code.
            usage.output = (said as u64).div_ceil(4);
            usage.estimated = true;
        }
        usage
    }
}

/// Why a provider's answer could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// It is an error, whatever its status.
    Failure(Failure),
    /// It is not what its dialect promises.
    Malformed(Malformed),
}

/// What is asked of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// An answer, streamed or not.
    Answer {
        /// Whether it is streamed.
        stream: bool,
    },
    /// A token count.
    Count,
    /// Embeddings of so many inputs.
    Embed {
        /// Whether there is more than one.
        batch: bool,
    },
    /// The list of models.
    Models,
}

/// How a provider's stream is cut into events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON object a line.
    Lines,
}

/// A dialect's readers and writers. All are pure.
pub trait Codec: Send + Sync {
    /// Which dialect.
    fn dialect(&self) -> Dialect;

    /// A place in this dialect's names, for messages and `x-turnout-loss`: `messages[2].content[0]`, `top_k`.
    fn spell(&self, place: &Place) -> String;

    // Toward the client.

    /// Reads a client's request.
    fn read_request(&self, body: &[u8], path: PathFacts<'_>) -> Result<Request, BadRequest>;
    /// Reads a client's request for a token count: the same, though less may be said in it.
    fn read_count_request(&self, body: &[u8], path: PathFacts<'_>) -> Result<Request, BadRequest> {
        self.read_request(body, path)
    }
    /// Writes a whole answer. Names of tools are the client's already.
    fn write_answer(&self, answer: &Answer, reply: &Reply) -> Vec<u8>;
    /// Writes a streamed answer.
    fn stream_writer(&self, reply: Reply) -> Box<dyn StreamWriter>;
    /// An error: its status in this dialect's vocabulary, and its body.
    fn write_failure(&self, failure: &Failure, request_id: &str) -> (u16, Vec<u8>);
    /// An error inside a stream that another writer began.
    fn write_failure_inside(&self, failure: &Failure) -> Vec<u8> {
        let mut out = Vec::new();
        self.stream_writer(Reply::default())
            .write(&Event::Failed(failure.clone()), &mut out);
        out
    }
    /// A token count.
    fn write_count(&self, tokens: u64) -> Vec<u8>;
    /// Reads a client's request for embeddings; `None` where the dialect has none.
    fn read_embed_request(
        &self,
        _body: &[u8],
        _path: PathFacts<'_>,
    ) -> Option<Result<EmbedRequest, BadRequest>> {
        None
    }
    /// Writes embeddings.
    fn write_embeddings(&self, _answer: &EmbedAnswer, _request: &EmbedRequest) -> Vec<u8> {
        Vec::new()
    }
    /// A list of models.
    fn write_models(&self, models: &[Model]) -> Vec<u8>;
    /// One model.
    fn write_model(&self, model: &Model) -> Vec<u8>;

    // Toward the provider.

    /// Path and query of an operation, from the version segment on: `/v1/messages`. The model is percent-encoded where
    /// it is a part of the path.
    fn endpoint(&self, operation: Operation, model: &str) -> String;
    /// Writes a request for a provider.
    fn write_request(&self, request: &Request, target: &Target<'_>) -> Result<Written, Refusal>;
    /// Writes a request for a token count; `None` where the dialect has no such call.
    fn write_count_request(
        &self,
        _request: &Request,
        _target: &Target<'_>,
    ) -> Option<Result<Written, Refusal>> {
        None
    }
    /// Reads a token count.
    fn read_count(&self, _body: &[u8]) -> Option<u64> {
        None
    }
    /// Reads a whole answer.
    fn read_answer(&self, body: &[u8], origin: &Origin) -> Result<Answer, Unreadable>;
    /// Reads a streamed answer.
    fn stream_reader(&self, origin: &Origin) -> Box<dyn StreamReader>;
    /// How a provider's stream is cut.
    fn framing(&self) -> Framing {
        Framing::Sse
    }
    /// Reads what came under an error status: the dialect's envelope, or a page or text that is none, cut short and
    /// without markup.
    fn read_failure(&self, status: u16, body: &[u8]) -> Failure;
    /// Writes a request for embeddings; `None` where the dialect has none.
    fn write_embed_request(
        &self,
        _request: &EmbedRequest,
        _target: &Target<'_>,
    ) -> Option<Result<Written, Refusal>> {
        None
    }
    /// Reads embeddings.
    fn read_embeddings(&self, _body: &[u8]) -> Result<EmbedAnswer, Unreadable> {
        Err(Unreadable::Malformed(Malformed(
            "this dialect has no embeddings".to_owned(),
        )))
    }
    /// Reads a list of models.
    fn read_models(&self, body: &[u8]) -> Result<Vec<Model>, Malformed>;
}

/// Reads a provider's stream, event by event.
pub trait StreamReader: Send {
    /// Takes the name and the data of the next frame; `[DONE]`, comments and pings included.
    fn read(
        &mut self,
        name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed>;
    /// Whether the dialect's own end of a stream was read (`[DONE]`, `message_stop`, `done: true`): nothing more needs
    /// to be waited for.
    fn is_over(&self) -> bool {
        false
    }
    /// Tokens as told so far, also those that are not given out as an event since the stream broke off before its end.
    fn usage(&self) -> Option<Usage>;
    /// The stream is over.
    fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), Truncated>;
}

/// Writes a client's stream.
pub trait StreamWriter: Send {
    /// Content type of the stream.
    fn content_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }
    /// Writes what an event is in the client's dialect. [`Event::Stop`] writes the stream's end, [`Event::Failed`] the
    /// dialect's error event and no successful end.
    fn write(&mut self, event: &Event, out: &mut Vec<u8>);
    /// Takes over what a frame's data tells that another writer wrote and the client has: ids, times, numbers. The frame's
    /// events are written before it. False where text that is open cannot be gone on with behind this frame.
    fn adopt(&mut self, _data: &[u8]) -> bool {
        true
    }
    /// What keeps a silent stream alive without disturbing the client's parser; empty where nothing does.
    fn keep_alive(&mut self, out: &mut Vec<u8>);
}
