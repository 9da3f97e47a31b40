//! Keychain, tokens and keys.

use super::Finding;
use super::facts::{Facts, Token};
use crate::program;
use crate::secrets::Reference;
use crate::view::Key;

/// What opens a secrets file.
const PASSPHRASE: &str = "set TURNOUT_PASSPHRASE or TURNOUT_PASSPHRASE_FILE, here and where Turnout is started, to what the file was made with";

pub(super) fn keychain(facts: &Facts) -> Vec<Finding> {
    let store = &facts.store;
    let file = store.file.display();
    let why = match &store.answers {
        Ok(()) if store.is_file && store.exists => {
            let told = format!("keys are in the secrets file {file}, which the passphrase opens");
            return vec![Finding::ok(told)];
        }
        Ok(()) if store.is_file => {
            let told = format!("no keychain answers: the first key makes the secrets file {file}");
            return vec![Finding::ok(told)];
        }
        Ok(()) if store.exists => {
            let told = format!(
                "the system's keychain answers, and what is in the secrets file {file} is not used"
            );
            return vec![Finding::warn(told).advice(format!("{PASSPHRASE}; or remove the file"))];
        }
        Ok(()) => return vec![Finding::ok("the system's keychain answers")],
        Err(why) if store.is_file => return vec![Finding::fail(why).advice(PASSPHRASE)],
        Err(_) if store.exists => {
            let told = format!(
                "keys are in the secrets file {file}, and no passphrase is set that opens it"
            );
            return vec![Finding::fail(told).advice(PASSPHRASE)];
        }
        Err(why) => why,
    };
    let used: Vec<&str> = facts
        .settings()
        .into_iter()
        .flat_map(|settings| &settings.providers)
        .filter(|provider| provider.enabled)
        .filter(|provider| {
            let mut keys = provider.keys.iter();
            keys.any(|key| matches!(key, Reference::Keychain(_)))
        })
        .map(|provider| provider.name.as_str())
        .collect();
    vec![if used.is_empty() {
        Finding::ok(
            "no keychain can be reached, and nothing needs one: Turnout's own tokens are in files of the data folder",
        )
        .advice("to keep keys all the same, set TURNOUT_PASSPHRASE where Turnout is started: they go to a secrets file")
    } else {
        Finding::fail(format!(
            "the keys of {} are in the keychain, but {why}",
            used.join(", ")
        ))
        .advice("unlock or start the keychain, or keep these keys as env:NAME or file:PATH")
    }]
}

pub(super) fn tokens(facts: &Facts) -> Vec<Finding> {
    let bad: Vec<Finding> = facts
        .tokens
        .iter()
        .filter_map(|token| token_of(facts, token))
        .chain(facts.open_files.iter().map(|path| {
            let path = path.display();
            Finding::warn(format!("other users may read the secret file {path}"))
                .advice(format!("close it with `chmod 600 {path}`"))
        }))
        .collect();
    if !bad.is_empty() || facts.tokens.is_empty() {
        return bad;
    }
    let known = if facts.tokens.iter().all(|token| token.known == Some(true)) {
        ", and the running instance takes them"
    } else {
        ""
    };
    let names: Vec<&str> = facts
        .tokens
        .iter()
        .map(|token| token.name.as_str())
        .collect();
    vec![Finding::ok(format!(
        "{} can be read{known}",
        names.join(", ")
    ))]
}

fn token_of(facts: &Facts, token: &Token) -> Option<Finding> {
    let Token {
        name, reference, ..
    } = token;
    if let Some(at) = token.expires_at.filter(|at| *at <= facts.now) {
        return Some(
            Finding::warn(format!(
                "the {name} has expired on {at}, so that whoever presents it is refused"
            ))
            .advice(format!(
                "`{} tokens edit NAME --expires TIME` gives it more time",
                program()
            )),
        );
    }
    if let Some(why) = &token.missing {
        // Turnout makes its own where it does not find them; none was made before the first start.
        let own = facts.place.data.join("tokens");
        let own_file = reference.strip_prefix("file:").map(std::path::Path::new);
        let is_own = own_file.is_some_and(|path| path.starts_with(&own))
            || reference.starts_with("keychain:turnout/");
        return Some(if is_own && facts.told().is_none() {
            Finding::ok(format!("the {name} is made at the next start"))
        } else {
            Finding::fail(format!("the {name} cannot be read from {reference}: {why}"))
                .advice("put it there, or name another place in [server]")
        });
    }
    (token.known == Some(false)).then(|| {
        Finding::fail(format!(
            "the running instance does not know the {name} that {reference} holds"
        ))
        .advice(format!("`{} reload` has it read them anew", program()))
    })
}

/// A key that the running instance has no value for, and where to put one.
fn missing(key: &Key) -> Finding {
    let Key { id, source, .. } = key;
    let program = program();
    let found = match source.strip_prefix("env:") {
        Some(name) => format!(
            "the key {id} is to be in the variable {name}, which the running instance does not have"
        ),
        None => format!("the running instance has no value for the key {id} from {source}"),
    };
    let advice = match source.split_once(':') {
        Some(("env", name)) => format!(
            "set {name} where Turnout is started and start it anew, or `{program} keys rotate {id}` keeps a value elsewhere"
        ),
        Some(("file", path)) => format!("put the key into {path}, then `{program} reload`"),
        _ => format!("`{program} keys rotate {id}` sets a value"),
    };
    Finding::fail(found).advice(advice)
}

pub(super) fn keys(facts: &Facts) -> Vec<Finding> {
    let program = program();
    // The environment of the running instance is what counts, and it knows what providers said.
    let bad: Vec<Finding> = match facts.told() {
        Some(told) => told
            .keys
            .iter()
            .filter_map(|key| match key.state.as_str() {
                "missing" => Some(missing(key)),
                "rejected" => Some(
                    Finding::fail(format!("{} refused the key {}", key.provider, key.id)).advice(
                        format!("`{program} keys rotate {}` sets another value", key.id),
                    ),
                ),
                _ => None,
            })
            .collect(),
        None => facts
            .missing_keys
            .iter()
            .map(|(id, why)| {
                Finding::fail(format!("the key {id} cannot be had: {why}"))
                    .advice("set it there, or take the reference out of the provider's keys")
            })
            .collect(),
    };
    let Some(settings) = facts.settings().filter(|_| bad.is_empty()) else {
        return bad;
    };
    let lacking = settings.providers.iter().filter(|provider| {
        use crate::settings::{Auth, Dialect};
        let needs = !matches!(provider.auth, Auth::Client | Auth::None);
        provider.enabled
            && needs
            && provider.keys.is_empty()
            && provider.dialect != Dialect::Practice
    });
    let lacking = lacking.map(|provider| {
        Finding::warn(format!(
            "{} has no key, so that it is never asked",
            provider.name
        ))
        .advice(format!("`{program} keys set {}` stores one", provider.name))
    });
    let mut found: Vec<Finding> = lacking.collect();
    let number: usize = settings
        .providers
        .iter()
        .map(|provider| provider.keys.len())
        .sum();
    if found.is_empty() && number > 0 {
        found.push(Finding::ok(match number {
            1 => "the one key of the config has a value".to_owned(),
            number => format!("all {number} keys of the config have a value"),
        }));
    }
    found
}
