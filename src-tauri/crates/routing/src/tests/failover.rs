//! Which candidate comes next, and what rests.

use super::*;

#[test]
fn a_broken_provider_is_followed_by_the_next_and_rests() {
    let mut rig = Rig::new(three());
    rig.check(&[broken()], &["a:m", "b:m"]);
    rig.check(&[], &["b:m"]);
    rig.pass(short_of(MINUTE));
    rig.check(&[], &["b:m"]);
    rig.pass(SECOND);
    rig.check(&[], &["a:m"]);
}

#[test]
fn every_usable_candidate_is_tried_before_giving_up() {
    let mut rig = Rig::new(three());
    let ride = rig.check(&[broken(); 3], &["a:m", "b:m", "c:m"]);
    let exhausted = ride.gave_up.unwrap();
    assert_eq!(
        exhausted.last,
        Some((Verdict::RetrySame, Reason::ServerError))
    );
    assert_eq!(exhausted.retry_in, Some(MINUTE));
    assert_eq!(exhausted.skipped, [], "all were tried");
}

#[test]
fn with_everything_resting_it_gives_up_at_once_and_says_until_when() {
    let mut rig = Rig::new(three());
    rig.check(
        &[after(broken(), 30 * SECOND), broken(), broken()],
        &["a:m", "b:m", "c:m"],
    );
    rig.pass(10 * SECOND);
    let exhausted = rig.check(&[], &[]).gave_up.unwrap();
    assert_eq!((exhausted.tried, exhausted.last), (0, None));
    assert_eq!(exhausted.retry_in, Some(20 * SECOND));
    let why = exhausted
        .skipped
        .iter()
        .map(|s| format!("{}: {}", s.provider, s.why));
    assert_eq!(
        why.collect::<Vec<_>>(),
        [
            "a: cooling for another 20s after server_error (m)",
            "b: cooling for another 50s after server_error (m)",
            "c: cooling for another 50s after server_error (m)"
        ]
    );
}

#[test]
fn the_same_candidate_is_tried_as_often_as_the_config_says_with_growing_pauses() {
    let mut topology = three();
    topology.retry = Retry {
        attempts: 4,
        base: SECOND,
        max: 3 * SECOND,
    };
    let mut rig = Rig::new(topology);
    let ride = rig.check(&[broken(); 4], &["a:m", "a:m", "a:m", "a:m", "b:m"]);
    assert_eq!(ride.waits.len(), 3);
    for (wait, nominal) in ride.waits.iter().zip([1.0, 2.0, 3.0]) {
        let share = wait.as_secs_f64() / nominal;
        assert!((0.75..=1.25).contains(&share), "{wait:?} for {nominal}s");
    }
}

#[test]
fn jitter_repeats_with_its_seed_and_differs_with_another() {
    let waits = |seed| {
        let topology = Topology {
            retry: Retry {
                attempts: 3,
                ..Retry::default()
            },
            ..three()
        };
        let mut rig = Rig {
            board: Board::new(Arc::new(topology), seed),
            now: Instant::now(),
        };
        rig.send("m", &[broken(), broken()]).waits
    };
    assert_eq!(waits(7), waits(7));
    assert_ne!(waits(7), waits(8));
}

#[test]
fn a_providers_own_retry_wins() {
    let mut topology = three();
    topology.providers[0].retry = Some(Retry {
        attempts: 3,
        ..Retry::default()
    });
    Rig::new(topology).check(&[broken(); 3], &["a:m", "a:m", "a:m", "b:m"]);
}

#[test]
fn zero_attempts_are_one() {
    let mut topology = three();
    topology.retry.attempts = 0;
    Rig::new(topology).check(&[broken()], &["a:m", "b:m"]);
}

#[test]
fn a_passing_failure_that_a_retry_mends_benches_nobody() {
    let mut topology = three();
    topology.retry.attempts = 2;
    let mut rig = Rig::new(topology);
    for _ in 0..10 {
        let ride = rig.check(&[broken()], &["a:m", "a:m"]);
        assert_eq!(ride.changes, []);
    }
}

