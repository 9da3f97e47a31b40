//! Conversations stay with the provider that holds them in its prompt cache, for as long as that is warm.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::board::Board;
use crate::plan::Plan;
use crate::price::Used;
use crate::run::Failover;
use crate::step::{Ask, Candidate};

/// The most places that are remembered; the conversation that spoke longest ago is forgotten first.
const MOST: usize = 16_384;

/// The conversation that a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// What tells it from others.
    pub id: Identity,
    /// For how long after a request its prompt stays in a provider's cache.
    pub warm: Duration,
}

/// What a conversation is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The client's session. Caches belong to a model, so that each model of a session is a conversation of its own.
    Session(Arc<str>),
    /// What was said in it, as marks that are equal where the same was said to the same model.
    Said {
        /// What earlier requests of it may have left, the newest last.
        before: Arc<[u64]>,
        /// What this request leaves.
        whole: u64,
    },
}

/// Where a conversation is in a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) provider: Arc<str>,
    /// Caches belong to accounts, and those to keys.
    pub(crate) key: Option<Arc<str>>,
    /// The model as it is called there.
    pub(crate) model: Arc<str>,
    /// Tokens of its prompt that are in the cache.
    pub(crate) cached: u64,
    /// A person sent it elsewhere: it is warm, and nobody stays for that.
    left: bool,
    until: Instant,
}

impl Home {
    pub(crate) fn is_warm(&self, now: Instant) -> bool {
        self.until > now
    }

    /// Whether its conversation goes on there.
    pub(crate) fn holds(&self) -> bool {
        !self.left
    }
}

/// What a home is found by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Session(Arc<str>, Arc<str>),
    Mark(u64),
}

/// Homes by conversation.
#[derive(Debug, Default)]
pub(crate) struct Homes {
    known: HashMap<Name, Home>,
    /// In the order in which they were settled, with when they grow cold; those settled again since stand there twice.
    order: VecDeque<(Name, Instant)>,
}

impl Homes {
    fn settle(&mut self, name: Name, home: Home) {
        self.order.push_back((name.clone(), home.until));
        self.known.insert(name, home);
        while self.order.len() > MOST {
            let Some((name, until)) = self.order.pop_front() else {
                return;
            };
            if self
                .known
                .get(&name)
                .is_some_and(|home| home.until == until)
            {
                self.known.remove(&name);
            }
        }
    }

    fn find(&self, conversation: &Conversation, model: &str) -> Option<&Home> {
        match &conversation.id {
            Identity::Session(id) => self.known.get(&Name::Session(id.clone(), model.into())),
            Identity::Said { before, .. } => {
                let mut marks = before.iter().rev();
                marks.find_map(|mark| self.known.get(&Name::Mark(*mark)))
            }
        }
    }

    /// Nobody stays where they are: a person sent all traffic elsewhere.
    pub(crate) fn leave(&mut self) {
        self.known.values_mut().for_each(|home| home.left = true);
    }
}

/// A request on its way to a home.
#[derive(Debug, Clone)]
pub(crate) struct Stay {
    pub(crate) conversation: Conversation,
    /// The model asked for.
    pub(crate) model: String,
    /// The mark of its answer, where that can be gone on from by its id.
    pub(crate) answer: Option<u64>,
}

impl Board {
    /// Where the conversation of a request is warm.
    pub(crate) fn home_of(&self, ask: &Ask, now: Instant) -> Option<Home> {
        let conversation = ask.conversation.as_ref().filter(|_| self.topology.sticky)?;
        let home = self.homes.find(conversation, &ask.model)?;
        home.is_warm(now).then(|| home.clone())
    }

    /// A candidate has answered a request well: its conversation is warm there now.
    pub(crate) fn settle(&mut self, stay: Stay, cached: u64, candidate: &Candidate, now: Instant) {
        if !self.topology.sticky {
            return;
        }
        let home = Home {
            provider: candidate.provider.clone(),
            key: candidate.key.clone(),
            model: candidate.model.clone(),
            cached,
            left: false,
            until: now + stay.conversation.warm,
        };
        let name = match stay.conversation.id {
            Identity::Session(id) => Name::Session(id, stay.model.into()),
            Identity::Said { whole, .. } => Name::Mark(whole),
        };
        for name in stay.answer.map(Name::Mark).into_iter().chain([name]) {
            self.homes.settle(name, home.clone());
        }
    }
}

impl Failover {
    /// Its answer can be gone on from by an id, of which this is the mark.
    pub fn answered_as(&mut self, mark: u64) {
        if let Some(stay) = &mut self.stays {
            stay.answer = Some(mark);
        }
    }

    /// Its answer used these tokens, as its provider told.
    pub fn used(&mut self, used: Used) {
        self.used = used;
    }

    /// What it cost that it was answered elsewhere than where it was warm, in pico-dollars.
    pub fn switch_cost(&self) -> Option<u64> {
        self.switch_cost
    }
}

impl Plan {
    /// Puts the places of a conversation's home before all others.
    pub(crate) fn stay(&mut self, home: &Home) {
        if !self
            .places
            .iter()
            .any(|place| place.provider == home.provider)
        {
            return;
        }
        for place in &mut self.places {
            place.rank = if place.provider == home.provider {
                0
            } else {
                place.rank + 1
            };
        }
        // Stable: the rest keeps its order.
        self.places.sort_by_key(|place| place.rank);
    }
}
