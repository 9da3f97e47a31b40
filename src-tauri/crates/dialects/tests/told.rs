//! Answers that broke off: what of them can be gone on with, and that it is gone on with without a seam.

#![allow(clippy::unwrap_used, clippy::panic)] // tests panic

use std::sync::Arc;

use bytes::Bytes;
use dialects::{
    Dialect, PathFacts, Reply, Target, Told, Usage,
    ir::{CallKind, Event, Mode, Opening, Origin, Part, Request, Role, Stop},
    vendors::Vendors,
};

fn reply(request_id: &str, now: i64) -> Reply {
    let request = Request {
        model: "asked".to_owned(),
        stream_usage: true,
        ..Request::default()
    };
    Reply {
        request: Arc::new(request),
        request_id: request_id.to_owned(),
        now,
        ..Reply::default()
    }
}

fn delta(text: &str) -> Event {
    Event::Delta(text.to_owned())
}

fn begin() -> Vec<Event> {
    let usage = Usage {
        input: 7,
        output: 3,
        ..Usage::default()
    };
    vec![
        Event::Start {
            id: Some("theirs-1".to_owned()),
            model: Some("asked".to_owned()),
        },
        Event::Usage(usage),
        Event::Open(Opening::Text),
        delta("The quick"),
        delta(" brown "),
    ]
}

/// A stream that begins with these events, written by one writer.
fn written(dialect: Dialect, events: &[Event]) -> Bytes {
    let mut writer = dialect.codec().stream_writer(reply("req-1", 100));
    let mut out = Vec::new();
    for event in events {
        writer.write(event, &mut out);
    }
    out.into()
}

#[test]
fn another_writer_goes_on_byte_for_byte_as_the_first_one_would() {
    let usage = Usage {
        input: 7,
        output: 9,
        ..Usage::default()
    };
    let rest = [
        delta("fox"),
        Event::Close,
        Event::Usage(usage),
        Event::Stop(Stop::End),
    ];
    for dialect in Dialect::ALL {
        let begin = begin();
        let whole = written(dialect, &[begin.clone(), rest.to_vec()].concat());
        let sent = written(dialect, &begin);
        let told = Told::read(dialect, [&sent]).unwrap();
        assert_eq!((told.text(), told.is_open()), ("The quick brown ", true));
        // Ollama tells the time in every line, as it is.
        let now = if dialect == Dialect::Ollama { 100 } else { 900 };
        let mut writer = told.writer(reply("req-2", now)).unwrap();
        let mut more = Vec::new();
        for event in &rest {
            writer.write(event, &mut more);
        }
        let joined = [&sent[..], &more].concat();
        let joined = String::from_utf8(joined).unwrap();
        assert_eq!(joined, String::from_utf8_lossy(&whole), "{dialect:?}");
    }
}

#[test]
fn pieces_may_be_cut_anywhere_and_what_is_no_whole_frame_is_not_told() {
    for dialect in Dialect::ALL {
        let sent = written(dialect, &begin());
        for at in 0..sent.len() {
            let (head, tail) = (sent.slice(..at), sent.slice(at..));
            let told = Told::read(dialect, [&head, &tail]).unwrap();
            assert_eq!(told.text(), "The quick brown ", "{dialect:?} cut at {at}");
            if let Some(told) = Told::read(dialect, [&head]) {
                assert!("The quick brown ".starts_with(told.text()), "{dialect:?}");
            }
        }
    }
}

