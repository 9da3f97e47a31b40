//! The three kinds of settings files, edited in place: a key is found, set or taken out, and nothing else moves.

mod dotenv;
mod json;
mod toml;

use serde::{Deserialize, Serialize};

/// How a settings file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// JSON, also with comments and trailing commas.
    Json,
    /// TOML.
    Toml,
    /// Lines of `NAME=value`.
    Env,
}

/// What stands at a key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// As it is spelled.
    pub(crate) raw: String,
    /// What it means: the text of a string; anything else as it is spelled.
    pub(crate) value: String,
}

const BOM: char = '\u{feff}';

/// Why a text cannot be edited, without a word of it.
pub(crate) type Why = String;

impl Format {
    /// Whether the text is of this form at all.
    pub(crate) fn check(self, text: &str) -> Result<(), Why> {
        self.get(text, &[String::new()]).map(drop)
    }

    /// What stands at `path`.
    pub(crate) fn get(self, text: &str, path: &[String]) -> Result<Option<Found>, Why> {
        let text = text.strip_prefix(BOM).unwrap_or(text);
        match self {
            Self::Json => json::get(text, path),
            Self::Toml => toml::get(text, path),
            Self::Env => Ok(dotenv::get(text, path)),
        }
    }

    /// The text with `raw` at `path`, checked by reading it again.
    pub(crate) fn set(self, text: &str, path: &[String], raw: &str) -> Result<String, Why> {
        let edited = behind_bom(text, |text| match self {
            Self::Json => json::set(text, path, raw),
            Self::Toml => toml::set(text, path, raw),
            Self::Env => dotenv::set(text, path, raw),
        })?;
        match self.get(&edited, path) {
            Ok(Some(found)) if found.raw == raw => Ok(edited),
            _ => Err(format!(
                "`{}` is written in a form that is not edited",
                path.join(".")
            )),
        }
    }

    /// The text without the key at `path`.
    pub(crate) fn remove(self, text: &str, path: &[String]) -> Result<String, Why> {
        behind_bom(text, |text| match self {
            Self::Json => json::remove(text, path),
            Self::Toml => toml::remove(text, path),
            Self::Env => Ok(dotenv::remove(text, path)),
        })
    }

    /// The text without the table at `path`, if nothing is left in it, not even a comment.
    pub(crate) fn prune(self, text: &str, path: &[String]) -> Result<String, Why> {
        behind_bom(text, |text| match self {
            Self::Json => json::prune(text, path),
            Self::Toml => toml::prune(text, path),
            Self::Env => Ok(text.to_owned()),
        })
    }

    /// The tables that would have to be made for `path`, outermost first.
    pub(crate) fn missing(self, text: &str, path: &[String]) -> Result<Vec<Vec<String>>, Why> {
        let text = text.strip_prefix(BOM).unwrap_or(text);
        let mut missing = Vec::new();
        for end in 1..path.len() {
            let there = match self {
                Self::Json => json::is_table(text, &path[..end])?,
                Self::Toml => toml::is_table(text, &path[..end])?,
                Self::Env => true,
            };
            if !there {
                missing.push(path[..end].to_vec());
            }
        }
        Ok(missing)
    }

    /// How `value` is spelled.
    pub(crate) fn spelled(self, value: &str) -> String {
        match self {
            Self::Json => serde_json::Value::from(value).to_string(),
            Self::Toml => toml_edit::Value::from(value).to_string(),
            Self::Env => dotenv::spelled(value),
        }
    }

    /// Whether nothing is said in the text.
    pub(crate) fn is_blank(self, text: &str) -> bool {
        let text = text.trim_start_matches(BOM).trim();
        let hollow = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'));
        text.is_empty()
            || (self == Self::Json && hollow.is_some_and(|inside| inside.trim().is_empty()))
    }
}

fn behind_bom(text: &str, edit: impl FnOnce(&str) -> Result<String, Why>) -> Result<String, Why> {
    match text.strip_prefix(BOM) {
        Some(rest) => Ok(format!("{BOM}{}", edit(rest)?)),
        None => edit(text),
    }
}

/// The line end that a text uses.
fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Where the line that `at` is in begins.
fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Behind the end of the line that `at` is in.
fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// The text with `line` as a line of its own at `at`, which is the start of a line or the end of the text.
fn with_line(text: &str, at: usize, line: &str) -> String {
    let end = line_end(text);
    let (head, tail) = text.split_at(at);
    let gap = if head.is_empty() || head.ends_with('\n') {
        ""
    } else {
        end
    };
    [head, gap, line, end, tail].concat()
}
