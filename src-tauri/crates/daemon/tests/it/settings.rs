//! The config setting by setting.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{CONFIG, Home, House, refused, with_json};

const MORE: &str =
    "\n[routing]\n# how patient\nsuspend = { max = 7 } # few\n\n[ledger]\nurl = \"sqlite://\"\n";

async fn patch(house: &House, wanted: Value) -> Value {
    let call = with_json(house.call(Method::PATCH, "/settings"), &wanted);
    let answer = call.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn one(told: &Value, path: &str) -> Value {
    let mut items = told["items"].as_array().unwrap().iter();
    items.find(|item| item["path"] == path).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_told_and_changed_one_by_one_and_comments_stay() {
    let home = Home::new(&format!("{CONFIG}{MORE}"));
    let house = home.start().await;
    let told = house.get("/settings").await;
    let max = one(&told, "routing.suspend.max");
    assert_eq!(
        (&max["value"], &max["default"], &max["written"]),
        (&json!(7), &json!(100), &json!(true))
    );
    assert_eq!(one(&told, "desktop.theme")["written"], false);
    assert_eq!(one(&told, "telemetry.propagate")["default"], false);
    assert!(!told.to_string().contains(crate::support::ADMIN));

    let told = patch(
        &house,
        json!({ "routing.suspend.max": 9, "desktop.language": "zh-CN", "desktop.notifications": ["auth"],
            "routing.retry.attempts": 3 }),
    )
    .await;
    assert_eq!(one(&told, "routing.suspend.max")["value"], 9);
    let config = std::fs::read_to_string(home.config()).unwrap();
    for part in [
        "# how patient\nsuspend = { max = 9 } # few",
        "retry = { attempts = 3 }",
        "language = \"zh-CN\"",
    ] {
        assert!(config.contains(part), "{part}: {config}");
    }
    let told = patch(
        &house,
        json!({ "desktop.language": null, "routing.suspend.max": null }),
    )
    .await;
    let language = one(&told, "desktop.language");
    assert_eq!(
        (&language["value"], &language["written"]),
        (&json!("system"), &json!(false))
    );
    assert_eq!(one(&told, "routing.suspend.max")["value"], 100);
    let entries = house.get("/audit?q=setting.update").await;
    assert_eq!(entries["items"].as_array().unwrap().len(), 2);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_was_read_may_be_sent_back() {
    let home = Home::new(&format!("{CONFIG}{MORE}"));
    let house = home.start().await;
    let before = std::fs::read_to_string(home.config()).unwrap();
    let told = house.get("/settings").await;
    let written = told["items"].as_array().unwrap().iter();
    let written = written.filter(|item| item["written"] == true);
    let all = written.map(|item| {
        (
            item["path"].as_str().unwrap().to_owned(),
            item["value"].clone(),
        )
    });
    patch(&house, Value::Object(all.collect())).await;
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), before);
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_setting_or_no_value_changes_nothing() {
    let config = CONFIG.replace(
        "client_tokens = [",
        "client_tokens = [{ name = \"boss\", token = \"file:boss\", scopes = [\"admin:write\"] }, ",
    );
    let home = Home::new(&config);
    home.write("boss", "boss-token-for-tests-0123456789");
    let house = home.start().await;
    for wrong in [
        json!({ "routing.suspend.max": 9, "no.such": 1 }),
        json!({ "routing.suspend.max": 9, "log.level": "loud" }),
        json!({ "routing.suspend.max": "many" }),
        json!({ "server.admin_token": "keychain:mine" }),
        json!({ "ledger.url": "postgres://me:…@db/x" }),
        json!([1]),
    ] {
        let call = with_json(house.call(Method::PATCH, "/settings"), &wrong);
        assert_eq!(
            refused(call).await,
            (400, "invalid_request".to_owned()),
            "{wrong}"
        );
    }
    let call = house
        .bare(Method::PATCH, "/settings")
        .bearer_auth("boss-token-for-tests-0123456789");
    let call = with_json(call, &json!({ "server.require_token": false }));
    assert_eq!(refused(call).await, (403, "forbidden".to_owned()));
    assert_eq!(std::fs::read_to_string(home.config()).unwrap(), config);
    house.daemon.stop().await;
}
