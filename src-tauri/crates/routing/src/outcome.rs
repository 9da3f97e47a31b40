//! What the outcome of a try does: to the request, to health, and to who hears of it.
//!
//! Who is to blame decides: a key (limits, refused credentials), the provider (it broke, or could
//! not be reached), the answer (empty), or the request (nobody's health is touched).

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::board::Board;
use crate::breaker::Event;
use crate::change::Change;
use crate::cooldown::doubled;
use crate::heal::Healing;
use crate::health::Bar;
use crate::plan::Place;
use crate::run::{Failover, Out, Pending};
use crate::step::{Candidate, Outcome};
use crate::topology::{Provider, Retry};
use crate::verdict::{Reason, Verdict};

/// A longer `retry-after` is not waited for while another candidate is usable.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// An outcome that was none of the good ones.
#[derive(Debug, Clone, Copy)]
struct Failure<'a> {
    outcome: &'a Outcome,
    reason: Reason,
}

/// Who has to rest for a failure.
enum Blame {
    Key,
    Provider,
    /// An empty answer may be all a model has to say: it counts, but nobody rests for one alone.
    Answer,
    Request,
}

impl Failure<'_> {
    fn blame(&self) -> Blame {
        match self.reason {
            _ if self.outcome.verdict == Verdict::NextKey => Blame::Key,
            Reason::RateLimited | Reason::Auth => Blame::Key,
            Reason::Overloaded
            | Reason::ServerError
            | Reason::Network
            | Reason::Timeout
            | Reason::StreamCut => Blame::Provider,
            Reason::EmptyResponse => Blame::Answer,
            Reason::NotFound
            | Reason::InvalidRequest
            | Reason::Budget
            | Reason::ClientCancelled => Blame::Request,
        }
    }
}

impl Board {
    /// How a try ended; exactly once per [`crate::Step::Try`], also when the client went away: it is what
    /// gives a probe's slot back.
    pub fn record(&mut self, run: &mut Failover, outcome: &Outcome, now: Instant) -> Vec<Change> {
        let Some(out) = run.out.take() else {
            return Vec::new();
        };
        let key = out.candidate.key.as_ref();
        self.ended_at(&out.place.provider, key, outcome, now);
        let reason = outcome
            .reason
            .unwrap_or_else(|| default_reason(outcome.verdict));
        if outcome.verdict != Verdict::Ok {
            run.note(outcome.verdict, reason);
        }
        run.ended |= outcome.committed;
        match outcome.verdict {
            Verdict::Ok => {
                run.ended = true;
                let warm = run.warm.as_ref();
                run.switch_cost = warm.and_then(|home| self.switch_cost(home, &out.place));
                self.answers.learn(run.used.output);
                if let Some(stay) = run.stays.take() {
                    self.settle(stay, run.used.cached, &out.candidate, now);
                }
                self.worked(&out.candidate, now)
            }
            Verdict::ClientFault | Verdict::Cancelled => {
                run.ended = true;
                self.released(&out.candidate, now);
                Vec::new()
            }
            Verdict::RetrySame | Verdict::NextKey | Verdict::NextProvider => {
                self.failed(run, &out, Failure { outcome, reason }, now)
            }
        }
    }

    /// The first semantic output of a candidate was seen: its provider works.
    ///
    /// `ttft` is the time to its first token, where it has tokens. A probe closes its breaker; cooldowns go on doubling until a whole answer was good.
    pub fn committed(
        &mut self,
        candidate: &Candidate,
        ttft: Option<Duration>,
        now: Instant,
    ) -> Vec<Change> {
        if let Some(ttft) = ttft {
            self.timed(candidate, ttft, true, now);
        }
        self.serves(candidate, now)
    }

    /// How long a candidate took to begin its answer, or at least took, where another one was faster. Whole answers
    /// begin when all of them is known, so that their times are no measure for those that are `streamed`.
    pub fn timed(&mut self, candidate: &Candidate, time: Duration, streamed: bool, now: Instant) {
        if let Some(health) = self.health.get_mut(&candidate.provider) {
            health.time(time, now);
            health.model(&candidate.model).paces.add(time, streamed);
        }
    }

    /// Lets a try begin; answers its ticket if it is a probe.
    pub(crate) fn admit(
        &mut self,
        place: &Place,
        key: Option<&Arc<str>>,
        now: Instant,
    ) -> Option<u64> {
        let policy = self.topology.breaker;
        let health = self.health.entry(place.provider.clone()).or_default();
        health.used(&place.model, key, now);
        let model = health.model(&place.model);
        if !model.breaker.is_probing() {
            return None;
        }
        self.tickets += 1;
        let ticket = self.tickets;
        model.happens(Event::Admitted { ticket }, &policy, now);
        Some(ticket)
    }

    /// A candidate that was handed out and never recorded.
    pub(crate) fn record_cancelled(&mut self, out: &Out, now: Instant) {
        let key = out.candidate.key.as_ref();
        self.ended_at(&out.place.provider, key, &Outcome::GONE, now);
        self.released(&out.candidate, now);
    }

