//! Where an ask may go: groups, members, pins, dialects.

use super::*;

#[test]
fn members_go_by_priority_number_and_then_by_file_order() {
    let mut topology = three();
    topology.groups = vec![group("main", &["a", "b", "c"])];
    topology.groups[0].members[0].priority = 5;
    Rig::new(topology).check(&[broken(); 3], &["b:m", "c:m", "a:m"]);
}

#[test]
fn the_chosen_group_goes_first_and_then_file_order() {
    let mut topology = three();
    topology.groups = vec![
        group("one", &["a"]),
        group("two", &["b"]),
        group("three", &["c"]),
    ];
    let mut rig = Rig::new(topology);
    rig.board.choose("three", rig.now).unwrap();
    rig.check(&[broken(); 3], &["c:m", "a:m", "b:m"]);
    assert_eq!(rig.board.chosen(), "three", "failover chooses nothing");
}

#[test]
fn manual_mode_stays_in_the_chosen_group() {
    let mut rig = Rig::new(three());
    rig.board.set_mode(Mode::Manual);
    let ride = rig.check(&[broken(); 3], &["a:m", "b:m"]);
    assert!(ride.gave_up.is_some());
}

#[test]
fn paused_groups_are_skipped_and_named() {
    let mut rig = Rig::new(three());
    rig.board.pause("main", rig.now).unwrap();
    rig.check(&[], &["c:m"]);
    rig.board.set_mode(Mode::Manual);
    let exhausted = rig.check(&[], &[]).gave_up.unwrap();
    assert_eq!(exhausted.skipped[0].why, "its group is paused");
    assert_eq!(exhausted.retry_in, None);
}

#[test]
fn a_provider_in_two_groups_is_tried_once() {
    let mut topology = three();
    topology.groups = vec![group("one", &["a", "b"]), group("two", &["b", "a"])];
    let mut rig = Rig::new(topology);
    rig.check(&[broken(); 4], &["a:m", "b:m"]);
    rig.pass(MINUTE);
    rig.board.pause("one", rig.now).unwrap();
    rig.check(&[], &["b:m"]);
}

#[test]
fn a_provider_in_the_model_name_pins_it() {
    let mut rig = Rig::new(three());
    let ride = rig.send("b/opus[1m]", &[broken()]);
    assert_eq!(ride.tried, ["b:opus[1m]"]);
    assert!(ride.gave_up.is_some());
    assert_eq!(
        rig.send("meta/llama", &[]).tried,
        ["a:meta/llama"],
        "no provider of that name"
    );
}

#[test]
fn a_pinned_provider_is_shown_under_a_group_that_has_it() {
    let mut topology = three();
    topology.providers.push(provider("alone", 0));
    let mut rig = Rig::new(topology);
    for (model, group) in [("c/m", "spare"), ("a/m", "main"), ("alone/m", "")] {
        let mut run = rig.board.begin(&ask(model), rig.now);
        let Step::Try(candidate) = rig.board.next(&mut run, rig.now) else {
            panic!("given up")
        };
        assert_eq!(&*candidate.group, group);
        assert!(candidate.renamed, "the client wrote {model}");
    }
}

#[test]
fn a_pin_by_path_leaves_the_model_name_alone() {
    let pinned = |pin| Ask {
        pin: Some(pin),
        ..ask("a/m")
    };
    let mut rig = Rig::new(three());
    let ride = rig.send_as(&pinned(Pin::Provider("b".into())), &[]);
    assert_eq!(ride.tried, ["b:a/m"]);
    let ride = rig.send_as(&pinned(Pin::Group("spare".into())), &[]);
    assert_eq!(
        ride.tried,
        ["a:m"],
        "the provider in the name is the narrower pin"
    );
}

#[test]
fn a_pinned_provider_serves_though_its_group_is_paused_but_not_when_disabled() {
    let mut rig = Rig::new(three());
    rig.board.pause("main", rig.now).unwrap();
    assert_eq!(rig.send("b/m", &[]).tried, ["b:m"]);
    rig.board.set_enabled("b", false).unwrap();
    let exhausted = rig.send("b/m", &[]).gave_up.unwrap();
    assert_eq!(exhausted.skipped[0].why, "disabled");
}

