//! Answers, streams and errors of Responses, read from providers and written to clients.

#![allow(clippy::unwrap_used, clippy::panic, clippy::too_many_lines)] // helpers panic as tests do; tables are long

use std::sync::Arc;

use dialects::{
    Dialect, PathFacts, Reply, Unreadable, Usage,
    ir::{
        Answer, Call, CallKind, Event, Failure, FailureKind, Folder, Opening, Origin, Part, Seal,
        Stop, Text, Thinking, Toolbox, unfold,
    },
    json::Json,
};
use serde_json::{Value, json};

const R: Dialect = Dialect::OpenaiResponses;

fn origin() -> Origin {
    Origin {
        vendor: "openai".to_owned(),
        model: "gpt-6.1-sol".to_owned(),
    }
}

/// What a provider's frames mean; the stream ends behind them.
fn meant(frames: &[Value]) -> Result<Vec<Event>, String> {
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
fn told(events: &[Event]) -> String {
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
fn means(frames: &[Value], expected: &str) {
    assert_eq!(told(&meant(frames).unwrap()), expected);
}

fn created() -> Value {
    json!({"type": "response.created", "sequence_number": 0, "response": {"id": "resp_1", "model": "gpt", "status": "in_progress", "output": [], "tools": []}})
}

fn completed(output: &Value) -> Value {
    let usage = json!({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2}, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 15});
    json!({"type": "response.completed", "response": {"id": "resp_1", "model": "gpt", "status": "completed", "output": output, "usage": usage}})
}

fn added(index: u64, item: &Value) -> Value {
    json!({"type": "response.output_item.added", "output_index": index, "item": item})
}

fn done(index: u64, item: &Value) -> Value {
    json!({"type": "response.output_item.done", "output_index": index, "item": item})
}

fn delta(kind: &str, index: u64, id: &str, text: &str) -> Value {
    json!({"type": format!("response.{kind}.delta"), "output_index": index, "item_id": id, "content_index": 0, "summary_index": 0, "delta": text, "obfuscation": "xx"})
}

fn message(text: &str) -> Value {
    json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": text, "annotations": [{"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}], "logprobs": []}]})
}

fn function(id: &str, arguments: &str) -> Value {
    json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": format!("call_{id}"), "name": format!("f{id}"), "arguments": arguments, "status": "completed"})
}

fn thought() -> Value {
    json!({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}], "encrypted_content": "gAAA"})
}

#[test]
fn a_stream_with_everything_is_told_in_order() {
    // PITFALLS 57, 66, 135
    let mut frames = vec![
        created(),
        json!({"type": "response.in_progress", "response": {"id": "resp_1"}}),
        added(
            0,
            &json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "early"}),
        ),
        json!({"type": "response.reasoning_summary_part.added", "item_id": "rs_1", "output_index": 0, "summary_index": 0, "part": {"type": "summary_text", "text": ""}}),
        delta("reasoning_summary_text", 0, "rs_1", "a"),
        json!({"type": "response.reasoning_summary_text.done", "item_id": "rs_1", "output_index": 0, "summary_index": 0, "text": "a"}),
        json!({"type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "output_index": 0, "summary_index": 1, "delta": "b"}),
        done(0, &thought()),
        added(
            1,
            &json!({"type": "web_search_call", "id": "ws_1", "status": "in_progress"}),
        ),
        json!({"type": "response.web_search_call.searching", "item_id": "ws_1", "output_index": 1, "delta": {"odd": true}}),
        done(
            1,
            &json!({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}}),
        ),
        added(
            2,
            &json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "in_progress", "content": []}),
        ),
        delta("output_text", 2, "msg_1", "Hel"),
        delta("output_text", 2, "msg_1", "lo"),
        json!({"type": "response.output_text.done", "item_id": "msg_1", "output_index": 2, "content_index": 0, "text": "Hello"}),
        done(2, &message("Hello")),
        added(3, &function("1", "")),
        added(4, &function("2", "")),
        delta("function_call_arguments", 4, "fc_2", "{\"y\":"),
        delta("function_call_arguments", 3, "fc_1", "{\"x\":1}"),
        delta("function_call_arguments", 4, "fc_2", "2}"),
        done(3, &function("1", "{\"x\":1}")),
        done(4, &function("2", "{\"y\":2}")),
        json!({"type": "response.moderation.whatever", "item": 4, "response": []}),
        completed(
            &json!([thought(), {"type": "web_search_call", "id": "ws_1"}, message("Hello"), function("1", "{\"x\":1}"), function("2", "{\"y\":2}")]),
        ),
    ];
    let expected = r#"start:resp_1:gpt thinking "a\n\nb" seal:gAAA:rs_1 close part:web_search_call text "Hello" cite:u close call:call_1:f1 "{\"x\":1}" close call:call_2:f2 "{\"y\":2}" close usage:5+5 stop:ToolUse"#;
    means(&frames, expected);
    // PITFALLS 53, 54: what follows the end changes nothing.
    frames.push(json!("[DONE]"));
    frames.push(json!({"type": "error", "message": "late"}));
    frames.push(completed(&json!([])));
    means(&frames, expected);
}

