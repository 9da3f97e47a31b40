//! Streams of Messages events, read.

use crate::support::{client::read_stream as read, origin};
use dialects::{
    Dialect,
    ir::{Event, Opening, Part},
};
use serde_json::{Value, json};

#[test]
fn an_error_event_without_an_error_is_one() {
    let named: (Option<&[u8]>, &[u8]) = (Some(b"error"), br#"{"message":"overheated"}"#);
    let typed: (Option<&[u8]>, &[u8]) = (None, br#"{"type":"error","message":"overheated"}"#);
    for (name, data) in [named, typed] {
        let mut reader = Dialect::Anthropic.codec().stream_reader(&origin());
        let mut out = Vec::new();
        reader
            .read(None, start().to_string().as_bytes(), &mut out)
            .unwrap();
        reader.read(name, data, &mut out).unwrap();
        assert!(reader.is_over());
        reader.finish(&mut out).unwrap();
        let Some(Event::Failed(failure)) = out.last() else {
            panic!("{out:?}")
        };
        assert_eq!(failure.message, "overheated");
    }
}

/// Events as short words.
fn told(events: &[Event]) -> String {
    let word = |event: &Event| match event {
        Event::Start { id, .. } => format!("start:{}", id.as_deref().unwrap_or_default()),
        Event::Usage(usage) => format!("usage:{}/{}", usage.input, usage.output),
        Event::Open(Opening::Call { id, name, .. }) => format!("call:{id}:{name}"),
        Event::Open(opening) => format!("{opening:?}").to_lowercase(),
        Event::Delta(text) => format!("{text:?}"),
        Event::Seal(seal) => format!("seal:{}", seal.data),
        Event::Citation(_) => "citation".to_owned(),
        Event::Close => "close".to_owned(),
        Event::Part(Part::Opaque { kind, value, .. }) => format!("{kind}:{}", value.text()),
        Event::Part(_) => "part".to_owned(),
        Event::Stop(stop) => format!("stop:{stop:?}"),
        Event::Failed(failure) => format!("failed:{:?}", failure.kind),
    };
    events.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn start() -> Value {
    json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "model": "m", "usage": {"input_tokens": 20, "output_tokens": 1}}})
}

fn begin(index: u64, block: &Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn delta(index: u64, delta: &Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn text(index: u64, text: &str) -> Value {
    delta(index, &json!({"type": "text_delta", "text": text}))
}

fn thinking(index: u64, text: &str) -> Value {
    delta(index, &json!({"type": "thinking_delta", "thinking": text}))
}

fn pieces(index: u64, text: &str) -> Value {
    delta(
        index,
        &json!({"type": "input_json_delta", "partial_json": text}),
    )
}

fn signature(index: u64, text: &str) -> Value {
    delta(
        index,
        &json!({"type": "signature_delta", "signature": text}),
    )
}

fn end(index: u64) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn finish(reason: &str) -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": 7}})
}

fn stop() -> Value {
    json!({"type": "message_stop"})
}

fn tool(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "run", "input": {}})
}

#[test]
fn every_kind_of_block_is_read() {
    let events = read(&[
        start(),
        json!({"type": "ping"}),
        begin(0, &json!({"type": "thinking", "thinking": "", "signature": ""})),
        thinking(0, "hm"),
        signature(0, "EqQB"),
        end(0),
        begin(1, &json!({"type": "thinking", "thinking": "", "signature": ""})),
        signature(1, "EqQC"),
        end(1),
        begin(2, &json!({"type": "redacted_thinking", "data": "EmwK"})),
        end(2),
        begin(3, &json!({"type": "text", "text": ""})),
        text(3, "a"),
        text(3, ""),
        delta(3, &json!({"type": "citations_delta", "citation": {"type": "char_location"}})),
        end(3),
        begin(4, &json!({"type": "text", "text": ""})),
        text(4, "b"),
        end(4),
        begin(5, &json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}})),
        pieces(5, r#"{"query""#),
        pieces(5, r#":"q"}"#),
        end(5),
        begin(6, &json!({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []})),
        end(6),
        begin(7, &tool("t1")),
        pieces(7, ""),
        pieces(7, r#"{"x":"#),
        pieces(7, "1}"),
        end(7),
        begin(8, &tool("t2")),
        end(8),
        json!({"type": "something_new", "index": 9}),
        finish("tool_use"),
        stop(),
    ])
    .unwrap();
    assert_eq!(
        told(&events),
        concat!(
            r#"start:msg_1 usage:20/1 thinking "hm" seal:EqQB close thinking seal:EqQC close part "#,
            r#"text "a" citation close text "b" close "#,
            r#"server_tool_use:{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"q"}} "#,
            r#"web_search_tool_result:{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]} "#,
            r#"call:t1:run "{\"x\":" "1}" close call:t2:run "{}" close usage:20/7 stop:ToolUse"#,
        )
    );
}

