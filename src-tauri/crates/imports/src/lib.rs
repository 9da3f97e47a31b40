//! Reads the settings of other proxies, routers and switchers, and says them in the words of Turnout's config.
//!
//! [`read`] is given text and finds out by its content whose it is; [`read_cc_switch`] is given the rows of a database.
//! What comes back is [`Found`]: providers, groups, rules, prices, settings and client tokens, and a [`Report`] that
//! names, with its place in the source, all that was taken, all that means something else here, and all that was left.
//! Every field of a file is asked for by somebody or told as left ([`table::Table::rest`]), so that nothing is lost in
//! silence. The crate touches no file, no network and no environment but the one it is given.

mod cc_switch;
mod ccr;
mod dotenv;
mod forwarder;
mod found;
mod kind;
mod known;
mod litellm;
mod names;
mod providers_json;
mod providers_yaml;
mod report;
mod routes;
mod table;
mod values;

pub use cc_switch::{Row, read_cc_switch};
pub use dotenv::{read_environment, read_older_environment};
pub use found::{
    Auth, ClientToken, Dialect, Found, Group, Key, Limits, Member, Price, Provider, Retry, Rule,
    Setting, Target, Tiers, Timeouts, When,
};
pub use kind::{Kind, Unreadable};
pub use report::{Note, Report};

/// Where environment variables are looked up: some files name them in their values.
pub type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Reads a file of any kind that is known.
pub fn read(text: &str, env: Env<'_>) -> Result<Found, Unreadable> {
    match kind::parsed(text)? {
        kind::Parsed::Variables(lines) => dotenv::read(lines, env),
        kind::Parsed::Tree(kind, root) => {
            let mut found = found::Reading::new(kind, env);
            match kind {
                Kind::ProvidersJson => providers_json::read(root, &mut found),
                Kind::ProvidersYaml => providers_yaml::read(root, &mut found),
                Kind::Forwarder => forwarder::read(root, &mut found),
                Kind::ClaudeCodeRouter => ccr::read(root, &mut found),
                Kind::CcSwitch => cc_switch::read(root, &mut found),
                Kind::LiteLlm => litellm::read(root, &mut found),
                Kind::DotEnv | Kind::Environment => {}
            }
            found.finished()
        }
    }
}
