//! Facts about which requests are refused, in which words, and what is read from the others.

use super::*;

fn good() -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
}

fn with(changes: &Value) -> Value {
    let mut request = good();
    for (name, value) in changes.as_object().expect("object") {
        request[name] = value.clone();
    }
    request
}

fn messages(more: &Value) -> Value {
    let mut request = good();
    let messages = request["messages"].as_array_mut().expect("list");
    messages.extend(more.as_array().expect("list").iter().cloned());
    request
}

fn chat(request: &Value) -> Result<Ask, Refusal> {
    request::chat(&request.to_string().into())
}

#[track_caller]
fn accepted(request: &Value) -> Ask {
    chat(request).unwrap_or_else(|refusal| panic!("{}: {request}", refusal.message))
}

#[track_caller]
fn refused(request: &Value, words: &str) {
    let Err(refusal) = chat(request) else {
        panic!("must be refused: {request}");
    };
    assert_eq!(refusal.status, 400);
    let message = refusal.message;
    assert!(message.contains(words), "{message:?} lacks {words:?}");
}

#[test]
fn a_value_of_the_wrong_type_is_named_as_go_names_it() {
    let cases = [
        (
            with(&json!({"model": 3})),
            "json: cannot unmarshal number into Go struct field ChatRequest.model of type string",
        ),
        (
            with(&json!({"messages": "hi"})),
            "cannot unmarshal string into Go struct field ChatRequest.messages of type []api.Message",
        ),
        (
            with(
                &json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}),
            ),
            "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string",
        ),
        (
            with(&json!({"stream": "yes"})),
            "ChatRequest.stream of type bool",
        ),
        (
            with(&json!({"options": []})),
            "ChatRequest.options of type map[string]interface {}",
        ),
        (
            with(&json!({"top_logprobs": 1.5})),
            "cannot unmarshal number 1.5 into Go struct field ChatRequest.top_logprobs of type int",
        ),
        (
            with(&json!({"tools": {}})),
            "ChatRequest.tools of type []api.Tool",
        ),
        (
            messages(
                &json!([{"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]),
            ),
            "json: cannot unmarshal string into Go struct field ChatRequest.messages.tool_calls.function.arguments of type api.ToolCallFunctionArguments",
        ),
        (
            messages(
                &json!([{"role": "user", "content": "x", "images": ["data:image/png;base64,AAAA"]}]),
            ),
            "illegal base64 data at input byte 4",
        ),
        (
            messages(&json!([{"role": "user", "content": "x", "images": [{"url": "x"}]}])),
            "images of type api.ImageData",
        ),
    ];
    for (request, words) in cases {
        refused(&request, words);
    }
    let parse = |body: &'static str| {
        request::chat(&Bytes::from_static(body.as_bytes()))
            .expect_err("refused")
            .message
    };
    assert_eq!(parse(""), "missing request body");
    assert_eq!(parse("{\"model\":"), "unexpected EOF");
    assert!(parse("[]").contains("Go value of type api.ChatRequest"));
}

// PITFALLS 88: the real server passes over these names, and what they ask for is lost.
#[test]
fn names_of_other_dialects_are_refused_wherever_they_stand() {
    for name in [
        "tool_choice",
        "max_tokens",
        "max_completion_tokens",
        "response_format",
        "cache_control",
        "temperature",
        "stop",
        "reasoning_effort",
        "thinking",
        "contents",
    ] {
        refused(
            &with(&json!({ name: 1 })),
            &format!("json: unknown field \"{name}\""),
        );
    }
    let cases = [
        (
            messages(&json!([{"role": "user", "content": "x", "cache_control": {}}])),
            "messages.cache_control",
        ),
        (
            messages(&json!([{"role": "tool", "content": "x", "tool_use_id": "a"}])),
            "messages.tool_use_id",
        ),
        (
            with(&json!({"tools": [{"name": "f", "input_schema": {}}]})),
            "tools.name",
        ),
        (
            with(
                &json!({"tools": [{"type": "function", "function": {"name": "f", "input_schema": {}}}]}),
            ),
            "tools.function.input_schema",
        ),
        (
            with(&json!({"options": {"max_tokens": 5}})),
            "options.max_tokens",
        ),
    ];
    for (request, name) in cases {
        refused(&request, &format!("json: unknown field \"{name}\""));
    }
    accepted(&with(&json!({"x_new": 1, "options": {"x_new": 1}})));
}

