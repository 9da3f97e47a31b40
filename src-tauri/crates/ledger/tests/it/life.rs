use std::sync::Arc;

use ledger::{End, Event, Mark, Marked, Usage};
use serde_json::json;

use crate::support::{
    MODEL, NOON, Place, attempt, attempt_ended, ended, found, served, started, streaming, write,
};

fn mark(id: &str, mark: Option<Mark>) -> Event {
    Event::Marked(Marked {
        id: Arc::from(id),
        at_ms: NOON,
        mark,
        why: None,
    })
}

#[tokio::test]
async fn a_request_goes_through_its_states_with_an_independent_mark() {
    let place = Place::new();
    let ledger = place.open().await;
    let steps = [
        (Event::Started(started("r", NOON)), "pending", None),
        (
            mark("r", Some(Mark::Suspended)),
            "pending",
            Some("suspended"),
        ),
        (
            Event::AttemptStarted(attempt("r", 1, NOON + 5)),
            "forwarding",
            None,
        ),
        (
            mark("r", Some(Mark::Retrying)),
            "forwarding",
            Some("retrying"),
        ),
        (mark("r", None), "forwarding", None),
        (
            mark("r", Some(Mark::Retrying)),
            "forwarding",
            Some("retrying"),
        ),
        (streaming("r", 1, NOON + 300, 295), "streaming", None),
        (
            Event::AttemptEnded(attempt_ended("r", 1, NOON + 900)),
            "streaming",
            None,
        ),
        (
            Event::Ended(ended("r", NOON + 900, End::Completed)),
            "completed",
            None,
        ),
        (mark("r", Some(Mark::Suspended)), "completed", None),
    ];
    for (event, status, mark) in steps {
        let told = format!("{event:?}");
        write(&ledger, [event]).await;
        let row = found(ledger.request("r").await);
        assert_eq!(
            (row.status.as_str(), row.mark.as_deref()),
            (status, mark),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_served_request_reads_back_with_the_names_of_the_admin_api() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, served("r", NOON)).await;
    let page = ledger.requests(&ledger::Filter::default()).await.unwrap();
    let tokens = json!({
        "input_tokens": 1000, "output_tokens": 200, "cache_read_tokens": 5000,
        "cache_write_5m_tokens": 400, "cache_write_1h_tokens": 100, "cache_write_tokens": 500,
        "reasoning_tokens": 50, "estimated": false, "cost_usd": "0.0096",
        "cost": {"input": "0.003", "output": "0.003", "cache_read": "0.0015", "cache_write": "0.0021"},
    });
    let mut row = json!({
        "id": "r", "started_at": "2026-11-21T12:00:00Z", "status": "completed", "mark": null,
        "reason": null, "http_status": 200, "source": null, "client": "claude-code", "token": "local",
        "session": "s-1", "client_dialect": "anthropic", "provider_dialect": "anthropic",
        "path": "/v1/messages", "model_requested": "claude-sonnet-4-5", "model_used": MODEL,
        "model_answered": MODEL, "provider": "provider-1", "key": "…a1b2", "group": "main",
        "rule": null, "stream": true, "unpriced": false,
        "switch_cost_usd": null, "ttft_ms": 500, "duration_ms": 1500,
        "tokens_per_second": 200.0, "attempts": 1, "losses": [], "error": null,
    });
    row.as_object_mut()
        .unwrap()
        .extend(tokens.as_object().unwrap().clone());
    assert_eq!(
        serde_json::to_value(&page).unwrap(),
        json!({"items": [row], "next_cursor": null})
    );

    let mut chain = json!([{
        "attempt": 1, "provider": "provider-1", "key": "…a1b2", "group": "main", "model": MODEL,
        "model_answered": MODEL, "upstream_id": "req_r_1", "provider_dialect": "anthropic",
        "started_at": "2026-11-21T12:00:00.001Z", "ttft_ms": 499, "duration_ms": 1000,
        "http_status": 200, "verdict": "ok", "hedged": false, "service": null, "reason": null, "error": null,
        "price": {"model": "claude-sonnet-4-5", "seller": "anthropic", "date": "2026-11-21", "input": "3", "output": "15",
            "cache_read": "0.3", "cache_write_5m": "3.75", "cache_write_1h": "6",
            "long_context": false, "multiplier": "1"},
    }]);
    chain[0]
        .as_object_mut()
        .unwrap()
        .extend(tokens.as_object().unwrap().clone());
    row["attempts"] = chain;
    let event = |at: &str, name: &str, attempt: Option<u32>, detail: Option<&str>| {
        let at = format!("2026-11-21T12:00:0{at}Z");
        json!({"at": at, "name": name, "attempt": attempt, "detail": detail})
    };
    let asked = format!("provider-1, {MODEL}");
    row["events"] = json!([
        event("0", "arrived", None, Some("claude-sonnet-4-5")),
        event("0.001", "attempt_started", Some(1), Some(&asked)),
        event("0.5", "streaming", Some(1), None),
        event("1.001", "attempt_ended", Some(1), Some("ok")),
        event("1.5", "completed", None, Some("HTTP 200")),
    ]);
    let detail = found(ledger.request("r").await);
    assert_eq!(serde_json::to_value(&detail).unwrap(), row);
}

// PITFALLS 122; 121 as far as the names go
#[tokio::test]
async fn every_event_told_twice_and_out_of_turn_changes_nothing() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, served("r", NOON)).await;
    let once = found(ledger.request("r").await);
    write(&ledger, served("r", NOON)).await;
    write(&ledger, served("r", NOON).into_iter().rev()).await;
    assert_eq!(found(ledger.request("r").await), once);
    assert_eq!(ledger.today(NOON).await.unwrap().tokens.input_tokens, 1000);
    assert_eq!(ledger.writer().lost(), 0);
}