#[test]
fn only_text_can_be_gone_on_with() {
    let call = Opening::Call {
        id: "call_1".to_owned(),
        name: "look".to_owned(),
        kind: CallKind::Function,
    };
    let start = &begin()[..1];
    let table = [
        ("nothing", vec![]),
        (
            "white space",
            vec![Event::Open(Opening::Text), delta(" \n")],
        ),
        (
            "thinking",
            vec![Event::Open(Opening::Thinking), delta("hm")],
        ),
        (
            "thinking, then text",
            vec![
                Event::Open(Opening::Thinking),
                delta("hm"),
                Event::Close,
                Event::Open(Opening::Text),
                delta("text"),
            ],
        ),
        (
            "a call behind text",
            vec![
                Event::Open(Opening::Text),
                delta("text"),
                Event::Close,
                Event::Open(call),
                delta("{}"),
                Event::Close,
            ],
        ),
        (
            "a whole answer",
            vec![
                Event::Open(Opening::Text),
                delta("text"),
                Event::Close,
                Event::Stop(Stop::End),
            ],
        ),
    ];
    for (what, events) in table {
        for dialect in Dialect::ALL {
            let sent = written(dialect, &[start, &events].concat());
            let told = Told::read(dialect, [&sent]);
            let writer = told.and_then(|told| told.writer(reply("req-2", 100)));
            assert!(writer.is_none(), "{dialect:?}: {what}");
        }
    }
}

/// A stream that begins with text and then tells these frames.
fn with_frames(dialect: Dialect, events: &[Event], frames: &[&str]) -> Bytes {
    let mut sent = written(dialect, events).to_vec();
    for frame in frames {
        match dialect {
            Dialect::Ollama => sent.extend(format!("{frame}\n").into_bytes()),
            _ => sent.extend(format!("data: {frame}\n\n").into_bytes()),
        }
    }
    sent.into()
}

#[test]
fn what_began_and_tells_nothing_yet_is_not_gone_on_behind() {
    let mut closed = begin();
    closed.push(Event::Close);
    let table = [
        (
            Dialect::Anthropic,
            &[
                r#"{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}}"#,
                r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"query\":"}}"#,
            ][..],
        ),
        (
            Dialect::Anthropic,
            &[
                r#"{"type":"content_block_start","index":1,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            ],
        ),
        (
            Dialect::Anthropic,
            &[
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null}}"#,
            ],
        ),
        (
            Dialect::OpenaiChat,
            &[
                r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"look"}}]}}]}"#,
            ],
        ),
        (
            Dialect::OpenaiChat,
            &[
                r#"{"id":"c","choices":[{"index":0,"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"x"}]}}]}"#,
            ],
        ),
        (
            Dialect::OpenaiChat,
            &[r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#],
        ),
        (
            Dialect::OpenaiResponses,
            &[
                r#"{"type":"response.output_item.added","sequence_number":9,"output_index":1,"item":{"type":"reasoning","id":"rs_1","summary":[]}}"#,
            ],
        ),
        (
            Dialect::Gemini,
            &[r#"{"candidates":[{"index":0,"finishReason":"STOP"}]}"#],
        ),
        (
            Dialect::Ollama,
            &[
                r#"{"model":"asked","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}"#,
            ],
        ),
    ];
    for (dialect, frames) in table {
        // Without them it is gone on with, or the row could not fail.
        let events = if dialect == Dialect::Anthropic {
            closed.clone()
        } else {
            begin()
        };
        for (frames, goes_on) in [(&[][..], true), (frames, false)] {
            let sent = with_frames(dialect, &events, frames);
            let told = Told::read(dialect, [&sent]);
            let writer = told.and_then(|told| told.writer(reply("req-2", 100)));
            assert_eq!(writer.is_some(), goes_on, "{dialect:?}: {frames:?}");
        }
    }
}

