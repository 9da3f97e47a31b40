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
