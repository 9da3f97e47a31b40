//! What a client token is good for: calls, groups, models, and how much of them.

use std::sync::Arc;

use gateway::{EndStatus, Grant, Report};
use routing::{Glob, Group, Limits, Reason, Rule, Then, Topology, When};

use crate::support::{ASK_WHOLE, Got, Raw, Running, TOKEN, json, run, snapshot};

const WHOLE: &str = "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"good\"}],\
    \"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":40,\"output_tokens\":60}}";

/// `p0` in group `main`, `p1` in group `spare`, and a token that is good for this.
async fn start(grant: Grant, rules: Vec<Rule>) -> (Running, [Raw; 2]) {
    let raws = [
        Raw::answering(json(200, "", WHOLE)).await,
        Raw::answering(json(200, "", WHOLE)).await,
    ];
    let addresses: Vec<_> = raws.iter().map(|raw| raw.address).collect();
    let mut settings = snapshot(&addresses, |_, _, _| {});
    let mut topology = Topology::clone(&settings.topology);
    let spare = topology.groups[0].members.split_off(1);
    topology.groups.push(Group {
        name: "spare".into(),
        members: spare,
        ..topology.groups[0].clone()
    });
    topology.rules = rules;
    settings.topology = Arc::new(topology);
    settings.access.client_tokens[0].grant = Arc::new(grant);
    (run(settings).await, raws)
}

fn groups(names: &[&str]) -> Grant {
    Grant {
        groups: Some(names.iter().map(|name| Arc::from(*name)).collect()),
        ..Grant::default()
    }
}

fn models(globs: &[&str]) -> Grant {
    Grant {
        models: globs.iter().map(|glob| Glob::new(glob)).collect(),
        ..Grant::default()
    }
}

async fn ask(gateway: &Running, path: &str, headers: &str, model: &str) -> Got {
    let body = ASK_WHOLE.replace("claude-x", model);
    assert!(body.contains(&format!("\"{model}\"")), "{body}");
    gateway.post(path, headers, body.as_bytes()).await
}

#[track_caller]
fn is_forbidden(got: &Got, part: &str) {
    assert_eq!(got.status, 403, "{}", got.text());
    let error = got.json();
    assert_eq!(error["error"]["type"], "permission_error");
    let told = error["error"]["message"].as_str().unwrap();
    assert!(told.contains(part) && told.contains("local"), "{told}");
    assert_eq!(got.header("x-should-retry"), Some("false"));
}

#[tokio::test]
async fn a_token_of_some_groups_is_served_by_these_alone() {
    let (gateway, [main, spare]) = start(groups(&["spare"]), Vec::new()).await;
    // The chosen group is not among them.
    let got = ask(&gateway, "/v1/messages", "", "claude-x").await;
    assert_eq!(got.header("x-turnout-provider"), Some("p1"));
    for path in ["/group/spare/v1/messages", "/provider/p1/v1/messages"] {
        let got = ask(&gateway, path, "", "claude-x").await;
        assert_eq!(got.header("x-turnout-provider"), Some("p1"), "{path}");
    }
    for (path, headers, model, part) in [
        ("/group/main/v1/messages", "", "claude-x", "\"main\""),
        ("/provider/p0/v1/messages", "", "claude-x", "\"p0\""),
        ("/v1/messages", "", "group:main", "\"main\""),
        ("/v1/messages", "", "p0/claude-x", "\"p0\""),
        (
            "/v1/messages",
            "x-turnout-route: group=main\r\n",
            "claude-x",
            "\"main\"",
        ),
        (
            "/v1/messages",
            "x-turnout-route: provider=p0\r\n",
            "claude-x",
            "\"p0\"",
        ),
    ] {
        is_forbidden(&ask(&gateway, path, headers, model).await, part);
    }
    assert!(main.seen().is_empty());
    assert_eq!(spare.seen().len(), 3);
}

#[tokio::test]
async fn a_rule_does_not_lead_a_token_out_of_its_groups() {
    let to_main = Rule {
        name: "to main".into(),
        when: When::default(),
        then: Then {
            group: Some("main".into()),
            ..Then::default()
        },
    };
    let (gateway, [main, _]) = start(groups(&["spare"]), vec![to_main]).await;
    let got = ask(&gateway, "/v1/messages", "", "claude-x").await;
    is_forbidden(&got, "\"main\"");
    assert!(main.seen().is_empty());
}

#[tokio::test]
async fn a_token_of_some_models_asks_for_these_alone() {
    let (gateway, _upstreams) = start(models(&["claude-*"]), Vec::new()).await;
    for model in ["claude-x", "p0/claude-x"] {
        let got = ask(&gateway, "/v1/messages", "", model).await;
        assert_eq!(got.status, 200, "{model}: {}", got.text());
    }
    let own = "x-turnout-route: model=gpt-x\r\n";
    for (headers, model) in [("", "gpt-x"), ("", "p0/gpt-x"), (own, "claude-x")] {
        let got = ask(&gateway, "/v1/messages", headers, model).await;
        is_forbidden(&got, "it may ask for claude-*");
    }
}

