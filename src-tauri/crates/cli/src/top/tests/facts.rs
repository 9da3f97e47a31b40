//! What the instance tells, folded.

use daemon::view::{Connection, Payload, Request, Today};

use super::fixture::{
    ago, blank, calm, connection, group, line, look, notice, now, provider, request, troubled,
    waiting,
};
use crate::top::state::{Effect, Link, News, State};

fn hear(state: &mut State, event: Payload) -> Vec<Effect> {
    state.hear(News::Event(event), now())
}

fn row(state: &State, number: u32) -> &Request {
    state.facts.request(&format!("req-{number:08x}")).unwrap()
}

#[test]
fn a_request_is_heard_of_before_it_is_written() {
    let mut state = blank();
    hear(
        &mut state,
        Payload::Connection(Box::new(connection(1, "forwarding", 2))),
    );
    assert_eq!(row(&state, 1).status, "forwarding");
    hear(
        &mut state,
        Payload::Connection(Box::new(connection(1, "completed", 2))),
    );
    assert_eq!(row(&state, 1).duration_ms, Some(2_000));
    hear(
        &mut state,
        Payload::Request(Box::new(request(1, "completed", 2))),
    );
    assert_eq!(row(&state, 1).cost_usd.as_deref(), Some("0.0231"));
    assert_eq!(state.facts.requests.len(), 1);
}

#[test]
fn a_row_that_is_written_late_brings_no_end_back_to_life() {
    let mut state = blank();
    hear(
        &mut state,
        Payload::Connection(Box::new(connection(1, "completed", 2))),
    );
    hear(
        &mut state,
        Payload::Request(Box::new(request(1, "streaming", 2))),
    );
    assert_eq!(row(&state, 1).status, "completed");
    hear(
        &mut state,
        Payload::Connection(Box::new(connection(1, "streaming", 2))),
    );
    assert_eq!(row(&state, 1).status, "completed");
}

#[test]
fn a_row_that_is_written_late_takes_nothing_back() {
    let mut state = blank();
    let told = Connection {
        output_tokens: 119,
        ttft_ms: Some(804),
        ..connection(1, "streaming", 2)
    };
    hear(&mut state, Payload::Connection(Box::new(told)));
    let late = Request {
        group: Some("main".to_owned()),
        ..request(1, "pending", 2)
    };
    hear(&mut state, Payload::Request(Box::new(late)));
    let row = row(&state, 1);
    assert_eq!((row.status.as_str(), row.output_tokens), ("streaming", 119));
    assert_eq!(
        (row.ttft_ms, row.group.as_deref()),
        (Some(804), Some("main"))
    );
    assert_eq!(row.provider.as_deref(), Some("anthropic"));
}

#[test]
fn requests_stand_with_the_newest_first_however_they_come() {
    let mut state = blank();
    for (number, seconds) in [(1, 50), (2, 10), (3, 30)] {
        hear(
            &mut state,
            Payload::Request(Box::new(request(number, "completed", seconds))),
        );
    }
    let ids: Vec<&str> = state.facts.requests.iter().map(|row| &*row.id).collect();
    assert_eq!(ids, ["req-00000002", "req-00000003", "req-00000001"]);
}

#[test]
fn what_a_look_does_not_name_is_gone() {
    let mut state = calm();
    hear(
        &mut state,
        Payload::Group(Box::new(group("gone", "standby", &[]))),
    );
    hear(
        &mut state,
        Payload::Provider(Box::new(provider("gone", "ollama", "open"))),
    );
    hear(
        &mut state,
        Payload::Connection(Box::new(connection(99, "streaming", 60))),
    );
    hear(
        &mut state,
        Payload::Connection(Box::new(connection(98, "pending", 1))),
    );
    assert_eq!(
        (state.facts.groups.len(), state.facts.providers.len()),
        (3, 4)
    );
    state.hear(News::Look(Box::new(look())), now());
    assert_eq!(
        (state.facts.groups.len(), state.facts.providers.len()),
        (2, 3)
    );
    assert!(
        state.facts.request("req-00000063").is_none(),
        "it ended unheard"
    );
    assert!(
        state.facts.request("req-00000062").is_some(),
        "it has just begun"
    );
}

#[test]
fn sums_of_today_are_those_told_last() {
    let mut state = calm();
    let today = Today {
        requests: 7,
        cost_usd: "1".to_owned(),
        ..Today::default()
    };
    hear(&mut state, Payload::Usage(today));
    assert_eq!(state.facts.status.as_ref().unwrap().today.requests, 7);
}

