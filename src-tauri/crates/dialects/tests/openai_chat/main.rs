//! OpenAI Chat Completions, as clients write it and as the many compatible servers answer it.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests panic as tests do
#![allow(clippy::needless_pass_by_value, clippy::too_many_lines)] // tables are long, and made of values

mod answers;
mod build;
mod identity;
mod others;
mod requests_in;
mod requests_out;
mod settings_out;
mod streams_in;
mod streams_out;

use dialects::{
    Codec, Dialect, PathFacts, Target, Written,
    caps::Caps,
    ir::{Event, Opening, Origin, Refusal, Request},
};
use serde_json::Value;

/// The dialect under test.
pub(crate) fn codec() -> &'static dyn Codec {
    Dialect::OpenaiChat.codec()
}

/// The provider that is asked.
pub(crate) fn origin() -> Origin {
    Origin {
        vendor: "acme".to_owned(),
        model: "one".to_owned(),
    }
}

/// Reads a client's request.
#[track_caller]
pub(crate) fn read(body: &Value) -> Request {
    let body = serde_json::to_vec(body).unwrap();
    codec().read_request(&body, PathFacts::default()).unwrap()
}

/// Capabilities with what differs from the defaults.
pub(crate) fn caps(differing: Value) -> Caps {
    serde_json::from_value(differing).unwrap()
}

/// Writes a request for a provider.
pub(crate) fn written(request: &Request, caps: &Caps, lossy: bool) -> Result<Written, Refusal> {
    let target = Target {
        origin: origin(),
        caps,
        lossy,
    };
    codec().write_request(request, &target)
}

/// The body sent, and the places of what was lost in this dialect's names.
#[track_caller]
pub(crate) fn sent(request: &Request, caps: &Caps) -> (Value, Vec<String>) {
    let written = written(request, caps, false).unwrap();
    let losses = written.losses.iter().map(|loss| codec().spell(&loss.place));
    (
        serde_json::from_slice(&written.body).unwrap(),
        losses.collect(),
    )
}

/// Events as short words, deltas in quotes.
pub(crate) fn told(events: &[Event]) -> String {
    let word = |event: &Event| match event {
        Event::Start { id, .. } => format!("start:{}", id.as_deref().unwrap_or("-")),
        Event::Usage(usage) => format!("usage:{}+{}", usage.input, usage.output),
        Event::Open(Opening::Call { id, name, .. }) => format!("call:{id}:{name}"),
        Event::Open(opening) => format!("{opening:?}").to_lowercase(),
        Event::Delta(text) => format!("{text:?}"),
        Event::Seal(seal) => format!("seal:{}", seal.data),
        Event::Citation(_) => "citation".to_owned(),
        Event::Close => "close".to_owned(),
        Event::Part(_) => "part".to_owned(),
        Event::Stop(stop) => format!("stop:{stop:?}"),
        Event::Failed(failure) => format!("failed:{:?}:{}", failure.kind, failure.message),
    };
    events.iter().map(word).collect::<Vec<_>>().join(" ")
}
