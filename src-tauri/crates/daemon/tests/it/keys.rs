//! Keys go into the keychain and nowhere else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use daemon::secrets::Keychain;
use daemon::{Daemon, Options};
use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{CredentialStore, mock};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::support::{CONFIG, Home, House, refused, with_json};

const VALUE: &str = "sk-live-0123456789abcdefwxyz";
const RELAY: &str = "\n[[providers]]\nname = \"relay\" # mine\ndialect = \"anthropic\"\nbase_url = \"http://127.0.0.1:9\"\n";

pub(crate) fn keychain() -> Keychain {
    let store = mock::Store::new().unwrap();
    Keychain::with(move || Ok(store.clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_kept_in_the_keychain_and_in_no_file() {
    let home = Home::new(&format!("{CONFIG}{RELAY}\n[log]\nlevel = \"trace\"\n"));
    let options = Options {
        keychain: keychain(),
        ..home.options()
    };
    let log = daemon::log::init(&options);
    let house = House::of(Daemon::start(options.clone()).await.unwrap());
    let call = with_json(
        house.call(Method::POST, "/providers/relay/keys"),
        &json!({ "value": format!(" {VALUE}\n") }),
    );
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let text = answer.text().await.unwrap();
    assert!(text.contains("…wxyz") && !text.contains(VALUE), "{text}");
    let key = house.get("/keys").await["items"][0].clone();
    assert_eq!(
        (&key["id"], &key["provider"]),
        (&json!("relay/0"), &json!("relay"))
    );
    assert_eq!(key["state"], "ready");

    let config = std::fs::read_to_string(home.config()).unwrap();
    assert!(
        config.contains("keychain:relay/0") && config.contains("# mine"),
        "{config}"
    );
    house.daemon.stop().await;
    drop(log);
    assert!(
        !home.files_with("Turnout has stopped").is_empty(),
        "there is no log"
    );
    assert_eq!(home.files_with(VALUE), Vec::<std::path::PathBuf>::new());

    let house = House::of(Daemon::start(options).await.unwrap());
    assert_eq!(house.get("/keys").await["items"][0]["masked"], "…wxyz");
    assert_eq!(house.get("/keychain").await["available"], true);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keychain_a_key_is_refused_and_what_to_do_is_told() {
    let home = Home::new(&format!("{CONFIG}{RELAY}"));
    let house = home.start().await;
    let none = json!({ "available": false, "file": false });
    assert_eq!(house.get("/keychain").await, none);
    let call = || house.call(Method::POST, "/providers/relay/keys");
    let answer = with_json(call(), &json!({ "value": VALUE }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let told = answer.text().await.unwrap();
    assert!(
        told.contains("no_keychain") && told.contains("env:NAME") && !told.contains(VALUE),
        "{told}"
    );
    for value in ["", "two words"] {
        let told = refused(with_json(call(), &json!({ "value": value }))).await;
        assert_eq!(told, (400, "invalid_request".to_owned()));
    }
    house.daemon.stop().await;
    assert_eq!(home.files_with(VALUE), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_set_at_once_are_all_kept() {
    let home = Home::new(&format!("{CONFIG}{RELAY}"));
    let options = Options {
        keychain: keychain(),
        ..home.options()
    };
    let house = House::of(Daemon::start(options).await.unwrap());
    let set = async |number: u32| {
        let call = house.call(Method::POST, "/providers/relay/keys");
        let call = with_json(call, &json!({ "value": format!("{VALUE}{number}") }));
        call.send().await.unwrap().status()
    };
    let other = async || {
        let call = house.call(Method::PUT, "/groups/second");
        let fields = json!({ "policy": "round-robin" });
        with_json(call, &fields).send().await.unwrap().status()
    };
    let keys = futures_util::future::join_all([1, 2, 3, 4].map(set));
    let (keys, group) = tokio::join!(keys, other());
    assert_eq!(keys, [StatusCode::CREATED; 4]);
    assert_eq!(group, StatusCode::OK);
    let config = std::fs::read_to_string(home.config()).unwrap();
    assert!(config.contains("policy = \"round-robin\""), "{config}");
    let keys = house.get("/keys").await;
    let mut masked: Vec<&str> = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["masked"].as_str().unwrap())
        .collect();
    masked.sort_unstable();
    assert_eq!(masked, ["…xyz1", "…xyz2", "…xyz3", "…xyz4"]);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sent_in_the_wrong_shape_is_not_repeated() {
    let home = Home::new(&format!("{CONFIG}{RELAY}"));
    let house = home.start().await;
    for body in [
        json!(VALUE),
        json!({ "value": [VALUE] }),
        json!({ VALUE: 1 }),
    ] {
        let call = house.call(Method::POST, "/providers/relay/keys");
        let answer = with_json(call, &body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        let told: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(
            told["error"]["message"],
            "the body must be {\"value\": \"KEY\"}"
        );
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_gets_another_value_and_is_forgotten_with_it() {
    let home = Home::new(&format!(
        "{CONFIG}{RELAY}keys = [\"env:RELAY_OF_TESTS\"] # theirs\n"
    ));
    let keychain = keychain();
    let options = Options {
        keychain: keychain.clone(),
        ..home.options()
    };
    let house = House::of(Daemon::start(options).await.unwrap());
    house
        .post("/providers/relay/keys", Some(json!({ "value": VALUE })))
        .await;
    // Its own name in the keychain is kept; what came from elsewhere comes from the keychain now.
    for (path, last, source) in [
        (
            "/providers/relay/keys/relay/1/rotate",
            "1111",
            "keychain:relay/1",
        ),
        (
            "/providers/relay/keys/relay%2F1/rotate",
            "2222",
            "keychain:relay/1",
        ),
        ("/providers/relay/keys/0/rotate", "3333", "keychain:relay/0"),
    ] {
        let told = house
            .post(
                path,
                Some(json!({ "value": format!("sk-live-another-{last}") })),
            )
            .await;
        assert_eq!(
            (&told["masked"], &told["source"]),
            (&json!(format!("…{last}")), &json!(source)),
            "{path}"
        );
    }
    let config = std::fs::read_to_string(home.config()).unwrap();
    assert!(
        config.contains("keys = [\"keychain:relay/0\", \"keychain:relay/1\"] # theirs"),
        "{config}"
    );
    let gone = house
        .call(Method::DELETE, "/providers/relay/keys/relay/0")
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert!(keychain.get("relay/0").await.unwrap().is_none());
    let left = house.get("/keys").await;
    assert_eq!(left["items"].as_array().unwrap().len(), 1, "{left}");
    assert_eq!(left["items"][0]["masked"], "…2222");
    for (method, path, body, status) in [
        (
            Method::DELETE,
            "/providers/relay/keys/relay/9",
            json!({}),
            404,
        ),
        (Method::DELETE, "/providers/nobody/keys/0", json!({}), 404),
        (
            Method::POST,
            "/providers/relay/keys/relay/0/rotate",
            json!({}),
            400,
        ),
        (
            Method::POST,
            "/providers/relay/keys/relay/0/polish",
            json!({}),
            404,
        ),
    ] {
        let told = refused(with_json(house.call(method, path), &body)).await;
        assert_eq!(told.0, status, "{path}: {told:?}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_tried_alone() {
    let home = Home::new(&format!(
        "{CONFIG}\n[[providers]]\nname = \"two\"\ndialect = \"practice\"\nauth = \"bearer\"\nkeys = [\"file:a\", \"file:b\"]\n"
    ));
    home.write("a", "sk-a-0123456789abcdef");
    home.write("b", "sk-b-0123456789abcdef");
    let house = home.start().await;
    for key in ["two/1", "two/1", "two/0"] {
        let told = house
            .post(&format!("/providers/two/keys/{key}/test"), None)
            .await;
        assert_eq!(told["ok"], true, "{told}");
        let request = house.completed(told["request_id"].as_str().unwrap()).await;
        let keys = house.get("/keys").await;
        let masked = keys["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|known| known["id"] == key)
            .unwrap()["masked"]
            .clone();
        assert_eq!(request["key"], masked);
    }
    let uses: Vec<_> = house.get("/keys").await["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["uses"].clone())
        .collect();
    assert_eq!(uses, [json!(1), json!(2)]);
    house.daemon.stop().await;
}

/// A keychain that dies when told to, and the store behind it. As it comes back, an editor saves `text` as the config,
/// as somebody may while a person is asked to unlock it.
fn slow_keychain(home: &Home, text: String) -> (Keychain, Arc<mock::Store>) {
    let store = mock::Store::new().unwrap();
    let (opened, config) = (Arc::clone(&store), home.config());
    let openings = AtomicUsize::new(0);
    let keychain = Keychain::with(move || {
        if openings.fetch_add(1, Ordering::SeqCst) == 1 {
            std::fs::write(&config, &text).unwrap();
        }
        Ok(Arc::clone(&opened) as Arc<CredentialStore>)
    });
    (keychain, store)
}

fn dies(store: &mock::Store, name: &str) {
    let entry = store.build("turnout", name, None).unwrap();
    let entry = entry.as_any().downcast_ref::<mock::Cred>().unwrap();
    entry.set_error(keyring_core::Error::PlatformFailure("gone".into()));
}

/// Keys whose change the cases below have refused: one in the keychain, one elsewhere.
const TWO_KEYS: &str = "keys = [\"keychain:relay/0\", \"env:RELAY_OF_TESTS\"]\n";
const CHANGES: [(Method, &str); 4] = [
    (Method::POST, "/providers/relay/keys/0/rotate"),
    (Method::POST, "/providers/relay/keys/1/rotate"),
    (Method::POST, "/providers/relay/keys"),
    (Method::DELETE, "/providers/relay/keys/0"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_refused_loses_no_key() {
    let home = Home::new(&format!("{CONFIG}{RELAY}{TWO_KEYS}"));
    let keychain = keychain();
    keychain.set("relay/0", &VALUE.into()).await.unwrap();
    let options = Options {
        keychain: keychain.clone(),
        ..home.options()
    };
    let house = House::of(Daemon::start(options).await.unwrap());
    let broken = format!("{CONFIG}{RELAY}{TWO_KEYS}colour = \"red\"\n");
    home.write("config.toml", &broken);
    for (method, path) in CHANGES {
        let call = house.call(method.clone(), path);
        let told = refused(with_json(call, &json!({ "value": "sk-live-mistyped" }))).await;
        assert_eq!(told, (409, "conflict".to_owned()), "{method} {path}");
        let kept = keychain.get("relay/0").await.unwrap().unwrap();
        assert_eq!(kept.expose_secret(), VALUE, "{method} {path}");
        for name in ["relay/1", "relay/2"] {
            let left = keychain.get(name).await.unwrap();
            assert!(left.is_none(), "{method} {path}: {name}");
        }
        let text = std::fs::read_to_string(home.config()).unwrap();
        assert_eq!(text, broken, "{method} {path}");
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_editor_saves_while_the_keychain_is_asked_stays_and_so_do_the_keys() {
    // What is removed is first taken out of the config, before the keychain is asked.
    let of_keychain = CHANGES.into_iter().filter(|it| it.0 == Method::POST);
    for (asked, (method, path)) in ["relay/0", "relay/1", "relay/0"]
        .into_iter()
        .zip(of_keychain)
    {
        let home = Home::new(&format!("{CONFIG}{RELAY}{TWO_KEYS}"));
        let broken = format!("{CONFIG}{RELAY}{TWO_KEYS}colour = \"red\" # half done\n");
        let (keychain, store) = slow_keychain(&home, broken.clone());
        keychain.set("relay/0", &VALUE.into()).await.unwrap();
        let options = Options {
            keychain: keychain.clone(),
            ..home.options()
        };
        let house = House::of(Daemon::start(options).await.unwrap());
        dies(&store, asked);
        let call = house.call(method, path);
        let told = refused(with_json(call, &json!({ "value": "sk-live-mistyped" }))).await;
        assert_eq!(told, (409, "conflict".to_owned()), "{path}");
        let text = std::fs::read_to_string(home.config()).unwrap();
        assert_eq!(text, broken, "{path}");
        let kept = keychain.get("relay/0").await.unwrap().unwrap();
        assert_eq!(kept.expose_secret(), VALUE, "{path}");
        for name in ["relay/1", "relay/2"] {
            let left = keychain.get(name).await.unwrap();
            assert!(left.is_none(), "{path}: {name}");
        }
        house.daemon.stop().await;
    }
}
