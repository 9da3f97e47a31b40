//! A request in full: facts, its attempts with their part of the time, and everything that happened.

use std::fmt::Write as _;

use jiff::Timestamp;
use ratatui::text::{Line, Span};
use serde_json::Value;

use super::Sheet;
use crate::figure::{count, list, reason, short, text, tokens_in, verdict};
use crate::screen::Tone;
use crate::top::draw::grid::{Cell, Column, Grid, Width, left, right};
use crate::top::draw::words;
use crate::top::facts::{millis_between, under_way};
use crate::top::look::Look;
use crate::top::state::{Followed, State};

const ATTEMPTS: &[Column] = &[
    right("TRY", 3, 0),
    right("AT", 7, 2),
    left("PROVIDER", Width::Fit(18), 0),
    left("MODEL", Width::Fit(26), 1),
    left("KEY", Width::Fit(8), 7),
    right("HTTP", 4, 3),
    left("VERDICT", Width::Fit(15), 0),
    right("TTFT", 6, 6),
    right("TOOK", 7, 0),
    right("OUT", 6, 8),
    left("WHEN", Width::Fixed(BAR), 9),
    left("ERROR", Width::Rest(12), 5),
];

const EVENTS: &[Column] = &[
    right("AFTER", 10, 0),
    left("WHAT", Width::Fit(18), 0),
    right("TRY", 3, 1),
    left("DETAIL", Width::Rest(10), 0),
];

/// Columns of the bar that shows when an attempt ran.
const BAR: usize = 30;

pub(super) fn lines(
    state: &State,
    followed: &Followed,
    look: Look,
    width: usize,
) -> Vec<Line<'static>> {
    let id = followed.id.as_str();
    let live = state.facts.request(id);
    let running = live.is_some_and(under_way);
    let following = running.then(|| Span::styled("live", look.style(Tone::Good)));
    let title: Vec<Span<'static>> = following.into_iter().collect();
    let mut sheet = Sheet::new(id, &title, look, width);
    let known = live.and_then(|row| serde_json::to_value(row).ok());
    let detail = match &followed.told {
        Some(Ok(detail)) => Some(detail.clone()),
        Some(Err(why)) => {
            sheet.fact("not told", why, Tone::Bad);
            known.clone()
        }
        None => known.clone(),
    };
    let Some(detail) = detail else {
        sheet.fact("", "asking …", Tone::Faint);
        return sheet.lines;
    };
    let now = if running { state.now } else { Timestamp::MIN };
    // How far it has come is heard sooner than it is written.
    let row = known.as_ref().unwrap_or(&detail);
    facts(state, &detail, row, now, &mut sheet);
    let chain = list(&detail, "attempts");
    if !chain.is_empty() {
        sheet.heading("Attempts");
        table(ATTEMPTS, attempts(chain, &detail, now, look), &mut sheet);
    }
    let events = list(&detail, "events");
    if !events.is_empty() {
        sheet.heading("What happened");
        table(EVENTS, events_of(events), &mut sheet);
    }
    sheet.lines
}

fn facts(state: &State, detail: &Value, row: &Value, now: Timestamp, sheet: &mut Sheet) {
    let status = match (text(row, "status"), text(row, "mark")) {
        (_, "suspended") => "waiting".to_owned(),
        (_, "retrying") => "retrying".to_owned(),
        (status, _) => status.to_owned(),
    };
    let why = reason(text(row, "reason"));
    let status = if why == "-" {
        status
    } else {
        format!("{status}: {why}")
    };
    sheet.fact("status", &status, Tone::of(text(row, "status")));
    sheet.fact("error", text(detail, "error"), Tone::Bad);
    let started = at(detail, "started_at");
    if let Some(started) = started {
        sheet.fact("started", &words::moment(started, &state.zone), Tone::Plain);
    }
    let running = started.filter(|started| now > *started);
    let took = running.map(|started| millis_between(started, now));
    let took = took.or_else(|| row.get("duration_ms").and_then(Value::as_u64));
    let first = row
        .get("ttft_ms")
        .and_then(Value::as_u64)
        .map(words::millis);
    let took = took.map(words::millis).unwrap_or_default();
    let took = match first {
        Some(first) => format!("{took}, first token after {first}"),
        None => took,
    };
    sheet.fact("took", &took, Tone::Plain);
    let arrow = sheet.look.arrow();
    let way = ["client", "group", "provider", "key"].map(|field| text(row, field));
    let way: Vec<&str> = way.into_iter().filter(|part| *part != "-").collect();
    sheet.fact("way", &way.join(&format!(" {arrow} ")), Tone::Plain);
    let models =
        ["model_requested", "model_used", "model_answered"].map(|field| text(detail, field));
    let mut models: Vec<&str> = models.into_iter().filter(|part| *part != "-").collect();
    models.dedup();
    sheet.fact("model", &models.join(&format!(" {arrow} ")), Tone::Plain);
    let mut dialects = vec![
        text(detail, "client_dialect"),
        text(detail, "provider_dialect"),
    ];
    dialects.retain(|dialect| *dialect != "-");
    dialects.dedup();
    sheet.fact(
        "dialect",
        &dialects.join(&format!(" {arrow} ")),
        Tone::Plain,
    );
    for (name, field) in [
        ("rule", "rule"),
        ("token", "token"),
        ("session", "session"),
        ("path", "path"),
    ] {
        sheet.fact(name, text(detail, field), Tone::Faint);
    }
    sheet.fact("tokens", &tokens(row), Tone::Plain);
    if let Some(usd) = row.get("cost_usd").and_then(Value::as_str) {
        sheet.fact("cost", &words::dollars(usd), Tone::Plain);
    }
    let lost: Vec<&str> = list(detail, "losses")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    sheet.fact("left out", &lost.join(", "), Tone::Warn);
}

