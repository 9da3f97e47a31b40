//! From what routing tells of one instant to the shapes with wall-clock times.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use routing::{GroupView, KeyView, MemberView, View};

use super::{
    Forecast, Group, GroupState, Health, Key, Member, Mode, ModelRest, Models, Provider, Quota,
    Rest,
};
use crate::settings;

/// The two clocks at one instant, to tell wall-clock times of routing's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clocks {
    now: Instant,
    at: Timestamp,
}

impl Clocks {
    /// Both clocks at `now`, which must be now.
    pub(crate) fn at(now: Instant) -> Self {
        Self {
            now,
            at: Timestamp::now(),
        }
    }

    /// Whether the clocks have drifted apart since: somebody set one, or the machine slept.
    pub(crate) fn disagree(self, now: Instant) -> bool {
        self.tell(now).duration_since(Timestamp::now()).abs() > SignedDuration::from_secs(1)
    }

    /// The wall-clock time of an instant, in whole milliseconds.
    pub(crate) fn tell(self, instant: Instant) -> Timestamp {
        let (later, earlier) = (
            instant.saturating_duration_since(self.now),
            self.now.saturating_duration_since(instant),
        );
        let by = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        let told = self
            .at
            .saturating_add(by(later))
            .and_then(|at| at.saturating_sub(by(earlier)));
        told.ok()
            .and_then(|at| Timestamp::from_millisecond(at.as_millisecond()).ok())
            .unwrap_or(self.at)
    }
}

/// A group as the API shows it.
pub(crate) fn group(group: &GroupView, clocks: Clocks) -> Group {
    Group {
        name: group.name.to_string(),
        active: group.active,
        paused: group.paused,
        state: group_state(group.state),
        policy: group.policy.as_str().to_owned(),
        cooling_until: group.cooling_until.map(|until| clocks.tell(until)),
        members: group
            .members
            .iter()
            .map(|told| member(told, clocks))
            .collect(),
    }
}

fn member(member: &MemberView, clocks: Clocks) -> Member {
    Member {
        provider: member.provider.to_string(),
        priority: member.priority,
        weight: member.weight,
        health: health(member.health),
        lacks: member.lacks.clone(),
        cooling_until: member.cooling_until.map(|until| clocks.tell(until)),
        resting: member.resting.iter().map(|it| rest(it, clocks)).collect(),
        ttft_ms: member.ttft.map(millis),
        success_rate: member.success_rate,
    }
}

/// A provider as the API shows it: what the config says, and how routing finds it.
pub(crate) fn provider(
    told: &routing::ProviderView,
    config: &settings::Provider,
    base_url: String,
    groups: Vec<String>,
    clocks: Clocks,
) -> Provider {
    let settings::Models { big, middle, small } = config.models.clone();
    Provider {
        name: told.name.to_string(),
        dialect: config.dialect.word().to_owned(),
        base_url,
        enabled: told.enabled,
        health: health(told.health),
        lacks: told.lacks.clone(),
        cooling_until: told.cooling_until.map(|until| clocks.tell(until)),
        resting: told.resting.iter().map(|it| rest(it, clocks)).collect(),
        last_error: told.last_error.clone(),
        ttft_ms: told.ttft.map(millis),
        success_rate: told.success_rate,
        limits: limits(&config.limits),
        models: Models { big, middle, small },
        keys: config.keys.len(),
        groups,
        forecast: told.forecasts.first().map(|it| forecast(it, clocks)),
        quotas: told.quotas.iter().map(|it| quota(it, clocks)).collect(),
    }
}

/// What rests at the providers: a whole one, or models of it.
pub(crate) fn rests(view: &View, clocks: Clocks) -> Vec<Rest> {
    let of = |told: &routing::ProviderView| {
        let whole = told.cooling_until.map(|until| (None, until));
        let models = told.resting.iter();
        let models = models.map(|it| (Some(it.model.to_string()), it.until));
        let models = models.filter(|_| told.cooling_until.is_none());
        let rests: Vec<Rest> = whole
            .into_iter()
            .chain(models)
            .map(|(model, until)| Rest {
                provider: told.name.to_string(),
                model,
                until: clocks.tell(until),
            })
            .collect();
        rests
    };
    view.providers.iter().flat_map(of).collect()
}

fn rest(told: &routing::ModelRest, clocks: Clocks) -> ModelRest {
    ModelRest {
        model: told.model.to_string(),
        until: clocks.tell(told.until),
    }
}

