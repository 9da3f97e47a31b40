//! Endpoints that speak a dialect at addresses of their own: Azure's deployments, Claude at Vertex AI and at Bedrock.

use std::sync::Arc;

use dialects::vendors::Vendors;
use gateway::{Auth, Report};
use routing::Dialect;
use serde_json::{Value, json};

use crate::{
    convert::chat_answer,
    support::{KEY, Raw, Running, Seen, json as body_of, run, snapshot, stream},
};

const MESSAGES: &str =
    r#"{"max_tokens" : 9, "model":"claude-x","messages":[{"role":"user","content":"hi"}]}"#;
const CHAT: &str = r#"{"model":"gpt-x","messages":[{"role":"user","content":"hi"}]}"#;
const ANSWER: &str = r#"{"id":"m","type":"message","role":"assistant","model":"m-1","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn","usage":{"input_tokens":7,"output_tokens":3}}"#;

/// A gateway with one provider: what `vendor` is known to be, at `below` the address of this upstream.
async fn at(upstream: &Raw, vendor: &str, dialect: Dialect, below: &str, auth: Auth) -> Running {
    let table = Vendors::parse(include_str!("../../../../../config/vendors.toml")).unwrap();
    let spoken = match dialect {
        Dialect::OpenaiChat => dialects::Dialect::OpenaiChat,
        Dialect::Gemini => dialects::Dialect::Gemini,
        _ => dialects::Dialect::Anthropic,
    };
    let record = Arc::new(table.record(Some(vendor), "", spoken));
    let settings = snapshot(&[upstream.address], |_, provider, upstream| {
        provider.dialect = dialect;
        upstream.dialect = dialect;
        upstream.base_url.push_str(below);
        upstream.vendor = Arc::clone(&record);
        upstream.auth = auth.clone();
    });
    run(settings).await
}

fn line(seen: &Seen) -> &str {
    seen.head.lines().next().unwrap()
}

fn body(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap()
}

#[tokio::test]
async fn azures_deployments_are_asked_with_their_version_and_key() {
    let version = "api-version=2024-10-21";
    for (below, path, sent) in [
        (
            "/openai/deployments/one?api-version=2024-10-21",
            "/v1/chat/completions",
            format!("/openai/deployments/one/chat/completions?{version}"),
        ),
        (
            "/openai/deployments/{model}?api-version=2024-10-21",
            "/v1/chat/completions?x=1&api-version=old",
            format!("/openai/deployments/gpt-x/chat/completions?x=1&{version}"),
        ),
        (
            "/openai/deployments/{model}/?api-version=2024-10-21&y=2",
            "/v1/messages?beta=true",
            format!("/openai/deployments/claude-x/chat/completions?{version}&y=2"),
        ),
    ] {
        let upstream = Raw::answering(chat_answer("hello")).await;
        let auth = Auth::Header("api-key".to_owned());
        let running = at(&upstream, "azure", Dialect::OpenaiChat, below, auth).await;
        let asked = if path.contains("chat") {
            CHAT
        } else {
            MESSAGES
        };
        let got = running.post(path, "", asked.as_bytes()).await;
        assert_eq!(got.status, 200, "{below}: {}", got.text());
        let seen = &upstream.seen()[0];
        assert_eq!(line(seen), format!("POST {sent} HTTP/1.1"));
        assert_eq!(seen.header("api-key"), [KEY]);
        assert!(seen.header("authorization").is_empty());
        if asked == CHAT {
            assert_eq!(seen.body, CHAT.as_bytes());
        }
    }
}

#[tokio::test]
async fn a_key_in_the_query_stands_beside_the_bases_own() {
    let upstream = Raw::answering(chat_answer("hello")).await;
    let auth = Auth::Query("key".to_owned());
    let running = at(&upstream, "openai", Dialect::OpenaiChat, "/v1?a=b", auth).await;
    running
        .post("/v1/chat/completions", "", CHAT.as_bytes())
        .await;
    let sent = format!("POST /v1/chat/completions?a=b&key={KEY} HTTP/1.1");
    assert_eq!(line(&upstream.seen()[0]), sent);
}

