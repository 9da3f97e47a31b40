//! What tokens cost where, and what follows from it: what a request will cost at a provider, and what it costs to
//! leave a cache. Prices are data of the topology; what is not in it is unknown, never guessed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::board::Board;
use crate::health::Bar;
use crate::plan::Place;
use crate::resolve::Name;
use crate::run::Failover;
use crate::step::Ask;
use crate::sticky::Home;
use crate::topology::{Group, Member, Policy};

/// What one token of a model costs at a provider, in pico-dollars, the provider's multiplier included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Of the prompt, neither read from a cache nor written to one.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
    /// Of the prompt, read from a cache; that of input where there is none of its own.
    pub cache_read: Option<u64>,
    /// Of the prompt, written to a cache; that of input where there is none of its own.
    pub cache_write: Option<u64>,
}

impl Price {
    fn warm(&self) -> u64 {
        self.cache_read.unwrap_or(self.input)
    }

    fn cold(&self) -> u64 {
        self.cache_write.unwrap_or(self.input)
    }
}

type Look = dyn Fn(&str, &str) -> Option<Price> + Send + Sync;

/// Prices by provider and model. Two are equal when they are the same list.
#[derive(Clone, Default)]
pub struct Prices(Option<Arc<Look>>);

impl Prices {
    /// A list that is looked up by provider and by model as it is sent.
    pub fn new(look: impl Fn(&str, &str) -> Option<Price> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(look)))
    }

    /// The price of a model at a provider, where it is known.
    pub fn of(&self, provider: &str, model: &str) -> Option<Price> {
        self.0.as_ref()?(provider, model)
    }
}

impl PartialEq for Prices {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl fmt::Debug for Prices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Prices(…)"
        } else {
            "Prices"
        })
    }
}

/// Tokens of an answer and its prompt, as its provider told them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Of the prompt, those that are in the provider's cache now: read from it, or written to it.
    pub cached: u64,
    /// Of the answer.
    pub output: u64,
}

/// Answers are taken to be this long before any was seen, in tokens.
const USUAL_OUTPUT: u64 = 500;
/// Prompts are taken to be this long where nothing is known of them.
const USUAL_PROMPT: u64 = 1000;

/// How long answers are, smoothed.
#[derive(Debug, Default)]
pub(crate) struct Answers(Option<u64>);

impl Answers {
    pub(crate) fn learn(&mut self, output: u64) {
        if output > 0 {
            self.0 = Some(self.0.map_or(output, |usual| (usual * 7 + output) / 8));
        }
    }

    fn usual(&self) -> u64 {
        self.0.unwrap_or(USUAL_OUTPUT)
    }
}

/// A request whose cost is foreseen.
#[derive(Clone, Copy)]
pub(crate) struct Foreseen<'a> {
    pub(crate) ask: &'a Ask,
    pub(crate) name: Name<'a>,
    pub(crate) home: Option<&'a Home>,
}

impl Board {
    /// What a request is expected to cost at a member, in pico-dollars: what is warm there at the price of cache reads,
    /// the rest of the prompt at that of input, and an answer of the usual length. `None` where no price is known.
    pub(crate) fn expected_cost(&self, member: &Member, of: &Foreseen<'_>) -> Option<u128> {
        let models = self.lexicons.get(&member.provider)?.models(&of.name);
        let model = models.first()?;
        let price = self.topology.prices.of(&member.provider, model)?;
        let prompt = match of.ask.tokens {
            0 => USUAL_PROMPT,
            told => told,
        };
        let is_warm = |home: &&Home| home.provider == member.provider && home.model == *model;
        let warm = of
            .home
            .filter(is_warm)
            .map_or(0, |home| home.cached.min(prompt));
        let parts = [
            (warm, price.warm()),
            (prompt - warm, price.input),
            (self.answers.usual(), price.output),
        ];
        let costs = parts.map(|(tokens, price)| u128::from(tokens) * u128::from(price));
        Some(costs.iter().sum())
    }

    /// Whether a group is ordered by what is warm where, so that a warm place need not be put first.
    pub(crate) fn weighs_cache(&self, group: &str, home: &Home) -> bool {
        let is_cheapest = |group: &Group| group.policy == Policy::Cheapest;
        self.group(group).is_some_and(is_cheapest)
            && home.cached > 0
            && self
                .topology
                .prices
                .of(&home.provider, &home.model)
                .is_some()
    }

    /// Until when a request had better wait for where it is warm than go to `next`: its home is at a limit that soon
    /// passes, and reading the prompt anew costs more than the wait, a second of which is taken to be worth a cent.
    pub(crate) fn worth_waiting(
        &self,
        run: &Failover,
        next: &Place,
        now: Instant,
    ) -> Option<Instant> {
        const LONGEST: Duration = Duration::from_secs(5);
        /// Pico-dollars.
        const A_MILLISECOND: u64 = 10_000_000;
        let home = run.home.as_ref().filter(|_| run.tried == 0)?;
        let is_home = |place: &&Place| place.provider == home.provider && place.model == home.model;
        let place = run.plan.places.iter().find(is_home)?;
        let Some(Bar::Limited(until)) = self.bar(run, place, now) else {
            return None;
        };
        let cost = self.switch_cost(home, next)?;
        let patience = Duration::from_millis(cost / A_MILLISECOND).min(LONGEST);
        let since = run.waits_since.unwrap_or(now);
        (until <= since + patience && until > now).then_some(until)
    }

    /// What it costs to read anew elsewhere what is in a home's cache, in pico-dollars: nothing where that is no dearer,
    /// `None` where it is the home itself or a price is unknown.
    ///
    /// The home was warm when the request was planned; that its cache grew cold during a long answer saved nothing.
    pub(crate) fn switch_cost(&self, home: &Home, place: &Place) -> Option<u64> {
        let is_home = home.provider == place.provider && home.model == place.model;
        if is_home || home.cached == 0 {
            return None;
        }
        let prices = &self.topology.prices;
        let there = prices.of(&place.provider, &place.model)?.cold();
        let here = prices.of(&home.provider, &home.model)?.warm();
        Some(home.cached.saturating_mul(there.saturating_sub(here)))
    }
}
