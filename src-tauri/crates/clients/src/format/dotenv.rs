//! Lines of `NAME=value` as the npm package `dotenv` reads them: an optional `export`, values bare or in one of three
//! kinds of quotes (which may go over lines), comments behind `#`, and of a name that stands twice the last counts.

use std::ops::Range;

use super::{Found, Why, line_start, next_line, with_line};

struct Entry {
    name: String,
    start: usize,
    value: Range<usize>,
}

fn entries(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = next_line(text, at);
        match entry(text, at, end) {
            Some(entry) => {
                at = next_line(text, entry.value.end);
                entries.push(entry);
            }
            None => at = end,
        }
    }
    entries
}

/// The entry that begins in the line from `start` to `end`.
fn entry(text: &str, start: usize, end: usize) -> Option<Entry> {
    let line = &text[start..end];
    let (left, right) = line.split_once('=')?;
    let name = left.trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    if name.is_empty() || !name.chars().all(fits) {
        return None;
    }
    let blank = right.len() - right.trim_start_matches([' ', '\t']).len();
    let begin = start + left.len() + 1 + blank;
    let rest = &text[begin..];
    let quote = rest
        .chars()
        .next()
        .filter(|letter| "\"'`".contains(*letter));
    let quoted = quote.and_then(|quote| closing(rest, quote));
    let length = quoted.unwrap_or_else(|| {
        let line = &text[begin..end];
        line[..line.find('#').unwrap_or(line.len())]
            .trim_end()
            .len()
    });
    Some(Entry {
        name: name.to_owned(),
        start,
        value: begin..begin + length,
    })
}

/// Behind the quote that closes the one `text` begins with.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '\\' => escaped = !escaped,
            _ if letter == quote && !escaped => return Some(at + 1),
            _ => escaped = false,
        }
    }
    None
}

fn last(text: &str, path: &[String]) -> Option<Entry> {
    let name = path.last()?;
    entries(text).into_iter().rfind(|entry| entry.name == *name)
}

pub(super) fn get(text: &str, path: &[String]) -> Option<Found> {
    let entry = last(text, path)?;
    let raw = text[entry.value].to_owned();
    Some(Found {
        value: meant(&raw),
        raw,
    })
}

fn meant(raw: &str) -> String {
    let inside = ['"', '\'', '`']
        .into_iter()
        .find_map(|quote| raw.strip_prefix(quote)?.strip_suffix(quote));
    let inside = inside.unwrap_or(raw);
    if raw.starts_with('"') {
        inside.replace("\\n", "\n").replace("\\r", "\r")
    } else {
        inside.to_owned()
    }
}

pub(super) fn set(text: &str, path: &[String], raw: &str) -> Result<String, Why> {
    let name = path.last().ok_or("a variable has no name")?;
    Ok(match last(text, path) {
        Some(entry) => [&text[..entry.value.start], raw, &text[entry.value.end..]].concat(),
        None => with_line(text, text.len(), &format!("{name}={raw}")),
    })
}

pub(super) fn remove(text: &str, path: &[String]) -> String {
    let Some(entry) = last(text, path) else {
        return text.to_owned();
    };
    let (start, end) = (
        line_start(text, entry.start),
        next_line(text, entry.value.end),
    );
    [&text[..start], &text[end..]].concat()
}

pub(super) fn spelled(value: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:,=@%+".contains(letter);
    if value.chars().all(plain) {
        return value.to_owned();
    }
    // Within single quotes nothing is expanded.
    let quote = ['\'', '`', '"']
        .into_iter()
        .find(|quote| !value.contains(*quote));
    let quote = quote.unwrap_or('\'');
    format!("{quote}{value}{quote}")
}