const PROJECT: &str = "/v1/projects/p/locations/us-east5";

#[tokio::test]
async fn claude_at_vertex_has_its_model_in_the_path_and_its_version_in_the_body() {
    let upstream = Raw::answering(body_of(200, "", ANSWER)).await;
    let running = at(
        &upstream,
        "vertex",
        Dialect::Anthropic,
        PROJECT,
        Auth::Bearer,
    )
    .await;
    let headers = "anthropic-version: 2023-06-01\r\n";
    let got = running
        .post("/v1/messages?beta=true", headers, MESSAGES.as_bytes())
        .await;
    assert_eq!(got.json()["content"][0]["text"], "hello", "{}", got.text());
    let seen = &upstream.seen()[0];
    let path = format!("{PROJECT}/publishers/anthropic/models/claude-x:rawPredict");
    assert_eq!(line(seen), format!("POST {path} HTTP/1.1"));
    assert_eq!(seen.header("authorization"), [format!("Bearer {KEY}")]);
    let sent = json!({
        "anthropic_version": "vertex-2023-10-16", "max_tokens": 9,
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": "hi" }] }],
    });
    assert_eq!(body(seen), sent);
}

#[tokio::test]
async fn streams_counts_and_conversions_find_their_way_at_vertex_too() {
    let models = format!("{PROJECT}/publishers/anthropic/models");
    let streamed = MESSAGES.replace("\"max_tokens", "\"stream\":true,\"max_tokens");
    let chat = CHAT.replace("gpt-x", "claude-sonnet-4@20250514");
    let cases = [
        (
            "/v1/messages",
            &*streamed,
            format!("{models}/claude-x:streamRawPredict"),
            None,
        ),
        (
            "/v1/messages/count_tokens",
            MESSAGES,
            format!("{models}/count-tokens:rawPredict"),
            Some("claude-x"),
        ),
        (
            "/v1/chat/completions",
            &*chat,
            format!("{models}/claude-sonnet-4@20250514:rawPredict"),
            None,
        ),
    ];
    for (path, asked, sent, model) in cases {
        let answer = match path {
            "/v1/messages" => stream("hi"),
            "/v1/messages/count_tokens" => body_of(200, "", r#"{"input_tokens":7}"#),
            _ => body_of(200, "", ANSWER),
        };
        let upstream = Raw::answering(answer).await;
        let running = at(
            &upstream,
            "vertex",
            Dialect::Anthropic,
            PROJECT,
            Auth::Bearer,
        )
        .await;
        let got = running.post(path, "", asked.as_bytes()).await;
        assert_eq!(got.status, 200, "{path}: {}", got.text());
        let seen = &upstream.seen()[0];
        assert_eq!(line(seen), format!("POST {sent} HTTP/1.1"));
        let body = body(seen);
        assert_eq!(body["anthropic_version"], "vertex-2023-10-16", "{path}");
        assert_eq!(body.get("model").and_then(Value::as_str), model, "{path}");
    }
}

#[tokio::test]
async fn gemini_at_vertex_keeps_how_its_stream_is_framed() {
    let answer = r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"hello"}]},"finishReason":"STOP"}]}"#;
    let ask = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
    let google = format!("{PROJECT}/publishers/google/models/gemini-x");
    let framed = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: {answer}\r\n\r\n"
    );
    for (method, answer, sent) in [
        (
            "generateContent?key=k",
            body_of(200, "", answer),
            "generateContent",
        ),
        (
            "streamGenerateContent?alt=sse&x=1",
            framed.into_bytes(),
            "streamGenerateContent?alt=sse",
        ),
    ] {
        let upstream = Raw::answering(answer).await;
        let running = at(&upstream, "vertex", Dialect::Gemini, PROJECT, Auth::Bearer).await;
        let path = format!("/v1beta/models/gemini-x:{method}");
        let got = running.post(&path, "", ask.as_bytes()).await;
        assert_eq!(got.status, 200, "{path}: {}", got.text());
        assert_eq!(
            line(&upstream.seen()[0]),
            format!("POST {google}:{sent} HTTP/1.1")
        );
        assert_eq!(upstream.seen()[0].body, ask.as_bytes());
    }
}

