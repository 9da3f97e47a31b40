use dialects::{
    Dialect, Framing, Reply, Unreadable, Usage,
    ir::{Answer, Event, Failure, FailureKind, Folder, Part, Seal, Stop, Thinking, unfold},
    lines::Lines,
};
use serde_json::{Value, json};

use super::{call, codec, origin, read, text};

const STREAM: &str = concat!(
    r#"{"model":"qwen3","created_at":"2026-01-01T00:00:00.1Z","message":{"role":"assistant","content":"","thinking":"h"},"done":false}"#,
    "\n",
    r#"{"model":"qwen3","message":{"role":"assistant","content":"","thinking":"m 日本"},"done":false}"#,
    "\n",
    r#"{"model":"qwen3","message":{"role":"assistant","content":"so"},"done":false}"#,
    "\n\n",
    r#"{"model":"qwen3","message":{"role":"assistant","content":"","tool_calls":[{"function":{"index":0,"name":"f","arguments":{"z":1,"a":2}}}]},"done":false}"#,
    "\n",
    r#"{"model":"qwen3","message":{"role":"assistant","content":"","tool_calls":[{"id":"c","function":{"name":"g","arguments":{}}}]},"done":false}"#,
    "\r\n",
    r#"{"model":"qwen3","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":7}"#,
);

fn streamed(stream: &str, size: usize) -> Answer {
    let (mut lines, mut reader, mut events) = (
        Lines::default(),
        codec().stream_reader(&origin()),
        Vec::new(),
    );
    for piece in stream.as_bytes().chunks(size) {
        lines.push(piece).unwrap();
        while let Some(line) = lines.next_line() {
            reader.read(None, &line, &mut events).unwrap();
        }
    }
    if let Some(line) = lines.finish() {
        reader.read(None, &line, &mut events).unwrap();
    }
    assert!(reader.is_over());
    reader.finish(&mut events).unwrap();
    let mut folder = Folder::default();
    for event in events {
        folder.push(event);
    }
    folder.finish().unwrap()
}

#[test]
fn lines_become_one_answer_however_they_are_cut() {
    assert_eq!(codec().framing(), Framing::Lines);
    let whole = streamed(STREAM, usize::MAX);
    for size in [1, 2, 3, 7, 64] {
        assert_eq!(streamed(STREAM, size), whole);
    }
    // PITFALLS 21: a server may answer in lines though nobody asked, and whole though a stream was asked for.
    assert_eq!(
        codec().read_answer(STREAM.as_bytes(), &origin()).unwrap(),
        whole
    );
    // PITFALLS 68: the calls come earlier than the end, which says nothing of them.
    assert_eq!(whole.stop, Stop::ToolUse);
    assert_eq!(
        whole.usage,
        Some(Usage {
            input: 5,
            output: 7,
            ..Usage::default()
        })
    );
    let [
        Part::Thinking(thinking),
        Part::Text(said),
        Part::Call(first),
        Part::Call(second),
    ] = &whole.parts[..]
    else {
        panic!("{:?}", whole.parts)
    };
    assert_eq!(
        (thinking.text.as_str(), said.text.as_str()),
        ("hm 日本", "so")
    );
    let seal = thinking.seal.clone().unwrap();
    assert!(seal.fits(Dialect::Ollama, &origin()), "{seal:?}");
    assert!(
        first.id.starts_with("call_") && first.arguments.text() == r#"{"z":1,"a":2}"#,
        "{first:?}"
    );
    assert_eq!(second.id, "c");
}

