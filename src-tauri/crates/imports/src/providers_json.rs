//! `providers.json` of multi-provider Claude Code proxies: providers with a priority, models by tier, one breaker.
//!
//! Facts of the format: `priority` counts upwards from the first, `timeout` and the breaker's times are seconds,
//! `max_retries` comes on top of the first try, `${NAME}` in any text is an environment variable, and every provider
//! speaks `OpenAI` Chat Completions (Azure's where it has an `api_version`).

use crate::found::{Auth, Dialect, Group, Member, Provider, Reading, Retry, Tiers, Timeouts};
use crate::known::azure;
use crate::table::{Item, Table};
use crate::values::{Variables, key};

const HOW: Variables = Variables::Braced;

pub(crate) fn read(mut root: Table, found: &mut Reading<'_>) {
    let mut members = Vec::new();
    for table in root.tables("providers", &mut found.report) {
        members.extend(provider(table, found));
    }
    let policy = root.filled("fallback_strategy", &mut found.report);
    let policy = policy.and_then(|word| policy_of(&word, &root.at("fallback_strategy"), found));
    let name = found.kind.group();
    let name = found.group_names.give(name, "providers", &mut found.report);
    let group = Group {
        name,
        policy,
        cooldown: None,
        members,
    };
    found.group("providers", group);
    if let Some(mut breaker) = root.table("circuit_breaker", &mut found.report) {
        self::breaker(&mut breaker, found);
        breaker.rest(&mut found.report);
    }
    let place = root.at("health_check_interval");
    if let Some(interval) = root.span("health_check_interval", &mut found.report) {
        found.setting(&place, "routing.health.interval", interval);
    }
    root.rest(&mut found.report);
}

fn breaker(table: &mut Table, found: &mut Reading<'_>) {
    let place = table.at("failure_threshold");
    if let Some(failures) = table.count("failure_threshold", &mut found.report) {
        found.setting(&place, "routing.breaker.failures", failures.max(1));
    }
    let place = table.at("recovery_timeout");
    if let Some(recovery) = table.span("recovery_timeout", &mut found.report) {
        found.setting(&place, "routing.breaker.recovery", recovery);
    }
}

/// The policy of this word; none where it is the usual one.
pub(crate) fn policy_of(word: &str, place: &str, found: &mut Reading<'_>) -> Option<String> {
    let (policy, is_same) = match word.to_lowercase().replace('_', "-").as_str() {
        "priority" => return None,
        "round-robin" => ("round-robin", true),
        "fastest" => ("fastest", true),
        "weighted" => ("weighted", true),
        "random" => ("weighted", false),
        _ => {
            found.report.left(
                place,
                "Turnout has no such policy; members go by their priority",
            );
            return None;
        }
    };
    if is_same {
        found.report.taken(place, format!("policy = {policy:?}"));
    } else {
        let told = format!("policy = {policy:?} with equal shares, which is as random");
        found.report.changed(place, told);
    }
    Some(policy.to_owned())
}

fn provider(mut table: Table, found: &mut Reading<'_>) -> Option<Member> {
    let place = table.place.clone();
    let wish = table.filled("name", &mut found.report).unwrap_or_default();
    let enabled = table.flag("enabled", &mut found.report).unwrap_or(true);
    let at = table.at("base_url");
    let Some(url) = table.filled("base_url", &mut found.report) else {
        found
            .report
            .left(place, "a provider without a base_url cannot be called");
        return None;
    };
    let base_url = found.written(&at, &url, HOW)?;
    let name = found.provider_names.give(&wish, &place, &mut found.report);
    let mut provider = Provider {
        name: name.clone(),
        dialect: Dialect::OpenaiChat,
        base_url,
        enabled: (!enabled).then_some(false),
        models: tiers(table.take("models"), found),
        ..Provider::default()
    };
    let at = table.at("api_version");
    if let Some(version) = table.filled("api_version", &mut found.report) {
        provider.base_url = azure(&provider.base_url, &version);
        provider.auth = Some(Auth::header("api-key"));
        found
            .report
            .changed(at, "Azure's version stands in base_url");
    }
    let at = table.at("api_key");
    if let Some(text) = table.text("api_key", &mut found.report) {
        provider.keys.extend(key(&text, HOW));
        if provider.keys.is_empty() {
            found
                .report
                .left(at, "it is no key but an example; set it with `keys set`");
        }
    }
    if let Some(timeout) = table.span("timeout", &mut found.report) {
        let told = format!("each wait for bytes takes {timeout} at most, as it did");
        found.report.changed(table.at("timeout"), told);
        provider.timeouts = Timeouts {
            first_event: Some(timeout.clone()),
            idle: Some(timeout),
            ..Timeouts::default()
        };
    }
    if let Some(retries) = table.count("max_retries", &mut found.report) {
        let attempts = retries.saturating_add(1);
        let told = format!("retry.attempts = {attempts}: the first try counts too");
        found.report.changed(table.at("max_retries"), told);
        provider.retry = Some(Retry { attempts });
    }
    let headers = table.table("custom_headers", &mut found.report);
    provider.headers = found.headers(headers, HOW);
    let priority = table.number("priority", &mut found.report).unwrap_or(1.0);
    table.rest(&mut found.report);
    found.provider(&place, provider);
    Some(Member {
        provider: name,
        priority: priority as i64,
        weight: None,
    })
}

fn tiers(item: Option<Item>, found: &mut Reading<'_>) -> Tiers {
    let Some(mut table) = item.and_then(|item| item.table(&mut found.report)) else {
        return Tiers::default();
    };
    let mut tier = |name: &str| {
        let item = table.take(name);
        item.map(|item| item.texts(&mut found.report))
            .unwrap_or_default()
    };
    let tiers = Tiers {
        big: tier("big"),
        middle: tier("middle"),
        small: tier("small"),
    };
    table.rest(&mut found.report);
    tiers
}
