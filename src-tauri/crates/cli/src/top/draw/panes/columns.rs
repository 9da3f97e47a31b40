//! What each pane tells of a row, column by column.

use daemon::view::{Group, LogLine, Member, ModelRest, Provider, Request, Suspended};
use jiff::Timestamp;
use serde_json::Value;

use crate::figure::{failure, reason, short};
use crate::screen::Tone;
use crate::top::draw::grid::{Cell, Column, Width, left, right};
use crate::top::draw::words;
use crate::top::facts::{Trouble, asked, millis_between, under_way};
use crate::top::look::Look;
use crate::top::rows::{Pane, Row};
use crate::top::state::State;

use Width::{Fit, Fixed, Rest};

const GROUPS: &[Column] = &[
    left("", Fixed(1), 0),
    left("", Fit(24), 0),
    left("", Fit(15), 0),
    right("", 6, 2),
    right("", 5, 3),
    left("", Rest(8), 1),
];

const PROVIDERS: &[Column] = &[
    left("", Fixed(1), 0),
    left("PROVIDER", Fit(20), 0),
    left("HEALTH", Fixed(8), 0),
    right("TTFT", 6, 1),
    right("OK", 5, 2),
    right("RESTS", 7, 3),
    left("LATENCY", Fixed(16), 5),
    left("LIMITS", Fit(22), 6),
    left("LAST ERROR", Rest(12), 4),
];

const REQUESTS: &[Column] = &[
    left("", Fixed(1), 0),
    right("AGE", 7, 0),
    left("CLIENT", Fit(12), 5),
    left("MODEL", Fit(26), 0),
    left("PROVIDER", Fit(18), 0),
    right("TRY", 3, 2),
    left("STATE", Fixed(10), 0),
    right("TTFT", 6, 3),
    right("TOOK", 6, 4),
    right("IN", 6, 6),
    right("OUT", 6, 1),
    right("COST", 8, 7),
    left("ID", Fit(24), 9),
    left("REASON", Rest(8), 8),
];

const WAITING: &[Column] = &[
    right("#", 3, 2),
    right("WAITS", 7, 0),
    right("LEFT", 7, 0),
    left("MODEL", Fit(24), 0),
    left("ONLY AT", Fit(14), 3),
    left("REASON", Rest(36), 1),
];

const TROUBLES: &[Column] = &[
    left("TIME", Fixed(8), 0),
    left("WHAT", Fit(18), 0),
    left("WHO", Fit(30), 0),
    left("WHY", Rest(16), 1),
];

const LOG: &[Column] = &[
    left("", Fixed(8), 0),
    left("", Fixed(5), 0),
    left("", Fit(14), 1),
    left("", Rest(20), 0),
];

pub(in crate::top::draw) const fn of(pane: Pane) -> &'static [Column] {
    match pane {
        Pane::Groups => GROUPS,
        Pane::Providers => PROVIDERS,
        Pane::Requests => REQUESTS,
        Pane::Waiting => WAITING,
        Pane::Troubles => TROUBLES,
        Pane::Log => LOG,
    }
}

/// The cells of a row, as many as its pane has columns.
pub(in crate::top::draw) fn cells(state: &State, row: &Row<'_>, look: Look) -> Vec<Cell> {
    match row {
        Row::Group(group) => of_group(group, state.now, look),
        Row::Member(group, member) => of_member(group, member, state.now, look),
        Row::Provider(provider) => of_provider(state, provider, look),
        Row::Request(request) => of_request(request, state.now, look),
        Row::Waiting(waiting) => of_waiting(waiting, state.now),
        Row::Trouble(trouble) => of_trouble(state, trouble),
        Row::Line(line) => of_line(state, line),
    }
}

fn of_group(group: &Group, now: Timestamp, look: Look) -> Vec<Cell> {
    let (sign, word, tone) = look.group(group.state, group.active);
    vec![
        Cell::new(sign, tone),
        Cell::new(group.name.as_str(), Tone::Strong),
        Cell::new(word, tone),
        Cell::default(),
        Cell::default(),
        match rest(group.cooling_until, &[], now) {
            Some(left) => Cell::new(format!("for {left}"), Tone::Warn),
            None => Cell::faint(group.policy.as_str()),
        },
    ]
}

