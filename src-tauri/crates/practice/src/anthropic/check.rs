//! The shape of a request, checked field by field in the real server's words.

use serde_json::{Map, Value};

use super::{foreign, tools};
use crate::dialect::Refusal;
use crate::seal;

pub(super) type Checked = Result<(), Refusal>;

/// Shorthand for reading JSON objects.
pub(super) trait Fields {
    /// A field's text, or nothing.
    fn text(&self, name: &str) -> &str;
    /// A field's items, or none.
    fn items(&self, name: &str) -> std::slice::Iter<'_, Value>;
    /// The text of a field of an object in a field.
    fn pointer_text(&self, name: &str, inner: &str) -> Option<&str>;
}

impl Fields for Map<String, Value> {
    fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn items(&self, name: &str) -> std::slice::Iter<'_, Value> {
        self.get(name)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
    }

    fn pointer_text(&self, name: &str, inner: &str) -> Option<&str> {
        self.get(name)?.get(inner)?.as_str()
    }
}

/// A number without a fraction that is not negative, `4.0` included.
pub(super) fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        value
            .as_f64()
            .filter(|number| *number >= 0.0 && number.fract() == 0.0)
            .map(|number| number as u64)
    })
}

/// Checks a whole request; `newer` is for version 2026-10-21.
pub(super) fn request(request: &Map<String, Value>, counting: bool, newer: bool) -> Checked {
    foreign::check(request)?;
    model(request)?;
    if !counting {
        max_tokens(request)?;
    }
    let list = required(request, "messages")?;
    let Value::Array(list) = list else {
        return wrong("messages", "Input should be a valid list");
    };
    if list.is_empty() {
        return wrong("messages", "at least one message is required");
    }
    for (index, message) in list.iter().enumerate() {
        self::message(&format!("messages.{index}"), message)?;
    }
    if list[0]["role"] != "user" {
        return wrong(
            "messages.0.role",
            "the first message must use the user role",
        );
    }
    answered_tools(list)?;
    prefill(list)?;
    system(request)?;
    tools::check(request)?;
    thinking(request)?;
    settings(request, newer)
}

pub(super) fn wrong(field: &str, what: &str) -> Checked {
    Err(Refusal::bad(format!("{field}: {what}")))
}

fn required<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a Value, Refusal> {
    fields
        .get(name)
        .filter(|value| !value.is_null())
        .ok_or_else(|| Refusal::bad(format!("{name}: Field required")))
}

fn model(request: &Map<String, Value>) -> Checked {
    match required(request, "model")? {
        Value::String(model) if model.is_empty() => {
            wrong("model", "String should have at least 1 character")
        }
        Value::String(_) => Ok(()),
        _ => wrong("model", "Input should be a valid string"),
    }
}

fn max_tokens(request: &Map<String, Value>) -> Checked {
    match whole_number(required(request, "max_tokens")?) {
        Some(_) => Ok(()),
        None => wrong("max_tokens", "Input should be a valid integer, 0 or more"),
    }
}

fn message(at: &str, message: &Value) -> Checked {
    let Value::Object(fields) = message else {
        return wrong(at, "Input should be an object");
    };
    let role = match fields.get("role") {
        Some(Value::String(role)) if matches!(role.as_str(), "user" | "assistant" | "system") => {
            role
        }
        None => return wrong(&format!("{at}.role"), "Field required"),
        Some(_) => {
            return wrong(
                &format!("{at}.role"),
                "Input should be 'user', 'assistant' or 'system'",
            );
        }
    };
    match fields.get("content") {
        Some(Value::String(text)) if text.is_empty() && role == "user" => wrong(
            &format!("{at}.content"),
            "user messages must have non-empty content",
        ),
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(blocks)) => {
            let mut blocks = blocks.iter().enumerate();
            blocks.try_for_each(|(index, block)| {
                self::block(&format!("{at}.content.{index}"), role, block)
            })
        }
        Some(_) => wrong(
            &format!("{at}.content"),
            "Input should be a valid string or list",
        ),
        None => wrong(&format!("{at}.content"), "Field required"),
    }
}

