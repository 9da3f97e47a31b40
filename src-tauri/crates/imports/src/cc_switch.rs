//! cc-switch: providers of several client programs, each kept as that client's own settings.
//!
//! Facts of the format: the database's table `providers` has one row for each provider and app; `settings_config` is
//! JSON: for Claude Code its settings with `env`, for Codex `auth` (`auth.json`) and `config` (`config.toml` as text),
//! for Gemini CLI its `env`; `meta` says what the switcher itself knows. The older `config.json` has the same under
//! `APP.providers.ID.settingsConfig`, its very first version without the app. An official entry has no settings: the
//! client's own login serves.

use serde_json::{Map, Value};

use crate::found::{
    Auth, Dialect, Found, Group, Key, Pricing, Provider, Reading, Rule, Target, Tiers, When,
};
use crate::kind::{Kind, Unreadable};
use crate::table::Table;
use crate::values::{Variables, key};
use crate::{Env, known};

/// Apps whose settings can be taken, and what their clients speak.
const TAKEN: [(&str, Dialect); 3] = [
    ("claude", Dialect::Anthropic),
    ("codex", Dialect::OpenaiResponses),
    ("gemini", Dialect::Gemini),
];
/// All apps.
pub(crate) const APPS: [&str; 3] = ["claude", "codex", "gemini"];
const GEMINI: &str = "https://generativelanguage.googleapis.com";
const OPENAI: &str = "https://api.openai.com/v1";

/// A row of the table `providers`.
#[derive(Clone, Default)]
pub struct Row {
    /// The client program: `claude`, `codex`, `gemini`, and others.
    pub app: String,
    /// Its name, as shown.
    pub name: String,
    /// The client's settings, as JSON.
    pub settings: String,
    /// What the switcher knows of it, as JSON.
    pub meta: String,
    /// Whether the app uses it now.
    pub is_current: bool,
}

/// Reads the rows of the database, in the order in which they are shown.
pub fn read_cc_switch(rows: &[Row], env: Env<'_>) -> Result<Found, Unreadable> {
    let mut found = Reading::new(Kind::CcSwitch, env);
    take(rows, &mut found);
    found.finished()
}

/// Reads the older `config.json`.
pub(crate) fn read(mut root: Table, found: &mut Reading<'_>) {
    let mut rows = Vec::new();
    if root.has("providers") {
        // The first version knew Claude Code alone.
        rows.extend(managed("claude", root.clone(), found));
        root.ignore(&["providers", "current"]);
    }
    for (app, item) in root.clone().items() {
        let is_app = item.value.get("providers").is_some_and(Value::is_object);
        if let Some(table) = is_app.then(|| item.table(&mut found.report)).flatten() {
            root.ignore(&[app.as_str()]);
            rows.extend(managed(&app, table, found));
        }
    }
    take(&rows, found);
    let report = &mut found.report;
    root.ignore(&["version"]);
    root.rest_as(
        "it belongs to the client programs, not to their providers",
        report,
    );
}

fn managed(app: &str, mut table: Table, found: &mut Reading<'_>) -> Vec<Row> {
    let current = table.text("current", &mut found.report);
    let providers = table.table("providers", &mut found.report);
    let mut rows = Vec::new();
    for (id, item) in providers.into_iter().flat_map(Table::items) {
        let Some(mut entry) = item.table(&mut found.report) else {
            continue;
        };
        let json = |item: Option<crate::table::Item>| item.map(|item| item.value.to_string());
        rows.push(Row {
            app: app.to_owned(),
            name: entry
                .filled("name", &mut found.report)
                .unwrap_or_else(|| id.clone()),
            settings: json(entry.take("settingsConfig")).unwrap_or_default(),
            meta: json(entry.take("meta")).unwrap_or_default(),
            is_current: current.as_deref() == Some(&id),
        });
    }
    rows
}

fn take(rows: &[Row], found: &mut Reading<'_>) {
    let mut groups: Vec<(Dialect, Vec<String>)> = Vec::new();
    for (app, dialect) in TAKEN {
        let mut members = Vec::new();
        for row in rows.iter().filter(|row| row.app == app) {
            if let Some(name) = provider(row, dialect, found) {
                // The one in use goes first.
                let at = if row.is_current { 0 } else { members.len() };
                members.insert(at, name);
            }
        }
        if members.is_empty() {
            continue;
        }
        let place = format!("providers ({app})");
        let name = found.group_names.give(app, &place, &mut found.report);
        groups.push((dialect, vec![name.clone()]));
        let group = Group {
            name,
            policy: None,
            cooldown: None,
            members: Reading::members(&members),
        };
        found.group(&place, group);
    }
    for row in rows.iter().filter(|row| !APPS.contains(&row.app.as_str())) {
        let place = place(row);
        found.report.left(
            place,
            "it belongs to a client program whose settings Turnout does not read",
        );
    }
    if groups.len() < 2 {
        return;
    }
    for (dialect, names) in groups {
        let group = names.into_iter().next();
        let place = format!("providers ({})", group.as_deref().unwrap_or_default());
        let wish = format!("{}-clients", dialect.name());
        let name = found.rule_names.give(&wish, &place, &mut found.report);
        let when = When {
            dialect: Some(dialect),
            ..When::default()
        };
        let target = Target {
            group,
            ..Target::default()
        };
        found.rule(&place, Rule { name, when, target });
    }
}

