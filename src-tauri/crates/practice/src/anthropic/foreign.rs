//! Names that belong to other dialects: where one stands in a request, a conversion has leaked.
//!
//! The real server refuses every name that it does not know. Here only the names of other dialects
//! are refused, so that a test can send one of its own and see whether a proxy carries it.

use serde_json::{Map, Value};

use super::check::{Checked, wrong};

const TOP: &[&str] = &[
    "contents",
    "format",
    "frequency_penalty",
    "function_call",
    "functions",
    "generationConfig",
    "generation_config",
    "include",
    "input",
    "instructions",
    "keep_alive",
    "logit_bias",
    "logprobs",
    "maxOutputTokens",
    "max_completion_tokens",
    "max_output_tokens",
    "modalities",
    "n",
    "options",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt_cache_key",
    "reasoning",
    "reasoning_effort",
    "response_format",
    "safetySettings",
    "safety_identifier",
    "seed",
    "stop",
    "store",
    "stream_options",
    "systemInstruction",
    "system_instruction",
    "text",
    "think",
    "toolConfig",
    "top_logprobs",
    "truncation",
    "user",
    "verbosity",
];
const MESSAGE: &[&str] = &[
    "function_call",
    "images",
    "name",
    "parts",
    "phase",
    "reasoning_content",
    "refusal",
    "tool_call_id",
    "tool_calls",
    "tool_name",
    "type",
];
const TOOL: &[&str] = &[
    "function",
    "functionDeclarations",
    "parameters",
    "parametersJsonSchema",
];
const BLOCK: &[&str] = &[
    "arguments",
    "call_id",
    "encrypted_content",
    "thoughtSignature",
];
const BLOCK_TYPES: &[&str] = &[
    "file",
    "function",
    "function_call",
    "function_call_output",
    "image_url",
    "input_audio",
    "input_file",
    "input_image",
    "input_text",
    "output_text",
    "reasoning",
    "refusal",
    "summary_text",
];

/// Checks the names of a request, its messages and its tools.
pub(super) fn check(request: &Map<String, Value>) -> Checked {
    names("", request, TOP)?;
    let list = |name: &str| {
        let items = request.get(name).and_then(Value::as_array);
        items.into_iter().flatten().enumerate()
    };
    for (index, message) in list("messages") {
        let at = format!("messages.{index}");
        if let Some(fields) = message.as_object() {
            names(&at, fields, MESSAGE)?;
        }
        blocks(&at, &message["content"])?;
    }
    for (index, tool) in list("tools") {
        if let Some(fields) = tool.as_object() {
            names(&format!("tools.{index}.custom"), fields, TOOL)?;
        }
    }
    Ok(())
}

fn blocks(at: &str, content: &Value) -> Checked {
    let blocks = content.as_array().into_iter().flatten().enumerate();
    for (index, block) in blocks {
        let at = format!("{at}.content.{index}");
        let kind = block["type"].as_str().unwrap_or_default();
        if BLOCK_TYPES.contains(&kind) {
            return wrong(
                &at,
                &format!(
                    "Input tag '{kind}' found using 'type' does not match any of the expected tags"
                ),
            );
        }
        if let Some(fields) = block.as_object() {
            names(&at, fields, BLOCK)?;
        }
        if kind == "tool_result" {
            self::blocks(&at, &block["content"])?;
        }
    }
    Ok(())
}

fn names(at: &str, fields: &Map<String, Value>, foreign: &[&str]) -> Checked {
    match fields.keys().find(|name| foreign.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) if at.is_empty() => wrong(name, "Extra inputs are not permitted"),
        Some(name) => wrong(&format!("{at}.{name}"), "Extra inputs are not permitted"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // PITFALLS 80, 103
    #[test]
    fn names_of_other_dialects_are_refused_where_they_stand() {
        let cases = [
            (json!({"max_completion_tokens": 1}), "max_completion_tokens"),
            (json!({"stop": "x"}), "stop"),
            (
                json!({"messages": [{"role": "assistant", "tool_calls": []}]}),
                "messages.0.tool_calls",
            ),
            (
                json!({"messages": [{"content": [{"type": "image_url"}]}]}),
                "messages.0.content.0",
            ),
            (
                json!({"messages": [{"content": [{"type": "tool_result", "content": [{"type": "input_image"}]}]}]}),
                "messages.0.content.0.content.0",
            ),
            (
                json!({"messages": [{"content": [{"type": "tool_use", "arguments": "{}"}]}]}),
                "messages.0.content.0.arguments",
            ),
            (
                json!({"tools": [{"name": "a", "parameters": {}}]}),
                "tools.0.custom.parameters",
            ),
        ];
        for (request, place) in cases {
            let fields = request.as_object().expect("object");
            let message = check(fields).expect_err("refused").message;
            assert!(message.starts_with(&format!("{place}: ")), "{message}");
        }
        let own = json!({"model": "m", "x": 1, "messages": [{"role": "user", "content": [
            {"type": "text", "text": "a", "y": 1}]}], "tools": [{"name": "a", "input_schema": {}, "z": 1}]});
        assert!(check(own.as_object().expect("object")).is_ok());
    }
}
