//! What clients ask.

use dialects::{
    BadRequest, Dialect, PathFacts,
    ir::{
        Effort, Fate, Format, Grammar, Mode, Part, Role, Seal, Source, Stop, ToolChoice, ToolKind,
    },
};
use serde_json::{Value, json};

use crate::{codec, origin, read};

fn base(mut fields: Value) -> Value {
    fields["model"] = json!("m");
    if fields.get("messages").is_none() {
        fields["messages"] = json!([{"role": "user", "content": "hi"}]);
    }
    fields
}

#[test]
fn leading_instructions_are_the_system_and_later_ones_stay_in_place() {
    let request = read(&json!({"model": "m", "messages": [
        {"role": "system", "content": "a"},
        {"role": "developer", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": "c"}]},
        {"role": "user", "content": "hi", "name": "Ann"},
        {"role": "system", "content": "later"},
    ]}));
    let system: Vec<&str> = request
        .system
        .iter()
        .map(|text| text.text.as_str())
        .collect();
    assert_eq!(system, ["a", "b", "c"]);
    assert_eq!(request.dialect, Some(Dialect::OpenaiChat));
    assert_eq!(request.turns[0].name.as_deref(), Some("Ann"));
    assert_eq!(request.turns[1].role, Role::System);
}

#[test]
fn parts_of_a_user_are_read_by_what_they_are() {
    let request = read(
        &json!({"model": "m", "messages": [{"role": "user", "content": [
            {"type": "text", "text": "see", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
            {"type": "image_url", "image_url": {"url": "data:application/pdf;base64,AAAA"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"}},
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "hologram", "light": 1},
        ]}]}),
    );
    let kinds: Vec<String> = request.turns[0]
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => format!(
                "text {:?}",
                text.cache.as_ref().map(|mark| mark.ttl.is_some())
            ),
            Part::Media(media) => {
                let source = match &media.source {
                    Source::Base64 { mime, .. } => mime.clone(),
                    Source::Url { .. } => "url".to_owned(),
                    Source::File { id, .. } => id.clone(),
                    other => format!("{other:?}"),
                };
                format!(
                    "{:?} {source} {:?}",
                    media.kind,
                    media.detail.as_ref().or(media.title.as_ref())
                )
            }
            Part::Opaque { kind, value, .. } => format!("{kind} {}", value.text()),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "text Some(true)",
            "Image image/png Some(\"low\")",
            "Image url None",
            "Document application/pdf None",
            "Audio audio/mpeg None",
            "Document application/pdf Some(\"a.pdf\")",
            "Document file-1 None",
            r#"hologram {"type":"hologram","light":1}"#,
        ]
    );
}

#[test]
fn a_loop_of_tools_is_calls_and_results() {
    let request = read(&json!({"model": "m", "messages": [
        {"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"b\":1,\"a\":2}"}},
            {"id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}},
            {"id": "c3", "type": "custom", "custom": {"name": "h", "input": "a \"b\""}},
        ]},
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": ""},
    ]}));
    let parts = &request.turns[0].parts;
    assert!(matches!(&parts[0], Part::Thinking(thinking) if thinking.text == "hm"));
    let arguments: Vec<&str> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Call(call) => Some(call.arguments.text()),
            _ => None,
        })
        .collect();
    // PITFALLS 101: the order of keys is kept.
    assert_eq!(
        arguments,
        [r#"{"b":1,"a":2}"#, "{}", r#"{"input":"a \"b\""}"#]
    );
    assert!(matches!(&request.turns[2].parts[0], Part::Result(result) if result.parts.is_empty()));
}

