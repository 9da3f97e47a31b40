//! Streams of Messages events, read and written.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests panic as tests do

mod anthropic_support;

use std::sync::Arc;

use anthropic_support::origin;
use dialects::{
    Dialect, Reply, Usage,
    ir::{
        At, CallKind, Event, Failure, FailureKind, Folder, Opening, Origin, Part, Request, Seal,
        Stop, Thinking, unfold,
    },
    json::Json,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Events of these data, each under its type's name.
fn read(events: &[Value]) -> Result<Vec<Event>, String> {
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

fn reply() -> Reply {
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
fn write(events: &[Event]) -> Vec<(String, Value)> {
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
fn accumulate(frames: &[(String, Value)]) -> Result<Value, String> {
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

#[test]
fn a_stream_is_told_in_the_grammar() {
    let call = |id: &str| {
        Event::Open(Opening::Call {
            id: id.to_owned(),
            name: "run".to_owned(),
            kind: CallKind::Function,
        })
    };
    let piece = |text: &str| Event::Delta(text.to_owned());
    let seal = Seal::new(
        Dialect::Gemini,
        &Origin {
            vendor: "google".to_owned(),
            model: "g".to_owned(),
        },
        "CgQ",
    );
    let usage = Usage {
        input: 30,
        output: 8,
        cache_read: 2,
        ..Usage::default()
    };
    let frames = write(&[
        Event::Start {
            id: Some("resp_1".to_owned()),
            model: Some("other".to_owned()),
        },
        Event::Open(Opening::Thinking),
        piece("hm"),
        piece("…"),
        Event::Seal(seal.clone()),
        Event::Close,
        Event::Open(Opening::Text),
        piece("hi \"there\"\u{2028}"),
        Event::Close,
        call("call.1"),
        piece("{\"x\""),
        piece(":1}"),
        Event::Close,
        call("c2"),
        Event::Close,
        Event::Usage(usage),
        Event::Stop(Stop::ToolUse),
        // PITFALLS 38, 54
        Event::Stop(Stop::End),
        Event::Failed(Failure::new(FailureKind::Server, "late")),
    ]);
    let names: Vec<_> = frames.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[0], "message_start");
    let started = &frames[0].1["message"];
    // PITFALLS 47, 48
    assert_eq!(
        (
            &started["usage"]["input_tokens"],
            &started["usage"]["output_tokens"]
        ),
        (&json!(12), &json!(0))
    );
    assert_eq!(
        (
            &started["model"],
            &started["content"],
            &started["stop_reason"]
        ),
        (&json!("asked-for"), &json!([]), &Value::Null)
    );
    let message = accumulate(&frames).unwrap();
    let content = &message["content"];
    assert_eq!(content[0]["thinking"], "hm…");
    // PITFALLS 45, 111
    assert_eq!(
        Seal::presented(
            Dialect::Anthropic,
            content[0]["signature"].as_str().unwrap()
        ),
        seal
    );
    assert_eq!(content[1]["text"], "hi \"there\"\u{2028}");
    assert_eq!(content[2]["input"], json!({"x": 1}));
    // PITFALLS 33
    assert_eq!(content[3]["input"], json!({}));
    assert_eq!(message["stop_reason"], "tool_use");
    assert_eq!(
        (
            &message["usage"]["input_tokens"],
            &message["usage"]["cache_read_input_tokens"],
            &message["usage"]["output_tokens"]
        ),
        (&json!(30), &json!(2), &json!(8))
    );
    // PITFALLS 56
    let mut writer = Dialect::Anthropic.codec().stream_writer(reply());
    let mut out = Vec::new();
    writer.keep_alive(&mut out);
    assert_eq!(out, b"event: ping\ndata: {\"type\":\"ping\"}\n\n");
}

#[test]
fn nothing_empty_is_told() {
    // PITFALLS 31, 46
    let frames = write(&[
        Event::Start {
            id: None,
            model: None,
        },
        Event::Open(Opening::Thinking),
        Event::Close,
        Event::Open(Opening::Text),
        Event::Delta(String::new()),
        Event::Close,
        Event::Part(Part::Thinking(Thinking {
            redacted: true,
            ..Thinking::default()
        })),
        Event::Stop(Stop::End),
    ]);
    let names: Vec<_> = frames.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["message_start", "message_delta", "message_stop"]);
    // Thinking that no vendor signed cannot be mistaken for Anthropic's own.
    let frames = write(&[
        Event::Open(Opening::Thinking),
        Event::Delta("hm".to_owned()),
        Event::Close,
        Event::Stop(Stop::End),
    ]);
    let message = accumulate(&frames).unwrap();
    assert!(
        message["content"][0]["signature"]
            .as_str()
            .unwrap()
            .starts_with(Seal::PREFIX)
    );
    // PITFALLS 131
    assert_eq!(
        (
            &message["usage"]["input_tokens"],
            &message["usage"]["output_tokens"]
        ),
        (&json!(12), &json!(1))
    );
}

#[test]
fn a_failure_is_told_and_no_success_behind_it() {
    // PITFALLS 51, 52
    let frames = write(&[
        Event::Start {
            id: None,
            model: None,
        },
        Event::Open(Opening::Text),
        Event::Delta("half".to_owned()),
        Event::Failed(Failure::new(FailureKind::Overloaded, "busy")),
        Event::Stop(Stop::End),
    ]);
    let (name, data) = frames.last().unwrap();
    assert_eq!(
        (name.as_str(), &data["error"]["type"], &data["request_id"]),
        ("error", &json!("overloaded_error"), &json!("req_1"))
    );
    assert!(
        frames
            .iter()
            .all(|(name, _)| name != "message_stop" && name != "message_delta")
    );
}

fn said() -> impl Strategy<Value = String> {
    "[a-z\"\\\\\n é€]{1,12}"
}

fn part() -> impl Strategy<Value = Vec<Event>> {
    let seal = || Seal::new(Dialect::Anthropic, &origin(), "EqQB");
    prop_oneof![
        prop::collection::vec(said(), 0..4).prop_map(|pieces| {
            let pieces = pieces.into_iter().map(Event::Delta);
            std::iter::once(Event::Open(Opening::Text)).chain(pieces).chain([Event::Close]).collect()
        }),
        (prop::collection::vec(said(), 0..4), any::<bool>()).prop_map(move |(pieces, sealed)| {
            let pieces = pieces.into_iter().map(Event::Delta);
            std::iter::once(Event::Open(Opening::Thinking)).chain(pieces).chain(sealed.then(|| Event::Seal(seal()))).chain([Event::Close]).collect()
        }),
        (said(), prop::option::of(said())).prop_map(|(id, argument)| {
            let open = Event::Open(Opening::Call { id, name: "run".to_owned(), kind: CallKind::Function });
            let argument = argument.map(|argument| json!({"a": argument}).to_string());
            let pieces = argument.into_iter().flat_map(|text| {
                let middle = text.char_indices().nth(text.chars().count() / 2).unwrap().0;
                let (head, tail) = text.split_at(middle);
                [Event::Delta(head.to_owned()), Event::Delta(tail.to_owned())]
            });
            std::iter::once(open).chain(pieces).chain([Event::Close]).collect()
        }),
        Just(vec![Event::Part(Part::Thinking(Thinking { seal: Some(Seal::new(Dialect::Anthropic, &origin(), "EmwK")), redacted: true, ..Thinking::default() }))]),
        Just(vec![Event::Part(Part::Opaque {
            dialect: Dialect::Anthropic, kind: "server_tool_use".to_owned(),
            value: Json::parse(r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"q"}}"#).unwrap(), at: At::default(),
        })]),
        Just(vec![Event::Part(Part::Opaque { dialect: Dialect::Gemini, kind: "x".to_owned(), value: Json::null(), at: At::default() })]),
    ]
}

proptest! {
    /// PITFALLS 28 to 32, 37, 43: any valid stream is one that the official SDKs take, and read back it says the same.
    #[test]
    fn any_stream_is_told_in_the_grammar_and_reads_as_it_was(parts in prop::collection::vec(part(), 0..8)) {
        let mut events = vec![Event::Start { id: Some("msg_1".to_owned()), model: Some("m".to_owned()) }];
        events.extend(parts.into_iter().flatten());
        let usage = Usage { input: 3, output: 4, ..Usage::default() };
        let calls = events.iter().any(|event| matches!(event, Event::Open(Opening::Call { .. })));
        events.push(Event::Usage(usage));
        events.push(Event::Stop(Stop::End.with_calls(calls)));
        let frames = write(&events);
        let message = accumulate(&frames);
        prop_assert!(message.is_ok(), "{message:?}");
        let data: Vec<Value> = frames.into_iter().map(|(_, data)| data).collect();
        let again = read(&data).unwrap();
        let fold = |events: Vec<Event>| {
            let mut folder = Folder::default();
            events.into_iter().for_each(|event| folder.push(event));
            folder.finish().unwrap()
        };
        let whole = |answer: &dialects::ir::Answer| {
            serde_json::from_slice::<Value>(&Dialect::Anthropic.codec().write_answer(answer, &reply())).unwrap()
        };
        let answer = fold(again);
        // A whole answer and the stream of it are the same message.
        let mut streamed = message.unwrap();
        streamed["stop_details"] = Value::Null;
        let told = whole(&fold(events));
        prop_assert_eq!(&whole(&answer)["content"], &told["content"]);
        prop_assert_eq!(&streamed["content"], &told["content"]);
        prop_assert_eq!(whole(&fold(unfold(answer.clone()))), whole(&answer));
    }
}
