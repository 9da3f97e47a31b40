//! `providers.yaml` (later `config.yaml`) of Claude Code provider balancers.
//!
//! Facts of the format: `type` is the wire format, `auth_type` `api_key` is `x-api-key` at Anthropic-type providers and a
//! bearer token at `OpenAI`-type ones, `auth_token` a bearer token; `passthrough` as a model keeps the name that was asked
//! for, as `auth_value` the client's own credential. `big_model` stands for all but haiku. Times are seconds.

use crate::found::{Auth, Dialect, Member, Provider, Reading, Tiers};
use crate::providers_json::policy_of;
use crate::routes::{Route, settle};
use crate::table::Table;
use crate::values::{Variables, key};

const PASS: &str = "passthrough";
/// What fails over here by itself.
const USUAL: [u32; 17] = [
    401, 402, 403, 408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 529, 404,
];

pub(crate) fn read(mut root: Table, found: &mut Reading<'_>) {
    // From the names of the source to the names here.
    let mut names: Vec<(String, String)> = Vec::new();
    for table in root.tables("providers", &mut found.report) {
        names.extend(provider(table, found));
    }
    let mut settings = root.table("settings", &mut found.report);
    let policy = settings.as_mut().and_then(|settings| {
        let place = settings.at("selection_strategy");
        let word = settings.filled("selection_strategy", &mut found.report)?;
        policy_of(&word, &place, found)
    });
    let routes = root.table("model_routes", &mut found.report);
    let routes = routes.map(|routes| self::routes(routes, &names, found));
    let all = Reading::members(names.iter().map(|(_, name)| name));
    settle(
        found,
        "providers",
        &all,
        policy.as_deref(),
        routes.unwrap_or_default(),
    );
    if let Some(settings) = settings {
        self::settings(settings, found);
    }
    root.rest(&mut found.report);
}

fn provider(mut table: Table, found: &mut Reading<'_>) -> Option<(String, String)> {
    let place = table.place.clone();
    let report = &mut found.report;
    let wish = table.filled("name", report).unwrap_or_default();
    let kind = table.filled("type", report).unwrap_or_default();
    let dialect = match kind.as_str() {
        "anthropic" | "" => Dialect::Anthropic,
        "openai" => Dialect::OpenaiChat,
        other => {
            let why =
                format!("providers of the type {other:?} speak a wire format that Turnout has not");
            report.left(place, why);
            return None;
        }
    };
    let Some(url) = table.filled("base_url", report) else {
        report.left(place, "a provider without a base_url cannot be called");
        return None;
    };
    let enabled = table.flag("enabled", report).unwrap_or(true);
    let base_url = found.written(&place, &url, Variables::None)?;
    let name = found.provider_names.give(&wish, &place, &mut found.report);
    let mut provider = Provider {
        name: name.clone(),
        dialect,
        base_url,
        enabled: (!enabled).then_some(false),
        ..Provider::default()
    };
    auth(&mut table, &mut provider, found);
    models(&mut table, &mut provider, found);
    let at = table.at("proxy");
    if let Some(url) = table.filled("proxy", &mut found.report) {
        provider.proxy = found.proxy(&at, &url);
    }
    table.leave(
        &["streaming_mode"],
        "streams always go on as they come, and fail over before the first word",
        &mut found.report,
    );
    table.rest(&mut found.report);
    found.provider(&place, provider);
    Some((wish, name))
}

fn auth(table: &mut Table, provider: &mut Provider, found: &mut Reading<'_>) {
    let (how, value) = (table.at("auth_type"), table.at("auth_value"));
    let kind = table
        .filled("auth_type", &mut found.report)
        .unwrap_or_default();
    let text = table
        .text("auth_value", &mut found.report)
        .unwrap_or_default();
    if text == PASS {
        provider.auth = Some(Auth::word("client"));
        found.report.changed(
            value,
            "auth = \"client\": the client's own login goes to this provider; connect Claude Code with --own-login",
        );
        return;
    }
    provider.auth = match (kind.as_str(), provider.dialect) {
        ("auth_token", Dialect::Anthropic) => Some(Auth::word("bearer")),
        ("api_key" | "auth_token" | "", _) => None,
        (other, _) => {
            let why =
                format!("{other:?} is a login that Turnout cannot do; give the provider a key");
            found.report.left(how, why);
            None
        }
    };
    provider.keys.extend(key(&text, Variables::None));
    if provider.keys.is_empty() {
        found.report.left(
            value,
            "it is no key but empty or an example; set it with `keys set`",
        );
    }
}

fn models(table: &mut Table, provider: &mut Provider, found: &mut Reading<'_>) {
    let mut model = |field: &str| {
        let name = table.filled(field, &mut found.report)?;
        let at = table.at(field);
        if name == PASS {
            found
                .report
                .taken(at, "the name that is asked for goes unchanged");
            return None;
        }
        Some(name)
    };
    let (big, middle, small) = (
        model("big_model"),
        model("middle_model"),
        model("small_model"),
    );
    match (big, small) {
        (Some(big), Some(small)) => {
            provider.models = Tiers {
                middle: vec![middle.unwrap_or_else(|| big.clone())],
                big: vec![big],
                small: vec![small],
            };
        }
        // A tier without a model would take its neighbour's, so names are mapped instead.
        (Some(big), None) => {
            let middle = middle.unwrap_or_else(|| big.clone());
            provider.model_map = vec![("*opus*".to_owned(), big), ("*sonnet*".to_owned(), middle)];
        }
        (None, Some(small)) => provider.model_map = vec![("*haiku*".to_owned(), small)],
        (None, None) => {}
    }
}

