//! How the instance itself is.

use serde::{Deserialize, Serialize};

use super::Health;

/// What `GET /health/detailed` answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DetailedHealth {
    /// `ok`, `degraded` (it serves, and something should be looked at) or `down` (nothing can serve a request now).
    pub status: String,
    /// Version of the running program.
    pub version: String,
    /// Seconds since the start.
    pub uptime: u64,
    /// The history.
    pub database: DatabaseHealth,
    /// Each provider, in the file's order.
    pub providers: Vec<ProviderHealth>,
    /// Memory of this process; `None` where the system does not tell it.
    pub memory: Option<MemoryHealth>,
    /// The disk that the data folder is on; `None` where the system does not tell it.
    pub disk: Option<DiskHealth>,
    /// The tasks of this process.
    pub event_loop: EventLoopHealth,
}

/// How the history is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DatabaseHealth {
    /// `ok`, `degraded` (it cannot be written or read at the moment) or `down` (it could not be opened).
    pub status: String,
    /// Milliseconds that a small query took.
    pub latency_ms: Option<f64>,
    /// Records that wait to be written.
    pub queued: u64,
    /// Records that were lost since the start.
    pub lost: u64,
    /// What went wrong last, in one sentence.
    pub last_error: Option<String>,
}

/// How a provider is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderHealth {
    /// Its name.
    pub name: String,
    /// How it is.
    pub health: Health,
    /// What went wrong last, in one sentence.
    pub last_error: Option<String>,
}

/// Memory of this process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MemoryHealth {
    /// What is resident, in bytes.
    pub resident_bytes: u64,
}

/// The disk that the data folder is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DiskHealth {
    /// What Turnout may still write, in bytes.
    pub available_bytes: u64,
    /// Its size, in bytes.
    pub total_bytes: u64,
}

/// How quickly tasks get their turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventLoopHealth {
    /// Milliseconds that a new task waited until it was run.
    pub lag_ms: f64,
}

/// What `GET /health` answers anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Liveness {
    /// `ok`.
    pub status: String,
    /// Version of the running program.
    pub version: String,
}
