//! What is wrong with a config, and where. Never tells a secret: messages name keys and references, not their values.

use std::{fmt, ops::Range};

/// One thing that is wrong with a config.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema)]
#[schema(as = Mistake)]
pub struct Problem {
    /// Line of the offending text, from 1.
    pub line: usize,
    /// Column of the offending text in characters, from 1.
    pub column: usize,
    /// One sentence: what, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.message
        )
    }
}

/// What is wrong, behind a colon: one thing in the same line, several in one of their own each.
pub(crate) fn itemized<T: fmt::Display>(problems: &[T]) -> String {
    match problems {
        [one] => format!(" {one}"),
        several => {
            let lines: Vec<String> = several.iter().map(|one| format!("\n  {one}")).collect();
            // A window that knows no lines still tells them apart.
            lines.join(";")
        }
    }
}

/// A problem whose place is still a range of bytes.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    /// It is about something that is not there, which may only be so because its value was refused already.
    pub(super) absence: bool,
}

impl Found {
    pub(super) fn placed(self, text: &str) -> Problem {
        let (line, column) = place(text, self.span.start);
        Problem {
            line,
            column,
            message: self.message,
        }
    }
}

/// Line and column (both from 1, the column in characters) of a byte offset.
pub(super) fn place(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    // A byte order mark is not a character that an editor shows.
    let column = before[start..].chars().filter(|c| *c != '\u{feff}').count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_have_a_line_each() {
        assert_eq!(itemized(&["a"]), " a");
        assert_eq!(itemized(&["a", "b"]), "\n  a;\n  b");
    }

    #[test]
    fn columns_count_characters_and_lines_count_newlines() {
        let cases = [
            ("", 0, (1, 1)),
            ("ab", 1, (1, 2)),
            ("a\nb", 2, (2, 1)),
            ("a\r\nbc", 4, (2, 2)),
            ("é = 1", 3, (1, 3)),
            ("\u{feff}ab", 4, (1, 2)),
            ("ab", 99, (1, 3)),
        ];
        for (text, offset, expected) in cases {
            assert_eq!(place(text, offset), expected, "{text:?} at {offset}");
        }
    }
}
