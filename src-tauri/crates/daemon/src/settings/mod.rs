//! The config file: read in two steps (as written, then as meant), watched, and edited without losing a comment.
//!
//! [`parse`] tells every problem with its line and column; what it returns is valid and needs no second look. This
//! module never touches a secret's value, except that a literal one in the file passes through as a [`Reference`].
//!
//! [`Reference`]: crate::secrets::Reference

mod base_url;
#[allow(
    clippy::ref_option,
    reason = "a field is handed on as it stands in its table"
)]
mod check;
pub mod edit;
mod expand;
mod masked;
mod model;
#[allow(
    clippy::ref_option,
    reason = "a field is handed on as it stands in its table"
)]
pub(crate) mod own_prices;
mod own_rules;
mod prices;
mod problem;
mod raw;
mod reader;
mod rules;
mod scalar;
mod schema;
pub mod section;
pub(crate) mod single;
mod snapshot;
pub(crate) mod vendors;
pub mod watch;
mod words;

#[cfg(test)]
mod tests;

use toml::de::{DeTable, DeValue};

pub(crate) use self::masked::{uncommented, unmasked};
pub(crate) use self::model::{NO_LEDGER, OF_TOKEN};
pub(crate) use self::problem::itemized;
pub(crate) use self::snapshot::vendor;
use self::{expand::Told, problem::Found, reader::Read, reader::Reader};
pub use self::{
    masked::masked,
    model::{
        Auth, Breaker, Budget, Capture, ClientToken, Continuation, Desktop, Dialect, Embeddings,
        FailoverOn, Group, Health, Hedge, HedgeAfter, KeyPolicy, Language, Ledger, Limits, Log,
        LogFormat, LogLevel, Lossy, Member, Mode, ModelPrice, Models, NoticeKind, OnQuit, Period,
        Policy, Price, Provider, Retry, Routing, Rule, Scope, Server, Settings, Suspend, Target,
        Telemetry, Theme, Then, Tier, Timeouts, When,
    },
    own_rules::own_rules,
    problem::Problem,
    schema::json_schema,
    snapshot::snapshot,
};

/// A text of the config with its variables filled in; `None` where one is not set.
pub(crate) fn filled_in(text: &str) -> Option<String> {
    expand::expand(text, &|name| std::env::var(name).ok()).ok()
}

/// Reads a config, with `${VAR}` taken from this process's environment.
pub fn parse(text: &str) -> Result<Settings, Vec<Problem>> {
    parse_with(text, &|name| std::env::var(name).ok())
}

/// Reads a config, with `${VAR}` taken from `env`. The error holds every problem, in the order of the file.
pub fn parse_with(
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Settings, Vec<Problem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What was recovered from broken syntax would only yield follow-up complaints.
        let found = errors.iter().map(|error| Found {
            span: error.span().unwrap_or(0..0),
            message: format!("this is not TOML: {}", error.message().trim()),
            absence: false,
        });
        return Err(placed(found, text));
    }
    let told = Told::default();
    let env = |name: &str| told.by(env, name);
    let mut reader = Reader::new(&env);
    let raw = raw::Document::read(&DeValue::Table(document.into_inner()), 0..0, &mut reader)
        .unwrap_or_default();
    let (settings, found) = check::check(&raw, text);
    if reader.problems.is_empty() && found.is_empty() {
        return Ok(settings);
    }
    // A key may only be absent because its value was refused: that is told once.
    let refused = !reader.problems.is_empty();
    let found = reader.problems.into_iter().chain(
        found
            .into_iter()
            .filter(|found| !(refused && found.absence)),
    );
    Err(placed(found.map(|found| told.unsaid(found)), text))
}

fn placed(found: impl Iterator<Item = Found>, text: &str) -> Vec<Problem> {
    let mut problems: Vec<Problem> = found.map(|found| found.placed(text)).collect();
    problems.sort();
    problems.dedup();
    problems
}
