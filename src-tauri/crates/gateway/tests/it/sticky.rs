//! Conversations that stay where their prompt is in a cache.

use std::sync::Arc;

use gateway::Report;
use routing::{Change, Dialect, Policy, Price, Prices, Topology};

use crate::support::{Got, Part, Raw, Running, json, run, snapshot};

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

#[tokio::test]
async fn what_a_failover_costs_of_a_cache_is_reported_with_the_request() {
    let warm = WHOLE.replace(
        "\"output_tokens\":2",
        "\"output_tokens\":2,\"cache_read_input_tokens\":60000,\"cache_creation_input_tokens\":40000",
    );
    let first = Raw::start(vec![
        vec![Part::Bytes(json(200, "", &warm))],
        vec![Part::Bytes(json(529, "", "{}"))],
    ])
    .await;
    let second = Raw::answering(json(200, "", WHOLE)).await;
    let mut snapshot = snapshot(&[first.address, second.address], |_, _, _| {});
    let mut topology = Topology::clone(&snapshot.topology);
    topology.sticky = true;
    topology.prices = Prices::new(|_, _| {
        Some(Price {
            input: 3_000_000,
            output: 15_000_000,
            cache_read: Some(300_000),
            cache_write: Some(3_750_000),
        })
    });
    snapshot.topology = Arc::new(topology);
    let mut running = run(snapshot).await;
    let session = "x-claude-code-session-id: s\r\n";
    let mut told = Vec::new();
    for by in ["p0", "p1"] {
        let body = messages(&["hi"]);
        let got = running.post("/v1/messages", session, body.as_bytes()).await;
        assert_eq!(who(&got), by);
        told = running.reports().await;
    }
    // 100,000 tokens at 3.75 instead of 0.30 dollars a million.
    let expected = 345_000_000_000;
    let cost = told.iter().find_map(|report| match report {
        Report::Switched { cost, .. } => Some(*cost),
        _ => None,
    });
    assert_eq!(cost, Some(expected));
    let notice = told.iter().find_map(|report| match report {
        Report::Changed {
            change: Change::Failover { cost, .. },
            ..
        } => Some(*cost),
        _ => None,
    });
    assert_eq!(notice, Some(Some(expected)));
}