#[test]
fn a_failure_is_told_once_and_with_its_reason() {
    let mut state = blank();
    hear(
        &mut state,
        Payload::Connection(Box::new(connection(1, "failed", 2))),
    );
    assert!(
        state.facts.troubles.is_empty(),
        "its reason is not known yet"
    );
    let failed = Request {
        reason: Some("overloaded".to_owned()),
        ..request(1, "failed", 2)
    };
    for _ in 0..2 {
        hear(&mut state, Payload::Request(Box::new(failed.clone())));
    }
    hear(
        &mut state,
        Payload::Notice(Box::new(notice(
            "failover",
            "relay serves",
            "anthropic is overloaded",
        ))),
    );
    let told: Vec<&str> = state.facts.troubles.iter().map(|one| &*one.what).collect();
    assert_eq!(told, ["overloaded", "failover"]);
}

#[test]
fn who_waits_is_asked_for_when_it_is_not_known() {
    let mut state = calm();
    let suspended = Connection {
        mark: Some("suspended".to_owned()),
        ..connection(20, "pending", 1)
    };
    let effects = hear(&mut state, Payload::Connection(Box::new(suspended.clone())));
    assert_eq!(effects, [Effect::Waiting]);
    // It is asked for already.
    assert_eq!(
        hear(&mut state, Payload::Connection(Box::new(suspended.clone()))),
        []
    );
    state.facts.status.as_mut().unwrap().suspended = 1;
    // Who is tried in this very moment is not in the answer, and in the next one again.
    let effects = state.hear(News::Waiting(Ok(Vec::new())), now());
    assert_eq!(effects, [Effect::Waiting]);
    state.hear(News::Waiting(Ok(Vec::new())), now());
    let effects = hear(&mut state, Payload::Connection(Box::new(suspended)));
    assert_eq!(effects, [Effect::Waiting]);
    let effects = state.hear(News::Waiting(Ok(vec![waiting(20, 1)])), now());
    assert_eq!(effects, []);
    assert!(!state.facts.waiting_is_stale());
    hear(
        &mut state,
        Payload::Connection(Box::new(connection(20, "forwarding", 1))),
    );
    assert!(state.facts.waiting.is_empty(), "it goes on");
}

#[test]
fn lines_of_the_log_come_once_and_those_of_another_run_replace_them() {
    let mut state = calm();
    hear(&mut state, Payload::Log(Box::new(line(2, "info", "again"))));
    hear(&mut state, Payload::Log(Box::new(line(3, "warn", "new"))));
    let ids = |state: &State| {
        state
            .facts
            .log
            .iter()
            .map(|line| line.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&state), [3, 2, 1]);
    let news = News::Up {
        look: Box::new(look()),
        requests: Vec::new(),
        log: vec![line(1, "info", "another run")],
    };
    state.hear(news, now());
    assert_eq!(ids(&state), [1]);
}

#[test]
fn rates_are_taken_over_the_last_seconds() {
    let mut state = blank();
    for number in 0..5 {
        hear(
            &mut state,
            Payload::Request(Box::new(request(number, "completed", 4))),
        );
    }
    // These were long ago.
    hear(
        &mut state,
        Payload::Request(Box::new(request(9, "completed", 100))),
    );
    let (requests, tokens) = state.facts.flow.rates(now());
    assert!((requests - 0.5).abs() < 1e-9, "{requests}");
    assert!((tokens - 206.0).abs() < 1e-9, "{tokens}");
    let series = state.facts.flow.tokens(now(), 4);
    assert_eq!(series, [0, 0, 2_060, 0]);
}

#[test]
fn first_tokens_are_counted_once_a_request() {
    let mut state = blank();
    for status in ["streaming", "streaming", "completed"] {
        hear(
            &mut state,
            Payload::Request(Box::new(request(1, status, 4))),
        );
    }
    assert_eq!(state.facts.latencies("anthropic"), [713]);
    let elsewhere = Request {
        attempts: 2,
        ..request(2, "completed", 4)
    };
    hear(&mut state, Payload::Request(Box::new(elsewhere)));
    assert_eq!(
        state.facts.latencies("anthropic"),
        [713],
        "another had it first"
    );
    assert!(state.facts.latencies("relay").is_empty());
}

#[test]
fn a_lost_connection_is_lost_since_the_first_time() {
    let mut state = calm();
    state.hear(News::Down("gone".to_owned()), ago(9));
    state.hear(News::Down("still gone".to_owned()), ago(3));
    let wanted = Link::Down {
        why: "still gone".to_owned(),
        since: ago(9),
    };
    assert_eq!(state.link, wanted);
}

#[test]
fn much_is_kept_but_not_everything() {
    let mut state = troubled();
    for number in 100..1_200 {
        hear(
            &mut state,
            Payload::Request(Box::new(request(
                number,
                "completed",
                5_000 - i64::from(number),
            ))),
        );
        hear(
            &mut state,
            Payload::Log(Box::new(line(u64::from(number), "info", "x"))),
        );
        let failed = Request {
            reason: Some("network".to_owned()),
            ..request(number, "failed", 5_000 - i64::from(number))
        };
        hear(&mut state, Payload::Request(Box::new(failed)));
    }
    let facts = &state.facts;
    assert_eq!(
        (facts.requests.len(), facts.log.len(), facts.troubles.len()),
        (500, 1_000, 200)
    );
}
