//! An instance as it could be on a busy morning, told in the words of the admin API.

use daemon::view::{Connection, Group, LogLine, Notice, Provider, Request, Status, Suspended};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::top::facts::Look;
use crate::top::state::{News, State};

/// The time of every picture.
pub(super) fn now() -> Timestamp {
    "2026-03-05T10:20:30Z".parse().unwrap()
}

/// A time so many seconds before, or after where they are negative.
pub(super) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(super) fn read<T: DeserializeOwned>(told: Value) -> T {
    serde_json::from_value(told).unwrap()
}

pub(super) fn status() -> Status {
    read(json!({
        "version": "0.1.0", "uptime": 15_120, "mode": "auto", "active_group": "main",
        "active_provider": "anthropic", "serving_group": "main", "in_flight": 2, "suspended": 0,
        "today": {
            "requests": 1204, "failures": 3, "input_tokens": 310_000, "output_tokens": 421_000,
            "cache_read_tokens": 12_100_000, "cache_write_tokens": 900_000, "reasoning_tokens": 0, "cost_usd": "8.1234",
        },
        "groups": [{ "name": "main", "state": "active" }, { "name": "spare", "state": "standby" }],
        "problems": [], "config_problem": null, "listen": "127.0.0.1:7790",
        "base_url": "http://127.0.0.1:7790", "practice_outage": false,
    }))
}

fn member(provider: &str, priority: i32, health: &str) -> Value {
    let tried = health != "unknown";
    json!({
        "provider": provider, "priority": priority, "weight": 1, "health": health, "cooling_until": null,
        "ttft_ms": tried.then_some(812), "success_rate": tried.then_some(0.99),
    })
}

pub(super) fn group(name: &str, state: &str, members: &[(&str, i32, &str)]) -> Group {
    let members: Vec<Value> = members
        .iter()
        .map(|(provider, priority, health)| member(provider, *priority, health))
        .collect();
    read(json!({
        "name": name, "active": state == "active", "paused": state == "paused", "state": state,
        "policy": "priority", "cooling_until": null, "members": members,
    }))
}

pub(super) fn provider(name: &str, dialect: &str, health: &str) -> Provider {
    let tried = health != "unknown";
    read(json!({
        "name": name, "dialect": dialect, "base_url": format!("https://{name}.example/api"), "enabled": true,
        "health": health, "cooling_until": null, "last_error": null, "ttft_ms": tried.then_some(812),
        "success_rate": tried.then_some(0.99), "limits": { "rpm": null, "tpm": null, "concurrency": null },
        "models": { "big": ["glm-4.6"], "middle": [], "small": ["qwen3-8b"] }, "keys": 2, "groups": ["main"],
    }))
}

/// A request that is in `status`, begun so many seconds ago.
pub(super) fn request(number: u32, status: &str, seconds: i64) -> Request {
    let ended = !matches!(status, "pending" | "forwarding" | "streaming");
    Request {
        id: format!("req-{number:08x}"),
        started_at: ago(seconds),
        status: status.to_owned(),
        client: Some("claude-code".to_owned()),
        client_dialect: Some("anthropic".to_owned()),
        path: Some("/v1/messages".to_owned()),
        model_requested: Some("claude-sonnet-4-5".to_owned()),
        model_used: Some("claude-sonnet-4-5".to_owned()),
        provider: (status != "pending").then(|| "anthropic".to_owned()),
        group: Some("main".to_owned()),
        stream: true,
        attempts: u32::from(status != "pending"),
        ttft_ms: (ended || status == "streaming").then_some(700 + u64::from(number) * 13),
        duration_ms: ended.then_some(2_300),
        input_tokens: if ended { 1_200 } else { 0 },
        cache_read_tokens: if ended { 41_000 } else { 0 },
        output_tokens: if ended { 412 } else { 0 },
        cost_usd: ended.then(|| "0.0231".to_owned()),
        ..Request::default()
    }
}

/// The same as its client's connection.
pub(super) fn connection(number: u32, status: &str, seconds: i64) -> Connection {
    read(json!({
        "id": format!("req-{number:08x}"), "since": ago(seconds), "status": status, "mark": null,
        "client": "claude-code", "token": null, "session": null, "path": "/v1/messages", "provider": "anthropic",
        "model": "claude-sonnet-4-5", "stream": true, "attempts": 1, "ttft_ms": null, "input_tokens": 0,
        "output_tokens": 0, "bytes_in": 0, "bytes_out": 0,
    }))
}

pub(super) fn waiting(number: u32, seconds: i64) -> Suspended {
    read(json!({
        "id": format!("req-{number:08x}"), "position": number, "since": ago(seconds), "until": ago(seconds - 300),
        "model_requested": "claude-opus-4-5", "group": null, "provider": null,
        "reason": "anthropic rests for 41 s, relay is open",
    }))
}

