//! What is known of a provider and its models. Remembers; never decides who is next.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::aside::Asides;
use crate::breaker::{Breaker, Event, Standing};
use crate::cooldown::Cooldown;
use crate::heal::Healing;
use crate::hedge::Paces;
use crate::keys::Pool;
use crate::topology::{BreakerPolicy, Provider};

/// Success rates are over this many of the last attempts.
const REMEMBERED: usize = 20;

/// Clients make up model names, so that the number remembered for a provider is bounded; the one
/// that was not used for the longest time goes first.
const MOST_MODELS: usize = 256;

/// What is known of one model at a provider.
#[derive(Debug, Clone, Default)]
pub(crate) struct ModelHealth {
    pub(crate) breaker: Breaker,
    pub(crate) rest: Cooldown,
    /// It was taken out of service and has not worked since.
    pub(crate) benched: bool,
    /// How long its answers take to begin.
    pub(crate) paces: Paces,
    /// How often another candidate began first since it last began an answer.
    pub(crate) outrun: u32,
    last_used: Option<Instant>,
}

impl ModelHealth {
    /// Moves the breaker through its one door.
    pub(crate) fn happens(&mut self, event: Event, policy: &BreakerPolicy, now: Instant) {
        self.breaker = std::mem::take(&mut self.breaker).handle(event, policy, now);
    }

    /// Why it can not be used, if so.
    pub(crate) fn bar(&self, policy: &BreakerPolicy, now: Instant) -> Option<Bar> {
        let resting = self.rest.until(now);
        match self.breaker.standing(policy, now) {
            Standing::Open { until } => {
                Some(Bar::Open(resting.map_or(until, |rest| rest.max(until))))
            }
            _ if resting.is_some() => resting.map(Bar::Cooling),
            Standing::HalfOpen { free: 0 } => Some(Bar::Probing),
            Standing::Closed { .. } | Standing::HalfOpen { .. } => None,
        }
    }
}

/// What is known of a provider.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProviderHealth {
    /// Rests of the whole provider: limits and refusals where there is no key to blame.
    pub(crate) rest: Cooldown,
    pub(crate) pool: Pool,
    pub(crate) models: HashMap<Arc<str>, ModelHealth>,
    /// It (or all its keys) was taken out of service and has not worked since.
    pub(crate) benched: bool,
    pub(crate) ttft: Option<Duration>,
    /// When that was measured last.
    pub(crate) timed: Option<Instant>,
    pub(crate) last_error: Option<String>,
    pub(crate) healing: Healing,
    /// Limits that its vendor says are used up, where it has no keys.
    pub(crate) asides: Asides,
    recent: VecDeque<bool>,
}

impl ProviderHealth {
    /// Why no model of it can be used, if so.
    pub(crate) fn bar(&self, provider: &Provider, now: Instant) -> Option<Bar> {
        let resting = self.rest.until(now).map(Bar::Cooling);
        resting.or_else(|| {
            self.pool
                .all_resting_until(&provider.keys, now)
                .map(Bar::KeysCooling)
        })
    }

    /// A model's health, to be changed.
    pub(crate) fn model(&mut self, name: &Arc<str>) -> &mut ModelHealth {
        if self.models.len() >= MOST_MODELS && !self.models.contains_key(name) {
            let oldest = self.models.iter().min_by_key(|(_, model)| model.last_used);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.models.remove(&oldest);
            }
        }
        self.models.entry(name.clone()).or_default()
    }

    /// Notes that an attempt begins.
    pub(crate) fn used(&mut self, model: &Arc<str>, key: Option<&Arc<str>>, now: Instant) {
        self.model(model).last_used = Some(now);
        if let Some(key) = key {
            self.pool.used(key, now);
        }
    }

    /// Notes how an attempt went that tells something about the provider.
    pub(crate) fn count(&mut self, good: bool) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(good);
    }

    /// Smooths the time to first output, so that one slow answer does not speak for all.
    pub(crate) fn time(&mut self, ttft: Duration, now: Instant) {
        self.timed = Some(now);
        self.ttft = Some(
            self.ttft
                .map_or(ttft, |smooth| (smooth * 7 + ttft * 3) / 10),
        );
    }

    /// Share of good ones among the last attempts.
    pub(crate) fn success_rate(&self) -> Option<f64> {
        let good = self.recent.iter().filter(|good| **good).count();
        (!self.recent.is_empty()).then(|| good as f64 / self.recent.len() as f64)
    }

    /// Forgets what keeps it out of service; tells whether anything did.
    pub(crate) fn refresh(&mut self) -> bool {
        let benched = self.benched || self.models.values().any(|model| model.benched);
        self.models.clear();
        self.pool.refresh();
        self.asides.clear();
        self.rest = Cooldown::default();
        self.benched = false;
        benched
    }
}

/// Why something can not be used now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bar {
    /// The config does not have the provider any more.
    Gone,
    Disabled,
    /// Its group is paused.
    Paused,
    Cooling(Instant),
    KeysCooling(Instant),
    Open(Instant),
    /// Half-open, with as many probes under way as it may have.
    Probing,
    /// At a limit of requests or tokens, of its owner's or its vendor's.
    Limited(Instant),
    /// At its limit of requests at one time.
    Busy,
}

impl Bar {
    /// When it may be usable again, as far as that is a matter of time.
    pub(crate) fn until(self, now: Instant) -> Option<Instant> {
        match self {
            Self::Gone | Self::Disabled | Self::Paused => None,
            Self::Cooling(until)
            | Self::KeysCooling(until)
            | Self::Open(until)
            | Self::Limited(until) => Some(until),
            // A probe or another request ends when it ends; a second is a fair guess.
            Self::Probing | Self::Busy => Some(now + Duration::from_secs(1)),
        }
    }

    /// A clause for people.
    pub(crate) fn why(self, now: Instant) -> String {
        let left = |until: Instant| until.saturating_duration_since(now).as_secs_f64().ceil();
        match self {
            Self::Gone => "no longer in the config".to_owned(),
            Self::Disabled => "disabled".to_owned(),
            Self::Paused => "its group is paused".to_owned(),
            Self::Cooling(until) => format!("cooling for another {}s", left(until)),
            Self::KeysCooling(until) => format!(
                "all keys are cooling, the first for another {}s",
                left(until)
            ),
            Self::Open(until) => format!("breaker open for another {}s", left(until)),
            Self::Probing => "half-open, and being probed already".to_owned(),
            Self::Limited(until) => format!("at a limit for another {}s", left(until)),
            Self::Busy => "at its limit of requests at one time".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_model_names_do_not_pile_up() {
        let (start, mut health) = (Instant::now(), ProviderHealth::default());
        for n in 0..1000_u32 {
            health.used(
                &format!("m{n}").into(),
                None,
                start + Duration::from_millis(n.into()),
            );
        }
        assert_eq!(health.models.len(), MOST_MODELS);
        assert!(health.models.contains_key("m999") && !health.models.contains_key("m0"));
    }

    #[test]
    fn success_rate_is_over_the_last_twenty() {
        let mut health = ProviderHealth::default();
        assert_eq!(health.success_rate(), None);
        (0..30).for_each(|_| health.count(false));
        (0..5).for_each(|_| health.count(true));
        assert_eq!(health.success_rate(), Some(0.25));
    }
}