    /// Gives a probe's slot back without a judgement.
    pub(crate) fn released(&mut self, candidate: &Candidate, now: Instant) {
        let (policy, ticket) = (self.topology.breaker, candidate.ticket);
        if let Some(model) = self
            .health
            .get_mut(&candidate.provider)
            .and_then(|h| h.models.get_mut(&candidate.model))
        {
            model.happens(Event::Released { ticket }, &policy, now);
        }
    }

    fn worked(&mut self, candidate: &Candidate, now: Instant) -> Vec<Change> {
        if let Some(health) = self.health.get_mut(&candidate.provider) {
            health.count(true);
            health.healing = Healing::default();
            health.rest.worked(now);
            health.model(&candidate.model).rest.worked(now);
            if let Some(key) = &candidate.key {
                let key = health.pool.entry(key);
                key.rest.worked(now);
                key.rejected &= key.rest.is_marked();
            }
        }
        self.serves(candidate, now)
    }

    /// A candidate gives output. What rests meanwhile was benched after this one began, and stays so.
    fn serves(&mut self, candidate: &Candidate, now: Instant) -> Vec<Change> {
        let (topology, ticket) = (self.topology.clone(), candidate.ticket);
        let (Some(provider), Some(health)) = (
            topology.provider(&candidate.provider),
            self.health.get_mut(&candidate.provider),
        ) else {
            return Vec::new();
        };
        let model = health.model(&candidate.model);
        let was_shut = model.breaker.is_probing();
        model.happens(Event::Worked { ticket }, &topology.breaker, now);
        model.outrun = 0;
        // Whoever waits may use it from its first word on.
        self.news += u64::from(was_shut && !model.breaker.is_probing());
        if model.breaker.is_probing()
            || model.rest.until(now).is_some()
            || health.bar(provider, now).is_some()
        {
            return Vec::new();
        }
        self.all_down = false;
        let model_was = std::mem::take(&mut health.model(&candidate.model).benched);
        let provider_was = std::mem::take(&mut health.benched);
        let recovered = Change::Recovered {
            provider: candidate.provider.clone(),
        };
        if model_was || provider_was {
            vec![recovered]
        } else {
            Vec::new()
        }
    }

    fn failed(
        &mut self,
        run: &mut Failover,
        out: &Out,
        failure: Failure<'_>,
        now: Instant,
    ) -> Vec<Change> {
        let blame = match failure.blame() {
            _ if run.aside && failure.reason != Reason::Auth => Blame::Request,
            blame => blame,
        };
        if let Some(health) = self.health.get_mut(&out.place.provider) {
            health.last_error = Some(format!("{} ({})", failure.reason, out.place.model));
            if !matches!(blame, Blame::Request) {
                health.count(false);
            }
        }
        match blame {
            Blame::Request => {
                self.released(&out.candidate, now);
                run.rule_out(&out.place);
                Vec::new()
            }
            Blame::Key => self.key_failed(run, out, failure, now),
            Blame::Provider => {
                if let Some(until) = self.retry_at(run, out, failure, now) {
                    let (place, key) = (out.place.clone(), out.candidate.key.clone());
                    run.pending = Some(Pending {
                        place,
                        key,
                        until,
                        failed: (out.candidate.clone(), *failure.outcome),
                    });
                    return Vec::new();
                }
                self.model_failed(run, out, failure, true, now)
            }
            Blame::Answer => self.model_failed(run, out, failure, false, now),
        }
    }

    /// A try that failed was to be repeated, and is not.
    pub(crate) fn never_retried(
        &mut self,
        run: &mut Failover,
        out: &Out,
        outcome: &Outcome,
        now: Instant,
    ) -> Vec<Change> {
        let reason = outcome
            .reason
            .unwrap_or_else(|| default_reason(outcome.verdict));
        self.model_failed(run, out, Failure { outcome, reason }, true, now)
    }

    /// When the same candidate gets another try, if it does. A failed probe never does.
    fn retry_at(
        &mut self,
        run: &mut Failover,
        out: &Out,
        failure: Failure<'_>,
        now: Instant,
    ) -> Option<Instant> {
        let outcome = failure.outcome;
        if outcome.verdict != Verdict::RetrySame
            || outcome.committed
            || out.candidate.ticket.is_some()
        {
            return None;
        }
        let policy = self.retry(self.topology.provider(&out.place.provider)?);
        let tries = run.trial(&out.place, out.candidate.key.as_ref()).tries;
        if tries >= policy.attempts.max(1) {
            return None;
        }
        let pause = doubled(policy.base, tries.saturating_sub(1)).min(policy.max);
        let pause = pause.mul_f64(self.chance.f64().mul_add(0.5, 0.75));
        let wish = outcome.retry_after.unwrap_or_default();
        let longest = if self.has_other(run, &out.place, now) {
            SHORT_WAIT
        } else {
            policy.max.max(SHORT_WAIT)
        };
        (wish <= longest).then(|| now + pause.max(wish))
    }

