//! What status pages see.

use super::*;

#[track_caller]
fn check(rig: &Rig, expected: Health) {
    assert_eq!(
        rig.health("a"),
        expected,
        "{:?}",
        rig.board.view(rig.now).providers[0]
    );
}

#[test]
fn health_goes_from_unknown_through_failure_and_back() {
    let mut rig = Rig::new(Topology {
        cooldown: 10 * SECOND,
        ..three()
    });
    check(&rig, Health::Unknown);
    rig.send("m", &[]);
    check(&rig, Health::Healthy);
    rig.send("m", &[broken()]);
    check(&rig, Health::Cooling);
    rig.pass(10 * SECOND);
    check(&rig, Health::Degraded);
    rig.send("m", &[]);
    check(&rig, Health::Degraded);
    rig.pass(MINUTE);
    check(&rig, Health::Healthy);
}

#[test]
fn a_model_that_rests_is_no_rest_of_a_provider_that_serves_another() {
    let mut rig = Rig::new(three());
    rig.send("ill", &[broken()]);
    check(&rig, Health::Cooling);
    let until = |rig: &Rig| rig.board.view(rig.now).providers[0].cooling_until;
    assert!(until(&rig).is_some());
    rig.board.reset("a", rig.now).unwrap();
    rig.send("good", &[]);
    rig.send("ill", &[broken()]);
    check(&rig, Health::Degraded);
    assert_eq!(until(&rig), None);
    let view = rig.board.view(rig.now);
    assert_eq!(view.serving.as_deref(), Some("a"));
    let resting = &view.providers[0].resting;
    assert_eq!(
        resting
            .iter()
            .map(|it| (&*it.model, it.until))
            .collect::<Vec<_>>(),
        [("ill", rig.now + MINUTE)]
    );
    rig.pass(MINUTE);
    assert_eq!(rig.board.view(rig.now).providers[0].resting, []);
}

#[test]
fn with_nobody_well_the_one_with_a_usable_model_serves() {
    let mut rig = Rig::new(topology(
        vec![provider("a", 0)],
        vec![group("main", &["a"])],
    ));
    rig.send("ill", &[broken()]);
    assert_eq!(rig.board.view(rig.now).serving, None);
    rig.send("good", &[]);
    assert_eq!(rig.board.view(rig.now).serving.as_deref(), Some("a"));
}

#[test]
fn figures_of_a_provider_are_shown_with_it_and_with_each_group() {
    let mut rig = Rig::new(three());
    rig.send("m", &[]);
    let mut run = rig.board.begin(&ask("m"), rig.now);
    let Step::Try(candidate) = rig.board.next(&mut run, rig.now) else {
        panic!("given up")
    };
    rig.board.committed(&candidate, Some(SECOND), rig.now);
    rig.board.committed(&candidate, Some(2 * SECOND), rig.now);
    rig.board.record(&mut run, &cut_after_commit(), rig.now);
    let view = rig.board.view(rig.now);
    let (provider, member) = (&view.providers[0], &view.groups[0].members[0]);
    assert_eq!(provider.ttft, Some(Duration::from_millis(1300)));
    assert_eq!(provider.success_rate, Some(0.5));
    assert_eq!(provider.last_error.as_deref(), Some("stream_cut (m)"));
    assert_eq!(provider.cooling_until, Some(rig.now + MINUTE));
    assert_eq!(
        (member.ttft, member.success_rate),
        (provider.ttft, provider.success_rate)
    );
    assert_eq!(
        (member.health, member.cooling_until),
        (provider.health, provider.cooling_until)
    );
}

#[test]
fn groups_tell_whether_they_serve() {
    let mut rig = Rig::new(three());
    let states = |rig: &Rig| {
        let view = rig.board.view(rig.now);
        view.groups
            .iter()
            .map(|group| (group.active, group.state))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        states(&rig),
        [(true, GroupState::Active), (false, GroupState::Standby)]
    );
    rig.check(
        &[after(broken(), 30 * SECOND), broken()],
        &["a:m", "b:m", "c:m"],
    );
    assert_eq!(
        states(&rig),
        [(true, GroupState::Cooling), (false, GroupState::Standby)]
    );
    let view = rig.board.view(rig.now);
    assert_eq!(view.groups[0].cooling_until, Some(rig.now + 30 * SECOND));
    assert_eq!(view.serving.as_deref(), Some("c"));
    rig.board.pause("spare", rig.now).unwrap();
    assert_eq!(states(&rig)[1], (false, GroupState::Paused));
    assert_eq!(rig.board.view(rig.now).serving, None);
}

#[test]
fn keys_tell_their_uses_and_why_they_rest() {
    let mut topology = three();
    topology.providers[0] = provider("a", 3);
    let mut rig = Rig::new(topology);
    rig.check(&[limited(), refused()], &["a/0:m", "a/1:m", "a/2:m"]);
    let view = rig.board.view(rig.now);
    let keys = &view.providers[0].keys;
    let states = keys
        .iter()
        .map(|key| (&*key.id, key.state, key.uses))
        .collect::<Vec<_>>();
    assert_eq!(
        states,
        [
            ("a/0", KeyState::Cooling, 1),
            ("a/1", KeyState::Rejected, 1),
            ("a/2", KeyState::Ready, 1)
        ]
    );
    assert_eq!(keys[0].cooling_until, Some(rig.now + MINUTE));
    assert_eq!(keys[2].last_used, Some(rig.now));
    check(&rig, Health::Degraded);
}

