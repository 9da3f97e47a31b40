//! Requests of clients of other dialects, and what is told of them.

use dialects::{
    Dialect,
    caps::Caps,
    ir::{
        At, Call, Media, MediaKind, Part, Request, Role, Source, Text, Tool, ToolKind, ToolResult,
        Turn,
    },
    json::Json,
};
use serde_json::{Value, json};

use super::{body, lost, refused, try_write, write};

pub(crate) fn request(turns: Vec<Turn>) -> Request {
    let turns = turns.into_iter().enumerate().map(|(index, turn)| {
        let at = At::item(index);
        let place = |(part, mut said): (usize, Part)| {
            *at_of(&mut said) = at.part(part);
            said
        };
        Turn {
            at,
            parts: turn.parts.into_iter().enumerate().map(place).collect(),
            ..turn
        }
    });
    Request {
        dialect: Some(Dialect::OpenaiChat),
        model: "claude-test-5".to_owned(),
        turns: turns.collect(),
        ..Request::default()
    }
}

fn at_of(part: &mut Part) -> &mut At {
    match part {
        Part::Text(text) | Part::Refusal(text) => &mut text.at,
        Part::Media(media) => &mut media.at,
        Part::Call(call) => &mut call.at,
        Part::Result(result) => &mut result.at,
        Part::Thinking(thinking) => &mut thinking.at,
        Part::Opaque { at, .. } => at,
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

pub(crate) fn assistant(parts: Vec<Part>) -> Turn {
    turn(Role::Assistant, parts)
}

pub(crate) fn text(text: &str) -> Part {
    Part::Text(Text::plain(text))
}

pub(crate) fn call(id: &str) -> Part {
    Part::Call(Call {
        id: id.to_owned(),
        name: "run".to_owned(),
        arguments: Json::parse(r#"{"b":1,"a":2}"#).unwrap(),
        kind: dialects::ir::CallKind::Function,
        seal: None,
        cache: None,
        at: At::default(),
    })
}

pub(crate) fn result(id: &str, parts: Vec<Part>) -> Part {
    Part::Result(ToolResult {
        call_id: id.to_owned(),
        name: None,
        parts,
        is_error: false,
        cache: None,
        at: At::default(),
    })
}

pub(crate) fn media(kind: MediaKind, source: Source) -> Part {
    Part::Media(Media {
        kind,
        source,
        title: None,
        context: None,
        detail: None,
        cite: false,
        cache: None,
        at: At::default(),
    })
}

pub(crate) fn base64(mime: &str) -> Source {
    Source::Base64 {
        mime: mime.to_owned(),
        data: "aGk=".to_owned(),
    }
}

pub(crate) fn function(name: &str) -> Tool {
    Tool {
        name: name.to_owned(),
        kind: ToolKind::Function,
        description: None,
        schema: None,
        strict: None,
        namespace: None,
        native: None,
        cache: None,
        at: 0,
    }
}

pub(crate) fn tool_use(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "run", "input": {"b": 1, "a": 2}})
}

pub(crate) fn tool_result(id: &str, content: &str) -> Value {
    json!({"type": "tool_result", "tool_use_id": id, "content": content})
}

pub(crate) fn said(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

#[track_caller]
pub(crate) fn assert_messages(turns: Vec<Turn>, caps: &Caps, messages: &Value, losses: &[&str]) {
    let written = write(&request(turns), caps);
    assert_eq!(&body(&written)["messages"], messages);
    assert_eq!(lost(&written), losses);
}

#[track_caller]
pub(crate) fn assert_refused(request: &Request, caps: &Caps, place: &str) {
    let refusal = try_write(request, caps, false).unwrap_err();
    assert_eq!(refused(&refusal), place, "{refusal:?}");
    let written = try_write(request, caps, true).unwrap();
    assert!(
        lost(&written).iter().any(|lost| lost == place),
        "{:?}",
        written.losses
    );
}
