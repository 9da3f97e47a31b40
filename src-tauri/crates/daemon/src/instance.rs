//! What all parts of a running instance share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use gateway::Gateway;
use ledger::Ledger;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use crate::audit::AuditLog;
use crate::budgets::Budgets;
use crate::choices::Kept;
use crate::claude_logs::Reading;
use crate::feed::Feed;
use crate::handle::Daemon;
use crate::live::Live;
use crate::loaded::Loaded;
use crate::lock::Lock;
use crate::metrics::Metrics;
use crate::notices::Notices;
use crate::place::Place;
use crate::practice_hosts::PracticeHosts;
use crate::secrets::{Keychain, Resolver};
use crate::series::Lately;
use crate::sessions::Sessions;
use crate::traces::Traces;
use crate::view::board::Clocks;
use crate::view::{Event, Problem};

/// A running instance.
pub(crate) struct Instance {
    pub(crate) place: Place,
    pub(crate) address: SocketAddr,
    /// Whether the address was given at the start, so that the config's does not count.
    pub(crate) address_given: bool,
    pub(crate) since: Instant,
    /// What the config said of the log at the start, and the history's place: both hold until the end.
    pub(crate) log: crate::settings::Log,
    pub(crate) ledger_place: Option<ledger::Place>,
    pub(crate) gateway: Gateway,
    pub(crate) loaded: ArcSwap<Loaded>,
    /// One change of the config at a time.
    pub(crate) reloading: tokio::sync::Mutex<()>,
    /// One edit of the config file by a call at a time, from writing it to taking it in.
    pub(crate) editing: tokio::sync::Mutex<()>,
    /// One new key at a time, from choosing its place to taking it in.
    pub(crate) setting_key: tokio::sync::Mutex<()>,
    /// `None` if it could not be opened: traffic goes on without a history.
    pub(crate) ledger: Option<Ledger>,
    /// What stands since the start: no ledger.
    pub(crate) standing: Vec<Problem>,
    pub(crate) kept: Kept,
    pub(crate) feed: Feed,
    pub(crate) sessions: Sessions,
    pub(crate) audit: AuditLog,
    /// One change of config or choices at a time, from what stood before to what stands after.
    pub(crate) standing_now: Mutex<()>,
    pub(crate) practice: PracticeHosts,
    /// Where the settings of client programs are.
    pub(crate) surroundings: clients::Surroundings,
    /// Where keys and local servers are found that could be providers.
    pub(crate) machine: crate::first_start::Surroundings,
    pub(crate) keychain: Keychain,
    pub(crate) resolver: Resolver,
    pub(crate) stop: CancellationToken,
    pub(crate) stopped: CancellationToken,
    pub(crate) lock: Mutex<Option<Lock>>,
    pub(crate) notices: Mutex<Notices>,
    pub(crate) live: Mutex<Live>,
    pub(crate) metrics: Mutex<Metrics>,
    pub(crate) lately: Mutex<Lately>,
    /// How far the import of logs has come.
    pub(crate) reading_logs: Arc<Reading>,
    /// Where spans go; `None` where no collector is named.
    pub(crate) traces: Option<Traces>,
    pub(crate) config_problem: Mutex<Option<String>>,
    pub(crate) clocks: Mutex<Clocks>,
    pub(crate) budgets: Budgets,
    pub(crate) changed: Notify,
    /// A notice was put off that did not come from routing.
    pub(crate) noticed: Notify,
}

impl Instance {
    pub(crate) fn notices(&self) -> MutexGuard<'_, Notices> {
        hold(&self.notices)
    }

    pub(crate) fn live(&self) -> MutexGuard<'_, Live> {
        hold(&self.live)
    }

    pub(crate) fn metrics(&self) -> MutexGuard<'_, Metrics> {
        hold(&self.metrics)
    }

    pub(crate) fn lately(&self) -> MutexGuard<'_, Lately> {
        hold(&self.lately)
    }

    pub(crate) fn config_problem(&self) -> MutexGuard<'_, Option<String>> {
        hold(&self.config_problem)
    }

    /// Both clocks. The same pair as long as they agree, so that a time told twice is told the same.
    pub(crate) fn clocks(&self, now: Instant) -> Clocks {
        let mut clocks = hold(&self.clocks);
        if clocks.disagree(now) {
            *clocks = Clocks::at(now);
        }
        *clocks
    }

    /// Something changed that status, groups or providers may show.
    pub(crate) fn nudge(&self) {
        self.changed.notify_one();
    }

    pub(crate) async fn nudged(&self) {
        self.changed.notified().await;
    }

    /// A notice waits for its time.
    pub(crate) fn notice(&self) {
        self.noticed.notify_one();
    }
}

/// None of what is locked here has half-done states, so a panic elsewhere does not spoil it.
pub(crate) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Daemon {
    pub(crate) fn instance(&self) -> &Instance {
        &self.0
    }

    pub(crate) fn loaded(&self) -> Arc<Loaded> {
        self.0.loaded.load_full()
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.0.feed
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Cancelled when the instance begins to stop.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.0.stop.clone()
    }

    /// What `GET /api/v1/stream` sends, from now on. A reader more than 1024 events behind misses the oldest.
    pub fn events(&self) -> broadcast::Receiver<Arc<Event>> {
        self.0.feed.subscribe()
    }
}
