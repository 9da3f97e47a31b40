//! Clients, the shell and its proxies.

use super::*;

pub(super) fn wrong() -> Vec<Wrong> {
    [clients(), environment(), proxy()]
        .into_iter()
        .flatten()
        .collect()
}

fn clients() -> Vec<Wrong> {
    vec![
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
    ]
}

fn environment() -> Vec<Wrong> {
    vec![
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
    ]
}

fn proxy() -> Vec<Wrong> {
    vec![(
        "proxy",
        State::Warn,
        "HTTPS_PROXY",
        Box::new(|facts| {
            shell(
                facts,
                &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "a.example")],
            );
        }),
    )]
}
