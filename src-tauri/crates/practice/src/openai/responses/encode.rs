//! Scripts printed as responses: items, and the object around them.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::odd;
use crate::script::{Block, Script, Stop, Usage};
use crate::seal;

/// The answer as one JSON object.
pub(super) fn whole(script: &Script) -> Bytes {
    let plain: Bytes = response(script).to_string().into();
    if script.odd {
        odd::whole(&plain)
    } else {
        plain
    }
}

/// The finished response.
pub(super) fn response(script: &Script) -> Value {
    let (status, reason) = ending(script.stop);
    let mut response = started(script);
    response["status"] = status.into();
    if status == "completed" {
        response["completed_at"] = script.created.into();
    }
    if let Some(reason) = reason {
        response["incomplete_details"] = json!({ "reason": reason });
    }
    let last = script.blocks.len();
    response["output"] = script
        .blocks
        .iter()
        .enumerate()
        .map(|(index, block)| {
            let cut = reason.is_some() && index + 1 == last;
            item(
                script,
                index,
                block,
                if cut { "incomplete" } else { "completed" },
            )
        })
        .collect();
    response["usage"] = usage(&script.usage);
    response
}

/// The response before anything is in it.
pub(super) fn started(script: &Script) -> Value {
    let mut response = json!({
        "id": format!("resp_{}", script.id),
        "object": "response",
        "created_at": script.created,
        "status": "in_progress",
        "background": false,
        "completed_at": null,
        "error": null,
        "incomplete_details": null,
        "model": script.model,
        "output": [],
        "previous_response_id": null,
        "service_tier": "default",
        "usage": null,
    });
    for (name, value) in script.notes["repeated"].as_object().into_iter().flatten() {
        response[name] = value.clone();
    }
    response
}

/// Status of a response, and why it is incomplete if it is.
fn ending(stop: Stop) -> (&'static str, Option<&'static str>) {
    match stop {
        Stop::EndTurn | Stop::ToolUse => ("completed", None),
        Stop::MaxTokens | Stop::PauseTurn => ("incomplete", Some("max_output_tokens")),
        Stop::Refusal => ("incomplete", Some("content_filter")),
    }
}

/// The name of the event that ends a stream.
pub(super) fn terminal(stop: Stop) -> &'static str {
    match ending(stop) {
        (_, Some(_)) => "response.incomplete",
        _ => "response.completed",
    }
}

/// A block as an item. One that is in progress has nothing in it yet.
pub(super) fn item(script: &Script, index: usize, block: &Block, status: &str) -> Value {
    let open = status == "in_progress";
    let id = id(script, index, block);
    match block {
        Block::Text(pieces) => {
            let content = if open {
                json!([])
            } else {
                json!([text_part(&pieces.concat())])
            };
            json!({"id": id, "type": "message", "status": status, "role": "assistant",
                "phase": phase(script, index), "content": content})
        }
        Block::Thinking(pieces, _) => {
            let text = pieces.concat();
            let (summary, sealed) = match (open, summarised(script)) {
                (true, _) => (json!([]), String::new()),
                (false, true) => (
                    json!([{"type": "summary_text", "text": text}]),
                    seal::seal(&text),
                ),
                (false, false) => (json!([]), seal::seal(&text)),
            };
            json!({"id": id, "type": "reasoning", "summary": summary, "encrypted_content": sealed})
        }
        Block::Tool {
            id: call,
            name,
            input,
        } => {
            let text = if open {
                String::new()
            } else {
                arguments(input)
            };
            let (kind, field) = if input.is_string() {
                ("custom_tool_call", "input")
            } else {
                ("function_call", "arguments")
            };
            let mut item = json!({"id": id, "type": kind, "status": status,
                "call_id": format!("call_{call}"), "name": name});
            item[field] = text.into();
            if let Some(namespace) = script.notes["namespaces"].get(name) {
                item["namespace"] = namespace.clone();
            }
            item
        }
    }
}

/// What comes before a tool call comments; the rest answers.
fn phase(script: &Script, index: usize) -> &'static str {
    let calls = script.blocks[index..]
        .iter()
        .any(|block| matches!(block, Block::Tool { .. }));
    if calls { "commentary" } else { "final_answer" }
}

/// Whether reasoning is told in words: where a summary is asked for, or nothing is said of reasoning.
pub(super) fn summarised(script: &Script) -> bool {
    let reasoning = &script.notes["repeated"]["reasoning"];
    !reasoning["summary"].is_null() || reasoning["effort"].is_null()
}

/// The event of a failure that comes before a response.
pub(super) fn error(error: &Value) -> Bytes {
    let code = Some(&error["code"])
        .filter(|code| code.is_string())
        .unwrap_or(&error["type"]);
    let event = json!({
        "type": "error",
        "code": code,
        "message": error["message"],
        "param": error["param"],
        "sequence_number": 0,
    });
    format!("event: error\ndata: {event}\n\n").into()
}

/// The event of a response that failed behind `sent` events.
pub(super) fn failed(id: &str, code: &str, message: &Value, sent: usize) -> Bytes {
    let response = json!({
        "id": format!("resp_{id}"),
        "object": "response",
        "created_at": super::super::models::CREATED,
        "status": "failed",
        "error": {"code": code, "message": message},
        "incomplete_details": null,
        "instructions": null,
        "metadata": {},
        "model": "practice",
        "output": [],
        "parallel_tool_calls": true,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": null,
    });
    let event = json!({"type": "response.failed", "sequence_number": sent, "response": response});
    format!("event: response.failed\ndata: {event}\n\n").into()
}

/// The id of an item.
pub(super) fn id(script: &Script, index: usize, block: &Block) -> String {
    let prefix = match block {
        Block::Text(_) => "msg",
        Block::Thinking(..) => "rs",
        Block::Tool { input, .. } if input.is_string() => "ctc",
        Block::Tool { .. } => "fc",
    };
    format!("{prefix}_{}_{index}", script.id)
}

/// A text part.
pub(super) fn text_part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

/// The text of a call's input: JSON, or free text as it is.
pub(super) fn arguments(input: &Value) -> String {
    input
        .as_str()
        .map_or_else(|| input.to_string(), str::to_owned)
}

/// Both details objects are always there, as strict clients demand.
fn usage(usage: &Usage) -> Value {
    let written = usage.cache_write_5m + usage.cache_write_1h;
    let input = usage.input + usage.cache_read + written;
    json!({
        "input_tokens": input,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": written,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.thinking},
        "total_tokens": input + usage.output,
    })
}
