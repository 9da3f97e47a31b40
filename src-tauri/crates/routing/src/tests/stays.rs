//! Conversations that stay where they are warm.

use super::*;

fn sticky() -> Rig {
    Rig::new(Topology {
        sticky: true,
        ..three()
    })
}

fn of(session: &str, model: &str) -> Ask {
    Ask {
        conversation: Some(Conversation {
            id: Identity::Session(session.into()),
            warm: 5 * MINUTE,
        }),
        ..ask(model)
    }
}

fn went(rig: &mut Rig, ask: &Ask, outcomes: &[Outcome]) -> String {
    rig.send_as(ask, outcomes).tried.join(" ")
}

#[test]
fn a_conversation_stays_while_it_is_warm_and_new_ones_go_first_class() {
    let mut rig = sticky();
    assert_eq!(went(&mut rig, &of("old", "m"), &[broken()]), "a:m b:m");
    rig.pass(MINUTE);
    assert_eq!(went(&mut rig, &of("old", "m"), &[]), "b:m", "b is warm");
    assert_eq!(
        went(&mut rig, &of("new", "m"), &[]),
        "a:m",
        "a is well again"
    );
    assert_eq!(
        went(&mut rig, &of("old", "n"), &[]),
        "a:n",
        "caches belong to models"
    );
    assert_eq!(went(&mut rig, &ask("m"), &[]), "a:m");
    rig.pass(4 * MINUTE);
    assert_eq!(
        went(&mut rig, &of("old", "m"), &[]),
        "b:m",
        "each request keeps it warm"
    );
    rig.pass(5 * MINUTE);
    assert_eq!(went(&mut rig, &of("old", "m"), &[]), "a:m", "it is cold");
}

#[test]
fn it_stays_across_groups_and_leaves_when_its_home_fails() {
    let mut rig = sticky();
    assert_eq!(
        went(&mut rig, &of("s", "m"), &[broken(), broken()]),
        "a:m b:m c:m"
    );
    rig.pass(MINUTE);
    assert_eq!(went(&mut rig, &of("s", "m"), &[]), "c:m");
    assert_eq!(went(&mut rig, &of("s", "m"), &[broken()]), "c:m a:m");
    assert_eq!(
        went(&mut rig, &of("s", "m"), &[]),
        "a:m",
        "its home is where it was answered last"
    );
}

#[test]
fn people_and_pins_move_it_at_once() {
    let mut rig = sticky();
    assert_eq!(went(&mut rig, &of("s", "m"), &[broken()]), "a:m b:m");
    rig.pass(MINUTE);
    let pinned = Ask {
        pin: Some(Pin::Provider("c".to_owned())),
        ..of("s", "m")
    };
    assert_eq!(went(&mut rig, &pinned, &[]), "c:m");
    rig.board.choose("spare", rig.now).unwrap();
    assert_eq!(
        went(&mut rig, &of("s", "m"), &[]),
        "c:m",
        "a person chose another group"
    );
}

#[test]
fn it_keeps_its_key_and_takes_no_turns() {
    let mut topology = topology(
        vec![provider("a", 3), provider("b", 0)],
        vec![group("main", &["a", "b"])],
    );
    topology.groups[0].policy = Policy::RoundRobin;
    topology.sticky = true;
    let mut rig = Rig::new(topology);
    let first = went(&mut rig, &of("s", "m"), &[]);
    for _ in 0..3 {
        assert_eq!(went(&mut rig, &of("s", "m"), &[]), first);
    }
    assert_eq!(
        went(&mut rig, &of("t", "m"), &[]),
        "b:m",
        "the next turn is b's"
    );
}

/// A request that says what `before` left and more.
fn said(before: &[u64], whole: u64) -> Ask {
    Ask {
        conversation: Some(Conversation {
            id: Identity::Said {
                before: before.into(),
                whole,
            },
            warm: 5 * MINUTE,
        }),
        ..ask("m")
    }
}

