//! Whatever goes wrong before the first word, another provider answers and the client sees nothing of it.

use tests::admin::chain;
use tests::config::{Config, Provider};
use tests::message::{names, plain, said, streamed, with_model};
use tests::program::{Practice, Turnout};
use tests::upstream::{Reply, Upstream};

/// A fault of the first provider: its scenario, the verdict and the reason that the ledger shows, and whether it
/// needs a stream to show itself. A verdict says what may help; with one try and one key that is the next provider.
struct Case(&'static str, &'static str, &'static str, When);

#[derive(Clone, Copy, PartialEq)]
enum When {
    Always,
    Streaming,
}
use When::{Always, Streaming};

const FAULTS: &[Case] = &[
    Case("429;retry_after=none", "next-key", "rate_limited", Always),
    Case(
        "529;retry_after=none",
        "next-provider",
        "overloaded",
        Always,
    ),
    Case("500", "next-provider", "server_error", Always),
    Case("502", "next-provider", "server_error", Always),
    Case(
        "503;retry_after=none",
        "next-provider",
        "overloaded",
        Always,
    ),
    Case("401", "next-key", "auth", Always),
    Case("402", "next-key", "auth", Always),
    Case("403", "next-key", "auth", Always),
    Case("404-model", "next-provider", "not_found", Always),
    Case("400-overload", "next-provider", "overloaded", Always),
    Case("refuse", "next-provider", "network", Always),
    Case("hang", "next-provider", "timeout", Always),
    Case("html", "next-provider", "server_error", Always),
    Case("empty", "next-provider", "empty_response", Always),
    Case("fake200", "next-provider", "overloaded", Streaming),
    Case("cut;events=1", "next-provider", "stream_cut", Streaming),
    Case("cut;events=0", "next-provider", "network", Streaming),
    Case(
        "truncate;events=1",
        "next-provider",
        "stream_cut",
        Streaming,
    ),
    Case(
        "error-event;events=1",
        "next-provider",
        "overloaded",
        Streaming,
    ),
];

async fn behind(first: &Practice, second: &Practice) -> Turnout {
    let config = Config::chain([
        ("first", first.base.clone()),
        ("second", second.base.clone()),
    ])
    .routing(r#"timeouts = { connect = "2s", first_event = "700ms", idle = "5s", total = "20s" }"#)
    .routing(r#"cooldown = "1ms""#)
    .routing(r#"breaker = { failures = 1000, window = "60s", recovery = "1s", probes = 1 }"#);
    Turnout::start(&config).await
}

async fn survives(turnout: &Turnout, Case(fault, verdict, reason, _): &Case, stream: bool) {
    // What it did before is forgotten: this is about one fault.
    turnout.admin().post("/providers/first/reset").await;
    let body = if stream {
        streamed("say hello")
    } else {
        plain("say hello")
    };
    let answer = turnout.ask(&body).await;
    let way = if stream { "streamed" } else { "whole" };
    assert_eq!(answer.status, 200, "{fault} ({way}): {}", answer.text());
    assert!(
        said(&answer).contains("say hello"),
        "{fault} ({way}): {}",
        answer.text()
    );
    assert_eq!(
        answer.header("x-turnout-provider"),
        Some("second"),
        "{fault} ({way})"
    );
    if stream {
        let events = answer.events();
        let names = names(&events);
        assert_eq!(
            names
                .iter()
                .filter(|name| **name == "message_start")
                .count(),
            1,
            "{fault}: {names:?}"
        );
        assert_eq!(names.last(), Some(&"message_stop"), "{fault}: {names:?}");
        assert!(!names.contains(&"error"), "{fault}: {names:?}");
    }
    let request = turnout
        .admin()
        .request(answer.header("x-turnout-request-id").unwrap())
        .await;
    assert_eq!(request["status"], "completed", "{fault}: {request:#}");
    assert_eq!(
        chain(&request, "provider"),
        ["first", "second"],
        "{fault}: {request:#}"
    );
    assert_eq!(
        chain(&request, "verdict"),
        [*verdict, "ok"],
        "{fault} ({way}): {request:#}"
    );
    assert_eq!(
        chain(&request, "reason")[0],
        *reason,
        "{fault} ({way}): {request:#}"
    );
    assert!(
        request["attempts"][0]["error"].is_string(),
        "{fault}: {request:#}"
    );
}

#[tokio::test]
async fn every_fault_before_the_first_word_is_invisible() {
    let (first, second) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    let turnout = behind(&first, &second).await;
    for case in FAULTS {
        first.fail(Some(case.0)).await;
        survives(&turnout, case, true).await;
        if case.3 == Always {
            survives(&turnout, case, false).await;
        }
    }
}

#[tokio::test]
async fn a_first_word_that_is_not_json_is_invisible() {
    let (first, second) = (
        Practice::failing("first", "malformed;after=0;gap=20").await,
        Practice::start("second").await,
    );
    let turnout = behind(&first, &second).await;
    let answer = turnout.ask(&streamed("say hello")).await;
    assert_eq!(answer.header("x-turnout-provider"), Some("second"));
    assert!(said(&answer).contains("say hello"), "{}", answer.text());
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_passed_over() {
    let (gone, second) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    let turnout = behind(&gone, &second).await;
    gone.kill().await;
    survives(
        &turnout,
        &Case("killed", "next-provider", "network", Always),
        true,
    )
    .await;
}

#[tokio::test]
async fn a_passing_fault_is_tried_again_at_the_same_provider() {
    let (first, second) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    let config = Config::chain([
        ("first", first.base.clone()),
        ("second", second.base.clone()),
    ])
    .routing(r#"retry = { attempts = 2, base = "1ms", max = "5ms" }"#);
    let turnout = Turnout::start(&config).await;
    first.next(&["529"]).await;
    let answer = turnout.ask(&streamed("again")).await;
    assert_eq!(answer.header("x-turnout-provider"), Some("first"));
    let request = turnout
        .admin()
        .request(answer.header("x-turnout-request-id").unwrap())
        .await;
    assert_eq!(chain(&request, "verdict"), ["retry-same", "ok"]);
    assert_eq!(second.calls().await, 0);
}

#[tokio::test]
async fn a_refused_key_gives_way_to_the_next_of_its_pool() {
    let refused = Reply::json(
        401,
        r#"{"type":"error","error":{"type":"authentication_error","message":"no"}}"#,
    );
    let good = Reply::json(
        200,
        r#"{"type":"message","content":[{"type":"text","text":"hi"}]}"#,
    );
    let upstream = Upstream::start(vec![refused, good]).await;
    let turnout = Turnout::start(&Config::of(vec![
        Provider::new("a", &upstream.base).keys(2),
    ]))
    .await;
    let answer = turnout.ask(&plain("hi")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let keys: Vec<_> = upstream
        .received()
        .iter()
        .map(|call| call.header("x-api-key").unwrap().to_owned())
        .collect();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1], "the refused key was tried again");
    let request = turnout.admin().newest().await;
    assert_eq!(chain(&request, "verdict"), ["next-key", "ok"]);
    assert!(
        !request.to_string().contains(&keys[0]),
        "the ledger shows a key"
    );
}

#[tokio::test]
async fn a_wrong_request_goes_back_to_the_client_and_nowhere_else() {
    let (first, second) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    let turnout = behind(&first, &second).await;
    for status in ["400", "413", "422"] {
        first.fail(Some(status)).await;
        let answer = turnout.ask(&plain("hi")).await;
        assert_eq!(answer.status.to_string(), status);
        assert_eq!(
            answer.body,
            first.last_answer().await,
            "the provider's own words were changed"
        );
        let request = turnout.admin().newest().await;
        assert_eq!(chain(&request, "verdict"), ["client-fault"], "{request:#}");
    }
    assert_eq!(second.calls().await, 0);
    let health = turnout.admin().provider("first").await["health"].clone();
    assert!(
        health == "healthy" || health == "unknown",
        "the provider was blamed: {health}"
    );
}

#[tokio::test]
async fn the_body_is_the_same_at_each_attempt() {
    let failing = Upstream::start(vec![Reply::json(529, "{}")]).await;
    let serving = Upstream::start(vec![Reply::json(
        200,
        r#"{"type":"message","content":[{"type":"text","text":"x"}]}"#,
    )])
    .await;
    let turnout = Turnout::start(&Config::chain([
        ("a", failing.base.clone()),
        ("b", serving.base.clone()),
    ]))
    .await;
    let body = r#"{ "model":"claude-sonnet-4-5","messages":[],"x":1.0}"#;
    let answer = turnout.call_bytes(body).send(&turnout.base).await;
    assert_eq!(answer.status, 200);
    assert_eq!(failing.received()[0].body, body.as_bytes());
    assert_eq!(serving.received()[0].body, body.as_bytes());
    assert_eq!(
        serving.received()[0].header("x-api-key"),
        Some(Provider::key("b", 0).as_str())
    );
}

#[tokio::test]
async fn a_tier_gives_its_models_one_after_the_other() {
    let practice = Practice::start("a").await;
    let provider = Provider::new("a", &practice.base)
        .more(r#"models = { middle = ["practice-529", "good-one"] }"#);
    let turnout = Turnout::start(&Config::of(vec![provider])).await;
    let answer = turnout
        .ask(&with_model(plain("hi"), "claude-sonnet-4-5"))
        .await;
    assert_eq!(
        answer.header("x-turnout-model"),
        Some("good-one"),
        "{}",
        answer.text()
    );
    assert_eq!(
        chain(&turnout.admin().newest().await, "model"),
        ["practice-529", "good-one"]
    );
}
