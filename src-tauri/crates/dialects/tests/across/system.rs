//! Instructions: where a provider takes them.

use dialects::Dialect::{Anthropic, Ollama, OpenaiChat};
use serde_json::{Value, json};

use super::provider::{CHAT, Provider, sent};

const UNKNOWN: Provider = Provider::new(OpenaiChat, "https://llm.example/v1", "qwen3.5");
const VLLM: Provider = Provider::new(OpenaiChat, "http://localhost:8000/v1", "qwen3.5");
const LOCAL: Provider = Provider::new(Ollama, "http://localhost:11434", "qwen3.5");

fn roles(body: &Value) -> Vec<&str> {
    let messages = body["messages"].as_array().unwrap().iter();
    messages
        .map(|message| message["role"].as_str().unwrap())
        .collect()
}

#[test]
fn a_template_gets_one_system_message_and_gets_it_first() {
    // PITFALLS 98, 99
    let block = |text: &str| json!({"type": "text", "text": text});
    let mut asked = json!({
        "max_tokens": 99,
        "system": [block("You are Claude Code"), block("Rules")],
        "messages": [{"role": "user", "content": "hi"}],
    });
    for to in [UNKNOWN, VLLM, LOCAL] {
        let (body, lost) = sent(Anthropic, &asked, to).unwrap();
        assert_eq!(roles(&body), ["system", "user"]);
        assert_eq!(
            body["messages"][0]["content"],
            "You are Claude Code\n\nRules"
        );
        assert!(lost.is_empty(), "{lost:?}");
    }
    let (body, _) = sent(Anthropic, &asked, CHAT).unwrap();
    assert_eq!(roles(&body), ["system", "system", "user"]);

    asked["messages"] = json!([
        {"role": "user", "content": "hi"}, {"role": "system", "content": "Later"},
        {"role": "assistant", "content": "ok"}, {"role": "user", "content": "go"},
    ]);
    for to in [UNKNOWN, VLLM, LOCAL] {
        let (body, lost) = sent(Anthropic, &asked, to).unwrap();
        assert_eq!(roles(&body), ["system", "user", "assistant", "user"]);
        let told = &body["messages"][0]["content"];
        assert_eq!(told, "You are Claude Code\n\nRules\n\nLater");
        assert_eq!(lost, ["messages[1]"]);
    }
    let (body, lost) = sent(Anthropic, &asked, CHAT).unwrap();
    assert_eq!(roles(&body)[2..], ["user", "system", "assistant", "user"]);
    assert!(lost.is_empty(), "{lost:?}");
}
