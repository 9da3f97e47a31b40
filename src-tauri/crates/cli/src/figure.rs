//! Values of the admin API as a person reads them: times, durations, counts, money. Pure.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

/// The text at a field, `-` where there is none.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value
        .get(field)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .unwrap_or("-")
}

/// The count at a field; a list counts as its length.
pub(crate) fn count(value: &Value, field: &str) -> u64 {
    match value.get(field) {
        Some(Value::Array(list)) => list.len() as u64,
        Some(other) => other.as_u64().unwrap_or(0),
        None => 0,
    }
}

/// The list at a field.
pub(crate) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value
        .get(field)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// All tokens that went in, cached or not, as the window counts them.
pub(crate) fn tokens_in(value: &Value) -> u64 {
    let written = match value.get("cache_write_tokens").and_then(Value::as_u64) {
        Some(sum) => sum,
        None => count(value, "cache_write_5m_tokens") + count(value, "cache_write_1h_tokens"),
    };
    count(value, "input_tokens") + count(value, "cache_read_tokens") + written
}

/// A count of things: `1 request`, `2 requests`.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    if count == 1 {
        format!("1 {thing}")
    } else {
        format!("{count} {thing}s")
    }
}

/// A count with a unit prefix where it is long: `950`, `12.3k`, `4.6M`.
pub(crate) fn short(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{:.1}k", count as f64 / 1e3),
        _ => format!("{:.1}M", count as f64 / 1e6),
    }
}

/// Bytes in units of a thousand: `950 bytes`, `12.3 kB`, `4.6 MB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => counted(bytes, "byte"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// Milliseconds at a field: `412ms`, `12.4s`, `3m 02s`.
pub(crate) fn millis(value: &Value, field: &str) -> String {
    value
        .get(field)
        .and_then(Value::as_u64)
        .map_or_else(|| "-".into(), span)
}

fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..60_000 => format!("{:.1}s", ms as f64 / 1e3),
        _ => format!("{}m {:02}s", ms / 60_000, ms / 1_000 % 60),
    }
}

/// Seconds since the start: `5s`, `3m`, `2h 05m`, `4d 03h`.
pub(crate) fn uptime(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h {:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// Money at a field, a decimal string in USD, with a dollar sign and no less than whole cents.
pub(crate) fn money(value: &Value, field: &str) -> String {
    let Some(usd) = value.get(field).and_then(Value::as_str) else {
        return "-".into();
    };
    match usd.split_once('.') {
        Some((whole, part)) => format!("${whole}.{part:0<2}"),
        None => format!("${usd}.00"),
    }
}

/// A rate between 0 and 1 at a field, as a percentage.
pub(crate) fn rate(value: &Value, field: &str) -> String {
    value
        .get(field)
        .and_then(Value::as_f64)
        .map_or_else(|| "-".into(), |rate| format!("{:.0}%", rate * 100.0))
}

/// An RFC 3339 time at a field, on the clock of this machine: today's with seconds, others with their day, those
/// of another year with it.
pub(crate) fn time(value: &Value, field: &str) -> String {
    clock(text(value, field), &Zoned::now())
}

fn clock(rfc3339: &str, now: &Zoned) -> String {
    let Ok(at) = rfc3339.parse::<Timestamp>() else {
        return rfc3339.into();
    };
    let at = at.to_zoned(now.time_zone().clone());
    let form = if at.date() == now.date() {
        "%H:%M:%S"
    } else if at.year() != now.year() {
        "%Y-%m-%d %H:%M"
    } else {
        "%m-%d %H:%M"
    };
    at.strftime(form).to_string()
}

/// The heading over what [`time`] tells: whose clock it is.
pub(crate) fn time_heading() -> &'static str {
    heading_of(&Zoned::now())
}

fn heading_of(now: &Zoned) -> &'static str {
    if now.offset().is_zero() {
        "TIME (UTC)"
    } else {
        "TIME (LOCAL)"
    }
}

/// An RFC 3339 time at a field, whole, in this machine's zone.
pub(crate) fn moment(value: &Value, field: &str) -> String {
    match text(value, field).parse::<Timestamp>() {
        Ok(at) => at
            .to_zoned(TimeZone::system())
            .strftime("%Y-%m-%d %H:%M:%S %Z")
            .to_string(),
        Err(_) => text(value, field).into(),
    }
}

/// What became of an attempt, by its verdict.
pub(crate) fn verdict(word: &str) -> &str {
    match word {
        "ok" => "answered",
        "retry-same" => "tried again",
        "next-key" => "next key",
        "next-provider" => "next provider",
        "client-fault" => "request's fault",
        "cancelled" => "client left",
        other => other,
    }
}

