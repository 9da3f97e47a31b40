//! Lines of the log: their level and the providers in them in colour, or as JSON.

use std::io::{self, Write};

use serde_json::Value;

use crate::figure::{text, time};
use crate::screen::{Screen, Tone};

/// Colours that tell providers apart; none of them means something.
const COLOURS: [&str; 6] = [
    "\u{1b}[36m",
    "\u{1b}[35m",
    "\u{1b}[34m",
    "\u{1b}[96m",
    "\u{1b}[95m",
    "\u{1b}[94m",
];

/// Tells lines of a log.
pub(crate) struct LogView {
    /// Names of providers, the longest first: one may be the beginning of another.
    names: Vec<(String, &'static str)>,
    json: bool,
}

impl LogView {
    /// `names` are the providers', in the order of the config, which is that of their colours.
    pub(crate) fn new(names: Vec<String>, json: bool) -> Self {
        let mut names: Vec<_> = names.into_iter().zip(COLOURS.into_iter().cycle()).collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self { names, json }
    }

    pub(crate) fn line<W: Write>(&self, screen: &mut Screen<W>, line: &Value) -> io::Result<()> {
        if self.json {
            return screen.line(line.to_string());
        }
        let level = text(line, "level");
        let tone = match level {
            "error" => Tone::Bad,
            "warn" => Tone::Warn,
            "info" => Tone::Good,
            _ => Tone::Faint,
        };
        let at = match text(line, "at") {
            "-" => String::new(),
            _ => time(line, "at"),
        };
        let fields = line.get("fields").and_then(Value::as_object);
        let fields = fields
            .into_iter()
            .flatten()
            .map(|(name, value)| match value.as_str() {
                Some(text) => format!(" {name}={text}"),
                None => format!(" {name}={value}"),
            });
        let said = format!("{}{}", text(line, "message"), fields.collect::<String>());
        screen.line(format!(
            "{at:>8} {} {}",
            tone.painted(&format!("{level:<5}")),
            self.painted(&said)
        ))
    }

    /// The text with each provider's name in its colour.
    fn painted(&self, said: &str) -> String {
        let mut told = String::with_capacity(said.len());
        let mut rest = said;
        let mut before = ' ';
        while let Some(letter) = rest.chars().next() {
            let is_word = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
            let found = self.names.iter().find(|(name, _)| {
                let after = rest
                    .strip_prefix(name.as_str())
                    .map(|rest| rest.chars().next());
                !is_word(before) && after.is_some_and(|next| !next.is_some_and(is_word))
            });
            let taken = if let Some((name, colour)) = found {
                told.extend([colour, name.as_str(), "\u{1b}[0m"]);
                name.len()
            } else {
                told.push(letter);
                letter.len_utf8()
            };
            before = rest[..taken].chars().next_back().unwrap_or(' ');
            rest = &rest[taken..];
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_have_their_colour_where_they_stand_alone() {
        let names = ["relay", "relay-two", "spare"].map(str::to_owned);
        let view = LogView::new(names.to_vec(), false);
        let colour = |index: usize, name: &str| format!("{}{name}\u{1b}[0m", COLOURS[index]);
        for (said, told) in [
            ("relay rests", format!("{} rests", colour(0, "relay"))),
            ("(relay-two)", format!("({})", colour(1, "relay-two"))),
            (
                "to relay, spare.",
                format!("to {}, {}.", colour(0, "relay"), colour(2, "spare")),
            ),
            ("prelay relays relay-x", "prelay relays relay-x".to_owned()),
        ] {
            assert_eq!(view.painted(said), told);
        }
    }

    #[test]
    fn a_line_is_told_with_its_facts_or_as_json() {
        let line = json!({ "at": null, "level": "warn", "message": "slow", "fields": { "ms": 12, "to": "a" } });
        let mut screen = Screen::kept();
        LogView::new(Vec::new(), false)
            .line(&mut screen, &line)
            .unwrap();
        assert_eq!(screen.told().trim(), "warn  slow ms=12 to=a");
        let mut screen = Screen::kept();
        LogView::new(Vec::new(), true)
            .line(&mut screen, &line)
            .unwrap();
        assert_eq!(serde_json::from_str::<Value>(&screen.told()).unwrap(), line);
    }
}