fn block(at: &str, role: &str, block: &Value) -> Checked {
    let Value::Object(fields) = block else {
        return wrong(at, "Input should be an object");
    };
    let Some(Value::String(kind)) = fields.get("type") else {
        return wrong(&format!("{at}.type"), "Field required");
    };
    let text = |name: &str| match fields.get(name) {
        Some(Value::String(_)) => Ok(()),
        Some(_) => wrong(
            &format!("{at}.{kind}.{name}"),
            "Input should be a valid string",
        ),
        None => wrong(&format!("{at}.{kind}.{name}"), "Field required"),
    };
    match (kind.as_str(), role) {
        ("text", _) => {
            text("text")?;
            if fields.text("text").is_empty() {
                return wrong(
                    &format!("{at}.text"),
                    "text content blocks must be non-empty",
                );
            }
            Ok(())
        }
        ("tool_use", "assistant") => {
            text("id")?;
            text("name")?;
            tools::id(&format!("{at}.tool_use.id"), fields.text("id"))?;
            match fields.get("input") {
                Some(Value::Object(_)) => Ok(()),
                _ => wrong(
                    &format!("{at}.tool_use.input"),
                    "Input should be a valid dictionary",
                ),
            }
        }
        ("tool_result", "user") => {
            text("tool_use_id")?;
            result(at, fields.get("content"))
        }
        ("thinking", "assistant") => {
            text("thinking")?;
            text("signature")?;
            signature(at, fields)
        }
        ("redacted_thinking", "assistant") => text("data"),
        ("image" | "document", "user") => source(&format!("{at}.{kind}.source"), kind, fields),
        ("tool_use" | "thinking" | "redacted_thinking", _) => wrong(
            at,
            &format!("`{kind}` blocks can only be in `assistant` messages"),
        ),
        ("tool_result" | "image", _) => wrong(
            at,
            &format!("`{kind}` blocks can only be in `user` messages"),
        ),
        _ => Ok(()),
    }
}

/// A tool result holds a string or blocks, of which pictures are checked as anywhere.
fn result(at: &str, content: Option<&Value>) -> Checked {
    match content {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(Value::Array(blocks)) => {
            let blocks = blocks.iter().enumerate();
            let mut media = blocks.filter(|(_, block)| block["type"] == "image");
            media.try_for_each(|(index, block)| {
                self::block(&format!("{at}.content.{index}"), "user", block)
            })
        }
        Some(_) => wrong(
            &format!("{at}.tool_result.content"),
            "Input should be a valid string or list",
        ),
    }
}

/// Where the bytes of a picture or a document come from.
fn source(at: &str, kind: &str, fields: &Map<String, Value>) -> Checked {
    let Some(Value::Object(source)) = fields.get("source") else {
        return wrong(at, "Field required");
    };
    let known: &[&str] = match kind {
        "image" => &["base64", "url", "file"],
        _ => &["base64", "text", "content", "url", "file"],
    };
    let from = source.text("type");
    if !known.contains(&from) {
        return wrong(
            at,
            &format!(
                "Input tag '{from}' found using 'type' does not match any of the expected tags"
            ),
        );
    }
    let field = match from {
        "base64" | "text" => "data",
        "file" => "file_id",
        other => other,
    };
    if !source.contains_key(field) {
        return wrong(&format!("{at}.{from}.{field}"), "Field required");
    }
    let types: &[&str] = match (kind, from) {
        ("image", "base64") => &["image/jpeg", "image/png", "image/gif", "image/webp"],
        ("document", "base64") => &["application/pdf"],
        _ => return Ok(()),
    };
    if !types.contains(&source.text("media_type")) {
        let types = types.join("', '");
        return wrong(
            &format!("{at}.base64.media_type"),
            &format!("Input should be '{types}'"),
        );
    }
    Ok(())
}

/// Thinking comes back with the signature it was given, and unchanged unless it was left out.
fn signature(at: &str, fields: &Map<String, Value>) -> Checked {
    let thinking = fields.text("thinking");
    match seal::open(fields.text("signature")) {
        Some(sealed) if thinking.is_empty() || thinking == sealed => Ok(()),
        _ => wrong(at, "Invalid `signature` in `thinking` block"),
    }
}

/// An answer begun by the client cannot end in white space.
fn prefill(messages: &[Value]) -> Checked {
    let Some(last) = messages.last().filter(|last| last["role"] == "assistant") else {
        return Ok(());
    };
    let block = last["content"].as_array().and_then(|blocks| blocks.last());
    let text = block.map_or(&last["content"], |block| &block["text"]);
    match text.as_str() {
        Some(text) if text.ends_with(char::is_whitespace) => wrong(
            "messages",
            "final assistant content cannot end with trailing whitespace",
        ),
        _ => Ok(()),
    }
}

