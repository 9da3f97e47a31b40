//! One change of a text, remembered as little as its undoing needs.

use serde::{Deserialize, Serialize};

/// `removed` stood where `inserted` bytes stand now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Splice {
    at: usize,
    removed: String,
    inserted: usize,
}

impl Splice {
    /// The smallest one that makes `after` of `before`.
    pub(crate) fn between(before: &str, after: &str) -> Self {
        let shared = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
            pairs
                .take_while(|(a, b)| a == b)
                .map(|(a, _)| a.len_utf8())
                .sum()
        };
        let at = shared(&mut before.chars().zip(after.chars()));
        let (old, new) = (&before[at..], &after[at..]);
        let tail = shared(&mut old.chars().rev().zip(new.chars().rev()));
        Self {
            at,
            removed: old[..old.len() - tail].to_owned(),
            inserted: new.len() - tail,
        }
    }

    /// The text before; `None` where this was not made for `after`.
    pub(crate) fn undone(&self, after: &str) -> Option<String> {
        let head = after.get(..self.at)?;
        let tail = after.get(self.at.checked_add(self.inserted)?..)?;
        Some([head, &self.removed, tail].concat())
    }
}
