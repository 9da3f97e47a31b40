//! Facts about which requests are refused, and what is read from the others.

use http::StatusCode;

use super::*;
use crate::seal;

fn asked(request: &Value) -> Result<Ask, Refusal> {
    read(&Bytes::from(request.to_string()), false)
}

/// A good request with these fields set.
fn with(change: &Value) -> Value {
    let mut request = json!({"model": "gpt-4.1", "input": "hi"});
    for (name, value) in change.as_object().expect("object") {
        request[name] = value.clone();
    }
    request
}

#[track_caller]
fn refused(change: &Value, param: &str, word: &str) {
    let Err(refusal) = asked(&with(change)) else {
        panic!("accepted: {change}")
    };
    assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
    let message = &refusal.message;
    assert_eq!(refusal.param.as_deref(), Some(param), "{change}: {message}");
    assert!(message.contains(word), "{change}: {message}");
}

#[track_caller]
fn accepted(change: &Value) -> Ask {
    asked(&with(change)).unwrap_or_else(|refusal| panic!("{change}: {}", refusal.message))
}

fn function(name: &str) -> Value {
    json!({"type": "function", "name": name, "strict": false, "parameters": {"type": "object", "properties": {}}})
}

// PITFALLS 104
#[test]
fn fields_of_other_dialects_are_refused() {
    for name in [
        "stop",
        "seed",
        "n",
        "messages",
        "max_tokens",
        "max_completion_tokens",
        "frequency_penalty",
        "presence_penalty",
        "logit_bias",
        "logprobs",
        "response_format",
        "reasoning_effort",
        "verbosity",
        "functions",
        "system",
        "cache_control",
        "thinking",
        "top_k",
        "stop_sequences",
        "generationConfig",
        "think",
    ] {
        refused(&json!({name: 1}), name, "Unknown parameter");
    }
    accepted(&json!({"x_odd": 1}));
}

#[test]
fn values_out_of_range_or_of_the_wrong_type_are_refused() {
    let cases = [
        (json!({"model": null}), "model"),
        (json!({"input": {"role": "user"}}), "input"),
        (json!({"max_output_tokens": 15}), "max_output_tokens"),
        (json!({"temperature": 3}), "temperature"),
        (json!({"model": "gpt-5", "temperature": 0.2}), "temperature"), // PITFALLS 90
        (json!({"model": "o3", "top_p": 0.2}), "top_p"),
        (
            json!({"reasoning": {"effort": "ultra"}}),
            "reasoning.effort",
        ),
        (
            json!({"reasoning": {"summary": "full"}}),
            "reasoning.summary",
        ),
        (
            json!({"reasoning": {"budget_tokens": 5}}),
            "reasoning.budget_tokens",
        ),
        (json!({"include": ["usage"]}), "include[0]"),
        (
            json!({"stream_options": {"include_usage": true}}),
            "stream_options.include_usage",
        ),
        (json!({"truncation": "middle"}), "truncation"),
        (
            json!({"context_management": {"edits": []}}),
            "context_management",
        ),
        (
            json!({"previous_response_id": "resp_1"}),
            "previous_response_id",
        ),
        (json!({"conversation": "conv_1"}), "conversation"),
        (json!({"prompt": {"id": "pmpt_1"}}), "prompt"),
        (json!({"background": true}), "background"),
        (
            json!({"text": {"format": {"type": "json_schema", "json_schema": {"name": "a"}}}}),
            "text.format.json_schema",
        ),
        (
            json!({"text": {"format": {"type": "json_schema", "name": "a"}}}),
            "text.format.schema",
        ),
        (
            json!({"text": {"format": {"type": "json_object"}}}),
            "input",
        ),
    ];
    for (change, param) in cases {
        refused(&change, param, "");
    }
    accepted(
        &json!({"instructions": "answer in JSON", "text": {"format": {"type": "json_object"}}}),
    );
    accepted(
        &json!({"include": ["reasoning.encrypted_content"], "store": false, "truncation": "auto"}),
    );
}

