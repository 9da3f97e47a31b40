//! Frames and answers as tests of Responses build them.

#![allow(dead_code)] // each test program uses some of it

use std::sync::Arc;

use dialects::{
    Dialect, PathFacts, Reply, Usage,
    ir::{
        Answer, Call, CallKind, Event, Opening, Origin, Part, Seal, Stop, Text, Thinking, Toolbox,
    },
    json::Json,
};
use serde_json::{Value, json};

pub(crate) const R: Dialect = Dialect::OpenaiResponses;

pub(crate) fn origin() -> Origin {
    Origin {
        vendor: "openai".to_owned(),
        model: "gpt-6.1-sol".to_owned(),
    }
}

/// What a provider's frames mean; the stream ends behind them.
pub(crate) fn meant(frames: &[Value]) -> Result<Vec<Event>, String> {
    let mut reader = R.codec().stream_reader(&origin());
    let mut out = Vec::new();
    for frame in frames {
        let data = match frame {
            Value::String(bare) => bare.clone(),
            frame => frame.to_string(),
        };
        let read = reader.read(None, data.as_bytes(), &mut out);
        read.map_err(|error| error.to_string())?;
    }
    reader.finish(&mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

/// Events as short words, neighbouring deltas joined.
pub(crate) fn told(events: &[Event]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut delta = String::new();
    for event in events {
        if let Event::Delta(text) = event {
            delta.push_str(text);
            continue;
        }
        if !delta.is_empty() {
            words.push(format!("{:?}", std::mem::take(&mut delta)));
        }
        words.push(match event {
            Event::Start { id, model } => format!(
                "start:{}:{}",
                id.as_deref().unwrap_or("-"),
                model.as_deref().unwrap_or("-")
            ),
            Event::Usage(usage) => format!("usage:{}+{}", usage.input, usage.output),
            Event::Open(Opening::Call { id, name, .. }) => format!("call:{id}:{name}"),
            Event::Open(opening) => format!("{opening:?}").to_lowercase(),
            Event::Seal(seal) => {
                format!("seal:{}:{}", seal.data, seal.id.as_deref().unwrap_or("-"))
            }
            Event::Citation(citation) => {
                format!("cite:{}", citation.value()["url"].as_str().unwrap_or("-"))
            }
            Event::Close => "close".to_owned(),
            Event::Part(Part::Opaque { kind, .. }) => format!("part:{kind}"),
            Event::Part(part) => format!("{part:?}"),
            Event::Stop(stop) => format!("stop:{stop:?}"),
            Event::Failed(failure) => format!("failed:{:?}:{}", failure.kind, failure.message),
            Event::Delta(_) => String::new(),
        });
    }
    words.join(" ")
}

#[track_caller]
pub(crate) fn means(frames: &[Value], expected: &str) {
    assert_eq!(told(&meant(frames).unwrap()), expected);
}

pub(crate) fn created() -> Value {
    json!({"type": "response.created", "sequence_number": 0, "response": {"id": "resp_1", "model": "gpt", "status": "in_progress", "output": [], "tools": []}})
}

pub(crate) fn completed(output: &Value) -> Value {
    let usage = json!({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2}, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 15});
    json!({"type": "response.completed", "response": {"id": "resp_1", "model": "gpt", "status": "completed", "output": output, "usage": usage}})
}

pub(crate) fn added(index: u64, item: &Value) -> Value {
    json!({"type": "response.output_item.added", "output_index": index, "item": item})
}

pub(crate) fn done(index: u64, item: &Value) -> Value {
    json!({"type": "response.output_item.done", "output_index": index, "item": item})
}

pub(crate) fn delta(kind: &str, index: u64, id: &str, text: &str) -> Value {
    json!({"type": format!("response.{kind}.delta"), "output_index": index, "item_id": id, "content_index": 0, "summary_index": 0, "delta": text, "obfuscation": "xx"})
}

pub(crate) fn message(text: &str) -> Value {
    json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": text, "annotations": [{"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}], "logprobs": []}]})
}

pub(crate) fn function(id: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": format!("call_{id}"), "name": format!("f{id}"), "arguments": arguments, "status": "completed"})
}

pub(crate) fn thought() -> Value {
    json!({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}], "encrypted_content": "gAAA"})
}

/// A client's request with tools of every form.
pub(crate) fn reply() -> Reply {
    let request = json!({
        "model": "asked-for", "input": "Hi", "stream": true, "temperature": 0.5, "reasoning": {"effort": "low"},
        "metadata": {"k": "v"}, "parallel_tool_calls": false, "tool_choice": "required", "text": {"verbosity": "low"},
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": false},
            {"type": "custom", "name": "patch"},
            {"type": "namespace", "name": "fs", "description": "Files", "tools": [{"type": "function", "name": "read"}]},
            {"type": "web_search"}],
    });
    let read = R
        .codec()
        .read_request(request.to_string().as_bytes(), PathFacts::default());
    let mut tools = Toolbox::default();
    let fits = |char: char| char.is_ascii_alphanumeric() || char == '_';
    tools.name("patch", CallKind::Custom, 64, fits);
    tools.name("read", CallKind::Namespaced("fs".to_owned()), 64, fits);
    Reply {
        request: Arc::new(read.unwrap()),
        tools,
        request_id: "req_1".to_owned(),
        now: 1_700_000_000,
        input_estimate: 7,
        json_array: false,
        since: None,
    }
}

/// The frames written for these events.
pub(crate) fn frames(events: &[Event]) -> Vec<Value> {
    let mut writer = R.codec().stream_writer(reply());
    let mut out = Vec::new();
    for event in events {
        writer.write(event, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    let mut read = Vec::new();
    for (number, frame) in text.split_terminator("\n\n").enumerate() {
        let (name, data) = frame.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
        assert_eq!(data["sequence_number"], number, "{data}");
        read.push(data);
    }
    read
}

pub(crate) fn answer() -> Answer {
    let call = |id: &str, name: &str, kind: CallKind, arguments: &str| {
        Part::Call(Call {
            id: id.to_owned(),
            name: name.to_owned(),
            arguments: Json::parse(arguments).unwrap(),
            kind,
            seal: None,
            cache: None,
            at: dialects::ir::At::default(),
        })
    };
    Answer {
        id: Some("msg_01".to_owned()),
        model: Some("claude".to_owned()),
        parts: vec![
            Part::Thinking(Thinking {
                text: "hm".to_owned(),
                seal: Some(Seal::new(Dialect::Anthropic, &origin(), "Eq")),
                ..Thinking::default()
            }),
            Part::Thinking(Thinking {
                seal: Some(Seal::new(Dialect::Anthropic, &origin(), "hidden")),
                redacted: true,
                ..Thinking::default()
            }),
            Part::Text(Text::plain("Hel")),
            Part::Text(Text {
                citations: vec![
                    Json::parse(r#"{"type":"web_search_result_location","url":"u","title":"t"}"#)
                        .unwrap(),
                    Json::parse(r#"{"type":"char_location"}"#).unwrap(),
                ],
                ..Text::plain("lo")
            }),
            call("c1", "f", CallKind::Function, r#"{"x": 1}"#),
            call("c2", "patch", CallKind::Custom, r#"{"input": "a\nb"}"#),
            call("c3", "read", CallKind::Namespaced("fs".to_owned()), "{}"),
        ],
        stop: Stop::ToolUse,
        usage: Some(Usage {
            input: 5,
            output: 4,
            cache_read: 3,
            cache_write_5m: 2,
            reasoning: 1,
            ..Usage::default()
        }),
    }
}