#[tokio::test]
async fn a_rule_of_the_owner_may_put_any_model_in_the_place_of_an_allowed_one() {
    let to_other = Rule {
        name: "other".into(),
        when: When::default(),
        then: Then {
            model: Some("glm-x".into()),
            ..Then::default()
        },
    };
    let (gateway, _upstreams) = start(models(&["claude-*"]), vec![to_other]).await;
    let got = ask(&gateway, "/v1/messages", "", "claude-x").await;
    assert_eq!(
        got.header("x-turnout-model"),
        Some("glm-x"),
        "{}",
        got.text()
    );
}

#[tokio::test]
async fn the_list_of_models_shows_what_a_token_may_ask_for() {
    let list = r#"{"data":[{"id":"claude-a","type":"model"},{"id":"gpt-b","type":"model"}]}"#;
    let upstream = Raw::answering(json(200, "", list)).await;
    let mut settings = snapshot(&[upstream.address], |_, _, _| {});
    settings.access.client_tokens[0].grant = Arc::new(models(&["claude-*"]));
    let gateway = run(settings).await;
    let headers = format!("x-api-key: {TOKEN}\r\n");
    let got = gateway.send("GET", "/v1/models", &headers, b"").await;
    let listed = got.json();
    let listed = listed["data"].as_array().unwrap().iter();
    let ids: Vec<_> = listed.map(|model| model["id"].clone()).collect();
    assert_eq!(ids, ["claude-a"]);
    let one = gateway.send("GET", "/v1/models/gpt-b", &headers, b"").await;
    assert_eq!(one.status, 404);
}

#[tokio::test]
async fn more_than_a_token_may_do_is_refused_for_a_while_and_told_to_the_history() {
    for (limits, part) in [
        (
            Limits {
                rpm: Some(1),
                ..Limits::default()
            },
            "1 requests a minute",
        ),
        (
            Limits {
                tpm: Some(100),
                ..Limits::default()
            },
            "100 tokens a minute",
        ),
    ] {
        let grant = Grant {
            limits,
            ..Grant::default()
        };
        let (mut gateway, [main, _]) = start(grant, Vec::new()).await;
        let first = ask(&gateway, "/v1/messages", "", "claude-x").await;
        assert_eq!(first.status, 200, "{}", first.text());
        // What was used is told once the answer is over.
        gateway.reports().await;
        let second = ask(&gateway, "/v1/messages", "", "claude-x").await;
        assert_eq!(second.status, 429, "{}", second.text());
        assert_eq!(second.json()["error"]["type"], "rate_limit_error");
        assert!(second.text().contains(part), "{}", second.text());
        let wait: u64 = second.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait));
        let reports = gateway.reports().await;
        let ended = reports.iter().find_map(|report| match report {
            Report::Ended(ended) => Some(ended),
            _ => None,
        });
        let ended = ended.unwrap();
        assert_eq!(ended.status, EndStatus::Failed);
        assert_eq!(ended.reason, Some(Reason::RateLimited));
        assert_eq!(main.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_token_that_only_lists_models_calls_none() {
    let grant = Grant {
        inference: false,
        ..Grant::default()
    };
    let (gateway, [main, spare]) = start(grant, Vec::new()).await;
    let got = ask(&gateway, "/v1/messages", "", "claude-x").await;
    is_forbidden(&got, "inference");
    assert!(main.seen().is_empty() && spare.seen().is_empty());
}

#[tokio::test]
async fn a_bounded_token_makes_no_calls_that_are_passed_through_unread() {
    let limits = Limits {
        tpm: Some(100),
        ..Limits::default()
    };
    let spending = Grant {
        spending: true,
        ..Grant::default()
    };
    let by_tokens = Grant {
        limits,
        ..Grant::default()
    };
    for (grant, bound) in [
        (models(&["claude-haiku-*"]), "`models`"),
        (spending, "`limits.usd`"),
        (by_tokens, "`limits.tpm`"),
    ] {
        let (gateway, [main, spare]) = start(grant, Vec::new()).await;
        // The models of a batch stand where nobody looks for them.
        let body = b"{\"requests\":[{\"params\":{\"model\":\"claude-opus-4-5\"}}]}";
        let got = gateway.post("/v1/messages/batches", "", body).await;
        is_forbidden(&got, bound);
        let got = ask(&gateway, "/v1/messages/batches", "", "claude-haiku-4-5").await;
        is_forbidden(&got, bound);
        assert!(main.seen().is_empty() && spare.seen().is_empty());
        let got = ask(&gateway, "/v1/messages", "", "claude-haiku-4-5").await;
        assert_eq!(got.status, 200, "{}", got.text());
    }
    let (gateway, [main, _]) = start(Grant::default(), Vec::new()).await;
    let got = ask(&gateway, "/v1/messages/batches", "", "claude-x").await;
    assert_eq!((got.status, main.seen().len()), (200, 1), "{}", got.text());
}
