//! What lies on this machine: told without a value, and used only when somebody says so.

use std::net::SocketAddr;

use daemon::first_start::Surroundings;
use daemon::{Daemon, Options};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{CONFIG, Home, House, refused, with_json};

const KEY: &str = "sk-found-0123456789abcdefwxyz";
/// Nothing but practice serves here.
const PRACTISING: &str = CONFIG;

/// A practice provider, which lists its models in every dialect.
async fn local() -> (SocketAddr, DropGuard) {
    let provider = practice::Provider::new(practice::Options::default()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(practice::serve(
        listener,
        provider,
        stop.clone().cancelled_owned(),
    ));
    (address, stop.drop_guard())
}

/// An instance on a machine with two keys, of which one is Turnout's own token, an Ollama, a port where nobody is, and
/// the settings of another tool.
async fn house(home: &Home, ollama: SocketAddr) -> House {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = nobody.local_addr().unwrap();
    std::fs::create_dir(home.path().join(".claude-code-router")).unwrap();
    home.write(".claude-code-router/config.json", "{}");
    let env = |name: &str| match name {
        "DEEPSEEK_API_KEY" => Some(KEY.to_owned()),
        "OPENAI_API_KEY" => Some("turnout-0123456789".to_owned()),
        _ => None,
    };
    let options = Options {
        machine: Surroundings::with(env, [("ollama", ollama), ("vllm", nobody)]),
        surroundings: clients::Surroundings {
            home: Some(home.path().to_owned()),
            ..clients::Surroundings::default()
        },
        ..home.options()
    };
    House::of(Daemon::start(options).await.unwrap())
}

fn ids(told: &Value) -> Vec<&str> {
    let items = told["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_servers_and_settings_are_found_and_no_value_is_told() {
    let home = Home::new(PRACTISING);
    let (ollama, _running) = local().await;
    let house = house(&home, ollama).await;
    let told = house.get("/found").await;
    let file = home.path().join(".claude-code-router/config.json");
    let file = format!("file:{}", file.display());
    assert_eq!(ids(&told), ["env:DEEPSEEK_API_KEY", "local:ollama", &file]);
    assert_eq!(told["items"][0]["masked"], "…wxyz");
    assert_eq!(told["items"][0]["provider"], Value::Null);
    assert!(!told["items"][1]["models"].as_array().unwrap().is_empty());
    assert!(!told.to_string().contains(KEY));
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_becomes_a_provider_and_serves_where_only_practice_did() {
    let home = Home::new(PRACTISING);
    let (ollama, _running) = local().await;
    let house = house(&home, ollama).await;
    let wish = json!({ "ids": ["local:ollama", "env:DEEPSEEK_API_KEY"] });
    let taken = house.post("/found/take", Some(wish.clone())).await;
    assert_eq!(taken["groups"], json!(["ollama", "deepseek"]), "{taken}");
    assert_eq!(taken["activated"], "ollama");
    assert_eq!(taken["providers"][0]["dialect"], "ollama");
    let config = std::fs::read_to_string(home.config()).unwrap();
    assert!(config.contains("\"env:DEEPSEEK_API_KEY\"") && !config.contains(KEY));
    assert_eq!(house.served_by().await, "ollama");

    let told = house.get("/found").await;
    assert_eq!(told["items"][0]["provider"], "deepseek");
    let again = house.post("/found/take", Some(wish)).await;
    assert_eq!(again["providers"], json!([]));
    assert_eq!(again["known"], json!(["ollama", "deepseek"]));
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_into_a_group_comes_behind_those_in_it() {
    let home = Home::new(PRACTISING);
    let (ollama, _running) = local().await;
    let house = house(&home, ollama).await;
    let wish = json!({ "ids": ["local:ollama"], "group": "main" });
    let taken = house.post("/found/take", Some(wish)).await;
    assert_eq!(
        (&taken["groups"], &taken["activated"]),
        (&json!([]), &Value::Null)
    );
    let group = house.get("/groups/main").await;
    let members = group["members"].as_array().unwrap().iter();
    let members: Vec<_> = members
        .map(|it| (it["provider"].clone(), it["priority"].clone()))
        .collect();
    let expected = [("first", 1), ("spare", 2), ("ollama", 3)];
    assert_eq!(members, expected.map(|(name, at)| (json!(name), json!(at))));
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_taken() {
    let home = Home::new(PRACTISING);
    let (ollama, _running) = local().await;
    let house = house(&home, ollama).await;
    let before = std::fs::read_to_string(home.config()).unwrap();
    let file = home.path().join(".claude-code-router/config.json");
    let file = format!("file:{}", file.display());
    for (id, status, code) in [
        ("env:OPENAI_API_KEY", 404, "not_found"),
        ("local:vllm", 404, "not_found"),
        (&*file, 400, "invalid_request"),
    ] {
        let wish = json!({ "ids": ["local:ollama", id] });
        let call = with_json(house.call(Method::POST, "/found/take"), &wish);
        assert_eq!(refused(call).await, (status, code.to_owned()), "{id}");
    }
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), before);
    house.daemon.stop().await;
}
