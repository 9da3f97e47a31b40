//! `config.yaml` of Claude request forwarders: endpoints in groups that share keys.
//!
//! Facts of the format: an endpoint without `group` is in the group of the one before it; `timeout` and `headers` come
//! from the file's first endpoint, `token` and `api-key` from the first of the group that has one. A `token` is sent as
//! a bearer token, an `api-key` as `x-api-key`, what the client sent of the two is dropped. Durations are Go's.

use std::collections::BTreeMap;

use crate::found::{Auth, Dialect, Group, Key, Member, Price, Provider, Reading, Timeouts};
use crate::known::{dialect_of, is_local, outward};
use crate::table::Table;
use crate::values::{Variables, key};

const HOW: Variables = Variables::None;

/// An endpoint as it stands, with what it takes from others.
struct Endpoint {
    place: String,
    name: String,
    url: String,
    group: String,
    group_priority: f64,
    priority: f64,
    token: Option<(String, String)>,
    api_key: Option<(String, String)>,
    timeout: Option<String>,
    headers: BTreeMap<String, String>,
    counts: bool,
}

pub(crate) fn read(mut root: Table, found: &mut Reading<'_>) {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for table in root.tables("endpoints", &mut found.report) {
        let read = endpoint(table, &endpoints, found);
        endpoints.extend(read);
    }
    let policy = strategy(&mut root, found);
    let (cooldown, proxy) = (group_settings(&mut root, found), proxy(&mut root, found));
    let mut groups: Vec<(f64, Group)> = Vec::new();
    for endpoint in &endpoints {
        let provider = provider(endpoint, &endpoints, proxy.as_ref(), found);
        let member = Member {
            provider: provider.name.clone(),
            priority: endpoint.priority as i64,
            weight: None,
        };
        found.provider(&endpoint.place, provider);
        if let Some((_, group)) = groups
            .iter_mut()
            .find(|(_, group)| group.name == endpoint.group)
        {
            group.members.push(member);
        } else {
            let group = Group {
                name: endpoint.group.clone(),
                policy: policy.clone(),
                cooldown: cooldown.clone(),
                members: vec![member],
            };
            groups.push((endpoint.group_priority, group));
        }
    }
    groups.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    for (_, mut group) in groups {
        let place = format!("endpoints (group {})", group.name);
        group.name = found
            .group_names
            .give(&group.name, &place, &mut found.report);
        found.group(&place, group);
    }
    settings(&mut root, found);
    usage(&mut root, found);
    let report = &mut found.report;
    root.leave(
        &["server", "web"],
        "clients call server.listen, 127.0.0.1:7790 unless you say otherwise",
        report,
    );
    root.leave(&["tui"], "`top` is the terminal's view", report);
    root.leave(
        &["token_counting"],
        "tokens are counted by the provider, else estimated",
        report,
    );
    root.leave(
        &["timezone"],
        "times are those of this machine's zone",
        report,
    );
    root.rest(report);
}

fn endpoint(mut table: Table, before: &[Endpoint], found: &mut Reading<'_>) -> Option<Endpoint> {
    let place = table.place.clone();
    let first = before.first();
    let last = before.last();
    let headers = table.table("headers", &mut found.report);
    let mut headers = found.headers(headers, HOW);
    for (name, value) in first.iter().flat_map(|first| &first.headers) {
        headers.entry(name.clone()).or_insert_with(|| value.clone());
    }
    let report = &mut found.report;
    let text = |table: &mut Table, field: &str, report: &mut _| {
        let place = table.at(field);
        table.filled(field, report).map(|text| (place, text))
    };
    let group = table.filled("group", report);
    let group_priority = table.number("group-priority", report);
    let inherited = last.map_or(1.0, |last| last.group_priority);
    let endpoint = Endpoint {
        name: table.filled("name", report).unwrap_or_default(),
        url: table.filled("url", report).unwrap_or_default(),
        group: group.unwrap_or_else(|| {
            last.map_or_else(|| "Default".to_owned(), |last| last.group.clone())
        }),
        group_priority: group_priority.unwrap_or(inherited),
        priority: table.number("priority", report).unwrap_or(1.0),
        token: text(&mut table, "token", report),
        api_key: text(&mut table, "api-key", report),
        timeout: table
            .span("timeout", report)
            .or_else(|| first.and_then(|first| first.timeout.clone())),
        headers,
        counts: table.flag("supports_count_tokens", report).unwrap_or(false),
        place: place.clone(),
    };
    table.rest(report);
    if endpoint.url.is_empty() {
        report.left(place, "an endpoint without a url cannot be called");
        return None;
    }
    Some(endpoint)
}

