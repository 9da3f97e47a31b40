//! The panes: a title, a head, and the rows around the picked one.

mod columns;

use daemon::view::Provider;
use ratatui::text::{Line, Span};

use super::grid::{self, Grid};
use super::{rule, words};
use crate::figure::counted;
use crate::screen::Tone;
use crate::top::facts::under_way;
use crate::top::look::Look;
use crate::top::rows::{Pane, Row};
use crate::top::state::{Input, State};

pub(super) use self::columns::{cells, of as columns_of};

/// Whether a head stands above the rows; groups are told apart by their own lines, and a log explains itself.
pub(super) const fn has_head(pane: Pane) -> bool {
    !matches!(pane, Pane::Groups | Pane::Log)
}

/// A pane in so much room; in one line it is its title.
pub(super) fn lines(
    state: &State,
    pane: Pane,
    look: Look,
    width: usize,
    height: usize,
) -> Vec<Line<'static>> {
    let rows = state.rows(pane);
    let focused = state.focus == pane;
    let picked = state.picked(pane, &rows);
    let head = usize::from(has_head(pane));
    let room = height.saturating_sub(1 + head);
    let mut told = told(state, pane, &rows, height == 1, look);
    if rows.len() > room && focused {
        let place = format!("{}/{}", picked + 1, rows.len());
        told.push(Span::styled(place, look.style(Tone::Faint)));
    }
    let title = format!("{} {}", pane.index() + 1, pane.title());
    let mut lines = vec![rule(&title, &told, width, focused, look)];
    if rows.is_empty() {
        let empty = grid::cut(&format!(" {}", empty(state, pane)), width, look);
        lines.push(Line::styled(empty, look.style(Tone::Faint)));
        return lines;
    }
    // The picked row stays on the screen with, where there is room, two more below it.
    let below = 2.min(room.saturating_sub(1));
    let last = rows.len().saturating_sub(room);
    let from = (picked + below + 1).saturating_sub(room).min(last);
    let shown: Vec<Row<'_>> = rows.iter().copied().skip(from).take(room).collect();
    let grid = Grid {
        columns: columns_of(pane),
        rows: shown.iter().map(|row| cells(state, row, look)).collect(),
    };
    let marked = focused.then(|| picked.saturating_sub(from));
    let (titles, body) = grid.lines(width, marked, look);
    if has_head(pane) {
        lines.push(titles);
    }
    lines.extend(body);
    lines
}

/// What is said beside the title: how the pane is as a whole, and its filter.
fn told(
    state: &State,
    pane: Pane,
    rows: &[Row<'_>],
    folded: bool,
    look: Look,
) -> Vec<Span<'static>> {
    let mut told = Vec::new();
    let browse = &state.panes[pane.index()];
    let is_typed = state.focus == pane && matches!(state.input, Input::Filter);
    if is_typed || !browse.filter.is_empty() {
        let cursor = if is_typed { look.sign("▏", "_") } else { "" };
        let filter = format!("/{}{cursor}", browse.filter);
        told.push(Span::styled(filter, look.style(Tone::Warn)));
    }
    let (tone, text) = match rows.first() {
        Some(newest) if folded => folded_up(state, newest, rows, look),
        _ => None,
    }
    .unwrap_or_else(|| summary(state, pane, rows, look));
    told.push(Span::styled(text, look.style(tone)));
    told
}

fn summary(state: &State, pane: Pane, rows: &[Row<'_>], look: Look) -> (Tone, String) {
    match pane {
        Pane::Groups => {
            let active = state.facts.groups.iter().find(|group| group.active);
            let text = active.map_or_else(
                || "none".to_owned(),
                |group| {
                    let (_, word, _) = look.group(group.state, false);
                    format!("{} {word}", group.name)
                },
            );
            (Tone::Faint, text)
        }
        Pane::Providers => match rows.iter().filter_map(|row| is_ill(row, look)).count() {
            0 if rows.is_empty() => (Tone::Faint, "none".to_owned()),
            0 => (Tone::Faint, "all well".to_owned()),
            ill => (Tone::Warn, format!("{ill} of {} unwell", rows.len())),
        },
        Pane::Requests => {
            let is_running = |row: &&Row<'_>| matches!(row, Row::Request(one) if under_way(one));
            let running = rows.iter().filter(is_running).count();
            (Tone::Faint, format!("{running} running"))
        }
        Pane::Waiting => match rows.len() {
            0 => (Tone::Faint, "none".to_owned()),
            count => (Tone::Warn, counted(count as u64, "request")),
        },
        Pane::Troubles | Pane::Log => match rows.len() {
            0 => (Tone::Faint, "none".to_owned()),
            count => (Tone::Faint, count.to_string()),
        },
    }
}

/// What a folded pane says of its rows, where there is more to say than how many they are.
fn folded_up(
    state: &State,
    newest: &Row<'_>,
    rows: &[Row<'_>],
    look: Look,
) -> Option<(Tone, String)> {
    match newest {
        Row::Provider(_) => {
            let ill: Vec<String> = rows
                .iter()
                .filter_map(|row| is_ill(row, look))
                .map(|(sign, provider)| match rest(provider, state) {
                    Some(left) => format!("{sign} {} {left}", provider.name),
                    None => format!("{sign} {}", provider.name),
                })
                .collect();
            (!ill.is_empty()).then(|| (Tone::Warn, ill.join("  ")))
        }
        Row::Trouble(trouble) => {
            let at = words::clock(trouble.at, &state.zone);
            let what = trouble.what.replace('_', " ");
            Some((Tone::Warn, format!("{at} {what}: {}", trouble.who)))
        }
        Row::Line(line) => Some((columns::level(line), line.message.clone())),
        _ => None,
    }
}

/// A provider that is not well, and the sign of how it is.
fn is_ill<'a>(row: &Row<'a>, look: Look) -> Option<(&'static str, &'a Provider)> {
    let Row::Provider(provider) = row else {
        return None;
    };
    let (sign, _, tone) = look.standing(provider.health, provider.lacks.as_deref());
    matches!(tone, Tone::Bad | Tone::Warn).then_some((sign, *provider))
}

fn rest(provider: &Provider, state: &State) -> Option<String> {
    columns::rest(provider.cooling_until, &provider.resting, state.now)
}

fn empty(state: &State, pane: Pane) -> String {
    if !state.panes[pane.index()].filter.is_empty() {
        return "nothing fits the filter; esc takes it away".to_owned();
    }
    let text = match pane {
        Pane::Groups => "the config has no group",
        Pane::Providers => "the config has no provider",
        Pane::Requests => {
            let program = daemon::program();
            return format!(
                "no request came yet: `{program} connect claude-code` points Claude Code here"
            );
        }
        Pane::Waiting => "no request waits",
        Pane::Troubles => "nothing failed",
        Pane::Log => "the log has no line yet",
    };
    text.to_owned()
}
