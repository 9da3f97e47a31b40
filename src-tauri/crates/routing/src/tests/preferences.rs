//! What a rule prefers goes first; and what is told of a plan without carrying it out.

use super::*;

/// Group, provider and model preferred.
fn prefer(group: &str, provider: &str, model: &str) -> Ask {
    let given = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    Ask {
        prefer: Some(Prefer {
            group: given(group),
            provider: given(provider),
            model: given(model),
        }),
        ..ask("m")
    }
}

#[test]
fn what_is_preferred_goes_first_and_the_rest_follows_in_automatic_mode() {
    // Preferred group, provider, model; tried in automatic mode; tried in manual mode.
    type Row<'a> = ([&'a str; 3], &'a [&'a str], &'a [&'a str]);
    let rows: [Row<'_>; 10] = [
        (["", "", ""], &["a:m", "b:m", "c:m"], &["a:m", "b:m"]),
        (["spare", "", ""], &["c:m", "a:m", "b:m"], &["c:m"]),
        (["", "b", ""], &["b:m", "a:m", "c:m"], &["b:m"]),
        (["", "c", ""], &["c:m", "a:m", "b:m"], &["c:m"]),
        (["main", "b", ""], &["b:m", "a:m", "c:m"], &["b:m", "a:m"]),
        (["spare", "b", ""], &["b:m", "c:m", "a:m"], &["b:m", "c:m"]),
        (["", "", "x"], &["a:x", "b:x", "c:x"], &["a:x", "b:x"]),
        // A model of one provider is no name to the others.
        (["", "c", "x"], &["c:x", "a:m", "b:m"], &["c:x"]),
        (["main", "b", "x"], &["b:x", "a:m", "c:m"], &["b:x", "a:m"]),
        (
            ["gone", "gone", ""],
            &["a:m", "b:m", "c:m"],
            &["a:m", "b:m"],
        ),
    ];
    for ([group, provider, model], auto, manual) in rows {
        for (mode, expected) in [(Mode::Auto, auto), (Mode::Manual, manual)] {
            let mut rig = Rig::new(three());
            rig.board.set_mode(mode);
            let ride = rig.send_as(&prefer(group, provider, model), &[broken(); 6]);
            assert_eq!(ride.tried, expected, "{group} {provider} {model} {mode}");
        }
    }
}

#[test]
fn a_preference_chooses_nothing_and_says_nothing_of_other_traffic_in_manual_mode() {
    let mut rig = Rig::new(three());
    rig.board.set_mode(Mode::Manual);
    let ride = rig.send_as(&prefer("spare", "", ""), &[broken()]);
    assert!(!ride.changes.contains(&Change::AllDown), "{ride:?}");
    assert_eq!(rig.board.chosen(), "main");
    rig.check(&[], &["a:m"]);
}

#[test]
fn pins_go_before_preferences() {
    let by_path = Ask {
        pin: Some(Pin::Group("main".into())),
        ..prefer("spare", "c", "")
    };
    let mut rig = Rig::new(three());
    assert_eq!(rig.send_as(&by_path, &[]).tried, ["a:m"]);
    let in_name = Ask {
        model: "b/m".into(),
        ..prefer("spare", "c", "")
    };
    assert_eq!(rig.send_as(&in_name, &[]).tried, ["b:m"]);
}

#[test]
fn pins_are_told_by_path_and_name() {
    let topology = three();
    for (model, expected) in [
        ("m", false),
        ("meta/llama", false),
        ("a/m", true),
        ("group:main", true),
        ("group:gone", true),
    ] {
        assert_eq!(topology.is_pinned(&ask(model)), expected, "{model}");
    }
    let by_path = Ask {
        pin: Some(Pin::Provider("a".into())),
        ..ask("m")
    };
    assert!(topology.is_pinned(&by_path));
}

