//! From changes in routing to notices for a person: which are worth one, in which words, and never more than one a
//! minute of a kind. Pure: `now` is an argument.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use routing::{Change, Reason};

use crate::view::{Notice, NoticeKind};

/// Between two notices of a kind.
const APART: Duration = Duration::from_mins(1);

/// What was told, and what waits to be.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    kinds: BTreeMap<NoticeKind, Kind>,
}

#[derive(Debug, Default)]
struct Kind {
    told: Option<Instant>,
    /// The newest that came too soon, and how many came before it.
    waiting: Option<(Words, u32)>,
}

/// A notice without its time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Words {
    kind: NoticeKind,
    about: String,
    title: String,
    body: String,
}

impl Notices {
    /// What is to be told at once about a change.
    pub(crate) fn take(&mut self, change: &Change, now: Instant, at: Timestamp) -> Option<Notice> {
        self.outdate(change);
        let words = words(change)?;
        let kind = self.kinds.entry(words.kind).or_default();
        if kind.told.is_some_and(|told| now < told + APART) {
            let before = kind.waiting.take().map_or(0, |(_, before)| before + 1);
            kind.waiting = Some((words, before));
            return None;
        }
        kind.told = Some(now);
        kind.waiting = None;
        Some(words.notice(0, at))
    }

    /// When the next waiting one is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        let waiting = self.kinds.values().filter(|kind| kind.waiting.is_some());
        waiting
            .filter_map(|kind| kind.told)
            .map(|told| told + APART)
            .min()
    }

    /// What waited and is due, each with what came before it.
    pub(crate) fn ripe(&mut self, now: Instant, at: Timestamp) -> Vec<Notice> {
        let due = self
            .kinds
            .values_mut()
            .filter(|kind| kind.told.is_none_or(|told| told + APART <= now));
        due.filter_map(|kind| {
            let (words, before) = kind.waiting.take()?;
            kind.told = Some(now);
            Some(words.notice(before, at))
        })
        .collect()
    }

    /// Drops what waits and is no longer true.
    fn outdate(&mut self, change: &Change) {
        let (kind, about) = match change {
            Change::Recovered { provider } => (NoticeKind::Failover, provider.as_ref()),
            Change::Rested { provider, .. } => (NoticeKind::Recovery, provider.as_ref()),
            _ => return,
        };
        let is_outdated = |words: &Words| words.about == about;
        if let Some(kind) = self.kinds.get_mut(&kind) {
            kind.waiting.take_if(|(words, _)| is_outdated(words));
        }
        if matches!(change, Change::Recovered { .. })
            && let Some(kind) = self.kinds.get_mut(&NoticeKind::AllDown)
        {
            kind.waiting = None;
        }
    }
}

impl Words {
    fn notice(self, before: u32, at: Timestamp) -> Notice {
        let body = match before {
            0 => self.body,
            1 => format!("{}. One more like this in the last minute", self.body),
            _ => format!("{}. {before} more like this in the last minute", self.body),
        };
        Notice {
            kind: self.kind,
            title: self.title,
            body,
            at,
        }
    }
}

fn words(change: &Change) -> Option<Words> {
    let (kind, about, title, body) = match change {
        Change::Failover {
            from,
            to,
            group_from,
            group_to,
            why,
            cost,
        } => {
            let group = if group_from == group_to {
                String::new()
            } else {
                format!(" (group {group_to})")
            };
            let body = format!(
                "Switched from {from} to {to}{group}: {from} {}{}",
                because(*why),
                cost.and_then(about).unwrap_or_default()
            );
            (
                NoticeKind::Failover,
                from,
                format!("Switched to {to}"),
                body,
            )
        }
        Change::Recovered { provider } => (
            NoticeKind::Recovery,
            provider,
            format!("{provider} is back"),
            format!("{provider} serves again"),
        ),
        Change::AllDown => {
            let body = "No provider can serve now: requests fail until one is back".to_owned();
            return Some(Words {
                kind: NoticeKind::AllDown,
                about: String::new(),
                title: "Nothing can serve".into(),
                body,
            });
        }
        Change::AuthFailed { provider, key } => {
            let which = key.as_ref().map_or_else(
                || "its credential".to_owned(),
                |key| format!("the key {key}"),
            );
            let body = format!(
                "{provider} refuses {which}: set a new one with `{} keys set {provider}`",
                crate::program()
            );
            (
                NoticeKind::Auth,
                provider,
                format!("{provider} refuses a key"),
                body,
            )
        }
        Change::Rested { .. }
        | Change::GroupChosen { .. }
        | Change::GroupPaused { .. }
        | Change::GroupResumed { .. } => return None,
    };
    Some(Words {
        kind,
        about: about.to_string(),
        title,
        body,
    })
}

