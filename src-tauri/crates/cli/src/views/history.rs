//! The history and one request of it, for people.

use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::Value;

use super::is;
use crate::figure::{
    count, key, list, millis, moment, money, reason, short, text, time, time_heading, tokens_in,
    verdict,
};
use crate::screen::{Cell, Screen, Table, Tone};

/// `GET /requests`.
pub(crate) fn history<W: Write>(screen: &mut Screen<W>, requests: &[Value]) -> io::Result<()> {
    if requests.is_empty() {
        return screen.line("no requests: none came yet, or none is what was asked for");
    }
    let mut head = vec![
        time_heading(),
        "ID",
        "STATUS",
        "CLIENT",
        "MODEL",
        "PROVIDER",
        ">TRIES",
        ">TTFT",
        ">TOOK",
        ">IN",
        ">OUT",
        ">COST",
    ];
    let with_why = requests.iter().any(|request| why(request) != "-");
    if with_why {
        head.push("REASON");
    }
    let mut table =
        Table::new(&head).sparing(&["TTFT", "IN", "OUT", "CLIENT", "TRIES", "COST", "TOOK"]);
    for request in requests {
        let mut row = vec![
            time(request, "started_at").into(),
            text(request, "id").into(),
            status_cell(request, &[text(request, "mark")]),
            text(request, "client").into(),
            asked(request).into(),
            text(request, "provider").into(),
            count(request, "attempts").to_string().into(),
            millis(request, "ttft_ms").into(),
            millis(request, "duration_ms").into(),
            short(tokens_in(request)).into(),
            short(count(request, "output_tokens")).into(),
            money(request, "cost_usd").into(),
        ];
        if with_why {
            row.push(why(request).into());
        }
        table.row(row);
    }
    screen.table(&table)
}

/// Why a request did not go well. One for which nothing could be tried has no reason but an error.
fn why(request: &Value) -> &str {
    match (text(request, "reason"), text(request, "status")) {
        ("-", "failed") => text(request, "error"),
        (word, _) => reason(word),
    }
}

/// The model that was asked for; the path of a request that names none.
fn asked(request: &Value) -> &str {
    match text(request, "model_requested") {
        "-" => text(request, "path"),
        model => model,
    }
}

/// `GET /requests/{id}`: facts, then the chain of attempts.
pub(crate) fn request<W: Write>(screen: &mut Screen<W>, request: &Value) -> io::Result<()> {
    screen.fact("request", &Cell::new(text(request, "id"), Tone::Strong))?;
    screen.fact("started", &moment(request, "started_at").into())?;
    let more = [text(request, "mark"), reason(text(request, "reason"))];
    screen.fact("status", &status_cell(request, &more))?;
    screen.fact("http status", &number(request, "http_status").into())?;
    for (name, field) in [
        ("error", "error"),
        ("client", "client"),
        ("client token", "token"),
        ("session", "session"),
        ("path", "path"),
        ("group", "group"),
        ("provider", "provider"),
        ("model asked", "model_requested"),
        ("model used", "model_used"),
        ("answered as", "model_answered"),
    ] {
        screen.fact(name, &text(request, field).into())?;
    }
    screen.fact("dialect", &dialects(request).into())?;
    let lost: Vec<&str> = list(request, "losses")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let (resumed, lost): (Vec<&str>, Vec<&str>) = lost
        .into_iter()
        .partition(|loss| matches!(*loss, "continued" | "restarted"));
    if !resumed.is_empty() {
        screen.fact("broke off, then", &resumed.join(", ").into())?;
    }
    if !lost.is_empty() {
        screen.fact("left out", &Cell::new(lost.join(", "), Tone::Warn))?;
    }
    screen.fact("key", &key(text(request, "key")).into())?;
    screen.fact("first token", &millis(request, "ttft_ms").into())?;
    screen.fact("took", &millis(request, "duration_ms").into())?;
    screen.fact("tokens", &tokens(request).into())?;
    screen.fact("cost", &money(request, "cost_usd").into())?;
    if request.get("switch_cost_usd").is_some_and(Value::is_string) {
        let told = format!("{} of cache", money(request, "switch_cost_usd"));
        screen.fact("the switch cost", &told.into())?;
    }
    let kept = list(request, "bodies").len() as u64;
    if kept > 0 {
        let told = if kept == 1 {
            "1 body is kept".to_owned()
        } else {
            format!("{kept} bodies are kept")
        };
        screen.fact("what was said", &format!("{told}: show … --bodies").into())?;
    }
    screen.line("")?;
    match list(request, "attempts") {
        [] => screen.line("no provider was tried")?,
        tried => screen.table(&attempts(tried))?,
    }
    let events = list(request, "events");
    if events.is_empty() {
        return Ok(());
    }
    screen.line("")?;
    screen.table(&timeline(events))
}