#[test]
fn a_preferred_model_is_not_what_the_client_wrote() {
    for (model, renamed) in [("x", true), ("m", false), ("c/m", false), ("c/x", true)] {
        let mut rig = Rig::new(three());
        let mut run = rig.board.begin(&prefer("", "", model), rig.now);
        let Step::Try(candidate) = rig.board.next(&mut run, rig.now) else {
            panic!("given up")
        };
        assert_eq!(candidate.renamed, renamed, "{model}");
    }
}

#[test]
fn a_preferred_provider_stays_out_with_its_paused_group_unless_another_has_it() {
    let mut topology = three();
    topology.groups.push(group("third", &["c"]));
    let mut rig = Rig::new(topology);
    rig.board.pause("spare", rig.now).unwrap();
    assert_eq!(rig.send_as(&prefer("", "c", ""), &[]).tried, ["c:m"]);
    rig.board.pause("third", rig.now).unwrap();
    assert_eq!(rig.send_as(&prefer("", "c", ""), &[]).tried, ["a:m"]);
}

/// Lines such as `main a/0 m: why`, usable ones with a `+`.
fn told(rig: &Rig, ask: &Ask) -> Vec<String> {
    let line = |one: Explained| {
        let source = one.key.as_ref().unwrap_or(&one.provider);
        let mark = if one.usable { "+" } else { "-" };
        let model = one.model.as_deref().unwrap_or_default();
        format!("{mark} {} {source} {model}: {}", one.group, one.why)
    };
    let explained = rig.board.explain(ask, rig.now);
    explained.into_iter().map(line).collect()
}

#[test]
fn every_place_is_explained_in_order() {
    let mut topology = three();
    topology.providers[0] = provider("a", 2);
    topology.groups[1].members = group("", &["b", "c", "gone"]).members;
    let mut rig = Rig::new(topology);
    rig.check(&[broken()], &["a/0:m", "b:m"]);
    rig.board.pause("spare", rig.now).unwrap();
    let again = "tried when those before it fail";
    let mut expected = vec![
        "- main a m: cooling for another 60s after server_error (m)".to_owned(),
        "+ main b m: first to be tried".to_owned(),
        "- spare c m: its group is paused".to_owned(),
        "-  gone : in group \"spare\" but not among the providers".to_owned(),
    ];
    assert_eq!(told(&rig, &ask("m")), expected);
    rig.board.resume("spare", rig.now).unwrap();
    expected[2] = format!("+ spare c m: {again}");
    assert_eq!(told(&rig, &ask("m")), expected);
    let unknown = "-  nobody : there is no provider named \"nobody\"";
    let pinned = Ask {
        pin: Some(Pin::Provider("nobody".into())),
        ..ask("m")
    };
    assert_eq!(told(&rig, &pinned), [unknown]);
}

#[test]
fn explaining_changes_nothing() {
    let mut topology = three();
    topology.groups[0].policy = Policy::RoundRobin;
    topology.providers[0] = provider("a", 2);
    let mut rig = Rig::new(topology);
    for expected in ["a/0:m", "b:m", "a/1:m", "b:m"] {
        let first = told(&rig, &ask("m"));
        assert_eq!(first, told(&rig, &ask("m")), "no turn is taken");
        rig.check(&[], &[expected]);
    }
    // A half-open breaker keeps its one probe for a request.
    rig.board.pause("spare", rig.now).unwrap();
    for _ in 0..3 {
        rig.send("b/m", &[broken()]);
        rig.pass(10 * MINUTE);
    }
    for _ in 0..3 {
        assert!(told(&rig, &ask("b/m"))[0].starts_with("+ main b"));
    }
    assert_eq!(rig.send("b/m", &[]).tried, ["b:m"]);
}

#[test]
fn where_a_person_sends_a_request_no_rule_has_a_say() {
    let mut rig = Rig::new(three());
    let sent = |rig: &Rig, pin| rig.board.redirected(&prefer("", "a", "x"), pin);
    let ask = sent(&rig, Pin::Group("spare".into()));
    assert_eq!(rig.send_as(&ask, &[]).tried, ["c:m"]);
    let ask = sent(&rig, Pin::Provider("b".into()));
    assert_eq!(rig.send_as(&ask, &[]).tried, ["b:m"]);
}