/// What leaving a cache costs, in pico-dollars, as the end of a sentence; nothing where it is less than a cent.
fn about(pico: u64) -> Option<String> {
    const CENT: u64 = 10_000_000_000;
    let cents = pico.saturating_add(CENT / 2) / CENT;
    (cents > 0).then(|| {
        format!(
            "; failover cost about ${}.{:02} of cache",
            cents / 100,
            cents % 100
        )
    })
}

/// A failure as the end of a sentence that begins with the provider.
pub(crate) fn because(why: Reason) -> &'static str {
    match why {
        Reason::RateLimited => "limits the rate",
        Reason::Overloaded => "is overloaded",
        Reason::ServerError => "has a server error",
        Reason::Network => "cannot be reached",
        Reason::Timeout => "does not answer in time",
        Reason::Auth => "refuses its key",
        Reason::InvalidRequest => "refuses the request",
        Reason::NotFound => "does not have the model",
        Reason::EmptyResponse => "answers with nothing",
        Reason::StreamCut => "breaks off its answers",
        Reason::ClientCancelled => "was left by the client",
        Reason::Budget => "has used up its budget",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failover(from: &str, to: &str) -> Change {
        Change::Failover {
            from: from.into(),
            to: to.into(),
            group_from: "main".into(),
            group_to: "main".into(),
            why: Reason::Overloaded,
            cost: None,
        }
    }

    fn recovered(provider: &str) -> Change {
        Change::Recovered {
            provider: provider.into(),
        }
    }

    fn body(notice: Option<Notice>) -> Option<String> {
        notice.map(|notice| notice.body)
    }

    #[test]
    fn a_failover_tells_from_to_and_why() {
        let told = Notices::default().take(
            &failover("relay", "openrouter"),
            Instant::now(),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(
            body(told).unwrap(),
            "Switched from relay to openrouter: relay is overloaded"
        );
    }

    #[test]
    fn a_failover_out_of_the_group_names_the_other_group() {
        let change = Change::Failover {
            from: "relay".into(),
            to: "local".into(),
            group_from: "main".into(),
            group_to: "spare".into(),
            why: Reason::Network,
            cost: Some(430_000_000_000),
        };
        let told = Notices::default().take(&change, Instant::now(), Timestamp::UNIX_EPOCH);
        assert_eq!(
            body(told).unwrap(),
            "Switched from relay to local (group spare): relay cannot be reached; failover cost about $0.43 of cache"
        );
    }

    #[test]
    fn at_most_one_a_minute_of_a_kind_is_told_and_the_last_is_not_lost() {
        let (mut notices, start, at) = (Notices::default(), Instant::now(), Timestamp::UNIX_EPOCH);
        assert!(notices.take(&failover("a", "b"), start, at).is_some());
        for second in 1..=3 {
            assert_eq!(
                notices.take(&failover("b", "c"), start + Duration::from_secs(second), at),
                None
            );
        }
        assert_eq!(notices.due(), Some(start + APART));
        assert_eq!(notices.ripe(start + Duration::from_millis(59_999), at), []);
        let ripe = notices.ripe(start + APART, at);
        assert_eq!(ripe.len(), 1);
        assert_eq!(
            ripe[0].body,
            "Switched from b to c: b is overloaded. 2 more like this in the last minute"
        );
        assert_eq!(notices.due(), None);
        assert_eq!(
            notices.take(
                &failover("c", "d"),
                start + Duration::from_millis(119_999),
                at
            ),
            None
        );
    }

    #[test]
    fn kinds_do_not_wait_for_each_other() {
        let (mut notices, now, at) = (Notices::default(), Instant::now(), Timestamp::UNIX_EPOCH);
        assert!(notices.take(&failover("a", "b"), now, at).is_some());
        assert!(notices.take(&recovered("a"), now, at).is_some());
        assert!(notices.take(&Change::AllDown, now, at).is_some());
        assert!(
            notices
                .take(
                    &Change::AuthFailed {
                        provider: "a".into(),
                        key: None
                    },
                    now,
                    at
                )
                .is_some()
        );
    }

    #[test]
    fn what_is_no_longer_true_is_not_told_late() {
        let (mut notices, now, at) = (Notices::default(), Instant::now(), Timestamp::UNIX_EPOCH);
        notices.take(&failover("a", "b"), now, at);
        notices.take(&failover("a", "c"), now, at);
        notices.take(&recovered("a"), now, at);
        assert_eq!(notices.due(), None);
        assert_eq!(notices.ripe(now + APART, at), []);
    }

    #[test]
    fn a_choice_by_hand_is_no_news() {
        let chosen = Change::GroupChosen {
            group: "main".into(),
        };
        assert_eq!(
            Notices::default().take(&chosen, Instant::now(), Timestamp::UNIX_EPOCH),
            None
        );
    }
}
