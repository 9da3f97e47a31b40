//! What people and the config do to the board.

use super::*;

#[test]
fn unknown_names_are_refused_with_a_sentence() {
    let mut rig = Rig::new(three());
    let now = rig.now;
    let told = "there is no group named \"nope\"";
    for refused in [
        rig.board.choose("nope", now),
        rig.board.pause("nope", now),
        rig.board.resume("nope", now),
    ] {
        assert_eq!(refused.unwrap_err().to_string(), told);
    }
    let told = "there is no provider named \"nope\"";
    assert_eq!(rig.board.reset("nope", now).unwrap_err().to_string(), told);
    assert_eq!(
        rig.board.set_enabled("nope", true).unwrap_err().to_string(),
        told
    );
    assert_eq!(rig.board.chosen(), "main");
}

#[test]
fn a_reset_puts_a_provider_back_into_service_at_once() {
    let mut topology = three();
    topology.providers[0] = provider("a", 1);
    for outcome in [broken(), limited(), refused()] {
        let mut rig = Rig::new(topology.clone());
        rig.check(&[outcome], &["a/0:m", "b:m"]);
        let changes = rig.board.reset("a", rig.now).unwrap();
        assert_eq!(
            changes,
            [Change::Recovered {
                provider: "a".into()
            }]
        );
        rig.check(&[], &["a/0:m"]);
        assert_eq!(rig.board.reset("a", rig.now).unwrap(), []);
    }
}

#[test]
fn a_disabled_provider_is_skipped_until_it_is_enabled() {
    let mut rig = Rig::new(three());
    rig.board.set_enabled("a", false).unwrap();
    rig.check(&[], &["b:m"]);
    assert_eq!(rig.health("a"), Health::Disabled);
    rig.board.set_enabled("a", true).unwrap();
    rig.check(&[], &["a:m"]);
}

#[test]
fn another_config_keeps_health_choice_and_switches() {
    let mut rig = Rig::new(three());
    rig.board.choose("spare", rig.now).unwrap();
    rig.board.pause("main", rig.now).unwrap();
    rig.board.set_mode(Mode::Manual);
    rig.board.set_enabled("b", false).unwrap();
    rig.check(&[broken()], &["c:m"]);
    rig.board.replace(
        Arc::new(Topology {
            cooldown: SECOND,
            ..three()
        }),
        rig.now,
    );
    assert_eq!(
        (rig.board.chosen(), rig.board.mode()),
        ("spare", Mode::Manual)
    );
    assert_eq!(
        (rig.health("b"), rig.health("c")),
        (Health::Disabled, Health::Cooling)
    );
    assert!(rig.board.view(rig.now).groups[0].paused);
}

#[test]
fn another_config_wins_where_it_changes_its_own_word() {
    let mut rig = Rig::new(three());
    rig.board.choose("spare", rig.now).unwrap();
    rig.board.set_enabled("a", false).unwrap();
    let mut other = three();
    other.mode = Mode::Manual;
    other.groups.pop();
    other.providers[0].enabled = false;
    rig.board.replace(Arc::new(other), rig.now);
    assert_eq!(
        (rig.board.chosen(), rig.board.mode()),
        ("main", Mode::Manual)
    );
    rig.board.replace(Arc::new(three()), rig.now);
    assert_eq!(rig.board.mode(), Mode::Auto);
    rig.check(&[], &["a:m"]);
}

#[test]
fn a_provider_that_comes_back_to_the_config_starts_afresh() {
    let mut rig = Rig::new(three());
    rig.check(&[broken()], &["a:m", "b:m"]);
    let mut without = three();
    without.providers.remove(0);
    rig.board.replace(Arc::new(without), rig.now);
    rig.check(&[], &["b:m"]);
    rig.board.replace(Arc::new(three()), rig.now);
    rig.check(&[], &["a:m"]);
}

#[test]
fn a_request_under_way_goes_on_by_the_new_config() {
    let mut rig = Rig::new(three());
    let mut run = rig.board.begin(&ask("m"), rig.now);
    assert!(matches!(rig.board.next(&mut run, rig.now), Step::Try(_)));
    let mut without = three();
    without.providers.drain(..2);
    rig.board.replace(Arc::new(without), rig.now);
    assert_eq!(rig.board.record(&mut run, &broken(), rig.now), []);
    let Step::Try(candidate) = rig.board.next(&mut run, rig.now) else {
        panic!("given up")
    };
    assert_eq!(label(&candidate), "c:m");
    rig.board.record(&mut run, &broken(), rig.now);
    let Step::GiveUp(exhausted) = rig.board.next(&mut run, rig.now) else {
        panic!("one more try")
    };
    assert_eq!(exhausted.skipped[0].why, "no longer in the config");
}

