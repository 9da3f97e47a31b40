//! What providers say, in every dialect: answers that can be told apart, and errors.
//!
//! An answer says `[7:0/3][7:1/3][7:2/3]`: the number of the sending that it answers, the piece, and how many there are.
//! Whatever way it takes to the client, and written anew however often, it shows whether it is whole and of whom.

use dialects::{
    Dialect, Reply, Usage,
    ir::{Answer, Event, Failure, Opening, Part, Stop, Text},
};

/// What one sending is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Saying {
    /// The number of the sending.
    pub(crate) sending: usize,
    /// In how many pieces it is said; 0 says nothing.
    pub(crate) pieces: usize,
    pub(crate) usage: Usage,
}

/// A streamed answer in its parts.
pub(crate) struct Streamed {
    /// All before the first piece.
    pub(crate) opening: Vec<u8>,
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) closing: Vec<u8>,
}

impl Saying {
    fn piece(&self, index: usize) -> String {
        format!("[{}:{index}/{}]", self.sending, self.pieces)
    }

    /// As a whole answer.
    pub(crate) fn whole(&self, dialect: Dialect) -> Vec<u8> {
        let text: String = (0..self.pieces).map(|index| self.piece(index)).collect();
        let answer = Answer {
            id: Some(format!("a{}", self.sending)),
            model: Some("m-1".to_owned()),
            parts: vec![Part::Text(Text::plain(text))],
            stop: Stop::End,
            usage: Some(self.usage),
        };
        dialect.codec().write_answer(&answer, &reply())
    }

    /// As a stream.
    pub(crate) fn streamed(&self, dialect: Dialect) -> Streamed {
        let mut writer = dialect.codec().stream_writer(reply());
        let mut write = |events: &[Event]| {
            let mut out = Vec::new();
            for event in events {
                writer.write(event, &mut out);
            }
            out
        };
        let start = Event::Start {
            id: Some(format!("a{}", self.sending)),
            model: Some("m-1".to_owned()),
        };
        let opening = write(&[start, Event::Usage(self.usage), Event::Open(Opening::Text)]);
        let pieces = (0..self.pieces).map(|index| write(&[Event::Delta(self.piece(index))]));
        let pieces = pieces.collect();
        let ends = [
            Event::Close,
            Event::Usage(self.usage),
            Event::Stop(Stop::End),
        ];
        Streamed {
            opening,
            pieces,
            closing: write(&ends),
        }
    }
}

fn reply() -> Reply {
    let request = dialects::ir::Request {
        model: "m-1".to_owned(),
        stream: true,
        stream_usage: true,
        ..dialects::ir::Request::default()
    };
    Reply {
        request: request.into(),
        request_id: "req".to_owned(),
        now: 1,
        ..Reply::default()
    }
}

/// An error's body.
pub(crate) fn error(dialect: Dialect, status: u16, message: &str) -> Vec<u8> {
    let failure = Failure::of_status(status, message);
    dialect.codec().write_failure(&failure, "req").1
}

/// An error inside a stream.
pub(crate) fn error_inside(dialect: Dialect, message: &str) -> Vec<u8> {
    let failure = Failure::of_status(529, message);
    dialect.codec().write_failure_inside(&failure)
}

