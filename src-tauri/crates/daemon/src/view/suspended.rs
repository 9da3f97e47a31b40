//! Requests that wait.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A request that waits until something can serve it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Suspended {
    /// The request's id.
    pub id: String,
    /// Its place among those that wait, from 1.
    pub position: u64,
    /// Since when it waits.
    pub since: Timestamp,
    /// Until when it waits at most.
    pub until: Timestamp,
    /// The model asked for.
    pub model_requested: String,
    /// The group it has to stay in, if it has to.
    pub group: Option<String>,
    /// The provider it has to stay with, if it has to.
    pub provider: Option<String>,
    /// Why nothing can serve it, in one sentence.
    pub reason: String,
}

impl Suspended {
    /// The one at this place, from 1.
    pub(crate) fn of(position: usize, waits: &gateway::Suspended) -> Self {
        let time = |ms| Timestamp::from_millisecond(ms).unwrap_or_default();
        let (group, provider) = match &waits.pin {
            Some(routing::Pin::Group(group)) => (Some(group.clone()), None),
            Some(routing::Pin::Provider(provider)) => (None, Some(provider.clone())),
            None => (None, None),
        };
        Self {
            id: waits.id.to_string(),
            position: position as u64,
            since: time(waits.since_ms),
            until: time(waits.until_ms),
            model_requested: waits.model.clone(),
            group,
            provider,
            reason: waits.why.clone(),
        }
    }
}
