//! An error as a provider tells it, in one form.

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which kind.
    pub kind: FailureKind,
    /// HTTP status, where there was one or the body names one.
    pub status: Option<u16>,
    /// The provider's words.
    pub message: String,
    /// The provider's own code or type.
    pub code: Option<String>,
    /// Seconds to wait, where the body tells (Gemini `RetryInfo`), rounded up.
    pub retry_after: Option<u64>,
}

/// Kinds of errors that clients tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FailureKind {
    InvalidRequest,
    /// The conversation does not fit the model's window.
    ContextTooLong,
    Authentication,
    /// Money or a plan is used up: trying again does not help.
    Billing,
    Permission,
    NotFound,
    Conflict,
    TooLarge,
    RateLimit,
    Timeout,
    Overloaded,
    /// Any other fault of the provider.
    Server,
}

impl FailureKind {
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
            408 | 504 => Self::Timeout,
            503 | 529 => Self::Overloaded,
            400..=499 => Self::InvalidRequest,
            _ => Self::Server,
        }
    }

    /// The HTTP status that goes with the kind; 529 only exists at Anthropic.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::ContextTooLong => 400,
            Self::Authentication => 401,
            Self::Billing => 402,
            Self::Permission => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::RateLimit => 429,
            Self::Timeout => 504,
            Self::Overloaded => 503,
            Self::Server => 500,
        }
    }
}

impl Failure {
    /// A failure of this kind, in these words.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            message: message.into(),
            code: None,
            retry_after: None,
        }
    }

    /// A failure told under an HTTP status; the words tell a context that is too long from other faults of a request.
    pub fn of_status(status: u16, message: impl Into<String>) -> Self {
        let message = message.into();
        let kind = match FailureKind::of_status(status) {
            FailureKind::InvalidRequest | FailureKind::TooLarge
                if is_context_too_long(&message) =>
            {
                FailureKind::ContextTooLong
            }
            kind => kind,
        };
        Self {
            kind,
            status: Some(status),
            message,
            code: None,
            retry_after: None,
        }
    }
}

/// What a body that is no JSON says, for people: without markup, one line, at most 1 KiB.
pub(crate) fn plain_words(body: &[u8]) -> String {
    const LONGEST: usize = 1024;
    // A page is read no further than needed, whatever its size.
    let text = String::from_utf8_lossy(&body[..body.len().min(16 * LONGEST)]);
    let mut plain = String::new();
    let mut in_tag = false;
    for char in text.chars() {
        match char {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                plain.push(' ');
            }
            _ if in_tag => {}
            char => plain.push(char),
        }
    }
    let mut words = String::new();
    for word in plain.split_whitespace() {
        let space = usize::from(!words.is_empty());
        if words.len() + space + word.len() > LONGEST {
            let left = LONGEST.saturating_sub(words.len() + space);
            if words.is_empty() {
                words.push_str(&word[..word.floor_char_boundary(left)]);
            }
            break;
        }
        if space == 1 {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}

/// Whether words say that a conversation does not fit the model's window, as the vendors put it.
pub(crate) fn is_context_too_long(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    [
        "prompt is too long",
        "context_length_exceeded",
        "maximum context length",
        "context window",
        "context length",
        "input token count",
        "input is too long",
        "exceeds the maximum number of tokens",
    ]
    .iter()
    .any(|words| message.contains(words))
}
