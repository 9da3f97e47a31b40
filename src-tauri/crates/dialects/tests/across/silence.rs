//! Nothing is left out without a word, and nothing stays behind as an empty message.

use dialects::{
    Dialect::{self, Anthropic, Gemini, Ollama, OpenaiChat, OpenaiResponses},
    caps::Caps,
};
use serde_json::{Value, json};

use super::{read, write};

fn lost(from: Dialect, body: &Value, to: Dialect) -> Vec<String> {
    let (_, written) = write(&read(from, body), to, &Caps::default());
    let places = written.losses.iter().map(|loss| &loss.place);
    places.map(|place| from.codec().spell(place)).collect()
}

#[test]
fn context_and_citations_of_a_document_are_lost_aloud() {
    let source = json!({"type": "text", "media_type": "text/plain", "data": "x"});
    for more in [
        json!({"context": "c"}),
        json!({"citations": {"enabled": true}}),
    ] {
        let mut document = json!({"type": "document", "source": source, "title": "t"});
        for (name, value) in more.as_object().unwrap() {
            document[name] = value.clone();
        }
        let body = json!({"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": [document]}]});
        for to in [OpenaiChat, OpenaiResponses, Gemini, Ollama] {
            // Gemini is told what a document is about, in front of it.
            let kept = to == Gemini && more.get("context").is_some();
            let wanted = ["messages[0].content[0]"];
            let wanted = if kept { &[][..] } else { &wanted[..] };
            assert_eq!(lost(Anthropic, &body, to), wanted, "{to:?}");
        }
    }
}

#[test]
fn documents_made_of_parts_keep_their_title() {
    let text = json!([{"type": "text", "text": "inside"}]);
    let search = json!({"type": "search_result", "source": "https://x.test", "title": "The title", "content": text});
    let document = json!({"type": "document", "title": "The title", "source": {"type": "content", "content": text}});
    for block in [search, document] {
        let body = json!({"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": [block]}]});
        for to in [OpenaiChat, OpenaiResponses, Ollama] {
            let (sent, _) = write(&read(Anthropic, &body), to, &Caps::default());
            assert!(sent.to_string().contains("The title"), "{sent}");
        }
    }
}

#[test]
fn turns_of_which_nothing_can_be_told_are_no_messages() {
    let body = json!({"model": "m", "input": [
        {"role": "user", "content": "hi"},
        {"type": "local_shell_call", "call_id": "c", "action": {"type": "exec"}},
        {"type": "local_shell_call_output", "call_id": "c", "output": "x"},
        {"role": "user", "content": "go on"},
    ]});
    for to in [Anthropic, OpenaiChat, Gemini, Ollama] {
        let (sent, written) = write(&read(OpenaiResponses, &body), to, &Caps::default());
        let turns = sent.get("messages").or_else(|| sent.get("contents"));
        let turns = turns.and_then(Value::as_array).unwrap();
        assert!(turns.iter().all(|turn| turn["content"] != ""), "{sent}");
        assert!(
            turns.iter().all(|turn| turn["role"] != "assistant"),
            "{sent}"
        );
        assert_eq!(written.losses.len(), 2, "{to:?}");
    }
}

#[test]
fn fields_of_tools_and_of_thinking_are_lost_aloud() {
    let tool = json!({"name": "f", "input_schema": {"type": "object", "properties": {}}, "input_examples": [{}], "defer_loading": true,
        "eager_input_streaming": true, "allowed_callers": ["direct"]});
    let mut other = tool.clone();
    other["allowed_callers"] = json!(["code_execution_20250825"]);
    let messages = json!([{"role": "user", "content": "hi"}]);
    let body =
        json!({"model": "m", "max_tokens": 99, "messages": messages, "tools": [tool, other]});
    for to in [OpenaiChat, OpenaiResponses, Gemini, Ollama] {
        let wanted = [
            "tools[0].input_examples",
            "tools[1].input_examples",
            "tools[1].allowed_callers",
        ];
        assert_eq!(lost(Anthropic, &body, to), wanted, "{to:?}");
    }
    // Those that speak Messages pass over what they do not know, unless they are strict.
    let (sent, written) = write(&read(Anthropic, &body), Anthropic, &Caps::default());
    assert_eq!((&sent["tools"], written.losses.len()), (&body["tools"], 0));

    let thinking = json!({"type": "enabled", "clear_thinking": false});
    let body = json!({"model": "m", "messages": messages, "thinking": thinking});
    assert!(
        lost(OpenaiChat, &body, OpenaiResponses).contains(&"thinking.clear_thinking".to_owned())
    );
    let caps: Caps = serde_json::from_value(json!({"thinking": "type"})).unwrap();
    let (sent, _) = write(&read(OpenaiChat, &body), OpenaiChat, &caps);
    assert_eq!(sent["thinking"], thinking);
}
