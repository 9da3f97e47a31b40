//! Requests of Responses clients are understood, and any request is said to Responses providers as they want it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::too_many_lines)] // helpers panic as tests do; tables are long

use dialects::{
    BadRequest, Dialect, PathFacts, Target, Written,
    caps::{Caps, Responses, Thinking as Switch},
    ir::{
        Call, CallKind, Effort, Fate, Field, Format, Media, MediaKind, Mode, Origin, Part, Place,
        Refusal, Request, Role, Seal, Show, Source, Text, Thinking, Tool, ToolChoice, ToolKind,
        ToolResult, Turn,
    },
    json::Json,
};
use serde_json::{Value, json};

const R: Dialect = Dialect::OpenaiResponses;

fn origin() -> Origin {
    Origin {
        vendor: "openai".to_owned(),
        model: "gpt-6.1-sol".to_owned(),
    }
}

/// What OpenAI's own endpoint takes.
fn own() -> Caps {
    let mut caps = Caps::default();
    caps.custom_tools = true;
    caps.strict_tools = true;
    caps.web_search = true;
    caps.images_in_results = true;
    caps.document_urls = true;
    caps.audio = true;
    caps.cache_key = true;
    caps.efforts = Effort::ALL.to_vec();
    caps.responses = Responses {
        namespaces: true,
        ..Responses::default()
    };
    caps
}

#[track_caller]
fn read(body: &Value) -> Request {
    read_bytes(body.to_string().as_bytes())
}

#[track_caller]
fn read_bytes(body: &[u8]) -> Request {
    let read = R.codec().read_request(body, PathFacts::default());
    read.unwrap_or_else(|error| panic!("{error:?}"))
}

/// The path that a refused body is told by.
#[track_caller]
fn refused(body: &Value) -> String {
    let read = R
        .codec()
        .read_request(body.to_string().as_bytes(), PathFacts::default());
    match read.unwrap_err() {
        BadRequest::Misshapen(error) => error.path,
        BadRequest::Refused(refusal) => R.codec().spell(&refusal.place),
    }
}

fn write_to(request: &Request, caps: &Caps, lossy: bool) -> Result<Written, Refusal> {
    let target = Target {
        origin: origin(),
        caps,
        lossy,
    };
    R.codec().write_request(request, &target)
}

#[track_caller]
fn written(request: &Request, caps: &Caps) -> (Value, Vec<String>) {
    let written = write_to(request, caps, false).unwrap_or_else(|error| panic!("{error:?}"));
    let losses = written.losses.iter();
    let losses = losses.map(|loss| R.codec().spell(&loss.place)).collect();
    (serde_json::from_slice(&written.body).unwrap(), losses)
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn {
        role,
        parts,
        name: None,
        at: dialects::ir::At::default(),
    }
}

fn text(text: &str) -> Part {
    Part::Text(Text::plain(text))
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    Part::Call(Call {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: Json::parse(arguments).unwrap(),
        seal: None,
        cache: None,
        at: dialects::ir::At::default(),
    })
}

fn result(id: &str, parts: Vec<Part>) -> Part {
    Part::Result(ToolResult {
        call_id: id.to_owned(),
        name: None,
        parts,
        is_error: false,
        cache: None,
        at: dialects::ir::At::default(),
    })
}

fn tool(name: &str) -> Tool {
    Tool {
        name: name.to_owned(),
        kind: ToolKind::Function,
        description: None,
        schema: None,
        strict: None,
        namespace: None,
        native: None,
        cache: None,
        at: 0,
    }
}

fn image(source: Source) -> Part {
    Part::Media(Media {
        kind: MediaKind::Image,
        source,
        title: None,
        context: None,
        detail: None,
        cite: false,
        cache: None,
        at: dialects::ir::At::default(),
    })
}

fn png() -> Source {
    Source::Base64 {
        mime: "image/png".to_owned(),
        data: "iVBORw0K".to_owned(),
    }
}

fn asking(turns: Vec<Turn>) -> Request {
    Request {
        model: "gpt-6.1-sol".to_owned(),
        turns,
        ..Request::default()
    }
}

