//! From what happened to notices for a person: which are worth one, in which words, and never more than one a minute of
//! a kind. Pure: `now` is an argument.

mod news;
mod words;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use routing::Change;

use crate::locale::Locale;
use crate::view::{Notice, NoticeKind};

pub(crate) use news::{Done, News, Spent};
pub(crate) use words::because;

/// Between two notices of a kind.
const APART: Duration = Duration::from_mins(1);

/// A cent in pico-dollars. What leaving a cache costs is told from half of one.
const CENT: u64 = 10_000_000_000;

/// Notices that are remembered.
const KEPT: usize = 200;

/// What was told, and what waits to be.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    kinds: BTreeMap<NoticeKind, Kind>,
    /// The last that were told, the oldest first.
    recent: VecDeque<Notice>,
    /// The id of the last one.
    last: u64,
}

#[derive(Debug, Default)]
struct Kind {
    told: Option<Instant>,
    /// The newest that came too soon.
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    news: News,
    /// When it happened, which it is told with.
    at: Timestamp,
    /// How many came before it.
    before: u32,
}

/// When something is told, and in which language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// By the monotonic clock.
    pub(crate) now: Instant,
    /// By the clock on the wall.
    pub(crate) at: Timestamp,
    /// In which language.
    pub(crate) locale: Locale,
}

impl Notices {
    /// What is to be told at once about a change in routing.
    pub(crate) fn take(&mut self, change: &Change, moment: Moment) -> Option<Notice> {
        self.outdate(change);
        self.tell(News::of(change)?, moment)
    }

    /// The notice of some news, unless one of its kind was told a moment ago: then it waits.
    pub(crate) fn tell(&mut self, news: News, moment: Moment) -> Option<Notice> {
        let kind = self.kinds.entry(news.kind()).or_default();
        if kind.told.is_some_and(|told| moment.now < told + APART) {
            let before = kind.waiting.take();
            kind.waiting = Some(Waiting {
                news,
                at: moment.at,
                before: before.map_or(0, |waiting| waiting.before + 1),
            });
            return None;
        }
        kind.told = Some(moment.now);
        kind.waiting = None;
        Some(self.told(&news, 0, moment))
    }

    /// The last that were told, the newest first.
    pub(crate) fn recent(&self) -> impl Iterator<Item = &Notice> {
        self.recent.iter().rev()
    }

    /// The notice of some news, which is remembered for those who look later.
    fn told(&mut self, news: &News, before: u32, moment: Moment) -> Notice {
        self.last += 1;
        let notice = Notice {
            id: self.last,
            ..notice(news, before, moment)
        };
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(notice.clone());
        notice
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
    pub(crate) fn ripe(&mut self, moment: Moment) -> Vec<Notice> {
        let due = self
            .kinds
            .values_mut()
            .filter(|kind| kind.told.is_none_or(|told| told + APART <= moment.now));
        let due: Vec<Waiting> = due
            .filter_map(|kind| {
                let waiting = kind.waiting.take()?;
                kind.told = Some(moment.now);
                Some(waiting)
            })
            .collect();
        let due = due.into_iter();
        due.map(|Waiting { news, at, before }| self.told(&news, before, Moment { at, ..moment }))
            .collect()
    }

    /// Drops what waits and is no longer true.
    fn outdate(&mut self, change: &Change) {
        for kind in self.kinds.values_mut() {
            kind.waiting
                .take_if(|waiting| waiting.news.is_over_by(change));
        }
    }
}

fn notice(news: &News, before: u32, moment: Moment) -> Notice {
    let words = words::words(news, before, moment.locale);
    let mut notice = Notice {
        id: 0,
        kind: news.kind(),
        title: words.title,
        body: words.body,
        at: moment.at,
        page: news.page(),
        provider: news.provider().map(ToString::to_string),
        group: news.group().map(ToOwned::to_owned),
        to: None,
        reason: None,
        cost_usd: None,
        key: None,
        budget: None,
        more: before,
    };
    news.tell(&mut notice);
    notice
}

#[cfg(test)]
mod tests;