fn routes(table: Table, names: &[(String, String)], found: &mut Reading<'_>) -> Vec<Route> {
    let mut routes = Vec::new();
    for (glob, item) in table.items() {
        let place = item.place.clone();
        let mut holder = Table::new("", [(place.clone(), item.value)].into_iter().collect());
        let mut members = Vec::new();
        for mut entry in holder.tables(&place, &mut found.report) {
            let at = entry.place.clone();
            let Some(wish) = entry.filled("provider", &mut found.report) else {
                continue;
            };
            let Some((_, name)) = names.iter().find(|(source, _)| *source == wish) else {
                found
                    .report
                    .left(at, format!("the provider {wish} was not taken"));
                continue;
            };
            let priority = entry.number("priority", &mut found.report);
            let model = entry.filled("model", &mut found.report);
            if let Some(model) = model.filter(|model| model != PASS) {
                let mut providers = found.providers.iter_mut();
                if let Some(provider) = providers.find(|provider| provider.name == *name) {
                    provider.model_map.push((glob.clone(), model));
                }
            }
            entry.rest(&mut found.report);
            let priority = priority.map_or(members.len() as i64 + 1, |priority| priority as i64);
            members.push(Member {
                provider: name.clone(),
                priority,
                weight: None,
            });
        }
        if !members.is_empty() {
            routes.push(Route {
                place,
                glob,
                members,
            });
        }
    }
    routes
}

fn settings(mut table: Table, found: &mut Reading<'_>) {
    for (field, path) in [
        ("failure_cooldown", "routing.cooldown"),
        ("request_timeout", "routing.timeouts.first_event"),
    ] {
        let place = table.at(field);
        if let Some(span) = table.span(field, &mut found.report) {
            found.setting(&place, path, span);
        }
    }
    if let Some(timeouts) = table.table("timeouts", &mut found.report) {
        self::timeouts(timeouts, found);
    }
    failover_on(&mut table, found);
    let place = table.at("log_level");
    if let Some(level) = table.filled("log_level", &mut found.report) {
        found.log_level(&place, &level);
    }
    let report = &mut found.report;
    table.leave(
        &["host", "port"],
        "clients call server.listen, 127.0.0.1:7790 unless you say otherwise",
        report,
    );
    table.leave(
        &["failover_error_types"],
        "what fails over is told by status and body, see routing.failover_on",
        report,
    );
    table.leave(
        &["idle_recovery_interval"],
        "a provider is tried again by itself as soon as it recovers",
        report,
    );
    table.leave(
        &["deduplication"],
        "each request is sent once; the same one sent twice is answered twice",
        report,
    );
    table.leave(
        &["oauth"],
        "logins of the balancer cannot be moved; auth = \"client\" uses the client's own",
        report,
    );
    table.leave(
        &["client_disconnect_watchdog"],
        "a client that leaves always ends its request",
        report,
    );
    table.leave(
        &["log_color", "log_file_path"],
        "the log goes to the data folder, coloured on a terminal",
        report,
    );
    table.ignore(&[
        "app_name",
        "app_version",
        "reload",
        "reload_includes",
        "testing",
    ]);
    table.rest(report);
}

fn timeouts(mut table: Table, found: &mut Reading<'_>) {
    if let Some(mut streaming) = table.table("streaming", &mut found.report) {
        for (field, path) in [
            ("connect_timeout", "routing.timeouts.connect"),
            ("first_chunk_timeout", "routing.timeouts.first_event"),
            ("chunk_timeout", "routing.timeouts.idle"),
        ] {
            let place = streaming.at(field);
            if let Some(span) = streaming.span(field, &mut found.report) {
                found.setting(&place, path, span);
            }
        }
        streaming.rest_as(
            "Turnout times the phases of a request: connect, first_event, idle, total",
            &mut found.report,
        );
    }
    table.leave(
        &["non_streaming"],
        "streamed or not, the same timeouts hold",
        &mut found.report,
    );
    if let Some(mut health) = table.table("health_check", &mut found.report) {
        let place = health.at("timeout");
        if let Some(span) = health.span("timeout", &mut found.report) {
            found.setting(&place, "routing.health.timeout", span);
        }
        health.rest_as("a health check has one timeout", &mut found.report);
    }
    table.rest(&mut found.report);
}

/// Statuses that fail over; most do so anyway.
fn failover_on(table: &mut Table, found: &mut Reading<'_>) {
    let place = table.at("failover_http_codes");
    let items = table.list("failover_http_codes", &mut found.report);
    if items.is_empty() {
        return;
    }
    let codes = items.iter().filter_map(|item| item.value.as_u64());
    let codes: Vec<u32> = codes.filter_map(|code| u32::try_from(code).ok()).collect();
    let extra: Vec<u32> = codes
        .into_iter()
        .filter(|code| !USUAL.contains(code))
        .collect();
    found.report.changed(
        &place,
        "these fail over here by themselves, but 404 for a path that is not there",
    );
    if !extra.is_empty() {
        found.setting(&place, "routing.failover_on", extra);
    }
}