#[test]
fn rests_double_on_repeats_and_a_success_resets_them() {
    let mut topology = three();
    topology.breaker.failures = 100;
    let mut rig = Rig::new(topology);
    for minutes in [1, 2, 4, 8, 10, 10] {
        rig.check(&[broken()], &["a:m", "b:m"]);
        rig.pass(short_of(minutes * MINUTE));
        rig.check(&[], &["b:m"]);
        rig.pass(SECOND);
    }
    rig.check(&[], &["a:m"]);
    rig.check(&[broken()], &["a:m", "b:m"]);
    rig.pass(MINUTE);
    rig.check(&[], &["a:m"]);
}

#[test]
fn retry_after_sets_the_rest_exactly() {
    for outcome in [broken(), limited()] {
        let mut rig = Rig::new(three());
        rig.check(&[after(outcome, 7 * SECOND)], &["a:m", "b:m"]);
        rig.pass(short_of(7 * SECOND));
        rig.check(&[], &["b:m"]);
        rig.pass(SECOND);
        rig.check(&[], &["a:m"]);
    }
}

#[test]
fn a_short_retry_after_is_waited_for_and_a_longer_one_is_not() {
    let mut topology = three();
    topology.retry.attempts = 2;
    let mut rig = Rig::new(topology.clone());
    let ride = rig.check(&[after(broken(), 2 * SECOND)], &["a:m", "a:m"]);
    assert_eq!(ride.waits, [2 * SECOND]);
    let ride = Rig::new(topology).check(&[after(broken(), 3 * SECOND)], &["a:m", "b:m"]);
    assert_eq!(ride.waits, []);
}

#[test]
fn where_nothing_else_is_usable_a_retry_after_is_waited_for_up_to_the_longest_pause() {
    let mut topology = topology(vec![provider("a", 0)], vec![group("main", &["a"])]);
    topology.retry.attempts = 2;
    let mut rig = Rig::new(topology.clone());
    let ride = rig.check(&[after(broken(), 4 * SECOND)], &["a:m", "a:m"]);
    assert_eq!(ride.waits, [4 * SECOND]);
    let ride = Rig::new(topology).check(&[after(broken(), 5 * SECOND)], &["a:m"]);
    assert_eq!(ride.gave_up.unwrap().retry_in, Some(5 * SECOND));
}

#[test]
fn a_limit_moves_on_to_the_next_key_and_then_to_the_next_provider() {
    let mut topology = three();
    topology.providers[0] = provider("a", 2);
    let mut rig = Rig::new(topology);
    rig.check(&[limited(), limited()], &["a/0:m", "a/1:m", "b:m"]);
    rig.check(&[], &["b:m"]);
    rig.pass(MINUTE);
    rig.check(&[refused()], &["a/0:m", "a/1:m"]);
    rig.check(&[], &["a/1:m"]);
}

#[test]
fn resting_keys_are_named_when_a_request_is_given_up() {
    let mut rig = Rig::new(topology(
        vec![provider("a", 2)],
        vec![group("main", &["a"])],
    ));
    rig.check(&[limited()], &["a/0:m", "a/1:m"]);
    let exhausted = rig.check(&[broken()], &["a/1:m"]).gave_up.unwrap();
    assert_eq!(
        exhausted.last,
        Some((Verdict::RetrySame, Reason::ServerError))
    );
    rig.pass(MINUTE);
    rig.check(&[limited()], &["a/0:m", "a/1:m"]);
    let mut exhausted = rig.check(&[limited()], &["a/1:m"]).gave_up.unwrap();
    let skipped = exhausted.skipped.pop().unwrap();
    assert_eq!(skipped.key.as_deref(), Some("a/0"));
    assert_eq!(exhausted.skipped, []);
}

#[test]
fn a_limit_of_one_key_does_not_touch_the_breaker() {
    let mut topology = three();
    topology.providers[0] = provider("a", 1);
    let mut rig = Rig::new(topology);
    for _ in 0..10 {
        rig.check(&[after(limited(), SECOND)], &["a/0:m", "b:m"]);
        rig.pass(SECOND);
    }
    rig.check(&[], &["a/0:m"]);
}

#[test]
fn a_limit_told_inside_a_success_leaves_the_providers_other_keys_for_last() {
    let mut topology = three();
    topology.providers[0] = provider("a", 2);
    let hidden = bad(Verdict::NextProvider, Reason::RateLimited);
    Rig::new(topology).check(&[hidden, broken()], &["a/0:m", "b:m", "a/1:m"]);
}

