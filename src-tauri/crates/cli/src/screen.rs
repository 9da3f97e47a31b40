//! What a person reads: aligned tables and lines, coloured only on a terminal. Never decides anything.

use std::io::{self, IsTerminal, Write};

/// Columns of a terminal that does not tell how many it has.
const WIDTH: usize = 80;
/// Columns that the last column of a table has at least, however narrow the terminal is.
const LEAST: usize = 24;
/// Columns that any other text keeps when it is cut.
const SHORTEST: usize = 10;

/// What a piece of text means, so that colour follows meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Good,
    Warn,
    Bad,
    Faint,
    Strong,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "\u{1b}[32m",
            Self::Warn => "\u{1b}[33m",
            Self::Bad => "\u{1b}[31m",
            Self::Faint => "\u{1b}[2m",
            Self::Strong => "\u{1b}[1m",
        }
    }

    /// `text` with this tone.
    pub(crate) fn painted(self, text: &str) -> String {
        match self.code() {
            "" => text.to_owned(),
            code => format!("{code}{text}\u{1b}[0m"),
        }
    }

    /// The tone of a word of the ledger or of the board: a state, a status, a verdict.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "active" | "healthy" | "completed" | "ok" => Self::Good,
            "degraded" | "half_open" | "cooling" | "paused" | "retrying" | "suspended"
            | "streaming" | "forwarding" | "pending" | "cancelled" => Self::Warn,
            "open" | "failed" | "auth" | "client-fault" | "next-provider" | "next-key"
            | "retry-same" => Self::Bad,
            "standby" | "unknown" | "disabled" | "-" => Self::Faint,
            _ => Self::Plain,
        }
    }
}

/// Text with its meaning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }

    /// A word that carries its own tone. For people, what cools down rests.
    pub(crate) fn word(word: &str) -> Self {
        let told = if word == "cooling" { "resting" } else { word };
        Self::new(told, Tone::of(word))
    }

    fn length(&self) -> usize {
        self.text.chars().count()
    }

    /// The first `room` characters, the last of which tells that there are more.
    fn cut(&self, room: usize) -> Self {
        if self.text.chars().count() <= room {
            return self.clone();
        }
        let mut text: String = self.text.chars().take(room.saturating_sub(1)).collect();
        text.push('…');
        Self::new(text, self.tone)
    }

    /// Pieces of at most `room` characters, broken at blanks; a longer word stays whole.
    fn wrapped(&self, room: usize) -> Vec<Self> {
        if self.text.chars().count() <= room {
            return vec![self.clone()];
        }
        let mut pieces: Vec<String> = Vec::new();
        for word in self.text.split_whitespace() {
            match pieces.last_mut() {
                Some(piece) if piece.chars().count() + 1 + word.chars().count() <= room => {
                    piece.push(' ');
                    piece.push_str(word);
                }
                _ => pieces.push(word.to_owned()),
            }
        }
        pieces
            .into_iter()
            .map(|piece| Self::new(piece, self.tone))
            .collect()
    }

    fn painted(&self, width: usize, right: bool) -> String {
        let gap = " ".repeat(width.saturating_sub(self.text.chars().count()));
        let text = self.tone.painted(&self.text);
        if right { gap + &text } else { text + &gap }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(text, Tone::Plain)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// Rows under a head. A heading that begins with `>` makes its column right-aligned.
///
/// On a terminal that is too narrow, columns in which nothing is said are left out first, then those that the table can
/// spare; then texts are cut, the longest first. The last column's are wrapped if the table is the place to read them.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    wraps: bool,
    spare: &'static [&'static str],
}

impl Table {
    pub(crate) fn new(head: &[&'static str]) -> Self {
        Self {
            head: head.to_vec(),
            rows: Vec::new(),
            wraps: false,
            spare: &[],
        }
    }

    /// The table, with the headings of columns that may be left out where there is no room, the first first.
    pub(crate) fn sparing(self, spare: &'static [&'static str]) -> Self {
        Self { spare, ..self }
    }

