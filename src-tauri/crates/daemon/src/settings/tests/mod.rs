//! The config as its reader meets it: what is accepted, what it means, and how mistakes are told.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::{
    Auth, Dialect, FailoverOn, HedgeAfter, LogLevel, Mode, Problem, Settings, Then, parse_with,
};
use crate::secrets::Reference;

mod edit;
mod mistakes;
mod section;
mod snapshot;
mod watch;

const EXAMPLE: &str = include_str!("../../../../../../config/turnout.example.toml");
const MINIMAL: &str = "[[providers]]\nname = \"p\"\ndialect = \"practice\"\n";

fn env(name: &str) -> Option<String> {
    match name {
        "BASE" => Some("https://relay.example".to_owned()),
        "KEY" => Some("sk-from-variable".to_owned()),
        "PORT" => Some("9001".to_owned()),
        _ => None,
    }
}

#[track_caller]
fn good(text: &str) -> Settings {
    parse_with(text, &env).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[track_caller]
fn bad(text: &str) -> Vec<Problem> {
    match parse_with(text, &env) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(problems) => problems,
    }
}

#[test]
fn the_example_is_valid_and_says_the_defaults() {
    let example = good(EXAMPLE);
    let plain = good(MINIMAL);
    assert_eq!(example.server, plain.server);
    assert_eq!(example.desktop, plain.desktop);
    assert_eq!(example.log, plain.log);
    assert_eq!(example.ledger.retention, plain.ledger.retention);
    let mut routing = plain.routing;
    routing.timeouts.first_event_set = true;
    assert_eq!(example.routing, routing);
}

#[test]
fn the_example_means_what_it_says() {
    let settings = good(EXAMPLE);
    let relay = settings.provider("relay").unwrap();
    assert_eq!(relay.dialect, Dialect::Anthropic);
    assert_eq!(relay.base_url.as_deref(), Some("https://relay.example/api"));
    assert_eq!(relay.auth, Auth::Bearer);
    assert_eq!(relay.keys[2], Reference::Env("RELAY_KEY".to_owned()));
    assert_eq!(relay.models.big, ["glm-4.6", "deepseek-v3.2"]);
    assert_eq!(
        relay.model_map,
        [("claude-sonnet-4-*".to_owned(), "glm-4.6".to_owned())]
    );
    assert_eq!(relay.timeouts.first_event, Duration::from_secs(30));
    assert_eq!(relay.timeouts.idle, Duration::from_secs(90));
    assert_eq!(
        (relay.retry.attempts, relay.retry.base),
        (1, Duration::from_millis(250))
    );
    assert_eq!(relay.limits.concurrency, Some(8));
    assert!((relay.price.multiplier - 0.5).abs() < f64::EPSILON);
    assert_eq!(settings.groups[0].cooldown, Some(Duration::from_mins(10)));
    assert_eq!(
        (
            settings.groups[0].members[0].priority,
            settings.groups[0].members[0].weight
        ),
        (1, 3)
    );
    assert_eq!(settings.ledger.budgets[0].then, Then::Notify);
}

#[test]
fn a_name_and_a_dialect_are_enough() {
    let settings = good(MINIMAL);
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:7790");
    assert!(settings.server.require_token);
    assert_eq!(settings.server.client_tokens[0].name, "local");
    assert_eq!(
        settings.server.admin_token,
        Reference::Keychain("turnout/admin".to_owned())
    );
    assert_eq!(settings.server.max_body, 64 << 20);
    assert_eq!(settings.server.embeddings_cache, 32 << 20);
    assert_eq!(settings.routing.mode, Mode::Auto);
    assert_eq!(settings.routing.hedge.after, HedgeAfter::Percentile(95));
    assert_eq!(settings.log.level, LogLevel::Info);
    assert_eq!(settings.groups[0].name, "default");
    assert_eq!(settings.groups[0].members[0].provider, "p");
}

#[test]
fn variables_expand_in_any_string() {
    let settings = good(
        "[server]\nlisten = \"127.0.0.1:${PORT}\"\n[[providers]]\nname = \"a\"\ndialect = \"anthropic\"\n\
         base_url = \"${BASE}/v1\"\nkeys = [\"${KEY}\"]\nheaders = { \"X-Price\" = \"5$ $${KEY}\" }\n",
    );
    assert_eq!(settings.server.listen.port(), 9001);
    let provider = &settings.providers[0];
    assert_eq!(provider.base_url.as_deref(), Some("https://relay.example"));
    assert_eq!(provider.headers[0].1, "5$ ${KEY}");
    let Reference::Literal(literal) = &provider.keys[0] else {
        panic!("{}", provider.keys[0])
    };
    assert_eq!(literal.secret.expose_secret(), "sk-from-variable");
    assert!(literal.expanded);
}

