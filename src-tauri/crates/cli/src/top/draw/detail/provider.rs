//! A provider in full: what the config says, how it fares, and its latest requests.

use ratatui::text::{Line, Span};
use serde_json::Value;

use super::Sheet;
use crate::figure::failure;
use crate::screen::Tone;
use crate::top::draw::grid::Grid;
use crate::top::draw::{panes, words};
use crate::top::look::Look;
use crate::top::rows::{Pane, Row};
use crate::top::state::State;

/// Requests that are listed.
const LATEST: usize = 20;

pub(super) fn lines(state: &State, name: &str, look: Look, width: usize) -> Vec<Line<'static>> {
    let found = state.facts.providers.iter().find(|one| one.name == name);
    let Some(provider) = found else {
        let mut sheet = Sheet::new(name, &[], look, width);
        sheet.fact("gone", "the config has it no more", Tone::Warn);
        return sheet.lines;
    };
    let (sign, word, tone) = look.standing(provider.health, provider.lacks.as_deref());
    let health = Span::styled(format!("{sign} {word}"), look.style(tone));
    let mut sheet = Sheet::new(name, &[health], look, width);
    if let Some(until) = provider.cooling_until
        && let Some(left) = words::until(until, state.now)
    {
        let at = words::clock(until, &state.zone);
        sheet.fact("rests", &format!("for {left}, until {at}"), Tone::Warn);
    }
    for rest in &provider.resting {
        if let Some(left) = words::until(rest.until, state.now) {
            let at = words::clock(rest.until, &state.zone);
            let told = format!("{} for {left}, until {at}", rest.model);
            sheet.fact("rests", &told, Tone::Warn);
        }
    }
    sheet.fact(
        "off",
        provider.lacks.as_deref().unwrap_or_default(),
        Tone::Warn,
    );
    let error = provider.last_error.as_deref().map(failure);
    sheet.fact("last error", &error.unwrap_or_default(), Tone::Bad);
    let latencies = state.facts.latencies(name);
    if let Some(ttft) = provider.ttft_ms {
        let spark = look.spark(&latencies);
        sheet.fact(
            "first token",
            &format!("{}  {spark}", words::millis(ttft)),
            Tone::Plain,
        );
    }
    if let Some(rate) = provider.success_rate {
        sheet.fact(
            "went well",
            &format!("{:.0} % of recent attempts", rate * 100.0),
            Tone::Plain,
        );
    }
    if let Some(ahead) = &provider.forecast {
        let at = words::ahead(ahead.at, state.now, &state.zone);
        let what = ahead.what.replace('_', " ");
        sheet.fact("limit ahead", &format!("{what} at {at}"), Tone::Warn);
    }
    sheet.fact("limits", &limits(&provider.limits), Tone::Plain);
    sheet.fact("dialect", &provider.dialect, Tone::Plain);
    sheet.fact("base URL", &provider.base_url, Tone::Plain);
    sheet.fact("keys", &provider.keys.to_string(), Tone::Plain);
    sheet.fact("groups", &provider.groups.join(", "), Tone::Plain);
    let models = &provider.models;
    for (tier, names) in [
        ("big", &models.big),
        ("middle", &models.middle),
        ("small", &models.small),
    ] {
        sheet.fact(tier, &names.join(", "), Tone::Plain);
    }
    requests(state, name, &mut sheet);
    sheet.lines
}

fn limits(limits: &Value) -> String {
    let named = [
        ("rpm", "requests a minute"),
        ("tpm", "tokens a minute"),
        ("concurrency", "at once"),
    ];
    let told = named.into_iter().filter_map(|(field, unit)| {
        let limit = limits.get(field).and_then(Value::as_u64)?;
        Some(format!("{limit} {unit}"))
    });
    told.collect::<Vec<_>>().join(", ")
}

fn requests(state: &State, name: &str, sheet: &mut Sheet) {
    let is_its = |row: &&daemon::view::Request| row.provider.as_deref() == Some(name);
    let rows = state.facts.requests.iter().filter(is_its).take(LATEST);
    let grid = Grid {
        columns: panes::columns_of(Pane::Requests),
        rows: rows
            .map(|row| panes::cells(state, &Row::Request(row), sheet.look))
            .collect(),
    };
    if grid.rows.is_empty() {
        return;
    }
    sheet.heading("Its latest requests");
    let (head, body) = grid.lines(sheet.width, None, sheet.look);
    sheet.lines.push(head);
    sheet.lines.extend(body);
}
