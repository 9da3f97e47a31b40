//! Rules and the header by which a request brings one of its own.

use std::sync::Arc;

use dialects::vendors::Vendors;
use gateway::{Report, Snapshot};
use routing::{Dialect, Examples, Expression, Group, Mode, Rule, Then, Tier, Topology, When};

use crate::support::{ASK_WHOLE, Got, Raw, Running, json, run, snapshot};

const WHOLE: &str = "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"good\"}],\
    \"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}";

fn rule(name: &str, when: When, then: Then) -> Rule {
    Rule {
        name: name.into(),
        when,
        then,
    }
}

fn to_group(group: &str) -> Then {
    Then {
        group: Some(group.into()),
        ..Then::default()
    }
}

fn keyword(word: &str) -> When {
    When {
        keyword: vec![word.into()],
        ..When::default()
    }
}

/// `p0` and `p1` in group `main`, `p2` in group `spare`, and these rules.
async fn start(rules: Vec<Rule>) -> (Running, [Raw; 3]) {
    let raw = || Raw::answering(json(200, "", WHOLE));
    let raws = [raw().await, raw().await, raw().await];
    let addresses: Vec<_> = raws.iter().map(|raw| raw.address).collect();
    let table = Vendors::parse(include_str!("../../../../../config/vendors.toml")).unwrap();
    let settings = snapshot(&addresses, |_, _, upstream| {
        let record = table.record(None, "", dialects::Dialect::Anthropic);
        upstream.vendor = Arc::new(record);
    });
    let snapshot = with(settings, |topology| {
        let spare = topology.groups[0].members.split_off(2);
        topology.groups.push(Group {
            name: "spare".into(),
            members: spare,
            ..topology.groups[0].clone()
        });
        topology.rules = rules;
    });
    (run(snapshot).await, raws)
}

fn with(mut snapshot: Snapshot, change: impl FnOnce(&mut Topology)) -> Snapshot {
    let mut topology = Topology::clone(&snapshot.topology);
    change(&mut topology);
    snapshot.topology = Arc::new(topology);
    snapshot
}

fn says(text: &str) -> String {
    format!(
        r#"{{"model":"claude-x","max_tokens":900,"messages":[{{"role":"user","content":"{text}"}}]}}"#
    )
}

/// The rule told of the next request.
async fn told(running: &mut Running) -> Option<String> {
    let reports = running.reports().await;
    let started = reports.iter().find_map(|report| match report {
        Report::Started(started) => Some(started.rule.as_deref().map(str::to_owned)),
        _ => None,
    });
    started.unwrap()
}

#[track_caller]
fn served_by(got: &Got, provider: &str) {
    let by = got.header("x-turnout-provider");
    assert_eq!((got.status, by), (200, Some(provider)), "{}", got.text());
}

#[tokio::test]
async fn a_rule_sends_a_request_to_its_group_and_is_told() {
    let rules = vec![
        rule("never", keyword("nobody says this"), to_group("main")),
        rule("french", keyword("Translate"), to_group("spare")),
    ];
    let (mut running, raws) = start(rules).await;
    let body = says("please translate this");
    let got = running.post("/v1/messages", "", body.as_bytes()).await;
    served_by(&got, "p2");
    assert_eq!(told(&mut running).await.as_deref(), Some("french"));
    assert_eq!(
        raws[2].seen()[0].body,
        body.as_bytes(),
        "the client's bytes are not touched"
    );
    let got = running
        .post("/v1/messages", "", says("hello").as_bytes())
        .await;
    served_by(&got, "p0");
    assert_eq!(told(&mut running).await, None);
}

#[tokio::test]
async fn rules_see_what_the_body_holds() {
    let image =
        r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}"#;
    let body = |content: &str, more: &str| {
        format!(
            r#"{{"model":"claude-haiku-x","max_tokens":9,{more}"messages":[{{"role":"user","content":{content}}}]}}"#
        )
    };
    let plain = body("\"what is the time\"", "");
    let seen = body(&format!("[{image}]"), "");
    let tools = body(
        "\"x\"",
        r#""tools":[{"name":"f","input_schema":{"type":"object"}}],"#,
    );
    let long = body(&format!("\"{}\"", "many words ".repeat(300)), "");
    let is = |change: fn(&mut When)| {
        let mut when = When::default();
        change(&mut when);
        when
    };
    let rows = [
        (is(|when| when.has_images = Some(true)), &seen, &plain),
        (is(|when| when.has_tools = Some(true)), &tools, &plain),
        (is(|when| when.has_tools = Some(false)), &plain, &tools),
        (is(|when| when.tokens_over = Some(200)), &long, &plain),
        (
            is(|when| when.regex = Expression::new("the +time$").ok()),
            &plain,
            &tools,
        ),
        (
            is(|when| when.similar_to = Some(Examples::new(vec!["What's the time?".into()], None))),
            &plain,
            &tools,
        ),
    ];
    for (when, holds, fails) in rows {
        let what = format!("{when:?}");
        let both = When {
            tier: Some(Tier::Small),
            dialect: Some(Dialect::Anthropic),
            token: Some("local".into()),
            ..when
        };
        let (running, _raws) = start(vec![rule("r", both, to_group("spare"))]).await;
        for (body, provider) in [(holds, "p2"), (fails, "p0")] {
            let got = running.post("/v1/messages", "", body.as_bytes()).await;
            assert_eq!(got.header("x-turnout-provider"), Some(provider), "{what}");
        }
    }
}

