//! Each check by the facts that it is about, all else being well.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ::clients::Standing;
use jiff::{SignedDuration, Timestamp};

use super::facts::{Config, Folder, History, Instance, Port, Store, Token};
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
#[allow(clippy::too_many_lines, reason = "a table")]
fn each_thing_that_is_wrong_is_told_by_its_check() {
    let day = SignedDuration::from_hours(24);
    let cases: Vec<(&str, State, &str, Change)> = vec![
        (
            "config",
            State::Warn,
            "no config at /c/config.toml",
            Box::new(|facts| facts.config = Config::Missing),
        ),
        (
            "config",
            State::Fail,
            "line 3",
            Box::new(|facts| facts.config = Config::Broken(vec!["line 3, column 1: no".into()])),
        ),
        (
            "config",
            State::Fail,
            "denied",
            Box::new(|facts| facts.config = Config::Unreadable("denied".into())),
        ),
        (
            "data folder",
            State::Fail,
            "read-only",
            Box::new(|facts| facts.folder.unwritable = Some("read-only".into())),
        ),
        (
            "data folder",
            State::Warn,
            "others",
            Box::new(|facts| facts.folder.is_open = true),
        ),
        (
            "disk",
            State::Fail,
            "50 MB",
            Box::new(|facts| facts.folder.free = Some(50_000_000)),
        ),
        (
            "disk",
            State::Warn,
            "900 MB",
            Box::new(|facts| facts.folder.free = Some(900_000_000)),
        ),
        (
            "instance",
            State::Fail,
            "refuses",
            Box::new(|facts| {
                facts.instance = Instance::Runs {
                    pid: 7,
                    base_url: "http://127.0.0.1:7790".into(),
                    version: "1".into(),
                    told: Err("it refuses the admin token that the config names".into()),
                };
            }),
        ),
        (
            "address",
            State::Fail,
            "other (process 9)",
            Box::new(|facts| {
                facts.port = Port::Taken(([127, 0, 0, 1], 7790).into(), "other (process 9)".into());
            }),
        ),
        (
            "address",
            State::Fail,
            "192.0.2.1:80",
            Box::new(|facts| {
                facts.port = Port::Unusable(([192, 0, 2, 1], 80).into(), "not here".into());
            }),
        ),
        (
            "history",
            State::Fail,
            "no SQLite database",
            Box::new(|facts| {
                facts.history = History::File(
                    "/d/ledger.db".into(),
                    true,
                    Some("it is no SQLite database".into()),
                );
            }),
        ),
        (
            "history",
            State::Fail,
            "no address",
            Box::new(|facts| facts.history = History::Wrong("no address".into())),
        ),
        (
            "keychain",
            State::Fail,
            "the keys of relay",
            Box::new(|facts| facts.store = store(Err("it is locked"), false, false)),
        ),
        (
            "keychain",
            State::Fail,
            "another passphrase",
            Box::new(|facts| facts.store = store(Err("another passphrase"), true, true)),
        ),
        (
            "keychain",
            State::Fail,
            "no passphrase is set",
            Box::new(|facts| facts.store = store(Err("no bus"), false, true)),
        ),
        (
            "keychain",
            State::Warn,
            "/d/secrets.sealed is not used",
            Box::new(|facts| facts.store = store(Ok(()), false, true)),
        ),
        (
            "keychain",
            State::Ok,
            "which the passphrase opens",
            Box::new(|facts| facts.store = store(Ok(()), true, true)),
        ),
        (
            "keychain",
            State::Ok,
            "the first key makes the secrets file",
            Box::new(|facts| facts.store = store(Ok(()), true, false)),
        ),
        (
            "tokens",
            State::Warn,
            "other users may read the secret file /c/key",
            Box::new(|facts| facts.open_files = vec!["/c/key".into()]),
        ),
        (
            "tokens",
            State::Fail,
            "gone",
            Box::new(|facts| facts.tokens[0].missing = Some("gone".into())),
        ),
        (
            "tokens",
            State::Fail,
            "does not know",
            Box::new(|facts| facts.tokens[0].known = Some(false)),
        ),
        (
            "tokens",
            State::Warn,
            "has expired",
            Box::new(|facts| facts.tokens[0].expires_at = Some(now())),
        ),
        (
            "keys",
            State::Fail,
            "relay/0",
            Box::new(|facts| facts.missing_keys = vec![("relay/0".into(), "no".into())]),
        ),
        (
            "clients",
            State::Warn,
            "points at http://elsewhere",
            Box::new(|facts| {
                let mut client = standing();
                (client.connected, client.remembered) = (false, false);
                client.points_at = Some("http://elsewhere".into());
                facts.clients = vec![Ok(client)];
            }),
        ),
        (
            "clients",
            State::Fail,
            "line 4",
            Box::new(|facts| {
                facts.clients = vec![Ok(Standing {
                    problem: Some("line 4".into()),
                    ..standing()
                })];
            }),
        ),
        (
            "environment",
            State::Warn,
            "ANTHROPIC_API_KEY",
            Box::new(|facts| shell(facts, &[("ANTHROPIC_API_KEY", "sk-1")])),
        ),
        (
            "environment",
            State::Warn,
            "CLAUDE_CODE_USE_BEDROCK",
            Box::new(|facts| shell(facts, &[("CLAUDE_CODE_USE_BEDROCK", "1")])),
        ),
        (
            "environment",
            State::Warn,
            "goes there",
            Box::new(|facts| {
                facts.clients = vec![Ok(Standing {
                    connected: false,
                    points_at: None,
                    ..standing()
                })];
                shell(facts, &[("ANTHROPIC_BASE_URL", "https://relay.example")]);
            }),
        ),
        (
            "environment",
            State::Warn,
            "goes there",
            Box::new(|facts| {
                // It may be installed where nobody looked, and the variable is for it alone.
                facts.clients = vec![Ok(Standing {
                    installed: false,
                    connected: false,
                    points_at: None,
                    ..standing()
                })];
                shell(facts, &[("ANTHROPIC_BASE_URL", "https://relay.example")]);
            }),
        ),
        (
            "proxy",
            State::Warn,
            "HTTPS_PROXY",
            Box::new(|facts| {
                shell(
                    facts,
                    &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "a.example")],
                );
            }),
        ),
        (
            "dns",
            State::Fail,
            "relay.example",
            Box::new(|facts| facts.probes[0].unknown_host = Some("unknown".into())),
        ),
        (
            "tls",
            State::Fail,
            "prove who it is",
            Box::new(|facts| {
                facts.probes[0].answer = Err("invalid peer certificate: UnknownIssuer".into());
            }),
        ),
        (
            "tls",
            State::Warn,
            "2026-05-04",
            Box::new(move |facts| answered(facts, |answer| answer.expires = Some(now() + day * 3))),
        ),
        (
            "clock",
            State::Fail,
            "600 s ahead",
            Box::new(|facts| {
                answered(facts, |answer| {
                    answer.date = Some((now() - SignedDuration::from_mins(10), now()));
                });
            }),
        ),
        (
            "clock",
            State::Warn,
            "120 s behind",
            Box::new(|facts| {
                answered(facts, |answer| {
                    answer.date = Some((now() + SignedDuration::from_mins(2), now()));
                });
            }),
        ),
        (
            "providers",
            State::Fail,
            "refuses its key",
            Box::new(|facts| answered(facts, |answer| answer.status = 401)),
        ),
        (
            "providers",
            State::Fail,
            "proxy",
            Box::new(|facts| answered(facts, |answer| answer.status = 407)),
        ),
        (
            "providers",
            State::Warn,
            "limits the rate",
            Box::new(|facts| answered(facts, |answer| answer.status = 429)),
        ),
        (
            "providers",
            State::Warn,
            "error of its own",
            Box::new(|facts| answered(facts, |answer| answer.status = 503)),
        ),
        (
            "providers",
            State::Fail,
            "connection refused",
            Box::new(|facts| facts.probes[0].answer = Err("connection refused".into())),
        ),
    ];
    for (check, state, part, wrong) in cases {
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
