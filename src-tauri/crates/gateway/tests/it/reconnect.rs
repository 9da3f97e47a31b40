//! After sleep, or on another network.

use crate::support::{ASK_WHOLE, Part, Raw, json, run_with};

const ANSWER: &str = "{\"content\":[{\"type\":\"text\",\"text\":\"good\"}],\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}";

/// An upstream that keeps its connections open after each answer.
async fn lasting() -> Raw {
    Raw::start(vec![vec![
        Part::Bytes(json(200, "", ANSWER)),
        Part::Silence,
    ]])
    .await
}

#[tokio::test]
async fn idle_connections_are_dropped_and_the_next_request_makes_its_own() {
    let upstream = lasting().await;
    let gateway = run_with(&[&upstream]).await;
    let ask = async || {
        let got = gateway.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
        assert_eq!(got.status, 200);
    };
    ask().await;
    gateway.gateway.reconnect().unwrap();
    upstream.until_left().await;
    ask().await;
    assert_eq!(upstream.seen().len(), 2, "each on a connection of its own");
}

#[tokio::test]
async fn a_request_under_way_keeps_its_connection() {
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let upstream = Raw::start(vec![vec![
        Part::Gate(gate.clone()),
        Part::Bytes(json(200, "", ANSWER)),
    ]])
    .await;
    let gateway = run_with(&[&upstream]).await;
    let asking = gateway.post("/v1/messages", "", ASK_WHOLE.as_bytes());
    let waking = async {
        while upstream.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        gateway.gateway.reconnect().unwrap();
        gate.notify_one();
    };
    let (got, ()) = tokio::join!(asking, waking);
    assert_eq!(got.status, 200);
    assert_eq!(upstream.seen().len(), 1);
}
