//! Responses requests, checked and read for what an answer depends on.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::super::parsed;
use super::super::shape::wrong_type;
use super::items::kind;
use super::{check, items, order, tools};
use crate::dialect::Refusal;
use crate::script::{Ask, CacheMark, Media, Tool, estimate};

/// What a picture, a recording or a file costs, whatever its bytes.
const MEDIA_TOKENS: u64 = 800;
/// Prompts from this size on are cached without being asked.
const CACHED_FROM: u64 = 1024;
/// Fields that the answer repeats, with what stands there where the request has none.
const REPEATED: &[(&str, &str)] = &[
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("prompt_cache_key", "null"),
    ("safety_identifier", "null"),
    ("store", "true"),
    ("temperature", "1.0"),
    ("tool_choice", "\"auto\""),
    ("top_logprobs", "0"),
    ("top_p", "1.0"),
    ("truncation", "\"disabled\""),
    ("user", "null"),
];

/// Reads a body for `POST /v1/responses`, or for the counting call beside it.
pub(super) fn read(body: &Bytes, counting: bool) -> Result<Ask, Refusal> {
    let request = parsed(body)?;
    check::request(&request, counting)?;
    let text = [];
    let list = match request.get("input") {
        None | Some(Value::Null | Value::String(_)) => &text[..],
        Some(Value::Array(items)) => items,
        Some(other) => return Err(wrong_type("input", "a string or an array of items", other)),
    };
    items::check(list, request.get("store") != Some(&Value::Bool(false)))?;
    order::check(list)?;
    let (media, bytes) = media(list);
    let count = (media.images + media.audio + media.files) as u64;
    let tokens = estimate(body.len().saturating_sub(bytes)) + count * MEDIA_TOKENS;
    let reasoning = &request.get("reasoning").cloned().unwrap_or_default();
    let said = request.get("input").and_then(Value::as_str);
    Ok(Ask {
        model: request
            .get("model")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        stream: request.get("stream") == Some(&Value::Bool(true)),
        tools: client_tools(&request),
        user_text: said.map_or_else(|| user_text(list), str::to_owned),
        tool_results: tool_results(list),
        // Its models answer anew beside a last message of the assistant.
        begun: None,
        thinking: !matches!(
            reasoning["effort"].as_str(),
            None | Some("none" | "minimal")
        ),
        schema: schema(&request),
        max_tokens: request.get("max_output_tokens").and_then(Value::as_u64),
        tokens,
        cache: (tokens >= CACHED_FROM).then_some(CacheMark::FiveMinutes),
        continued: list.iter().any(is_answer),
        body: body.clone(),
        one_call: request.get("parallel_tool_calls") == Some(&Value::Bool(false)),
        media,
        notes: notes(&request),
    })
}

/// What the answer repeats, and what its calls need.
fn notes(request: &Map<String, Value>) -> Value {
    let mut repeated = Map::new();
    for (name, usual) in REPEATED {
        let given = request.get(*name).filter(|value| !value.is_null()).cloned();
        let usual = || serde_json::from_str(usual).unwrap_or_default();
        repeated.insert((*name).to_owned(), given.unwrap_or_else(usual));
    }
    let reasoning = request.get("reasoning").cloned().unwrap_or_default();
    repeated.insert(
        "reasoning".to_owned(),
        json!({"effort": reasoning["effort"], "summary": reasoning["summary"]}),
    );
    let text = request.get("text").cloned().unwrap_or_default();
    let format = text
        .get("format")
        .cloned()
        .unwrap_or(json!({"type": "text"}));
    let verbosity = text.get("verbosity").cloned().unwrap_or(json!("medium"));
    repeated.insert(
        "text".to_owned(),
        json!({"format": format, "verbosity": verbosity}),
    );
    repeated.insert("tools".to_owned(), repeated_tools(request));
    let namespaces: Map<String, Value> = tools::offered(request)
        .filter_map(|(tool, namespace)| {
            Some((tool["name"].as_str()?.to_owned(), namespace?.into()))
        })
        .collect();
    json!({"repeated": repeated, "namespaces": namespaces})
}