// PITFALLS 81, 93
#[test]
fn tools_are_flat_and_known_and_chosen_from_those_offered() {
    let one = |tool: Value| json!({"tools": [tool]});
    let cases = [
        (
            one(json!({"type": "function", "function": {"name": "a"}})),
            "tools[0].function",
        ),
        (
            one(json!({"name": "a", "input_schema": {}})),
            "tools[0].type",
        ),
        (one(json!({"type": null, "name": "a"})), "tools[0].type"),
        (
            one(json!({"type": "bash_20250124", "name": "bash"})),
            "tools[0].type",
        ),
        (
            one(json!({"type": "function", "name": "a", "strict": false})),
            "tools[0].parameters",
        ),
        (
            one(json!({"type": "function", "name": "a", "strict": false, "parameters": {}})),
            "tools[0].parameters",
        ),
        (
            one(
                json!({"type": "function", "name": "a", "strict": true, "parameters": {"type": "object", "properties": {}}}),
            ),
            "tools[0].parameters",
        ),
        (
            one(json!({"type": "function", "name": "", "parameters": null})),
            "tools[0].name",
        ),
        (
            one(json!({"type": "function", "name": "a b", "parameters": null})),
            "tools[0].name",
        ),
        (
            one(json!({"type": "function", "name": "a".repeat(65), "parameters": null})),
            "tools[0].name",
        ),
        (
            one(json!({"type": "function", "name": "a", "parameters": null, "cache_control": {}})),
            "tools[0].cache_control",
        ),
        (
            one(
                json!({"type": "custom", "name": "a", "format": {"type": "grammar", "grammar": {}}}),
            ),
            "tools[0].format.grammar",
        ),
        (
            one(json!({"type": "web_search", "max_uses": 3})),
            "tools[0].max_uses",
        ),
        (
            one(
                json!({"type": "namespace", "name": "n", "description": "d", "tools": [{"type": "web_search"}]}),
            ),
            "tools[0].tools[0].type",
        ),
    ];
    for (change, param) in cases {
        refused(&change, param, "");
    }
}

#[test]
fn a_choice_is_one_of_the_tools_offered() {
    let cases = [
        (json!({"tools": [function("a"), function("a")]}), "tools"),
        (json!({"tool_choice": "required"}), "tool_choice"),
        (
            json!({"tool_choice": {"type": "function", "name": "a"}}),
            "tool_choice",
        ),
        (
            json!({"tools": [function("a")], "tool_choice": {"type": "function", "name": "b"}}),
            "tool_choice",
        ),
        (
            json!({"tools": [function("a")], "tool_choice": {"type": "function", "function": {"name": "a"}}}),
            "tool_choice.function",
        ),
        (
            json!({"tools": [function("a")], "tool_choice": "any"}),
            "tool_choice",
        ),
    ];
    for (change, param) in cases {
        refused(&change, param, "");
    }
    let ask = accepted(
        &json!({"tools": [function("a"), {"type": "web_search"}, {"type": "local_shell"},
        {"type": "function", "name": "b", "parameters": null, "strict": null},
        {"type": "custom", "name": "apply_patch", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}}]}),
    );
    let names: Vec<&str> = ask.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "apply_patch"]);
    assert!(
        accepted(&json!({"tools": [], "tool_choice": "auto", "parallel_tool_calls": true}))
            .tools
            .is_empty()
    );
}

#[test]
fn items_bring_tools_along_as_codex_does() {
    let ask = accepted(
        &json!({"client_metadata": {"a": "b"}, "tool_choice": {"type": "function", "name": "b"}, "input": [
        {"type": "additional_tools", "id": "at_1", "role": "developer", "tools": [function("a"),
            {"type": "namespace", "name": "n", "description": "d", "tools": [function("b")]}]},
        {"role": "user", "content": "go"}]}),
    );
    assert_eq!(ask.tools.len(), 1);
    assert_eq!(ask.notes["namespaces"], json!({"b": "n"}));
    refused(
        &json!({"input": [{"type": "additional_tools", "role": "developer", "tools": [{"type": "bash"}]}]}),
        "input[0].tools[0].type",
        "",
    );
}

