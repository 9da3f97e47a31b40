//! Settings and resolved secrets as the gateway and routing want them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use dialects::vendors::Record;
use gateway::{Access, Grant, Limits, Snapshot, Upstream};
use jiff::Timestamp;
use routing::Glob;
use secrecy::SecretString;

use super::{
    Auth, Capture, Continuation, Dialect, FailoverOn, HedgeAfter, KeyPolicy, Lossy, Mode, Policy,
    Provider, Scope, Settings, Timeouts, prices::prices, rules::rules, vendors::vendors,
};
use crate::secrets::Resolved;
use crate::traces;

/// Builds what the gateway works from. `practice` holds the base URL of the in-process stand-in of each practice
/// provider that has no `base_url` of its own; one that is not in it cannot be reached and is left disabled.
#[allow(clippy::implicit_hasher, reason = "there is one caller")]
pub fn snapshot(
    settings: &Settings,
    secrets: &Resolved,
    practice: &HashMap<String, String>,
) -> Snapshot {
    let topology = topology(settings, secrets, practice);
    let upstreams = settings
        .providers
        .iter()
        .filter_map(|provider| upstream(provider, secrets, practice))
        .map(|upstream| (Arc::clone(&upstream.name), Arc::new(upstream)))
        .collect();
    let client_tokens = secrets
        .client_tokens
        .iter()
        .map(|(name, secret)| gateway::ClientToken {
            name: name.clone(),
            secret: secret.clone(),
            grant: grant(settings, name).into(),
        })
        .collect();
    Snapshot {
        topology: Arc::new(topology),
        upstreams,
        access: Access {
            require_token: settings.server.require_token,
            client_tokens,
            allowed_hosts: settings.server.allowed_hosts.clone(),
            cors_origins: settings.server.cors_origins.clone(),
        },
        limits: Limits {
            max_body: settings.server.max_body,
            embeddings_cache: settings.server.embeddings_cache,
            suspend: gateway::Suspend {
                enabled: settings.routing.suspend.enabled,
                timeout: settings.routing.suspend.timeout,
                max: settings.routing.suspend.max as usize,
            },
            health: gateway::Health {
                enabled: settings.routing.health.enabled,
                interval: settings.routing.health.interval,
                timeout: settings.routing.health.timeout,
            },
            continuation: match settings.routing.continuation {
                Continuation::Off => gateway::Continuation::Off,
                Continuation::Restart => gateway::Continuation::Restart,
                Continuation::Prefill => gateway::Continuation::Prefill,
            },
            capture: capture(settings),
            propagation: match (settings.telemetry.propagate, traces::are_sent()) {
                (false, _) => gateway::Propagation::Off,
                (true, false) => gateway::Propagation::Client,
                (true, true) => gateway::Propagation::Attempts,
            },
        },
    }
}

fn capture(settings: &Settings) -> Option<gateway::Capture> {
    let only_failed = match settings.ledger.capture_bodies {
        Capture::Off => return None,
        Capture::Errors => true,
        Capture::All => false,
    };
    Some(gateway::Capture {
        only_failed,
        max_body: settings.ledger.capture_max_body,
    })
}

/// What the token of this name is good for.
fn grant(settings: &Settings, name: &str) -> Grant {
    let mut tokens = settings.server.client_tokens.iter();
    let Some(token) = tokens.find(|token| token.name == name) else {
        return Grant::default();
    };
    let groups = token.groups.iter().map(|group| group.as_str().into());
    let limits = token.limits;
    let inference = token.scopes.contains(&Scope::Inference);
    Grant {
        inference,
        listing: inference || token.scopes.contains(&Scope::Models),
        groups: (!token.groups.is_empty()).then(|| groups.collect()),
        models: token.models.iter().map(|glob| Glob::new(glob)).collect(),
        limits: routing::Limits {
            rpm: limits.rpm,
            tpm: limits.tpm.map(u64::from),
            concurrency: limits.concurrency,
        },
        spending: token.spending.is_some(),
        expires_at_ms: token.expires_at.map(Timestamp::as_millisecond),
    }
}

