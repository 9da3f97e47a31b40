//! Names, certificates, the clock and providers.

use super::*;

pub(super) fn wrong() -> Vec<Wrong> {
    [dns(), tls(), clock(), providers()]
        .into_iter()
        .flatten()
        .collect()
}

fn dns() -> Vec<Wrong> {
    vec![(
        "dns",
        State::Fail,
        "relay.example",
        Box::new(|facts| facts.probes[0].unknown_host = Some("unknown".into())),
    )]
}

fn tls() -> Vec<Wrong> {
    vec![
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
            Box::new(|facts| {
                answered(facts, |answer| {
                    answer.expires = Some(now() + SignedDuration::from_hours(3 * 24));
                });
            }),
        ),
    ]
}

fn clock() -> Vec<Wrong> {
    vec![
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
    ]
}

fn providers() -> Vec<Wrong> {
    vec![
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
    ]
}
