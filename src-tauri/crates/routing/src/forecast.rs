//! When a limit will be hit, if things go on as they do: from what vendors tell is left of their limits, and from what
//! was sent within the last minute against limits of the owner's. Tells and decides nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::board::Board;
use crate::step::Candidate;
use crate::topology::Provider;

/// The most limits of vendors that are watched; what was told longest ago is forgotten first.
const MOST: usize = 512;
/// As many observations of a limit are kept.
const KEPT: usize = 32;
/// They are at least this part of the limit's rest of time apart, and a second.
const APART: u32 = 256;
/// What no vendor's limit lasts longer than.
const LONGEST: Duration = Duration::from_hours(24 * 8);

/// What a vendor's answer tells of one of its limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// Which limit: `requests`, `tokens`, `input_tokens`, `output_tokens`, `5h` or `7d`.
    pub what: &'static str,
    /// What is left of it, in whatever it counts.
    pub left: f64,
    /// In how long it is whole again.
    pub reset: Duration,
    /// Whether it is that of one model, not of the account.
    pub of_model: bool,
}

/// A limit that will be hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// Whose.
    pub provider: Arc<str>,
    /// Id of the key that has it, where one has.
    pub key: Option<Arc<str>>,
    /// The model that it is for, where it is for one.
    pub model: Option<Arc<str>>,
    /// Which limit: a vendor's (as in [`Told::what`]), or the owner's `rpm` or `tpm`.
    pub what: &'static str,
    /// When.
    pub at: Instant,
}

/// A vendor's limit as it was told last.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// Id of the key that has it, where one has.
    pub key: Option<Arc<str>>,
    /// The model that it is for, where it is for one.
    pub model: Option<Arc<str>>,
    /// Which limit, as in [`Told::what`].
    pub what: &'static str,
    /// What is left of it, as in [`Told::left`].
    pub left: f64,
    /// When that was told.
    pub told: Instant,
    /// When it is whole again.
    pub reset: Instant,
    /// When nothing is left of it, if things go on as they do; `None` if it is whole again before.
    pub used_up: Option<Instant>,
}

/// A vendor's limit as it was told over time.
#[derive(Debug)]
struct Track {
    provider: Arc<str>,
    key: Option<Arc<str>>,
    model: Option<Arc<str>>,
    what: &'static str,
    reset: Instant,
    /// What was left, and when, the oldest first.
    told: VecDeque<(Instant, f64)>,
}

impl Track {
    fn add(&mut self, left: f64, reset: Instant, now: Instant) {
        // It is whole again, or fuller than ever: what was used until then tells nothing any more. A little more than
        // the last time is nothing: answers in parallel come out of order, and some limits fill up all the time.
        let fuller = self.told.front().is_some_and(|(_, most)| left > *most);
        if fuller || now >= self.reset {
            self.told.clear();
        }
        while self.told.back().is_some_and(|(_, before)| left > *before) {
            self.told.pop_back();
        }
        self.reset = reset;
        let apart = reset.saturating_duration_since(now) / APART;
        let apart = apart.max(Duration::from_secs(1));
        let mut before = self.told.iter().rev().skip(1);
        if before.next().is_some_and(|(at, _)| *at + apart > now) {
            self.told.pop_back();
        }
        self.told.push_back((now, left));
        if self.told.len() > KEPT {
            self.told.pop_front();
        }
    }

    /// When nothing is left, at the pace since the oldest observation; `None` if it is whole again before that.
    fn hit(&self, now: Instant) -> Option<Instant> {
        let ((began, more), (ended, left)) = (self.told.front()?, self.told.back()?);
        let used = more - left;
        let time = ended.saturating_duration_since(*began).as_secs_f64();
        if now >= self.reset {
            return None;
        }
        if *left <= 0.0 {
            return Some(now);
        }
        if used <= 0.0 || time <= 0.0 {
            return None;
        }
        let rest = Duration::try_from_secs_f64(left * time / used).ok()?;
        let at = ended.checked_add(rest)?.max(now);
        (at < self.reset).then_some(at)
    }
}

/// What vendors told of their limits.
#[derive(Debug, Default)]
pub(crate) struct Tracks(VecDeque<Track>);

