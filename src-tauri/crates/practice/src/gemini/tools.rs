//! The rules of tools: declarations, tools of the server's own, and which functions may be called.

use std::collections::HashSet;

use serde_json::Value;

use super::model::Model;
use super::schema;
use crate::dialect::Refusal;

type Checked = Result<(), Refusal>;

/// The function declarations of a request.
pub(super) fn declarations(request: &Value) -> impl Iterator<Item = &Value> {
    let tools = request["tools"].as_array().into_iter().flatten();
    tools
        .filter_map(|tool| tool["functionDeclarations"].as_array())
        .flatten()
}

/// The functions that may be called, by name.
pub(super) fn callable(request: &Value) -> Vec<&Value> {
    let calling = &request["toolConfig"]["functionCallingConfig"];
    if calling["mode"] == "NONE" {
        return Vec::new();
    }
    let allowed: Vec<&Value> = list(&calling["allowedFunctionNames"]).iter().collect();
    declarations(request)
        .filter(|declared| allowed.is_empty() || allowed.contains(&&declared["name"]))
        .collect()
}

/// Checks tools and tool configuration of the right shape.
pub(super) fn check(request: &Value, model: &Model<'_>) -> Checked {
    for (index, tool) in list(&request["tools"]).iter().enumerate() {
        self::tool(&format!("tools[{index}]"), tool, model)?;
    }
    let mut names = HashSet::new();
    for declared in declarations(request) {
        if !names.insert(declared["name"].as_str().unwrap_or_default()) {
            return wrong(format!(
                "Duplicate function declaration found: {}",
                declared["name"].as_str().unwrap_or_default()
            ));
        }
    }
    if !names.is_empty() && has_own_tools(request) {
        mixed(request, model)?;
    }
    calling(&request["toolConfig"]["functionCallingConfig"], &names)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn wrong(message: impl Into<String>) -> Checked {
    Err(Refusal::bad(message))
}

fn field(at: &str, what: &str) -> Checked {
    wrong(format!("* GenerateContentRequest.{at}: {what}\n"))
}

fn tool(at: &str, tool: &Value, model: &Model<'_>) -> Checked {
    let kinds: Vec<&str> = tool
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| value.as_array().is_none_or(|list| !list.is_empty()))
        .map(|(name, _)| name.as_str())
        .collect();
    match kinds.as_slice() {
        [] => {
            return field(
                &format!("{at}.tool_type"),
                "required one_of 'tool_type' must have one initialized field",
            );
        }
        [_] => {}
        several => {
            return field(
                &format!("{at}.tool_type"),
                &format!(
                    "one_of 'tool_type' has more than one initialized field: {}",
                    several.join(", ")
                ),
            );
        }
    }
    for (index, declared) in list(&tool["functionDeclarations"]).iter().enumerate() {
        declaration(
            &format!("{at}.function_declarations[{index}]"),
            declared,
            model,
        )?;
    }
    Ok(())
}

fn declaration(at: &str, declared: &Value, model: &Model<'_>) -> Checked {
    // The limit of 64 was raised with newer models.
    let most = if model.is_older() { 64 } else { 128 };
    let name = declared["name"].as_str().unwrap_or_default();
    if !is_name(name, most) {
        let what = format!(
            "Invalid function name. Must start with a letter or an underscore. Must be alphanumeric \
(a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of {most}."
        );
        return field(&format!("{at}.name"), &what);
    }
    for (subset, full) in [
        ("parameters", "parametersJsonSchema"),
        ("response", "responseJsonSchema"),
    ] {
        let full = declared.get(full);
        let Some(subset_schema) = declared.get(subset) else {
            if let Some(full) = full {
                schema::is_object(&format!("{at}.{subset}_json_schema"), full)?;
            }
            continue;
        };
        if full.is_some() {
            return wrong(format!(
                "{at}: only one of {subset} and {subset}_json_schema can be set."
            ));
        }
        schema::is_object(&format!("{at}.{subset}"), subset_schema)?;
        schema::check(&format!("{at}.{subset}"), subset_schema)?;
    }
    Ok(())
}

fn is_name(name: &str, most: usize) -> bool {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let inner = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | ':' | '-')
    };
    starts && name.len() <= most && name.chars().all(inner)
}

fn has_own_tools(request: &Value) -> bool {
    list(&request["tools"])
        .iter()
        .any(|tool| tool.get("functionDeclarations").is_none())
}

/// The server's own tools stand together with functions only since Gemini 3, and only on request.
fn mixed(request: &Value, model: &Model<'_>) -> Checked {
    if model.is_older() {
        return wrong("Tool use with function calling is unsupported");
    }
    if request["toolConfig"]["includeServerSideToolInvocations"] != true {
        return wrong(
            "Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with \
Function calling.",
        );
    }
    Ok(())
}

fn calling(calling: &Value, names: &HashSet<&str>) -> Checked {
    let allowed = list(&calling["allowedFunctionNames"]);
    let mode = calling["mode"].as_str().unwrap_or("AUTO");
    let forced = matches!(mode, "ANY" | "VALIDATED");
    if !allowed.is_empty() && !forced {
        return wrong(
            "Allowed function names should be set only when function calling mode is ANY or VALIDATED.",
        );
    }
    if mode == "ANY" && names.is_empty() {
        return wrong("Function calling config is set without function_declarations.");
    }
    for name in allowed.iter().filter_map(Value::as_str) {
        if !names.contains(name) {
            return wrong(format!(
                "allowed_function_names should be a subset of function_declarations: {name} is not declared."
            ));
        }
    }
    Ok(())
}
