//! What the board looks like at one instant, for status pages and the tray. Changes nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::board::Board;
use crate::breaker::Standing;
use crate::forecast::{Forecast, Quota};
use crate::health::{Bar, ModelHealth, ProviderHealth};
use crate::keys::KeyHealth;
use crate::topology::{Group, Mode, Policy, Provider};
use crate::words::words;

words! {
    /// How a provider is doing.
    pub enum Health {
        /// Its last answers were good.
        Healthy = "healthy",
        /// It serves, and has failed lately.
        Degraded = "degraded",
        /// A breaker of it is open.
        Open = "open",
        /// A breaker of it was open and lets probes through.
        HalfOpen = "half_open",
        /// It rests after a failure.
        Cooling = "cooling",
        /// Switched off by config or by hand.
        Disabled = "disabled",
        /// Never used since the start.
        Unknown = "unknown",
    }
}

words! {
    /// How a key is doing.
    pub enum KeyState {
        /// It can be used.
        Ready = "ready",
        /// It rests after a rate limit.
        Cooling = "cooling",
        /// It rests as the provider refused it.
        Rejected = "rejected",
    }
}

words! {
    /// What a group is doing.
    pub enum GroupState {
        /// The chosen group, able to serve.
        Active = "active",
        /// Able to serve when the groups before it can not.
        Standby = "standby",
        /// None of its members can serve now.
        Cooling = "cooling",
        /// Kept out of service by hand.
        Paused = "paused",
    }
}

/// The whole board at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Whether failover may leave the chosen group.
    pub mode: Mode,
    /// The active group; empty when there are no groups.
    pub chosen: Arc<str>,
    /// The provider a request would go to now.
    pub serving: Option<Arc<str>>,
    /// All groups, in file order.
    pub groups: Vec<GroupView>,
    /// All providers, in file order.
    pub providers: Vec<ProviderView>,
}

/// A group at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupView {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it is the chosen one.
    pub active: bool,
    /// Whether it was paused by hand.
    pub paused: bool,
    /// What it is doing.
    pub state: GroupState,
    /// How members are ordered.
    pub policy: Policy,
    /// When its first member may serve again, while none can.
    pub cooling_until: Option<Instant>,
    /// Members in the order they are tried.
    pub members: Vec<MemberView>,
}

/// A member of a group at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberView {
    /// Name of the provider.
    pub provider: Arc<str>,
    /// Lowest goes first.
    pub priority: i32,
    /// Share under the weighted policy.
    pub weight: u32,
    /// How the provider is doing.
    pub health: Health,
    /// What it lacks, for which it is not asked.
    pub lacks: Option<String>,
    /// When it may be tried again, while it rests.
    pub cooling_until: Option<Instant>,
    /// The models that rest at it while it does not rest as a whole, by name.
    pub resting: Vec<ModelRest>,
    /// Time to first semantic output, smoothed.
    pub ttft: Option<Duration>,
    /// Share of good ones among its last attempts, 0 to 1.
    pub success_rate: Option<f64>,
}

/// A provider at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderView {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it may serve at all.
    pub enabled: bool,
    /// How it is doing: the worst of what its models are doing.
    pub health: Health,
    /// What it lacks, for which it is not asked; `None` where it was switched off by hand besides.
    pub lacks: Option<String>,
    /// When what rests may be tried again.
    pub cooling_until: Option<Instant>,
    /// The models that rest at it while it does not rest as a whole, by name.
    pub resting: Vec<ModelRest>,
    /// Its last failure, kept after it recovered, such as `server_error (glm-4.6)`.
    pub last_error: Option<String>,
    /// Time to first semantic output, smoothed.
    pub ttft: Option<Duration>,
    /// Share of good ones among its last attempts, 0 to 1.
    pub success_rate: Option<f64>,
    /// Its keys, in file order.
    pub keys: Vec<KeyView>,
    /// Limits that will be hit if things go on as they do, the soonest first.
    pub forecasts: Vec<Forecast>,
    /// What its vendor told of its limits.
    pub quotas: Vec<Quota>,
}

/// A model that rests at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRest {
    /// Its name there.
    pub model: Arc<str>,
    /// Until when.
    pub until: Instant,
}

/// A key at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyView {
    /// Key id such as `relay/0`.
    pub id: Arc<str>,
    /// How it is doing.
    pub state: KeyState,
    /// Attempts made with it since the start.
    pub uses: u64,
    /// When it may be used again, while it rests.
    pub cooling_until: Option<Instant>,
    /// When it was last used.
    pub last_used: Option<Instant>,
}