fn topology(
    settings: &Settings,
    secrets: &Resolved,
    practice: &HashMap<String, String>,
) -> routing::Topology {
    let chosen = &settings.routing;
    let pattern = |on: &FailoverOn| match on {
        FailoverOn::Status(code) => routing::Pattern::Status(*code),
        FailoverOn::Body(text) => routing::Pattern::Body(text.clone()),
    };
    let member = |member: &super::Member| routing::Member {
        provider: member.provider.as_str().into(),
        priority: member.priority,
        weight: member.weight,
    };
    let group = |group: &super::Group| routing::Group {
        name: group.name.as_str().into(),
        policy: policy(group.policy),
        cooldown: group.cooldown,
        members: group.members.iter().map(member).collect(),
    };
    routing::Topology {
        mode: match chosen.mode {
            Mode::Auto => routing::Mode::Auto,
            Mode::Manual => routing::Mode::Manual,
        },
        cooldown: chosen.cooldown,
        retry: retry(chosen.retry),
        breaker: routing::BreakerPolicy {
            failures: chosen.breaker.failures,
            window: chosen.breaker.window,
            recovery: chosen.breaker.recovery,
            probes: chosen.breaker.probes,
        },
        sticky: chosen.sticky,
        hedge: chosen.hedge.enabled.then_some(match chosen.hedge.after {
            HedgeAfter::Percentile(percent) => routing::HedgeAfter::Percentile(percent),
            HedgeAfter::Fixed(time) => routing::HedgeAfter::Fixed(time),
        }),
        failover_on: chosen.failover_on.iter().map(pattern).collect(),
        providers: settings
            .providers
            .iter()
            .map(|one| provider(one, secrets, practice))
            .collect(),
        groups: settings.groups.iter().map(group).collect(),
        rules: rules(settings),
        prices: prices(settings),
        embedder: chosen.embeddings.as_ref().map(|it| routing::Embedder {
            provider: it.provider.as_str().into(),
            model: it.model.clone(),
            timeout: it.timeout,
        }),
    }
}

fn provider(
    provider: &Provider,
    secrets: &Resolved,
    practice: &HashMap<String, String>,
) -> routing::Provider {
    let keys = key_ids(provider, secrets);
    // Without a key it would only collect refusals: it is not asked until it has one.
    let usable = !keys.is_empty() || !needs_key(&provider.auth);
    let reachable = base(provider, practice).is_some();
    routing::Provider {
        name: provider.name.as_str().into(),
        dialect: dialect(provider.dialect),
        enabled: provider.enabled && usable && reachable,
        lacks: (provider.enabled && !usable).then(|| {
            format!(
                "it has no key: give it one with `{} keys set {}`",
                crate::program(),
                provider.name
            )
        }),
        keys,
        key_policy: match provider.key_policy {
            KeyPolicy::RoundRobin => routing::KeyPolicy::RoundRobin,
            KeyPolicy::FillFirst => routing::KeyPolicy::FillFirst,
            KeyPolicy::LeastUsed => routing::KeyPolicy::LeastUsed,
        },
        models: routing::Tiers {
            big: provider.models.big.clone(),
            middle: provider.models.middle.clone(),
            small: provider.models.small.clone(),
        },
        model_map: provider.model_map.clone(),
        retry: Some(retry(provider.retry)),
        key_limits: key_limits(provider),
        limits: limits(provider.limits),
        cost: (provider.price.multiplier * f64::from(routing::Provider::LIST_PRICE)).round() as u32,
    }
}

fn upstream(
    provider: &Provider,
    secrets: &Resolved,
    practice: &HashMap<String, String>,
) -> Option<Upstream> {
    let keys: HashMap<Arc<str>, SecretString> = key_ids(provider, secrets)
        .into_iter()
        .filter_map(|id| secrets.keys.get(&*id).map(|secret| (id, secret.clone())))
        .collect();
    Some(Upstream {
        name: provider.name.as_str().into(),
        dialect: dialect(provider.dialect),
        vendor: Arc::new(record(provider)),
        base_url: base(provider, practice)?,
        auth: match &provider.auth {
            Auth::XApiKey => gateway::Auth::XApiKey,
            Auth::Bearer => gateway::Auth::Bearer,
            Auth::Header(name) => gateway::Auth::Header(name.clone()),
            Auth::Query(name) => gateway::Auth::Query(name.clone()),
            Auth::Client => gateway::Auth::Client,
            Auth::None => gateway::Auth::None,
        },
        keys,
        headers: provider.headers.clone(),
        timeouts: timeouts(provider.timeouts),
        proxy: provider.proxy.clone(),
        count_tokens: provider.count_tokens,
        lossy: provider.lossy == Lossy::Allow,
    })
}

