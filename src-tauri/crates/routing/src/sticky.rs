//! Conversations stay with the provider that holds them in its prompt cache, for as long as that is warm.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::board::Board;
use crate::plan::Plan;
use crate::step::{Ask, Candidate};

/// The most conversations that are remembered; the one that spoke longest ago is forgotten first.
const MOST: usize = 4096;

/// The conversation that a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// What tells it from others: the client's session. Caches belong to a model, so that each model of a session is a
    /// conversation of its own.
    pub id: Arc<str>,
    /// For how long after a request its prompt stays in a provider's cache.
    pub warm: Duration,
}

/// Where a conversation is in a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) provider: Arc<str>,
    /// Caches belong to accounts, and those to keys.
    pub(crate) key: Option<Arc<str>>,
    until: Instant,
}

/// Homes by conversation and model asked for.
#[derive(Debug, Default)]
pub(crate) struct Homes {
    known: HashMap<(Arc<str>, String), Home>,
    /// In the order in which they were first settled.
    order: VecDeque<(Arc<str>, String)>,
}

impl Homes {
    fn settle(&mut self, id: (Arc<str>, String), home: Home) {
        if self.known.insert(id.clone(), home).is_none() {
            self.order.push_back(id);
        }
        while self.order.len() > MOST {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Nobody stays where they are: a person sent all traffic elsewhere.
    pub(crate) fn clear(&mut self) {
        self.known.clear();
        self.order.clear();
    }
}

impl Board {
    /// Where the conversation of a request is warm.
    pub(crate) fn home_of(&self, ask: &Ask, now: Instant) -> Option<Home> {
        let conversation = ask.conversation.as_ref().filter(|_| self.topology.sticky)?;
        let id = (conversation.id.clone(), ask.model.clone());
        let home = self.homes.known.get(&id)?;
        (home.until > now).then(|| home.clone())
    }

    /// A candidate has answered a request well: its conversation is warm there now.
    pub(crate) fn settle(
        &mut self,
        conversation: Conversation,
        model: String,
        candidate: &Candidate,
        now: Instant,
    ) {
        if !self.topology.sticky {
            return;
        }
        let home = Home {
            provider: candidate.provider.clone(),
            key: candidate.key.clone(),
            until: now + conversation.warm,
        };
        self.homes.settle((conversation.id, model), home);
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
