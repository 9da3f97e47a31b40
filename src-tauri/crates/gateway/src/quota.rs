//! What a provider's answer says is left of its limits.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

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
        .then(|| text("anthropic-ratelimit-unified-reset")?.parse().ok())
        .flatten()
        .and_then(|seconds| {
            let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
            at.duration_since(now).ok()
        });
    anthropic.chain(openai).chain(unified).max()
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
}
