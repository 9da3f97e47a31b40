//! Settings that a provider would refuse.

use dialects::Dialect::{Anthropic, Ollama};
use serde_json::{Value, json};

use super::provider::{CHAT, Provider, RESPONSES, sent};

fn asked(field: &str, value: &Value) -> Value {
    let mut body = json!({"max_tokens": 99, "messages": [{"role": "user", "content": "hi"}]});
    body[field] = value.clone();
    body
}

#[test]
fn an_end_user_has_a_short_id_and_claude_codes_session_shares_a_cache() {
    let hash = "0123456789abcdef".repeat(4);
    let uuid = "01234567-89ab-cdef-0123-456789abcdef";
    let of = |session: &str| format!("user_{hash}_account_{uuid}_session_{session}");
    for to in [CHAT, RESPONSES] {
        let person = |id: &str| {
            let asked = asked("metadata", &json!({"user_id": id}));
            let (body, _) = sent(Anthropic, &asked, to).unwrap();
            let id = body["safety_identifier"].as_str().unwrap().to_owned();
            (id, body["prompt_cache_key"].clone())
        };
        let (one, other) = (person(&of("s1")), person(&of("s2")));
        assert_eq!(one.0, other.0);
        assert_eq!((&one.1, &other.1), (&json!("s1"), &json!("s2")));
        let long = person(&"x".repeat(200));
        assert_eq!(long.1, Value::Null);
        for id in [one.0, long.0] {
            assert!(id.len() <= 64, "{id}");
        }
        assert_eq!(person("me").0, "me");
    }
}

#[test]
fn the_ordinary_tier_is_called_default_by_openai() {
    for to in [CHAT, RESPONSES] {
        let (body, lost) = sent(
            Anthropic,
            &asked("service_tier", &json!("standard_only")),
            to,
        )
        .unwrap();
        assert_eq!(body["service_tier"], "default");
        assert!(lost.is_empty(), "{lost:?}");
    }
}

#[test]
fn a_local_model_is_told_to_think_only_by_who_means_it() {
    let local = Provider::new(Ollama, "http://localhost:11434", "llama3.1");
    for (thinking, wanted) in [
        (json!({"type": "adaptive"}), Value::Null),
        (
            json!({"type": "enabled", "budget_tokens": 2000}),
            json!(true),
        ),
        (json!({"type": "disabled"}), json!(false)),
    ] {
        let (body, _) = sent(Anthropic, &asked("thinking", &thinking), local).unwrap();
        assert_eq!(body["think"], wanted, "{thinking}");
    }
}

#[test]
fn files_are_named_so_that_their_type_is_told() {
    // PITFALLS 86
    for (mime, title, wanted) in [
        (
            "application/pdf",
            json!("Quarterly report"),
            "Quarterly report.pdf",
        ),
        ("application/pdf", json!("Version 1.2"), "Version 1.2.pdf"),
        ("application/pdf", json!("a.pdf"), "a.pdf"),
        ("application/pdf", Value::Null, "document.pdf"),
        ("application/msword", Value::Null, "document.doc"),
    ] {
        let source = json!({"type": "base64", "media_type": mime, "data": "AAAA"});
        let document = json!({"type": "document", "source": source, "title": title});
        let asked = asked(
            "messages",
            &json!([{"role": "user", "content": [document]}]),
        );
        let (body, _) = sent(Anthropic, &asked, CHAT).unwrap();
        assert_eq!(
            body["messages"][0]["content"][0]["file"]["filename"],
            wanted
        );
        let (body, _) = sent(Anthropic, &asked, RESPONSES).unwrap();
        assert_eq!(body["input"][0]["content"][0]["filename"], wanted);
    }
}
