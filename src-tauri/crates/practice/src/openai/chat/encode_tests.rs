//! Facts about what a client reads.

use super::*;
use crate::scenario::Scenario;
use crate::script::{self, Ask, Tool};

const SCENARIOS: &[&str] = &[
    "text",
    "thinking",
    "tool",
    "tools2",
    "tool;parallel=3",
    "tool;tool=patch",
    "long",
    "text;deltas=1",
    "text;say=é🚂",
    "odd",
    "tool;args={}",
];

fn script(scenario: &str, notes: Value) -> Script {
    let tool = |name: &str, schema: Value| Tool {
        name: name.to_owned(),
        schema,
    };
    let ask = Ask {
        model: "m".to_owned(),
        tools: vec![
            tool(
                "Bash",
                json!({"type": "object", "properties": {"command": {"type": "string"}}}),
            ),
            tool("patch", json!({"type": "string"})),
        ],
        tokens: 100,
        notes,
        ..Ask::default()
    };
    script::write(
        &Scenario::parse(scenario).expect("parses"),
        &ask,
        "practice",
        "7",
    )
}

fn bytes(script: &Script) -> Vec<u8> {
    frames(script)
        .iter()
        .flat_map(|frame| frame.bytes.to_vec())
        .collect()
}

/// The data of each whole event, as the official SDKs read them.
fn data(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let whole = text.rfind("\n\n").map_or("", |end| &text[..end + 2]);
    whole
        .split("\n\n")
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("data:"))
        .map(|data| data.trim_start().to_owned())
        .collect()
}

/// Rebuilds the completion as the official SDKs do.
fn accumulated(chunks: &[Value]) -> (Value, Value) {
    let mut message = json!({});
    let mut finish = Value::Null;
    for chunk in chunks {
        let Some(choice) = chunk["choices"].get(0) else {
            continue;
        };
        assert!(finish.is_null(), "nothing follows the finish reason");
        finish = choice["finish_reason"].clone();
        merge(&mut message, &choice["delta"]);
    }
    (message, finish)
}

/// Strings are joined, lists merged by `index`, the rest is set.
fn merge(into: &mut Value, delta: &Value) {
    for (key, value) in delta.as_object().expect("delta") {
        match (&mut into[key], value) {
            (Value::String(text), Value::String(more)) if key != "type" && key != "id" => {
                text.push_str(more);
            }
            (slot @ (Value::Null | Value::Array(_)), Value::Array(items)) => {
                if slot.is_null() {
                    *slot = json!([]);
                }
                for item in items {
                    let index = item["index"].as_u64().expect("index") as usize;
                    let list = slot.as_array_mut().expect("list");
                    assert!(index <= list.len(), "indexes count up");
                    if index == list.len() {
                        assert!(
                            item["id"].is_string() && item["type"].is_string(),
                            "the first delta names the call"
                        );
                        list.push(json!({}));
                    }
                    merge(&mut list[index], item);
                }
            }
            (slot @ Value::Object(_), Value::Object(_)) => merge(slot, value),
            (slot, value) => *slot = value.clone(),
        }
    }
}

// PITFALLS 57, 66
#[test]
fn a_stream_adds_up_to_the_whole_answer() {
    for scenario in SCENARIOS {
        for legacy in [false, true] {
            let script = script(scenario, json!({"functions": legacy}));
            let mut lines = data(&bytes(&script));
            assert_eq!(lines.pop().as_deref(), Some("[DONE]"), "{scenario}");
            let chunks: Vec<Value> = lines
                .iter()
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect();
            let (mut message, finish) = accumulated(&chunks);
            let choice = completion(&script)["choices"][0].clone();
            assert_eq!(finish, choice["finish_reason"], "{scenario}");
            for call in message["tool_calls"].as_array_mut().into_iter().flatten() {
                call.as_object_mut().expect("call").shift_remove("index");
            }
            if message["tool_calls"].is_null() {
                message
                    .as_object_mut()
                    .expect("message")
                    .remove("tool_calls");
            }
            let mut whole = choice["message"].clone();
            whole
                .as_object_mut()
                .expect("message")
                .remove("annotations");
            assert_eq!(message, whole, "{scenario} {legacy}");
            for chunk in &chunks {
                assert_eq!(chunk["object"], "chat.completion.chunk");
                assert_eq!(
                    (&chunk["id"], &chunk["created"]),
                    (&chunks[0]["id"], &chunks[0]["created"])
                );
            }
        }
    }
}

#[test]
fn a_stream_cut_anywhere_shows_a_beginning_and_no_end() {
    for scenario in ["text;say=é🚂;deltas=2", "tool", "odd;say=x"] {
        let whole = bytes(&script(scenario, json!({"include_usage": true})));
        let all = data(&whole);
        for cut in 0..whole.len() {
            let seen = data(&whole[..cut]);
            assert!(
                all.starts_with(&seen) && seen.len() < all.len(),
                "{scenario} cut at {cut}"
            );
        }
    }
}

// PITFALLS 60
#[test]
fn usage_comes_in_a_chunk_of_its_own_and_only_when_asked_for() {
    let dictated = "text;usage_in=10;usage_out=20;cache_read=3;cache_write_5m=4";
    let asked = script(dictated, json!({"include_usage": true}));
    let lines = data(&bytes(&asked));
    let usage: Value = serde_json::from_str(&lines[lines.len() - 2]).expect("JSON");
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"]["prompt_tokens"], 17);
    assert_eq!(usage["usage"]["completion_tokens"], 20);
    assert_eq!(usage["usage"]["total_tokens"], 37);
    assert_eq!(usage["usage"]["prompt_tokens_details"]["cached_tokens"], 3);
    assert_eq!(usage["usage"], completion(&asked)["usage"]);
    assert!(
        lines[..lines.len() - 2]
            .iter()
            .all(|line| line.contains("\"usage\":null"))
    );
    let plain = script(dictated, Value::Null);
    assert!(
        data(&bytes(&plain))
            .iter()
            .all(|line| !line.contains("\"usage\""))
    );
    assert!(frames(&plain).iter().all(|frame| frame.told.is_none()));
}

#[test]
fn finish_reasons_are_those_of_the_dialect() {
    for (stop, want) in [
        ("end_turn", "stop"),
        ("tool_use", "tool_calls"),
        ("max_tokens", "length"),
        ("refusal", "content_filter"),
        ("pause_turn", "length"),
    ] {
        let script = script(&format!("text;stop={stop}"), Value::Null);
        assert_eq!(completion(&script)["choices"][0]["finish_reason"], want);
    }
}
