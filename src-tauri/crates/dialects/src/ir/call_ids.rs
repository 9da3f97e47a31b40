//! Ids of calls in a client's history, and which call a result answers.
//!
//! Some servers begin to count anew in each answer (`call_0`), some clients send empty ids. Whoever reads a history
//! gives each call an id of its own here; a result answers the first call of its id in the latest answer that has none.

use std::collections::{HashMap, HashSet, VecDeque};

/// The ids of one history, while it is read from its beginning.
#[derive(Debug, Default)]
pub(crate) struct CallIds {
    by_told: HashMap<String, Known>,
    taken: HashSet<String>,
    answer: usize,
}

/// What became of the calls that the client told of under one id.
#[derive(Debug, Default)]
struct Known {
    /// The number that keeps the latest apart from those before it.
    count: usize,
    /// The answer in which the latest of them stand.
    answer: usize,
    /// Those of this answer that have no result yet.
    open: VecDeque<String>,
    latest: String,
}

impl CallIds {
    /// Another answer of the model begins.
    pub(crate) fn begin(&mut self) {
        self.answer += 1;
    }

    /// The id of a call that the client told of under `told`: that one, or one made of it where an earlier call has it.
    /// For an empty one it is `otherwise`.
    pub(crate) fn made(&mut self, told: String, otherwise: impl FnOnce() -> String) -> String {
        let fresh = || Known {
            count: 1,
            ..Known::default()
        };
        let known = self.by_told.entry(told.clone()).or_insert_with(fresh);
        if known.answer != self.answer {
            known.open.clear();
            known.answer = self.answer;
        }
        let wanted = if told.is_empty() { otherwise() } else { told };
        let mut id = wanted.clone();
        while !self.taken.insert(id.clone()) {
            known.count += 1;
            id = format!("{wanted}_{}", known.count);
        }
        known.open.push_back(id.clone());
        known.latest.clone_from(&id);
        id
    }

    /// The id of the call that a result under `told` answers; `told` itself where there is none.
    pub(crate) fn answered(&mut self, told: String) -> String {
        match self.by_told.get_mut(&told) {
            Some(known) => known
                .open
                .pop_front()
                .unwrap_or_else(|| known.latest.clone()),
            None => told,
        }
    }
}
