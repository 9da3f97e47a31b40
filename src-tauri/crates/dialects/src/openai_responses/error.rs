//! Errors: the envelope `{"error":{message, type, param, code}}` and the failures inside streams and answers.

use serde::{Deserialize, Serialize};

use crate::{
    ir::{Failure, FailureKind, plain_words},
    json::{self, Json},
};

/// The inner error, as read: some servers write a plain string, or a number as code.
#[derive(Debug, Default, Deserialize)]
struct Inner {
    message: Option<String>,
    r#type: Option<Json>,
    code: Option<Json>,
}

#[derive(Deserialize)]
struct Envelope {
    error: Option<Json>,
    message: Option<String>,
    detail: Option<Json>,
}

#[derive(Serialize)]
struct EnvelopeOut<'a> {
    error: InnerOut<'a>,
}

#[derive(Serialize)]
struct InnerOut<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

/// Reads what came under an error status.
pub(super) fn read(status: u16, body: &[u8]) -> Failure {
    let envelope = json::object::<Envelope>(body);
    let inner = envelope
        .as_ref()
        .and_then(|envelope| envelope.error.as_ref());
    if let Some(inner) = inner {
        return of_error(inner, Some(status));
    }
    let message = envelope.and_then(|envelope| {
        let detail = envelope.detail.map(|detail| words(&detail));
        envelope.message.or(detail)
    });
    Failure::of_status(status, message.unwrap_or_else(|| plain_words(body)))
}

/// Reads an error object, under a status or inside something that began well.
pub(super) fn of_error(error: &Json, status: Option<u16>) -> Failure {
    let inner: Inner = error.read().unwrap_or_default();
    let message = inner.message.unwrap_or_else(|| words(error));
    let word = |word: &Option<Json>| word.as_ref().filter(|word| !word.is_null()).map(words);
    let code = word(&inner.code).or_else(|| word(&inner.r#type));
    let told = code.as_deref().and_then(kind_of);
    let kind = word(&inner.r#type);
    let told = told.or_else(|| kind.as_deref().and_then(kind_of));
    let mut failure = match (status, code.as_deref().and_then(|code| code.parse().ok())) {
        // A code that is a status, as some gateways write.
        (Some(status), _) | (None, Some(status @ 400..600)) => Failure::of_status(status, message),
        (None, _) if crate::ir::is_context_too_long(&message) => {
            Failure::new(FailureKind::ContextTooLong, message)
        }
        (None, _) => {
            let words = [code.as_deref(), kind.as_deref()];
            let general = words.into_iter().flatten().find_map(general_kind_of);
            Failure::new(general.unwrap_or(FailureKind::Server), message)
        }
    };
    if let Some(kind) = told {
        failure.kind = kind;
    }
    failure.code = code;
    failure
}

/// The kind that a code or type tells beyond the status.
fn kind_of(word: &str) -> Option<FailureKind> {
    Some(match word {
        "context_length_exceeded" => FailureKind::ContextTooLong,
        "insufficient_quota" | "billing_hard_limit_reached" => FailureKind::Billing,
        "rate_limit_exceeded" | "rate_limit_error" => FailureKind::RateLimit,
        "invalid_api_key" | "authentication_error" => FailureKind::Authentication,
        "permission_denied" | "permission_error" => FailureKind::Permission,
        "model_not_found" => FailureKind::NotFound,
        "conflict" => FailureKind::Conflict,
        "timeout" | "timeout_error" => FailureKind::Timeout,
        "server_is_overloaded" | "overloaded" | "overloaded_error" | "slow_down" => {
            FailureKind::Overloaded
        }
        "invalid_prompt"
        | "bio_policy"
        | "misalignment_policy_violation"
        | "data_residency_mismatch" => FailureKind::InvalidRequest,
        "request_too_large" => FailureKind::TooLarge,
        _ if word.contains("image") => FailureKind::InvalidRequest,
        _ => return None,
    })
}

/// The kind that a word tells which says less than a status or the message.
fn general_kind_of(word: &str) -> Option<FailureKind> {
    match word {
        "invalid_request_error" => Some(FailureKind::InvalidRequest),
        "server_error" | "api_error" => Some(FailureKind::Server),
        _ => None,
    }
}

/// A string as it is, anything else as its text.
fn words(value: &Json) -> String {
    value.read().unwrap_or_else(|_| value.text().to_owned())
}

/// An error for a client: its status and its body.
pub(super) fn write(failure: &Failure) -> (u16, Vec<u8>) {
    let status = match failure.status {
        // Clients compact their conversation on this one.
        _ if failure.kind == FailureKind::ContextTooLong => 400,
        Some(529) => 503,
        Some(status @ 400..600) => status,
        _ => failure.kind.status(),
    };
    let (kind, code) = names(failure.kind);
    let envelope = EnvelopeOut {
        error: InnerOut {
            message: &failure.message,
            r#type: kind,
            param: None,
            code,
        },
    };
    (status, serde_json::to_vec(&envelope).unwrap_or_default())
}

fn names(kind: FailureKind) -> (&'static str, Option<&'static str>) {
    const REQUEST: &str = "invalid_request_error";
    const SERVER: &str = "server_error";
    match kind {
        FailureKind::InvalidRequest => (REQUEST, None),
        FailureKind::ContextTooLong => (REQUEST, Some("context_length_exceeded")),
        FailureKind::Authentication => (REQUEST, Some("invalid_api_key")),
        FailureKind::Billing => ("insufficient_quota", Some("insufficient_quota")),
        FailureKind::Permission => (REQUEST, Some("permission_denied")),
        FailureKind::NotFound => (REQUEST, Some("model_not_found")),
        FailureKind::Conflict => (REQUEST, Some("conflict")),
        FailureKind::TooLarge => (REQUEST, Some("request_too_large")),
        FailureKind::RateLimit => ("rate_limit_exceeded", Some("rate_limit_exceeded")),
        FailureKind::Timeout => (SERVER, Some("timeout")),
        FailureKind::Overloaded => (SERVER, Some("overloaded")),
        FailureKind::Server => (SERVER, Some("server_error")),
    }
}

/// `response.error.code`: clients act upon some of these words, and try again upon `server_error`.
pub(super) fn code_in_response(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::ContextTooLong => "context_length_exceeded",
        FailureKind::Billing => "insufficient_quota",
        FailureKind::RateLimit => "rate_limit_exceeded",
        FailureKind::InvalidRequest | FailureKind::TooLarge => "invalid_prompt",
        _ => "server_error",
    }
}