#[test]
fn the_deprecated_forms_are_read_as_the_present_ones() {
    let request = read(&json!({
        "model": "m",
        "functions": [{"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}],
        "function_call": {"name": "f"},
        "max_tokens": 7,
        "messages": [
            {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "done"},
        ],
    }));
    assert_eq!(request.tools[0].kind, ToolKind::Function);
    assert_eq!(request.tool_choice, ToolChoice::Named("f".to_owned()));
    assert_eq!(request.max_tokens, Some(7));
    let (Part::Call(call), Part::Result(result)) =
        (&request.turns[0].parts[0], &request.turns[1].parts[0])
    else {
        panic!("{request:?}")
    };
    assert_eq!(call.id, result.call_id);
}

#[test]
fn choices_of_tools_are_read() {
    let named = ToolChoice::Named("f".to_owned());
    let allowed = ToolChoice::Allowed {
        required: true,
        names: vec!["f".to_owned(), "g".to_owned()],
    };
    let table = [
        (json!("auto"), ToolChoice::Auto),
        (json!("none"), ToolChoice::None),
        (json!("required"), ToolChoice::Any),
        (
            json!({"type": "function", "function": {"name": "f"}}),
            named.clone(),
        ),
        (json!({"type": "custom", "custom": {"name": "f"}}), named),
        (
            json!({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
                {"type": "function", "function": {"name": "f"}}, {"type": "custom", "custom": {"name": "g"}},
            ]}}),
            allowed,
        ),
    ];
    for (choice, expected) in table {
        let request = read(&base(json!({"tool_choice": choice})));
        assert_eq!(request.tool_choice, expected, "{choice}");
    }
}

#[test]
fn thinking_is_read_in_the_words_of_every_vendor() {
    let table = [
        (json!({}), Mode::Unset, None, None),
        (
            json!({"reasoning_effort": "xhigh"}),
            Mode::On,
            Some(Effort::Xhigh),
            None,
        ),
        (json!({"reasoning_effort": "none"}), Mode::Off, None, None),
        (
            json!({"thinking": {"type": "disabled"}}),
            Mode::Off,
            None,
            None,
        ),
        (
            json!({"thinking": {"type": "enabled", "budget_tokens": 2000}}),
            Mode::On,
            None,
            Some(2000),
        ),
        (
            json!({"enable_thinking": true, "thinking_budget": 512}),
            Mode::On,
            None,
            Some(512),
        ),
        (
            json!({"reasoning": {"effort": "low"}}),
            Mode::On,
            Some(Effort::Low),
            None,
        ),
        (
            json!({"reasoning": {"enabled": false}}),
            Mode::Off,
            None,
            None,
        ),
        (
            json!({"chat_template_kwargs": {"enable_thinking": false}}),
            Mode::Off,
            None,
            None,
        ),
    ];
    for (fields, mode, effort, budget) in table {
        let reasoning = read(&base(fields.clone())).reasoning;
        assert_eq!(
            (reasoning.mode, reasoning.effort, reasoning.budget),
            (mode, effort, budget),
            "{fields}"
        );
    }
}

#[test]
fn settings_are_read() {
    let request = read(&base(json!({
        "stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false},
        "max_completion_tokens": 9, "max_tokens": 8, "stop": "x", "n": 2, "logprobs": true, "top_logprobs": 3,
        "top_k": 4, "seed": -1, "safety_identifier": "s", "user": "u", "prompt_cache_key": "k", "store": false,
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": true}},
        "modalities": ["text"], "prediction": {"type": "content", "content": "x"}, "shiny": {"new": [1]}, "nothing": null,
    })));
    assert!(request.stream && request.stream_usage);
    assert_eq!(
        (request.max_tokens, request.stop.as_slice()),
        (Some(9), ["x".to_owned()].as_slice())
    );
    assert_eq!(
        (
            request.sampling.choices,
            request.sampling.logprobs,
            request.sampling.top_k
        ),
        (Some(2), Some(3), Some(4))
    );
    assert_eq!(
        (request.user.as_deref(), request.cache_key.as_deref()),
        (Some("s"), Some("k"))
    );
    assert!(matches!(
        &request.format,
        Format::Schema {
            strict: Some(true),
            ..
        }
    ));
    assert!(request.modalities.is_empty());
    let own: Vec<(&str, bool, bool)> = request
        .own
        .iter()
        .map(|own| {
            (
                own.path.as_ref(),
                own.fate == Fate::Ignore,
                matches!(own.fate, Fate::Refuse(_)),
            )
        })
        .collect();
    assert_eq!(
        own,
        [
            ("stream_options.include_obfuscation", true, false),
            ("prediction", false, true),
            ("shiny", false, false),
        ]
    );
}

