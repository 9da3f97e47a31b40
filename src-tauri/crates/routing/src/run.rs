//! What one request remembers on its way through its candidates.

use std::sync::Arc;
use std::time::Instant;

use crate::plan::{Place, Plan};
use crate::price::Used;
use crate::step::{Candidate, Outcome};
use crate::sticky::{Home, Stay};
use crate::verdict::{Reason, Verdict};

/// The state of one request on its way; driven by [`crate::Board::next`] and
/// [`crate::Board::record`]; what it
/// remembers is which candidates are through, never how they are doing.
#[derive(Debug, Clone)]
pub struct Failover {
    pub(crate) plan: Plan,
    /// Tries so far, by candidate.
    pub(crate) trials: Vec<Trial>,
    /// Models at providers that are through for this request, whatever the key.
    pub(crate) spent: Vec<(Arc<str>, Arc<str>)>,
    /// Models at providers that failed for this request's own sake: waiting changes nothing about that.
    pub(crate) unfit: Vec<(Arc<str>, Arc<str>)>,
    /// Providers that failed as such: what else they have comes after the rest of the group.
    pub(crate) left: Vec<Arc<str>>,
    /// A candidate that waits for its next try.
    pub(crate) pending: Option<Pending>,
    /// What was handed out and not recorded yet.
    pub(crate) out: Option<Out>,
    pub(crate) tried: u32,
    pub(crate) last: Option<(Verdict, Reason)>,
    /// It says nothing about the health of whom it is sent to.
    pub(crate) aside: bool,
    /// It has its answer, or can not have another one any more.
    pub(crate) ended: bool,
    /// A person wants it tried, whoever rests.
    pub(crate) forced: bool,
    /// With this key alone.
    pub(crate) only_key: Option<Arc<str>>,
    /// It takes its group's turns.
    pub(crate) takes_turns: bool,
    /// The conversation that it belongs to.
    pub(crate) stays: Option<Stay>,
    /// Where that is warm.
    pub(crate) home: Option<Home>,
    /// The same, also where it is sent elsewhere on purpose.
    pub(crate) warm: Option<Home>,
    /// Since when it waits for where it is warm.
    pub(crate) waits_since: Option<Instant>,
    /// Tokens that its answer used.
    pub(crate) used: Used,
    /// What it cost to leave where it was warm, in pico-dollars.
    pub(crate) switch_cost: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Trial {
    pub(crate) provider: Arc<str>,
    pub(crate) model: Arc<str>,
    pub(crate) key: Option<Arc<str>>,
    pub(crate) tries: u32,
    pub(crate) spent: bool,
    /// It rests for how this ended.
    pub(crate) rested: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) place: Place,
    pub(crate) key: Option<Arc<str>>,
    pub(crate) until: Instant,
    /// The try that failed, and how: it counts if the next one never comes.
    pub(crate) failed: (Candidate, Outcome),
}

#[derive(Debug, Clone)]
pub(crate) struct Out {
    pub(crate) place: Place,
    pub(crate) candidate: Candidate,
}

