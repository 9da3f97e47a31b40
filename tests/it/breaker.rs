//! Rests: what a failing provider is spared, for how long, and how it comes back.

use std::time::{Duration, Instant};

use tests::config::{Config, Provider};
use tests::message::{plain, streamed};
use tests::program::{Practice, Turnout};
use tests::until;

async fn health(turnout: &Turnout, provider: &str, wanted: &str) -> serde_json::Value {
    until(&format!("{provider} to be {wanted}"), || async {
        let view = turnout.admin().provider(provider).await;
        (view["health"] == wanted).then_some(view)
    })
    .await
}

#[tokio::test]
async fn a_breaker_opens_probes_and_closes() {
    let (first, second) = (
        Practice::failing("first", "500").await,
        Practice::start("second").await,
    );
    let config = Config::chain([
        ("first", first.base.clone()),
        ("second", second.base.clone()),
    ])
    .routing(r#"cooldown = "1ms""#)
    .routing(r#"breaker = { failures = 3, window = "60s", recovery = "1s", probes = 1 }"#);
    let turnout = Turnout::start(&config).await;

    let open = until("the breaker to open", || async {
        assert_eq!(turnout.ask(&streamed("hi")).await.status, 200);
        let view = turnout.admin().provider("first").await;
        (view["health"] == "open").then_some(view)
    })
    .await;
    assert!(open["last_error"].is_string(), "{open:#}");
    let tried = first.calls().await;
    assert_eq!(tried, 3, "it takes three failures");
    for _ in 0..5 {
        turnout.ask(&streamed("hi")).await;
    }
    assert_eq!(first.calls().await, tried, "an open provider was asked");

    // Still down when it is probed: one call, and it rests again.
    until("a probe", || async {
        turnout.ask(&streamed("hi")).await;
        (first.calls().await > tried).then_some(())
    })
    .await;
    assert_eq!(
        first.calls().await,
        tried + 1,
        "more than one probe went to a provider that is half open"
    );

    first.fail(None).await;
    until("the recovered provider to serve", || async {
        let answer = turnout.ask(&streamed("hi")).await;
        (answer.header("x-turnout-provider") == Some("first")).then_some(())
    })
    .await;
    health(&turnout, "first", "healthy").await;
}

#[tokio::test]
async fn retry_after_is_obeyed_to_the_second() {
    let (first, second) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    let config = Config::chain([
        ("first", first.base.clone()),
        ("second", second.base.clone()),
    ])
    .routing(r#"cooldown = "1ms""#);
    let turnout = Turnout::start(&config).await;
    first.next(&["429;retry_after=2"]).await;

    let asked = Instant::now();
    assert_eq!(
        turnout.ask(&plain("hi")).await.header("x-turnout-provider"),
        Some("second")
    );
    let resting = health(&turnout, "first", "cooling").await;
    assert!(resting["cooling_until"].is_string(), "{resting:#}");
    let back = until("the first provider to serve again", || async {
        let answer = turnout.ask(&plain("hi")).await;
        (answer.header("x-turnout-provider") == Some("first")).then(Instant::now)
    })
    .await;
    let rested = back - asked;
    assert!(
        rested >= Duration::from_millis(1990),
        "it rested only {rested:?}"
    );
    assert_eq!(first.calls().await, 2, "it was asked while it rested");
}

#[tokio::test]
async fn a_rate_limited_key_rests_alone() {
    let first = Practice::start("first").await;
    let provider = Provider::new("first", &first.base).keys(2);
    let turnout = Turnout::start(&Config::of(vec![provider])).await;
    first.next(&["429;retry_after=60"]).await;
    for _ in 0..4 {
        assert_eq!(turnout.ask(&plain("hi")).await.status, 200);
    }
    // Five calls: the refused one, its second try by the other key, and three more by that.
    assert_eq!(first.calls().await, 5);
    let keys = turnout.admin().get("/keys").await;
    let states: Vec<_> = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["state"].as_str().unwrap())
        .collect();
    assert_eq!(
        states.iter().filter(|state| **state == "cooling").count(),
        1,
        "{keys:#}"
    );
}

#[tokio::test]
async fn where_all_rest_the_client_hears_when_to_come_back() {
    let first = Practice::failing("first", "429;retry_after=120").await;
    let config =
        Config::chain([("first", first.base.clone())]).routing("suspend = { enabled = false }");
    let turnout = Turnout::start(&config).await;
    for _ in 0..2 {
        let answer = turnout.ask(&plain("hi")).await;
        assert!(
            matches!(answer.status, 429 | 503 | 529),
            "{}: {}",
            answer.status,
            answer.text()
        );
        let wait: u64 = answer
            .header("retry-after")
            .expect("a retry-after")
            .parse()
            .unwrap();
        assert!(
            (1..=60).contains(&wait),
            "Claude Code gives up at once above 60: {wait}"
        );
        assert_eq!(answer.json()["type"], "error");
    }
    assert_eq!(first.calls().await, 1, "a resting provider was asked");
}
