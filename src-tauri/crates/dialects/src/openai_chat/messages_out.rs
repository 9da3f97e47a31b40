//! Writes the conversation.
//!
//! Servers demand that the results of all calls follow the message that holds the calls at once, and take only text in
//! them. So the turns between two answers are looked at together: results first, then what of them is no text, then the
//! rest.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::{
    assistant_out,
    body::{Content, Message, Part as Printed, PartKind},
    media_out,
    request_out::Writer,
};
use crate::ir::{Call, Field, Part, Place, Refusal, Role, Text, ToolResult, Turn};

/// Writes all turns behind the leading instructions.
pub(crate) fn write<'a>(
    writer: &mut Writer<'a, '_>,
    turns: &'a [Turn],
    messages: &mut Vec<Message<'a>>,
) -> Result<(), Refusal> {
    let mut rest = turns;
    while !rest.is_empty() {
        let (said, behind) = rest.split_at(together(rest));
        let until = behind
            .iter()
            .position(|turn| turn.role == Role::Assistant)
            .unwrap_or(behind.len());
        let (heard, behind) = behind.split_at(until);
        if !said.is_empty() {
            messages.extend(assistant_out::write(writer, said));
        }
        let calls = calls(said);
        Window {
            writer: &mut *writer,
            heard,
            last: behind.is_empty(),
        }
        .write(&calls, messages)?;
        rest = behind;
    }
    prefill(writer, turns)
}

/// How many of the first turns make one assistant message: the next is joined where it must be, since results follow
/// calls at once and thinking belongs to what comes next.
fn together(turns: &[Turn]) -> usize {
    let mut count = 0;
    let mut open = true;
    for turn in turns {
        if turn.role != Role::Assistant || !open {
            break;
        }
        count += 1;
        let only_thoughts = !turn.parts.is_empty()
            && turn
                .parts
                .iter()
                .all(|part| matches!(part, Part::Thinking(_)));
        open = only_thoughts || turn.parts.iter().any(|part| matches!(part, Part::Call(_)));
    }
    count
}

fn calls(turns: &[Turn]) -> Vec<&Call> {
    let parts = turns.iter().flat_map(|turn| &turn.parts);
    parts
        .filter_map(|part| match part {
            Part::Call(call) => Some(call),
            _ => None,
        })
        .collect()
}

fn prefill(writer: &mut Writer<'_, '_>, turns: &[Turn]) -> Result<(), Refusal> {
    match turns.last() {
        Some(turn) if turn.role == Role::Assistant && !writer.caps.prefill => {
            let why = "the model does not go on with an answer that the client began";
            writer.notes.refuse(Place::Turn(turn.at), why)
        }
        _ => Ok(()),
    }
}

/// The turns between two answers of the model.
struct Window<'a, 'w, 'n> {
    writer: &'w mut Writer<'a, 'n>,
    heard: &'a [Turn],
    /// Whether the conversation ends here.
    last: bool,
}

impl<'a> Window<'a, '_, '_> {
    fn write(
        &mut self,
        calls: &[&'a Call],
        messages: &mut Vec<Message<'a>>,
    ) -> Result<(), Refusal> {
        let mut shown = Vec::new();
        let mut orphans = Vec::new();
        let called: HashSet<&str> = calls.iter().map(|call| call.id.as_str()).collect();
        let mut answered: HashMap<&str, usize> = HashMap::new();
        for result in results(self.heard) {
            let id = result.call_id.as_str();
            if !called.contains(id) {
                let why = "it is the result of a call that does not stand before it";
                self.writer.notes.refuse(Place::Turn(result.at), why)?;
                orphans.push(result);
                continue;
            }
            let message = self.result(result, &mut shown)?;
            // A second result of one call replaces the first.
            if let Some(at) = answered.get(id) {
                self.writer.lose(
                    Place::Turn(result.at),
                    "it is the second result of one call; the last counts",
                );
                messages[*at] = message;
            } else {
                answered.insert(id, messages.len());
                messages.push(message);
            }
        }
        if !(self.heard.is_empty() && self.last) {
            for call in calls {
                if !answered.contains_key(call.id.as_str()) {
                    messages.push(self.missing(call));
                }
            }
        }
        if !shown.is_empty() {
            messages.push(user(shown));
        }
        for orphan in orphans {
            let label = format!("Result of tool call {}:", orphan.call_id);
            let text = Cow::Owned(format!("{label}\n{}", orphan.text()));
            messages.push(user(vec![known(PartKind::Text { text })]));
        }
        for turn in self.heard {
            messages.extend(self.turn(turn)?);
        }
        Ok(())
    }

    fn missing(&mut self, call: &Call) -> Message<'a> {
        let why = "the call has no result; the model is told so";
        self.writer.lose(Place::Turn(call.at), why);
        Message {
            role: "tool",
            content: Content::Text(Cow::Borrowed("Error: no result")),
            tool_call_id: Some(self.writer.call_id(&call.id)),
            ..Message::default()
        }
    }

