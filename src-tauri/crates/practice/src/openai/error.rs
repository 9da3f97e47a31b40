//! OpenAI's error envelope, shared by all its calls.

use http::StatusCode;
use serde_json::{Value, json};

use crate::dialect::{Dialect, Refusal};
use crate::scenario::Failure;

/// The refusal of a caller without a credential, or with a wrong one.
pub(super) fn stranger(given: bool) -> Refusal {
    let message = if given {
        "Incorrect API key provided."
    } else {
        "You didn't provide an API key: it belongs in an Authorization header, Bearer and the key."
    };
    Refusal::new(StatusCode::UNAUTHORIZED, message).coded("invalid_api_key")
}

/// `{"error": {message, type, param, code}}`.
pub(super) fn envelope(dialect: &dyn Dialect, failure: &Failure, model: &str) -> Value {
    let (kind, code, message) = words(dialect.status(failure.status));
    let message = match &failure.message {
        Some(message) => message.clone(),
        None if failure.about_model => {
            format!("The model `{model}` does not exist or you do not have access to it.")
        }
        None => message.to_owned(),
    };
    let usual = if failure.about_model {
        Some("model_not_found")
    } else {
        code.filter(|_| failure.message.is_none() || !failure.status.is_client_error())
    };
    json!({"error": {
        "message": message,
        "type": failure.kind.as_deref().unwrap_or(kind),
        "param": failure.param,
        "code": failure.code.as_deref().or(usual),
    }})
}

/// Type, code and message that belong to a status.
fn words(status: StatusCode) -> (&'static str, Option<&'static str>, &'static str) {
    const INVALID: &str = "invalid_request_error";
    const SERVER: &str = "server_error";
    match status.as_u16() {
        401 => (
            INVALID,
            Some("invalid_api_key"),
            "Incorrect API key provided.",
        ),
        402 => (
            "insufficient_quota",
            Some("insufficient_quota"),
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        403 => (
            INVALID,
            Some("permission_denied"),
            "You are not allowed to use this resource.",
        ),
        404 => (INVALID, None, "Not Found"),
        408 | 504 => (SERVER, Some("timeout"), "The request timed out."),
        409 => (
            INVALID,
            Some("conflict"),
            "The request conflicts with another one.",
        ),
        413 => (
            INVALID,
            Some("request_too_large"),
            "The request exceeds the maximum size.",
        ),
        429 => (
            "requests",
            Some("rate_limit_exceeded"),
            "Rate limit reached for requests.",
        ),
        503 => (
            SERVER,
            Some("overloaded"),
            "The server is currently overloaded, please try again later.",
        ),
        400..=499 => (INVALID, None, "The request is invalid."),
        _ => (
            SERVER,
            None,
            "The server had an error while processing your request.",
        ),
    }
}
