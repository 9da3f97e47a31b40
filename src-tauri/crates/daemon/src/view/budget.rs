use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A budget and what of it is used up. Requests under way are not booked yet, and not in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// The limit, a decimal number of US dollars.
    pub limit_usd: String,
    /// What was spent since its period began, a decimal number of US dollars.
    pub spent_usd: String,
    /// `hour`, `day`, `week` or `month`.
    pub per: String,
    /// When the period began.
    pub since: Timestamp,
    /// When the next one begins.
    pub until: Timestamp,
    /// What was spent, as a share of the limit.
    pub share: f64,
    /// How it is.
    pub state: BudgetState,
    /// What happens at its largest mark: `notify`, `group:NAME` or `block`.
    pub then: String,
    /// Only what came with this client token.
    pub token: Option<String>,
    /// Only what was tried at providers of this group.
    pub group: Option<String>,
    /// Only what was tried at this provider.
    pub provider: Option<String>,
}

/// How a budget is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetState {
    /// Its largest mark is not reached.
    Ok,
    /// Its largest mark is reached.
    Reached,
    /// It is reached, and requests are refused for it.
    Blocked,
}
