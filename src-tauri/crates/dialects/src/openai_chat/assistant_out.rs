//! Writes what the model said before.

use std::borrow::Cow;

use super::{
    annotations,
    body::{
        Call as PrintedCall, CallKind, Called, Content, Freely, Message, Part as Printed, PartKind,
    },
    request_out::Writer,
};
use crate::{
    Dialect,
    caps::ReasoningBack,
    ir::{Call, Field, Part, Place, Text, Thinking, Turn},
    json::Json,
};

/// What is gathered for one assistant message.
#[derive(Default)]
struct Said<'a> {
    texts: Vec<&'a Text>,
    thoughts: Vec<&'a Thinking>,
    refusal: Option<&'a str>,
    calls: Vec<&'a Call>,
}

/// Writes turns of the assistant that become one message; `None` where nothing of them can be told.
pub(crate) fn write<'a>(writer: &mut Writer<'a, '_>, turns: &'a [Turn]) -> Option<Message<'a>> {
    let mut said = Said::default();
    for part in turns.iter().flat_map(|turn| &turn.parts) {
        match part {
            Part::Text(text) => said.texts.push(text),
            Part::Thinking(thinking) => said.thoughts.push(thinking),
            Part::Refusal(text) => said.refusal = Some(&text.text),
            Part::Call(call) => said.calls.push(call),
            Part::Opaque { at, .. } => {
                writer.lose(Place::Turn(*at), "only the client's own dialect has it");
            }
            Part::Media(media) => {
                let why = "an answer of the history can only be told as text";
                writer.lose(Place::Turn(media.at), why);
            }
            // The conversation writes results itself.
            Part::Result(_) => {}
        }
    }
    let mut message = Message {
        role: "assistant",
        name: turns.iter().find_map(|turn| turn.name.as_deref()),
        refusal: said.refusal,
        ..Message::default()
    };
    thoughts(writer, &said.thoughts, &mut message);
    let silent = said.texts.is_empty() && said.calls.is_empty() && said.refusal.is_none();
    let thought = message.reasoning_content.as_deref().unwrap_or_default();
    let thought =
        !thought.is_empty() || message.reasoning.is_some() || !message.reasoning_details.is_empty();
    let told = turns.iter().any(|turn| !turn.parts.is_empty());
    if silent && told && !thought {
        return None;
    }
    message.content = content(writer, &said);
    let citations = said.texts.last().map_or(&[][..], |text| &text.citations);
    message.annotations = citations.iter().filter_map(annotations::one).collect();
    message.tool_calls = said
        .calls
        .iter()
        .map(|call| self::call(writer, call))
        .collect();
    if let Some(turn) = turns.first() {
        message.own = writer.own.of_message(turn.at);
    }
    Some(message)
}

fn content<'a>(writer: &mut Writer<'a, '_>, said: &Said<'a>) -> Content<'a> {
    let marked = said.texts.iter().any(|text| text.cache.is_some());
    if marked && writer.caps.cache_marks && writer.caps.chat.content_lists {
        let parts = said.texts.iter().map(|text| Printed::Known {
            kind: PartKind::Text {
                text: Cow::Borrowed(&text.text),
            },
            prompt_cache_breakpoint: writer.mark(text.cache.as_ref()),
            own: writer.own.of_part(text.at),
        });
        return Content::List(parts.collect());
    }
    if marked {
        writer
            .notes
            .lose_field(Field::CacheMarks, super::request_out::NO_MARKS);
    }
    match said.texts.as_slice() {
        [] if !said.calls.is_empty() || said.refusal.is_some() => Content::Null,
        [] => Content::Text(Cow::Borrowed("")),
        [text] => Content::Text(Cow::Borrowed(&text.text)),
        texts => Content::Text(Cow::Owned(
            texts.iter().map(|text| text.text.as_str()).collect(),
        )),
    }
}

fn call<'a>(writer: &mut Writer<'a, '_>, call: &'a Call) -> PrintedCall<'a> {
    if call.cache.is_some() {
        writer
            .notes
            .lose_field(Field::CacheMarks, super::request_out::NO_MARKS);
    }
    let sent = writer.names.called(call);
    let name = Cow::Owned(sent.name);
    let kind = if sent.custom {
        CallKind::Custom {
            custom: Freely {
                name,
                input: call.arguments.free_text(),
            },
        }
    } else {
        CallKind::Function {
            function: Called {
                name,
                arguments: call.arguments_text(),
            },
        }
    };
    PrintedCall {
        id: writer.call_id(&call.id),
        kind,
    }
}

/// Earlier thinking, in the form in which the target wants it back, if at all.
fn thoughts<'a>(writer: &mut Writer<'a, '_>, thoughts: &[&'a Thinking], message: &mut Message<'a>) {
    let back = writer.caps.reasoning_back;
    let text = joined(thoughts);
    let some = Some(text).filter(|text| !text.is_empty());
    match back {
        ReasoningBack::Drop => {
            if let Some(first) = thoughts.iter().find(|thought| !thought.text.is_empty()) {
                writer.lose_thinking(first.at);
            }
            return;
        }
        ReasoningBack::Content => message.reasoning_content = some,
        ReasoningBack::ContentRequired => {
            message.reasoning_content = Some(some.unwrap_or_default());
        }
        ReasoningBack::Reasoning => message.reasoning = some,
        ReasoningBack::Details => {
            message.reasoning = some;
            for seal in thoughts.iter().filter_map(|thought| thought.seal.as_ref()) {
                if seal.fits(Dialect::OpenaiChat, writer.origin)
                    && let Ok(items) = serde_json::from_str::<Vec<Json>>(&seal.data)
                {
                    message.reasoning_details.extend(items);
                }
            }
        }
    }
    if let Some(redacted) = thoughts.iter().find(|thought| thought.redacted) {
        writer.lose_thinking(redacted.at);
    }
}

fn joined<'a>(thoughts: &[&'a Thinking]) -> Cow<'a, str> {
    let mut told = thoughts.iter().filter(|thought| !thought.text.is_empty());
    let (first, second) = (told.next(), told.next());
    match (first, second) {
        (None, _) => Cow::Borrowed(""),
        (Some(only), None) => Cow::Borrowed(&only.text),
        (Some(first), Some(second)) => {
            let mut all = vec![first.text.as_str(), second.text.as_str()];
            all.extend(told.map(|thought| thought.text.as_str()));
            Cow::Owned(all.join(super::details::APART))
        }
    }
}