    /// The table, with the last column wrapped where it does not fit.
    pub(crate) fn wrapping(self) -> Self {
        Self {
            wraps: true,
            ..self
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.head.len());
        self.rows.push(cells);
    }

    /// The lines of the table, coloured, without trailing blanks; `within` so many columns if they are known.
    pub(crate) fn lines(&self, within: Option<usize>) -> Vec<String> {
        let narrowed = within.map(|columns| self.narrowed(columns));
        let table = narrowed.as_ref().unwrap_or(self);
        let widths = table.widths();
        std::iter::once(&table.titles())
            .chain(&table.rows)
            .flat_map(|row| table.row_lines(row, &widths, within))
            .collect()
    }

    fn titles(&self) -> Vec<Cell> {
        let titles = self.head.iter().map(|title| title.trim_start_matches('>'));
        titles.map(|title| Cell::new(title, Tone::Faint)).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let titles = self.titles();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let lengths = cells.chain(titles.get(column)).map(Cell::length);
            lengths.max().unwrap_or(0)
        };
        (0..self.head.len()).map(width).collect()
    }

    /// How many columns of the screen it takes. Text of the last column that goes on below or is cut counts as the least.
    fn taken(&self) -> usize {
        let mut widths = self.widths();
        if let Some(last) = widths
            .last_mut()
            .filter(|_| !self.stands_right(self.head.len() - 1))
        {
            *last = (*last).min(LEAST);
        }
        widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1)
    }

    fn narrowed(&self, within: usize) -> Self {
        let mut table = self.clone();
        let says_nothing = |table: &Self, column: usize| {
            let mut cells = table.rows.iter().filter_map(|row| row.get(column));
            cells.all(|cell| matches!(cell.text.as_str(), "" | "-"))
        };
        // The first column is what the row is about.
        for column in (1..table.head.len()).rev() {
            if table.taken() > within && says_nothing(&table, column) {
                table.leave_out(column);
            }
        }
        for spare in self.spare {
            let at = table
                .head
                .iter()
                .position(|title| title.trim_start_matches('>') == *spare);
            if let Some(column) = at.filter(|_| table.taken() > within) {
                table.leave_out(column);
            }
        }
        table.cut_to(within);
        table
    }

    fn leave_out(&mut self, column: usize) {
        self.head.remove(column);
        for row in &mut self.rows {
            row.remove(column);
        }
    }

    /// Cuts the longest texts until all fits, or none can be cut any more. Figures are never cut.
    fn cut_to(&mut self, within: usize) {
        let last = self.head.len().saturating_sub(1);
        while self.taken() > within {
            let widths = self.widths();
            let texts = (0..last).filter(|column| !self.stands_right(*column));
            let Some(longest) = texts.max_by_key(|column| widths[*column]) else {
                return;
            };
            let too_much = self.taken() - within;
            let room = widths[longest].saturating_sub(too_much).max(SHORTEST);
            let title = self.head[longest].len();
            if room.max(title) >= widths[longest] {
                return;
            }
            for row in &mut self.rows {
                row[longest] = row[longest].cut(room);
            }
        }
    }

    fn row_lines(&self, row: &[Cell], widths: &[usize], within: Option<usize>) -> Vec<String> {
        let Some((end, cells)) = row.split_last() else {
            return Vec::new();
        };
        let mut line = String::new();
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            line.push_str(&cell.painted(*width, self.stands_right(column)));
            line.push_str("  ");
        }
        if self.stands_right(cells.len()) {
            let width = widths.get(cells.len()).copied().unwrap_or(0);
            return vec![line + &end.painted(width, true)];
        }
        let before: usize = widths.iter().take(cells.len()).map(|width| width + 2).sum();
        let pieces = match within.map(|columns| columns.saturating_sub(before).max(LEAST)) {
            Some(room) if self.wraps => end.wrapped(room),
            Some(room) => vec![end.cut(room)],
            None => vec![end.clone()],
        };
        let blank = " ".repeat(before);
        let starts = std::iter::once(line).chain(std::iter::repeat(blank));
        starts
            .zip(pieces)
            .map(|(start, piece)| start + &piece.painted(0, false))
            .collect()
    }

    fn stands_right(&self, column: usize) -> bool {
        let title = self.head.get(column);
        title.is_some_and(|title| title.starts_with('>'))
    }
}

