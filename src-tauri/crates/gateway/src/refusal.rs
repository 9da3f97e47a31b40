//! Turnout's own errors, told in the client's dialect.

use bytes::Bytes;
use dialects::{
    Dialect,
    anthropic::{ErrorBody, ErrorKind},
    ir::Failure,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use routing::{Exhausted, Reason};

use crate::client::Whole;
use crate::program;

/// The longest `retry-after` told to a client, in seconds: Claude Code gives up at once above it.
const LONGEST_RETRY_AFTER: u64 = 60;

/// An answer that Turnout gives by itself instead of a provider's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The status.
    pub(crate) status: StatusCode,
    /// One sentence: what, where, what to do.
    pub(crate) message: String,
    /// When trying again may help, in seconds.
    pub(crate) retry_after: Option<u64>,
    /// Whether trying again cannot help (`x-should-retry: false`, read by the Anthropic and OpenAI SDKs).
    pub(crate) is_final: bool,
}

impl Refusal {
    /// Trying again cannot help.
    pub(crate) fn fatal(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            retry_after: None,
            is_final: true,
        }
    }

    /// Trying again may help, at the latest in this many seconds.
    pub(crate) fn passing(
        status: StatusCode,
        message: impl Into<String>,
        retry_after: Option<u64>,
    ) -> Self {
        let retry_after = retry_after.map(|seconds| seconds.clamp(1, LONGEST_RETRY_AFTER));
        Self {
            status,
            message: message.into(),
            retry_after,
            is_final: false,
        }
    }

    /// No token, or a wrong one.
    pub(crate) fn unauthorized(message: &str) -> Self {
        Self::fatal(StatusCode::UNAUTHORIZED, message)
    }

    /// No candidate could serve. `last` is what went wrong last, in one sentence.
    pub(crate) fn exhausted(exhausted: &Exhausted, last: Option<&str>) -> Self {
        let wait = exhausted.retry_in.map(|wait| wait.as_secs() + 1);
        let Some((_, reason)) = exhausted.last else {
            return Self::nothing_tried(exhausted, wait);
        };
        let message = format!(
            "no provider could answer after {}; the last: {}",
            count(exhausted.tried, "attempt"),
            last.unwrap_or("unknown")
        );
        match reason {
            Reason::RateLimited => Self::passing(
                StatusCode::TOO_MANY_REQUESTS,
                message,
                wait.or(Some(LONGEST_RETRY_AFTER)),
            ),
            Reason::Auth => Self::fatal(
                StatusCode::UNAUTHORIZED,
                format!(
                    "{message}; if its key is wrong, set another with `{} keys set PROVIDER`",
                    program()
                ),
            ),
            Reason::NotFound => Self::fatal(StatusCode::NOT_FOUND, message),
            Reason::InvalidRequest => Self::fatal(StatusCode::BAD_REQUEST, message),
            Reason::Budget => Self::fatal(StatusCode::PAYMENT_REQUIRED, message),
            Reason::Timeout => Self::passing(StatusCode::GATEWAY_TIMEOUT, message, wait),
            Reason::Overloaded => Self::passing(overloaded(), message, wait),
            _ => Self::passing(StatusCode::BAD_GATEWAY, message, wait),
        }
    }

    /// Why a request was given up, in one word.
    pub(crate) fn reason(exhausted: &Exhausted) -> Reason {
        match exhausted.last {
            Some((_, reason)) => reason,
            None if exhausted.refused => Reason::Auth,
            None if exhausted.retry_in.is_some() => Reason::Overloaded,
            None => Reason::NotFound,
        }
    }

    /// Every candidate was skipped: all are resting, or none fits.
    fn nothing_tried(exhausted: &Exhausted, wait: Option<u64>) -> Self {
        let skipped: Vec<String> = exhausted
            .skipped
            .iter()
            .map(|skipped| match &*skipped.provider {
                "" => skipped.why.clone(),
                provider => format!("{provider}: {}", skipped.why),
            })
            .collect();
        let why = if skipped.is_empty() {
            "no group has a provider for it".to_owned()
        } else {
            skipped.join("; ")
        };
        match wait {
            _ if exhausted.refused => Self::fatal(
                StatusCode::UNAUTHORIZED,
                format!(
                    "the providers refuse their keys; set others with `{} keys set PROVIDER` ({why})",
                    program()
                ),
            ),
            Some(_) => Self::passing(
                overloaded(),
                format!("every provider is resting ({why})"),
                wait,
            ),
            None => Self::fatal(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("no provider can serve this request ({why})"),
            ),
        }
    }

    /// The answer as the client's dialect spells it, with the request id in the message.
    pub(crate) fn answer(&self, dialect: Dialect, request_id: &str) -> Whole {
        let message = format!("Turnout: {} ({request_id})", self.message);
        let kind = ErrorKind::of_status(self.status.as_u16());
        let (status, body) = match dialect {
            Dialect::Anthropic => (self.status, ErrorBody::envelope(kind, &message, request_id)),
            _ => self.in_words_of(dialect, message, request_id),
        };
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.is_final {
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        Whole {
            status,
            headers,
            body: Bytes::from(body),
        }
    }

    fn in_words_of(
        &self,
        dialect: Dialect,
        message: String,
        request_id: &str,
    ) -> (StatusCode, Vec<u8>) {
        let failure = Failure::of_status(self.status.as_u16(), message);
        let (status, body) = dialect.codec().write_failure(&failure, request_id);
        (StatusCode::from_u16(status).unwrap_or(self.status), body)
    }
}

/// 529, which Anthropic's clients know as "overloaded" and retry.
pub(crate) fn overloaded() -> StatusCode {
    StatusCode::from_u16(529).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

fn count(number: u32, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}