/// A client's request: path and body.
pub(crate) fn request(
    dialect: Dialect,
    stream: bool,
    earlier: &[String],
    prompt: &str,
) -> (String, String) {
    let (model, field) = match dialect {
        Dialect::Gemini => ("model", "parts"),
        _ => ("assistant", "content"),
    };
    let turn = |role: &str, text: &str| match dialect {
        Dialect::Gemini => format!(r#"{{"role":"{role}","{field}":[{{"text":"{text}"}}]}}"#),
        _ => format!(r#"{{"role":"{role}","{field}":"{text}"}}"#),
    };
    let mut turns: Vec<String> = earlier
        .iter()
        .flat_map(|prompt| [turn("user", prompt), turn(model, "said")])
        .collect();
    turns.push(turn("user", prompt));
    let turns = format!("[{}]", turns.join(","));
    match dialect {
        Dialect::Anthropic => (
            "/v1/messages".to_owned(),
            format!(r#"{{"model":"m-1","stream":{stream},"max_tokens":99,"messages":{turns}}}"#),
        ),
        Dialect::OpenaiChat => (
            "/v1/chat/completions".to_owned(),
            format!(
                r#"{{"model":"m-1","stream":{stream},"stream_options":{{"include_usage":true}},"messages":{turns}}}"#
            ),
        ),
        Dialect::OpenaiResponses => (
            "/v1/responses".to_owned(),
            format!(r#"{{"model":"m-1","stream":{stream},"store":false,"input":{turns}}}"#),
        ),
        Dialect::Gemini => (
            if stream {
                "/v1beta/models/m-1:streamGenerateContent?alt=sse".to_owned()
            } else {
                "/v1beta/models/m-1:generateContent".to_owned()
            },
            format!(r#"{{"contents":{turns}}}"#),
        ),
        Dialect::Ollama => (
            "/ollama/api/chat".to_owned(),
            format!(r#"{{"model":"m-1","stream":{stream},"messages":{turns}}}"#),
        ),
    }
}

/// Whether a provider of this dialect is asked for a stream.
pub(crate) fn is_streamed(dialect: Dialect, uri: &http::Uri, body: &str) -> bool {
    match dialect {
        Dialect::Gemini => uri.path().contains("streamGenerateContent"),
        Dialect::Ollama => !body.contains(r#""stream":false"#),
        _ => body.contains(r#""stream":true"#),
    }
}

/// What a client was told, whatever its dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// A whole answer to this sending.
    Whole(usize),
    /// A whole answer that says nothing.
    Nothing,
    /// The beginning of an answer to this sending, then an error.
    Cut(usize),
    /// An error in its own dialect.
    Error,
    /// None of these.
    Odd(String),
}

/// What Claude Code has of a body, and how often it began anew: a message that begins takes the place of one of which no
/// block is over.
pub(crate) fn begun_last(body: &str) -> Result<(&str, usize), &'static str> {
    const BEGINS: &str = "event: message_start\n";
    let Some(at) = body.rfind(BEGINS) else {
        return Ok((body, 0));
    };
    let (before, last) = body.split_at(at);
    if before.contains("event: content_block_stop\n") {
        return Err("a message begins anew behind a block that is over");
    }
    Ok((last, before.matches(BEGINS).count()))
}

/// Understands what a client was sent.
pub(crate) fn told(dialect: Dialect, stream: bool, status: u16, body: &str) -> Told {
    let odd = |why: &str| Told::Odd(format!("{why}: {status} {body}"));
    let pieces = match pieces(body) {
        Ok(pieces) => pieces,
        Err(why) => return odd(why),
    };
    if status != 200 {
        return if pieces.is_empty() && is_error(dialect, body) {
            Told::Error
        } else {
            odd("an error that is none")
        };
    }
    let (ends, fails) = if stream {
        (ends_well(dialect, body), fails_inside(dialect, body))
    } else {
        (true, false)
    };
    match (pieces.last(), ends, fails) {
        (None, true, false) => Told::Nothing,
        (None, false, true) => Told::Error,
        (Some((sending, index, of)), true, false) if index + 1 == *of => Told::Whole(*sending),
        (Some((sending, ..)), false, true) => Told::Cut(*sending),
        _ => odd("neither whole nor told to be cut"),
    }
}

/// The pieces in a body; one that is not the next of the one before it is an error.
fn pieces(body: &str) -> Result<Vec<(usize, usize, usize)>, &'static str> {
    let mut pieces: Vec<(usize, usize, usize)> = Vec::new();
    // The last events of some dialects repeat the whole answer.
    let mut repeats = 0;
    for part in body.split('[').skip(1) {
        let Some(piece) = piece(part) else { continue };
        match pieces.last() {
            Some(last) if last.0 != piece.0 => return Err("two answers in one"),
            Some(last) if last.1 + 1 == piece.1 => pieces.push(piece),
            Some(_) if pieces.get(repeats % pieces.len()) == Some(&piece) => repeats += 1,
            None if piece.1 == 0 => pieces.push(piece),
            _ => return Err("pieces are missing"),
        }
    }
    Ok(pieces)
}

fn piece(part: &str) -> Option<(usize, usize, usize)> {
    let (piece, _) = part.split_once(']')?;
    let (sending, rest) = piece.split_once(':')?;
    let (index, of) = rest.split_once('/')?;
    Some((sending.parse().ok()?, index.parse().ok()?, of.parse().ok()?))
}

fn ends_well(dialect: Dialect, body: &str) -> bool {
    body.contains(match dialect {
        Dialect::Anthropic => "\"message_stop\"",
        Dialect::OpenaiChat => "\"finish_reason\":\"stop\"",
        Dialect::OpenaiResponses => "event: response.completed",
        Dialect::Gemini => "\"finishReason\":\"STOP\"",
        Dialect::Ollama => "\"done\":true",
    })
}

fn fails_inside(dialect: Dialect, body: &str) -> bool {
    match dialect {
        Dialect::Anthropic => body.contains("event: error\n"),
        Dialect::OpenaiChat | Dialect::Gemini => body.contains("data: {\"error\":"),
        Dialect::OpenaiResponses => {
            body.contains("event: response.failed") || body.contains("event: error")
        }
        Dialect::Ollama => body.contains("{\"error\":"),
    }
}

fn is_error(dialect: Dialect, body: &str) -> bool {
    let Ok(body) = serde_json::from_str::<serde_json::Value>(body) else {
        return false;
    };
    let error = &body["error"];
    match dialect {
        Dialect::Anthropic => body["type"] == "error" && error["type"].is_string(),
        Dialect::OpenaiChat | Dialect::OpenaiResponses => error["message"].is_string(),
        Dialect::Gemini => error["code"].is_u64() && error["status"].is_string(),
        Dialect::Ollama => error.is_string(),
    }
}
