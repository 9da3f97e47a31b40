//! Errors that come where no error status tells of them, and what the client hears of them.

use std::fmt::Write as _;

use routing::Dialect;
use serde_json::{Value, json};

use crate::{
    convert::settings,
    support::{Got, Part, Raw, STREAM_HEAD, json as body_of, run, snapshot},
};

const MESSAGES: &str =
    r#"{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
const GEMINI_WHOLE: &str = "/v1beta/models/g:generateContent";
const GEMINI_ARRAY: &str = "/v1beta/models/g:streamGenerateContent";
const GEMINI: &str = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;

async fn asked(dialect: Dialect, answer: Vec<u8>, path: &str, body: &str) -> Got {
    let provider = Raw::answering(answer).await;
    let running = run(settings(dialect, &[&provider])).await;
    running.post(path, "", body.as_bytes()).await
}

fn told(body: &Value) -> Vec<u8> {
    body_of(200, "", &body.to_string())
}

fn events(text: &str) -> Vec<u8> {
    [STREAM_HEAD.as_bytes(), text.as_bytes()].concat()
}

#[tokio::test]
async fn an_error_under_a_status_of_success_keeps_its_kind() {
    // PITFALLS 23, 69, 125
    let limited = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow down", "details": [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"},
    ]}});
    let failed = json!({"id": "r", "object": "response", "status": "failed", "output": [],
        "error": {"code": "rate_limit_exceeded", "message": "slow down"}});
    for (dialect, body) in [
        (Dialect::Gemini, &limited),
        (Dialect::OpenaiResponses, &failed),
    ] {
        let got = asked(dialect, told(body), "/v1/messages", MESSAGES).await;
        assert_eq!(got.status, 429, "{dialect:?}: {}", got.text());
        assert_eq!(
            got.json()["error"]["type"],
            "rate_limit_error",
            "{dialect:?}"
        );
    }
    let got = asked(Dialect::Gemini, told(&limited), "/v1/messages", MESSAGES).await;
    let wait: u64 = got.header("retry-after").unwrap().parse().unwrap();
    assert!((30..=35).contains(&wait), "{wait}");
}

#[tokio::test]
async fn the_delay_that_an_event_names_is_kept() {
    let limited = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow down", "details": [
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"},
    ]}});
    let stream = events(&format!("data: {limited}\n\n"));
    let body = MESSAGES.replacen('{', r#"{"stream":true,"#, 1);
    let got = asked(Dialect::Gemini, stream, "/v1/messages", &body).await;
    let wait: u64 = got.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(got.status, 429, "{}", got.text());
    assert!((30..=35).contains(&wait), "{wait}");
}

#[tokio::test]
async fn what_is_no_error_beside_an_answer_is_none() {
    let body = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "error": false,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}]});
    let got = asked(Dialect::OpenaiChat, told(&body), "/v1/messages", MESSAGES).await;
    assert_eq!(got.status, 200, "{}", got.text());
    assert_eq!(got.json()["content"][0]["text"], "hello");
}

#[tokio::test]
async fn a_context_that_is_too_long_is_told_in_words_that_clients_act_on() {
    let failed = json!({"type": "response.failed", "response": {"id": "r", "object": "response", "status": "failed",
        "output": [], "error": {"code": "context_length_exceeded", "message": "It exceeds the window of this model."}}});
    let stream = events(&format!("event: response.failed\ndata: {failed}\n\n"));
    let body = MESSAGES.replacen('{', r#"{"stream":true,"#, 1);
    let got = asked(Dialect::OpenaiResponses, stream, "/v1/messages", &body).await;
    assert_eq!(got.status, 400, "{}", got.text());
    let message = got.json()["error"]["message"].to_string();
    assert!(message.contains("prompt is too long"), "{message}");
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_not_told_as_a_limit_that_passes() {
    // PITFALLS 124
    let body = json!({"error": {"type": "insufficient_quota", "code": "insufficient_quota",
        "message": "You exceeded your current quota."}});
    let answer = body_of(429, "", &body.to_string());
    let got = asked(Dialect::OpenaiChat, answer, "/v1/messages", MESSAGES).await;
    assert_ne!(got.status, 429, "{}", got.text());
    assert_eq!(got.header("x-should-retry"), Some("false"));
}

#[tokio::test]
async fn a_stream_as_a_json_array_is_passed_on_as_it_came() {
    // PITFALLS 135
    let one = json!([{"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}]);
    let two = json!([
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "index": 0}], "modelVersion": "real"},
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "!"}]}, "finishReason": "STOP",
            "safetyRatings": [{"category": "X"}]}], "usageMetadata": {"promptTokenCount": 3, "promptTokensDetails": []}},
    ]);
    for body in [one, two] {
        let got = asked(Dialect::Gemini, told(&body), GEMINI_ARRAY, GEMINI).await;
        assert_eq!(got.status, 200, "{}", got.text());
        assert_eq!(got.json(), body);
    }
    let got = asked(
        Dialect::Gemini,
        told(&json!({"error": {"code": 503, "message": "busy"}})),
        GEMINI_WHOLE,
        GEMINI,
    )
    .await;
    assert_eq!(got.status, 503, "{}", got.text());
}

