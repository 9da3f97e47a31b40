//! Racing a second candidate against one that is slow to begin: how slow is unusual, and who races it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::board::Board;
use crate::breaker::Standing;
use crate::change::Change;
use crate::plan::Place;
use crate::price::Used;
use crate::run::{Failover, Out, Pending};
use crate::step::{Candidate, Step};
use crate::topology::HedgeAfter;
use crate::verdict::{Reason, Verdict};

/// How many of the last times a percentile is taken of.
const REMEMBERED: usize = 64;

/// With fewer times than these nothing is unusual.
const ENOUGH: usize = 20;

/// How long a model's last answers took to begin.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace {
    times: VecDeque<Duration>,
}

impl Pace {
    fn add(&mut self, time: Duration) {
        if self.times.len() == REMEMBERED {
            self.times.pop_front();
        }
        self.times.push_back(time);
    }

    /// The time that this share of the answers (in percent) began within.
    fn percentile(&self, percent: u8) -> Option<Duration> {
        let mut times: Vec<Duration> = self.times.iter().copied().collect();
        let rank = (times.len() * usize::from(percent)).div_ceil(100).max(1) - 1;
        (times.len() >= ENOUGH).then(|| *times.select_nth_unstable(rank).1)
    }
}

/// The paces of streams and of whole answers, which begin when all of it is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paces {
    streams: Pace,
    wholes: Pace,
}

impl Paces {
    pub(crate) fn add(&mut self, time: Duration, streamed: bool) {
        if streamed {
            self.streams.add(time);
        } else {
            self.wholes.add(time);
        }
    }

    fn of(&self, streamed: bool) -> &Pace {
        if streamed {
            &self.streams
        } else {
            &self.wholes
        }
    }
}

impl Board {
    /// How long a candidate may take to begin before another one may race it; `None` where nobody may, or where too
    /// little is known of it to say what is unusual.
    pub fn hedge_after(&self, candidate: &Candidate, streamed: bool) -> Option<Duration> {
        match self.topology.hedge? {
            HedgeAfter::Fixed(time) => Some(time),
            HedgeAfter::Percentile(percent) => self
                .health
                .get(&candidate.provider)?
                .models
                .get(&candidate.model)?
                .paces
                .of(streamed)
                .percentile(percent),
        }
    }

    /// A candidate at another provider than `first`, which is still out; `side` is the way on which it is tried
    /// ([`Failover::beside`]). Nobody is probed for the sake of a race.
    pub fn hedge(
        &mut self,
        side: &mut Failover,
        first: &Candidate,
        now: Instant,
    ) -> Option<Candidate> {
        let may = |place: &Place| place.provider != first.provider && self.is_well(place, now);
        let (place, key) = self.pick_of(side, may, now)?;
        match self.hand_out(side, place, key, now) {
            Step::Try(candidate) => Some(candidate),
            Step::Wait { .. } | Step::GiveUp(_) => None,
        }
    }

    /// A candidate was so slow to begin (`elapsed`, after `hedge_after` had let another one race it) that the other one
    /// won. How its try is to be recorded: one that loses again and again, with no answer of its own in between, is taken
    /// for silent, as many times as failures open a breaker.
    pub fn outrun(
        &mut self,
        candidate: &Candidate,
        elapsed: Duration,
        streamed: bool,
        now: Instant,
    ) -> Option<Reason> {
        let after = self.hedge_after(candidate, streamed);
        let failures = self.topology.breaker.failures.max(1);
        let health = self.health.get_mut(&candidate.provider)?;
        health.time(elapsed, now);
        let model = health.model(&candidate.model);
        // How long it would have taken is not known: longer than it was waited for. More must not be made of it, or
        // each race that it loses would have it waited for longer.
        model
            .paces
            .add(after.unwrap_or(elapsed).min(elapsed), streamed);
        model.outrun += 1;
        if model.outrun < failures {
            return None;
        }
        model.outrun = 0;
        Some(Reason::Timeout)
    }

    /// A request has been answered on another way, so that the retry which was to follow on this one never will: the
    /// failure counts now.
    pub fn unretried(&mut self, run: &mut Failover, now: Instant) -> Vec<Change> {
        let Some(Pending { place, failed, .. }) = run.pending.take() else {
            return Vec::new();
        };
        let (candidate, outcome) = failed;
        self.never_retried(run, &Out { place, candidate }, &outcome, now)
    }

    fn is_well(&self, place: &Place, now: Instant) -> bool {
        let model = || self.health.get(&place.provider)?.models.get(&place.model);
        model().is_none_or(|model| {
            let standing = model.breaker.standing(&self.topology.breaker, now);
            matches!(standing, Standing::Closed { .. })
        })
    }
}

impl Failover {
    /// A way of its own for a second candidate of the same request. Each of the two is recorded on its own way; what
    /// one learned there is then told the other by [`Self::join`].
    ///
    /// A conversation that is warm somewhere does not move for a race that was won elsewhere.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            pending: None,
            out: None,
            used: Used::default(),
            switch_cost: None,
            stays: self.stays.clone().filter(|_| self.home.is_none()),
            ..self.clone()
        }
    }

    /// Takes over what another candidate of the same request came to on its own way.
    pub fn join(&mut self, other: Self) {
        self.tried = self.tried.max(other.tried);
        for (mine, theirs) in [
            (&mut self.spent, other.spent),
            (&mut self.unfit, other.unfit),
        ] {
            for place in theirs {
                if !mine.contains(&place) {
                    mine.push(place);
                }
            }
        }
        for provider in other.left {
            self.leave(&provider);
        }
        for theirs in other.trials {
            match self.trials.iter_mut().find(|mine| mine.is_same(&theirs)) {
                Some(mine) => {
                    mine.tries = mine.tries.max(theirs.tries);
                    mine.spent |= theirs.spent;
                }
                None => self.trials.push(theirs),
            }
        }
        // One that was outrun says nothing about why the other failed.
        if let Some((verdict, reason)) = other.last.filter(|last| last.0 != Verdict::Cancelled) {
            self.note(verdict, reason);
        }
    }
}