// PITFALLS 103: betas of Claude Code that an endpoint does not know.
#[tokio::test]
async fn bedrock_is_reached_by_base_url_and_headers_and_told_no_beta_it_does_not_know() {
    let upstream = Raw::answering(body_of(200, "", ANSWER)).await;
    let mut running = at(
        &upstream,
        "bedrock",
        Dialect::Anthropic,
        "/anthropic",
        Auth::Bearer,
    )
    .await;
    let headers = "anthropic-version: 2023-06-01\r\n\
        anthropic-beta: claude-code-20250219,interleaved-thinking-2025-05-14\r\n\
        anthropic-beta: context-1m-2025-08-07\r\n";
    let got = running
        .post("/v1/messages", headers, MESSAGES.as_bytes())
        .await;
    let seen = &upstream.seen()[0];
    assert_eq!(line(seen), "POST /anthropic/v1/messages HTTP/1.1");
    assert_eq!(seen.header("authorization"), [format!("Bearer {KEY}")]);
    let betas = "interleaved-thinking-2025-05-14,context-1m-2025-08-07";
    assert_eq!(seen.header("anthropic-beta"), [betas]);
    assert_eq!(body(seen)["model"], "claude-x");
    let lost = "anthropic-beta: claude-code-20250219";
    assert_eq!(got.header("x-turnout-loss"), Some(lost));
    let reports = running.reports().await;
    let told = reports.iter().find_map(|report| match report {
        Report::AttemptEnded(ended) => Some(ended.losses.clone()),
        _ => None,
    });
    assert_eq!(told, Some(vec![lost.to_owned()]));
    // Anthropic itself, and who is not known, get them as they came.
    for vendor in ["anthropic", "openrouter"] {
        let upstream = Raw::answering(body_of(200, "", ANSWER)).await;
        let running = at(&upstream, vendor, Dialect::Anthropic, "", Auth::XApiKey).await;
        let got = running
            .post("/v1/messages", headers, MESSAGES.as_bytes())
            .await;
        let seen = &upstream.seen()[0];
        let came = [
            "claude-code-20250219,interleaved-thinking-2025-05-14",
            "context-1m-2025-08-07",
        ];
        assert_eq!(seen.header("anthropic-beta"), came, "{vendor}");
        assert_eq!(got.header("x-turnout-loss"), None);
    }
}

// PITFALLS 128: a client's own version of the API and its betas go with its request, also where that is written anew.
#[tokio::test]
async fn a_clients_version_reaches_a_provider_of_its_dialect_unchanged() {
    let sealed = dialects::ir::Seal::new(
        dialects::Dialect::Gemini,
        &dialects::ir::Origin::default(),
        "opaque",
    );
    let wrapped = sealed.envelope();
    let thought = json!({
        "model": "claude-x", "max_tokens": 9,
        "messages": [
            { "role": "user", "content": "hi" },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "hm", "signature": wrapped },
                { "type": "text", "text": "hello" },
            ] },
            { "role": "user", "content": "again" },
        ],
    })
    .to_string();
    let headers = "anthropic-version: 2026-10-21\r\nanthropic-beta: new-1\r\nuser-agent: sdk/1\r\n";
    for (asked, anew) in [(MESSAGES, false), (&*thought, true)] {
        let upstream = Raw::answering(body_of(200, "", ANSWER)).await;
        let running = at(
            &upstream,
            "anthropic",
            Dialect::Anthropic,
            "",
            Auth::XApiKey,
        )
        .await;
        let got = running
            .post("/v1/messages", headers, asked.as_bytes())
            .await;
        assert_eq!(got.status, 200, "{}", got.text());
        let seen = &upstream.seen()[0];
        assert_eq!(seen.body != asked.as_bytes(), anew);
        assert_eq!(seen.header("anthropic-version"), ["2026-10-21"]);
        assert_eq!(seen.header("anthropic-beta"), ["new-1"]);
        assert_eq!(seen.header("user-agent"), ["sdk/1"]);
        assert!(body(seen).get("temperature").is_none());
    }
}
