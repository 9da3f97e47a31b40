use serde::Serialize;
use serde_json::Value;

/// Single settings of the config.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SettingList {
    /// All of them, by section.
    pub items: Vec<Setting>,
}

/// A single setting of the config.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Setting {
    /// Where it stands, such as `routing.retry.attempts`.
    pub path: String,
    /// The first part of that: `server`, `routing`, `ledger`, `log` or `desktop`.
    pub section: String,
    /// `string`, `boolean`, `integer`, `number`, `duration` (such as "90s"), `size` (such as "64MiB"), `strings`, or `list` of
    /// other things.
    pub r#type: String,
    /// What it says; what holds where nothing is written.
    pub value: Value,
    /// What holds where nothing is written; `null` where that is nothing.
    pub default: Value,
    /// Whether it is written in the config.
    pub written: bool,
    /// The words that it may be, or that may be in it; `null` where any may.
    pub choices: Option<Vec<String>>,
    /// Whether a change waits for the next start.
    pub restart: bool,
    /// What it means.
    pub description: String,
}
