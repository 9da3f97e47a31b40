//! Requests of a client's own log: taken in once, and not where they came through Turnout.

use ledger::{By, Event, Imported, Ledger, Spender, TakenIn, Usage, UsageFilter, UsageReport};

use crate::support::{MODEL, NOON, Place, found, quote, served, started, usage, write};

fn logged(id: &str, at_ms: i64) -> Imported {
    Imported {
        id: id.to_owned(),
        source: "claude-code",
        client: "claude-code",
        client_dialect: "anthropic",
        path: "/v1/messages",
        at_ms,
        duration_ms: None,
        session: Some(format!("session of {id}")),
        model_requested: "claude-sonnet-4-5".to_owned(),
        model: MODEL.to_owned(),
        upstream_id: Some(format!("req_{id}")),
        answer_id: Some(format!("msg_{id}")),
        usage: usage(),
        service: None,
        price: quote(MODEL, "1"),
    }
}

async fn by_model(ledger: &Ledger) -> UsageReport {
    let filter = UsageFilter {
        by: By::Model,
        since_ms: None,
        until_ms: None,
        zone: jiff::tz::TimeZone::UTC,
        limit: None,
        cursor: None,
    };
    ledger.usage(&filter).await.unwrap()
}

/// Taken in, known, proxied.
async fn take_in(ledger: &Ledger, requests: &[Imported]) -> (u64, u64, u64) {
    let told = ledger.take_in(requests.to_vec(), false).await.unwrap();
    (told.taken, told.known, told.proxied)
}

#[tokio::test]
async fn what_a_log_tells_is_taken_in_once_and_costs_what_it_costs() {
    let place = Place::new();
    let ledger = place.open().await;
    let all = [logged("a", NOON), logged("b", NOON + 1)];
    let dry = ledger.take_in(all.to_vec(), true).await.unwrap();
    assert_eq!(ledger.today(0).await.unwrap().requests, 0, "a dry run");
    let told = ledger.take_in(all.to_vec(), false).await.unwrap();
    assert_eq!(dry, told);
    assert_eq!((told.taken, told.known, told.unpriced), (2, 0, 0));
    assert_eq!(take_in(&ledger, &all).await, (0, 2, 0));
    let twice = [logged("c", NOON), logged("c", NOON)];
    assert_eq!(take_in(&ledger, &twice).await, (1, 1, 0));

    let row = found(ledger.request("a").await);
    assert_eq!(row.status, "completed");
    assert_eq!(row.source.as_deref(), Some("claude-code"));
    assert_eq!(row.session.as_deref(), Some("session of a"));
    assert_eq!(row.provider, None, "a log does not tell who served");
    assert_eq!(row.tokens.cache_read_tokens, 5000);
    assert_eq!(row.duration_ms, None);
    assert_eq!(row.attempts[0].upstream_id.as_deref(), Some("req_a"));
    assert_eq!(row.cost_usd.map(|cost| cost + cost), Some(told.cost_usd));
    let by_model = by_model(&ledger).await;
    assert_eq!(by_model.items[0].key.as_deref(), Some(MODEL));
    assert_eq!(by_model.total.totals.requests, 3);
}

#[tokio::test]
async fn what_came_through_turnout_is_not_counted_again() {
    let place = Place::new();
    let ledger = place.open().await;
    // Its session is s-1, from noon on for a second and a half.
    write(&ledger, served("proxied", NOON)).await;
    let in_session = |at_ms| Imported {
        session: Some("s-1".to_owned()),
        ..logged(&format!("at {at_ms}"), at_ms)
    };
    let during = [in_session(NOON + 700), in_session(NOON + 3000)];
    assert_eq!(take_in(&ledger, &during).await, (0, 0, 2));
    let before_and_after = [in_session(NOON - 60_000), in_session(NOON + 60_000)];
    assert_eq!(take_in(&ledger, &before_and_after).await, (2, 0, 0));
    let again = [in_session(NOON + 60_001)];
    assert_eq!(
        take_in(&ledger, &again).await,
        (1, 0, 0),
        "what was taken in is nobody's request of Turnout's"
    );
}

#[tokio::test]
async fn the_providers_id_tells_a_request_of_a_client_that_names_no_session() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut events = served("proxied", NOON);
    for event in &mut events {
        match event {
            Event::Started(started) => started.session = None,
            Event::AttemptEnded(ended) => ended.upstream_id = Some("req_a".to_owned()),
            _ => {}
        }
    }
    write(&ledger, events).await;
    let all = [logged("a", NOON), logged("b", NOON)];
    assert_eq!(take_in(&ledger, &all).await, (1, 0, 1));
}

