//! All mutable routing state, and what people and the config do to it.
//!
//! What requests do to it is told in `failover` and `outcome`. Nothing here is ever written to
//! the config.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use crate::change::Change;
use crate::forecast::Tracks;
use crate::health::ProviderHealth;
use crate::load::Loads;
use crate::order::Turns;
use crate::price::Answers;
use crate::resolve::Lexicon;
use crate::sticky::Homes;
use crate::topology::{Group, Mode, Provider, Topology};

/// No group has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no group named {0:?}")]
pub struct UnknownGroup(pub String);

/// No provider has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no provider named {0:?}")]
pub struct UnknownProvider(pub String);

/// All mutable routing state.
#[derive(Debug)]
pub struct Board {
    pub(crate) topology: Arc<Topology>,
    pub(crate) lexicons: HashMap<Arc<str>, Lexicon>,
    pub(crate) mode: Mode,
    pub(crate) chosen: Arc<str>,
    pub(crate) paused: HashSet<Arc<str>>,
    /// What was switched by hand, against or along with the config.
    switched: HashMap<Arc<str>, bool>,
    pub(crate) health: HashMap<Arc<str>, ProviderHealth>,
    pub(crate) loads: Loads,
    pub(crate) tracks: Tracks,
    /// Of keys that have limits of their own.
    pub(crate) key_loads: Loads,
    pub(crate) homes: Homes,
    pub(crate) answers: Answers,
    /// By group.
    pub(crate) turns: HashMap<Arc<str>, Turns>,
    /// Everybody was told that nothing can serve.
    pub(crate) all_down: bool,
    /// The last ticket given to a probe.
    pub(crate) tickets: u64,
    pub(crate) chance: fastrand::Rng,
    /// Counts what may let somebody serve who did not.
    pub(crate) news: u64,
}

impl Topology {
    pub(crate) fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers
            .iter()
            .find(|provider| *provider.name == *name)
    }
}

impl Board {
    /// A board on which nothing has happened yet; the first group is chosen. The same seed gives
    /// the same jitter.
    pub fn new(topology: Arc<Topology>, seed: u64) -> Self {
        Self {
            lexicons: lexicons(&topology),
            mode: topology.mode,
            chosen: first_group(&topology),
            topology,
            paused: HashSet::new(),
            switched: HashMap::new(),
            health: HashMap::new(),
            loads: Loads::new(),
            key_loads: Loads::new(),
            tracks: Tracks::default(),
            homes: Homes::default(),
            answers: Answers::default(),
            turns: HashMap::new(),
            all_down: false,
            tickets: 0,
            chance: fastrand::Rng::with_seed(seed),
            news: 0,
        }
    }

    /// Takes another config.
    ///
    /// Health is kept by provider name, key id and model. The chosen group, pauses, the mode and
    /// providers switched by hand stay as they are, unless the config has changed its own word on
    /// them. Requests under way go on by the new config.
    pub fn replace(&mut self, topology: Arc<Topology>, _now: Instant) {
        let old = std::mem::replace(&mut self.topology, topology);
        let new = &self.topology;
        if old.mode != new.mode {
            self.mode = new.mode;
        }
        if !new.groups.iter().any(|group| group.name == self.chosen) {
            self.chosen = first_group(new);
        }
        self.paused
            .retain(|paused| new.groups.iter().any(|group| group.name == *paused));
        let enabled =
            |of: &Topology, name: &str| of.provider(name).map(|provider| provider.enabled);
        self.switched
            .retain(|name, _| enabled(&old, name) == enabled(new, name));
        self.health.retain(|name, health| {
            new.provider(name).is_some_and(|provider| {
                health.pool.keep(&provider.keys);
                true
            })
        });
        // Requests under way still end: what is in flight is counted until then.
        self.turns
            .retain(|name, _| new.groups.iter().any(|group| group.name == *name));
        self.loads
            .retain(|name, load| new.provider(name).is_some() || !load.is_idle());
        let limits_key = |key: &Arc<str>| {
            new.providers
                .iter()
                .any(|one| one.key_limits.contains_key(key))
        };
        self.key_loads
            .retain(|key, load| limits_key(key) || !load.is_idle());
        self.lexicons = lexicons(new);
        self.all_down = false;
        self.news += 1;
    }

