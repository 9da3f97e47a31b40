//! What one call is to be answered with, as its caller wrote it: `NAME[;key=value]…`.
//!
//! Parsing is pure and total: a scenario that does not parse is one sentence that names the wrong
//! part. This module must never look at a request or at the wire.
//!
//! Names of contents: `text` `thinking` `tool` `tools2` `long` `echo-request` `odd`.
//! Names of faults: any status `400`–`599` (`429`, `529`, `500` …), `404-model`, `400-overload`,
//! `hang` `slow` `stall` `cut` `truncate` `no-blank` `empty` `html` `fake200` `error-event`
//! `malformed` `refuse` `gzip`. Keys are listed at [`KEYS`].

mod keys;

use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use self::keys::Keys;
use crate::script::Stop;

/// Every key a scenario may carry, with its meaning.
///
/// A value may hold `%XX` for characters that cannot stand there (`%3B` for `;`).
pub const KEYS: &[(&str, &str)] = &[
    (
        "content",
        "what a good answer holds, for a fault that shows part of it",
    ),
    ("status", "status of an error or of html"),
    (
        "type",
        "error type instead of the one that belongs to the status",
    ),
    ("message", "error message"),
    (
        "code",
        "error code, in dialects that have one beside the type",
    ),
    ("retry_after", "value of retry-after; none leaves it out"),
    ("first", "time before the first byte: 200, 200ms or 2s"),
    ("headers", "early: headers at once, then the wait of first"),
    ("gap", "time between events"),
    ("ping", "time between ping events while stalled"),
    ("deltas", "pieces that the text is streamed in"),
    (
        "after",
        "deltas sent before the fault, or all: everything but the last event",
    ),
    ("events", "the same counted in events; 0 is headers alone"),
    ("how", "fin, rst or midframe: how a connection is cut"),
    ("say", "text of the answer"),
    ("tool", "name of the tool to call"),
    ("command", "shell command for a tool that takes one"),
    ("args", "tool input as JSON"),
    ("parallel", "how many tool calls one answer holds"),
    (
        "stop",
        "stop reason: end_turn, tool_use, max_tokens, refusal, pause_turn",
    ),
    ("usage_in", "input tokens"),
    ("usage_out", "output tokens"),
    ("cache_read", "tokens read from the prompt cache"),
    ("cache_write_5m", "tokens written to the five-minute cache"),
    ("cache_write_1h", "tokens written to the one-hour cache"),
    (
        "times",
        "the fault hits the first N calls with this text, then the content answers",
    ),
    (
        "only",
        "all, stream (streamed calls), main (calls that offer tools)",
    ),
    (
        "id",
        "anything: makes the counter of times this scenario's own",
    ),
    ("h.NAME", "a response header"),
];

/// Names of contents and faults beside the bare statuses, in the order in which models list them.
pub const NAMES: &[&str] = &[
    "text",
    "thinking",
    "tool",
    "tools2",
    "long",
    "echo-request",
    "odd",
    "429",
    "529",
    "500",
    "502",
    "503",
    "401",
    "402",
    "403",
    "404-model",
    "400",
    "400-overload",
    "hang",
    "slow",
    "stall",
    "cut",
    "truncate",
    "no-blank",
    "empty",
    "html",
    "fake200",
    "error-event",
    "malformed",
    "refuse",
    "gzip",
];

/// A parsed scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// As written; what `times` and the counters go by.
    pub text: String,
    /// What a good answer holds.
    pub content: Content,
    /// What goes wrong, if anything.
    pub fault: Option<Fault>,
    /// Time before the first byte.
    pub first: Option<Duration>,
    /// Whether headers go out before that time.
    pub early: bool,
    /// Time between events.
    pub gap: Option<Duration>,
    /// Time between pings while stalled.
    pub ping: Option<Duration>,
    /// Where in the stream the fault strikes; each fault has a default.
    pub point: Option<Point>,
    /// How many calls the fault hits.
    pub times: Option<u64>,
    /// Which calls the fault hits.
    pub only: Only,
    /// Wishes about the content.
    pub wish: Wish,
    /// Headers to add to the answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// Wishes about the content of an answer; what is absent is derived from the request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wish {
    /// Pieces that the text is streamed in.
    pub deltas: Option<usize>,
    /// Text of the answer.
    pub say: Option<String>,
    /// Name of the tool to call.
    pub tool: Option<String>,
    /// Shell command for a tool that takes one.
    pub command: Option<String>,
    /// Tool input.
    pub args: Option<Value>,
    /// Tool calls in one answer.
    pub parallel: Option<usize>,
    /// Stop reason.
    pub stop: Option<Stop>,
    /// Tokens: uncached input.
    pub usage_in: Option<u64>,
    /// Tokens: output.
    pub usage_out: Option<u64>,
    /// Tokens: read from the cache.
    pub cache_read: Option<u64>,
    /// Tokens: written for five minutes.
    pub cache_write_5m: Option<u64>,
    /// Tokens: written for an hour.
    pub cache_write_1h: Option<u64>,
}

