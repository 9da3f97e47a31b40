//! Reports beside those that rows are made of: they go untold where those may need the room.

use std::sync::{Arc, atomic::Ordering};

use crate::{capture::Captured, gateway::Shared, report::Report};

impl Shared {
    /// Whether there is more room for reports than what rows are made of may need soon.
    fn has_room(&self) -> bool {
        self.reports.capacity() > self.reports.max_capacity() / 2
    }

    /// Tells what may go untold.
    pub(crate) fn report_in_passing(&self, report: Report) {
        if self.has_room() {
            self.report(report);
        }
    }

    /// Tells what was said in a request, unless its rows need what is left of the way; counts what is not told.
    pub(crate) fn tell_captured(&self, captured: Option<Result<Captured, ()>>) {
        let Some(captured) = captured else { return };
        let told = captured.ok().filter(|_| self.has_room());
        let told = told.and_then(|captured| {
            let report = Report::Captured(Arc::new(captured));
            self.reports.try_send(report).ok()
        });
        if told.is_none() {
            self.captures_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}
