//! Chat Completions requests, checked and read for what an answer depends on.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::super::parsed;
use super::{check, messages};
use crate::dialect::Refusal;
use crate::script::{Ask, CacheMark, Media, Tool, estimate};

/// What a picture, a recording or a file costs, whatever its bytes.
const MEDIA_TOKENS: u64 = 800;
/// Prompts from this size on are cached without being asked.
const CACHED_FROM: u64 = 1024;

/// Reads a body for `POST /v1/chat/completions`.
pub(super) fn read(body: &Bytes) -> Result<Ask, Refusal> {
    let request = parsed(body)?;
    check::request(&request)?;
    let list = request["messages"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    messages::check(list)?;
    let (media, bytes) = media(list);
    let count = (media.images + media.audio + media.files) as u64;
    let tokens = estimate(body.len().saturating_sub(bytes)) + count * MEDIA_TOKENS;
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    let number = |name: &str| request.get(name).and_then(Value::as_u64);
    Ok(Ask {
        model: text("model").unwrap_or_default().to_owned(),
        stream: request.get("stream") == Some(&Value::Bool(true)),
        tools: tools(&request),
        user_text: user_text(list),
        tool_results: tool_results(list),
        // Its models answer anew beside a last message of the assistant.
        begun: None,
        thinking: !matches!(text("reasoning_effort"), None | Some("none" | "minimal")),
        schema: schema(&request),
        max_tokens: number("max_completion_tokens").or(number("max_tokens")),
        tokens,
        cache: (tokens >= CACHED_FROM).then_some(CacheMark::FiveMinutes),
        continued: list.iter().any(|message| message["role"] == "assistant"),
        body: body.clone(),
        media,
        one_call: request.get("parallel_tool_calls") == Some(&Value::Bool(false)),
        notes: json!({
            "include_usage": request.get("stream_options")
                .and_then(|options| options.get("include_usage")),
            "functions": request.contains_key("functions"),
        }),
    })
}

fn tools(request: &Map<String, Value>) -> Vec<Tool> {
    let list = |name: &str| {
        request
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let tools = list("tools").map(|tool| match tool["type"].as_str() {
        Some("custom") => (&tool["custom"], true),
        _ => (&tool["function"], false),
    });
    let functions = list("functions").map(|function| (function, false));
    tools
        .chain(functions)
        .map(|(tool, free)| Tool {
            name: tool["name"].as_str().unwrap_or_default().to_owned(),
            schema: if free {
                json!({"type": "string"})
            } else {
                tool.get("parameters").cloned().unwrap_or(json!({}))
            },
        })
        .filter(|tool| choosable(request.get("tool_choice"), &tool.name))
        .collect()
}

/// Whether the request lets this tool be called: all of them, none, one, or those listed.
fn choosable(choice: Option<&Value>, name: &str) -> bool {
    let Some(choice) = choice else { return true };
    match choice["type"].as_str() {
        Some("allowed_tools") => {
            let allowed = choice["allowed_tools"]["tools"].as_array();
            allowed
                .into_iter()
                .flatten()
                .any(|tool| tool["function"]["name"] == name || tool["custom"]["name"] == name)
        }
        Some(kind) => choice[kind]["name"] == name,
        None => choice != "none",
    }
}

fn schema(request: &Map<String, Value>) -> Option<Value> {
    let format = request.get("response_format")?;
    match format["type"].as_str()? {
        "json_schema" => Some(
            format["json_schema"]
                .get("schema")
                .cloned()
                .unwrap_or(json!({})),
        ),
        "json_object" => Some(json!({})),
        _ => None,
    }
}

/// Text of a message: its string, or its text parts, each on a line of its own.
fn text(message: &Value) -> String {
    if let Some(text) = message["content"].as_str() {
        return text.to_owned();
    }
    let texts = messages::parts_of(message).filter_map(|part| part["text"].as_str());
    texts.collect::<Vec<_>>().join("\n")
}

/// Text of the last user message that has any.
fn user_text(list: &[Value]) -> String {
    let users = list
        .iter()
        .rev()
        .filter(|message| message["role"] == "user");
    users
        .map(text)
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default()
}

/// Texts of the tool results behind the last answer.
fn tool_results(list: &[Value]) -> Vec<String> {
    let after = list
        .iter()
        .rposition(|message| message["role"] == "assistant")
        .map_or(0, |at| at + 1);
    list[after..]
        .iter()
        .filter(|message| message["role"] == "tool" || message["role"] == "function")
        .map(text)
        .collect()
}

/// What is not text, and how many bytes of the body it takes.
fn media(list: &[Value]) -> (Media, usize) {
    let mut media = Media::default();
    let mut bytes = 0;
    for part in list.iter().flat_map(messages::parts_of) {
        let size = |name: &str, inner: &str| part[name][inner].as_str().map_or(0, str::len);
        match part["type"].as_str() {
            Some("image_url") => {
                media.images += 1;
                bytes += size("image_url", "url");
            }
            Some("input_audio") => {
                media.audio += 1;
                bytes += size("input_audio", "data");
            }
            Some("file") => {
                media.files += 1;
                bytes += size("file", "file_data");
            }
            _ => {}
        }
    }
    (media, bytes)
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
