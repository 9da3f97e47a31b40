//! Events for everyone who looks: numbered, broadcast, and the last ones kept for those who come back.
//!
//! A slow listener misses events and is told so by its receiver ([`broadcast::error::RecvError::Lagged`]); nobody waits
//! for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::broadcast;

use crate::view::{Event, Payload};

/// Events kept for replay, and the most a listener may be behind.
const KEPT: usize = 1024;
/// How long after the last listener left one may come back to a whole replay.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where events go in and come out.
#[derive(Debug)]
pub(crate) struct Feed {
    sender: broadcast::Sender<Arc<Event>>,
    recent: Mutex<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    last: u64,
    events: VecDeque<Arc<Event>>,
    watched: Option<Instant>,
}

/// What a listener gets who comes back.
pub(crate) struct Replay {
    /// Events after the one last seen.
    pub(crate) missed: Vec<Arc<Event>>,
    /// Whether some between are lost, or the id is not of this run.
    pub(crate) gap: bool,
    /// The newest id.
    pub(crate) last: u64,
    /// What comes from now on; nothing is twice or missing between `missed` and this.
    pub(crate) receiver: broadcast::Receiver<Arc<Event>>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::channel(KEPT).0,
            recent: Mutex::default(),
        }
    }

    pub(crate) fn publish(&self, payload: Payload) {
        let mut recent = self.recent();
        recent.last += 1;
        let event = Arc::new(Event {
            id: recent.last,
            payload,
        });
        if recent.events.len() == KEPT {
            recent.events.pop_front();
        }
        recent.events.push_back(Arc::clone(&event));
        // Fails when nobody listens. Sent under the lock, so that a replay and what follows fit together.
        let _ = self.sender.send(event);
    }

    /// What comes from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.sender.subscribe()
    }

    /// Whether somebody listens, or left so lately that they may come back.
    pub(crate) fn is_watched(&self) -> bool {
        let mut recent = self.recent();
        if self.sender.receiver_count() > 0 {
            recent.watched = Some(Instant::now());
        }
        recent
            .watched
            .is_some_and(|watched| watched.elapsed() < PATIENCE)
    }

    /// Leaves an event out, as nobody would see it. Who comes back finds a gap.
    pub(crate) fn skip(&self) {
        let mut recent = self.recent();
        recent.last += 1;
        recent.events.clear();
    }

    /// What came after the event `seen`, and what comes from now on.
    pub(crate) fn replay(&self, seen: Option<u64>) -> Replay {
        let recent = self.recent();
        let receiver = self.sender.subscribe();
        let oldest = recent.last - recent.events.len() as u64 + 1;
        let gap = seen.is_some_and(|seen| seen > recent.last || seen + 1 < oldest);
        let missed = match seen {
            Some(seen) if seen <= recent.last => recent
                .events
                .iter()
                .filter(|event| event.id > seen)
                .map(Arc::clone)
                .collect(),
            _ => Vec::new(),
        };
        Replay {
            missed,
            gap,
            last: recent.last,
            receiver,
        }
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::view::{Notice, NoticeKind};

    fn notice() -> Payload {
        Payload::Notice(Box::new(Notice {
            id: 0,
            kind: NoticeKind::AllDown,
            title: String::new(),
            body: String::new(),
            at: Timestamp::UNIX_EPOCH,
            page: String::new(),
            provider: None,
            group: None,
            to: None,
            reason: None,
            cost_usd: None,
            key: None,
            budget: None,
            more: 0,
        }))
    }

    fn ids(replay: &Replay) -> Vec<u64> {
        replay.missed.iter().map(|event| event.id).collect()
    }

    #[test]
    fn a_listener_that_comes_back_gets_what_it_missed_and_then_the_rest() {
        let feed = Feed::new();
        for _ in 0..3 {
            feed.publish(notice());
        }
        let mut replay = feed.replay(Some(1));
        feed.publish(notice());
        assert_eq!((ids(&replay), replay.gap), (vec![2, 3], false));
        assert_eq!(replay.receiver.try_recv().unwrap().id, 4);
    }

    #[test]
    fn a_first_listener_gets_nothing_old() {
        let feed = Feed::new();
        feed.publish(notice());
        let replay = feed.replay(None);
        assert_eq!((ids(&replay), replay.gap, replay.last), (vec![], false, 1));
    }

    #[test]
    fn what_is_no_longer_kept_is_a_gap() {
        let feed = Feed::new();
        for _ in 0..KEPT + 2 {
            feed.publish(notice());
        }
        assert!(!feed.replay(Some(2)).gap);
        let replay = feed.replay(Some(1));
        assert!(replay.gap);
        assert_eq!(replay.missed.len(), KEPT);
    }

    #[test]
    fn what_nobody_would_see_is_a_gap_for_who_comes_back() {
        let feed = Feed::new();
        assert!(!feed.is_watched());
        feed.publish(notice());
        feed.skip();
        assert!(feed.replay(Some(1)).gap);
        assert!(!feed.replay(Some(2)).gap);
    }

    #[test]
    fn one_who_just_left_is_still_waited_for() {
        let feed = Feed::new();
        let listener = feed.subscribe();
        assert!(feed.is_watched());
        drop(listener);
        assert!(feed.is_watched());
    }

    #[test]
    fn an_id_of_an_earlier_run_is_a_gap() {
        let feed = Feed::new();
        let replay = feed.replay(Some(77));
        assert_eq!((ids(&replay), replay.gap), (vec![], true));
    }
}
