//! Requests of Responses clients are understood.

#![allow(clippy::unwrap_used, clippy::panic, clippy::too_many_lines)] // helpers panic as tests do; tables are long

mod openai_responses_support;

use dialects::{
    Dialect,
    caps::Caps,
    ir::{CallKind, Effort, Fate, Part, Role, Seal, Show, Thinking, ToolChoice, ToolKind},
};
use serde_json::{Value, json};

use openai_responses_support::{
    R, call, capture, image, origin, own, png, read, read_bytes, refused, result, text, turn,
    write_to, written,
};

#[test]
fn items_in_a_row_are_one_turn() {
    // PITFALLS 71, 108
    let request = read(&json!({
        "model": "m",
        "instructions": "Be brief.",
        "input": [
            {"role": "system", "content": "Rules."},
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "More."}]},
            {"role": "user", "content": "Hi"},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}], "encrypted_content": "gAAA"},
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{\"x\": 1}", "status": "completed"},
            {"type": "message", "id": "msg_1", "role": "assistant", "phase": "commentary", "content": [{"type": "output_text", "text": "And", "annotations": []}]},
            {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "*** Begin"},
            {"type": "function_call_output", "call_id": "c1", "output": "one"},
            {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}, {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0K"}]},
            {"role": "developer", "content": "Mind the time."},
            {"role": "user", "content": "Go on"},
        ],
    }));
    assert_eq!(request.dialect, Some(R));
    let system: Vec<&str> = request
        .system
        .iter()
        .map(|text| text.text.as_str())
        .collect();
    assert_eq!(system, ["Be brief.", "Rules.", "More."]);
    let seal = Seal {
        form: R,
        origin: None,
        data: "gAAA".to_owned(),
        id: Some("rs_1".to_owned()),
    };
    let thinking = Part::Thinking(Thinking {
        text: "a\n\nb".to_owned(),
        seal: Some(seal),
        ..Thinking::default()
    });
    let mut patch = call("c2", "patch", r#"{"input":"*** Begin"}"#);
    if let Part::Call(call) = &mut patch {
        call.kind = CallKind::Custom;
    }
    let expected = vec![
        turn(Role::User, vec![text("Hi")]),
        turn(
            Role::Assistant,
            vec![thinking, call("c1", "f", r#"{"x": 1}"#), text("And"), patch],
        ),
        turn(
            Role::User,
            vec![
                result("c1", vec![text("one")]),
                result("c2", vec![text("two"), image(png())]),
            ],
        ),
        turn(Role::Developer, vec![text("Mind the time.")]),
        turn(Role::User, vec![text("Go on")]),
    ];
    assert_eq!(request.turns, expected);
    assert_eq!(request.own, []);
}

#[test]
fn a_plain_string_is_what_the_user_says() {
    let request = read(&json!({"model": "m", "input": "Hi"}));
    assert_eq!(request.turns, [turn(Role::User, vec![text("Hi")])]);
}

#[test]
fn reasoning_without_content_keeps_no_id() {
    // PITFALLS 109
    for (item, expected) in [
        (
            json!({"type": "reasoning", "id": "rs_1", "summary": []}),
            vec![],
        ),
        (
            json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": null}),
            vec![],
        ),
        (
            json!({"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "open"}]}),
            vec![Part::Thinking(Thinking {
                text: "open".to_owned(),
                ..Thinking::default()
            })],
        ),
    ] {
        let said = json!({"type": "message", "role": "assistant", "content": "x"});
        let request = read(&json!({"model": "m", "input": [item, said]}));
        let parts = [expected, vec![text("x")]].concat();
        assert_eq!(request.turns, [turn(Role::Assistant, parts)]);
    }
}

#[test]
fn what_only_the_vendor_can_look_up_is_refused_elsewhere() {
    // PITFALLS 109
    let said = json!({"role": "user", "content": "Hi"});
    for (body, path) in [
        (
            json!({"model": "m", "input": [said], "previous_response_id": "resp_1"}),
            "previous_response_id",
        ),
        (
            json!({"model": "m", "input": [said], "conversation": "conv_1"}),
            "conversation",
        ),
        (json!({"model": "m", "prompt": {"id": "pmpt_1"}}), "prompt"),
        (
            json!({"model": "m", "input": [said], "background": true}),
            "background",
        ),
        (
            json!({"model": "m", "input": [{"type": "item_reference", "id": "msg_1"}]}),
            "input[0]",
        ),
        (
            json!({"model": "m", "input": [{"id": "msg_1"}]}),
            "input[0]",
        ),
        (
            json!({"model": "m", "input": [said, {"type": "compaction", "encrypted_content": "x"}]}),
            "input[1]",
        ),
        (
            json!({"model": "m", "input": [said], "tools": [{"type": "code_interpreter", "container": "cntr_1"}]}),
            "tools[0].container",
        ),
    ] {
        let request = read(&body);
        let refused = request
            .own
            .iter()
            .find(|own| matches!(own.fate, Fate::Refuse(_)));
        assert_eq!(refused.map(|own| own.path.as_ref()), Some(path), "{body}");
    }
    let request =
        read(&json!({"model": "m", "input": [said], "background": false, "conversation": null}));
    assert!(
        request
            .own
            .iter()
            .all(|own| !matches!(own.fate, Fate::Refuse(_)))
    );
}

#[test]
fn fields_that_are_not_shared_are_kept_by_name() {
    let request = read(&json!({
        "model": "m", "input": "Hi", "truncation": "auto", "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "ultra", "summary": "concise", "context": "all_turns", "mode": "pro"},
        "text": {"verbosity": "low", "novelty": 1}, "moderation": {"model": "x"}, "new_field": {"b": 1, "a": 2},
        "client_metadata": {"session_id": "s1"}, "stream_options": {"include_obfuscation": false},
        "safety_identifier": "u", "user": "v", "max_tool_calls": 3,
    }));
    let told: Vec<(&str, bool)> = request
        .own
        .iter()
        .map(|own| (own.path.as_ref(), own.fate == Fate::Lose))
        .collect();
    let expected = [
        ("reasoning.summary", false),
        ("reasoning.context", false),
        ("reasoning.mode", true),
        ("text.novelty", true),
        ("user", false),
        ("client_metadata", false),
        ("max_tool_calls", false),
        ("truncation", true),
        ("include", false),
        ("moderation", true),
        ("new_field", true),
        ("stream_options", false),
    ];
    assert_eq!(told, expected);
    assert_eq!(request.session.as_deref(), Some("s1"));
    assert_eq!(request.user.as_deref(), Some("u"));
    assert_eq!(request.reasoning.effort, Some(Effort::Max));
    assert_eq!(request.reasoning.show, Some(Show::Summary));
    // A provider of the same dialect gets them back as they were.
    let (body, _) = written(&request, &own());
    assert_eq!(body["new_field"].to_string(), r#"{"b":1,"a":2}"#);
    assert_eq!(
        body["reasoning"],
        json!({"effort": "max", "summary": "concise", "context": "all_turns", "mode": "pro"})
    );
    assert_eq!(body["truncation"], "auto");
}

#[test]
fn wrong_shapes_are_told_by_their_path() {
    for (body, path) in [
        (json!({"input": "x"}), "model"),
        (json!({"model": "m"}), "input"),
        (
            json!({"model": "m", "input": [{"role": "user", "content": [{"type": "input_text"}]}]}),
            "input[0].content[0].text",
        ),
        (
            json!({"model": "m", "input": [{"role": "user", "content": [{"type": "input_image"}]}]}),
            "input[0].content[0].image_url",
        ),
        (
            json!({"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": 3}]}]}),
            "input[0].content[0].text",
        ),
        (
            json!({"model": "m", "input": [{"role": "robot", "content": "x"}]}),
            "input[0].role",
        ),
        (
            json!({"model": "m", "input": [{"content": "x"}]}),
            "input[0].type",
        ),
        (
            json!({"model": "m", "input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}),
            "input[0].call_id",
        ),
        (
            json!({"model": "m", "input": [{"type": "function_call_output", "output": "x"}]}),
            "input[0].call_id",
        ),
        (
            json!({"model": "m", "input": "x", "tool_choice": "perhaps"}),
            "tool_choice",
        ),
        (
            json!({"model": "m", "input": "x", "tools": [{"type": "function"}]}),
            "tools[0].name",
        ),
        (
            json!({"model": "m", "input": "x", "text": {"format": {"type": "json_schema"}}}),
            "text.format.schema",
        ),
        (
            json!({"model": "m", "input": "x", "temperature": "hot"}),
            "temperature",
        ),
    ] {
        assert_eq!(refused(&body), path, "{body}");
    }
}

#[test]
fn tools_of_every_type_are_understood() {
    // PITFALLS 94, 95
    let format = json!({"type": "grammar", "syntax": "lark", "definition": "start: x"});
    let request = read(&json!({
        "model": "m",
        "input": [{"type": "additional_tools", "role": "developer", "tools": [
            {"type": "namespace", "name": "functions", "tools": [{"type": "custom", "name": "exec", "format": format}]},
            {"type": "namespace", "name": "clock", "description": "Time.", "tools": [{"type": "function", "name": "sleep", "parameters": {"type": "object"}, "strict": false}]},
        ]}, {"role": "user", "content": "Hi"}],
        "tools": [
            {"type": "function", "name": "f", "parameters": null, "strict": null},
            {"type": null, "name": "g", "description": "G", "strict": true},
            {"type": "web_search", "filters": {"allowed_domains": ["a.org"]}, "user_location": {"type": "approximate", "city": "Bonn"}},
            {"type": "local_shell"},
            {"type": "tool_search", "execution": "client"},
        ],
        "tool_choice": {"type": "custom", "name": "exec"},
        "max_tool_calls": 2,
    }));
    let told: Vec<String> = request
        .tools
        .iter()
        .map(|tool| {
            let kind = match &tool.kind {
                ToolKind::Function => "function".to_owned(),
                ToolKind::Custom { grammar } => format!("custom {}", grammar.is_some()),
                ToolKind::Hosted(hosted) => format!("{hosted:?}"),
            };
            format!("{} {:?} {kind}", tool.name, tool.namespace)
        })
        .collect();
    let expected = [
        "f None function",
        "g None function",
        r#"web_search None WebSearch(WebSearch { allowed_domains: ["a.org"], blocked_domains: [], max_uses: None, user_location: Some({"type":"approximate","city":"Bonn"}) })"#,
        r#"local_shell None Other("local_shell")"#,
        r#"tool_search None Other("tool_search")"#,
        "exec None custom true",
        r#"sleep Some("clock") function"#,
    ];
    assert_eq!(told, expected);
    assert_eq!(request.tools[0].schema, None);
    assert_eq!(request.tool_choice, ToolChoice::Named("exec".to_owned()));
    let paths: Vec<&str> = request.own.iter().map(|own| own.path.as_ref()).collect();
    assert_eq!(paths, ["tools[6].description", "max_tool_calls"]);
}

#[test]
fn searches_are_bounded_where_search_is_the_only_tool_of_the_vendors() {
    // PITFALLS 113
    let body =
        json!({"model": "m", "input": "x", "tools": [{"type": "web_search"}], "max_tool_calls": 2});
    let request = read(&body);
    assert_eq!(request.own, []);
    assert_eq!(written(&request, &own()).0["max_tool_calls"], 2);
}

#[test]
fn choices_among_tools_go_there_and_back() {
    let tools = json!([{"type": "function", "name": "f"}, {"type": "custom", "name": "p"}, {"type": "web_search"}]);
    for (choice, expected) in [
        (json!("auto"), ToolChoice::Auto),
        (json!("none"), ToolChoice::None),
        (json!("required"), ToolChoice::Any),
        (
            json!({"type": "function", "name": "f"}),
            ToolChoice::Named("f".to_owned()),
        ),
        (
            json!({"type": "custom", "name": "p"}),
            ToolChoice::Named("p".to_owned()),
        ),
        (
            json!({"type": "web_search"}),
            ToolChoice::Named("web_search".to_owned()),
        ),
        (
            json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "p"}, {"type": "web_search"}]}),
            ToolChoice::Allowed {
                required: true,
                names: ["f", "p", "web_search"].map(str::to_owned).to_vec(),
            },
        ),
    ] {
        let request =
            read(&json!({"model": "m", "input": "x", "tools": tools, "tool_choice": choice}));
        assert_eq!(request.tool_choice, expected);
        assert_eq!(written(&request, &own()).0["tool_choice"], choice);
    }
}

