//! What a provider, or a key of it, is doing now and did in the last minute, and the limits that its owner has set for
//! that.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::board::Board;
use crate::forecast::{Forecast, minute};
use crate::health::Bar;
use crate::step::Outcome;
use crate::topology::Provider;

/// What limits are counted over.
const WINDOW: Duration = Duration::from_mins(1);

/// Limits of a provider or of one of its keys, set in the config.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests a minute.
    pub rpm: Option<u32>,
    /// Tokens a minute, read and written.
    pub tpm: Option<u64>,
    /// Requests at one time.
    pub concurrency: Option<u32>,
}

/// What a provider or a key is doing, and what it did within the last minute.
#[derive(Debug, Clone, Default)]
pub(crate) struct Load {
    in_flight: u32,
    begun: VecDeque<Instant>,
    tokens: VecDeque<(Instant, u64)>,
}

impl Load {
    /// When it has room again under `limits`; `None` if it has now.
    fn full(&self, limits: &Limits, now: Instant) -> Option<Bar> {
        if let Some(most) = limits.rpm {
            let old = self.begun.partition_point(|at| *at + WINDOW <= now);
            let over = (self.begun.len() - old + 1).saturating_sub(most.max(1) as usize);
            // The one whose leaving makes room.
            let last = over
                .checked_sub(1)
                .and_then(|over| self.begun.get(old + over));
            if let Some(last) = last {
                return Some(Bar::Limited(*last + WINDOW));
            }
        }
        if let Some(most) = limits.tpm {
            let recent = self.tokens.iter().filter(|(at, _)| *at + WINDOW > now);
            let mut left: u64 = recent.clone().map(|(_, tokens)| tokens).sum();
            for (at, tokens) in recent {
                if left < most.max(1) {
                    break;
                }
                left -= tokens;
                if left < most.max(1) {
                    return Some(Bar::Limited(*at + WINDOW));
                }
            }
        }
        let busy = limits
            .concurrency
            .is_some_and(|most| self.in_flight >= most.max(1));
        busy.then_some(Bar::Busy)
    }

    fn forecasts(&self, limits: &Limits, now: Instant) -> Vec<(&'static str, Instant)> {
        let begun = self.begun.iter().map(|at| (*at, 1));
        let tokens = self.tokens.iter().copied();
        let requests = limits.rpm.and_then(|most| minute(begun, most.into(), now));
        let tokens = limits.tpm.and_then(|most| minute(tokens, most, now));
        let requests = requests.map(|at| ("rpm", at));
        let tokens = tokens.map(|at| ("tpm", at));
        requests.into_iter().chain(tokens).collect()
    }

    fn begin(&mut self, limits: &Limits, now: Instant) {
        self.forget(now);
        self.in_flight += 1;
        if limits.rpm.is_some() {
            self.begun.push_back(now);
        }
    }

    fn end(&mut self, limits: &Limits, outcome: &Outcome, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.forget(now);
        if !outcome.asked {
            // Nothing was sent: the newest one stands for it, since all count alike.
            self.begun.pop_back();
        }
        if limits.tpm.is_some() && outcome.tokens > 0 {
            self.tokens.push_back((now, outcome.tokens));
        }
    }

    /// Nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight == 0
    }

    fn forget(&mut self, now: Instant) {
        while self.begun.front().is_some_and(|at| *at + WINDOW <= now) {
            self.begun.pop_front();
        }
        while self
            .tokens
            .front()
            .is_some_and(|(at, _)| *at + WINDOW <= now)
        {
            self.tokens.pop_front();
        }
    }
}

/// Loads by provider, or by key.
pub(crate) type Loads = HashMap<Arc<str>, Load>;

impl Board {
    /// Requests that a provider has at this time.
    pub(crate) fn in_flight(&self, provider: &str) -> u32 {
        self.loads.get(provider).map_or(0, |load| load.in_flight)
    }

    /// Why a provider takes no more requests now, by its own limits.
    pub(crate) fn room(&self, provider: &Provider, now: Instant) -> Option<Bar> {
        self.loads.get(&provider.name)?.full(&provider.limits, now)
    }

    /// Why a key takes no more requests now, by limits of its own.
    pub(crate) fn key_room(&self, provider: &Provider, key: &str, now: Instant) -> Option<Bar> {
        let limits = provider.key_limits.get(key)?;
        self.key_loads.get(key)?.full(limits, now)
    }

    pub(crate) fn began_at(&mut self, provider: &Arc<str>, key: Option<&Arc<str>>, now: Instant) {
        let limits = self.limits(provider, key);
        let load = self.loads.entry(provider.clone()).or_default();
        load.begin(&limits.0, now);
        // Keys without limits too: those that they are given meanwhile count what is under way.
        if let Some(key) = key {
            let load = self.key_loads.entry(key.clone()).or_default();
            load.begin(&limits.1.unwrap_or_default(), now);
        }
    }

    pub(crate) fn ended_at(
        &mut self,
        provider: &str,
        key: Option<&Arc<str>>,
        outcome: &Outcome,
        now: Instant,
    ) {
        let limits = self.limits(provider, key);
        if let Some(load) = self.loads.get_mut(provider) {
            self.news += 1;
            load.end(&limits.0, outcome, now);
        }
        if let Some(load) = key.and_then(|key| self.key_loads.get_mut(key)) {
            load.end(&limits.1.unwrap_or_default(), outcome, now);
        }
    }

    /// Limits of the owner's that will be hit.
    pub(crate) fn own_forecasts(&self, provider: &Provider, now: Instant) -> Vec<Forecast> {
        let of_provider = (None, &provider.limits, self.loads.get(&provider.name));
        let keys = provider.key_limits.iter();
        let of_keys = keys.map(|(key, limits)| (Some(key), limits, self.key_loads.get(key)));
        let all = std::iter::once(of_provider).chain(of_keys);
        all.filter_map(|(key, limits, load)| Some((key, load?.forecasts(limits, now))))
            .flat_map(|(key, found)| {
                found.into_iter().map(move |(what, at)| Forecast {
                    provider: provider.name.clone(),
                    key: key.cloned(),
                    model: None,
                    what,
                    at,
                })
            })
            .collect()
    }

    /// Limits of a provider, and those of a key where it has any.
    fn limits(&self, provider: &str, key: Option<&Arc<str>>) -> (Limits, Option<Limits>) {
        let Some(provider) = self.topology.provider(provider) else {
            return (Limits::default(), None);
        };
        let of_key = key.and_then(|key| provider.key_limits.get(key)).copied();
        (provider.limits, of_key)
    }
}