fn provider(
    endpoint: &Endpoint,
    all: &[Endpoint],
    proxy: Option<&String>,
    found: &mut Reading<'_>,
) -> Provider {
    let dialect = match dialect_of(&endpoint.url) {
        None if endpoint.url.contains("api.openai.com") => Dialect::OpenaiChat,
        Some(dialect) => dialect,
        None => Dialect::Anthropic,
    };
    if dialect != Dialect::Anthropic {
        let told = format!(
            "its host speaks {}, so requests are converted",
            dialect.name()
        );
        found
            .report
            .changed(format!("{}.url", endpoint.place), told);
    }
    let mut mates = all.iter().filter(|other| other.group == endpoint.group);
    let shared = mates.clone().find_map(|mate| mate.token.clone());
    let token = endpoint.token.clone().or(shared);
    let shared = mates.find_map(|mate| mate.api_key.clone());
    let api_key = endpoint.api_key.clone().or(shared);
    let (auth, keys) = keys(endpoint, token, api_key, found);
    let auth = match auth {
        None if keys.is_empty() && is_local(&endpoint.url) => Some(Auth::word("none")),
        auth => auth,
    };
    Provider {
        name: found
            .provider_names
            .give(&endpoint.name, &endpoint.place, &mut found.report),
        dialect,
        base_url: endpoint.url.replace("${", "$${"),
        auth,
        keys,
        headers: endpoint.headers.clone(),
        timeouts: Timeouts {
            total: endpoint.timeout.clone(),
            ..Timeouts::default()
        },
        proxy: outward(&endpoint.url, proxy),
        count_tokens: (dialect == Dialect::Anthropic && !endpoint.counts).then_some(false),
        ..Provider::default()
    }
}

/// Of a token and a key, both of which the forwarder sends, the token is what relays ask for.
fn keys(
    endpoint: &Endpoint,
    token: Option<(String, String)>,
    api_key: Option<(String, String)>,
    found: &mut Reading<'_>,
) -> (Option<Auth>, Vec<Key>) {
    let own = |place: &str| place.starts_with(&endpoint.place);
    let mut usable = |given: Option<(String, String)>| {
        let (place, text) = given?;
        let key = key(&text, HOW);
        if key.is_none() {
            let why = "it is no key but an example; set it with `keys set`";
            found.report.left(&place, why);
        }
        key.map(|key| (place, key))
    };
    let (token, api_key) = (usable(token), usable(api_key));
    let (word, (place, key)) = match (token, api_key) {
        (Some(token), other) => {
            if let Some((place, _)) = other.filter(|(place, _)| own(place)) {
                let why = "a provider is shown one credential, which is its token";
                found.report.left(place, why);
            }
            ("bearer", token)
        }
        (None, Some(key)) => ("x-api-key", key),
        (None, None) => return (None, Vec::new()),
    };
    if !own(&place) {
        let told = format!(
            "{} uses this key too, as one of the same group",
            endpoint.name
        );
        found.report.changed(place, told);
    }
    (Some(Auth::word(word)), vec![key])
}

fn strategy(root: &mut Table, found: &mut Reading<'_>) -> Option<String> {
    let mut table = root.table("strategy", &mut found.report)?;
    let place = table.at("type");
    let policy = table.filled("type", &mut found.report);
    let policy = policy.and_then(|word| crate::providers_json::policy_of(&word, &place, found));
    table.rest_as(
        "the fastest is known from the requests themselves",
        &mut found.report,
    );
    policy
}

/// How long a group rests.
fn group_settings(root: &mut Table, found: &mut Reading<'_>) -> Option<String> {
    let mut table = root.table("group", &mut found.report)?;
    let place = table.at("cooldown");
    let cooldown = table.span("cooldown", &mut found.report);
    if let Some(cooldown) = &cooldown {
        found
            .report
            .taken(place, format!("cooldown of each group = {cooldown}"));
    }
    let place = table.at("auto_switch_between_groups");
    if let Some(auto) = table.flag("auto_switch_between_groups", &mut found.report) {
        found.setting(&place, "routing.mode", if auto { "auto" } else { "manual" });
    }
    table.rest(&mut found.report);
    cooldown
}

fn proxy(root: &mut Table, found: &mut Reading<'_>) -> Option<String> {
    let mut table = root.table("proxy", &mut found.report)?;
    if table.flag("enabled", &mut found.report) != Some(true) {
        return None;
    }
    let report = &mut found.report;
    let kind = table
        .filled("type", report)
        .unwrap_or_else(|| "http".to_owned());
    let (host, port) = (table.filled("host", report), table.count("port", report));
    let url = table.filled("url", report);
    let url = url.or_else(|| Some(format!("{kind}://{}:{}", host?, port?)));
    table.leave(
        &["username", "password"],
        "a proxy's password has no place in the config; write the URL by hand with ${NAME} in it",
        report,
    );
    let place = table.place.clone();
    table.rest(report);
    found.proxy(&place, &url?)
}

/// Single settings: the table, its field, and what it is here.
const SPANS: [(&str, &str, &str); 7] = [
    ("retry", "base_delay", "routing.retry.base"),
    ("retry", "max_delay", "routing.retry.max"),
    ("health", "check_interval", "routing.health.interval"),
    ("health", "timeout", "routing.health.timeout"),
    (
        "streaming",
        "response_header_timeout",
        "routing.timeouts.first_event",
    ),
    ("streaming", "max_idle_time", "routing.timeouts.idle"),
    ("request_suspend", "timeout", "routing.suspend.timeout"),
];

