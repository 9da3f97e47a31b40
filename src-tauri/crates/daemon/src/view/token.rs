//! Client tokens as the outside sees them: never their values.

use jiff::Timestamp;
use ledger::Usd;
use serde::Serialize;

/// A token by which a client is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClientToken {
    /// Its name.
    pub name: String,
    /// The token as it may be shown; `None` while it cannot be had.
    pub masked: Option<String>,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// The groups that may serve it; all where there are none.
    pub groups: Vec<String>,
    /// The model names that it may ask for; all where there are none.
    pub models: Vec<String>,
    /// How much may be done with it.
    pub limits: TokenLimits,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Whether that time has come.
    pub expired: bool,
    /// When it was made, as far as it is known.
    pub created_at: Option<Timestamp>,
    /// When it was used last, as far as the history goes.
    pub last_used_at: Option<Timestamp>,
    /// What was done with it since midnight, by the local clock.
    pub today: TokenToday,
}

/// How much may be done with a client token; all it can where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TokenLimits {
    /// Requests a minute.
    pub rpm: Option<u32>,
    /// Tokens a minute.
    pub tpm: Option<u32>,
    /// Requests at once.
    pub concurrency: Option<u32>,
    /// US dollars in a period.
    pub usd: Option<f64>,
    /// The period: `hour`, `day`, `week` or `month`.
    pub per: Option<String>,
}

/// What was done with a client token today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TokenToday {
    /// Requests.
    pub requests: u64,
    /// What they cost, as far as it is known.
    pub cost_usd: Usd,
}
