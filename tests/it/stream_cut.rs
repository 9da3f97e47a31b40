//! What the client hears, and the ledger, when an answer breaks off after its first words.

use serde_json::{Value, json};
use tests::admin::chain;
use tests::config::Config;
use tests::http::Answer;
use tests::message::{names, said, streamed};
use tests::program::{Practice, Turnout};

async fn behind(first: &Practice, second: &Practice) -> Turnout {
    let config = Config::chain([
        ("first", first.base.clone()),
        ("second", second.base.clone()),
    ])
    .routing(r#"timeouts = { connect = "2s", first_event = "5s", idle = "500ms", total = "20s" }"#);
    Turnout::start(&config).await
}

#[tokio::test]
async fn a_cut_ends_with_an_error_event_and_a_failed_attempt() {
    for scenario in [
        "cut;after=3;gap=20",
        "cut;after=3;how=rst;gap=20",
        "cut;after=3;how=midframe;gap=20",
        "truncate;after=3;gap=20",
        "stall;after=3;gap=20",
    ] {
        let (first, second) = (
            Practice::failing("first", scenario).await,
            Practice::start("second").await,
        );
        let turnout = behind(&first, &second).await;
        let answer = turnout
            .ask(&streamed(
                "one two three four five six seven eight nine ten",
            ))
            .await;
        assert_eq!(answer.status, 200);
        assert!(
            !said(&answer).is_empty(),
            "{scenario}: the words before the cut were lost"
        );
        let events = answer.events();
        let names = names(&events);
        assert_eq!(names.last(), Some(&"error"), "{scenario}: {names:?}");
        assert!(
            !names.contains(&"message_stop"),
            "{scenario}: a cut answer was given a proper end: {names:?}"
        );
        let error = events.last().unwrap().json();
        assert_eq!(error["type"], "error", "{scenario}");
        assert!(
            error["error"]["type"].is_string() && error["error"]["message"].is_string(),
            "{scenario}: {error}"
        );

        let request = turnout.admin().newest().await;
        assert_eq!(request["status"], "failed", "{scenario}: {request:#}");
        assert_eq!(
            chain(&request, "provider"),
            ["first"],
            "{scenario}: {request:#}"
        );
        assert_ne!(
            chain(&request, "verdict"),
            ["ok"],
            "{scenario}: {request:#}"
        );
        assert_eq!(
            second.calls().await,
            0,
            "{scenario}: an answer that had begun was begun again"
        );
    }
}

#[tokio::test]
async fn an_error_event_of_the_provider_is_told_and_recorded() {
    let (first, second) = (
        Practice::failing("first", "error-event;after=3;gap=20").await,
        Practice::start("second").await,
    );
    let turnout = behind(&first, &second).await;
    let answer = turnout
        .ask(&streamed("one two three four five six seven"))
        .await;
    let events = answer.events();
    assert_eq!(names(&events).last(), Some(&"error"));
    assert_eq!(
        names(&events)
            .iter()
            .filter(|name| **name == "error")
            .count(),
        1
    );
    assert_eq!(turnout.admin().newest().await["status"], "failed");
}

#[tokio::test]
async fn an_event_that_is_not_json_ends_the_stream_instead_of_reaching_the_client() {
    let (first, second) = (
        Practice::failing("first", "malformed;after=3;gap=20").await,
        Practice::start("second").await,
    );
    let turnout = behind(&first, &second).await;
    let answer = turnout
        .ask(&streamed("one two three four five six seven"))
        .await;
    let events = answer.events();
    assert_eq!(names(&events).last(), Some(&"error"), "{}", answer.text());
    for event in &events {
        assert!(event.json().is_object());
    }
    assert_eq!(turnout.admin().newest().await["status"], "failed");
}

#[tokio::test]
async fn the_next_request_goes_elsewhere_after_cuts() {
    let (first, second) = (
        Practice::failing("first", "cut;after=2").await,
        Practice::start("second").await,
    );
    let config = Config::chain([
        ("first", first.base.clone()),
        ("second", second.base.clone()),
    ])
    .routing(r#"breaker = { failures = 2, window = "60s", recovery = "60s", probes = 1 }"#);
    let turnout = Turnout::start(&config).await;
    let mut served_elsewhere = false;
    for _ in 0..4 {
        let answer = turnout.ask(&streamed("one two three four five")).await;
        served_elsewhere = answer.header("x-turnout-provider") == Some("second");
        turnout.quiet().await;
    }
    assert!(served_elsewhere, "the breaker did not hear of the cuts");
}

#[tokio::test]
async fn an_answer_whose_last_event_lacks_its_blank_line_is_whole() {
    let (first, second) = (
        Practice::failing("first", "no-blank;usage_out=7").await,
        Practice::start("second").await,
    );
    let turnout = behind(&first, &second).await;
    let answer = turnout.ask(&streamed("hello")).await;
    assert!(said(&answer).contains("hello"));
    assert!(
        !names(&answer.events()).contains(&"error"),
        "{}",
        answer.text()
    );
    let request = turnout.admin().newest().await;
    assert_eq!(request["status"], "completed");
    assert_eq!(request["output_tokens"], 7);
}

/// A request that is cut at the first provider, with this setting of `routing.continue`.
async fn cut_with(setting: &str, scenario: &str, headers: &[(&str, &str)]) -> (Answer, Value) {
    let (first, second) = (
        Practice::failing("first", scenario).await,
        Practice::start("second").await,
    );
    let config = Config::chain([
        ("first", first.base.clone()),
        ("second", second.base.clone()),
    ])
    .routing(&format!("continue = {setting:?}"))
    .routing(r#"timeouts = { connect = "2s", first_event = "5s", idle = "500ms", total = "20s" }"#);
    let turnout = Turnout::start(&config).await;
    let mut call = turnout.call(&streamed(PROMPT));
    for (name, value) in headers {
        call = call.header(name, value);
    }
    let answer = call.send(&turnout.base).await;
    (answer, turnout.admin().newest().await)
}

const PROMPT: &str = "one two three four five six seven eight nine ten";

#[tokio::test]
async fn another_provider_goes_on_with_a_text_where_that_is_wanted() {
    for scenario in [
        "cut;after=3;gap=20",
        "cut;after=3;how=midframe;gap=20",
        "stall;after=3;gap=20",
        "error-event;after=3;gap=20",
        "malformed;after=3;gap=20",
    ] {
        let (answer, request) = cut_with("prefill", scenario, &[]).await;
        let told = said(&answer);
        assert_eq!(
            told,
            format!("Practice provider first here. You said: {PROMPT}"),
            "{scenario}"
        );
        let events = answer.events();
        let names = names(&events);
        for once in ["message_start", "content_block_start", "message_stop"] {
            let count = names.iter().filter(|name| **name == once).count();
            assert_eq!(count, 1, "{scenario}: {names:?}");
        }
        assert!(!names.contains(&"error"), "{scenario}: {names:?}");
        assert_eq!(request["status"], "completed", "{scenario}: {request:#}");
        assert_eq!(chain(&request, "provider"), ["first", "second"]);
        assert_eq!(request["losses"], json!(["continued"]), "{request:#}");
    }
}

#[tokio::test]
async fn claude_code_is_given_a_cut_answer_anew_where_that_is_wanted() {
    let headers = [("user-agent", "claude-cli/2.1.329 (external, cli)")];
    let (answer, request) = cut_with("restart", "cut;after=3;gap=20", &headers).await;
    let events = answer.events();
    let names = names(&events);
    let begins = names.iter().filter(|name| **name == "message_start");
    assert_eq!(begins.count(), 2, "{names:?}");
    assert_eq!(names.last(), Some(&"message_stop"), "{names:?}");
    let told = said(&answer);
    let whole = format!("Practice provider second here. You said: {PROMPT}");
    assert!(told.ends_with(&whole), "{told}");
    assert_eq!(request["status"], "completed", "{request:#}");
    assert_eq!(request["losses"], json!(["restarted"]), "{request:#}");

    let (answer, request) = cut_with("restart", "cut;after=3;gap=20", &[]).await;
    assert!(answer.text().contains("event: error"), "{}", answer.text());
    assert_eq!(request["status"], "failed", "{request:#}");
}