fn quota(told: &routing::Quota, clocks: Clocks) -> Quota {
    let is_share = matches!(told.what, "5h" | "7d");
    Quota {
        key: told.key.as_deref().map(str::to_owned),
        model: told.model.as_deref().map(str::to_owned),
        what: told.what.to_owned(),
        unit: if is_share { "share" } else { "count" }.to_owned(),
        left: told.left,
        resets_at: clocks.tell(told.reset),
        told_at: clocks.tell(told.told),
        used_up_at: told.used_up.map(|at| clocks.tell(at)),
    }
}

/// A provider's keys as the API shows them, those without a value included. `shown` is by key id.
pub(crate) fn keys(
    config: &settings::Provider,
    told: Option<&routing::ProviderView>,
    shown: &HashMap<String, ShownKey>,
    clocks: Clocks,
) -> Vec<Key> {
    let ids = (0..config.keys.len()).map(|index| config.key_id(index));
    ids.zip(&config.key_limits)
        .map(|(id, bounds)| {
            let of_it = told.and_then(|told| told.keys.iter().find(|key| *key.id == *id));
            let mut foreseen = told.iter().flat_map(|told| &told.forecasts);
            let foreseen = foreseen.find(|it| it.key.as_deref() == Some(&*id));
            Key {
                limits: limits(bounds),
                forecast: foreseen.map(|it| forecast(it, clocks)),
                ..key(&config.name, of_it, shown.get(&id), id, clocks)
            }
        })
        .collect()
}

fn key(
    provider: &str,
    told: Option<&KeyView>,
    shown: Option<&ShownKey>,
    id: String,
    clocks: Clocks,
) -> Key {
    let state = match (shown.is_some_and(|shown| shown.resolved), told) {
        (false, _) => "missing",
        (true, Some(told)) => told.state.as_str(),
        (true, None) => "unused",
    };
    Key {
        id,
        provider: provider.to_owned(),
        masked: shown.map_or_else(|| "…".to_owned(), |shown| shown.masked.clone()),
        source: shown.map(|shown| shown.source.clone()).unwrap_or_default(),
        state: state.to_owned(),
        uses: told.map_or(0, |told| told.uses),
        last_used_at: told
            .and_then(|told| told.last_used)
            .map(|at| clocks.tell(at)),
        cooling_until: told
            .and_then(|told| told.cooling_until)
            .map(|until| clocks.tell(until)),
        limits: serde_json::Value::Null,
        forecast: None,
    }
}

fn limits(limits: &settings::Limits) -> serde_json::Value {
    serde_json::json!({ "rpm": limits.rpm, "tpm": limits.tpm, "concurrency": limits.concurrency })
}

/// A limit that will be hit.
pub(crate) fn forecast(told: &routing::Forecast, clocks: Clocks) -> Forecast {
    let scope = match (&told.model, &told.key) {
        (Some(_), _) => "model",
        (None, Some(_)) => "key",
        (None, None) => "provider",
    };
    Forecast {
        at: clocks.tell(told.at),
        what: told.what.to_owned(),
        scope: scope.to_owned(),
        provider: told.provider.to_string(),
        key: told.key.as_deref().map(str::to_owned),
        model: told.model.as_deref().map(str::to_owned),
    }
}

/// What may be shown of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownKey {
    /// `…` and the last four characters.
    pub(crate) masked: String,
    /// The reference as written in the config.
    pub(crate) source: String,
    /// Whether there is a value.
    pub(crate) resolved: bool,
}

impl From<routing::Mode> for Mode {
    fn from(mode: routing::Mode) -> Self {
        match mode {
            routing::Mode::Auto => Self::Auto,
            routing::Mode::Manual => Self::Manual,
        }
    }
}

impl From<Mode> for routing::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Auto => Self::Auto,
            Mode::Manual => Self::Manual,
        }
    }
}

fn group_state(state: routing::GroupState) -> GroupState {
    match state {
        routing::GroupState::Active => GroupState::Active,
        routing::GroupState::Standby => GroupState::Standby,
        routing::GroupState::Cooling => GroupState::Cooling,
        routing::GroupState::Paused => GroupState::Paused,
    }
}

fn health(health: routing::Health) -> Health {
    match health {
        routing::Health::Healthy => Health::Healthy,
        routing::Health::Degraded => Health::Degraded,
        routing::Health::Open => Health::Open,
        routing::Health::HalfOpen => Health::HalfOpen,
        routing::Health::Cooling => Health::Cooling,
        routing::Health::Disabled => Health::Disabled,
        routing::Health::Unknown => Health::Unknown,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
