//! The texts of the menu's entries.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Facts, Forecast, Group, Health, Provider};
use crate::texts::Texts;

/// `main → relay · $0.42 today · 2 waiting`
pub(super) fn status_line(facts: &Facts, texts: &Texts) -> String {
    let to = facts
        .active_provider
        .as_deref()
        .unwrap_or(texts.no_provider);
    let cost = (texts.today)(&cents(&facts.cost_today));
    let mut text = match facts.active_group.as_str() {
        "" => format!("{to} · {cost}"),
        group => format!("{group} → {to} · {cost}"),
    };
    if facts.suspended > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, " · {}", (texts.waiting)(facts.suspended));
    }
    text
}

/// A decimal string cut to cents; a cost below one cent keeps what makes it differ from nothing.
pub(super) fn cents(amount: &str) -> String {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let whole = if whole.is_empty() { "0" } else { whole };
    let digits = part.bytes().take_while(u8::is_ascii_digit).count();
    let part = &part[..digits];
    let tiny = whole == "0" && part.starts_with("00") && part.bytes().any(|b| b != b'0');
    let keep = if tiny { 4 } else { 2 };
    format!(
        "{whole}.{}",
        format!("{part:0<keep$}").get(..keep).unwrap_or("00")
    )
}

/// The first problem, short enough for a menu; the window tells them all in full.
pub(super) fn problem(first: &str, count: usize, texts: &Texts) -> String {
    const WIDTH: usize = 60;
    let mut text = format!("⚠ {}", first.replace('\n', " "));
    if text.chars().count() > WIDTH {
        let kept: String = text.chars().take(WIDTH - 1).collect();
        text = format!("{}…", kept.trim_end());
    }
    if count > 1 {
        format!("{text} {}", (texts.more_problems)(count - 1))
    } else {
        text
    }
}

/// `relay: 5-hour limit used up around 14:20`
pub(super) fn forecast(forecast: &Forecast, texts: &Texts) -> String {
    let limits = &texts.limits;
    let limit = match forecast.what.as_str() {
        "requests" | "rpm" => limits.requests,
        "tokens" | "tpm" => limits.tokens,
        "input_tokens" => limits.input_tokens,
        "output_tokens" => limits.output_tokens,
        "5h" => limits.five_hours,
        "7d" => limits.seven_days,
        other => other,
    };
    let time = forecast.at.time();
    let mut at = format!("{:02}:{:02}", time.hour(), time.minute());
    if !forecast.is_today {
        let day = usize::try_from(forecast.at.weekday().to_monday_zero_offset()).unwrap_or(0);
        let day = texts.weekdays.get(day).copied().unwrap_or_default();
        at = format!("{day} {at}");
    }
    (texts.used_up)(&forecast.provider, limit, &at)
}

pub(super) fn group(group: &Group, texts: &Texts) -> String {
    let dot = dot(group.health());
    if group.paused {
        format!("{dot} {}", (texts.paused)(&group.name))
    } else {
        format!("{dot} {}", group.name)
    }
}

pub(super) fn provider(provider: &Provider, texts: &Texts) -> String {
    let mut text = format!("{} {}", dot(provider.health), provider.name);
    if let Some(latency) = provider.latency {
        let _ = write!(text, " · {} ms", latency.as_millis());
    }
    if let Some(resting) = provider.resting {
        let _ = write!(text, " · {}", (texts.rests)(&roughly(resting, texts)));
    }
    text
}

fn dot(health: Health) -> char {
    match health {
        Health::Fine => '●',
        Health::Shaky => '◐',
        Health::Out => '○',
    }
}

/// A remaining time in steps that do not redraw the menu every second.
pub(super) fn roughly(left: Duration, texts: &Texts) -> String {
    match left.as_secs() {
        0..=4 => texts.moment.to_owned(),
        seconds @ 5..=59 => (texts.seconds)(seconds.div_ceil(5) * 5),
        seconds => (texts.minutes)(seconds.div_ceil(60)),
    }
}