fn of_member(group: &Group, member: &Member, now: Timestamp, look: Look) -> Vec<Cell> {
    let (sign, word, tone) = look.standing(member.health, member.lacks.as_deref());
    // Its number decides under one policy alone, its share under another.
    let (number, share) = match group.policy.as_str() {
        "weighted" => (
            format!("{}", member.priority),
            format!("weight {}", member.weight),
        ),
        _ => (format!("{}", member.priority), String::new()),
    };
    vec![
        Cell::default(),
        Cell::plain(format!("{number:>2} {}", member.provider)),
        Cell::new(format!("{sign} {word}"), tone),
        of_millis(member.ttft_ms),
        percent(member.success_rate),
        match rest(member.cooling_until, &member.resting, now) {
            Some(left) => Cell::new(format!("for {left}"), Tone::Warn),
            None => Cell::faint(share),
        },
    ]
}

fn of_provider(state: &State, provider: &Provider, look: Look) -> Vec<Cell> {
    let (sign, word, tone) = look.standing(provider.health, provider.lacks.as_deref());
    let latencies = state.facts.latencies(&provider.name);
    let first = latencies.len().saturating_sub(16);
    vec![
        Cell::new(sign, tone),
        Cell::new(provider.name.as_str(), Tone::Strong),
        Cell::new(word, tone),
        of_millis(provider.ttft_ms),
        percent(provider.success_rate),
        rest(provider.cooling_until, &provider.resting, state.now)
            .map_or_else(Cell::default, |left| Cell::new(left, Tone::Warn)),
        Cell::faint(look.spark(&latencies[first..])),
        limits(state, provider),
        Cell::faint(
            provider
                .last_error
                .as_deref()
                .map(failure)
                .unwrap_or_default(),
        ),
    ]
}

/// The limits of the config; the one that will be hit, if one will.
fn limits(state: &State, provider: &Provider) -> Cell {
    if let Some(ahead) = &provider.forecast {
        let what = ahead.what.replace('_', " ");
        let at = words::ahead(ahead.at, state.now, &state.zone);
        return Cell::new(format!("{what} at {at}"), Tone::Warn);
    }
    let said = |field: &str, unit: &str| {
        let limit = provider.limits.get(field).and_then(Value::as_u64)?;
        Some(format!("{}{unit}", short(limit)))
    };
    let limits = [
        said("rpm", " rpm"),
        said("tpm", " tpm"),
        said("concurrency", " at once"),
    ];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    Cell::faint(limits.join(" "))
}

fn of_request(request: &Request, now: Timestamp, look: Look) -> Vec<Cell> {
    let running = under_way(request);
    let age = millis_between(request.started_at, now) / 1_000;
    let (sign, word, tone) = state_of(request, look);
    let why = match (request.reason.as_deref(), request.error.as_deref()) {
        (Some(word), _) => reason(word).to_owned(),
        (None, Some(error)) => error.to_owned(),
        (None, None) => String::new(),
    };
    let read = request.input_tokens + request.cache_read_tokens + request.cache_write_tokens;
    let took = if running { None } else { request.duration_ms };
    let cost = request.cost_usd.as_deref().map(words::dollars);
    let age = Cell::new(
        words::watch(age),
        if running { Tone::Strong } else { Tone::Faint },
    );
    vec![
        Cell::new(sign, tone),
        age,
        Cell::faint(request.client.as_deref().unwrap_or("-")),
        Cell::plain(model(request, look)),
        Cell::plain(request.provider.as_deref().unwrap_or("-")),
        tries(request.attempts),
        Cell::new(word, tone),
        of_millis(request.ttft_ms),
        of_millis(took),
        tokens(read),
        tokens(request.output_tokens),
        Cell::faint(cost.unwrap_or_default()),
        Cell::faint(request.id.as_str()),
        Cell::new(why, tone),
    ]
}

/// The model asked for, and the one it became, where that is another.
fn model(request: &Request, look: Look) -> String {
    let asked = asked(request);
    match request.model_used.as_deref() {
        Some(used) if used != asked && !used.is_empty() => {
            format!("{used} {} {asked}", look.sign("←", "<-"))
        }
        _ => asked.to_owned(),
    }
}

