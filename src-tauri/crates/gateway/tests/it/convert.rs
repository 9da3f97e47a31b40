//! Clients of one dialect, providers of another.

use dialects::ir::{Origin, Seal};
use gateway::{Report, Snapshot};
use routing::Dialect;
use serde_json::{Value, json};

use crate::support::{ASK, Got, Raw, Running, STREAM_HEAD, json as body_of, run, snapshot, stream};

/// A gateway whose providers all speak `dialect`.
async fn speaking(dialect: Dialect, providers: &[&Raw]) -> Running {
    run(settings(dialect, providers)).await
}

pub(crate) fn settings(dialect: Dialect, providers: &[&Raw]) -> Snapshot {
    let addresses: Vec<_> = providers.iter().map(|raw| raw.address).collect();
    snapshot(&addresses, |_, provider, upstream| {
        provider.dialect = dialect;
        upstream.dialect = dialect;
        upstream.vendor = gateway_vendor(dialect);
    })
}

fn gateway_vendor(dialect: Dialect) -> std::sync::Arc<dialects::vendors::Record> {
    let dialect = match dialect {
        Dialect::OpenaiChat => dialects::Dialect::OpenaiChat,
        Dialect::OpenaiResponses => dialects::Dialect::OpenaiResponses,
        Dialect::Gemini => dialects::Dialect::Gemini,
        Dialect::Ollama => dialects::Dialect::Ollama,
        _ => dialects::Dialect::Anthropic,
    };
    let table = dialects::vendors::Vendors::default();
    std::sync::Arc::new(table.record(None, "http://127.0.0.1", dialect))
}

const MESSAGES: &str =
    r#"{"model":"claude-x","max_tokens":9,"top_k":4,"messages":[{"role":"user","content":"hi"}]}"#;
const MESSAGES_STREAM: &str = r#"{"model":"claude-x","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;

pub(crate) fn chat_answer(text: &str) -> Vec<u8> {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m-1",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10 },
    });
    body_of(200, "x-request-id: up-1\r\n", &body.to_string())
}

fn chat_chunks(deltas: &[Value], end: &str) -> Vec<u8> {
    let mut bytes = STREAM_HEAD.as_bytes().to_vec();
    for delta in deltas {
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m-1",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": null }],
        });
        bytes.extend(format!("data: {chunk}\n\n").into_bytes());
    }
    bytes.extend_from_slice(end.as_bytes());
    bytes
}

const CHAT_END: &str = "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
    data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10}}\n\n\
    data: [DONE]\n\n";

