//! Facts about which requests are refused and what is read from the others.

use serde_json::json;

use super::*;

fn good() -> Value {
    json!({"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]})
}

fn asked(value: &Value) -> Result<Ask, Refusal> {
    read(&Bytes::from(value.to_string()), false, false)
}

#[track_caller]
fn refused(change: &Value) -> String {
    let mut request = good();
    for (name, value) in change.as_object().expect("object") {
        request[name] = value.clone();
    }
    asked(&request).expect_err("must be refused").message
}

#[test]
fn a_missing_field_is_named() {
    for field in ["model", "max_tokens", "messages"] {
        let mut request = good();
        request.as_object_mut().expect("object").remove(field);
        assert_eq!(
            asked(&request).expect_err("refused").message,
            format!("{field}: Field required")
        );
    }
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    let cases = [
        (json!({"model": 3}), "model"),
        (json!({"max_tokens": "10"}), "max_tokens"),
        (json!({"max_tokens": -1}), "max_tokens"),
        (json!({"messages": "hi"}), "messages"),
        (json!({"messages": []}), "messages"),
        (json!({"messages": [7]}), "messages.0"),
        (
            json!({"messages": [{"role": "tool", "content": "x"}]}),
            "messages.0.role",
        ),
        (
            json!({"messages": [{"role": "user"}]}),
            "messages.0.content",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}),
            "messages.0.content.0.text",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"text": "x"}]}]}),
            "messages.0.content.0.type",
        ),
        (
            json!({"messages": [{"role": "assistant", "content": "x"}]}),
            "messages.0.role",
        ),
        (json!({"stream": "yes"}), "stream"),
        (json!({"system": 1}), "system"),
        (json!({"temperature": 2}), "temperature"),
        (
            json!({"tools": [{"input_schema": {"type": "object"}}]}),
            "tools.0.custom.name",
        ),
        (
            json!({"tools": [{"name": "a"}]}),
            "tools.0.custom.input_schema",
        ),
        (json!({"thinking": {"type": "on"}}), "thinking.type"),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 5}}),
            "thinking.enabled.budget_tokens",
        ),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 2000}}),
            "max_tokens",
        ),
        (json!({"stop_sequences": [1]}), "stop_sequences"),
    ];
    for (change, field) in cases {
        let message = refused(&change);
        assert!(
            message.starts_with(&format!("{field}: ")),
            "{field}: {message}"
        );
    }
}

// PITFALLS 82, 84, 86, 93
#[test]
fn what_another_dialect_would_take_is_refused() {
    let tool = json!({"name": "a", "input_schema": {"type": "object"}});
    let media = |block: Value| json!({"messages": [{"role": "user", "content": [block]}]});
    let cases = [
        (json!({"tool_choice": {"type": "auto"}}), "tool_choice"),
        (
            json!({"tools": [tool], "tool_choice": {"type": "required"}}),
            "tool_choice",
        ),
        (
            json!({"tools": [tool], "tool_choice": {"type": "tool", "name": "b"}}),
            "tool_choice.tool.name",
        ),
        (
            json!({"tools": [{"name": "a.b", "input_schema": {"type": "object"}}]}),
            "tools.0.custom.name",
        ),
        (
            json!({"messages": [{"role": "user", "content": "go"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "functions.Bash:0", "name": "a", "input": {}}]}]}),
            "messages.1.content.0.tool_use.id",
        ),
        (
            json!({"messages": [{"role": "user", "content": "go"}, {"role": "assistant", "content": "well "}]}),
            "messages",
        ),
        (
            media(
                json!({"type": "image", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="}}),
            ),
            "messages.0.content.0.image.source.base64.media_type",
        ),
        (
            media(json!({"type": "image", "source": {"type": "image_url", "url": "x"}})),
            "messages.0.content.0.image.source",
        ),
        (
            media(json!({"type": "document", "source": {"type": "url"}})),
            "messages.0.content.0.document.source.url.url",
        ),
        (
            json!({"tools": [tool], "tool_choice": {"type": "any"}, "max_tokens": 4000,
            "thinking": {"type": "enabled", "budget_tokens": 2000}}),
            "thinking",
        ),
        (
            json!({"temperature": 0.5, "max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 2000}}),
            "temperature",
        ),
    ];
    for (change, field) in cases {
        let message = refused(&change);
        assert!(
            message.starts_with(&format!("{field}: ")),
            "{field}: {message}"
        );
    }
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    let message = read(&Bytes::from_static(b"{\"model\": "), false, false)
        .expect_err("refused")
        .message;
    assert!(
        message.contains("not valid JSON") && message.contains("line 1"),
        "{message}"
    );
    assert!(read(&Bytes::from_static(b"[1]"), false, false).is_err());
}

#[test]
fn a_tool_call_without_its_result_is_refused() {
    let call = json!({"type": "tool_use", "id": "t1", "name": "Bash", "input": {}});
    let result = json!({"type": "tool_result", "tool_use_id": "t1", "content": "42"});
    let user = json!({"role": "user", "content": "go"});
    let assistant = json!({"role": "assistant", "content": [call]});
    let whole = json!([user, assistant, {"role": "user", "content": [result]}]);
    let mut request = good();
    request["messages"] = whole;
    assert_eq!(asked(&request).expect("accepted").tool_results, ["42"]);
    assert!(refused(&json!({"messages": [user, assistant, user]})).contains("t1"));
    assert!(refused(&json!({"messages": [{"role": "user", "content": [result]}]})).contains("t1"));
}

#[test]
fn thinking_comes_back_with_its_own_signature_alone() {
    let with = |thinking: &str, signature: &str| {
        json!([
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": thinking, "signature": signature},
                {"type": "text", "text": "gone"},
            ]},
            {"role": "user", "content": "on"},
        ])
    };
    let signature = crate::seal::seal("hm");
    for thinking in ["hm", ""] {
        let mut request = good();
        request["messages"] = with(thinking, &signature);
        assert!(asked(&request).is_ok(), "{thinking}");
    }
    for (thinking, signature) in [
        ("ha", signature.as_str()),
        ("hm", ""),
        ("hm", "EqQBCgIYAhIM"),
    ] {
        let message = refused(&json!({"messages": with(thinking, signature)}));
        assert_eq!(
            message,
            "messages.1.content.0: Invalid `signature` in `thinking` block"
        );
    }
}

