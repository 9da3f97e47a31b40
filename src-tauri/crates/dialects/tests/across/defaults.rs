//! Settings that say what is done unasked.

use dialects::{
    Dialect::{self, Anthropic, Gemini, Ollama, OpenaiChat, OpenaiResponses},
    caps::Caps,
};
use serde_json::{Value, json};

use super::{read, write};

const ALL: [Dialect; 5] = [Anthropic, OpenaiChat, OpenaiResponses, Gemini, Ollama];

fn lost(from: Dialect, body: &Value, to: Dialect) -> Vec<String> {
    // A model that takes no settings, at a provider that has no tiers and no cache keys.
    let caps: Caps = serde_json::from_value(json!({
        "sampling": false, "penalties": false, "cache_key": false,
        "chat": {"tiers": false, "stored": false}, "messages": {"first_party": false},
    }))
    .unwrap();
    let (_, written) = write(&read(from, body), to, &caps);
    let places = written.losses.iter().map(|loss| &loss.place);
    places.map(|place| from.codec().spell(place)).collect()
}

fn with(base: &Value, settings: &Value) -> Value {
    let mut body = base.clone();
    for (name, value) in settings.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[test]
fn defaults_are_no_losses_and_anything_else_is_one() {
    let said =
        json!({"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": "hi"}]});
    let input = json!({"model": "m", "input": "hi"});
    let local = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let defaults = json!({"temperature": 1, "top_p": 1.0, "frequency_penalty": 0, "presence_penalty": 0.0,
        "logit_bias": {}, "metadata": {}, "service_tier": "auto", "n": 1, "logprobs": false});
    let options =
        json!({"options": {"mirostat": 0, "top_k": -1, "repeat_penalty": 1.0, "min_p": 0.0}});
    let session = r#"{"device_id":"d","account_uuid":"","session_id":"s"}"#;
    for to in ALL {
        for (from, base, settings) in [
            (OpenaiChat, &said, &defaults),
            (
                OpenaiResponses,
                &input,
                &json!({"temperature": 1, "top_p": 1, "service_tier": "auto"}),
            ),
            (
                Anthropic,
                &said,
                &json!({"temperature": 1.0, "top_p": 1, "service_tier": "auto"}),
            ),
            (Ollama, &local, &options),
        ] {
            let none: [&str; 0] = [];
            assert_eq!(
                lost(from, &with(base, settings), to),
                none,
                "{from:?} to {to:?}"
            );
        }
        // A session is no key that the client asked to share a cache by.
        let session = with(&said, &json!({"metadata": {"user_id": session}}));
        let lost_of_session = lost(Anthropic, &session, to);
        assert!(
            lost_of_session
                .iter()
                .all(|place| place.starts_with("metadata")),
            "{lost_of_session:?} to {to:?}"
        );
    }
    for (setting, value) in [
        ("temperature", json!(0.5)),
        ("top_p", json!(0.5)),
        ("frequency_penalty", json!(0.1)),
        ("presence_penalty", json!(-1)),
        ("logit_bias", json!({"5": 1})),
        ("service_tier", json!("flex")),
        ("metadata", json!({"a": "b"})),
    ] {
        let body = with(&said, &json!({setting: value}));
        assert_eq!(lost(OpenaiChat, &body, Anthropic), [setting]);
    }
    let body = with(&local, &json!({"options": {"mirostat": 1}}));
    assert_eq!(lost(Ollama, &body, Anthropic), ["options.mirostat"]);
}
