//! `config.json` of claude-code-router: providers with whole endpoints, and a router by occasion.
//!
//! Facts of the format: `Router` values are `provider,model`; the order in which occasions are looked at is a long
//! context (60,000 tokens unless told), Claude Code's background calls, web search, thinking, and else `default`; `$NAME`
//! and `${NAME}` are environment variables; transformers adapt to vendors, and `Anthropic` alone passes through.

use crate::found::{Auth, Dialect, Group, Provider, Reading, Rule, Target, Tiers, When};
use crate::known::{azure, base_of, dialect_of, is_local, outward};
use crate::table::{Item, Table};
use crate::values::{Variables, key};

const HOW: Variables = Variables::Shell;
const LONG: u32 = 60_000;
/// Transformers that log in by a command-line client or a cloud's own way.
const LOGINS: [&str; 6] = [
    "gemini-cli",
    "qwen-cli",
    "rovo-cli",
    "chutes-glm",
    "vertex-gemini",
    "vertex-claude",
];

/// A provider as the router names it, as it is called here, and its models.
struct Known {
    source: String,
    name: String,
    models: Vec<String>,
}

pub(crate) fn read(mut root: Table, found: &mut Reading<'_>) {
    let field = if root.has("Providers") {
        "Providers"
    } else {
        "providers"
    };
    let mut known: Vec<Known> = Vec::new();
    let place = root.at("PROXY_URL");
    let proxy = root.filled("PROXY_URL", &mut found.report);
    let proxy = proxy.and_then(|url| found.proxy(&place, &url));
    for table in root.tables(field, &mut found.report) {
        known.extend(provider(table, proxy.as_ref(), found));
    }
    let router = root.table("Router", &mut found.report);
    let mut order: Vec<String> = known.iter().map(|one| one.name.clone()).collect();
    if let Some(router) = router {
        let first = self::router(router, &known, found);
        order.sort_by_key(|name| Some(name) != first.as_ref());
    }
    let name = found.kind.group();
    let name = found.group_names.give(name, field, &mut found.report);
    let group = Group {
        name,
        policy: None,
        cooldown: None,
        members: Reading::members(&order),
    };
    found.group(field, group);
    settings(&mut root, found);
    root.rest(&mut found.report);
}

fn provider(mut table: Table, proxy: Option<&String>, found: &mut Reading<'_>) -> Option<Known> {
    let place = table.place.clone();
    let report = &mut found.report;
    let source = table.filled("name", report).unwrap_or_default();
    let url = table.filled("api_base_url", report);
    let Some(url) = url.or_else(|| table.filled("baseUrl", report)) else {
        report.left(place, "a provider without an api_base_url cannot be called");
        return None;
    };
    let models = table
        .take("models")
        .map(|item| item.texts(report))
        .unwrap_or_default();
    let at = table.at("transformer");
    let used = table
        .table("transformer", report)
        .map(|table| transformers(table, report));
    let used = used.unwrap_or_default();
    if let Some(login) = used.iter().find(|name| LOGINS.contains(&name.as_str())) {
        let why = format!(
            "{login} logs in by another program, which Turnout cannot; give a key at the vendor's API"
        );
        report.left(place, why);
        return None;
    }
    let url = found.written(&place, &url, HOW)?;
    let has = |name: &str| used.iter().any(|used| used.eq_ignore_ascii_case(name));
    let dialect = match dialect_of(&url) {
        _ if has("Anthropic") => Dialect::Anthropic,
        _ if has("gemini") => Dialect::Gemini,
        Some(dialect) => dialect,
        None => Dialect::OpenaiChat,
    };
    let name = found
        .provider_names
        .give(&source, &place, &mut found.report);
    let mut provider = Provider {
        name: name.clone(),
        dialect,
        base_url: base_of(&url),
        proxy: outward(&url, proxy),
        ..Provider::default()
    };
    if url.contains(".openai.azure.com") {
        let version = url
            .split_once("api-version=")
            .map_or("2024-10-21", |(_, version)| version);
        provider.base_url = azure(&url, version);
        provider.auth = Some(Auth::header("api-key"));
        found.report.changed(
            table.at("api_base_url"),
            "Azure's deployment stands in base_url as {model}",
        );
    }
    adapted(&used, &at, found);
    let at = table.at("api_key");
    if let Some(text) = table.text("api_key", &mut found.report) {
        provider.keys.extend(key(&text, HOW));
        if provider.keys.is_empty() && is_local(&provider.base_url) {
            provider.auth = Some(Auth::word("none"));
        } else if provider.keys.is_empty() {
            found
                .report
                .left(at, "it is no key but an example; set it with `keys set`");
        }
    }
    if let Some(model) = models.first() {
        let told = format!(
            "what opus, sonnet and haiku stand for there is {model} until a rule says otherwise"
        );
        found.report.changed(table.at("models"), told);
        provider.models = Tiers::all(model);
    }
    table.rest(&mut found.report);
    found.provider(&place, provider);
    Some(Known {
        source,
        name,
        models,
    })
}