#[test]
fn snapshots_tell_only_what_deltas_left_out() {
    // PITFALLS 66, 67
    let end = completed(&json!([]));
    let cases: Vec<(Vec<Value>, &str)> = vec![
        (
            vec![completed(&json!([message("Hello")]))],
            r#"text "Hello" cite:u close usage:5+5 stop:End"#,
        ),
        (
            vec![done(0, &message("Hello")), end.clone()],
            r#"text "Hello" cite:u close usage:5+5 stop:End"#,
        ),
        (
            vec![
                delta("output_text", 0, "msg_1", "Hel"),
                completed(&json!([message("Hello")])),
            ],
            r#"text "Hello" cite:u close usage:5+5 stop:End"#,
        ),
        (
            // Other ids at the end than before.
            vec![
                added(0, &json!({"type": "message", "id": "a"})),
                delta("output_text", 0, "a", "Hello"),
                completed(&json!([message("Hello")])),
            ],
            r#"text "Hello" cite:u close usage:5+5 stop:End"#,
        ),
        (
            // No item was added; the name comes at last.
            vec![
                delta("function_call_arguments", 0, "fc_1", "{\"x\""),
                done(0, &function("1", "{\"x\":1}")),
                end.clone(),
            ],
            r#"call:call_1:f1 "{\"x\":1}" close usage:5+5 stop:ToolUse"#,
        ),
        (
            vec![
                added(0, &function("1", "")),
                json!({"type": "response.function_call_arguments.done", "item_id": "fc_1", "output_index": 0, "arguments": "{\"x\":1}"}),
                end.clone(),
            ],
            r#"call:call_1:f1 "{\"x\":1}" close usage:5+5 stop:ToolUse"#,
        ),
        (
            // Every index is 0.
            vec![
                added(0, &function("1", "")),
                added(0, &function("2", "")),
                delta("function_call_arguments", 0, "fc_2", "{}"),
                done(0, &function("1", "{}")),
                done(0, &function("2", "{}")),
                end.clone(),
            ],
            r#"call:call_1:f1 "{}" close call:call_2:f2 "{}" close usage:5+5 stop:ToolUse"#,
        ),
        (
            // Only sealed, nothing shown.
            vec![
                done(
                    0,
                    &json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}),
                ),
                end.clone(),
            ],
            "thinking seal:gAAA:rs_1 close usage:5+5 stop:End",
        ),
        (
            // Late reasoning is not lost.
            vec![
                added(0, &function("1", "")),
                delta("function_call_arguments", 0, "fc_1", "{}"),
                done(1, &thought()),
                done(0, &function("1", "{}")),
                end.clone(),
            ],
            r#"call:call_1:f1 "{}" close thinking "a\n\nb" seal:gAAA:rs_1 close usage:5+5 stop:ToolUse"#,
        ),
        (
            vec![
                added(
                    0,
                    &json!({"type": "custom_tool_call", "id": "ctc_1", "call_id": "c1", "name": "patch", "input": ""}),
                ),
                delta("custom_tool_call_input", 0, "ctc_1", "a\"b\n"),
                done(
                    0,
                    &json!({"type": "custom_tool_call", "id": "ctc_1", "call_id": "c1", "name": "patch", "input": "a\"b\nc"}),
                ),
                end.clone(),
            ],
            r#"call:c1:patch "{\"input\":\"a\\\"b\\nc\"}" close usage:5+5 stop:ToolUse"#,
        ),
        (
            vec![
                done(
                    0,
                    &json!({"type": "custom_tool_call", "id": "ctc_1", "call_id": "c1", "name": "patch", "input": ""}),
                ),
                end.clone(),
            ],
            r#"call:c1:patch "{\"input\":\"\"}" close usage:5+5 stop:ToolUse"#,
        ),
        (
            vec![
                delta("reasoning_text", 0, "rs_1", "open"),
                done(
                    0,
                    &json!({"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "open"}]}),
                ),
                end.clone(),
            ],
            r#"thinking "open" close usage:5+5 stop:End"#,
        ),
        (
            vec![delta("refusal", 0, "msg_1", "No."), end.clone()],
            r#"refusal "No." close usage:5+5 stop:Refusal { category: None, explanation: None }"#,
        ),
    ];
    for (frames, expected) in cases {
        let frames = [vec![created()], frames].concat();
        means(&frames, &format!("start:resp_1:gpt {expected}"));
    }
}