impl Tracks {
    /// What is known of a provider's limits says nothing any more.
    pub(crate) fn forget(&mut self, provider: &str) {
        self.0.retain(|track| *track.provider != *provider);
    }
}

/// When a minute's `limit` is hit by what was counted within the last minute, if the last quarter of it goes on.
pub(crate) fn minute(
    counted: impl Iterator<Item = (Instant, u64)>,
    limit: u64,
    now: Instant,
) -> Option<Instant> {
    const MINUTE: Duration = Duration::from_mins(1);
    const QUARTER: Duration = Duration::from_secs(15);
    let (mut all, mut late) = (0_u64, 0_u64);
    for (at, many) in counted {
        let age = now.saturating_duration_since(at);
        all += if age < MINUTE { many } else { 0 };
        late += if age < QUARTER { many } else { 0 };
    }
    if all >= limit {
        return Some(now);
    }
    // What leaves the minute makes room for what comes.
    let pace = late as f64 / QUARTER.as_secs_f64();
    let growth = pace - all as f64 / MINUTE.as_secs_f64();
    if pace * MINUTE.as_secs_f64() <= limit as f64 || growth <= 0.0 {
        return None;
    }
    let rest = Duration::try_from_secs_f64((limit - all) as f64 / growth).ok()?;
    now.checked_add(rest)
}

impl Board {
    /// The answer of a candidate tells what is left of its vendor's limits.
    pub fn limits_told(&mut self, candidate: &Candidate, told: &[Told], now: Instant) {
        for one in told {
            let model = one.of_model.then(|| candidate.model.clone());
            let is_it = |track: &Track| {
                track.provider == candidate.provider
                    && track.key == candidate.key
                    && track.model == model
                    && track.what == one.what
            };
            let tracks = &mut self.tracks.0;
            let found = tracks.iter().position(is_it);
            let mut track = found.and_then(|at| tracks.remove(at)).unwrap_or(Track {
                provider: candidate.provider.clone(),
                key: candidate.key.clone(),
                model,
                what: one.what,
                reset: now,
                told: VecDeque::new(),
            });
            track.add(one.left, now + one.reset.min(LONGEST), now);
            tracks.push_back(track);
            if tracks.len() > MOST {
                tracks.pop_front();
            }
        }
    }

    /// What vendors told of a provider's limits, and its keys'.
    fn tracks_of(&self, provider: &Provider) -> impl Iterator<Item = &Track> {
        let has = |track: &&Track| {
            let known = |key: &Arc<str>| provider.keys.contains(key);
            track.provider == provider.name && track.key.as_ref().is_none_or(known)
        };
        self.tracks.0.iter().filter(has)
    }

    /// What is left of a provider's limits by its vendor, as far as they are not whole again.
    pub(crate) fn quotas(&self, provider: &Provider, now: Instant) -> Vec<Quota> {
        let told = self.tracks_of(provider).filter(|track| now < track.reset);
        let quotas = told.filter_map(|track| {
            let (told, left) = *track.told.back()?;
            Some(Quota {
                key: track.key.clone(),
                model: track.model.clone(),
                what: track.what,
                left,
                told,
                reset: track.reset,
                used_up: track.hit(now),
            })
        });
        let mut quotas: Vec<Quota> = quotas.collect();
        quotas.sort_by(|one, other| {
            let order = |it: &Quota| (it.key.clone(), it.model.clone(), it.what);
            order(one).cmp(&order(other))
        });
        quotas
    }

    /// Limits of a provider that will be hit, the soonest first.
    pub(crate) fn forecasts(&self, provider: &Provider, now: Instant) -> Vec<Forecast> {
        let vendors = self.tracks_of(provider).filter_map(|track| {
            Some(Forecast {
                provider: track.provider.clone(),
                key: track.key.clone(),
                model: track.model.clone(),
                what: track.what,
                at: track.hit(now)?,
            })
        });
        let own = self.own_forecasts(provider, now);
        let mut all: Vec<Forecast> = vendors.chain(own).collect();
        all.sort_by_key(|forecast| forecast.at);
        all
    }
}

#[cfg(test)]
#[path = "forecast_tests.rs"]
mod tests;
