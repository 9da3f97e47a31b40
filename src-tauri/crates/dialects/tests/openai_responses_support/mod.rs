//! Requests as tests of Responses build them.

#![allow(dead_code)] // each test program uses some of it

use dialects::{
    BadRequest, Dialect, PathFacts, Target, Written,
    caps::{Caps, Responses},
    ir::{
        Call, Effort, Media, MediaKind, Origin, Part, Refusal, Request, Role, Source, Text, Tool,
        ToolKind, ToolResult, Turn,
    },
    json::Json,
};
use serde_json::Value;

pub(crate) const R: Dialect = Dialect::OpenaiResponses;

pub(crate) fn origin() -> Origin {
    Origin {
        vendor: "openai".to_owned(),
        model: "gpt-6.1-sol".to_owned(),
    }
}

/// What OpenAI's own endpoint takes.
pub(crate) fn own() -> Caps {
    let mut caps = Caps::default();
    caps.custom_tools = true;
    caps.strict_tools = true;
    caps.web_search = true;
    caps.images_in_results = true;
    caps.document_urls = true;
    caps.audio = true;
    caps.cache_key = true;
    caps.efforts = Effort::ALL.to_vec();
    caps.responses = Responses {
        namespaces: true,
        ..Responses::default()
    };
    caps
}

#[track_caller]
pub(crate) fn read(body: &Value) -> Request {
    read_bytes(body.to_string().as_bytes())
}

#[track_caller]
pub(crate) fn read_bytes(body: &[u8]) -> Request {
    let read = R.codec().read_request(body, PathFacts::default());
    read.unwrap_or_else(|error| panic!("{error:?}"))
}

/// The path that a refused body is told by.
#[track_caller]
pub(crate) fn refused(body: &Value) -> String {
    let read = R
        .codec()
        .read_request(body.to_string().as_bytes(), PathFacts::default());
    match read.unwrap_err() {
        BadRequest::Misshapen(error) => error.path,
        BadRequest::Refused(refusal) => R.codec().spell(&refusal.place),
    }
}

pub(crate) fn write_to(request: &Request, caps: &Caps, lossy: bool) -> Result<Written, Refusal> {
    let target = Target {
        origin: origin(),
        caps,
        lossy,
    };
    R.codec().write_request(request, &target)
}

#[track_caller]
pub(crate) fn written(request: &Request, caps: &Caps) -> (Value, Vec<String>) {
    let written = write_to(request, caps, false).unwrap_or_else(|error| panic!("{error:?}"));
    let losses = written.losses.iter();
    let losses = losses.map(|loss| R.codec().spell(&loss.place)).collect();
    (serde_json::from_slice(&written.body).unwrap(), losses)
}

pub(crate) fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn {
        role,
        parts,
        name: None,
        at: dialects::ir::At::default(),
    }
}

pub(crate) fn text(text: &str) -> Part {
    Part::Text(Text::plain(text))
}

pub(crate) fn call(id: &str, name: &str, arguments: &str) -> Part {
    Part::Call(Call {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: Json::parse(arguments).unwrap(),
        kind: dialects::ir::CallKind::Function,
        seal: None,
        cache: None,
        at: dialects::ir::At::default(),
    })
}

pub(crate) fn result(id: &str, parts: Vec<Part>) -> Part {
    Part::Result(ToolResult {
        call_id: id.to_owned(),
        name: None,
        parts,
        is_error: false,
        cache: None,
        at: dialects::ir::At::default(),
    })
}

pub(crate) fn tool(name: &str) -> Tool {
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

pub(crate) fn image(source: Source) -> Part {
    Part::Media(Media {
        kind: MediaKind::Image,
        source,
        title: None,
        context: None,
        detail: None,
        cite: false,
        cache: None,
        at: dialects::ir::At::default(),
    })
}

pub(crate) fn png() -> Source {
    Source::Base64 {
        mime: "image/png".to_owned(),
        data: "iVBORw0K".to_owned(),
    }
}

pub(crate) fn asking(turns: Vec<Turn>) -> Request {
    Request {
        model: "gpt-6.1-sol".to_owned(),
        turns,
        ..Request::default()
    }
}

pub(crate) fn capture(name: &str) -> Value {
    let path = format!(
        "{}/../../../tests/wire/openai-responses/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    file["body"].clone()
}