#[test]
fn real_requests_are_read_and_said_again_the_same() {
    for name in [
        "codex-01-plain",
        "codex-02-tool-loop-turn-2",
        "codex-03-gpt5-tool-turn-1",
        "codex-04-gpt5-tool-turn-2",
    ] {
        let body = capture(name);
        let request = read(&body);
        let loud: Vec<&str> = request
            .own
            .iter()
            .filter(|own| own.fate != Fate::Ignore)
            .map(|own| own.path.as_ref())
            .collect();
        assert!(
            loud.iter()
                .all(|path| path.starts_with("tools[") && path.ends_with(".description")),
            "{name}: {loud:?}"
        );
        let written = write_to(&request, &own(), false).unwrap();
        let mut again = read_bytes(&written.body);
        // Instructions are one text from there on.
        let joined: Vec<&str> = request
            .system
            .iter()
            .map(|text| text.text.as_str())
            .collect();
        assert_eq!(again.system[0].text, joined.join("\n\n"), "{name}");
        again.system.clone_from(&request.system);
        assert_eq!(again, request, "{name}");
    }
}

#[test]
fn codex_calls_its_freeform_tool_and_gets_what_it_gave() {
    let request = read(&capture("codex-02-tool-loop-turn-2"));
    let exec = request
        .tools
        .iter()
        .find(|tool| tool.name == "exec")
        .unwrap();
    assert!(
        matches!(&exec.kind, ToolKind::Custom { grammar: Some(grammar) } if grammar.syntax == "lark")
    );
    let [.., acted, gave] = request.turns.as_slice() else {
        panic!()
    };
    let [Part::Text(_), Part::Call(made)] = acted.parts.as_slice() else {
        panic!("{acted:?}")
    };
    assert!(
        made.arguments.text().starts_with(r#"{"input":"const r = "#),
        "{made:?}"
    );
    assert!(
        matches!(gave.parts.as_slice(), [Part::Result(result)] if result.call_id == made.id && result.parts.len() == 2)
    );
    // To a provider without such tools it is a function with one argument; the answer is given back as what it was.
    let plain = Caps::default();
    let written = write_to(&request, &plain, false).unwrap();
    let body: Value = serde_json::from_slice(&written.body).unwrap();
    let sent = &body["tools"][0];
    assert_eq!(
        (&sent["type"], &sent["name"]),
        (&json!("function"), &json!("exec"))
    );
    assert_eq!(sent["parameters"]["required"], json!(["input"]));
    assert!(
        sent["description"]
            .as_str()
            .unwrap()
            .contains("`input` follows this lark grammar:\n\nLorem")
    );
    assert_eq!(
        written.tools.client("exec"),
        Some(("exec", &CallKind::Custom))
    );
    let kinds: Vec<&Value> = body["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["type"])
        .collect();
    assert_eq!(
        kinds[kinds.len() - 2..],
        ["function_call", "function_call_output"]
    );
    // Groups are flattened, and known again.
    assert!(
        body["tools"]
            .as_array()
            .unwrap()
            .iter()
            .any(|tool| tool["name"] == "clock__sleep")
    );
    assert_eq!(
        written.tools.client("clock__sleep"),
        Some(("sleep", &CallKind::Namespaced("clock".to_owned())))
    );
}

#[test]
fn ids_that_begin_anew_in_each_answer_stay_apart() {
    // PITFALLS 83
    let made = |name: &str| json!({"type": "function_call", "call_id": "call_0", "name": name, "arguments": ""});
    let gave = |output: &str| json!({"type": "function_call_output", "call_id": "call_0", "output": output});
    let request =
        read(&json!({"model": "m", "input": [made("f"), gave("1"), made("g"), gave("2")]}));
    let expected = [
        turn(Role::Assistant, vec![call("call_0", "f", "{}")]),
        turn(Role::User, vec![result("call_0", vec![text("1")])]),
        turn(Role::Assistant, vec![call("call_0_2", "g", "{}")]),
        turn(Role::User, vec![result("call_0_2", vec![text("2")])]),
    ];
    assert_eq!(request.turns, expected);
}

#[test]
fn a_client_carries_foreign_seals_and_redacted_thinking() {
    // PITFALLS 111
    for redacted in [false, true] {
        let thinking = Thinking {
            text: String::new(),
            seal: Some(Seal::new(Dialect::Anthropic, &origin(), "EqQB")),
            redacted,
            ..Thinking::default()
        };
        let carried = thinking.seal_for_client(R).unwrap();
        let item =
            json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": carried});
        let said = json!({"role": "assistant", "content": "x"});
        let request = read(&json!({"model": "m", "input": [item, said]}));
        assert_eq!(request.turns[0].parts[0], Part::Thinking(thinking));
    }
}
