//! Rules that compare meaning, by embeddings of a provider.

use std::{sync::Arc, time::Duration};

use gateway::{Embeddings, Report};
use routing::{Dialect, Embedder, Examples, Group, Rule, Then, Topology, When};

use crate::support::{Got, Part, Raw, Running, json, run, snapshot};

const WHOLE: &str = "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"good\"}],\
    \"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}";

/// An answer with these vectors.
fn vectors(vectors: &[[f32; 2]]) -> Vec<Part> {
    let data: Vec<String> = vectors
        .iter()
        .enumerate()
        .map(|(index, [x, y])| {
            format!(r#"{{"object":"embedding","index":{index},"embedding":[{x:?},{y:?}]}}"#)
        })
        .collect();
    let body = format!(
        r#"{{"object":"list","model":"e","data":[{}],"usage":{{"prompt_tokens":1,"total_tokens":1}}}}"#,
        data.join(",")
    );
    vec![Part::Bytes(json(200, "", &body))]
}

/// `p0` in group `main`, `p1` in group `weather`, and `p2` beside them, which embeds.
async fn start(embeds: &Raw, when: When) -> (Running, [Raw; 2]) {
    let raws = [
        Raw::answering(json(200, "", WHOLE)).await,
        Raw::answering(json(200, "", WHOLE)).await,
    ];
    let addresses = [raws[0].address, raws[1].address, embeds.address];
    let mut snapshot = snapshot(&addresses, |index, provider, upstream| {
        if index == 2 {
            (provider.dialect, upstream.dialect) = (Dialect::OpenaiChat, Dialect::OpenaiChat);
        }
    });
    let mut topology = Topology::clone(&snapshot.topology);
    topology.groups[0].members.truncate(2);
    let weather = topology.groups[0].members.split_off(1);
    topology.groups.push(Group {
        name: "weather".into(),
        members: weather,
        ..topology.groups[0].clone()
    });
    topology.rules = vec![Rule {
        name: "weather".into(),
        when,
        then: Then {
            group: Some("weather".into()),
            ..Then::default()
        },
    }];
    topology.embedder = Some(Embedder {
        provider: "p2".into(),
        model: "e".into(),
        timeout: Duration::from_secs(20),
    });
    snapshot.topology = Arc::new(topology);
    (run(snapshot).await, raws)
}

fn like(example: &str) -> When {
    When {
        similar_to: Some(Examples::new(vec![example.into()], None)),
        ..When::default()
    }
}

/// What is told of an answer's request, and of calls of Turnout's own before it.
async fn reports_of(running: &mut Running, got: &Got) -> Vec<Report> {
    let id = got.header("x-turnout-request-id").unwrap();
    let mut reports = Vec::new();
    loop {
        reports.extend(running.reports().await);
        if matches!(reports.last(), Some(Report::Ended(ended)) if *ended.id == *id) {
            return reports;
        }
    }
}

/// Who serves a request that says this, and what is noted of it.
async fn says(running: &mut Running, text: &str) -> (String, Vec<String>) {
    let body = format!(
        r#"{{"model":"claude-x","max_tokens":9,"messages":[{{"role":"user","content":"{text}"}}]}}"#
    );
    let got = running.post("/v1/messages", "", body.as_bytes()).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let reports = reports_of(running, &got).await;
    let notes = reports.iter().find_map(|report| match report {
        Report::Planned { plan, .. } => Some(plan.notes.clone()),
        _ => None,
    });
    let by = got.header("x-turnout-provider").unwrap();
    (by.to_owned(), notes.unwrap())
}

#[tokio::test]
async fn meaning_is_compared_and_each_text_is_embedded_once() {
    let scripts = vec![
        vectors(&[[1.0, 0.1], [1.0, 0.0]]),
        vectors(&[[0.0, 1.0]]),
        vec![Part::Bytes(json(500, "", "{}"))],
    ];
    let embeds = Raw::start(scripts).await;
    let (mut running, _raws) = start(&embeds, like("what is the weather like")).await;
    let none = Vec::new();
    for (text, by) in [
        ("shall I take an umbrella", "p1"),
        ("fix the failing test", "p0"),
        ("shall I take an umbrella", "p1"),
    ] {
        let told = says(&mut running, text).await;
        assert_eq!(told, (by.to_owned(), none.clone()), "{text}");
    }
    let seen = embeds.seen();
    assert_eq!(seen.len(), 2, "the third is known");
    let body: serde_json::Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!(
        (&body["model"], &body["input"]),
        (
            &"e".into(),
            &serde_json::json!(["shall I take an umbrella", "what is the weather like"])
        )
    );
    let body: serde_json::Value = serde_json::from_slice(&seen[1].body).unwrap();
    assert!(body["input"].to_string().contains("fix the failing test"));
    assert!(!body["input"].to_string().contains("weather"));
}

#[tokio::test]
async fn words_are_compared_where_embeddings_fail_and_it_is_said() {
    let embeds = Raw::answering(json(500, "", "{}")).await;
    let (mut running, _raws) = start(&embeds, like("what is the weather like")).await;
    let (by, notes) = says(&mut running, "what is the weather like today").await;
    assert_eq!(by, "p1");
    assert_eq!(
        notes,
        ["similar_to compared words alone, as p2 failed: HTTP 500"]
    );
    let (by, notes) = says(&mut running, "shall I take an umbrella").await;
    assert_eq!(by, "p0");
    assert_eq!(
        notes,
        ["similar_to compared words alone, as p2 failed lately and is not asked yet"]
    );
    assert_eq!(embeds.seen().len(), 1);
}

#[tokio::test]
async fn an_explanation_asks_nobody_unless_it_is_wanted() {
    let embeds = Raw::start(vec![vectors(&[[1.0, 0.1], [1.0, 0.0]])]).await;
    let (running, _raws) = start(&embeds, like("what is the weather like")).await;
    let explained = async |from| {
        let body = r#"{"model":"claude-x","messages":[{"role":"user","content":"shall I take an umbrella"}]}"#;
        let request = http::Request::post("/v1/messages").body(axum::body::Body::from(body));
        let told = running.gateway.explain(request.unwrap(), None, from).await;
        let told = told.unwrap();
        (told.rule.is_some(), told.notes)
    };
    let words =
        "similar_to compared words alone, as p2 was not asked for their meaning, which may cost";
    assert_eq!(
        explained(Embeddings::Known).await,
        (false, vec![words.to_owned()])
    );
    assert_eq!(embeds.seen().len(), 0);
    assert_eq!(explained(Embeddings::Asked).await, (true, Vec::new()));
    // What is known by then costs nothing.
    assert_eq!(explained(Embeddings::Known).await, (true, Vec::new()));
    assert_eq!(embeds.seen().len(), 1);
}

#[tokio::test]
async fn nothing_is_embedded_where_no_rule_comes_to_ask() {
    let embeds = Raw::answering(json(500, "", "{}")).await;
    let when = When {
        model: Some(routing::Glob::new("gpt-*")),
        ..like("what is the weather like")
    };
    let (mut running, _raws) = start(&embeds, when).await;
    let (by, notes) = says(&mut running, "what is the weather like").await;
    assert_eq!((by.as_str(), notes), ("p0", Vec::new()));
    assert!(embeds.seen().is_empty());
}

#[tokio::test]
async fn what_embeddings_cost_is_told_as_a_request_of_turnouts_own() {
    let scripts = vec![
        vectors(&[[1.0, 0.1], [1.0, 0.0]]),
        vec![Part::Bytes(json(500, "", "{}"))],
    ];
    let embeds = Raw::start(scripts).await;
    let (mut running, _raws) = start(&embeds, like("what is the weather like")).await;
    let mut told = Vec::new();
    for text in ["shall I take an umbrella", "fix the failing test"] {
        let body = format!(
            r#"{{"model":"claude-x","max_tokens":9,"messages":[{{"role":"user","content":"{text}"}}]}}"#
        );
        let got = running.post("/v1/messages", "", body.as_bytes()).await;
        let reports = reports_of(&mut running, &got).await;
        let own = reports.iter().find_map(|report| match report {
            Report::Started(started) if started.client.as_deref() == Some("turnout") => {
                Some((started.id.clone(), started.path.clone()))
            }
            _ => None,
        });
        let (id, path) = own.expect("the call is told");
        assert_eq!(path, "/v1/embeddings");
        told.extend(reports.iter().filter_map(|report| match report {
            Report::AttemptEnded(ended) if ended.id == id => {
                let tokens = ended.usage.map(|usage| usage.input);
                Some((tokens, ended.http_status, ended.verdict.as_str()))
            }
            _ => None,
        }));
        assert!(
            reports
                .iter()
                .any(|report| matches!(report, Report::Ended(ended) if ended.id == id))
        );
    }
    let expected = [
        (Some(1), Some(200), "ok"),
        (None, Some(500), "next-provider"),
    ];
    assert_eq!(told, expected);
}
