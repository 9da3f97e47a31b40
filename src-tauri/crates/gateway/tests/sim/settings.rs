//! Settings made at random: providers of every dialect, groups of every policy.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use dialects::{Dialect, vendors::Vendors};
use fastrand::Rng;
use gateway::{Access, Auth, Continuation, Health, Limits, Snapshot, Suspend, Timeouts, Upstream};
use routing::{
    BreakerPolicy, Group, HedgeAfter, Member, Policy, Price, Prices, Provider, Retry, Topology,
};

/// Read once: it takes longer than hundreds of requests.
static VENDORS: LazyLock<Vendors> = LazyLock::new(Vendors::default);

/// What stays the same in a world however often its settings change.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) dialects: Vec<Dialect>,
    /// Members of each group, by index.
    pub(crate) groups: Vec<Vec<usize>>,
    /// Requests that a provider serves at one time at most, where there is such a limit.
    pub(crate) at_once: Vec<Option<u32>>,
    /// What each key of a provider may do, where there is such a limit.
    pub(crate) key_limits: Vec<Option<routing::Limits>>,
    pub(crate) suspend: Suspend,
    pub(crate) breaker: BreakerPolicy,
}

pub(crate) fn provider_name(index: usize) -> Arc<str> {
    format!("p{index}").into()
}

pub(crate) fn group_name(index: usize) -> Arc<str> {
    format!("g{index}").into()
}

impl Frame {
    pub(crate) fn new(chance: &mut Rng) -> Self {
        let count = chance.usize(3..7);
        let dialect = |chance: &mut Rng| {
            if chance.u32(..3) == 0 {
                Dialect::ALL[chance.usize(..Dialect::ALL.len())]
            } else {
                Dialect::Anthropic
            }
        };
        let some_of = |chance: &mut Rng| {
            let mut members: Vec<usize> = (0..count).collect();
            chance.shuffle(&mut members);
            members.truncate(chance.usize(1..=count));
            members
        };
        Self {
            dialects: (0..count).map(|_| dialect(chance)).collect(),
            groups: (0..chance.usize(1..4)).map(|_| some_of(chance)).collect(),
            at_once: (0..count)
                .map(|_| (chance.u32(..6) == 0).then(|| chance.u32(1..20)))
                .collect(),
            key_limits: (0..count)
                .map(|_| (chance.u32(..6) == 0).then(|| key_limits(chance)))
                .collect(),
            suspend: Suspend {
                enabled: chance.u32(..5) > 0,
                timeout: Duration::from_secs(chance.u64(20..120)),
                max: chance.choice([3, 30, 100]).unwrap_or(50),
            },
            breaker: BreakerPolicy {
                failures: chance.u32(2..8),
                window: Duration::from_mins(1),
                recovery: Duration::from_secs(chance.u64(2..60)),
                probes: chance.u32(1..3),
            },
        }
    }

