use dialects::{
    Dialect, Reply, Usage,
    ir::{Answer, Event, Failure, FailureKind, Opening, Part, Request, Seal, Stop, unfold},
    sse::{Frame, Splitter},
};
use serde_json::{Value, json};

use super::{codec, events, origin, say};

/// Events as short words, deltas in quotes.
fn told(events: &[Event]) -> String {
    let word = |event: &Event| match event {
        Event::Start { id, .. } => format!("start:{}", id.as_deref().unwrap_or("-")),
        Event::Usage(usage) => format!("usage:{}", usage.output),
        Event::Open(Opening::Call { id, name, .. }) => format!("call:{id}:{name}"),
        Event::Open(opening) => format!("{opening:?}").to_lowercase(),
        Event::Delta(text) => format!("{text:?}"),
        Event::Seal(seal) => format!("seal:{}", seal.data),
        Event::Citation(_) => "citation".to_owned(),
        Event::Close => "close".to_owned(),
        Event::Part(Part::Opaque { kind, .. }) => format!("part:{kind}"),
        Event::Part(Part::Media(_)) => "part:media".to_owned(),
        Event::Part(_) => "part".to_owned(),
        Event::Stop(stop) => format!("stop:{stop:?}"),
        Event::Failed(failure) => format!("failed:{:?}", failure.kind),
    };
    events.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn chunks_become_one_answer() {
    let frames = [
        r#"{"candidates":[{"content":{"parts":[{"text":"h","thought":true}]}}],"usageMetadata":{"promptTokenCount":3},"responseId":"r"}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"m","thought":true},{"text":"so"}]}}]}"#,
        r#"{"candidates":[{}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"id":"a","name":"f","args":{"x":1}},"thoughtSignature":"S"},{"functionCall":{"id":"b","name":"g"}}]}}]}"#,
        // PITFALLS 68: the finish comes later than the calls, and says nothing of them.
        r#"{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":7}}"#,
        r#"{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":9}}"#,
        "[DONE]",
        "",
    ];
    let wanted = concat!(
        r#"start:r usage:0 thinking "h" "m" close text "so" close thinking seal:S close "#,
        r#"call:a:f "{\"x\":1}" close call:b:g "{}" close usage:9 stop:ToolUse"#
    );
    assert_eq!(told(&events(&frames)), wanted);
}

#[test]
fn thought_and_call_share_a_signature_and_a_texts_own_is_left_out() {
    // PITFALLS 73, 74
    let frames = [
        r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"functionCall":{"id":"a","name":"f"},"thoughtSignature":"A"}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"id":"b","name":"f"},"thoughtSignature":"B"}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"t"},{"text":"","thoughtSignature":"C"}]},"finishReason":"STOP"}]}"#,
    ];
    let wanted = concat!(
        r#"start:- thinking "hm" seal:A close call:a:f "{}" close thinking seal:B close call:b:f "{}" close "#,
        r#"text "t" close stop:ToolUse"#
    );
    assert_eq!(told(&events(&frames)), wanted);
}

#[test]
fn parts_that_are_no_words() {
    let frames = [
        r#"{"candidates":[{"index":1,"content":{"parts":[{"text":"not this one"}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO"}},{"executableCode":{"code":"1"}},{"text":"t"}]},
        "citationMetadata":{"citationSources":[{"uri":"u"}]},"groundingMetadata":{},"finishReason":"MAX_TOKENS"}]}"#,
    ];
    let wanted = r#"start:- part:media part:executableCode text "t" citation close stop:MaxTokens"#;
    assert_eq!(told(&events(&frames)), wanted);
}

