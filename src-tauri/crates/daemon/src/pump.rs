//! Takes the gateway's reports off their channel: into the ledger, the live rows, the notices and the events.
//!
//! The channel is bounded and the gateway drops what does not fit, so nothing here may wait for a disk or a reader.

use std::sync::Arc;
use std::time::Instant;

use gateway::Report;
use jiff::Timestamp;
use routing::Change;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::captures::Captures;
use crate::handle::Daemon;
use crate::notices::{Moment, News, because};
use crate::record;
use crate::view::{Payload, Request};

/// Reports that may wait.
pub(crate) const REPORTS: usize = 8192;

/// Takes reports until `done`, then those that still wait.
pub(crate) async fn pump(
    daemon: Daemon,
    mut reports: mpsc::Receiver<Report>,
    captures: Option<Captures>,
    done: CancellationToken,
) {
    loop {
        let due = || daemon.instance().notices().due();
        tokio::select! {
            biased;
            report = reports.recv() => match report {
                Some(Report::Captured(said)) => {
                    if let Some(captures) = &captures {
                        captures.take(said);
                    }
                }
                Some(report) => daemon.take(report),
                None => break,
            },
            () = falls_due(due, &daemon.instance().noticed) => daemon.tell_waiting(),
            () = done.cancelled() => reports.close(),
        }
    }
}

/// Until something is due, also what comes to wait meanwhile.
async fn falls_due(due: impl Fn() -> Option<Instant>, changed: &Notify) {
    loop {
        let next = async {
            match due() {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = next => return,
            () = changed.notified() => {}
        }
    }
}

/// Publishes the rows that the ledger has written, until the instance stops.
pub(crate) async fn publish_rows(daemon: Daemon, ledger: ledger::Ledger) {
    let mut commits = ledger.commits();
    let stop = daemon.stopping();
    loop {
        let changed = tokio::select! {
            changed = commits.recv() => changed,
            () = stop.cancelled() => return,
        };
        match changed {
            Ok(ids) => publish(&daemon, &ledger, &ids).await,
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
        drain(&mut commits, &daemon, &ledger).await;
        daemon.instance().nudge();
    }
}

async fn drain(
    commits: &mut broadcast::Receiver<Arc<[Arc<str>]>>,
    daemon: &Daemon,
    ledger: &ledger::Ledger,
) {
    while let Ok(ids) = commits.try_recv() {
        publish(daemon, ledger, &ids).await;
    }
}

async fn publish(daemon: &Daemon, ledger: &ledger::Ledger, ids: &[Arc<str>]) {
    if !daemon.feed().is_watched() {
        return daemon.feed().skip();
    }
    match ledger.rows(ids).await {
        Ok(rows) => {
            for row in rows {
                if let Some(row) = row_shape(&row) {
                    daemon.feed().publish(Payload::Request(Box::new(row)));
                }
            }
        }
        Err(error) => tracing::debug!("rows that were just written cannot be read: {error}"),
    }
}

/// The ledger writes rows with the names of the API, so its JSON is ours.
pub(crate) fn row_shape(row: &ledger::Row) -> Option<Request> {
    let told = serde_json::to_value(row).and_then(serde_json::from_value);
    told.map_err(|error| tracing::error!("a row of the ledger does not fit the API: {error}"))
        .ok()
}

impl Daemon {
    fn take(&self, report: Report) {
        let instance = self.instance();
        let loaded = self.loaded();
        if let Report::Changed { change, request } = report {
            let request = request.map(|id| tracing::error_span!("request", request_id = %id));
            return request
                .unwrap_or_else(tracing::Span::none)
                .in_scope(|| self.changed(&[change]));
        }
        let row = instance
            .live()
            .take(&report, &|key| record::Facts::mask(&*loaded, key))
            .cloned();
        if let Some(traces) = &instance.traces {
            traces.take(&report, &|provider| loaded.seller(provider));
        }
        instance.metrics().take(&report, row.as_ref(), &*loaded);
        instance.lately().take(&report);
        self.publish_connection(row.as_ref());
        let Some(ledger) = &instance.ledger else {
            return self.publish_live(row);
        };
        if let Some(event) = record::event(&report, &*loaded) {
            ledger.writer().send(event);
        }
        if ledger.degraded() {
            self.publish_live(row);
        }
    }

    fn publish_connection(&self, row: Option<&Request>) {
        if let Some(row) = row
            && self.feed().is_watched()
            && let Some(connection) = self.instance().live().connection(&row.id)
        {
            self.feed()
                .publish(Payload::Connection(Box::new(connection)));
        }
    }

    /// While the ledger can't tell of a request, the live rows do.
    fn publish_live(&self, row: Option<Request>) {
        if let Some(row) = row {
            self.feed().publish(Payload::Request(Box::new(row)));
        }
        self.instance().nudge();
    }

    /// Tells everyone what changed in routing.
    pub(crate) fn changed(&self, changes: &[Change]) {
        for change in changes {
            log(change);
            self.instance().metrics().changed(change);
            let notice = self.instance().notices().take(change, self.moment());
            if let Some(notice) = notice {
                self.feed().publish(Payload::Notice(Box::new(notice)));
            }
        }
        self.instance().nudge();
    }

    /// Tells what did not come from routing.
    pub(crate) fn tell(&self, news: News) {
        let notice = self.instance().notices().tell(news, self.moment());
        match notice {
            Some(notice) => self.feed().publish(Payload::Notice(Box::new(notice))),
            None => self.instance().notice(),
        }
    }

    fn tell_waiting(&self) {
        let ripe = self.instance().notices().ripe(self.moment());
        for notice in ripe {
            self.feed().publish(Payload::Notice(Box::new(notice)));
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            now: Instant::now(),
            at: Timestamp::now(),
            locale: self.locale(),
        }
    }
}

fn log(change: &Change) {
    match change {
        Change::Failover { from, to, why, .. } => {
            tracing::warn!("switched from {from} to {to}: {from} {}", because(*why));
        }
        Change::Recovered { provider } => tracing::info!("{provider} serves again"),
        Change::Rested { provider, why, .. } => {
            tracing::warn!("{provider} rests, as it {}", because(*why));
        }
        Change::AllDown => tracing::error!("no provider can serve"),
        Change::AuthFailed { provider, key } => {
            tracing::error!(
                "{provider} refuses {}",
                key.as_deref().unwrap_or("its credential")
            );
        }
        Change::GroupChosen { group } => tracing::info!("group {group} was chosen"),
        Change::GroupPaused { group } => tracing::info!("group {group} was paused"),
        Change::GroupResumed { group } => tracing::info!("group {group} was resumed"),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_comes_to_wait_while_nothing_waited_is_told_when_it_is_due() {
        let begun = tokio::time::Instant::now();
        let (due, changed) = (Cell::new(None), Notify::new());
        let told = falls_due(|| due.get(), &changed);
        let comes = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            due.set(Some((begun + Duration::from_mins(1)).into_std()));
            changed.notify_one();
        };
        tokio::join!(told, comes);
        assert_eq!(begun.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_due_earlier_than_what_waited_is_not_late() {
        let begun = tokio::time::Instant::now();
        let at = |seconds| Some((begun + Duration::from_secs(seconds)).into_std());
        let (due, changed) = (Cell::new(at(60)), Notify::new());
        let told = falls_due(|| due.get(), &changed);
        let comes = async {
            due.set(at(20));
            changed.notify_one();
        };
        tokio::join!(told, comes);
        assert_eq!(begun.elapsed().as_secs(), 20);
    }
}
