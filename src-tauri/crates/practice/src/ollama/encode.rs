//! Scripts printed as Ollama answers: whole, and as lines of JSON.
//!
//! Calls come whole in lines of their own before the last one, whose reason stays `stop`. Times
//! taken are made up from the counts, so that they can be foretold.

use serde_json::{Value, json};

use super::time::rfc3339;
use crate::script::{Block, Script, Stop, Usage};

const LOAD_NANOS: u64 = 5_000_000;
const PROMPT_NANOS: u64 = 1_000_000;
const ANSWER_NANOS: u64 = 20_000_000;

/// Which of the two calls is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `/api/chat`, in messages.
    Chat,
    /// `/api/generate`, in plain text.
    Generate,
}

/// A line of a stream.
pub(super) struct Line {
    /// The object it is.
    pub(super) value: Value,
    /// Whether it carries a piece of content.
    pub(super) delta: bool,
    /// The usage that it tells.
    pub(super) told: Option<Usage>,
}

/// The answer as one JSON value.
pub(super) fn answer(form: Form, script: &Script) -> Value {
    let mut text = String::new();
    let mut thinking = String::new();
    let mut calls = Vec::new();
    for block in blocks(script) {
        match block {
            Block::Text(pieces) => text.push_str(&pieces.concat()),
            Block::Thinking(pieces, _) => thinking.push_str(&pieces.concat()),
            Block::Tool { id, name, input } => calls.push(call(calls.len(), id, name, input)),
        }
    }
    let mut answer = last(form, script);
    let said = spoken(form, &text, &thinking, calls);
    for (name, value) in said.as_object().into_iter().flatten() {
        answer[name] = value.clone();
    }
    answer
}

/// The answer in lines.
pub(super) fn lines(form: Form, script: &Script) -> Vec<Line> {
    let mut calls = 0;
    let mut said = Vec::new();
    for block in blocks(script) {
        match block {
            Block::Text(pieces) => {
                said.extend(pieces.iter().map(|text| spoken(form, text, "", Vec::new())));
            }
            Block::Thinking(pieces, _) => {
                said.extend(pieces.iter().map(|text| spoken(form, "", text, Vec::new())));
            }
            Block::Tool { id, name, input } => {
                said.push(spoken(form, "", "", vec![call(calls, id, name, input)]));
                calls += 1;
            }
        }
    }
    let mut lines: Vec<Line> = said
        .iter()
        .map(|said| Line {
            value: line(script, said, false),
            delta: true,
            told: None,
        })
        .collect();
    lines.push(Line {
        value: last(form, script),
        delta: false,
        told: (!is_promptless(script)).then(|| told(&script.usage)),
    });
    lines
}

/// Usage as this dialect can tell it: all input is one number, and so is all output.
pub(super) fn told(usage: &Usage) -> Usage {
    Usage {
        input: usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h,
        output: usage.output,
        ..Usage::default()
    }
}

/// What a line says, without the fields that all lines have.
fn spoken(form: Form, text: &str, thinking: &str, calls: Vec<Value>) -> Value {
    let (mut said, field) = match form {
        Form::Chat => (json!({"role": "assistant", "content": text}), "message"),
        Form::Generate => (json!({ "response": text }), ""),
    };
    if !thinking.is_empty() {
        said["thinking"] = thinking.into();
    }
    if !calls.is_empty() {
        said["tool_calls"] = calls.into();
    }
    if field.is_empty() {
        said
    } else {
        json!({ field: said })
    }
}

fn line(script: &Script, said: &Value, done: bool) -> Value {
    let mut line = json!({"model": script.model, "created_at": rfc3339(script.created)});
    for (name, value) in said.as_object().into_iter().flatten() {
        line[name] = value.clone();
    }
    line["done"] = done.into();
    line
}

/// The last line, with reason, counts and times in nanoseconds.
fn last(form: Form, script: &Script) -> Value {
    let mut line = line(script, &spoken(form, "", "", Vec::new()), true);
    if let Some(only) = script.notes["only"].as_str() {
        line["done_reason"] = only.into();
        return line;
    }
    let usage = told(&script.usage);
    let prompt = usage.input * PROMPT_NANOS;
    let answer = usage.output * ANSWER_NANOS;
    line["done_reason"] = done_reason(script.stop).into();
    line["total_duration"] = (LOAD_NANOS + prompt + answer).into();
    line["load_duration"] = LOAD_NANOS.into();
    line["prompt_eval_count"] = usage.input.into();
    line["prompt_eval_duration"] = prompt.into();
    line["eval_count"] = usage.output.into();
    line["eval_duration"] = answer.into();
    line
}

/// What is answered; nothing where there was no prompt.
fn blocks(script: &Script) -> &[Block] {
    if is_promptless(script) {
        &[]
    } else {
        &script.blocks
    }
}

fn is_promptless(script: &Script) -> bool {
    script.notes.get("only").is_some()
}

fn call(index: usize, id: &str, name: &str, input: &Value) -> Value {
    let function = json!({"index": index, "name": name, "arguments": input});
    json!({"id": format!("call_{id}"), "function": function})
}

fn done_reason(stop: Stop) -> &'static str {
    match stop {
        Stop::EndTurn | Stop::ToolUse | Stop::Refusal => "stop",
        Stop::MaxTokens | Stop::PauseTurn => "length",
    }
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