#[test]
fn failures_inside_a_stream_end_it() {
    // PITFALLS 69
    let text = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#;
    for (frame, kind) in [
        (
            r#"{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}"#,
            "RateLimit",
        ),
        (
            r#"[{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}]"#,
            "Overloaded",
        ),
        (
            r#"{"error":{"message":"m","status":"PERMISSION_DENIED"}}"#,
            "Permission",
        ),
        (
            r#"{"candidates":[{"finishReason":"UNEXPECTED_TOOL_CALL"}]}"#,
            "Server",
        ),
    ] {
        assert_eq!(
            told(&events(&[frame, text])).split(' ').next_back(),
            Some(format!("failed:{kind}").as_str())
        );
        let late = told(&events(&[text, frame, text]));
        assert!(
            late.ends_with(&format!("failed:{kind}")) && !late.contains("stop"),
            "{late}"
        );
    }
    // PITFALLS 70
    let blocked = told(&events(&[r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#]));
    assert!(blocked.contains("stop:Refusal"), "{blocked}");
}

#[test]
fn a_stream_without_an_end_is_cut() {
    let mut reader = codec().stream_reader(&origin());
    let mut out = Vec::new();
    reader
        .read(
            None,
            br#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#,
            &mut out,
        )
        .unwrap();
    assert!(reader.finish(&mut out).is_err());
    for bad in ["7", "{", "\"a\"", "<html>"] {
        // PITFALLS 21
        let mut reader = codec().stream_reader(&origin());
        assert!(
            reader.read(None, bad.as_bytes(), &mut Vec::new()).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn bytes_may_be_cut_anywhere() {
    // PITFALLS 1, 2, 3, 4, 5, 6, 24
    let words = "日本 \u{2028}\u{85} 🎉";
    let image = "A".repeat(100_000);
    let chunk = |part: Value, more: &str| {
        let response = json!({"candidates": [{"content": {"parts": [part]}}], "responseId": "r"});
        format!("data: {response}{more}")
    };
    for end in ["\r\n\r\n", "\n\n", "\r\r"] {
        let stream = [
            chunk(json!({"text": words}), end),
            chunk(
                json!({"inlineData": {"mimeType": "image/png", "data": image}}),
                end,
            ),
            format!(
                "data: {}",
                json!({"candidates": [{"finishReason": "STOP"}]})
            ),
        ]
        .concat();
        for size in [1, 7, 4096] {
            let (mut splitter, mut reader, mut out) = (
                Splitter::default(),
                codec().stream_reader(&origin()),
                Vec::new(),
            );
            let mut take = |frame: Frame| {
                if let Some(data) = frame.data() {
                    reader.read(None, &data, &mut out).unwrap();
                }
            };
            for piece in stream.as_bytes().chunks(size) {
                splitter.push(piece).unwrap();
                std::iter::from_fn(|| splitter.next_frame()).for_each(&mut take);
            }
            // The last event lacks its blank line.
            splitter.finish().into_iter().for_each(&mut take);
            reader.finish(&mut out).unwrap();
            assert_eq!(
                told(&out),
                format!("start:r text {words:?} close part:media stop:End"),
                "{size}"
            );
        }
    }
}

fn reply(json_array: bool) -> Reply {
    Reply {
        request: Request {
            model: "asked".to_owned(),
            ..Request::default()
        }
        .into(),
        request_id: "req".to_owned(),
        json_array,
        ..Reply::default()
    }
}

fn written(events: &[Event], reply: Reply) -> String {
    let mut writer = codec().stream_writer(reply);
    let mut out = Vec::new();
    for event in events {
        writer.write(event, &mut out);
    }
    String::from_utf8(out).unwrap()
}

/// What Google's SDKs take from a stream; they fail on anything else.
fn chunks(stream: &str) -> Vec<Value> {
    assert!(stream.ends_with("\n\n"), "{stream}");
    let frames = stream.strip_suffix("\n\n").unwrap().split("\n\n");
    frames
        .map(|frame| {
            let data = frame
                .strip_prefix("data: ")
                .unwrap_or_else(|| panic!("{frame}"));
            serde_json::from_str(data).unwrap_or_else(|error| panic!("{frame}: {error}"))
        })
        .collect()
}

fn told_answer() -> Answer {
    Answer {
        id: Some("r1".to_owned()),
        model: Some("other".to_owned()),
        parts: vec![
            say::thinking("hm", Some(Seal::new(Dialect::Anthropic, &origin(), "sig"))),
            say::call("a", "f"),
            say::call("b", "g"),
            say::text("t"),
        ],
        stop: Stop::MaxTokens,
        usage: Some(Usage {
            input: 3,
            output: 4,
            ..Usage::default()
        }),
    }
}

#[test]
fn a_stream_is_data_and_nothing_else() {
    // PITFALLS 11
    let stream = written(&unfold(told_answer()), reply(false));
    let chunks = chunks(&stream);
    let parts: Vec<_> = chunks
        .iter()
        .map(|chunk| chunk["candidates"][0]["content"]["parts"].clone())
        .collect();
    let envelope = Seal::new(Dialect::Anthropic, &origin(), "sig").envelope();
    let args = json!({"z": 1, "a": 2});
    assert_eq!(
        parts,
        [
            json!([{"text": "hm", "thought": true}]),
            json!([{"functionCall": {"id": "a", "name": "f", "args": args}, "thoughtSignature": envelope}]),
            json!([{"functionCall": {"id": "b", "name": "g", "args": args}}]),
            json!([{"text": "t"}]),
            json!([{"text": ""}]),
        ]
    );
    let (last, before) = chunks.split_last().unwrap();
    assert!(
        before
            .iter()
            .all(|chunk| chunk["candidates"][0].get("finishReason").is_none()
                && chunk.get("usageMetadata").is_none())
    );
    assert_eq!(last["candidates"][0]["finishReason"], "MAX_TOKENS");
    assert_eq!(last["usageMetadata"]["totalTokenCount"], 7);
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk["modelVersion"] == "asked" && chunk["responseId"] == "r1")
    );
    // What was written is read as what was told, but for where seals stand.
    let frames: Vec<_> = stream
        .split("\n\n")
        .map(|frame| frame.trim_start_matches("data: "))
        .collect();
    assert_eq!(
        told(&events(&frames)),
        format!(
            r#"start:r1 thinking "hm" seal:{envelope} close call:a:f "{{\"z\":1,\"a\":2}}" close call:b:g "{{\"z\":1,\"a\":2}}" close text "t" close usage:4 stop:MaxTokens"#
        )
    );
}

#[test]
fn without_alt_sse_the_stream_is_one_json_array() {
    let array: Vec<Value> =
        serde_json::from_str(&written(&unfold(told_answer()), reply(true))).unwrap();
    assert_eq!(array.len(), 5);
    assert_eq!(
        codec().stream_writer(reply(true)).content_type(),
        "application/json; charset=utf-8"
    );
    let start = Event::Start {
        id: None,
        model: None,
    };
    let failed = Event::Failed(Failure::new(FailureKind::RateLimit, "slow"));
    let array: Vec<Value> = serde_json::from_str(&written(&[start, failed], reply(true))).unwrap();
    assert_eq!(
        array,
        [json!({"error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED"}})]
    );
}

#[test]
fn a_silent_stream_is_kept_alive_by_empty_chunks() {
    for json_array in [false, true] {
        let mut writer = codec().stream_writer(reply(json_array));
        let mut out = Vec::new();
        writer.keep_alive(&mut out);
        writer.keep_alive(&mut out);
        writer.write(&Event::Stop(Stop::End), &mut out);
        let text = String::from_utf8(out).unwrap();
        let all = if json_array {
            serde_json::from_str(&text).unwrap()
        } else {
            chunks(&text)
        };
        assert_eq!(
            all[0]["candidates"][0],
            json!({"content": {"parts": [], "role": "model"}, "index": 0})
        );
        assert_eq!((all.len(), &all[0]["responseId"]), (3, &json!("req")));
    }
}

#[test]
fn a_failure_is_an_error_event_and_no_end() {
    let events = [
        Event::Start {
            id: None,
            model: None,
        },
        Event::Open(Opening::Text),
        Event::Delta("a".to_owned()),
        Event::Failed(Failure::new(FailureKind::Overloaded, "busy")),
    ];
    let chunks = chunks(&written(&events, reply(false)));
    assert_eq!(
        chunks[1],
        json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}})
    );
    assert!(
        chunks
            .iter()
            .all(|chunk| !chunk.to_string().contains("finishReason"))
    );
}