#[test]
fn the_clients_own_fault_ends_the_request_and_touches_nobody() {
    let mut rig = Rig::new(three());
    for _ in 0..10 {
        let ride = rig.check(&[client_fault()], &["a:m"]);
        assert_eq!(ride.changes, []);
        let last = ride.gave_up.unwrap().last;
        assert_eq!(last, Some((Verdict::ClientFault, Reason::InvalidRequest)));
    }
    assert_eq!(rig.health("a"), Health::Unknown);
}

#[test]
fn a_client_that_leaves_touches_nobody() {
    let mut rig = Rig::new(three());
    for _ in 0..10 {
        rig.check(
            &[bad(Verdict::Cancelled, Reason::ClientCancelled)],
            &["a:m"],
        );
    }
    rig.check(&[], &["a:m"]);
}

#[test]
fn an_unknown_model_goes_on_without_a_rest_for_anybody() {
    let unknown = bad(Verdict::NextProvider, Reason::NotFound);
    let mut rig = Rig::new(three());
    let exhausted = rig
        .check(&[unknown; 3], &["a:m", "b:m", "c:m"])
        .gave_up
        .unwrap();
    assert_eq!(
        (exhausted.last, exhausted.retry_in),
        (Some((Verdict::NextProvider, Reason::NotFound)), None)
    );
    rig.check(&[], &["a:m"]);
}

#[test]
fn empty_answers_rest_nobody_alone_but_trip_the_breaker() {
    let empty = bad(Verdict::NextProvider, Reason::EmptyResponse);
    let mut rig = Rig::new(three());
    for _ in 0..3 {
        rig.check(&[empty], &["a:m", "b:m"]);
    }
    rig.check(&[], &["b:m"]);
    assert_eq!(rig.health("a"), Health::Open);
}

#[test]
fn a_cut_after_commit_ends_the_request_and_sends_the_next_one_elsewhere() {
    let mut rig = Rig::new(three());
    let mut run = rig.board.begin(&ask("m"), rig.now);
    let Step::Try(candidate) = rig.board.next(&mut run, rig.now) else {
        panic!("nothing to try")
    };
    rig.board.committed(&candidate, Some(SECOND), rig.now);
    rig.board.record(&mut run, &cut_after_commit(), rig.now);
    assert!(matches!(rig.board.next(&mut run, rig.now), Step::GiveUp(e) if e.tried == 1));
    rig.check(&[], &["b:m"]);
    rig.pass(MINUTE);
    rig.check(&[], &["a:m"]);
}

#[test]
fn other_models_of_a_broken_provider_come_after_the_rest_of_its_group() {
    let mut topology = three();
    topology.providers[0].models.big = vec!["x".into(), "y".into()];
    let mut rig = Rig::new(topology.clone());
    let ride = rig.send("opus", &[broken(); 4]);
    assert_eq!(ride.tried, ["a:x", "b:opus", "a:y", "c:opus"]);
    let unknown = bad(Verdict::NextProvider, Reason::NotFound);
    let ride = Rig::new(topology).send("opus", &[unknown, broken()]);
    assert_eq!(ride.tried, ["a:x", "a:y", "b:opus"]);
}

#[test]
fn a_model_that_rests_leaves_the_others_of_its_provider_in_service() {
    let mut rig = Rig::new(three());
    rig.check(&[broken()], &["a:m", "b:m"]);
    assert_eq!(rig.send("other", &[]).tried, ["a:other"]);
}

/// Breaks `a` until its breaker opens, with rests out of the way.
fn tripped(probes: u32) -> Rig {
    let mut topology = three();
    topology.cooldown = Duration::ZERO;
    topology.breaker.probes = probes;
    let mut rig = Rig::new(topology);
    for _ in 0..3 {
        rig.check(&[broken()], &["a:m", "b:m"]);
    }
    rig.check(&[], &["b:m"]);
    rig
}

/// Begins a request and answers its first candidate.
fn begin(rig: &mut Rig) -> (Failover, Candidate) {
    let mut run = rig.board.begin(&ask("m"), rig.now);
    match rig.board.next(&mut run, rig.now) {
        Step::Try(candidate) => (run, candidate),
        other => panic!("nothing to try: {other:?}"),
    }
}

