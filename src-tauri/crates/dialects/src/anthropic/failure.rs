//! Errors: read from a provider under any status, written for a client.

use serde::Deserialize;
use serde_json::Value;

use super::{ErrorBody, ErrorKind};
use crate::{
    ir::{Failure, FailureKind, plain_words},
    json,
};

/// Statuses that clients of this dialect know (Anthropic's error page).
const STATUSES: [u16; 13] = [
    400, 401, 402, 403, 404, 408, 409, 413, 429, 500, 503, 504, 529,
];
/// Codes of 429 that waiting does not lift.
const SPENT: [&str; 3] = [
    "enforced_spend_limit_reached",
    "contract_spend_limit_reached",
    "ramp_limit_exceeded",
];

/// On these words clients compact their conversation.
const TOO_LONG: &str = "prompt is too long";

/// Reads the body of an error.
pub(super) fn read(status: u16, body: &[u8]) -> Failure {
    let Some(error) = ErrorBody::read(body) else {
        return Failure::of_status(status, words(body));
    };
    let mut failure = Failure::of_status(status, error.message);
    failure.kind = match failure.kind {
        FailureKind::ContextTooLong => FailureKind::ContextTooLong,
        by_status => kind_of(&error.kind).unwrap_or(by_status),
    };
    detailed(failure, error.kind, body)
}

/// The failure that a body or an event tells though its status is good; nothing where it tells none.
pub fn within(body: &[u8]) -> Option<Failure> {
    if let Some(error) = ErrorBody::read(body) {
        let kind = kind_of(&error.kind).unwrap_or(FailureKind::Server);
        let by_words = Failure::of_status(400, error.message);
        let failure = Failure {
            kind: match (kind, by_words.kind) {
                (FailureKind::InvalidRequest | FailureKind::Server, words)
                    if words != FailureKind::InvalidRequest =>
                {
                    words
                }
                _ => kind,
            },
            status: None,
            ..by_words
        };
        return Some(detailed(failure, error.kind, body));
    }
    refused_base(body)
}

/// The failure of an error event that has no error object.
pub(super) fn nameless(event: &[u8]) -> Failure {
    Failure {
        status: None,
        ..Failure::of_status(500, words(event))
    }
}

/// `MiniMax` tells errors in `base_resp` beside an empty answer.
fn refused_base(body: &[u8]) -> Option<Failure> {
    #[derive(Deserialize)]
    struct Enclosing {
        base_resp: Base,
    }
    #[derive(Deserialize)]
    struct Base {
        status_code: i64,
        status_msg: Option<String>,
    }
    memchr::memmem::find(body, b"\"base_resp\"")?;
    let base = json::object::<Enclosing>(body)?.base_resp;
    (base.status_code != 0).then(|| Failure {
        code: Some(base.status_code.to_string()),
        ..Failure::new(FailureKind::Server, base.status_msg.unwrap_or_default())
    })
}

fn detailed(mut failure: Failure, kind: String, body: &[u8]) -> Failure {
    #[derive(Deserialize)]
    struct Enclosing {
        error: Coded,
    }
    #[derive(Deserialize)]
    struct Coded {
        details: Option<Details>,
    }
    #[derive(Deserialize)]
    struct Details {
        error_code: Option<String>,
    }
    let code = json::object::<Enclosing>(body).and_then(|told| told.error.details?.error_code);
    if code.as_deref().is_some_and(|code| SPENT.contains(&code)) {
        failure.kind = FailureKind::Billing;
    }
    if failure.message.is_empty() {
        failure.message.clone_from(&kind);
    }
    failure.code = code.or(Some(kind)).filter(|code| !code.is_empty());
    failure
}

/// What a body without the envelope says: a known field of its JSON, or its words without markup.
fn words(body: &[u8]) -> String {
    let told = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|value| {
            let field = ["message", "detail", "msg"]
                .iter()
                .find_map(|name| value.get(name)?.as_str().map(str::to_owned));
            field.or_else(|| value.as_str().map(str::to_owned))
        });
    told.unwrap_or_else(|| plain_words(body))
}

fn kind_of(word: &str) -> Option<FailureKind> {
    Some(match word {
        "invalid_request_error" => FailureKind::InvalidRequest,
        "authentication_error" => FailureKind::Authentication,
        "billing_error" => FailureKind::Billing,
        "permission_error" => FailureKind::Permission,
        "not_found_error" => FailureKind::NotFound,
        "conflict_error" => FailureKind::Conflict,
        "request_too_large" => FailureKind::TooLarge,
        "rate_limit_error" => FailureKind::RateLimit,
        "timeout_error" => FailureKind::Timeout,
        "overloaded_error" => FailureKind::Overloaded,
        "api_error" => FailureKind::Server,
        _ => return None,
    })
}

/// The kind and the words for a client. It compacts its conversation on certain words, so they are there.
pub(super) fn told(failure: &Failure) -> (ErrorKind, String) {
    let kind = match failure.kind {
        FailureKind::InvalidRequest | FailureKind::ContextTooLong => ErrorKind::InvalidRequest,
        FailureKind::Authentication => ErrorKind::Authentication,
        FailureKind::Billing => ErrorKind::Billing,
        FailureKind::Permission => ErrorKind::Permission,
        FailureKind::NotFound => ErrorKind::NotFound,
        FailureKind::Conflict => ErrorKind::Conflict,
        FailureKind::TooLarge => ErrorKind::TooLarge,
        FailureKind::RateLimit => ErrorKind::RateLimit,
        FailureKind::Timeout => ErrorKind::Timeout,
        FailureKind::Overloaded => ErrorKind::Overloaded,
        FailureKind::Server => ErrorKind::Api,
    };
    let message = &failure.message;
    let words = if failure.kind == FailureKind::ContextTooLong && !message.contains(TOO_LONG) {
        format!("{TOO_LONG}: {message}")
    } else {
        message.clone()
    };
    (kind, words)
}

/// Status and body for a client.
pub(super) fn write(failure: &Failure, request_id: &str) -> (u16, Vec<u8>) {
    let (kind, words) = told(failure);
    let status = match (failure.kind, failure.status) {
        (FailureKind::ContextTooLong, _) => 400,
        // Its status would have clients wait and try again.
        (FailureKind::Billing, _) => 402,
        (_, Some(status)) if STATUSES.contains(&status) => status,
        (FailureKind::Overloaded, _) => 529,
        (kind, _) => kind.status(),
    };
    (status, ErrorBody::envelope(kind, &words, request_id))
}
