//! Requests read as the real server reads them, and what an answer depends on taken out of them.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{check, go, structs};
use crate::dialect::Refusal;
use crate::embedding::{Embed, MOST_DIMENSIONS};
use crate::script::{Ask, Media, Tool, estimate};

/// What an image costs, whatever its bytes.
const MEDIA_TOKENS: u64 = 256;
const USUAL_DIMENSIONS: usize = 768;

/// Reads a body for `/api/chat`.
pub(super) fn chat(body: &Bytes) -> Result<Ask, Refusal> {
    let request = go::read(body, &structs::CHAT)?;
    let messages = list(&request["messages"]);
    check::common(&request)?;
    check::messages(messages)?;
    check::tools(list(&request["tools"]))?;
    let images = messages.iter().flat_map(|message| list(&message["images"]));
    // Templates leave a last message of the assistant open, and the model goes on with it.
    let (heard, begun) = match messages.split_last() {
        Some((last, heard)) if last["role"] == "assistant" => (heard, last["content"].as_str()),
        _ => (messages, None),
    };
    Ok(Ask {
        tools: list(&request["tools"]).iter().filter_map(tool).collect(),
        user_text: user_text(messages),
        tool_results: tool_results(heard),
        begun: begun.map(str::to_owned),
        continued: messages
            .iter()
            .any(|message| message["role"] == "assistant"),
        notes: notes(&request, messages.is_empty()),
        ..common(&request, body, images)
    })
}

/// Reads a body for `/api/generate`.
pub(super) fn generate(body: &Bytes) -> Result<Ask, Refusal> {
    let request = go::read(body, &structs::GENERATE)?;
    check::common(&request)?;
    let prompt = request["prompt"].as_str().unwrap_or_default();
    Ok(Ask {
        user_text: prompt.to_owned(),
        notes: notes(&request, prompt.is_empty()),
        ..common(&request, body, list(&request["images"]).iter())
    })
}

/// Reads a body for `/api/embed` or, with `old`, for `/api/embeddings`.
pub(super) fn embed(body: &Bytes, old: bool) -> Result<Embed, Refusal> {
    let shape = if old {
        &structs::EMBEDDINGS
    } else {
        &structs::EMBED
    };
    let request = go::read(body, shape)?;
    check::model(&request)?;
    let input = &request[if old { "prompt" } else { "input" }];
    let texts = match input {
        Value::Null => Some(Vec::new()),
        Value::String(text) if text.is_empty() => Some(Vec::new()),
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    };
    let Some(texts) = texts else {
        return Err(Refusal::bad("invalid input type"));
    };
    let dimensions = request["dimensions"].as_i64().unwrap_or(0);
    let dimensions = match usize::try_from(dimensions) {
        Ok(0) => USUAL_DIMENSIONS,
        Ok(asked) if asked <= MOST_DIMENSIONS => asked,
        _ => return Err(Refusal::bad(format!("invalid dimensions: {dimensions}"))),
    };
    Ok(Embed {
        model: request["model"].as_str().unwrap_or_default().to_owned(),
        tokens: texts.iter().map(|text| estimate(text.len())).sum(),
        texts,
        dimensions,
        notes: json!({ "old": old }),
    })
}

/// Reads the name of the model that `/api/show` is asked about.
pub(super) fn shown(body: &Bytes) -> Result<String, Refusal> {
    let request = go::read(body, &structs::SHOW)?;
    let name = ["model", "name"]
        .iter()
        .find_map(|field| request[*field].as_str().filter(|name| !name.is_empty()));
    name.map(str::to_owned)
        .ok_or_else(|| Refusal::bad("model is required"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn common<'a>(request: &Value, body: &Bytes, images: impl Iterator<Item = &'a Value>) -> Ask {
    let sizes: Vec<usize> = images
        .filter_map(|image| image.as_str().map(str::len))
        .collect();
    let text = body.len().saturating_sub(sizes.iter().sum());
    let think = &request["think"];
    Ask {
        model: request["model"].as_str().unwrap_or_default().to_owned(),
        // A stream is what comes unless it is declined.
        stream: request["stream"] != false,
        thinking: think.is_string() || *think == true,
        schema: match &request["format"] {
            Value::String(name) if name == "json" => Some(json!({"type": "object"})),
            Value::Object(schema) => Some(Value::Object(schema.clone())),
            _ => None,
        },
        // -1 and -2 are without a limit.
        max_tokens: request["options"]["num_predict"].as_u64(),
        tokens: estimate(text) + sizes.len() as u64 * MEDIA_TOKENS,
        body: body.clone(),
        media: Media {
            images: sizes.len(),
            ..Media::default()
        },
        ..Ask::default()
    }
}

/// A request without a prompt loads the model, or unloads it where it is to be kept for no time.
fn notes(request: &Value, promptless: bool) -> Value {
    if !promptless {
        return Value::Null;
    }
    let unload = request["keep_alive"] == 0 || request["keep_alive"] == "0";
    json!({"only": if unload { "unload" } else { "load" }})
}

fn tool(tool: &Value) -> Option<Tool> {
    let function = &tool["function"];
    Some(Tool {
        name: function["name"].as_str()?.to_owned(),
        schema: function["parameters"].clone(),
    })
}

/// Text of the last user message that has any.
fn user_text(messages: &[Value]) -> String {
    let users = messages
        .iter()
        .rev()
        .filter(|message| message["role"] == "user");
    users
        .filter_map(|message| message["content"].as_str())
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// Texts of the tool results after the last answer.
fn tool_results(messages: &[Value]) -> Vec<String> {
    let after = messages
        .iter()
        .rposition(|message| message["role"] == "assistant")
        .map_or(0, |at| at + 1);
    let results = messages[after..]
        .iter()
        .filter(|message| message["role"] == "tool");
    results
        .map(|message| message["content"].as_str().unwrap_or_default().to_owned())
        .collect()
}
