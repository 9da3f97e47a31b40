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
            id: session.into(),
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
