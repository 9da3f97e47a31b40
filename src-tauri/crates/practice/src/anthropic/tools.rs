//! The tools of a request and the choice among them.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::check::{Checked, Fields, wrong};

/// Checks `tools` and `tool_choice`.
pub(super) fn check(request: &Map<String, Value>) -> Checked {
    match request.get("tools") {
        None | Some(Value::Null) => return choice(request),
        Some(Value::Array(_)) => {}
        Some(_) => return wrong("tools", "Input should be a valid list"),
    }
    let mut names = HashSet::new();
    for (index, tool) in request.items("tools").enumerate() {
        let at = format!("tools.{index}");
        let Value::Object(tool) = tool else {
            return wrong(&at, "Input should be an object");
        };
        if !matches!(tool.get("type"), None | Some(Value::Null)) && tool.text("type") != "custom" {
            continue; // a tool that the server itself knows
        }
        match tool.get("name") {
            Some(Value::String(name)) if !name.is_empty() => {
                if name.len() > 128 || !plain(name) {
                    return wrong(
                        &format!("{at}.custom.name"),
                        "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
                    );
                }
                if !names.insert(name) {
                    return wrong("tools", "Tool names must be unique.");
                }
            }
            Some(_) => {
                return wrong(
                    &format!("{at}.custom.name"),
                    "Input should be a valid string",
                );
            }
            None => return wrong(&format!("{at}.custom.name"), "Field required"),
        }
        match tool.get("input_schema") {
            Some(Value::Object(schema)) if schema.text("type") == "object" => {}
            Some(Value::Object(_)) => {
                return wrong(
                    &format!("{at}.custom.input_schema.type"),
                    "Input should be 'object'",
                );
            }
            Some(_) => {
                return wrong(
                    &format!("{at}.custom.input_schema"),
                    "Input should be a valid dictionary",
                );
            }
            None => return wrong(&format!("{at}.custom.input_schema"), "Field required"),
        }
    }
    choice(request)
}

/// Checks the id of a tool call.
pub(super) fn id(at: &str, id: &str) -> Checked {
    if !id.is_empty() && plain(id) {
        return Ok(());
    }
    wrong(at, "String should match pattern '^[a-zA-Z0-9_-]+$'")
}

fn plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn choice(request: &Map<String, Value>) -> Checked {
    let Some(choice) = request.get("tool_choice").filter(|value| !value.is_null()) else {
        return Ok(());
    };
    if request.items("tools").next().is_none() {
        return wrong("tool_choice", "may only be specified while providing tools");
    }
    match choice["type"].as_str() {
        Some("auto" | "any" | "none") => Ok(()),
        Some("tool") => {
            if request
                .items("tools")
                .any(|tool| tool["name"] == choice["name"])
            {
                return Ok(());
            }
            let name = choice["name"].as_str().unwrap_or_default();
            wrong(
                "tool_choice.tool.name",
                &format!("Tool '{name}' not found in provided tools"),
            )
        }
        _ => wrong(
            "tool_choice",
            "Input tag found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'",
        ),
    }
}