/// Who sells what a provider serves.
pub(crate) fn vendor(provider: &Provider) -> Arc<str> {
    match provider.dialect {
        Dialect::Practice => "practice".into(),
        _ => Arc::clone(record(provider).vendor()),
    }
}

/// Whose endpoint it is, and what its models can take.
fn record(provider: &Provider) -> Record {
    let base_url = provider.base_url.as_deref().unwrap_or_default();
    let of = |dialect| {
        let record = vendors().record(provider.vendor.as_deref(), base_url, dialect);
        record.with(&provider.caps)
    };
    of(match provider.dialect {
        // A stand-in is asked in the client's own dialect, which a rule may have written anew.
        Dialect::Practice => {
            use dialects::Dialect::{Anthropic, Gemini, Ollama, OpenaiChat, OpenaiResponses};
            let others = [OpenaiChat, OpenaiResponses, Gemini, Ollama];
            return others.map(of).into_iter().fold(of(Anthropic), Record::or);
        }
        Dialect::Anthropic => dialects::Dialect::Anthropic,
        Dialect::OpenaiChat => dialects::Dialect::OpenaiChat,
        Dialect::OpenaiResponses => dialects::Dialect::OpenaiResponses,
        Dialect::Gemini => dialects::Dialect::Gemini,
        Dialect::Ollama => dialects::Dialect::Ollama,
    })
}

fn limits(limits: super::Limits) -> routing::Limits {
    routing::Limits {
        rpm: limits.rpm,
        tpm: limits.tpm.map(u64::from),
        concurrency: limits.concurrency,
    }
}

/// Limits of keys that have any, by key id.
fn key_limits(provider: &Provider) -> HashMap<Arc<str>, routing::Limits> {
    let bounds = provider.key_limits.iter().enumerate();
    bounds
        .filter(|(_, bounds)| **bounds != super::Limits::default())
        .map(|(index, bounds)| (provider.key_id(index).into(), limits(*bounds)))
        .collect()
}

/// Ids of the keys that are there and that the provider's `auth` presents.
fn key_ids(provider: &Provider, secrets: &Resolved) -> Vec<Arc<str>> {
    if !needs_key(&provider.auth) {
        return Vec::new();
    }
    let ids = (0..provider.keys.len()).map(|index| provider.key_id(index));
    ids.filter(|id| secrets.keys.contains_key(id))
        .map(Into::into)
        .collect()
}

fn needs_key(auth: &Auth) -> bool {
    !matches!(auth, Auth::Client | Auth::None)
}

/// Scheme, host and prefix, to which the gateway adds paths.
fn base(provider: &Provider, practice: &HashMap<String, String>) -> Option<String> {
    match (&provider.base_url, provider.dialect) {
        (Some(url), _) => Some(url.clone()),
        (None, Dialect::Practice) => practice.get(&provider.name).cloned(),
        (None, _) => None,
    }
}

fn timeouts(timeouts: Timeouts) -> gateway::Timeouts {
    // An answer that is not streamed is written whole before its headers come, so it gets longer unless said otherwise.
    let answer = if timeouts.first_event_set {
        timeouts.first_event
    } else {
        timeouts.first_event.max(Duration::from_mins(5))
    };
    gateway::Timeouts {
        connect: timeouts.connect,
        first_event: timeouts.first_event,
        answer,
        idle: timeouts.idle,
        total: timeouts.total,
    }
}

fn retry(retry: super::Retry) -> routing::Retry {
    routing::Retry {
        attempts: retry.attempts,
        base: retry.base,
        max: retry.max,
    }
}

fn policy(policy: Policy) -> routing::Policy {
    match policy {
        Policy::Priority => routing::Policy::Priority,
        Policy::Weighted => routing::Policy::Weighted,
        Policy::RoundRobin => routing::Policy::RoundRobin,
        Policy::LeastBusy => routing::Policy::LeastBusy,
        Policy::Fastest => routing::Policy::Fastest,
        Policy::Cheapest => routing::Policy::Cheapest,
    }
}

pub(super) fn dialect(dialect: Dialect) -> routing::Dialect {
    match dialect {
        Dialect::Anthropic => routing::Dialect::Anthropic,
        Dialect::OpenaiChat => routing::Dialect::OpenaiChat,
        Dialect::OpenaiResponses => routing::Dialect::OpenaiResponses,
        Dialect::Gemini => routing::Dialect::Gemini,
        Dialect::Ollama => routing::Dialect::Ollama,
        Dialect::Practice => routing::Dialect::Practice,
    }
}
