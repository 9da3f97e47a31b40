use ledger::{Multiplier, Prices, Quote, Rates, Usage, Usd};

use crate::support::{NOON, quote, usage};

/// Cost of tokens at a model as the bundled table says; `None` for unknown.
#[track_caller]
fn cost(model: &str, multiplier: &str, usage: Usage) -> Option<String> {
    let (cost, _) = quote(model, multiplier)?.cost(NOON, None, &usage)?;
    Some(cost.total().to_string())
}

/// What a million tokens of a kind cost in prompts that are not long.
fn million_of(model: &str, kind: impl FnOnce(&mut Usage) -> &mut u64) -> Option<String> {
    let mut usage = Usage::default();
    *kind(&mut usage) = 100_000;
    let (cost, _) = quote(model, "1")?.cost(NOON, None, &usage)?;
    Some(Usd::from_pico(cost.total().pico() * 10).to_string())
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
                million_of(model, |u| &mut u.input),
                million_of(model, |u| &mut u.output),
                million_of(model, |u| &mut u.cache_read),
                million_of(model, |u| &mut u.cache_write_5m),
                million_of(model, |u| &mut u.cache_write_1h),
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
    let find = |name: &str| prices.find(None, name);
    let base = find("claude-sonnet-4-5").unwrap();
    for name in [
        "claude-sonnet-4-5-20250929",
        "claude-sonnet-4-5@20250929",
        "claude-sonnet-4-5-2025-09-29",
        "claude-sonnet-4-5-latest",
        "claude-sonnet-4-5[1m]",
        "claude-sonnet-4-5-20250929[1m]",
        "anthropic/claude-sonnet-4-5",
        "anthropic/claude-sonnet-4.5",
        "openrouter/anthropic/claude-sonnet-4.5",
        "Claude-Sonnet-4-5",
    ] {
        assert_eq!(find(name).as_ref(), Some(&base), "{name}");
    }
    assert_eq!(find("models/gemini-3.5-flash"), find("gemini-3.5-flash"));
    // The longest name wins: a newer version is not the older one with something behind it.
    assert_ne!(find("claude-sonnet-5-5"), find("claude-sonnet-5"));
}

#[test]
fn a_price_is_never_guessed_from_a_similar_name() {
    let prices = Prices::bundled().unwrap();
    for name in [
        "",
        "claude",
        "claude-opus-5-7",
        "claude-opus-5-5-fast",
        "claude-haiku-4-5-mini",
        "anthropic/claude-sonnet-4.5:free",
        "reseller/claude-sonnet-4-5",
        "my-claude-sonnet-4-5",
        "practice",
        "practice-429",
        "-20250929",
        "-latest",
        "2025-09-29",
    ] {
        assert!(prices.find(None, name).is_none(), "{name}");
    }
}

#[test]
fn a_vendor_sells_at_its_own_prices_alone() {
    let prices = Prices::bundled().unwrap();
    let input = |vendor, model: &str| {
        let price = prices.find(vendor, model)?;
        Some(price.tariff.rates.input.to_string())
    };
    let cases = [
        (Some("deepseek"), "deepseek-v4-pro", Some("0.66")),
        (Some("qwen"), "deepseek-v4-pro", Some("2.4")),
        (None, "deepseek-v4-pro", Some("0.66")), // the maker's
        (Some("groq"), "openai/gpt-oss-120b", Some("0.15")),
        (Some("groq"), "gpt-6.1-sol", None), // not sold there
        (Some("vertex"), "google/gemini-3.5-flash", Some("1.5")),
        (Some("vertex"), "claude-opus-5-5@20261001", Some("4")),
        (Some("azure"), "gpt-6.1-sol", Some("2")),
        (Some("openrouter"), "anthropic/claude-sonnet-4.5", Some("3")),
        (Some("openrouter"), "openai/gpt-oss-120b:free", Some("0")),
        (Some("ollama"), "gpt-oss-120b", None), // one's own machine has no list
    ];
    for (vendor, model, expected) in cases {
        let found = input(vendor, model);
        assert_eq!(found.as_deref(), expected, "{model} at {vendor:?}");
    }
}

