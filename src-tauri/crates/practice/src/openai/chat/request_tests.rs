//! Facts about which requests are refused, and what is read from the others.

use http::StatusCode;

use super::*;

fn good() -> Value {
    json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}]})
}

fn asked(request: &Value) -> Result<Ask, Refusal> {
    read(&Bytes::from(request.to_string()))
}

/// The request with these fields set; `null` in `change` is set as `null`.
fn with(change: &Value) -> Value {
    let mut request = good();
    for (name, value) in change.as_object().expect("object") {
        request[name] = value.clone();
    }
    request
}

#[track_caller]
fn refused(change: &Value, param: &str) {
    let Err(refusal) = asked(&with(change)) else {
        panic!("accepted: {change}")
    };
    assert_eq!(refusal.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        refusal.param.as_deref(),
        Some(param),
        "{change}: {}",
        refusal.message
    );
}

#[track_caller]
fn accepted(change: &Value) -> Ask {
    asked(&with(change)).unwrap_or_else(|refusal| panic!("{change}: {}", refusal.message))
}

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}})
}

// PITFALLS 103, 104
#[test]
fn fields_of_other_dialects_are_refused() {
    let cases = [
        (json!({"max_output_tokens": 5}), "max_output_tokens"),
        (json!({"system": "be kind"}), "system"),
        (
            json!({"cache_control": {"type": "ephemeral"}}),
            "cache_control",
        ),
        (json!({"stop_sequences": ["x"]}), "stop_sequences"),
        (json!({"top_k": 3}), "top_k"),
        (json!({"thinking": {"type": "enabled"}}), "thinking"),
        (json!({"input": "hi"}), "input"),
        (json!({"context_management": {}}), "context_management"),
        (json!({"output_config": {}}), "output_config"),
        (json!({"contents": []}), "contents"),
        (json!({"options": {"num_ctx": 1}}), "options"),
        (json!({"format": "json"}), "format"),
        (json!({"think": true}), "think"),
        (json!({"reasoning": {"effort": "low"}}), "reasoning"),
        (json!({"instructions": "x"}), "instructions"),
        (
            json!({"messages": [{"role": "user", "content": [
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]}]}),
            "messages[0].content[0].cache_control",
        ),
        (
            json!({"messages": [{"role": "user", "content": "a", "cache_control": {}}]}),
            "messages[0].cache_control",
        ),
        (
            json!({"tools": [{"name": "a", "input_schema": {"type": "object"}}]}),
            "tools[0].type",
        ),
        (
            json!({"tools": [{"type": "function", "name": "a", "parameters": {}}]}),
            "tools[0].name",
        ),
        (json!({"tools": [{"type": "web_search"}]}), "tools[0].type"),
        (
            json!({"tools": [{"type": "namespace", "name": "a"}]}),
            "tools[0].type",
        ), // PITFALLS 94
        (
            json!({"stream": true, "stream_options": {"usage": true}}),
            "stream_options.usage",
        ),
    ];
    for (change, param) in cases {
        refused(&change, param);
    }
    accepted(&json!({"x_odd": {"b": 1.0}}));
}

