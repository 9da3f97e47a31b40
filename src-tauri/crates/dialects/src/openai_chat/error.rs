//! Errors: `{"error": {message, type, param, code}}`, and what compatible servers write instead of it, under an error
//! status or none.

use serde::Serialize;
use serde_json::Value;

use crate::{
    ir::{Failure, FailureKind, plain_words},
    json::{Extra, Json},
};

/// Reads what came under an error status.
pub(crate) fn read(status: u16, body: &[u8]) -> Failure {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return nameless(status, plain_words(body));
    };
    // Some put the envelope into a list (Gemini's compatible endpoint).
    let value = match value {
        Value::Array(mut list) if !list.is_empty() => list.swap_remove(0),
        value => value,
    };
    let failure = match &value {
        Value::Object(fields) => match fields.get("error") {
            Some(error) if is_said(error) => of_value(Some(status), error),
            _ => match base_resp(&value["base_resp"]) {
                Some(failure) => failure,
                None => of_value(Some(status), &value),
            },
        },
        _ => of_value(Some(status), &value),
    };
    if failure.message.is_empty() {
        return nameless(status, plain_words(body));
    }
    Failure {
        status: Some(status),
        ..failure
    }
}

fn nameless(status: u16, words: String) -> Failure {
    let words = if words.is_empty() {
        format!("the provider answered {status} without a word")
    } else {
        words
    };
    Failure::of_status(status, words)
}

/// What of a chunk or an answer may be an error under a status that is none.
pub(crate) struct Suspect<'a> {
    /// The name of the event.
    pub(crate) name: Option<&'a [u8]>,
    /// `error`.
    pub(crate) error: Option<&'a Json>,
    /// `base_resp` (`MiniMax`).
    pub(crate) base_resp: Option<&'a Json>,
    /// `object`, which `vLLM` gives as `error`.
    pub(crate) object: Option<&'a str>,
    /// Whether there are choices.
    pub(crate) has_choices: bool,
    /// Fields that an answer does not have.
    pub(crate) extra: &'a Extra,
}

/// The error in an answer, if it is one.
pub(crate) fn find(suspect: &Suspect<'_>) -> Option<Failure> {
    if let Some(error) = suspect.error.map(Json::value).filter(is_said) {
        return Some(of_value(None, &error));
    }
    if let Some(failure) = suspect.base_resp.and_then(|told| base_resp(&told.value())) {
        return Some(failure);
    }
    let named = suspect.name == Some(b"error") || suspect.object == Some("error");
    let spoken = ["message", "detail"]
        .iter()
        .any(|word| suspect.extra.get(word).is_some());
    if !named && (suspect.has_choices || !spoken) {
        return None;
    }
    let fields = suspect
        .extra
        .iter()
        .map(|(name, value)| (name.to_owned(), value.value()));
    Some(of_value(None, &Value::Object(fields.collect())))
}

/// An error object that stands inside an answer.
pub(crate) fn of_object(error: &Json) -> Failure {
    of_value(None, &error.value())
}