/// What a good answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Text that echoes the last user text.
    Text,
    /// A thinking block, then text.
    Thinking,
    /// A tool call where tools are offered and none has answered, else text.
    Tool,
    /// Two tool calls, likewise.
    Tools2,
    /// Text in 200 deltas.
    Long,
    /// The request body as text.
    EchoRequest,
    /// Text in a spelling that is valid and unusual, for byte-equality tests.
    Odd,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An error answer.
    Status(Failure),
    /// No byte, ever.
    Hang,
    /// A late first byte.
    Slow,
    /// Silence in the middle of the answer.
    Stall,
    /// A connection cut in the middle of the answer.
    Cut(How),
    /// A clean end of the body in the middle of the answer.
    Truncate,
    /// The last event lacks its blank line.
    NoBlank,
    /// 200 with an empty body.
    Empty,
    /// An HTML page with this status.
    Html(StatusCode),
    /// 200 whose first event is an error.
    Fake200(Failure),
    /// An error event in the middle of the answer.
    ErrorEvent(Failure),
    /// An event that is not JSON in the middle of the answer.
    Malformed,
    /// The connection closed before any byte.
    Refuse(How),
    /// A gzip body, whatever the client accepts.
    Gzip,
}

/// An error to tell; what is absent belongs to the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Status of the answer.
    pub status: StatusCode,
    /// Error type.
    pub kind: Option<String>,
    /// Error message.
    pub message: Option<String>,
    /// A word for programs, in dialects that have one beside the type.
    pub code: Option<String>,
    /// The field that is wrong, in dialects that name it apart.
    pub param: Option<String>,
    /// Value of `retry-after`.
    pub retry_after: Option<String>,
    /// Whether the message says that the model is unknown.
    pub about_model: bool,
}

/// How a connection ends before its answer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// An orderly close: the client sees a body without its end.
    Fin,
    /// A reset.
    Rst,
    /// An orderly close inside an event.
    MidFrame,
}

/// A place in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// After this many deltas.
    Deltas(usize),
    /// After this many events of any kind.
    Events(usize),
    /// After everything but the last event.
    AllButLast,
}

/// Which calls a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// Every call.
    All,
    /// Streamed calls.
    Stream,
    /// Calls that offer tools: a coding client's main calls, not its side calls for titles and such.
    Main,
}

/// Why a scenario cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// No such name.
    #[error("no scenario is called `{0}`; names are {names} and statuses from 400 to 599", names = NAMES.join(", "))]
    Name(String),
    /// No such key.
    #[error("scenario `{scenario}` has no key `{key}`; keys are {keys}", keys = key_names())]
    Key {
        /// Name of the scenario.
        scenario: String,
        /// The key.
        key: String,
    },
    /// A value that its key cannot take.
    #[error("scenario key `{key}` cannot be `{value}`: write {expected}")]
    Value {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
}