    /// Limits and refused credentials: the key rests, or the provider where it has none.
    fn key_failed(
        &mut self,
        run: &mut Failover,
        out: &Out,
        failure: Failure<'_>,
        now: Instant,
    ) -> Vec<Change> {
        let Out { place, candidate } = out;
        self.released(candidate, now);
        run.trial(place, candidate.key.as_ref()).spent = true;
        if failure.outcome.verdict != Verdict::NextKey {
            run.leave(&place.provider);
        }
        let (topology, base) = (self.topology.clone(), self.cooldown(&place.group));
        let was_top = self.is_top(run, place, now);
        let (Some(provider), Some(health)) = (
            topology.provider(&place.provider),
            self.health.get_mut(&place.provider),
        ) else {
            return Vec::new();
        };
        let before = health.bar(provider, now);
        let retry_after = failure.outcome.retry_after;
        let refused = failure.reason == Reason::Auth;
        let rest = match &candidate.key {
            Some(key) => {
                let key = health.pool.entry(key);
                key.rejected = refused;
                &mut key.rest
            }
            None => &mut health.rest,
        };
        let rested = rest.rest(base, retry_after, now);
        run.trial(place, candidate.key.as_ref()).rested |= rest.until(now).is_some();
        let mut changes = Vec::new();
        if refused && rested.is_some() {
            changes.push(Change::AuthFailed {
                provider: place.provider.clone(),
                key: candidate.key.clone(),
            });
        }
        let after = health.bar(provider, now).and_then(|bar| bar.until(now));
        if let (None, Some(until)) = (before, after) {
            let first = !std::mem::replace(&mut health.benched, true);
            changes.extend(self.benched(run, place, failure.reason, until, first && was_top, now));
        }
        changes
    }

    /// The provider broke: it counts for the breaker, and rests (for that model).
    fn model_failed(
        &mut self,
        run: &mut Failover,
        out: &Out,
        failure: Failure<'_>,
        rests: bool,
        now: Instant,
    ) -> Vec<Change> {
        let Out { place, candidate } = out;
        run.spend(place);
        run.leave(&place.provider);
        let (policy, base) = (self.topology.breaker, self.cooldown(&place.group));
        let was_top = self.is_top(run, place, now);
        let Some(health) = self.health.get_mut(&place.provider) else {
            return Vec::new();
        };
        health.healing.answered = !matches!(failure.reason, Reason::Network | Reason::Timeout);
        let model = health.model(&place.model);
        let before = model.bar(&policy, now);
        model.happens(
            Event::Failed {
                ticket: candidate.ticket,
            },
            &policy,
            now,
        );
        if rests {
            model.rest.rest(base, failure.outcome.retry_after, now);
            run.trial(place, candidate.key.as_ref()).rested |= model.rest.until(now).is_some();
        }
        let after = model.bar(&policy, now);
        let (None | Some(Bar::Probing), Some(Bar::Cooling(until) | Bar::Open(until))) =
            (before, after)
        else {
            return Vec::new();
        };
        let first = !std::mem::replace(&mut model.benched, true);
        self.benched(run, place, failure.reason, until, first && was_top, now)
    }

    /// Tells that a place went out of service, and where its traffic goes if it `served`.
    fn benched(
        &mut self,
        run: &Failover,
        place: &Place,
        why: Reason,
        until: Instant,
        served: bool,
        now: Instant,
    ) -> Vec<Change> {
        let mut changes = vec![Change::Rested {
            provider: place.provider.clone(),
            until,
            why,
        }];
        if run.plan.pinned {
            return changes;
        }
        match self.top(run, now) {
            Some(next) if served && next.provider != place.provider => {
                changes.push(Change::Failover {
                    from: place.provider.clone(),
                    to: next.provider.clone(),
                    group_from: place.group.clone(),
                    group_to: next.group.clone(),
                    why,
                    cost: run
                        .warm
                        .as_ref()
                        .and_then(|home| self.switch_cost(home, next)),
                });
            }
            None if !self.all_down => {
                self.all_down = true;
                changes.push(Change::AllDown);
            }
            _ => {}
        }
        changes
    }

    /// Whether requests like this one go to a place's provider first.
    fn is_top(&self, run: &Failover, place: &Place, now: Instant) -> bool {
        self.top(run, now)
            .is_some_and(|top| top.provider == place.provider)
    }

    fn cooldown(&self, group: &str) -> Duration {
        self.group(group)
            .and_then(|group| group.cooldown)
            .unwrap_or(self.topology.cooldown)
    }

    pub(crate) fn retry(&self, provider: &Provider) -> Retry {
        provider.retry.unwrap_or(self.topology.retry)
    }
}

fn default_reason(verdict: Verdict) -> Reason {
    match verdict {
        Verdict::ClientFault => Reason::InvalidRequest,
        Verdict::Cancelled => Reason::ClientCancelled,
        Verdict::NextKey => Reason::RateLimited,
        Verdict::Ok | Verdict::RetrySame | Verdict::NextProvider => Reason::ServerError,
    }
}
