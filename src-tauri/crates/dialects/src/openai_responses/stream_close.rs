//! Ends of parts, items and answers in a client's stream.

use super::{
    frames::{
        Called, ContentEvent, ItemOut, Message, PartEvent, Piece, Summary, SummaryEvent, reasoning,
    },
    response_out::Status,
    stream_out::{Open, Writer},
};
use crate::{
    Dialect,
    ir::{FailureKind, Media, MediaKind, Opening, Part, Source, Stop, Thinking},
    json::Json,
};

impl Writer {
    /// The open part is over.
    pub(super) fn close(&mut self, out: &mut Vec<u8>) {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => {}
            Open::Message(mut message) => {
                self.close_piece(&mut message, out);
                self.open = Open::Message(message);
            }
            Open::Reasoning(thinking, id) => self.close_reasoning(&thinking, &id, out),
            Open::Call(call) => self.close_call(call, false, out),
        }
    }

    pub(super) fn close_piece(&mut self, message: &mut Message, out: &mut Vec<u8>) {
        if !std::mem::take(&mut message.open) {
            return;
        }
        let Some(piece) = message.content.last() else {
            return;
        };
        let content_index = message.content.len() - 1;
        let output_index = self.output.len();
        let mut event = ContentEvent {
            item_id: &message.id,
            output_index,
            content_index: Some(content_index),
            ..ContentEvent::default()
        };
        match piece {
            Piece::Refusal { refusal } => {
                event.refusal = Some(refusal);
                self.emit("response.refusal.done", &event, out);
            }
            Piece::OutputText { text, .. } => {
                event.text = Some(text);
                event.logprobs = Some([]);
                self.emit("response.output_text.done", &event, out);
            }
        }
        let event = PartEvent {
            item_id: &message.id,
            output_index,
            content_index,
            part: piece,
        };
        self.emit("response.content_part.done", &event, out);
    }

    pub(super) fn close_message(&mut self, status: &'static str, out: &mut Vec<u8>) {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Message(mut message) => {
                self.close_piece(&mut message, out);
                let item = Json::of(&ItemOut::Message {
                    id: &message.id,
                    status,
                    role: "assistant",
                    content: &message.content,
                });
                self.done(item, out);
            }
            open => self.open = open,
        }
    }

    pub(super) fn close_reasoning(&mut self, thinking: &Thinking, id: &str, out: &mut Vec<u8>) {
        let text = thinking.text.as_str();
        if !text.is_empty() {
            let event = |part, text| SummaryEvent {
                item_id: id,
                output_index: self.output.len(),
                summary_index: 0,
                part,
                delta: None,
                text,
            };
            let (told, part) = (event(None, Some(text)), event(Some(Summary { text }), None));
            self.emit("response.reasoning_summary_text.done", &told, out);
            self.emit("response.reasoning_summary_part.done", &part, out);
        }
        self.done(reasoning(thinking, id), out);
    }

    /// A call is over; `broken` where more was to come.
    fn close_call(&mut self, mut call: Called, broken: bool, out: &mut Vec<u8>) {
        let told = std::mem::take(&mut call.arguments);
        // Of arguments that were cut, the item tells what its deltas told: free text has none.
        let whole = Json::arguments(&told).filter(|_| !broken);
        let (said, status) = match whole {
            Some(arguments) if call.custom => (arguments.free_text(), "completed"),
            Some(arguments) => (arguments.text().to_owned(), "completed"),
            None if call.custom => (String::new(), "incomplete"),
            None => (told, "incomplete"),
        };
        let mut event = ContentEvent {
            item_id: &call.id,
            output_index: self.output.len(),
            ..ContentEvent::default()
        };
        if call.custom {
            event.delta = Some(&said);
            if !said.is_empty() {
                self.emit("response.custom_tool_call_input.delta", &event, out);
            }
            event.delta = None;
            event.input = Some(&said);
            self.emit("response.custom_tool_call_input.done", &event, out);
        } else {
            event.arguments = Some(&said);
            self.emit("response.function_call_arguments.done", &event, out);
        }
        let item = Json::of(&call.item(status, &said));
        self.done(item, out);
    }

    /// The answer broke off: what is open is over, as far as it came.
    pub(super) fn close_broken(&mut self, out: &mut Vec<u8>) {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Call(call) => self.close_call(call, true, out),
            open => {
                self.open = open;
                self.close(out);
            }
        }
        self.close_message("incomplete", out);
    }

    /// A part that comes whole.
    pub(super) fn part(&mut self, part: &Part, out: &mut Vec<u8>) {
        self.close_message("completed", out);
        match part {
            Part::Thinking(thinking) => {
                let id = self.shell.item_id("rs", self.output.len());
                let item = reasoning(thinking, &id);
                self.added_as(&item, out);
                self.done(item, out);
            }
            Part::Opaque {
                dialect: Dialect::OpenaiResponses,
                value,
                ..
            } => {
                self.added_as(value, out);
                self.done(value.clone(), out);
            }
            Part::Media(Media {
                kind: MediaKind::Image,
                source: Source::Base64 { data, .. },
                ..
            }) => {
                let id = self.shell.item_id("ig", self.output.len());
                let item = Json::of(&ItemOut::ImageGenerationCall {
                    id: &id,
                    status: "completed",
                    result: data,
                });
                self.added_as(&item, out);
                self.done(item, out);
            }
            // Only its own dialect knows it.
            _ => {}
        }
    }

    /// Closes what is open and tells how the answer stands.
    pub(super) fn close_with(&mut self, stop: &Stop, out: &mut Vec<u8>) -> Status<'static> {
        self.close(out);
        if let Stop::Refusal {
            explanation: Some(why),
            ..
        } = stop
            && !why.is_empty()
            && self.output.is_empty()
            && matches!(self.open, Open::Nothing)
        {
            self.open(&Opening::Refusal, out);
            self.delta(why, out);
            self.close(out);
        }
        // Ending well without the calls it ended for would stop an agent without a word.
        let status = match stop {
            Stop::ToolUse if self.calls == 0 => Status::Failed(
                super::error::code_in_response(FailureKind::Server),
                "the model called tools without naming any",
            ),
            stop => Status::of_stop(stop),
        };
        let word = match status {
            Status::Incomplete(_) => "incomplete",
            _ => "completed",
        };
        self.close_message(word, out);
        status
    }
}