// PITFALLS 96
#[test]
fn a_function_that_does_not_say_strict_gets_every_property_required() {
    let tool = json!({"type": "function", "name": "a", "parameters": {"type": "object",
        "properties": {"must": {"type": "string"}, "may": {"type": "string"}}, "required": ["must"]}});
    let ask = accepted(&json!({"tools": [tool]}));
    assert_eq!(ask.tools[0].schema["required"], json!(["must", "may"]));
    assert_eq!(ask.notes["repeated"]["tools"][0]["strict"], true);
    let mut loose = tool;
    loose["strict"] = json!(false);
    let ask = accepted(&json!({"tools": [loose]}));
    assert_eq!(ask.tools[0].schema["required"], json!(["must"]));
}

fn user() -> Value {
    json!({"role": "user", "content": "go"})
}

fn call(id: &str) -> Value {
    json!({"type": "function_call", "call_id": id, "name": "a", "arguments": "{}"})
}

fn output(id: &str) -> Value {
    json!({"type": "function_call_output", "call_id": id, "output": format!("out {id}")})
}

#[test]
fn calls_and_outputs_come_in_pairs() {
    let input = |items: Value| json!({ "input": items });
    let both = accepted(&input(json!([
        user(),
        call("1"),
        call("2"),
        output("2"),
        output("1")
    ])));
    assert_eq!(both.tool_results, ["out 2", "out 1"]);
    let cases = [
        (json!([user(), call("1")]), "input", "No tool output found"),
        (json!([user(), output("1")]), "input", "No tool call found"),
        (
            json!([user(), output("1"), call("1")]),
            "input",
            "No tool call found",
        ),
        (
            json!([user(), call("1"), output("1"), output("1")]),
            "input",
            "No tool call found",
        ),
        (
            json!([user(), call("1"), output("1"), call("1"), output("1")]),
            "input[3].call_id",
            "Duplicate",
        ), // PITFALLS 83
        (
            json!([user(), {"type": "custom_tool_call", "call_id": "1", "name": "a", "input": "x"}, output("1")]),
            "input",
            "No tool call found",
        ),
    ];
    for (items, param, word) in cases {
        refused(&input(items), param, word);
    }
    accepted(&input(
        json!([user(), {"type": "custom_tool_call", "call_id": "1", "name": "a", "input": "x"},
        {"type": "custom_tool_call_output", "call_id": "1", "output": [{"type": "input_text", "text": "done"}]}]),
    ));
}

// PITFALLS 108, 109
#[test]
fn reasoning_comes_back_sealed_and_before_what_it_led_to() {
    let reasoning = |sealed: Value| json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed});
    let good = reasoning(json!(seal::seal("hm")));
    let said = json!({"role": "assistant", "content": "gone"});
    accepted(&json!({"store": false, "input": [user(), good, said, user()]}));
    accepted(&json!({"store": false, "input": [user(), good, call("1"), output("1")]}));
    let mut codex = good.clone();
    codex.as_object_mut().expect("object").remove("id");
    codex["content"] = Value::Null;
    accepted(&json!({"store": false, "input": [user(), codex, call("1"), output("1")]}));
    let input = |items: Value| json!({"store": false, "input": items});
    let mut bare = good.clone();
    bare.as_object_mut()
        .expect("object")
        .remove("encrypted_content");
    let cases = [
        (
            json!([user(), reasoning(json!(null)), said]),
            "input",
            "store",
        ),
        (json!([user(), bare, said]), "input", "store"),
        (
            json!([user(), {"type": "item_reference", "id": "rs_1"}, said]),
            "input",
            "store",
        ),
        (
            json!([user(), reasoning(json!("gAAAAABoforeign")), said]),
            "input[1].encrypted_content",
            "could not be verified",
        ),
        (
            json!([user(), reasoning(json!("EqQBCgIYAhIM")), said]),
            "input[1].encrypted_content",
            "could not be verified",
        ),
        (
            json!([user(), good]),
            "input",
            "without its required following item",
        ),
        (
            json!([user(), good, user()]),
            "input",
            "without its required following item",
        ),
        (
            json!([user(), said, good, user()]),
            "input",
            "without its required following item",
        ),
    ];
    for (items, param, word) in cases {
        refused(&input(items), param, word);
    }
    let mut thinking = good.clone();
    thinking["id"] = json!("msg_1");
    refused(
        &input(json!([user(), thinking, said])),
        "input[1].id",
        "begins with 'rs'",
    );
}