pub(super) fn line(id: u64, level: &str, message: &str) -> LogLine {
    read(json!({
        "id": id, "at": ago(60 - id as i64), "level": level, "target": "daemon::pump", "message": message,
        "fields": {},
    }))
}

pub(super) fn notice(kind: &str, title: &str, body: &str) -> Notice {
    read(json!({ "kind": kind, "title": title, "body": body, "at": ago(42) }))
}

pub(super) fn look() -> Look {
    Look {
        status: status(),
        groups: vec![
            group(
                "main",
                "active",
                &[("anthropic", 1, "healthy"), ("relay", 2, "healthy")],
            ),
            group(
                "spare",
                "standby",
                &[("openrouter", 1, "unknown"), ("relay", 1, "healthy")],
            ),
        ],
        providers: vec![
            provider("anthropic", "anthropic", "healthy"),
            provider("relay", "anthropic", "healthy"),
            provider("openrouter", "openai-chat", "unknown"),
        ],
        waiting: Vec::new(),
        connections: Vec::new(),
    }
}

/// Nothing is known yet.
pub(super) fn blank() -> State {
    State::new(now(), TimeZone::UTC, false)
}

/// All goes well.
pub(super) fn calm() -> State {
    let mut state = blank();
    let rows = vec![
        request(8, "streaming", 3),
        request(7, "forwarding", 5),
        request(6, "completed", 9),
        Request {
            model_requested: Some("claude-haiku-4-5".to_owned()),
            model_used: Some("qwen3-8b".to_owned()),
            provider: Some("relay".to_owned()),
            attempts: 2,
            ..request(5, "completed", 64)
        },
        Request {
            client: Some("codex".to_owned()),
            ..request(4, "cancelled", 305)
        },
    ];
    let mut look = look();
    look.connections = vec![
        connection(8, "streaming", 3),
        connection(7, "forwarding", 5),
    ];
    let news = News::Up {
        look: Box::new(look),
        requests: rows,
        log: vec![
            line(2, "info", "group main was chosen"),
            line(1, "info", "Turnout 0.1.0 listens on 127.0.0.1:7790"),
        ],
    };
    state.hear(news, now());
    state
}

/// Much goes wrong.
pub(super) fn troubled() -> State {
    let mut state = calm();
    let mut look = look();
    look.status.suspended = 2;
    look.status.active_provider = None;
    look.status.budgets = read(json!([{
        "name": "daily", "limit_usd": "10", "spent_usd": "8.6", "per": "day", "since": ago(37_230), "until": ago(-49_170),
        "share": 0.86, "state": "ok", "then": "notify", "token": null, "group": null, "provider": null,
    }]));
    look.groups[0].members[0].health = read(json!("cooling"));
    look.groups[0].members[0].cooling_until = Some(ago(-41));
    look.groups[0].members[1].health = read(json!("open"));
    look.groups[0].state = read(json!("cooling"));
    look.providers[0].health = read(json!("cooling"));
    look.providers[0].cooling_until = Some(ago(-41));
    look.providers[0].last_error = Some("rate_limited (claude-sonnet-4-5)".to_owned());
    look.providers[0].limits = json!({ "rpm": 60, "tpm": 200_000, "concurrency": null });
    look.providers[1].health = read(json!("open"));
    look.providers[1].success_rate = Some(0.41);
    look.providers[1].last_error = Some("server_error (glm-4.6)".to_owned());
    look.waiting = vec![waiting(1, 75), waiting(2, 12)];
    let failed = Request {
        reason: Some("overloaded".to_owned()),
        error: Some("relay answered 529: Overloaded".to_owned()),
        http_status: Some(529),
        provider: Some("relay".to_owned()),
        attempts: 3,
        ..request(9, "failed", 30)
    };
    let suspended = Request {
        mark: Some("suspended".to_owned()),
        provider: None,
        ..request(2, "pending", 12)
    };
    let told = |number| Connection {
        mark: Some("suspended".to_owned()),
        ..connection(number, "pending", if number == 1 { 75 } else { 12 })
    };
    look.connections = vec![told(2), told(1)];
    let news = News::Up {
        look: Box::new(look),
        requests: vec![suspended, failed],
        log: vec![
            line(4, "error", "no provider can serve"),
            line(3, "warn", "anthropic rests, as it limits the rate"),
            line(1, "info", "Turnout 0.1.0 listens on 127.0.0.1:7790"),
        ],
    };
    state.hear(news, now());
    let notice = notice("failover", "relay serves", "anthropic limits the rate");
    state.hear(
        News::Event(daemon::view::Payload::Notice(Box::new(notice))),
        now(),
    );
    state
}
