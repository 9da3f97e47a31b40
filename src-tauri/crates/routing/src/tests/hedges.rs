//! Racing a second candidate: when, who, and what each learns of the other.

use super::*;
use crate::HedgeAfter;

const SLOW: Duration = Duration::from_secs(9);

fn rig(hedge: HedgeAfter) -> Rig {
    let names = ["a", "b", "c"];
    let providers = names.iter().map(|name| provider(name, 0)).collect();
    let mut topology = topology(providers, vec![group("main", &names)]);
    topology.hedge = Some(hedge);
    Rig::new(topology)
}

fn first(rig: &mut Rig) -> (Failover, Candidate) {
    let mut run = rig.board.begin(&ask("m"), rig.now);
    match rig.board.next(&mut run, rig.now) {
        Step::Try(candidate) => (run, candidate),
        other => panic!("nobody is asked: {other:?}"),
    }
}

fn served(rig: &mut Rig, ttft: Duration) {
    let (mut run, candidate) = first(rig);
    rig.board.committed(&candidate, Some(ttft), rig.now);
    rig.board.record(&mut run, &OK, rig.now);
}

#[test]
fn a_percentile_is_of_the_last_times_and_nothing_is_unusual_before_enough_are_known() {
    let mut rig = rig(HedgeAfter::Percentile(95));
    for count in 1..=20 {
        let (mut run, candidate) = first(&mut rig);
        assert_eq!(rig.board.hedge_after(&candidate, true), None, "{count}");
        let ttft = Duration::from_millis(count * 100);
        rig.board.committed(&candidate, Some(ttft), rig.now);
        rig.board.record(&mut run, &OK, rig.now);
    }
    let (mut run, candidate) = first(&mut rig);
    let after = |rig: &Rig, streamed| rig.board.hedge_after(&candidate, streamed);
    assert_eq!(after(&rig, true), Some(Duration::from_millis(1900)));
    assert_eq!(
        after(&rig, false),
        None,
        "whole answers have a pace of their own"
    );
    rig.board.record(&mut run, &OK, rig.now);
    for _ in 0..64 {
        served(&mut rig, SLOW);
    }
    assert_eq!(
        after(&rig, true),
        Some(SLOW),
        "what is long ago is forgotten"
    );
}

#[test]
fn the_second_one_is_elsewhere_and_each_is_recorded_for_itself() {
    let mut rig = rig(HedgeAfter::Fixed(SECOND));
    let (mut run, slow) = first(&mut rig);
    assert_eq!(rig.board.hedge_after(&slow, false), Some(SECOND));
    let mut side = run.beside();
    let rival = rig.board.hedge(&mut side, &slow, rig.now).unwrap();
    assert_eq!((&*slow.provider, &*rival.provider), ("a", "b"));
    assert_eq!((slow.attempt, rival.attempt), (1, 2));
    // The second one fails: it rests, and the request may still go to the third.
    let changes = rig.board.record(&mut side, &broken(), rig.now);
    assert!(
        matches!(changes[..], [Change::Rested { .. }, ..]),
        "{changes:?}"
    );
    rig.board.record(&mut run, &broken(), rig.now);
    run.join(side);
    let served = loop {
        match rig.board.next(&mut run, rig.now) {
            Step::Wait { until } => rig.now = until,
            Step::Try(candidate) => break candidate,
            Step::GiveUp(exhausted) => panic!("{exhausted:?}"),
        }
    };
    assert_eq!((&*served.provider, served.attempt), ("c", 3));
}

#[test]
fn nobody_races_where_nobody_else_is_well() {
    let mut rig = rig(HedgeAfter::Fixed(SECOND));
    rig.board.set_enabled("c", false).unwrap();
    let (run, slow) = first(&mut rig);
    rig.board.set_enabled("b", false).unwrap();
    let mut side = run.beside();
    assert_eq!(rig.board.hedge(&mut side, &slow, rig.now), None);
}

#[test]
fn a_half_open_breaker_is_not_probed_for_a_race() {
    let mut rig = rig(HedgeAfter::Fixed(SECOND));
    rig.board.set_enabled("c", false).unwrap();
    rig.board.set_enabled("a", false).unwrap();
    // Three are out at once and fail: the breaker opens; when its rest is over it is half open.
    let mut runs: Vec<Failover> = (0..3).map(|_| first(&mut rig).0).collect();
    for run in &mut runs {
        rig.board.record(run, &broken(), rig.now);
    }
    rig.pass(10 * MINUTE);
    rig.board.set_enabled("a", true).unwrap();
    let (run, slow) = first(&mut rig);
    assert_eq!(rig.health("b"), Health::HalfOpen);
    assert_eq!(rig.board.hedge(&mut run.beside(), &slow, rig.now), None);
}

