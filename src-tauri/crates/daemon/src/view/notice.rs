use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something worth telling a person who is not looking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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
    /// The group that serves instead or was chosen, where it is another than before.
    #[serde(default)]
    pub group: Option<String>,
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
