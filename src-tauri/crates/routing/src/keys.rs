//! A provider's pool of keys: which one is next, and which ones rest.

use std::sync::Arc;
use std::time::Instant;

use crate::aside::{self, Asides};
use crate::cooldown::Cooldown;
use crate::topology::KeyPolicy;

/// What is known of one key.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyHealth {
    pub(crate) rest: Cooldown,
    /// The last rest was for a refused credential.
    pub(crate) rejected: bool,
    pub(crate) uses: u64,
    pub(crate) last_used: Option<Instant>,
    pub(crate) asides: Asides,
}

/// What is known of a provider's keys, by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool {
    known: Vec<(Arc<str>, KeyHealth)>,
    /// The key used last.
    last: Option<Arc<str>>,
}

impl Pool {
    pub(crate) fn get(&self, id: &str) -> Option<&KeyHealth> {
        self.known
            .iter()
            .find(|(known, _)| **known == *id)
            .map(|(_, health)| health)
    }

    pub(crate) fn entry(&mut self, id: &Arc<str>) -> &mut KeyHealth {
        let at = self
            .known
            .iter()
            .position(|(known, _)| known == id)
            .unwrap_or_else(|| {
                self.known.push((id.clone(), KeyHealth::default()));
                self.known.len() - 1
            });
        &mut self.known[at].1
    }

    /// Until when a key rests.
    pub(crate) fn until(&self, id: &str, now: Instant) -> Option<Instant> {
        self.get(id)?.rest.until(now)
    }

    /// Until when a key is set aside for a model.
    pub(crate) fn set_aside(&self, id: &str, model: &str, now: Instant) -> Option<Instant> {
        aside::until(&self.get(id)?.asides, model, now)
    }

    /// When the first key is usable again, while all of `keys` rest; `None` without keys.
    pub(crate) fn all_resting_until(&self, keys: &[Arc<str>], now: Instant) -> Option<Instant> {
        keys.iter()
            .map(|id| self.until(id, now))
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .min()
    }

    /// The key to use next among those that do not rest and that `may` be used.
    pub(crate) fn pick(
        &self,
        keys: &[Arc<str>],
        policy: KeyPolicy,
        now: Instant,
        may: impl Fn(&Arc<str>) -> bool,
    ) -> Option<Arc<str>> {
        let fit = |id: &&Arc<str>| self.until(id, now).is_none() && may(id);
        let uses = |id: &Arc<str>| self.get(id).map_or(0, |health| health.uses);
        let picked = match policy {
            KeyPolicy::FillFirst => keys.iter().find(fit),
            KeyPolicy::LeastUsed => keys.iter().filter(fit).min_by_key(|id| uses(id)),
            KeyPolicy::RoundRobin => {
                let after = keys
                    .iter()
                    .position(|id| Some(id) == self.last.as_ref())
                    .map_or(0, |at| at + 1);
                keys[after..].iter().chain(&keys[..after]).find(fit)
            }
        };
        picked.cloned()
    }

    /// Notes that a key goes into use.
    pub(crate) fn used(&mut self, id: &Arc<str>, now: Instant) {
        let key = self.entry(id);
        key.uses += 1;
        key.last_used = Some(now);
        self.last = Some(id.clone());
    }

    /// Forgets all rests; use counts stay.
    pub(crate) fn refresh(&mut self) {
        for (_, key) in &mut self.known {
            key.rest = Cooldown::default();
            key.asides.clear();
            key.rejected = false;
        }
    }

    /// Forgets keys that are no longer in the config.
    pub(crate) fn keep(&mut self, keys: &[Arc<str>]) {
        self.known.retain(|(id, _)| keys.contains(id));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn keys() -> Vec<Arc<str>> {
        ["relay/0", "relay/1", "relay/2"].map(Arc::from).to_vec()
    }

    /// Uses keys `expected.len()` times and compares which.
    #[track_caller]
    fn check(pool: &mut Pool, policy: KeyPolicy, now: Instant, expected: &[&str]) {
        let mut used = Vec::new();
        for _ in expected {
            let key = pool.pick(&keys(), policy, now, |_| true).unwrap();
            pool.used(&key, now);
            used.push(key);
        }
        assert_eq!(used.iter().map(|key| &**key).collect::<Vec<_>>(), expected);
    }

    fn rest(pool: &mut Pool, key: usize, now: Instant) {
        pool.entry(&keys()[key]).rest.rest(MINUTE, None, now);
    }

    #[test]
    fn round_robin_takes_each_in_turn_and_steps_over_resting_ones() {
        let now = Instant::now();
        let mut pool = Pool::default();
        check(
            &mut pool,
            KeyPolicy::RoundRobin,
            now,
            &["relay/0", "relay/1", "relay/2", "relay/0"],
        );
        rest(&mut pool, 1, now);
        check(
            &mut pool,
            KeyPolicy::RoundRobin,
            now,
            &["relay/2", "relay/0", "relay/2"],
        );
        check(
            &mut pool,
            KeyPolicy::RoundRobin,
            now + MINUTE,
            &["relay/0", "relay/1"],
        );
    }

    #[test]
    fn fill_first_stays_with_the_first_that_does_not_rest() {
        let now = Instant::now();
        let mut pool = Pool::default();
        check(
            &mut pool,
            KeyPolicy::FillFirst,
            now,
            &["relay/0", "relay/0"],
        );
        rest(&mut pool, 0, now);
        check(
            &mut pool,
            KeyPolicy::FillFirst,
            now,
            &["relay/1", "relay/1"],
        );
        check(&mut pool, KeyPolicy::FillFirst, now + MINUTE, &["relay/0"]);
    }

    #[test]
    fn least_used_evens_out_the_uses() {
        let now = Instant::now();
        let mut pool = Pool::default();
        check(
            &mut pool,
            KeyPolicy::FillFirst,
            now,
            &["relay/0", "relay/0"],
        );
        check(
            &mut pool,
            KeyPolicy::LeastUsed,
            now,
            &["relay/1", "relay/2", "relay/1", "relay/2", "relay/0"],
        );
    }

    #[test]
    fn all_resting_tells_when_the_first_one_is_back() {
        let now = Instant::now();
        let mut pool = Pool::default();
        rest(&mut pool, 0, now);
        rest(&mut pool, 1, now + MINUTE / 2);
        let later = now + MINUTE / 2;
        assert_eq!(pool.all_resting_until(&keys(), later), None);
        assert_eq!(
            pool.all_resting_until(&keys()[..2], later),
            Some(now + MINUTE)
        );
        assert_eq!(
            pool.all_resting_until(&[], later),
            None,
            "a keyless provider has none to wait for"
        );
    }
}
