//! The config while the instance runs: edited well, edited badly, shown and checked.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{ADMIN, CONFIG, Home, House, refused, until, with_json};

const THIRD: &str = "\n[[groups]]\nname = \"third\"\nmembers = [{ provider = \"spare\" }]\n";

fn names(status: &Value) -> Vec<&str> {
    status["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["name"].as_str().unwrap())
        .collect()
}

fn problems(status: &Value, kind: &str) -> usize {
    status["problems"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|problem| problem["kind"] == kind)
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_edit_is_taken_in_and_loses_no_stream() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    house.post("/groups/second/activate", None).await;
    let streaming = house.ask(true).await;
    home.write("config.toml", &format!("{CONFIG}{THIRD}"));
    let status = house
        .status_where(|status| names(status).contains(&"third"))
        .await;
    assert_eq!(
        (&status["active_group"], &status["config_problem"]),
        (&json!("second"), &Value::Null)
    );
    assert!(streaming.text().await.unwrap().contains("message_stop"));
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_practice_provider_serves_at_once() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let added = "\n[[providers]]\nname = \"late\"\ndialect = \"practice\"\n\n[[groups]]\nname = \"third\"\nmembers = [{ provider = \"late\" }]\n";
    home.write("config.toml", &format!("{CONFIG}{added}"));
    house
        .status_where(|status| names(status).contains(&"third"))
        .await;
    house.post("/groups/third/activate", None).await;
    assert_eq!(house.served_by().await, "late");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_edit_changes_nothing_and_is_told_with_its_place() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let broken =
        format!("{CONFIG}{THIRD}").replace("\"spare\", priority = 2", "\"missing\", priority = 2");
    let line = broken
        .lines()
        .position(|line| line.contains("missing"))
        .unwrap()
        + 1;
    home.write("config.toml", &broken);
    let status = house
        .status_where(|status| status["config_problem"].is_string())
        .await;
    let told = status["config_problem"].as_str().unwrap();
    assert!(told.contains(&format!("line {line}, column ")), "{told}");
    assert_eq!(problems(&status, "config"), 1);
    assert_eq!(names(&status), ["main", "second"]);
    assert_eq!(house.served_by().await, "first");
    let shown = house.get("/config").await;
    assert_eq!(
        (&shown["in_use"], &shown["errors"][0]["line"]),
        (&json!(false), &json!(line))
    );

    home.write("config.toml", CONFIG);
    house
        .status_where(|status| status["config_problem"].is_null())
        .await;
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_needs_a_restart_and_says_so() {
    let home = Home::new(&CONFIG.replace("[server]", "[server]\nlisten = \"127.0.0.1:0\""));
    let options = daemon::Options {
        listen: None,
        ..home.options()
    };
    let house = House::of(daemon::Daemon::start(options).await.unwrap());
    assert_eq!(problems(&house.get("/status").await, "restart"), 0);
    home.write(
        "config.toml",
        &CONFIG.replace("[server]", "[server]\nlisten = \"127.0.0.1:9\""),
    );
    house
        .status_where(|status| problems(status, "restart") == 1)
        .await;
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_config_is_shown_without_literal_secrets() {
    let secret = "sk-literal-secret-0123456789";
    let provider = format!(
        "\n[[providers]]\nname = \"relay\"\ndialect = \"anthropic\"\nbase_url = \"http://127.0.0.1:9\"\nkeys = [\"{secret}\"]\n"
    );
    let home = Home::new(&format!("{CONFIG}{provider}"));
    let house = home.start().await;
    let shown = house.get("/config").await;
    let text = shown["toml"].as_str().unwrap();
    assert!(
        text.contains("keys = [\"…\"]") && !text.contains(secret),
        "{text}"
    );
    assert_eq!(problems(&house.get("/status").await, "key"), 1);
    let keys = house.get("/keys").await;
    let expected = json!({ "id": "relay/0", "masked": "…6789", "source": "literal" });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&keys["items"][0][field], value, "{field}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_hidden_by_place_and_nothing_else_is() {
    let more = "\n[[providers]]\nname = \"relay\"\ndialect = \"anthropic\"\nbase_url = \"http://127.0.0.1:9\"\n\
                keys = [\"sk-lit\\u002dsecret-12345\"]\n\
                headers = { \"X-A\" = \"he said \\\"hi-secret\\\"\", \"X-B\" = \"1\" }\n\
                proxy = \"http://me:pw-secret@127.0.0.1:1\"\n\
                [ledger]\nurl = \"postgres://me:pw-secret@127.0.0.1/x\"\n";
    let home = Home::new(&format!("{CONFIG}{more}"));
    let house = home.start().await;
    let shown = house.get("/config").await;
    let text = shown["toml"].as_str().unwrap();
    let hidden = "keys = [\"…\"]\nheaders = { \"X-A\" = \"…\", \"X-B\" = \"…\" }\n\
                  proxy = \"http://…@127.0.0.1:1\"\n[ledger]\nurl = \"postgres://…@127.0.0.1/x\"\n";
    assert!(text.starts_with(CONFIG), "{text}");
    assert!(text.ends_with(hidden), "{text}");
    assert_eq!(shown["hidden"], Value::Null);

    home.write("config.toml", &format!("{CONFIG}{more}nonsense = 1\n"));
    let shown = house.get("/config").await;
    assert_eq!(shown["toml"], Value::Null);
    assert!(
        shown["hidden"].as_str().unwrap().contains("not shown"),
        "{shown}"
    );
    assert!(!shown.to_string().contains("secret-12345"), "{shown}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_listener_never_loses_its_tokens_to_an_edit() {
    let home = Home::new(CONFIG);
    let options = daemon::Options {
        listen: Some(([0, 0, 0, 0], 0).into()),
        ..home.options()
    };
    let house = House::of(daemon::Daemon::start(options).await.unwrap());
    let open = CONFIG.replace("[server]", "[server]\nrequire_token = false");
    home.write("config.toml", &format!("{open}{THIRD}"));
    let told = refused(house.call(Method::POST, "/config/reload")).await;
    assert_eq!(told, (409, "conflict".to_owned()));
    let status = house.get("/status").await;
    assert!(
        status["config_problem"]
            .as_str()
            .unwrap()
            .contains("require_token"),
        "{status}"
    );
    assert_eq!(names(&status), ["main", "second"]);
    let bare = house.client.post(house.url("/v1/messages"));
    let answer = with_json(bare, &json!({})).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_log_or_history_needs_a_restart_and_says_so() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let changed =
        format!("{CONFIG}\n[log]\nlevel = \"debug\"\n[ledger]\nurl = \"sqlite://other.db\"\n");
    home.write("config.toml", &changed);
    house.post("/config/reload", None).await;
    let status = house.get("/status").await;
    assert_eq!(problems(&status, "restart"), 2, "{status}");
    assert_eq!(problems(&status, "unused"), 0, "{status}");
    home.write("config.toml", CONFIG);
    house.post("/config/reload", None).await;
    assert_eq!(problems(&house.get("/status").await, "restart"), 0);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_is_checked_and_a_changed_secret_is_taken_in_by_reload() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let good = house
        .post("/config/check", Some(json!({ "toml": CONFIG })))
        .await;
    assert_eq!(good, json!({ "valid": true, "errors": [] }));
    let bad = house
        .post(
            "/config/check",
            Some(json!({ "toml": "version = 1\nnonsense = 2\n" })),
        )
        .await;
    assert_eq!(
        (&bad["valid"], &bad["errors"][0]["line"]),
        (&json!(false), &json!(2))
    );

    home.write("client", "another-client-token-0123456789");
    assert_eq!(house.ask(false).await.status(), 200);
    assert_eq!(house.post("/config/reload", None).await["reloaded"], true);
    until(async || (house.ask(false).await.status() == 401).then_some(())).await;
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_change_in_the_file_and_at_once() {
    let home = Home::new(&CONFIG.replace("name = \"main\"", "name = \"main\" # the best"));
    let house = home.start().await;
    let call = |body: &Value| {
        let url = house.url("/api/config/weights");
        let call = house.client.post(url).bearer_auth(ADMIN);
        with_json(call, body)
    };
    let before = std::fs::read_to_string(home.config()).unwrap();
    for (body, expected) in [
        (
            json!({ "weights": { "first": 2, "nobody": 1 } }),
            (404, "not_found"),
        ),
        (
            json!({ "weights": { "first": 0 } }),
            (400, "invalid_request"),
        ),
        (
            json!({ "weights": { "first": 0.7 } }),
            (400, "invalid_request"),
        ),
        (
            json!({ "weights": { "first": "2" } }),
            (400, "invalid_request"),
        ),
        (json!({ "first": 2 }), (400, "invalid_request")),
    ] {
        let told = refused(call(&body)).await;
        assert_eq!((told.0, told.1.as_str()), expected, "{body}");
    }
    assert_eq!(
        std::fs::read_to_string(home.config()).unwrap(),
        before,
        "all of them or none"
    );

    let answer = call(&json!({ "weights": { "first": 7, "other": 2.0 } }));
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let weights = |groups: &Value| {
        let groups = groups["items"].as_array().unwrap().clone();
        let members = groups
            .iter()
            .flat_map(|group| group["members"].as_array().unwrap().clone());
        members
            .map(|member| member["weight"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(weights(&told), [7, 1, 2]);
    assert_eq!(weights(&house.get("/groups").await), [7, 1, 2]);
    let after = std::fs::read_to_string(home.config()).unwrap();
    assert!(
        after.contains(r#"{ provider = "first", priority = 1, weight = 7 }"#),
        "{after}"
    );
    assert!(after.contains("# the best"), "{after}");

    let bare = with_json(
        house.client.post(house.url("/api/config/weights")),
        &json!({ "weights": { "first": 1 } }),
    );
    assert_eq!(refused(bare).await.0, 401);
    house.daemon.stop().await;
}

async fn put(house: &House, body: &Value, seen: Option<&str>) -> (StatusCode, Value) {
    let call = with_json(house.call(Method::PUT, "/config"), body);
    let call = match seen {
        Some(seen) => call.header("if-match", format!("\"{seen}\"")),
        None => call,
    };
    let answer = call.send().await.unwrap();
    let status = answer.status();
    let told = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    (status, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_config_is_written_as_it_is_sent_and_in_force_at_once() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let wanted = format!("# mine\n{CONFIG}{THIRD}  # so it stays\r\n");
    let (status, told) = put(&house, &json!({ "toml": wanted }), None).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), wanted);
    assert_eq!(
        names(&house.get("/status").await),
        ["main", "second", "third"]
    );
    assert_eq!(told, house.get("/config").await);

    let text = house.call(Method::PUT, "/config").body(CONFIG);
    let text = text.header("content-type", "application/toml; charset=utf-8");
    let answer = text.send().await.unwrap();
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(etag, format!("\"{}\"", told["etag"].as_str().unwrap()));
    assert_eq!(told["toml"], CONFIG);

    let entries = house.get("/audit?q=config.update").await;
    let changes = &entries["items"][1]["changes"];
    assert_eq!(changes[0]["key"], "groups.third", "{entries}");
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_config_with_a_mistake_changes_nothing_and_its_place_is_told() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let broken = CONFIG.replace("\"spare\", priority = 2", "\"missing\", priority = 2");
    let check = house
        .post("/config/check", Some(json!({ "toml": broken })))
        .await;
    let (status, told) = put(&house, &json!({ "toml": broken }), None).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(told["error"]["code"], "invalid_request");
    assert_eq!(told["error"]["errors"], check["errors"]);
    assert!(
        told["error"]["errors"][0]["line"].as_u64() > Some(1),
        "{told}"
    );
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), CONFIG);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_the_same_config_the_second_is_told() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let shown = house.get("/config").await;
    let seen = shown["etag"].as_str();
    let third = json!({ "toml": format!("{CONFIG}{THIRD}") });
    let (status, told) = put(&house, &third, seen).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let (status, told) = put(&house, &json!({ "toml": CONFIG }), seen).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(told["error"]["code"], "precondition_failed");
    assert_eq!(
        names(&house.get("/status").await),
        ["main", "second", "third"]
    );
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_masked_is_kept_and_new_secrets_go_to_the_keychain() {
    let relay = "\n[[providers]]\nname = \"relay\"\ndialect = \"anthropic\"\nbase_url = \"http://127.0.0.1:9\"\n\
                 keys = [\"env:PATH\"]\nheaders = { \"X-A\" = \"header-secret\" }\n";
    let home = Home::new(&format!("{CONFIG}{relay}"));
    let options = daemon::Options {
        keychain: crate::keys::keychain(),
        ..home.options()
    };
    let house = House::of(daemon::Daemon::start(options).await.unwrap());
    let shown = house.get("/config").await;
    let text = shown["toml"].as_str().unwrap();
    assert!(!text.contains("header-secret"), "{text}");
    let wanted = text.replace("\"env:PATH\"", "\"env:PATH\", \"sk-literal-0123456789\"");
    let (status, told) = put(&house, &json!({ "toml": wanted }), shown["etag"].as_str()).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let now = std::fs::read_to_string(home.config()).unwrap();
    assert!(now.contains("\"X-A\" = \"header-secret\""), "{now}");
    assert!(
        now.contains("keychain:relay/1") && !now.contains("sk-literal"),
        "{now}"
    );
    assert!(!told.to_string().contains("sk-literal"), "{told}");

    let lost = text.replace("\"env:PATH\"", "\"…\"");
    let (status, told) = put(&house, &json!({ "toml": lost }), None).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        told["error"]["message"]
            .as_str()
            .unwrap()
            .contains("providers.relay.keys"),
        "{told}"
    );
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_config_that_cannot_be_taken_in_is_taken_back() {
    let home = Home::new(CONFIG);
    let options = daemon::Options {
        listen: Some(([0, 0, 0, 0], 0).into()),
        ..home.options()
    };
    let house = House::of(daemon::Daemon::start(options).await.unwrap());
    let open = CONFIG.replace("[server]", "[server]\nrequire_token = false");
    let (status, told) = put(&house, &json!({ "toml": open }), None).await;
    assert_eq!(status, StatusCode::CONFLICT, "{told}");
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), CONFIG);
    assert_eq!(house.get("/status").await["config_problem"], Value::Null);
    house.daemon.stop().await;
}
