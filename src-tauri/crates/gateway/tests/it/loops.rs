//! Requests that come back to where they were sent from.

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::support::{ASK_WHOLE, Raw, TOKEN, json, run, run_with, snapshot};

const ANSWER: &str = r#"{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":4}}"#;

#[tokio::test]
async fn a_provider_that_leads_back_here_is_refused_and_the_next_one_asked() {
    let provider = Raw::answering(json(200, "", ANSWER)).await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = free.local_addr().unwrap();
    let running = run(snapshot(&[nobody, provider.address], |_, _, _| {})).await;
    // The address is known only now.
    let itself = running.address;
    let back = snapshot(&[itself, provider.address], |_, _, _| {});
    running.gateway.replace(back).unwrap();
    let alone = running
        .post("/provider/p0/v1/messages", "", ASK_WHOLE.as_bytes())
        .await;
    assert_eq!(alone.json()["type"], "error", "{}", alone.text());
    assert!(
        alone.text().contains("has been here before"),
        "{}",
        alone.text()
    );
    let got = running.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    assert_eq!(
        (got.status, got.header("x-turnout-provider")),
        (200, Some("p1"))
    );
}

#[tokio::test]
async fn the_one_that_comes_back_is_answered_508_in_its_dialect_and_not_retried() {
    let provider = Raw::answering(json(200, "", ANSWER)).await;
    let running = run_with(&[&provider]).await;
    running
        .post(
            "/v1/messages",
            "via: 1.1 elsewhere\r\n",
            ASK_WHOLE.as_bytes(),
        )
        .await;
    let seen = provider.seen();
    let via: Vec<&str> = seen[0].header("via");
    assert_eq!(
        (via.len(), via[0]),
        (2, "1.1 elsewhere"),
        "what others say goes on"
    );
    let back = format!("via: 1.1 elsewhere, {}\r\n", via[1]);
    let got = running
        .send("POST", "/v1/chat/completions", &back, ASK_WHOLE.as_bytes())
        .await;
    assert_eq!(got.status, 508);
    assert_eq!(got.header("x-should-retry"), Some("false"));
    assert!(got.json()["error"]["message"].is_string(), "{}", got.text());
    assert_eq!(provider.seen().len(), 1);
}

#[tokio::test]
async fn two_gateways_one_behind_the_other_are_no_loop() {
    let provider = Raw::answering(json(200, "", ANSWER)).await;
    let behind = run_with(&[&provider]).await;
    let before = run(snapshot(&[behind.address], |_, _, upstream| {
        upstream.keys = upstream
            .keys
            .keys()
            .map(|id| (Arc::clone(id), TOKEN.into()))
            .collect();
    }))
    .await;
    let got = before.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    assert_eq!((got.status, got.text().as_str()), (200, ANSWER));
}
