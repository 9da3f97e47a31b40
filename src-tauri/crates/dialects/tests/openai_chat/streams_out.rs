//! What clients are streamed.

use std::sync::Arc;

use dialects::{
    Dialect, Reply, Usage,
    ir::{CallKind, Event, Failure, FailureKind, Opening, Part, Request, Seal, Stop, Thinking},
    sse::Splitter,
};
use serde_json::{Value, json};

use crate::{codec, origin, told};

fn reply(stream_usage: bool) -> Reply {
    let request = Request {
        model: "asked".to_owned(),
        stream_usage,
        ..Request::default()
    };
    Reply {
        request: Arc::new(request),
        request_id: "seed".to_owned(),
        now: 7,
        input_estimate: 11,
        ..Reply::default()
    }
}

/// The data of all frames.
fn write(events: &[Event], stream_usage: bool) -> Vec<String> {
    let mut writer = codec().stream_writer(reply(stream_usage));
    let mut out = Vec::new();
    for event in events {
        writer.write(event, &mut out);
    }
    frames(&out)
}

fn frames(bytes: &[u8]) -> Vec<String> {
    let mut splitter = Splitter::default();
    splitter.push(bytes).unwrap();
    std::iter::from_fn(|| splitter.next_frame())
        .map(|frame| String::from_utf8(frame.data().unwrap().to_vec()).unwrap())
        .collect()
}

fn deltas(frames: &[String]) -> Vec<Value> {
    frames
        .iter()
        .filter_map(|frame| serde_json::from_str::<Value>(frame).ok())
        .map(|chunk| chunk["choices"][0]["delta"].clone())
        .collect()
}

fn start() -> Event {
    Event::Start {
        id: None,
        model: Some("told".to_owned()),
    }
}

fn open_call(id: &str, kind: CallKind) -> Event {
    Event::Open(Opening::Call {
        id: id.to_owned(),
        name: "f".to_owned(),
        kind,
    })
}

fn delta(text: &str) -> Event {
    Event::Delta(text.to_owned())
}

#[test]
fn a_stream_has_the_grammar_that_clients_know() {
    // PITFALLS 57: calls are counted, whatever stands between them. 32, 43 and 46 cannot happen: no blocks are told.
    let seal = Seal::new(Dialect::Anthropic, &origin(), "sig");
    let envelope = seal.envelope();
    let events = [
        start(),
        Event::Open(Opening::Thinking),
        delta("né"),
        Event::Seal(seal.clone()),
        Event::Close,
        Event::Part(Part::Thinking(Thinking {
            seal: Some(seal),
            redacted: true,
            ..Thinking::default()
        })),
        Event::Open(Opening::Thinking),
        delta("x"),
        Event::Close,
        Event::Open(Opening::Text),
        delta("a\u{2028}"),
        Event::Close,
        open_call("c", CallKind::Function),
        delta("{\"a\""),
        delta(":1}"),
        Event::Close,
        Event::Open(Opening::Text),
        delta("b"),
        Event::Close,
        open_call("d", CallKind::Function),
        Event::Close,
        open_call("e", CallKind::Custom),
        delta("{\"inp"),
        delta("ut\":\"x\\ny\"}"),
        Event::Close,
        Event::Usage(Usage {
            input: 3,
            output: 4,
            ..Usage::default()
        }),
        Event::Stop(Stop::ToolUse),
    ];
    let frames = write(&events, false);
    assert_eq!(
        deltas(&frames),
        [
            json!({"role": "assistant", "content": ""}),
            json!({"reasoning_content": "né"}),
            json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": envelope, "id": "reasoning-0-3", "format": "turnout-v1", "index": 0}]}),
            json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": envelope, "id": "redacted-3-3", "format": "turnout-v1", "index": 1}]}),
            json!({"reasoning_content": "\n\nx"}),
            json!({"content": "a\u{2028}"}),
            json!({"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}]}),
            json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"a\""}}]}),
            json!({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}),
            json!({"content": "b"}),
            json!({"tool_calls": [{"index": 1, "id": "d", "type": "function", "function": {"name": "f", "arguments": ""}}]}),
            json!({"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]}),
            json!({"tool_calls": [{"index": 2, "id": "e", "type": "custom", "custom": {"name": "f", "input": "x\ny"}}]}),
            json!({}),
        ]
    );
    assert_eq!(frames.last().unwrap(), "[DONE]");
    let chunks: Vec<Value> = frames
        .iter()
        .filter_map(|frame| serde_json::from_str(frame).ok())
        .collect();
    for chunk in &chunks {
        assert_eq!(
            (
                &chunk["id"],
                &chunk["created"],
                &chunk["model"],
                &chunk["object"]
            ),
            (
                &chunks[0]["id"],
                &json!(7),
                &json!("asked"),
                &json!("chat.completion.chunk")
            )
        );
        // PITFALLS 60
        assert!(chunk.get("usage").is_none() && chunk["choices"].as_array().unwrap().len() == 1);
    }
    let reasons: Vec<&Value> = chunks
        .iter()
        .map(|chunk| &chunk["choices"][0]["finish_reason"])
        .collect();
    assert!(
        reasons[..reasons.len() - 1]
            .iter()
            .all(|reason| reason.is_null())
    );
    assert_eq!(reasons.last().unwrap().as_str(), Some("tool_calls"));
}