#[test]
fn a_group_in_the_model_name_pins_it_and_means_its_big_model() {
    let mut topology = three();
    topology.providers[2].models.big = vec!["x".into()];
    let mut rig = Rig::new(topology);
    assert_eq!(rig.send("group:spare", &[broken()]).tried, ["c:x"]);
    assert_eq!(rig.send("group:main[1m]", &[]).tried, ["a:big"]);
    let by_path = Ask {
        pin: Some(Pin::Group("main".into())),
        ..ask("haiku")
    };
    assert_eq!(
        rig.send_as(&by_path, &[broken(); 3]).tried,
        ["a:haiku", "b:haiku"]
    );
}

#[test]
fn unknown_pins_are_given_up_with_a_clear_reason() {
    let mut rig = Rig::new(three());
    let by_path = |pin| Ask {
        pin: Some(pin),
        ..ask("m")
    };
    for (asked, why) in [
        (ask("group:nope"), "there is no group named \"nope\""),
        (
            by_path(Pin::Group("nope".into())),
            "there is no group named \"nope\"",
        ),
        (
            by_path(Pin::Provider("nope".into())),
            "there is no provider named \"nope\"",
        ),
    ] {
        let exhausted = rig.send_as(&asked, &[]).gave_up.unwrap();
        assert_eq!(
            (exhausted.skipped[0].why.as_str(), exhausted.retry_in),
            (why, None)
        );
        assert_eq!(&*exhausted.skipped[0].provider, "nope");
    }
}

#[test]
fn a_call_that_only_one_dialect_has_skips_providers_of_others_and_practice_has_all() {
    let mut topology = three();
    topology.providers[0].dialect = Dialect::Gemini;
    topology.providers[1].dialect = Dialect::Practice;
    let mut rig = Rig::new(topology);
    let files = Ask {
        only: Some(Dialect::Anthropic),
        ..ask("m")
    };
    let exhausted = rig.send_as(&files, &[broken(); 2]).gave_up.unwrap();
    assert_eq!(
        exhausted.skipped[0].why,
        "speaks gemini, and only anthropic has this call"
    );
}

#[test]
fn an_answer_may_come_from_a_provider_of_any_dialect() {
    let mut topology = three();
    topology.providers[0].dialect = Dialect::Gemini;
    Rig::new(topology).check(&[], &["a:m"]);
}

#[test]
fn a_member_without_a_provider_and_a_board_without_groups_are_no_trouble() {
    let mut rig = Rig::new(topology(vec![], vec![group("main", &["ghost"])]));
    let exhausted = rig.check(&[], &[]).gave_up.unwrap();
    assert_eq!(
        exhausted.skipped[0].why,
        "in group \"main\" but not among the providers"
    );
    let mut rig = Rig::new(topology(vec![provider("a", 0)], vec![]));
    rig.check(&[], &[]);
    assert_eq!(rig.send("a/m", &[]).tried, ["a:m"]);
    assert_eq!(
        (rig.board.chosen(), rig.board.view(rig.now).serving),
        ("", None)
    );
}

#[test]
fn calls_without_a_model_go_the_same_way() {
    let ride = Rig::new(three()).send("", &[broken()]);
    assert_eq!(ride.tried, ["a:", "b:"]);
}

#[test]
fn renamed_tells_whether_the_name_sent_differs_from_the_one_written() {
    let mut topology = three();
    topology.providers[0].models.middle = vec!["glm".into()];
    let mut rig = Rig::new(topology);
    for (model, renamed) in [
        ("sonnet", true),
        ("glm", false),
        ("gpt", false),
        ("glm[1m]", true),
    ] {
        let mut run = rig.board.begin(&ask(model), rig.now);
        let Step::Try(candidate) = rig.board.next(&mut run, rig.now) else {
            panic!("given up")
        };
        assert_eq!(candidate.renamed, renamed, "{model} as {}", candidate.model);
    }
}
