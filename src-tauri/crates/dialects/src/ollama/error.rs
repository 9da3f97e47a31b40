//! Errors: `{"error":"text"}`.

use serde_json::json;

use crate::{
    ir::{Failure, FailureKind, plain_words},
    json::Json,
    wire::wire,
};

wire! {
    struct Envelope {
        error: Json = "error",
    }
}

wire! {
    /// What proxies before it write in place of the text.
    struct Told {
        message: String = "message",
    }
}

/// Reads what came under an error status.
pub(super) fn read(status: u16, body: &[u8]) -> Failure {
    match serde_json::from_slice::<Envelope>(body) {
        Ok(Envelope {
            error: Some(error), ..
        }) => told(&error, Some(status)),
        _ => Failure::of_status(status, plain_words(body)),
    }
}

/// What an error says. Without a status, as in the middle of a stream, its words tell whether the server had too much
/// to do (Ollama: "server busy, please try again"); else it is a fault of the server.
pub(super) fn told(error: &Json, status: Option<u16>) -> Failure {
    let words = error.read::<String>().ok();
    let words = words.or_else(|| error.read::<Told>().ok()?.message);
    let words = words.unwrap_or_else(|| error.text().to_owned());
    if let Some(status) = status {
        return Failure::of_status(status, words);
    }
    let lower = words.to_ascii_lowercase();
    let is_busy = ["busy", "overloaded"]
        .iter()
        .any(|word| lower.contains(word));
    let kind = if is_busy {
        FailureKind::Overloaded
    } else {
        FailureKind::Server
    };
    Failure::new(kind, words)
}

/// The status and body for a client.
pub(super) fn write(failure: &Failure) -> (u16, Vec<u8>) {
    let known = |status: &u16| (400..=504).contains(status);
    let status = match failure.kind {
        FailureKind::ContextTooLong => 400,
        kind => failure.status.filter(known).unwrap_or(kind.status()),
    };
    (status, body(failure))
}

/// The body, or the line of a stream.
pub(super) fn body(failure: &Failure) -> Vec<u8> {
    json!({"error": failure.message}).to_string().into_bytes()
}
