//! What was seen of the providers over the network.

use jiff::{SignedDuration, Timestamp};

use super::facts::Facts;
use super::probe::{Answer, Probe};
use super::{Finding, State};
use crate::program;

/// A clock that is further off is refused by some who sign their requests or look at certificates.
const OFF: SignedDuration = SignedDuration::from_mins(1);
const FAR_OFF: SignedDuration = SignedDuration::from_mins(5);
/// Certificates are renewed before their last days.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(super) fn names(facts: &Facts) -> Vec<Finding> {
    let unknown = facts.probes.iter().filter_map(|probe| {
        let why = probe.unknown_host.as_ref()?;
        let told = format!(
            "{} of provider {} has no address: {why}",
            probe.host, probe.provider
        );
        Some(
            Finding::fail(told)
                .advice("put its base_url right, or look at the network and its name server"),
        )
    });
    let unknown: Vec<Finding> = unknown.collect();
    if unknown.is_empty() && !facts.probes.is_empty() {
        return vec![Finding::ok("the hosts of all providers have an address")];
    }
    unknown
}

pub(super) fn certificates(facts: &Facts) -> Vec<Finding> {
    let encrypted: Vec<&Probe> = facts.probes.iter().filter(|probe| probe.is_https).collect();
    let mut found: Vec<Finding> = encrypted
        .iter()
        .filter_map(|probe| certificate(probe, facts.now))
        .collect();
    let seen = encrypted
        .iter()
        .filter_map(|probe| probe.answer.as_ref().ok()?.expires);
    if let Some(first) = seen.min().filter(|_| found.is_empty()) {
        found.push(Finding::ok(format!(
            "all certificates are valid; the first ends on {}",
            day(first)
        )));
    }
    found
}

fn certificate(probe: &Probe, now: Timestamp) -> Option<Finding> {
    let (host, provider) = (&probe.host, &probe.provider);
    match &probe.answer {
        Err(why) if why.contains("certificate") => Some(
            Finding::fail(format!("{host} of provider {provider} cannot prove who it is: {why}")).advice(
                "look at this machine's clock and for a proxy that reads along; let the system trust its authority",
            ),
        ),
        Ok(Answer { expires: Some(at), .. }) if at.duration_since(now) < SOON => Some(
            Finding::warn(format!("the certificate of {host} (provider {provider}) ends on {}", day(*at)))
                .advice("whoever runs that host has to renew it"),
        ),
        _ => None,
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

pub(super) fn clock(facts: &Facts) -> Vec<Finding> {
    let seen = facts.probes.iter().filter_map(|probe| {
        let (theirs, ours) = probe.answer.as_ref().ok()?.date?;
        Some((ours.duration_since(theirs), &probe.provider))
    });
    // The smallest difference: one provider's clock may be wrong, hardly all of them.
    let Some((off, provider)) = seen.min_by_key(|(off, _)| off.abs()) else {
        return Vec::new();
    };
    let seconds = off.as_secs();
    let told = match seconds {
        -2..=2 => format!("this machine's clock agrees with that of {provider}"),
        3.. => format!("this machine's clock is {seconds} s ahead of that of {provider}"),
        _ => format!(
            "this machine's clock is {} s behind that of {provider}",
            -seconds
        ),
    };
    let state = match off.abs() {
        off if off > FAR_OFF => State::Fail,
        off if off > OFF => State::Warn,
        _ => State::Ok,
    };
    let found = Finding::new(state, told);
    vec![if state == State::Ok {
        found
    } else {
        found.advice(
            "set the clock by the network (NTP): limits, retention and certificates go by it",
        )
    }]
}

pub(super) fn answers(facts: &Facts) -> Vec<Finding> {
    facts.probes.iter().map(answer).collect()
}

fn answer(probe: &Probe) -> Finding {
    let (provider, host, program) = (&probe.provider, &probe.host, program());
    let answer = match &probe.answer {
        Ok(answer) => answer,
        Err(why) => {
            return Finding::fail(format!("{provider} cannot be reached at {host}: {why}"))
                .advice(format!("look at its base_url, the network and its proxy; `{program} providers disable {provider}` leaves it out"));
        }
    };
    let (status, took) = (answer.status, answer.took.as_millis());
    match status {
        200..300 => Finding::ok(format!("{provider} lists its models in {took} ms")),
        401 | 403 if probe.has_key => {
            Finding::fail(format!("{provider} refuses its key ({status})")).advice(format!(
                "`{program} keys rotate ID` sets another, `{program} keys` tells the id"
            ))
        }
        401 | 403 => Finding::ok(format!(
            "{provider} answers in {took} ms, and wants a key for more"
        )),
        407 => Finding::fail(format!(
            "the proxy on the way to {provider} wants a login ({status})"
        ))
        .advice("write it into the proxy's address as http://${PROXY_USER}:${PROXY_PASSWORD}@HOST:PORT, and set these variables where Turnout is started"),
        429 => Finding::warn(format!(
            "{provider} answers, but limits the rate now ({status})"
        )),
        500.. => Finding::warn(format!(
            "{provider} answers with an error of its own ({status})"
        ))
        .advice("wait, or look at its vendor's status page; failover leaves it out meanwhile"),
        // Not everybody has a list of models.
        _ => Finding::ok(format!(
            "{provider} answers in {took} ms, without a list of models ({status})"
        )),
    }
}
