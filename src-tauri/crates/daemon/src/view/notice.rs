use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something worth telling a person who is not looking: in words, and as data for those who say it in words of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Notice {
    /// Grows by one with each notice since the start.
    #[serde(default)]
    pub id: u64,
    /// What sort; people choose in the config which sorts are shown.
    pub kind: NoticeKind,
    /// A few words.
    pub title: String,
    /// One sentence.
    pub body: String,
    /// When.
    pub at: Timestamp,
    /// The page of the window that explains it, such as `/history?provider=relay`.
    #[serde(default)]
    pub page: String,
    /// The provider it is about: the one that failed, came back or refuses a key.
    #[serde(default)]
    pub provider: Option<String>,
    /// The group that serves instead, was chosen or was to be chosen, where it is another than before.
    #[serde(default)]
    pub group: Option<String>,
    /// The provider that serves instead, after a failover.
    #[serde(default)]
    pub to: Option<String>,
    /// Why there was a failover: a reason as in the history, such as `overloaded` or `rate_limited`.
    #[serde(default)]
    pub reason: Option<String>,
    /// What leaving the provider's cache costs about, a decimal number of US dollars; `None` where that is less than a cent
    /// or not known.
    #[serde(default)]
    pub cost_usd: Option<String>,
    /// The id of the key that is refused; `None` where it is the provider's only credential.
    #[serde(default)]
    pub key: Option<String>,
    /// What was spent of which budget, and what was done about it.
    #[serde(default)]
    pub budget: Option<BudgetNotice>,
    /// How many of its kind came in the minute before it and are not told by themselves.
    #[serde(default)]
    pub more: u32,
}

/// A mark that a budget reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BudgetNotice {
    /// The budget's name.
    pub name: String,
    /// The mark, as a share of the limit.
    pub share: f64,
    /// What was spent, a decimal number of US dollars.
    pub spent_usd: String,
    /// The limit, a decimal number of US dollars.
    pub limit_usd: String,
    /// When the budget begins anew.
    pub until: Timestamp,
    /// What was done.
    pub done: BudgetDeed,
    /// Why the notice's group could not be chosen, in one sentence.
    pub why: Option<String>,
}

/// What a budget's mark led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetDeed {
    /// It was told, and nothing else.
    Told,
    /// Requests are refused until the budget begins anew.
    Refused,
    /// A group was chosen.
    Chosen,
    /// A group was to be chosen, and could not be.
    NotChosen,
}

/// Sorts of notices, as spelled in the config.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// Another provider serves, since one failed.
    Failover,
    /// A provider serves again.
    Recovery,
    /// Nothing can serve.
    AllDown,
    /// A provider refuses a key.
    Auth,
    /// A budget is used up.
    Budget,
}

impl NoticeKind {
    /// The word used in the config and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failover => "failover",
            Self::Recovery => "recovery",
            Self::AllDown => "all-down",
            Self::Auth => "auth",
            Self::Budget => "budget",
        }
    }
}