#[test]
fn a_stream_ends_as_its_provider_says() {
    // PITFALLS 23, 51, 53, 63, 125
    let text = delta("output_text", 0, "msg_1", "Hi");
    let head = r#"start:resp_1:gpt text "Hi""#;
    let cut = |reason: &str| json!({"type": "response.incomplete", "response": {"id": "resp_1", "status": "incomplete", "incomplete_details": {"reason": reason}, "output": []}});
    let failed = |error: Value| json!({"type": "response.failed", "response": {"id": "resp_1", "status": "failed", "error": error, "output": []}});
    for (end, expected) in [
        (cut("max_output_tokens"), "close stop:MaxTokens"),
        (
            cut("content_filter"),
            r#"close stop:Refusal { category: Some("content_filter"), explanation: None }"#,
        ),
        (
            failed(json!({"code": "rate_limit_exceeded", "message": "slow"})),
            "failed:RateLimit:slow",
        ),
        (
            failed(json!({"code": "context_length_exceeded", "message": "long"})),
            "failed:ContextTooLong:long",
        ),
        (
            failed(json!({"code": "server_error", "message": "oops"})),
            "failed:Server:oops",
        ),
        (
            failed(json!(null)),
            r#"failed:Server:the provider ended the answer as "failed" and gave no reason"#,
        ),
        (
            json!({"type": "error", "code": "server_is_overloaded", "message": "busy", "param": null}),
            "failed:Overloaded:busy",
        ),
        (
            json!({"type": "error", "error": {"type": "insufficient_quota", "message": "paid?"}}),
            "failed:Billing:paid?",
        ),
        (
            json!({"error": {"code": 429, "message": "slow"}}),
            "failed:RateLimit:slow",
        ),
    ] {
        means(
            &[created(), text.clone(), end],
            &format!("{head} {expected}"),
        );
    }
    let truncated = meant(&[created(), text.clone()]).unwrap_err();
    assert!(truncated.contains("ended before"), "{truncated}");
    assert!(meant(&[created(), text.clone(), json!("[DONE]")]).is_err());
    let whole = [
        created(),
        text.clone(),
        done(0, &message("Hi")),
        json!("[DONE]"),
    ];
    means(&whole, &format!("{head} cite:u close stop:End"));
    let bad = [
        created(),
        added(0, &function("1", "")),
        delta("function_call_arguments", 0, "fc_1", "12 3"),
    ];
    assert!(meant(&bad).unwrap_err().contains("no JSON"));
    assert!(meant(&[json!({"type": "response.output_text.delta", "delta": 4})]).is_err());
}

