//! Whole answers, read from providers and written for clients.

use dialects::{
    Dialect, Reply, Unreadable, Usage,
    ir::{Answer, Call, CallKind, FailureKind, Part, Stop, Text, Toolbox},
    json::Json,
};
use serde_json::{Value, json};

use crate::{codec, origin};

fn read(body: &Value) -> Result<Answer, Unreadable> {
    codec().read_answer(&serde_json::to_vec(body).unwrap(), &origin())
}

fn message(message: Value, reason: &str) -> Value {
    json!({"id": "r", "model": "one", "choices": [{"index": 0, "message": message, "finish_reason": reason}]})
}

#[test]
fn an_answer_is_read() {
    let mut body = message(
        json!({"role": "assistant", "content": "<think>hm</think>a", "refusal": null, "annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}],
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]}),
        "stop",
    );
    body["usage"] = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15});
    let answer = read(&body).unwrap();
    assert_eq!(answer.parts.len(), 3, "{answer:?}");
    assert!(matches!(&answer.parts[0], Part::Thinking(thinking) if thinking.text == "hm"));
    assert!(matches!(&answer.parts[1], Part::Text(text) if text.citations.len() == 1));
    // PITFALLS 49: calls mean that tools are to be run.
    assert_eq!(answer.stop, Stop::ToolUse);
    assert_eq!(
        (answer.id.as_deref(), answer.model.as_deref()),
        (Some("r"), Some("one"))
    );
}

#[test]
fn tokens_are_counted_once() {
    // PITFALLS 116, 117, 119, 120
    let table = [
        (
            json!({"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10}, "completion_tokens_details": {"reasoning_tokens": 5}}),
            (30, 20, 60, 10, 5),
        ),
        (
            json!({"prompt_tokens": 100, "completion_tokens": 20, "prompt_cache_hit_tokens": 40, "prompt_cache_miss_tokens": 60}),
            (60, 20, 40, 0, 0),
        ),
        (
            json!({"prompt_tokens": 100, "completion_tokens": 20, "cached_tokens": 40, "prompt_tokens_details": null}),
            (60, 20, 40, 0, 0),
        ),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 60}}),
            (0, 20, 60, 0, 0),
        ),
        (
            json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 22, "completion_tokens_details": {"reasoning_tokens": 7}}),
            (10, 12, 0, 0, 7),
        ),
        (
            json!({"prompt_tokens": 10, "completion_tokens": null, "cost": 0.1}),
            (10, 0, 0, 0, 0),
        ),
    ];
    for (wire, expected) in table {
        let mut body = message(json!({"content": "a"}), "stop");
        body["usage"] = wire.clone();
        let usage = read(&body).unwrap().usage.unwrap();
        assert_eq!(
            (
                usage.input,
                usage.output,
                usage.cache_read,
                usage.cache_write_5m,
                usage.reasoning
            ),
            expected,
            "{wire}"
        );
    }
    // PITFALLS 131
    let mut body = message(json!({"content": "a"}), "stop");
    body["usage"] = json!({});
    assert_eq!(read(&body).unwrap().usage, None);
}

#[test]
fn an_error_under_200_is_an_error() {
    // PITFALLS 23
    let cut = message(
        json!({"content": null, "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{\"a\""}}]}),
        "tool_calls",
    );
    let table = [
        (
            json!({"error": {"message": "no", "code": "rate_limit_exceeded"}}),
            FailureKind::RateLimit,
        ),
        (
            json!({"error": {"message": "Provider returned error", "code": 502, "metadata": {"raw": "<b>down</b>"}}}),
            FailureKind::Server,
        ),
        (
            json!({"base_resp": {"status_code": 1002, "status_msg": "slow"}, "choices": null}),
            FailureKind::RateLimit,
        ),
        (
            json!({"object": "error", "message": "the maximum context length is 8", "code": 400}),
            FailureKind::ContextTooLong,
        ),
        (json!({"detail": "not here"}), FailureKind::Server),
        (
            message(json!({"content": ""}), "error"),
            FailureKind::Server,
        ),
        (cut, FailureKind::Server),
    ];
    for (body, kind) in table {
        match read(&body) {
            Err(Unreadable::Failure(failure)) => assert_eq!(failure.kind, kind, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    for body in [
        json!({}),
        json!({"choices": []}),
        json!({"choices": [{}]}),
        json!([]),
        json!("x"),
    ] {
        assert!(
            matches!(read(&body), Err(Unreadable::Malformed(_))),
            "{body}"
        );
    }
}

#[test]
fn a_call_that_is_cut_is_no_call() {
    // PITFALLS 50
    let answer = read(&message(json!({"content": "a", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{\"a\""}}]}), "length")).unwrap();
    assert_eq!((answer.parts.len(), answer.stop), (1, Stop::MaxTokens));
}

#[test]
fn an_answer_is_written() {
    let mut tools = Toolbox::default();
    tools.name("patch", CallKind::Custom, 64, |_| true);
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
    let answer = Answer {
        parts: vec![
            Part::Text(Text::plain("a")),
            Part::Text(Text::plain("b")),
            call("c", "f", CallKind::Function, r#"{ "z": 1 }"#),
            call("d", "patch", CallKind::Custom, r#"{"input":"x\ny"}"#),
            Part::Opaque {
                dialect: Dialect::Anthropic,
                kind: "x".to_owned(),
                value: Json::null(),
                at: dialects::ir::At::default(),
            },
        ],
        stop: Stop::End,
        usage: Some(Usage {
            input: 1,
            output: 9,
            cache_read: 2,
            cache_write_5m: 3,
            cache_write_1h: 4,
            reasoning: 5,
            estimated: false,
            service: None,
        }),
        ..Answer::default()
    };
    let reply = Reply {
        tools,
        request_id: "seed".to_owned(),
        now: 7,
        ..Reply::default()
    };
    let body: Value = serde_json::from_slice(&codec().write_answer(&answer, &reply)).unwrap();
    assert!(body["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert_eq!(
        (&body["object"], &body["created"]),
        (&json!("chat.completion"), &json!(7))
    );
    assert_eq!(
        body["choices"],
        json!([{"index": 0, "message": {"role": "assistant", "content": "ab", "refusal": null, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"z\":1}"}},
            {"id": "d", "type": "custom", "custom": {"name": "patch", "input": "x\ny"}},
        ]}, "logprobs": null, "finish_reason": "tool_calls"}])
    );
    assert_eq!(
        body["usage"],
        json!({"prompt_tokens": 10, "completion_tokens": 9, "total_tokens": 19, "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 7}, "completion_tokens_details": {"reasoning_tokens": 5}})
    );
}

#[test]
fn ends_have_their_words() {
    let refusal = Stop::Refusal {
        category: None,
        explanation: Some("because".to_owned()),
    };
    let table = [
        (Stop::End, "stop"),
        (Stop::Sequence(Some("x".to_owned())), "stop"),
        (Stop::MaxTokens, "length"),
        (Stop::ContextFull, "length"),
        (Stop::Pause, "length"),
        (refusal, "content_filter"),
    ];
    for (stop, word) in table {
        let body = codec().write_answer(
            &Answer {
                stop: stop.clone(),
                ..Answer::default()
            },
            &Reply::default(),
        );
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["choices"][0]["finish_reason"], word, "{stop:?}");
        let words = &body["choices"][0]["message"]["refusal"];
        assert_eq!(
            words.as_str(),
            (word == "content_filter").then_some("because")
        );
    }
}
