//! What the ledger is told: the life of a request and of its attempts, as plain data.
//!
//! Events are facts with a time (Unix milliseconds). Each may arrive twice or, after an overflow of
//! the queue, without the ones before it; both are harmless. An event never carries a secret: a key
//! is its masked form.

use std::sync::Arc;

use crate::money::Usd;
use crate::quote::Quote;

/// One fact about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A request arrived; its row exists from now on, `pending`.
    Started(Started),
    /// A candidate is being tried; the request is `forwarding`.
    AttemptStarted(AttemptStarted),
    /// The first semantic output was sent to the client; the request is `streaming`.
    Streaming(Streaming),
    /// An attempt is over, well or not.
    AttemptEnded(AttemptEnded),
    /// The second, independent mark was set or cleared.
    Marked(Marked),
    /// Where it could go was told, or what it cost to leave a warm cache.
    Routed(Routed),
    /// The request is over.
    Ended(Ended),
}

impl Event {
    /// The request that the event is about.
    pub fn id(&self) -> &Arc<str> {
        match self {
            Self::Started(e) => &e.id,
            Self::AttemptStarted(e) => &e.id,
            Self::Streaming(e) => &e.id,
            Self::AttemptEnded(e) => &e.id,
            Self::Marked(e) => &e.id,
            Self::Routed(e) => &e.id,
            Self::Ended(e) => &e.id,
        }
    }
}

/// A request arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The request's id, unique for ever.
    pub id: Arc<str>,
    /// When it arrived, Unix milliseconds.
    pub at_ms: i64,
    /// Client program: `claude-code`, `codex`, `gemini-cli` or the product of the user agent.
    pub client: Option<String>,
    /// Name of the client token that was presented (never its value).
    pub token: Option<String>,
    /// The client's session id, if it tells one.
    pub session: Option<String>,
    /// Dialect that the client speaks, such as `anthropic`.
    pub client_dialect: String,
    /// Path of the request.
    pub path: String,
    /// Model that the client asked for.
    pub model_requested: String,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// Rule that decided where it goes.
    pub rule: Option<String>,
    /// The earlier request that it is, sent again.
    pub replay_of: Option<String>,
}

/// A candidate is being tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptStarted {
    /// The request's id.
    pub id: Arc<str>,
    /// Number of the attempt in its request, from 1.
    pub attempt: u32,
    /// When it began, Unix milliseconds.
    pub at_ms: i64,
    /// Provider that is tried.
    pub provider: String,
    /// Key that is used, masked; `None` for a provider without keys.
    pub key: Option<String>,
    /// Group that the provider was chosen from.
    pub group: String,
    /// Model name that is sent upstream.
    pub model: String,
    /// Dialect that the provider speaks.
    pub provider_dialect: String,
    /// What its tokens will cost; `None` when that is unknown.
    pub price: Option<Quote>,
}

/// The first semantic output was sent to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streaming {
    /// The request's id.
    pub id: Arc<str>,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// Milliseconds from the attempt's start to its first semantic output. The request's own figure
    /// is counted from the request's arrival, so that failed attempts before are in it.
    pub ttft_ms: u64,
}

/// An attempt is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptEnded {
    /// The request's id.
    pub id: Arc<str>,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// How long it took, milliseconds.
    pub duration_ms: u64,
    /// The provider's HTTP status, if it answered at all.
    pub http_status: Option<u16>,
    /// `ok`, `retry-same`, `next-key`, `next-provider`, `client-fault` or `cancelled`.
    pub verdict: String,
    /// Why it failed, such as `rate_limited`; `None` when it did not.
    pub reason: Option<String>,
    /// What went wrong, in one sentence.
    pub error: Option<String>,
    /// Tokens that the provider told or that were estimated; also for cut streams.
    pub usage: Option<Usage>,
    /// The way it was served, as usage tells it, where that can have prices of its own: `batch`, `flex`,
    /// `priority`, `fast`.
    pub service: Option<String>,
    /// Whether it was given up because another attempt, raced against it, was faster.
    pub hedged: bool,
    /// Model that the provider says it answered with.
    pub model_answered: Option<String>,
    /// The provider's id of the request, else of its answer.
    pub upstream_id: Option<String>,
    /// What was left out or approximated on the way to the provider, in the client's names.
    pub losses: Vec<String>,
}

/// The second mark of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Waits before the next try.
    Retrying,
    /// Waits until something can serve again.
    Suspended,
}

impl Mark {
    /// The word used in the ledger and the admin API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retrying => "retrying",
            Self::Suspended => "suspended",
        }
    }
}

/// The mark was set or, with `None`, cleared. An attempt that starts clears it too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// The request's id.
    pub id: Arc<str>,
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// The mark from now on.
    pub mark: Option<Mark>,
    /// Why, and until when, in a few words.
    pub why: Option<String>,
}

/// What routing decided for a request. What is `None` here stays as it was told before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// The request's id.
    pub id: Arc<str>,
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// Where it could go and why, as JSON.
    pub explain: Option<String>,
    /// What it costs that a provider has to read a prompt anew that another one has in its cache.
    pub switch_cost: Option<Usd>,
}

/// How a request can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The client got a whole answer.
    Completed,
    /// The client got an error, or a stream that was cut.
    Failed,
    /// The client went away.
    Cancelled,
}

impl End {
    /// The word used in the ledger and the admin API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The request is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The request's id.
    pub id: Arc<str>,
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// How long it took from arrival to end, milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    pub status: End,
    /// Why it failed, such as `rate_limited`; `None` when it did not.
    pub reason: Option<String>,
    /// HTTP status that the client got.
    pub http_status: Option<u16>,
    /// What went wrong, in one sentence.
    pub error: Option<String>,
}

/// Tokens of one attempt. Whole prompt = `input` + `cache_read` + `cache_write_5m` +
/// `cache_write_1h` (Anthropic's counting: `input` is what was not in the cache).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Prompt tokens neither read from nor written to a cache.
    pub input: u64,
    /// Output tokens, reasoning included.
    pub output: u64,
    /// Prompt tokens read from the cache.
    pub cache_read: u64,
    /// Prompt tokens written to the five-minute cache.
    pub cache_write_5m: u64,
    /// Prompt tokens written to the one-hour cache.
    pub cache_write_1h: u64,
    /// Reasoning tokens, a part of `output`.
    pub reasoning: u64,
    /// Whether these are a local estimate, not the provider's word.
    pub estimated: bool,
}

impl Usage {
    /// Tokens of the whole prompt, saturating.
    pub const fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write_5m)
            .saturating_add(self.cache_write_1h)
    }
}
