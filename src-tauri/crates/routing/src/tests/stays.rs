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