#[tokio::test]
async fn a_stream_of_responses_that_breaks_ends_with_one_error_of_its_own() {
    let created = json!({"type": "response.created", "sequence_number": 0, "response": {"id": "resp_1", "object": "response",
        "status": "in_progress", "output": []}});
    let item = json!({"type": "response.output_item.added", "sequence_number": 1, "output_index": 0,
        "item": {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}});
    let delta = json!({"type": "response.output_text.delta", "sequence_number": 2, "item_id": "msg_1", "output_index": 0,
        "content_index": 0, "delta": "hel"});
    let mut frames = String::new();
    for event in [created, item, delta] {
        let name = event["type"].as_str().unwrap();
        writeln!(frames, "event: {name}\ndata: {event}\n").unwrap();
    }
    let body = r#"{"model":"m","input":"hi","stream":true}"#;
    let got = asked(
        Dialect::OpenaiResponses,
        events(&frames),
        "/v1/responses",
        body,
    )
    .await;
    let text = got.text();
    assert_eq!(text.matches("event: response.created").count(), 1, "{text}");
    assert!(
        text.contains("event: error\ndata: {\"type\":\"error\""),
        "{text}"
    );
    assert!(!text.contains("response.completed"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_array_is_kept_alive_by_white_space_and_ends_as_one() {
    let chunk = |text: &str, end: &str| {
        let finish = if end.is_empty() {
            json!(null)
        } else {
            json!(end)
        };
        let choice = json!({"index": 0, "delta": {"content": text}, "finish_reason": finish});
        format!(
            "data: {}\n\n",
            json!({"id": "c", "object": "chat.completion.chunk", "choices": [choice]})
        )
    };
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let provider = Raw::start(vec![vec![
        Part::Bytes(events(&chunk("Hi", ""))),
        Part::Gate(gate.clone()),
        Part::Bytes(format!("{}data: [DONE]\n\n", chunk(" you", "stop")).into_bytes()),
    ]])
    .await;
    let running = run(settings(Dialect::OpenaiChat, &[&provider])).await;
    let open = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_secs(20)).await;
        gate.notify_one();
    });
    let got = running.post(GEMINI_ARRAY, "", GEMINI.as_bytes()).await;
    open.await.unwrap();
    let chunks = got.json();
    let said: String = chunks
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|chunk| chunk["candidates"][0]["content"]["parts"][0]["text"].as_str())
        .collect();
    assert_eq!(said, "Hi you", "{}", got.text());
}

const CODE: &str = r#"{"model":"claude-opus-4-8","max_tokens":9,"context_management":{"edits":[]},"speed":"fast","messages":[
    {"role":"user","content":"hi"}]}"#;

/// What an endpoint of this vendor is sent of a request with fields and betas of Claude Code's.
async fn sent_to(vendor: &str, body: &str) -> (Option<String>, Option<String>, Value) {
    let provider = Raw::answering(body_of(200, "", r#"{"type":"message","role":"assistant","content":[{"type":"text","text":"x"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#)).await;
    let table = include_str!("../../../../../config/vendors.toml");
    let table = dialects::vendors::Vendors::parse(table).unwrap();
    let record = table.record(
        Some(vendor),
        "http://127.0.0.1",
        dialects::Dialect::Anthropic,
    );
    let record = std::sync::Arc::new(record);
    let running = run(snapshot(&[provider.address], |_, provider, upstream| {
        provider.dialect = Dialect::Anthropic;
        upstream.dialect = Dialect::Anthropic;
        upstream.vendor = record.clone();
    }))
    .await;
    let headers = "anthropic-version: 2026-10-21\r\nanthropic-beta: context-1m-2025-08-07,fast-mode-2026-02-01\r\n";
    let got = running.post("/v1/messages", headers, body.as_bytes()).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let seen = &provider.seen()[0];
    let header = |name: &str| seen.header(name).first().map(|&value| value.to_owned());
    (
        header("anthropic-beta"),
        header("anthropic-version"),
        serde_json::from_slice(&seen.body).unwrap(),
    )
}

#[tokio::test]
async fn clouds_are_told_only_the_betas_and_fields_that_they_know() {
    // PITFALLS 103
    let (betas, version, body) = sent_to("bedrock", CODE).await;
    assert_eq!(betas.as_deref(), Some("context-1m-2025-08-07"));
    assert_eq!(version.as_deref(), Some("2026-10-21"));
    assert!(
        body.get("speed").is_none() && body.get("context_management").is_none(),
        "{body}"
    );
    for vendor in ["anthropic", "glm"] {
        let (betas, _, body) = sent_to(vendor, CODE).await;
        assert_eq!(
            betas.as_deref(),
            Some("context-1m-2025-08-07,fast-mode-2026-02-01")
        );
        assert_eq!(body["speed"], "fast", "{vendor}");
    }
}

#[tokio::test]
async fn a_body_written_anew_for_the_same_api_keeps_the_headers_that_it_needs() {
    // PITFALLS 103, 128
    let origin = dialects::ir::Origin {
        vendor: "gemini".to_owned(),
        model: "g".to_owned(),
    };
    let seal = dialects::ir::Seal::new(dialects::Dialect::Gemini, &origin, "AAAA").envelope();
    let turn = json!([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": seal}, {"type": "text", "text": "a"}]},
        {"role": "user", "content": "on"},
    ]);
    let mut body: Value = serde_json::from_str(CODE).unwrap();
    body["messages"] = turn;
    let (betas, version, sent) = sent_to("anthropic", &body.to_string()).await;
    assert_eq!(
        betas.as_deref(),
        Some("context-1m-2025-08-07,fast-mode-2026-02-01")
    );
    assert_eq!(version.as_deref(), Some("2026-10-21"));
    assert_eq!(sent["speed"], "fast");
    assert!(!sent.to_string().contains("signature"), "{sent}");
}
