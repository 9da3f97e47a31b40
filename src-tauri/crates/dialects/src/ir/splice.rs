//! Joins the rest of an answer, written by another model, to what was said before the answer broke off.
//!
//! The new model is given what was said as the begin of its own answer (prefill) and goes on from there. What its stream
//! tells is not a second answer: its begin is left out, its first text goes on in the part that is open, and its tokens
//! are added to those of before.

use super::{Event, Opening, Part};
use crate::Usage;

/// Bytes from which on a text that begins as the answer did repeats it. Less may be chance: two dashes, two digits.
const TELLING: usize = 4;
/// English text and code have about so many bytes a token.
const BYTES_A_TOKEN: usize = 4;

/// Joins one continuation. One for each stream.
#[derive(Debug)]
pub struct Splicer {
    /// What was said, as the new model was given it. Empty once it is known whether the new model repeats it.
    given: String,
    /// White space behind it that the client has and the new model was not given.
    space: String,
    /// What may be a repetition.
    held: String,
    /// Tokens of what went before.
    before: Usage,
    /// Whether the client's last part is open.
    open: bool,
    inside: Inside,
    /// Whether something new was told: from then on everything goes on as it comes.
    flows: bool,
    told_usage: bool,
    /// Bytes of new text, thinking and arguments.
    bytes: usize,
}

/// The part of the continuation that is open while nothing new was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Text,
    /// Thinking before the text goes on has no place in an answer that has begun.
    Thinking,
}

impl Splicer {
    /// Joins to `said`, which cost `before`; `open` tells whether the client may be told more of its last part.
    pub fn new(said: &str, open: bool, before: Usage) -> Self {
        let given = given(said);
        Self {
            given: if given.len() < TELLING {
                String::new()
            } else {
                given.to_owned()
            },
            space: said[given.len()..].to_owned(),
            held: String::new(),
            before,
            open,
            inside: Inside::Text,
            flows: false,
            told_usage: false,
            bytes: 0,
        }
    }

    /// Takes an event of the continuation; what the client is told of it goes to `out`.
    pub fn push(&mut self, event: Event, out: &mut Vec<Event>) {
        if let Event::Delta(text) = &event {
            self.bytes += text.len();
        }
        match event {
            Event::Start { .. } => {}
            Event::Usage(usage) => {
                self.told_usage = true;
                out.push(Event::Usage(self.with_before(usage)));
            }
            Event::Stop(_) => {
                self.flow(out);
                if !self.told_usage {
                    let usage = Usage {
                        output: self.bytes.div_ceil(BYTES_A_TOKEN) as u64,
                        estimated: true,
                        ..Usage::default()
                    };
                    out.push(Event::Usage(self.with_before(usage)));
                }
                out.push(event);
            }
            event if self.flows => out.push(event),
            Event::Open(Opening::Text) => self.inside = Inside::Text,
            Event::Open(Opening::Thinking) => self.inside = Inside::Thinking,
            Event::Delta(text) if self.inside == Inside::Text => self.text(&text, out),
            Event::Delta(_)
            | Event::Close
            | Event::Seal(_)
            | Event::Citation(_)
            | Event::Part(Part::Thinking(_)) => {}
            Event::Failed(_) => out.push(event),
            Event::Open(_) | Event::Part(_) => {
                self.flow(out);
                out.push(event);
            }
        }
    }

    /// Text before anything new was told: a repetition of what was said is left out.
    fn text(&mut self, text: &str, out: &mut Vec<Event>) {
        self.held.push_str(text);
        if self.held.len() < self.given.len() && self.given.starts_with(&self.held) {
            return;
        }
        let given = std::mem::take(&mut self.given);
        let held = std::mem::take(&mut self.held);
        self.new_text(held.strip_prefix(&given).unwrap_or(&held), out);
    }

    /// Text behind what was given, which may begin with the white space that the client has already.
    fn new_text(&mut self, text: &str, out: &mut Vec<Event>) {
        let pairs = text.chars().zip(self.space.chars());
        let same = pairs.take_while(|(new, old)| new == old);
        let known: usize = same.map(|(new, _)| new.len_utf8()).sum();
        self.space.drain(..known);
        let text = &text[known..];
        if text.is_empty() {
            return;
        }
        if !std::mem::replace(&mut self.open, true) {
            out.push(Event::Open(Opening::Text));
        }
        out.push(Event::Delta(text.to_owned()));
        self.flows = true;
    }

    /// Something else than text comes: what was held is no repetition, and the open text is over.
    fn flow(&mut self, out: &mut Vec<Event>) {
        if self.flows {
            return;
        }
        let held = std::mem::take(&mut self.held);
        self.new_text(&held, out);
        self.flows = true;
        if std::mem::take(&mut self.open) {
            out.push(Event::Close);
        }
    }

    /// Tokens of the answer as a whole: its prompt is the one that the client sent.
    fn with_before(&self, usage: Usage) -> Usage {
        let Usage {
            input,
            cache_read,
            cache_write_5m,
            cache_write_1h,
            ..
        } = self.before;
        let told = input + cache_read + cache_write_5m + cache_write_1h > 0;
        Usage {
            output: self.before.output + usage.output,
            reasoning: self.before.reasoning + usage.reasoning,
            estimated: self.before.estimated || usage.estimated,
            ..if told { self.before } else { usage }
        }
    }
}

/// What a model is given of an answer to go on with it: no vendor takes white space at its end well, and Anthropic refuses
/// it.
pub fn given(said: &str) -> &str {
    said.trim_end()
}

#[cfg(test)]
#[path = "splice_tests.rs"]
mod tests;
