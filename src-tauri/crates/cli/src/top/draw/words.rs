//! Values as the interface tells them, in as few letters as may be. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time of today's clock, with seconds.
pub(super) fn clock(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    at.strftime("%H:%M:%S").to_string()
}

/// A time with its day and its zone.
pub(super) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    at.strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// A time to come: of today without its day.
pub(super) fn ahead(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let [at, now] = [at, now].map(|time| time.to_zoned(zone.clone()));
    let form = if at.date() == now.date() {
        "%H:%M"
    } else {
        "%m-%d %H:%M"
    };
    at.strftime(form).to_string()
}

/// Seconds until a time: `9s`, `4:07`, `1:02:03`; nothing once it has come.
pub(super) fn until(at: Timestamp, now: Timestamp) -> Option<String> {
    let left = at.as_second() - now.as_second();
    (left > 0).then(|| watch(left as u64))
}

/// Seconds as a stopwatch shows them: `9s`, `4:07`, `1:02:03`.
pub(super) fn watch(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!(
            "{}:{:02}:{:02}",
            seconds / 3_600,
            seconds / 60 % 60,
            seconds % 60
        ),
    }
}

/// Milliseconds in five letters: `412ms`, `1.2s`, `34s`, `2:03`.
pub(super) fn millis(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..10_000 => format!("{:.1}s", ms as f64 / 1e3),
        _ => watch(ms / 1_000),
    }
}

/// Dollars with cents, tenths of cents where that is all there is.
pub(super) fn dollars(usd: &str) -> String {
    match usd.parse::<f64>() {
        Ok(usd) if usd > 0.0 && usd < 0.1 => format!("${usd:.4}"),
        Ok(usd) => format!("${usd:.2}"),
        Err(_) => format!("${usd}"),
    }
}

/// A rate of few or of many: `0`, `0.4`, `12`, `3.4k`.
pub(super) fn rate(rate: f64) -> String {
    match rate {
        ..0.05 => "0".to_owned(),
        0.05..10.0 => format!("{rate:.1}"),
        _ => crate::figure::short(rate.round() as u64),
    }
}
