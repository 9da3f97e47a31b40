//! The rules of a request beyond its types: roles, tool results, thinking, format, options.

use serde_json::{Map, Value};

use crate::dialect::Refusal;

type Checked = Result<(), Refusal>;

/// What an option holds.
#[derive(Clone, Copy)]
enum Held {
    Int,
    Float,
    Flag,
    Texts,
}

const OPTIONS: &[(&str, Held)] = &[
    ("num_keep", Held::Int),
    ("seed", Held::Int),
    ("num_predict", Held::Int),
    ("top_k", Held::Int),
    ("top_p", Held::Float),
    ("min_p", Held::Float),
    ("typical_p", Held::Float),
    ("repeat_last_n", Held::Int),
    ("temperature", Held::Float),
    ("repeat_penalty", Held::Float),
    ("presence_penalty", Held::Float),
    ("frequency_penalty", Held::Float),
    ("stop", Held::Texts),
    ("num_ctx", Held::Int),
    ("num_batch", Held::Int),
    ("num_gpu", Held::Int),
    ("main_gpu", Held::Int),
    ("use_mmap", Held::Flag),
    ("num_thread", Held::Int),
];
/// Options by the names of other dialects; the real server passes over them.
const FOREIGN_OPTIONS: &[&str] = &[
    "max_tokens",
    "max_completion_tokens",
    "maxOutputTokens",
    "stop_sequences",
    "stopSequences",
    "topP",
    "topK",
    "tool_choice",
    "reasoning_effort",
];

/// Checks what the answering calls have in common.
pub(super) fn common(request: &Value) -> Checked {
    model(request)?;
    think(&request["think"])?;
    format(&request["format"])?;
    options(&request["options"])?;
    match request["top_logprobs"].as_i64() {
        Some(number) if !(0..=20).contains(&number) => {
            wrong("top_logprobs must be between 0 and 20")
        }
        _ => Ok(()),
    }
}

/// Checks that a model is named.
pub(super) fn model(request: &Value) -> Checked {
    match request["model"].as_str() {
        Some(model) if !model.is_empty() => Ok(()),
        _ => wrong("model is required"),
    }
}

/// Checks the messages of a chat.
pub(super) fn messages(messages: &[Value]) -> Checked {
    let mut open: Vec<&Value> = Vec::new();
    for message in messages {
        let role = message["role"].as_str().unwrap_or_default();
        if !matches!(role, "system" | "user" | "assistant" | "tool") {
            return wrong(format!(
                "invalid role: {role}, must be one of [\"system\", \"user\", \"assistant\", \"tool\"]"
            ));
        }
        if role == "tool" {
            answered(message, &mut open)?;
        }
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        for call in calls {
            if role != "assistant" {
                return wrong(format!("tool_calls in a message of role {role}"));
            }
            if text(&call["function"]["name"]).is_empty() {
                return wrong("tool call without a function name");
            }
            open.push(call);
        }
    }
    Ok(())
}

/// Checks the tools of a chat.
pub(super) fn tools(tools: &[Value]) -> Checked {
    for tool in tools {
        let kind = text(&tool["type"]);
        if kind != "function" {
            return wrong(format!(
                "invalid tool type: \"{kind}\", must be \"function\""
            ));
        }
        if text(&tool["function"]["name"]).is_empty() {
            return wrong("tool without a function name");
        }
        let parameters = &tool["function"]["parameters"];
        if parameters.is_object() && parameters["type"] != "object" {
            return wrong("tool parameters must be of type \"object\"");
        }
    }
    Ok(())
}

fn wrong(message: impl Into<String>) -> Checked {
    Err(Refusal::bad(message))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A result names the call that it answers. The real server prints it to the model nameless; what
/// was meant is lost then, so it is refused here.
fn answered(message: &Value, open: &mut Vec<&Value>) -> Checked {
    let (id, name) = (text(&message["tool_call_id"]), text(&message["tool_name"]));
    if id.is_empty() && name.is_empty() {
        return wrong("a message of role tool needs tool_name or tool_call_id");
    }
    let fits = |call: &&Value| {
        (id.is_empty() || call["id"] == id) && (name.is_empty() || call["function"]["name"] == name)
    };
    let Some(found) = open.iter().position(fits) else {
        return wrong(format!(
            "a message of role tool answers no tool call before it: tool_name \"{name}\", tool_call_id \"{id}\""
        ));
    };
    open.remove(found);
    Ok(())
}

fn think(think: &Value) -> Checked {
    match think {
        Value::Null | Value::Bool(_) => Ok(()),
        Value::String(level) if matches!(level.as_str(), "low" | "medium" | "high" | "max") => {
            Ok(())
        }
        Value::String(level) => wrong(format!(
            "invalid think value: \"{level}\" (must be \"max\", \"high\", \"medium\", \"low\", true, or false)"
        )),
        _ => wrong(
            "think must be a boolean or string (\"max\", \"high\", \"medium\", \"low\", true, or false)",
        ),
    }
}

fn format(format: &Value) -> Checked {
    match format {
        Value::Null | Value::Object(_) => Ok(()),
        Value::String(name) if matches!(name.as_str(), "" | "json") => Ok(()),
        other => wrong(format!(
            "invalid format: {other}; expected \"json\" or a valid JSON Schema object"
        )),
    }
}

fn options(options: &Value) -> Checked {
    let none = Map::new();
    for (name, value) in options.as_object().unwrap_or(&none) {
        if FOREIGN_OPTIONS.contains(&name.as_str()) {
            return wrong(format!("json: unknown field \"options.{name}\""));
        }
        let Some((_, kind)) = OPTIONS.iter().find(|(known, _)| known == name) else {
            continue;
        };
        let (fits, type_name) = match kind {
            Held::Int => (value.is_i64(), "integer"),
            Held::Float => (value.is_number(), "float32"),
            Held::Flag => (value.is_boolean(), "boolean"),
            Held::Texts => {
                let texts = value
                    .as_array()
                    .is_some_and(|items| items.iter().all(Value::is_string));
                (texts, "array")
            }
        };
        if !fits && !value.is_null() {
            return wrong(format!("option \"{name}\" must be of type {type_name}"));
        }
    }
    Ok(())
}
