//! The same said in a form that servers take as well.

use dialects::{
    Dialect::{self, Anthropic, Gemini, Ollama, OpenaiChat, OpenaiResponses},
    caps::Caps,
};
use serde_json::{Value, json};

use super::{
    provider::{self, CHAT, GOOGLE, Provider, RESPONSES},
    read, write,
};

const NO_FILES: Provider = Provider::new(OpenaiChat, "https://api.deepseek.com", "deepseek-chat");

fn said(content: &Value) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": [content]}]})
}

#[test]
fn one_object_stands_for_a_list_of_it_at_gemini() {
    let part = json!({"text": "x"});
    let turn = |parts: Value| json!({"role": "user", "parts": parts});
    let tools = |functions: Value| json!({"functionDeclarations": functions});
    let function = json!({"name": "f"});
    let alone = json!({
        "systemInstruction": {"parts": part},
        "contents": turn(part.clone()),
        "tools": tools(function.clone()),
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": "f"}},
        "generationConfig": {"stopSequences": "END", "responseModalities": "TEXT"},
        "safetySettings": {"category": "C", "threshold": "T"},
    });
    let listed = json!({
        "systemInstruction": {"parts": [part]},
        "contents": [turn(json!([part]))],
        "tools": [tools(json!([function]))],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"stopSequences": ["END"], "responseModalities": ["TEXT"]},
        "safetySettings": {"category": "C", "threshold": "T"},
    });
    let (alone, listed) = (read(Gemini, &alone), read(Gemini, &listed));
    assert_eq!(alone, listed);
    assert_eq!((alone.turns.len(), alone.tools.len()), (1, 1));
    assert_eq!(alone.stop, ["END"]);
    let embed = |content: &str| {
        let body = format!(r#"{{"content":{{"parts":{content}}}}}"#);
        let codec = Gemini.codec();
        let read = codec.read_embed_request(body.as_bytes(), dialects::PathFacts::default());
        read.unwrap().unwrap()
    };
    assert_eq!(embed(r#"{"text":"a"}"#), embed(r#"[{"text":"a"}]"#));
}

#[test]
fn counts_in_geminis_schemas_are_numbers_elsewhere() {
    let schema = json!({"type": "object", "properties": {
        "minItems": {"type": "string", "minLength": "2", "default": "7"},
        "list": {"type": "array", "items": {"type": "string"}, "maxItems": "3"},
    }});
    let tool = json!({"functionDeclarations": [{"name": "f", "parameters": schema}]});
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}], "tools": [tool]});
    let (sent, _) = write(&read(Gemini, &body), OpenaiChat, &Caps::default());
    let properties = &sent["tools"][0]["function"]["parameters"]["properties"];
    assert_eq!(
        properties,
        &json!({
            "minItems": {"type": "string", "minLength": 2, "default": "7"},
            "list": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        })
    );
}

#[test]
fn an_image_may_be_its_address_and_a_file_bare_base64() {
    let data = "data:image/png;base64,AAAA";
    for url in [data, "https://x.test/a.png"] {
        let object = said(&json!({"type": "image_url", "image_url": {"url": url}}));
        let alone = said(&json!({"type": "image_url", "image_url": url}));
        assert_eq!(read(OpenaiChat, &object), read(OpenaiChat, &alone));
    }
    for (name, file_data, wanted) in [
        (
            json!("a.pdf"),
            "AAAA",
            json!({"type": "base64", "media_type": "application/pdf", "data": "AAAA"}),
        ),
        (
            Value::Null,
            "AAAA",
            json!({"type": "base64", "media_type": "application/pdf", "data": "AAAA"}),
        ),
        (
            json!("a.pdf"),
            "https://x.test/a.pdf",
            json!({"type": "url", "url": "https://x.test/a.pdf"}),
        ),
    ] {
        let caps: Caps = serde_json::from_value(json!({"document_urls": true})).unwrap();
        let file =
            said(&json!({"type": "file", "file": {"filename": name, "file_data": file_data}}));
        let (sent, _) = write(&read(OpenaiChat, &file), Anthropic, &caps);
        assert_eq!(sent["messages"][0]["content"][0]["source"], wanted);
    }
    let picture =
        said(&json!({"type": "file", "file": {"filename": "a.webp", "file_data": "AAAA"}}));
    let (sent, _) = write(&read(OpenaiChat, &picture), Anthropic, &Caps::default());
    let source = &sent["messages"][0]["content"][0]["source"];
    assert_eq!(source["media_type"], "image/webp");
}

#[test]
fn ids_of_openais_files_hold_in_both_of_its_dialects_and_nowhere_else() {
    let chat = said(&json!({"type": "file", "file": {"file_id": "file-1"}}));
    let input = |piece: Value| json!({"input": [{"role": "user", "content": [piece]}]});
    let responses = input(json!({"type": "input_file", "file_id": "file-1"}));
    let image = input(json!({"type": "input_image", "file_id": "file-1"}));
    let (sent, _) = provider::sent(OpenaiChat, &chat, RESPONSES).unwrap();
    assert_eq!(sent["input"][0]["content"][0]["file_id"], "file-1");
    let (sent, _) = provider::sent(OpenaiResponses, &responses, CHAT).unwrap();
    let file = &sent["messages"][0]["content"][0]["file"];
    assert_eq!(file["file_id"], "file-1");
    for (from, body, to) in [
        (OpenaiResponses, &responses, NO_FILES),
        (OpenaiResponses, &image, CHAT),
        (OpenaiChat, &chat, GOOGLE),
    ] {
        assert!(provider::sent(from, body, to).is_err(), "{body} to {to:?}");
    }
}

#[test]
fn a_request_that_only_warms_a_cache_asks_for_the_least_there_is() {
    let body =
        json!({"model": "m", "max_tokens": 0, "messages": [{"role": "user", "content": "hi"}]});
    let field = |to: Dialect| match to {
        OpenaiResponses => "/max_output_tokens",
        Gemini => "/generationConfig/maxOutputTokens",
        Ollama => "/options/num_predict",
        OpenaiChat | Anthropic => "/max_tokens",
    };
    for (to, least, losses) in [
        (OpenaiChat, 1, 1),
        (OpenaiResponses, 16, 1),
        (Gemini, 1, 1),
        (Ollama, 1, 1),
        (Anthropic, 0, 0),
    ] {
        let (sent, written) = write(&read(Anthropic, &body), to, &Caps::default());
        assert_eq!(sent.pointer(field(to)), Some(&json!(least)), "{sent}");
        assert_eq!(written.losses.len(), losses, "{to:?}");
    }
}

#[test]
fn a_schema_beside_json_object_binds() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false});
    let mut body = said(&json!({"type": "text", "text": "x"}));
    body["response_format"] = json!({"type": "json_object", "schema": schema});
    let (sent, _) = write(&read(OpenaiChat, &body), Ollama, &Caps::default());
    assert_eq!(sent["format"], schema);
}
