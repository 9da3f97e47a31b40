//! Facts about names and types of fields.

use super::*;

#[test]
fn names_that_the_api_does_not_have_are_refused_with_their_place() {
    let unknown = |name: &str, at: &str| {
        format!("Invalid JSON payload received. Unknown name \"{name}\"{at}: Cannot find field.")
    };
    let cases = [
        (with(&json!({"messages": []})), unknown("messages", "")),
        (with(&json!({"stream": true})), unknown("stream", "")),
        (with(&json!({"max_tokens": 5})), unknown("max_tokens", "")),
        (
            with(&json!({"tool_choice": "auto"})),
            unknown("tool_choice", ""),
        ),
        (
            config(&json!({"max_tokens": 5})),
            unknown("max_tokens", " at 'generation_config'"),
        ),
        (
            json!({"contents": [{"role": "user", "content": "hi", "parts": [{"text": "x"}]}]}),
            unknown("content", " at 'contents[0]'"),
        ),
        (
            json!({"contents": [{"role": "user", "parts": [{"text": "x"}, {"text": "y", "type": "text"}]}]}),
            unknown("type", " at 'contents[0].parts[1]'"),
        ),
        (
            json!({"contents": [{"role": "user", "parts": [{"text": "x", "cache_control": {}}]}]}),
            unknown("cache_control", " at 'contents[0].parts[0]'"),
        ),
        // PITFALLS 73: the signature stands beside the call, not within.
        (
            called(
                &json!([{"functionCall": {"name": "f", "thoughtSignature": "AAAA"}}]),
                &json!([response("f")]),
            ),
            unknown(
                "thoughtSignature",
                " at 'contents[1].parts[0].function_call'",
            ),
        ),
    ];
    for (request, words) in cases {
        refused(FLASH_3, &request, &words);
    }
}

#[test]
fn a_model_in_the_body_is_that_of_the_path() {
    accepted(FLASH_3, &with(&json!({"model": "models/gemini-3.8-flash"})));
    let other = with(&json!({"model": "claude-x"}));
    refused(
        FLASH_3,
        &other,
        "GenerateContentRequest.model: must be 'models/gemini-3.8-flash'",
    );
}

#[test]
fn all_violations_are_told_at_once() {
    let refusal = asked(FLASH_3, &with(&json!({"a": 1, "b": 2}))).expect_err("refused");
    assert_eq!(refusal.message.lines().count(), 2);
}

#[test]
fn a_value_of_the_wrong_type_is_named() {
    let cases = [
        (
            json!({"contents": "hi"}),
            "Invalid value at 'contents[0]' (type.googleapis.com/google.ai.generativelanguage.v1beta.Content), \"hi\"",
        ),
        (
            json!({"contents": [{"parts": [{"text": 3}]}]}),
            "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 3",
        ),
        (
            json!({"contents": [{"parts": [{"text": ["x"]}]}]}),
            "Proto field is not repeating, cannot start list.",
        ),
        (
            json!({"contents": [{"parts": [{"text": "x", "inlineData": {}}]}]}),
            "oneof field 'data' is already set. Cannot set 'inlineData'",
        ),
        (
            json!({"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "data:image/png;base64,AAAA"}}]}]}),
            "(TYPE_BYTES), Base64 decoding failed",
        ),
        (
            config(&json!({"maxOutputTokens": "many"})),
            "'generation_config.max_output_tokens' (TYPE_INT32)",
        ),
        (
            config(&json!({"thinkingConfig": {"thinkingLevel": "extreme"}})),
            "ThinkingConfig.ThinkingLevel",
        ),
        (
            with(&json!({"systemInstruction": "be brief"})),
            "'system_instruction'",
        ),
        // DIALECTS 5.3: responses and arguments are objects.
        (
            called(
                &json!([{"functionCall": {"name": "f", "args": "{}"}}]),
                &json!([response("f")]),
            ),
            "function_call.args' (type.googleapis.com/google.protobuf.Struct)",
        ),
        (
            called(
                &json!([call("f")]),
                &json!([{"functionResponse": {"name": "f", "response": "ok"}}]),
            ),
            "function_response.response' (type.googleapis.com/google.protobuf.Struct)",
        ),
    ];
    for (request, words) in cases {
        refused(FLASH_3, &request, words);
    }
}

#[test]
fn both_spellings_of_names_and_single_values_of_lists_are_taken() {
    let request = json!({
        "contents": {"parts": {"text": "hi"}},
        "system_instruction": {"parts": {"text": "be brief"}},
        "generation_config": {"max_output_tokens": "7", "response_mime_type": "application/json", "stop_sequences": "x",
            "thinking_config": {"include_thoughts": true, "thinking_level": "low"}},
        "tools": {"function_declarations": {"name": "f", "parameters_json_schema": {"type": "object"}}},
    });
    let ask = accepted(FLASH_3, &request);
    assert_eq!(
        (ask.user_text.as_str(), ask.max_tokens, ask.thinking),
        ("hi", Some(7), true)
    );
    assert_eq!(ask.tools[0].name, "f");
}
