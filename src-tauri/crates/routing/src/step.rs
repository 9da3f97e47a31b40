//! What goes in and out of routing for one request, as plain data.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sticky::Conversation;
use crate::topology::Dialect;
use crate::verdict::{Reason, Verdict};

/// What a request asks of routing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// The model name as the client wrote it; empty for calls without one. Besides a provider's
    /// own names: tier names, `provider/model`, `group:NAME`, each also with a `[1m]` suffix.
    pub model: String,
    /// Told by the path (`/provider/{name}/…`, `/group/{name}/…`); wins over the model name.
    pub pin: Option<Pin>,
    /// Only providers of this dialect: for calls that no other dialect has, such as files and batches.
    pub only: Option<Dialect>,
    /// What a rule, or the request itself, wants tried first. A pin goes before it.
    pub prefer: Option<Prefer>,
    /// This key alone.
    pub key: Option<Arc<str>>,
    /// A person tries it: whether anything rests or not; nobody rests for it but a refused key.
    pub forced: bool,
    /// The conversation that it belongs to, if it is known to belong to one.
    pub conversation: Option<Conversation>,
    /// Tokens of its prompt, roughly; 0 where nobody has counted.
    pub tokens: u64,
    /// The groups that may serve it; all where it is `None`.
    pub groups: Option<Arc<[Arc<str>]>>,
    /// Providers that are asked with their client's own login, where the client of this one has none.
    pub barred: Arc<[Arc<str>]>,
}

/// What is tried first. In automatic mode everything else follows; in manual mode a request stays in the preferred
/// group, or with the preferred provider where no group is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prefer {
    /// This group, instead of the chosen one.
    pub group: Option<String>,
    /// This provider, before any group.
    pub provider: Option<String>,
    /// This model, instead of the one that the client wrote; read as that one would be, pins in it included. With a
    /// provider it is asked of that one alone.
    pub model: Option<String>,
}

impl Ask {
    /// Whether a group may serve it.
    pub(crate) fn may_reach(&self, group: &str) -> bool {
        let groups = self.groups.as_ref();
        groups.is_none_or(|groups| groups.iter().any(|name| **name == *group))
    }

    /// The model that is asked for.
    pub(crate) fn wanted(&self) -> &str {
        let preferred = self.prefer.as_ref().and_then(|it| it.model.as_deref());
        preferred.unwrap_or(&self.model)
    }
}

/// Where a request has to stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// With this provider alone.
    Provider(String),
    /// Within this group.
    Group(String),
}

/// One (provider, key, model) that could serve a request. Made by the board alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The group it serves; empty for a pinned provider that is in none.
    pub group: Arc<str>,
    /// The provider.
    pub provider: Arc<str>,
    /// Key id, unless the provider needs none.
    pub key: Option<Arc<str>>,
    /// The model name to send upstream.
    pub model: Arc<str>,
    /// Which try of the request this is, from 1 on.
    pub attempt: u32,
    /// Whether `model` differs from what the client wrote.
    pub renamed: bool,
    /// Drawn when this is a probe of a half-open breaker.
    pub(crate) ticket: Option<u64>,
}

/// What to do next for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Try this one, then tell the board by [`crate::Board::record`], exactly once.
    Try(Candidate),
    /// Ask again at that instant: the same candidate is worth another try.
    Wait {
        /// When.
        until: Instant,
    },
    /// Nothing (more) can be tried.
    GiveUp(Exhausted),
}

/// Why a request was given up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exhausted {
    /// What could not be tried when it was given up, and why. What was tried and failed is not here.
    pub skipped: Vec<Skipped>,
    /// How the last try ended; a failure that passes goes before one that stays.
    pub last: Option<(Verdict, Reason)>,
    /// Soonest time from now at which any candidate may be usable.
    pub retry_in: Option<Duration>,
    /// All that rests, rests because its key was refused.
    pub refused: bool,
    /// How many tries were made.
    pub tried: u32,
    /// Waiting may help: a rest ends, a slot becomes free, or the group that it goes to first is resumed. Not where all
    /// that rests, rests for a refused key, nor for what could not serve this request anyway.
    pub may_wait: bool,
}

/// A candidate (or a whole provider or group) that could not be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The provider; for a pin or group, the name that was asked for.
    pub provider: Arc<str>,
    /// The model, where it is about one.
    pub model: Option<Arc<str>>,
    /// The key, where it is about one.
    pub key: Option<Arc<str>>,
    /// A clause for people, such as `cooling for another 12s`.
    pub why: String,
}

impl Outcome {
    /// The client went away before anything was sent.
    pub const GONE: Self = Self {
        verdict: Verdict::Cancelled,
        reason: Some(Reason::ClientCancelled),
        retry_after: None,
        committed: false,
        tokens: 0,
        asked: false,
    };
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What it means.
    pub verdict: Verdict,
    /// Why it did not work.
    pub reason: Option<Reason>,
    /// How long the upstream asked us to stay away.
    pub retry_after: Option<Duration>,
    /// Whether semantic output had reached the client: then there is no failover any more.
    pub committed: bool,
    /// Tokens that it read and wrote, as far as known.
    pub tokens: u64,
    /// Whether anything was sent to the provider at all.
    pub asked: bool,
}
