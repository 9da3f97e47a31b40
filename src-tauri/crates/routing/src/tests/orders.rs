//! Policies, and the limits that a provider's owner sets.

use std::collections::HashMap;

use super::*;

fn shared(policy: Policy, weights: &[(&str, u32)]) -> Topology {
    let names: Vec<&str> = weights.iter().map(|(name, _)| *name).collect();
    let mut main = group("main", &names);
    main.policy = policy;
    for (member, (_, weight)) in main.members.iter_mut().zip(weights) {
        member.weight = *weight;
    }
    let providers = names.iter().map(|name| provider(name, 0)).collect();
    topology(providers, vec![main])
}

impl Rig {
    fn begin(&mut self, model: &str) -> Failover {
        self.board.begin(&ask(model), self.now)
    }

    fn next(&mut self, run: &mut Failover) -> Step {
        self.board.next(run, self.now)
    }

    /// A request's way and its first candidate.
    #[track_caller]
    fn first(&mut self, model: &str) -> (Failover, Candidate) {
        let mut run = self.begin(model);
        match self.next(&mut run) {
            Step::Try(candidate) => (run, candidate),
            other => panic!("nobody is asked: {other:?}"),
        }
    }

    fn record(&mut self, run: &mut Failover, outcome: Outcome) {
        self.board.record(run, &outcome, self.now);
    }
}

/// Who serves each of `count` requests, one after the other, all of them good.
fn served(rig: &mut Rig, count: usize) -> String {
    (0..count)
        .map(|_| {
            let (mut run, candidate) = rig.first("m");
            rig.record(&mut run, OK);
            candidate.provider.to_string()
        })
        .collect()
}

#[test]
fn weights_are_kept_exactly_and_spread_out() {
    let mut rig = Rig::new(shared(Policy::Weighted, &[("a", 3), ("b", 1)]));
    assert_eq!(served(&mut rig, 8), "aabaaaba");
}

#[test]
fn who_cannot_serve_takes_no_turns_and_saves_none() {
    let mut rig = Rig::new(shared(Policy::Weighted, &[("a", 2), ("b", 1), ("c", 1)]));
    rig.board.set_enabled("a", false).unwrap();
    assert_eq!(served(&mut rig, 6), "bcbcbc");
    rig.board.set_enabled("a", true).unwrap();
    let back = served(&mut rig, 8);
    assert_eq!(back.matches('a').count(), 4, "{back}");
}

#[test]
fn weights_change_with_the_config() {
    let mut rig = Rig::new(shared(Policy::Weighted, &[("a", 1), ("b", 0)]));
    assert_eq!(served(&mut rig, 3), "aaa");
    let now = rig.now;
    rig.board.replace(
        Arc::new(shared(Policy::Weighted, &[("a", 0), ("b", 1)])),
        now,
    );
    assert_eq!(served(&mut rig, 3), "bbb");
}

#[test]
fn each_takes_its_turn_and_a_second_try_takes_none() {
    let mut rig = Rig::new(shared(Policy::RoundRobin, &[("a", 1), ("b", 1), ("c", 1)]));
    assert_eq!(served(&mut rig, 4), "abca");
    let (mut run, first) = rig.first("m");
    assert_eq!(&*first.provider, "b");
    rig.record(&mut run, bad(Verdict::NextProvider, Reason::ServerError));
    let Step::Try(second) = rig.next(&mut run) else {
        panic!("nobody else is asked")
    };
    assert_eq!(&*second.provider, "c");
    rig.record(&mut run, OK);
    assert_eq!(served(&mut rig, 3), "cac", "b rests; c is behind b");
}

#[test]
fn the_least_busy_is_asked_first() {
    let mut rig = Rig::new(shared(Policy::LeastBusy, &[("a", 1), ("b", 1)]));
    let (mut one, first) = rig.first("m");
    let (_two, second) = rig.first("m");
    assert_eq!((&*first.provider, &*second.provider), ("a", "b"));
    rig.record(&mut one, OK);
    assert_eq!(served(&mut rig, 2), "aa", "b is still at work");
}

#[test]
fn the_fastest_is_asked_first_and_a_slow_one_again_some_day() {
    let mut rig = Rig::new(shared(Policy::Fastest, &[("a", 1), ("b", 1)]));
    for expected in ["a", "b"] {
        let (mut run, candidate) = rig.first("m");
        assert_eq!(&*candidate.provider, expected, "everybody is measured");
        let slow = if expected == "a" { 8 } else { 1 };
        rig.board
            .committed(&candidate, Some(SECOND * slow), rig.now);
        rig.record(&mut run, OK);
    }
    assert_eq!(served(&mut rig, 2), "bb");
    // Three half-lives more make eight seconds one.
    for _ in 0..4 {
        rig.pass(MINUTE * 5);
        let (mut run, candidate) = rig.first("m");
        if &*candidate.provider == "a" {
            return;
        }
        rig.board.committed(&candidate, Some(SECOND), rig.now);
        rig.record(&mut run, OK);
    }
    panic!("a is never asked again");
}

#[test]
fn the_cheapest_is_asked_first() {
    let mut topology = shared(Policy::Cheapest, &[("a", 1), ("b", 1), ("c", 1)]);
    topology.providers[1].cost = 500;
    let mut rig = Rig::new(topology);
    assert_eq!(served(&mut rig, 2), "bb");
    rig.board.set_enabled("b", false).unwrap();
    assert_eq!(served(&mut rig, 2), "aa");
}

