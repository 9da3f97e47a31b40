use axum::body::Body;
use http::Request as Call;
use serde_json::{Value, json};

use super::*;
use crate::route::Route;

/// A call read as the gateway reads it, of Claude Code.
async fn read(path: &str, body: &Value) -> Inbound {
    read_of("claude-cli/2.1.329 (external, cli)", path, body).await
}

async fn read_of(agent: &str, path: &str, body: &Value) -> Inbound {
    let call = Call::post(path)
        .header("user-agent", agent)
        .body(Body::from(body.to_string()))
        .unwrap();
    let (parts, body) = call.into_parts();
    let route = Route::of(&parts.method, parts.uri.path(), None, &parts.headers).unwrap();
    Inbound::read(route, parts, body, 1 << 20).await.unwrap()
}

/// The facts that hold of a call.
async fn facts(path: &str, body: &Value) -> Vec<&'static str> {
    let inbound = read(path, body).await;
    let asked = Asked::new(&inbound, None);
    let told = [
        ("has_images", asked.has_images()),
        ("has_tools", asked.has_tools()),
        ("thinking", asked.thinking()),
        ("web_search", asked.web_search()),
        ("background", asked.background()),
    ];
    told.into_iter()
        .filter_map(|(name, holds)| holds.then_some(name))
        .collect()
}

#[tokio::test]
async fn a_client_is_known_by_its_user_agent_whatever_it_runs_in() {
    for (agent, client) in [
        ("claude-cli/2.1.329 (external, cli)", "claude-code"),
        ("codex_cli_rs/0.50.0 (Linux; x86_64)", "codex"),
        ("GeminiCLI/0.9.0/gemini-2.5-pro (linux; x64)", "gemini-cli"),
        (
            "GeminiCLI-tui/0.21.0/gemini-2.5-pro (linux; x64)",
            "gemini-cli",
        ),
        ("GeminiCLI-a2a-server/0.21.0 (linux; x64)", "gemini-cli"),
        ("GeminiCLIent/1", "GeminiCLIent"),
        ("curl/8.5.0", "curl"),
    ] {
        let told = read_of(agent, "/v1/messages", &json!({ "model": "m" })).await;
        assert_eq!(told.client().as_deref(), Some(client), "{agent}");
    }
}

/// The body of a captured request.
fn captured(text: &str) -> Value {
    let whole: Value = serde_json::from_str(text).unwrap();
    whole.get("body").cloned().unwrap_or(whole)
}

#[tokio::test]
async fn what_claude_code_sends_is_told_apart() {
    let wire = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/wire/anthropic");
        captured(&std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap())
    };
    let rows: [(&str, &[&str]); 4] = [
        ("claude-code-interactive", &["has_tools", "thinking"]),
        ("claude-code-print", &["has_tools", "thinking"]),
        ("claude-code-title", &["background"]),
        ("claude-code-web-search", &["has_tools", "web_search"]),
    ];
    for (name, expected) in rows {
        assert_eq!(facts("/v1/messages", &wire(name)).await, expected, "{name}");
    }
    let words = |inbound: &Inbound| {
        let asked = Asked::new(inbound, None);
        asked.text()
    };
    for name in ["claude-code-print", "claude-code-tool-turn-2"] {
        let inbound = read("/v1/messages", &wire(name)).await;
        assert!(words(&inbound).ends_with("Say hello"), "{name}");
    }
}

#[tokio::test]
async fn facts_are_the_same_in_every_dialect() {
    let image = "iVBORw0KGgo=";
    let rows = [
        (
            "/v1/messages",
            json!({"model": "m", "max_tokens": 9, "thinking": {"type": "enabled", "budget_tokens": 2000},
                "tools": [{"type": "web_search_20250305", "name": "web_search"}],
                "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": image}}]}]}]}),
        ),
        (
            "/v1/chat/completions",
            json!({"model": "m", "reasoning_effort": "high", "web_search_options": {}, "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{image}")}}]}]}),
        ),
        (
            "/v1/responses",
            json!({"model": "m", "reasoning": {"effort": "high"}, "tools": [{"type": "web_search"}], "input": [
                {"role": "user", "content": [{"type": "input_image", "image_url": format!("data:image/png;base64,{image}")}]}]}),
        ),
        (
            "/v1beta/models/m:generateContent",
            json!({"generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH"}}, "tools": [{"googleSearch": {}}],
                "contents": [{"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": image}}]}]}),
        ),
    ];
    for (path, body) in rows {
        let told = facts(path, &body).await;
        let expected = ["has_images", "has_tools", "thinking", "web_search"];
        assert_eq!(told, expected, "{path}");
    }
    let ollama = json!({"model": "m", "think": true, "messages": [{"role": "user", "content": "", "images": [image]}]});
    assert_eq!(
        facts("/ollama/api/chat", &ollama).await,
        ["has_images", "thinking"]
    );
}

#[tokio::test]
async fn a_call_that_is_no_conversation_or_cannot_be_read_has_none_of_them() {
    let embed = json!({"model": "m", "input": "tools"});
    assert_eq!(facts("/v1/embeddings", &embed).await, [""; 0]);
    let broken = json!({"model": "m", "messages": 7});
    assert_eq!(facts("/v1/messages", &broken).await, [""; 0]);
    let inbound = read("/v1/messages", &broken).await;
    let asked = Asked::new(&inbound, Some("laptop"));
    assert_eq!(asked.text(), "");
    assert_eq!(asked.token(), Some("laptop"));
}

#[tokio::test]
async fn the_path_is_the_one_that_the_client_calls() {
    let body = json!({"model": "m", "messages": []});
    for (called, told) in [
        ("/v1/messages", "/v1/messages"),
        ("/group/main/v1/messages", "/v1/messages"),
        ("/ollama/api/chat", "/ollama/api/chat"),
    ] {
        let inbound = read(called, &body).await;
        let asked = Asked::new(&inbound, None);
        assert_eq!(asked.path(), told);
    }
}

#[tokio::test]
async fn the_last_words_are_the_users_own() {
    let text = |text: &str| json!({"type": "text", "text": text});
    let reminder = text("<system-reminder>\nUse the tool.\n</system-reminder>\n");
    let user = |content: Value| json!({"role": "user", "content": content});
    let rows = [
        (vec![user(json!("one")), user(json!("two"))], "two"),
        (vec![user(json!([reminder, text("three")]))], "three"),
        (
            vec![
                user(json!([text("a"), text("b")])),
                json!({"role": "assistant", "content": "no"}),
                user(
                    json!([{"type": "tool_result", "tool_use_id": "t", "content": "no"}, reminder]),
                ),
            ],
            "a\nb",
        ),
        (
            vec![user(json!("<b>four</b> and <i>five</i>"))],
            "<b>four</b> and <i>five</i>",
        ),
        (vec![json!({"role": "assistant", "content": "no"})], ""),
    ];
    for (messages, expected) in rows {
        let body = json!({"model": "m", "max_tokens": 9, "messages": messages});
        let inbound = read("/v1/messages", &body).await;
        let asked = Asked::new(&inbound, None);
        assert_eq!(asked.text(), expected);
    }
}
