//! What a command does to the config without an instance is written down too, in the same ledger.

use jiff::Timestamp;
use ledger::AuditEntry;

use super::{AuditLog, standing};
use crate::lifecycle;
use crate::lock::Lock;
use crate::place::Place;
use crate::settings;
use crate::settings::watch;

/// Who works without an instance.
const ACTOR: &str = "command line";

/// A data folder that no instance runs on, as long as this is held, and what its config said before.
pub(crate) struct Alone<'p> {
    place: &'p Place,
    before: String,
    _lock: Lock,
}

impl<'p> Alone<'p> {
    /// Begins a change. The lock keeps others from starting meanwhile.
    pub(crate) fn begin(place: &'p Place, lock: Lock) -> Self {
        Self {
            place,
            before: watch::read(&place.config).unwrap_or_default(),
            _lock: lock,
        }
    }

    /// Writes down what was done, with what is otherwise since, or why it was refused. The error says why the ledger
    /// does not have it. A config without a ledger has no audit log either.
    pub(crate) async fn record(self, action: &str, error: Option<String>) -> Result<(), String> {
        let now = watch::read(&self.place.config).unwrap_or_default();
        let settings = settings::parse(&now).map_err(|_| "the config is not valid".to_owned())?;
        let entry = AuditEntry {
            changes: standing::changes_of(&self.before, &now),
            ..entry(ACTOR, action, None, error)
        };
        let opened = lifecycle::opened_ledger(self.place, &settings).await;
        let Some(ledger) = opened.map_err(|error| error.to_string())? else {
            return Ok(());
        };
        let kept = ledger.record_audit(&entry).await && ledger.flush().await;
        let health = ledger.health();
        ledger.close().await;
        if kept && !health.degraded && health.lost == 0 {
            return Ok(());
        }
        let why = health.last_error;
        Err(why.unwrap_or_else(|| "the ledger could not be written in time".to_owned()))
    }
}

/// An entry about something that no call asked for.
pub(super) fn entry(
    actor: &str,
    action: &str,
    target: Option<&str>,
    error: Option<String>,
) -> AuditEntry {
    AuditEntry {
        id: AuditLog::default().id(),
        at: Timestamp::now(),
        actor: actor.to_owned(),
        peer: None,
        action: action.to_owned(),
        target: target.map(str::to_owned),
        result: if error.is_none() { "done" } else { "refused" }.to_owned(),
        http_status: None,
        request_id: None,
        tries: 1,
        error,
        changes: Vec::new(),
    }
}