#[test]
fn text_goes_on_in_the_block_whose_start_the_client_has() {
    let mut closed = begin();
    closed.push(Event::Close);
    let bare =
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#;
    let rest = [
        Event::Open(Opening::Text),
        delta("fox"),
        Event::Close,
        Event::Open(Opening::Text),
        delta("jumps"),
        Event::Close,
    ];
    let sent = with_frames(Dialect::Anthropic, &closed, &[bare]);
    let told = Told::read(Dialect::Anthropic, [&sent]).unwrap();
    let mut writer = told.writer(reply("req-2", 100)).unwrap();
    let mut more = Vec::new();
    for event in &rest {
        writer.write(event, &mut more);
    }
    let joined = String::from_utf8([&sent[..], &more].concat()).unwrap();
    let indexes = |kind: &str| -> Vec<u64> {
        let data = joined
            .lines()
            .filter_map(|line| line.strip_prefix("data: "));
        let events = data.map(|data| serde_json::from_str::<serde_json::Value>(data).unwrap());
        let of_kind = events.filter(|event| event["type"] == kind);
        of_kind
            .map(|event| event["index"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(indexes("content_block_start"), [0, 1, 2], "{joined}");
    assert_eq!(indexes("content_block_delta"), [0, 0, 1, 2], "{joined}");
    assert_eq!(indexes("content_block_stop"), [0, 1, 2], "{joined}");
}

fn read(body: &serde_json::Value) -> Request {
    let body = body.to_string();
    let codec = Dialect::OpenaiChat.codec();
    codec
        .read_request(body.as_bytes(), PathFacts::default())
        .unwrap()
}

fn ask() -> serde_json::Value {
    serde_json::json!({
        "model": "m", "max_tokens": 10, "reasoning_effort": "high",
        "messages": [{"role": "user", "content": "hi"}],
    })
}

#[test]
fn the_rest_is_asked_for_with_the_begin_as_the_models_own_words() {
    let sent = written(Dialect::OpenaiChat, &begin());
    let told = Told::read(Dialect::OpenaiChat, [&sent]).unwrap();
    let rest = told.rest_of(read(&ask()), 3).unwrap();
    let last = rest.turns.last().unwrap();
    assert_eq!(last.role, Role::Assistant);
    // Anthropic refuses white space at the end of it.
    let words = last.parts.iter().map(|part| match part {
        Part::Text(text) => text.text.as_str(),
        part => panic!("{part:?}"),
    });
    assert_eq!(words.collect::<Vec<_>>(), ["The quick brown"]);
    assert_eq!((rest.max_tokens, rest.reasoning.mode), (Some(7), Mode::Off));
    let bound = told.rest_of(read(&ask()), 30).unwrap();
    assert_eq!(bound.max_tokens, Some(1));

    let others = [
        serde_json::json!({"response_format": {"type": "json_object"}}),
        serde_json::json!({"n": 2}),
        serde_json::json!({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "The"}]}),
        serde_json::json!({"modalities": ["text", "audio"]}),
    ];
    for other in others {
        let mut body = ask();
        for (name, value) in other.as_object().unwrap() {
            body[name] = value.clone();
        }
        assert!(told.rest_of(read(&body), 3).is_none(), "{other}");
    }
}

#[test]
fn claude_code_asks_for_no_thinking_behind_what_was_said() {
    let wire = include_bytes!("../../../../tests/wire/anthropic/claude-code-print.json");
    let body: serde_json::Value = serde_json::from_slice(wire).unwrap();
    let body = body.get("body").unwrap_or(&body);
    let codec = Dialect::Anthropic.codec();
    let request = codec
        .read_request(body.to_string().as_bytes(), PathFacts::default())
        .unwrap();
    let sent = written(Dialect::Anthropic, &begin());
    let told = Told::read(Dialect::Anthropic, [&sent]).unwrap();
    let rest = told.rest_of(request, 3).unwrap();
    let table = include_str!("../../../../config/vendors.toml");
    let record = Vendors::parse(table).unwrap();
    let record = record.record(None, "https://api.anthropic.com", Dialect::Anthropic);
    let target = Target {
        origin: Origin::default(),
        caps: &record.caps("claude-sonnet-4-5"),
        lossy: false,
    };
    let written = codec.write_request(&rest, &target).unwrap();
    let asked: serde_json::Value = serde_json::from_slice(&written.body).unwrap();
    assert_eq!(asked["thinking"], serde_json::json!({"type": "disabled"}));
    // An edit of thinking is refused where there is none.
    assert_eq!(asked["context_management"], serde_json::Value::Null);
    let last = asked["messages"].as_array().unwrap().last().unwrap();
    let said = serde_json::json!([{"type": "text", "text": "The quick brown"}]);
    assert_eq!(
        (&last["role"], &last["content"]),
        (&"assistant".into(), &said)
    );
}