/// Each tool call has its result in the next user message.
fn answered_tools(messages: &[Value]) -> Checked {
    let ids = |message: &Value, kind: &str, field: &str| -> Vec<String> {
        let blocks = message["content"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let blocks = blocks.iter().filter(|block| block["type"] == kind);
        blocks
            .filter_map(|block| block[field].as_str())
            .map(str::to_owned)
            .collect()
    };
    let unanswered = |index: usize, open: &[String]| {
        let open = open.join(", ");
        let what = format!(
            "`tool_use` ids were found without `tool_result` blocks immediately after: {open}"
        );
        wrong(&format!("messages.{index}"), &what)
    };
    let mut open: Vec<String> = Vec::new();
    let mut results_given = false;
    for (index, message) in messages.iter().enumerate() {
        if message["role"] == "user" {
            results_given = true;
            for id in ids(message, "tool_result", "tool_use_id") {
                let Some(at) = open.iter().position(|known| *known == id) else {
                    let what =
                        format!("unexpected `tool_use_id` found in `tool_result` blocks: {id}");
                    return wrong(&format!("messages.{index}.content"), &what);
                };
                open.swap_remove(at);
            }
        } else if message["role"] == "assistant" {
            if results_given && !open.is_empty() {
                return unanswered(index, &open);
            }
            results_given = false;
            open.extend(ids(message, "tool_use", "id"));
        }
    }
    if open.is_empty() {
        Ok(())
    } else {
        unanswered(messages.len() - 1, &open)
    }
}

fn system(request: &Map<String, Value>) -> Checked {
    match request.get("system") {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(Value::Array(blocks)) => {
            let mut blocks = blocks.iter().enumerate();
            blocks.try_for_each(|(index, block)| {
                self::block(&format!("system.{index}"), "system", block)
            })
        }
        Some(_) => wrong("system", "Input should be a valid string or list"),
    }
}

fn thinking(request: &Map<String, Value>) -> Checked {
    let Some(thinking) = request.get("thinking").filter(|value| !value.is_null()) else {
        return Ok(());
    };
    match thinking["type"].as_str() {
        Some("adaptive" | "disabled" | "between_tools") => Ok(()),
        Some("enabled") => {
            let Some(budget) = whole_number(&thinking["budget_tokens"]) else {
                return wrong("thinking.enabled.budget_tokens", "Field required");
            };
            if budget < 1024 {
                return wrong(
                    "thinking.enabled.budget_tokens",
                    "Input should be greater than or equal to 1024",
                );
            }
            let last = request.get("messages").and_then(Value::as_array);
            let last = last.and_then(|messages| messages.last());
            if last.is_some_and(|last| last["role"] == "assistant") {
                return wrong(
                    "messages",
                    "When `thinking` is enabled, a final `assistant` message must start with a thinking block",
                );
            }
            let choice = request.pointer_text("tool_choice", "type");
            if matches!(choice, Some("any" | "tool")) {
                return wrong(
                    "thinking",
                    "Thinking may not be enabled when tool_choice forces tool use.",
                );
            }
            if request
                .get("temperature")
                .is_some_and(|value| value.as_f64() != Some(1.0))
            {
                return wrong(
                    "temperature",
                    "may only be set to 1 when thinking is enabled",
                );
            }
            match request.get("max_tokens").and_then(whole_number) {
                Some(most) if most <= budget => wrong(
                    "max_tokens",
                    "must be greater than `thinking.budget_tokens`",
                ),
                _ => Ok(()),
            }
        }
        _ => wrong(
            "thinking.type",
            "Input should be 'adaptive', 'between_tools', 'disabled' or 'enabled'",
        ),
    }
}

fn settings(request: &Map<String, Value>, newer: bool) -> Checked {
    let given = |name: &str| request.get(name).filter(|value| !value.is_null());
    if given("stream").is_some_and(|value| !value.is_boolean()) {
        return wrong("stream", "Input should be a valid boolean");
    }
    for name in ["temperature", "top_p", "top_k"] {
        let Some(value) = given(name) else { continue };
        if newer {
            return wrong(name, "is not supported by this API version");
        }
        let Some(number) = value.as_f64() else {
            return wrong(name, "Input should be a valid number");
        };
        if name != "top_k" && !(0.0..=1.0).contains(&number) {
            return wrong(name, "range: 0..1");
        }
    }
    for name in [
        "metadata",
        "tool_choice",
        "output_config",
        "context_management",
    ] {
        if given(name).is_some_and(|value| !value.is_object()) {
            return wrong(name, "Input should be an object");
        }
    }
    match given("stop_sequences") {
        None => Ok(()),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => Ok(()),
        Some(_) => wrong("stop_sequences", "Input should be a valid list of strings"),
    }
}
