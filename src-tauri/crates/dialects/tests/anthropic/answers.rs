//! Whole answers, errors and lists of models, read and written.

use std::sync::Arc;

use crate::support::origin;
use dialects::{
    Codec, Dialect, Operation, Reply, Unreadable, Usage,
    ir::{
        Answer, At, Call, Failure, FailureKind, Model, Origin, Part, Request, Seal, Stop, Text,
        Thinking,
    },
    json::Json,
};
use serde_json::{Value, json};

fn codec() -> &'static dyn Codec {
    Dialect::Anthropic.codec()
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

fn read(body: &Value) -> Answer {
    codec()
        .read_answer(body.to_string().as_bytes(), &origin())
        .unwrap()
}

fn written(answer: &Answer) -> Value {
    serde_json::from_slice(&codec().write_answer(answer, &reply())).unwrap()
}

fn message(content: &Value, stop: &str) -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": content,
        "stop_reason": stop, "stop_sequence": null, "stop_details": null, "container": null, "diagnostics": null,
        "usage": {"input_tokens": 3, "cache_creation_input_tokens": 7, "cache_read_input_tokens": 5,
            "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 6},
            "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}})
}

#[test]
fn an_answer_is_read_and_written_as_it_was() {
    let content = json!([
        {"type": "thinking", "thinking": "hm", "signature": "EqQB"},
        {"type": "redacted_thinking", "data": "EmwK"},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
        {"type": "text", "text": "hi", "citations": [{"type": "char_location", "cited_text": "x"}]},
        {"type": "tool_use", "id": "toolu_1", "name": "run", "input": {"b": 1, "a": 2}},
    ]);
    let body = message(&content, "tool_use");
    let answer = read(&body);
    // PITFALLS 116, 120
    let usage = Usage {
        input: 3,
        output: 9,
        cache_read: 5,
        cache_write_5m: 1,
        cache_write_1h: 6,
        reasoning: 4,
        estimated: false,
        service: None,
    };
    assert_eq!(
        (answer.usage, answer.stop.clone()),
        (Some(usage), Stop::ToolUse)
    );
    assert!(
        matches!(&answer.parts[0], Part::Thinking(thinking) if thinking.seal == Some(Seal::new(Dialect::Anthropic, &origin(), "EqQB")))
    );
    let mut wanted = body;
    wanted["model"] = json!("asked-for");
    assert_eq!(written(&answer), wanted);
    let keys: Vec<_> = written(&answer)
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(
        keys,
        [
            "id",
            "type",
            "role",
            "model",
            "content",
            "stop_reason",
            "stop_sequence",
            "stop_details",
            "container",
            "diagnostics",
            "usage",
        ]
    );
}

#[test]
fn reasons_to_stop_are_read_and_written() {
    for (word, stop) in [
        ("end_turn", Stop::End),
        ("stop_sequence", Stop::Sequence(None)),
        ("max_tokens", Stop::MaxTokens),
        ("model_context_window_exceeded", Stop::ContextFull),
        ("pause_turn", Stop::Pause),
    ] {
        let answer = read(&message(&json!([{"type": "text", "text": "x"}]), word));
        assert_eq!(answer.stop, stop);
        assert_eq!(written(&answer)["stop_reason"], word);
    }
    let mut refusal = message(&json!([]), "refusal");
    refusal["stop_details"] = json!({"type": "refusal", "category": "bio", "explanation": "no"});
    assert_eq!(
        written(&read(&refusal))["stop_details"],
        refusal["stop_details"]
    );
    assert_eq!(read(&message(&json!([]), "something_new")).stop, Stop::End);
}

#[test]
fn calls_mean_that_tools_are_to_be_run_unless_they_were_cut() {
    // PITFALLS 49, 50
    let call = json!([{"type": "tool_use", "id": "t", "name": "run", "input": {}}]);
    assert_eq!(read(&message(&call, "end_turn")).stop, Stop::ToolUse);
    assert_eq!(read(&message(&call, "max_tokens")).stop, Stop::MaxTokens);
    let answer = Answer {
        parts: vec![Part::Call(Call {
            id: "functions.Bash:0".to_owned(),
            name: "Bash".to_owned(),
            arguments: Json::empty_object(),
            kind: dialects::ir::CallKind::Function,
            seal: None,
            cache: None,
            at: At::default(),
        })],
        stop: Stop::End,
        ..Answer::default()
    };
    let told = written(&answer);
    assert_eq!(told["stop_reason"], "tool_use");
    // PITFALLS 82
    let id = told["content"][0]["id"].as_str().unwrap();
    assert!(id.starts_with("functionsBash0_"), "{id}");
    assert_eq!(written(&answer), told);
}

