//! Which candidate is next for a request, or why there is none.
//!
//! Decides by health as it is now; what an outcome does to health is told in `outcome`.

use std::sync::Arc;
use std::time::Instant;

use crate::board::Board;
use crate::health::Bar;
use crate::keys::Pool;
use crate::plan::Place;
use crate::run::{Failover, Out};
use crate::step::{Ask, Candidate, Exhausted, Skipped, Step};
use crate::sticky::Stay;

impl Board {
    /// Plans a request: pins, groups, members, models. Keys and health come in [`Self::next`].
    pub fn begin(&mut self, ask: &Ask, now: Instant) -> Failover {
        self.run(ask, now)
    }

    pub(crate) fn run(&self, ask: &Ask, now: Instant) -> Failover {
        let mut plan = self.plan(ask, now);
        let is_sent = plan.pinned || ask.prefer.as_ref().is_some_and(|it| it.provider.is_some());
        let warm = self.home_of(ask, now);
        let home = warm.clone().filter(|home| !is_sent && home.holds());
        if let Some(home) = &home
            && !plan
                .places
                .first()
                .is_some_and(|first| self.weighs_cache(&first.group, home))
        {
            plan.stay(home);
        }
        Failover {
            stays: ask.conversation.clone().map(|conversation| Stay {
                conversation,
                model: ask.model.clone(),
                answer: None,
            }),
            home,
            warm,
            forced: ask.forced,
            aside: ask.forced,
            only_key: ask.key.clone(),
            ..Failover::new(plan)
        }
    }

    /// Plans a request anew that had nowhere to go: what it tried may be tried again, but for what cannot serve it
    /// whenever it is asked. Somewhere else than before (`ask` has another pin), everything may.
    pub fn begin_again(&self, run: &Failover, ask: &Ask, now: Instant) -> Failover {
        Failover {
            tried: run.tried,
            aside: run.aside,
            last: run.last,
            takes_turns: run.takes_turns,
            spent: run.unfit.clone(),
            unfit: run.unfit.clone(),
            ..self.run(ask, now)
        }
    }

    /// What to do next. Health is looked at now, not when the request was planned.
    ///
    /// A candidate that was handed out before and never recorded counts as cancelled.
    pub fn next(&mut self, run: &mut Failover, now: Instant) -> Step {
        if let Some(out) = run.out.take() {
            self.record_cancelled(&out, now);
        }
        if run.ended {
            return Step::GiveUp(self.exhausted(run, now));
        }
        if let Some(pending) = run.pending.take()
            && self.is_usable(run, &pending.place, pending.key.as_ref(), now)
        {
            if now < pending.until {
                let until = pending.until;
                run.pending = Some(pending);
                return Step::Wait { until };
            }
            return self.hand_out(run, pending.place, pending.key, now);
        }
        match self.pick(run, now) {
            Some((place, key)) => {
                if let Some(until) = self.worth_waiting(run, &place, now) {
                    run.waits_since.get_or_insert(now);
                    return Step::Wait { until };
                }
                self.hand_out(run, place, key, now)
            }
            None => Step::GiveUp(self.exhausted(run, now)),
        }
    }

    /// Why a request may not use a place now, whatever the key.
    pub(crate) fn bar(&self, run: &Failover, place: &Place, now: Instant) -> Option<Bar> {
        let bar = self.state(run, place, now);
        let holds =
            |bar: &Bar| !run.forced || matches!(bar, Bar::Gone | Bar::Disabled | Bar::Paused);
        bar.filter(holds)
    }

    /// Why a place can not be used now, whatever the key and whatever a person wants.
    fn state(&self, run: &Failover, place: &Place, now: Instant) -> Option<Bar> {
        let Some(provider) = self.provider(&place.provider) else {
            return Some(Bar::Gone);
        };
        if !self.is_enabled(provider) {
            return Some(Bar::Disabled);
        }
        if !run.plan.ignores_pause && self.paused.contains(&place.group) {
            return Some(Bar::Paused);
        }
        let room = self.room(provider, now);
        let Some(health) = self.health.get(&place.provider) else {
            return room;
        };
        let model = || {
            health
                .models
                .get(&place.model)?
                .bar(&self.topology.breaker, now)
        };
        let aside = || self.set_aside(place, provider, now);
        health
            .bar(provider, now)
            .or_else(model)
            .or(room)
            .or_else(aside)
    }

    fn is_usable(
        &self,
        run: &Failover,
        place: &Place,
        key: Option<&Arc<str>>,
        now: Instant,
    ) -> bool {
        self.bar(run, place, now).is_none() && self.key_is_usable(&place.provider, key, now)
    }