    fn result(
        &mut self,
        result: &'a ToolResult,
        shown: &mut Vec<Printed<'a>>,
    ) -> Result<Message<'a>, Refusal> {
        let content = if self.keeps_media(result) {
            Content::List(self.parts(&result.parts)?)
        } else {
            self.show(result, shown)?;
            self.text(result)
        };
        Ok(Message {
            role: "tool",
            content,
            tool_call_id: Some(self.writer.call_id(&result.call_id)),
            own: self.writer.own.of_message(result.at),
            ..Message::default()
        })
    }

    fn keeps_media(&self, result: &ToolResult) -> bool {
        let caps = self.writer.caps;
        let marked = result
            .parts
            .iter()
            .any(|part| matches!(part, Part::Text(text) if text.cache.is_some()));
        caps.chat.content_lists
            && !result.is_error
            && ((caps.images_in_results && result.media().next().is_some())
                || (caps.cache_marks && marked && result.media().next().is_none()))
    }

    /// All its text, with a word for a failure, which has no field here.
    fn text(&mut self, result: &'a ToolResult) -> Content<'a> {
        let marked = |part: &Part| matches!(part, Part::Text(text) if text.cache.is_some());
        if result.cache.is_some() || result.parts.iter().any(marked) {
            let why = super::request_out::NO_MARKS;
            self.writer.notes.lose_field(Field::CacheMarks, why);
        }
        let text = match result.parts.as_slice() {
            [Part::Text(text)] => Cow::Borrowed(text.text.as_str()),
            _ => Cow::Owned(result.text()),
        };
        if !result.is_error {
            return Content::Text(text);
        }
        let why = "the failure is told in words";
        self.writer.notes.lose(Place::Turn(result.at), why);
        if text.starts_with("Error") {
            return Content::Text(text);
        }
        Content::Text(Cow::Owned(format!("Error: {text}")))
    }

    /// What is no text goes into a message of the user behind all results, under the id of its call.
    fn show(
        &mut self,
        result: &'a ToolResult,
        shown: &mut Vec<Printed<'a>>,
    ) -> Result<(), Refusal> {
        let mut labelled = false;
        for part in &result.parts {
            match part {
                Part::Media(media) => {
                    if !labelled {
                        labelled = true;
                        let id = self.writer.call_id(&result.call_id);
                        let text = Cow::Owned(format!("Content of the result of tool call {id}:"));
                        shown.push(known(PartKind::Text { text }));
                        let why = "it is shown to the model behind the results";
                        self.writer.lose(Place::Turn(media.at), why);
                    }
                    let kinds = media_out::write(media, self.writer.caps, self.writer.notes)?;
                    shown.extend(kinds.into_iter().map(known));
                }
                Part::Opaque { at, .. } => {
                    let why = "only the client's own dialect has it";
                    self.writer.lose(Place::Turn(*at), why);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn turn(&mut self, turn: &'a Turn) -> Result<Option<Message<'a>>, Refusal> {
        let role = match turn.role {
            Role::Developer if self.writer.caps.chat.developer => "developer",
            Role::System | Role::Developer => "system",
            _ => "user",
        };
        if role != "user" && self.writer.hoists() {
            return Ok(None);
        }
        let is_result = |part: &Part| matches!(part, Part::Result(_));
        if !turn.parts.is_empty() && turn.parts.iter().all(is_result) {
            return Ok(None);
        }
        let mut parts = self.parts(&turn.parts)?;
        // Nothing of it can be told, and some servers refuse a message without any content.
        if parts.is_empty() && !turn.parts.is_empty() {
            return Ok(None);
        }
        let blank = |part: &Printed<'_>| matches!(part, Printed::Known { kind: PartKind::Text { text }, .. } if text.is_empty());
        // Some servers refuse a text without any.
        if parts.len() > 1 {
            parts.retain(|part| !blank(part));
        }
        Ok(Some(Message {
            role,
            content: self.writer.content(parts),
            name: turn.name.as_deref(),
            own: self.writer.own.of_message(turn.at),
            ..Message::default()
        }))
    }

    fn parts(&mut self, parts: &'a [Part]) -> Result<Vec<Printed<'a>>, Refusal> {
        let mut printed = Vec::new();
        for part in parts {
            match part {
                Part::Text(text) | Part::Refusal(text) => {
                    printed.push(self.writer.text_part(text));
                }
                Part::Media(media) => {
                    let mark = self.writer.mark(media.cache.as_ref());
                    let own = self.writer.own.of_part(media.at);
                    let kinds = media_out::write(media, self.writer.caps, self.writer.notes)?;
                    printed.extend(kinds.into_iter().map(known));
                    if let Some(Printed::Known {
                        prompt_cache_breakpoint,
                        own: unknown,
                        ..
                    }) = printed.last_mut()
                    {
                        *prompt_cache_breakpoint = mark;
                        *unknown = own;
                    }
                }
                Part::Opaque {
                    dialect: crate::Dialect::OpenaiChat,
                    value,
                    ..
                } => printed.push(Printed::Raw(value)),
                Part::Opaque { at, .. } => {
                    let why = "only the client's own dialect has it";
                    self.writer.lose(Place::Turn(*at), why);
                }
                Part::Result(_) | Part::Thinking(_) | Part::Call(_) => {}
            }
        }
        Ok(printed)
    }
}

fn results(turns: &[Turn]) -> impl Iterator<Item = &ToolResult> {
    let parts = turns.iter().flat_map(|turn| &turn.parts);
    parts.filter_map(|part| match part {
        Part::Result(result) => Some(result),
        _ => None,
    })
}

/// A part without marks and other fields.
fn known(kind: PartKind<'_>) -> Printed<'_> {
    Printed::Known {
        kind,
        prompt_cache_breakpoint: None,
        own: super::body::Extras::default(),
    }
}

fn user(parts: Vec<Printed<'_>>) -> Message<'_> {
    Message {
        role: "user",
        content: super::request_out::listed(parts),
        ..Message::default()
    }
}

impl<'a> Writer<'a, '_> {
    /// A text with its mark.
    pub(crate) fn text_part(&mut self, text: &'a Text) -> Printed<'a> {
        Printed::Known {
            kind: PartKind::Text {
                text: Cow::Borrowed(&text.text),
            },
            prompt_cache_breakpoint: self.mark(text.cache.as_ref()),
            own: self.own.of_part(text.at),
        }
    }
}
