//! Every call that the description tells of, made once: no call without a case here, and no case without a call.

use std::collections::BTreeSet;

use daemon::{Daemon, Options};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{ADMIN, CLIENT, CONFIG, Home, House, until, with_json};

/// A call as the description names it, the status that comes back, where it goes in this case, and what it sends.
struct Case {
    name: String,
    status: u16,
    path: String,
    body: Value,
}

/// A case each line: status, method, path as told, the path of this case where it is another one, and a body. They stand
/// in an order in which each finds what it is about; `CAPTURED` is a request of the history, `WAITING` one that waits,
/// `CONFIG` the config there is. These are below `/api/v1`.
const INSIDE: &str = r#"
200 GET /status
200 GET /models
200 GET /connect
200 POST /session
200 POST /ui-link
200 GET /groups
201 POST /groups {"name": "third", "members": [{"provider": "spare"}]}
200 PUT /groups {"order": ["main", "third"]}
200 GET /groups/{name} as /groups/third
200 PUT /groups/{name} as /groups/third {"policy": "weighted"}
200 POST /groups/{name}/pause as /groups/third/pause
200 POST /groups/{name}/resume as /groups/third/resume
204 DELETE /groups/{name} as /groups/third
200 POST /groups/{name}/activate as /groups/second/activate
200 GET /providers
200 GET /endpoints
200 GET /found
200 POST /found/take {"ids": []}
200 GET /presets
200 POST /drafts/test {"dialect": "practice", "model": "claude-haiku-4-5"}
200 POST /drafts/models {"dialect": "practice"}
200 GET /providers/{name}/models as /providers/first/models
201 POST /providers {"name": "extra", "dialect": "practice"}
200 GET /providers/{name} as /providers/extra
200 PUT /providers/{name} as /providers/extra {"enabled": true}
200 POST /providers/{name}/disable as /providers/extra/disable
200 POST /providers/{name}/enable as /providers/extra/enable
200 POST /providers/{name}/reset as /providers/extra/reset
200 POST /providers/{name}/test as /providers/extra/test
204 DELETE /providers/{name} as /providers/extra
201 POST /providers/{name}/keys as /providers/relay/keys {"value": "sk-first-0123456789"}
200 GET /keys
200 POST /providers/{name}/keys/{key}/test as /providers/relay/keys/0/test
200 POST /providers/{name}/keys/{key}/rotate as /providers/relay/keys/relay%2F0/rotate {"value": "sk-next-0123456789"}
204 DELETE /providers/{name}/keys/{key} as /providers/relay/keys/relay/0
201 POST /rules {"name": "mine", "when": {"tier": "small"}, "use": {"group": "main"}}
200 GET /rules
200 PUT /rules {"order": ["mine"]}
200 GET /rules/{name} as /rules/mine
200 PUT /rules/{name} as /rules/mine {"enabled": false}
204 DELETE /rules/{name} as /rules/mine
200 POST /rules/explain {"path": "/v1/messages", "body": {"model": "claude-haiku-4-5"}}
200 GET /requests
200 GET /requests/{id} as /requests/CAPTURED
200 GET /requests/{id}/bodies as /requests/CAPTURED/bodies
200 POST /requests/{id}/replay as /requests/CAPTURED/replay {}
204 POST /suspended/{id}/fail as /suspended/WAITING/fail
204 POST /suspended/{id}/release as /suspended/WAITING/release
204 POST /suspended/{id}/redirect as /suspended/WAITING/redirect {"provider": "spare"}
200 GET /suspended
200 POST /playground {"provider": "other", "model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
200 GET /notices
200 GET /keychain
200 GET /series as /series?minutes=5&buckets=10
200 PUT /mode {"mode": "auto"}
200 POST /practice/outage {"on": false}
200 GET /usage as /usage?by=model
200 GET /budgets
200 GET /export as /export?format=csv
200 POST /ledger/vacuum
200 POST /import/claude-logs {"dry_run": true}
200 GET /import/claude-logs
200 POST /import/config {"text": "OPENAI_API_KEY=sk-other-0123456789", "dry_run": true}
200 GET /prices
200 PUT /prices/{model} as /prices/mine/model {"input": "0.6", "output": "2.2"}
204 DELETE /prices/{model} as /prices/mine/model
200 GET /config
200 POST /config/check {"toml": "version = 2"}
200 PUT /config {"toml": "CONFIG"}
200 POST /config/reload
200 POST /reload
200 GET /settings
200 PATCH /settings {"log.level": "info"}
200 GET /tokens
201 POST /tokens {"name": "ci"}
200 PUT /tokens/{name} as /tokens/ci {"groups": ["main"]}
204 DELETE /tokens/{name} as /tokens/ci
200 POST /tokens/validate {"token": "tok-unknown"}
200 GET /audit
200 GET /clients
200 POST /clients/{id}/connect as /clients/claude-code/connect {"dry_run": true}
200 POST /clients/{id}/disconnect as /clients/claude-code/disconnect {"dry_run": true}
200 GET /connections
200 GET /logs
200 GET /stream as /stream?events=status
200 POST /tokens/admin/rotate
"#;
/// Those outside it.
const OUTSIDE: &str = r#"
200 GET /health
200 GET /health/detailed
200 GET /metrics
200 GET /openapi.json
200 GET /docs
200 GET /providers
200 POST /providers/reload
200 POST /api/config/weights {"weights": {"first": 2}}
200 GET /v1/admin/stats
200 GET /v1/admin/security/key-info
200 POST /v1/admin/security/validate-key {"key": "tok-unknown"}
200 POST /v1/admin/security/rotate-admin-key
200 GET /models
200 POST /api/chat {"messages": [{"role": "user", "content": "hello"}]}
200 POST /api/claude {"messages": [{"role": "user", "content": "hello"}]}
200 POST /v1/{provider}/completions as /v1/first/completions {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "hello"}]}
"#;

