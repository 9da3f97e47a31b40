//! Requests and streams to measure conversion with.

use std::time::Duration;

use dialects::{
    Dialect, PathFacts, Reply, Target,
    caps::Caps,
    ir::{Event, Opening, Origin, Request, Stop},
};
use serde_json::{Value, json};

/// Time that the threads of a process had (`self` is this one), as Linux counts it: in hundredths of a second (proc(5),
/// `utime` and `stime`).
pub fn processor(process: &str) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(ticks * 10))
}

/// A conversation of Claude Code in Anthropic's form, of about `bytes` bytes: its tools and system prompt, and turns of
/// text, calls and results until it is large enough.
pub fn conversation(bytes: usize) -> Vec<u8> {
    let capture = include_str!("../../wire/anthropic/claude-code-tool-turn-2.json");
    let capture: Value = serde_json::from_str(capture).unwrap_or_default();
    let mut body = capture["body"].clone();
    let mut size = body.to_string().len();
    let mut turns = body["messages"].as_array().cloned().unwrap_or_default();
    let mut turn = 0;
    while size < bytes {
        let added = [
            json!({ "role": "assistant", "content": [
                { "type": "text", "text": format!("Turn {turn}: let me look at the \"next\" file.\n") },
                { "type": "tool_use", "id": format!("toolu_{turn:024}"), "name": "Bash",
                  "input": { "command": format!("sed -n '1,200p' src/part_{turn}.rs"), "description": "Read a part" } },
            ] }),
            json!({ "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": format!("toolu_{turn:024}"),
                  "content": "    let value = reader.next()?; // \"quoted\"\n\tif value > 3 { return Ok(()); }\n".repeat(40) },
            ] }),
        ];
        size += added
            .iter()
            .map(|turn| turn.to_string().len())
            .sum::<usize>();
        turns.extend(added);
        turn += 1;
    }
    body["messages"] = Value::Array(turns);
    body.to_string().into_bytes()
}

/// A Chat conversation of so many rounds: a question, a call, its result.
pub fn tool_rounds(count: usize) -> Vec<u8> {
    let messages = (0..count).flat_map(|number| {
        let id = format!("c{number}");
        [
            json!({ "role": "user", "name": "bob", "content": "go" }),
            json!({ "role": "assistant", "content": null, "tool_calls": [chat_call(&id)] }),
            json!({ "role": "tool", "tool_call_id": id, "content": "1" }),
        ]
    });
    chat(&messages.collect::<Vec<_>>())
}

/// A Chat conversation with so many calls in one turn, and their results.
pub fn parallel_calls(count: usize) -> Vec<u8> {
    let ids = || (0..count).map(|number| format!("c{number}"));
    let calls: Vec<Value> = ids().map(|id| chat_call(&id)).collect();
    let mut messages = vec![
        json!({ "role": "user", "content": "go" }),
        json!({ "role": "assistant", "content": null, "tool_calls": calls }),
    ];
    messages.extend(ids().map(|id| json!({ "role": "tool", "tool_call_id": id, "content": "1" })));
    chat(&messages)
}

fn chat_call(id: &str) -> Value {
    json!({ "id": id, "type": "function", "function": { "name": "f", "arguments": "{}" } })
}

fn chat(messages: &[Value]) -> Vec<u8> {
    json!({ "model": "m", "messages": messages })
        .to_string()
        .into_bytes()
}

/// A question about one image of `bytes` bytes in base64.
pub fn picture(bytes: usize) -> Vec<u8> {
    let data = "iVBORw0KGgoAAAANSUhEUgAA".repeat(bytes / 24);
    json!({ "model": "claude-sonnet-4-5", "max_tokens": 100, "messages": [{ "role": "user", "content": [
        { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": data } },
        { "type": "text", "text": "What is this?" },
    ] }] })
    .to_string()
    .into_bytes()
}

/// Reads a request of one dialect and writes it in another, as a proxy does.
pub fn convert(from: Dialect, body: &[u8], to: Dialect, caps: &Caps) -> Vec<u8> {
    let facts = PathFacts {
        model: Some("claude-opus-5"),
        stream: Some(true),
    };
    let Ok(request) = from.codec().read_request(body, facts) else {
        return Vec::new();
    };
    write(&request, to, caps)
}

/// Writes a request in a dialect.
pub fn write(request: &Request, to: Dialect, caps: &Caps) -> Vec<u8> {
    let target = Target {
        origin: Origin::default(),
        caps,
        lossy: true,
    };
    to.codec()
        .write_request(request, &target)
        .map(|written| written.body)
        .unwrap_or_default()
}

/// An answer of so many words, as events.
pub fn answer(words: usize) -> Vec<Event> {
    let mut events = vec![
        Event::Start {
            id: Some("msg_1".to_owned()),
            model: Some("model".to_owned()),
        },
        Event::Open(Opening::Text),
    ];
    events.extend((0..words).map(|word| Event::Delta(format!("word {word} \"of\" many\n"))));
    events.push(Event::Close);
    events.push(Event::Usage(dialects::Usage {
        input: 10,
        output: words as u64,
        ..dialects::Usage::default()
    }));
    events.push(Event::Stop(Stop::End));
    events
}

/// The frames' names and data of a stream in a dialect that says this.
pub fn stream(dialect: Dialect, events: &[Event]) -> Vec<(Option<Vec<u8>>, Vec<u8>)> {
    let mut writer = dialect.codec().stream_writer(Reply::default());
    let mut bytes = Vec::new();
    for event in events {
        writer.write(event, &mut bytes);
    }
    let mut frames = Vec::new();
    match dialect.codec().framing() {
        dialects::Framing::Lines => {
            let mut lines = dialects::lines::Lines::default();
            let _ = lines.push(&bytes);
            while let Some(line) = lines.next_line() {
                frames.push((None, line.to_vec()));
            }
        }
        dialects::Framing::Sse => {
            let mut splitter = dialects::sse::Splitter::default();
            let _ = splitter.push(&bytes);
            while let Some(frame) = splitter.next_frame() {
                if let Some(data) = frame.data() {
                    frames.push((frame.event().map(<[u8]>::to_vec), data.to_vec()));
                }
            }
        }
    }
    frames
}
