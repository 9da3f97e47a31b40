//! What says nothing is no loss and no refusal.

use dialects::{
    Dialect::{Anthropic, Gemini, Ollama, OpenaiChat, OpenaiResponses},
    caps::Caps,
};
use serde_json::json;

use super::{read, write};

#[test]
fn fields_without_a_value_are_neither_lost_nor_refused() {
    let chat = |more: (&str, serde_json::Value)| {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        body[more.0] = more.1;
        body
    };
    let text = json!({"type": "output_text", "text": "x", "parsed": null});
    let responses = json!({"model": "m", "top_logprobs": 0, "input": [
        {"role": "user", "content": "hi"},
        {"type": "message", "role": "assistant", "content": [text]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "parsed_arguments": null},
        {"type": "function_call_output", "call_id": "c", "output": "1"},
    ]});
    for (dialect, body) in [
        (Ollama, chat(("suffix", json!("")))),
        (Ollama, chat(("template", json!("")))),
        (Ollama, chat(("context", json!([])))),
        (OpenaiResponses, responses),
    ] {
        let request = read(dialect, &body);
        for target in [Anthropic, OpenaiChat, Gemini] {
            let (_, written) = write(&request, target, &Caps::default());
            assert_eq!(written.losses, [], "{body} to {target:?}");
        }
    }
}

#[test]
fn a_value_that_may_be_null_stays_one() {
    let nullable = |mut schema: serde_json::Value| {
        schema["nullable"] = json!(true);
        schema
    };
    let schema = json!({"type": "OBJECT", "properties": {
        "choice": nullable(json!({"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]})),
        "word": nullable(json!({"type": "STRING", "enum": ["a"]})),
        "other": nullable(json!({"$ref": "#/$defs/x"})),
    }});
    let tool = json!({"functionDeclarations": [{"name": "f", "parameters": schema}]});
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}], "tools": [tool]});
    let (sent, _) = write(&read(Gemini, &body), OpenaiChat, &Caps::default());
    let properties = &sent["tools"][0]["function"]["parameters"]["properties"];
    let none = json!({"type": "null"});
    assert_eq!(
        properties,
        &json!({
            "choice": {"anyOf": [{"type": "string"}, {"type": "number"}, none]},
            "word": {"type": ["string", "null"], "enum": ["a", null]},
            "other": {"anyOf": [{"$ref": "#/$defs/x"}, none]},
        }),
        "{sent}"
    );
}