#[test]
fn items_have_the_shape_of_their_kind() {
    let one = |item: Value| json!({"input": [item]});
    let part = |part: Value| one(json!({"role": "user", "content": [part]}));
    let mut object = call("1");
    object["arguments"] = json!({});
    let mut foreign = call("1");
    foreign["id"] = json!("toolu_1");
    let cases = [
        (one(json!({"type": "tool_use", "id": "1"})), "input[0].type"),
        (
            one(json!({"role": "tool", "content": "a"})),
            "input[0].role",
        ),
        (one(json!({"role": "user"})), "input[0].content"),
        (
            one(json!({"role": "user", "content": "a", "cache_control": {}})),
            "input[0].cache_control",
        ),
        (
            one(json!({"role": "user", "content": "a", "phase": "commentary"})),
            "input[0].phase",
        ),
        (
            one(json!({"role": "assistant", "content": "a", "tool_calls": []})),
            "input[0].tool_calls",
        ),
        (
            one(json!({"role": "assistant", "content": [{"type": "input_text", "text": "a"}]})),
            "input[0].content[0].type",
        ),
        (
            one(json!({"role": "assistant", "content": "a", "id": "1"})),
            "input[0].id",
        ),
        (one(object), "input[0].arguments"),
        (one(foreign), "input[0].id"),
        (
            one(
                json!({"type": "function_call_output", "call_id": "1", "output": [{"type": "text", "text": "a"}]}),
            ),
            "input[0].output[0].type",
        ),
        (
            one(json!({"type": "function_call_output", "call_id": "1"})),
            "input[0].output",
        ),
        (
            one(json!({"type": "function_call_output", "call_id": "1", "output": {}})),
            "input[0].output",
        ),
        (
            part(json!({"type": "text", "text": "a"})),
            "input[0].content[0].type",
        ),
        (
            part(json!({"type": "image_url", "image_url": {"url": "https://a.example"}})),
            "input[0].content[0].type",
        ),
        (
            part(json!({"type": "input_image", "image_url": {"url": "https://a.example"}})),
            "input[0].content[0].image_url",
        ),
        (
            part(json!({"type": "input_image", "image_url": "data:image/bmp;base64,AAAA"})),
            "input[0].content[0].image_url",
        ),
        (
            part(json!({"type": "input_image", "file_id": "file_1"})),
            "input[0].content[0].file_id",
        ),
        (part(json!({"type": "input_image"})), "input[0].content[0]"),
        (
            part(json!({"type": "input_file", "file_data": "AAAA", "filename": "a.pdf"})),
            "input[0].content[0].file_data",
        ),
    ];
    for (change, param) in cases {
        refused(&change, param, "");
    }
}

#[test]
fn what_comes_along_is_counted_in_messages_and_outputs() {
    let picture =
        json!({"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"});
    let file = json!({"type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"});
    let mut seen = output("1");
    seen["output"] = json!([{"type": "input_text", "text": "look"}, picture]);
    let ask = accepted(
        &json!({"input": [{"role": "user", "content": [picture, file]}, call("1"), seen]}),
    );
    assert_eq!((ask.media.images, ask.media.files), (2, 1));
    assert_eq!(ask.tool_results, ["look"]);
    assert!(ask.continued);
}

#[test]
fn counting_takes_what_counting_takes() {
    let count = |value: Value| read(&Bytes::from(value.to_string()), true).map(|ask| ask.tokens);
    assert!(count(json!({"model": "m", "input": "hello"})).is_ok_and(|tokens| tokens > 0));
    assert!(
        count(json!({"input": "hello", "instructions": "x", "tools": [function("a")]})).is_ok()
    );
    assert!(count(json!({"input": "hello", "max_output_tokens": 16})).is_err());
}
