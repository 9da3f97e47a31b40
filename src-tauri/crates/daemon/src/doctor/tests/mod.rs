//! Each check by the facts that it is about, all else being well.

mod access;
mod clients;
mod house;
mod upstream;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ::clients::Standing;
use jiff::{SignedDuration, Timestamp};

use super::facts::{Config, Folder, History, Instance, Port, Store, Token, Told};
use super::probe::{Answer, Probe};
use super::*;
use crate::Place;
use crate::settings;

const CONFIG: &str = r#"version = 1

[server]
client_tokens = [{ name = "local", token = "file:client" }]
admin_token = "file:admin"

[[providers]]
name = "relay"
dialect = "anthropic"
base_url = "https://relay.example"
keys = ["keychain:relay/0"]

[[groups]]
name = "main"
members = [{ provider = "relay" }]
"#;

fn now() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

fn probe() -> Probe {
    Probe {
        provider: "relay".into(),
        host: "relay.example".into(),
        is_https: true,
        unknown_host: None,
        has_key: true,
        answer: Ok(Answer {
            status: 200,
            took: Duration::from_millis(80),
            date: Some((now(), now())),
            expires: Some(now() + SignedDuration::from_hours(24 * 60)),
        }),
    }
}

fn standing() -> Standing {
    Standing {
        id: "claude-code",
        name: "Claude Code",
        installed: true,
        program: None,
        files: Vec::new(),
        points_at: Some("http://127.0.0.1:7790".into()),
        connected: true,
        remembered: true,
        problem: None,
        ignored: None,
    }
}

fn store(answers: Result<(), &str>, is_file: bool, exists: bool) -> Store {
    Store {
        answers: answers.map_err(str::to_owned),
        is_file,
        exists,
        file: "/d/secrets.sealed".into(),
    }
}

/// What makes facts other than well.
type Change = Box<dyn Fn(&mut Facts)>;

/// The check that tells it, how it judges, a part of what it says, and what is wrong.
type Wrong = (&'static str, State, &'static str, Change);

/// Everything is well, and no instance runs.
fn well() -> Facts {
    Facts {
        place: Place {
            config: "/c/config.toml".into(),
            data: "/d".into(),
        },
        config: Config::Valid(Box::new(settings::parse(CONFIG).unwrap())),
        folder: Folder {
            exists: true,
            unwritable: None,
            is_open: false,
            free: Some(50 << 30),
        },
        instance: Instance::None,
        port: Port::Free(([127, 0, 0, 1], 7790).into()),
        history: History::File("/d/ledger.db".into(), true, None),
        store: store(Ok(()), false, false),
        tokens: vec![Token {
            name: "client token local".into(),
            reference: "file:client".into(),
            missing: None,
            expires_at: None,
            known: None,
        }],
        missing_keys: Vec::new(),
        open_files: Vec::new(),
        clients: vec![Ok(standing())],
        env: Arc::new(|_| None),
        probes: vec![probe()],
        now: now(),
    }
}

fn shell(facts: &mut Facts, variables: &[(&str, &str)]) {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let variables: HashMap<String, String> = variables.collect();
    facts.env = Arc::new(move |name| variables.get(name).cloned());
}

fn answered(facts: &mut Facts, change: impl FnOnce(&mut Answer)) {
    change(facts.probes[0].answer.as_mut().unwrap());
}

#[test]
fn where_all_is_well_nothing_is_to_be_done() {
    let found = judged(&well());
    let bad: Vec<_> = found
        .iter()
        .filter(|finding| finding.state != State::Ok)
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    for (name, _) in CHECKS {
        assert!(
            found.iter().any(|finding| finding.check == name),
            "{name} found nothing"
        );
    }
}

#[test]
fn each_thing_that_is_wrong_is_told_by_its_check() {
    let parts = [
        house::wrong(),
        access::wrong(),
        clients::wrong(),
        upstream::wrong(),
    ];
    for (check, state, part, wrong) in parts.into_iter().flatten() {
        let mut facts = well();
        wrong(&mut facts);
        let found = judged(&facts);
        let told = found
            .iter()
            .find(|finding| finding.check == check && finding.found.contains(part));
        let told = told.unwrap_or_else(|| panic!("{check}, {part}: {found:#?}"));
        assert_eq!(told.state, state, "{told:?}");
        assert!(
            told.advice.is_some() || state != State::Fail,
            "no advice: {told:?}"
        );
    }
}