#[test]
fn a_provider_whose_keys_all_rest_is_cooling_until_the_first_is_back() {
    let mut topology = three();
    topology.providers[0] = provider("a", 2);
    let mut rig = Rig::new(topology);
    rig.check(
        &[limited(), after(limited(), 9 * SECOND)],
        &["a/0:m", "a/1:m", "b:m"],
    );
    check(&rig, Health::Cooling);
    assert_eq!(
        rig.board.view(rig.now).providers[0].cooling_until,
        Some(rig.now + 9 * SECOND)
    );
}

#[test]
fn who_serves_is_told_as_requests_would_find_it() {
    let mut topology = three();
    topology.providers[0].limits.rpm = Some(1);
    topology
        .providers
        .push(Provider::new("stand-in", Dialect::Practice));
    topology.groups.insert(1, group("practice", &["stand-in"]));
    let mut rig = Rig::new(topology);
    let serving = |rig: &Rig| rig.board.view(rig.now).serving.map(|name| name.to_string());
    assert_eq!(serving(&rig).as_deref(), Some("a"));
    rig.check(&[], &["a:m"]);
    assert_eq!(serving(&rig).as_deref(), Some("b"), "a is at its own limit");
    rig.check(&[broken()], &["b:m", "c:m"]);
    assert_eq!(
        serving(&rig).as_deref(),
        Some("c"),
        "stand-ins serve where they are chosen"
    );
}

#[test]
fn what_a_provider_lacks_is_told() {
    let mut topology = topology(vec![provider("a", 0)], vec![group("main", &["a"])]);
    topology.providers[0].enabled = false;
    topology.providers[0].lacks = Some("it has no key".to_owned());
    let mut rig = Rig::new(topology);
    let exhausted = rig.send("m", &[]).gave_up.unwrap();
    assert_eq!(exhausted.skipped[0].why, "it has no key");
    let view = rig.board.view(rig.now);
    assert_eq!(view.providers[0].lacks.as_deref(), Some("it has no key"));
    assert_eq!(view.groups[0].members[0].lacks, view.providers[0].lacks);
    // Who switches it off is why it is off then.
    rig.board.set_enabled("a", false).unwrap();
    assert_eq!(rig.board.view(rig.now).providers[0].lacks, None);
    // Switching it on gives it none.
    rig.board.set_enabled("a", true).unwrap();
    let exhausted = rig.send("m", &[]).gave_up.unwrap();
    assert_eq!(exhausted.skipped[0].why, "it has no key");
}

#[test]
fn limits_that_will_be_hit_are_told_the_soonest_first() {
    let mut topology = topology(vec![provider("a", 2)], vec![group("main", &["a"])]);
    let limits = |rpm| Limits {
        rpm: Some(rpm),
        ..Limits::default()
    };
    topology.providers[0].limits = limits(1000);
    topology.providers[0].key_limits = [("a/0".into(), limits(20))].into();
    let mut rig = Rig::new(topology);
    let hour = 60 * MINUTE;
    let told = |rig: &mut Rig, left: f64, of_model: bool, what: &'static str| {
        let mut run = rig.board.begin(&ask("m"), rig.now);
        let Step::Try(candidate) = rig.board.next(&mut run, rig.now) else {
            panic!("nothing to try");
        };
        let told = Told {
            what,
            left,
            reset: 5 * hour,
            of_model,
        };
        rig.board.limits_told(&candidate, &[told], rig.now);
        rig.board.record(&mut run, &OK, rig.now);
    };
    let forecasts = |rig: &Rig| rig.board.view(rig.now).providers[0].forecasts.clone();
    assert_eq!(forecasts(&rig), []);
    for left in [1.0, 0.9] {
        told(&mut rig, left, false, "5h");
        told(&mut rig, left * 100.0, true, "tokens");
        rig.pass(10 * MINUTE);
    }
    let ahead = forecasts(&rig);
    let short: Vec<_> = ahead
        .iter()
        .map(|it| (it.what, it.key.as_deref(), it.model.as_deref()))
        .collect();
    assert_eq!(
        short,
        [
            ("5h", Some("a/0"), None),
            ("tokens", Some("a/1"), Some("m"))
        ]
    );
    assert_eq!(ahead[0].at - rig.now, 80 * MINUTE, "0.1 in 10 minutes");
    let quotas = |at| rig.board.view(at).providers[0].quotas.clone();
    let told_now = quotas(rig.now);
    let left: Vec<_> = told_now
        .iter()
        .map(|it| (it.what, it.key.as_deref(), it.left, it.reset - rig.now))
        .collect();
    let rest = 290 * MINUTE;
    assert_eq!(
        left,
        [
            ("5h", Some("a/0"), 0.9, rest),
            ("tokens", Some("a/1"), 90.0, rest)
        ]
    );
    assert_eq!(told_now[0].used_up, Some(ahead[0].at));
    assert_eq!(quotas(rig.now + rest), [], "it is whole again");

    for _ in 0..20 {
        told(&mut rig, 90.0, true, "tokens");
        rig.pass(Duration::from_secs(1));
    }
    let first = &forecasts(&rig)[0];
    assert_eq!((first.what, first.key.as_deref()), ("rpm", Some("a/0")));
    assert!(
        first.at > rig.now && first.at - rig.now < MINUTE,
        "{first:?}"
    );
}
