//! Requests read as the real server reads them: what it refuses for its shape is refused here, with
//! the field named in its words. Fields that nobody knows are accepted, so that a test can see
//! whether a proxy carries them.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::check::{self, Fields};
use crate::dialect::Refusal;
use crate::script::{Ask, CacheMark, Media, Tool, estimate};

/// What an image or a file costs, whatever its bytes.
const MEDIA_TOKENS: u64 = 1500;
/// What begins a text that the client, not the user, has added to a turn.
const REMINDER: &str = "<system-reminder>";

/// Reads a body for `POST /v1/messages`, or for the counting call beside it.
pub(super) fn read(body: &Bytes, counting: bool, newer: bool) -> Result<Ask, Refusal> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad(format!("The request body is not valid JSON: {error}")))?;
    let Value::Object(request) = value else {
        return Err(Refusal::bad(
            "The request body is not valid JSON: an object is expected",
        ));
    };
    check::request(&request, counting, newer)?;
    let messages = request
        .get("messages")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let (heard, begun) = begun(messages);
    let size = Size::of(&request);
    Ok(Ask {
        model: request.text("model").to_owned(),
        stream: request.get("stream") == Some(&Value::Bool(true)),
        tools: request.items("tools").filter_map(tool).collect(),
        user_text: user_text(messages),
        tool_results: tool_results(heard),
        begun,
        thinking: request.pointer_text("thinking", "type") == Some("enabled"),
        schema: schema(&request),
        max_tokens: request.get("max_tokens").and_then(check::whole_number),
        tokens: estimate(body.len().saturating_sub(size.media_bytes)) + size.media * MEDIA_TOKENS,
        cache: size.cache,
        continued: messages
            .iter()
            .any(|message| message["role"] == "assistant"),
        body: body.clone(),
        one_call: request
            .get("tool_choice")
            .is_some_and(|choice| choice["disable_parallel_tool_use"] == true),
        media: size.seen,
        notes: Value::Null,
    })
}

fn tool(tool: &Value) -> Option<Tool> {
    let schema = tool.get("input_schema")?.clone();
    Some(Tool {
        name: tool.get("name")?.as_str()?.to_owned(),
        schema,
    })
}

fn schema(request: &Map<String, Value>) -> Option<Value> {
    let format = request
        .get("output_config")
        .and_then(|config| config.get("format"))
        .or(request.get("output_format"))?;
    (format["type"] == "json_schema").then(|| format["schema"].clone())
}

/// Text of the last user turn that has text of the user's own.
fn user_text(messages: &[Value]) -> String {
    let turns = messages
        .iter()
        .rev()
        .filter(|message| message["role"] == "user");
    turns
        .map(|turn| own_text(&turn["content"]))
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default()
}

/// The conversation, and the answer to it that the client began.
fn begun(messages: &[Value]) -> (&[Value], Option<String>) {
    match messages.split_last() {
        Some((last, heard)) if last["role"] == "assistant" => {
            (heard, Some(own_text(&last["content"])))
        }
        _ => (messages, None),
    }
}

fn own_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts = blocks
                .iter()
                .filter(|block| block["type"] == "text")
                .filter_map(|block| block["text"].as_str());
            texts
                .filter(|text| !text.trim_start().starts_with(REMINDER))
                .collect::<Vec<_>>()
                .join("\n")
        }
        _ => String::new(),
    }
}

/// Texts of the tool results after the last answer.
fn tool_results(messages: &[Value]) -> Vec<String> {
    let after = messages
        .iter()
        .rposition(|message| message["role"] == "assistant")
        .map_or(0, |at| at + 1);
    messages[after..]
        .iter()
        .filter_map(|message| message["content"].as_array())
        .flatten()
        .filter(|block| block["type"] == "tool_result")
        .map(|block| own_text(&block["content"]))
        .collect()
}

/// What of a body is not text, and what is to be cached.
#[derive(Default)]
struct Size {
    media: u64,
    media_bytes: usize,
    seen: Media,
    cache: Option<CacheMark>,
}

impl Size {
    fn of(request: &Map<String, Value>) -> Self {
        let mut size = Self::default();
        size.object(request);
        size
    }

    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Object(fields) => self.object(fields),
            _ => {}
        }
    }

    fn object(&mut self, fields: &Map<String, Value>) {
        if fields.get("type").and_then(Value::as_str) == Some("base64") {
            self.media += 1;
            self.media_bytes += fields.text("data").len();
            return;
        }
        match fields.get("type").and_then(Value::as_str) {
            Some("image") => self.seen.images += 1,
            Some("document") => self.seen.files += 1,
            _ => {}
        }
        for (name, value) in fields {
            if name == "cache_control" && value.is_object() {
                let hour = value["ttl"] == "1h" || self.cache == Some(CacheMark::OneHour);
                self.cache = Some(if hour {
                    CacheMark::OneHour
                } else {
                    CacheMark::FiveMinutes
                });
            } else if name != "input_schema" {
                self.walk(value);
            }
        }
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
