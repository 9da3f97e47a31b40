//! Google Gemini, read and written, seen from outside.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests panic as tests do

mod answers;
mod identity;
mod others;
mod requests_in;
mod requests_out;
mod settings_out;
mod streams;

use dialects::{
    Codec, Dialect, PathFacts, Target, Written,
    caps::{CallIds, Caps, Thinking},
    ir::{Effort, Event, Origin, Request},
};
use serde_json::Value;

fn codec() -> &'static dyn Codec {
    Dialect::Gemini.codec()
}

fn origin() -> Origin {
    Origin {
        vendor: "google".to_owned(),
        model: "gemini-3.5-pro".to_owned(),
    }
}

/// Gemini 2.5.
fn second() -> Caps {
    let mut caps = Caps::default();
    caps.stop_max = 5;
    caps.call_ids = CallIds::None;
    caps.thinking = Thinking::Budget;
    caps.budget = Some((128, 24_576));
    caps.audio = true;
    caps.video = true;
    caps.web_search = true;
    caps
}

/// Gemini 3.
fn third() -> Caps {
    let mut caps = second();
    caps.thinking = Thinking::Effort;
    caps.efforts = vec![Effort::Low, Effort::Medium, Effort::High];
    caps.gemini.third = true;
    caps.call_ids = CallIds::Any;
    caps.penalties = false;
    caps
}

fn read(body: &str) -> Request {
    let path = PathFacts {
        model: Some("models/gemini-3.5-pro"),
        stream: Some(true),
    };
    codec()
        .read_request(body.as_bytes(), path)
        .unwrap_or_else(|error| panic!("{body}: {error:?}"))
}

fn target(caps: &Caps, lossy: bool) -> Target<'_> {
    Target {
        origin: origin(),
        caps,
        lossy,
    }
}

fn write(request: &Request, caps: &Caps) -> (Value, Written) {
    let written = codec()
        .write_request(request, &target(caps, false))
        .unwrap_or_else(|refusal| panic!("{refusal:?}"));
    (serde_json::from_slice(&written.body).unwrap(), written)
}

/// Places of losses, spelled as Gemini does.
fn lost(written: &Written) -> Vec<String> {
    written
        .losses
        .iter()
        .map(|loss| codec().spell(&loss.place))
        .collect()
}

/// All events of a stream given as frames.
fn events(frames: &[&str]) -> Vec<Event> {
    let mut reader = codec().stream_reader(&origin());
    let mut out = Vec::new();
    for frame in frames {
        reader.read(None, frame.as_bytes(), &mut out).unwrap();
    }
    reader.finish(&mut out).unwrap();
    out
}

/// Turns as clients of any dialect say them.
mod say {
    use dialects::{
        Dialect,
        ir::{
            At, Call, Part, Request, Role, Seal, Text, Thinking, Tool, ToolKind, ToolResult, Turn,
        },
        json::Json,
    };

    pub(crate) fn request(turns: Vec<Turn>) -> Request {
        Request {
            dialect: Some(Dialect::Anthropic),
            model: "gemini-3.5-pro".to_owned(),
            turns,
            ..Request::default()
        }
    }

    pub(crate) fn turn(role: Role, parts: Vec<Part>) -> Turn {
        Turn {
            role,
            parts,
            name: None,
            at: At::default(),
        }
    }

    pub(crate) fn user(parts: Vec<Part>) -> Turn {
        turn(Role::User, parts)
    }

    pub(crate) fn model(parts: Vec<Part>) -> Turn {
        turn(Role::Assistant, parts)
    }

    pub(crate) fn text(text: &str) -> Part {
        Part::Text(Text::plain(text))
    }

    pub(crate) fn call(id: &str, name: &str) -> Part {
        Part::Call(Call {
            id: id.to_owned(),
            name: name.to_owned(),
            arguments: Json::parse(r#"{"z":1,"a":2}"#).unwrap(),
            kind: dialects::ir::CallKind::Function,
            seal: None,
            cache: None,
            at: At::default(),
        })
    }

    pub(crate) fn result(id: &str, words: &str) -> Part {
        Part::Result(ToolResult {
            call_id: id.to_owned(),
            name: None,
            parts: vec![text(words)],
            is_error: false,
            cache: None,
            at: At::default(),
        })
    }

    pub(crate) fn thinking(text: &str, seal: Option<Seal>) -> Part {
        Part::Thinking(Thinking {
            text: text.to_owned(),
            seal,
            ..Thinking::default()
        })
    }

    /// A signature of the model that the tests ask.
    pub(crate) fn seal(data: &str) -> Seal {
        Seal::new(Dialect::Gemini, &super::origin(), data)
    }

    pub(crate) fn tool(name: &str, schema: &str) -> Tool {
        Tool {
            name: name.to_owned(),
            kind: ToolKind::Function,
            description: None,
            schema: Some(Json::parse(schema).unwrap()),
            strict: None,
            namespace: None,
            native: None,
            cache: None,
            at: 0,
        }
    }
}
