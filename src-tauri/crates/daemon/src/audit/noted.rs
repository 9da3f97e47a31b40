//! What is otherwise after a change, told to whoever made it: the difference is taken where the change is made, one at a
//! time, so that no entry tells the change of another.

use std::sync::{Arc, Mutex, MutexGuard};

use ledger::{AuditEntry, Change};

use super::{Standing, alone};
use crate::handle::{CommandError, Daemon};
use crate::instance::hold;

tokio::task_local! {
    /// Where the changes of the running call go.
    static NOTED: Noted;
}

/// Changes that were made on somebody's behalf.
#[derive(Debug, Clone, Default)]
pub(crate) struct Noted(Arc<Mutex<Vec<Change>>>);

impl Noted {
    /// Runs a call and notes what it changes.
    pub(crate) async fn during<T>(&self, call: impl Future<Output = T>) -> T {
        NOTED.scope(self.clone(), call).await
    }

    /// What was noted.
    pub(crate) fn take(&self) -> Vec<Change> {
        std::mem::take(&mut hold(&self.0))
    }
}

/// A change that is being made. When it ends, what is otherwise since is noted; it must not be held across a wait.
pub(crate) struct Noting<'d> {
    daemon: &'d Daemon,
    before: Standing,
    _one: MutexGuard<'d, ()>,
}

impl Drop for Noting<'_> {
    fn drop(&mut self) {
        let changes = self.before.changes_to(&Standing::of(self.daemon));
        // Nobody asks for what Turnout does by itself.
        let _ = NOTED.try_with(|noted| hold(&noted.0).extend(changes));
    }
}

impl Daemon {
    /// Begins a change of config or choices.
    pub(crate) fn noting(&self) -> Noting<'_> {
        let one = hold(&self.instance().standing_now);
        Noting {
            daemon: self,
            before: Standing::of(self),
            _one: one,
        }
    }

    /// Does something that does not come by the admin API, such as a click in the tray, and writes down who did what and
    /// what came of it. Must be called within a runtime.
    pub fn audited<T>(
        &self,
        actor: &str,
        action: &str,
        target: Option<&str>,
        act: impl FnOnce() -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let noted = Noted::default();
        let done = NOTED.sync_scope(noted.clone(), act);
        let error = done.as_ref().err().map(ToString::to_string);
        let entry = self.entry(actor, action, target, error, noted.take());
        let daemon = self.clone();
        tokio::spawn(async move { daemon.record_audit(entry).await });
        done
    }

    /// An entry about something that no call asked for.
    pub(crate) fn entry(
        &self,
        actor: &str,
        action: &str,
        target: Option<&str>,
        error: Option<String>,
        changes: Vec<Change>,
    ) -> AuditEntry {
        AuditEntry {
            id: self.instance().audit.id(),
            changes,
            ..alone::entry(actor, action, target, error)
        }
    }
}
