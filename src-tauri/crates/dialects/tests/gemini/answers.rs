use dialects::{
    Dialect, Reply, Unreadable, Usage,
    ir::{Answer, FailureKind, Part, Request, Seal, Stop, Text},
    json::Json,
};
use serde_json::{Value, json};

use super::{codec, origin, say};

fn read(body: &str) -> Answer {
    codec()
        .read_answer(body.as_bytes(), &origin())
        .unwrap_or_else(|error| panic!("{body}: {error:?}"))
}

fn written(answer: &Answer) -> Value {
    let reply = Reply {
        request: Request {
            model: "asked".to_owned(),
            ..Request::default()
        }
        .into(),
        request_id: "req".to_owned(),
        ..Reply::default()
    };
    serde_json::from_slice(&codec().write_answer(answer, &reply)).unwrap()
}

#[test]
fn an_answer_is_read_whole() {
    let answer = read(
        r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"hm","thought":true},{"text":"so"},
        {"functionCall":{"name":"f","args":{"z":1, "a":2}},"thoughtSignature":"U0lH"},{"functionCall":{"id":"c2","name":"g"}}]},
        "finishReason":"STOP","index":0}],"responseId":"r1","modelVersion":"gemini-3.5-pro-001",
        "usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":4,"candidatesTokenCount":5,"thoughtsTokenCount":3,"totalTokenCount":18}}"#,
    );
    assert_eq!(
        (answer.id.as_deref(), answer.model.as_deref()),
        (Some("r1"), Some("gemini-3.5-pro-001"))
    );
    // PITFALLS 68
    assert_eq!(answer.stop, Stop::ToolUse);
    let [
        Part::Thinking(thinking),
        Part::Text(text),
        Part::Thinking(sealed),
        Part::Call(first),
        Part::Call(second),
    ] = &answer.parts[..]
    else {
        panic!("{:?}", answer.parts)
    };
    assert_eq!(
        (thinking.text.as_str(), &thinking.seal, text.text.as_str()),
        ("hm", &None, "so")
    );
    // The signature of the call comes in thinking before it, which any client can carry.
    assert_eq!(
        (sealed.text.as_str(), &sealed.seal),
        ("", &Some(Seal::new(Dialect::Gemini, &origin(), "U0lH")))
    );
    assert!(
        first.id.starts_with("call_") && first.arguments.text() == r#"{"z":1,"a":2}"#,
        "{first:?}"
    );
    assert_eq!((second.id.as_str(), second.arguments.text()), ("c2", "{}"));
}

#[test]
fn tokens_are_counted_once() {
    // PITFALLS 116, 117
    for (told, usage) in [
        (
            r#"{"promptTokenCount":10,"cachedContentTokenCount":4,"candidatesTokenCount":5,"thoughtsTokenCount":3,"totalTokenCount":18}"#,
            (6, 4, 8, 3),
        ),
        // Here the candidates include the thoughts.
        (
            r#"{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":3,"totalTokenCount":15}"#,
            (10, 0, 5, 3),
        ),
        (
            r#"{"promptTokenCount":10,"toolUsePromptTokenCount":2,"candidatesTokenCount":5,"totalTokenCount":17}"#,
            (12, 0, 5, 0),
        ),
        (
            r#"{"promptTokenCount":3,"cachedContentTokenCount":4}"#,
            (0, 4, 0, 0),
        ),
    ] {
        let answer = read(&format!(
            r#"{{"candidates":[{{"finishReason":"STOP"}}],"usageMetadata":{told}}}"#
        ));
        let told = answer.usage.unwrap();
        assert_eq!(
            (told.input, told.cache_read, told.output, told.reasoning),
            usage,
            "{told:?}"
        );
    }
    let usage = Usage {
        input: 6,
        output: 8,
        cache_read: 4,
        cache_write_5m: 1,
        cache_write_1h: 2,
        reasoning: 3,
        estimated: false,
        service: None,
    };
    let answer = Answer {
        usage: Some(usage),
        ..Answer::default()
    };
    assert_eq!(
        written(&answer)["usageMetadata"],
        json!({
            "promptTokenCount": 13, "cachedContentTokenCount": 4, "candidatesTokenCount": 5, "thoughtsTokenCount": 3, "totalTokenCount": 21,
        })
    );
}

#[test]
fn ends_are_told_for_what_they_are() {
    let refusal = |category: &str| Stop::Refusal {
        category: Some(category.to_owned()),
        explanation: None,
    };
    for (reason, stop) in [
        ("STOP", Stop::End),
        ("MAX_TOKENS", Stop::MaxTokens),
        ("CONTINUATION", Stop::Pause),
        ("SAFETY", refusal("SAFETY")),
        ("IMAGE_SAFETY", refusal("IMAGE_SAFETY")),
        ("SOMETHING_NEW", Stop::End),
    ] {
        let answer = read(&format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"a"}}]}},"finishReason":"{reason}"}}]}}"#
        ));
        assert_eq!(answer.stop, stop);
    }
    // PITFALLS 70
    let blocked = read(
        r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":5}}"#,
    );
    assert_eq!(
        blocked.stop,
        Stop::Refusal {
            category: Some("PROHIBITED_CONTENT".to_owned()),
            explanation: Some("The prompt was blocked: PROHIBITED_CONTENT".to_owned()),
        }
    );
    for (stop, reason) in [
        (Stop::End, "STOP"),
        (Stop::Sequence(None), "STOP"),
        (Stop::MaxTokens, "MAX_TOKENS"),
        (Stop::ContextFull, "MAX_TOKENS"),
        (Stop::Pause, "CONTINUATION"),
        (refusal("cyber"), "SAFETY"),
        (refusal("SPII"), "SPII"),
    ] {
        assert_eq!(
            written(&Answer {
                stop,
                ..Answer::default()
            })["candidates"][0]["finishReason"],
            reason
        );
    }
}

