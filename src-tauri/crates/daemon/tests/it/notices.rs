//! What was told to people is there for those who look later.

use serde_json::{Value, json};

use crate::support::{CONFIG, Home, until};

#[tokio::test(flavor = "multi_thread")]
async fn notices_are_there_for_who_looks_later() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    assert_eq!(house.get("/notices").await["items"], json!([]));
    house
        .post("/practice/outage", Some(json!({ "on": true })))
        .await;
    assert_eq!(house.served_by().await, "spare");
    house
        .post("/practice/outage", Some(json!({ "on": false })))
        .await;
    house.post("/providers/first/reset", None).await;
    let told = until(async || {
        let told = house.get("/notices").await;
        let items = told["items"].as_array().unwrap().clone();
        (items.len() == 2).then_some(items)
    })
    .await;
    let words = |notice: &Value| {
        let field = |name: &str| notice[name].as_str().unwrap_or_default().to_owned();
        (
            notice["id"].as_u64().unwrap(),
            field("kind"),
            field("provider"),
        )
    };
    assert_eq!(words(&told[0]), (2, "recovery".into(), "first".into()));
    assert_eq!(words(&told[1]), (1, "failover".into(), "first".into()));
    assert!(told[1]["page"].as_str().unwrap().starts_with('/'));
    house.daemon.stop().await;
}