#[test]
fn a_breaker_opens_lets_one_probe_through_and_closes_when_it_works() {
    let mut rig = tripped(1);
    rig.pass(short_of(MINUTE));
    rig.check(&[], &["b:m"]);
    rig.pass(SECOND);
    assert_eq!(rig.health("a"), Health::HalfOpen);
    let (mut probe, candidate) = begin(&mut rig);
    assert_eq!(label(&candidate), "a:m");
    rig.check(&[], &["b:m"]);
    rig.board.committed(&candidate, Some(SECOND), rig.now);
    rig.check(&[], &["a:m"]);
    rig.board.record(&mut probe, &OK, rig.now);
    assert_eq!(rig.health("a"), Health::Healthy);
}

#[test]
fn a_model_that_nobody_asks_for_again_leaves_no_mark_on_a_provider_that_answers() {
    let mut rig = tripped(1);
    rig.send("other", &[]);
    assert_eq!(rig.health("a"), Health::Degraded);
    rig.pass(MINUTE);
    assert_eq!(rig.health("a"), Health::Healthy);
    rig.check(&[], &["a:m"]);
}

#[test]
fn a_probe_that_fails_is_not_retried_and_doubles_the_recovery() {
    let mut rig = tripped(1);
    rig.pass(MINUTE);
    let mut twice = (*rig.board.topology).clone();
    twice.retry.attempts = 2;
    rig.board.replace(Arc::new(twice), rig.now);
    rig.check(&[broken()], &["a:m", "b:m"]);
    rig.pass(short_of(2 * MINUTE));
    rig.check(&[], &["b:m"]);
    rig.pass(SECOND);
    rig.check(&[], &["a:m"]);
}

#[test]
fn as_many_probes_as_the_config_says_are_under_way_at_once() {
    let mut rig = tripped(2);
    rig.pass(MINUTE);
    let mut tried = Vec::new();
    for _ in 0..3 {
        tried.push(label(&begin(&mut rig).1));
    }
    assert_eq!(tried, ["a:m", "a:m", "b:m"]);
}

#[test]
fn a_probe_gives_its_slot_back_however_it_ends() {
    for outcome in [
        bad(Verdict::Cancelled, Reason::ClientCancelled),
        client_fault(),
        limited(),
    ] {
        let mut rig = tripped(1);
        rig.pass(MINUTE);
        let (mut run, _) = begin(&mut rig);
        rig.board
            .record(&mut run, &after(outcome, Duration::ZERO), rig.now);
        assert_eq!(label(&begin(&mut rig).1), "a:m", "{outcome:?}");
    }
}

#[test]
fn a_try_that_was_never_recorded_counts_as_cancelled_on_the_next_call() {
    let mut rig = tripped(1);
    rig.pass(MINUTE);
    let (mut run, _) = begin(&mut rig);
    let Step::Try(again) = rig.board.next(&mut run, rig.now) else {
        panic!("given up")
    };
    assert_eq!(label(&again), "b:m", "one try of a candidate in all");
    assert_eq!(label(&begin(&mut rig).1), "a:m", "the slot is free again");
}

#[test]
fn health_is_looked_at_when_a_candidates_turn_comes() {
    let mut rig = Rig::new(three());
    let mut early = rig.board.begin(&ask("m"), rig.now);
    rig.check(&[broken()], &["a:m", "b:m"]);
    let Step::Try(candidate) = rig.board.next(&mut early, rig.now) else {
        panic!("given up")
    };
    assert_eq!(label(&candidate), "b:m");
}

#[test]
fn a_retry_is_dropped_when_its_provider_goes_out_of_service_meanwhile() {
    let mut topology = three();
    topology.retry.attempts = 2;
    let mut rig = Rig::new(topology);
    let (mut run, _) = begin(&mut rig);
    rig.board.record(&mut run, &broken(), rig.now);
    assert!(matches!(
        rig.board.next(&mut run, rig.now),
        Step::Wait { .. }
    ));
    rig.board.set_enabled("a", false).unwrap();
    let Step::Try(candidate) = rig.board.next(&mut run, rig.now) else {
        panic!("given up")
    };
    assert_eq!(label(&candidate), "b:m");
}

