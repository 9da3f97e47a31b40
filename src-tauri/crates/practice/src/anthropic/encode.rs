//! Scripts printed as Anthropic messages, whole and as event streams.
//!
//! The stream is exact: `message_start`, `ping`, blocks one after the other with contiguous indexes,
//! one `message_delta` with cumulative usage, `message_stop`.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::dialect::Frame;
use crate::script::{Block, Script, Stop, Usage, pieces};

/// The keep-alive event.
pub(super) const PING: &[u8] = b"event: ping\ndata: {\"type\": \"ping\"}\n\n";
const TOOL_PIECE: usize = 12;

/// The answer as one JSON object.
pub(super) fn whole(script: &Script) -> Bytes {
    message(script).to_string().into()
}

pub(super) fn message(script: &Script) -> Value {
    json!({
        "id": format!("msg_{}", script.id),
        "type": "message",
        "role": "assistant",
        "model": script.model,
        "content": script.blocks.iter().map(block).collect::<Vec<_>>(),
        "stop_reason": stop_reason(script.stop),
        "stop_sequence": null,
        "usage": start_usage(&script.usage, script.usage.output),
    })
}

/// The answer as events.
pub(super) fn frames(script: &Script) -> Vec<Frame> {
    let opening = Usage {
        output: 1.min(script.usage.output),
        thinking: 0,
        ..script.usage
    };
    let mut start = message(script);
    start["content"] = json!([]);
    start["stop_reason"] = Value::Null;
    start["usage"] = start_usage(&script.usage, opening.output);
    let mut frames = vec![
        Frame {
            told: Some(opening),
            ..frame(
                "message_start",
                &json!({"type": "message_start", "message": start}),
            )
        },
        Frame {
            bytes: Bytes::from_static(PING),
            delta: false,
            told: None,
        },
    ];
    for (index, block) in script.blocks.iter().enumerate() {
        push_block(&mut frames, index, block);
    }
    let end = json!({
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason(script.stop), "stop_sequence": null},
        "usage": end_usage(&script.usage),
    });
    frames.push(Frame {
        told: Some(script.usage),
        ..frame("message_delta", &end)
    });
    frames.push(frame("message_stop", &json!({"type": "message_stop"})));
    frames
}

fn push_block(frames: &mut Vec<Frame>, index: usize, block: &Block) {
    let delta = |delta: Value| {
        let data = json!({"type": "content_block_delta", "index": index, "delta": delta});
        Frame {
            delta: true,
            ..frame("content_block_delta", &data)
        }
    };
    let (empty, deltas): (Value, Vec<Frame>) = match block {
        Block::Text(pieces) => (
            json!({"type": "text", "text": ""}),
            pieces
                .iter()
                .map(|text| delta(json!({"type": "text_delta", "text": text})))
                .collect(),
        ),
        Block::Thinking(pieces, signature) => (
            json!({"type": "thinking", "thinking": "", "signature": ""}),
            pieces
                .iter()
                .map(|text| json!({"type": "thinking_delta", "thinking": text}))
                .chain([json!({"type": "signature_delta", "signature": signature})])
                .map(delta)
                .collect(),
        ),
        Block::Tool { id, name, input } => (
            json!({"type": "tool_use", "id": format!("toolu_{id}"), "name": name, "input": {}}),
            tool_pieces(input)
                .map(|piece| delta(json!({"type": "input_json_delta", "partial_json": piece})))
                .collect(),
        ),
    };
    let start = json!({"type": "content_block_start", "index": index, "content_block": empty});
    frames.push(frame("content_block_start", &start));
    frames.extend(deltas);
    frames.push(frame(
        "content_block_stop",
        &json!({"type": "content_block_stop", "index": index}),
    ));
}

/// The first piece is empty, as the real server sends it.
fn tool_pieces(input: &Value) -> impl Iterator<Item = String> {
    let text = input.to_string();
    let count = text.len().div_ceil(TOOL_PIECE);
    std::iter::once(String::new()).chain(pieces(&text, count))
}

fn frame(name: &str, data: &Value) -> Frame {
    Frame {
        bytes: format!("event: {name}\ndata: {data}\n\n").into(),
        delta: false,
        told: None,
    }
}

fn block(block: &Block) -> Value {
    match block {
        Block::Text(pieces) => json!({"type": "text", "text": pieces.concat()}),
        Block::Thinking(pieces, signature) => {
            json!({"type": "thinking", "thinking": pieces.concat(), "signature": signature})
        }
        Block::Tool { id, name, input } => {
            json!({"type": "tool_use", "id": format!("toolu_{id}"), "name": name, "input": input})
        }
    }
}

fn stop_reason(stop: Stop) -> &'static str {
    match stop {
        Stop::EndTurn => "end_turn",
        Stop::ToolUse => "tool_use",
        Stop::MaxTokens => "max_tokens",
        Stop::Refusal => "refusal",
        Stop::PauseTurn => "pause_turn",
    }
}

fn start_usage(usage: &Usage, output: u64) -> Value {
    json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "output_tokens": output,
        "service_tier": "standard",
    })
}

