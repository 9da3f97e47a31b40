//! Columns that line up, by the width of what the terminal shows and not by the count of letters. Pure.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::screen::Tone;
use crate::top::look::Look;

/// How wide a column is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Width {
    /// Always so wide, so that figures that come and go move nothing.
    Fixed(usize),
    /// As wide as its widest text, up to a bound.
    Fit(usize),
    /// What is left, at least so much.
    Rest(usize),
}

/// A column. Where there is no room for all, those of the highest rank are left out first; rank 0 stays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) width: Width,
    pub(super) right: bool,
    pub(super) rank: u8,
}

/// A column of text.
pub(super) const fn left(title: &'static str, width: Width, rank: u8) -> Column {
    Column {
        title,
        width,
        right: false,
        rank,
    }
}

/// A column of figures.
pub(super) const fn right(title: &'static str, width: usize, rank: u8) -> Column {
    Column {
        title,
        width: Width::Fixed(width),
        right: true,
        rank,
    }
}

/// Text with its meaning.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }

    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Plain)
    }

    pub(super) fn faint(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Faint)
    }
}

/// A head and rows under it. A table without titles has no head.
#[derive(Debug)]
pub(super) struct Grid<'a> {
    pub(super) columns: &'a [Column],
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Grid<'_> {
    /// The head and the rows as lines of `width`; the row `picked` is marked over its whole width.
    pub(super) fn lines(
        &self,
        width: usize,
        picked: Option<usize>,
        look: Look,
    ) -> (Line<'static>, Vec<Line<'static>>) {
        let widths = self.widths(width);
        let titles: Vec<Cell> = self
            .columns
            .iter()
            .map(|column| Cell::faint(column.title))
            .collect();
        let rows = self.rows.iter().enumerate();
        let rows = rows.map(|(place, row)| {
            let is_picked = picked == Some(place);
            self.line(row, &widths, width, is_picked, look)
        });
        (
            self.line(&titles, &widths, width, false, look),
            rows.collect(),
        )
    }

    fn line(
        &self,
        row: &[Cell],
        widths: &[Option<usize>],
        width: usize,
        picked: bool,
        look: Look,
    ) -> Line<'static> {
        let mut spans = vec![Span::raw(" ")];
        let mut used = 1;
        for ((column, cell), room) in self.columns.iter().zip(row).zip(widths) {
            let Some(room) = *room else { continue };
            let text = cut(&cell.text, room, look);
            let gap = " ".repeat(room - text.width());
            let style = if picked {
                Style::new()
            } else {
                look.style(cell.tone)
            };
            used += room + 1;
            let [before, behind] = if column.right {
                [gap, String::new()]
            } else {
                [String::new(), gap]
            };
            spans.push(Span::raw(before));
            spans.push(Span::styled(text, style));
            spans.push(Span::raw(behind + " "));
        }
        spans.push(Span::raw(" ".repeat(width.saturating_sub(used))));
        let line = Line::from(spans);
        if picked {
            line.style(Look::picked())
        } else {
            line
        }
    }

    /// The width of each column, `None` for those that are left out.
    fn widths(&self, width: usize) -> Vec<Option<usize>> {
        let wanted: Vec<usize> = (0..self.columns.len())
            .map(|place| self.wanted(place))
            .collect();
        let mut widths: Vec<Option<usize>> = wanted.iter().copied().map(Some).collect();
        let sum = |widths: &[Option<usize>]| -> usize {
            1 + widths
                .iter()
                .flatten()
                .map(|width| width + 1)
                .sum::<usize>()
        };
        while sum(&widths) > width {
            let shown = (0..widths.len()).filter(|place| widths[*place].is_some());
            let last = shown.max_by_key(|place| self.columns[*place].rank);
            match last.filter(|place| self.columns[*place].rank > 0) {
                Some(place) => widths[place] = None,
                None => break,
            }
        }
        let spare = width.saturating_sub(sum(&widths));
        let is_rest = |place: &usize| matches!(self.columns[*place].width, Width::Rest(_));
        let mut places = 0..widths.len();
        if let Some(place) = places.rfind(|place| widths[*place].is_some() && is_rest(place)) {
            widths[place] = widths[place].map(|width| width + spare);
        }
        widths
    }

    fn wanted(&self, place: usize) -> usize {
        match self.columns[place].width {
            Width::Fixed(width) | Width::Rest(width) => width,
            Width::Fit(most) => {
                let texts = self.rows.iter().filter_map(|row| row.get(place));
                let widest = texts.map(|cell| cell.text.width()).max().unwrap_or(0);
                widest.max(self.columns[place].title.width()).min(most)
            }
        }
    }
}

/// As much of a text as fits, with a sign at the end where that is not all. Control characters are blanks.
pub(super) fn cut(text: &str, room: usize, look: Look) -> String {
    let text: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if text.width() <= room {
        return text;
    }
    let mut kept = String::new();
    let mut used = 0;
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used + 1 > room {
            break;
        }
        kept.push(letter);
    }
    if room > 0 {
        kept.push_str(look.dots());
    }
    kept
}

/// A text broken at blanks into lines of at most `room`; a longer word is broken too.
pub(super) fn wrapped(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let fits = |line: &&mut String| line.width() + 1 + word.width() <= room;
        if let Some(line) = lines.last_mut().filter(fits) {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        let mut piece = String::new();
        for letter in word.chars() {
            if piece.width() + letter.width().unwrap_or(0) > room {
                lines.push(std::mem::take(&mut piece));
            }
            piece.push(letter);
        }
        lines.push(piece);
    }
    lines
}