fn place(row: &Row) -> String {
    format!("{} / {}", row.app, row.name)
}

fn provider(row: &Row, dialect: Dialect, found: &mut Reading<'_>) -> Option<String> {
    let place = place(row);
    let Some(settings) = object(&row.settings) else {
        found.report.left(place, "its settings are broken");
        return None;
    };
    let mut settings = Table::new(place.clone(), settings);
    let mut meta = Table::new(
        format!("{place}.meta"),
        object(&row.meta).unwrap_or_default(),
    );
    let mut provider = Provider {
        dialect,
        ..Provider::default()
    };
    let is_there = match row.app.as_str() {
        "codex" => codex(&mut settings, &mut provider, found),
        "gemini" => gemini(&mut settings, &mut provider, found),
        _ => claude(&mut settings, &mut meta, &mut provider, found),
    };
    let managed = meta.filled("providerType", &mut found.report);
    if !is_there || managed.is_some() {
        found.report.left(
            place,
            "it stands for the client's own login; a provider with auth = \"client\" and `connect --own-login` do that",
        );
        return None;
    }
    settings.rest_as(
        "it is a setting of the client program, which keeps it",
        &mut found.report,
    );
    about(meta, &mut provider, found);
    provider.name = found
        .provider_names
        .give(&row.name, &place, &mut found.report);
    let name = provider.name.clone();
    found.provider(&place, provider);
    Some(name)
}

fn about(mut meta: Table, provider: &mut Provider, found: &mut Reading<'_>) {
    let report = &mut found.report;
    let multiplier = meta.number("costMultiplier", report);
    let multiplier =
        multiplier.filter(|factor| (0.0..1e6).contains(factor) && *factor < 1.0 || *factor > 1.0);
    provider.price = multiplier.map(|_| Pricing {
        multiplier,
        ..Pricing::default()
    });
    meta.leave(
        &["limitDailyUsd", "limitMonthlyUsd"],
        "a limit of spending is a budget: [[ledger.budgets]] with provider, limit_usd and per",
        report,
    );
    meta.leave(
        &["usage_script"],
        "what a vendor says is left of an account is not asked for",
        report,
    );
    meta.leave(
        &["custom_endpoints"],
        "further addresses of a relay are providers of their own",
        report,
    );
    meta.ignore(&[
        "apiKeyField",
        "commonConfigEnabled",
        "endpointAutoSelect",
        "isPartner",
        "partnerPromotionKey",
        "pricingModelSource",
        "liveConfigManaged",
    ]);
    meta.rest(report);
}

fn object(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok()
}

fn claude(
    settings: &mut Table,
    meta: &mut Table,
    provider: &mut Provider,
    found: &mut Reading<'_>,
) -> bool {
    let Some(mut env) = settings.table("env", &mut found.report) else {
        return false;
    };
    let report = &mut found.report;
    let url = env.filled("ANTHROPIC_BASE_URL", report);
    let token = credential(&mut env, "ANTHROPIC_AUTH_TOKEN", found);
    let api_key = credential(&mut env, "ANTHROPIC_API_KEY", found);
    if url.is_none() && token.is_none() && api_key.is_none() {
        return false;
    }
    provider.base_url = url.unwrap_or_else(|| "https://api.anthropic.com".to_owned());
    provider.auth = Some(Auth::word(if token.is_some() {
        "bearer"
    } else {
        "x-api-key"
    }));
    provider.keys.extend(token.or(api_key));
    let report = &mut found.report;
    let mut model = |names: &[&str]| {
        let found = names.iter().filter_map(|name| env.filled(name, report));
        found
            .collect::<Vec<_>>()
            .into_iter()
            .next()
            .into_iter()
            .collect::<Vec<_>>()
    };
    let usual = model(&["ANTHROPIC_MODEL"]);
    let or = |tier: Vec<String>| if tier.is_empty() { usual.clone() } else { tier };
    let (big, middle, small) = (
        model(&["ANTHROPIC_DEFAULT_OPUS_MODEL"]),
        model(&["ANTHROPIC_DEFAULT_SONNET_MODEL"]),
        model(&[
            "ANTHROPIC_DEFAULT_HAIKU_MODEL",
            "ANTHROPIC_SMALL_FAST_MODEL",
        ]),
    );
    provider.models = Tiers {
        big: or(big),
        middle: or(middle),
        small: or(small),
    };
    if let Some(format) = meta.filled("apiFormat", report) {
        provider.dialect = match format.as_str() {
            "openai_chat" => Dialect::OpenaiChat,
            "openai_responses" => Dialect::OpenaiResponses,
            "gemini_native" => Dialect::Gemini,
            _ => Dialect::Anthropic,
        };
        if provider.dialect != Dialect::Anthropic {
            // A bearer token and Gemini's header are what these dialects want by themselves.
            provider.auth = None;
        }
    }
    env.rest_as("it is a setting of Claude Code, which keeps it", report);
    true
}

