//! Rules at work: what they decide, what the history keeps of it, and what is told without a request.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{CLIENT, CONFIG, Home, refused, with_json};

const RULES: &str = r#"
[[rules]]
name = "switched off"
enabled = false
when = { tier = "small" }
use = { group = "main" }

[[rules]]
name = "small talk"
when = { tier = "small", keyword = "hello", hour = "0-24", regex = "^h" }
use = { group = "second", max_tokens = 50 }

[[rules]]
name = "the laptop's"
when = { token = "laptop" }
use = { provider = "spare" }
"#;

fn home() -> Home {
    Home::new(&format!("{CONFIG}{RULES}"))
}

/// What is told of a request that says `text`, with more fields in the call.
fn about(text: &str, more: &Value) -> Value {
    let mut call = json!({
        "path": "/v1/messages",
        "headers": { "anthropic-version": "2023-06-01", "Content-Length": "7" },
        "body": { "model": "claude-haiku-4-5", "max_tokens": 100, "messages": [{ "role": "user", "content": text }] },
    });
    for (name, value) in more.as_object().unwrap() {
        call[name] = value.clone();
    }
    call
}

/// Rule, group, and each candidate's provider with whether it is usable.
fn short(told: &Value) -> Value {
    let candidates = told["candidates"].as_array().unwrap();
    let places = candidates.iter().map(|one| {
        assert!(!one["why"].as_str().unwrap().is_empty(), "{one}");
        json!([one["provider"], one["usable"]])
    });
    json!([told["rule"], told["group"], places.collect::<Vec<_>>()])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_tells_the_rule_that_decided() {
    let home = home();
    let house = home.start().await;
    let answer = house.ask(false).await;
    let by = answer.headers()["x-turnout-provider"].to_str().unwrap();
    assert_eq!(by, "other");
    let id = answer.headers()["x-turnout-request-id"].to_str().unwrap();
    let detail = house.completed(id).await;
    assert_eq!(
        (&detail["rule"], &detail["group"]),
        (&json!("small talk"), &json!("second"))
    );
    let explain = &detail["explain"];
    assert_eq!(
        short(explain),
        json!([
            "small talk",
            "second",
            [["other", true], ["first", true], ["spare", true]]
        ])
    );
    house.post("/providers/other/disable", None).await;
    let later = house.get(&format!("/requests/{id}")).await;
    assert_eq!(&later["explain"], explain, "it is told as it was then");
    let list = house.get("/requests").await;
    assert_eq!(list["items"][0].get("explain"), None);
    let status = house.get("/status").await;
    let told = status["problems"].to_string();
    assert!(!told.contains("rules"), "they are acted on: {told}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_happen_is_told_and_nothing_happens() {
    let home = home();
    let house = home.start().await;
    let main = json!([["first", true], ["spare", true], ["other", true]]);
    let rows = [
        (
            about("hello there", &json!({})),
            json!([
                "small talk",
                "second",
                [["other", true], ["first", true], ["spare", true]]
            ]),
        ),
        (about("good bye", &json!({})), json!([null, "main", main])),
        (
            about("good bye", &json!({ "token": "laptop" })),
            json!([
                "the laptop's",
                "main",
                [["spare", true], ["first", true], ["other", true]]
            ]),
        ),
        (
            about(
                "hello",
                &json!({ "path": "/group/main/v1/messages?beta=true" }),
            ),
            json!([null, "main", [["first", true], ["spare", true]]]),
        ),
        (
            about(
                "hello",
                &json!({ "headers": { "x-turnout-route": "group=main" } }),
            ),
            json!([null, "main", main]),
        ),
    ];
    for (call, expected) in &rows {
        let told = house.post("/rules/explain", Some(call.clone())).await;
        assert_eq!(&short(&told), expected, "{told}");
    }
    house.post("/groups/second/pause", None).await;
    let told = house.post("/rules/explain", Some(rows[0].0.clone())).await;
    assert_eq!(told["candidates"][0]["why"], "its group is paused");
    assert_eq!(
        (
            &told["candidates"][0]["model"],
            &told["candidates"][0]["key"]
        ),
        (&json!("claude-haiku-4-5"), &Value::Null)
    );
    assert_eq!(told["group"], "main", "where it would be served");
    assert_eq!(house.get("/requests").await["items"], json!([]));
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_masked_in_what_is_told() {
    let relay = "[[providers]]\nname = \"relay\"\ndialect = \"anthropic\"\nbase_url = \"http://127.0.0.1:9\"\n\
                 keys = [\"file:relay.key\"]\n";
    let home = Home::new(&format!("{CONFIG}{relay}"));
    home.write("relay.key", "sk-relay-secret-0123456789-wxyz");
    let house = home.start().await;
    let call = about("hello", &json!({ "path": "/provider/relay/v1/messages" }));
    let told = house.post("/rules/explain", Some(call)).await;
    assert_eq!(told["candidates"][0]["key"], "…wxyz", "{told}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_listed_in_order_with_what_was_written() {
    let home = home();
    let house = home.start().await;
    let told = house.get("/rules").await;
    assert_eq!(
        told["items"],
        json!([
            { "name": "switched off", "enabled": false, "when": { "tier": "small" }, "use": { "group": "main" } },
            {
                "name": "small talk",
                "enabled": true,
                "when": { "tier": "small", "keyword": ["hello"], "regex": "^h", "hour": "0-24" },
                "use": { "group": "second", "max_tokens": 50 },
            },
            {
                "name": "the laptop's",
                "enabled": true,
                "when": { "token": "laptop" },
                "use": { "provider": "spare" },
            },
        ])
    );
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_explained_is_refused() {
    let home = home();
    let house = home.start().await;
    for (call, status, code) in [
        (json!({}), 400, "invalid_request"),
        (json!({ "path": "/nowhere" }), 404, "not_found"),
        (
            json!({ "path": "/provider/gone/v1/messages" }),
            404,
            "not_found",
        ),
        (
            json!({ "path": "/v1/models", "method": "GET" }),
            400,
            "invalid_request",
        ),
        (
            json!({ "path": "/v1/messages", "body": "{" }),
            400,
            "invalid_request",
        ),
        (
            json!({ "path": "/v1/messages", "headers": { "a": 1 } }),
            400,
            "invalid_request",
        ),
        (json!({ "path": "no path" }), 400, "invalid_request"),
    ] {
        let told = refused(with_json(house.call(Method::POST, "/rules/explain"), &call)).await;
        assert_eq!(told, (status, code.to_owned()), "{call}");
    }
    house.daemon.stop().await;
}

/// The stand-in is asked in the client's dialect, and what a rule changes is said in its words.
#[tokio::test(flavor = "multi_thread")]
async fn an_effort_is_said_to_the_stand_in_in_every_dialect() {
    let rule = "[[rules]]\nname = \"hard\"\nuse = { effort = \"high\" }\n";
    let house = Home::new(&format!("{CONFIG}{rule}")).start().await;
    let said = json!([{ "role": "user", "content": "hello" }]);
    for model in [
        "gpt-5",
        "gpt-4o",
        "claude-sonnet-4-5",
        "gemini-2.5-pro",
        "glm-4.6",
        "practice",
    ] {
        let calls = [
            (
                "/v1/messages",
                json!({ "model": model, "max_tokens": 4000, "messages": said }),
            ),
            (
                "/v1/chat/completions",
                json!({ "model": model, "messages": said }),
            ),
            ("/v1/responses", json!({ "model": model, "input": "hello" })),
            (
                &*format!("/v1beta/models/{model}:generateContent"),
                json!({ "contents": [{ "role": "user", "parts": [{ "text": "hello" }] }] }),
            ),
            (
                "/ollama/api/chat",
                json!({ "model": model, "messages": said, "stream": false }),
            ),
        ];
        for (path, body) in calls {
            let call = house.client.post(house.url(path)).bearer_auth(CLIENT);
            let answer = with_json(call, &body).send().await.unwrap();
            let status = answer.status();
            let told = answer.text().await.unwrap();
            assert_eq!(status, reqwest::StatusCode::OK, "{model} by {path}: {told}");
        }
    }
    house.daemon.stop().await;
}