    fn key_is_usable(&self, provider: &str, key: Option<&Arc<str>>, now: Instant) -> bool {
        let Some(provider) = self.provider(provider) else {
            return false;
        };
        let Some(key) = key else {
            return provider.keys.is_empty();
        };
        let resting = || self.health.get(&provider.name)?.pool.until(key, now);
        provider.keys.contains(key) && resting().is_none()
    }

    /// The best place that is usable and not spent, with its key.
    fn pick(&self, run: &Failover, now: Instant) -> Option<(Place, Option<Arc<str>>)> {
        self.pick_of(run, |_| true, now)
    }

    /// The best of those that `may`.
    pub(crate) fn pick_of(
        &self,
        run: &Failover,
        may: impl Fn(&Place) -> bool,
        now: Instant,
    ) -> Option<(Place, Option<Arc<str>>)> {
        let rank = |place: &Place| (place.rank, run.left.contains(&place.provider));
        let mut best: Option<(&Place, Option<Arc<str>>)> = None;
        for place in run.plan.places.iter().filter(|place| may(place)) {
            if best
                .as_ref()
                .is_some_and(|(held, _)| rank(held) <= rank(place))
            {
                continue;
            }
            if let Some(key) = self.key_for(run, place, now) {
                best = Some((place, key));
            }
        }
        best.map(|(place, key)| (place.clone(), key))
    }

    /// The key to use at a place (`Some(None)` where none is needed), if the place can be used.
    #[allow(clippy::option_option)] // the outer one is whether, the inner one is which
    pub(crate) fn key_for(
        &self,
        run: &Failover,
        place: &Place,
        now: Instant,
    ) -> Option<Option<Arc<str>>> {
        if run.is_spent(place) || self.bar(run, place, now).is_some() {
            return None;
        }
        let provider = self.provider(&place.provider)?;
        let attempts = self.retry(provider).attempts.max(1);
        if provider.keys.is_empty() {
            return run.may_try(place, None, attempts).then_some(None);
        }
        let may = |key: &Arc<str>| {
            let is_wanted = run.only_key.as_ref().is_none_or(|only| only == key);
            is_wanted && run.may_try(place, Some(key), attempts)
        };
        if run.forced {
            return provider.keys.iter().find(|key| may(key)).cloned().map(Some);
        }
        let unused = Pool::default();
        let pool = self
            .health
            .get(&place.provider)
            .map_or(&unused, |health| &health.pool);
        let has_left = |key: &Arc<str>| {
            pool.set_aside(key, &place.model, now).is_none()
                && self.key_room(provider, key, now).is_none()
        };
        let may = |key: &Arc<str>| may(key) && has_left(key);
        let home = run
            .home
            .as_ref()
            .filter(|home| home.provider == place.provider);
        let warm = home.and_then(|home| home.key.as_ref()).filter(|key| {
            provider.keys.contains(key) && may(key) && pool.until(key, now).is_none()
        });
        if let Some(key) = warm {
            return Some(Some(key.clone()));
        }
        pool.pick(&provider.keys, provider.key_policy, now, may)
            .map(Some)
    }

    /// Whether anything else than `place` could be tried now.
    pub(crate) fn has_other(&self, run: &Failover, place: &Place, now: Instant) -> bool {
        let is_other =
            |other: &&Place| other.provider != place.provider || other.model != place.model;
        run.plan
            .places
            .iter()
            .filter(is_other)
            .any(|other| self.key_for(run, other, now).is_some())
    }