#[test]
fn wrong_shapes_are_told_by_their_path() {
    let call = |function: Value| json!([{"role": "assistant", "tool_calls": [{"id": "c", "function": function}]}]);
    let table = [
        (json!({"messages": []}), "model"),
        (json!({"model": "m"}), "messages"),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": 3}]}),
            "messages[0].content",
        ),
        (
            json!({"model": "m", "messages": [{"content": "x"}]}),
            "messages[0].role",
        ),
        (
            json!({"model": "m", "messages": [{"role": "wizard", "content": "x"}]}),
            "messages[0].role",
        ),
        (
            json!({"model": "m", "messages": [{"role": "tool", "content": "x"}]}),
            "messages[0].tool_call_id",
        ),
        (
            json!({"model": "m", "messages": call(json!({"arguments": "{}"}))}),
            "messages[0].tool_calls[0].function.name",
        ),
        (
            json!({"model": "m", "messages": [{"role": "function", "name": "f", "content": "x"}]}),
            "messages[0]",
        ),
        (
            json!({"model": "m", "messages": [], "tools": [{"type": "function"}]}),
            "tools[0].function",
        ),
        (
            json!({"model": "m", "messages": [], "tool_choice": "perhaps"}),
            "tool_choice",
        ),
        (
            json!({"model": "m", "messages": [], "response_format": {"type": "xml"}}),
            "response_format.type",
        ),
        (
            json!({"model": "m", "messages": [], "max_tokens": "many"}),
            "max_tokens",
        ),
    ];
    for (body, path) in table {
        let bytes = serde_json::to_vec(&body).unwrap();
        match codec().read_request(&bytes, PathFacts::default()) {
            Err(BadRequest::Misshapen(error)) => assert_eq!(error.path, path, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn seals_of_other_vendors_come_back_from_a_client() {
    use dialects::{
        Reply,
        ir::{Answer, Thinking},
    };
    let seal = |data: &str| Seal::new(Dialect::Anthropic, &origin(), data);
    let thinking = |text: &str, data: &str, redacted: bool| {
        Part::Thinking(Thinking {
            text: text.to_owned(),
            seal: Some(seal(data)),
            redacted,
            ..Thinking::default()
        })
    };
    let said = vec![
        thinking("né", "one", false),
        thinking("", "two", true),
        thinking("three", "three", false),
    ];
    let answer = Answer {
        parts: said.clone(),
        stop: Stop::End,
        ..Answer::default()
    };
    let body = codec().write_answer(&answer, &Reply::default());
    let body: Value = serde_json::from_slice(&body).unwrap();
    let mut message = body["choices"][0]["message"].clone();
    assert_eq!(message["reasoning_content"], "né\n\nthree");
    let request = read(&json!({"model": "m", "messages": [message]}));
    assert_eq!(request.turns[0].parts, said);
    // A client that keeps only the items loses the words, not the state.
    message.as_object_mut().unwrap().remove("reasoning_content");
    let request = read(&json!({"model": "m", "messages": [message]}));
    let seals: Vec<&str> = request.turns[0]
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Thinking(thinking) => thinking.seal.as_ref().map(|seal| seal.data.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(seals, ["one", "two", "three"]);
}

#[test]
fn grammars_of_free_text_are_read_in_either_form() {
    let tools = json!([
        {"type": "custom", "custom": {"name": "a", "format":
            {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: X"}}}},
        {"type": "custom", "custom": {"name": "b", "format":
            {"type": "grammar", "syntax": "lark", "definition": "start: X"}}},
        {"type": "custom", "custom": {"name": "c", "format": {"type": "text"}}},
    ]);
    let request = read(&base(json!({"tools": tools})));
    let grammar = Grammar {
        syntax: "lark".to_owned(),
        definition: "start: X".to_owned(),
    };
    for (tool, grammar) in request
        .tools
        .iter()
        .zip([Some(grammar.clone()), Some(grammar), None])
    {
        assert_eq!(tool.kind, ToolKind::Custom { grammar }, "{}", tool.name);
    }
}
