//! Facts about routing that others want to hear of: notifications, tray, log, admin stream.
//!
//! Each is told once when it becomes true, never once a request.

use std::sync::Arc;
use std::time::Instant;

use crate::verdict::Reason;

/// Something that changed on the [`crate::Board`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Traffic goes to another provider because the one that served it failed.
    Failover {
        /// The provider that failed.
        from: Arc<str>,
        /// The one that serves instead.
        to: Arc<str>,
        /// The group the failed one served.
        group_from: Arc<str>,
        /// The group the new one serves; differs when failover left the group.
        group_to: Arc<str>,
        /// What the failure was.
        why: Reason,
        /// What it costs the conversation that saw it to leave its cache, in pico-dollars.
        cost: Option<u64>,
    },
    /// A provider that was open or cooling has answered well again.
    Recovered {
        /// The provider.
        provider: Arc<str>,
    },
    /// A provider was opened or cools down (for the model that failed at least).
    Rested {
        /// The provider.
        provider: Arc<str>,
        /// When it may be tried again.
        until: Instant,
        /// What the failure was.
        why: Reason,
    },
    /// Nothing is left that could serve; told once until something recovers.
    AllDown,
    /// A provider refused a credential (or the account behind it).
    AuthFailed {
        /// The provider.
        provider: Arc<str>,
        /// Key id, unless the provider has no keys.
        key: Option<Arc<str>>,
    },
    /// Somebody chose another group.
    GroupChosen {
        /// The group that is active now.
        group: Arc<str>,
    },
    /// Somebody paused a group.
    GroupPaused {
        /// The group.
        group: Arc<str>,
    },
    /// Somebody let a paused group serve again.
    GroupResumed {
        /// The group.
        group: Arc<str>,
    },
}
