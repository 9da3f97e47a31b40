//! Turnout's own errors: in Anthropic's envelope, in English, with the request id, never a page.

use tests::config::{CLIENT, Config};
use tests::http::{Answer, Call};
use tests::message::{plain, streamed};
use tests::program::{Practice, Turnout};

#[track_caller]
fn is_envelope(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(
        answer
            .header("content-type")
            .map(|kind| kind.split(';').next().unwrap()),
        Some("application/json")
    );
    let body = answer.json();
    assert_eq!(
        (body["type"].as_str(), body["error"]["type"].as_str()),
        (Some("error"), Some(kind)),
        "{body:#}"
    );
    let id = answer.header("x-turnout-request-id").expect("a request id");
    assert!(
        body["error"]["message"].as_str().unwrap().contains(id),
        "{body:#}"
    );
}

async fn with(config: Config) -> Turnout {
    Turnout::start(&config.routing("suspend = { enabled = false }")).await
}

#[tokio::test]
async fn a_body_that_is_not_a_request_is_told_what_is_wrong() {
    let practice = Practice::start("a").await;
    let turnout = with(Config::chain([("a", practice.base.clone())])).await;
    for body in [
        "",
        "not json",
        "[]",
        r#"{"messages":[]}"#,
        r#"{"model":"x","messages":[]"#,
        "{\"model\":\"\u{0}",
    ] {
        let answer = turnout.call_bytes(body).send(&turnout.base).await;
        is_envelope(&answer, 400, "invalid_request_error");
        assert_eq!(answer.header("x-should-retry"), Some("false"), "{body:?}");
    }
    assert_eq!(practice.calls().await, 0);
    assert_eq!(turnout.ask(&plain("still alive")).await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let practice = Practice::start("a").await;
    let turnout =
        with(Config::chain([("a", practice.base.clone())]).server(r#"max_body = "1MiB""#)).await;
    let answer = turnout.ask(&plain(&"x".repeat(2 << 20))).await;
    is_envelope(&answer, 413, "request_too_large");
    assert_eq!(turnout.ask(&plain("small")).await.status, 200);
}

#[tokio::test]
async fn an_unknown_path_is_an_envelope_and_not_a_page() {
    let practice = Practice::start("a").await;
    let turnout = with(Config::chain([("a", practice.base.clone())])).await;
    let answer = Call::get("/nothing/here")
        .bearer(CLIENT)
        .send(&turnout.base)
        .await;
    assert_eq!(answer.status, 404);
    assert!(
        answer.json()["error"]["message"].is_string(),
        "{}",
        answer.text()
    );
    let pinned = Call::post("/provider/nobody/v1/messages", plain("hi").to_string()).bearer(CLIENT);
    let answer = pinned.send(&turnout.base).await;
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    assert!(
        answer.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("nobody"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn where_every_provider_fails_the_client_is_told_in_its_own_words() {
    for (fault, status, kind) in [
        ("529", 529, "overloaded_error"),
        ("429", 429, "rate_limit_error"),
        ("401", 401, "authentication_error"),
        ("500", 502, "api_error"),
        ("refuse", 502, "api_error"),
        ("html", 502, "api_error"),
    ] {
        let practice = Practice::failing("a", fault).await;
        let turnout = with(Config::chain([("a", practice.base.clone())])).await;
        for body in [plain("hi"), streamed("hi")] {
            let answer = turnout.ask(&body).await;
            if answer.status == 529 && status != 529 {
                continue; // the provider rests since the first call
            }
            is_envelope(&answer, status, kind);
            assert!(
                !answer.text().contains("<html"),
                "{fault}: {}",
                answer.text()
            );
        }
        assert_eq!(
            turnout.admin().newest().await["status"],
            "failed",
            "{fault}"
        );
    }
}
