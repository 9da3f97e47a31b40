//! Conversations that stay where their prompt is in a cache.

use std::sync::Arc;

use routing::{Dialect, Policy, Topology};

use crate::support::{Got, Raw, Running, json, run, snapshot};

const WHOLE: &str = "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"good\"}],\
    \"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}";

/// Two providers that take turns, but for conversations that stay.
async fn taking_turns(dialect: Dialect, answer: &str) -> (Running, [Raw; 2]) {
    let raw = || Raw::answering(json(200, "", answer));
    let raws = [raw().await, raw().await];
    let addresses: Vec<_> = raws.iter().map(|raw| raw.address).collect();
    let mut snapshot = snapshot(&addresses, |_, provider, upstream| {
        (provider.dialect, upstream.dialect) = (dialect, dialect);
    });
    let mut topology = Topology::clone(&snapshot.topology);
    topology.sticky = true;
    topology.groups[0].policy = Policy::RoundRobin;
    snapshot.topology = Arc::new(topology);
    (run(snapshot).await, raws)
}

fn who(got: &Got) -> &str {
    assert_eq!(got.status, 200, "{}", got.text());
    got.header("x-turnout-provider").unwrap()
}

fn messages(said: &[&str]) -> String {
    let turn = |(n, text): (usize, &&str)| {
        let role = if n % 2 == 0 { "user" } else { "assistant" };
        format!(r#"{{"role":"{role}","content":"{text}"}}"#)
    };
    let turns: Vec<String> = said.iter().enumerate().map(turn).collect();
    format!(
        r#"{{"model":"m","max_tokens":9,"messages":[{}]}}"#,
        turns.join(",")
    )
}

#[tokio::test]
async fn a_request_that_goes_on_from_another_stays_with_its_provider_without_any_session() {
    let (running, _raws) = taking_turns(Dialect::Anthropic, WHOLE).await;
    let post = async |said: &[&str]| {
        let body = messages(said);
        let got = running.post("/v1/messages", "", body.as_bytes()).await;
        who(&got).to_owned()
    };
    let first = post(&["one"]).await;
    let other = post(&["two"]).await;
    assert_ne!(first, other, "they take turns");
    assert_eq!(post(&["one", "good", "more"]).await, first);
    assert_eq!(
        post(&["one", "good", "more", "x", "still more"]).await,
        first
    );
    assert_eq!(post(&["two", "good", "more"]).await, other);
    let one = post(&["three"]).await;
    assert_ne!(
        one,
        post(&["three"]).await,
        "the same again is no conversation"
    );
}

#[tokio::test]
async fn a_request_that_names_an_answer_stays_with_its_provider() {
    let answer = r#"{"id":"resp_1","object":"response","status":"completed","model":"m","output":[{"type":"message",
        "id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"good",
        "annotations":[]}]}],"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}"#;
    let (running, _raws) = taking_turns(Dialect::OpenaiResponses, answer).await;
    let post = async |body: &str| {
        let got = running.post("/v1/responses", "", body.as_bytes()).await;
        who(&got).to_owned()
    };
    let first = post(r#"{"model":"m","input":"one"}"#).await;
    for _ in 0..2 {
        let next = r#"{"model":"m","input":"more","previous_response_id":"resp_1"}"#;
        assert_eq!(post(next).await, first);
    }
    assert_ne!(post(r#"{"model":"m","input":"two"}"#).await, first);
}