#[test]
fn what_is_no_answer_is_told() {
    let failure = |body: &str| match codec().read_answer(body.as_bytes(), &origin()) {
        Err(Unreadable::Failure(failure)) => failure,
        other => panic!("{body}: {other:?}"),
    };
    // PITFALLS 69: an error under status 200, alone or in a list.
    for body in [
        r#"{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}"#,
        r#"[{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}]"#,
    ] {
        let failure = failure(body);
        assert_eq!(
            (failure.kind, failure.status, failure.message.as_str()),
            (FailureKind::RateLimit, Some(429), "slow")
        );
    }
    let odd = failure(
        r#"{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"print(f())"}]}"#,
    );
    assert_eq!(
        (odd.kind, odd.code.as_deref()),
        (FailureKind::Server, Some("MALFORMED_FUNCTION_CALL"))
    );
    assert!(odd.message.ends_with("print(f())"), "{}", odd.message);
    // PITFALLS 21
    for body in [
        "{}",
        "7",
        "[]",
        "null",
        "<html>",
        r#"{"usageMetadata":{"promptTokenCount":1}}"#,
    ] {
        let read = codec().read_answer(body.as_bytes(), &origin());
        assert!(
            matches!(read, Err(Unreadable::Malformed(_))),
            "{body}: {read:?}"
        );
    }
}

#[test]
fn a_list_of_chunks_is_one_answer() {
    let answer = read(
        r#"[{"responseId":"r","candidates":[{"content":{"parts":[{"text":"He"}]}}]},
        {"candidates":[{"content":{"parts":[{"text":"llo"}]},"finishReason":"STOP","citationMetadata":{"citationSources":[{"uri":"u"}]},
        "groundingMetadata":{"webSearchQueries":["q"]}}]}]"#,
    );
    let [Part::Text(text), Part::Opaque { kind, .. }] = &answer.parts[..] else {
        panic!("{:?}", answer.parts)
    };
    assert_eq!(
        (text.text.as_str(), kind.as_str()),
        ("Hello", "groundingMetadata")
    );
    let back = written(&answer);
    let candidate = &back["candidates"][0];
    assert_eq!(candidate["content"]["parts"], json!([{"text": "Hello"}]));
    assert_eq!(
        candidate["citationMetadata"],
        json!({"citationSources": [{"uri": "u"}]})
    );
    assert_eq!(
        candidate["groundingMetadata"],
        json!({"webSearchQueries": ["q"]})
    );
}

#[test]
fn an_answer_is_written_whole() {
    let seal = Seal::new(Dialect::Anthropic, &origin(), "sig");
    let answer = Answer {
        id: Some("msg_1".to_owned()),
        model: Some("claude".to_owned()),
        parts: vec![
            say::thinking("hm", Some(seal.clone())),
            say::text("so"),
            say::call("toolu_1", "f"),
            say::call("toolu_2", "f"),
        ],
        stop: Stop::ToolUse,
        usage: None,
    };
    let args = json!({"z": 1, "a": 2});
    assert_eq!(
        written(&answer),
        json!({
            "candidates": [{
                "content": {"parts": [
                    {"text": "hm", "thought": true},
                    {"text": "so", "thoughtSignature": seal.envelope()},
                    {"functionCall": {"id": "toolu_1", "name": "f", "args": args}},
                    {"functionCall": {"id": "toolu_2", "name": "f", "args": args}},
                ], "role": "model"},
                "finishReason": "STOP",
                "index": 0,
            }],
            "usageMetadata": {"promptTokenCount": 0, "candidatesTokenCount": 8, "totalTokenCount": 8},
            "modelVersion": "asked",
            "responseId": "msg_1",
        })
    );
    let sourced = Part::Text(Text {
        citations: vec![Json::parse(r#"{"type":"web_search_result_location"}"#).unwrap()],
        ..Text::plain("a")
    });
    let back = written(&Answer {
        parts: vec![sourced],
        ..Answer::default()
    });
    assert_eq!(back["candidates"][0]["citationMetadata"], Value::Null);
    assert_eq!(
        written(&Answer::default())["candidates"][0]["content"]["parts"],
        json!([{"text": ""}])
    );
}

#[test]
fn a_foreign_seal_finds_its_way_back_through_a_gemini_client() {
    let seal = Seal::new(Dialect::Anthropic, &origin(), "sig");
    let parts = vec![
        say::thinking("hm", Some(seal.clone())),
        say::text("so"),
        say::call("toolu_1", "f"),
    ];
    let answer = Answer {
        parts,
        stop: Stop::ToolUse,
        ..Answer::default()
    };
    let mut content = written(&answer)["candidates"][0]["content"].take();
    let history = |content: &Value| {
        super::read(&json!({"contents": [content]}).to_string())
            .turns
            .remove(0)
            .parts
    };
    assert_eq!(history(&content), answer.parts);
    // Gemini's own command line drops thoughts from its history; the seal stays.
    content["parts"].as_array_mut().unwrap().remove(0);
    assert_eq!(history(&content)[0], say::thinking("", Some(seal)));
}