fn capture(name: &str) -> Value {
    let path = format!(
        "{}/../../../tests/wire/openai-responses/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    file["body"].clone()
}

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
    let expected = vec![
        turn(Role::User, vec![text("Hi")]),
        turn(
            Role::Assistant,
            vec![
                thinking,
                call("c1", "f", r#"{"x": 1}"#),
                text("And"),
                call("c2", "patch", r#"{"input":"*** Begin"}"#),
            ],
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
            json!({"model": "m", "input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"a\":"}]}),
            "input[0].arguments",
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
                ToolKind::Custom { format } => format!("custom {}", format.is_some()),
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
        matches!(&exec.kind, ToolKind::Custom { format: Some(format) } if format.text().contains("lark"))
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
            .contains("must follow this grammar:\n\nLorem")
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
fn a_whole_conversation_is_said() {
    // PITFALLS 78, 96, 104, 109
    let mut request = asking(vec![
        turn(Role::User, vec![text("Hi"), image(png())]),
        turn(
            Role::Assistant,
            vec![
                Part::Thinking(Thinking {
                    text: "hm".to_owned(),
                    seal: Some(Seal {
                        id: Some("rs_1".to_owned()),
                        ..Seal::new(R, &origin(), "gAAA")
                    }),
                    ..Thinking::default()
                }),
                text("Well"),
                call("toolu_1", "f", r#"{"b": 1, "a": 2}"#),
                call("toolu_2", "f", "{}"),
            ],
        ),
        turn(
            Role::User,
            vec![
                text("And"),
                result("toolu_1", vec![text("one"), text("two")]),
                Part::Result(ToolResult {
                    is_error: true,
                    ..match result("toolu_2", vec![text("no")]) {
                        Part::Result(result) => result,
                        _ => panic!(),
                    }
                }),
            ],
        ),
        turn(Role::Developer, vec![text("Now")]),
    ]);
    request.system = vec![Text::plain("A"), Text::plain("B")];
    request.tools = vec![tool("f")];
    request.stream = true;
    let (body, losses) = written(&request, &own());
    let expected = json!({
        "model": "gpt-6.1-sol",
        "instructions": "A\n\nB",
        "input": [
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "Hi"},
                {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0K", "detail": "auto"},
            ]},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gAAA"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Well", "annotations": []}]},
            {"type": "function_call", "call_id": "toolu_1", "name": "f", "arguments": "{\"b\":1,\"a\":2}"},
            {"type": "function_call", "call_id": "toolu_2", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "toolu_1", "output": [{"type": "input_text", "text": "one"}, {"type": "input_text", "text": "two"}]},
            {"type": "function_call_output", "call_id": "toolu_2", "output": "Error: no"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "And"}]},
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Now"}]},
        ],
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": false}],
        "store": false,
        "include": ["reasoning.encrypted_content"],
        "stream": true,
    });
    assert_eq!(body.to_string(), expected.to_string());
    assert_eq!(losses, ["input[0]"]);
}

#[test]
fn reasoning_goes_with_what_it_led_to_and_only_to_who_made_it() {
    // PITFALLS 110, 111
    let thought = |data: &str, origin: &Origin, shown: &str| {
        Part::Thinking(Thinking {
            text: shown.to_owned(),
            seal: Some(Seal::new(R, origin, data)),
            ..Thinking::default()
        })
    };
    let other = Origin {
        vendor: "azure".to_owned(),
        ..origin()
    };
    let foreign = Part::Thinking(Thinking {
        text: "signed".to_owned(),
        seal: Some(Seal::new(Dialect::Anthropic, &origin(), "Eq")),
        ..Thinking::default()
    });
    for (parts, kinds, lost) in [
        (
            vec![thought("a", &origin(), ""), text("x")],
            vec!["reasoning", "message"],
            0,
        ),
        (
            vec![text("x"), thought("a", &origin(), "")],
            vec!["message"],
            1,
        ),
        (vec![thought("a", &origin(), ""), text("")], vec![], 1),
        (
            vec![
                thought("a", &origin(), ""),
                thought("b", &origin(), ""),
                call("c", "f", "{}"),
            ],
            vec!["reasoning", "reasoning", "function_call"],
            0,
        ),
        (
            vec![text("x"), thought("a", &origin(), ""), call("c", "f", "{}")],
            vec!["message", "reasoning", "function_call"],
            0,
        ),
        (
            vec![thought("a", &other, ""), text("x")],
            vec!["message"],
            0,
        ),
        (
            vec![
                thought("a", &other, "shown"),
                text("x"),
                thought("b", &other, "too"),
            ],
            vec!["message"],
            1,
        ),
        (vec![foreign, text("x")], vec!["message"], 1),
    ] {
        let (body, losses) = written(&asking(vec![turn(Role::Assistant, parts)]), &own());
        let items = body["input"].as_array().unwrap();
        let told: Vec<&str> = items
            .iter()
            .map(|item| item["type"].as_str().unwrap())
            .collect();
        assert_eq!((told, losses.len()), (kinds, lost), "{body}");
        assert!(!body.to_string().contains("\"id\""), "{body}");
    }
}