/// Everything that happened, by the time since the request arrived.
pub(super) fn timeline(events: &[Value]) -> Table {
    let at = |event: &Value| text(event, "at").parse::<Timestamp>().ok();
    let arrived = events.first().and_then(at);
    let mut table = Table::new(&[">AFTER", "WHAT", ">TRY", "DETAIL"]).wrapping();
    for event in events {
        let after = at(event).zip(arrived).map(|(at, arrived)| {
            let passed = at.duration_since(arrived).as_secs_f64();
            format!("{passed:.3} s")
        });
        let name = text(event, "name");
        table.row(vec![
            after.unwrap_or_else(|| "-".to_owned()).into(),
            Cell::new(name.replace('_', " "), Tone::of(name)),
            number(event, "attempt").into(),
            text(event, "detail").into(),
        ]);
    }
    table
}

/// What the client speaks, and what the provider was spoken to in where that is another.
fn dialects(request: &Value) -> String {
    match (
        text(request, "client_dialect"),
        text(request, "provider_dialect"),
    ) {
        (client, "-" | "practice") => client.to_owned(),
        (client, provider) if client == provider => client.to_owned(),
        (client, provider) => format!("{client} → {provider}"),
    }
}

pub(super) fn attempts(chain: &[Value]) -> Table {
    let mut table = Table::new(&[
        ">#", "PROVIDER", "KEY", "MODEL", "VERDICT", ">HTTP", ">TOOK", ">IN", ">OUT", ">COST",
        "ERROR",
    ])
    .wrapping()
    .sparing(&["KEY", "IN", "OUT", "COST", "TOOK"]);
    for (index, attempt) in chain.iter().enumerate() {
        let word = text(attempt, "verdict");
        table.row(vec![
            (index + 1).to_string().into(),
            text(attempt, "provider").into(),
            key(text(attempt, "key")).into(),
            text(attempt, "model").into(),
            if is(attempt, "hedged") {
                Cell::new("lost the race", Tone::Faint)
            } else {
                Cell::new(verdict(word), Tone::of(word))
            },
            number(attempt, "http_status").into(),
            millis(attempt, "duration_ms").into(),
            short(tokens_in(attempt)).into(),
            short(count(attempt, "output_tokens")).into(),
            money(attempt, "cost_usd").into(),
            text(attempt, "error").into(),
        ]);
    }
    table
}

/// The status, with what more there is to say of it.
fn status_cell(request: &Value, more: &[&str]) -> Cell {
    let status = text(request, "status");
    let more: Vec<&str> = more.iter().copied().filter(|word| *word != "-").collect();
    if more.is_empty() {
        Cell::word(status)
    } else {
        Cell::new(format!("{status} ({})", more.join(", ")), Tone::of(status))
    }
}

fn number(value: &Value, field: &str) -> String {
    value
        .get(field)
        .and_then(Value::as_u64)
        .map_or_else(|| "-".into(), |number| number.to_string())
}

/// All that went in and out, with the parts that are worth telling.
pub(super) fn tokens(request: &Value) -> String {
    let cached = [
        ("cache read", "cache_read_tokens"),
        ("cache write 5m", "cache_write_5m_tokens"),
        ("cache write 1h", "cache_write_1h_tokens"),
    ];
    let into = format!("{} in{}", tokens_in(request), parts(request, &cached));
    let thought = parts(request, &[("reasoning", "reasoning_tokens")]);
    let estimated = if is(request, "estimated") {
        " (estimated)"
    } else {
        ""
    };
    let out = count(request, "output_tokens");
    format!("{into}, {out} out{thought}{estimated}")
}

fn parts(request: &Value, kinds: &[(&str, &str)]) -> String {
    let told: Vec<String> = kinds
        .iter()
        .map(|(name, field)| (name, count(request, field)))
        .filter(|(_, tokens)| *tokens > 0)
        .map(|(name, tokens)| format!("{tokens} {name}"))
        .collect();
    if told.is_empty() {
        String::new()
    } else {
        format!(" ({})", told.join(", "))
    }
}
