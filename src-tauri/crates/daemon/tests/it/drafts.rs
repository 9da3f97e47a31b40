//! Providers before they are in the config: ready ones, and drafts that are tried without a trace.

use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{CONFIG, Home, refused, with_json};

const KEY: &str = "sk-draft-0123456789abcdefwxyz";

/// A practice provider on a port of its own that wants the key.
async fn upstream() -> (String, DropGuard) {
    let options = practice::Options {
        require_key: Some(KEY.to_owned()),
        ..practice::Options::default()
    };
    let provider = practice::Provider::new(options).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    tokio::spawn(practice::serve(
        listener,
        provider,
        stop.clone().cancelled_owned(),
    ));
    (base, stop.drop_guard())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preset_has_what_a_new_provider_needs() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let told = house.get("/presets?limit=1000").await;
    let presets = told["items"].as_array().unwrap();
    let named = |name: &str| presets.iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(named("anthropic")["variable"], "ANTHROPIC_API_KEY");
    assert_eq!(named("ollama")["local"], true);
    assert_eq!(named("azure")["placeholders"], json!(["your-resource"]));
    for preset in presets {
        let mut fields = json!({ "enabled": false, "keys": ["env:NO_SUCH_VARIABLE"] });
        for field in ["name", "dialect", "base_url", "auth"] {
            fields[field] = preset[field].clone();
        }
        if !preset["models"].is_null() {
            fields["models"] = preset["models"].clone();
        }
        let added = house.post("/providers", Some(fields)).await;
        assert_eq!(added["base_url"], preset["base_url"], "{added}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_tried_and_leaves_no_trace() {
    let home = Home::new(&format!("{CONFIG}\n[log]\nlevel = \"trace\"\n"));
    let log = daemon::log::init(&home.options());
    let house = home.start().await;
    let (base, _running) = upstream().await;
    let before = std::fs::read_to_string(home.config()).unwrap();
    for dialect in [
        "anthropic",
        "openai-chat",
        "openai-responses",
        "gemini",
        "ollama",
    ] {
        let draft =
            json!({ "dialect": dialect, "base_url": base, "auth": "bearer", "keys": [KEY] });
        let mut tried = draft.clone();
        tried["model"] = "practice-text".into();
        let told = house.post("/drafts/test", Some(tried)).await;
        assert_eq!(
            (&told["ok"], &told["request_id"]),
            (&json!(true), &Value::Null),
            "{dialect}: {told}"
        );
        let listed = house.post("/drafts/models", Some(draft.clone())).await;
        assert!(
            !listed["items"].as_array().unwrap().is_empty(),
            "{dialect}: {listed}"
        );

        let mut wrong = draft;
        wrong["keys"] = json!(["sk-wrong-0123456789"]);
        let told = house.post("/drafts/test", Some(wrong.clone())).await;
        assert_eq!(
            (&told["ok"], &told["http_status"]),
            (&json!(false), &json!(401)),
            "{dialect}: {told}"
        );
        let call = with_json(house.call(Method::POST, "/drafts/models"), &wrong);
        assert_eq!(refused(call).await, (409, "conflict".to_owned()));
    }
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), before);
    assert_eq!(house.get("/requests").await["items"], json!([]));
    assert_eq!(house.get("/status").await["today"]["requests"], 0);
    house.daemon.stop().await;
    drop(log);
    assert_eq!(home.files_with(KEY), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_provider_is_tried_with_the_keys_it_has() {
    let (base, _running) = upstream().await;
    let relay = "\n[[providers]]\nname = \"relay\"\ndialect = \"anthropic\"\nbase_url = \"http://127.0.0.1:9\"\n\
                 auth = \"x-api-key\"\nkeys = [\"file:relay\"]\n";
    let home = Home::new(&format!("{CONFIG}{relay}"));
    home.write("relay", KEY);
    let house = home.start().await;
    // Whoever only meant a new provider of that name does not send its key there.
    let change = json!({ "name": "relay", "base_url": base });
    for path in ["/drafts/test", "/drafts/models"] {
        let call = with_json(house.call(Method::POST, path), &change);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let told = answer.text().await.unwrap();
        assert!(told.contains("keep_keys"), "{told}");
    }
    // A proxy reads what is not encrypted.
    let proxied = json!({ "name": "relay", "proxy": base });
    let call = with_json(house.call(Method::POST, "/drafts/test"), &proxied);
    assert_eq!(refused(call).await.0, 400);
    let change = json!({ "name": "relay", "base_url": base, "keep_keys": true });
    let told = house.post("/drafts/test", Some(change)).await;
    assert_eq!(told["ok"], true, "{told}");
    let same = json!({ "name": "relay", "base_url": "http://127.0.0.1:9/elsewhere" });
    let told = house.post("/drafts/test", Some(same)).await;
    let error = told["error"].as_str().unwrap();
    assert!(!error.contains("req-"), "{error}");
    let kept = house.get("/providers/relay").await;
    assert_eq!(kept["base_url"], "http://127.0.0.1:9");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_a_provider_go_to_no_other_address_either() {
    let (base, _running) = upstream().await;
    let relay = format!(
        "\n[[providers]]\nname = \"relay\"\ndialect = \"anthropic\"\nbase_url = \"http://127.0.0.1:9\"\n\
         auth = \"none\"\nheaders = {{ X-Api-Key = \"{KEY}\" }}\n"
    );
    let home = Home::new(&format!("{CONFIG}{relay}"));
    let house = home.start().await;
    let change = |more: Value| {
        let mut change = json!({ "name": "relay", "base_url": base });
        for (field, value) in more.as_object().unwrap() {
            change[field] = value.clone();
        }
        change
    };
    for more in [json!({}), json!({ "auth": "bearer", "keys": ["sk-mine"] })] {
        let call = with_json(house.call(Method::POST, "/drafts/test"), &change(more));
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let told = answer.text().await.unwrap();
        assert!(told.contains("`headers`") && !told.contains(KEY), "{told}");
    }
    for (more, is_known) in [
        (json!({ "headers": {} }), false),
        (json!({ "keep_keys": true }), true),
    ] {
        let told = house.post("/drafts/test", Some(change(more))).await;
        assert_eq!(told["ok"], is_known, "{told}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_provider_is_refused_without_its_key() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let base = "https://relay.example";
    for (draft, told) in [
        (json!({}), "dialect"),
        (json!({ "dialect": "anthropic", "keys": [KEY] }), "base_url"),
        (json!({ "dialect": "klingon", "base_url": base }), "dialect"),
        (json!({ "dialect": "anthropic", "base_url": base }), "key"),
        (
            json!({ "dialect": "anthropic", "base_url": base, "keys": ["env:NO_SUCH_VARIABLE"] }),
            "NO_SUCH_VARIABLE",
        ),
        (
            json!({ "dialect": "anthropic", "base_url": base, "keys": [KEY], "model": 5 }),
            "model",
        ),
        (
            json!({ "dialect": "anthropic", "base_url": base, "keys": ["file:admin"] }),
            "admin token",
        ),
    ] {
        let call = with_json(house.call(Method::POST, "/drafts/test"), &draft);
        let answer = call.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 400, "{draft}: {text}");
        assert!(
            text.contains(told) && !text.contains(KEY),
            "{draft}: {text}"
        );
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_have_keys_tries_drafts() {
    let config = CONFIG.replace(
        "client_tokens = [",
        "client_tokens = [{ name = \"boss\", token = \"file:boss\", scopes = [\"admin:write\", \"admin:read\"] }, ",
    );
    let home = Home::new(&config);
    home.write("boss", "boss-token-for-tests-0123456789");
    let house = home.start().await;
    for path in ["/drafts/test", "/drafts/models"] {
        let call = house.bare(Method::POST, path);
        let call = call.bearer_auth("boss-token-for-tests-0123456789");
        let call = with_json(call, &json!({ "dialect": "practice" }));
        assert_eq!(refused(call).await, (403, "forbidden".to_owned()), "{path}");
    }
    house.daemon.stop().await;
}
