//! The rules of a conversation: roles, parts, calls and their responses, thought signatures.

use std::collections::HashSet;

use serde_json::Value;

use super::model::Model;
use super::signature::{self, Origin};
use crate::dialect::Refusal;

type Checked = Result<(), Refusal>;

/// The kinds of data of which each part holds one.
const DATA: &[&str] = &[
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];
const NO_DATA: &str = "required oneof field 'data' must have one initialized field";
const COUNTS_DIFFER: &str = "Please ensure that the number of function response parts is equal to the \
number of function call parts of the function call turn.";

/// Checks contents that have the right shape, in which a missing role is the user's.
pub(super) fn check(contents: &[Value], model: &Model<'_>) -> Checked {
    if contents.is_empty() {
        return field("contents", "contents is not specified");
    }
    for (index, content) in contents.iter().enumerate() {
        let at = format!("contents[{index}]");
        self::content(&at, content)?;
        if !model.takes_ids() {
            without_ids(&at, content)?;
        }
    }
    if is_model(&contents[0]) {
        return wrong("Please ensure that the first content has the role 'user'.");
    }
    for index in 0..contents.len() {
        calls_and_responses(contents, index)?;
    }
    signatures(contents, model)
}

/// Checks the parts of a system instruction.
pub(super) fn instruction(content: &Value) -> Checked {
    for (index, part) in parts(content).iter().enumerate() {
        if part.get("text").is_none() {
            let at = format!("system_instruction.parts[{index}]");
            return field(&at, "only text is supported in a system instruction");
        }
    }
    Ok(())
}

/// The parts of a content.
pub(super) fn parts(content: &Value) -> &[Value] {
    content["parts"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// Whether the model wrote it.
pub(super) fn is_model(content: &Value) -> bool {
    content["role"] == "model"
}

fn wrong(message: impl Into<String>) -> Checked {
    Err(Refusal::bad(message))
}

fn field(at: &str, what: &str) -> Checked {
    wrong(format!("* GenerateContentRequest.{at}: {what}\n"))
}

fn of<'a>(content: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    parts(content).iter().filter_map(move |part| part.get(kind))
}

fn content(at: &str, content: &Value) -> Checked {
    if let Some(role) = content.get("role")
        && !matches!(role.as_str(), Some("user" | "model" | "function" | ""))
    {
        return wrong("Please use a valid role: user, model.");
    }
    if parts(content).is_empty() {
        return field(&format!("{at}.parts"), "contents.parts must not be empty.");
    }
    let void = |part: &Value| part["text"] == "" && part.get("thoughtSignature").is_none();
    if parts(content).iter().all(void) {
        return field(&format!("{at}.parts[0].data"), NO_DATA);
    }
    for (index, part) in parts(content).iter().enumerate() {
        self::part(&format!("{at}.parts[{index}]"), part, is_model(content))?;
    }
    Ok(())
}

fn part(at: &str, part: &Value, by_model: bool) -> Checked {
    let Some(kind) = DATA.iter().find(|kind| part.get(**kind).is_some()) else {
        return field(&format!("{at}.data"), NO_DATA);
    };
    let data = &part[*kind];
    let empty = |name: &str| data[name].as_str().is_none_or(str::is_empty);
    match *kind {
        "inlineData" if empty("mimeType") => field(
            &format!("{at}.inline_data.mime_type"),
            "mime type cannot be empty",
        ),
        "inlineData" if empty("data") => {
            field(&format!("{at}.inline_data.data"), "data cannot be empty")
        }
        "fileData" if !is_known_file(data["fileUri"].as_str().unwrap_or_default()) => wrong(
            format!("Invalid or unsupported file uri: {}", data["fileUri"]),
        ),
        "functionCall" if empty("name") => {
            field(&format!("{at}.function_call.name"), "Name cannot be empty.")
        }
        "functionCall" if !by_model => wrong(
            "Please ensure that function call parts are only in contents with the role 'model'.",
        ),
        "functionResponse" if empty("name") => field(
            &format!("{at}.function_response.name"),
            "Name cannot be empty.",
        ),
        "functionResponse" if data.get("response").is_none() => field(
            &format!("{at}.function_response.response"),
            "response is not specified",
        ),
        "functionResponse" if by_model => wrong(
            "Please ensure that function response parts are not in contents with the role 'model'.",
        ),
        "functionResponse" => pointers(data, &data["response"]),
        _ => Ok(()),
    }
}

fn without_ids(at: &str, content: &Value) -> Checked {
    for (index, part) in parts(content).iter().enumerate() {
        for (kind, wire) in [
            ("functionCall", "function_call"),
            ("functionResponse", "function_response"),
        ] {
            if part[kind].get("id").is_some() {
                return wrong(format!(
                    "Invalid JSON payload received. Unknown name \"id\" at '{at}.parts[{index}].{wire}': Cannot find field."
                ));
            }
        }
    }
    Ok(())
}

/// Files of the Files API, objects in Cloud Storage, and videos on `YouTube`; other addresses are not fetched.
fn is_known_file(uri: &str) -> bool {
    uri.starts_with("gs://")
        || uri.starts_with("files/")
        || uri.starts_with("https://generativelanguage.googleapis.com/")
        || uri.starts_with("https://www.youtube.com/")
        || uri.starts_with("https://youtu.be/")
}

/// `{"$ref": "x"}` within a response points to the part whose display name is `x`.
fn pointers(response: &Value, value: &Value) -> Checked {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| pointers(response, item)),
        Value::Object(fields) => {
            if let Some(Value::String(name)) = fields.get("$ref") {
                let parts = response["parts"].as_array().into_iter().flatten();
                let found = parts
                    .filter_map(|part| part.get("inlineData").or(part.get("fileData")))
                    .any(|data| data["displayName"] == name.as_str());
                if !found {
                    return wrong(format!(
                        "Function response refers to a part with the display name \"{name}\", which it does not have."
                    ));
                }
            }
            fields
                .values()
                .try_for_each(|item| pointers(response, item))
        }
        _ => Ok(()),
    }
}