#[tokio::test]
async fn what_a_rule_prefers_is_tried_first_and_the_rest_serves_when_it_fails() {
    let then = Then {
        provider: Some("p2".into()),
        ..Then::default()
    };
    let rules = vec![rule("r", When::default(), then)];
    for (mode, status, provider, attempts) in
        [(Mode::Auto, 200, "p0", "2"), (Mode::Manual, 502, "p2", "1")]
    {
        let (good, broken) = (json(200, "", WHOLE), json(500, "", "oops"));
        let (good, broken) = (Raw::answering(good).await, Raw::answering(broken).await);
        let addresses = [good.address, good.address, broken.address];
        let settings = with(snapshot(&addresses, |_, _, _| {}), |topology| {
            topology.mode = mode;
            topology.rules.clone_from(&rules);
        });
        let running = run(settings).await;
        let got = running.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
        let told = (
            got.status,
            got.header("x-turnout-provider"),
            got.header("x-turnout-attempts"),
        );
        assert_eq!(
            told,
            (status, Some(provider), Some(attempts)),
            "{}",
            got.text()
        );
    }
}

#[tokio::test]
async fn a_rules_model_is_written_into_the_clients_bytes() {
    let then = Then {
        model: Some("glm-4.6".into()),
        ..Then::default()
    };
    let rules = vec![rule("r", When::default(), then)];
    let (running, raws) = start(rules).await;
    let got = running.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    served_by(&got, "p0");
    let sent = String::from_utf8(raws[0].seen()[0].body.clone()).unwrap();
    assert_eq!(sent, ASK_WHOLE.replace("claude-x", "glm-4.6"));
}

#[tokio::test]
async fn effort_and_max_tokens_of_a_rule_change_what_is_sent() {
    let then = Then {
        effort: Some("low".into()),
        max_tokens: Some(100),
        ..Then::default()
    };
    let rules = vec![rule("r", keyword("quick"), then)];
    let (running, raws) = start(rules).await;
    let body = |text: &str, max_tokens: u32| {
        format!(
            r#"{{"model":"claude-opus-5-5","max_tokens":{max_tokens},"output_config":{{"effort":"high"}},"thinking":{{"type":"adaptive"}},"messages":[{{"role":"user","content":"{text}"}}]}}"#
        )
    };
    for (text, asked, sent, effort) in [
        ("a quick one", 900, 100, "low"),
        ("a quick one", 50, 50, "low"),
        ("take your time", 900, 900, "high"),
    ] {
        let got = running
            .post("/v1/messages", "", body(text, asked).as_bytes())
            .await;
        served_by(&got, "p0");
        let seen = raws[0].seen().pop().unwrap();
        let told: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
        assert_eq!(told["max_tokens"], sent, "{told}");
        assert_eq!(told["output_config"]["effort"], effort, "{told}");
        assert_eq!(told["messages"][0]["role"], "user", "{told}");
        assert_eq!(got.json()["content"][0]["text"], "good");
    }
}

#[tokio::test]
async fn pins_win_over_rules() {
    let rules = vec![rule("r", When::default(), to_group("spare"))];
    let (mut running, _raws) = start(rules).await;
    for (path, model, provider) in [
        ("/provider/p1/v1/messages", "claude-x", "p1"),
        ("/group/main/v1/messages", "claude-x", "p0"),
        ("/v1/messages", "p1/claude-x", "p1"),
        ("/v1/messages", "group:main", "p0"),
    ] {
        let body = ASK_WHOLE.replace("claude-x", model);
        let got = running.post(path, "", body.as_bytes()).await;
        served_by(&got, provider);
        assert_eq!(told(&mut running).await, None, "no rule is looked at");
    }
}

#[tokio::test]
async fn a_requests_own_header_wins_over_rules_and_stays_here() {
    let rules = vec![rule("r", When::default(), to_group("spare"))];
    let (mut running, raws) = start(rules).await;
    for (header, provider, model) in [
        ("group=main", "p0", "claude-x"),
        (r#"{"group": "main"}"#, "p0", "claude-x"),
        ("provider=p1", "p1", "claude-x"),
        ("group=main, provider=p1, model=other", "p1", "other"),
        ("model=p1/other", "p1", "other"),
    ] {
        let line = format!("x-turnout-route: {header}\r\n");
        let got = running
            .post("/v1/messages", &line, ASK_WHOLE.as_bytes())
            .await;
        served_by(&got, provider);
        assert_eq!(got.header("x-turnout-model"), Some(model), "{header}");
        assert_eq!(told(&mut running).await, None, "no rule decided");
    }
    let seen = raws.iter().flat_map(Raw::seen);
    assert!(
        seen.map(|seen| seen.header("x-turnout-route").len())
            .all(|sent| sent == 0)
    );
}

#[tokio::test]
async fn a_header_that_asks_for_what_is_not_there_is_refused() {
    let (running, raws) = start(Vec::new()).await;
    for (header, status, part) in [
        ("group=gone", 404, "a group \\\"gone\\\""),
        ("provider=gone", 404, "a provider \\\"gone\\\""),
        ("groups=main", 400, "it knows no \\\"groups\\\""),
        ("{\"group\": 1}", 400, "cannot be read"),
    ] {
        let line = format!("x-turnout-route: {header}\r\n");
        let got = running
            .post("/v1/messages", &line, ASK_WHOLE.as_bytes())
            .await;
        assert_eq!(got.status, status, "{header}");
        assert!(got.text().contains(part), "{}", got.text());
        assert_eq!(got.header("x-should-retry"), Some("false"));
    }
    assert!(raws.iter().all(|raw| raw.seen().is_empty()));
}