/// Whether a value tells an error: `null`, `false`, `{}` and the empty string do not.
fn is_said(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(words) => !words.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

fn of_value(status: Option<u16>, error: &Value) -> Failure {
    let word = |name: &str| error[name].as_str().filter(|word| !word.is_empty());
    let number = error["code"].as_u64().or(error["status"].as_u64());
    let number = number.and_then(|number| u16::try_from(number).ok());
    let status = status.or(number.filter(|number| (400..600).contains(number)));
    let code = word("code").or(word("type")).map(str::to_owned);
    let message = message(error);
    let specific = word("code")
        .and_then(kind_of)
        .filter(|kind| *kind != FailureKind::InvalidRequest);
    let general = word("type").and_then(kind_of);
    let mut failure = match status {
        Some(status) => Failure::of_status(status, message),
        None => Failure::new(general.unwrap_or(FailureKind::Server), message),
    };
    let quota = general == Some(FailureKind::Billing);
    if let Some(kind) = specific.or(general.filter(|_| quota)) {
        failure.kind = kind;
    } else if status.is_none() && is_about_length(&failure) {
        failure.kind = FailureKind::ContextTooLong;
    }
    failure.code = code;
    failure
}

fn is_about_length(failure: &Failure) -> bool {
    let asked = Failure::of_status(400, failure.message.clone());
    asked.kind == FailureKind::ContextTooLong
}

/// The words of an error, wherever they stand: `message`, `detail` (`FastAPI`), the raw words of an upstream (`OpenRouter`).
fn message(error: &Value) -> String {
    let told = match error {
        Value::String(words) => Some(words.clone()),
        _ => ["message", "detail", "msg", "error_description"]
            .iter()
            .find_map(|name| match &error[*name] {
                Value::String(words) => Some(words.clone()),
                Value::Null => None,
                other => Some(other.to_string()),
            }),
    };
    let told = told.unwrap_or_default();
    match error["metadata"]["raw"].as_str() {
        Some(raw) if !raw.is_empty() => format!("{told}: {}", plain_words(raw.as_bytes())),
        _ => told,
    }
}

/// Codes and types that vendors share.
fn kind_of(code: &str) -> Option<FailureKind> {
    Some(match code {
        "context_length_exceeded" => FailureKind::ContextTooLong,
        "insufficient_quota"
        | "billing_hard_limit_reached"
        | "insufficient_balance"
        | "billing_error" => FailureKind::Billing,
        "invalid_api_key" | "authentication_error" => FailureKind::Authentication,
        "permission_denied" | "permission_error" => FailureKind::Permission,
        "model_not_found" | "not_found_error" => FailureKind::NotFound,
        "conflict" => FailureKind::Conflict,
        "request_too_large" => FailureKind::TooLarge,
        "rate_limit_exceeded" | "rate_limit_error" | "too_many_requests" => FailureKind::RateLimit,
        "timeout" | "timeout_error" => FailureKind::Timeout,
        "overloaded" | "overloaded_error" | "server_overloaded" | "service_unavailable" => {
            FailureKind::Overloaded
        }
        "server_error" | "api_error" | "internal_error" | "internal_server_error" => {
            FailureKind::Server
        }
        "invalid_request_error" => FailureKind::InvalidRequest,
        _ => return None,
    })
}

/// `base_resp: {status_code, status_msg}`, 0 being no error.
fn base_resp(told: &Value) -> Option<Failure> {
    let code = told["status_code"].as_i64().filter(|code| *code != 0)?;
    let kind = match code {
        1001 => FailureKind::Timeout,
        1002 | 1039 => FailureKind::RateLimit,
        1004 => FailureKind::Authentication,
        1008 => FailureKind::Billing,
        2013 => FailureKind::InvalidRequest,
        _ => FailureKind::Server,
    };
    let words = told["status_msg"].as_str().unwrap_or_default();
    Some(Failure {
        code: Some(code.to_string()),
        ..Failure::new(kind, words)
    })
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Printed<'a>,
}

#[derive(Serialize)]
struct Printed<'a> {
    message: &'a str,
    r#type: &'static str,
    param: Option<&'a str>,
    code: Option<&'static str>,
}

/// The error as a client reads it.
pub(crate) fn print(failure: &Failure) -> Vec<u8> {
    let (r#type, code) = words(failure.kind);
    let envelope = Envelope {
        error: Printed {
            message: &failure.message,
            r#type,
            param: None,
            code,
        },
    };
    serde_json::to_vec(&envelope).unwrap_or_default()
}

/// The status of an error in OpenAI's vocabulary, which lacks 529.
pub(crate) fn status(failure: &Failure) -> u16 {
    match failure.status {
        _ if failure.kind == FailureKind::ContextTooLong => 400,
        Some(529) => 503,
        Some(status @ 400..=599) => status,
        _ => failure.kind.status(),
    }
}

fn words(kind: FailureKind) -> (&'static str, Option<&'static str>) {
    const REQUEST: &str = "invalid_request_error";
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
        FailureKind::Timeout => ("server_error", Some("timeout")),
        FailureKind::Overloaded => ("server_error", Some("overloaded")),
        FailureKind::Server => ("server_error", None),
    }
}
