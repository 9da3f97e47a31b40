//! Turnout as a person has it who changed nothing but the policy.

use std::{collections::HashMap, sync::Arc, time::Duration};

use dialects::vendors::Vendors;
use gateway::{
    Access, Auth, Continuation, Gateway, Health, Limits, Snapshot, Suspend, Timeouts, Upstream,
};
use routing::{Dialect, Group, HedgeAfter, Member, Policy, Provider, Topology};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    clients::Way,
    providers::{Network, Providers},
    weather::PROVIDERS,
};

/// What differs from one Turnout to the next.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) policy: Policy,
    pub(crate) sticky: bool,
    pub(crate) waits: bool,
    pub(crate) hedge: Option<HedgeAfter>,
    pub(crate) continuation: Continuation,
}

impl Choice {
    pub(crate) fn of(policy: Policy) -> Self {
        Self {
            policy,
            sticky: true,
            waits: true,
            hedge: None,
            continuation: Continuation::Off,
        }
    }
}

/// The way through a Turnout that has these providers.
pub(crate) fn turnout(providers: &Arc<Providers>, choice: &Choice, seed: u64) -> Way {
    let (sender, mut reports) = mpsc::channel(1 << 16);
    tokio::spawn(async move { while reports.recv().await.is_some() {} });
    let network = Arc::new(Network(Arc::clone(providers)));
    let gateway = Gateway::with_transport(snapshot(choice), sender, seed, network).unwrap();
    tokio::spawn(gateway.clone().upkeep(CancellationToken::new()));
    Way::Turnout(gateway.router())
}

fn snapshot(choice: &Choice) -> Snapshot {
    let vendors = Vendors::default();
    let mut topology = Topology {
        sticky: choice.sticky,
        hedge: choice.hedge,
        ..Topology::default()
    };
    let mut upstreams = HashMap::new();
    for (index, name) in PROVIDERS.iter().enumerate() {
        let mut provider = Provider::new(*name, Dialect::Anthropic);
        // The slower, the cheaper.
        provider.cost = (PROVIDERS.len() - index) as u32;
        let upstream = Upstream {
            name: provider.name.clone(),
            dialect: Dialect::Anthropic,
            vendor: Arc::new(vendors.record(None, "", dialects::Dialect::Anthropic)),
            base_url: format!("http://127.0.0.1:{}", 9000 + index),
            auth: Auth::None,
            keys: HashMap::new(),
            headers: Vec::new(),
            timeouts: Timeouts::default(),
            proxy: None,
            count_tokens: false,
            lossy: true,
        };
        upstreams.insert(provider.name.clone(), Arc::new(upstream));
        topology.providers.push(provider);
    }
    let member = |(index, name): (usize, &&str)| Member {
        provider: (**name).into(),
        priority: index as i32,
        weight: 1,
    };
    topology.groups.push(Group {
        name: "main".into(),
        policy: choice.policy,
        cooldown: None,
        members: PROVIDERS.iter().enumerate().map(member).collect(),
    });
    Snapshot {
        topology: Arc::new(topology),
        upstreams,
        access: Access::default(),
        limits: Limits {
            suspend: Suspend {
                enabled: choice.waits,
                timeout: Duration::from_mins(5),
                max: 100,
            },
            health: Health {
                enabled: true,
                interval: Duration::from_secs(30),
                timeout: Duration::from_secs(5),
            },
            continuation: choice.continuation,
            ..Limits::default()
        },
    }
}
