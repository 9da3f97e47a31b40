//! Who may call, from where, and with what.

use crate::support::{ASK_WHOLE, Raw, TOKEN, json, run, run_with, snapshot};

const ANSWER: &str = "{\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}";

// PITFALLS 127
#[tokio::test]
async fn a_token_is_taken_from_any_of_three_headers() {
    let upstream = Raw::answering(json(200, "", ANSWER)).await;
    let gateway = run_with(&[&upstream]).await;
    for header in [
        format!("x-api-key: {TOKEN}"),
        format!("authorization: bearer {TOKEN}"),
        format!("x-turnout-token: {TOKEN}"),
    ] {
        let got = gateway
            .send(
                "POST",
                "/v1/messages",
                &format!("{header}\r\n"),
                ASK_WHOLE.as_bytes(),
            )
            .await;
        assert_eq!(got.status, 200, "{header}: {}", got.text());
    }
}

#[tokio::test]
async fn no_token_or_a_wrong_one_is_told_and_not_to_be_retried() {
    let upstream = Raw::answering(json(200, "", ANSWER)).await;
    let gateway = run_with(&[&upstream]).await;
    for header in [
        "",
        "x-api-key: wrong\r\n",
        "authorization: Bearer client-toke\r\n",
    ] {
        let got = gateway
            .send("POST", "/v1/messages", header, ASK_WHOLE.as_bytes())
            .await;
        assert_eq!(got.status, 401, "{header}");
        assert_eq!(got.header("x-should-retry"), Some("false"));
        let error = got.json();
        assert_eq!(
            (error["type"].as_str(), error["error"]["type"].as_str()),
            (Some("error"), Some("authentication_error"))
        );
        let id = got.header("x-turnout-request-id").unwrap();
        assert!(error["error"]["message"].as_str().unwrap().contains(id));
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn liveness_needs_no_token_and_tells_nothing() {
    let gateway = run(snapshot(&[], |_, _, _| {})).await;
    for (method, path) in [
        ("GET", "/health"),
        ("HEAD", "/"),
        ("GET", "/"),
        ("HEAD", "/api/hello"),
    ] {
        let got = gateway.send(method, path, "", b"").await;
        assert_eq!(got.status, 200, "{method} {path}");
        if method == "GET" {
            assert_eq!(
                got.json(),
                serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })
            );
        }
    }
}

#[tokio::test]
async fn web_pages_are_kept_out() {
    let upstream = Raw::answering(json(200, "", ANSWER)).await;
    let mut settings = snapshot(&[upstream.address], |_, _, _| {});
    settings.access.allowed_hosts = vec!["turnout.lan".to_owned()];
    settings.access.cors_origins = vec!["https://app.example".to_owned()];
    let gateway = run(settings).await;
    let own = format!(
        "origin: http://{}\r\nsec-fetch-site: same-origin\r\n",
        gateway.address
    );
    let cases = [
        ("host: evil.example\r\n", 403),
        ("host: 127.0.0.1.evil.example:7790\r\n", 403),
        ("host: turnout.lan:7790\r\n", 200),
        ("host: LOCALHOST\r\n", 200),
        ("host: [::1]:7790\r\n", 200),
        ("origin: https://evil.example\r\n", 403),
        ("origin: null\r\n", 403),
        ("sec-fetch-site: cross-site\r\n", 403),
        (
            "origin: https://app.example\r\nsec-fetch-site: cross-site\r\n",
            200,
        ),
        (own.as_str(), 200),
    ];
    for (headers, status) in cases {
        let got = gateway
            .post("/v1/messages", headers, ASK_WHOLE.as_bytes())
            .await;
        assert_eq!(got.status, status, "{headers}: {}", got.text());
    }
    assert_eq!(upstream.seen().len(), 5);
}

#[tokio::test]
async fn an_allowed_web_app_gets_its_preflight_answered() {
    let mut settings = snapshot(&[], |_, _, _| {});
    settings.access.cors_origins = vec!["https://app.example".to_owned()];
    let gateway = run(settings).await;
    let headers = "origin: https://app.example\r\naccess-control-request-method: POST\r\naccess-control-request-headers: x-api-key\r\n";
    let got = gateway.send("OPTIONS", "/v1/messages", headers, b"").await;
    assert_eq!(got.status, 204);
    assert_eq!(
        got.header("access-control-allow-origin"),
        Some("https://app.example")
    );
    assert_eq!(
        got.header("access-control-allow-headers"),
        Some("x-api-key")
    );
}

#[tokio::test]
async fn bad_bodies_are_told_in_one_sentence_that_names_the_fault() {
    let upstream = Raw::answering(json(200, "", ANSWER)).await;
    let gateway = run_with(&[&upstream]).await;
    let large = format!(r#"{{"model":"m","x":"{}"}}"#, "y".repeat(2 << 20));
    let cases = [
        ("", "{", 400, "not valid JSON near byte 1"),
        ("", "[]", 400, "not a JSON object"),
        ("", "{\"messages\":[]}", 400, "model: the field is missing"),
        ("content-encoding: rot13\r\n", "{}", 415, "rot13"),
        (
            "content-encoding: gzip\r\n",
            "no gzip",
            400,
            "could not be decoded",
        ),
        ("", large.as_str(), 413, "larger than server.max_body"),
    ];
    for (headers, body, status, words) in cases {
        let got = gateway.post("/v1/messages", headers, body.as_bytes()).await;
        let message = got.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(got.status, status, "{message}");
        assert!(message.contains(words), "{message}");
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn paths_that_are_not_ours_are_told_so() {
    let gateway = run(snapshot(&[], |_, _, _| {})).await;
    let got = gateway.post("/nowhere", "", b"").await;
    assert_eq!(
        (got.status, got.json()["error"]["type"].as_str()),
        (404, Some("not_found_error"))
    );
}