#[test]
fn values_out_of_range_or_of_the_wrong_type_are_refused() {
    let cases = [
        (json!({"model": ""}), "model"),
        (json!({"messages": []}), "messages"),
        (json!({"messages": "hi"}), "messages"),
        (json!({"temperature": 2.1}), "temperature"),
        (json!({"temperature": "1"}), "temperature"),
        (json!({"top_p": -0.1}), "top_p"),
        (json!({"n": 0}), "n"),
        (json!({"n": 2}), "n"),
        (json!({"max_tokens": 0}), "max_tokens"),
        (
            json!({"max_tokens": 5, "max_completion_tokens": 5}),
            "max_tokens",
        ),
        (json!({"stop": ["a", "b", "c", "d", "e"]}), "stop"),
        (json!({"stop": [1]}), "stop"),
        (json!({"stop": {"a": 1}}), "stop"),
        (json!({"reasoning_effort": "ultra"}), "reasoning_effort"),
        (json!({"service_tier": "standard_only"}), "service_tier"),
        (json!({"stream": "yes"}), "stream"),
        (
            json!({"stream_options": {"include_usage": true}}),
            "stream_options",
        ),
        (json!({"top_logprobs": 3}), "top_logprobs"),
        (
            json!({"logprobs": true, "top_logprobs": 21}),
            "top_logprobs",
        ),
        (json!({"modalities": ["text", "audio"]}), "modalities"),
        (json!({"metadata": {"a": 1}}), "metadata.a"),
        (json!({"tools": null}), "tools"),
        (
            json!({"response_format": {"type": "json"}}),
            "response_format.type",
        ),
        (
            json!({"response_format": {"type": "json_object"}}),
            "messages",
        ),
        (
            json!({"response_format": {"type": "json_schema", "name": "a", "schema": {}}}),
            "response_format.name",
        ),
        (
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "a b", "schema": {}}}}),
            "response_format.json_schema.name",
        ),
        (
            json!({"response_format": {"type": "json_schema",
            "json_schema": {"name": "a", "strict": true, "schema": {"type": "object", "properties": {}}}}}),
            "response_format",
        ),
    ];
    for (change, param) in cases {
        refused(&change, param);
    }
    accepted(
        &json!({"temperature": null, "stop": null, "n": 1, "stop": ["a", "b", "c", "d"], "seed": -3}),
    );
}

// PITFALLS 90
#[test]
fn reasoning_models_refuse_the_older_fields() {
    for model in [
        "o1",
        "o3-mini",
        "o4-mini",
        "gpt-5",
        "gpt-5.6-mini",
        "openai/gpt-5",
    ] {
        refused(&json!({"model": model, "max_tokens": 5}), "max_tokens");
        refused(&json!({"model": model, "temperature": 0.5}), "temperature");
        refused(&json!({"model": model, "top_p": 0.5}), "top_p");
        refused(&json!({"model": model, "logprobs": true}), "logprobs");
        accepted(&json!({"model": model, "max_completion_tokens": 5, "temperature": 1}));
        accepted(&json!({"model": model, "temperature": 0.5, "reasoning_effort": "none"}));
    }
    refused(&json!({"model": "o3", "stop": "x"}), "stop");
    for model in ["gpt-4.1", "practice-opus", "openrouter/x", "ollama"] {
        accepted(&json!({"model": model, "max_tokens": 5, "temperature": 0.5}));
    }
}

