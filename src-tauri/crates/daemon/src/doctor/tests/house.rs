//! Config, folder, instance, address and history.

use super::*;

pub(super) fn wrong() -> Vec<Wrong> {
    [
        config(),
        data_folder(),
        disk(),
        instance(),
        address(),
        history(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn config() -> Vec<Wrong> {
    vec![
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
    ]
}

fn data_folder() -> Vec<Wrong> {
    vec![
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
    ]
}

fn disk() -> Vec<Wrong> {
    vec![
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
    ]
}

fn instance() -> Vec<Wrong> {
    vec![(
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
    )]
}

fn address() -> Vec<Wrong> {
    vec![
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
    ]
}

fn history() -> Vec<Wrong> {
    vec![
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
    ]
}