fn end_usage(usage: &Usage) -> Value {
    let mut told = json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
    });
    if usage.thinking > 0 {
        told["output_tokens_details"] = json!({"thinking_tokens": usage.thinking});
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;
    use crate::script::{self, Ask, Tool};

    fn script(scenario: &str) -> Script {
        let tool = Tool {
            name: "Bash".to_owned(),
            schema: Value::Null,
        };
        let ask = Ask {
            model: "m".to_owned(),
            tools: vec![tool],
            tokens: 100,
            ..Ask::default()
        };
        script::write(
            &Scenario::parse(scenario).expect("parses"),
            &ask,
            "practice",
            "7",
        )
    }

    /// Name and data of each event, after checking that the two lines agree.
    fn events(script: &Script) -> Vec<(String, Value)> {
        frames(script)
            .iter()
            .map(|frame| {
                let text = std::str::from_utf8(&frame.bytes).expect("UTF-8");
                let (name, data) = text.split_once('\n').expect("two lines");
                let name = name.strip_prefix("event: ").expect("event line").to_owned();
                let data = data
                    .strip_prefix("data: ")
                    .and_then(|data| data.strip_suffix("\n\n"))
                    .expect("data line");
                let data: Value = serde_json::from_str(data).expect("JSON");
                assert_eq!(data["type"], name);
                (name, data)
            })
            .collect()
    }

    /// Rebuilds the message as the official SDK does.
    fn accumulated(script: &Script) -> Value {
        let mut message = Value::Null;
        let mut json_text = String::new();
        for (name, data) in events(script) {
            match name.as_str() {
                "message_start" => message = data["message"].clone(),
                "content_block_start" => {
                    let blocks = message["content"].as_array_mut().expect("blocks");
                    assert_eq!(data["index"], blocks.len(), "indexes are contiguous");
                    blocks.push(data["content_block"].clone());
                    json_text.clear();
                }
                "content_block_delta" => {
                    let block = message["content"]
                        .as_array_mut()
                        .and_then(|blocks| blocks.last_mut())
                        .expect("open block");
                    let delta = &data["delta"];
                    match delta["type"].as_str().expect("type") {
                        "signature_delta" => block["signature"] = delta["signature"].clone(),
                        "input_json_delta" => {
                            json_text.push_str(delta["partial_json"].as_str().expect("text"));
                        }
                        kind => {
                            let field = kind.strip_suffix("_delta").expect("delta");
                            let joined = format!(
                                "{}{}",
                                block[field].as_str().expect("text"),
                                delta[field].as_str().expect("text")
                            );
                            block[field] = joined.into();
                        }
                    }
                }
                "content_block_stop" if !json_text.is_empty() => {
                    let index = data["index"].as_u64().expect("index") as usize;
                    message["content"][index]["input"] =
                        serde_json::from_str(&json_text).expect("JSON");
                }
                "message_delta" => {
                    message["stop_reason"] = data["delta"]["stop_reason"].clone();
                    for (key, value) in data["usage"].as_object().expect("usage") {
                        message["usage"][key] = value.clone();
                    }
                }
                _ => {}
            }
        }
        message
    }

    #[test]
    fn a_stream_adds_up_to_the_whole_answer() {
        for scenario in [
            "text",
            "thinking",
            "tool",
            "tools2",
            "long",
            "text;deltas=1",
            "tool;args={}",
        ] {
            let script = script(scenario);
            let mut rebuilt = accumulated(&script);
            if let Some(usage) = rebuilt["usage"].as_object_mut() {
                usage.remove("output_tokens_details");
            }
            assert_eq!(rebuilt, message(&script), "{scenario}");
        }
    }

    #[test]
    fn a_stream_follows_the_grammar() {
        for scenario in ["text", "thinking", "tool", "tools2"] {
            let script = script(scenario);
            let names: Vec<String> = events(&script).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names[..2], ["message_start", "ping"], "{scenario}");
            assert_eq!(
                names[names.len() - 2..],
                ["message_delta", "message_stop"],
                "{scenario}"
            );
            let mut open = false;
            for name in &names[2..names.len() - 2] {
                match name.as_str() {
                    "content_block_start" => assert!(!std::mem::replace(&mut open, true)),
                    "content_block_stop" => assert!(std::mem::replace(&mut open, false)),
                    other => assert!(open && other == "content_block_delta", "{other}"),
                }
            }
            assert!(!open);
        }
    }

    #[test]
    fn usage_is_told_at_both_ends() {
        let script = script("text;usage_in=10;usage_out=20;cache_read=3");
        let told: Vec<Usage> = frames(&script)
            .iter()
            .filter_map(|frame| frame.told)
            .collect();
        assert_eq!(
            told,
            [
                Usage {
                    output: 1,
                    ..script.usage
                },
                script.usage
            ]
        );
        let events = events(&script);
        assert_eq!(events[0].1["message"]["usage"]["input_tokens"], 10);
        assert_eq!(events[events.len() - 2].1["usage"]["output_tokens"], 20);
    }
}