#[test]
fn usage_is_told_to_who_asked() {
    // PITFALLS 59, 60, 131
    for (told, expected) in [
        (
            Some(Usage {
                input: 3,
                output: 4,
                ..Usage::default()
            }),
            (3, 4),
        ),
        (None, (11, 0)),
    ] {
        let events: Vec<Event> = [start()]
            .into_iter()
            .chain(told.map(Event::Usage))
            .chain([Event::Stop(Stop::End)])
            .collect();
        let frames = write(&events, true);
        let first: Value = serde_json::from_str(&frames[0]).unwrap();
        assert!(first.get("usage").is_some_and(Value::is_null));
        let last: Value = serde_json::from_str(&frames[frames.len() - 2]).unwrap();
        assert_eq!(last["choices"], json!([]));
        assert_eq!(
            (
                last["usage"]["prompt_tokens"].as_u64(),
                last["usage"]["completion_tokens"].as_u64()
            ),
            (Some(expected.0), Some(expected.1))
        );
        assert_eq!(frames.last().unwrap(), "[DONE]");
    }
}

#[test]
fn a_failure_ends_the_stream_as_one() {
    // PITFALLS 51, 52
    let failure = Failure::new(FailureKind::Overloaded, "too much \"going\" on");
    let frames = write(
        &[
            start(),
            Event::Open(Opening::Text),
            delta("a"),
            Event::Failed(failure),
        ],
        true,
    );
    assert_eq!(
        serde_json::from_str::<Value>(&frames[2]).unwrap(),
        json!({"error": {"message": "too much \"going\" on", "type": "server_error", "param": null, "code": "overloaded"}})
    );
    assert_eq!(frames[3..], ["[DONE]"]);
    assert!(!frames.concat().contains("\"finish_reason\":\"stop\""));
}

#[test]
fn silence_is_a_comment() {
    // PITFALLS 13, 56
    let mut out = Vec::new();
    codec().stream_writer(reply(false)).keep_alive(&mut out);
    assert!(out.starts_with(b":") && out.ends_with(b"\n\n"));
    assert_eq!(
        codec().stream_writer(reply(false)).content_type(),
        "text/event-stream; charset=utf-8"
    );
}

#[test]
fn what_is_written_reads_as_what_it_was() {
    let events = [
        Event::Start {
            id: Some("r".to_owned()),
            model: None,
        },
        Event::Open(Opening::Thinking),
        delta("hm"),
        Event::Close,
        Event::Open(Opening::Text),
        delta("a"),
        Event::Close,
        open_call("c", CallKind::Function),
        delta("{}"),
        Event::Close,
        open_call("d", CallKind::Function),
        delta("{}"),
        Event::Close,
        Event::Usage(Usage {
            input: 3,
            output: 4,
            ..Usage::default()
        }),
        Event::Stop(Stop::ToolUse),
    ];
    let mut reader = codec().stream_reader(&origin());
    let mut read = Vec::new();
    for frame in write(&events, true) {
        reader.read(None, frame.as_bytes(), &mut read).unwrap();
    }
    reader.finish(&mut read).unwrap();
    assert_eq!(told(&read), told(&events));
}
