//! Takes `<think>…</think>` out of an answer's text, though its tags may be cut anywhere.
//!
//! Many servers leave a model's thinking in its text. Only a tag at the very beginning counts: later ones are the
//! answer's own words.

const OPENING: &str = "<think>";
const CLOSING: &str = "</think>";
/// White space before a tag, in bytes. More of it is a model that is stuck, and is told at once.
const SPACE: usize = 64;

/// A piece of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// What was thought.
    Thinking(String),
    /// What is said.
    Text(String),
}

/// Splits one answer's text.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    state: State,
    held: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but white space and the begin of a tag was seen.
    #[default]
    Start,
    /// Behind the opening tag, where line feeds still belong to it.
    Opened,
    /// Between the tags.
    Inside,
    /// Behind the closing tag, where line feeds still belong to it.
    Closed,
    /// All else is text.
    Text,
}

impl Splitter {
    /// There is no tag in this answer: its thinking comes in a field of its own.
    pub(crate) fn off(&mut self) {
        if self.state == State::Start && self.held.is_empty() {
            self.state = State::Text;
        }
    }

    /// Takes more text. Pieces are never empty.
    pub(crate) fn push(&mut self, text: &str, mut sink: impl FnMut(Piece)) {
        self.held.push_str(text);
        loop {
            match self.state {
                State::Start => {
                    let begun = self.held.trim_start();
                    if self.held.len() - begun.len() > SPACE {
                        self.state = State::Text;
                    } else if let Some(behind) = begun.strip_prefix(OPENING) {
                        self.held = behind.to_owned();
                        self.state = State::Opened;
                    } else if OPENING.starts_with(begun) {
                        return;
                    } else {
                        self.state = State::Text;
                    }
                }
                State::Inside => {
                    let Some(end) = self.held.find(CLOSING) else {
                        let safe = self.held.len() - overlap(&self.held, CLOSING);
                        let rest = self.held.split_off(safe);
                        give(
                            std::mem::replace(&mut self.held, rest),
                            Piece::Thinking,
                            &mut sink,
                        );
                        return;
                    };
                    let behind = self.held.split_off(end + CLOSING.len());
                    self.held.truncate(end);
                    give(
                        std::mem::replace(&mut self.held, behind),
                        Piece::Thinking,
                        &mut sink,
                    );
                    self.state = State::Closed;
                }
                State::Opened | State::Closed => {
                    self.held = self.held.trim_start_matches(['\r', '\n']).to_owned();
                    if self.held.is_empty() {
                        return;
                    }
                    self.state = match self.state {
                        State::Opened => State::Inside,
                        _ => State::Text,
                    };
                }
                State::Text => {
                    give(std::mem::take(&mut self.held), Piece::Text, &mut sink);
                    return;
                }
            }
        }
    }

    /// The answer is over: gives out what was held back.
    pub(crate) fn finish(&mut self, mut sink: impl FnMut(Piece)) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Inside => give(held, Piece::Thinking, &mut sink),
            _ => give(held, Piece::Text, &mut sink),
        }
        self.state = State::Text;
    }
}

fn give(text: String, piece: fn(String) -> Piece, sink: &mut impl FnMut(Piece)) {
    if !text.is_empty() {
        sink(piece(text));
    }
}

/// How many bytes at the end of `text` may be the begin of `tag`.
fn overlap(text: &str, tag: &str) -> usize {
    (1..tag.len())
        .rev()
        .find(|length| text.ends_with(&tag[..*length]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Piece, Splitter};

    fn split(pieces: &[&str]) -> (String, String) {
        let (mut thinking, mut text) = (String::new(), String::new());
        let mut sink = |piece| match piece {
            Piece::Thinking(more) => thinking.push_str(&more),
            Piece::Text(more) => text.push_str(&more),
        };
        let mut splitter = Splitter::default();
        for piece in pieces {
            splitter.push(piece, &mut sink);
        }
        splitter.finish(&mut sink);
        (thinking, text)
    }

    #[test]
    fn white_space_is_not_held_without_end() {
        // PITFALLS 24
        let mut told = 0;
        let mut splitter = Splitter::default();
        let held = (0..1000)
            .map(|fed| {
                splitter.push("\n", |piece| match piece {
                    Piece::Text(text) => told += text.len(),
                    Piece::Thinking(text) => panic!("{text}"),
                });
                fed + 1 - told
            })
            .max();
        assert_eq!(held, Some(super::SPACE));
        let late = format!("{}<think>a</think>", " ".repeat(super::SPACE + 1));
        assert_eq!(split(&[&late]), (String::new(), late.clone()));
        assert_eq!(split(&[&late[..70], &late[70..]]), (String::new(), late));
    }

    #[test]
    fn a_tag_at_the_beginning_is_taken_out_wherever_it_is_cut() {
        // PITFALLS 44
        let table = [
            ("<think>a b</think>\n\nc", "a b", "c"),
            ("\n <think>\na</think>b </think> c", "a", "b </think> c"),
            (
                "<think>1 </ 2 </thin 3</think>é<think>",
                "1 </ 2 </thin 3",
                "é<think>",
            ),
            ("<think>never closed </thi", "never closed </thi", ""),
            ("<thinly veiled", "", "<thinly veiled"),
            ("say <think>x</think>", "", "say <think>x</think>"),
            ("<think></think>only", "", "only"),
            ("  <thi", "", "  <thi"),
            ("", "", ""),
        ];
        for (whole, thinking, text) in table {
            let expected = (thinking.to_owned(), text.to_owned());
            assert_eq!(split(&[whole]), expected, "{whole:?}");
            for (cut, _) in whole.char_indices() {
                let (head, tail) = whole.split_at(cut);
                assert_eq!(split(&[head, tail]), expected, "{head:?} {tail:?}");
            }
            let chars: Vec<String> = whole.chars().map(String::from).collect();
            let chars: Vec<&str> = chars.iter().map(String::as_str).collect();
            assert_eq!(split(&chars), expected, "{whole:?} char by char");
        }
    }
}
