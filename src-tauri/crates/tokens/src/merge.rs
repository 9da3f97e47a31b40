//! Byte pair encoding: how many tokens a piece of text becomes.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::vocabulary::rank;

/// Counts pieces one after the other, with buffers that are kept between them.
///
/// The pair of neighbours with the lowest rank is merged until none is a token. Candidates wait in a heap, so that a
/// piece of any length takes `n log n` steps: a megabyte of one letter must not stop the program.
#[derive(Default)]
pub(crate) struct Merger {
    parts: Vec<Part>,
    pairs: BinaryHeap<Reverse<Pair>>,
}

/// A run of bytes that is one token so far.
#[derive(Clone, Copy)]
struct Part {
    start: usize,
    end: usize,
    /// Index of the part before and behind; `usize::MAX` at the ends.
    before: usize,
    behind: usize,
}

/// Two neighbours that would be a token; out of date when either has changed since.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    rank: u32,
    left: usize,
    start: usize,
    end: usize,
}

const NONE: usize = usize::MAX;

impl Merger {
    /// How many tokens the piece is.
    pub(crate) fn count(&mut self, piece: &[u8]) -> u64 {
        if piece.len() < 2 || rank(piece).is_some() {
            return u64::from(!piece.is_empty());
        }
        let last = piece.len() - 1;
        self.parts.clear();
        self.parts.extend((0..=last).map(|at| Part {
            start: at,
            end: at + 1,
            before: at.checked_sub(1).unwrap_or(NONE),
            behind: if at == last { NONE } else { at + 1 },
        }));
        self.pairs.clear();
        for left in 0..last {
            self.offer(piece, left);
        }
        let mut count = piece.len() as u64;
        while let Some(Reverse(pair)) = self.pairs.pop() {
            if self.merge(piece, &pair) {
                count -= 1;
            }
        }
        count
    }

    /// Puts the pair that begins with this part into the heap, if it is a token.
    fn offer(&mut self, piece: &[u8], left: usize) {
        let part = self.parts[left];
        if part.behind == NONE {
            return;
        }
        let (start, end) = (part.start, self.parts[part.behind].end);
        if let Some(rank) = rank(&piece[start..end]) {
            self.pairs.push(Reverse(Pair {
                rank,
                left,
                start,
                end,
            }));
        }
    }

    /// Merges the pair; `false` when it is out of date.
    fn merge(&mut self, piece: &[u8], pair: &Pair) -> bool {
        let left = self.parts[pair.left];
        // A part that was merged into the one before it is empty from then on.
        if left.start != pair.start || left.start == left.end || left.behind == NONE {
            return false;
        }
        let right = self.parts[left.behind];
        if right.end != pair.end {
            return false;
        }
        self.parts[left.behind].end = self.parts[left.behind].start;
        self.parts[pair.left].end = right.end;
        self.parts[pair.left].behind = right.behind;
        if right.behind != NONE {
            self.parts[right.behind].before = pair.left;
        }
        self.offer(piece, pair.left);
        if left.before != NONE {
            self.offer(piece, left.before);
        }
        true
    }
}
