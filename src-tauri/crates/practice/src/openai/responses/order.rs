//! The order of the items of a Responses request: calls with their outputs, reasoning with what it
//! led to.

use serde_json::Value;

use super::super::shape::{Checked, wrong};
use super::items::kind;
use crate::dialect::Refusal;

/// Checks the order of items whose shapes are right.
pub(super) fn check(items: &[Value]) -> Checked {
    reasoning_is_followed(items)?;
    pairs(
        items,
        "function_call",
        "function_call_output",
        "function call",
    )?;
    pairs(
        items,
        "custom_tool_call",
        "custom_tool_call_output",
        "custom tool call",
    )
}

/// Reasoning stands right before the answer or the call that it led to.
fn reasoning_is_followed(items: &[Value]) -> Checked {
    for (index, item) in items.iter().enumerate() {
        if kind(item) != "reasoning" {
            continue;
        }
        let led_to = items[index + 1..]
            .iter()
            .find(|item| kind(item) != "reasoning");
        let fits = led_to.is_some_and(|item| match kind(item) {
            "message" => item["role"] == "assistant",
            kind => kind.ends_with("_call"),
        });
        if !fits {
            let id = item["id"].as_str().unwrap_or_default();
            return Err(Refusal::bad(format!(
                "Item '{id}' of type 'reasoning' was provided without its required following item."
            ))
            .about("input"));
        }
    }
    Ok(())
}

/// Each call has one output behind it, and each output its call before it.
fn pairs(items: &[Value], call: &str, output: &str, words: &str) -> Checked {
    let id = |item: &'_ Value| item["call_id"].as_str().unwrap_or_default().to_owned();
    let mut open: Vec<String> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if kind(item) == call {
            let id = id(item);
            if seen.contains(&id) {
                return Err(wrong(
                    &format!("input[{index}].call_id"),
                    format!("Duplicate value for 'call_id' of '{id}'."),
                ));
            }
            seen.push(id.clone());
            open.push(id);
        } else if kind(item) == output {
            let id = id(item);
            let Some(at) = open.iter().position(|known| *known == id) else {
                return Err(Refusal::bad(format!(
                    "No tool call found for {words} output with call_id {id}."
                ))
                .about("input"));
            };
            open.remove(at);
        }
    }
    match open.first() {
        None => Ok(()),
        Some(id) => {
            Err(Refusal::bad(format!("No tool output found for {words} {id}.")).about("input"))
        }
    }
}