#[test]
fn a_groups_own_cooldown_wins() {
    let mut topology = three();
    topology.groups[0].cooldown = Some(5 * SECOND);
    let mut rig = Rig::new(topology);
    rig.check(&[broken()], &["a:m", "b:m"]);
    rig.pass(5 * SECOND);
    rig.check(&[], &["a:m"]);
}

#[test]
fn what_another_try_can_not_mend_is_tried_once_however_many_tries_there_are() {
    let mut topology = three();
    topology.retry.attempts = 3;
    topology.providers[0] = provider("a", 2);
    for reason in [Reason::NotFound, Reason::EmptyResponse, Reason::Timeout] {
        let outcome = bad(Verdict::NextProvider, reason);
        Rig::new(topology.clone()).check(&[outcome; 3], &["a/0:m", "b:m", "c:m"]);
    }
    let at_once = after(limited(), Duration::ZERO);
    Rig::new(topology).check(&[at_once; 4], &["a/0:m", "a/1:m", "b:m", "c:m"]);
}

#[test]
fn a_failure_that_passes_is_remembered_over_one_that_stays() {
    let mut rig = Rig::new(three());
    let missing = bad(Verdict::NextProvider, Reason::NotFound);
    let ride = rig.check(&[broken(), missing, refused()], &["a:m", "b:m", "c:m"]);
    let last = ride.gave_up.unwrap().last;
    assert_eq!(last, Some((Verdict::RetrySame, Reason::ServerError)));
}

#[test]
fn while_all_keys_are_refused_it_says_so() {
    let keyed = topology(vec![provider("a", 2)], vec![group("main", &["a"])]);
    let mut rig = Rig::new(keyed);
    let first = rig.check(&[refused(), refused()], &["a/0:m", "a/1:m"]);
    assert!(first.gave_up.unwrap().refused);
    let later = rig.check(&[], &[]).gave_up.unwrap();
    assert!(later.refused);
    assert_eq!(
        later.skipped[0].why,
        "its key was refused, cooling for another 60s"
    );
    let mut mixed = Rig::new(topology(
        vec![provider("a", 2)],
        vec![group("main", &["a"])],
    ));
    let ride = mixed.check(&[refused(), limited()], &["a/0:m", "a/1:m"]);
    assert!(!ride.gave_up.unwrap().refused);
}

#[test]
fn a_call_beside_the_answers_rests_nobody_but_a_refused_key() {
    let mut rig = Rig::new(topology(
        vec![provider("a", 1)],
        vec![group("main", &["a"])],
    ));
    for outcome in [limited(), broken()] {
        let mut run = rig.board.begin(&ask("m"), rig.now).aside();
        assert!(matches!(rig.board.next(&mut run, rig.now), Step::Try(_)));
        assert_eq!(rig.board.record(&mut run, &outcome, rig.now), []);
        assert!(matches!(rig.board.next(&mut run, rig.now), Step::GiveUp(_)));
    }
    let mut run = rig.board.begin(&ask("m"), rig.now).aside();
    assert!(matches!(rig.board.next(&mut run, rig.now), Step::Try(_)));
    rig.board.record(&mut run, &refused(), rig.now);
    rig.check(&[], &[]);
}

#[test]
fn canned_answers_never_stand_in_for_real_providers() {
    let practice = Provider::new("practice", Dialect::Practice);
    let groups = vec![group("main", &["a"]), group("practice", &["practice"])];
    let mut rig = Rig::new(topology(vec![provider("a", 0), practice], groups));
    rig.check(&[broken()], &["a:m"]);
    rig.board.choose("practice", rig.now).unwrap();
    rig.check(&[], &["practice:m"]);
}

#[test]
fn it_is_known_whether_the_same_candidate_is_tried_again() {
    let mut topology = three();
    topology.retry.attempts = 2;
    let mut rig = Rig::new(topology);
    let mut run = rig.board.begin(&ask("m"), rig.now);
    let mut again = Vec::new();
    for _ in 0..2 {
        while let Step::Wait { until } = rig.board.next(&mut run, rig.now) {
            rig.now = until;
        }
        rig.board.record(&mut run, &broken(), rig.now);
        again.push(run.retries());
    }
    assert_eq!(again, [true, false]);
}
