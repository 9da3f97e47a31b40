//! Scripts printed as chat completions, whole and as chunks.
//!
//! The stream is exact: a chunk with the role, deltas, a chunk with the finish reason and an empty
//! delta, a chunk with usage where that was asked for, `[DONE]`.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::dialect::Frame;
use crate::odd;
use crate::script::{Block, Script, Stop, Usage, pieces};

/// The frame behind the last chunk.
pub(super) const DONE: &str = "data: [DONE]\n\n";
const TOOL_PIECE: usize = 12;

/// The answer as one JSON object.
pub(super) fn whole(script: &Script) -> Bytes {
    let plain: Bytes = completion(script).to_string().into();
    if script.odd {
        odd::whole(&plain)
    } else {
        plain
    }
}

pub(super) fn completion(script: &Script) -> Value {
    let choice = json!({
        "index": 0,
        "message": message(script),
        "logprobs": null,
        "finish_reason": finish_reason(script),
    });
    let mut completion = head(script, "chat.completion", &json!([choice]));
    completion["usage"] = usage(&script.usage);
    completion
}

fn head(script: &Script, object: &str, choices: &Value) -> Value {
    json!({
        "id": format!("chatcmpl-{}", script.id),
        "object": object,
        "created": script.created,
        "model": script.model,
        "choices": choices,
        "service_tier": "default",
        "system_fingerprint": "fp_practice",
    })
}

fn message(script: &Script) -> Value {
    let mut text = String::new();
    let mut reasoning = String::new();
    let mut calls = Vec::new();
    for block in &script.blocks {
        match block {
            Block::Text(pieces) => text.push_str(&pieces.concat()),
            Block::Thinking(pieces, _) => reasoning.push_str(&pieces.concat()),
            Block::Tool { id, name, input } => calls.push(call(id, name, input, &arguments(input))),
        }
    }
    let content = if text.is_empty() {
        Value::Null
    } else {
        text.into()
    };
    let mut message =
        json!({"role": "assistant", "content": content, "refusal": null, "annotations": []});
    if !reasoning.is_empty() {
        message["reasoning_content"] = reasoning.into();
    }
    if legacy(script) {
        if let Some(called) = script.blocks.iter().find_map(function_call) {
            message["function_call"] = called;
        }
    } else if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    message
}

/// Whether the request offered `functions`, which are answered by a `function_call`.
fn legacy(script: &Script) -> bool {
    script.notes["functions"] == true
}

fn function_call(block: &Block) -> Option<Value> {
    match block {
        Block::Tool { name, input, .. } => {
            Some(json!({"name": name, "arguments": arguments(input)}))
        }
        _ => None,
    }
}

fn call(id: &str, name: &str, input: &Value, arguments: &str) -> Value {
    let id = format!("call_{id}");
    if input.is_string() {
        json!({"id": id, "type": "custom", "custom": {"name": name, "input": arguments}})
    } else {
        json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
    }
}

/// The text of a call's input: JSON, or free text as it is.
fn arguments(input: &Value) -> String {
    input
        .as_str()
        .map_or_else(|| input.to_string(), str::to_owned)
}

/// The same in pieces, none of them empty.
fn argument_pieces(input: &Value) -> Vec<String> {
    let text = arguments(input);
    let mut parts = pieces(&text, text.len().div_ceil(TOOL_PIECE));
    parts.retain(|part| !part.is_empty());
    parts
}

/// The answer as chunks.
pub(super) fn frames(script: &Script) -> Vec<Frame> {
    let with_usage = script.notes["include_usage"] == true;
    let chunk = |delta: Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        let mut chunk = head(script, "chat.completion.chunk", &json!([choice]));
        if with_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    };
    let role = json!({"role": "assistant", "content": "", "refusal": null});
    let mut frames = vec![frame(&chunk(role, Value::Null), script.odd)];
    for delta in deltas(script) {
        frames.push(Frame {
            delta: true,
            ..frame(&chunk(delta, Value::Null), false)
        });
    }
    frames.push(frame(
        &chunk(json!({}), finish_reason(script).into()),
        false,
    ));
    if with_usage {
        let mut last = head(script, "chat.completion.chunk", &json!([]));
        last["usage"] = usage(&script.usage);
        frames.push(Frame {
            told: Some(script.usage),
            ..frame(&last, false)
        });
    }
    frames.push(Frame {
        bytes: Bytes::from_static(DONE.as_bytes()),
        delta: false,
        told: None,
    });
    frames
}

fn deltas(script: &Script) -> Vec<Value> {
    let mut deltas = Vec::new();
    let mut calls = 0;
    for block in &script.blocks {
        match block {
            Block::Text(pieces) => {
                deltas.extend(pieces.iter().map(|text| json!({ "content": text })));
            }
            Block::Thinking(pieces, _) => {
                deltas.extend(
                    pieces
                        .iter()
                        .map(|text| json!({ "reasoning_content": text })),
                );
            }
            Block::Tool { id, name, input } if !legacy(script) => {
                deltas.extend(call_deltas(calls, id, name, input));
                calls += 1;
            }
            Block::Tool { name, input, .. } if calls == 0 => {
                calls += 1;
                deltas.push(json!({"function_call": {"name": name, "arguments": ""}}));
                let parts = argument_pieces(input);
                deltas.extend(
                    parts
                        .iter()
                        .map(|part| json!({"function_call": {"arguments": part}})),
                );
            }
            Block::Tool { .. } => {}
        }
    }
    deltas
}

/// The first delta of a call names it and has no arguments yet; the others have nothing else.
fn call_deltas(index: usize, id: &str, name: &str, input: &Value) -> Vec<Value> {
    let (kind, field) = if input.is_string() {
        ("custom", "input")
    } else {
        ("function", "arguments")
    };
    let mut first = call(id, name, input, "");
    first["index"] = index.into();
    let parts = argument_pieces(input);
    std::iter::once(first)
        .chain(parts.iter().map(|part| {
            let mut later = json!({"index": index});
            later[kind] = json!({ field: part });
            later
        }))
        .map(|call| json!({"tool_calls": [call]}))
        .collect()
}

fn frame(data: &Value, odd: bool) -> Frame {
    let text = data.to_string();
    let bytes = if odd {
        let rest = text.get(1..).unwrap_or_default();
        format!(
            ": practice, oddly spelled\n\nid: 7\r\ndata:{{{}{rest}\r\n\r\n",
            odd::EXTRA
        )
    } else {
        format!("data: {text}\n\n")
    };
    Frame {
        bytes: bytes.into(),
        delta: false,
        told: None,
    }
}

fn finish_reason(script: &Script) -> &'static str {
    match script.stop {
        Stop::EndTurn => "stop",
        Stop::ToolUse if legacy(script) => "function_call",
        Stop::ToolUse => "tool_calls",
        Stop::MaxTokens | Stop::PauseTurn => "length",
        Stop::Refusal => "content_filter",
    }
}

fn usage(usage: &Usage) -> Value {
    let written = usage.cache_write_5m + usage.cache_write_1h;
    let prompt = usage.input + usage.cache_read + written;
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": usage.output,
        "total_tokens": prompt + usage.output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": written,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.thinking,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