#[test]
fn roles_thinking_format_and_options_are_held_to_their_values() {
    let cases = [
        (json!({"model": ""}), "model is required"),
        (
            json!({"messages": [{"role": "developer", "content": "x"}]}),
            "invalid role: developer, must be one of",
        ),
        (json!({"messages": [{"content": "x"}]}), "invalid role"),
        (json!({"think": "xhigh"}), "invalid think value: \"xhigh\""),
        (json!({"think": 1}), "think must be a boolean or string"),
        (json!({"format": "yaml"}), "invalid format: \"yaml\""),
        (json!({"format": ["json"]}), "invalid format"),
        (
            json!({"options": {"num_ctx": "64k"}}),
            "option \"num_ctx\" must be of type integer",
        ),
        (
            json!({"options": {"num_predict": 1.5}}),
            "option \"num_predict\" must be of type integer",
        ),
        (
            json!({"options": {"temperature": "hot"}}),
            "option \"temperature\" must be of type float32",
        ),
        (
            json!({"options": {"stop": "x"}}),
            "option \"stop\" must be of type array",
        ),
        (
            json!({"options": {"use_mmap": 1}}),
            "option \"use_mmap\" must be of type boolean",
        ),
        (
            json!({"top_logprobs": 21}),
            "top_logprobs must be between 0 and 20",
        ),
        (
            json!({"tools": [{"type": "web_search_20250305"}]}),
            "invalid tool type",
        ),
        (
            json!({"tools": [{"type": "function", "function": {}}]}),
            "tool without a function name",
        ),
        (
            json!({"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}),
            "must be of type \"object\"",
        ),
    ];
    for (change, words) in cases {
        refused(&with(&change), words);
    }
    for think in [json!(true), json!(false), json!("max"), json!(null)] {
        let ask = accepted(&with(&json!({ "think": think })));
        assert_eq!(ask.thinking, think == true || think == "max");
    }
}

// PITFALLS 71, 83.
#[test]
fn a_tool_result_answers_a_call_before_it() {
    let called = |result: Value| {
        let call = json!({"id": "call_1", "function": {"name": "f", "arguments": {}}});
        messages(&json!([{"role": "assistant", "content": "", "tool_calls": [call]}, result]))
    };
    for result in [
        json!({"role": "tool", "content": "ok", "tool_name": "f"}),
        json!({"role": "tool", "content": "ok", "tool_call_id": "call_1"}),
        json!({"role": "tool", "content": "ok", "tool_name": "f", "tool_call_id": "call_1"}),
    ] {
        assert_eq!(accepted(&called(result)).tool_results, ["ok"]);
    }
    for (result, words) in [
        (
            json!({"role": "tool", "content": "ok"}),
            "needs tool_name or tool_call_id",
        ),
        (
            json!({"role": "tool", "content": "ok", "tool_name": "g"}),
            "answers no tool call",
        ),
        (
            json!({"role": "tool", "content": "ok", "tool_name": "f", "tool_call_id": "call_2"}),
            "answers no tool call",
        ),
    ] {
        refused(&called(result), words);
    }
    refused(
        &messages(&json!([{"role": "tool", "content": "ok", "tool_name": "f"}])),
        "answers no tool call",
    );
    refused(
        &messages(
            &json!([{"role": "user", "content": "", "tool_calls": [{"function": {"name": "f"}}]}]),
        ),
        "tool_calls in a message of role user",
    );
}

#[test]
fn what_an_answer_depends_on_is_read() {
    let schema =
        json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}});
    let request = json!({
        "model": "practice-text",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "look", "images": ["AAAA"]}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}],
        "format": schema, "think": "low", "options": {"num_predict": 7},
    });
    let ask = accepted(&request);
    assert!(ask.stream, "a stream is what comes by default");
    assert!(!accepted(&with(&json!({"stream": false}))).stream);
    assert_eq!(
        (ask.user_text.as_str(), ask.media.images, ask.max_tokens),
        ("look", 1, Some(7))
    );
    assert_eq!(
        (ask.tools[0].name.as_str(), &ask.tools[0].schema),
        ("f", &schema)
    );
    assert_eq!((ask.schema, ask.thinking), (Some(schema), true));
    let unlimited = accepted(&with(
        &json!({"options": {"num_predict": -1}, "format": "json"}),
    ));
    assert_eq!(
        (unlimited.max_tokens, unlimited.schema),
        (None, Some(json!({"type": "object"})))
    );
}

#[test]
fn prompts_and_texts_to_embed_are_read() {
    let generate = |body: Value| request::generate(&body.to_string().into());
    let ask = generate(json!({"model": "m", "prompt": "hi", "images": ["AAAA"], "raw": true}))
        .expect("read");
    assert_eq!((ask.user_text.as_str(), ask.media.images), ("hi", 1));
    let load = generate(json!({"model": "m"})).expect("read");
    assert_eq!(load.notes["only"], "load");
    let unload = generate(json!({"model": "m", "keep_alive": 0})).expect("read");
    assert_eq!(unload.notes["only"], "unload");
    assert!(generate(json!({"model": "m", "prompt": ["hi"]})).is_err());
    let embed = |body: Value| request::embed(&body.to_string().into(), false);
    let two = embed(json!({"model": "m", "input": ["a", "b"], "dimensions": 3})).expect("read");
    assert_eq!(
        (two.texts, two.dimensions),
        (vec!["a".to_owned(), "b".to_owned()], 3)
    );
    for (body, words) in [
        (json!({"input": "a"}), "model is required"),
        (json!({"model": "m", "input": [1, 2]}), "invalid input type"),
        (
            json!({"model": "m", "input": "a", "encoding_format": "base64"}),
            "unknown field",
        ),
        (
            json!({"model": "m", "input": "a", "dimensions": -1}),
            "invalid dimensions",
        ),
    ] {
        let message = embed(body).expect_err("refused").message;
        assert!(message.contains(words), "{message}");
    }
}
