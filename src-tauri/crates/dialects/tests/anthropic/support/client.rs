//! A client's side of a stream: what Anthropic's SDKs demand of it.

use std::sync::Arc;

use dialects::{
    Dialect, Reply,
    ir::{Event, Request},
};
use serde_json::{Value, json};

use super::origin;

pub(crate) fn reply() -> Reply {
    Reply {
        request: Arc::new(Request {
            model: "asked-for".to_owned(),
            ..Request::default()
        }),
        request_id: "req_1".to_owned(),
        input_estimate: 12,
        ..Reply::default()
    }
}

/// Events as a client of Anthropic's SDKs receives them: name and data of each.
pub(crate) fn stream(events: &[Event]) -> Vec<(String, Value)> {
    let mut writer = Dialect::Anthropic.codec().stream_writer(reply());
    let mut out = Vec::new();
    for event in events {
        writer.write(event, &mut out);
    }
    frames(&out)
}

fn frames(out: &[u8]) -> Vec<(String, Value)> {
    let text = std::str::from_utf8(out).unwrap();
    let frame = |frame: &str| {
        // PITFALLS 12: each has its name in front of its data.
        let (name, data) = frame.split_once('\n').unwrap();
        let name = name.strip_prefix("event: ").unwrap().to_owned();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(data["type"], json!(name));
        (name, data)
    };
    text.split_terminator("\n\n").map(frame).collect()
}

/// What Anthropic's SDKs demand of a stream, and the message that they make of it.
pub(crate) fn accumulate(frames: &[(String, Value)]) -> Result<Value, String> {
    let mut frames = frames.iter().filter(|(name, _)| name != "ping");
    let (name, start) = frames.next().ok_or("nothing")?;
    if name != "message_start" {
        return Err(format!("{name} comes first"));
    }
    let mut message = start["message"].clone();
    let mut open: Option<(usize, String)> = None;
    let mut finished = 0;
    let mut stopped = false;
    for (name, data) in frames {
        if stopped {
            return Err(format!("{name} behind the end"));
        }
        let index = data["index"].as_u64().map(|index| index as usize);
        match name.as_str() {
            "content_block_start" => {
                let content = message["content"].as_array_mut().unwrap();
                if open.is_some() || index != Some(content.len()) || finished > 0 {
                    return Err(format!("block {index:?} begins beside {open:?}"));
                }
                content.push(data["content_block"].clone());
                open = index.map(|index| (index, String::new()));
            }
            "content_block_delta" => {
                let Some((at, arguments)) = &mut open else {
                    return Err("a delta outside".to_owned());
                };
                if Some(*at) != index {
                    return Err(format!("a delta of {index:?} in {at}"));
                }
                let block = &mut message["content"][*at];
                let (field, kind) = match data["delta"]["type"].as_str().unwrap() {
                    "text_delta" => ("text", "text"),
                    "thinking_delta" => ("thinking", "thinking"),
                    "signature_delta" => ("signature", "thinking"),
                    "input_json_delta" => ("partial_json", "tool_use"),
                    "citations_delta" => continue,
                    other => return Err(format!("an unknown {other}")),
                };
                let piece = data["delta"][field].as_str().unwrap();
                if block["type"] != kind
                    && !(kind == "tool_use" && block["type"] == "server_tool_use")
                    || piece.is_empty()
                {
                    return Err(format!("{:?} in {block}", data["delta"]));
                }
                match field {
                    "partial_json" => arguments.push_str(piece),
                    "signature" if block[field] != "" => return Err("two signatures".to_owned()),
                    _ => block[field] = json!(format!("{}{piece}", block[field].as_str().unwrap())),
                }
            }
            "content_block_stop" => {
                let Some((at, arguments)) = open.take() else {
                    return Err("an end outside".to_owned());
                };
                if Some(at) != index {
                    return Err(format!("an end of {index:?} in {at}"));
                }
                let block = &mut message["content"][at];
                if !arguments.is_empty() {
                    block["input"] =
                        serde_json::from_str(&arguments).map_err(|error| error.to_string())?;
                }
                if block["type"] == "thinking" && block["signature"] == "" || block["text"] == "" {
                    return Err(format!("an empty {block}"));
                }
            }
            "message_delta" => {
                finished += 1;
                for count in ["input_tokens", "output_tokens"] {
                    if !data["usage"][count].is_u64() {
                        return Err(format!("no {count}"));
                    }
                }
                message["stop_reason"] = data["delta"]["stop_reason"].clone();
                message["usage"] = data["usage"].clone();
            }
            "message_stop" => stopped = true,
            other => return Err(format!("an unknown {other}")),
        }
    }
    if open.is_some() || finished != 1 || !stopped {
        return Err(format!("not ended: {open:?}, {finished} finishes"));
    }
    Ok(message)
}

/// Events of these data, each under its type's name.
pub(crate) fn read_stream(events: &[Value]) -> Result<Vec<Event>, String> {
    let mut reader = Dialect::Anthropic.codec().stream_reader(&origin());
    let mut out = Vec::new();
    for event in events {
        let name = event["type"].as_str().map(str::as_bytes);
        reader
            .read(name, event.to_string().as_bytes(), &mut out)
            .map_err(|error| error.0)?;
    }
    reader.finish(&mut out).map_err(|error| error.to_string())?;
    Ok(out)
}