fn tries(attempts: u32) -> Cell {
    match attempts {
        0 => Cell::default(),
        1 => Cell::faint("1"),
        more => Cell::new(more.to_string(), Tone::Warn),
    }
}

/// Sign, word and tone of how far a request has come.
fn state_of(request: &Request, look: Look) -> (&'static str, &str, Tone) {
    match (request.status.as_str(), request.mark.as_deref()) {
        ("completed", _) => (look.sign("✓", "+"), "completed", Tone::Faint),
        ("failed", _) => (look.sign("✗", "x"), "failed", Tone::Bad),
        ("cancelled", _) => (look.sign("–", "-"), "cancelled", Tone::Faint),
        (_, Some("suspended")) => (look.sign("‖", "="), "waiting", Tone::Warn),
        (_, Some("retrying")) => (look.sign("↻", "~"), "retrying", Tone::Warn),
        ("streaming", _) => (look.sign("▶", ">"), "streaming", Tone::Good),
        ("forwarding", _) => (look.sign("▷", ">"), "asking", Tone::Plain),
        ("pending", _) => (look.sign("·", "."), "arrived", Tone::Plain),
        (other, _) => (" ", other, Tone::Plain),
    }
}

fn of_waiting(waiting: &Suspended, now: Timestamp) -> Vec<Cell> {
    let since = millis_between(waiting.since, now) / 1_000;
    let pin = waiting.provider.as_ref().or(waiting.group.as_ref());
    vec![
        Cell::faint(waiting.position.to_string()),
        Cell::new(words::watch(since), Tone::Warn),
        Cell::plain(words::until(waiting.until, now).unwrap_or_else(|| "0s".to_owned())),
        Cell::plain(waiting.model_requested.as_str()),
        Cell::faint(pin.map_or("", String::as_str)),
        Cell::faint(waiting.reason.as_str()),
    ]
}

fn of_trouble(state: &State, trouble: &Trouble) -> Vec<Cell> {
    let tone = match trouble.what.as_str() {
        "recovery" => Tone::Good,
        "failover" | "budget" => Tone::Warn,
        _ => Tone::Bad,
    };
    vec![
        Cell::faint(words::clock(trouble.at, &state.zone)),
        Cell::new(trouble.what.replace('_', " "), tone),
        Cell::plain(trouble.who.as_str()),
        Cell::faint(trouble.why.as_str()),
    ]
}

fn of_line(state: &State, line: &LogLine) -> Vec<Cell> {
    let tone = match level(line) {
        Tone::Faint if line.level == "info" => Tone::Plain,
        tone => tone,
    };
    let target = line.target.split("::").next().unwrap_or_default();
    vec![
        Cell::faint(words::clock(line.at, &state.zone)),
        Cell::new(
            line.level.as_str(),
            if tone == Tone::Plain {
                Tone::Faint
            } else {
                tone
            },
        ),
        Cell::faint(target),
        Cell::new(line.message.as_str(), tone),
    ]
}

/// The tone of a line of the log, as far as it matters.
pub(super) fn level(line: &LogLine) -> Tone {
    match line.level.as_str() {
        "error" => Tone::Bad,
        "warn" => Tone::Warn,
        _ => Tone::Faint,
    }
}

fn of_millis(ms: Option<u64>) -> Cell {
    ms.map_or_else(Cell::default, |ms| Cell::plain(words::millis(ms)))
}

fn tokens(count: u64) -> Cell {
    match count {
        0 => Cell::default(),
        count => Cell::plain(short(count)),
    }
}

fn percent(rate: Option<f64>) -> Cell {
    let Some(rate) = rate else {
        return Cell::default();
    };
    let tone = match rate {
        ..0.8 => Tone::Bad,
        0.8..0.95 => Tone::Warn,
        _ => Tone::Plain,
    };
    Cell::new(format!("{:.0}%", rate * 100.0), tone)
}

/// How long a provider rests, else the model of it that is back first.
pub(super) fn rest(
    until: Option<Timestamp>,
    models: &[ModelRest],
    now: Timestamp,
) -> Option<String> {
    let first = models.iter().map(|model| model.until).min();
    words::until(until.or(first)?, now)
}