impl Failover {
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            plan,
            trials: Vec::new(),
            spent: Vec::new(),
            unfit: Vec::new(),
            left: Vec::new(),
            pending: None,
            out: None,
            tried: 0,
            last: None,
            aside: false,
            ended: false,
            forced: false,
            only_key: None,
            takes_turns: true,
            stays: None,
            home: None,
            warm: None,
            waits_since: None,
            used: Used::default(),
            switch_cost: None,
        }
    }

    /// A call that goes where the answers go and says nothing of who is next, such as a token count.
    #[must_use]
    pub fn out_of_turn(mut self) -> Self {
        self.takes_turns = false;
        self
    }

    /// It is sent elsewhere: what could not serve it there says nothing.
    pub fn forget(&mut self) {
        self.unfit.clear();
    }

    /// A person wants it tried now, whatever rests or is at its limit. Paused groups and disabled providers stay out.
    #[must_use]
    pub fn forced(mut self) -> Self {
        self.forced = true;
        self
    }

    /// A call beside the answers themselves, such as a token count: who fails it is passed over, and nobody rests
    /// for it but a refused key.
    #[must_use]
    pub fn aside(mut self) -> Self {
        self.aside = true;
        self
    }

    /// Whether the candidate whose outcome was recorded last gets another try.
    pub fn retries(&self) -> bool {
        self.pending.is_some()
    }

    /// Notes how a try ended. A failure that passes is remembered over one that stays, since the request as a whole
    /// may still be served later.
    pub(crate) fn note(&mut self, verdict: Verdict, reason: Reason) {
        let passes = self.last.is_some_and(|(_, reason)| reason.passes());
        if !passes || reason.passes() {
            self.last = Some((verdict, reason));
        }
    }

    pub(crate) fn is_spent(&self, place: &Place) -> bool {
        self.spent
            .iter()
            .any(|(provider, model)| *provider == place.provider && *model == place.model)
    }

    /// Nobody but these models at providers can serve this request from here on.
    pub fn keep_only(&mut self, can: impl Fn(&str, &str) -> bool) {
        let cannot = |place: &&Place| !can(&place.provider, &place.model);
        let gone: Vec<Place> = self.plan.places.iter().filter(cannot).cloned().collect();
        for place in &gone {
            if !self.is_unfit(place) {
                self.rule_out(place);
            }
        }
    }

    /// This place cannot serve this request, whenever it is asked.
    pub(crate) fn rule_out(&mut self, place: &Place) {
        self.spend(place);
        self.unfit
            .push((place.provider.clone(), place.model.clone()));
    }

    pub(crate) fn is_unfit(&self, place: &Place) -> bool {
        self.unfit
            .iter()
            .any(|(provider, model)| *provider == place.provider && *model == place.model)
    }

    pub(crate) fn spend(&mut self, place: &Place) {
        if !self.is_spent(place) {
            self.spent
                .push((place.provider.clone(), place.model.clone()));
        }
    }

    pub(crate) fn leave(&mut self, provider: &Arc<str>) {
        if !self.left.contains(provider) {
            self.left.push(provider.clone());
        }
    }

    pub(crate) fn trial(&mut self, place: &Place, key: Option<&Arc<str>>) -> &mut Trial {
        let at = self
            .trials
            .iter()
            .position(|trial| trial.is_of(place, key))
            .unwrap_or_else(|| {
                self.trials.push(Trial {
                    provider: place.provider.clone(),
                    model: place.model.clone(),
                    key: key.cloned(),
                    tries: 0,
                    spent: false,
                    rested: false,
                });
                self.trials.len() - 1
            });
        &mut self.trials[at]
    }

    /// Whether a place was tried with a key, or with any.
    pub(crate) fn was_tried(&self, place: &Place, key: Option<&Arc<str>>) -> bool {
        self.trials.iter().any(|trial| {
            trial.provider == place.provider
                && if key.is_some() {
                    trial.key.as_ref() == key
                } else {
                    trial.model == place.model
                }
        })
    }

    /// Whether a place had to rest for how a try of this request ended there: the failure need not stay once the rest is
    /// over.
    pub(crate) fn had_to_rest(&self, place: &Place) -> bool {
        let is_here =
            |trial: &&Trial| trial.provider == place.provider && trial.model == place.model;
        self.trials.iter().filter(is_here).any(|trial| trial.rested)
    }

    pub(crate) fn may_try(&self, place: &Place, key: Option<&Arc<str>>, attempts: u32) -> bool {
        let trial = self.trials.iter().find(|trial| trial.is_of(place, key));
        trial.is_none_or(|trial| !trial.spent && trial.tries < attempts)
    }
}

impl Trial {
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.provider == other.provider && self.model == other.model && self.key == other.key
    }

    pub(crate) fn is_of(&self, place: &Place, key: Option<&Arc<str>>) -> bool {
        self.provider == place.provider && self.model == place.model && self.key.as_ref() == key
    }
}