/// The names of the transformers of a provider and of its models; settings of one are told as left.
fn transformers(table: Table, report: &mut crate::Report) -> Vec<String> {
    let mut names = Vec::new();
    for (field, item) in table.items() {
        let uses = match item.value {
            serde_json::Value::Array(_) if field == "use" => Some(item),
            serde_json::Value::Object(_) => {
                let mut of_model = item.table(report);
                let uses = of_model.as_mut().and_then(|table| table.take("use"));
                if let Some(table) = of_model {
                    table.rest(report);
                }
                uses
            }
            _ => None,
        };
        let Some(Item { place, value }) = uses else {
            continue;
        };
        for (index, used) in value.as_array().into_iter().flatten().enumerate() {
            let with = used.as_array();
            let name = with.map_or(Some(used), |with| with.first());
            let Some(name) = name.and_then(serde_json::Value::as_str) else {
                continue;
            };
            if with.is_some_and(|with| with.len() > 1) {
                let why = match name {
                    "maxtoken" => "a bound on answers is set by a rule: use = { max_tokens = N }",
                    _ => "a transformer's settings have no counterpart",
                };
                report.left(format!("{place}[{index}] ({name})"), why);
            } else {
                names.push(name.to_owned());
            }
        }
    }
    names
}

fn adapted(used: &[String], place: &str, found: &mut Reading<'_>) {
    if used.is_empty() {
        return;
    }
    let told = format!(
        "not needed, as Turnout knows what vendors differ in: {}",
        used.join(", ")
    );
    found.report.changed(place, told);
}

/// Rules by occasion; tells the provider that serves all else.
fn router(mut table: Table, known: &[Known], found: &mut Reading<'_>) -> Option<String> {
    let first = route(&mut table, "default", known, found);
    if let Some((name, model)) = &first {
        let place = table.at("default");
        let mut providers = found.providers.iter_mut();
        if let (Some(provider), Some(model)) = (providers.find(|one| one.name == *name), model) {
            provider.models = Tiers::all(model);
            found.report.changed(
                &place,
                format!("{name} goes first; opus, sonnet and haiku stand for {model} there, other names go unchanged"),
            );
        }
    }
    let over = table
        .count("longContextThreshold", &mut found.report)
        .unwrap_or(LONG);
    let occasions = [
        (
            "longContext",
            When {
                tokens_over: Some(over),
                ..When::default()
            },
        ),
        (
            "background",
            When {
                background: Some(true),
                ..When::default()
            },
        ),
        (
            "webSearch",
            When {
                web_search: Some(true),
                ..When::default()
            },
        ),
        (
            "think",
            When {
                thinking: Some(true),
                ..When::default()
            },
        ),
        (
            "image",
            When {
                has_images: Some(true),
                ..When::default()
            },
        ),
    ];
    for (occasion, when) in occasions {
        let place = table.at(occasion);
        let Some((provider, model)) = route(&mut table, occasion, known, found) else {
            continue;
        };
        let name = found.rule_names.give(occasion, &place, &mut found.report);
        let target = Target {
            provider: Some(provider),
            model,
            group: None,
        };
        found.rule(&place, Rule { name, when, target });
    }
    table.leave(
        &["fallback"],
        "when a provider fails, the next member of the group serves; order these by priority",
        &mut found.report,
    );
    table.rest_as(
        "there is no such occasion; write a rule for it",
        &mut found.report,
    );
    first.map(|(name, _)| name)
}

/// The provider, as it is called here, and the model of `provider,model`.
fn route(
    table: &mut Table,
    occasion: &str,
    known: &[Known],
    found: &mut Reading<'_>,
) -> Option<(String, Option<String>)> {
    let place = table.at(occasion);
    let text = table.filled(occasion, &mut found.report)?;
    let (source, model) = text
        .split_once(',')
        .map_or((&*text, None), |(s, m)| (s.trim(), Some(m.trim())));
    let Some(provider) = known.iter().find(|one| one.source == source) else {
        let why = format!("the provider {source} is not there or was not taken");
        found.report.left(place, why);
        return None;
    };
    let model = model.filter(|model| !model.is_empty()).map(str::to_owned);
    if let Some(model) = model
        .as_ref()
        .filter(|model| !provider.models.contains(model))
    {
        let told =
            format!("{model} is not among the models of {source}; it is asked for all the same");
        found.report.changed(&place, told);
    }
    Some((provider.name.clone(), model))
}

fn settings(root: &mut Table, found: &mut Reading<'_>) {
    let place = root.at("APIKEY");
    if let Some(token) = root.filled("APIKEY", &mut found.report) {
        found.client_token(&place, "claude-code-router", &token, HOW);
    }
    let place = root.at("API_TIMEOUT_MS");
    let timeout = root.number("API_TIMEOUT_MS", &mut found.report);
    if let Some(total) = timeout.and_then(crate::values::duration) {
        found.setting(&place, "routing.timeouts.total", total);
    }
    let place = root.at("LOG_LEVEL");
    if let Some(level) = root.filled("LOG_LEVEL", &mut found.report) {
        found.log_level(&place, &level);
    }
    let report = &mut found.report;
    root.leave(
        &["HOST", "PORT"],
        "clients call server.listen, 127.0.0.1:7790 unless you say otherwise",
        report,
    );
    root.leave(
        &["CUSTOM_ROUTER_PATH"],
        "a script cannot be taken over; rules say most of what it does",
        report,
    );
    root.leave(
        &["transformers", "plugins"],
        "code cannot be taken over",
        report,
    );
    root.leave(&["StatusLine"], "it belongs to Claude Code", report);
    root.leave(
        &["LOG", "log"],
        "the log is always kept; [log] says how much of it",
        report,
    );
    root.leave(
        &["fallback"],
        "when a provider fails, the next member of the group serves; order these by priority",
        report,
    );
    root.ignore(&["CLAUDE_PATH", "NON_INTERACTIVE_MODE"]);
}
