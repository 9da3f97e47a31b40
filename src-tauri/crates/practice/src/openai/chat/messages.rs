//! The messages of a Chat Completions request: their shapes by role, and calls with their results.

use serde_json::{Map, Value};

use super::super::media;
use super::super::shape::{
    Checked, Field, Kind, empty_array, inside, length, may, must, name, null, object, tag, wrong,
    wrong_type,
};
use crate::dialect::Refusal;

const ROLES: &[&str] = &[
    "developer",
    "system",
    "user",
    "assistant",
    "tool",
    "function",
];
/// Longest id of a tool call.
const CALL_ID: usize = 64;
const MOST_BREAKPOINTS: usize = 4;

const INSTRUCTION: &[Field] = &[
    must("role", Kind::Text),
    must("content", Kind::Any),
    may("name", Kind::Text),
];
/// `reasoning_content` is what this provider, as many compatible ones, answers and takes back; `annotations` is taken
/// back because an answer carries it and the SDKs send answers as they came.
const ASSISTANT: &[Field] = &[
    must("role", Kind::Text),
    null("content", Kind::Any),
    may("name", Kind::Text),
    null("refusal", Kind::Text),
    null("audio", Kind::Fields(&[must("id", Kind::Text)])),
    may("tool_calls", Kind::Any),
    null("function_call", Kind::Fields(CALLED)),
    null("reasoning_content", Kind::Text),
    null("annotations", Kind::Any),
];
const TOOL: &[Field] = &[
    must("role", Kind::Text),
    must("content", Kind::Any),
    must("tool_call_id", Kind::Text),
];
const OLD_RESULT: &[Field] = &[
    must("role", Kind::Text),
    null("content", Kind::Text),
    must("name", Kind::Text),
];
const CALLED: &[Field] = &[must("name", Kind::Text), must("arguments", Kind::Text)];
const FUNCTION_CALL: &[Field] = &[
    must("id", Kind::Id(CALL_ID)),
    must("type", Kind::Text),
    must("function", Kind::Fields(CALLED)),
];
const CUSTOM_CALL: &[Field] = &[
    must("id", Kind::Id(CALL_ID)),
    must("type", Kind::Text),
    must(
        "custom",
        Kind::Fields(&[must("name", Kind::Text), must("input", Kind::Text)]),
    ),
];
const BREAKPOINT: Field = may(
    "prompt_cache_breakpoint",
    Kind::Fields(&[
        must("mode", Kind::Word(&["explicit"])),
        may("ttl", Kind::Word(&["30m", "12h"])),
    ]),
);
const TEXT: &[Field] = &[
    must("type", Kind::Text),
    must("text", Kind::Text),
    BREAKPOINT,
];
const REFUSAL: &[Field] = &[
    must("type", Kind::Text),
    must("refusal", Kind::Text),
    BREAKPOINT,
];
const IMAGE: &[Field] = &[
    must("type", Kind::Text),
    must(
        "image_url",
        Kind::Fields(&[
            must("url", Kind::Text),
            may("detail", Kind::Word(&["auto", "low", "high", "original"])),
        ]),
    ),
    BREAKPOINT,
];
const AUDIO: &[Field] = &[
    must("type", Kind::Text),
    must(
        "input_audio",
        Kind::Fields(&[
            must("data", Kind::Text),
            must("format", Kind::Word(&["wav", "mp3"])),
        ]),
    ),
    BREAKPOINT,
];
const FILE: &[Field] = &[
    must("type", Kind::Text),
    must(
        "file",
        Kind::Fields(&[
            may("file_data", Kind::Text),
            may("file_id", Kind::Text),
            may("filename", Kind::Text),
        ]),
    ),
    BREAKPOINT,
];

/// Checks all messages.
pub(super) fn check(messages: &[Value]) -> Checked {
    let mut breakpoints = 0;
    for (index, message) in messages.iter().enumerate() {
        let at = format!("messages[{index}]");
        match tag(&at, message, "role", ROLES)? {
            "developer" | "system" => {
                object(&at, message, INSTRUCTION)?;
                content(&at, &message["content"], &["text"])?;
            }
            "user" => {
                object(&at, message, INSTRUCTION)?;
                let parts = &["text", "image_url", "input_audio", "file"];
                content(&at, &message["content"], parts)?;
            }
            "assistant" => assistant(&at, object(&at, message, ASSISTANT)?)?,
            "tool" => {
                object(&at, message, TOOL)?;
                content(&at, &message["content"], &["text"])?;
            }
            _ => {
                object(&at, message, OLD_RESULT)?;
            }
        }
        breakpoints += parts_of(message)
            .filter(|part| part.get("prompt_cache_breakpoint").is_some())
            .count();
    }
    if breakpoints > MOST_BREAKPOINTS {
        return Err(wrong(
            "messages",
            format!(
                "At most {MOST_BREAKPOINTS} cache breakpoints are allowed, but there are {breakpoints}."
            ),
        ));
    }
    pairs(messages)
}