/// Tools as the server understood them: a function that does not say `strict` is strict.
fn repeated_tools(request: &Map<String, Value>) -> Value {
    let mut tools = request.get("tools").cloned().unwrap_or(json!([]));
    for tool in tools.as_array_mut().into_iter().flatten() {
        if tool["type"] == "function" && tool.get("strict").is_none() {
            tool["strict"] = json!(true);
            tool["parameters"] = strict(&tool["parameters"]);
        }
    }
    tools
}

/// A schema whose every property is required.
fn strict(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(properties) = schema["properties"].as_object() {
        let all: Vec<&String> = properties.keys().collect();
        let all = json!(all);
        schema["required"] = all;
        schema["additionalProperties"] = json!(false);
    }
    schema
}

fn client_tools(request: &Map<String, Value>) -> Vec<Tool> {
    tools::offered(request)
        .filter(|(tool, _)| choosable(request.get("tool_choice"), tool))
        .map(|(tool, _)| {
            let loose = tool.get("strict").is_some();
            let schema = match &tool["parameters"] {
                _ if tool["type"] == "custom" => json!({"type": "string"}),
                Value::Null => json!({}),
                schema if loose => schema.clone(),
                schema => strict(schema),
            };
            Tool {
                name: tool["name"].as_str().unwrap_or_default().to_owned(),
                schema,
            }
        })
        .collect()
}

/// Whether the request lets this tool be called: all of them, none, one, or those listed.
fn choosable(choice: Option<&Value>, tool: &Value) -> bool {
    let Some(choice) = choice else { return true };
    match choice["type"].as_str() {
        Some("allowed_tools") => {
            let allowed = choice["tools"].as_array();
            allowed
                .into_iter()
                .flatten()
                .any(|allowed| allowed["name"] == tool["name"])
        }
        Some("function" | "custom") => choice["name"] == tool["name"],
        Some(_) => false,
        None => choice != "none",
    }
}

fn schema(request: &Map<String, Value>) -> Option<Value> {
    let format = request.get("text")?.get("format")?;
    match format["type"].as_str()? {
        "json_schema" => Some(format["schema"].clone()),
        "json_object" => Some(json!({})),
        _ => None,
    }
}

/// Whether an item is part of an earlier answer.
fn is_answer(item: &Value) -> bool {
    match kind(item) {
        "message" => item["role"] == "assistant",
        "reasoning" => true,
        kind => kind.ends_with("_call"),
    }
}

fn text(content: &Value) -> String {
    if let Some(text) = content.as_str() {
        return text.to_owned();
    }
    let parts = content.as_array().into_iter().flatten();
    parts
        .filter_map(|part| part["text"].as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Text of the last user message that has any.
fn user_text(list: &[Value]) -> String {
    let users = list.iter().rev().filter(|item| item["role"] == "user");
    users
        .map(|item| text(&item["content"]))
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default()
}

/// Texts of the tool outputs behind the last answer.
fn tool_results(list: &[Value]) -> Vec<String> {
    let after = list.iter().rposition(is_answer).map_or(0, |at| at + 1);
    list[after..]
        .iter()
        .filter(|item| kind(item).ends_with("_call_output"))
        .map(|item| text(&item["output"]))
        .collect()
}

/// What is not text, and how many bytes of the body it takes.
fn media(list: &[Value]) -> (Media, usize) {
    let mut media = Media::default();
    let mut bytes = 0;
    let parts = list
        .iter()
        .flat_map(|item| [&item["content"], &item["output"]])
        .filter_map(Value::as_array)
        .flatten();
    for part in parts {
        let size = |value: &Value| value.as_str().map_or(0, str::len);
        match part["type"].as_str() {
            Some("input_image") => {
                media.images += 1;
                bytes += size(&part["image_url"]);
            }
            Some("input_audio") => {
                media.audio += 1;
                bytes += size(&part["input_audio"]["data"]);
            }
            Some("input_file") => {
                media.files += 1;
                bytes += size(&part["file_data"]);
            }
            _ => {}
        }
    }
    (media, bytes)
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