#[test]
fn a_conversation_without_a_session_is_known_by_what_was_said_in_it() {
    let mut rig = sticky();
    assert_eq!(went(&mut rig, &said(&[1, 2], 3), &[broken()]), "a:m b:m");
    rig.pass(MINUTE);
    assert_eq!(
        went(&mut rig, &said(&[1, 2, 3, 4], 5), &[]),
        "b:m",
        "it goes on"
    );
    assert_eq!(
        went(&mut rig, &said(&[1, 2, 3, 4, 5, 6], 7), &[]),
        "b:m",
        "and on"
    );
    assert_eq!(
        went(&mut rig, &said(&[1, 2, 3, 8], 9), &[]),
        "b:m",
        "another way from the same words"
    );
    assert_eq!(
        went(&mut rig, &said(&[1, 2], 3), &[]),
        "a:m",
        "the same again goes on from nothing"
    );
    assert_eq!(went(&mut rig, &said(&[], 10), &[]), "a:m", "a new one");
    let told = rig.board.explain(&said(&[7], 8), rig.now);
    assert_eq!(
        (&*told[0].provider, told[0].why.as_str()),
        (
            "b",
            "first to be tried, as the conversation is in its cache"
        )
    );
    rig.pass(5 * MINUTE);
    assert_eq!(
        went(&mut rig, &said(&[1, 2, 3, 4, 5], 6), &[]),
        "a:m",
        "it is cold"
    );
}

#[test]
fn the_longest_part_that_is_known_tells_where_it_is_warm() {
    let mut rig = sticky();
    assert_eq!(went(&mut rig, &said(&[], 1), &[]), "a:m");
    let elsewhere = Ask {
        pin: Some(Pin::Provider("c".to_owned())),
        ..said(&[1, 2], 3)
    };
    assert_eq!(went(&mut rig, &elsewhere, &[]), "c:m");
    assert_eq!(went(&mut rig, &said(&[1, 2, 3, 4], 5), &[]), "c:m");
    assert_eq!(went(&mut rig, &said(&[1, 20], 30), &[]), "a:m");
}

#[test]
fn one_that_speaks_is_not_forgotten_for_many_that_were_silent_longer() {
    let mut rig = sticky();
    let home = |rig: &mut Rig, ask: &Ask, outcomes: &[Outcome]| went(rig, ask, outcomes);
    assert_eq!(home(&mut rig, &of("busy", "m"), &[broken()]), "a:m b:m");
    rig.pass(MINUTE);
    for n in 0..20_000 {
        rig.send_as(&said(&[], n), &[]);
        if n % 5_000 == 0 {
            rig.pass(Duration::from_secs(1));
            assert_eq!(home(&mut rig, &of("busy", "m"), &[]), "b:m", "{n}");
        }
    }
    for n in 20_000..40_000 {
        rig.send_as(&said(&[], n), &[]);
    }
    assert_eq!(home(&mut rig, &of("busy", "m"), &[]), "a:m", "bounded");
}

/// Dollars for a million tokens: input, output, cache reads, cache writes. A token costs a million times as many
/// pico-dollars.
fn price([input, output, cache_read, cache_write]: [u64; 4]) -> Price {
    const MILLION: u64 = 1_000_000;
    Price {
        input: input * MILLION,
        output: output * MILLION,
        cache_read: (cache_read > 0).then_some(cache_read * MILLION),
        cache_write: (cache_write > 0).then_some(cache_write * MILLION),
    }
}

/// `a` is dear, `b` costs half, of `c` nothing is known.
fn priced() -> Topology {
    let prices = |provider: &str, _: &str| match provider {
        "a" => Some(price([10, 50, 1, 12])),
        "b" => Some(price([5, 25, 0, 0])),
        _ => None,
    };
    Topology {
        sticky: true,
        prices: Prices::new(prices),
        ..three()
    }
}

/// Sends a request whose answers end so; the last one used these tokens.
fn used(rig: &mut Rig, ask: &Ask, outcomes: &[Outcome], used: Used) -> (String, Option<u64>) {
    let mut run = rig.board.begin(ask, rig.now);
    let mut outcomes = outcomes.iter().copied().chain([OK]);
    loop {
        let Step::Try(candidate) = rig.board.next(&mut run, rig.now) else {
            panic!("nothing to try");
        };
        let outcome = outcomes.next().unwrap();
        if outcome.verdict == Verdict::Ok {
            run.used(used);
        }
        rig.board.record(&mut run, &outcome, rig.now);
        if outcome.verdict == Verdict::Ok {
            return (candidate.provider.to_string(), run.switch_cost());
        }
    }
}

const MUCH: Used = Used {
    cached: 100_000,
    output: 10,
};

