//! Keys that their vendor says are used up for a model until some moment: they are set aside before the limit is hit.
//! That is no failure of anybody's. Keys that are at a limit of their owner's are passed over in the same way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::board::Board;
use crate::health::Bar;
use crate::plan::Place;
use crate::step::Candidate;
use crate::topology::Provider;

/// No vendor is believed that a limit lasts longer than this; the longest known is a week.
const LONGEST: Duration = Duration::from_hours(24 * 8);

/// Models, and until when there is nothing left of a limit for them.
pub(crate) type Asides = Vec<(Arc<str>, Instant)>;

/// Until when something is set aside for a model.
pub(crate) fn until(asides: &Asides, model: &str, now: Instant) -> Option<Instant> {
    let found = asides.iter().find(|(known, _)| **known == *model);
    found.map(|(_, until)| *until).filter(|until| *until > now)
}

impl Board {
    /// The answer of a candidate says that nothing is left of a limit for this long.
    pub fn used_up(&mut self, candidate: &Candidate, left: Duration, now: Instant) {
        let until = now + left.min(LONGEST);
        let health = self.health.entry(candidate.provider.clone()).or_default();
        let asides = match &candidate.key {
            Some(key) => &mut health.pool.entry(key).asides,
            None => &mut health.asides,
        };
        asides.retain(|(model, at)| *at > now && *model != candidate.model);
        asides.push((candidate.model.clone(), until));
    }

    /// Until when no key of a place has anything left of its limits; `None` when one has.
    pub(crate) fn set_aside(
        &self,
        place: &Place,
        provider: &Provider,
        now: Instant,
    ) -> Option<Bar> {
        let health = self.health.get(&place.provider)?;
        if provider.keys.is_empty() {
            return until(&health.asides, &place.model, now).map(Bar::Limited);
        }
        let is_aside = |key: &Arc<str>| {
            let full = self.key_room(provider, key, now);
            let full = full.and_then(|bar| bar.until(now));
            full.max(health.pool.set_aside(key, &place.model, now))
        };
        let ends = provider.keys.iter().map(|key| {
            let resting = health.pool.until(key, now);
            resting.max(is_aside(key))
        });
        // Keys that only rest are told as such.
        provider
            .keys
            .iter()
            .any(|key| is_aside(key).is_some())
            .then_some(())?;
        ends.collect::<Option<Vec<_>>>()?
            .into_iter()
            .min()
            .map(Bar::Limited)
    }
}