impl Scenario {
    /// Reads `NAME[;key=value]…`.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let text = text.trim();
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_owned();
        let mut keys = Keys::read(&name, parts.filter(|part| !part.is_empty()))?;
        let (mut content, fault) = named(&name, &mut keys)?;
        if let Some(asked) = keys.take("content") {
            content = content_named(&asked).ok_or_else(|| {
                wrong(
                    "content",
                    &asked,
                    "text, thinking, tool, tools2, long, echo-request or odd",
                )
            })?;
        }
        let mut first = keys.duration("first")?;
        if fault == Some(Fault::Slow) {
            first = first.or(Some(Duration::from_secs(5)));
        }
        let early = keys.choice(
            "headers",
            &[("early", true), ("late", false)],
            "early or late",
        )?;
        let scenario = Self {
            first,
            early: early.unwrap_or(false),
            gap: keys.duration("gap")?,
            ping: keys.duration("ping")?,
            point: keys.point()?,
            times: keys.number("times")?,
            only: keys
                .choice(
                    "only",
                    &[
                        ("all", Only::All),
                        ("stream", Only::Stream),
                        ("main", Only::Main),
                    ],
                    "all, stream or main",
                )?
                .unwrap_or(Only::All),
            wish: keys.wish()?,
            headers: keys.headers()?,
            content,
            fault,
            text: text.to_owned(),
        };
        keys.take("id");
        keys.finish(&name)?;
        Ok(scenario)
    }

    /// The same without its fault: what answers once `times` is used up or `only` leaves a call out.
    #[must_use]
    pub fn without_fault(mut self) -> Self {
        if self.fault == Some(Fault::Slow) {
            self.first = None;
        }
        self.fault = None;
        self.point = None;
        self
    }
}

/// Whether `name`, without its keys, is a scenario: how `practice-429` is told from `practice-sonnet`.
pub fn is_name(text: &str) -> bool {
    let name = text.split(';').next().unwrap_or_default().trim();
    NAMES.contains(&name) || status_named(name).is_some()
}

fn key_names() -> String {
    KEYS.iter()
        .map(|(key, _)| *key)
        .collect::<Vec<_>>()
        .join(", ")
}

fn wrong(key: &str, value: &str, expected: &'static str) -> ScenarioError {
    ScenarioError::Value {
        key: key.to_owned(),
        value: value.to_owned(),
        expected,
    }
}

fn content_named(name: &str) -> Option<Content> {
    Some(match name {
        "text" => Content::Text,
        "thinking" => Content::Thinking,
        "tool" => Content::Tool,
        "tools2" => Content::Tools2,
        "long" => Content::Long,
        "echo-request" => Content::EchoRequest,
        "odd" => Content::Odd,
        _ => return None,
    })
}

fn status_named(name: &str) -> Option<StatusCode> {
    if name.len() != 3 {
        return None;
    }
    let status = StatusCode::from_u16(name.parse().ok()?).ok()?;
    (status.is_client_error() || status.is_server_error()).then_some(status)
}

fn named(name: &str, keys: &mut Keys) -> Result<(Content, Option<Fault>), ScenarioError> {
    if let Some(content) = content_named(name) {
        return Ok((content, None));
    }
    let fault = match name {
        "hang" => Fault::Hang,
        "slow" => Fault::Slow,
        "stall" => Fault::Stall,
        "cut" => Fault::Cut(keys.how()?),
        "truncate" => Fault::Truncate,
        "no-blank" => Fault::NoBlank,
        "empty" => Fault::Empty,
        "html" => Fault::Html(keys.status()?.unwrap_or(StatusCode::OK)),
        "fake200" => Fault::Fake200(keys.failure(overloaded())?),
        "error-event" => Fault::ErrorEvent(keys.failure(overloaded())?),
        "malformed" => Fault::Malformed,
        "refuse" => Fault::Refuse(keys.how()?),
        "gzip" => Fault::Gzip,
        "404-model" => Fault::Status(keys.failure(Failure {
            about_model: true,
            ..plain(StatusCode::NOT_FOUND)
        })?),
        "400-overload" => {
            let hidden = Failure {
                message: Some(
                    "The service is overloaded right now, please try again later".to_owned(),
                ),
                ..plain(StatusCode::BAD_REQUEST)
            };
            Fault::Status(keys.failure(hidden)?)
        }
        _ => {
            let status = status_named(name).ok_or_else(|| ScenarioError::Name(name.to_owned()))?;
            let mut failure = plain(status);
            if status == StatusCode::TOO_MANY_REQUESTS {
                failure.retry_after = Some("1".to_owned());
            }
            Fault::Status(keys.failure(failure)?)
        }
    };
    Ok((Content::Text, Some(fault)))
}

/// A failure with nothing said beyond its status.
pub(crate) fn plain(status: StatusCode) -> Failure {
    Failure {
        status,
        kind: None,
        message: None,
        code: None,
        param: None,
        retry_after: None,
        about_model: false,
    }
}

/// The failure of an overloaded provider: 529.
pub(crate) fn overloaded() -> Failure {
    plain(StatusCode::from_u16(529).unwrap_or(StatusCode::SERVICE_UNAVAILABLE))
}

#[cfg(test)]
mod tests;
