//! Providers that recover before their rest is over.

use super::*;

const INTERVAL: Duration = Duration::from_secs(30);

fn unreachable() -> Outcome {
    bad(Verdict::RetrySame, Reason::Network)
}

fn alone() -> Rig {
    Rig::new(topology(
        vec![provider("a", 1)],
        vec![group("main", &["a"])],
    ))
}

/// Whether `a` is to be looked at now.
fn is_due(rig: &mut Rig, eager: bool) -> bool {
    let now = rig.now;
    !rig.board.ailing(INTERVAL, eager, now).is_empty()
}

#[test]
fn one_that_broke_is_looked_at_within_a_second_and_one_that_looks_well_is_tried() {
    let mut rig = alone();
    assert!(!is_due(&mut rig, false), "it is well");
    rig.send("m", &[unreachable()]);
    assert!(rig.board.is_anybody_ailing(rig.now));
    assert!(!is_due(&mut rig, false), "not at once");
    rig.pass(SECOND / 2);
    assert!(is_due(&mut rig, false));
    rig.board.looks_well("a", rig.now);
    rig.check(&[], &["a/0:m"]);
    assert!(matches!(
        rig.health("a"),
        Health::Healthy | Health::Degraded
    ));
    rig.send("m", &[unreachable()]);
    rig.pass(MINUTE);
    rig.check(&[], &["a/0:m"]);
}

#[test]
fn as_many_try_it_as_there_are_probes() {
    let mut rig = alone();
    rig.send("m", &[unreachable()]);
    rig.board.looks_well("a", rig.now);
    let mut first = rig.board.begin(&ask("m"), rig.now);
    let mut second = rig.board.begin(&ask("m"), rig.now);
    assert!(matches!(rig.board.next(&mut first, rig.now), Step::Try(_)));
    let Step::GiveUp(exhausted) = rig.board.next(&mut second, rig.now) else {
        panic!("one probe is out already")
    };
    assert!(exhausted.may_wait);
    rig.board.record(&mut first, &OK, rig.now);
    rig.check(&[], &["a/0:m"]);
}

#[test]
fn one_that_deceives_is_looked_at_ever_less_often_unless_somebody_waits() {
    let mut rig = alone();
    rig.send("m", &[unreachable()]);
    let mut looks = Vec::new();
    let mut last = rig.now;
    while looks.len() < 9 {
        rig.pass(SECOND / 2);
        if is_due(&mut rig, false) {
            looks.push((rig.now - last).as_secs_f64());
            last = rig.now;
            rig.board.looks_well("a", rig.now);
            rig.send("m", &[unreachable()]);
        }
    }
    assert!(
        looks[1..].windows(2).all(|pair| pair[0] <= pair[1]),
        "{looks:?}"
    );
    assert!((29.0..=31.0).contains(&looks[8]), "{looks:?}");
    rig.pass(SECOND * 5);
    assert!(is_due(&mut rig, true), "somebody waits");
}

#[test]
fn one_that_deceives_those_who_wait_is_tried_every_few_seconds() {
    let mut rig = alone();
    rig.send("m", &[broken()]);
    let (begun, mut looks) = (rig.now, Vec::new());
    while rig.now - begun < MINUTE {
        if is_due(&mut rig, true) {
            looks.push((rig.now - begun).as_secs_f64());
            rig.board.looks_well("a", rig.now);
            rig.send("m", &[broken()]);
        }
        rig.pass(SECOND / 2);
    }
    assert_eq!(looks[..5], [0.0, 0.5, 1.5, 3.5, 7.5], "{looks:?}");
    assert!((13..=17).contains(&looks.len()), "{looks:?}");
    rig.board.looks_well("a", rig.now);
    rig.check(&[], &["a/0:m"]);
    rig.send("m", &[unreachable()]);
    assert!(is_due(&mut rig, true), "it worked in between");
}

#[test]
fn one_that_deceived_often_is_looked_at_soon_after_a_new_beginning() {
    let mut rig = alone();
    rig.send("m", &[unreachable()]);
    let mut looks = 0;
    while looks < 9 {
        rig.pass(SECOND / 2);
        if is_due(&mut rig, false) {
            looks += 1;
            rig.board.looks_well("a", rig.now);
            rig.send("m", &[unreachable()]);
        }
    }
    rig.pass(SECOND);
    assert!(!is_due(&mut rig, false), "it is given up, nearly");
    rig.board.look_again();
    assert!(!is_due(&mut rig, false), "not at once");
    rig.pass(SECOND / 2);
    assert!(is_due(&mut rig, false));
}

