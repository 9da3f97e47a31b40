//! Short ways to parts of a request.

use dialects::{
    ir::{
        Call, Media, MediaKind, Part, Request, Role, Source, Text, Tool, ToolKind, ToolResult, Turn,
    },
    json::Json,
};

pub(crate) fn text(text: &str) -> Part {
    Part::Text(Text::plain(text))
}

pub(crate) fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn {
        role,
        parts,
        name: None,
        at: dialects::ir::At::default(),
    }
}

pub(crate) fn call(id: &str, name: &str) -> Part {
    Part::Call(Call {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: Json::parse(r#"{ "z": 1, "a": 2 }"#).unwrap(),
        kind: dialects::ir::CallKind::Function,
        seal: None,
        cache: None,
        at: dialects::ir::At::default(),
    })
}

pub(crate) fn result(id: &str, parts: Vec<Part>, is_error: bool) -> Part {
    Part::Result(ToolResult {
        call_id: id.to_owned(),
        name: None,
        parts,
        is_error,
        cache: None,
        at: dialects::ir::At::default(),
    })
}

pub(crate) fn image() -> Part {
    Part::Media(Media {
        kind: MediaKind::Image,
        source: Source::Base64 {
            mime: "image/png".to_owned(),
            data: "AAAA".to_owned(),
        },
        title: None,
        context: None,
        detail: None,
        cite: false,
        cache: None,
        at: dialects::ir::At::default(),
    })
}

pub(crate) fn tool(name: &str, kind: ToolKind) -> Tool {
    Tool {
        name: name.to_owned(),
        kind,
        description: None,
        schema: None,
        strict: None,
        namespace: None,
        native: None,
        cache: None,
        at: 0,
    }
}

pub(crate) fn request(turns: Vec<Turn>) -> Request {
    Request {
        model: "one".to_owned(),
        turns,
        ..Request::default()
    }
}