#[test]
fn whole_answers_and_their_ends() {
    for (body, stop, said) in [
        (
            r#"{"message":{"content":"a"},"done":true,"done_reason":"length"}"#,
            Stop::MaxTokens,
            "a",
        ),
        (
            r#"{"response":"a","thinking":"","done":true,"done_reason":"stop"}"#,
            Stop::End,
            "a",
        ),
        (
            r#"{"message":{"content":""},"done":true,"done_reason":"load"}"#,
            Stop::End,
            "",
        ),
    ] {
        let answer = codec().read_answer(body.as_bytes(), &origin()).unwrap();
        let text: String = answer
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.text.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!((answer.stop, text.as_str()), (stop, said));
    }
    let failed = codec().read_answer(br#"{"error":"model requires more memory"}"#, &origin());
    assert!(
        matches!(&failed, Err(Unreadable::Failure(failure)) if failure.kind == FailureKind::Server),
        "{failed:?}"
    );
    for body in [
        "7",
        "[]",
        "{}",
        "",
        r#"{"message":{"content":"a"},"done":false}"#,
    ] {
        let read = codec().read_answer(body.as_bytes(), &origin());
        assert!(
            matches!(read, Err(Unreadable::Malformed(_))),
            "{body}: {read:?}"
        );
    }
}

#[test]
fn a_line_with_an_error_ends_the_stream() {
    let mut reader = codec().stream_reader(&origin());
    let mut events = Vec::new();
    for line in [
        r#"{"message":{"content":"a"},"done":false}"#,
        r#"{"error":"boom"}"#,
        r#"{"message":{"content":"b"},"done":true}"#,
    ] {
        reader.read(None, line.as_bytes(), &mut events).unwrap();
    }
    reader.finish(&mut events).unwrap();
    assert!(
        matches!(events.last(), Some(Event::Failed(failure)) if failure.message == "boom"),
        "{events:?}"
    );
    for (words, kind) in [
        ("boom", FailureKind::Server),
        ("server busy, please try again.", FailureKind::Overloaded),
        ("The model is Overloaded", FailureKind::Overloaded),
    ] {
        let mut events = Vec::new();
        let line = json!({"error": words}).to_string();
        let mut reader = codec().stream_reader(&origin());
        reader.read(None, line.as_bytes(), &mut events).unwrap();
        assert!(
            matches!(events.last(), Some(Event::Failed(failure)) if failure.kind == kind),
            "{events:?}"
        );
    }
    let mut reader = codec().stream_reader(&origin());
    reader
        .read(
            None,
            br#"{"message":{"content":"a"},"done":false}"#,
            &mut events,
        )
        .unwrap();
    assert!(reader.finish(&mut events).is_err());
}

fn reply(body: &str) -> Reply {
    Reply {
        request: read(body).into(),
        now: 1_795_276_800,
        ..Reply::default()
    }
}

fn answer() -> Answer {
    Answer {
        id: None,
        model: Some("claude".to_owned()),
        parts: vec![
            Part::Thinking(Thinking {
                text: "hm".to_owned(),
                seal: Some(Seal::new(Dialect::Anthropic, &origin(), "s")),
                ..Thinking::default()
            }),
            text("so"),
            call("a", "f"),
            call("b", "g"),
        ],
        stop: Stop::ToolUse,
        usage: Some(Usage {
            input: 3,
            output: 4,
            cache_read: 2,
            ..Usage::default()
        }),
    }
}

fn lines(events: &[Event], reply: Reply) -> Vec<Value> {
    let mut writer = codec().stream_writer(reply);
    assert_eq!(writer.content_type(), "application/x-ndjson");
    let mut out = Vec::new();
    for event in events {
        writer.write(event, &mut out);
    }
    assert!(out.ends_with(b"\n"));
    let text = String::from_utf8(out).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_chat_is_answered_in_lines() {
    let args = json!({"z": 1, "a": 2});
    let line = |message: Value| json!({"model": "asked", "created_at": "2026-11-21T16:00:00Z", "message": message, "done": false});
    let called = |id: &str, index: u8, name: &str| {
        line(
            json!({"role": "assistant", "content": "", "tool_calls": [{"id": id, "function": {"index": index, "name": name, "arguments": args}}]}),
        )
    };
    assert_eq!(
        lines(
            &unfold(answer()),
            reply(r#"{"model":"asked","messages":[]}"#)
        ),
        [
            line(json!({"role": "assistant", "content": "", "thinking": "hm"})),
            line(json!({"role": "assistant", "content": "so"})),
            called("a", 0, "f"),
            called("b", 1, "g"),
            json!({"model": "asked", "created_at": "2026-11-21T16:00:00Z", "message": {"role": "assistant", "content": ""},
            "done": true, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 4}),
        ]
    );
}

#[test]
fn a_prompt_is_answered_in_plain_text() {
    let prompt = r#"{"model":"asked","prompt":"p"}"#;
    let told = lines(&unfold(answer()), reply(prompt));
    assert_eq!(told[1]["response"], "so");
    assert!(told.iter().all(|line| line.get("message").is_none()));
    let whole: Value =
        serde_json::from_slice(&codec().write_answer(&answer(), &reply(prompt))).unwrap();
    assert_eq!(
        (&whole["response"], &whole["thinking"], &whole["done"]),
        (&json!("so"), &json!("hm"), &json!(true))
    );
}

#[test]
fn a_whole_answer_is_one_object() {
    let reply = reply(r#"{"model":"asked","messages":[]}"#);
    let whole: Value = serde_json::from_slice(&codec().write_answer(&answer(), &reply)).unwrap();
    assert_eq!(whole["message"]["content"], "so");
    assert_eq!(whole["message"]["thinking"], "hm");
    assert_eq!(whole["message"]["tool_calls"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&whole["done"], &whole["eval_count"]),
        (&json!(true), &json!(4))
    );
    for (stop, reason) in [
        (Stop::MaxTokens, "length"),
        (Stop::Pause, "length"),
        (Stop::End, "stop"),
        (
            Stop::Refusal {
                category: None,
                explanation: None,
            },
            "stop",
        ),
    ] {
        let whole: Value = serde_json::from_slice(&codec().write_answer(
            &Answer {
                stop,
                ..Answer::default()
            },
            &reply,
        ))
        .unwrap();
        assert_eq!(whole["done_reason"], reason);
    }
}

#[test]
fn the_last_line_tells_how_long_it_took() {
    let body = r#"{"model":"asked","messages":[]}"#;
    let reply = || Reply {
        since: std::time::Instant::now().checked_sub(std::time::Duration::from_secs(2)),
        ..reply(body)
    };
    let streamed = lines(&unfold(answer()), reply()).pop().unwrap();
    let whole: Value = serde_json::from_slice(&codec().write_answer(&answer(), &reply())).unwrap();
    for told in [&streamed, &whole] {
        assert_eq!(told["load_duration"], 0);
        assert!(
            told["total_duration"].as_u64().unwrap() >= 2_000_000_000,
            "{told}"
        );
        assert!(
            told["prompt_eval_duration"].as_u64().unwrap() >= 2_000_000_000,
            "{told}"
        );
        assert!(told["eval_duration"].as_u64().unwrap() >= 1, "{told}");
    }
    assert!(streamed["eval_duration"].as_u64() < streamed["total_duration"].as_u64());
    assert_eq!(whole["eval_duration"], whole["total_duration"]);
}

#[test]
fn failures_and_silence() {
    let reply = || reply(r#"{"model":"asked","messages":[]}"#);
    let start = Event::Start {
        id: None,
        model: None,
    };
    let failed = Event::Failed(Failure::new(FailureKind::Overloaded, "busy"));
    assert_eq!(lines(&[start, failed], reply()), [json!({"error": "busy"})]);
    let mut writer = codec().stream_writer(reply());
    let mut out = Vec::new();
    writer.keep_alive(&mut out);
    let line: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        (&line["message"]["content"], &line["done"]),
        (&json!(""), &json!(false))
    );
    // Clients of /api/generate read another field, and their request may not have been read yet.
    assert_eq!(line["response"], "");
}
