//! How a conversation without a session is known again: by what was said in it so far.
//!
//! A request repeats what earlier ones said and adds to it. So a mark is made behind each of its messages, of
//! everything up to there: the mark behind the last message of one request stands, in the next one, behind the same
//! message. Only the values count, in their order, not how they are laid out: white space, keys, `type` and the
//! cache marks that clients move from message to message change nothing, nor does a text that is written as a list
//! of one part.

use std::hash::{BuildHasher as _, Hasher};

use foldhash::quality::FixedState;

use crate::scan::{Cursor, Fields, ScanError};

/// As many marks of a request are kept; a client that adds more messages at once is not known again.
const KEPT: usize = 256;

/// Where the messages of a request stand, by dialect.
pub(crate) const MESSAGES: [&str; 3] = ["messages", "input", "contents"];
/// What comes before the messages, in the order in which vendors cache it.
pub(crate) const HEAD: [&str; 5] = [
    "tools",
    "system",
    "instructions",
    "systemInstruction",
    "system_instruction",
];
/// The answer that a request of the Responses dialect goes on from.
pub(crate) const PREVIOUS: &str = "previous_response_id";
/// Members that say nothing of what was said.
const SILENT: [&[u8]; 2] = [b"cache_control", b"type"];

/// What was said before a request, and what is said with it, as marks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// Behind each message but the last one, the newest last; then, where it is told, the answer gone on from.
    pub before: Vec<u64>,
    /// Behind the last message.
    pub whole: u64,
}

impl Chain {
    /// Reads the messages of a request in place. `speaker` is whoever says them: what is said to another model, or
    /// under another token, is another conversation. `None` where there are no messages.
    pub(crate) fn of(body: &[u8], fields: &Fields, speaker: &str, model: &str) -> Option<Self> {
        let mut hasher = hasher(&[speaker, model]);
        for name in HEAD {
            if let Some(range) = fields.range(name) {
                take_in(&mut Cursor::new(&body[range]), &mut hasher).ok()?;
            }
        }
        let messages = MESSAGES.iter().find_map(|name| fields.range(name))?;
        let mut marks = marks(&body[messages], &mut hasher).ok()?;
        let whole = marks.pop()?;
        let previous = fields.text(body, PREVIOUS);
        marks.extend(previous.map(|id| Self::answer(speaker, &id)));
        Some(Self {
            before: marks,
            whole,
        })
    }

    /// The mark of an answer that can be gone on from by its id.
    pub fn answer(speaker: &str, id: &str) -> u64 {
        hasher(&[speaker, PREVIOUS, id]).finish()
    }
}

/// One that took in these words. The same words give the same marks as long as the program runs.
fn hasher(words: &[&str]) -> impl Hasher + use<> {
    let mut hasher = FixedState::default().build_hasher();
    for word in words {
        hasher.write(word.as_bytes());
    }
    hasher
}

/// The marks behind the last messages of a list, the last one last; a text alone is the user's.
fn marks(list: &[u8], hasher: &mut impl Hasher) -> Result<Vec<u64>, ScanError> {
    let mut cursor = Cursor::new(list);
    let mut marks = Vec::new();
    if cursor.peek() != Some(b'[') {
        hasher.write(b"user");
        take_in(&mut cursor, hasher)?;
        return Ok(vec![hasher.finish()]);
    }
    cursor.at += 1;
    loop {
        cursor.space();
        match cursor.peek() {
            Some(b']') => break,
            Some(b',') => cursor.at += 1,
            _ => {
                take_in(&mut cursor, hasher)?;
                if marks.len() == 2 * KEPT {
                    marks.drain(..KEPT);
                }
                marks.push(hasher.finish());
            }
        }
    }
    let old = marks.len().saturating_sub(KEPT);
    marks.drain(..old);
    Ok(marks)
}

/// Takes in the values of one value.
fn take_in(cursor: &mut Cursor<'_>, hasher: &mut impl Hasher) -> Result<(), ScanError> {
    let mut depth = 0_usize;
    loop {
        cursor.space();
        match cursor.peek() {
            Some(b'"') => {
                let text = cursor.string()?;
                let text = &cursor.body[text.start + 1..text.end - 1];
                cursor.space();
                if depth > 0 && cursor.peek() == Some(b':') {
                    cursor.at += 1;
                    if SILENT.contains(&text) {
                        cursor.space();
                        cursor.value()?;
                    }
                    continue;
                }
                hasher.write(text);
            }
            Some(b'{' | b'[') => {
                depth += 1;
                cursor.at += 1;
            }
            Some(b'}' | b']') if depth > 0 => {
                depth -= 1;
                cursor.at += 1;
            }
            Some(b',') if depth > 0 => {
                cursor.at += 1;
                continue;
            }
            _ => {
                let bare = cursor.value()?;
                hasher.write(&cursor.body[bare]);
            }
        }
        if depth == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