#[test]
fn what_only_looks_wrong_is_not() {
    let cases: Vec<(&str, Change)> = vec![
        // A token that Turnout makes itself is not missing before the first start.
        (
            "tokens",
            Box::new(|facts| {
                facts.tokens[0].reference = "keychain:turnout/client".into();
                facts.tokens[0].missing = Some("none".into());
            }),
        ),
        (
            "tokens",
            Box::new(|facts| {
                facts.tokens[0].reference = "file:/d/tokens/client".into();
                facts.tokens[0].missing = Some("none".into());
            }),
        ),
        (
            "proxy",
            Box::new(|facts| {
                shell(
                    facts,
                    &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "a, 127.0.0.1")],
                );
            }),
        ),
        // Claude Code's own settings go before the shell.
        (
            "environment",
            Box::new(|facts| shell(facts, &[("ANTHROPIC_BASE_URL", "https://relay.example")])),
        ),
        // Turnout's own token is no foreign key.
        (
            "environment",
            Box::new(|facts| shell(facts, &[("ANTHROPIC_AUTH_TOKEN", "turnout-abc")])),
        ),
        (
            "environment",
            Box::new(|facts| {
                facts.clients = vec![Ok(Standing {
                    installed: false,
                    ..standing()
                })];
                shell(facts, &[("ANTHROPIC_API_KEY", "sk-1")]);
            }),
        ),
        (
            "providers",
            Box::new(|facts| {
                facts.probes[0].has_key = false;
                answered(facts, |answer| answer.status = 401);
            }),
        ),
        (
            "providers",
            Box::new(|facts| answered(facts, |answer| answer.status = 404)),
        ),
        (
            "history",
            Box::new(|facts| facts.history = History::File("/d/ledger.db".into(), false, None)),
        ),
    ];
    for (check, seeming) in cases {
        let mut facts = well();
        seeming(&mut facts);
        let found = judged(&facts);
        let mut of_check = found.iter().filter(|finding| finding.check == check);
        assert!(
            of_check.all(|finding| finding.state == State::Ok),
            "{check}: {found:#?}"
        );
    }
}

/// An instance that runs, with this of its keys and problems.
fn running(keys: &[(&str, &str, &str)], problems: &[(&str, &str)]) -> Instance {
    let key = |(id, state, source): &(&str, &str, &str)| {
        serde_json::json!({
            "id": id, "provider": "relay", "masked": "…", "source": source, "state": state, "uses": 0,
            "last_used_at": null, "cooling_until": null,
        })
    };
    let problem =
        |(kind, message): &(&str, &str)| serde_json::json!({ "kind": kind, "message": message });
    let status = serde_json::json!({
        "version": crate::VERSION, "uptime": 1, "mode": "auto", "active_group": "main", "active_provider": "relay",
        "serving_group": "main", "in_flight": 0, "suspended": 0, "today": crate::view::Today::default(), "groups": [],
        "problems": problems.iter().map(problem).collect::<Vec<_>>(), "config_problem": null,
        "listen": "127.0.0.1:7790", "base_url": "http://127.0.0.1:7790", "practice_outage": false,
    });
    let health = serde_json::json!({
        "status": "ok", "version": crate::VERSION, "uptime": 1, "providers": [], "memory": null, "disk": null,
        "database": { "status": "ok", "latency_ms": 1.0, "queued": 0, "lost": 0, "last_error": null },
        "event_loop": { "lag_ms": 0.1 },
    });
    Instance::Runs {
        pid: 7,
        base_url: "http://127.0.0.1:7790".into(),
        version: crate::VERSION.into(),
        told: Ok(Box::new(Told {
            status: serde_json::from_value(status).unwrap(),
            health: serde_json::from_value(health).unwrap(),
            keys: keys
                .iter()
                .map(|one| serde_json::from_value(key(one)).unwrap())
                .collect(),
        })),
    }
}

#[test]
fn what_a_check_of_its_own_tells_is_told_once() {
    let mut facts = well();
    facts.open_files = vec!["/c/key".into()];
    facts.instance = running(
        &[("relay/0", "missing", "env:RELAY_KEY")],
        &[
            ("key", "no key relay/0: the variable RELAY_KEY is not set"),
            ("key", "/c/key can be read by others"),
            ("restart", "server.listen is another"),
        ],
    );
    let found = judged(&facts);
    let bad: Vec<_> = found
        .iter()
        .filter(|finding| finding.state != State::Ok)
        .map(|finding| (finding.check, finding.found.as_str()))
        .collect();
    assert_eq!(
        bad,
        [
            ("instance", "server.listen is another"),
            ("tokens", "other users may read the secret file /c/key"),
            (
                "keys",
                "the key relay/0 is to be in the variable RELAY_KEY, which the running instance does not have"
            ),
        ]
    );
}

#[test]
fn the_advice_for_a_key_is_by_where_it_is_kept() {
    for (state, source, advice) in [
        (
            "missing",
            "env:RELAY_KEY",
            "set RELAY_KEY where Turnout is started",
        ),
        ("missing", "file:/c/key", "put the key into /c/key"),
        ("missing", "keychain:relay/0", "keys rotate relay/0`"),
        ("rejected", "env:RELAY_KEY", "keys rotate relay/0`"),
    ] {
        let mut facts = well();
        facts.instance = running(&[("relay/0", state, source)], &[]);
        let found = judged(&facts);
        let told = found
            .iter()
            .find(|finding| finding.check == "keys")
            .unwrap();
        let given = told.advice.as_deref().unwrap_or_default();
        assert!(given.contains(advice), "{source}: {given}");
    }
}