#[tokio::test]
async fn the_first_end_stays() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, served("r", NOON)).await;
    write(
        &ledger,
        [Event::Ended(ended("r", NOON + 9000, End::Failed))],
    )
    .await;
    assert_eq!(found(ledger.request("r").await).status, "completed");
}

#[tokio::test]
async fn a_first_token_never_comes_after_the_end_it_was_measured_with() {
    let place = Place::new();
    let ledger = place.open().await;
    let late = [
        Event::Started(started("r", NOON)),
        streaming("r", 1, NOON + 1502, 1),
        Event::Ended(ended("r", NOON + 1502, End::Completed)),
    ];
    write(&ledger, late).await;
    let row = found(ledger.request("r").await);
    assert_eq!((row.ttft_ms, row.duration_ms), (Some(1500), Some(1500)));
}

#[tokio::test]
async fn each_event_alone_makes_a_row_when_those_before_it_were_lost() {
    let place = Place::new();
    let ledger = place.open().await;
    for (n, event) in served("x", NOON).into_iter().enumerate().skip(1) {
        let id: Arc<str> = Arc::from(format!("lost-{n}"));
        let event = match event {
            Event::AttemptStarted(e) => Event::AttemptStarted(ledger::AttemptStarted { id, ..e }),
            Event::Streaming(e) => Event::Streaming(ledger::Streaming { id, ..e }),
            Event::AttemptEnded(e) => Event::AttemptEnded(ledger::AttemptEnded { id, ..e }),
            Event::Ended(e) => Event::Ended(ledger::Ended { id, ..e }),
            other => other,
        };
        write(&ledger, [event]).await;
    }
    let status = |n: usize| {
        let ledger = ledger.clone();
        async move { found(ledger.request(&format!("lost-{n}")).await).status }
    };
    assert_eq!(status(1).await, "forwarding");
    assert_eq!(status(2).await, "streaming");
    assert_eq!(status(4).await, "completed");
    // The end of an attempt whose start was lost: tokens are kept, the price is not guessed.
    let row = found(ledger.request("lost-3").await);
    assert_eq!(
        (row.tokens.output_tokens, row.cost_usd, row.unpriced),
        (200, None, true)
    );
    assert_eq!(row.attempts[0].verdict.as_deref(), Some("ok"));
}

