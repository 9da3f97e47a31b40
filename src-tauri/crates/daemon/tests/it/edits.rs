//! Providers, groups and rules are changed by the admin API: in the file, with what else stands there, and at once.

use daemon::secrets::Keychain;
use daemon::{Daemon, Options};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{CONFIG, Home, House, refused, with_json};

async fn send(house: &House, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let answer = with_json(house.call(method, path), body)
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_str(&answer.text().await.unwrap()).unwrap(),
    )
}

async fn delete(house: &House, path: &str) -> StatusCode {
    house
        .call(Method::DELETE, path)
        .send()
        .await
        .unwrap()
        .status()
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_comes_serves_changes_and_goes() {
    let home = Home::new(&format!("# mine\n{CONFIG}"));
    let house = home.start().await;
    let new = json!({ "name": "fresh", "dialect": "practice", "limits": { "rpm": 600 } });
    let (status, told) = send(&house, Method::POST, "/providers", &new).await;
    assert_eq!(
        (status, &told["name"], &told["limits"]["rpm"]),
        (201, &json!("fresh"), &json!(600))
    );
    let group =
        json!({ "members": [{ "provider": "fresh" }, { "provider": "first", "priority": 2 }] });
    let (status, told) = send(&house, Method::PUT, "/groups/main", &group).await;
    assert_eq!(
        (status, told["members"].as_array().unwrap().len()),
        (200, 2),
        "{told}"
    );
    assert_eq!(house.served_by().await, "fresh");
    let (status, told) = send(
        &house,
        Method::PUT,
        "/providers/fresh",
        &json!({ "enabled": false }),
    )
    .await;
    assert_eq!((status, &told["enabled"]), (200, &json!(false)));
    assert_eq!(house.served_by().await, "first");
    // What serves in a group is not taken away from under it.
    let told = refused(house.call(Method::DELETE, "/providers/fresh")).await;
    assert_eq!(told, (409, "conflict".to_owned()));
    // What was read may be sent back.
    let mut read = house.get("/groups/main").await;
    read["members"].as_array_mut().unwrap().remove(0);
    assert_eq!(
        send(&house, Method::PUT, "/groups/main", &read).await.0,
        200
    );
    assert_eq!(
        delete(&house, "/providers/fresh").await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        house
            .call(Method::GET, "/providers/fresh")
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::NOT_FOUND
    );
    house.daemon.stop().await;
    let config = std::fs::read_to_string(home.config()).unwrap();
    assert!(
        config.starts_with("# mine\nversion = 1\n") && !config.contains("fresh"),
        "{config}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_rules_are_added_and_put_in_order() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let group =
        json!({ "name": "third", "policy": "round-robin", "members": [{ "provider": "spare" }] });
    let (status, told) = send(&house, Method::POST, "/groups", &group).await;
    assert_eq!(
        (status, &told["policy"], &told["state"]),
        (201, &json!("round-robin"), &json!("standby"))
    );
    let (status, told) = send(
        &house,
        Method::PUT,
        "/groups",
        &json!({ "order": ["third"] }),
    )
    .await;
    assert_eq!(
        (status, names(&told)),
        (200, vec!["third", "main", "second"])
    );
    for name in ["one", "two"] {
        let rule =
            json!({ "name": name, "when": { "tier": "small" }, "use": { "group": "second" } });
        let (status, told) = send(&house, Method::POST, "/rules", &rule).await;
        assert_eq!(
            (status, told),
            (
                201,
                json!({ "name": name, "enabled": true, "when": rule["when"], "use": rule["use"] })
            )
        );
    }
    // The client asks for haiku.
    assert_eq!(house.served_by().await, "other");
    let (status, told) = send(
        &house,
        Method::PUT,
        "/rules",
        &json!({ "order": ["two", "one"] }),
    )
    .await;
    assert_eq!((status, names(&told)), (200, vec!["two", "one"]));
    let off = json!({ "enabled": false });
    for name in ["one", "two"] {
        let (status, told) = send(&house, Method::PUT, &format!("/rules/{name}"), &off).await;
        assert_eq!((status, &told["enabled"]), (200, &json!(false)));
    }
    assert_eq!(house.served_by().await, "first");
    for path in ["/rules/one", "/rules/two", "/groups/third"] {
        assert_eq!(delete(&house, path).await, StatusCode::NO_CONTENT, "{path}");
    }
    house.daemon.stop().await;
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), CONFIG);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_not_be_valid_is_refused_and_changes_nothing() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    for (method, path, body, status) in [
        (
            Method::POST,
            "/providers",
            json!({ "dialect": "practice" }),
            400,
        ),
        (
            Method::POST,
            "/providers",
            json!({ "name": "x", "dialect": "klingon" }),
            400,
        ),
        (
            Method::POST,
            "/providers",
            json!({ "name": "first", "dialect": "practice" }),
            409,
        ),
        (
            Method::POST,
            "/groups",
            json!({ "name": "x", "members": [{ "provider": "nobody" }] }),
            400,
        ),
        (
            Method::PUT,
            "/groups/nobody",
            json!({ "policy": "priority" }),
            404,
        ),
        (Method::PUT, "/rules/nobody", json!({}), 404),
        (Method::PUT, "/groups", json!({ "order": ["nobody"] }), 404),
        (Method::POST, "/rules", json!([1]), 400),
        (Method::DELETE, "/rules/nobody", json!({}), 404),
    ] {
        let told = refused(with_json(house.call(method.clone(), path), &body)).await;
        assert_eq!(told.0, status, "{method} {path} {body}: {told:?}");
    }
    house.daemon.stop().await;
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), CONFIG);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_a_new_provider_goes_to_the_keychain() {
    const KEY: &str = "sk-live-0123456789abcdefwxyz";
    let new = json!({ "name": "relay", "dialect": "anthropic", "base_url": "http://127.0.0.1:9", "keys": [KEY, "env:RELAY"] });
    let home = Home::new(CONFIG);
    let house = home.start().await;
    let told = refused(with_json(house.call(Method::POST, "/providers"), &new)).await;
    assert_eq!(told, (503, "no_keychain".to_owned()));
    house.daemon.stop().await;
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), CONFIG);

    let store = keyring_core::mock::Store::new().unwrap();
    let keychain = Keychain::with(move || Ok(store.clone()));
    let options = Options {
        keychain: keychain.clone(),
        ..home.options()
    };
    let house = House::of(Daemon::start(options).await.unwrap());
    let (status, told) = send(&house, Method::POST, "/providers", &new).await;
    assert_eq!((status, &told["keys"]), (201, &json!(2)), "{told}");
    // What cannot be written leaves the keys that are there, and nothing new in the keychain.
    let broken = json!({ "keys": ["sk-live-another-0123456789"], "auth": "nonsense" });
    let call = with_json(house.call(Method::PUT, "/providers/relay"), &broken);
    assert_eq!(refused(call).await.0, 400);
    assert!(keychain.get("relay/0-2").await.unwrap().is_none());
    let before = std::fs::read_to_string(home.config()).unwrap();
    // One that can be is written at once, with its reference.
    let other = json!({ "keys": ["env:RELAY", "sk-live-another-0123456789"] });
    let (status, told) = send(&house, Method::PUT, "/providers/relay", &other).await;
    assert_eq!((status, &told["keys"]), (200, &json!(2)), "{told}");
    let after = std::fs::read_to_string(home.config()).unwrap();
    assert_ne!(before, after);
    assert!(
        after.contains("keys = [\"env:RELAY\", \"keychain:relay/"),
        "{after}"
    );
    house.daemon.stop().await;
    assert_eq!(home.files_with(KEY), Vec::<std::path::PathBuf>::new());
    let config = std::fs::read_to_string(home.config()).unwrap();
    assert!(
        config.contains("\"env:RELAY\"") && config.contains("keychain:relay/"),
        "{config}"
    );
}
