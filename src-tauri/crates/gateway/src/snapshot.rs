//! What the gateway works from: everything the settings say, resolved, immutable and swapped whole.

use std::{collections::HashMap, sync::Arc, time::Duration};

use dialects::vendors::Record;
use routing::{Dialect, Pin, Topology};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    capture::Capture, grant::Grant, heal::Health, resume::Continuation, route::Route,
    trace::Propagation, waiting::Suspend,
};

/// One consistent state of settings and secrets. A request keeps the one it began with.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Groups and providers as routing sees them.
    pub topology: Arc<Topology>,
    /// How to reach each provider, by name.
    pub upstreams: HashMap<Arc<str>, Arc<Upstream>>,
    /// Who may call.
    pub access: Access,
    /// Bounds on what clients may send and have kept.
    pub limits: Limits,
}

impl Snapshot {
    /// The providers that are asked with their client's own login.
    pub(crate) fn asked_as_clients(&self) -> Arc<[Arc<str>]> {
        let all = self.upstreams.values();
        let asked = all.filter(|upstream| upstream.auth == Auth::Client);
        asked.map(|upstream| Arc::clone(&upstream.name)).collect()
    }
}

/// How to reach one provider.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// The provider's name.
    pub name: Arc<str>,
    /// What it speaks. [`Dialect::Practice`] speaks whatever the client does.
    pub dialect: Dialect,
    /// Who it is, and what each of its models can take.
    pub vendor: Arc<Record>,
    /// Scheme, host and path prefix without a trailing slash. Where it has a version segment, that one holds instead of
    /// the client's path's (`https://api.z.ai/api/paas/v4`). `{model}` in it stands for the model, and its query goes
    /// with each call (`https://r.openai.azure.com/openai/deployments/{model}?api-version=2024-10-21`).
    pub base_url: String,
    /// How a key is presented.
    pub auth: Auth,
    /// Secrets by key id; the ids are those of the topology.
    pub keys: HashMap<Arc<str>, SecretString>,
    /// Headers added to each request, replacing the client's of the same name.
    pub headers: Vec<(String, String)>,
    /// How long each phase may take.
    pub timeouts: Timeouts,
    /// `http://`, `https://` or `socks5://` proxy for this provider alone.
    pub proxy: Option<String>,
    /// Whether it has a token counting endpoint.
    pub count_tokens: bool,
    /// Whether what its dialect cannot say is left out instead of refused.
    pub lossy: bool,
}

impl Snapshot {
    /// What to say when a path pins a provider or a group that there is not.
    pub(crate) fn unknown_pin(&self, route: &Route) -> Option<String> {
        match route.pin.as_ref()? {
            Pin::Provider(name)
                if !self
                    .topology
                    .providers
                    .iter()
                    .any(|provider| *provider.name == **name) =>
            {
                Some(format!("there is no provider named {name:?}"))
            }
            Pin::Group(name)
                if !self
                    .topology
                    .groups
                    .iter()
                    .any(|group| *group.name == **name) =>
            {
                Some(format!("there is no group named {name:?}"))
            }
            _ => None,
        }
    }
}

impl Upstream {
    /// Who made what it seals: the vendor, or the provider itself where the vendor is not known.
    pub(crate) fn sealer(&self) -> &str {
        let vendor = self.vendor.vendor();
        let is_known =
            **vendor != *self.vendor.dialect().as_str() || self.dialect == Dialect::Anthropic;
        if is_known { vendor } else { &self.name }
    }

    /// Whether it was reached at another address, or with other keys, before.
    pub(crate) fn is_renewed(&self, before: &Snapshot) -> bool {
        before.upstreams.get(&self.name).is_some_and(|before| {
            let same = |(id, key): (&Arc<str>, &SecretString)| {
                before
                    .keys
                    .get(id)
                    .is_some_and(|old| old.expose_secret() == key.expose_secret())
            };
            before.base_url != self.base_url
                || before.auth != self.auth
                || !self.keys.iter().all(same)
        })
    }
}

/// How a provider wants its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// `x-api-key: KEY`.
    XApiKey,
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// A header of this name.
    Header(String),
    /// A query parameter of this name.
    Query(String),
    /// The client's own credential is forwarded, to this provider alone.
    Client,
    /// No key.
    None,
}

/// How long each phase of an attempt may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// From sending a streamed request to its first semantic event.
    pub first_event: Duration,
    /// From sending a request that is not streamed to its response headers. Such an answer is written whole before
    /// its headers come, so this is longer than `first_event` unless `first_event` was set by hand.
    pub answer: Duration,
    /// Between two arrivals of bytes.
    pub idle: Duration,
    /// The attempt as a whole.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_event: Duration::from_secs(90),
            answer: Duration::from_mins(5),
            idle: Duration::from_secs(90),
            total: Duration::from_mins(15),
        }
    }
}

/// Who may call, and from where.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Whether each client must present one of `client_tokens`.
    pub require_token: bool,
    /// Tokens that are accepted.
    pub client_tokens: Vec<ClientToken>,
    /// `Host` names accepted besides loopback ones.
    pub allowed_hosts: Vec<String>,
    /// Origins of web apps that may call.
    pub cors_origins: Vec<String>,
}

/// A token by which a client is known.
#[derive(Debug, Clone)]
pub struct ClientToken {
    /// The name told in the history.
    pub name: String,
    /// The token itself.
    pub secret: SecretString,
    /// What it is good for.
    pub grant: Arc<Grant>,
}

/// Bounds on what clients may send and have kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest request body in bytes, after decompression.
    pub max_body: usize,
    /// The most memory for embeddings that clients want remembered, in bytes; 0 where none are.
    pub embeddings_cache: usize,
    /// How requests wait that nothing can serve.
    pub suspend: Suspend,
    /// How providers that broke are looked after.
    pub health: Health,
    /// What becomes of streams that break off.
    pub continuation: Continuation,
    /// What is kept of what goes by; nothing where it is `None`.
    pub capture: Option<Capture>,
    /// What providers are told of the trace that a request is part of.
    pub propagation: Propagation,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body: 64 << 20,
            embeddings_cache: 32 << 20,
            suspend: Suspend {
                enabled: false,
                timeout: Duration::from_mins(5),
                max: 100,
            },
            health: Health {
                enabled: false,
                interval: Duration::from_secs(30),
                timeout: Duration::from_secs(5),
            },
            continuation: Continuation::Off,
            capture: None,
            propagation: Propagation::Off,
        }
    }
}
