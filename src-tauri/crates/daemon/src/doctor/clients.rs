//! Client programs: where their settings point, and what of the shell goes before or around them.

use clients::{Client, Standing};

use super::Finding;
use super::facts::{Facts, Instance};
use super::probe::PROXIES;
use crate::program;

/// Variables by which a client goes elsewhere, or presents something else than the token: of each client, with the
/// client's own settings standing above them or not.
const VARIABLES: [(Client, &[&str]); 2] = [
    (
        Client::ClaudeCode,
        &[
            "ANTHROPIC_BASE_URL",
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "CLAUDE_CODE_USE_BEDROCK",
            "CLAUDE_CODE_USE_VERTEX",
        ],
    ),
    (
        Client::GeminiCli,
        &["GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY", "GOOGLE_API_KEY"],
    ),
];
/// Variables that say which hosts no proxy is asked for.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

pub(super) fn settings(facts: &Facts) -> Vec<Finding> {
    let all = facts.clients.iter();
    let mut found: Vec<Finding> = all.filter_map(|client| setting(facts, client)).collect();
    // What goes wrong for all of them is one thing.
    found.dedup();
    found
}

fn setting(facts: &Facts, client: &Result<Standing, String>) -> Option<Finding> {
    let client = match client {
        Ok(client) => client,
        Err(why) => return Some(Finding::warn(why)),
    };
    if !client.installed {
        return None;
    }
    let (name, connect) = (
        client.name,
        format!("`{} connect {}` points it here", program(), client.id),
    );
    if let Some(problem) = &client.problem {
        return Some(
            Finding::fail(format!("the settings of {name} cannot be read: {problem}"))
                .advice("correct the file; nothing is changed in it meanwhile"),
        );
    }
    let points_at = client.points_at.as_deref();
    Some(match (points_at, client.connected) {
        (_, true) => Finding::ok(format!("{name} points here")),
        (None, _) => {
            Finding::ok(format!("{name} goes to its vendor, not through Turnout")).advice(connect)
        }
        (Some(url), false) if client.remembered && matches!(facts.instance, Instance::None) => {
            Finding::warn(format!(
                "{name} points at {url}, where no Turnout of this data folder runs"
            ))
            .advice(format!(
                "start Turnout, or put its settings back with `{} disconnect {}`",
                program(),
                client.id
            ))
        }
        (Some(url), false) => {
            Finding::warn(format!("{name} points at {url}, not here")).advice(connect)
        }
    })
}

pub(super) fn environment(facts: &Facts) -> Vec<Finding> {
    let here = facts.told().map(|told| told.status.base_url.clone());
    let mut found = Vec::new();
    for (client, variables) in VARIABLES {
        // Without the client its keys mean nothing: they may well be those of providers. An address is meant for it.
        let standing = facts
            .clients
            .iter()
            .flatten()
            .find(|standing| standing.id == client.id());
        let Some(standing) = standing else {
            continue;
        };
        let counts = |name: &&&str| standing.installed || name.ends_with("BASE_URL");
        let set = variables
            .iter()
            .filter(counts)
            .filter_map(|name| Some((*name, facts.variable(name)?)));
        for (name, value) in set {
            let leads_here = here.as_deref().is_some_and(|here| value.starts_with(here));
            let is_ours = leads_here || value.starts_with("turnout-");
            if is_ours {
                continue;
            }
            found.push(overriding(client, standing, name));
        }
    }
    if found.is_empty() {
        found.push(Finding::ok(
            "no variable of this shell sends a client elsewhere",
        ));
    }
    found
}

/// Claude Code's own settings go before the shell, so that what they do not set is what counts: a key beside the token.
/// Gemini CLI's shell goes before its settings.
fn overriding(client: Client, standing: &Standing, name: &str) -> Finding {
    let program = client.name();
    let is_address = name.ends_with("BASE_URL");
    if client == Client::ClaudeCode && standing.connected && is_address {
        return Finding::ok(format!(
            "{name} is set in this shell; the settings of {program} go before it"
        ));
    }
    let what = match name {
        _ if is_address => format!("{program} goes there when it is started from this shell"),
        "CLAUDE_CODE_USE_BEDROCK" | "CLAUDE_CODE_USE_VERTEX" => {
            format!("{program} goes to that cloud and not through Turnout")
        }
        _ => format!("{program} presents it beside or before Turnout's token"),
    };
    Finding::warn(format!("{name} is set in this shell: {what}")).advice(format!(
        "take it out of the shell's start files, or `unset {name}` before {program}"
    ))
}

pub(super) fn proxy(facts: &Facts) -> Vec<Finding> {
    let proxies: Vec<&str> = PROXIES
        .into_iter()
        .filter(|name| facts.variable(name).is_some())
        .collect();
    if proxies.is_empty() {
        return vec![Finding::ok("no proxy is set in this shell")];
    }
    let excepted = NO_PROXY.iter().filter_map(|name| facts.variable(name));
    let excepted: Vec<String> = excepted
        .flat_map(|hosts| {
            hosts
                .split(',')
                .map(|host| host.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let named = proxies.join(", ");
    if excepted
        .iter()
        .any(|host| matches!(host.as_str(), "*" | "127.0.0.1" | "127.0.0.0/8"))
    {
        return vec![Finding::ok(format!(
            "{named} is set, and NO_PROXY leaves this machine out"
        ))];
    }
    vec![
        Finding::warn(format!(
            "{named} is set without this machine in NO_PROXY, so that clients look for Turnout at the proxy"
        ))
        .advice("add 127.0.0.1 and localhost to NO_PROXY, as `connect` and `env` do"),
    ]
}