#[test]
fn a_new_beginning_does_not_pass_over_a_wish_to_be_left_alone() {
    let mut rig = alone();
    rig.send("m", &[after(unreachable(), MINUTE)]);
    rig.board.look_again();
    rig.pass(SECOND);
    assert!(!is_due(&mut rig, false));
}

#[test]
fn a_wish_to_be_left_alone_is_respected() {
    let mut rig = alone();
    rig.send("m", &[after(unreachable(), MINUTE)]);
    rig.pass(SECOND);
    assert!(!is_due(&mut rig, true));
    rig.board.looks_well("a", rig.now);
    assert!(rig.send("m", &[]).gave_up.is_some());
}

#[test]
fn one_that_answered_with_an_error_rests_a_while_unless_somebody_waits() {
    let mut rig = alone();
    rig.send("m", &[broken()]);
    assert!(!is_due(&mut rig, false));
    rig.pass(SECOND * 4);
    assert!(!is_due(&mut rig, false));
    assert!(is_due(&mut rig, true));
    rig.pass(SECOND * 5);
    assert!(is_due(&mut rig, false));
}

#[test]
fn one_that_stays_away_is_looked_at_less_and_less() {
    let mut rig = alone();
    let looks = |rig: &mut Rig, minutes: u32| {
        let end = rig.now + MINUTE * minutes;
        let mut looks = 0;
        while rig.now < end {
            rig.send("m", &[unreachable()]);
            rig.pass(SECOND / 2);
            looks += usize::from(is_due(rig, false));
        }
        looks
    };
    let first = looks(&mut rig, 1);
    assert!(
        (50..=120).contains(&first),
        "about each second at first: {first}"
    );
    looks(&mut rig, 60);
    let later = looks(&mut rig, 1);
    assert!(
        (1..=3).contains(&later),
        "about each half minute in the end: {later}"
    );
}

#[test]
fn its_first_word_is_news_for_those_who_wait() {
    let mut rig = alone();
    rig.send("m", &[unreachable()]);
    rig.board.looks_well("a", rig.now);
    let mut probe = rig.board.begin(&ask("m"), rig.now);
    let Step::Try(candidate) = rig.board.next(&mut probe, rig.now) else {
        panic!("it may be probed")
    };
    let news = rig.board.news();
    rig.board.committed(&candidate, None, rig.now);
    assert!(rig.board.news() > news, "another may use it now");
    let news = rig.board.news();
    rig.board.committed(&candidate, None, rig.now);
    assert_eq!(rig.board.news(), news, "once");
}

#[test]
fn one_whose_rest_ended_while_others_were_tried_may_be_waited_for() {
    let mut rig = Rig::new(topology(
        vec![provider("a", 1), provider("b", 1)],
        vec![group("main", &["a", "b"])],
    ));
    let mut run = rig.board.begin(&ask("m"), rig.now);
    let mut beside = rig.board.begin(&ask("m"), rig.now);
    assert!(matches!(rig.board.next(&mut run, rig.now), Step::Try(_)));
    assert!(matches!(rig.board.next(&mut beside, rig.now), Step::Try(_)));
    // It rests already when this one fails too.
    rig.board.record(&mut beside, &limited(), rig.now);
    rig.board.record(&mut run, &limited(), rig.now);
    rig.pass(MINUTE * 10);
    let Step::Try(_) = rig.board.next(&mut run, rig.now) else {
        panic!("given up: {run:?}")
    };
    rig.board.record(&mut run, &broken(), rig.now);
    rig.pass(MINUTE * 10);
    let Step::GiveUp(exhausted) = rig.board.next(&mut run, rig.now) else {
        panic!("both were tried")
    };
    assert!(exhausted.may_wait, "{exhausted:?}");
    assert_eq!(exhausted.retry_in, Some(Duration::ZERO));
    let mut again = rig.board.begin_again(&run, &ask("m"), rig.now);
    assert!(matches!(rig.board.next(&mut again, rig.now), Step::Try(_)));
    // What failed for good is not asked for ever.
    let refused = Outcome {
        verdict: Verdict::NextProvider,
        reason: Some(Reason::InvalidRequest),
        ..OK
    };
    let mut run = rig.board.begin(&ask("m"), rig.now);
    while let Step::Try(_) = rig.board.next(&mut run, rig.now) {
        rig.board.record(&mut run, &refused, rig.now);
    }
    let Step::GiveUp(exhausted) = rig.board.next(&mut run, rig.now) else {
        panic!("all were tried")
    };
    assert!(!exhausted.may_wait, "{exhausted:?}");
}
