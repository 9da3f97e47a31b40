//! The interface as a picture: a function of the state alone, drawn anew as a whole each time.

mod detail;
mod fold;
mod footer;
mod grid;
mod header;
mod help;
mod panes;
mod words;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::look::Look;
use super::rows::Pane;
use super::state::{Input, State};
use crate::screen::Tone;

/// Below this the interface says that it needs more.
const LEAST: (u16, u16) = (40, 10);

/// Draws everything, what others named in letters that the terminal does not have included.
pub(crate) fn draw(state: &State, look: Look, frame: &mut Frame<'_>) {
    draw_all(state, look, frame);
    if !look.unicode {
        for cell in &mut frame.buffer_mut().content {
            let plain = match cell.symbol() {
                symbol if symbol.is_ascii() => continue,
                "…" => "~",
                "→" => ">",
                "·" | "–" | "—" => "-",
                _ => "?",
            };
            cell.set_symbol(plain);
        }
    }
}

fn draw_all(state: &State, look: Look, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let told = format!("at least {} x {} is needed", LEAST.0, LEAST.1);
        frame.render_widget(Line::raw(told), area);
        return;
    }
    let head = header::lines(state, look, area);
    let last = footer::lines(state, look, area.width.into());
    let (top, body, foot) = split(area, head.len() as u16, last.len() as u16);
    put(frame, top, head);
    match (&state.input, state.help, &state.detail) {
        (Input::Choose { .. }, ..) => put(frame, body, footer::choice(state, look, body)),
        (_, Some(scroll), _) => scrolled(frame, body, help::lines(look, body.width.into()), scroll),
        (_, None, Some(detail)) => {
            let lines = detail::lines(state, &detail.of, look, body.width.into());
            scrolled(frame, body, lines, detail.scroll);
        }
        (_, None, None) => draw_panes(state, look, frame, body),
    }
    put(frame, foot, last);
}

/// How many lines of what is shown in full can be above the screen.
pub(crate) fn overflow(state: &State, look: Look, area: Rect) -> usize {
    let width = area.width.into();
    let head = header::lines(state, look, area).len() as u16;
    let foot = footer::lines(state, look, width).len() as u16;
    let (_, body, _) = split(area, head, foot);
    let lines = match (state.help, &state.detail) {
        (Some(_), _) => help::lines(look, width).len(),
        (None, Some(detail)) => detail::lines(state, &detail.of, look, width).len(),
        (None, None) => 0,
    };
    lines.saturating_sub(body.height.into())
}

fn split(area: Rect, head: u16, foot: u16) -> (Rect, Rect, Rect) {
    let foot = foot.min(area.height);
    let body = area.height.saturating_sub(head + foot);
    (
        Rect::new(area.x, area.y, area.width, head),
        Rect::new(area.x, area.y + head, area.width, body),
        Rect::new(area.x, area.bottom() - foot, area.width, foot),
    )
}

fn draw_panes(state: &State, look: Look, frame: &mut Frame<'_>, body: Rect) {
    let wants = |pane: Pane| {
        let rows = state.rows(pane).len() as u16;
        // A filter that finds nothing says so.
        let is_told = !state.panes[pane.index()].filter.is_empty() || pane == Pane::Requests;
        match rows {
            0 if is_told => 2,
            0 => 0,
            rows => rows.saturating_add(u16::from(panes::has_head(pane))),
        }
    };
    for (pane, place) in fold::places(body, state.focus, wants) {
        let lines = panes::lines(state, pane, look, place.width.into(), place.height.into());
        put(frame, place, lines);
    }
}

/// The title of a part of the screen: a rule with words on it, at its left what it is, at its right how it is.
fn rule(
    title: &str,
    told: &[Span<'static>],
    width: usize,
    focused: bool,
    look: Look,
) -> Line<'static> {
    let (stroke, style) = if focused {
        (look.sign("━", "="), look.accent())
    } else {
        (look.sign("─", "-"), look.style(Tone::Faint))
    };
    let name = if focused {
        look.accent()
    } else {
        look.style(Tone::Strong)
    };
    let title = grid::cut(title, width.saturating_sub(6), look);
    let mut spans = vec![
        Span::styled(format!("{stroke} "), style),
        Span::styled(title, name),
        Span::raw(" "),
    ];
    let used = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    for word in told {
        let room = width.saturating_sub(used(&spans) + 2);
        if room > 3 {
            let text = grid::cut(&word.content, room, look);
            spans.push(Span::styled(text, word.style));
            spans.push(Span::raw(" "));
        }
    }
    let rest = width.saturating_sub(used(&spans));
    spans.push(Span::styled(stroke.repeat(rest), style));
    Line::from(spans)
}

fn put(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    for (place, line) in area.rows().zip(lines) {
        frame.render_widget(line, place);
    }
}

/// Lines from `scroll` on, with a mark in the corner where there are more.
fn scrolled(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>, scroll: usize) {
    let more = lines.len().saturating_sub(area.height.into());
    let from = scroll.min(more);
    put(frame, area, lines.into_iter().skip(from).collect());
    if let Some(percent) = (from * 100).checked_div(more) {
        let told = format!(" {percent}% ");
        let width = told.len() as u16;
        let corner = Rect::new(area.right().saturating_sub(width + 1), area.y, width, 1);
        frame.render_widget(Line::raw(told), corner);
    }
}
