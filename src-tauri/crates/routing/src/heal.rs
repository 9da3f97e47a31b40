//! Providers that broke and may have recovered before their rest is over: when to look at them, and what is made of one
//! that looks well. It is let to as many requests as a half-open breaker has probes, and only their success counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::board::Board;
use crate::breaker::Event;
use crate::health::{ModelHealth, ProviderHealth};

/// The pause before the first look at one that could not be reached, and the least one.
const FIRST: Duration = Duration::from_millis(500);
/// The same for one that answered, with an error: that it answers again says little.
const ANSWERED: Duration = Duration::from_secs(5);

/// The part of the time that one has been away that may pass between two looks.
const PATIENCE: u32 = 64;

/// The longest pause while requests wait.
const AWAITED: Duration = ANSWERED;

/// When a provider is looked at next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Healing {
    /// When it was looked at last, or first found not to work.
    looked: Option<Instant>,
    /// How often it looked well and failed all the same.
    deceived: u32,
    /// Since when it has not worked.
    since: Option<Instant>,
    /// It answered when it failed last.
    pub(crate) answered: bool,
}

impl Healing {
    /// How long to wait before the next look: longer each time it looked well and was not, and longer the longer it has
    /// been away, so that one that is gone for good is not called for ever. While requests wait, only the former counts:
    /// each such look has one of them try in vain.
    fn pause(&self, longest: Duration, eager: bool, now: Instant) -> Duration {
        if eager {
            let Some(again) = self.deceived.checked_sub(1) else {
                return Duration::ZERO;
            };
            return FIRST
                .saturating_mul(2_u32.saturating_pow(again))
                .min(AWAITED);
        }
        let first = if self.answered { ANSWERED } else { FIRST };
        let doubled = first.saturating_mul(2_u32.saturating_pow(self.deceived));
        let away = self.since.map_or(Duration::ZERO, |since| now - since);
        doubled.max(away / PATIENCE).min(longest.max(first))
    }
}

impl Board {
    /// Providers that rest for as long as was guessed, and are due to be looked at. They count as looked at.
    ///
    /// One that looks well and then fails, or stays away, is looked at ever less often, at the least every `interval`. While
    /// requests wait for somebody to serve them (`eager`), one that stays away is looked at each time, and one that looked
    /// well in vain every few seconds at the least.
    pub fn ailing(&mut self, interval: Duration, eager: bool, now: Instant) -> Vec<Arc<str>> {
        let topology = self.topology.clone();
        let mut due = Vec::new();
        for provider in &topology.providers {
            if !self.is_enabled(provider) {
                continue;
            }
            let Some(health) = self.health.get_mut(&provider.name) else {
                continue;
            };
            if !health.is_guessed(now) {
                health.healing.looked = None;
                continue;
            }
            health.healing.since.get_or_insert(now);
            let pause = health.healing.pause(interval, eager, now);
            let looked = *health.healing.looked.get_or_insert(now);
            if now >= looked + pause {
                health.healing.looked = Some(now);
                due.push(provider.name.clone());
            }
        }
        due
    }

    /// Whether anybody rests for as long as was guessed.
    pub fn is_anybody_ailing(&self, now: Instant) -> bool {
        self.health.values().any(|health| health.is_guessed(now))
    }

    /// Forgets how long providers have been away and how often they were looked at in vain, so that each is looked at
    /// soon: the machine slept or is on another network.
    pub fn look_again(&mut self) {
        for health in self.health.values_mut() {
            health.healing = Healing::default();
        }
    }

    /// A provider that was looked at is well, as far as can be told without a real request.
    pub fn looks_well(&mut self, provider: &str, now: Instant) {
        let policy = self.topology.breaker;
        let Some(health) = self.health.get_mut(provider) else {
            return;
        };
        self.news += 1;
        health.healing.deceived = health.healing.deceived.saturating_add(1);
        for model in health.models.values_mut() {
            if model.is_guessed(now) {
                model.rest.cut_short();
                model.happens(Event::Recovering, &policy, now);
            }
        }
    }
}

impl ProviderHealth {
    fn is_guessed(&self, now: Instant) -> bool {
        self.models.values().any(|model| model.is_guessed(now))
    }
}

impl ModelHealth {
    /// Whether it is out of service for a time that nobody named.
    fn is_guessed(&self, now: Instant) -> bool {
        let resting = self.rest.until(now);
        let is_out = self.breaker.is_shut(now) || resting.is_some();
        is_out && resting == self.rest.guessed(now)
    }
}