#[test]
fn whole_answers_are_read() {
    let body = json!({
        "id": "resp_1", "object": "response", "status": "completed", "model": "gpt", "error": null,
        "output": [thought(), message("Hello"), {"type": "file_search_call", "id": "fs_1"}, function("1", "{\"x\": 1}"),
            {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "raw"}],
        "usage": {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 20}, "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 14, "compute_units": 3},
    });
    let answer = R
        .codec()
        .read_answer(body.to_string().as_bytes(), &origin())
        .unwrap();
    assert_eq!(answer.stop, Stop::ToolUse);
    // PITFALLS 116: never below nothing.
    assert_eq!(
        answer.usage,
        Some(Usage {
            output: 4,
            cache_read: 20,
            reasoning: 2,
            ..Usage::default()
        })
    );
    let [
        Part::Thinking(thinking),
        Part::Text(text),
        Part::Opaque { kind, .. },
        Part::Call(first),
        Part::Call(second),
    ] = answer.parts.as_slice()
    else {
        panic!("{answer:?}")
    };
    assert_eq!(thinking.text, "a\n\nb");
    let seal = Seal {
        id: Some("rs_1".to_owned()),
        ..Seal::new(R, &origin(), "gAAA")
    };
    assert_eq!(thinking.seal, Some(seal));
    assert_eq!(
        (text.text.as_str(), text.citations.len(), kind.as_str()),
        ("Hello", 1, "file_search_call")
    );
    assert_eq!(
        (first.id.as_str(), first.arguments.text()),
        ("call_1", r#"{"x": 1}"#)
    );
    assert_eq!(
        (second.id.as_str(), second.arguments.text()),
        ("c2", r#"{"input":"raw"}"#)
    );
}

#[test]
fn failures_inside_answers_and_odd_bodies_are_told() {
    // PITFALLS 22, 23, 125
    let kind = |body: &str| match R
        .codec()
        .read_answer(body.as_bytes(), &origin())
        .unwrap_err()
    {
        Unreadable::Failure(failure) => format!("{:?}", failure.kind),
        Unreadable::Malformed(_) => "malformed".to_owned(),
    };
    for (body, expected) in [
        (
            r#"{"error":{"message":"no","code":"insufficient_quota"}}"#,
            "Billing",
        ),
        (
            r#"{"status":"failed","error":{"code":"invalid_prompt","message":"x"},"output":[]}"#,
            "InvalidRequest",
        ),
        (r#"{"status":"cancelled","output":[]}"#, "Server"),
        (r#"{"id":"x"}"#, "malformed"),
        ("[1]", "malformed"),
        ("<html>", "malformed"),
        (
            r#"{"status":"completed","output":[{"type":"function_call","call_id":"c","name":"f","arguments":"{"}]}"#,
            "malformed",
        ),
    ] {
        assert_eq!(kind(body), expected, "{body}");
    }
    let cut = r#"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"function_call","call_id":"c","name":"f","arguments":"{"}]}"#;
    let answer = R.codec().read_answer(cut.as_bytes(), &origin()).unwrap();
    assert_eq!((answer.stop, answer.parts.len()), (Stop::MaxTokens, 0));
    for (status, body, expected, message) in [
        (
            400,
            r#"{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
            FailureKind::ContextTooLong,
            "too long",
        ),
        (
            400,
            r#"{"error":{"message":"This model's maximum context length is 8","type":"invalid_request_error","code":null}}"#,
            FailureKind::ContextTooLong,
            "This model's maximum context length is 8",
        ),
        (
            429,
            r#"{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}"#,
            FailureKind::Billing,
            "pay",
        ),
        (
            429,
            r#"{"error":{"message":"slow","type":"requests","code":"rate_limit_exceeded"}}"#,
            FailureKind::RateLimit,
            "slow",
        ),
        (
            401,
            r#"{"error":"bad key"}"#,
            FailureKind::Authentication,
            "bad key",
        ),
        (
            422,
            r#"{"detail":"no such field"}"#,
            FailureKind::InvalidRequest,
            "no such field",
        ),
        (
            502,
            "<html><h1>Bad gateway</h1></html>",
            FailureKind::Server,
            "Bad gateway",
        ),
    ] {
        let failure = R.codec().read_failure(status, body.as_bytes());
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (expected, message),
            "{body}"
        );
    }
}

#[test]
fn errors_are_written_in_the_clients_words() {
    for (kind, status, told, code) in [
        (FailureKind::InvalidRequest, None, 400, json!(null)),
        (
            FailureKind::ContextTooLong,
            Some(413),
            413,
            json!("context_length_exceeded"),
        ),
        (
            FailureKind::Authentication,
            None,
            401,
            json!("invalid_api_key"),
        ),
        (
            FailureKind::Billing,
            Some(429),
            429,
            json!("insufficient_quota"),
        ),
        (
            FailureKind::RateLimit,
            None,
            429,
            json!("rate_limit_exceeded"),
        ),
        (FailureKind::Overloaded, Some(529), 503, json!("overloaded")),
        (FailureKind::Timeout, None, 504, json!("timeout")),
        (FailureKind::Server, Some(200), 500, json!("server_error")),
    ] {
        let failure = Failure {
            status,
            ..Failure::new(kind, "why")
        };
        let (status, body) = R.codec().write_failure(&failure, "req");
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (status, &body["error"]["code"], &body["error"]["message"]),
            (told, &code, &json!("why"))
        );
        assert_eq!(body["error"]["param"], json!(null));
    }
}

/// A client's request with tools of every form.
fn reply() -> Reply {
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
    }
}

/// The frames written for these events.
fn frames(events: &[Event]) -> Vec<Value> {
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

fn answer() -> Answer {
    let call = |id: &str, name: &str, arguments: &str| {
        Part::Call(Call {
            id: id.to_owned(),
            name: name.to_owned(),
            arguments: Json::parse(arguments).unwrap(),
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
            call("c1", "f", r#"{"x": 1}"#),
            call("c2", "patch", r#"{"input": "a\nb"}"#),
            call("c3", "read", "{}"),
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

#[test]
fn a_stream_follows_the_grammar() {
    // PITFALLS 63, 64, 65, 95
    let frames = frames(&unfold(answer()));
    let names: Vec<&str> = frames
        .iter()
        .map(|frame| frame["type"].as_str().unwrap())
        .collect();
    let expected = "created in_progress output_item.added reasoning_summary_part.added reasoning_summary_text.delta \
        reasoning_summary_text.done reasoning_summary_part.done output_item.done output_item.added output_item.done \
        output_item.added content_part.added output_text.delta output_text.done content_part.done content_part.added \
        output_text.delta output_text.annotation.added output_text.done content_part.done output_item.done \
        output_item.added function_call_arguments.delta function_call_arguments.done output_item.done \
        output_item.added custom_tool_call_input.delta custom_tool_call_input.done output_item.done \
        output_item.added function_call_arguments.delta function_call_arguments.done output_item.done completed";
    let expected: Vec<String> = expected
        .split_whitespace()
        .map(|name| format!("response.{name}"))
        .collect();
    assert_eq!(names, expected);
    let last = &frames.last().unwrap()["response"];
    let output = last["output"].as_array().unwrap();
    let kinds: Vec<&str> = output
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "reasoning",
            "reasoning",
            "message",
            "function_call",
            "custom_tool_call",
            "function_call"
        ]
    );
    // One id for each item wherever it is told, and the same item when it is done and at the end.
    for frame in &frames {
        if let Some(index) = frame["output_index"].as_u64() {
            let item = &output[index as usize];
            let id = frame.get("item_id").unwrap_or(&frame["item"]["id"]);
            assert_eq!(*id, item["id"], "{frame}");
            if frame["type"] == "response.output_item.done" {
                assert_eq!(frame["item"], *item);
            }
        }
        if let Some(response) = frame.get("response") {
            assert_eq!(response["id"], last["id"]);
        }
    }
    let ids: std::collections::HashSet<&str> = output
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), output.len());
    assert_eq!(
        output[2]["content"][1],
        json!({"type": "output_text", "text": "lo", "annotations": [{"type": "url_citation", "start_index": 0, "end_index": 2, "title": "t", "url": "u"}], "logprobs": []})
    );
    assert_eq!(output[3]["arguments"], r#"{"x":1}"#);
    assert_eq!(
        (&output[4]["name"], &output[4]["input"]),
        (&json!("patch"), &json!("a\nb"))
    );
    assert_eq!(
        (&output[5]["name"], &output[5]["namespace"]),
        (&json!("read"), &json!("fs"))
    );
    let usage = json!({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2}, "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 14});
    assert_eq!(last["usage"], usage);
    assert_eq!(last["model"], "asked-for");
    for (name, value) in [
        ("temperature", json!(0.5)),
        ("top_p", json!(1.0)),
        ("tool_choice", json!("required")),
        ("parallel_tool_calls", json!(false)),
        ("reasoning", json!({"effort": "low", "summary": null})),
        (
            "text",
            json!({"format": {"type": "text"}, "verbosity": "low"}),
        ),
        ("metadata", json!({"k": "v"})),
        ("created_at", json!(1_700_000_000)),
        ("error", json!(null)),
        ("incomplete_details", json!(null)),
    ] {
        assert_eq!(last[name], value, "{name}");
    }
    let tools: Vec<&str> = last["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["type"].as_str().unwrap())
        .collect();
    assert_eq!(tools, ["function", "custom", "namespace", "web_search"]);
    assert_eq!(frames[0]["response"]["usage"], json!(null));
    // A whole answer says the same.
    let whole: Value =
        serde_json::from_slice(&R.codec().write_answer(&answer(), &reply())).unwrap();
    assert_eq!(whole, *last);
}

#[test]
fn what_a_client_is_told_comes_back_as_it_was() {
    let whole: Value =
        serde_json::from_slice(&R.codec().write_answer(&answer(), &reply())).unwrap();
    let next = json!({"model": "m", "input": whole["output"]});
    let request = R
        .codec()
        .read_request(next.to_string().as_bytes(), PathFacts::default())
        .unwrap();
    let mut parts = answer().parts;
    for part in &mut parts {
        match part {
            // Sources are told in this dialect's words from there on.
            Part::Text(text) => text.citations.clear(),
            Part::Call(call) => call.arguments = Json::parse(call.arguments.compact()).unwrap(),
            _ => {}
        }
    }
    let mut read = request.turns[0].parts.clone();
    for part in &mut read {
        if let Part::Text(text) = part {
            text.citations.clear();
        }
    }
    assert_eq!(read, parts);
}

#[test]
fn a_stream_ends_in_one_way_only() {
    // PITFALLS 52, 62, 63, 131
    let start = Event::Start {
        id: None,
        model: None,
    };
    let text = [Event::Open(Opening::Text), Event::Delta("Hi".to_owned())];
    let open = Event::Open(Opening::Call {
        id: "c".to_owned(),
        name: "f".to_owned(),
        kind: CallKind::Function,
    });
    let failed = Event::Failed(Failure::new(FailureKind::RateLimit, "slow"));
    let refusal = Stop::Refusal {
        category: None,
        explanation: Some("not that".to_owned()),
    };
    for (events, name, status) in [
        (
            [text.to_vec(), vec![Event::Close, Event::Stop(Stop::End)]].concat(),
            "completed",
            "completed",
        ),
        (
            [
                text.to_vec(),
                vec![Event::Close, Event::Stop(Stop::MaxTokens)],
            ]
            .concat(),
            "incomplete",
            "incomplete",
        ),
        (
            [text.to_vec(), vec![Event::Close, Event::Stop(Stop::Pause)]].concat(),
            "incomplete",
            "incomplete",
        ),
        (
            [text.to_vec(), vec![failed.clone()]].concat(),
            "failed",
            "none",
        ),
        (vec![Event::Stop(Stop::ToolUse)], "failed", "none"),
        (
            vec![
                open.clone(),
                Event::Delta("{\"a".to_owned()),
                Event::Close,
                Event::Stop(Stop::MaxTokens),
            ],
            "incomplete",
            "incomplete",
        ),
        (
            vec![open.clone(), Event::Close, Event::Stop(Stop::ToolUse)],
            "completed",
            "completed",
        ),
        (vec![Event::Stop(refusal)], "incomplete", "incomplete"),
    ] {
        let mut all = vec![start.clone()];
        all.extend(events);
        all.push(Event::Stop(Stop::End));
        let frames = frames(&all);
        let terminal = |frame: &&Value| {
            let name = frame["type"].as_str().unwrap();
            ["completed", "incomplete", "failed"]
                .iter()
                .any(|end| name == format!("response.{end}"))
        };
        assert_eq!(frames.iter().filter(terminal).count(), 1);
        let last = frames.last().unwrap();
        assert_eq!(last["type"], format!("response.{name}"));
        let response = &last["response"];
        assert_eq!(response["status"], name);
        let item = response["output"].as_array().unwrap().last();
        assert_eq!(
            item.map_or("none", |item| item["status"].as_str().unwrap()),
            status,
            "{last}"
        );
        assert_eq!(response["usage"]["input_tokens"], 7);
        assert!(response["usage"]["input_tokens_details"]["cached_tokens"].is_u64());
    }
}

#[test]
fn failures_in_streams_tell_what_clients_act_upon() {
    for (kind, code) in [
        (FailureKind::RateLimit, "rate_limit_exceeded"),
        (FailureKind::ContextTooLong, "context_length_exceeded"),
        (FailureKind::Billing, "insufficient_quota"),
        (FailureKind::InvalidRequest, "invalid_prompt"),
        (FailureKind::Overloaded, "server_error"),
    ] {
        let frames = frames(&[Event::Failed(Failure::new(kind, "why"))]);
        assert_eq!(frames.len(), 3);
        assert_eq!(
            frames[2]["response"]["error"],
            json!({"code": code, "message": "why"})
        );
    }
}

#[test]
fn silence_is_bridged_by_comments() {
    // PITFALLS 13
    let mut out = Vec::new();
    R.codec().stream_writer(reply()).keep_alive(&mut out);
    assert!(out.starts_with(b":") && out.ends_with(b"\n\n"));
}

#[test]
fn a_written_stream_is_read_as_what_it_was() {
    let events = unfold(answer());
    let read = meant(&frames(&events)).unwrap();
    let mut folder = Folder::default();
    for event in read {
        folder.push(event);
    }
    let whole = folder.finish().unwrap();
    assert_eq!(whole.usage, answer().usage);
    assert_eq!(whole.stop, Stop::ToolUse);
    let texts = |parts: &[Part]| -> String {
        let texts = parts.iter().map(|part| match part {
            Part::Text(text) => text.text.clone(),
            Part::Thinking(thinking) => format!("<{}>", thinking.text),
            Part::Call(call) => format!("{}({})", call.name, call.arguments.compact()),
            part => panic!("{part:?}"),
        });
        texts.collect()
    };
    assert_eq!(texts(&whole.parts), texts(&answer().parts));
}

#[test]
fn lists_of_models_go_both_ways() {
    let list = br#"{"object":"list","data":[{"id":"gpt-6.1-sol","object":"model","created":7,"owned_by":"openai"},{"id":"text-embedding-3-small"}]}"#;
    let models = R.codec().read_models(list).unwrap();
    assert_eq!(
        (models[0].id.as_str(), models[0].created, models[1].embeds),
        ("gpt-6.1-sol", Some(7), true)
    );
    let written: Value = serde_json::from_slice(&R.codec().write_models(&models)).unwrap();
    assert_eq!(
        written["data"][0],
        json!({"id": "gpt-6.1-sol", "object": "model", "created": 7, "owned_by": "openai"})
    );
    assert!(R.codec().read_models(b"{}").is_err());
}
