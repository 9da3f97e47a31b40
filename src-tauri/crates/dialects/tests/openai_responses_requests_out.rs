//! Any request is said to Responses providers as they want it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::too_many_lines)] // helpers panic as tests do; tables are long

mod openai_responses_support;

use dialects::{
    Dialect, PathFacts, Target,
    caps::{Caps, Thinking as Switch},
    ir::{
        Effort, Field, Format, Media, MediaKind, Mode, Origin, Part, Place, Request, Role, Seal,
        Show, Source, Text, Thinking, Tool, ToolChoice, ToolKind, ToolResult,
    },
    json::Json,
};
use serde_json::{Value, json};

use openai_responses_support::{
    R, asking, call, image, origin, own, png, result, text, tool, turn, write_to, written,
};

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
    request.tier = Some("batch".to_owned());
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

#[test]
fn a_vendors_running_of_code_is_asked_for_by_the_vendors_name() {
    let mut request = asking(vec![turn(Role::User, vec![text("Hi")])]);
    request.tools = vec![Tool {
        kind: ToolKind::Hosted(dialects::ir::Hosted::CodeExecution),
        ..tool("code_execution")
    }];
    request.tool_choice = ToolChoice::Named("code_execution".to_owned());
    let mut caps = own();
    caps.web_search = true;
    let (body, losses) = written(&request, &caps);
    assert_eq!(
        body["tools"],
        json!([{"type": "code_interpreter", "container": {"type": "auto"}}])
    );
    assert_eq!(body["tool_choice"], json!({"type": "code_interpreter"}));
    assert!(losses.is_empty(), "{losses:?}");
    request.tool_choice = ToolChoice::Auto;
    caps.web_search = false;
    let (body, losses) = written(&request, &caps);
    assert!(body.get("tools").is_none(), "{body}");
    assert_eq!(losses, ["tools[0]"]);
}