#[test]
fn pictures_and_files_are_counted() {
    let mut request = good();
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}});
    let file =
        json!({"type": "document", "source": {"type": "url", "url": "https://a.example/b.pdf"}});
    request["messages"][0]["content"] = json!([image, image, file]);
    let media = asked(&request).expect("accepted").media;
    assert_eq!((media.images, media.audio, media.files), (2, 0, 1));
}

#[test]
fn unknown_fields_and_odd_numbers_are_accepted() {
    let body = br#"{"x":{"b":1.0},"model":"m","max_tokens":1.0e1,"messages":[{"role":"user","content":"hi","y":[]}]}"#;
    let ask = read(&Bytes::from_static(body), false, false).expect("accepted");
    assert_eq!(ask.max_tokens, Some(10));
}

#[test]
fn sampling_is_refused_by_the_newer_version_alone() {
    let mut request = good();
    request["temperature"] = json!(1);
    let body = Bytes::from(request.to_string());
    assert!(read(&body, false, false).is_ok());
    assert!(
        read(&body, false, true)
            .expect_err("refused")
            .message
            .starts_with("temperature")
    );
}

#[test]
fn counting_needs_no_max_tokens() {
    let body = Bytes::from(
        json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).to_string(),
    );
    assert!(read(&body, true, false).expect("accepted").tokens > 0);
}

#[test]
fn the_users_own_words_are_found_among_what_the_client_adds() {
    let mut request = good();
    request["messages"] = json!([
        {"role": "user", "content": [
            {"type": "text", "text": "<system-reminder>be kind</system-reminder>"},
            {"type": "text", "text": "Say hello"},
        ]},
        {"role": "system", "content": "more"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "out"}]},
            {"type": "text", "text": "<system-reminder>more</system-reminder>"},
        ]},
    ]);
    let ask = asked(&request).expect("accepted");
    assert_eq!(ask.user_text, "Say hello");
    assert_eq!(ask.tool_results, ["out"]);
    assert!(ask.continued);
}

#[test]
fn tokens_follow_text_and_not_the_bytes_of_an_image() {
    let mut request = good();
    let plain = asked(&request).expect("accepted").tokens;
    request["messages"][0]["content"] = json!([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A".repeat(1_000_000)}}]);
    let image = asked(&request).expect("accepted").tokens;
    assert!(image > plain && image < 2_000, "{image}");
}

#[test]
fn the_longest_cache_mark_counts() {
    let mut request = good();
    assert_eq!(asked(&request).expect("accepted").cache, None);
    request["system"] =
        json!([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]);
    request["messages"][0]["content"] =
        json!([{"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}]);
    assert_eq!(
        asked(&request).expect("accepted").cache,
        Some(CacheMark::OneHour)
    );
    request["system"] = Value::Null;
    assert_eq!(
        asked(&request).expect("accepted").cache,
        Some(CacheMark::FiveMinutes)
    );
}

#[test]
fn an_answer_may_be_begun_by_the_client_unless_it_is_to_think() {
    let mut request = good();
    request["messages"] = json!([
        {"role": "user", "content": "Say hello"},
        {"role": "assistant", "content": [{"type": "text", "text": "Hel"}]},
    ]);
    let ask = asked(&request).expect("accepted");
    assert_eq!(ask.begun.as_deref(), Some("Hel"));
    request["max_tokens"] = json!(4096);
    request["thinking"] = json!({"type": "enabled", "budget_tokens": 2048});
    assert!(asked(&request).is_err());
    request["messages"] = json!([{"role": "user", "content": "Say hello"}]);
    assert_eq!(asked(&request).expect("accepted").begun, None);
}
