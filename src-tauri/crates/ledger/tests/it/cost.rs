use ledger::{AttemptStarted, Event, Usage};

use crate::support::{NOON, Place, attempt, attempt_ended, found, quote, served, started, write};

#[tokio::test]
async fn the_price_quoted_at_the_start_decides_the_cost_of_an_attempt() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut sent = attempt("r", 1, NOON);
    sent.model = "claude-haiku-4-5".into();
    sent.price = quote("claude-haiku-4-5", "0.5");
    let mut end = attempt_ended("r", 1, NOON + 100);
    end.model_answered = Some("claude-opus-5".into()); // PITFALLS 121: not what the provider echoes
    end.usage = Some(Usage {
        input: 10,
        output: 10,
        ..Usage::default()
    });
    write(
        &ledger,
        [
            Event::Started(started("r", NOON)),
            Event::AttemptStarted(sent),
            Event::AttemptEnded(end),
        ],
    )
    .await;
    let row = found(ledger.request("r").await);
    // (10 × 1 + 10 × 5) / 1,000,000 / 2
    assert_eq!(row.cost_usd.unwrap().to_string(), "0.00003");
    let price = row.attempts[0].price.as_ref().unwrap();
    assert_eq!(
        (price.model.as_str(), price.multiplier.to_string()),
        ("claude-haiku-4-5", "0.5".into())
    );
    assert_eq!(row.model_answered.as_deref(), Some("claude-opus-5"));
}

#[tokio::test]
async fn one_attempt_of_unknown_price_makes_the_request_unknown_but_not_the_totals() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut other = AttemptStarted {
        attempt: 2,
        ..attempt("r", 2, NOON + 10)
    };
    other.model = "my-own".into();
    other.price = quote("my-own", "1");
    let mut events = served("r", NOON);
    events.insert(4, Event::AttemptStarted(other));
    events.insert(5, Event::AttemptEnded(attempt_ended("r", 2, NOON + 1400)));
    write(&ledger, events).await;
    let row = found(ledger.request("r").await);
    assert_eq!((row.cost_usd, row.cost, row.unpriced), (None, None, true));
    assert_eq!(row.attempts[0].cost_usd.unwrap().to_string(), "0.0096");
    assert_eq!(
        (
            row.attempts[1].cost_usd,
            row.attempts[1].tokens.output_tokens
        ),
        (None, 200)
    );
    let totals = ledger.today(NOON).await.unwrap();
    assert_eq!(
        (totals.cost_usd.to_string().as_str(), totals.unpriced),
        ("0.0096", 1)
    );
}

#[tokio::test]
async fn totals_equal_the_sum_over_the_requests_since_then() {
    let place = Place::new();
    let ledger = place.open().await;
    for n in 0..300 {
        write_served(&ledger, n);
    }
    assert!(ledger.flush().await);
    let totals = ledger.today(NOON + 100).await.unwrap();
    let told = serde_json::to_value(totals).unwrap();
    // 200 requests of 0.0096 USD each
    assert_eq!(told["requests"], 200);
    assert_eq!(told["failures"], 0);
    assert_eq!(told["cost_usd"], "1.92");
    assert_eq!(told["input_tokens"], 200_000);
    assert_eq!(told["cache_write_tokens"], 100_000);
    // A remembered answer is not given once more was written.
    write(&ledger, served("more", NOON + 1000)).await;
    assert_eq!(ledger.today(NOON + 100).await.unwrap().requests, 201);
}

fn write_served(ledger: &ledger::Ledger, n: i64) {
    let writer = ledger.writer();
    for event in served(&format!("r{n}"), NOON + n) {
        writer.send(event);
    }
}

#[tokio::test]
async fn absurd_token_counts_are_bounded_and_break_nothing() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut events = served("r", NOON);
    if let Event::AttemptEnded(end) = &mut events[3] {
        let most = u64::MAX;
        end.usage = Some(Usage {
            input: most,
            output: most,
            cache_read: most,
            cache_write_5m: most,
            cache_write_1h: most,
            reasoning: most,
            estimated: false,
        });
    }
    write(&ledger, events).await;
    assert_eq!(ledger.writer().lost(), 0);
    let row = found(ledger.request("r").await);
    assert_eq!(row.tokens.input_tokens, 10_000_000_000);
    assert_eq!(ledger.today(0).await.unwrap().requests, 1);
}

#[tokio::test]
async fn an_attempt_that_lost_a_race_is_marked_and_its_tokens_count() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut events = served("r", NOON);
    let mut lost = attempt_ended("r", 2, NOON + 1450);
    lost.verdict = "cancelled".into();
    lost.hedged = true;
    lost.service = Some("batch".into());
    events.insert(3, Event::AttemptStarted(attempt("r", 2, NOON + 400)));
    events.insert(4, Event::AttemptEnded(lost));
    write(&ledger, events).await;
    let row = found(ledger.request("r").await);
    let told: Vec<_> = row
        .attempts
        .iter()
        .map(|a| (a.hedged, a.service.as_deref()))
        .collect();
    assert_eq!(told, [(false, None), (true, Some("batch"))]);
    assert_eq!(
        row.provider.as_deref(),
        Some("provider-1"),
        "the winner served"
    );
    assert_eq!(row.tokens.output_tokens, 400);
    assert_eq!(row.cost_usd.unwrap().to_string(), "0.0144");
}

#[tokio::test]
async fn spending_is_told_by_token_group_and_provider() {
    let place = Place::new();
    let ledger = place.open().await;
    write(
        &ledger,
        (0..4).flat_map(|n| served(&format!("r{n}"), NOON + n)),
    )
    .await;
    let mut other = started("other", NOON + 9);
    other.token = Some("other".into());
    let mut sent = attempt("other", 1, NOON + 9);
    sent.provider = "spare".into();
    sent.group = "second".into();
    let end = attempt_ended("other", 1, NOON + 99);
    let events = [
        Event::Started(other),
        Event::AttemptStarted(sent),
        Event::AttemptEnded(end),
    ];
    write(&ledger, events).await;
    let spender = |token: &str, group: &str, provider: &str| {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        ledger::Spender {
            token: given(token),
            group: given(group),
            provider: given(provider),
        }
    };
    for (token, group, provider, since, expected) in [
        ("", "", "", NOON, "0.048"),
        ("", "", "", NOON + 3, "0.0192"),
        ("local", "", "", NOON, "0.0384"),
        ("", "second", "", NOON, "0.0096"),
        ("", "", "provider-1", NOON, "0.0384"),
        ("other", "main", "", NOON, "0"),
    ] {
        let told = ledger.spent(&spender(token, group, provider), since).await;
        assert_eq!(
            told.unwrap().to_string(),
            expected,
            "{token} {group} {provider}"
        );
    }
}
