//! How much goes through: requests and tokens by the second, over the last two minutes. Pure.

use std::collections::VecDeque;

use jiff::Timestamp;

/// Seconds that are kept.
const KEPT: i64 = 120;
/// Seconds that a rate is taken over: short enough to follow, long enough to be calm.
const WINDOW: i64 = 10;

#[derive(Debug, Clone, Copy, Default)]
struct Second {
    at: i64,
    requests: u64,
    tokens: u64,
}

/// Sums of each second that had any, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    seconds: VecDeque<Second>,
}

impl Flow {
    /// A request arrived.
    pub(crate) fn arrived(&mut self, at: Timestamp) {
        if let Some(second) = self.second(at.as_second()) {
            second.requests += 1;
        }
    }

    /// So many output tokens were told.
    pub(crate) fn said(&mut self, at: Timestamp, tokens: u64) {
        if tokens > 0
            && let Some(second) = self.second(at.as_second())
        {
            second.tokens += tokens;
        }
    }

    /// Requests and output tokens a second, over the last whole seconds.
    pub(crate) fn rates(&self, now: Timestamp) -> (f64, f64) {
        let (until, window) = (now.as_second(), WINDOW as f64);
        let recent = self
            .seconds
            .iter()
            .filter(|second| (until - WINDOW..until).contains(&second.at));
        let (requests, tokens) = recent.fold((0, 0), |(requests, tokens), second| {
            (requests + second.requests, tokens + second.tokens)
        });
        (requests as f64 / window, tokens as f64 / window)
    }

    /// Output tokens of each of the last `count` whole seconds, the oldest first.
    pub(crate) fn tokens(&self, now: Timestamp, count: usize) -> Vec<u64> {
        let until = now.as_second();
        let mut series = vec![0; count];
        for second in &self.seconds {
            let back = usize::try_from(until - 1 - second.at).ok();
            let place = back.and_then(|back| count.checked_sub(back + 1));
            if let Some(slot) = place.and_then(|place| series.get_mut(place)) {
                *slot = second.tokens;
            }
        }
        series
    }

    /// The sums of a second; `None` where it is too long ago. What comes late finds its place.
    fn second(&mut self, at: i64) -> Option<&mut Second> {
        let newest = self.seconds.back().map_or(at, |last| last.at.max(at));
        if at <= newest - KEPT {
            return None;
        }
        while self
            .seconds
            .front()
            .is_some_and(|first| first.at <= newest - KEPT)
        {
            self.seconds.pop_front();
        }
        let place = self.seconds.partition_point(|second| second.at < at);
        if self.seconds.get(place).is_none_or(|second| second.at != at) {
            let fresh = Second {
                at,
                ..Second::default()
            };
            self.seconds.insert(place, fresh);
        }
        self.seconds.get_mut(place)
    }
}
