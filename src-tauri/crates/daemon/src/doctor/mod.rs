//! What is wrong with an installation, and what to do about it, with or without a running instance.
//!
//! First the facts are gathered, those of the network at once; then every check is a pure function of them. Nothing is
//! changed, no token is made, and no provider is asked for anything that costs.

mod access;
mod certificate;
mod clients;
mod facts;
mod house;
mod probe;
#[cfg(test)]
mod tests;
mod upstream;

use serde::Serialize;

use self::facts::Facts;
use crate::Options;
use crate::place::PlaceError;
use crate::secrets::Env;

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing to do.
    Ok,
    /// It works, but not as it is most likely meant.
    Warn,
    /// Something does not work.
    Fail,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check, such as `config`.
    pub check: &'static str,
    /// How it stands.
    pub state: State,
    /// What is so, in one sentence.
    pub found: String,
    /// What to do, in one sentence, where there is something to do.
    pub advice: Option<String>,
}

impl Finding {
    fn new(state: State, found: impl Into<String>) -> Self {
        Self {
            check: "",
            state,
            found: found.into(),
            advice: None,
        }
    }

    fn ok(found: impl Into<String>) -> Self {
        Self::new(State::Ok, found)
    }

    fn warn(found: impl Into<String>) -> Self {
        Self::new(State::Warn, found)
    }

    fn fail(found: impl Into<String>) -> Self {
        Self::new(State::Fail, found)
    }

    fn advice(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }
}

/// One thing that is looked at.
type Check = fn(&Facts) -> Vec<Finding>;

/// All of them, in the order in which they are told: what others rest on comes first.
const CHECKS: [(&str, Check); 16] = [
    ("config", house::config),
    ("data folder", house::folder),
    ("disk", house::disk),
    ("instance", house::instance),
    ("address", house::address),
    ("history", house::history),
    ("keychain", access::keychain),
    ("tokens", access::tokens),
    ("keys", access::keys),
    ("clients", clients::settings),
    ("environment", clients::environment),
    ("proxy", clients::proxy),
    ("dns", upstream::names),
    ("tls", upstream::certificates),
    ("clock", upstream::clock),
    ("providers", upstream::answers),
];

/// Looks at everything. `env` is the environment of the shell that asks.
///
/// # Errors
/// Nobody says where the config and the data are.
pub async fn examine(
    options: &Options,
    env: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> Result<Vec<Finding>, PlaceError> {
    gateway::choose_tls();
    let env: Env = std::sync::Arc::new(env);
    Ok(judged(&Facts::gather(options, env).await?))
}

fn judged(facts: &Facts) -> Vec<Finding> {
    let all = CHECKS.iter().flat_map(|(name, check)| {
        let found = check(facts).into_iter();
        found.map(move |finding| Finding {
            check: name,
            ..finding
        })
    });
    all.collect()
}
