//! What the events of a Messages stream mean, and what is counted on the way.

use bytes::Bytes;
use dialects::{
    Usage,
    anthropic::{ErrorBody, ErrorKind, Event, Meter, read_answer},
    sse::Frame,
};

fn frame(event: &str, data: &str) -> Frame {
    let data = data.replace('\n', " ");
    Frame::new(Bytes::from(format!("event: {event}\ndata: {data}\n\n")))
}

#[track_caller]
fn means(event: &str, data: &str, expected: &Event) {
    assert_eq!(&Meter::default().read(&frame(event, data)), expected);
}

#[test]
fn an_empty_block_says_nothing_and_a_tool_call_says_its_name() {
    let start = |block: &str| {
        format!(r#"{{"type":"content_block_start","index":0,"content_block":{block}}}"#)
    };
    means(
        "content_block_start",
        &start(r#"{"type":"text","text":""}"#),
        &Event::Other,
    );
    means(
        "content_block_start",
        &start(r#"{"type":"thinking","thinking":"","signature":""}"#),
        &Event::Other,
    );
    means(
        "content_block_start",
        &start(r#"{"type":"text","text":"Hi"}"#),
        &Event::Semantic,
    );
    means(
        "content_block_start",
        &start(r#"{"type":"tool_use","id":"t","name":"Bash","input":{}}"#),
        &Event::Semantic,
    );
    means(
        "content_block_start",
        &start(r#"{"type":"redacted_thinking","data":"x"}"#),
        &Event::Semantic,
    );
}

#[test]
fn deltas_are_semantic_and_pings_are_not() {
    let delta = |inner: &str| format!(r#"{{"type":"content_block_delta","delta":{inner}}}"#);
    means(
        "content_block_delta",
        &delta(r#"{"type":"text_delta","text":"x"}"#),
        &Event::Semantic,
    );
    means(
        "content_block_delta",
        &delta(r#"{"type":"signature_delta","signature":""}"#),
        &Event::Semantic,
    );
    means(
        "content_block_delta",
        &delta(r#"{"type":"new_delta","odd":1}"#),
        &Event::Semantic,
    );
    means(
        "content_block_delta",
        &delta(r#"{"type":"text_delta","text":""}"#),
        &Event::Other,
    );
    means(
        "content_block_delta",
        &delta(r#"{"type":"input_json_delta","partial_json":""}"#),
        &Event::Other,
    );
    means("ping", r#"{"type":"ping"}"#, &Event::Other);
    means("something_new", "{}", &Event::Other);
    assert_eq!(
        Meter::default().read(&Frame::new(Bytes::from_static(b": comment\n\n"))),
        Event::Other
    );
}

#[test]
fn an_event_without_its_line_is_known_by_its_data() {
    let read = |data: &'static str| {
        Meter::default().read(&Frame::new(Bytes::from_static(data.as_bytes())))
    };
    assert_eq!(read("data: {\"type\":\"message_stop\"}\n\n"), Event::Stop);
    assert_eq!(
        read("data: {\"type\":\"content_block_delta\"}\n\n"),
        Event::Semantic
    );
    assert_eq!(read("data: [DONE]\n\n"), Event::Other);
    assert_eq!(read("data: {broken\n\n"), Event::Malformed);
    let error = ErrorBody {
        kind: "x".into(),
        message: "m".into(),
    };
    assert_eq!(
        read("data: {\"error\":{\"type\":\"x\",\"message\":\"m\"}}\n\n"),
        Event::Error(error)
    );
}

#[test]
fn errors_are_read_however_they_are_told() {
    let overloaded = ErrorBody {
        kind: "overloaded_error".into(),
        message: "Overloaded".into(),
    };
    means(
        "error",
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        &Event::Error(overloaded),
    );
    let bare = ErrorBody {
        kind: String::new(),
        message: "no money".into(),
    };
    means("error", r#"{"error":"no money"}"#, &Event::Error(bare));
    means("error", "not json", &Event::Error(ErrorBody::default()));
}

#[test]
fn json_promised_and_not_kept_is_malformed() {
    means("message_start", "{", &Event::Malformed);
    means("message_delta", "<html>", &Event::Malformed);
    means(
        "content_block_delta",
        "{\"type\":\"content_blo",
        &Event::Malformed,
    );
}

#[test]
fn usage_is_cumulative_and_later_counts_win() {
    let mut meter = Meter::default();
    assert_eq!(meter.usage(), None);
    meter.read(&frame(
        "message_start",
        r#"{"message":{"model":"claude-x","usage":{"input_tokens":10,"cache_read_input_tokens":5,
            "cache_creation_input_tokens":7,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},
            "output_tokens":1}}}"#,
    ));
    let finished = meter.read(&frame(
        "message_delta",
        r#"{"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":42,"input_tokens":0,
            "cache_creation_input_tokens":7,"output_tokens_details":{"thinking_tokens":12}}}"#,
    ));
    assert_eq!(
        finished,
        Event::Finished {
            stop_reason: "end_turn".into()
        }
    );
    let expected = Usage {
        input: 10,
        output: 42,
        cache_read: 5,
        cache_write_5m: 3,
        cache_write_1h: 4,
        reasoning: 12,
        estimated: false,
        service: None,
    };
    assert_eq!(meter.usage(), Some(expected));
    assert_eq!(meter.model(), Some("claude-x"));
}

#[test]
fn nulls_in_usage_tell_nothing() {
    let mut meter = Meter::default();
    meter.read(&frame(
        "message_start",
        r#"{"message":{"model":null,"usage":{"input_tokens":3,"output_tokens":null}}}"#,
    ));
    meter.read(&frame(
        "message_delta",
        r#"{"delta":{"stop_reason":null},"usage":null}"#,
    ));
    assert_eq!(
        meter.usage(),
        Some(Usage {
            input: 3,
            ..Usage::default()
        })
    );
}

#[test]
fn a_write_without_its_split_is_a_five_minute_one() {
    let (usage, model) = read_answer(
        br#"{"model":"m","usage":{"cache_creation_input_tokens":9,"output_tokens":2}}"#,
    )
    .unwrap();
    assert_eq!(
        usage,
        Some(Usage {
            cache_write_5m: 9,
            output: 2,
            ..Usage::default()
        })
    );
    assert_eq!(model.as_deref(), Some("m"));
    assert_eq!(read_answer(b"[]"), None);
}

#[test]
fn the_envelope_is_anthropics() {
    let envelope = ErrorBody::envelope(ErrorKind::of_status(529), "busy \"now\"", "req-1");
    let told: serde_json::Value = serde_json::from_slice(&envelope).unwrap();
    let expected = serde_json::json!({
        "type": "error", "error": { "type": "overloaded_error", "message": "busy \"now\"" }, "request_id": "req-1"
    });
    assert_eq!(told, expected);
    let event = ErrorBody::event(ErrorKind::Api, "cut", "req-1");
    assert!(event.starts_with(b"event: error\ndata: {") && event.ends_with(b"}\n\n"));
}

#[test]
fn each_status_has_its_kind() {
    let kinds = [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ];
    for (status, kind) in kinds {
        assert_eq!(ErrorKind::of_status(status).as_str(), kind, "{status}");
    }
}

#[test]
fn odd_shapes_are_passed_on_and_only_what_is_no_json_is_broken() {
    means("message_start", r#"{"message":null}"#, &Event::Start);
    means("message_delta", r#"{"delta":7}"#, &Event::Other);
    means(
        "content_block_start",
        r#"{"content_block":{"type":"tool_use","text":null}}"#,
        &Event::Semantic,
    );
    let mut meter = Meter::default();
    meter.read(&frame("message_start", r#"{"message":{"usage":{"input_tokens":3.0,"output_tokens":"7","cache_read_input_tokens":-1}}}"#));
    assert_eq!(
        meter.usage(),
        Some(Usage {
            input: 3,
            output: 7,
            ..Usage::default()
        })
    );
}

#[test]
fn any_error_that_is_not_null_is_one() {
    let read = |json: &str| ErrorBody::read(json.as_bytes());
    let told = ErrorBody {
        kind: String::new(),
        message: "no channel".into(),
    };
    assert_eq!(
        read(r#"{"error":{"message":"no channel","type":null,"code":7}}"#),
        Some(told)
    );
    assert_eq!(read(r#"{"error":true}"#), Some(ErrorBody::default()));
    // A stream as a JSON array of one chunk.
    assert_eq!(read(r#"[{"candidates":[{"finishReason":"STOP"}]}]"#), None);
    assert_eq!(read(r#"["busy"]"#), None);
    // What tells no error is none.
    for silent in ["false", "\"\"", "{}", "null"] {
        assert_eq!(read(&format!(r#"{{"error":{silent}}}"#)), None, "{silent}");
    }
    assert_eq!(read(r#"{"error":null}"#), None);
    assert_eq!(read("{}"), None);
}
