//! A change as people read it. Secrets in it are told by their last four characters.

use std::path::Path;

use similar::TextDiff;

/// Lines shown around a change.
const AROUND: usize = 3;
/// What makes a line's value one that is not shown.
const SECRET: [&str; 7] = [
    "token", "key", "secret", "password", "header", "auth", "cookie",
];
/// As long as no word of a language or of a setting is.
const LONG: usize = 20;

/// The unified diff of a file; nothing where both are the same.
pub(crate) fn unified(path: &Path, before: Option<&str>, after: Option<&str>) -> String {
    let name = path.display().to_string();
    let side = |text: Option<&str>| {
        if text.is_some() {
            name.clone()
        } else {
            "/dev/null".into()
        }
    };
    let (old, new) = (before.unwrap_or_default(), after.unwrap_or_default());
    let diff = TextDiff::from_lines(old, new);
    let text = diff
        .unified_diff()
        .context_radius(AROUND)
        .header(&side(before), &side(after))
        .to_string();
    text.lines()
        .enumerate()
        .fold(String::new(), |mut shown, (number, line)| {
            shown.push_str(&if number < 2 {
                line.to_owned()
            } else {
                masked(line)
            });
            shown.push('\n');
            shown
        })
}

/// A line without its secrets: of what has a secret's name, the value.
fn masked(line: &str) -> String {
    let hidden = |word: &str| word.len() > LONG && word.bytes().any(|byte| byte.is_ascii_digit());
    let always = |word: &str| word.len() > 3 && !matches!(word, "true" | "false" | "null");
    let mut shown = String::new();
    let mut rest = line;
    while let Some(at) = value(rest) {
        let (head, from) = rest.split_at(at);
        let (value, after) = from.split_at(length(from));
        shown.push_str(&words(head, hidden));
        shown.push_str(&words(value, always));
        rest = after;
    }
    shown + &words(rest, hidden)
}

/// Where the value of the first secret begins.
fn value(text: &str) -> Option<usize> {
    let small = text.to_ascii_lowercase();
    let named = SECRET.iter().filter_map(|word| small.find(word)).min()?;
    Some(named + text[named..].find(['=', ':'])? + 1)
}

/// How far a value goes: a text in quotes to its end, anything else to the end of the line.
fn length(value: &str) -> usize {
    let begin = value.len() - value.trim_start().len();
    let mut letters = value[begin..].char_indices();
    let Some((_, quote @ ('"' | '\''))) = letters.next() else {
        return value.len();
    };
    let mut is_escaped = false;
    for (at, letter) in letters {
        if letter == quote && !is_escaped {
            return begin + at + 1;
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    value.len()
}

/// `text` with each of its words that is `hidden` told by its end.
fn words(text: &str, hidden: impl Fn(&str) -> bool) -> String {
    let part = |letter: char| letter.is_alphanumeric() || "-_+.~".contains(letter);
    let mut shown = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(part) {
        let (between, from) = rest.split_at(start);
        let end = from.find(|letter| !part(letter)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        shown.push_str(between);
        if hidden(word) {
            let last: Vec<char> = word.chars().rev().take(4).collect();
            shown.push('…');
            // Of a short one four characters would tell too much.
            if word.chars().count() >= 12 {
                shown.extend(last.iter().rev());
            }
        } else {
            shown.push_str(word);
        }
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_by_its_end_whatever_the_file() {
        for (line, told) in [
            (
                r#"+    "ANTHROPIC_AUTH_TOKEN": "tk-0123456789abcd","#,
                r#"+    "ANTHROPIC_AUTH_TOKEN": "…abcd","#,
            ),
            ("+GEMINI_API_KEY=AIzaSyExample0123", "+GEMINI_API_KEY=…0123"),
            (
                r#"+http_headers = { x-turnout-token = "abcdefghijkl" }"#,
                r#"+http_headers = { …oken = "…ijkl" }"#,
            ),
            (
                r#" {"a":"sk-ant-api03-0123456789-0123456789"}"#,
                r#" {"a":"…6789"}"#,
            ),
            (r#"     "password": "hunter2""#, r#"     "password": "…""#),
            (
                r#"+{"env":{"ANTHROPIC_AUTH_TOKEN":"tk-0123456789\"abcd","ANTHROPIC_BASE_URL":"http://127.0.0.1:7790","API_KEY":"secret0123456"}}"#,
                r#"+{"env":{"ANTHROPIC_AUTH_TOKEN":"…6789\"…","ANTHROPIC_BASE_URL":"http://127.0.0.1:7790","API_KEY":"…3456"}}"#,
            ),
            (
                r#"+    "API_TIMEOUT_MS": "3600000""#,
                r#"+    "API_TIMEOUT_MS": "3600000""#,
            ),
        ] {
            assert_eq!(masked(line), told);
        }
    }

    #[test]
    fn a_new_file_comes_from_nothing() {
        let diff = unified(Path::new("/s.json"), None, Some("{}\n"));
        assert_eq!(diff, "--- /dev/null\n+++ /s.json\n@@ -0,0 +1 @@\n+{}\n");
    }
}