#[test]
fn what_waits_may_be_tried_by_force_and_goes_on_counting() {
    let mut rig = Rig::new(topology(
        vec![provider("a", 1)],
        vec![group("main", &["a"])],
    ));
    rig.send("m", &[broken(); 3]);
    let mut run = rig.board.begin(&ask("m"), rig.now);
    let Step::GiveUp(exhausted) = rig.board.next(&mut run, rig.now) else {
        panic!("it rests")
    };
    assert!(exhausted.may_wait, "{exhausted:?}");
    let again = rig.board.begin_again(&run, &ask("m"), rig.now);
    let mut again = again.forced();
    assert!(matches!(rig.board.next(&mut again, rig.now), Step::Try(_)));
    rig.board.record(&mut again, &broken(), rig.now);
    let Step::GiveUp(exhausted) = rig.board.next(&mut again, rig.now) else {
        panic!("each is forced once")
    };
    assert!(exhausted.may_wait, "it goes on waiting: {exhausted:?}");
    assert_eq!(exhausted.tried, 1);
    rig.pass(MINUTE * 10);
    let mut later = rig.board.begin_again(&again, &ask("m"), rig.now);
    let Step::Try(candidate) = rig.board.next(&mut later, rig.now) else {
        panic!("it has rested")
    };
    assert_eq!(
        candidate.attempt, 2,
        "attempts of one request are counted on"
    );
}

#[test]
fn a_paused_group_is_worth_waiting_for_and_a_refused_key_is_not() {
    let mut rig = Rig::new(topology(
        vec![provider("a", 1)],
        vec![group("main", &["a"])],
    ));
    let gave_up = |rig: &mut Rig, outcomes: &[Outcome]| rig.send("m", outcomes).gave_up.unwrap();
    rig.board.pause("main", rig.now).unwrap();
    assert!(gave_up(&mut rig, &[]).may_wait);
    rig.board.resume("main", rig.now).unwrap();
    assert!(!gave_up(&mut rig, &[refused()]).may_wait);
}

#[test]
fn what_cannot_serve_a_request_is_not_asked_again_after_waiting() {
    let mut rig = Rig::new(topology(
        vec![provider("a", 0), provider("b", 0)],
        vec![group("main", &["a", "b"])],
    ));
    rig.check(
        &[bad(Verdict::NextProvider, Reason::InvalidRequest), broken()],
        &["a:m", "b:m"],
    );
    let mut run = rig.board.begin(&ask("m"), rig.now);
    let Step::Try(unable) = rig.board.next(&mut run, rig.now) else {
        panic!("a is well")
    };
    assert_eq!(&*unable.provider, "a");
    let unfit = bad(Verdict::NextProvider, Reason::InvalidRequest);
    rig.board.record(&mut run, &unfit, rig.now);
    let Step::GiveUp(exhausted) = rig.board.next(&mut run, rig.now) else {
        panic!("b rests")
    };
    assert!(exhausted.may_wait, "for b: {exhausted:?}");
    let mut again = rig.board.begin_again(&run, &ask("m"), rig.now);
    assert!(
        matches!(rig.board.next(&mut again, rig.now), Step::GiveUp(_)),
        "a is not asked again"
    );
    rig.pass(MINUTE);
    let mut later = rig.board.begin_again(&again, &ask("m"), rig.now);
    let Step::Try(candidate) = rig.board.next(&mut later, rig.now) else {
        panic!("b has rested")
    };
    assert_eq!(&*candidate.provider, "b");
}

#[test]
fn a_person_sends_a_request_elsewhere_whatever_its_model_name_says() {
    let mut rig = Rig::new(three());
    let spare = Pin::Group("spare".to_owned());
    for (model, sent) in [("a/x", "c:x"), ("group:main", "c:big"), ("m", "c:m")] {
        let ask = rig.board.redirected(&ask(model), spare.clone());
        assert_eq!(rig.send_as(&ask, &[]).tried, [sent], "{model}");
    }
}

#[test]
fn a_provider_at_its_own_limit_is_not_down() {
    let mut topology = three();
    topology.groups.truncate(1);
    topology.providers[0].limits.concurrency = Some(1);
    let mut rig = Rig::new(topology);
    let mut busy = rig.board.begin(&ask("m"), rig.now);
    assert!(matches!(rig.board.next(&mut busy, rig.now), Step::Try(_)));
    let ride = rig.send("m", &[broken()]);
    assert_eq!(ride.tried, ["b:m"]);
    assert!(!ride.changes.contains(&Change::AllDown), "{ride:?}");
}

#[test]
fn what_was_not_sent_uses_up_nothing_and_counts_take_no_turns() {
    let mut topology = three();
    topology.providers[0].limits.rpm = Some(1);
    topology.groups[0].policy = Policy::RoundRobin;
    let mut rig = Rig::new(topology);
    let unasked = Outcome { asked: false, ..OK };
    for _ in 0..3 {
        let mut run = rig.board.begin(&ask("m"), rig.now).out_of_turn();
        let Step::Try(candidate) = rig.board.next(&mut run, rig.now) else {
            panic!("a has room")
        };
        assert_eq!(&*candidate.provider, "a");
        rig.board.record(&mut run, &unasked, rig.now);
    }
    rig.check(&[], &["a:m"]);
    rig.check(&[], &["b:m"]);
}
