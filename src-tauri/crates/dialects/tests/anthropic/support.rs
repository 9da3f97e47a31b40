//! What the tests of the Messages codec share.

pub(crate) mod build;
pub(crate) mod client;

use dialects::{
    BadRequest, Dialect, PathFacts, Target, Written,
    caps::{Caps, Structured, Thinking},
    ir::{Effort, Origin, Refusal, Request},
};
use serde_json::Value;

/// Anthropic's own endpoint with a model of the 5 family.
pub(crate) fn claude() -> Caps {
    let mut caps = Caps::default();
    caps.max_output = Some(64_000);
    caps.images_in_results = true;
    caps.document_urls = true;
    caps.strict_tools = true;
    caps.tool_name_max = 128;
    caps.web_search = true;
    caps.sampling = false;
    caps.stop_max = 100;
    caps.thinking = Thinking::Effort;
    caps.efforts = Effort::ALL[1..].to_vec();
    caps.cache_marks = true;
    caps.prefill = false;
    caps.messages.first_party = true;
    caps.messages.adaptive = true;
    caps.messages.effort = true;
    caps
}

/// Anthropic's own endpoint with a model that thinks by budget and takes sampling settings and prefills.
pub(crate) fn older() -> Caps {
    let mut caps = claude();
    caps.sampling = true;
    caps.thinking = Thinking::Budget;
    caps.efforts = Vec::new();
    caps.prefill = true;
    caps.mid_system = false;
    caps.messages.adaptive = false;
    caps.messages.effort = false;
    caps
}

/// An endpoint that speaks the dialect and refuses what it does not know.
pub(crate) fn compatible() -> Caps {
    let mut caps = Caps::default();
    caps.thinking = Thinking::None;
    caps.efforts = Vec::new();
    caps.structured = Structured::None;
    caps.mid_system = false;
    caps.messages.strict = true;
    caps
}

pub(crate) fn origin() -> Origin {
    Origin {
        vendor: "anthropic".to_owned(),
        model: "claude-test-5".to_owned(),
    }
}

pub(crate) fn read(body: &Value) -> Request {
    try_read(body).unwrap_or_else(|error| panic!("{error:?}: {body}"))
}

pub(crate) fn try_read(body: &Value) -> Result<Request, BadRequest> {
    let codec = Dialect::Anthropic.codec();
    codec.read_request(body.to_string().as_bytes(), PathFacts::default())
}

pub(crate) fn try_write(request: &Request, caps: &Caps, lossy: bool) -> Result<Written, Refusal> {
    let target = Target {
        origin: origin(),
        caps,
        lossy,
    };
    Dialect::Anthropic.codec().write_request(request, &target)
}

pub(crate) fn write(request: &Request, caps: &Caps) -> Written {
    try_write(request, caps, false).unwrap_or_else(|refusal| panic!("{refusal:?}"))
}

/// The body as a tree.
pub(crate) fn body(written: &Written) -> Value {
    serde_json::from_slice(&written.body).unwrap()
}

/// Losses as the places that a client reads.
pub(crate) fn lost(written: &Written) -> Vec<String> {
    let codec = Dialect::Anthropic.codec();
    let spell = |loss: &dialects::ir::Loss| codec.spell(&loss.place);
    written.losses.iter().map(spell).collect()
}

/// Where a request is refused, as a client reads it.
pub(crate) fn refused(refusal: &Refusal) -> String {
    Dialect::Anthropic.codec().spell(&refusal.place)
}

/// The body of a captured request.
pub(crate) fn capture(name: &str) -> Value {
    let path = format!(
        "{}/../../../tests/wire/anthropic/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let capture: Value = serde_json::from_str(&text).unwrap();
    capture["body"].clone()
}