    /// Where requests like this one go first now, whatever this one has tried already.
    pub(crate) fn top<'a>(&self, run: &'a Failover, now: Instant) -> Option<&'a Place> {
        // One at its limit serves all the same.
        let serves = |place: &&Place| {
            let state = self.state(run, place, now);
            matches!(
                state,
                None | Some(Bar::Probing | Bar::Busy | Bar::Limited(_))
            )
        };
        run.plan.places.iter().find(serves)
    }

    fn resting_keys(
        &self,
        provider: &str,
        now: Instant,
    ) -> impl Iterator<Item = (&Arc<str>, Instant)> {
        let health = self.health.get(provider);
        let keys = self
            .provider(provider)
            .map_or(&[][..], |provider| &provider.keys);
        keys.iter()
            .filter_map(move |key| Some((key, health?.pool.until(key, now)?)))
    }

    pub(crate) fn hand_out(
        &mut self,
        run: &mut Failover,
        place: Place,
        key: Option<Arc<str>>,
        now: Instant,
    ) -> Step {
        let ticket = self.admit(&place, key.as_ref(), now);
        self.began_at(&place.provider, key.as_ref(), now);
        let is_home = run
            .home
            .as_ref()
            .is_some_and(|home| home.provider == place.provider);
        if run.tried == 0 && run.takes_turns && !run.plan.ignores_pause && !is_home {
            self.take_turn(&place.group, &place.provider, now);
        }
        run.tried += 1;
        run.trial(&place, key.as_ref()).tries += 1;
        let candidate = Candidate {
            group: place.group.clone(),
            provider: place.provider.clone(),
            key,
            model: place.model.clone(),
            attempt: run.tried,
            renamed: place.renamed,
            ticket,
        };
        run.out = Some(Out {
            place,
            candidate: candidate.clone(),
        });
        Step::Try(candidate)
    }

    /// Why it is given up, and when trying again may help.
    fn exhausted(&self, run: &Failover, now: Instant) -> Exhausted {
        let mut tally = Tally::new(run);
        for place in run.plan.places.iter().filter(|place| !run.is_unfit(place)) {
            let state = self.state(run, place, now);
            if state.is_none() && run.had_to_rest(place) {
                // The rest ended while others were tried.
                tally.soonest = Some(now);
            }
            match state {
                None | Some(Bar::KeysCooling(_)) => {
                    for (key, until) in self.resting_keys(&place.provider, now) {
                        let refused = self.is_refused(&place.provider, key);
                        let why = Bar::Cooling(until).why(now);
                        let why = if refused {
                            format!("its key was refused, {why}")
                        } else {
                            why
                        };
                        tally.skip(place, Some(key), Some(until), refused, why);
                    }
                }
                Some(bar) => {
                    tally.paused |= bar == Bar::Paused && place.rank == 0;
                    let until = bar.until(now);
                    tally.skip(place, None, until, false, self.with_cause(place, bar, now));
                }
            }
        }
        tally.exhausted(now)
    }

    fn is_refused(&self, provider: &str, key: &str) -> bool {
        let health = self.health.get(provider);
        health
            .and_then(|health| health.pool.get(key))
            .is_some_and(|key| key.rejected)
    }

    /// Why a place is barred, and after what, where it rests.
    pub(crate) fn with_cause(&self, place: &Place, bar: Bar, now: Instant) -> String {
        let lacks = self
            .provider(&place.provider)
            .and_then(|provider| provider.lacks.clone());
        let why = match (bar, lacks) {
            (Bar::Disabled, Some(lacks)) => lacks,
            _ => bar.why(now),
        };
        let cause = self
            .health
            .get(&place.provider)
            .and_then(|health| health.last_error.as_ref());
        match (bar, cause) {
            (Bar::Cooling(_) | Bar::Open(_), Some(cause)) => format!("{why} after {cause}"),
            _ => why,
        }
    }
}

/// What could not be tried, added up.
struct Tally<'a> {
    run: &'a Failover,
    skipped: Vec<Skipped>,
    soonest: Option<Instant>,
    /// Whether all that rests so far rests for a refused key.
    refused: Option<bool>,
    /// Something waits for a person to resume its group.
    paused: bool,
}

impl<'a> Tally<'a> {
    fn new(run: &'a Failover) -> Self {
        Self {
            run,
            skipped: run.plan.ruled_out.clone(),
            soonest: None,
            refused: None,
            paused: false,
        }
    }

    fn skip(
        &mut self,
        place: &Place,
        key: Option<&Arc<str>>,
        until: Option<Instant>,
        refused: bool,
        why: String,
    ) {
        self.soonest = self.soonest.into_iter().chain(until).min();
        if until.is_some() {
            self.refused = Some(self.refused.unwrap_or(true) && refused);
        }
        let model = key.is_none().then(|| place.model.clone());
        let entry = Skipped {
            provider: place.provider.clone(),
            model,
            key: key.cloned(),
            why,
        };
        if !self.run.was_tried(place, key) && !self.skipped.contains(&entry) {
            self.skipped.push(entry);
        }
    }

    fn exhausted(self, now: Instant) -> Exhausted {
        let refused = self.refused.unwrap_or(false);
        Exhausted {
            may_wait: !refused && (self.paused || self.soonest.is_some()),
            skipped: self.skipped,
            last: self.run.last,
            retry_in: self
                .soonest
                .map(|until| until.saturating_duration_since(now)),
            refused,
            tried: self.run.tried,
        }
    }
}
