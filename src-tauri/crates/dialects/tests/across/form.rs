//! Forms of answers and of arguments.

use dialects::Dialect::{Anthropic, Gemini, Ollama, OpenaiChat};
use serde_json::{Value, json};

use super::provider::{CHAT, CLAUDE, GOOGLE, RESPONSES, sent};

fn gemini(config: &Value) -> Value {
    json!({"contents": [{"parts": [{"text": "x"}]}], "generationConfig": config})
}

fn anthropic(schema: &Value) -> Value {
    let format = json!({"type": "json_schema", "schema": schema});
    json!({"max_tokens": 99, "messages": [{"role": "user", "content": "x"}], "output_config": {"format": format}})
}

fn chat(schema: &Value) -> Value {
    let form = json!({"name": "n", "schema": schema, "strict": true});
    json!({"messages": [{"role": "user", "content": "x"}], "response_format": {"type": "json_schema", "json_schema": form}})
}

const LIMITED: &str = r#"{"type":"object","properties":{"age":{"type":"integer","minimum":0,"maximum":130},"name":{"type":"string","minLength":1},"tags":{"type":"array","items":{"type":"string"},"minItems":2}},"required":["age","name","tags"],"additionalProperties":false}"#;

#[test]
fn limits_that_anthropic_refuses_are_told_in_words() {
    let schema: Value = serde_json::from_str(LIMITED).unwrap();
    let (body, lost) = sent(OpenaiChat, &chat(&schema), CLAUDE).unwrap();
    let properties = &body["output_config"]["format"]["schema"]["properties"];
    assert_eq!(
        *properties,
        json!({
            "age": {"type": "integer", "description": "minimum: 0, maximum: 130"},
            "name": {"type": "string", "description": "minLength: 1"},
            "tags": {"type": "array", "items": {"type": "string"}, "description": "minItems: 2"},
        })
    );
    assert_eq!(lost, ["response_format"]);
    // Their own clients know what they say.
    let (body, lost) = sent(Anthropic, &anthropic(&schema), CLAUDE).unwrap();
    assert_eq!(body["output_config"]["format"]["schema"], schema);
    assert!(lost.is_empty());
}

#[test]
fn a_map_is_asked_for_in_words_and_no_empty_object_bound() {
    let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let (body, lost) = sent(OpenaiChat, &chat(&map), CLAUDE).unwrap();
    assert_eq!(body["output_config"], Value::Null);
    let told = body["system"][0]["text"].as_str().unwrap();
    assert!(
        told.contains(r#""additionalProperties":{"type":"string"}"#),
        "{told}"
    );
    assert_eq!(lost, ["response_format"]);
    // OpenAI takes it, as long as the model need not follow it exactly.
    for to in [CHAT, RESPONSES] {
        let (body, lost) = sent(Anthropic, &anthropic(&map), to).unwrap();
        let form = match to.0 {
            OpenaiChat => &body["response_format"]["json_schema"],
            _ => &body["text"]["format"],
        };
        assert_eq!((&form["strict"], &form["schema"]), (&json!(false), &map));
        assert_eq!(lost, ["output_config.format"]);
    }
}

#[test]
fn dialects_without_the_word_hold_the_model_to_their_schema() {
    // PITFALLS 97
    let schema =
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    let closed = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false});
    let config = json!({"responseMimeType": "application/json", "responseJsonSchema": schema});
    let ollama = json!({"messages": [{"role": "user", "content": "x"}], "format": schema});
    for (client, body) in [
        (Anthropic, anthropic(&schema)),
        (Gemini, gemini(&config)),
        (Ollama, ollama),
    ] {
        let (body_out, lost) = sent(client, &body, CHAT).unwrap();
        let form = &body_out["response_format"]["json_schema"];
        assert_eq!((&form["strict"], &form["schema"]), (&json!(true), &closed));
        assert!(lost.is_empty(), "{lost:?}");
        let (body_out, lost) = sent(client, &body, RESPONSES).unwrap();
        let form = &body_out["text"]["format"];
        assert_eq!((&form["strict"], &form["schema"]), (&json!(true), &closed));
        assert!(lost.is_empty(), "{lost:?}");
    }
}

#[test]
fn null_stands_for_what_is_left_out_only_where_strict_mode_was_asked_for() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let (body, lost) = sent(Anthropic, &anthropic(&schema), CHAT).unwrap();
    let form = &body["response_format"]["json_schema"];
    assert_eq!((&form["strict"], &form["schema"]), (&json!(false), &schema));
    assert_eq!(lost, ["output_config.format"]);
    let (body, lost) = sent(OpenaiChat, &chat(&schema), RESPONSES).unwrap();
    let form = &body["text"]["format"];
    assert_eq!(form["strict"], true);
    assert_eq!(
        form["schema"]["properties"]["a"]["type"],
        json!(["string", "null"])
    );
    assert_eq!(lost, ["response_format"]);
}

