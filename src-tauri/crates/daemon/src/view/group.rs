use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ModelRest;

/// A group of providers that is switched as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Whether it is the chosen one.
    pub active: bool,
    /// Whether it is paused by hand.
    pub paused: bool,
    /// What it does at the moment.
    pub state: GroupState,
    /// `priority`, `round-robin` and so on.
    pub policy: String,
    /// Until when it rests, if it does.
    pub cooling_until: Option<Timestamp>,
    /// Its providers, in the file's order.
    pub members: Vec<Member>,
}

/// A provider as a member of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Member {
    /// The provider's name.
    pub provider: String,
    /// The lowest goes first.
    pub priority: i32,
    /// Share under the `weighted` policy.
    pub weight: u32,
    /// How it is.
    pub health: Health,
    /// What it lacks, for which it is not asked, in one sentence.
    #[serde(default)]
    pub lacks: Option<String>,
    /// Until when it rests, if it does.
    pub cooling_until: Option<Timestamp>,
    /// The models that rest at it while it does not rest as a whole: requests for others still go to it.
    #[serde(default)]
    pub resting: Vec<ModelRest>,
    /// Typical milliseconds to the first semantic output.
    pub ttft_ms: Option<u64>,
    /// Share of recent attempts that went well, 0 to 1.
    pub success_rate: Option<f64>,
}

/// What a group does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    /// It is chosen and serves.
    Active,
    /// It could serve.
    Standby,
    /// It failed and rests.
    Cooling,
    /// It is paused by hand.
    Paused,
}

/// How a provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It serves.
    Healthy,
    /// It serves, with failures among the recent attempts or with some keys or models resting.
    Degraded,
    /// It failed too often and is not tried.
    Open,
    /// It is being tried again, carefully.
    HalfOpen,
    /// It said for how long not to call it.
    Cooling,
    /// It is switched off by hand, or lacks something.
    Disabled,
    /// It was not tried yet.
    Unknown,
}
