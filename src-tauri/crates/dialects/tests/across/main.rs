//! Requests of one dialect as a provider of another gets them, from body to body.

#![allow(clippy::unwrap_used, clippy::panic, clippy::too_many_lines)] // tests panic, and their tables are long

mod arguments;
mod calls;
mod defaults;
mod form;
mod forms;
mod groups;
mod mcp;
mod nothing;
mod provider;
mod results;
mod settings;
mod silence;
mod system;

use dialects::{
    BadRequest, Dialect, PathFacts, Target, Written,
    caps::Caps,
    ir::{Origin, Request},
};
use serde_json::Value;

fn read(dialect: Dialect, body: &Value) -> Request {
    try_read(dialect, body).unwrap_or_else(|error| panic!("{error:?}: {body}"))
}

fn try_read(dialect: Dialect, body: &Value) -> Result<Request, BadRequest> {
    let path = PathFacts::default();
    dialect
        .codec()
        .read_request(body.to_string().as_bytes(), path)
}

/// What a provider that can do what `caps` say is sent for a request, where nothing is refused.
fn write(request: &Request, dialect: Dialect, caps: &Caps) -> (Value, Written) {
    let target = Target {
        origin: Origin {
            vendor: "somebody".to_owned(),
            model: "model".to_owned(),
        },
        caps,
        lossy: false,
    };
    let written = dialect.codec().write_request(request, &target);
    let written = written.unwrap_or_else(|refusal| panic!("{dialect:?}: {refusal:?}"));
    (serde_json::from_slice(&written.body).unwrap(), written)
}

/// The body alone.
fn sent(from: Dialect, body: &Value, to: Dialect) -> Value {
    write(&read(from, body), to, &Caps::default()).0
}