#[test]
fn one_that_never_begins_comes_to_rest_and_is_not_waited_for_longer_each_time() {
    let mut rig = rig(HedgeAfter::Percentile(95));
    for _ in 0..64 {
        served(&mut rig, SECOND);
    }
    for count in 1..=3 {
        let (mut run, slow) = first(&mut rig);
        assert_eq!(&*slow.provider, "a", "{count}");
        assert_eq!(rig.board.hedge_after(&slow, true), Some(SECOND), "{count}");
        let silent = rig.board.outrun(&slow, 3 * SECOND, true, rig.now);
        assert_eq!(silent, (count == 3).then_some(Reason::Timeout), "{count}");
        let outcome = match silent {
            Some(reason) => bad(Verdict::NextProvider, reason),
            None => bad(Verdict::Cancelled, Reason::ClientCancelled),
        };
        rig.board.record(&mut run, &outcome, rig.now);
    }
    assert_eq!(rig.health("a"), Health::Cooling);
    assert_eq!(&*first(&mut rig).1.provider, "b");
}

#[test]
fn an_answer_of_its_own_makes_lost_races_forgotten() {
    let mut rig = rig(HedgeAfter::Fixed(SECOND));
    for _ in 0..9 {
        let (mut run, slow) = first(&mut rig);
        assert_eq!(rig.board.outrun(&slow, SLOW, true, rig.now), None);
        let gone = bad(Verdict::Cancelled, Reason::ClientCancelled);
        rig.board.record(&mut run, &gone, rig.now);
        served(&mut rig, SECOND);
    }
}

#[test]
fn a_retry_that_a_race_made_needless_counts_as_the_failure_it_was() {
    let names = ["a", "b"];
    let providers = names.iter().map(|name| provider(name, 0)).collect();
    let mut topology = topology(providers, vec![group("main", &names)]);
    topology.hedge = Some(HedgeAfter::Fixed(SECOND));
    topology.retry.attempts = 2;
    let mut rig = Rig::new(topology);
    let (mut run, slow) = first(&mut rig);
    let mut side = run.beside();
    rig.board.hedge(&mut side, &slow, rig.now).unwrap();
    assert_eq!(rig.board.record(&mut run, &broken(), rig.now), []);
    assert!(run.retries());
    rig.board.record(&mut side, &OK, rig.now);
    let mut beaten = std::mem::replace(&mut run, side);
    let changes = rig.board.unretried(&mut beaten, rig.now);
    run.join(beaten);
    assert!(
        matches!(changes[..], [Change::Rested { .. }, ..]),
        "{changes:?}"
    );
    assert_eq!(rig.health("a"), Health::Cooling);
}

#[test]
fn a_warm_conversation_does_not_move_for_a_race_won_elsewhere() {
    let names = ["a", "b"];
    let providers = names.iter().map(|name| provider(name, 0)).collect();
    let mut topology = topology(providers, vec![group("main", &names)]);
    topology.hedge = Some(HedgeAfter::Fixed(SECOND));
    topology.sticky = true;
    let mut rig = Rig::new(topology);
    let ask = Ask {
        conversation: Some(Conversation {
            id: Identity::Session("c".into()),
            warm: 5 * MINUTE,
        }),
        ..ask("m")
    };
    let mut served_by = |races: bool| {
        let mut run = rig.board.begin(&ask, rig.now);
        let Step::Try(candidate) = rig.board.next(&mut run, rig.now) else {
            panic!("nobody is asked")
        };
        let mut side = run.beside();
        if races {
            rig.board.hedge(&mut side, &candidate, rig.now).unwrap();
            rig.board.record(&mut side, &OK, rig.now);
            rig.board.record(&mut run, &Outcome::GONE, rig.now);
            side.join(run);
        } else {
            rig.board.record(&mut run, &OK, rig.now);
        }
        candidate.provider.to_string()
    };
    assert_eq!([false, true, false].map(&mut served_by), ["a", "a", "a"]);
}