/// Every model that a ready provider names has a price at its vendor.
#[test]
fn the_models_of_the_presets_are_priced() {
    let presets = include_str!("../../../../../config/presets.toml");
    let presets: toml::Table = presets.parse().unwrap();
    let prices = Prices::bundled().unwrap();
    let vendors = [
        ("openai-responses", "openai"),
        ("bigmodel", "glm"),
        ("groq", "groq"),
    ];
    let mut checked = 0;
    for preset in presets["presets"].as_array().unwrap() {
        let provider = &preset["provider"];
        let name = provider["name"].as_str().unwrap();
        let vendor = vendors.iter().find(|(preset, _)| *preset == name);
        let vendor = vendor.map_or(name, |(_, vendor)| vendor);
        let Some(tiers) = provider.get("models") else {
            continue;
        };
        for models in tiers.as_table().unwrap().values() {
            for model in models.as_array().unwrap() {
                let model = model.as_str().unwrap();
                assert!(
                    prices.find(Some(vendor), model).is_some(),
                    "{model} of {name}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "{checked}");
}

#[test]
fn prices_go_by_the_hour_and_by_the_service_where_they_do() {
    let one = Usage {
        output: 1_000_000,
        ..Usage::default()
    };
    let cost = |model, at_ms, service| {
        let (cost, frozen) = quote(model, "1")?.cost(at_ms, service, &one)?;
        Some((cost.total().to_string(), frozen.service))
    };
    let hour = |hour: i64| NOON + (hour - 12) * 3_600_000;
    let plain = |text: &str| Some((text.to_owned(), None));
    for (at, expected) in [
        (0, "1.98"),
        (1, "3.96"),
        (4, "1.98"),
        (9, "3.96"),
        (10, "1.98"),
    ] {
        assert_eq!(
            cost("deepseek-v4-pro", hour(at), None),
            plain(expected),
            "{at}"
        );
    }
    let batch = Some(("5".to_owned(), Some("batch".to_owned())));
    assert_eq!(cost("claude-sonnet-5-5", NOON, Some("batch")), batch);
    assert_eq!(cost("claude-sonnet-5-5", NOON, None), plain("10"));
    assert_eq!(
        cost("claude-sonnet-5-5", NOON, Some("priority")),
        None,
        "not in the list"
    );
    let free = Quote::free("m").cost(NOON, Some("priority"), &one);
    assert_eq!(
        free.unwrap().0.total().to_string(),
        "0",
        "one's own prices hold for all"
    );
    assert_eq!(cost("gpt-6.1-sol", NOON, Some("flex")).unwrap().0, "5");
}

#[test]
fn hours_may_go_past_midnight_and_the_highest_tier_reached_holds() {
    let list = r#"{"name": "t", "date": "2026-01-01", "sellers": [{"name": "s", "maker": true, "prices": [
        {"models": ["m"], "input": "1", "output": "0",
         "hours": [{"from": "22:00", "to": "02:00", "input": "3", "output": "0"}],
         "long_context": [{"above_tokens": 10, "input": "5", "output": "0"},
                          {"above_tokens": 20, "input": "7", "output": "0"}]}]}]}"#;
    let quote = Prices::parse(list)
        .unwrap()
        .quote(None, "m", Multiplier::ONE);
    let pico = |hour: i64, input| {
        let usage = Usage {
            input,
            ..Usage::default()
        };
        let at_ms = NOON + (hour - 12) * 3_600_000;
        let (cost, _) = quote.as_ref().unwrap().cost(at_ms, None, &usage).unwrap();
        cost.total().pico() / 1_000_000 / i128::from(input)
    };
    assert_eq!([pico(22, 1), pico(1, 1), pico(2, 1)], [3, 3, 1]);
    assert_eq!([pico(12, 10), pico(12, 11), pico(12, 21)], [1, 5, 7]);
}

#[test]
fn ones_own_prices_are_what_is_paid() {
    let rates = Rates {
        input: "0.25".parse().unwrap(),
        output: "1".parse().unwrap(),
        cache_read: None,
        cache_write_5m: None,
        cache_write_1h: None,
    };
    let plain = Usage {
        input: 1_000_000,
        output: 1_000_000,
        ..Usage::default()
    };
    let (cost, frozen) = Quote::own("m", rates).cost(NOON, None, &plain).unwrap();
    assert_eq!(cost.total().to_string(), "1.25");
    assert_eq!(
        (frozen.seller.as_deref(), frozen.date),
        (Some("config"), None)
    );
    // What costs nothing costs nothing in every kind.
    let (cost, _) = Quote::free("m").cost(NOON, None, &usage()).unwrap();
    assert_eq!(cost.total().to_string(), "0");
}

#[test]
fn a_wrong_price_list_is_refused_with_its_fault() {
    let list = |prices: &str| {
        format!(
            r#"{{"name": "t", "date": "2026-01-01", "sellers": [{{"name": "s", "maker": true, "prices": [{prices}]}}]}}"#
        )
    };
    let entry = |input: &str| format!(r#"{{"models": ["m"], "input": "{input}", "output": "1"}}"#);
    assert!(Prices::parse(&list(&entry("0.25"))).is_ok());
    let fault = |json: String| Prices::parse(&json).unwrap_err().to_string();
    assert!(fault(list(&entry("-1"))).contains("`-1` is not a price per million tokens"));
    assert!(fault(list(&entry("0.0000001"))).contains("at most 6 decimals"));
    let twice = fault(list(&format!("{},{}", entry("1"), entry("2"))));
    assert!(twice.contains("`m` two prices at s"), "{twice}");
}

#[test]
fn tokens_of_a_kind_without_price_make_the_cost_unknown() {
    let list = r#"{"name": "t", "date": "2026-01-01", "sellers": [{"name": "s", "maker": true,
        "prices": [{"models": ["m"], "input": "1", "output": "2"}]}]}"#;
    let prices = Prices::parse(list).unwrap();
    let quote = prices.quote(None, "m", Multiplier::ONE).unwrap();
    let plain = Usage {
        input: 3,
        output: 4,
        ..Usage::default()
    };
    let (cost, frozen) = quote.cost(NOON, None, &plain).unwrap();
    assert_eq!(
        (cost.total().to_string(), frozen.date.as_deref()),
        ("0.000011".to_owned(), Some("2026-01-01"))
    );
    let cached = Usage {
        cache_read: 1,
        ..plain
    };
    assert!(quote.cost(NOON, None, &cached).is_none());
}