#[test]
fn an_answer_of_another_vendor_has_all_that_clients_read() {
    // PITFALLS 46, 48, 131
    let thought = |text: &str, seal| {
        Part::Thinking(Thinking {
            text: text.to_owned(),
            seal,
            redacted: false,
            at: At::default(),
        })
    };
    let openai = Origin {
        vendor: "openai".to_owned(),
        model: "gpt".to_owned(),
    };
    let seal = Seal::new(Dialect::OpenaiResponses, &openai, "gAAA");
    let answer = Answer {
        id: Some("chatcmpl-1".to_owned()),
        parts: vec![
            thought("", None),
            thought("signed", Some(seal.clone())),
            thought("unsigned", None),
            Part::Text(Text {
                citations: vec![Json::parse(r#"{"type":"url_citation"}"#).unwrap()],
                ..Text::plain("hi")
            }),
            Part::Text(Text::plain("")),
        ],
        ..Answer::default()
    };
    let told = written(&answer);
    let content = told["content"].as_array().unwrap();
    assert_eq!(content.len(), 3, "{content:?}");
    let signature = content[0]["signature"].as_str().unwrap();
    assert_eq!(Seal::presented(Dialect::Anthropic, signature), seal);
    let unsigned = content[1]["signature"].as_str().unwrap();
    assert!(unsigned.starts_with(Seal::PREFIX));
    assert!(!Seal::presented(Dialect::Anthropic, unsigned).fits(Dialect::Anthropic, &origin()));
    assert_eq!(content[2], json!({"type": "text", "text": "hi"}));
    assert_eq!(told["usage"]["input_tokens"], 12);
    assert!(told["usage"]["output_tokens"].as_u64().unwrap() > 0);
    assert!(told["id"].as_str().unwrap().starts_with("msg_"));
}

#[test]
fn errors_under_a_good_status_are_errors() {
    // PITFALLS 23, 125
    for (body, kind) in [
        (
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}),
            FailureKind::Overloaded,
        ),
        (
            json!({"error": {"message": "maximum context length is 9"}}),
            FailureKind::ContextTooLong,
        ),
        (json!({"error": "broken"}), FailureKind::Server),
        (
            json!({"base_resp": {"status_code": 1004, "status_msg": "no"}}),
            FailureKind::Server,
        ),
    ] {
        match codec().read_answer(body.to_string().as_bytes(), &origin()) {
            Err(Unreadable::Failure(failure)) => assert_eq!(failure.kind, kind, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    for body in ["", "<html>", "[]", "{}", r#"{"type":"message"}"#] {
        let read = codec().read_answer(body.as_bytes(), &origin());
        assert!(
            matches!(read, Err(Unreadable::Malformed(_))),
            "{body}: {read:?}"
        );
    }
}

#[test]
fn failures_are_read_by_envelope_status_and_words() {
    use FailureKind as Kind;
    let envelope = |kind: &str, message: &str| {
        json!({"type": "error", "error": {"type": kind, "message": message}}).to_string()
    };
    for (status, body, kind, message) in [
        (
            400,
            envelope("invalid_request_error", "bad"),
            Kind::InvalidRequest,
            "bad",
        ),
        (
            400,
            envelope("invalid_request_error", "prompt is too long: 9 > 8"),
            Kind::ContextTooLong,
            "prompt is too long: 9 > 8",
        ),
        (
            401,
            envelope("authentication_error", "key"),
            Kind::Authentication,
            "key",
        ),
        (402, envelope("billing_error", "pay"), Kind::Billing, "pay"),
        (
            403,
            envelope("permission_error", "no"),
            Kind::Permission,
            "no",
        ),
        (
            404,
            envelope("not_found_error", "model"),
            Kind::NotFound,
            "model",
        ),
        (
            409,
            envelope("conflict_error", "twice"),
            Kind::Conflict,
            "twice",
        ),
        (
            413,
            envelope("request_too_large", "big"),
            Kind::TooLarge,
            "big",
        ),
        (
            429,
            envelope("rate_limit_error", "slow"),
            Kind::RateLimit,
            "slow",
        ),
        (500, envelope("api_error", "oops"), Kind::Server, "oops"),
        (
            504,
            envelope("timeout_error", "late"),
            Kind::Timeout,
            "late",
        ),
        (
            529,
            envelope("overloaded_error", "busy"),
            Kind::Overloaded,
            "busy",
        ),
        (
            429,
            r#"{"message":"slow"}"#.to_owned(),
            Kind::RateLimit,
            "slow",
        ),
        (
            502,
            "<html><body><h1>Bad  gateway</h1></body></html>".to_owned(),
            Kind::Server,
            "Bad gateway",
        ),
    ] {
        let failure = codec().read_failure(status, body.as_bytes());
        assert_eq!(
            (failure.kind, failure.message.as_str(), failure.status),
            (kind, message, Some(status)),
            "{body}"
        );
    }
    let spent = json!({"error": {"type": "rate_limit_error", "message": "m", "details": {"error_code": "enforced_spend_limit_reached"}}});
    let failure = codec().read_failure(429, spent.to_string().as_bytes());
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (Kind::Billing, Some("enforced_spend_limit_reached"))
    );
    // PITFALLS 22
    assert!(
        codec()
            .read_failure(502, "é".repeat(5000).as_bytes())
            .message
            .len()
            <= 1024
    );
}

#[test]
fn failures_are_told_in_the_clients_words() {
    use FailureKind as Kind;
    for (kind, status, told, word) in [
        (Kind::InvalidRequest, None, 400, "invalid_request_error"),
        (
            Kind::ContextTooLong,
            Some(413),
            400,
            "invalid_request_error",
        ),
        (Kind::Authentication, None, 401, "authentication_error"),
        (Kind::Billing, Some(429), 402, "billing_error"),
        (Kind::Permission, None, 403, "permission_error"),
        (Kind::NotFound, None, 404, "not_found_error"),
        (Kind::Conflict, None, 409, "conflict_error"),
        (Kind::TooLarge, None, 413, "request_too_large"),
        (Kind::RateLimit, Some(429), 429, "rate_limit_error"),
        (Kind::Timeout, None, 504, "timeout_error"),
        (Kind::Overloaded, None, 529, "overloaded_error"),
        (Kind::Overloaded, Some(503), 503, "overloaded_error"),
        (Kind::Server, Some(502), 500, "api_error"),
    ] {
        let failure = Failure {
            status,
            ..Failure::new(kind, "words")
        };
        let (code, body) = codec().write_failure(&failure, "req_1");
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (code, &body["error"]["type"], &body["request_id"]),
            (told, &json!(word), &json!("req_1")),
            "{kind:?}"
        );
        let message = body["error"]["message"].as_str().unwrap();
        assert_eq!(
            message.contains("prompt is too long"),
            kind == Kind::ContextTooLong,
            "{message}"
        );
    }
}

#[test]
fn models_are_listed_and_read() {
    let models = [
        Model {
            id: "a".to_owned(),
            created: Some(1_761_177_600),
            context: Some(200_000),
            max_output: Some(64_000),
            images: Some(true),
            thinking: Some(false),
            display_name: Some("A".to_owned()),
            ..Model::default()
        },
        Model {
            id: "b".to_owned(),
            created: Some(951_782_399),
            ..Model::default()
        },
    ];
    let list: Value = serde_json::from_slice(&codec().write_models(&models)).unwrap();
    assert_eq!(
        list,
        json!({
            "data": [
                {"type": "model", "id": "a", "display_name": "A", "created_at": "2025-10-23T00:00:00Z", "max_input_tokens": 200_000,
                 "max_tokens": 64_000, "capabilities": {"image_input": {"supported": true}, "thinking": {"supported": false}}},
                {"type": "model", "id": "b", "display_name": "b", "created_at": "2000-02-28T23:59:59Z"},
            ],
            "has_more": false, "first_id": "a", "last_id": "b",
        })
    );
    let read = codec().read_models(list.to_string().as_bytes()).unwrap();
    assert_eq!(read[0], models[0]);
    assert_eq!(
        (read[1].id.as_str(), read[1].created),
        ("b", models[1].created)
    );
    let one: Value = serde_json::from_slice(&codec().write_model(&models[1])).unwrap();
    assert_eq!(one, list["data"][1]);
    // Compatible servers answer as OpenAI does.
    let read = codec()
        .read_models(br#"{"object":"list","data":[{"id":"c","object":"model","created":5}]}"#)
        .unwrap();
    assert_eq!((read[0].id.as_str(), read[0].created), ("c", Some(5)));
    assert!(codec().read_models(b"<html>").is_err());
    let empty: Value = serde_json::from_slice(&codec().write_models(&[])).unwrap();
    assert_eq!(
        empty,
        json!({"data": [], "has_more": false, "first_id": null, "last_id": null})
    );
}

#[test]
fn operations_have_their_paths() {
    for (operation, path) in [
        (Operation::Answer { stream: true }, "/v1/messages"),
        (Operation::Count, "/v1/messages/count_tokens"),
        (Operation::Models, "/v1/models?limit=1000"),
    ] {
        assert_eq!(codec().endpoint(operation, "m"), path);
    }
}