// PITFALLS 81, 93
#[test]
fn tools_have_a_name_a_schema_and_a_choice_that_fits_them() {
    let function = |function: Value| json!({"tools": [{"type": "function", "function": function}]});
    let long = "a".repeat(65);
    let cases = [
        (function(json!({"name": ""})), "tools[0].function.name"),
        (function(json!({"name": "a.b"})), "tools[0].function.name"),
        (function(json!({"name": long})), "tools[0].function.name"),
        (
            function(json!({"parameters": {}})),
            "tools[0].function.name",
        ),
        (
            function(json!({"name": "a", "parameters": {}})),
            "tools[0].function.parameters",
        ),
        (
            function(json!({"name": "a", "parameters": {"type": "custom"}})),
            "tools[0].function.parameters",
        ),
        (
            function(json!({"name": "a", "parameters": null})),
            "tools[0].function.parameters",
        ),
        (
            function(json!({"name": "a", "input_schema": {}})),
            "tools[0].function.input_schema",
        ),
        (json!({"tools": []}), "tools"),
        (json!({"tools": [tool("a"), tool("a")]}), "tools"),
        (json!({"tool_choice": "auto"}), "tool_choice"),
        (json!({"parallel_tool_calls": false}), "parallel_tool_calls"),
        (
            json!({"tools": [tool("a")], "tool_choice": "any"}),
            "tool_choice",
        ),
        (
            json!({"tools": [tool("a")], "tool_choice": {"type": "auto"}}),
            "tool_choice.type",
        ),
        (
            json!({"tools": [tool("a")], "tool_choice": {"type": "function", "name": "a"}}),
            "tool_choice.name",
        ),
        (
            json!({"tools": [tool("a")], "tool_choice": {"type": "function", "function": {"name": "b"}}}),
            "tool_choice",
        ),
        (
            json!({"tools": [{"type": "custom", "custom": {"name": "a", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}}}]}),
            "tools[0].custom.format.syntax",
        ),
    ];
    for (change, param) in cases {
        refused(&change, param);
    }
    let ask = accepted(&json!({"tools": [tool("a"), tool("b"),
        {"type": "custom", "custom": {"name": "c", "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}}}}]}));
    assert_eq!(
        ask.tools
            .iter()
            .map(|tool| tool.name.as_str())
            .collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
    assert_eq!(ask.tools[2].schema, json!({"type": "string"}));
    let named = json!({"type": "function", "function": {"name": "b"}});
    let ask = accepted(
        &json!({"tools": [tool("a"), tool("b")], "tool_choice": named, "parallel_tool_calls": false}),
    );
    assert_eq!(
        (ask.tools.len(), ask.tools[0].name.as_str(), ask.one_call),
        (1, "b", true)
    );
    assert!(
        accepted(&json!({"tools": [tool("a")], "tool_choice": "none"}))
            .tools
            .is_empty()
    );
}

fn call(id: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": "a", "arguments": "{}"}})
}

// PITFALLS 71, 83
#[test]
fn each_call_has_its_result_right_behind_it() {
    let user = json!({"role": "user", "content": "go"});
    let calls = |ids: &[&str]| {
        let calls: Vec<Value> = ids.iter().map(|id| call(id)).collect();
        json!({"role": "assistant", "content": null, "tool_calls": calls})
    };
    let result =
        |id: &str| json!({"role": "tool", "tool_call_id": id, "content": format!("out {id}")});
    let both = accepted(&json!({"messages": [user, calls(&["1", "2"]), result("2"), result("1")]}));
    assert_eq!(both.tool_results, ["out 2", "out 1"]);
    let role = |at: usize| format!("messages.[{at}].role");
    let cases = [
        (json!([user, result("1")]), role(1)),
        (json!([user, calls(&["1"]), result("2")]), role(2)),
        (
            json!([user, calls(&["1"]), result("1"), result("1")]),
            role(3),
        ),
        (json!([user, calls(&["1", "2"]), result("1")]), role(3)),
        (json!([user, calls(&["1"]), user]), role(2)),
        (
            json!([user, calls(&["1", "2"]), result("1"), user, result("2")]),
            role(3),
        ),
        (
            json!([user, calls(&["1", "1"]), result("1")]),
            "messages[1].tool_calls".to_owned(),
        ),
        (
            json!([user, calls(&[])]),
            "messages[1].tool_calls".to_owned(),
        ),
        (
            json!([user, calls(&[""]), result("")]),
            "messages[1].tool_calls[0].id".to_owned(),
        ),
    ];
    for (messages, param) in cases {
        refused(&json!({ "messages": messages }), &param);
    }
}

#[test]
fn messages_have_the_shape_of_their_role() {
    let one = |message: Value| json!({"messages": [message]});
    let mut object = call("1");
    object["function"]["arguments"] = json!({});
    let cases = [
        (one(json!("hi")), "messages[0]"),
        (one(json!({"content": "a"})), "messages[0].role"),
        (
            one(json!({"role": "model", "content": "a"})),
            "messages[0].role",
        ),
        (one(json!({"role": "user"})), "messages[0].content"),
        (
            one(json!({"role": "user", "content": null})),
            "messages[0].content",
        ),
        (
            one(json!({"role": "user", "content": []})),
            "messages[0].content",
        ),
        (one(json!({"role": "assistant"})), "messages[0].content"),
        (
            one(json!({"role": "assistant", "content": null})),
            "messages[0].content",
        ),
        (
            one(json!({"role": "assistant", "content": [{"type": "thinking", "thinking": "a"}]})),
            "messages[0].content[0].type",
        ),
        (
            one(json!({"role": "assistant", "content": [{"type": "tool_use", "id": "1"}]})),
            "messages[0].content[0].type",
        ),
        (
            one(json!({"role": "assistant", "tool_calls": [object]})),
            "messages[0].tool_calls[0].function.arguments",
        ),
        (
            one(
                json!({"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "a", "arguments": ""}}]}),
            ),
            "messages[0].tool_calls[0].type",
        ),
        (
            one(
                json!({"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://a.example"}}]}),
            ),
            "messages[0].content[0].type",
        ),
        (one(json!({"role": "developer"})), "messages[0].content"),
        (
            one(json!({"role": "tool", "content": "a"})),
            "messages[0].tool_call_id",
        ),
    ];
    for (change, param) in cases {
        refused(&change, param);
    }
}

#[test]
fn parts_have_the_shape_of_their_type() {
    let part = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    let image = |url: &str| part(json!({"type": "image_url", "image_url": {"url": url}}));
    let cases = [
        (
            part(json!({"type": "image", "source": {}})),
            "messages[0].content[0].type",
        ),
        (
            part(json!({"type": "input_text", "text": "a"})),
            "messages[0].content[0].type",
        ),
        (
            part(json!({"type": "image_url", "image_url": "https://a.example"})),
            "messages[0].content[0].image_url",
        ),
        (image("a.png"), "messages[0].content[0].image_url.url"),
        (
            image("data:image/tiff;base64,AAAA"),
            "messages[0].content[0].image_url.url",
        ),
        (
            image("data:application/pdf;base64,AAAA"),
            "messages[0].content[0].image_url.url",
        ), // PITFALLS 86
        (
            image("data:image/png;base64,?"),
            "messages[0].content[0].image_url.url",
        ),
        (
            part(json!({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "ogg"}})),
            "messages[0].content[0].input_audio.format",
        ),
        (
            part(json!({"type": "file", "file": {"file_data": "AAAA", "filename": "a.pdf"}})),
            "messages[0].content[0].file.file_data",
        ),
        (
            part(
                json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}}),
            ),
            "messages[0].content[0].file.filename",
        ),
        (
            part(json!({"type": "file", "file": {"file_id": "file-1"}})),
            "messages[0].content[0].file.file_id",
        ),
    ];
    for (change, param) in cases {
        refused(&change, param);
    }
    // PITFALLS 85: a picture has no place in a tool result.
    let picture = json!({"messages": [{"role": "user", "content": "go"},
        {"role": "assistant", "tool_calls": [call("1")]},
        {"role": "tool", "tool_call_id": "1", "content": [{"type": "image_url", "image_url": {"url": "https://a.example"}}]}]});
    refused(&picture, "messages[2].content[0].type");
}

#[test]
fn what_comes_along_is_counted_and_its_bytes_cost_nothing() {
    let big = "AAAA".repeat(100_000);
    let ask = accepted(&json!({"messages": [{"role": "user", "content": [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{big}")}},
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png", "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"}},
    ]}]}));
    assert_eq!(
        (ask.media.images, ask.media.audio, ask.media.files),
        (2, 1, 1)
    );
    assert!(ask.tokens < 5_000, "{}", ask.tokens);
    assert_eq!(ask.user_text, "look");
}

#[test]
fn old_functions_and_reasoning_that_comes_back_are_taken() {
    let function = json!({"name": "a", "parameters": {"type": "object", "properties": {}}});
    let ask = accepted(
        &json!({"functions": [function], "function_call": "auto", "messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": null, "function_call": {"name": "a", "arguments": "{}"}},
        {"role": "function", "name": "a", "content": "done"}]}),
    );
    assert_eq!(
        (ask.tools.len(), ask.tool_results),
        (1, vec!["done".to_owned()])
    );
    accepted(
        &json!({"messages": [{"role": "assistant", "content": "a", "reasoning_content": "hm"}]}),
    );
}
