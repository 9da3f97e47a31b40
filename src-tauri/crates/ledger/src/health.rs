//! How the ledger itself is doing: what was lost and why. Never blocks and never fails.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::bodies::Backlog;

/// Between two warnings about lost events.
const WARN_EVERY: Duration = Duration::from_secs(1);

/// State of the writing side, for health pages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Health {
    /// Whether writing fails at the moment.
    pub degraded: bool,
    /// Events lost since the start: the queue was full or a record was refused.
    pub lost: u64,
    /// Events that wait to be written.
    pub queued: usize,
    /// The last thing that went wrong, in one sentence; stays after healing.
    pub last_error: Option<String>,
}

/// Shared between the writer task and those who ask.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    lost: AtomicU64,
    commits: AtomicU64,
    /// Captured bodies that wait, and those that were lost.
    pub(crate) backlog: Backlog,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    degraded: bool,
    last_error: Option<String>,
    warned: Option<Instant>,
}

impl Pulse {
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Counts lost events and warns about them, at most once a second.
    pub(crate) fn lose(&self, events: u64, why: &str) {
        let lost = self.lost.fetch_add(events, Ordering::Relaxed) + events;
        let now = Instant::now();
        let mut state = self.state();
        let due = state
            .warned
            .is_none_or(|at| now.duration_since(at) >= WARN_EVERY);
        if due {
            state.warned = Some(now);
            drop(state);
            tracing::warn!(
                lost,
                "the ledger lost records ({why}); requests go on, {lost} records are missing since the start"
            );
        }
    }

    /// Remembers a failure; true if writing had worked until now.
    pub(crate) fn fail(&self, error: &str) -> bool {
        let mut state = self.state();
        state.last_error = Some(error.to_owned());
        !std::mem::replace(&mut state.degraded, true)
    }

    /// Remembers an error that does not stop writing.
    pub(crate) fn note(&self, error: &str) {
        self.state().last_error = Some(error.to_owned());
    }

    /// How many batches were written.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Rows were changed otherwise than by a batch.
    pub(crate) fn changed(&self) {
        self.commits.fetch_add(1, Ordering::Release);
    }

    /// A batch was written; true if that had failed before.
    pub(crate) fn written(&self) -> bool {
        self.commits.fetch_add(1, Ordering::Release);
        std::mem::take(&mut self.state().degraded)
    }

    pub(crate) fn health(&self, queued: usize) -> Health {
        let state = self.state();
        Health {
            degraded: state.degraded,
            lost: self.lost(),
            queued,
            last_error: state.last_error.clone(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
