//! The audit log: who asked for what change, from where, what came of it, and what is otherwise since.
//!
//! Entries go to the log in any case and to the ledger where there is one. Refused tries are counted by address, so that
//! somebody who guesses fills neither.

mod alone;
mod noted;
mod standing;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use ledger::{AuditEntry, Ledger};

pub(crate) use self::alone::Alone;
pub(crate) use self::noted::Noted;
pub(crate) use self::standing::Standing;
use crate::handle::Daemon;
use crate::instance::hold;

/// Refused tries of one address within this time are one entry.
const SUMMED_UP: Duration = Duration::from_mins(1);
/// Addresses whose refused tries are counted apart; those of all others are counted together.
const PEERS: usize = 256;

/// What the audit log needs between two entries.
#[derive(Debug, Default)]
pub(crate) struct AuditLog {
    entries: AtomicU32,
    /// Tries that were refused since the last entry about them, by address.
    refused: Mutex<HashMap<Peer, Refused>>,
}

/// Whose tries are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Peer {
    /// One address's.
    One(IpAddr),
    /// Those of all addresses that there was no room for.
    Others,
}

/// Refused tries of one address.
#[derive(Debug)]
struct Refused {
    tries: u32,
    latest: AuditEntry,
}

impl AuditLog {
    /// An id that no other entry has; later ones sort behind earlier ones of this run.
    pub(crate) fn id(&self) -> String {
        let number = self.entries.fetch_add(1, Ordering::Relaxed);
        format!("audit-{number:08x}{:08x}", fastrand::u32(..))
    }

    /// Counts a refused try. Tells whose it was if it was their first within a minute, which is an entry by itself.
    fn count(&self, peer: Option<IpAddr>, entry: &AuditEntry) -> Option<Peer> {
        let mut refused = hold(&self.refused);
        let peer = peer.map_or(Peer::Others, Peer::One);
        let is_crowded = refused.len() >= PEERS && !refused.contains_key(&peer);
        let peer = if is_crowded { Peer::Others } else { peer };
        let latest = entry.clone();
        if let Some(known) = refused.get_mut(&peer) {
            known.tries = known.tries.saturating_add(1);
            known.latest = latest;
            return None;
        }
        refused.insert(peer, Refused { tries: 0, latest });
        Some(peer)
    }

    /// The entry about what an address tried since its first one; that address begins anew.
    fn sum_up(&self, peer: Peer) -> Option<AuditEntry> {
        let refused = hold(&self.refused).remove(&peer)?;
        (refused.tries > 0).then(|| AuditEntry {
            tries: refused.tries,
            ..refused.latest
        })
    }
}

impl Daemon {
    /// Keeps an entry: always in the log, and in the ledger. Waits a second at most.
    pub(crate) async fn record_audit(&self, entry: AuditEntry) {
        let told = told(&entry);
        if entry.result == "done" {
            tracing::info!("{told}");
        } else {
            tracing::warn!("{told}");
        }
        if let Some(ledger) = &self.instance().ledger
            && !ledger.record_audit(&entry).await
        {
            tracing::error!("this entry of the audit log stands in this log alone: {told}");
        }
    }

    /// Keeps that somebody was not let in: at once, or summed up with what else that address tries within a minute.
    pub(crate) async fn record_refused(&self, peer: Option<IpAddr>, entry: AuditEntry) {
        let Some(peer) = self.instance().audit.count(peer, &entry) else {
            return;
        };
        let daemon = self.clone();
        tokio::spawn(async move {
            // At the end of the instance, what is counted by then is told there.
            let stop = daemon.stopping();
            tokio::select! {
                () = tokio::time::sleep(SUMMED_UP) => {}
                () = stop.cancelled() => return,
            }
            if let Some(entry) = daemon.instance().audit.sum_up(peer) {
                daemon.record_audit(entry).await;
            }
        });
        self.record_audit(entry).await;
    }

    /// Tells what was counted and not told yet.
    pub(crate) async fn record_refused_tries(&self) {
        let log = &self.instance().audit;
        let peers: Vec<_> = hold(&log.refused).keys().copied().collect();
        for peer in peers {
            if let Some(entry) = log.sum_up(peer) {
                self.record_audit(entry).await;
            }
        }
    }
}

/// Lets entries go that are older than the config wants them kept.
pub(crate) async fn forget_old(daemon: &Daemon, ledger: &Ledger) {
    let kept = daemon.loaded().settings.ledger.audit_retention;
    let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    let now = Timestamp::now().as_millisecond();
    ledger.forget_audit(now.saturating_sub(kept)).await;
}

fn told(entry: &AuditEntry) -> String {
    let target = entry.target.as_deref().map(|target| format!(" {target}"));
    let peer = entry.peer.as_deref().map(|peer| format!(" at {peer}"));
    let tries = (entry.tries > 1).then(|| format!(", {} times", entry.tries));
    let error = entry.error.as_deref().map(|error| format!(": {error}"));
    format!(
        "{}{} by {}{} was {}{}{}",
        entry.action,
        target.unwrap_or_default(),
        entry.actor,
        peer.unwrap_or_default(),
        entry.result,
        tries.unwrap_or_default(),
        error.unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str) -> AuditEntry {
        AuditEntry {
            id: id.to_owned(),
            at: Timestamp::UNIX_EPOCH,
            actor: "unknown".to_owned(),
            peer: None,
            action: "admin.enter".to_owned(),
            target: None,
            result: "refused".to_owned(),
            http_status: Some(401),
            request_id: None,
            tries: 1,
            error: Some("wrong".to_owned()),
            changes: Vec::new(),
        }
    }

    #[test]
    fn many_tries_of_one_address_are_two_entries() {
        let log = AuditLog::default();
        let address = IpAddr::from([127, 0, 0, 1]);
        let peer = Peer::One(address);
        assert_eq!(log.count(Some(address), &entry("a")), Some(peer));
        for id in ["b", "c", "d"] {
            assert_eq!(log.count(Some(address), &entry(id)), None);
        }
        let summed = log.sum_up(peer).unwrap();
        assert_eq!((summed.id.as_str(), summed.tries), ("d", 3));
        assert_eq!(log.count(Some(address), &entry("e")), Some(peer));
        assert_eq!(log.sum_up(peer), None);
    }

    #[test]
    fn a_crowd_of_addresses_is_counted_together() {
        let log = AuditLog::default();
        let peer = |number: u32| Some(IpAddr::from(number.to_be_bytes()));
        for number in 0..2000 {
            let _ = log.count(peer(number), &entry("x"));
        }
        assert_eq!(hold(&log.refused).len(), PEERS + 1);
        let others = log.sum_up(Peer::Others).unwrap();
        assert_eq!(others.tries as usize, 2000 - PEERS - 1);
    }

    #[test]
    fn the_log_tells_an_entry_in_a_sentence() {
        let mut entry = entry("a");
        entry.peer = Some("127.0.0.1".to_owned());
        entry.tries = 3;
        assert_eq!(
            told(&entry),
            "admin.enter by unknown at 127.0.0.1 was refused, 3 times: wrong"
        );
    }
}
