//! Answers, streams and errors of Responses providers are understood.

#![allow(clippy::unwrap_used, clippy::panic, clippy::too_many_lines)] // helpers panic as tests do; tables are long

mod openai_responses_frames;

use dialects::{
    Unreadable, Usage,
    ir::{FailureKind, Part, Seal, Stop},
};
use serde_json::{Value, json};

use openai_responses_frames::{
    R, added, completed, created, delta, done, function, means, meant, message, origin, thought,
};

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
fn items_are_told_apart_though_ids_change_or_lack() {
    // PITFALLS 65, 66
    let call = |id: &str, arguments: &str| json!({"type": "function_call", "id": id, "call_id": "call_1", "name": "f", "arguments": arguments});
    let text = |id: &str, text: &str| json!({"type": "message", "id": id, "role": "assistant", "content": [{"type": "output_text", "text": text}]});
    let bare = |text: &str| json!({"type": "response.output_text.delta", "delta": text});
    let unnumbered = |item: Value| json!({"type": "response.output_item.done", "item": item});
    let both = [
        added(0, &text("msg_A", "")),
        delta("output_text", 0, "msg_B", "Hello"),
        json!({"type": "response.output_text.done", "item_id": "msg_C", "output_index": 0, "text": "Hello"}),
        done(0, &text("msg_D", "Hello")),
        added(1, &call("fc_A", "")),
        delta("function_call_arguments", 1, "fc_B", "{\"a\":1}"),
        json!({"type": "response.function_call_arguments.done", "item_id": "fc_C", "output_index": 1, "arguments": "{\"a\":1}"}),
        done(1, &call("fc_D", "{\"a\":1}")),
        completed(&json!([text("msg_E", "Hello"), call("fc_E", "{\"a\":1}")])),
    ];
    let told = r#"text "Hello" close call:call_1:f "{\"a\":1}" close usage:5+5 stop:ToolUse"#;
    let hello = r#"text "Hello" close usage:5+5 stop:End"#;
    let cases: Vec<(Vec<Value>, &str)> = vec![
        (both.to_vec(), told),
        (
            vec![
                bare("Hel"),
                bare("lo"),
                completed(&json!([text("msg_1", "Hello")])),
            ],
            hello,
        ),
        (
            vec![
                added(0, &text("msg_1", "")),
                bare("Hel"),
                bare("lo"),
                done(0, &text("msg_1", "Hello")),
                completed(&json!([])),
            ],
            hello,
        ),
        (
            // Neither id nor index, and whole items alone.
            vec![
                unnumbered(
                    json!({"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}),
                ),
                unnumbered(call("", "{\"a\":1}")),
                completed(&json!([text("msg_1", "Hello"), call("fc_1", "{\"a\":1}")])),
            ],
            told,
        ),
        (
            // Two messages and two calls of one kind stay two.
            vec![
                done(0, &text("msg_1", "Hello")),
                done(1, &text("msg_2", "you")),
                completed(&json!([text("msg_8", "Hello"), text("msg_9", "you")])),
            ],
            r#"text "Hello" close text "you" close usage:5+5 stop:End"#,
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
    // Free text that was cut looks whole; its item tells.
    for (status, parts) in [("incomplete", 0), ("completed", 1)] {
        let call = json!({"type": "custom_tool_call", "status": status, "call_id": "c", "name": "f", "input": "rm a"});
        let body = json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": [call]});
        let body = body.to_string();
        let answer = R.codec().read_answer(body.as_bytes(), &origin()).unwrap();
        assert_eq!((answer.stop, answer.parts.len()), (Stop::MaxTokens, parts));
    }
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
fn words_of_errors_tell_their_kind() {
    let frame = |error: Value| json!({"type": "response.failed", "response": {"id": "r", "status": "failed", "error": error}});
    let table = [
        (
            json!({"code": "bio_policy", "message": "m"}),
            FailureKind::InvalidRequest,
        ),
        (
            json!({"code": "data_residency_mismatch", "message": "m"}),
            FailureKind::InvalidRequest,
        ),
        (
            json!({"code": "permission_denied", "message": "m"}),
            FailureKind::Permission,
        ),
        (
            json!({"type": "invalid_request_error", "message": "m"}),
            FailureKind::InvalidRequest,
        ),
        (
            json!({"type": "invalid_request_error", "message": "exceeds the context window"}),
            FailureKind::ContextTooLong,
        ),
        (
            json!({"code": "server_error", "message": "m"}),
            FailureKind::Server,
        ),
    ];
    for (error, kind) in table {
        let events = meant(&[created(), frame(error.clone())]).unwrap();
        let Some(dialects::ir::Event::Failed(failure)) = events.last() else {
            panic!("{error}: {events:?}")
        };
        assert_eq!(failure.kind, kind, "{error}");
    }
    // A status says more than a general word.
    let body = br#"{"error":{"type":"invalid_request_error","message":"m"}}"#;
    let kind = |status| R.codec().read_failure(status, body).kind;
    assert_eq!(kind(401), FailureKind::Authentication);
    assert_eq!(kind(400), FailureKind::InvalidRequest);
    let long = dialects::ir::Failure {
        kind: FailureKind::ContextTooLong,
        ..R.codec().read_failure(413, body)
    };
    assert_eq!(R.codec().write_failure(&long, "req").0, 400);
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
    let odd = br#"[{"id":"a","created":1.7e9,"context_window":4096.0},{"id":7},{"id":"b"}]"#;
    let models = R.codec().read_models(odd).unwrap();
    let told: Vec<_> = models
        .iter()
        .map(|model| (model.id.as_str(), model.created))
        .collect();
    assert_eq!(told, [("a", Some(1_700_000_000)), ("b", None)]);
    assert_eq!(models[0].context, Some(4096));
}