fn tokens(row: &Value) -> String {
    let read = tokens_in(row);
    let out = count(row, "output_tokens");
    if read + out == 0 {
        return String::new();
    }
    if read == 0 {
        return format!("{} out so far", short(out));
    }
    let mut told = format!("{} in", short(read));
    let cached = count(row, "cache_read_tokens");
    if cached > 0 {
        let _ = write!(told, " ({} from a cache)", short(cached));
    }
    let _ = write!(told, ", {} out", short(out));
    let thought = count(row, "reasoning_tokens");
    if thought > 0 {
        let _ = write!(told, " ({} of it thinking)", short(thought));
    }
    if row.get("estimated").and_then(Value::as_bool) == Some(true) {
        told += ", estimated";
    }
    told
}

fn attempts(chain: &[Value], detail: &Value, now: Timestamp, look: Look) -> Vec<Vec<Cell>> {
    let began = at(detail, "started_at").unwrap_or(now);
    let spans: Vec<(u64, Option<u64>)> = chain
        .iter()
        .map(|attempt| {
            let from = at(attempt, "started_at").map_or(0, |at| millis_between(began, at));
            let took = attempt.get("duration_ms").and_then(Value::as_u64);
            (from, took)
        })
        .collect();
    let running = millis_between(began, now);
    let ends = spans
        .iter()
        .map(|(from, took)| took.map_or(running, |took| from + took));
    let whole = ends.max().unwrap_or(0).max(running).max(1);
    let rows = chain.iter().zip(spans).zip(1..);
    rows.map(|((attempt, (from, took)), number)| {
        let end = took.map_or(whole, |took| from + took);
        one_attempt(attempt, number, from, took, bar(from, end, whole, look))
    })
    .collect()
}

fn one_attempt(
    attempt: &Value,
    number: u64,
    from: u64,
    took: Option<u64>,
    bar: String,
) -> Vec<Cell> {
    let word = text(attempt, "verdict");
    let is_hedged = attempt.get("hedged").and_then(Value::as_bool) == Some(true);
    let (told, tone) = match word {
        "-" => ("running", Tone::Warn),
        _ if is_hedged => ("lost the race", Tone::Faint),
        word => (verdict(word), Tone::of(word)),
    };
    let millis = |field: &str| {
        attempt
            .get(field)
            .and_then(Value::as_u64)
            .map(words::millis)
            .unwrap_or_default()
    };
    let error = match (text(attempt, "error"), text(attempt, "reason")) {
        ("-", "-") => "",
        ("-", word) => reason(word),
        (error, _) => error,
    };
    let status = attempt.get("http_status").and_then(Value::as_u64);
    let number = attempt
        .get("attempt")
        .and_then(Value::as_u64)
        .unwrap_or(number);
    let out = count(attempt, "output_tokens");
    vec![
        Cell::plain(number.to_string()),
        Cell::faint(format!("+{}", words::millis(from))),
        Cell::plain(text(attempt, "provider")),
        Cell::plain(text(attempt, "model")),
        Cell::faint(
            attempt
                .get("key")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        ),
        Cell::plain(status.map(|status| status.to_string()).unwrap_or_default()),
        Cell::new(told, tone),
        Cell::plain(millis("ttft_ms")),
        Cell::plain(took.map(words::millis).unwrap_or_default()),
        Cell::plain(if out > 0 { short(out) } else { String::new() }),
        Cell::new(bar, tone),
        Cell::new(
            error,
            if tone == Tone::Good {
                Tone::Plain
            } else {
                tone
            },
        ),
    ]
}

/// Where in the whole time something ran.
fn bar(from: u64, end: u64, whole: u64, look: Look) -> String {
    let column = |at: u64| ((at * BAR as u64) / whole).min(BAR as u64) as usize;
    let begin = column(from).min(BAR - 1);
    let length = column(end).saturating_sub(begin).max(1);
    " ".repeat(begin) + &look.sign("━", "=").repeat(length)
}

fn events_of(events: &[Value]) -> Vec<Vec<Cell>> {
    let arrived = events.first().and_then(|event| at(event, "at"));
    let rows = events.iter().map(|event| {
        let after = at(event, "at").zip(arrived);
        let after = after
            .map(|(at, arrived)| format!("+{:.3} s", millis_between(arrived, at) as f64 / 1e3));
        let name = text(event, "name");
        let number = event.get("attempt").and_then(Value::as_u64);
        let detail = text(event, "detail");
        vec![
            Cell::faint(after.unwrap_or_default()),
            Cell::new(name.replace('_', " "), Tone::of(name)),
            Cell::plain(number.map(|number| number.to_string()).unwrap_or_default()),
            Cell::plain(if detail == "-" { "" } else { detail }),
        ]
    });
    rows.collect()
}

fn table(columns: &[Column], rows: Vec<Vec<Cell>>, sheet: &mut Sheet) {
    let (head, body) = Grid { columns, rows }.lines(sheet.width, None, sheet.look);
    sheet.lines.push(head);
    sheet.lines.extend(body);
}

fn at(value: &Value, field: &str) -> Option<Timestamp> {
    text(value, field).parse().ok()
}