fn cases() -> Vec<Case> {
    let read = |table: &'static str, prefix: &'static str| {
        let lines = table.lines().filter(|line| !line.is_empty());
        lines.map(move |line| case(line, prefix))
    };
    read(INSIDE, "/api/v1").chain(read(OUTSIDE, "")).collect()
}

fn case(line: &str, prefix: &str) -> Case {
    let (call, body) = match line.find(" {\"").or_else(|| line.find(" {}")) {
        Some(at) => (&line[..at], serde_json::from_str(&line[at..]).unwrap()),
        None => (line, Value::Null),
    };
    let body = match body["toml"].as_str() {
        Some("CONFIG") => json!({ "toml": CONFIG }),
        _ => body,
    };
    let (call, path) = call.split_once(" as ").unwrap_or((call, ""));
    let words: Vec<&str> = call.split(' ').collect();
    let [status, method, told] = words[..] else {
        panic!("{line}");
    };
    Case {
        name: format!("{method} {prefix}{told}"),
        status: status.parse().unwrap(),
        path: format!("{prefix}{}", if path.is_empty() { told } else { path }),
        body,
    }
}

/// Calls that clients make: with a client's token.
const CLIENTS: [&str; 4] = [
    "/models",
    "/api/chat",
    "/api/claude",
    "/v1/first/completions",
];

const MORE: &str = r#"
[[providers]]
name = "relay"
dialect = "anthropic"
base_url = "http://127.0.0.1:9"

[ledger]
capture_bodies = "all"
budgets = [{ name = "daily", limit_usd = 20 }]
"#;

async fn house(home: &Home) -> House {
    std::fs::create_dir(home.path().join(".claude")).unwrap();
    std::fs::create_dir(home.path().join(".claude/projects")).unwrap();
    let options = Options {
        keychain: crate::keys::keychain(),
        surroundings: clients::Surroundings {
            home: Some(home.path().to_owned()),
            ..clients::Surroundings::default()
        },
        ..home.options()
    };
    House::of(Daemon::start(options).await.unwrap())
}

async fn document(house: &House) -> Value {
    let told = house.client.get(house.url("/openapi.json")).send().await;
    serde_json::from_str(&told.unwrap().text().await.unwrap()).unwrap()
}

/// All calls that the document tells of, as `VERB path` with the call.
fn calls(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let calls = paths.flat_map(|(path, item)| {
        let calls = item.as_object().unwrap().iter();
        calls.map(move |(verb, call)| (format!("{} {path}", verb.to_uppercase()), call))
    });
    calls.collect()
}

/// A request that nothing can serve, until it waits; its id.
async fn waiting(house: &House, admin: &str) -> String {
    for (path, body) in [
        ("/api/v1/mode", json!({ "mode": "manual" })),
        ("/api/v1/practice/outage", json!({ "on": true })),
    ] {
        let method = if path.ends_with("mode") {
            Method::PUT
        } else {
            Method::POST
        };
        let call = house
            .client
            .request(method, house.url(path))
            .bearer_auth(admin);
        assert!(
            with_json(call, &body)
                .send()
                .await
                .unwrap()
                .status()
                .is_success()
        );
    }
    let url = house.url("/v1/messages");
    let client = house.client.clone();
    tokio::spawn(async move {
        let body = json!({ "model": "claude-haiku-4-5", "max_tokens": 9, "stream": true,
            "messages": [{ "role": "user", "content": "hello" }] });
        let call = client.post(url).header("x-api-key", CLIENT);
        with_json(call, &body).send().await.unwrap().bytes().await
    });
    until(async || {
        let call = house
            .client
            .get(house.url("/api/v1/suspended"))
            .bearer_auth(admin);
        let told: Value =
            serde_json::from_str(&call.send().await.unwrap().text().await.unwrap()).unwrap();
        told["items"][0]["id"].as_str().map(str::to_owned)
    })
    .await
}

