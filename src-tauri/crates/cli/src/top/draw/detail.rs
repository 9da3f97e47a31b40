//! One thing in full: a request with its life so far, a provider, a failure, a line of the log.

mod provider;
mod request;

use ratatui::text::{Line, Span};

use super::grid::{cut, wrapped};
use super::{rule, words};
use crate::screen::Tone;
use crate::top::look::Look;
use crate::top::state::{State, Subject};

/// Columns of the facts' names.
const NAMES: usize = 14;

pub(super) fn lines(
    state: &State,
    subject: &Subject,
    look: Look,
    width: usize,
) -> Vec<Line<'static>> {
    match subject {
        Subject::Request(followed) => request::lines(state, followed, look, width),
        Subject::Provider(name) => provider::lines(state, name, look, width),
        Subject::Trouble(trouble) => {
            let mut sheet = Sheet::new(&trouble.what.replace('-', " "), &[], look, width);
            sheet.fact("at", &words::moment(trouble.at, &state.zone), Tone::Plain);
            sheet.fact("what", &trouble.who, Tone::Plain);
            sheet.fact("why", &trouble.why, Tone::Plain);
            sheet.lines
        }
        Subject::Line(line) => {
            let mut sheet = Sheet::new("Line of the log", &[], look, width);
            sheet.fact("at", &words::moment(line.at, &state.zone), Tone::Plain);
            sheet.fact("level", &line.level, Tone::Plain);
            sheet.fact("from", &line.target, Tone::Faint);
            sheet.fact("message", &line.message, Tone::Plain);
            for (name, value) in &line.fields {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                sheet.fact(name, &text, Tone::Plain);
            }
            sheet.lines
        }
    }
}

/// A sheet being written: a title, facts, tables.
struct Sheet {
    lines: Vec<Line<'static>>,
    look: Look,
    width: usize,
}

impl Sheet {
    fn new(title: &str, told: &[Span<'static>], look: Look, width: usize) -> Self {
        Self {
            lines: vec![rule(title, told, width, true, look)],
            look,
            width,
        }
    }

    /// A name and a value, wrapped; nothing where there is no value.
    fn fact(&mut self, name: &str, value: &str, tone: Tone) {
        if value.is_empty() || value == "-" {
            return;
        }
        let room = self.width.saturating_sub(NAMES + 2);
        for (place, piece) in wrapped(value, room).into_iter().enumerate() {
            let name = if place == 0 { name } else { "" };
            let name = format!(" {:<NAMES$}", cut(name, NAMES, self.look));
            self.lines.push(Line::from(vec![
                Span::styled(name, self.look.style(Tone::Faint)),
                Span::styled(piece, self.look.style(tone)),
            ]));
        }
    }

    fn heading(&mut self, title: &str) {
        self.lines.push(Line::default());
        self.lines
            .push(rule(title, &[], self.width, false, self.look));
    }
}