    /// Settings within the frame: orders, keys and retries differ each time.
    pub(crate) fn settings(&self, chance: &mut Rng) -> Snapshot {
        let mut topology = Topology {
            cooldown: Duration::from_secs(chance.u64(1..30)),
            retry: Retry {
                attempts: chance.u32(1..4),
                base: Duration::from_millis(chance.u64(50..500)),
                max: Duration::from_secs(2),
            },
            breaker: self.breaker,
            sticky: chance.bool(),
            hedge: hedge(chance),
            prices: prices(chance),
            ..Topology::default()
        };
        let mut upstreams = HashMap::new();
        for (index, dialect) in self.dialects.iter().enumerate() {
            let mut provider = Provider::new(provider_name(index), routed(*dialect));
            provider.keys = (0..chance.usize(..3))
                .map(|key| format!("p{index}/{key}").into())
                .collect();
            provider.limits.concurrency = self.at_once[index];
            if let Some(limits) = self.key_limits[index] {
                let keys = provider.keys.iter();
                provider.key_limits = keys.map(|key| (key.clone(), limits)).collect();
            }
            let upstream = upstream(&provider, *dialect, chance);
            upstreams.insert(provider.name.clone(), Arc::new(upstream));
            topology.providers.push(provider);
        }
        for (index, members) in self.groups.iter().enumerate() {
            let member = |index: &usize| Member {
                provider: provider_name(*index),
                priority: chance.i32(0..3),
                weight: chance.u32(1..5),
            };
            topology.groups.push(Group {
                name: group_name(index),
                members: members.iter().map(member).collect(),
                policy: Policy::Priority,
                cooldown: None,
            });
        }
        for group in &mut topology.groups {
            group.policy = Policy::ALL[chance.usize(..Policy::ALL.len())];
        }
        let health = Health {
            enabled: true,
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
        };
        Snapshot {
            topology: Arc::new(topology),
            upstreams,
            access: Access::default(),
            limits: Limits {
                suspend: self.suspend,
                health,
                // Nobody is known to go on with another model's answer: what is cut begins anew, or ends.
                continuation: chance
                    .choice([
                        Continuation::Off,
                        Continuation::Restart,
                        Continuation::Prefill,
                    ])
                    .unwrap_or_default(),
                ..Limits::default()
            },
        }
    }
}

/// One limit of each kind, or of all.
fn key_limits(chance: &mut Rng) -> routing::Limits {
    let kind = chance.u32(..4);
    let is = |one: u32| kind == one || kind == 3;
    routing::Limits {
        rpm: is(0).then(|| chance.u32(10..200)),
        tpm: is(1).then(|| chance.u64(5_000..100_000)),
        concurrency: is(2).then(|| chance.u32(1..20)),
    }
}

/// In half of all settings prices are known of some providers, so that a cache is weighed.
fn prices(chance: &mut Rng) -> Prices {
    let seed = chance.u64(..);
    if chance.bool() {
        return Prices::default();
    }
    Prices::new(move |provider, _| {
        let number: u64 = provider.strip_prefix('p')?.parse().ok()?;
        let mut chance = Rng::with_seed(seed ^ number);
        let input = chance.u64(1..1_000);
        (chance.u32(..4) > 0).then(|| Price {
            input,
            output: input * 5,
            cache_read: chance.bool().then_some(input / 10),
            cache_write: chance.bool().then_some(input + input / 4),
        })
    })
}

/// In half of all settings a slow provider is raced by another one.
fn hedge(chance: &mut Rng) -> Option<HedgeAfter> {
    match chance.u32(..4) {
        0 => Some(HedgeAfter::Percentile(80)),
        1 => Some(HedgeAfter::Fixed(Duration::from_secs(1))),
        _ => None,
    }
}

fn upstream(provider: &Provider, dialect: Dialect, chance: &mut Rng) -> Upstream {
    let keys = provider.keys.iter();
    Upstream {
        name: provider.name.clone(),
        dialect: provider.dialect,
        vendor: Arc::new(VENDORS.record(None, "http://127.0.0.1", dialect)),
        // Another address is another provider, whose troubles are forgotten.
        base_url: format!("http://127.0.0.1:{}", 9000 + chance.u32(..2)),
        auth: if provider.keys.is_empty() {
            Auth::None
        } else {
            Auth::Bearer
        },
        keys: keys.map(|key| (key.clone(), "secret".into())).collect(),
        headers: Vec::new(),
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            first_event: Duration::from_secs(10),
            answer: Duration::from_secs(15),
            idle: Duration::from_secs(8),
            total: Duration::from_mins(1),
        },
        proxy: None,
        count_tokens: false,
        lossy: true,
    }
}

fn routed(dialect: Dialect) -> routing::Dialect {
    match dialect {
        Dialect::Anthropic => routing::Dialect::Anthropic,
        Dialect::OpenaiChat => routing::Dialect::OpenaiChat,
        Dialect::OpenaiResponses => routing::Dialect::OpenaiResponses,
        Dialect::Gemini => routing::Dialect::Gemini,
        Dialect::Ollama => routing::Dialect::Ollama,
    }
}