#[test]
fn problems_name_a_variable_and_not_its_value() {
    for (written, part) in [
        (
            "[[providers]]\nname = \"p\"\ndialect = \"${KEY}\"",
            "${KEY}",
        ),
        (
            "[[providers]]\nname = \"p\"\ndialect = \"practice\"\nvendor = \"x-${KEY}\"",
            "x-${KEY}",
        ),
        ("[server]\nlisten = \"${KEY}\"", "listen"),
        ("[server]\nallowed_hosts = [\"${KEY}/\"]", "allowed_hosts"),
        (
            "[[server.client_tokens]]\nname = \"a\"\ntoken = \"env:A\"\nexpires_at = \"${KEY}\"",
            "${KEY}",
        ),
    ] {
        let told = format!("{:?}", bad(&format!("{written}\n")));
        assert!(told.contains(part), "{written}: {told}");
        assert!(!told.contains("sk-from"), "{written}: {told}");
    }
}

#[test]
fn debug_output_tells_no_secret() {
    let settings = good(
        "[server]\nadmin_token = \"sk-secret\"\n[[providers]]\nname = \"a\"\ndialect = \"anthropic\"\n\
         base_url = \"https://x.example\"\nkeys = [\"sk-secret\"]\nheaders = { A = \"sk-secret\" }\n\
         proxy = \"http://me:sk-secret@127.0.0.1:1\"\n[ledger]\nurl = \"postgres://me:sk-secret@db/x\"\n",
    );
    assert!(!format!("{settings:?}").contains("sk-secret"));
}

#[test]
fn what_does_as_it_says_is_not_told() {
    let text = "[routing]\nmode = \"manual\"\nsticky = false\nsuspend = { enabled = false }\n\
                [desktop]\ntheme = \"dark\"\n\
                [[providers]]\nname = \"p\"\ndialect = \"practice\"\n\
                [[groups]]\nname = \"g\"\nmembers = [{ provider = \"p\" }]\n";
    assert_eq!(good(text).notices(), Vec::<String>::new());
}

#[test]
fn useful_but_odd_settings_are_told_with_their_line() {
    let base = "[[groups]]\nname = \"g\"\nmembers = [{ provider = \"a\" }]\n[[providers]]\nname = \"a\"\ndialect = \"anthropic\"\n";
    let cases = [
        (
            "base_url = \"https://x.example\"",
            "line 4: provider a has no key",
        ),
        (
            "base_url = \"http://x.example\"\nkeys = [\"env:A\"]",
            "line 7: this base_url is plain http",
        ),
        (
            "base_url = \"https://x.example\"\nkeys = [\"env:A\"]\nauth = \"client\"",
            "line 8: provider a has keys",
        ),
    ];
    for (rest, expected) in cases {
        let notices = good(&format!("{base}{rest}\n")).notices();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert!(notices[0].starts_with(expected), "{notices:?}");
    }
}

#[test]
fn failures_can_be_statuses_or_texts() {
    let settings = good(&format!(
        "[routing]\nfailover_on = [418, \"499\", \"quota used up\"]\n{MINIMAL}"
    ));
    let expected = [
        FailoverOn::Status(418),
        FailoverOn::Status(499),
        FailoverOn::Body("quota used up".to_owned()),
    ];
    assert_eq!(settings.routing.failover_on, expected);
}

#[test]
fn practice_costs_nothing_unless_it_is_priced_by_hand() {
    let multiplier = |extra: &str| {
        good(&format!("{MINIMAL}{extra}")).providers[0]
            .price
            .multiplier
    };
    assert!(multiplier("").abs() < f64::EPSILON);
    assert!((multiplier("price = { multiplier = 0.5 }\n") - 0.5).abs() < f64::EPSILON);
    let real = good(
        "[[providers]]\nname = \"p\"\ndialect = \"anthropic\"\nbase_url = \"http://127.0.0.1:1\"\n",
    );
    assert!((real.providers[0].price.multiplier - 1.0).abs() < f64::EPSILON);
}