async fn send(house: &House, call: &str, path: &str, body: &Value, token: &str) -> Response {
    let verb = call.split(' ').next().unwrap();
    let method = Method::from_bytes(verb.as_bytes()).unwrap();
    let call = house
        .client
        .request(method, house.url(path))
        .bearer_auth(token);
    let call = if body.is_null() {
        call
    } else {
        with_json(call, body)
    };
    call.send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_answered_as_it_is_told() {
    let home = Home::new(&format!("{CONFIG}{MORE}"));
    let house = house(&home).await;
    let document = document(&house).await;
    let told = calls(&document);
    let cases = cases();
    let names: BTreeSet<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    let made: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(made, names);
    assert_eq!(made.len(), cases.len());

    let captured = house.ask(false).await;
    let captured = captured.headers()["x-turnout-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    house.completed(&captured).await;
    let mut admin = ADMIN.to_owned();
    for case in &cases {
        let (name, status) = (case.name.as_str(), case.status);
        let mut path = case.path.replace("CAPTURED", &captured);
        if path.contains("WAITING") {
            path = path.replace("WAITING", &waiting(&house, &admin).await);
        }
        let token = if CLIENTS.contains(&&*path) {
            CLIENT
        } else {
            &admin
        };
        let answer = send(&house, name, &path, &case.body, token).await;
        let (got, media) = (
            answer.status().as_u16(),
            answer.headers().get("content-type").cloned(),
        );
        let (_, call) = told.iter().find(|(told, _)| told == name).unwrap();
        // A stream has no end.
        let text = if name.ends_with("/stream") {
            String::new()
        } else {
            answer.text().await.unwrap()
        };
        assert_eq!(got, status, "{name}: {text}");
        let content = &call["responses"][&got.to_string()]["content"];
        if let Some(media) = media {
            let media = media.to_str().unwrap().to_owned();
            let plain = media.split(';').next().unwrap();
            assert!(
                !content[plain].is_null() || !content[&media].is_null(),
                "{name}: {media}"
            );
        }
        assert_eq!(
            text.is_empty(),
            status == 204 || name.ends_with("/stream"),
            "{name}: {text}"
        );
        if name.contains("rotate") && name.contains("admin") {
            let told: Value = serde_json::from_str(&text).unwrap();
            admin = told["token"].as_str().unwrap().to_owned();
        }
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_not_is_not_found() {
    let home = Home::new(&format!("{CONFIG}{MORE}"));
    let house = house(&home).await;
    let document = document(&house).await;
    let cases = cases();
    let mut tried = 0;
    for (name, call) in calls(&document) {
        let is_of_a_name = name.contains('{') && !call["responses"]["404"].is_null();
        // A price may be set of a model that nobody has heard of.
        if !is_of_a_name || name == "PUT /api/v1/prices/{model}" {
            continue;
        }
        let path = name.split(' ').nth(1).unwrap();
        let path: Vec<&str> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "none" } else { part })
            .collect();
        let case = cases.iter().find(|case| case.name == name).unwrap();
        let answer = send(&house, &name, &path.join("/"), &case.body, ADMIN).await;
        let status = answer.status();
        let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND, "{name}: {told}");
        assert_eq!(told["error"]["code"], "not_found", "{name}");
        tried += 1;
    }
    assert!(tried > 25, "{tried}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_comes_in_pages() {
    let home = Home::new(&format!("{CONFIG}{MORE}"));
    let house = house(&home).await;
    let mut captured = String::new();
    for _ in 0..2 {
        let answer = house.ask(false).await;
        captured = answer.headers()["x-turnout-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        house.completed(&captured).await;
    }
    for (name, body) in [("one", "/tokens"), ("two", "/tokens")] {
        house.post(body, Some(json!({ "name": name }))).await;
    }
    let document = document(&house).await;
    let mut many = 0;
    for (name, call) in calls(&document) {
        let schema = &call["responses"]["200"]["content"]["application/json"]["schema"];
        let is_list = schema["properties"]["next_cursor"].is_object() || name.ends_with("/usage");
        if !is_list || !name.starts_with("GET ") {
            continue;
        }
        let has = |wanted: &str| {
            let mut parameters = call["parameters"].as_array().unwrap().iter();
            parameters.any(|parameter| parameter["name"] == wanted)
        };
        assert!(has("limit") && has("cursor"), "{name}");
        let path = name
            .split(' ')
            .nth(1)
            .unwrap()
            .replace("{id}", &captured)
            .replace("{name}", "first");
        let page = async |query: &str| -> Value {
            let answer = send(
                &house,
                &name,
                &format!("{path}{query}"),
                &Value::Null,
                ADMIN,
            )
            .await;
            let text = answer.text().await.unwrap();
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{name}: {text}"))
        };
        let first = page("?limit=1").await;
        let items = first["items"].as_array().unwrap();
        assert!(items.len() <= 1, "{name}");
        if let Some(cursor) = first["next_cursor"].as_str() {
            let next = page(&format!("?limit=1&cursor={cursor}")).await;
            assert_eq!(next["items"].as_array().unwrap().len(), 1, "{name}");
            assert_ne!(next["items"][0], items[0], "{name}");
            many += 1;
        }
        let answer = send(
            &house,
            &name,
            &format!("{path}?cursor=none"),
            &Value::Null,
            ADMIN,
        )
        .await;
        assert!([200, 400].contains(&answer.status().as_u16()), "{name}");
    }
    // Those of providers, groups, tokens, requests, bodies, models, prices, clients, audit at least.
    assert!(many >= 9, "{many}");
    house.daemon.stop().await;
}
