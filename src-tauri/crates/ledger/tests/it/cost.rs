use ledger::{AttemptStarted, Event, Multiplier, Prices, Usage};

use crate::support::{NOON, Place, attempt, attempt_ended, found, served, started, usage, write};

/// Cost of tokens at a model as the bundled table says; `None` for unknown.
#[track_caller]
fn cost(model: &str, multiplier: &str, usage: Usage) -> Option<String> {
    let prices = Prices::bundled().unwrap();
    let (cost, _) = prices.cost(model, &usage, multiplier.parse().unwrap())?;
    Some(cost.total().to_string())
}

fn million_of(kind: impl FnOnce(&mut Usage) -> &mut u64) -> Usage {
    let mut usage = Usage::default();
    *kind(&mut usage) = 1_000_000;
    usage
}

#[test]
fn a_million_tokens_of_each_kind_cost_what_the_list_says() {
    // Models, then: input, output, cache read, five-minute write, one-hour write.
    let list = [
        (
            &["claude-fable-5-2", "claude-mythos-5-2"][..],
            ["8", "40", "0.2", "10", "16"],
        ),
        (
            &["claude-fable-5-1", "claude-mythos-5-1"],
            ["10", "50", "0.25", "12.5", "20"],
        ),
        (
            &["claude-fable-5", "claude-mythos-5"],
            ["10", "50", "1", "12.5", "20"],
        ),
        (&["claude-opus-5-5"], ["4", "20", "0.2", "5", "8"]),
        (
            &[
                "claude-opus-5",
                "claude-opus-4-8",
                "claude-opus-4-7",
                "claude-opus-4-6",
                "claude-opus-4-5",
            ],
            ["5", "25", "0.5", "6.25", "10"],
        ),
        (&["claude-sonnet-5-5"], ["2", "10", "0.1", "2.5", "4"]),
        (&["claude-sonnet-5"], ["2", "10", "0.2", "2.5", "4"]),
        (
            &["claude-sonnet-4-6", "claude-sonnet-4-5"],
            ["3", "15", "0.3", "3.75", "6"],
        ),
        (&["claude-haiku-4-5"], ["1", "5", "0.1", "1.25", "2"]),
    ];
    for (models, prices) in list {
        for model in models {
            let costs = [
                cost(model, "1", million_of(|u| &mut u.input)),
                cost(model, "1", million_of(|u| &mut u.output)),
                cost(model, "1", million_of(|u| &mut u.cache_read)),
                cost(model, "1", million_of(|u| &mut u.cache_write_5m)),
                cost(model, "1", million_of(|u| &mut u.cache_write_1h)),
            ];
            assert_eq!(costs, prices.map(|price| Some(price.to_owned())), "{model}");
        }
    }
}

#[test]
fn a_long_prompt_is_priced_as_such_only_above_the_threshold() {
    let prompt = |input, cache_read, output| Usage {
        input,
        cache_read,
        output,
        ..Usage::default()
    };
    let haiku = |usage| cost("claude-haiku-5-5", "1", usage).unwrap();
    // 100,000 × 0.10 + 10 × 0.50, in dollars per million
    assert_eq!(haiku(prompt(100_000, 0, 10)), "0.010005");
    // 100,001 × 0.50 + 10 × 2.50
    assert_eq!(haiku(prompt(100_001, 0, 10)), "0.0500255");
    // Cached tokens are prompt too: 1 × 0.50 + 100,000 × 0.05 + 10 × 2.50
    assert_eq!(haiku(prompt(1, 100_000, 10)), "0.0050255");
    // A long answer does not make a prompt long.
    assert_eq!(haiku(prompt(1, 0, 200_000)), "0.1000001");
}

#[test]
fn multipliers_are_exact_and_round_only_below_a_pico_dollar() {
    let model = "claude-sonnet-4-5";
    assert_eq!(cost(model, "0.5", usage()).unwrap(), "0.0048");
    assert_eq!(cost(model, "1.1", usage()).unwrap(), "0.01056");
    assert_eq!(cost(model, "0", usage()).unwrap(), "0");
    // One cached token at 0.30 per million is 300,000 pico-dollars; a third of it 99,999.9.
    let one = Usage {
        cache_read: 1,
        ..Usage::default()
    };
    assert_eq!(cost(model, "0.333333", one).unwrap(), "0.0000001");
}

