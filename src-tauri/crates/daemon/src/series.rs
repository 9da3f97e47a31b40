//! What happened lately, for small pictures: counted in slots of ten seconds from the gateway's reports, in memory and
//! bounded.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use gateway::{AttemptEnded, EndStatus, Report, RequestId, Usage};
use jiff::Timestamp;
use routing::Verdict;

use crate::view::{ProviderSeries, Series, TotalSeries};

/// The length of a slot, in milliseconds.
const SLOT: i64 = 10_000;
/// Slots that are kept: a day.
const SLOTS: i64 = 24 * 360;
/// Counts that are kept; of many providers the oldest go before the day is over.
const COUNTS: usize = 50_000;
/// First outputs of which a count remembers the time.
const TIMES: usize = 32;
/// Attempts under way that are remembered.
const UNDER_WAY: usize = 10_000;

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Lately {
    counts: VecDeque<Count>,
    /// Who makes the attempts that are under way.
    under_way: HashMap<(RequestId, u32), Arc<str>>,
}

/// What happened in a slot: at a provider, or (without one) as whole requests.
#[derive(Debug)]
struct Count {
    slot: i64,
    provider: Option<Arc<str>>,
    many: u64,
    failures: u64,
    tokens: u64,
    ttft_ms: Vec<u64>,
}

impl Lately {
    /// Takes a report in.
    pub(crate) fn take(&mut self, report: &Report) {
        match report {
            Report::AttemptStarted(attempt) => {
                if self.under_way.len() == UNDER_WAY {
                    // So many are not under way: the ends of most were lost.
                    self.under_way.clear();
                }
                let id = (attempt.id.clone(), attempt.attempt);
                self.under_way.insert(id, attempt.provider.clone());
            }
            Report::Streaming {
                id,
                attempt,
                at_ms,
                ttft_ms,
            } => {
                let provider = self.under_way.get(&(id.clone(), *attempt)).cloned();
                self.count(*at_ms, None).began(*ttft_ms);
                if provider.is_some() {
                    self.count(*at_ms, provider).began(*ttft_ms);
                }
            }
            Report::AttemptEnded(attempt) => self.end(attempt),
            Report::Ended(ended) => {
                let count = self.count(ended.at_ms, None);
                count.many += 1;
                count.failures += u64::from(ended.status == EndStatus::Failed);
            }
            _ => {}
        }
    }

    fn end(&mut self, ended: &AttemptEnded) {
        let failed = matches!(
            ended.verdict,
            Verdict::RetrySame | Verdict::NextKey | Verdict::NextProvider
        );
        let tokens = ended.usage.as_ref().map_or(0, tokens);
        self.count(ended.at_ms, None).tokens += tokens;
        let provider = self.under_way.remove(&(ended.id.clone(), ended.attempt));
        if provider.is_some() {
            let count = self.count(ended.at_ms, provider);
            count.many += 1;
            count.failures += u64::from(failed);
            count.tokens += tokens;
        }
    }

    /// The count of a time and a provider. A time just before the last one counts with the last; what is further ahead was
    /// counted by a clock that has been set since, and goes.
    fn count(&mut self, at_ms: i64, provider: Option<Arc<str>>) -> &mut Count {
        let now = at_ms.div_euclid(SLOT);
        while self.counts.back().is_some_and(|count| count.slot > now + 1) {
            self.counts.pop_back();
        }
        let last = self.counts.back().map_or(i64::MIN, |count| count.slot);
        let slot = now.max(last);
        let mut of_slot = self.counts.iter().rev();
        let found = of_slot
            .by_ref()
            .take_while(|count| count.slot == slot)
            .position(|count| count.provider == provider);
        let at = if let Some(back) = found {
            self.counts.len() - 1 - back
        } else {
            let is_old = |count: &Count| count.slot <= slot - SLOTS;
            while self.counts.len() >= COUNTS || self.counts.front().is_some_and(is_old) {
                self.counts.pop_front();
            }
            self.counts.push_back(Count {
                slot,
                provider,
                many: 0,
                failures: 0,
                tokens: 0,
                ttft_ms: Vec::new(),
            });
            self.counts.len() - 1
        };
        &mut self.counts[at]
    }

    /// The last `minutes` in so many buckets, or in fewer, of which none is shorter than a slot.
    pub(crate) fn series(
        &self,
        minutes: u32,
        buckets: u32,
        now: Timestamp,
        providers: &[String],
    ) -> Series {
        let slots = i64::from(minutes) * 60_000 / SLOT;
        let whole = |many: i64, part: i64| (many + part - 1) / part;
        let step = whole(slots, i64::from(buckets.max(1)));
        let buckets = whole(slots, step);
        let until = now.as_millisecond().div_euclid(SLOT) + 1;
        let since = until - buckets * step;
        let sums = |provider: Option<&str>| {
            let mut sums = Sums::of(usize::try_from(buckets).unwrap_or_default());
            let counts = self.counts.iter();
            let counts = counts.filter(|count| (since..until).contains(&count.slot));
            for count in counts.filter(|count| count.provider.as_deref() == provider) {
                let bucket = usize::try_from((count.slot - since) / step).unwrap_or_default();
                sums.add(bucket, count);
            }
            sums
        };
        let at = |slot: i64| Timestamp::from_millisecond(slot * SLOT).unwrap_or(now);
        Series {
            since: at(since),
            until: at(until),
            step_seconds: u64::try_from(step * SLOT / 1000).unwrap_or_default(),
            total: sums(None).total(),
            providers: providers
                .iter()
                .map(|name| sums(Some(name)).of_provider(name))
                .collect(),
        }
    }
}

impl Count {
    fn began(&mut self, ttft_ms: u64) {
        if self.ttft_ms.len() < TIMES {
            self.ttft_ms.push(ttft_ms);
        }
    }
}

/// Counts by bucket.
struct Sums {
    many: Vec<u64>,
    failures: Vec<u64>,
    tokens: Vec<u64>,
    ttft_ms: Vec<Vec<u64>>,
}

impl Sums {
    fn of(buckets: usize) -> Self {
        let zeros = || vec![0; buckets];
        Self {
            many: zeros(),
            failures: zeros(),
            tokens: zeros(),
            ttft_ms: vec![Vec::new(); buckets],
        }
    }

    fn add(&mut self, bucket: usize, count: &Count) {
        self.many[bucket] += count.many;
        self.failures[bucket] += count.failures;
        self.tokens[bucket] += count.tokens;
        self.ttft_ms[bucket].extend(&count.ttft_ms);
    }

    fn total(self) -> TotalSeries {
        TotalSeries {
            requests: self.many,
            failures: self.failures,
            tokens: self.tokens,
            ttft_ms: self.ttft_ms.into_iter().map(median).collect(),
        }
    }

    fn of_provider(self, name: &str) -> ProviderSeries {
        ProviderSeries {
            provider: name.to_owned(),
            attempts: self.many,
            failures: self.failures,
            tokens: self.tokens,
            ttft_ms: self.ttft_ms.into_iter().map(median).collect(),
        }
    }
}

fn median(mut times: Vec<u64>) -> Option<u64> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

fn tokens(usage: &Usage) -> u64 {
    let written = usage.cache_write_5m + usage.cache_write_1h;
    usage.input + usage.output + usage.cache_read + written
}

#[cfg(test)]
#[path = "series_tests.rs"]
mod tests;
