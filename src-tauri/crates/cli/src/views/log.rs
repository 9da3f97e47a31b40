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

/// Each name with its colour, which follows from the name alone as long as no other has it already.
fn coloured(names: Vec<String>) -> Vec<(String, &'static str)> {
    let mut used = [0_usize; COLOURS.len()];
    let colour = |name: String| {
        // FNV-1a: the same on every machine and in every version.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let first = (hash % COLOURS.len() as u64) as usize;
        let all = (0..COLOURS.len()).map(|step| (first + step) % COLOURS.len());
        let at = all.min_by_key(|&at| used[at]).unwrap_or(first);
        used[at] += 1;
        (name, COLOURS[at])
    };
    names.into_iter().map(colour).collect()
}

/// Tells lines of a log.
pub(crate) struct LogView {
    /// Names of providers, the longest first: one may be the beginning of another.
    names: Vec<(String, &'static str)>,
    json: bool,
}

impl LogView {
    /// `names` are the providers', in the order of the config.
    pub(crate) fn new(names: Vec<String>, json: bool) -> Self {
        let mut names = coloured(names);
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self { names, json }
    }

    pub(crate) fn line<W: Write>(&self, screen: &mut Screen<W>, line: &Value) -> io::Result<()> {
        screen.line(if self.json {
            line.to_string()
        } else {
            self.told(line)
        })
    }

    /// The line for people, painted.
    pub(crate) fn told(&self, line: &Value) -> String {
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
        format!(
            "{at:>8} {} {}",
            tone.painted(&format!("{level:<5}")),
            self.painted(&said)
        )
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
        let colours = coloured(names.to_vec());
        let colour = |index: usize, name: &str| format!("{}{name}\u{1b}[0m", colours[index].1);
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
    fn a_name_keeps_its_colour_and_no_two_share_one_while_there_are_others() {
        let colour_of = |names: &[&str], name: &str| {
            let all = coloured(names.iter().map(|&name| name.to_owned()).collect());
            all.into_iter().find(|(known, _)| known == name).unwrap().1
        };
        let alone = colour_of(&["relay"], "relay");
        assert_eq!(colour_of(&["relay", "spare", "third"], "relay"), alone);
        let names: Vec<String> = (0..COLOURS.len()).map(|n| format!("p{n}")).collect();
        let used: std::collections::HashSet<_> = coloured(names)
            .into_iter()
            .map(|(_, colour)| colour)
            .collect();
        assert_eq!(used.len(), COLOURS.len());
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
