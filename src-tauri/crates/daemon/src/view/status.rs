use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Budget, Forecast, GroupState};

/// The whole at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Status {
    /// Version of the running program.
    pub version: String,
    /// Seconds since the start.
    pub uptime: u64,
    /// Whether failover may leave the chosen group.
    pub mode: Mode,
    /// The chosen group; empty if there is none.
    pub active_group: String,
    /// The budget that chose the active group, where nobody has chosen one since.
    #[serde(default)]
    pub takeover: Option<Takeover>,
    /// The provider that a request would go to now; `None` if all are down.
    pub active_provider: Option<String>,
    /// The group that provider would be taken from: another one than the chosen after a failover.
    pub serving_group: Option<String>,
    /// Requests under way.
    pub in_flight: u64,
    /// Requests that wait until something can serve again.
    pub suspended: u64,
    /// What rests, in the order of the config: whole providers, and single models of those that serve others.
    #[serde(default)]
    pub resting: Vec<Rest>,
    /// Sums since midnight, local time.
    pub today: Today,
    /// Name and state of each group, in the file's order.
    pub groups: Vec<GroupSummary>,
    /// Budgets, in the config's order, as they were last looked at.
    #[serde(default)]
    pub budgets: Vec<Budget>,
    /// The limit that will be hit first, if things go on as they do.
    #[serde(default)]
    pub forecast: Option<Forecast>,
    /// What a person should look at.
    pub problems: Vec<Problem>,
    /// What is wrong with the config on disk, with line and column; `None` if it is the one in use.
    pub config_problem: Option<String>,
    /// Where it listens.
    pub listen: String,
    /// Where clients point, such as `http://127.0.0.1:7790`.
    pub base_url: String,
    /// Whether the practice providers are made to fail.
    pub practice_outage: bool,
}

/// A group that a budget chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Takeover {
    /// The budget's name.
    pub budget: String,
    /// The group that was active before, which may be chosen again.
    pub from: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// A provider that rests, or a model at one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rest {
    /// The provider.
    pub provider: String,
    /// The model's name there; `None` where the whole provider rests.
    pub model: Option<String>,
    /// Until when.
    pub until: Timestamp,
}

/// Sums since midnight, local time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Today {
    /// Requests.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Prompt tokens not from a cache.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Prompt tokens read from a cache.
    pub cache_read_tokens: u64,
    /// Prompt tokens written to a cache.
    pub cache_write_tokens: u64,
    /// The part of the output that was thinking.
    pub reasoning_tokens: u64,
    /// What it cost, a decimal number of US dollars.
    pub cost_usd: String,
}

/// A group in the status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GroupSummary {
    /// Its name.
    pub name: String,
    /// What it does.
    pub state: GroupState,
}

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// What sort.
    pub kind: ProblemKind,
    /// One sentence: what, where, what to do.
    pub message: String,
}

/// Sorts of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The config on disk is broken; the one before it is in use.
    Config,
    /// A change of the config needs a restart.
    Restart,
    /// The history can't be written.
    Ledger,
    /// There is no keychain, or it does not answer.
    Keychain,
    /// A key or token is missing or stands in the config in plain text.
    Key,
    /// The config asks for something that this version does not do yet.
    Unused,
}

/// Whether failover may leave the chosen group.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It may.
    #[default]
    Auto,
    /// It stays and waits.
    Manual,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Manual => "manual",
        })
    }
}

/// The mode alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WorkMode {
    /// Whether failover may leave the chosen group.
    pub mode: Mode,
}

/// Whether the practice providers are made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Outage {
    /// They are.
    pub on: bool,
}