#[tokio::test]
async fn what_retention_removed_is_not_taken_in_again() {
    let place = Place::new();
    let ledger = place.open().await;
    let all = [logged("a", NOON), logged("b", NOON + 3_600_000)];
    assert_eq!(take_in(&ledger, &all).await, (2, 0, 0));
    assert_eq!(ledger.prune(NOON + 3_600_000).await.unwrap(), Some(1));
    assert!(ledger.request("a").await.unwrap().is_none());
    assert_eq!(take_in(&ledger, &all).await, (0, 2, 0));
    let total = by_model(&ledger).await.total.totals;
    assert_eq!(total.requests, 2, "one as a row, one in its day's sum");
}

#[tokio::test]
async fn many_are_taken_in_at_once_beside_what_is_written() {
    let place = Place::new();
    let ledger = place.open().await;
    let all: Vec<_> = (0..700)
        .map(|n| logged(&format!("r{n}"), NOON + n))
        .collect();
    write(&ledger, [Event::Started(started("running", NOON))]).await;
    assert_eq!(take_in(&ledger, &all).await, (700, 0, 0));
    write(&ledger, served("running", NOON)).await;
    assert_eq!(found(ledger.request("running").await).status, "completed");
    assert_eq!(ledger.today(0).await.unwrap().requests, 701);
    let unpriced = Imported {
        price: None,
        ..logged("odd", NOON)
    };
    let told = ledger.take_in(vec![unpriced], false).await.unwrap();
    let expected = TakenIn {
        taken: 1,
        unpriced: 1,
        ..TakenIn::default()
    };
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_long_answer_and_one_that_still_runs_are_known_by_their_session() {
    let place = Place::new();
    let ledger = place.open().await;
    // From noon on for a second and a half; the other runs since a minute later.
    write(&ledger, served("proxied", NOON)).await;
    write(&ledger, [Event::Started(started("running", NOON + 60_000))]).await;
    let of = |at_ms, duration_ms| Imported {
        session: Some("s-1".to_owned()),
        duration_ms: Some(duration_ms),
        ..logged(&format!("at {at_ms}"), at_ms)
    };
    let all = [
        of(NOON - 10_000, 10_500), // its answer came while the other ran
        of(NOON + 300_000, 9000),  // behind the begin of one that has no end
        of(NOON - 50_000, 9000),
    ];
    assert_eq!(take_in(&ledger, &all).await, (1, 0, 2));
}

#[tokio::test]
async fn the_answers_own_id_tells_it_where_the_provider_names_no_request() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut events = served("proxied", NOON);
    for event in &mut events {
        if let Event::AttemptEnded(ended) = event {
            ended.upstream_id = Some("msg_a".to_owned());
        }
    }
    write(&ledger, events).await;
    let nameless = Imported {
        upstream_id: None,
        ..logged("a", NOON + 999_000)
    };
    assert_eq!(take_in(&ledger, &[nameless]).await, (0, 0, 1));
}

#[tokio::test]
async fn counts_and_names_of_a_broken_log_spoil_nothing() {
    let place = Place::new();
    let ledger = place.open().await;
    let broken = |id: &str| Imported {
        model: "m\0".repeat(400),
        session: Some("s".repeat(4000)),
        usage: Usage {
            input: u64::MAX,
            output: u64::MAX,
            ..usage()
        },
        ..logged(id, NOON)
    };
    let all = [broken("a"), broken("b"), broken("c")];
    assert_eq!(take_in(&ledger, &all).await, (3, 0, 0));
    assert_eq!(by_model(&ledger).await.total.totals.requests, 3);
    assert_eq!(ledger.prune(NOON + 3_600_000).await.unwrap(), Some(3));
}

#[tokio::test]
async fn what_did_not_come_through_turnout_is_in_no_budget() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, served("proxied", NOON)).await;
    let spent = async || ledger.spent(&Spender::default(), 0).await.unwrap();
    let before = spent().await;
    assert_ne!(before.to_string(), "0");
    assert_eq!(
        take_in(&ledger, &[logged("a", NOON + 999_000)]).await,
        (1, 0, 0)
    );
    assert_eq!(spent().await, before);
    assert_eq!(ledger.prune(NOON + 3_600_000).await.unwrap(), Some(2));
    assert_eq!(spent().await, before, "nor in the sum of its day");
}
