//! Keychain, tokens and keys.

use super::*;

pub(super) fn wrong() -> Vec<Wrong> {
    [keychain(), tokens(), keys()]
        .into_iter()
        .flatten()
        .collect()
}

fn keychain() -> Vec<Wrong> {
    vec![
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
    ]
}

fn tokens() -> Vec<Wrong> {
    vec![
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
    ]
}

fn keys() -> Vec<Wrong> {
    vec![(
        "keys",
        State::Fail,
        "relay/0",
        Box::new(|facts| facts.missing_keys = vec![("relay/0".into(), "no".into())]),
    )]
}
