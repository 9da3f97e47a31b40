//! Vectors that providers gave before, kept in memory for clients that ask for it.
//!
//! They are bounded by bytes. Which goes first is decided by second chance: the oldest one that was not used since it
//! was last looked at.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What a vector is kept under: a hash of everything that shapes it.
pub(crate) type Digest = [u8; 32];
/// A vector, shared by the answers that are written from it.
pub(crate) type Vector = Arc<[f32]>;

/// Bytes that keeping a vector costs beside its numbers, roughly.
const OVERHEAD: usize = 160;

/// The vectors that are kept.
#[derive(Debug, Default)]
pub(crate) struct EmbedCache(Mutex<Store>);

#[derive(Debug, Default)]
struct Store {
    kept: HashMap<Digest, Kept>,
    order: VecDeque<Digest>,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    vector: Vector,
    used: bool,
}

impl EmbedCache {
    /// The vectors under these digests, where they are kept.
    pub(crate) fn find(&self, digests: &[Digest]) -> Vec<Option<Vector>> {
        let mut store = self.lock();
        let find = |digest| {
            let kept = store.kept.get_mut(digest)?;
            kept.used = true;
            Some(Arc::clone(&kept.vector))
        };
        digests.iter().map(find).collect()
    }

    /// Keeps vectors, in at most `bound` bytes for all.
    pub(crate) fn keep(&self, vectors: impl IntoIterator<Item = (Digest, Vector)>, bound: usize) {
        let mut store = self.lock();
        for (digest, vector) in vectors {
            let kept = Kept {
                vector,
                used: false,
            };
            store.bytes += kept.weight();
            match store.kept.insert(digest, kept) {
                Some(before) => store.bytes -= before.weight(),
                None => store.order.push_back(digest),
            }
            store.shrink(bound);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    fn shrink(&mut self, bound: usize) {
        while self.bytes > bound {
            let Some(oldest) = self.order.pop_front() else {
                return;
            };
            match self.kept.get_mut(&oldest) {
                Some(kept) if kept.used => {
                    kept.used = false;
                    self.order.push_back(oldest);
                }
                _ => {
                    let gone = self.kept.remove(&oldest);
                    self.bytes -= gone.map_or(0, |gone| gone.weight());
                }
            }
        }
    }
}

impl Kept {
    fn weight(&self) -> usize {
        size_of_val::<[f32]>(&self.vector) + OVERHEAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: u8) -> Digest {
        [number; 32]
    }

    fn keep(cache: &EmbedCache, numbers: std::ops::Range<u8>, bound: usize) {
        let vector: Vector = vec![0.5; 100].into();
        cache.keep(
            numbers.map(|number| (digest(number), Arc::clone(&vector))),
            bound,
        );
    }

    fn has(cache: &EmbedCache, number: u8) -> bool {
        cache.lock().kept.contains_key(&digest(number))
    }

    #[test]
    fn what_was_used_outlives_what_was_not_and_bytes_are_bounded() {
        let bound = 4 * (400 + OVERHEAD);
        let cache = EmbedCache::default();
        keep(&cache, 0..4, bound);
        assert_eq!(cache.find(&[digest(0), digest(9)])[1], None);
        keep(&cache, 4..6, bound);
        let left: Vec<u8> = (0..6).filter(|number| has(&cache, *number)).collect();
        assert_eq!(left, [0, 3, 4, 5]);
        assert!(cache.lock().bytes <= bound);
        keep(&cache, 0..6, bound);
        let store = cache.lock();
        assert_eq!((store.kept.len(), store.order.len()), (4, 4));
        assert_eq!(store.bytes, bound);
    }

    #[test]
    fn nothing_is_kept_where_there_is_no_room() {
        let cache = EmbedCache::default();
        keep(&cache, 0..2, 0);
        assert!(!has(&cache, 0) && !has(&cache, 1));
        assert_eq!(cache.lock().bytes, 0);
    }
}
