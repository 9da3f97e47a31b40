//! What happened, as plain data for whoever keeps the ledger, the window and the notifications.
//!
//! Times are Unix milliseconds. The channel is bounded: when it is full, reports are dropped and counted
//! ([`crate::Gateway::reports_lost`]), since nothing on the way of the bytes may wait for a reader.

use std::sync::Arc;

use dialects::Usage;
use routing::{Change, Reason, Verdict};

use crate::{capture::Captured, explain::Explanation, trace::TraceParent, traffic::Traffic};

/// `req-` and eighteen hexadecimal digits: eight of the time in Unix seconds, so that rows of one time stand beside each
/// other in a database, and ten of chance.
pub type RequestId = Arc<str>;

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Report {
    /// A request was accepted.
    Started(Started),
    /// Where it could go was found out.
    Planned {
        /// The request.
        id: RequestId,
        /// When.
        at_ms: i64,
        /// Every place, with what speaks for and against it at that time.
        plan: Explanation,
    },
    /// A candidate is tried.
    AttemptStarted(AttemptStarted),
    /// The first semantic output was sent to the client: from here on failover would be visible.
    Streaming {
        /// The request.
        id: RequestId,
        /// Which attempt, from 1.
        attempt: u32,
        /// When.
        at_ms: i64,
        /// From the start of the attempt to its first semantic output.
        ttft_ms: u64,
    },
    /// A stream goes on; told every second or so for those who watch it.
    Progress {
        /// The request.
        id: RequestId,
        /// Which attempt, from 1.
        attempt: u32,
        /// Output tokens so far: as told, or estimated of what was said.
        output: u64,
    },
    /// An attempt is over.
    AttemptEnded(AttemptEnded),
    /// The request was answered elsewhere than where its conversation is in a cache.
    Switched {
        /// The request.
        id: RequestId,
        /// When.
        at_ms: i64,
        /// What it costs to read anew there what is in that cache, in pico-dollars.
        cost: u64,
    },
    /// The request waits before its next attempt.
    Retrying {
        /// The request.
        id: RequestId,
        /// Until when, at the latest.
        until_ms: i64,
    },
    /// Nothing can serve the request now: it waits until something can.
    Suspended {
        /// The request.
        id: RequestId,
        /// When.
        at_ms: i64,
        /// Until when, at the latest.
        until_ms: i64,
        /// Why, in one sentence.
        why: String,
    },
    /// The request is over.
    Ended(Ended),
    /// What was said in a request that is over. Left out first when the channel fills
    /// ([`crate::Gateway::captures_lost`]).
    Captured(Arc<Captured>),
    /// Routing changed its mind about a provider or a group.
    Changed {
        /// What changed.
        change: Change,
        /// The request that made it so, if one did.
        request: Option<RequestId>,
    },
}

/// A request was accepted.
#[derive(Debug, Clone)]
pub struct Started {
    /// The request.
    pub id: RequestId,
    /// When.
    pub at_ms: i64,
    /// `claude-code`, `codex`, `gemini-cli`, or the product name of the user agent.
    pub client: Option<String>,
    /// Name of the client token presented.
    pub token: Option<String>,
    /// The client's session id, where it tells one.
    pub session: Option<String>,
    /// The dialect it speaks.
    pub client_dialect: &'static str,
    /// The path called, without a query and without a pin.
    pub path: String,
    /// The model asked for; empty where the path has none.
    pub model_requested: String,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The rule that decided where it goes.
    pub rule: Option<Arc<str>>,
    /// The earlier request that it is, sent again.
    pub replay_of: Option<RequestId>,
    /// Where the trace has come to that its client says it is part of.
    pub trace: Option<TraceParent>,
    /// How many bytes have come and gone for it, counted as it goes on.
    pub traffic: Arc<Traffic>,
}

/// A candidate is tried.
#[derive(Debug, Clone)]
pub struct AttemptStarted {
    /// The request.
    pub id: RequestId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// When.
    pub at_ms: i64,
    /// The provider.
    pub provider: Arc<str>,
    /// The key's id.
    pub key: Option<Arc<str>>,
    /// The group it was chosen from.
    pub group: Arc<str>,
    /// The model's name as sent.
    pub model: Arc<str>,
    /// What the provider speaks.
    pub provider_dialect: &'static str,
}

/// An attempt is over.
#[derive(Debug, Clone)]
pub struct AttemptEnded {
    /// The request.
    pub id: RequestId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// When.
    pub at_ms: i64,
    /// How long it took.
    pub duration_ms: u64,
    /// The provider's status, if it answered.
    pub http_status: Option<u16>,
    /// What is to be made of it.
    pub verdict: Verdict,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// One sentence of what went wrong.
    pub error: Option<String>,
    /// Tokens as the provider told them.
    pub usage: Option<Usage>,
    /// The model that says it answered.
    pub model_answered: Option<String>,
    /// The provider's id of the request, else of its answer.
    pub upstream_id: Option<String>,
    /// What was left out or approximated on the way to the provider, in the client's names.
    pub losses: Vec<String>,
    /// It lost a race: another candidate of the same request began its answer first.
    pub hedged: bool,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndStatus {
    /// The client has its answer, an error about its own request included.
    Completed,
    /// No provider could answer, or the answer broke off.
    Failed,
    /// The client went away.
    Cancelled,
}

/// A request is over.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The request.
    pub id: RequestId,
    /// When.
    pub at_ms: i64,
    /// From acceptance to the end.
    pub duration_ms: u64,
    /// How.
    pub status: EndStatus,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// The status the client saw.
    pub http_status: Option<u16>,
    /// One sentence of what went wrong.
    pub error: Option<String>,
}
