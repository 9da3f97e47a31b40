//! Errors: `{"error":{"code","message","status","details"}}`, in a list where a stream was asked for without `alt=sse`.

use serde_json::json;

use super::wire::{Detail, ErrorBody, Int, Response};
use crate::ir::{Failure, FailureKind, plain_words};

/// Reads what came under an error status.
pub(super) fn read(status: u16, body: &[u8]) -> Failure {
    let body = body.trim_ascii();
    let response = match body.first() {
        Some(b'[') => serde_json::from_slice::<Vec<Response>>(body)
            .ok()
            .and_then(|list| list.into_iter().find(|response| response.error.is_some())),
        _ => serde_json::from_slice::<Response>(body).ok(),
    };
    match response.and_then(|response| response.error) {
        Some(error) => failure(error, Some(status)),
        None => Failure::of_status(status, plain_words(body)),
    }
}

/// What an error object says; without an HTTP status its own code counts.
pub(super) fn failure(error: ErrorBody, status: Option<u16>) -> Failure {
    let code = error.code.and_then(|Int(code)| u16::try_from(code).ok());
    let named = error.status.as_deref();
    let status = status
        .or(code.filter(|code| (400..600).contains(code)))
        .or_else(|| named.map(status_of))
        .unwrap_or(500);
    let details = error.details.unwrap_or_default();
    let reason = details.iter().find_map(|detail| detail.reason.clone());
    let message = error.message.unwrap_or_default();
    let mut failure = Failure::of_status(status, message);
    if reason.as_deref() == Some("API_KEY_INVALID") {
        // Google says 400; SDKs of others tell a wrong key by 401.
        failure.kind = FailureKind::Authentication;
        failure.status = Some(401);
    }
    failure.retry_after = details.iter().find_map(delay);
    failure.code = reason.or(error.status);
    failure
}

/// A protobuf duration such as `34s` or `0.5s`, rounded up.
fn delay(detail: &Detail) -> Option<u64> {
    let seconds: f64 = detail.delay.as_deref()?.strip_suffix('s')?.parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then(|| seconds.ceil() as u64)
}

/// The HTTP status of a canonical status (google.rpc.Code).
fn status_of(status: &str) -> u16 {
    match status {
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" => 400,
        "UNAUTHENTICATED" => 401,
        "PERMISSION_DENIED" => 403,
        "NOT_FOUND" => 404,
        "ABORTED" | "ALREADY_EXISTS" => 409,
        "RESOURCE_EXHAUSTED" => 429,
        "CANCELLED" => 499,
        "UNAVAILABLE" => 503,
        "DEADLINE_EXCEEDED" => 504,
        _ => 500,
    }
}

/// The status and the error object for a client.
pub(super) fn write(failure: &Failure) -> (u16, ErrorBody) {
    let known = |status: &u16| {
        matches!(
            status,
            400 | 401 | 402 | 403 | 404 | 409 | 413 | 429 | 499 | 500 | 502 | 503 | 504
        )
    };
    let code = match failure.kind {
        // Clients look at the words, whatever the provider's status was.
        FailureKind::ContextTooLong => 400,
        kind => failure.status.filter(known).unwrap_or(kind.status()),
    };
    let message = match failure.kind {
        FailureKind::ContextTooLong if !failure.message.contains("input token count") => format!(
            "The input token count exceeds the maximum number of tokens allowed: {}",
            failure.message
        ),
        _ => failure.message.clone(),
    };
    let details = failure.retry_after.map(|seconds| {
        vec![Detail {
            kind: Some("type.googleapis.com/google.rpc.RetryInfo".to_owned()),
            delay: Some(format!("{seconds}s")),
            ..Detail::default()
        }]
    });
    let error = ErrorBody {
        code: Some(Int(i64::from(code))),
        message: Some(message),
        status: Some(canonical(failure.kind, code).to_owned()),
        details,
        ..ErrorBody::default()
    };
    (code, error)
}

/// The error object as a body of its own, or an event.
pub(super) fn body(error: &ErrorBody) -> Vec<u8> {
    // Only maps with keys that are no strings fail, which an error does not have.
    serde_json::to_vec(&json!({"error": error})).unwrap_or_default()
}

fn canonical(kind: FailureKind, status: u16) -> &'static str {
    match (kind, status) {
        (FailureKind::Billing, 402) => "FAILED_PRECONDITION",
        (_, 401) => "UNAUTHENTICATED",
        (_, 403) => "PERMISSION_DENIED",
        (_, 404) => "NOT_FOUND",
        (_, 409) => "ABORTED",
        (_, 429) => "RESOURCE_EXHAUSTED",
        (_, 499) => "CANCELLED",
        (_, 502 | 503) => "UNAVAILABLE",
        (_, 504) => "DEADLINE_EXCEEDED",
        (_, 400..=498) => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    }
}
