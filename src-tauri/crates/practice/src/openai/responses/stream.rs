//! Scripts printed as Responses events.
//!
//! The stream is exact: `created`, `in_progress`, the items one after the other with their parts,
//! and one terminal event that repeats the whole response. Numbers count from 0 without a gap.

use bytes::Bytes;
use serde_json::{Value, json};

use super::encode::{self, arguments, item, response, started, summarised, terminal, text_part};
use crate::dialect::Frame;
use crate::odd;
use crate::script::{Block, Script, pieces};

const TOOL_PIECE: usize = 12;

/// The answer as events.
pub(super) fn frames(script: &Script) -> Vec<Frame> {
    let mut events = Events {
        frames: Vec::new(),
        odd: script.odd,
    };
    let start = started(script);
    events.push("response.created", json!({ "response": start }));
    events.push("response.in_progress", json!({ "response": start }));
    let whole = response(script);
    for (index, block) in script.blocks.iter().enumerate() {
        let open = item(script, index, block, "in_progress");
        events.push(
            "response.output_item.added",
            json!({"output_index": index, "item": open}),
        );
        let place = json!({"item_id": encode::id(script, index, block), "output_index": index});
        match block {
            Block::Text(pieces) => events.text(&place, pieces),
            Block::Thinking(pieces, _) if summarised(script) => events.summary(&place, pieces),
            Block::Thinking(..) => {}
            Block::Tool { input, .. } => events.call(&place, input),
        }
        events.push(
            "response.output_item.done",
            json!({"output_index": index, "item": whole["output"][index]}),
        );
    }
    events.push(terminal(script.stop), json!({ "response": whole }));
    if let Some(last) = events.frames.last_mut() {
        last.told = Some(script.usage);
    }
    events.frames
}

struct Events {
    frames: Vec<Frame>,
    odd: bool,
}

impl Events {
    fn push(&mut self, name: &str, fields: Value) {
        let mut data = json!({"type": name, "sequence_number": self.frames.len()});
        if let (Some(data), Value::Object(fields)) = (data.as_object_mut(), fields) {
            data.extend(fields);
        }
        let text = data.to_string();
        let bytes: Bytes = if self.odd && self.frames.is_empty() {
            let rest = text.get(1..).unwrap_or_default();
            format!(
                ": practice, oddly spelled\n\nid: 7\r\nevent: {name}\r\ndata:{{{}{rest}\r\n\r\n",
                odd::EXTRA
            )
            .into()
        } else {
            format!("event: {name}\ndata: {text}\n\n").into()
        };
        self.frames.push(Frame {
            bytes,
            delta: name.rsplit('.').next() == Some("delta"),
            told: None,
        });
    }

    /// The same at a place: the fields of `place` come first.
    fn push_at(&mut self, name: &str, place: &Value, fields: Value) {
        let mut all = place.clone();
        if let (Some(all), Value::Object(fields)) = (all.as_object_mut(), fields) {
            all.extend(fields);
        }
        self.push(name, all);
    }

    fn text(&mut self, place: &Value, pieces: &[String]) {
        let whole = pieces.concat();
        let with = |fields: Value| {
            let mut all = json!({"content_index": 0});
            if let (Some(all), Value::Object(fields)) = (all.as_object_mut(), fields) {
                all.extend(fields);
            }
            all
        };
        self.push_at(
            "response.content_part.added",
            place,
            with(json!({"part": text_part("")})),
        );
        for piece in pieces {
            self.push_at(
                "response.output_text.delta",
                place,
                with(json!({"delta": piece, "logprobs": []})),
            );
        }
        self.push_at(
            "response.output_text.done",
            place,
            with(json!({"text": whole, "logprobs": []})),
        );
        self.push_at(
            "response.content_part.done",
            place,
            with(json!({"part": text_part(&whole)})),
        );
    }

    fn summary(&mut self, place: &Value, pieces: &[String]) {
        let whole = pieces.concat();
        let part = |text: &str| json!({"summary_index": 0, "part": {"type": "summary_text", "text": text}});
        self.push_at("response.reasoning_summary_part.added", place, part(""));
        for piece in pieces {
            self.push_at(
                "response.reasoning_summary_text.delta",
                place,
                json!({"summary_index": 0, "delta": piece}),
            );
        }
        self.push_at(
            "response.reasoning_summary_text.done",
            place,
            json!({"summary_index": 0, "text": whole}),
        );
        self.push_at("response.reasoning_summary_part.done", place, part(&whole));
    }

    fn call(&mut self, place: &Value, input: &Value) {
        let (name, field) = if input.is_string() {
            ("response.custom_tool_call_input", "input")
        } else {
            ("response.function_call_arguments", "arguments")
        };
        let text = arguments(input);
        let parts = pieces(&text, text.len().div_ceil(TOOL_PIECE));
        for part in parts.iter().filter(|part| !part.is_empty()) {
            self.push_at(&format!("{name}.delta"), place, json!({ "delta": part }));
        }
        self.push_at(&format!("{name}.done"), place, json!({ field: text }));
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