#[test]
fn an_answer_that_is_no_object_is_asked_for_in_words() {
    let recipes = json!({"type": "ARRAY", "items": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}});
    let config = json!({"responseMimeType": "application/json", "responseSchema": recipes});
    for to in [CHAT, RESPONSES, CLAUDE] {
        let (body, lost) = sent(Gemini, &gemini(&config), to).unwrap();
        for field in ["response_format", "text", "output_config"] {
            assert_eq!(body[field], Value::Null);
        }
        assert!(body.to_string().contains("It must follow this JSON Schema"));
        assert_eq!(lost, ["generationConfig.responseMimeType"]);
    }
}

#[test]
fn one_of_some_words_stays_a_bare_word() {
    let schema = json!({"type": "STRING", "enum": ["Piano", "Drum"]});
    let config = json!({"responseMimeType": "text/x.enum", "responseSchema": schema});
    for to in [CHAT, RESPONSES, CLAUDE] {
        let (body, lost) = sent(Gemini, &gemini(&config), to).unwrap();
        for field in ["response_format", "text", "output_config"] {
            assert_eq!(body[field], Value::Null);
        }
        assert!(
            body.to_string().contains("nothing else:\\nPiano\\nDrum"),
            "{body}"
        );
        assert_eq!(lost, ["generationConfig.responseMimeType"]);
    }
    let (body, lost) = sent(Gemini, &gemini(&config), GOOGLE).unwrap();
    assert_eq!(body["generationConfig"], config);
    assert!(lost.is_empty());
}

#[test]
fn json_is_never_asked_of_openai_without_the_word() {
    let config = json!({"responseMimeType": "application/json"});
    let (body, lost) = sent(Gemini, &gemini(&config), CHAT).unwrap();
    assert_eq!(body["response_format"], json!({"type": "json_object"}));
    let told = &body["messages"][0];
    assert_eq!(told["role"], "system");
    assert!(told["content"].as_str().unwrap().contains("JSON"));
    assert!(lost.is_empty());
    // Instructions do not count there, only items.
    let (body, _) = sent(Gemini, &gemini(&config), RESPONSES).unwrap();
    assert_eq!(body["text"]["format"], json!({"type": "json_object"}));
    assert_eq!(body["instructions"], Value::Null);
    assert_eq!(body["input"][0]["role"], "developer");
    assert!(body["input"][0].to_string().contains("JSON"));
    // Where the client names it, nothing is added.
    let named = json!({"contents": [{"parts": [{"text": "List recipes as Json"}]}], "generationConfig": config});
    let (body, _) = sent(Gemini, &named, CHAT).unwrap();
    assert_eq!(body["messages"].as_array().unwrap().len(), 1);
    let (body, _) = sent(Gemini, &named, RESPONSES).unwrap();
    assert_eq!(body["input"].as_array().unwrap().len(), 1);
}

#[test]
fn strict_tools_are_sent_in_the_words_of_strict_mode_or_not_strictly() {
    let tool = |properties: Value| {
        let required: Vec<_> = properties.as_object().unwrap().keys().cloned().collect();
        let schema = json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false, "$defs": {"R": {"type": "string"}}});
        json!({"max_tokens": 99, "messages": [{"role": "user", "content": "x"}], "tools": [{"name": "f", "strict": true, "input_schema": schema}]})
    };
    let said = json!({"e": {"enum": ["a", "b"]}, "r": {"$ref": "#/$defs/R", "description": "d"}, "d": {"type": "string", "contentEncoding": "x", "$anchor": "y"}});
    let wanted = json!({"e": {"enum": ["a", "b"], "type": "string"}, "r": {"$ref": "#/$defs/R"}, "d": {"type": "string"}});
    for to in [CHAT, RESPONSES] {
        let function = |body: &Value| match to.0 {
            OpenaiChat => body["tools"][0]["function"].clone(),
            _ => body["tools"][0].clone(),
        };
        let (body, lost) = sent(Anthropic, &tool(said.clone()), to).unwrap();
        assert_eq!(function(&body)["strict"], true);
        assert_eq!(function(&body)["parameters"]["properties"], wanted);
        assert!(lost.is_empty(), "{lost:?}");
        for beyond in [
            json!({"any": {"description": "x"}}),
            json!({"l": {"type": "array"}}),
        ] {
            let (body, lost) = sent(Anthropic, &tool(beyond.clone()), to).unwrap();
            assert_eq!(function(&body)["strict"], false);
            assert_eq!(function(&body)["parameters"]["properties"], beyond);
            assert_eq!(lost, ["tools[0].strict"]);
        }
        let (_, lost) = sent(
            Anthropic,
            &tool(json!({"s": {"type": "string", "minLength": 1}})),
            to,
        )
        .unwrap();
        assert_eq!(lost, ["tools[0].input_schema"]);
    }
    let limited: Value = serde_json::from_str(LIMITED).unwrap();
    let function = json!({"name": "f", "strict": true, "parameters": limited});
    let asked = json!({"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", "function": function}]});
    let (body, lost) = sent(OpenaiChat, &asked, CLAUDE).unwrap();
    assert_eq!(body["tools"][0]["strict"], true);
    assert!(!body["tools"].to_string().contains("\"minimum\""));
    assert_eq!(lost, ["tools[0].function.parameters"]);
}