/// A turn of calls stands behind a user's, and before one with a response to each call.
fn calls_and_responses(contents: &[Value], index: usize) -> Checked {
    let here = &contents[index];
    let calls: Vec<&Value> = of(here, "functionCall").collect();
    let before = index.checked_sub(1).map(|index| &contents[index]);
    if of(here, "functionResponse").next().is_some() {
        if before.is_none_or(|before| of(before, "functionCall").next().is_none()) {
            return wrong(
                "Please ensure that function response turn comes immediately after a function call turn.",
            );
        }
        nothing_between(here)?;
    }
    if calls.is_empty() {
        return Ok(());
    }
    if before.is_some_and(is_model) {
        return wrong(
            "Please ensure that function call turn comes immediately after a user turn or after a \
function response turn.",
        );
    }
    let responses: Vec<&Value> = contents
        .get(index + 1)
        .map(|next| of(next, "functionResponse").collect())
        .unwrap_or_default();
    if responses.len() != calls.len() {
        return wrong(COUNTS_DIFFER);
    }
    matched(calls, &responses)
}

/// Responses come first in their content, and media stand inside of them.
fn nothing_between(content: &Value) -> Checked {
    let mut other = false;
    for part in parts(content) {
        if part.get("functionResponse").is_some() {
            if other {
                return wrong(COUNTS_DIFFER);
            }
        } else if part.get("text").is_some() {
            other = true;
        } else {
            return wrong(COUNTS_DIFFER);
        }
    }
    Ok(())
}

/// By id where a response has one, else by name in the order of the calls.
fn matched(mut calls: Vec<&Value>, responses: &[&Value]) -> Checked {
    for response in responses {
        let found = calls.iter().position(|call| match response.get("id") {
            Some(id) => call.get("id") == Some(id) && call["name"] == response["name"],
            None => call["name"] == response["name"],
        });
        let Some(found) = found else {
            let what = if response.get("id").is_some() {
                "id and name"
            } else {
                "name"
            };
            return wrong(format!(
                "Function response {} does not match any function call of the turn before it by its {what}.",
                response["name"]
            ));
        };
        calls.remove(found);
    }
    Ok(())
}

fn signatures(contents: &[Value], model: &Model<'_>) -> Checked {
    let mut seen = HashSet::new();
    for content in contents {
        for part in parts(content) {
            let Some(signature) = part["thoughtSignature"].as_str() else {
                continue;
            };
            let origin = signature::origin(model, signature);
            let taken = match origin {
                Origin::Own => !model.is_older(),
                Origin::Placeholder => model.takes_ids(),
                Origin::Foreign => false,
            };
            if !taken || !is_model(content) {
                return wrong("Thought signature is not valid.");
            }
            // The real server bills its thoughts again for each copy.
            if origin == Origin::Own && !seen.insert(signature) {
                return wrong("Thought signature is given more than once.");
            }
        }
    }
    if model.signs() {
        signed(contents)
    } else {
        Ok(())
    }
}

/// The first call of each step since the user's last own words carries its signature.
fn signed(contents: &[Value]) -> Checked {
    let own_words =
        |content: &Value| !is_model(content) && of(content, "functionResponse").next().is_none();
    let turn = contents.iter().rposition(own_words).unwrap_or(0);
    for (index, content) in contents.iter().enumerate().skip(turn) {
        let call = parts(content)
            .iter()
            .enumerate()
            .find(|(_, part)| part.get("functionCall").is_some());
        if let Some((at, part)) = call
            && part.get("thoughtSignature").is_none()
        {
            let name = part["functionCall"]["name"].as_str().unwrap_or_default();
            return wrong(format!(
                "Function call is missing a thought_signature in functionCall parts. This is required for \
tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional \
data, function call `default_api:{name}`, position {at} of content {index}."
            ));
        }
    }
    Ok(())
}