#[test]
fn requests_at_one_time_are_bounded() {
    let mut topology = three();
    topology.providers[0].limits.concurrency = Some(1);
    let mut rig = Rig::new(topology);
    let (mut one, first) = rig.first("m");
    let (_two, second) = rig.first("m");
    assert_eq!((&*first.provider, &*second.provider), ("a", "b"));
    rig.record(&mut one, bad(Verdict::Cancelled, Reason::ClientCancelled));
    assert_eq!(&*rig.first("m").1.provider, "a");
}

#[test]
fn requests_a_minute_are_bounded_and_the_next_ones_turn_is_told() {
    let mut topology = topology(vec![provider("a", 0)], vec![group("main", &["a"])]);
    topology.providers[0].limits.rpm = Some(2);
    let mut rig = Rig::new(topology);
    served(&mut rig, 1);
    rig.pass(SECOND * 20);
    served(&mut rig, 1);
    let mut run = rig.begin("m");
    let Step::GiveUp(exhausted) = rig.next(&mut run) else {
        panic!("the third one goes too")
    };
    assert_eq!(exhausted.retry_in, Some(SECOND * 40));
    assert!(
        exhausted.skipped[0].why.contains("at a limit"),
        "{exhausted:?}"
    );
    rig.pass(SECOND * 40);
    assert_eq!(served(&mut rig, 1), "a");
}

#[test]
fn tokens_a_minute_are_bounded() {
    let mut topology = three();
    topology.providers[0].limits.tpm = Some(1000);
    let mut rig = Rig::new(topology);
    let spend = |rig: &mut Rig, tokens| {
        let (mut run, candidate) = rig.first("m");
        rig.record(&mut run, Outcome { tokens, ..OK });
        candidate.provider.to_string()
    };
    assert_eq!(spend(&mut rig, 600), "a");
    rig.pass(SECOND * 30);
    assert_eq!(spend(&mut rig, 600), "a");
    assert_eq!(spend(&mut rig, 1), "b");
    rig.pass(SECOND * 30);
    assert_eq!(spend(&mut rig, 1), "a", "the first 600 are forgotten");
}

#[test]
fn a_key_that_is_used_up_is_set_aside_for_that_model_alone() {
    let mut rig = Rig::new(topology(
        vec![provider("a", 2)],
        vec![group("main", &["a"])],
    ));
    let (mut run, first) = rig.first("m");
    rig.board.used_up(&first, MINUTE, rig.now);
    rig.record(&mut run, OK);
    for _ in 0..3 {
        rig.check(&[], &["a/1:m"]);
    }
    assert_eq!(rig.health("a"), Health::Healthy, "it is no fault");
    let other: Vec<String> = (0..2).flat_map(|_| rig.send("n", &[]).tried).collect();
    assert!(other.contains(&"a/0:n".to_owned()), "{other:?}");
    let (mut run, second) = rig.first("m");
    rig.board.used_up(&second, MINUTE * 2, rig.now);
    rig.record(&mut run, OK);
    let exhausted = rig.send("m", &[]).gave_up.unwrap();
    assert_eq!(exhausted.retry_in, Some(MINUTE));
    assert!(exhausted.may_wait);
    rig.pass(MINUTE);
    rig.check(&[], &["a/0:m"]);
}

#[test]
fn a_key_at_its_own_limit_leaves_its_requests_to_the_others() {
    let mut topology = topology(
        vec![provider("a", 2), provider("b", 0)],
        vec![group("main", &["a", "b"])],
    );
    topology.providers[0].key_policy = KeyPolicy::FillFirst;
    let limits = Limits {
        rpm: Some(2),
        ..Limits::default()
    };
    topology.providers[0].key_limits = HashMap::from([("a/0".into(), limits)]);
    let mut rig = Rig::new(topology);
    let key = |rig: &mut Rig| {
        let (mut run, candidate) = rig.first("m");
        rig.record(&mut run, OK);
        candidate.key.as_deref().map(str::to_owned)
    };
    let used: Vec<_> = (0..4).filter_map(|_| key(&mut rig)).collect();
    assert_eq!(used, ["a/0", "a/0", "a/1", "a/1"]);
    rig.pass(MINUTE);
    assert_eq!(key(&mut rig).as_deref(), Some("a/0"));
}

#[test]
fn a_provider_whose_keys_are_all_at_their_limits_is_passed_over_and_told_so() {
    let mut topology = topology(
        vec![provider("a", 1), provider("b", 0)],
        vec![group("main", &["a", "b"])],
    );
    let limits = Limits {
        concurrency: Some(1),
        tpm: Some(100),
        ..Limits::default()
    };
    topology.providers[0].key_limits = HashMap::from([("a/0".into(), limits)]);
    let mut rig = Rig::new(topology);
    let (mut run, first) = rig.first("m");
    assert_eq!(&*first.provider, "a");
    assert_eq!(&*rig.first("m").1.provider, "b", "one at a time");
    let many = Outcome { tokens: 200, ..OK };
    rig.record(&mut run, many);
    let told = rig.board.explain(&ask("m"), rig.now);
    assert_eq!(
        (told[0].usable, told[0].why.as_str()),
        (false, "at a limit for another 60s")
    );
    rig.pass(MINUTE);
    assert_eq!(&*rig.first("m").1.provider, "a");
}
