//! Tokens as the outside sees them: without their values, but in the one answer that follows their making.

use jiff::Timestamp;
use ledger::Usd;
use serde::Serialize;

/// A token by which a client is known.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TokenToday {
    /// Requests.
    pub requests: u64,
    /// What they cost, as far as it is known.
    pub cost_usd: Usd,
}

/// A client token that was just made. It holds the value, hence no `Debug`.
#[derive(Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct NewClientToken {
    /// What is told of it from now on.
    #[serde(flatten)]
    pub made: ClientToken,
    /// Its value.
    pub token: String,
}

/// What may be told of the admin token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AdminToken {
    /// `admin`.
    pub name: &'static str,
    /// The token as it may be shown; `None` where there is none.
    pub masked: Option<String>,
    /// `admin`.
    #[schema(value_type = Vec<String>)]
    pub scopes: [&'static str; 1],
}

/// An admin token that was just made. It holds the value, hence no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NewAdminToken {
    /// `admin`.
    pub name: &'static str,
    /// The token as it may be shown.
    pub masked: String,
    /// Its value.
    pub token: String,
}

/// What a token is good for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct TokenWorth {
    /// Whether it is good for anything now.
    pub valid: bool,
    /// Its name, where it is known.
    pub name: Option<String>,
    /// What it is good for.
    pub scopes: Vec<String>,
    /// The groups that may serve a client token; all where there are none. The admin token is bounded by nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// The model names that a client token may ask for; all where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
    /// How much may be done with a client token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<TokenLimits>,
    /// From when on a client token is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}
