//! What an upstream's answer means for the request: one table and nothing else.
//! Never looks at health or config beyond `failover_on`.

use crate::topology::Pattern;
use crate::words::words;

words! {
    /// What is to be done after an attempt.
    pub enum Verdict {
        /// It worked.
        Ok = "ok",
        /// The same candidate may work on another try.
        RetrySame = "retry-same",
        /// Another key of the provider may work.
        NextKey = "next-key",
        /// Another provider may work.
        NextProvider = "next-provider",
        /// The request itself is wrong: the client gets the answer as it is.
        ClientFault = "client-fault",
        /// The client went away.
        Cancelled = "cancelled",
    }
}

words! {
    /// Why an attempt did not work.
    pub enum Reason {
        /// Too many requests or tokens for the key.
        RateLimited = "rate_limited",
        /// The provider has more work than it can do.
        Overloaded = "overloaded",
        /// The provider broke.
        ServerError = "server_error",
        /// The provider could not be reached, or the connection broke.
        Network = "network",
        /// A phase took longer than its limit.
        Timeout = "timeout",
        /// The credential was refused, or the account behind it can not pay.
        Auth = "auth",
        /// The provider does not accept the request.
        InvalidRequest = "invalid_request",
        /// The provider does not know the model, or the path.
        NotFound = "not_found",
        /// A success without content.
        EmptyResponse = "empty_response",
        /// The answer ended before its end.
        StreamCut = "stream_cut",
        /// The client went away.
        ClientCancelled = "client_cancelled",
        /// A limit on spending set in Turnout.
        Budget = "budget",
    }
}

/// What was seen of an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal<'a> {
    /// An HTTP answer that can be judged whole: any error, or a success that is not streamed.
    Status {
        /// The status.
        code: u16,
        /// The (decoded) body, or the beginning of it.
        body: &'a [u8],
        /// Whether it calls itself HTML, or looks like it.
        html: bool,
    },
    /// No connection could be made.
    Connect,
    /// The connection broke before an answer began.
    Reset,
    /// A phase took longer than its limit.
    Timeout,
    /// A success whose first event is an error.
    EventError {
        /// The error's type, such as `overloaded_error`; may be empty.
        kind: &'a str,
        /// The error's message; may be empty.
        message: &'a str,
    },
    /// A success that ended without semantic output.
    Empty,
    /// A success that is a web page.
    Html,
    /// A stream that ended without its end.
    Cut,
}

impl Reason {
    /// Whether trying the same again later may help.
    pub fn passes(self) -> bool {
        match self {
            Self::RateLimited
            | Self::Overloaded
            | Self::ServerError
            | Self::Network
            | Self::Timeout
            | Self::EmptyResponse
            | Self::StreamCut => true,
            Self::Auth
            | Self::InvalidRequest
            | Self::NotFound
            | Self::ClientCancelled
            | Self::Budget => false,
        }
    }
}

/// Judges what was seen of an upstream. The reason is `None` only beside [`Verdict::Ok`].
///
/// `failover_on` is asked only about what would else be the client's fault, or a success.
/// A context that is too long is the client's fault for now: models do not tell their windows yet.
pub fn classify(signal: &Signal<'_>, failover_on: &[Pattern]) -> (Verdict, Option<Reason>) {
    let (verdict, reason) = match *signal {
        Signal::Status { code, body, html } => return status(code, body, html, failover_on),
        Signal::Connect | Signal::Reset => (Verdict::RetrySame, Reason::Network),
        // A second wait of that length helps nobody.
        Signal::Timeout => (Verdict::NextProvider, Reason::Timeout),
        Signal::EventError { kind, message } => (Verdict::NextProvider, event_error(kind, message)),
        Signal::Empty => (Verdict::NextProvider, Reason::EmptyResponse),
        Signal::Html => (Verdict::NextProvider, Reason::ServerError),
        Signal::Cut => (Verdict::RetrySame, Reason::StreamCut),
    };
    (verdict, Some(reason))
}

fn status(
    code: u16,
    body: &[u8],
    html: bool,
    failover_on: &[Pattern],
) -> (Verdict, Option<Reason>) {
    let text = Text::new(body);
    let by_pattern = || failover_on.iter().any(|pattern| text.fits(code, pattern));
    let (verdict, reason) = match code {
        408 | 504 | 522 | 524 => (Verdict::RetrySame, Reason::Timeout),
        503 | 529 => (Verdict::RetrySame, Reason::Overloaded),
        500 | 502 | 520..=525 => (Verdict::RetrySame, Reason::ServerError),
        401 | 402 => (Verdict::NextKey, Reason::Auth),
        429 => (Verdict::NextKey, Reason::RateLimited),
        403 if !html => (Verdict::NextKey, Reason::Auth),
        // Told by whatever stands in front of a provider, as a page too: every other would say the same.
        413 | 414 | 431 => (Verdict::ClientFault, Reason::InvalidRequest),
        // It does not have this path. That says nothing about what it has.
        501 | 505 => (Verdict::NextProvider, Reason::NotFound),
        404 | 405 if html => (Verdict::NextProvider, Reason::NotFound),
        // A page where JSON belongs comes from something in front of the provider.
        _ if html => (Verdict::NextProvider, Reason::ServerError),
        300..=399 | 500..=599 => (Verdict::NextProvider, Reason::ServerError),
        400 => bad_request(&text),
        404 if text.has_any(NO_SUCH_MODEL) || text.names_missing_model() => {
            (Verdict::NextProvider, Reason::NotFound)
        }
        404 => (Verdict::ClientFault, Reason::NotFound),
        401..=499 => (Verdict::ClientFault, Reason::InvalidRequest),
        _ if by_pattern() => (Verdict::NextProvider, Reason::ServerError),
        _ => return (Verdict::Ok, None),
    };
    if verdict == Verdict::ClientFault && by_pattern() {
        return (Verdict::NextProvider, Some(Reason::ServerError));
    }
    (verdict, Some(reason))
}