/// Where the lines go. A reader that went away (`| head`) is not an error worth telling.
#[derive(Debug)]
pub(crate) struct Screen<W: Write> {
    out: W,
    columns: Option<usize>,
    /// The reader went away.
    left: bool,
}

/// The standard output of this process.
pub(crate) type Stdout = anstream::AutoStream<io::Stdout>;

/// The screen of this process: where nobody sees it, colours are taken out and nothing is cut.
pub(crate) fn stdout() -> Screen<Stdout> {
    let told = std::env::var("COLUMNS").ok();
    Screen {
        out: anstream::stdout(),
        columns: io::stdout()
            .is_terminal()
            .then(|| columns(told.as_deref(), terminal_size::terminal_size())),
        left: false,
    }
}

/// What the person says goes before what the terminal says.
fn columns(
    told: Option<&str>,
    terminal: Option<(terminal_size::Width, terminal_size::Height)>,
) -> usize {
    let told = told.and_then(|told| told.trim().parse().ok());
    let terminal = terminal.map(|(width, _)| usize::from(width.0));
    let known = told.into_iter().chain(terminal);
    known
        .into_iter()
        .find(|columns| *columns > 0)
        .unwrap_or(WIDTH)
}

impl<W: Write> Screen<W> {
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        let written = writeln!(self.out, "{}", text.as_ref());
        self.quiet(written)
    }

    /// Whether somebody reads what is told.
    pub(crate) fn is_read(&self) -> bool {
        !self.left
    }

    pub(crate) fn table(&mut self, table: &Table) -> io::Result<()> {
        let lines = table.lines(self.columns);
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// A name and its value, for lists of facts.
    pub(crate) fn fact(&mut self, name: &str, value: &Cell) -> io::Result<()> {
        if value.text.is_empty() || value.text == "-" {
            return Ok(());
        }
        let name = Cell::new(name, Tone::Faint).painted(14, false);
        let text = value.text.replace('\n', &format!("\n{:16}", ""));
        let value = Cell::new(text, value.tone);
        self.line(format!("{name}  {}", value.painted(0, false)))
    }

    pub(crate) fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        self.line(format!("{value:#}"))
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.quiet(flushed)
    }

    fn quiet(&mut self, result: io::Result<()>) -> io::Result<()> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.left = true;
                Ok(())
            }
            other => other,
        }
    }
}

#[cfg(test)]
impl Screen<Vec<u8>> {
    /// A screen that keeps what it is told, for tests.
    pub(crate) fn kept() -> Self {
        Self {
            out: Vec::new(),
            columns: None,
            left: false,
        }
    }

