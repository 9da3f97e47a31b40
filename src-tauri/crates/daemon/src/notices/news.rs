//! What is worth telling a person who is not looking, as data: in which words is `words`'s matter.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use ledger::Usd;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use routing::{Change, Reason};

use super::CENT;
use crate::settings::OF_TOKEN;
use crate::view::{BudgetDeed, BudgetNotice, Notice, NoticeKind};

/// What of a name may stand in a query as it is.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum News {
    /// Another provider serves.
    Failover {
        from: Arc<str>,
        to: Arc<str>,
        group_from: Arc<str>,
        group_to: Arc<str>,
        why: Reason,
        /// What leaving the cache costs, in pico-dollars.
        cost: Option<u64>,
    },
    /// A provider serves again.
    Recovered { provider: Arc<str> },
    /// Nothing can serve.
    AllDown,
    /// A provider refuses a key, or its only credential.
    AuthFailed {
        provider: Arc<str>,
        key: Option<Arc<str>>,
    },
    /// A budget reached a mark.
    Spent(Spent),
}

/// What was spent of a budget, and what is done about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spent {
    /// The budget's name.
    pub(crate) budget: String,
    /// The mark, as a share of the limit.
    pub(crate) share: f64,
    /// US dollars, decimal.
    pub(crate) amount: String,
    /// US dollars, decimal.
    pub(crate) limit: String,
    /// When its period ends.
    pub(crate) until: Timestamp,
    /// What is done.
    pub(crate) done: Done,
}

impl Spent {
    /// The token whose own limit it is.
    pub(crate) fn token(&self) -> Option<&str> {
        self.budget.strip_prefix(OF_TOKEN)
    }
}

/// What a budget's mark leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    /// It is told.
    Told,
    /// Requests are refused until the period ends, which is this time of the local clock.
    Refused { local: String },
    /// This group was chosen.
    Chosen { group: String },
    /// This group could not be chosen.
    NotChosen { group: String, why: String },
}

impl Spent {
    fn as_data(&self) -> BudgetNotice {
        let (done, why) = match &self.done {
            Done::Told => (BudgetDeed::Told, None),
            Done::Refused { .. } => (BudgetDeed::Refused, None),
            Done::Chosen { .. } => (BudgetDeed::Chosen, None),
            Done::NotChosen { why, .. } => (BudgetDeed::NotChosen, Some(why.clone())),
        };
        BudgetNotice {
            name: self.budget.clone(),
            share: self.share,
            spent_usd: self.amount.clone(),
            limit_usd: self.limit.clone(),
            until: self.until,
            done,
            why,
        }
    }
}

impl News {
    /// What a change in routing means for people; most mean nothing.
    pub(super) fn of(change: &Change) -> Option<Self> {
        Some(match change {
            Change::Failover {
                from,
                to,
                group_from,
                group_to,
                why,
                cost,
            } => Self::Failover {
                from: from.clone(),
                to: to.clone(),
                group_from: group_from.clone(),
                group_to: group_to.clone(),
                why: *why,
                cost: *cost,
            },
            Change::Recovered { provider } => Self::Recovered {
                provider: provider.clone(),
            },
            Change::AllDown => Self::AllDown,
            Change::AuthFailed { provider, key } => Self::AuthFailed {
                provider: provider.clone(),
                key: key.clone(),
            },
            Change::Rested { .. }
            | Change::GroupChosen { .. }
            | Change::GroupPaused { .. }
            | Change::GroupResumed { .. } => return None,
        })
    }

    pub(super) fn kind(&self) -> NoticeKind {
        match self {
            Self::Failover { .. } => NoticeKind::Failover,
            Self::Recovered { .. } => NoticeKind::Recovery,
            Self::AllDown => NoticeKind::AllDown,
            Self::AuthFailed { .. } => NoticeKind::Auth,
            Self::Spent(_) => NoticeKind::Budget,
        }
    }

    /// The provider it is about: the one that failed or came back.
    pub(super) fn provider(&self) -> Option<&Arc<str>> {
        match self {
            Self::Failover { from, .. } => Some(from),
            Self::Recovered { provider } | Self::AuthFailed { provider, .. } => Some(provider),
            Self::AllDown | Self::Spent(_) => None,
        }
    }

    /// Whether it is no longer so once this has changed.
    pub(super) fn is_over_by(&self, change: &Change) -> bool {
        match (self, change) {
            (Self::Failover { from, .. }, Change::Recovered { provider }) => from == provider,
            (Self::Recovered { provider: back }, Change::Rested { provider, .. }) => {
                back == provider
            }
            (Self::AllDown, Change::Recovered { .. } | Change::Failover { .. }) => true,
            _ => false,
        }
    }

    /// The group that serves, was chosen or was to be chosen, where it is another than before.
    pub(super) fn group(&self) -> Option<&str> {
        match self {
            Self::Failover {
                group_from,
                group_to,
                ..
            } => (group_from != group_to).then_some(&**group_to),
            Self::Spent(Spent {
                done: Done::Chosen { group } | Done::NotChosen { group, .. },
                ..
            }) => Some(group),
            _ => None,
        }
    }

    /// Adds to a notice of it what its words say, as data.
    pub(super) fn tell(&self, notice: &mut Notice) {
        match self {
            Self::Failover { to, why, cost, .. } => {
                notice.to = Some(to.to_string());
                notice.reason = Some(why.as_str().to_owned());
                let cost = cost.filter(|pico| *pico >= CENT / 2);
                notice.cost_usd = cost.map(|pico| Usd::from_pico(pico.into()).to_string());
            }
            Self::AuthFailed { key, .. } => notice.key = key.as_deref().map(str::to_owned),
            Self::Spent(spent) => notice.budget = Some(spent.as_data()),
            Self::Recovered { .. } | Self::AllDown => {}
        }
    }

    /// The page of the window that explains it.
    pub(super) fn page(&self) -> String {
        let (mut page, provider) = match self {
            Self::Failover { from, .. } => ("/history".to_owned(), Some(from)),
            Self::Recovered { provider } | Self::AuthFailed { provider, .. } => {
                ("/providers".to_owned(), Some(provider))
            }
            Self::AllDown => ("/overview".to_owned(), None),
            Self::Spent(_) => ("/usage".to_owned(), None),
        };
        if let Some(name) = provider {
            // Writing to a string cannot fail.
            let _ = write!(page, "?provider={}", utf8_percent_encode(name, IN_QUERY));
        }
        page
    }
}