#[test]
fn media_go_where_they_may_stand() {
    // PITFALLS 85
    let request = asking(vec![
        turn(
            Role::Assistant,
            vec![call("c1", "f", "{}"), call("c2", "f", "{}")],
        ),
        turn(
            Role::User,
            vec![result("c1", vec![text("see"), image(png())])],
        ),
        turn(
            Role::User,
            vec![result("c2", vec![image(png())]), text("Well?")],
        ),
    ]);
    let (body, losses) = written(&request, &own());
    assert_eq!(
        body["input"][2]["output"],
        json!([{"type": "input_text", "text": "see"}, {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0K", "detail": "auto"}])
    );
    assert_eq!(losses, Vec::<String>::new());
    let (body, losses) = written(&request, &Caps::default());
    let items = body["input"].as_array().unwrap();
    let told: Vec<(&str, &Value)> = items
        .iter()
        .map(|item| (item["type"].as_str().unwrap(), &item["output"]))
        .collect();
    assert_eq!(
        told[2..4],
        [
            ("function_call_output", &json!("see")),
            ("function_call_output", &json!(""))
        ]
    );
    assert_eq!(items[4]["content"][0]["text"], "Part of the output of c1:");
    assert_eq!(items[4]["content"].as_array().unwrap().len(), 4);
    assert_eq!(items[5]["content"][0]["text"], "Well?");
    assert_eq!(losses, ["input[0]"]);
}

#[test]
fn what_cannot_be_said_is_refused_by_name() {
    // PITFALLS 113
    let said = || vec![turn(Role::User, vec![text("Hi")])];
    let with = |change: &dyn Fn(&mut Request)| {
        let mut request = asking(said());
        change(&mut request);
        request
    };
    let search = |request: &mut Request| {
        request.tools = vec![Tool {
            kind: ToolKind::Hosted(dialects::ir::Hosted::WebSearch(dialects::ir::WebSearch {
                blocked_domains: vec!["b.org".to_owned()],
                ..Default::default()
            })),
            ..tool("web_search")
        }];
    };
    let media = |source: Source, kind: MediaKind| {
        move |request: &mut Request| {
            let Part::Media(media) = image(source.clone()) else {
                panic!()
            };
            request.turns = vec![turn(
                Role::User,
                vec![text("See"), Part::Media(Media { kind, ..media })],
            )];
        }
    };
    let file = Source::File {
        dialect: Dialect::Anthropic,
        id: "file_1".to_owned(),
        mime: None,
    };
    let blind = {
        let mut caps = own();
        caps.images = false;
        caps
    };
    let unforced = {
        let mut caps = own();
        caps.forced_tool_choice = false;
        caps
    };
    for (request, caps, place) in [
        (
            with(&|request| request.stop = vec!["X".to_owned()]),
            own(),
            "stop",
        ),
        (
            with(&|request| request.sampling.choices = Some(2)),
            own(),
            "n",
        ),
        (
            with(&|request| request.modalities = vec!["text".to_owned(), "audio".to_owned()]),
            own(),
            "modalities",
        ),
        (with(&search), own(), "tools[0]"),
        (with(&media(file, MediaKind::Image)), own(), "input[0]"),
        (with(&media(png(), MediaKind::Image)), blind, "input[0]"),
        (with(&media(png(), MediaKind::Video)), own(), "input[0]"),
        (
            with(&|request| {
                request.tools = vec![tool("f")];
                request.tool_choice = ToolChoice::Any;
            }),
            unforced,
            "tool_choice",
        ),
    ] {
        let refusal = write_to(&request, &caps, false).unwrap_err();
        assert_eq!(R.codec().spell(&refusal.place), place);
        let written = write_to(&request, &caps, true).unwrap();
        let lost = written
            .losses
            .iter()
            .map(|loss| R.codec().spell(&loss.place));
        assert!(lost.into_iter().any(|lost| lost == place), "{place}");
    }
}

#[test]
fn settings_are_said_as_far_as_they_exist() {
    let mut request = asking(vec![turn(Role::User, vec![text("Hi")])]);
    request.max_tokens = Some(1);
    request.sampling.temperature = Some(0.5);
    request.sampling.top_k = Some(4);
    request.sampling.seed = Some(1);
    request.sampling.logprobs = Some(2);
    request.user = Some("x".repeat(100));
    request.session = Some("s1".to_owned());
    request.tier = Some("standard_only".to_owned());
    request.verbosity = Some("low".to_owned());
    request.tool_choice = ToolChoice::Any; // PITFALLS 93: without tools it is an error
    request.parallel_tools = Some(false);
    request.reasoning.mode = Mode::On;
    request.reasoning.budget = Some(2000);
    request.format = Format::Schema {
        name: None,
        description: None,
        schema: Json::parse(r#"{"type":"object"}"#).unwrap(),
        strict: None,
    };
    let mut caps = own();
    caps.efforts = vec![Effort::Medium, Effort::High];
    let (mut body, losses) = written(&request, &caps);
    body.as_object_mut().unwrap().remove("input");
    let user = body["safety_identifier"].as_str().unwrap().to_owned();
    assert!(user.len() <= 64 && user.starts_with("user_"), "{user}");
    let expected = json!({
        "model": "gpt-6.1-sol",
        "reasoning": {"effort": "medium", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "name": "response", "schema": {"type": "object"}}, "verbosity": "low"},
        "max_output_tokens": 16,
        "temperature": 0.5,
        "top_logprobs": 2,
        "prompt_cache_key": "s1",
        "safety_identifier": user,
        "store": false,
        "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
    });
    assert_eq!(body, expected);
    let mut losses = losses;
    losses.sort_unstable();
    assert_eq!(
        losses,
        [
            "max_output_tokens",
            "reasoning",
            "seed",
            "service_tier",
            "top_k"
        ]
    );
}

#[test]
fn thinking_is_switched_by_what_the_model_offers() {
    let no_rest = {
        let mut caps = own();
        caps.can_rest = false;
        caps
    };
    let dull = {
        let mut caps = own();
        caps.thinking = Switch::None;
        caps
    };
    let quiet = {
        let mut caps = own();
        caps.responses.summary = false;
        caps.responses.encrypted = false;
        caps
    };
    let few = {
        let mut caps = own();
        caps.efforts = vec![Effort::Low, Effort::High];
        caps
    };
    for (mode, effort, show, caps, reasoning, lost) in [
        (Mode::Unset, None, None, own(), Value::Null, 0),
        (Mode::Off, None, None, own(), json!({"effort": "none"}), 0),
        (
            Mode::Off,
            None,
            None,
            no_rest,
            json!({"effort": "minimal"}),
            1,
        ),
        (
            Mode::On,
            Some(Effort::Max),
            Some(Show::None),
            few.clone(),
            json!({"effort": "high"}),
            1,
        ),
        (
            Mode::On,
            Some(Effort::High),
            Some(Show::Full),
            few,
            json!({"effort": "high", "summary": "detailed"}),
            0,
        ),
        (
            Mode::Adaptive,
            None,
            None,
            own(),
            json!({"summary": "auto"}),
            0,
        ),
        (
            Mode::On,
            Some(Effort::Low),
            Some(Show::Summary),
            quiet,
            json!({"effort": "low"}),
            0,
        ),
        (Mode::On, Some(Effort::Low), None, dull, Value::Null, 1),
    ] {
        let mut request = asking(vec![turn(Role::User, vec![text("Hi")])]);
        request.reasoning.mode = mode;
        request.reasoning.effort = effort;
        request.reasoning.show = show;
        let (body, losses) = written(&request, &caps);
        assert_eq!(
            (&body["reasoning"], losses.len()),
            (&reasoning, lost),
            "{mode:?} {effort:?}"
        );
        let wants = body["include"].to_string().contains("encrypted");
        assert_eq!(
            wants,
            caps.responses.encrypted && caps.thinking != Switch::None
        );
    }
}

#[test]
fn odd_names_and_ids_are_made_to_fit() {
    // PITFALLS 81, 101
    let long = "mcp__server.with.dots/and-a-name-that-goes-on-and-on-and-on-for-more-than-64";
    let mut request = asking(vec![
        turn(
            Role::Assistant,
            vec![
                call("functions.Bash:0", long, "{}"),
                call("functions.Bash:1", "gone", "{}"),
            ],
        ),
        turn(
            Role::User,
            vec![
                result("functions.Bash:0", vec![]),
                result("functions.Bash:1", vec![]),
            ],
        ),
    ]);
    request.tools = vec![tool(long)];
    request.tool_choice = ToolChoice::Named(long.to_owned());
    let written = write_to(&request, &own(), false).unwrap();
    let body: Value = serde_json::from_slice(&written.body).unwrap();
    let sent = body["tools"][0]["name"].as_str().unwrap();
    assert!(
        sent.len() <= 64
            && sent
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || "_-".contains(char))
    );
    assert_eq!(body["input"][0]["name"], sent);
    assert_eq!(body["tool_choice"]["name"], sent);
    assert_eq!(written.tools.client(sent).unwrap().0, long);
    assert_eq!(body["input"][0]["call_id"], body["input"][2]["call_id"]);
    assert_ne!(body["input"][0]["call_id"], body["input"][1]["call_id"]);
    assert!(
        !body["input"][0]["call_id"]
            .as_str()
            .unwrap()
            .contains(['.', ':'])
    );
    // The same again, byte for byte: a provider's cache holds.
    assert_eq!(
        write_to(&request, &own(), false).unwrap().body,
        written.body
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

#[test]
fn counts_are_asked_for_with_the_same_words() {
    let mut request = asking(vec![turn(Role::User, vec![text("Hi")])]);
    request.max_tokens = Some(100);
    request.tools = vec![tool("f")];
    request.stream = true;
    let caps = own();
    let target = Target {
        origin: origin(),
        caps: &caps,
        lossy: false,
    };
    let written = R
        .codec()
        .write_count_request(&request, &target)
        .unwrap()
        .unwrap();
    let body: Value = serde_json::from_slice(&written.body).unwrap();
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["model", "input", "tools"]);
    assert_eq!(
        R.codec()
            .read_count(br#"{"object":"response.input_tokens","input_tokens":12}"#),
        Some(12)
    );
    assert_eq!(
        R.codec().write_count(12),
        br#"{"object":"response.input_tokens","input_tokens":12}"#
    );
    let counted = R
        .codec()
        .read_count_request(br#"{"input":"Hi"}"#, PathFacts::default());
    assert_eq!(counted.unwrap().turns.len(), 1);
}

#[test]
fn marks_of_caches_are_said_where_they_are_known() {
    // PITFALLS 104
    let marked = |text: &str| {
        Part::Text(Text {
            cache: Some(dialects::ir::CacheMark { ttl: None }),
            ..Text::plain(text)
        })
    };
    let request = asking(
        (0..6)
            .map(|at| turn(Role::User, vec![marked(&at.to_string())]))
            .collect(),
    );
    let (body, losses) = written(&request, &own());
    assert!(!body.to_string().contains("cache"), "{body}");
    assert_eq!(losses, ["prompt_cache_breakpoint"]);
    let knows = {
        let mut caps = own();
        caps.cache_marks = true;
        caps
    };
    let (body, _) = written(&request, &knows);
    assert_eq!(
        body.to_string().matches("prompt_cache_breakpoint").count(),
        4
    );
    let place = Place::Field(Field::CacheKey);
    assert_eq!(R.codec().spell(&place), "prompt_cache_key");
}