fn settings(root: &mut Table, found: &mut Reading<'_>) {
    for name in [
        "retry",
        "health",
        "streaming",
        "request_suspend",
        "auth",
        "logging",
    ] {
        let Some(mut table) = root.table(name, &mut found.report) else {
            continue;
        };
        for (_, field, path) in SPANS.iter().filter(|(of, ..)| *of == name) {
            let place = table.at(field);
            if let Some(span) = table.span(field, &mut found.report) {
                found.setting(&place, path, span);
            }
        }
        let why = match name {
            "retry" => {
                let place = table.at("max_attempts");
                if let Some(attempts) = table.count("max_attempts", &mut found.report) {
                    found.setting(&place, "routing.retry.attempts", attempts.max(1));
                }
                "pauses double with jitter"
            }
            "health" => "a health check asks what the provider's dialect has for it",
            "streaming" => "quiet streams are kept alive by themselves",
            "request_suspend" => {
                suspend(&mut table, found);
                "Turnout has no such setting"
            }
            "auth" => {
                auth(&mut table, found);
                "Turnout has no such setting"
            }
            _ => {
                log(&mut table, found);
                "the log goes to rotating files in the data folder"
            }
        };
        table.rest_as(why, &mut found.report);
    }
    let place = root.at("global_timeout");
    if let Some(total) = root.span("global_timeout", &mut found.report) {
        found.setting(&place, "routing.timeouts.total", total);
    }
}

fn suspend(table: &mut Table, found: &mut Reading<'_>) {
    let place = table.at("enabled");
    if let Some(enabled) = table.flag("enabled", &mut found.report) {
        found.setting(&place, "routing.suspend.enabled", enabled);
    }
    let place = table.at("max_suspended_requests");
    if let Some(max) = table.count("max_suspended_requests", &mut found.report) {
        found.setting(&place, "routing.suspend.max", max.max(1));
    }
}

fn auth(table: &mut Table, found: &mut Reading<'_>) {
    let enabled = table.flag("enabled", &mut found.report);
    let place = table.at("token");
    if let Some(token) = table.filled("token", &mut found.report) {
        if enabled == Some(true) {
            found.client_token(&place, "forwarder", &token, HOW);
        } else {
            found.report.left(place, "it was switched off");
        }
    }
    if enabled == Some(false) {
        found.report.changed(
            table.at("enabled"),
            "Turnout always wants a token of its clients; server.require_token = false on this machine alone does not",
        );
    }
}

fn log(table: &mut Table, found: &mut Reading<'_>) {
    let place = table.at("level");
    if let Some(level) = table.filled("level", &mut found.report) {
        found.log_level(&place, &level);
    }
    let place = table.at("format");
    if let Some(format) = table.filled("format", &mut found.report) {
        found.setting(
            &place,
            "log.format",
            if format == "json" { "json" } else { "pretty" },
        );
    }
    let place = table.at("file_enabled");
    if let Some(file) = table.flag("file_enabled", &mut found.report) {
        found.setting(&place, "log.file", file);
    }
}

fn usage(root: &mut Table, found: &mut Reading<'_>) {
    let Some(mut table) = root.table("usage_tracking", &mut found.report) else {
        return;
    };
    let prices = table.table("model_pricing", &mut found.report);
    for (model, item) in prices.into_iter().flat_map(Table::items) {
        if let Some(price) = item.table(&mut found.report) {
            self::price(model, price, found);
        }
    }
    let place = table.at("retention_days");
    match table.count("retention_days", &mut found.report) {
        Some(0) => found.report.left(
            place,
            "single requests are kept for a time (ledger.retention), their sums by day for ever",
        ),
        Some(days) => found.setting(&place, "ledger.retention", format!("{days}d")),
        None => {}
    }
    let report = &mut found.report;
    table.leave(
        &["default_pricing"],
        "unknown models are marked, their price is not guessed",
        report,
    );
    table.leave(
        &["database", "database_path"],
        "the history begins anew in the data folder; ledger.url names a database server",
        report,
    );
    table.leave(
        &[
            "buffer_size",
            "batch_size",
            "flush_interval",
            "max_retry",
            "cleanup_interval",
        ],
        "the ledger writes by itself",
        report,
    );
    table.leave(
        &["enabled"],
        "history is always kept; ledger.url = \"none\" keeps none",
        report,
    );
    table.rest(report);
}

fn price(model: String, mut table: Table, found: &mut Reading<'_>) {
    let place = table.place.clone();
    let report = &mut found.report;
    let (input, output) = (
        table.number("input", report),
        table.number("output", report),
    );
    let price = Price {
        cache_read: table.number("cache_read", report),
        cache_write_5m: table.number("cache_creation", report),
        input: input.unwrap_or_default(),
        output: output.unwrap_or_default(),
        model,
    };
    table.rest(report);
    let all = [
        Some(price.input),
        Some(price.output),
        price.cache_read,
        price.cache_write_5m,
    ];
    if input.is_none() || output.is_none() || all.iter().flatten().any(|price| *price < 0.0) {
        report.left(place, "a price needs input and output, neither below zero");
        return;
    }
    found.price(&place, price);
}