/// What a provider did wrong, by the reason of the failure.
pub(crate) fn reason(word: &str) -> &str {
    match word {
        "rate_limited" => "limits the rate",
        "server_error" => "had an error",
        "network" => "could not be reached",
        "timeout" => "too slow",
        "auth" => "refused its key",
        "invalid_request" => "refused the request",
        "not_found" => "did not find it",
        "empty_response" => "gave an empty answer",
        "stream_cut" => "broke off its answer",
        "client_cancelled" => "client left",
        "budget" => "budget is spent",
        other => other,
    }
}

/// A provider's last error, a reason and in parentheses the model, with the reason in words.
pub(crate) fn failure(told: &str) -> String {
    match told.split_once(' ') {
        Some((word, model)) => format!("{} {model}", reason(word)),
        None => reason(told).into(),
    }
}

/// A key's value: masked, unless too little of it may be shown.
pub(crate) fn key(masked: &str) -> &str {
    if masked == "…" { "not shown" } else { masked }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_are_told_in_their_own_size() {
        assert_eq!(span(412), "412ms");
        assert_eq!(span(12_400), "12.4s");
        assert_eq!(span(182_000), "3m 02s");
        assert_eq!(uptime(59), "59s");
        assert_eq!(uptime(7_500), "2h 05m");
        assert_eq!(uptime(356_400), "4d 03h");
    }

    #[test]
    fn counts_stay_short() {
        assert_eq!(short(9_999), "9999");
        assert_eq!(short(12_345), "12.3k");
        assert_eq!(short(4_600_000), "4.6M");
        assert_eq!(
            (size(1), size(2_011_136)),
            ("1 byte".into(), "2.0 MB".into())
        );
    }

    #[test]
    fn one_thing_is_not_many() {
        assert_eq!(
            (counted(1, "request"), counted(0, "request")),
            ("1 request".into(), "0 requests".into())
        );
    }

    #[test]
    fn a_field_that_is_null_or_absent_is_a_dash() {
        let row = json!({"provider": null, "ttft_ms": null});
        assert_eq!(text(&row, "provider"), "-");
        assert_eq!(millis(&row, "ttft_ms"), "-");
        assert_eq!(money(&row, "cost_usd"), "-");
        assert_eq!(rate(&row, "success_rate"), "-");
    }

    #[test]
    fn tokens_in_are_all_that_went_in() {
        let row = json!({"input_tokens": 1, "cache_read_tokens": 20, "cache_write_tokens": 300});
        assert_eq!(tokens_in(&row), 321);
        let row =
            json!({"input_tokens": 1, "cache_write_5m_tokens": 20, "cache_write_1h_tokens": 300});
        assert_eq!(tokens_in(&row), 321);
        let sums = json!({"cache_write_tokens": 7, "cache_write_5m_tokens": 3, "cache_write_1h_tokens": 4});
        assert_eq!(tokens_in(&sums), 7);
    }

    #[test]
    fn money_has_its_cents_and_loses_no_part_of_them() {
        for (usd, told) in [
            ("0", "$0.00"),
            ("12", "$12.00"),
            ("0.5", "$0.50"),
            ("0.000123", "$0.000123"),
        ] {
            assert_eq!(money(&json!({ "cost_usd": usd }), "cost_usd"), told);
        }
    }

    #[test]
    fn codes_are_told_in_words_and_the_model_stays() {
        assert_eq!(
            failure("stream_cut (claude-sonnet-4-5)"),
            "broke off its answer (claude-sonnet-4-5)"
        );
        assert_eq!(failure("overloaded (m)"), "overloaded (m)");
        assert_eq!(failure("-"), "-");
        assert_eq!(verdict("retry-same"), "tried again");
        assert_eq!(verdict("-"), "-");
    }

    #[test]
    fn of_a_key_too_short_to_mask_nothing_is_shown() {
        assert_eq!(key("…"), "not shown");
        assert_eq!(key("…a1b2"), "…a1b2");
    }

    #[test]
    fn the_heading_says_whose_clock_it_is() {
        let at = |text: &str| text.parse::<Zoned>().unwrap();
        assert_eq!(
            heading_of(&at("2026-03-05T18:00:00+00:00[UTC]")),
            "TIME (UTC)"
        );
        assert_eq!(
            heading_of(&at("2026-03-05T18:00:00+08:00[+08:00]")),
            "TIME (LOCAL)"
        );
    }

    #[test]
    fn attempts_count_alike_as_number_and_as_chain() {
        assert_eq!(count(&json!({"attempts": 2}), "attempts"), 2);
        assert_eq!(count(&json!({"attempts": [{}, {}]}), "attempts"), 2);
    }

    #[test]
    fn only_another_day_shows_its_date() {
        let now: Zoned = "2026-03-05T18:00:00+00:00[UTC]".parse().unwrap();
        assert_eq!(clock("2026-03-05T09:08:07.123Z", &now), "09:08:07");
        assert_eq!(clock("2026-03-04T09:08:07Z", &now), "03-04 09:08");
        assert_eq!(clock("2025-03-04T09:08:07Z", &now), "2025-03-04 09:08");
        assert_eq!(clock("-", &now), "-");
    }
}
