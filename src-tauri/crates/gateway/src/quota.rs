//! What a provider's answer says is left of its limits.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use routing::Told;

/// How long nothing is left of some limit; `None` when something is left of each, or nothing was said.
///
/// Anthropic: `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{remaining,reset}` with a time in RFC
/// 3339, and for subscriptions `anthropic-ratelimit-unified-{status,reset}` with Unix seconds. OpenAI:
/// `x-ratelimit-{remaining,reset}-{requests,tokens}` with a duration such as `6m0s`.
pub(crate) fn used_up(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let is_nothing = |name: &str| text(name).and_then(|left| left.parse::<f64>().ok()) == Some(0.0);
    let anthropic = ["requests", "tokens", "input-tokens", "output-tokens"]
        .into_iter()
        .filter(|kind| is_nothing(&format!("anthropic-ratelimit-{kind}-remaining")))
        .filter_map(|kind| until(text(&format!("anthropic-ratelimit-{kind}-reset"))?, now));
    let openai = ["requests", "tokens"]
        .into_iter()
        .filter(|kind| is_nothing(&format!("x-ratelimit-remaining-{kind}")))
        .filter_map(|kind| span(text(&format!("x-ratelimit-reset-{kind}"))?));
    let is_rejected = text("anthropic-ratelimit-unified-status") == Some("rejected");
    let unified = is_rejected
        .then(|| at_second(text("anthropic-ratelimit-unified-reset")?, now))
        .flatten();
    anthropic.chain(openai).chain(unified).max()
}

/// What is left of each limit that an answer tells of, by the same headers; of a subscription's by
/// `anthropic-ratelimit-unified-{5h,7d}-{utilization,reset}`, where utilization is from 0 to 1.
pub(crate) fn told(headers: &HeaderMap, now: SystemTime) -> Vec<Told> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok().filter(|it| it.is_finite());
    let is_told = |name: &http::HeaderName| name.as_str().contains("-ratelimit-");
    if !headers.keys().any(is_told) {
        return Vec::new();
    }
    let kinds = [
        ("requests", "requests"),
        ("tokens", "tokens"),
        ("input-tokens", "input_tokens"),
        ("output-tokens", "output_tokens"),
    ];
    let anthropic = kinds.iter().filter_map(|(kind, what)| {
        let left = number(&format!("anthropic-ratelimit-{kind}-remaining"))?;
        let reset = until(text(&format!("anthropic-ratelimit-{kind}-reset"))?, now)?;
        Some((*what, left, reset, true))
    });
    let openai = kinds[..2].iter().filter_map(|(kind, what)| {
        let left = number(&format!("x-ratelimit-remaining-{kind}"))?;
        let reset = span(text(&format!("x-ratelimit-reset-{kind}"))?)?;
        Some((*what, left, reset, true))
    });
    let unified = ["5h", "7d"].into_iter().filter_map(|what| {
        let used = number(&format!("anthropic-ratelimit-unified-{what}-utilization"))?;
        let reset = text(&format!("anthropic-ratelimit-unified-{what}-reset"))?;
        let reset = at_second(reset, now)?;
        Some((what, 1.0 - used, reset, false))
    });
    let all = anthropic.chain(openai).chain(unified);
    all.map(|(what, left, reset, of_model)| Told {
        what,
        left,
        reset,
        of_model,
    })
    .collect()
}

/// How long it is until a time in Unix seconds.
fn at_second(text: &str, now: SystemTime) -> Option<Duration> {
    let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(text.parse().ok()?))?;
    at.duration_since(now).ok()
}

/// How long it is until a time in RFC 3339.
fn until(text: &str, now: SystemTime) -> Option<Duration> {
    let at: jiff::Timestamp = text.parse().ok()?;
    SystemTime::from(at).duration_since(now).ok()
}

/// A duration as OpenAI writes it: `1h2m3.5s`, `6m0s`, `120ms`.
fn span(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut all = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|char: char| char.is_ascii_alphabetic())?;
        let (number, tail) = rest.split_at(end);
        let unit_end = tail
            .find(|char: char| !char.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        all += Duration::try_from_secs_f64(number.parse::<f64>().ok()? * factor).ok()?;
        rest = tail;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(headers: &[(&'static str, &str)]) -> Option<u64> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        used_up(&map, now).map(|left| left.as_millis() as u64)
    }

    #[test]
    fn what_is_left_is_read_in_each_vendors_form() {
        type Row = (&'static [(&'static str, &'static str)], Option<u64>);
        let table: [Row; 8] = [
            (&[], None),
            (
                &[
                    ("anthropic-ratelimit-requests-remaining", "3"),
                    ("anthropic-ratelimit-requests-reset", "2027-01-15T08:01:00Z"),
                ],
                None,
            ),
            (
                &[
                    ("anthropic-ratelimit-input-tokens-remaining", "0"),
                    (
                        "anthropic-ratelimit-input-tokens-reset",
                        "2027-01-15T08:01:00Z",
                    ),
                ],
                Some(60_000),
            ),
            (
                &[
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "6m0s"),
                    ("x-ratelimit-remaining-tokens", "0"),
                    ("x-ratelimit-reset-tokens", "120ms"),
                ],
                Some(360_000),
            ),
            (
                &[
                    ("anthropic-ratelimit-unified-status", "rejected"),
                    ("anthropic-ratelimit-unified-reset", "1800003600"),
                ],
                Some(3_600_000),
            ),
            (
                &[
                    ("anthropic-ratelimit-unified-status", "allowed_warning"),
                    ("anthropic-ratelimit-unified-reset", "1800003600"),
                ],
                None,
            ),
            (
                &[
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "soon"),
                ],
                None,
            ),
            (
                &[
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "1h2m3.5s"),
                ],
                Some(3_723_500),
            ),
        ];
        for (headers, expected) in table {
            assert_eq!(told(headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn what_is_left_of_each_limit_is_told() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        let mut map = HeaderMap::new();
        for (name, value) in [
            ("anthropic-ratelimit-input-tokens-remaining", "1500"),
            (
                "anthropic-ratelimit-input-tokens-reset",
                "2027-01-15T08:01:00Z",
            ),
            ("anthropic-ratelimit-requests-remaining", "many"),
            ("anthropic-ratelimit-requests-reset", "2027-01-15T08:01:00Z"),
            ("anthropic-ratelimit-unified-5h-utilization", "0.75"),
            ("anthropic-ratelimit-unified-5h-reset", "1800003600"),
            ("anthropic-ratelimit-unified-7d-utilization", "0.5"),
            ("x-ratelimit-remaining-tokens", "9"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ] {
            map.insert(name, value.parse().unwrap());
        }
        let found: Vec<_> = super::told(&map, now)
            .iter()
            .map(|told| (told.what, told.left, told.reset.as_secs(), told.of_model))
            .collect();
        let expected = [
            ("input_tokens", 1500.0, 60, true),
            ("tokens", 9.0, 360, true),
            ("5h", 0.25, 3600, false),
        ];
        assert_eq!(found, expected);
        assert!(super::told(&HeaderMap::new(), now).is_empty());
    }
}
