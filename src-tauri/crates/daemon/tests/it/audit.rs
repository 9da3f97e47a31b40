//! Who changed what: every call of the admin API that may change something leaves an entry, and so do refused ones.

use std::fs;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{ADMIN, CONFIG, Home, House, until, with_json};

/// Calls that ask something in a body and change nothing, and the one whose requests stand in the history.
const QUESTIONS: [&str; 5] = [
    "/api/v1/playground",
    "/api/v1/tokens/validate",
    "/api/v1/config/check",
    "/api/v1/rules/explain",
    "/v1/admin/security/validate-key",
];
/// Calls of clients, which need no admin token.
const CLIENTS: [&str; 3] = ["/api/chat", "/api/claude", "/v1/{provider}/completions"];

/// Every call of the admin API that may change something, as the description tells them.
async fn changing_calls(house: &House) -> Vec<(Method, String)> {
    let document = house.client.get(house.url("/openapi.json")).send().await;
    let document = document.unwrap().text().await.unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for verb in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|verb| *verb != "get")
        {
            let method = Method::from_bytes(verb.to_uppercase().as_bytes()).unwrap();
            calls.push((method, path.clone()));
        }
    }
    calls.retain(|(_, path)| !CLIENTS.contains(&path.as_str()));
    calls
}

async fn entries(house: &House, query: &str) -> Vec<Value> {
    entries_with(house, ADMIN, query).await
}

