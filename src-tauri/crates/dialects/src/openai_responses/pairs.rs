//! Which call has its result. OpenAI refuses calls without one and results of no call.

use std::collections::{HashMap, HashSet};

use crate::ir::At;

/// Calls by the ids sent.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// Where the result of each call stands in the list of items.
    calls: HashMap<String, Option<usize>>,
    /// Those whose results may still come, in order.
    open: Vec<(String, At)>,
    /// Calls to tools that take free text.
    custom: HashSet<String>,
    /// Where the next result belongs: behind the latest call or result.
    next: usize,
}

impl Pairs {
    /// A call stands last in a list of so many items.
    pub(super) fn call(&mut self, id: &str, is_custom: bool, at: At, items: usize) {
        self.calls.insert(id.to_owned(), None);
        self.open.push((id.to_owned(), at));
        if is_custom {
            self.custom.insert(id.to_owned());
        }
        self.next = items;
    }

    /// Whether there is such a call.
    pub(super) fn has(&self, id: &str) -> bool {
        self.calls.contains_key(id)
    }

    /// Where the result of a call stands.
    pub(super) fn result(&self, id: &str) -> Option<usize> {
        self.calls.get(id).copied().flatten()
    }

    /// A result stands there.
    pub(super) fn answer(&mut self, id: &str, index: usize) {
        self.calls.insert(id.to_owned(), Some(index));
        self.next = index + 1;
    }

    /// Whether the call was of a tool that takes free text.
    pub(super) fn is_custom(&self, id: &str) -> bool {
        self.custom.contains(id)
    }

    /// Calls for which no result came, and where theirs belong.
    pub(super) fn left(&mut self) -> (Vec<(String, At)>, usize) {
        let mut open = std::mem::take(&mut self.open);
        open.retain(|(id, _)| matches!(self.calls.get(id), Some(None)));
        (open, self.next)
    }
}