/// The provider's word for a context that its model can not hold.
const TOO_LONG: &[&str] = &[
    "prompt is too long",
    "context_length_exceeded",
    "context length",
    "context window",
    "input token count exceeds",
    "maximum context",
    "too many tokens",
];
/// The account can not pay. "Credit balance is too low" is Anthropic's, under status 400.
const NO_MONEY: &[&str] = &[
    "insufficient balance",
    "insufficient_balance",
    "insufficient credit",
    "insufficient_credit",
    "insufficient fund",
    "credit balance is too low",
];
const LIMITED: &[&str] = &[
    "rate limit",
    "rate_limit",
    "rate-limit",
    "ratelimit",
    "too many requests",
    "quota",
    "throttl",
];
const OVERLOADED: &[&str] = &[
    "overloaded",
    "capacity",
    "server is busy",
    "server_busy",
    "temporarily unavailable",
];
const NO_SUCH_MODEL: &[&str] = &[
    "model_not_found",
    "model not found",
    "model not exist",
    "model does not exist",
    "not a valid model",
    "unknown model",
    "no such model",
];

/// A 400 that is none: some upstreams hide overload, limits and unknown models in one.
fn bad_request(text: &Text) -> (Verdict, Reason) {
    if text.has_any(TOO_LONG) || text.names_a_field() {
        (Verdict::ClientFault, Reason::InvalidRequest)
    } else if text.has_any(NO_MONEY) {
        (Verdict::NextKey, Reason::Auth)
    } else if text.has_any(LIMITED) {
        (Verdict::NextKey, Reason::RateLimited)
    } else if text.has_any(OVERLOADED) {
        (Verdict::RetrySame, Reason::Overloaded)
    } else if text.has_any(NO_SUCH_MODEL) {
        (Verdict::NextProvider, Reason::NotFound)
    } else {
        (Verdict::ClientFault, Reason::InvalidRequest)
    }
}

fn event_error(kind: &str, message: &str) -> Reason {
    let text = Text::new([kind, " ", message].concat().as_bytes());
    if text.has_any(&[
        "authentication",
        "permission",
        "billing",
        "api key",
        "api_key",
        "unauthorized",
    ]) || text.has_any(NO_MONEY)
    {
        Reason::Auth
    } else if text.has_any(LIMITED) || text.has_any(&["resource_exhausted"]) {
        Reason::RateLimited
    } else if text.has_any(OVERLOADED) {
        Reason::Overloaded
    } else if text.has_any(&["timeout", "timed out", "deadline_exceeded"]) {
        Reason::Timeout
    } else if text.has_any(NO_SUCH_MODEL) || kind == "not_found_error" {
        Reason::NotFound
    } else if kind == "invalid_request_error" || text.has_any(TOO_LONG) {
        Reason::InvalidRequest
    } else {
        Reason::ServerError
    }
}

/// An error body as text to look for words in.
struct Text(String);

impl Text {
    /// Errors say what they are about early; what comes after may quote the prompt.
    const LOOKED_AT: usize = 8 * 1024;

    fn new(body: &[u8]) -> Self {
        let start = &body[..body.len().min(Self::LOOKED_AT)];
        Self(String::from_utf8_lossy(start).to_ascii_lowercase())
    }

    fn has_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.0.contains(word))
    }

    /// An error about a field of the request, such as `tools.0.custom.input_schema: …`: what words the path holds is
    /// the client's doing.
    fn names_a_field(&self) -> bool {
        let message = self
            .0
            .split_once("\"message\"")
            .map_or("", |(_, rest)| rest);
        let start = message.trim_start_matches([':', ' ', '"']);
        let path = start.split([':', ' ', '"']).next().unwrap_or_default();
        path.split('.')
            .skip(1)
            .any(|part| part.parse::<u32>().is_ok())
    }

    /// A 404 that speaks of a model rather than of a path, such as Anthropic's
    /// `{"type":"not_found_error","message":"model: x"}`, Gemini's `models/x is not found` and
    /// Ollama's `model 'x' not found`.
    fn names_missing_model(&self) -> bool {
        self.0.contains("model") && !self.has_any(&["invalid url", "/models"])
            || self.0.contains("models/") && self.0.contains("is not found")
    }

    fn fits(&self, code: u16, pattern: &Pattern) -> bool {
        match pattern {
            Pattern::Status(status) => *status == code,
            Pattern::Body(text) => !text.is_empty() && self.0.contains(&text.to_ascii_lowercase()),
        }
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
