//! Client programs connected and disconnected by way of the admin API, in a home of their own.

use daemon::{Daemon, Options};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{CLIENT, CONFIG, Home, House, refused, until};

const SETTINGS: &str = "{\n  // mine\n  \"model\": \"opus\"\n}\n";

async fn house(home: &Home) -> House {
    let surroundings = clients::Surroundings {
        home: Some(home.path().to_owned()),
        ..clients::Surroundings::default()
    };
    let options = Options {
        surroundings,
        ..home.options()
    };
    House::of(Daemon::start(options).await.unwrap())
}

fn home() -> Home {
    let home = Home::new(CONFIG);
    std::fs::create_dir(home.path().join(".claude")).unwrap();
    home.write(".claude/settings.json", SETTINGS);
    home
}

fn settings(home: &Home) -> String {
    std::fs::read_to_string(home.path().join(".claude/settings.json")).unwrap()
}

fn claude(clients: &Value) -> &Value {
    let mut items = clients["items"].as_array().unwrap().iter();
    items.find(|one| one["id"] == "claude-code").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_connected_and_put_back() {
    let home = home();
    let house = house(&home).await;
    assert_eq!(claude(&house.get("/clients").await)["connected"], false);

    let tried = house
        .post(
            "/clients/claude-code/connect",
            Some(json!({"dry_run": true})),
        )
        .await;
    assert_eq!(
        (&tried["changes"], &tried["written"]),
        (&json!(true), &json!(false))
    );
    assert!(
        tried["diff"]
            .as_str()
            .unwrap()
            .contains("+    \"ANTHROPIC_BASE_URL\""),
        "{tried:#}"
    );
    assert_eq!(settings(&home), SETTINGS);

    let done = house.post("/clients/claude-code/connect", None).await;
    assert_eq!(done["written"], true);
    assert_eq!(done["files"][0]["keys"][0], "env.ANTHROPIC_BASE_URL");
    assert!(!done.to_string().contains(CLIENT), "{done:#}");
    assert!(settings(&home).contains(CLIENT));
    assert_eq!(claude(&house.get("/clients").await)["connected"], true);

    let done = house.post("/clients/claude-code/disconnect", None).await;
    assert_eq!(done["written"], true);
    until(async || (settings(&home) == SETTINGS).then_some(())).await;
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_change_is_told_of_each_client_before_it_does() {
    let home = home();
    let house = house(&home).await;
    for (id, is_here) in [
        ("claude-code", true),
        ("codex", false),
        ("gemini-cli", false),
    ] {
        let path = format!("/clients/{id}/connect");
        let told = house.post(&path, Some(json!({ "dry_run": true }))).await;
        assert_eq!(
            (&told["changes"], &told["written"]),
            (&json!(true), &json!(false))
        );
        let files = told["files"].as_array().unwrap();
        let diffs: String = files
            .iter()
            .map(|file| file["diff"].as_str().unwrap())
            .collect();
        assert_eq!(told["diff"], diffs, "{told:#}");
        assert!(
            diffs.contains("127.0.0.1") && !diffs.contains(CLIENT),
            "{diffs}"
        );
        let notes = told["notes"].to_string();
        assert_eq!(notes.contains("is not installed here"), !is_here, "{notes}");
    }
    let told = house
        .post(
            "/clients/claude-code/disconnect",
            Some(json!({ "dry_run": true })),
        )
        .await;
    assert_eq!(
        (&told["changes"], &told["diff"]),
        (&json!(false), &json!(""))
    );
    assert_eq!(settings(&home), SETTINGS);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_told_with_its_version_and_what_it_does_here() {
    let home = home();
    let package = home.path().join("lib/claude-code");
    std::fs::create_dir_all(&package).unwrap();
    std::fs::write(package.join("package.json"), r#"{"version": "2.1.7"}"#).unwrap();
    std::fs::write(package.join("claude"), "").unwrap();
    let options = Options {
        surroundings: clients::Surroundings {
            home: Some(home.path().to_owned()),
            path: Some(package.into()),
            ..clients::Surroundings::default()
        },
        ..home.options()
    };
    let house = House::of(Daemon::start(options).await.unwrap());
    let listed = house.get("/clients").await;
    let told = claude(&listed);
    assert_eq!(
        (&told["version"], &told["last_request_at"]),
        (&json!("2.1.7"), &Value::Null)
    );
    assert_eq!(
        (&told["can_connect"], &told["can_disconnect"]),
        (&json!(true), &json!(false))
    );

    house.post("/clients/claude-code/connect", None).await;
    let call = house
        .client
        .post(house.url("/v1/messages"))
        .header("x-api-key", CLIENT);
    let call = call.header("user-agent", "claude-cli/2.1.7 (external, cli)");
    let message = json!({ "model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{ "role": "user", "content": "hi" }] });
    crate::support::with_json(call, &message)
        .send()
        .await
        .unwrap();
    let listed = until(async || {
        let listed = house.get("/clients").await;
        (!claude(&listed)["last_request_at"].is_null()).then_some(listed)
    })
    .await;
    assert_eq!(claude(&listed)["can_disconnect"], true);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quitting_puts_clients_back_unless_the_config_says_leave() {
    for (config, back) in [("", true), ("\n[desktop]\non_quit = \"leave\"\n", false)] {
        let home = home();
        home.write("config.toml", &format!("{CONFIG}{config}"));
        let house = house(&home).await;
        house.post("/clients/claude-code/connect", None).await;
        house.daemon.restore_clients().await;
        assert_eq!(settings(&home) == SETTINGS, back);
        house.daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_step_is_taken_at_the_next_start() {
    let home = home();
    let first = house(&home).await;
    first.post("/clients/claude-code/connect", None).await;
    first.post("/clients/claude-code/disconnect", None).await;
    first.daemon.stop().await;
    let second = house(&home).await;
    until(async || (settings(&home) == SETTINGS).then_some(())).await;
    second.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_connected_is_refused_with_a_reason() {
    let home = home();
    let house = house(&home).await;
    let post = |path: &str| house.call(Method::POST, path);
    let told = refused(post("/clients/emacs/connect")).await;
    assert_eq!(told, (404, "not_found".to_owned()));
    home.write(".claude/settings.json", "{");
    let told = refused(post("/clients/claude-code/connect")).await;
    assert_eq!(told, (409, "conflict".to_owned()));
    let problem = claude(&house.get("/clients").await)["problem"].clone();
    assert!(
        problem.as_str().unwrap().contains("settings.json"),
        "{problem}"
    );
    let told = refused(post("/clients/claude-code/connect").body("[")).await;
    assert_eq!(told, (400, "invalid_request".to_owned()));
    house.daemon.stop().await;
}
