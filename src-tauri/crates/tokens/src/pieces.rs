//! Cuts text into the pieces within which `o200k_base` merges bytes.
//!
//! The rule is the pattern published with the vocabulary, written out: a word with at most one character before it
//! and an English contraction behind it; up to three digits; a run of signs with line ends behind it; white space.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// What the pattern tells apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A letter that can only be at a word's front: upper or title case.
    Upper,
    /// A letter that can only follow: lower case.
    Lower,
    /// A letter without case, which can be either.
    Letter,
    /// A mark, which can be either, and is no letter.
    Mark,
    Number,
    LineEnd,
    Space,
    Sign,
}

impl Kind {
    fn of(c: char) -> Self {
        if c.is_ascii() {
            return match c {
                'a'..='z' => Self::Lower,
                'A'..='Z' => Self::Upper,
                '0'..='9' => Self::Number,
                '\r' | '\n' => Self::LineEnd,
                ' ' | '\t' | '\x0b' | '\x0c' => Self::Space,
                _ => Self::Sign,
            };
        }
        match c.general_category() {
            GeneralCategory::UppercaseLetter | GeneralCategory::TitlecaseLetter => Self::Upper,
            GeneralCategory::LowercaseLetter => Self::Lower,
            GeneralCategory::ModifierLetter | GeneralCategory::OtherLetter => Self::Letter,
            GeneralCategory::NonspacingMark
            | GeneralCategory::SpacingMark
            | GeneralCategory::EnclosingMark => Self::Mark,
            GeneralCategory::DecimalNumber
            | GeneralCategory::LetterNumber
            | GeneralCategory::OtherNumber => Self::Number,
            _ if c.is_whitespace() => Self::Space,
            _ => Self::Sign,
        }
    }

    fn leads(self) -> bool {
        matches!(self, Self::Upper | Self::Letter | Self::Mark)
    }

    fn follows(self) -> bool {
        matches!(self, Self::Lower | Self::Letter | Self::Mark)
    }

    fn is_space(self) -> bool {
        matches!(self, Self::Space | Self::LineEnd)
    }

    /// Whether one such character may stand before a word, in the word's piece.
    fn prefixes(self) -> bool {
        matches!(self, Self::Mark | Self::Space | Self::Sign)
    }

    fn is_sign(self) -> bool {
        matches!(self, Self::Mark | Self::Sign)
    }
}

/// The pieces of a text; together they are the text.
pub(crate) struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Pieces<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self { rest: text }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let first = self.rest.chars().next()?;
        let length = word(self.rest)
            .or_else(|| number(self.rest))
            .or_else(|| signs(self.rest))
            .or_else(|| space(self.rest))
            .unwrap_or(first.len_utf8());
        let (piece, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(piece)
    }
}

fn word(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let prefixed = Kind::of(first).prefixes().then_some(first.len_utf8());
    let from = |cased: fn(&str) -> Option<usize>| {
        let behind = prefixed.and_then(|prefix| Some(prefix + cased(&text[prefix..])?));
        behind.or_else(|| cased(text))
    };
    let end = from(ending_low).or_else(|| from(all_high))?;
    Some(end + contraction(&text[end..]))
}

/// Leading letters, as many as can be, then at least one following one.
fn ending_low(text: &str) -> Option<usize> {
    let lead = run(text, Kind::leads);
    let tail = run(&text[lead..], Kind::follows);
    if tail > 0 {
        return Some(lead + tail);
    }
    let mut last = None;
    for (at, c) in text[..lead].char_indices() {
        if Kind::of(c).follows() {
            last = Some(at + c.len_utf8());
        }
    }
    last
}

/// Leading letters that none follows.
fn all_high(text: &str) -> Option<usize> {
    Some(run(text, Kind::leads)).filter(|&length| length > 0)
}

/// Length of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` in any case; the long s folds to s.
fn contraction(text: &str) -> usize {
    let Some(rest) = text.strip_prefix('\'') else {
        return 0;
    };
    let mut chars = rest.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    let second = chars.next().map(|c| c.to_ascii_lowercase());
    match (first, second) {
        (Some('s' | 't' | 'm' | 'd'), _) => 2,
        (Some('\u{17f}'), _) | (Some('r' | 'v'), Some('e')) | (Some('l'), Some('l')) => 3,
        _ => 0,
    }
}

fn number(text: &str) -> Option<usize> {
    let digits = text
        .char_indices()
        .take_while(|&(_, c)| Kind::of(c) == Kind::Number);
    digits.take(3).last().map(|(at, c)| at + c.len_utf8())
}

fn signs(text: &str) -> Option<usize> {
    let space = usize::from(text.starts_with(' '));
    let signs = run(&text[space..], Kind::is_sign);
    let end = space + signs;
    let ends = text[end..].bytes();
    let ends = ends.take_while(|byte| matches!(byte, b'\r' | b'\n' | b'/'));
    (signs > 0).then(|| end + ends.count())
}

/// White space up to its last line end; else all at the text's end; else all but the last character, which belongs to
/// what follows.
fn space(text: &str) -> Option<usize> {
    let length = run(text, Kind::is_space);
    if let Some(line_end) = text[..length].rfind(['\r', '\n']) {
        return Some(line_end + 1);
    }
    if length == text.len() {
        return Some(length).filter(|&length| length > 0);
    }
    let last = text[..length].chars().next_back()?.len_utf8();
    Some(if length > last { length - last } else { length })
}

/// How many bytes at the front are of such characters.
fn run(text: &str, is: fn(Kind) -> bool) -> usize {
    text.char_indices()
        .find(|&(_, c)| !is(Kind::of(c)))
        .map_or(text.len(), |(at, _)| at)
}