async fn entries_with(house: &House, token: &str, query: &str) -> Vec<Value> {
    let call = house.bare(Method::GET, &format!("/audit?limit=1000{query}"));
    let answer = call.bearer_auth(token).send().await.unwrap();
    let page: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    page["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_that_may_change_something_leaves_an_entry() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let calls = changing_calls(&house).await;
    assert!(calls.len() > 30, "{calls:?}");
    let mut admin = ADMIN.to_owned();
    for (method, path) in calls {
        let url = path.replace("{key}", "0").replace("{model}", "none");
        let url = url.replace("{name}", "none").replace("{id}", "none");
        assert!(!url.contains('{'), "{url}");
        let call = house.client.request(method.clone(), house.url(&url));
        let call = with_json(call.bearer_auth(&admin), &json!({}));
        let answer = call.send().await.unwrap();
        let status = answer.status();
        let id = answer.headers().get("x-turnout-request-id");
        let id = id.map(|id| id.to_str().unwrap().to_owned());
        let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default();
        if path.contains("rotate-admin") || path.ends_with("/tokens/admin/rotate") {
            admin = told["token"].as_str().unwrap().to_owned();
        }
        let found = match &id {
            Some(id) => entries_with(&house, &admin, &format!("&q={id}")).await,
            None => Vec::new(),
        };
        if QUESTIONS.contains(&path.as_str()) {
            assert_eq!(found, Vec::<Value>::new(), "{method} {path}");
            continue;
        }
        assert_eq!(found.len(), 1, "{method} {path}: {status}");
        let entry = &found[0];
        assert_eq!(entry["http_status"], status.as_u16(), "{path}");
        assert_eq!(entry["actor"], "admin token", "{path}");
        assert_eq!(entry["peer"], "127.0.0.1", "{path}");
        assert!(entry["action"].as_str().unwrap().contains('.'), "{entry}");
        assert_eq!(entry["result"] == "done", status.is_success(), "{path}");
    }
    house.daemon.stop().await;
}

/// An entry's action, target, result and changes.
type Told = (String, String, String, Vec<String>);

fn told_of(entry: &Value) -> Told {
    let text = |field: &str| entry[field].as_str().unwrap_or("-").to_owned();
    let changes = entry["changes"].as_array().unwrap().iter();
    let changes = changes.map(|change| {
        let key = change["key"].as_str().unwrap();
        format!("{key}: {} > {}", change["before"], change["after"])
    });
    let changes = changes.collect();
    (text("action"), text("target"), text("result"), changes)
}

fn told(action: &str, target: &str, result: &str, changes: &[&str]) -> Told {
    let changes = changes.iter().map(|change| (*change).to_owned()).collect();
    (
        action.to_owned(),
        target.to_owned(),
        result.to_owned(),
        changes,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_tells_what_is_otherwise_and_no_secret() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let body = json!({
        "limits": {"rpm": 60},
        "headers": {"X-Key": "sk-of-nobody-0123456789"},
    });
    let call = house.call(Method::PUT, "/providers/spare");
    let call = with_json(call, &body).header("user-agent", "turnout-cli/0");
    assert_eq!(call.send().await.unwrap().status(), StatusCode::OK);
    house.post("/groups/second/activate", None).await;
    let call = house.call(Method::PUT, "/mode");
    let call = with_json(call, &json!({"mode": "manual"}));
    assert_eq!(call.send().await.unwrap().status(), StatusCode::OK);
    let call = house.call(Method::POST, "/groups/nobody/activate");
    assert_eq!(call.send().await.unwrap().status(), StatusCode::NOT_FOUND);

    let found: Vec<Told> = entries(&house, "")
        .await
        .iter()
        .rev()
        .map(told_of)
        .collect();
    assert_eq!(
        found,
        [
            told(
                "provider.update",
                "spare",
                "done",
                &[
                    "providers.spare.headers: null > {\"X-Key\":\"…\"}",
                    "providers.spare.limits: null > {\"rpm\":60}",
                ]
            ),
            told(
                "group.activate",
                "second",
                "done",
                &["running.group: null > \"second\""]
            ),
            told(
                "mode.set",
                "-",
                "done",
                &["running.mode: null > \"manual\""]
            ),
            told("group.activate", "nobody", "refused", &[]),
        ]
    );
    let first = entries(&house, "&q=provider.update").await.remove(0);
    assert_eq!(first["actor"], "command line");
    let refused = entries(&house, "&q=refused").await.remove(0);
    assert!(refused["error"].as_str().unwrap().contains("nobody"));
    house.daemon.stop().await;
    let database = fs::read_dir(home.data()).unwrap().flatten();
    for file in database.filter(|file| file.file_name().to_string_lossy().contains(".db")) {
        let text = fs::read(file.path()).unwrap();
        let secret = b"sk-of-nobody";
        assert!(!text.windows(secret.len()).any(|part| part == secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_tries_of_an_address_are_summed_up() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    for number in 0..5 {
        let call = house.bare(Method::GET, "/status");
        let call = call.bearer_auth(format!("guess-{number}"));
        assert_eq!(
            call.send().await.unwrap().status(),
            StatusCode::UNAUTHORIZED
        );
    }
    house.daemon.stop().await;
    let house = home.start().await;
    let told = entries(&house, "").await;
    let tries: Vec<_> = told.iter().map(|entry| entry["tries"].clone()).collect();
    assert_eq!(tries, [4, 1]);
    for entry in &told {
        assert_eq!(entry["actor"], "unknown");
        assert_eq!(entry["action"], "admin.enter");
        assert_eq!(entry["target"], "GET /api/v1/status");
        assert_eq!(entry["result"], "refused");
        assert!(!entry.to_string().contains("guess-"), "{entry}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_paged_and_reading_leaves_no_entry() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    for name in ["second", "main", "second"] {
        house.post(&format!("/groups/{name}/activate"), None).await;
    }
    let first = house.get("/audit?limit=2").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = house.get(&format!("/audit?cursor={cursor}")).await;
    let targets = |page: &Value| -> Vec<Value> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|entry| entry["target"].clone()).collect()
    };
    assert_eq!(targets(&first), ["second", "main"]);
    assert_eq!(targets(&rest), ["second"]);
    assert_eq!(rest["next_cursor"], Value::Null);
    house.daemon.stop().await;
}

fn keys_of(entry: &Value) -> Vec<&str> {
    let changes = entry["changes"].as_array().unwrap().iter();
    changes
        .map(|change| change["key"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_one_time_are_each_told_of_who_made_them() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let names = ["first", "spare", "other"];
    for round in 1..6 {
        let calls = names.map(|name| {
            let call = house.call(Method::PUT, &format!("/providers/{name}"));
            with_json(call, &json!({ "limits": { "rpm": round } })).send()
        });
        for answer in futures_util::future::join_all(calls).await {
            assert_eq!(answer.unwrap().status(), StatusCode::OK);
        }
    }
    let entries = entries(&house, "&q=provider.update").await;
    assert_eq!(entries.len(), 15);
    for entry in &entries {
        let [key] = keys_of(entry)[..] else {
            panic!("each changes one key: {entry}");
        };
        let own = format!("providers.{}.limits", entry["target"].as_str().unwrap());
        assert!(key.starts_with(&own), "{entry}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_by_no_call_is_told_too() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let by = async |actor: &str| {
        until(async || {
            let found = entries(&house, &format!("&q={actor}")).await;
            found
                .into_iter()
                .find(|entry| entry["actor"] == actor.replace("%20", " "))
        })
        .await
    };
    let daemon = &house.daemon;
    let activate = || daemon.activate("second");
    daemon
        .audited("tray", "group.activate", Some("second"), activate)
        .unwrap();
    let tray = by("tray").await;
    assert_eq!(
        (&tray["action"], &tray["target"]),
        (&json!("group.activate"), &json!("second"))
    );
    assert_eq!(keys_of(&tray), ["running.group"]);

    home.write(
        "config.toml",
        &CONFIG.replace("priority = 2", "priority = 3"),
    );
    let hand = by("config%20file").await;
    assert_eq!(keys_of(&hand), ["groups.main.members.spare.priority"]);

    // A call that changes nothing tells nothing of what others change meanwhile.
    house.post("/providers/first/test", None).await;
    let tried = entries(&house, "&q=provider.test").await;
    assert_eq!(keys_of(&tried[0]), Vec::<&str>::new());
    house.daemon.stop().await;
}