impl Board {
    /// What the board looks like now.
    pub fn view(&self, now: Instant) -> View {
        let providers = self
            .topology
            .providers
            .iter()
            .map(|provider| self.provider_view(provider, now));
        let providers = providers.collect::<Vec<_>>();
        View {
            mode: self.mode,
            chosen: self.chosen.clone(),
            serving: self.serving(&providers, now),
            groups: self
                .topology
                .groups
                .iter()
                .map(|group| self.group_view(group, &providers, now))
                .collect(),
            providers,
        }
    }

    /// The provider a request would go to: the first in order that is well, else the first of
    /// which at least some model is.
    fn serving(&self, providers: &[ProviderView], now: Instant) -> Option<Arc<str>> {
        let groups = self
            .serving_order()
            .filter(|group| !self.paused.contains(&group.name));
        let members = groups.flat_map(|group| self.in_order(group, None, now));
        let views = members
            .filter_map(|member| view_of(providers, &member.provider))
            .collect::<Vec<_>>();
        let has_room = |view: &&&ProviderView| {
            let provider = self.provider(&view.name);
            provider.is_none_or(|provider| self.room(provider, now).is_none())
        };
        let well = views
            .iter()
            .filter(|view| view.health.serves())
            .find(has_room);
        let partly = || views.iter().find(|view| self.serves_partly(view, now));
        well.or_else(partly).map(|view| view.name.clone())
    }

    fn serves_partly(&self, view: &ProviderView, now: Instant) -> bool {
        let (Some(provider), Some(health)) =
            (self.provider(&view.name), self.health.get(&view.name))
        else {
            return false;
        };
        let has_usable = || {
            health
                .models
                .values()
                .any(|model| model.bar(&self.topology.breaker, now).is_none())
        };
        view.enabled && health.bar(provider, now).is_none() && has_usable()
    }

    fn group_view(&self, group: &Group, providers: &[ProviderView], now: Instant) -> GroupView {
        let members = self
            .in_order(group, None, now)
            .into_iter()
            .filter_map(|member| {
                let view = view_of(providers, &member.provider)?;
                Some(MemberView {
                    provider: member.provider.clone(),
                    priority: member.priority,
                    weight: member.weight,
                    health: view.health,
                    lacks: view.lacks.clone(),
                    cooling_until: view.cooling_until,
                    resting: view.resting.clone(),
                    ttft: view.ttft,
                    success_rate: view.success_rate,
                })
            });
        let members = members.collect::<Vec<_>>();
        let (active, paused) = (group.name == self.chosen, self.paused.contains(&group.name));
        let serves = members.iter().any(|member| member.health.serves());
        let state = match (paused, serves, active) {
            (true, _, _) => GroupState::Paused,
            (_, false, _) => GroupState::Cooling,
            (_, _, true) => GroupState::Active,
            _ => GroupState::Standby,
        };
        let cooling_until = members
            .iter()
            .filter_map(|member| member.cooling_until)
            .min();
        GroupView {
            name: group.name.clone(),
            active,
            paused,
            state,
            policy: group.policy,
            cooling_until: cooling_until.filter(|_| !serves),
            members,
        }
    }

    fn provider_view(&self, provider: &Provider, now: Instant) -> ProviderView {
        let unused = ProviderHealth::default();
        let health = self.health.get(&provider.name).unwrap_or(&unused);
        let enabled = self.is_enabled(provider);
        let keys = provider
            .keys
            .iter()
            .map(|id| key_view(id, health.pool.get(id), now));
        ProviderView {
            name: provider.name.clone(),
            enabled,
            health: if enabled {
                self.health_of(provider, health, now)
            } else {
                Health::Disabled
            },
            lacks: self.lack_of(provider),
            cooling_until: self.cooling_until(provider, health, now),
            resting: self.resting(provider, health, now),
            last_error: health.last_error.clone(),
            ttft: health.ttft,
            success_rate: health.success_rate(),
            keys: keys.collect(),
            forecasts: self.forecasts(provider, now),
            quotas: self.quotas(provider, now),
        }
    }