/// The names of the events of an Anthropic stream.
fn events(got: &Got) -> Vec<String> {
    let names = got.text();
    names
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn a_messages_client_is_served_by_a_chat_provider() {
    let provider = Raw::answering(chat_answer("hello")).await;
    let mut running = speaking(Dialect::OpenaiChat, &[&provider]).await;
    let headers =
        "anthropic-version: 2023-06-01\r\nanthropic-beta: x\r\nuser-agent: claude-cli/2\r\n";
    let got = running
        .post("/v1/messages?beta=true", headers, MESSAGES.as_bytes())
        .await;
    assert_eq!(got.status, 200, "{}", got.text());
    let answer = got.json();
    assert_eq!(
        (&answer["type"], &answer["content"][0]["text"]),
        (&json!("message"), &json!("hello"))
    );
    assert_eq!(
        (&answer["model"], &answer["usage"]["input_tokens"]),
        (&json!("claude-x"), &json!(7))
    );
    assert_eq!(got.header("x-turnout-loss"), Some("top_k"));
    assert_eq!(got.header("x-request-id"), Some("up-1"));
    let seen = &provider.seen()[0];
    assert!(
        seen.head.starts_with("POST /v1/chat/completions HTTP"),
        "{}",
        seen.head
    );
    assert!(
        seen.header("anthropic-beta").is_empty() && seen.header("anthropic-version").is_empty()
    );
    let sent: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(
        sent["messages"],
        json!([{ "role": "user", "content": "hi" }])
    );
    let reports = running.reports().await;
    let told = reports.iter().find_map(|report| match report {
        Report::AttemptEnded(ended) => Some((ended.losses.clone(), ended.usage.unwrap().input)),
        _ => None,
    });
    assert_eq!(told, Some((vec!["top_k".to_owned()], 7)));
}

#[tokio::test]
async fn a_stream_is_written_anew_event_by_event() {
    let deltas = [
        json!({ "role": "assistant", "content": "" }),
        json!({ "content": "hel" }),
        json!({ "content": "lo" }),
    ];
    let provider = Raw::answering(chat_chunks(&deltas, CHAT_END)).await;
    let running = speaking(Dialect::OpenaiChat, &[&provider]).await;
    let got = running
        .post("/v1/messages", "", MESSAGES_STREAM.as_bytes())
        .await;
    assert_eq!(
        got.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(
        events(&got),
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ],
        "{}",
        got.text()
    );
}

#[tokio::test]
async fn a_converted_stream_that_breaks_before_it_spoke_is_served_elsewhere() {
    let silent = Raw::answering(chat_chunks(
        &[json!({ "role": "assistant", "content": "" })],
        "",
    ))
    .await;
    let deltas = [json!({ "content": "here" })];
    let good = Raw::answering(chat_chunks(&deltas, CHAT_END)).await;
    let running = speaking(Dialect::OpenaiChat, &[&silent, &good]).await;
    let got = running
        .post("/v1/messages", "", MESSAGES_STREAM.as_bytes())
        .await;
    assert_eq!(got.header("x-turnout-provider"), Some("p1"));
    assert_eq!(got.header("x-turnout-attempts"), Some("2"));
    assert!(got.text().contains("here") && events(&got).last().unwrap() == "message_stop");
}

#[tokio::test]
async fn a_converted_stream_that_breaks_later_ends_with_the_clients_own_error() {
    // PITFALLS 51, 52
    let provider = Raw::answering(chat_chunks(&[json!({ "content": "half" })], "")).await;
    let running = speaking(Dialect::OpenaiChat, &[&provider]).await;
    let got = running
        .post("/v1/messages", "", MESSAGES_STREAM.as_bytes())
        .await;
    let events = events(&got);
    assert_eq!(events.last().unwrap(), "error", "{}", got.text());
    assert!(!events.contains(&"message_stop".to_owned()));
}

#[tokio::test]
async fn a_whole_answer_serves_a_client_that_asked_for_a_stream() {
    // PITFALLS 21
    let provider = Raw::answering(chat_answer("hello")).await;
    let running = speaking(Dialect::OpenaiChat, &[&provider]).await;
    let got = running
        .post("/v1/messages", "", MESSAGES_STREAM.as_bytes())
        .await;
    assert_eq!(
        events(&got).last().unwrap(),
        "message_stop",
        "{}",
        got.text()
    );
    assert!(got.text().contains("hello"));
}

#[tokio::test]
async fn a_stream_serves_a_client_that_asked_for_a_whole_answer() {
    // PITFALLS 20
    let provider = Raw::answering(stream("hello")).await;
    let running = speaking(Dialect::Anthropic, &[&provider]).await;
    let got = running.post("/v1/messages", "", MESSAGES.as_bytes()).await;
    assert_eq!(got.json()["content"][0]["text"], "hello", "{}", got.text());
    assert_eq!(got.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn an_error_of_another_dialect_is_told_in_the_clients_own() {
    let error = r#"{"error":{"message":"no such tool","type":"invalid_request_error","param":"tools","code":null}}"#;
    let provider = Raw::answering(body_of(400, "", error)).await;
    let running = speaking(Dialect::OpenaiChat, &[&provider]).await;
    let got = running.post("/v1/messages", "", MESSAGES.as_bytes()).await;
    assert_eq!(got.status, 400);
    let error = got.json();
    assert_eq!(
        (&error["type"], &error["error"]["type"]),
        (&json!("error"), &json!("invalid_request_error"))
    );
    assert!(
        error["error"]["message"]
            .as_str()
            .unwrap()
            .contains("no such tool")
    );
}

#[tokio::test]
async fn what_a_provider_cannot_be_told_is_tried_elsewhere_and_refused_with_its_path() {
    let body = r#"{"model":"m","n":2,"messages":[{"role":"user","content":"hi"}]}"#;
    let provider = Raw::answering(stream("hello")).await;
    let running = speaking(Dialect::Anthropic, &[&provider]).await;
    let got = running
        .post("/v1/chat/completions", "", body.as_bytes())
        .await;
    assert_eq!(got.status, 400, "{}", got.text());
    let told = got.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(told.contains("n: ") && told.contains("p0"), "{told}");
    assert!(provider.seen().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn a_request_that_its_own_dialect_cannot_read_is_refused_with_its_path() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":7}]}"#;
    let provider = Raw::answering(stream("hello")).await;
    let running = speaking(Dialect::Anthropic, &[&provider]).await;
    let got = running
        .post("/v1/chat/completions", "", body.as_bytes())
        .await;
    assert_eq!(got.status, 400);
    assert!(got.text().contains("messages[0].content"), "{}", got.text());
}

#[tokio::test]
async fn tokens_are_estimated_where_no_provider_counts_them() {
    // PITFALLS 123
    let provider = Raw::answering(chat_answer("never asked")).await;
    let mut running = speaking(Dialect::OpenaiChat, &[&provider]).await;
    let words = "one two three four five six seven eight nine ten ".repeat(100);
    let body = json!({ "model": "claude-x", "messages": [{ "role": "user", "content": words }] });
    let got = running
        .post(
            "/v1/messages/count_tokens?beta=true",
            "",
            body.to_string().as_bytes(),
        )
        .await;
    assert_eq!(
        (got.status, got.header("x-turnout-estimated")),
        (200, Some("true"))
    );
    let tokens = got.json()["input_tokens"].as_u64().unwrap();
    assert!(
        (900..2000).contains(&tokens),
        "{tokens} for a thousand words"
    );
    assert!(provider.seen().is_empty());
    // Who was not asked has not shown that it works.
    running.reports().await;
    let view = running.gateway.board(|board, now| board.view(now));
    assert_eq!(view.providers[0].success_rate, None);
}

#[tokio::test]
async fn reasoning_of_another_vendor_never_reaches_a_provider_of_the_clients_own_dialect() {
    // PITFALLS 111
    let foreign = Origin {
        vendor: "openai".to_owned(),
        model: "gpt-5.1".to_owned(),
    };
    let envelope = Seal::new(dialects::Dialect::OpenaiResponses, &foreign, "opaque").envelope();
    let body = json!({ "model": "claude-x", "max_tokens": 9, "stream": true, "messages": [
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": [
            { "type": "thinking", "thinking": "hm", "signature": envelope },
            { "type": "text", "text": "hello" },
        ] },
        { "role": "user", "content": "again" },
    ] });
    let provider = Raw::answering(stream("hello")).await;
    let running = speaking(Dialect::Anthropic, &[&provider]).await;
    let got = running
        .post("/v1/messages", "", body.to_string().as_bytes())
        .await;
    assert_eq!(got.status, 200, "{}", got.text());
    let sent = String::from_utf8(provider.seen()[0].body.clone()).unwrap();
    assert!(
        !sent.contains(Seal::PREFIX) && !sent.contains("thinking"),
        "{sent}"
    );
    assert!(sent.contains("again"));
}

#[tokio::test]
async fn embeddings_come_from_a_provider_of_another_dialect() {
    let answer = r#"{"embeddings":[{"values":[0.5,-1.0]}]}"#;
    let provider = Raw::answering(body_of(200, "", answer)).await;
    let running = speaking(Dialect::Gemini, &[&provider]).await;
    let body = r#"{"model":"e","input":["text"],"encoding_format":"base64"}"#;
    let got = running.post("/v1/embeddings", "", body.as_bytes()).await;
    assert_eq!(got.status, 200, "{}", got.text());
    // PITFALLS 129: 0.5 and -1.0 as little-endian 32-bit floats.
    assert_eq!(got.json()["data"][0]["embedding"], "AAAAPwAAgL8=");
}

#[tokio::test]
async fn the_models_of_all_groups_are_listed_in_the_callers_shape() {
    let list = r#"{"object":"list","data":[{"id":"gpt-5.1","object":"model","created":1,"owned_by":"x"}]}"#;
    let provider = Raw::answering(body_of(200, "", list)).await;
    let mut settings = settings(Dialect::OpenaiChat, &[&provider]);
    let topology = std::sync::Arc::make_mut(&mut settings.topology);
    topology.providers[0].models.big = vec!["named-in-settings".into()];
    let running = run(settings).await;
    let token = format!("x-api-key: {}\r\n", crate::support::TOKEN);
    let chat = running.send("GET", "/v1/models", &token, b"").await.json();
    let ids: Vec<_> = chat["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].clone())
        .collect();
    assert_eq!(ids, ["named-in-settings", "gpt-5.1"]);
    let version = format!("{token}anthropic-version: 2023-06-01\r\n");
    let anthropic = running
        .send("GET", "/v1/models", &version, b"")
        .await
        .json();
    assert_eq!(
        (&anthropic["data"][1]["type"], &anthropic["has_more"]),
        (&json!("model"), &json!(false))
    );
    let gemini = running
        .send("GET", "/v1beta/models", &token, b"")
        .await
        .json();
    assert_eq!(gemini["models"][1]["name"], "models/gpt-5.1");
    let one = running.send("GET", "/v1/models/gpt-5.1", &token, b"").await;
    assert_eq!((one.status, &one.json()["id"]), (200, &json!("gpt-5.1")));
    let none = running.send("GET", "/v1/models/nope", &token, b"").await;
    assert_eq!(none.status, 404);
    assert_eq!(provider.seen().len(), 1, "the provider's list is kept");
}

#[tokio::test]
async fn a_chat_client_keeps_its_own_chat_providers_bytes() {
    let deltas = [
        json!({ "role": "assistant", "content": "" }),
        json!({ "content": "hello" }),
    ];
    let provider = Raw::answering(chat_chunks(&deltas, CHAT_END)).await;
    let mut running = speaking(Dialect::OpenaiChat, &[&provider]).await;
    let body = r#"{ "model": "m",  "stream":true, "messages":[{"role":"user","content":"hi"}], "odd": 1.50 }"#;
    let got = running
        .post("/v1/chat/completions", "", body.as_bytes())
        .await;
    assert_eq!(provider.seen()[0].body, body.as_bytes());
    let bytes = chat_chunks(&deltas, CHAT_END);
    assert_eq!(got.body, bytes[STREAM_HEAD.len()..]);
    let usage = running
        .reports()
        .await
        .into_iter()
        .find_map(|report| match report {
            Report::AttemptEnded(ended) => ended.usage,
            _ => None,
        });
    assert_eq!(
        usage.map(|usage| (usage.input, usage.output, usage.estimated)),
        Some((7, 3, false))
    );
}

#[tokio::test]
async fn tokens_that_nobody_told_are_estimated_and_marked() {
    // PITFALLS 131
    let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let provider = Raw::answering(chat_chunks(&[json!({ "content": "eight by" })], end)).await;
    let mut running = speaking(Dialect::OpenaiChat, &[&provider]).await;
    let _ = running
        .post("/v1/messages", "", MESSAGES_STREAM.as_bytes())
        .await;
    let usage = running
        .reports()
        .await
        .into_iter()
        .find_map(|report| match report {
            Report::AttemptEnded(ended) => ended.usage,
            _ => None,
        });
    let usage = usage.unwrap();
    assert!(
        usage.estimated && usage.output == 2 && usage.input > 0,
        "{usage:?}"
    );
}

#[tokio::test]
async fn a_file_is_only_asked_of_a_provider_of_its_own_dialect() {
    let provider = Raw::answering(chat_answer("no")).await;
    let running = speaking(Dialect::OpenaiChat, &[&provider]).await;
    let got = running
        .post("/v1/messages/batches", "", ASK.as_bytes())
        .await;
    assert_eq!(got.status, 503);
    assert!(
        got.text().contains("only anthropic has this call"),
        "{}",
        got.text()
    );
    assert!(provider.seen().is_empty());
}

#[tokio::test]
async fn a_provider_that_refuses_foreign_reasoning_is_asked_again_without_it() {
    // PITFALLS 111
    let refusal = r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages.1.content.0: Invalid `signature` in `thinking` block"}}"#;
    let scripts = [body_of(400, "", refusal), stream("hello")];
    let scripts = scripts.map(|bytes| vec![crate::support::Part::Bytes(bytes)]);
    let provider = Raw::start(scripts.to_vec()).await;
    let mut running = speaking(Dialect::Anthropic, &[&provider]).await;
    let body = json!({ "model": "claude-x", "max_tokens": 9, "stream": true, "messages": [
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": [
            { "type": "thinking", "thinking": "hm", "signature": "of another account" },
            { "type": "text", "text": "hello" },
        ] },
        { "role": "user", "content": "again" },
    ] });
    let got = running
        .post("/v1/messages", "", body.to_string().as_bytes())
        .await;
    assert_eq!(
        (got.status, got.header("x-turnout-attempts")),
        (200, Some("1")),
        "{}",
        got.text()
    );
    let seen = provider.seen();
    assert_eq!(seen[0].body, body.to_string().as_bytes());
    let again = String::from_utf8(seen[1].body.clone()).unwrap();
    assert!(
        !again.contains("thinking") && again.contains("hello"),
        "{again}"
    );
    let ended = running.reports().await;
    assert!(ended.iter().any(
        |report| matches!(report, Report::AttemptEnded(ended) if ended.http_status == Some(200))
    ));
}

#[tokio::test]
async fn tokens_of_an_answer_passed_on_are_read_in_the_providers_own_terms() {
    let provider = Raw::answering(chat_answer("hello")).await;
    let mut running = speaking(Dialect::OpenaiChat, &[&provider]).await;
    let body = r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
    let got = running
        .post("/v1/chat/completions", "", body.as_bytes())
        .await;
    assert_eq!(got.status, 200, "{}", got.text());
    let reports = running.reports().await;
    let usage = reports.into_iter().find_map(|report| match report {
        Report::AttemptEnded(ended) => ended.usage,
        _ => None,
    });
    let told = usage.map(|usage| (usage.input, usage.output, usage.estimated));
    assert_eq!(told, Some((7, 3, false)));
}