#[test]
fn dated_pathed_and_marked_names_have_the_price_of_their_model() {
    let prices = Prices::bundled().unwrap();
    let base = prices.find("claude-sonnet-4-5").unwrap().rates;
    for name in [
        "claude-sonnet-4-5-20250929",
        "claude-sonnet-4-5@20250929",
        "claude-sonnet-4-5-latest",
        "claude-sonnet-4-5[1m]",
        "claude-sonnet-4-5-20250929[1m]",
        "anthropic/claude-sonnet-4-5",
        "anthropic/claude-sonnet-4.5",
        "openrouter/anthropic/claude-sonnet-4.5",
        "Claude-Sonnet-4-5",
    ] {
        assert_eq!(
            prices.find(name).map(|price| price.rates),
            Some(base),
            "{name}"
        );
    }
    // The longest name wins: a newer version is not the older one with something behind it.
    assert_ne!(
        prices.find("claude-sonnet-5-5"),
        prices.find("claude-sonnet-5")
    );
}

#[test]
fn a_price_is_never_guessed_from_a_similar_name() {
    let prices = Prices::bundled().unwrap();
    for name in [
        "",
        "claude",
        "claude-opus-5-7",
        "claude-opus-5-5-fast",
        "claude-sonnet-4",
        "claude-haiku-4-5-mini",
        "anthropic/claude-sonnet-4.5:free",
        "reseller/claude-sonnet-4-5",
        "my-claude-sonnet-4-5",
        "practice",
        "practice-429",
        "glm-4.6",
        "-20250929",
    ] {
        assert!(prices.find(name).is_none(), "{name}");
    }
}

#[test]
fn a_wrong_price_table_is_refused_with_its_fault() {
    let table =
        |prices: &str| format!(r#"{{"name": "t", "date": "2026-01-01", "prices": [{prices}]}}"#);
    let entry = |input: &str| format!(r#"{{"models": ["m"], "input": "{input}", "output": "1"}}"#);
    assert!(Prices::parse(&table(&entry("0.25"))).is_ok());
    let fault = |json: String| Prices::parse(&json).unwrap_err().to_string();
    assert!(fault(table(&entry("-1"))).contains("`-1` is not a price per million tokens"));
    assert!(fault(table(&entry("0.0000001"))).contains("at most 6 decimals"));
    assert!(fault(table(&format!("{},{}", entry("1"), entry("2")))).contains("`m` two prices"));
}

#[test]
fn tokens_of_a_kind_without_price_make_the_cost_unknown() {
    let json = r#"{"name": "t", "date": "2026-01-01",
        "prices": [{"models": ["m"], "input": "1", "output": "2"}]}"#;
    let prices = Prices::parse(json).unwrap();
    let plain = Usage {
        input: 3,
        output: 4,
        ..Usage::default()
    };
    let (cost, frozen) = prices.cost("m", &plain, Multiplier::ONE).unwrap();
    assert_eq!(
        (cost.total().to_string(), frozen.date.as_str()),
        ("0.000011".to_owned(), "2026-01-01")
    );
    assert!(
        prices
            .cost(
                "m",
                &Usage {
                    cache_read: 1,
                    ..plain
                },
                Multiplier::ONE
            )
            .is_none()
    );
}

#[tokio::test]
async fn the_model_sent_and_the_multiplier_decide_the_cost_of_an_attempt() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut sent = attempt("r", 1, NOON);
    sent.model = "claude-haiku-4-5".into();
    sent.multiplier = "0.5".parse().unwrap();
    let mut end = attempt_ended("r", 1, NOON + 100);
    end.model_answered = Some("claude-opus-5".into());
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
    other.model = "glm-4.6".into();
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