/// The parts of a message's content; none where it is a string.
pub(super) fn parts_of(message: &Value) -> impl Iterator<Item = &Value> {
    message["content"].as_array().into_iter().flatten()
}

/// Checks a string, or parts of the kinds allowed.
fn content(at: &str, content: &Value, allowed: &[&str]) -> Checked {
    let at = inside(at, "content");
    match content {
        Value::String(_) => Ok(()),
        Value::Array(parts) if parts.is_empty() => Err(empty_array(&at)),
        Value::Array(parts) => {
            let mut parts = parts.iter().enumerate();
            parts.try_for_each(|(index, part)| self::part(&format!("{at}[{index}]"), part, allowed))
        }
        other => Err(wrong_type(&at, "a string or an array of objects", other)),
    }
}

fn part(at: &str, part: &Value, allowed: &[&str]) -> Checked {
    let text = |name: &str, inner: &str| part[name][inner].as_str().unwrap_or_default();
    match tag(at, part, "type", allowed)? {
        "text" => object(at, part, TEXT).map(|_| ()),
        "refusal" => object(at, part, REFUSAL).map(|_| ()),
        "image_url" => {
            object(at, part, IMAGE)?;
            media::image(&format!("{at}.image_url.url"), text("image_url", "url"))
        }
        "input_audio" => {
            object(at, part, AUDIO)?;
            media::base64(
                &format!("{at}.input_audio.data"),
                text("input_audio", "data"),
            )
        }
        _ => {
            object(at, part, FILE)?;
            let file = &part["file"];
            match (file.get("file_data"), file.get("file_id")) {
                (Some(_), None) => {
                    if file.get("filename").is_none() {
                        return Err(Refusal::bad(format!(
                            "Missing required parameter: '{at}.file.filename'."
                        ))
                        .about(format!("{at}.file.filename"))
                        .coded("missing_required_parameter"));
                    }
                    media::file(&format!("{at}.file.file_data"), text("file", "file_data"))
                }
                (None, Some(id)) => Err(wrong(
                    &format!("{at}.file.file_id"),
                    format!("No such File object: {}", id.as_str().unwrap_or_default()),
                )),
                _ => Err(wrong(
                    &format!("{at}.file"),
                    "Exactly one of 'file_data' and 'file_id' is expected.",
                )),
            }
        }
    }
}

fn assistant(at: &str, message: &Map<String, Value>) -> Checked {
    match message.get("content") {
        None | Some(Value::Null) => {
            let says = ["tool_calls", "function_call", "refusal", "audio"];
            let given = |name: &&str| message.get(*name).is_some_and(|value| !value.is_null());
            if !says.iter().any(given) {
                return Err(wrong_type(
                    &inside(at, "content"),
                    "a string or an array of objects",
                    &Value::Null,
                ));
            }
        }
        Some(said) => content(at, said, &["text", "refusal"])?,
    }
    let Some(calls) = message.get("tool_calls") else {
        return Ok(());
    };
    let at = inside(at, "tool_calls");
    let calls = calls
        .as_array()
        .ok_or_else(|| wrong_type(&at, "an array of objects", calls))?;
    if calls.is_empty() {
        return Err(empty_array(&at));
    }
    let mut calls = calls.iter().enumerate();
    calls.try_for_each(|(index, call)| self::call(&format!("{at}[{index}]"), call))
}

fn call(at: &str, call: &Value) -> Checked {
    let kind = tag(at, call, "type", &["function", "custom"])?;
    let table = if kind == "function" {
        FUNCTION_CALL
    } else {
        CUSTOM_CALL
    };
    object(at, call, table)?;
    let called = call[kind]["name"].as_str().unwrap_or_default();
    name(&format!("{at}.{kind}.name"), called)
}

/// Each call has its result right behind its message, and each result its call before it.
fn pairs(messages: &[Value]) -> Checked {
    let mut open: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        if message["role"] == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            length(&format!("messages[{index}].tool_call_id"), id, CALL_ID)?;
            let Some(at) = open.iter().position(|known| *known == id) else {
                return Err(Refusal::bad(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
                )
                .about(format!("messages.[{index}].role")));
            };
            open.remove(at);
            continue;
        }
        answered(&open, index)?;
        let calls = message["tool_calls"].as_array();
        open = calls
            .into_iter()
            .flatten()
            .filter_map(|call| call["id"].as_str())
            .collect();
        let mut sorted = open.clone();
        sorted.sort_unstable();
        if let Some([twice, _]) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(wrong(
                &format!("messages[{index}].tool_calls"),
                format!("Duplicate value for 'tool_call_id' of '{twice}' in one message."),
            ));
        }
    }
    answered(&open, messages.len())
}

fn answered(open: &[&str], index: usize) -> Checked {
    if open.is_empty() {
        return Ok(());
    }
    let open = open.join(", ");
    Err(Refusal::bad(format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {open}"
    ))
    .about(format!("messages.[{index}].role")))
}