#[tokio::test]
async fn a_start_that_comes_late_completes_the_row() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut events = served("r", NOON);
    let first = events.remove(0);
    write(&ledger, events).await;
    write(&ledger, [first]).await;
    let row = found(ledger.request("r").await);
    assert_eq!(
        (row.status.as_str(), row.client.as_deref()),
        ("completed", Some("claude-code"))
    );
    assert_eq!(row.started_at.as_millisecond(), NOON);
}

#[tokio::test]
async fn a_failover_shows_the_attempt_that_served_and_sums_all_of_them() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut failed = attempt_ended("r", 1, NOON + 200);
    failed.verdict = "next-provider".into();
    failed.reason = Some("overloaded".into());
    failed.http_status = Some(529);
    failed.error = Some("the provider is overloaded".into());
    failed.usage = Some(Usage {
        input: 10,
        estimated: true,
        ..Usage::default()
    });
    failed.model_answered = None;
    write(
        &ledger,
        [
            Event::Started(started("r", NOON)),
            Event::AttemptStarted(attempt("r", 1, NOON)),
            Event::AttemptEnded(failed),
            Event::AttemptStarted(attempt("r", 2, NOON + 250)),
            streaming("r", 2, NOON + 600, 350),
            Event::AttemptEnded(attempt_ended("r", 2, NOON + 1500)),
            Event::Ended(ended("r", NOON + 1500, End::Completed)),
        ],
    )
    .await;
    let row = found(ledger.request("r").await);
    assert_eq!(row.provider.as_deref(), Some("provider-2"));
    assert_eq!((row.tokens.input_tokens, row.estimated), (1010, true));
    assert_eq!(row.cost_usd.unwrap().to_string(), "0.00963");
    // The client waited for the failed attempt too.
    assert_eq!(
        (row.ttft_ms, row.attempts[1].ttft_ms),
        (Some(600), Some(350))
    );
    let chain: Vec<_> = row
        .attempts
        .iter()
        .map(|a| (a.attempt, a.http_status))
        .collect();
    assert_eq!(chain, [(1, Some(529)), (2, Some(200))]);
    assert_eq!(row.attempts[0].reason.as_deref(), Some("overloaded"));
}

#[tokio::test]
async fn commits_tell_which_rows_changed_once_they_can_be_read() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut commits = ledger.commits();
    ledger.writer().send(Event::Started(started("r", NOON)));
    let changed = commits.recv().await.unwrap();
    assert_eq!(&*changed, [Arc::from("r")]);
    let rows = ledger.rows(&changed).await.unwrap();
    assert_eq!((rows.len(), rows[0].status.as_str()), (1, "pending"));
}

#[tokio::test]
async fn closing_writes_what_waits_and_counts_what_comes_later() {
    let place = Place::new();
    let ledger = place.open().await;
    let writer = ledger.writer();
    for event in served("r", NOON) {
        writer.send(event);
    }
    ledger.close().await;
    writer.send(Event::Started(started("late", NOON)));
    assert_eq!(writer.lost(), 1);
    let ledger = place.open().await;
    assert_eq!(found(ledger.request("r").await).status, "completed");
    assert!(ledger.request("late").await.unwrap().is_none());
}

