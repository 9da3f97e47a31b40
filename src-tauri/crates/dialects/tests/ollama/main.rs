//! Ollama, read and written, seen from outside.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests panic as tests do

mod answers;
mod identity;
mod others;
mod requests;
mod requests_out;

use dialects::{
    Codec, Dialect, PathFacts, Target, Written,
    caps::{Caps, Thinking},
    ir::{At, Call, Origin, Part, Request, Role, Text, ToolResult, Turn},
    json::Json,
};
use serde_json::Value;

fn codec() -> &'static dyn Codec {
    Dialect::Ollama.codec()
}

fn origin() -> Origin {
    Origin {
        vendor: "ollama".to_owned(),
        model: "qwen3".to_owned(),
    }
}

fn caps() -> Caps {
    let mut caps = Caps::default();
    caps.thinking = Thinking::Flag;
    caps.documents = false;
    caps.forced_tool_choice = false;
    caps.stop_max = 16;
    caps
}

fn read(body: &str) -> Request {
    let path = PathFacts {
        model: None,
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

/// Places of losses, spelled as Ollama does.
fn lost(written: &Written) -> Vec<String> {
    written
        .losses
        .iter()
        .map(|loss| codec().spell(&loss.place))
        .collect()
}

fn request(turns: Vec<Turn>) -> Request {
    Request {
        dialect: Some(Dialect::Anthropic),
        model: "qwen3".to_owned(),
        turns,
        ..Request::default()
    }
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn {
        role,
        parts,
        name: None,
        at: At::default(),
    }
}

fn text(text: &str) -> Part {
    Part::Text(Text::plain(text))
}

fn call(id: &str, name: &str) -> Part {
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

fn result(id: &str, words: &str) -> ToolResult {
    ToolResult {
        call_id: id.to_owned(),
        name: None,
        parts: vec![text(words)],
        is_error: false,
        cache: None,
        at: At::default(),
    }
}