    /// Changes whenever something happened that may let somebody serve who did not.
    pub fn news(&self) -> u64 {
        self.news
    }

    /// Makes a group the active one, and resumes it if it was paused.
    pub fn choose(&mut self, group: &str, now: Instant) -> Result<Vec<Change>, UnknownGroup> {
        self.news += 1;
        let mut changes = self.resume(group, now)?;
        let group = self.known_group(group)?;
        if self.chosen != group {
            self.homes.leave();
            self.chosen = group.clone();
            changes.push(Change::GroupChosen { group });
        }
        Ok(changes)
    }

    /// Keeps a group out of service.
    pub fn pause(&mut self, group: &str, _now: Instant) -> Result<Vec<Change>, UnknownGroup> {
        let group = self.known_group(group)?;
        let is_new = self.paused.insert(group.clone());
        Ok(is_new
            .then_some(Change::GroupPaused { group })
            .into_iter()
            .collect())
    }

    /// Lets a paused group serve again.
    pub fn resume(&mut self, group: &str, _now: Instant) -> Result<Vec<Change>, UnknownGroup> {
        let group = self.known_group(group)?;
        let was_paused = self.paused.remove(&group);
        self.news += 1;
        Ok(was_paused
            .then_some(Change::GroupResumed { group })
            .into_iter()
            .collect())
    }

    /// Sets whether failover may leave the chosen group.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
        self.news += 1;
    }

    /// Switches a provider on or off while running.
    pub fn set_enabled(&mut self, provider: &str, enabled: bool) -> Result<(), UnknownProvider> {
        let provider = self.known_provider(provider)?;
        self.switched.insert(provider, enabled);
        self.news += 1;
        Ok(())
    }

    /// Forgets breakers and cooldowns of a provider and its keys; counts stay.
    pub fn reset(&mut self, provider: &str, _now: Instant) -> Result<Vec<Change>, UnknownProvider> {
        let provider = self.known_provider(provider)?;
        let was_benched = self
            .health
            .get_mut(&provider)
            .is_some_and(ProviderHealth::refresh);
        // Another key under the same id has limits of its own.
        self.tracks.forget(&provider);
        if was_benched {
            self.all_down = false;
        }
        self.news += 1;
        Ok(was_benched
            .then_some(Change::Recovered { provider })
            .into_iter()
            .collect())
    }

    /// The active group; empty when there are no groups.
    pub fn chosen(&self) -> &str {
        &self.chosen
    }

    /// Whether failover may leave the chosen group.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    pub(crate) fn provider(&self, name: &str) -> Option<&Provider> {
        self.topology.provider(name)
    }

    pub(crate) fn group(&self, name: &str) -> Option<&Group> {
        self.topology
            .groups
            .iter()
            .find(|group| *group.name == *name)
    }

    /// Whether it may be asked. What it lacks, nobody gives it by switching it on.
    pub(crate) fn is_enabled(&self, provider: &Provider) -> bool {
        let switched = self.switched.get(&provider.name).copied();
        switched.unwrap_or(provider.enabled) && provider.lacks.is_none()
    }

    /// What it lacks, where that is why it is not asked.
    pub(crate) fn lack_of(&self, provider: &Provider) -> Option<String> {
        let is_off = self.switched.get(&provider.name) == Some(&false);
        provider.lacks.clone().filter(|_| !is_off)
    }

    fn known_group(&self, name: &str) -> Result<Arc<str>, UnknownGroup> {
        self.group(name)
            .map(|group| group.name.clone())
            .ok_or_else(|| UnknownGroup(name.to_owned()))
    }

    fn known_provider(&self, name: &str) -> Result<Arc<str>, UnknownProvider> {
        let known = self.provider(name).map(|provider| provider.name.clone());
        known.ok_or_else(|| UnknownProvider(name.to_owned()))
    }
}

fn first_group(topology: &Topology) -> Arc<str> {
    topology
        .groups
        .first()
        .map_or_else(|| "".into(), |group| group.name.clone())
}

fn lexicons(topology: &Topology) -> HashMap<Arc<str>, Lexicon> {
    topology
        .providers
        .iter()
        .map(|provider| (provider.name.clone(), Lexicon::new(provider)))
        .collect()
}