#[tokio::test]
async fn what_routing_decided_stands_in_the_detail_and_stays() {
    let place = Place::new();
    let ledger = place.open().await;
    let routed = |explain: Option<&str>, switch_cost| {
        Event::Routed(ledger::Routed {
            id: "r".into(),
            at_ms: NOON,
            explain: explain.map(str::to_owned),
            switch_cost,
        })
    };
    let events = [
        Event::Started(started("r", NOON)),
        routed(Some(r#"{"rule":"a","candidates":[]}"#), None),
        routed(None, Some(ledger::Usd::from_pico(430_000_000_000))),
        Event::Ended(ended("r", NOON + 1500, End::Completed)),
    ];
    write(&ledger, events.clone()).await;
    write(&ledger, events).await;
    let row = found(ledger.request("r").await);
    let told: Vec<_> = names(&row);
    let expected = [
        "arrived claude-sonnet-4-5",
        "routed rule a",
        "switched 0.43",
        "completed HTTP 200",
    ];
    assert_eq!(told, expected);
    assert_eq!(row.explain.unwrap()["rule"], "a");
    assert_eq!(row.switch_cost_usd.unwrap().to_string(), "0.43");
    assert_eq!(row.cost_usd, None, "it is no cost of its own");
    let listed = &ledger.rows(&["r".into()]).await.unwrap()[0];
    let listed = serde_json::to_value(listed).unwrap();
    assert_eq!(listed.get("explain"), None, "lists are short");
    assert_eq!(listed["switch_cost_usd"], "0.43");
}

/// The names of what happened, with what is told of it.
fn names(row: &ledger::Detail) -> Vec<String> {
    let events = row.events.iter().flatten();
    events
        .map(|event| {
            let detail = event.detail.as_deref().unwrap_or_default();
            format!("{} {detail}", event.name).trim().to_owned()
        })
        .collect()
}

#[tokio::test]
async fn what_happened_is_told_in_its_order_however_often_it_was_reported() {
    let place = Place::new();
    let ledger = place.open().await;
    let marked = |after, mark, why: &str| {
        Event::Marked(Marked {
            id: "r".into(),
            at_ms: NOON + after,
            mark: Some(mark),
            why: Some(why.to_owned()),
        })
    };
    let explain = r#"{"group":"main","candidates":[{"usable":true},{"usable":false}]}"#;
    let mut failed = attempt_ended("r", 1, NOON + 200);
    failed.duration_ms = 190;
    failed.verdict = "next-provider".into();
    failed.error = Some("it is overloaded".into());
    let events = [
        Event::Started(started("r", NOON)),
        Event::Routed(ledger::Routed {
            id: "r".into(),
            at_ms: NOON,
            explain: Some(explain.into()),
            switch_cost: None,
        }),
        Event::AttemptStarted(attempt("r", 1, NOON + 10)),
        Event::AttemptEnded(failed),
        marked(200, Mark::Retrying, "until 12:00"),
        marked(210, Mark::Suspended, "nothing can serve"),
        Event::AttemptStarted(attempt("r", 2, NOON + 400)),
        streaming("r", 2, NOON + 500, 100),
        Event::AttemptEnded(attempt_ended("r", 2, NOON + 1400)),
        Event::Ended(ended("r", NOON + 1500, End::Completed)),
    ];
    let expected = [
        "arrived claude-sonnet-4-5".to_owned(),
        "routed group main, 1 of 2 places can serve".to_owned(),
        format!("attempt_started provider-1, {MODEL}"),
        "attempt_ended next-provider: it is overloaded".to_owned(),
        "retrying until 12:00".to_owned(),
        "suspended nothing can serve".to_owned(),
        "released".to_owned(),
        format!("attempt_started provider-2, {MODEL}"),
        "streaming".to_owned(),
        "attempt_ended ok".to_owned(),
        "completed HTTP 200".to_owned(),
    ];
    write(&ledger, events.clone()).await;
    assert_eq!(names(&found(ledger.request("r").await)), expected);
    for event in events {
        write(&ledger, [event]).await;
    }
    let row = found(ledger.request("r").await);
    assert_eq!(names(&row), expected);
    assert_eq!(row.explain.unwrap()["group"], "main");
}

#[tokio::test]
async fn a_price_that_waits_for_the_end_is_found_by_whoever_writes_it() {
    let place = Place::new();
    let first = place.open().await;
    let mut events = served("r", NOON);
    let rest = events.split_off(2);
    write(&first, events).await;
    let options = ledger::Options {
        instance: Some("another".to_owned()),
        ..ledger::Options::default()
    };
    let second = ledger::Ledger::open_at(place.backend.at.clone(), options).await;
    let second = second.unwrap();
    write(&second, rest).await;
    let row = found(second.request("r").await);
    assert_eq!(row.cost_usd.unwrap().to_string(), "0.0096");
    assert_eq!(
        row.attempts[0].price.as_ref().unwrap().model,
        "claude-sonnet-4-5"
    );
}