#[test]
fn leaving_a_warm_cache_has_its_price() {
    let (dollar, none) = (1_000_000_000_000, Used::default());
    let mut rig = Rig::new(priced());
    let ask = of("s", "m");
    assert_eq!(used(&mut rig, &ask, &[], MUCH), ("a".into(), None));
    assert_eq!(used(&mut rig, &ask, &[], MUCH), ("a".into(), None));
    let told = used(&mut rig, &ask, &[broken()], MUCH);
    // 100,000 tokens at 5 instead of 1 dollar a million.
    assert_eq!(told, ("b".into(), Some(dollar * 4 / 10)));
    let told = used(&mut rig, &ask, &[broken()], none);
    assert_eq!(told, ("c".into(), None), "nobody knows what c takes");
    rig.pass(10 * MINUTE);
    assert_eq!(used(&mut rig, &ask, &[broken()], none), ("b".into(), None));
}

#[test]
fn a_switch_by_hand_has_its_price_too_and_nobody_goes_back_for_it() {
    let mut topology = priced();
    topology.groups = vec![group("main", &["a"]), group("other", &["b"])];
    let mut rig = Rig::new(topology);
    let ask = of("s", "m");
    assert_eq!(used(&mut rig, &ask, &[], MUCH).0, "a");
    rig.board.choose("other", rig.now).unwrap();
    let told = used(&mut rig, &ask, &[], MUCH);
    assert_eq!(told, ("b".into(), Some(400_000_000_000)));
    let pinned = Ask {
        pin: Some(Pin::Provider("a".to_owned())),
        ..ask
    };
    assert_eq!(
        used(&mut rig, &pinned, &[], MUCH),
        ("a".into(), Some(700_000_000_000)),
        "a writes its cache at 12, b has no price of its own for reading: 5"
    );
}

#[test]
fn who_hears_of_a_failover_hears_what_it_costs() {
    let mut rig = Rig::new(priced());
    let ask = of("s", "m");
    assert_eq!(used(&mut rig, &ask, &[], MUCH).0, "a");
    let changes = rig.send_as(&ask, &[broken()]).changes;
    let cost = changes.iter().find_map(|change| match change {
        Change::Failover { cost, .. } => Some(*cost),
        _ => None,
    });
    assert_eq!(cost, Some(Some(400_000_000_000)), "{changes:?}");
}

#[test]
fn the_cheapest_is_told_by_what_is_in_its_cache() {
    let mut topology = priced();
    topology.groups[0].policy = Policy::Cheapest;
    let mut rig = Rig::new(topology);
    let long = |session: &str| Ask {
        tokens: 110_000,
        ..of(session, "m")
    };
    assert_eq!(used(&mut rig, &long("new"), &[], MUCH).0, "b");
    rig.board.set_enabled("b", false).unwrap();
    assert_eq!(used(&mut rig, &long("old"), &[], MUCH).0, "a");
    rig.board.set_enabled("b", true).unwrap();
    assert_eq!(
        used(&mut rig, &long("old"), &[], MUCH).0,
        "a",
        "100,000 at 1 and 10,000 at 10 are less than 110,000 at 5"
    );
    let longer = Ask {
        tokens: 200_000,
        ..long("old")
    };
    assert_eq!(
        used(&mut rig, &longer, &[], MUCH).0,
        "b",
        "100,000 at 1 and 100,000 at 10 are more than 200,000 at 5"
    );
}

#[test]
fn a_short_wait_for_a_warm_cache_is_taken_and_a_long_one_is_not() {
    for (left, cached, expected) in [
        (Duration::from_secs(3), 100_000, "a:m"),
        (Duration::from_secs(6), 100_000, "b:m"),
        (Duration::from_secs(3), 500, "b:m"),
    ] {
        let mut topology = priced();
        topology.providers[0].limits.rpm = Some(1);
        let mut rig = Rig::new(topology);
        let ask = of("s", "m");
        let warm = Used { cached, output: 10 };
        assert_eq!(used(&mut rig, &ask, &[], warm).0, "a");
        rig.pass(MINUTE.saturating_sub(left));
        let ride = rig.send_as(&ask, &[]);
        assert_eq!(ride.tried, [expected], "{left:?} for {cached}");
        let waited: Duration = ride.waits.iter().sum();
        let most = if expected == "a:m" {
            left
        } else {
            Duration::ZERO
        };
        assert_eq!(waited, most);
    }
}
