//! Who hears of what: each fact once.

use super::*;

/// Changes as short words.
fn told(ride: &Ride) -> Vec<String> {
    ride.changes.iter().map(word).collect()
}

fn word(change: &Change) -> String {
    match change {
        Change::Failover {
            from,
            to,
            group_from,
            group_to,
            why,
            ..
        } => {
            format!("failover {group_from}/{from} to {group_to}/{to}: {why}")
        }
        Change::Recovered { provider } => format!("recovered {provider}"),
        Change::Rested { provider, why, .. } => format!("rested {provider}: {why}"),
        Change::AllDown => "all down".to_owned(),
        Change::AuthFailed { provider, key } => {
            format!("auth {provider} {}", key.as_deref().unwrap_or("-"))
        }
        Change::GroupChosen { group } => format!("chosen {group}"),
        Change::GroupPaused { group } => format!("paused {group}"),
        Change::GroupResumed { group } => format!("resumed {group}"),
    }
}

#[test]
fn failover_and_recovery_are_told_once() {
    let mut rig = Rig::new(three());
    let expected = [
        "rested a: server_error",
        "failover main/a to main/b: server_error",
    ];
    assert_eq!(told(&rig.send("m", &[broken()])), expected);
    assert_eq!(told(&rig.send("m", &[])), [""; 0]);
    rig.pass(MINUTE);
    assert_eq!(
        told(&rig.send("m", &[broken()])),
        ["rested a: server_error"],
        "it never came back"
    );
    rig.pass(2 * MINUTE);
    assert_eq!(told(&rig.send("m", &[])), ["recovered a"]);
    assert_eq!(told(&rig.send("m", &[])), [""; 0]);
    assert_eq!(
        told(&rig.send("m", &[broken()])),
        expected,
        "a new outage is news again"
    );
}

#[test]
fn an_outage_of_everything_is_told_step_by_step_and_then_once() {
    let mut rig = Rig::new(three());
    assert_eq!(
        told(&rig.send("m", &[broken(); 3])),
        [
            "rested a: server_error",
            "failover main/a to main/b: server_error",
            "rested b: server_error",
            "failover main/b to spare/c: server_error",
            "rested c: server_error",
            "all down",
        ]
    );
    rig.pass(MINUTE);
    let repeated = [
        "rested a: server_error",
        "rested b: server_error",
        "rested c: server_error",
    ];
    assert_eq!(told(&rig.send("m", &[broken(); 3])), repeated);
    rig.pass(2 * MINUTE);
    assert_eq!(told(&rig.send("m", &[])), ["recovered a"]);
}

#[test]
fn all_down_is_news_again_after_something_recovered() {
    let mut rig = Rig::new(topology(
        vec![provider("a", 0)],
        vec![group("main", &["a"])],
    ));
    assert_eq!(
        told(&rig.send("m", &[broken()])),
        ["rested a: server_error", "all down"]
    );
    rig.pass(MINUTE);
    rig.send("m", &[]);
    assert_eq!(
        told(&rig.send("m", &[broken()])),
        ["rested a: server_error", "all down"]
    );
}

#[test]
fn failures_of_many_requests_at_once_are_told_once_and_rest_once() {
    let mut rig = Rig::new(three());
    let mut runs = (0..50)
        .map(|_| rig.board.begin(&ask("m"), rig.now))
        .collect::<Vec<_>>();
    for run in &mut runs {
        assert!(matches!(rig.board.next(run, rig.now), Step::Try(_)));
    }
    let mut changes = Vec::new();
    for run in &mut runs {
        changes.extend(rig.board.record(run, &limited(), rig.now));
    }
    let words = changes.iter().map(word).collect::<Vec<_>>();
    assert_eq!(
        words,
        [
            "rested a: rate_limited",
            "failover main/a to main/b: rate_limited"
        ]
    );
    rig.pass(MINUTE);
    rig.check(&[], &["a:m"]);
}

#[test]
fn an_old_success_during_a_rest_recovers_nobody() {
    let mut rig = Rig::new(three());
    let mut old = rig.board.begin(&ask("m"), rig.now);
    let Step::Try(candidate) = rig.board.next(&mut old, rig.now) else {
        panic!("given up")
    };
    rig.send("m", &[broken()]);
    assert_eq!(rig.board.committed(&candidate, Some(SECOND), rig.now), []);
    assert_eq!(rig.board.record(&mut old, &OK, rig.now), []);
    rig.check(&[], &["b:m"]);
}

#[test]
fn first_output_tells_the_recovery_and_the_end_does_not_repeat_it() {
    let mut rig = Rig::new(three());
    rig.send("m", &[broken()]);
    rig.pass(MINUTE);
    let mut run = rig.board.begin(&ask("m"), rig.now);
    let Step::Try(candidate) = rig.board.next(&mut run, rig.now) else {
        panic!("given up")
    };
    let changes = rig.board.committed(&candidate, Some(SECOND), rig.now);
    assert_eq!(
        changes,
        [Change::Recovered {
            provider: "a".into()
        }]
    );
    assert_eq!(rig.board.record(&mut run, &OK, rig.now), []);
}

#[test]
fn a_refused_key_is_told_and_the_provider_rests_only_with_its_last_one() {
    let mut topology = three();
    topology.providers[0] = provider("a", 2);
    let mut rig = Rig::new(topology);
    assert_eq!(told(&rig.send("m", &[refused()])), ["auth a a/0"]);
    assert_eq!(
        told(&rig.send("m", &[refused()])),
        [
            "auth a a/1",
            "rested a: auth",
            "failover main/a to main/b: auth"
        ]
    );
    let mut rig = Rig::new(three());
    assert_eq!(
        told(&rig.send("m", &[refused()])),
        [
            "auth a -",
            "rested a: auth",
            "failover main/a to main/b: auth"
        ]
    );
}

#[test]
fn a_failure_of_who_did_not_serve_first_is_no_failover() {
    let mut rig = Rig::new(three());
    let unknown = bad(Verdict::NextProvider, Reason::NotFound);
    assert_eq!(
        told(&rig.send("m", &[unknown, broken()])),
        ["rested b: server_error"]
    );
}

#[test]
fn pinned_requests_tell_nothing_about_where_others_go() {
    let mut rig = Rig::new(three());
    assert_eq!(
        told(&rig.send("a/m", &[broken()])),
        ["rested a: server_error"]
    );
}

#[test]
fn a_cut_after_commit_is_a_failover_for_what_comes_next() {
    let mut rig = Rig::new(three());
    assert_eq!(
        told(&rig.send("m", &[cut_after_commit()])),
        [
            "rested a: stream_cut",
            "failover main/a to main/b: stream_cut"
        ]
    );
}

#[test]
fn what_people_do_to_groups_is_told_when_it_changes_something() {
    let mut rig = Rig::new(three());
    let now = rig.now;
    let words = |changes: Vec<Change>| changes.iter().map(word).collect::<Vec<_>>();
    assert_eq!(words(rig.board.choose("main", now).unwrap()), [""; 0]);
    assert_eq!(
        words(rig.board.choose("spare", now).unwrap()),
        ["chosen spare"]
    );
    assert_eq!(
        words(rig.board.pause("main", now).unwrap()),
        ["paused main"]
    );
    assert_eq!(words(rig.board.pause("main", now).unwrap()), [""; 0]);
    assert_eq!(
        words(rig.board.choose("main", now).unwrap()),
        ["resumed main", "chosen main"]
    );
    assert_eq!(words(rig.board.resume("main", now).unwrap()), [""; 0]);
}
