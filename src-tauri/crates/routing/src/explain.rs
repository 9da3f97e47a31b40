//! Where a request would go, place by place, and why not. Changes nothing.

use std::sync::Arc;
use std::time::Instant;

use crate::board::Board;
use crate::health::Bar;
use crate::plan::Place;
use crate::run::Failover;
use crate::step::Ask;
use crate::sticky::Home;

/// A place that could serve a request, or why it can not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The group it would serve; empty for a provider that is in none, and for what the config alone rules out.
    pub group: Arc<str>,
    /// The provider; for a pin, the name that was asked for.
    pub provider: Arc<str>,
    /// The model name that would be sent; `None` where the config alone rules the provider out.
    pub model: Option<Arc<str>>,
    /// Id of the key that would be used; `None` where none is needed, or none is at hand.
    pub key: Option<Arc<str>>,
    /// Whether it could be tried now.
    pub usable: bool,
    /// A clause for people: when it would be tried, or why not.
    pub why: String,
}

/// The most places that are told: whoever gets that far has been told enough.
const MOST: usize = 32;

impl Board {
    /// Every place that an ask could go to, in order. Takes no turn, no key's use and no probe's slot.
    ///
    /// A place that stands there twice is told once, unless the first one can not be used.
    pub fn explain(&self, ask: &Ask, now: Instant) -> Vec<Explained> {
        self.explain_run(&self.run(ask, now), now)
    }

    /// The same for a request that has begun, as it was planned.
    pub fn explain_run(&self, run: &Failover, now: Instant) -> Vec<Explained> {
        let mut told: Vec<Explained> = Vec::new();
        for place in run.plan.places.iter().take(MOST) {
            let one = self.explained(run, place, now);
            let same = |it: &Explained| {
                it.provider == one.provider && it.model == one.model && (it.usable || it == &one)
            };
            if !told.iter().any(same) {
                told.push(one);
            }
        }
        let mut usable = told.iter_mut().filter(|one| one.usable);
        if let Some(first) = usable.next() {
            let is_home = |home: &Home| home.provider == first.provider;
            first.why = if run.home.as_ref().is_some_and(is_home) {
                "first to be tried, as the conversation is in its cache".to_owned()
            } else {
                "first to be tried".to_owned()
            };
        }
        for later in usable {
            "tried when those before it fail".clone_into(&mut later.why);
        }
        told.extend(run.plan.ruled_out.iter().map(|skipped| Explained {
            group: "".into(),
            provider: skipped.provider.clone(),
            model: skipped.model.clone(),
            key: None,
            usable: false,
            why: skipped.why.clone(),
        }));
        told
    }

    fn explained(&self, run: &Failover, place: &Place, now: Instant) -> Explained {
        let bar = self.bar(run, place, now);
        let key = self.key_for(run, place, now);
        let why = match bar {
            Some(bar) => self.with_cause(place, bar, now),
            // Its keys rest one by one, or it has none.
            None if key.is_none() => Bar::Gone.why(now),
            None => String::new(),
        };
        Explained {
            group: place.group.clone(),
            provider: place.provider.clone(),
            model: Some(place.model.clone()),
            usable: key.is_some(),
            key: key.flatten(),
            why,
        }
    }
}