    /// The worst of what its models, its keys and the provider itself are doing. A model that rests beside others that
    /// do not is no rest of the provider's, and one that waits to be tried again, perhaps for ever, beside others that
    /// answer tells nothing of it.
    fn health_of(&self, provider: &Provider, health: &ProviderHealth, now: Instant) -> Health {
        let others_serve = self.has_model_that_serves(health, now);
        let models = || health.models.values();
        let others_answer =
            models().any(|model| self.health_of_model(model, now) == Health::Unknown);
        let models = models().map(|model| match self.health_of_model(model, now) {
            resting if others_serve && !resting.serves() => Health::Degraded,
            Health::HalfOpen if others_answer => Health::Unknown,
            health => health,
        });
        let resting = health.bar(provider, now).map(|_| Health::Cooling);
        let any_key_rests = provider
            .keys
            .iter()
            .any(|key| health.pool.until(key, now).is_some());
        let marked = (any_key_rests || health.rest.is_marked()).then_some(Health::Degraded);
        let good =
            (health.ttft.is_some() || health.success_rate().is_some()).then_some(Health::Healthy);
        models
            .chain(resting)
            .chain(marked)
            .chain(good)
            .max_by_key(|health| severity(*health))
            .unwrap_or(Health::Unknown)
    }

    fn has_model_that_serves(&self, health: &ProviderHealth, now: Instant) -> bool {
        let mut models = health.models.values();
        models.any(|model| self.health_of_model(model, now).serves())
    }

    fn health_of_model(&self, model: &ModelHealth, now: Instant) -> Health {
        let policy = &self.topology.breaker;
        match (model.bar(policy, now), model.breaker.standing(policy, now)) {
            (Some(Bar::Open(_)), _) => Health::Open,
            (Some(Bar::Cooling(_)), _) => Health::Cooling,
            (_, Standing::HalfOpen { .. }) => Health::HalfOpen,
            (_, Standing::Closed { recent_failures }) if recent_failures > 0 => Health::Degraded,
            _ if model.rest.is_marked() => Health::Degraded,
            _ => Health::Unknown,
        }
    }

    /// When the last of what rests is back.
    fn cooling_until(
        &self,
        provider: &Provider,
        health: &ProviderHealth,
        now: Instant,
    ) -> Option<Instant> {
        let counts = !self.has_model_that_serves(health, now);
        let models = health.models.values().filter(|_| counts);
        models
            .filter_map(|model| self.rest_of_model(model, now))
            .chain(health.bar(provider, now).and_then(|bar| bar.until(now)))
            .max()
    }

    /// The models that rest where the provider itself does not, by name.
    fn resting(
        &self,
        provider: &Provider,
        health: &ProviderHealth,
        now: Instant,
    ) -> Vec<ModelRest> {
        if health.bar(provider, now).is_some() {
            return Vec::new();
        }
        let models = health.models.iter();
        let mut resting = models
            .filter_map(|(model, health)| {
                let until = self.rest_of_model(health, now)?;
                Some(ModelRest {
                    model: model.clone(),
                    until,
                })
            })
            .collect::<Vec<_>>();
        resting.sort_by(|a, b| a.model.cmp(&b.model));
        resting
    }

    /// Until when a model rests, if it does.
    fn rest_of_model(&self, model: &ModelHealth, now: Instant) -> Option<Instant> {
        match model.bar(&self.topology.breaker, now)? {
            Bar::Cooling(until) | Bar::Open(until) => Some(until),
            _ => None,
        }
    }
}

impl Health {
    fn serves(self) -> bool {
        !matches!(self, Self::Open | Self::Cooling | Self::Disabled)
    }
}

fn severity(health: Health) -> u8 {
    match health {
        Health::Unknown => 0,
        Health::Healthy => 1,
        Health::Degraded => 2,
        Health::HalfOpen => 3,
        Health::Cooling => 4,
        Health::Open => 5,
        Health::Disabled => 6,
    }
}

fn view_of<'a>(providers: &'a [ProviderView], name: &str) -> Option<&'a ProviderView> {
    providers.iter().find(|view| *view.name == *name)
}

fn key_view(id: &Arc<str>, key: Option<&KeyHealth>, now: Instant) -> KeyView {
    let cooling_until = key.and_then(|key| key.rest.until(now));
    let state = match (cooling_until, key) {
        (Some(_), Some(key)) if key.rejected => KeyState::Rejected,
        (Some(_), _) => KeyState::Cooling,
        _ => KeyState::Ready,
    };
    let (uses, last_used) = key.map_or((0, None), |key| (key.uses, key.last_used));
    KeyView {
        id: id.clone(),
        state,
        uses,
        cooling_until,
        last_used,
    }
}