    /// What it was told, without colours.
    pub(crate) fn told(&self) -> String {
        anstream::adapter::strip_str(&String::from_utf8_lossy(&self.out)).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(table: &Table) -> Vec<String> {
        plain_within(table, None)
    }

    fn plain_within(table: &Table, columns: Option<usize>) -> Vec<String> {
        table
            .lines(columns)
            .iter()
            .map(|line| anstream::adapter::strip_str(line).to_string())
            .collect()
    }

    #[test]
    fn columns_line_up_and_figures_stand_right() {
        let mut table = Table::new(&["NAME", ">TOKENS", "NOTE"]);
        table.row(vec!["relay".into(), "7".into(), Cell::word("healthy")]);
        table.row(vec!["a-longer-name".into(), "12345".into(), "…a1b2".into()]);
        assert_eq!(
            plain(&table),
            [
                "NAME           TOKENS  NOTE",
                "relay               7  healthy",
                "a-longer-name   12345  …a1b2"
            ]
        );
    }

    fn with_long_text() -> Table {
        let mut table = Table::new(&[">#", "ERROR"]);
        table.row(vec!["1".into(), "a sentence that goes on and on".into()]);
        table
    }

    #[test]
    fn long_text_is_cut_to_the_terminal_and_only_there() {
        let cut = ["#  ERROR", "1  a sentence that goes on…"];
        assert_eq!(plain_within(&with_long_text(), Some(27)), cut);
        assert_eq!(plain_within(&with_long_text(), Some(5)), cut);
        assert!(plain(&with_long_text())[1].ends_with("on and on"));
    }

    #[test]
    fn wrapped_text_goes_on_below_itself_and_is_whole() {
        assert_eq!(
            plain_within(&with_long_text().wrapping(), Some(27)),
            ["#  ERROR", "1  a sentence that goes on", "   and on"]
        );
        let mut table = Table::new(&["URL"]).wrapping();
        table.row(vec!["see https://example.org/a-long-way/to-go now".into()]);
        assert_eq!(
            plain_within(&table, Some(24))[1..],
            ["see", "https://example.org/a-long-way/to-go", "now"]
        );
    }

    #[test]
    fn a_terminal_that_tells_no_width_has_one() {
        let of = |columns: u16| Some((terminal_size::Width(columns), terminal_size::Height(24)));
        assert_eq!(columns(Some("100"), of(90)), 100);
        for told in [None, Some(""), Some("0"), Some("wide")] {
            assert_eq!(columns(told, None), WIDTH);
            assert_eq!(columns(told, of(90)), 90);
            assert_eq!(columns(told, of(0)), WIDTH);
        }
    }

    #[test]
    fn a_narrow_terminal_gets_fewer_columns_and_then_shorter_texts() {
        let mut table =
            Table::new(&["NAME", "NOTHING", "ADDRESS", ">USES", "STATE"]).sparing(&["USES"]);
        let address = "https://relay.example/api";
        table.row(vec![
            "relay".into(),
            "-".into(),
            address.into(),
            "7".into(),
            "healthy".into(),
        ]);
        for (within, head, row) in [
            (
                60,
                "NAME   NOTHING  ADDRESS                    USES  STATE",
                "relay  -        https://relay.example/api     7  healthy",
            ),
            (
                50,
                "NAME   ADDRESS                    USES  STATE",
                "relay  https://relay.example/api     7  healthy",
            ),
            (
                44,
                "NAME   ADDRESS                    STATE",
                "relay  https://relay.example/api  healthy",
            ),
            (
                32,
                "NAME   ADDRESS           STATE",
                "relay  https://relay.e…  healthy",
            ),
        ] {
            let lines = plain_within(&table, Some(within));
            assert_eq!(lines, [head, row], "within {within}");
            assert!(lines.iter().all(|line| line.chars().count() <= within));
        }
    }

    #[test]
    fn what_cools_down_rests() {
        let cell = Cell::word("cooling");
        assert_eq!((cell.text.as_str(), cell.tone), ("resting", Tone::Warn));
    }

    #[test]
    fn an_empty_table_is_its_head() {
        assert_eq!(plain(&Table::new(&["A", "B"])), ["A  B"]);
    }

    #[test]
    fn a_state_is_painted_by_what_it_means() {
        assert_eq!(Tone::of("completed"), Tone::Good);
        assert_eq!(Tone::of("open"), Tone::Bad);
        assert_eq!(Tone::of("some-group"), Tone::Plain);
    }

    #[test]
    fn absent_facts_are_left_out() {
        let mut screen = Screen::kept();
        screen.fact("error", &"-".into()).unwrap();
        screen.fact("error", &"".into()).unwrap();
        assert!(screen.out.is_empty());
    }
}
