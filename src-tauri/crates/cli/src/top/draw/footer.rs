//! The last line: a question, how something went, or the keys that matter here. And the choice of a place.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::grid::{Cell, Column, Grid, Width, cut, left, wrapped};
use super::rule;
use crate::screen::Tone;
use crate::top::act::Place;
use crate::top::keys::Context;
use crate::top::look::Look;
use crate::top::rows::Pane;
use crate::top::state::{Input, Mood, State};
use crate::top::steps::UNCLEAR;

/// A key and what it does, in a word.
type Hint = (&'static str, &'static str);

/// Lines that how something went may take.
const MOST: usize = 4;

pub(super) fn lines(state: &State, look: Look, width: usize) -> Vec<Line<'static>> {
    if let Some(question) = state.input.question() {
        return vec![asked(state, &question, look, width)];
    }
    if let (Some(said), Input::None) = (state.said(), &state.input) {
        let (sign, tone) = match said.mood {
            Mood::Busy => (look.sign("◌", ".."), Tone::Faint),
            Mood::Good => (look.sign("✓", "ok:"), Tone::Good),
            Mood::Bad => (look.sign("✗", "no:"), Tone::Bad),
        };
        let mut lines = wrapped(&format!("{sign} {}", said.text), width.saturating_sub(1));
        if lines.len() > MOST {
            let rest = lines.split_off(MOST - 1).join(" ");
            lines.push(cut(&rest, width.saturating_sub(1), look));
        }
        let lines = lines.into_iter();
        return lines
            .map(|line| Line::styled(format!(" {line}"), look.style(tone)))
            .collect();
    }
    vec![Line::from(hints(&fitting(state), look, width))]
}

/// A question with its answers; they stand out once another key was tried.
fn asked(state: &State, question: &str, look: Look, width: usize) -> Line<'static> {
    let question = format!(" {question} ");
    let room = width.saturating_sub(14);
    let mut spans = vec![Span::styled(
        cut(&question, room, look),
        look.style(Tone::Warn),
    )];
    if state.said().is_some_and(|said| said.text == UNCLEAR) {
        spans.push(Span::styled(format!(" {UNCLEAR}"), look.style(Tone::Bad)));
    } else {
        spans.extend(hints(&[("y", "yes"), ("n", "no")], look, 14));
    }
    Line::from(spans)
}

fn fitting(state: &State) -> Vec<Hint> {
    let own: &[Hint] = match state.context() {
        Context::Filter => {
            return vec![("enter", "keep"), ("esc", "no filter"), ("ctrl-u", "empty")];
        }
        Context::Choice => {
            return vec![
                ("j k", "choose"),
                ("enter", "send it there"),
                ("esc", "leave it"),
            ];
        }
        Context::Help => return vec![("j k", "scroll"), ("esc", "close")],
        Context::Detail => return vec![("esc", "back"), ("j k", "scroll"), ("?", "help")],
        Context::Question => &[],
        Context::Panes => match state.focus {
            Pane::Groups if is_on_member(state) => &[
                ("a", "use"),
                ("p", "pause"),
                ("K J", "order"),
                ("t", "test"),
            ],
            Pane::Groups => &[("a", "use"), ("p", "pause"), ("j", "to its members")],
            Pane::Providers => &[
                ("enter", "detail"),
                ("e d", "on off"),
                ("t", "test"),
                ("c", "clear rests"),
            ],
            Pane::Waiting => &[
                ("r", "release"),
                ("o", "redirect"),
                ("f", "fail"),
                ("enter", "detail"),
            ],
            Pane::Requests => &[("enter", "follow"), ("g", "newest")],
            Pane::Troubles | Pane::Log => &[("enter", "detail"), ("g", "newest")],
        },
    };
    let everywhere = [
        ("?", "help"),
        ("q", "quit"),
        ("/", "filter"),
        ("tab", "next pane"),
        ("m", "auto/manual"),
    ];
    own.iter().copied().chain(everywhere).collect()
}

/// Whether the picked row of a group is one of its providers.
fn is_on_member(state: &State) -> bool {
    let rows = state.rows(Pane::Groups);
    let row = rows.get(state.picked(Pane::Groups, &rows));
    row.is_some_and(|row| row.provider().is_some())
}

/// As many hints as fit.
fn hints(hints: &[Hint], look: Look, width: usize) -> Vec<Span<'static>> {
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for (key, told) in hints {
        let told = format!(" {told}  ");
        used += key.len() + told.len();
        if used > width + 2 {
            break;
        }
        spans.push(Span::styled(*key, look.accent()));
        spans.push(Span::styled(told, look.style(Tone::Faint)));
    }
    spans
}

const PLACES: &[Column] = &[
    left("", Width::Fit(10), 0),
    left("", Width::Fit(40), 0),
    left("", Width::Rest(1), 0),
];

/// The places that a waiting request can be sent to.
pub(super) fn choice(state: &State, look: Look, body: Rect) -> Vec<Line<'static>> {
    let Input::Choose {
        request,
        places,
        at,
    } = &state.input
    else {
        return Vec::new();
    };
    let width = body.width.into();
    let rows: Vec<Vec<Cell>> = places
        .iter()
        .map(|place| of_place(state, place, look))
        .collect();
    let room = usize::from(body.height).saturating_sub(1);
    let from = (at + 1).saturating_sub(room);
    let grid = Grid {
        columns: PLACES,
        rows: rows.into_iter().skip(from).take(room).collect(),
    };
    let mut lines = vec![rule(
        &format!("Where shall {request} go?"),
        &[],
        width,
        true,
        look,
    )];
    lines.extend(grid.lines(width, Some(at - from), look).1);
    lines
}

fn of_place(state: &State, place: &Place, look: Look) -> Vec<Cell> {
    match place {
        Place::Group(name) => {
            let group = state.facts.groups.iter().find(|group| group.name == *name);
            let told = group.map(|group| look.group(group.state, group.active));
            let (_, word, tone) = told.unwrap_or_default();
            vec![
                Cell::faint("group"),
                Cell::plain(name.as_str()),
                Cell::new(word, tone),
            ]
        }
        Place::Provider(name) => {
            let provider = state.facts.providers.iter().find(|one| one.name == *name);
            let (sign, word, tone) = provider
                .map(|one| look.standing(one.health, one.lacks.as_deref()))
                .unwrap_or_default();
            vec![
                Cell::faint("provider"),
                Cell::plain(name.as_str()),
                Cell::new(format!("{sign} {word}"), tone),
            ]
        }
    }
}
