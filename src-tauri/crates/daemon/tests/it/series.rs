//! What happened lately, and what vendors tell of their limits.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{CONFIG, Home, refused, until};

fn sum(list: &Value) -> u64 {
    list.as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_u64)
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_shows_in_the_series() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    house.daemon.practice_outage(true);
    house.ask(true).await.text().await.unwrap();
    let told = until(async || {
        let told = house.get("/series?minutes=10&buckets=5").await;
        (sum(&told["total"]["requests"]) == 1).then_some(told)
    })
    .await;
    assert_eq!(told["step_seconds"], 120);
    let of = |name: &str, field: &str| {
        let mut providers = told["providers"].as_array().unwrap().iter();
        let found = providers.find(|one| one["provider"] == name).unwrap();
        assert_eq!(found[field].as_array().unwrap().len(), 5, "{told}");
        sum(&found[field])
    };
    assert!(of("first", "failures") > 0);
    assert_eq!(of("first", "attempts"), of("first", "failures"));
    assert_eq!((of("spare", "attempts"), of("spare", "failures")), (1, 0));
    assert!(of("spare", "tokens") > 0);
    assert_eq!(of("spare", "tokens"), sum(&told["total"]["tokens"]));
    assert_eq!(of("other", "attempts"), 0);
    for query in [
        "minutes=0",
        "minutes=1441",
        "buckets=0",
        "buckets=241",
        "minutes=x",
    ] {
        let call = house.call(Method::GET, &format!("/series?{query}"));
        assert_eq!(
            refused(call).await,
            (400, "invalid_request".to_owned()),
            "{query}"
        );
    }
    house.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_subscription_is_told_of_its_provider() {
    let home = Home::new(CONFIG);
    let house = home.start().await;
    assert_eq!(house.get("/providers/other").await["quotas"], json!([]));
    let reset = Timestamp::now() + SignedDuration::from_hours(3);
    let model = format!(
        "practice-text;h.anthropic-ratelimit-unified-5h-utilization=0.75;h.anthropic-ratelimit-unified-5h-reset={}",
        reset.as_second()
    );
    let message = json!({ "provider": "other", "model": model, "max_tokens": 9,
        "messages": [{ "role": "user", "content": "hello" }] });
    house.post("/playground", Some(message)).await;
    let told = house.get("/providers/other").await;
    let [quota] = told["quotas"].as_array().unwrap().as_slice() else {
        panic!("{told}");
    };
    assert_eq!(
        (&quota["what"], &quota["unit"]),
        (&json!("5h"), &json!("share"))
    );
    assert_eq!(
        (&quota["left"], &quota["used_up_at"]),
        (&json!(0.25), &Value::Null)
    );
    let at: Timestamp = quota["resets_at"].as_str().unwrap().parse().unwrap();
    assert!(
        at.duration_since(reset).abs() < SignedDuration::from_secs(30),
        "{told}"
    );
    // What was read may be sent back.
    let call = house.call(Method::PUT, "/providers/other");
    let status = crate::support::with_json(call, &told)
        .send()
        .await
        .unwrap()
        .status();
    assert_eq!(status, 200);
    house.daemon.stop().await;
}
