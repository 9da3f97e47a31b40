use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of the program's own log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogLine {
    /// Grows by one with each line since the start.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// The part of the program that tells it.
    pub target: String,
    /// What it says.
    pub message: String,
    /// Further facts, by name.
    pub fields: serde_json::Map<String, serde_json::Value>,
}