#[test]
fn what_compatible_servers_do_is_borne() {
    let table = [
        // PITFALLS 28, 29: blocks interleaved.
        (
            vec![
                start(),
                begin(0, &tool("a")),
                begin(1, &tool("b")),
                pieces(1, r#"{"y":"#),
                pieces(0, r#"{"x":1}"#),
                pieces(1, "2}"),
                end(0),
                end(1),
                finish("tool_use"),
                stop(),
            ],
            r#"start:msg_1 usage:20/1 call:a:run "{\"x\":1}" close call:b:run "{\"y\":" "2}" close usage:20/7 stop:ToolUse"#,
        ),
        // PITFALLS 30: one index for all.
        (
            vec![
                start(),
                begin(0, &json!({"type": "text", "text": ""})),
                text(0, "hi"),
                begin(0, &tool("a")),
                pieces(0, "{}"),
                end(0),
                begin(0, &tool("b")),
                pieces(0, "{}"),
                finish("end_turn"),
                stop(),
            ],
            r#"start:msg_1 usage:20/1 text "hi" close call:a:run "{}" close call:b:run "{}" close usage:20/7 stop:ToolUse"#,
        ),
        // PITFALLS 41: arguments whole in the start.
        (
            vec![
                start(),
                begin(
                    0,
                    &json!({"type": "tool_use", "id": "a", "name": "run", "input": {"x": 1}}),
                ),
                end(0),
                finish("tool_use"),
                stop(),
            ],
            r#"start:msg_1 usage:20/1 call:a:run "{\"x\":1}" close usage:20/7 stop:ToolUse"#,
        ),
        // PITFALLS 33: no id.
        (
            vec![
                start(),
                begin(0, &json!({"type": "tool_use", "id": "", "name": "run"})),
                pieces(0, "{}"),
                end(0),
                finish("tool_use"),
                stop(),
            ],
            "call_",
        ),
        // PITFALLS 37: told twice.
        (
            vec![
                start(),
                start(),
                begin(0, &json!({"type": "text", "text": "hi"})),
                end(0),
                finish("max_tokens"),
                finish("end_turn"),
                stop(),
                stop(),
            ],
            r#"start:msg_1 usage:20/1 usage:20/1 text "hi" close usage:20/7 stop:MaxTokens"#,
        ),
        // PITFALLS 31, 36, 43: pieces of another kind than their block's, empty and null ones.
        (
            vec![
                start(),
                begin(0, &json!({"type": "text", "text": null})),
                thinking(0, "hm"),
                text(0, ""),
                delta(0, &json!({"type": "text_delta", "text": null})),
                text(0, "hi"),
                finish("end_turn"),
                stop(),
            ],
            r#"start:msg_1 usage:20/1 thinking "hm" close text "hi" close usage:20/7 stop:End"#,
        ),
        // PITFALLS 53: only one of the two ends.
        (
            vec![
                start(),
                begin(0, &json!({"type": "text", "text": "hi"})),
                finish("end_turn"),
            ],
            r#"start:msg_1 usage:20/1 text "hi" close usage:20/7 stop:End"#,
        ),
        (
            vec![
                start(),
                begin(0, &json!({"type": "text", "text": "hi"})),
                end(0),
                stop(),
            ],
            r#"start:msg_1 usage:20/1 text "hi" close usage:20/1 stop:End"#,
        ),
        // PITFALLS 118: the right count comes last.
        (
            vec![
                start(),
                begin(0, &json!({"type": "text", "text": "hi"})),
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"input_tokens": 5, "cache_read_input_tokens": 15, "output_tokens": 7}}),
                stop(),
            ],
            "usage:5/7 stop:End",
        ),
        // PITFALLS 38: behind the end.
        (
            vec![
                start(),
                begin(0, &json!({"type": "text", "text": "hi"})),
                finish("end_turn"),
                stop(),
                begin(1, &json!({"type": "text", "text": "more"})),
            ],
            r#"text "hi" close usage:20/7 stop:End"#,
        ),
        // Without a start.
        (
            vec![
                begin(0, &json!({"type": "text", "text": "hi"})),
                finish("end_turn"),
                stop(),
            ],
            r#"start: text "hi" close usage:0/7 stop:End"#,
        ),
    ];
    for (events, wanted) in table {
        let told = told(&read(&events).unwrap_or_else(|error| panic!("{error}: {events:?}")));
        assert!(told.contains(wanted), "{told}\n{wanted}");
    }
}

#[test]
fn broken_streams_are_not_whole() {
    // PITFALLS 51
    let cut = read(&[
        start(),
        begin(0, &json!({"type": "text", "text": "hi"})),
        end(0),
    ]);
    assert!(cut.is_err(), "{cut:?}");
    // PITFALLS 134
    let bad = read(&[start(), begin(0, &tool("a")), pieces(0, "12 3")]);
    assert!(bad.unwrap_err().contains("no JSON"));
    assert!(read(&[start(), pieces(0, "{}")]).is_err());
    let mut reader = Dialect::Anthropic.codec().stream_reader(&origin());
    assert!(
        reader
            .read(Some(b"message_start"), b"{\"type\":", &mut Vec::new())
            .is_err()
    );
    // Names without data, sentinels and comments say nothing.
    for (name, data) in [
        (Some(&b"ping"[..]), &b""[..]),
        (None, b"[DONE]"),
        (None, b""),
        (None, b"{}"),
    ] {
        let mut out = Vec::new();
        reader.read(name, data, &mut out).unwrap();
        assert_eq!(out, []);
    }
}

#[test]
fn an_error_event_ends_the_stream() {
    // PITFALLS 52, 54
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}});
    let events = read(&[
        start(),
        begin(0, &json!({"type": "text", "text": "hi"})),
        error.clone(),
        error,
        stop(),
    ])
    .unwrap();
    assert_eq!(
        told(&events),
        r#"start:msg_1 usage:20/1 text "hi" failed:Overloaded"#
    );
    let mut reader = Dialect::Anthropic.codec().stream_reader(&origin());
    let mut out = Vec::new();
    reader
        .read(
            None,
            br#"{"error":{"message":"prompt is too long"}}"#,
            &mut out,
        )
        .unwrap();
    assert_eq!(told(&out), "failed:ContextTooLong");
    assert!(reader.is_over());
}