/// A key in a table of variables; an example or nothing is none.
fn credential(env: &mut Table, name: &str, found: &mut Reading<'_>) -> Option<Key> {
    let place = env.at(name);
    let text = env.filled(name, &mut found.report)?;
    let key = key(&text, Variables::None);
    if key.is_none() {
        found
            .report
            .left(place, "it is no key but an example; set it with `keys set`");
    }
    key
}

fn codex(settings: &mut Table, provider: &mut Provider, found: &mut Reading<'_>) -> bool {
    let place = settings.at("config");
    let config = settings
        .filled("config", &mut found.report)
        .unwrap_or_default();
    let Ok(config) = toml::from_str::<Value>(&config) else {
        found.report.left(place, "it is not valid TOML");
        return false;
    };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let named = text(config.get("model_provider"));
    let own = named
        .as_ref()
        .and_then(|name| config.get("model_providers")?.get(name));
    let url =
        text(own.and_then(|own| own.get("base_url"))).or_else(|| text(config.get("base_url")));
    let auth = settings.table("auth", &mut found.report);
    let token = text(own.and_then(|own| own.get("experimental_bearer_token")));
    let variable = text(own.and_then(|own| own.get("env_key")));
    let mut keys = Vec::new();
    if let Some(mut auth) = auth {
        keys.extend(credential(&mut auth, "OPENAI_API_KEY", found));
        auth.ignore(&["auth_mode"]);
        auth.rest_as("a login of Codex cannot be moved", &mut found.report);
    }
    keys.extend(token.and_then(|token| key(&token, Variables::None)));
    if keys.is_empty() {
        keys.extend(variable.map(Key::Env));
    }
    keys.truncate(1);
    if url.is_none() && keys.is_empty() {
        return false;
    }
    provider.base_url = url.unwrap_or_else(|| OPENAI.to_owned());
    provider.keys = keys;
    if text(own.and_then(|own| own.get("wire_api"))).as_deref() == Some("chat") {
        provider.dialect = Dialect::OpenaiChat;
    }
    if let Some(model) = text(config.get("model")) {
        provider.models = Tiers::all(&model);
        if !model.starts_with("gpt-") {
            provider.model_map = vec![("gpt-*".to_owned(), model.clone())];
        }
        let told = format!("names of Claude's and OpenAI's models stand for {model} there");
        found.report.changed(format!("{place}.model"), told);
    }
    let kept = ["model", "model_provider", "model_providers", "base_url"];
    for name in config.as_object().into_iter().flat_map(Map::keys) {
        if !kept.contains(&name.as_str()) {
            found.report.left(
                format!("{place}.{name}"),
                "it is a setting of Codex, which keeps it",
            );
        }
    }
    true
}

fn gemini(settings: &mut Table, provider: &mut Provider, found: &mut Reading<'_>) -> bool {
    let Some(mut env) = settings.table("env", &mut found.report) else {
        return false;
    };
    let url = env.filled("GOOGLE_GEMINI_BASE_URL", &mut found.report);
    let own = credential(&mut env, "GEMINI_API_KEY", found);
    let key = credential(&mut env, "GOOGLE_API_KEY", found);
    let key = own.or(key);
    if url.is_none() && key.is_none() {
        return false;
    }
    provider.base_url = known::base_of(&url.unwrap_or_else(|| GEMINI.to_owned()));
    provider.keys.extend(key);
    if let Some(model) = env.filled("GEMINI_MODEL", &mut found.report) {
        provider.models = Tiers::all(&model);
    }
    env.rest_as(
        "it is a setting of Gemini CLI, which keeps it",
        &mut found.report,
    );
    true
}
