//! The error envelope: `{"type":"error","error":{"type","message"},"request_id"}`, also the data of an `error` event.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json;

/// `error.type` as Anthropic's error page lists it, with the HTTP status that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// 400 and other faults of the request.
    InvalidRequest,
    /// 401.
    Authentication,
    /// 402.
    Billing,
    /// 403.
    Permission,
    /// 404.
    NotFound,
    /// 409.
    Conflict,
    /// 413.
    TooLarge,
    /// 429.
    RateLimit,
    /// 500, and what has no better name.
    Api,
    /// 504.
    Timeout,
    /// 529, and 503.
    Overloaded,
}

impl ErrorKind {
    /// The kind that goes with an HTTP status.
    pub fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            402 => Self::Billing,
            403 => Self::Permission,
            404 => Self::NotFound,
            409 => Self::Conflict,
            413 => Self::TooLarge,
            429 => Self::RateLimit,
            503 | 529 => Self::Overloaded,
            408 | 504 => Self::Timeout,
            400..=499 => Self::InvalidRequest,
            _ => Self::Api,
        }
    }

    /// The spelling on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request_error",
            Self::Authentication => "authentication_error",
            Self::Billing => "billing_error",
            Self::Permission => "permission_error",
            Self::NotFound => "not_found_error",
            Self::Conflict => "conflict_error",
            Self::TooLarge => "request_too_large",
            Self::RateLimit => "rate_limit_error",
            Self::Api => "api_error",
            Self::Timeout => "timeout_error",
            Self::Overloaded => "overloaded_error",
        }
    }
}

/// The inner `error` object, read leniently: compatible servers leave parts out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// `error.type`, empty if absent.
    pub kind: String,
    /// `error.message`, empty if absent.
    pub message: String,
}

#[derive(Serialize)]
struct Envelope<'a> {
    r#type: &'static str,
    error: Inner<'a>,
    request_id: &'a str,
}

#[derive(Serialize)]
struct Inner<'a> {
    r#type: &'a str,
    message: &'a str,
}

impl ErrorBody {
    /// Reads the error object of a body or an event; `None` when there is none, or one that says nothing. An error told as a bare string, as
    /// some compatible servers do, becomes the message.
    pub fn read(json: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Lenient {
            error: Value,
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match json::object::<Lenient>(json)?.error {
            Value::Null | Value::Bool(false) => None,
            Value::String(words) if words.is_empty() => None,
            Value::Object(error) if error.is_empty() => None,
            Value::Object(error) => {
                let field = |name: &str| error.get(name).map(text).unwrap_or_default();
                Some(Self {
                    kind: field("type"),
                    message: field("message"),
                })
            }
            other => Some(Self {
                kind: String::new(),
                message: text(&other),
            }),
        }
    }

    /// The envelope as a response body.
    pub fn envelope(kind: ErrorKind, message: &str, request_id: &str) -> Vec<u8> {
        let envelope = Envelope {
            r#type: "error",
            error: Inner {
                r#type: kind.as_str(),
                message,
            },
            request_id,
        };
        serde_json::to_vec(&envelope).unwrap_or_default()
    }

    /// The envelope as the `error` event that ends a stream.
    pub fn event(kind: ErrorKind, message: &str, request_id: &str) -> Vec<u8> {
        let mut event = b"event: error\ndata: ".to_vec();
        event.extend(Self::envelope(kind, message, request_id));
        event.extend_from_slice(b"\n\n");
        event
    }
}
