//! Facts that hold in every dialect: each scenario shows itself in the dialect's own form.

use serde_json::{Value, json};

use super::client::{Seen, Stand, VERSION};
use crate::scenario::NAMES;

struct Caller {
    dialect: &'static str,
    stream: bool,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: Value,
    /// Where an error's text stands.
    message: &'static str,
}

fn callers() -> Vec<Caller> {
    let caller = |dialect, stream, path, body, message| Caller {
        dialect,
        stream,
        path,
        headers: if dialect == "anthropic" {
            &[VERSION]
        } else {
            &[]
        },
        body,
        message,
    };
    let turn = json!([{"role": "user", "content": "hello"}]);
    let mut all = Vec::new();
    for stream in [false, true] {
        let gemini = if stream {
            "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
        } else {
            "/v1beta/models/gemini-2.5-pro:generateContent"
        };
        all.extend([
            caller(
                "anthropic",
                stream,
                "/v1/messages",
                json!({"model": "m", "max_tokens": 100, "messages": turn, "stream": stream}),
                "/error/message",
            ),
            caller(
                "openai-chat",
                stream,
                "/v1/chat/completions",
                json!({"model": "m", "messages": turn, "stream": stream}),
                "/error/message",
            ),
            caller(
                "openai-responses",
                stream,
                "/v1/responses",
                json!({"model": "m", "input": turn, "stream": stream}),
                "/error/message",
            ),
            caller(
                "gemini",
                stream,
                gemini,
                json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}),
                "/error/message",
            ),
            caller(
                "ollama",
                stream,
                "/api/chat",
                json!({"model": "m", "messages": turn, "stream": stream}),
                "/error",
            ),
        ]);
    }
    all
}

/// Scenarios that leave the line open or cut it; other tests wait for those.
const ON_THE_WIRE: &[&str] = &["hang", "slow", "stall", "cut", "refuse"];
/// Scenarios after which a body is not the dialect's.
const BROKEN: &[&str] = &["empty", "html", "malformed", "truncate", "gzip"];

impl Caller {
    async fn ask(&self, stand: &Stand, scenario: &str) -> Seen {
        let mut headers = self.headers.to_vec();
        headers.push(("x-practice", scenario));
        let body = self.body.to_string();
        stand
            .call("POST", self.path, &headers, body.as_bytes())
            .await
    }

    /// The status that a scenario ends in; an error inside a stream is a status where nothing streams.
    fn status(&self, scenario: &str) -> u16 {
        let status = match scenario {
            "error-event" if !self.stream => 529,
            _ => scenario
                .get(..3)
                .and_then(|code| code.parse().ok())
                .unwrap_or(200),
        };
        if status == 529 && self.dialect != "anthropic" {
            503
        } else {
            status
        }
    }
}

#[tokio::test]
async fn every_scenario_shows_itself_in_every_dialect() {
    let stand = Stand::new().await;
    for caller in callers() {
        let plain = caller.ask(&stand, "text").await;
        for scenario in NAMES.iter().filter(|name| !ON_THE_WIRE.contains(name)) {
            let at = format!("{} {} {scenario}", caller.dialect, caller.stream);
            let seen = caller.ask(&stand, scenario).await;
            let status = caller.status(scenario);
            assert_eq!((seen.status, seen.whole), (status, true), "{at}");
            if status != 200 {
                let body = seen.json();
                let message = body.pointer(caller.message).and_then(Value::as_str);
                assert!(message.is_some_and(|text| !text.is_empty()), "{at}: {body}");
                continue;
            }
            if BROKEN.contains(scenario) {
                continue;
            }
            assert_eq!(
                seen.header("content-type"),
                plain.header("content-type"),
                "{at}"
            );
            if !caller.stream {
                seen.json();
            }
        }
    }
}
