//! Settings and tools of any dialect, written for providers that speak Messages.

use crate::support::{
    body, build::*, claude, compatible, lost, older, origin, read, try_write, write,
};
use dialects::{
    Dialect,
    caps::{Caps, Thinking as Switch},
    ir::{
        CacheMark, Effort, Format, Grammar, Hosted, Mode, Native, Part, Reasoning, Request,
        Sampling, Text, Tool, ToolChoice, ToolKind, Ttl, WebSearch,
    },
    json::Json,
};
use serde_json::{Value, json};

#[test]
fn a_plain_request_names_what_anthropic_demands() {
    let mut plain = request(vec![user(vec![text("hi")])]);
    plain.system = vec![Text::plain("Be brief")];
    plain.stream = true;
    let written = write(&plain, &claude());
    assert_eq!(
        String::from_utf8(written.body).unwrap(),
        r#"{"model":"claude-test-5","max_tokens":64000,"system":"Be brief","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"stream":true}"#
    );
    // PITFALLS 128: the version that takes what is sent.
    assert_eq!(
        written.headers,
        [("anthropic-version", "2023-06-01".to_owned())]
    );
    assert_eq!(body(&write(&plain, &Caps::default()))["max_tokens"], 8192);
    plain.max_tokens = Some(100_000);
    let written = write(&plain, &claude());
    assert_eq!(
        (body(&written)["max_tokens"].clone(), lost(&written)),
        (json!(64_000), vec!["max_tokens".to_owned()])
    );
}

#[test]
fn thinking_is_asked_for_in_the_models_words() {
    // PITFALLS 91, 92, 105
    let mut always = claude();
    always.can_rest = false;
    let mut between = always.clone();
    between.messages.between_tools = true;
    let mut both = older();
    both.messages.adaptive = true;
    both.messages.effort = true;
    both.efforts = vec![Effort::Low, Effort::Medium, Effort::High];
    // What is asked; `thinking` and effort as they are told; whether a loss is told with it.
    let table = [
        (&claude(), "unset", "- -", false),
        (&claude(), "off", "disabled -", false),
        (&claude(), "off high", "disabled -", false),
        (&always, "off", "- low", true),
        (&between, "off", "between_tools -", false),
        (&compatible(), "off", "- -", false),
        (&claude(), "unset high", "adaptive high", false),
        (&claude(), "unset minimal", "adaptive low", true),
        (&both, "unset max", "adaptive high", true),
        (&claude(), "on 3000", "adaptive medium", true),
        (&both, "on 3000", "enabled:3000 -", false),
        (&both, "on 3000 low", "enabled:3000 low", false),
        (&claude(), "adaptive", "adaptive -", false),
        (&claude(), "adaptive xhigh", "adaptive xhigh", false),
        (&older(), "adaptive", "enabled:10000 -", false),
        (&older(), "unset low", "enabled:4096 -", false),
        (&older(), "on 512", "enabled:1024 -", false),
        (&older(), "on 20000", "- -", true),
        (&between, "between", "between_tools -", false),
        (&claude(), "between", "disabled -", true),
        (&compatible(), "unset low", "- -", true),
    ];
    for (caps, ask, wanted, loses) in table {
        let mut caps = caps.clone();
        caps.budget = (caps.thinking == Switch::Budget).then_some((1024, 32_000));
        let mut asked = request(vec![user(vec![text("hi")])]);
        asked.max_tokens = Some(20_000);
        asked.reasoning = reasoning(ask);
        let written = write(&asked, &caps);
        assert_eq!(thinking_and_effort(&body(&written)), wanted, "{ask}");
        assert_eq!(
            lost(&written) == ["thinking"],
            loses,
            "{ask}: {:?}",
            written.losses
        );
    }
}

/// What is asked in words: mode, budget, effort.
fn reasoning(ask: &str) -> Reasoning {
    let mut words = ask.split(' ');
    let mut asked = Reasoning {
        mode: match words.next().unwrap() {
            "off" => Mode::Off,
            "on" => Mode::On,
            "adaptive" => Mode::Adaptive,
            "between" => Mode::BetweenTools,
            _ => Mode::Unset,
        },
        ..Reasoning::default()
    };
    for word in words {
        asked.budget = asked.budget.or(word.parse().ok());
        asked.effort = asked.effort.or(Effort::of(word));
    }
    asked
}

fn thinking_and_effort(body: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let kind = word(&body["thinking"]["type"]);
    let budget = &body["thinking"]["budget_tokens"];
    let budget = budget
        .as_u64()
        .map_or(String::new(), |tokens| format!(":{tokens}"));
    format!("{kind}{budget} {}", word(&body["output_config"]["effort"]))
}

#[test]
fn manual_thinking_gives_way_to_what_it_forbids() {
    let mut asked = request(vec![
        user(vec![text("hi")]),
        assistant(vec![call("c1")]),
        user(vec![result("c1", vec![])]),
    ]);
    asked.reasoning.mode = Mode::On;
    // A loop of tools that another model began has no thinking at its front.
    let written = write(&asked, &older());
    assert_eq!(
        (&body(&written)["thinking"], lost(&written)),
        (&Value::Null, vec!["thinking".to_owned()])
    );
    let mut forced = request(vec![user(vec![text("hi")])]);
    forced.reasoning.mode = Mode::On;
    forced.tools = vec![function("run")];
    forced.tool_choice = ToolChoice::Any;
    assert_eq!(body(&write(&forced, &older()))["thinking"], Value::Null);
    forced.tool_choice = ToolChoice::Auto;
    assert_eq!(
        body(&write(&forced, &older()))["thinking"]["type"],
        "enabled"
    );
}

#[test]
fn sampling_is_dropped_or_clamped_and_never_made_up() {
    // PITFALLS 91, 128
    let mut asked = request(vec![user(vec![text("hi")])]);
    asked.sampling.temperature = Some(1.5);
    asked.sampling.top_k = Some(3);
    let told = |asked: &Request, caps: &Caps| {
        let written = write(asked, caps);
        let body = body(&written);
        (
            [
                body["temperature"].clone(),
                body["top_p"].clone(),
                body["top_k"].clone(),
            ],
            lost(&written),
        )
    };
    let null = Value::Null;
    assert_eq!(
        told(&asked, &claude()),
        (
            [null.clone(), null.clone(), null.clone()],
            vec!["temperature".to_owned(), "top_k".to_owned()]
        )
    );
    assert_eq!(
        told(&asked, &older()),
        (
            [json!(1.0), null.clone(), json!(3)],
            vec!["temperature".to_owned()]
        )
    );
    asked.sampling.temperature = Some(0.5);
    asked.sampling.top_p = Some(0.9);
    assert_eq!(
        told(&asked, &older()),
        (
            [json!(0.5), null.clone(), json!(3)],
            vec!["top_p".to_owned()]
        )
    );
    assert_eq!(
        told(&asked, &compatible()),
        ([json!(0.5), json!(0.9), json!(3)], vec![])
    );
    asked.reasoning.mode = Mode::On;
    assert_eq!(
        told(&asked, &older()).0,
        [null.clone(), null.clone(), null.clone()]
    );
    asked.sampling = Sampling::default();
    assert_eq!(told(&asked, &older()).0, [null.clone(), null.clone(), null]);
}

#[test]
fn what_messages_has_no_word_for_is_refused_or_lost() {
    let base = || request(vec![user(vec![text("hi")])]);
    let mut asked = base();
    asked.sampling.choices = Some(2);
    assert_refused(&asked, &claude(), "n");
    let mut asked = base();
    asked.sampling.logprobs = Some(2);
    assert_refused(&asked, &claude(), "logprobs");
    let mut asked = base();
    asked.modalities = vec!["audio".to_owned()];
    assert_refused(&asked, &claude(), "modalities");
    let mut asked = base();
    asked.stop = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
    assert_refused(&asked, &compatible(), "stop_sequences");
    let mut asked = base();
    asked.sampling.choices = Some(1);
    asked.sampling.seed = Some(1);
    asked.sampling.frequency_penalty = Some(1.0);
    asked.verbosity = Some("low".to_owned());
    asked.tier = Some("flex".to_owned());
    asked.stop = vec![" ".to_owned(), "END".to_owned()];
    asked.user = Some("u1".to_owned());
    asked.turns[0].name = Some("bob".to_owned());
    let written = write(&asked, &claude());
    assert_eq!(
        lost(&written),
        [
            "frequency_penalty",
            "seed",
            "verbosity",
            "messages[0]",
            "stop_sequences",
            "service_tier"
        ]
    );
    let told = body(&written);
    assert_eq!(
        (&told["stop_sequences"], &told["metadata"]),
        (&json!(["END"]), &json!({"user_id": "u1"}))
    );
}

#[test]
fn tools_are_functions_with_an_object_for_arguments() {
    // PITFALLS 78, 80, 81, 95
    let mut asked = request(vec![
        user(vec![text("hi")]),
        assistant(vec![call("c1")]),
        user(vec![result("c1", vec![])]),
    ]);
    let grammar = Grammar {
        syntax: "lark".to_owned(),
        definition: "start: /x/".to_owned(),
    };
    asked.tools = vec![
        function("run"),
        Tool {
            description: Some("d".to_owned()),
            schema: Some(
                Json::parse(
                    r#"{"type":"object","properties":{"z":{"type":"null"},"a":{"type":"null"}}}"#,
                )
                .unwrap(),
            ),
            strict: Some(true),
            ..function("mcp.server/tool")
        },
        Tool {
            kind: ToolKind::Custom {
                grammar: Some(grammar),
            },
            description: Some("Edits".to_owned()),
            ..function("apply_patch")
        },
        Tool {
            namespace: Some("fs".to_owned()),
            ..function("read")
        },
    ];
    asked.tool_choice = ToolChoice::Named("mcp.server/tool".to_owned());
    asked.parallel_tools = Some(false);
    let written = write(&asked, &claude());
    let told = body(&written);
    let names: Vec<&str> = told["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        (names[0], names[2], names[3]),
        ("run", "apply_patch", "fs__read")
    );
    assert!(names[1].starts_with("mcp_server_tool_"), "{names:?}");
    assert_eq!(
        told["tools"][0]["input_schema"],
        json!({"type": "object", "properties": {}})
    );
    assert_eq!(told["tools"][1]["strict"], true);
    assert!(String::from_utf8_lossy(&written.body).contains(
        r#""properties":{"z":{"type":"null"},"a":{"type":"null"}},"additionalProperties":false"#
    ));
    assert_eq!(
        told["tools"][2]["input_schema"]["required"],
        json!(["input"])
    );
    assert_eq!(
        told["tools"][2]["description"],
        "Edits\n\n`input` follows this lark grammar:\nstart: /x/"
    );
    assert_eq!(
        told["tool_choice"],
        json!({"type": "tool", "name": names[1], "disable_parallel_tool_use": true})
    );
    assert_eq!(written.tools.client(names[1]).unwrap().0, "mcp.server/tool");
    assert!(!String::from_utf8_lossy(&written.body).contains(r#""type":"custom""#));
}

#[test]
fn a_choice_fits_the_model_and_never_stands_alone() {
    // PITFALLS 92, 93
    let mut asked = request(vec![user(vec![text("hi")])]);
    asked.tool_choice = ToolChoice::Any;
    asked.parallel_tools = Some(false);
    let told = body(&write(&asked, &claude()));
    assert_eq!(
        (&told["tools"], &told["tool_choice"]),
        (&Value::Null, &Value::Null)
    );
    asked.tools = vec![function("a"), function("b"), function("c")];
    let mut free = claude();
    free.forced_tool_choice = false;
    assert_refused(&asked, &free, "tool_choice");
    assert_eq!(
        body(&try_write(&asked, &free, true).unwrap())["tool_choice"]["type"],
        "auto"
    );
    asked.tool_choice = ToolChoice::Allowed {
        required: true,
        names: vec!["b".to_owned()],
    };
    let written = write(&asked, &claude());
    let told = body(&written);
    assert_eq!(
        (
            told["tools"].as_array().unwrap().len(),
            &told["tool_choice"]["type"]
        ),
        (1, &json!("any"))
    );
    assert_eq!(lost(&written), ["tool_choice"]);
    for (choice, parallel, wanted) in [
        (ToolChoice::Unset, None, Value::Null),
        (ToolChoice::Unset, Some(true), Value::Null),
        (
            ToolChoice::Unset,
            Some(false),
            json!({"type": "auto", "disable_parallel_tool_use": true}),
        ),
        (ToolChoice::None, Some(false), json!({"type": "none"})),
        (
            ToolChoice::Auto,
            Some(true),
            json!({"type": "auto", "disable_parallel_tool_use": false}),
        ),
    ] {
        asked.tool_choice = choice;
        asked.parallel_tools = parallel;
        assert_eq!(body(&write(&asked, &claude()))["tool_choice"], wanted);
    }
}

#[test]
fn vendors_tools_are_told_where_they_exist() {
    // PITFALLS 113
    let search = WebSearch {
        allowed_domains: vec!["a".to_owned()],
        max_uses: Some(2),
        ..WebSearch::default()
    };
    let hosted = |name: &str, hosted: Hosted| Tool {
        kind: ToolKind::Hosted(hosted),
        ..function(name)
    };
    let mut asked = request(vec![user(vec![text("hi")])]);
    asked.tools = vec![
        hosted("google", Hosted::WebSearch(search)),
        hosted("url", Hosted::WebFetch),
        hosted("py", Hosted::CodeExecution),
    ];
    let told = body(&write(&asked, &claude()));
    assert_eq!(
        told["tools"],
        json!([
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 2, "allowed_domains": ["a"]},
            {"type": "web_fetch_20250910", "name": "web_fetch"},
            {"type": "code_execution_20250825", "name": "code_execution"},
        ])
    );
    asked.tools = vec![
        hosted("fs", Hosted::Other("file_search".to_owned())),
        function("run"),
    ];
    let written = write(&asked, &claude());
    assert_eq!(
        (
            body(&written)["tools"].as_array().unwrap().len(),
            lost(&written)
        ),
        (1, vec!["tools[0]".to_owned()])
    );
    asked.tool_choice = ToolChoice::Named("fs".to_owned());
    assert_refused(&asked, &claude(), "tools[0]");
    let native = json!({"type": "bash_20250124", "name": "bash"});
    let asked = read(
        &json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": [native]}),
    );
    assert_eq!(body(&write(&asked, &claude()))["tools"], json!([native]));
    let told = body(&write(&asked, &compatible()));
    assert_eq!(
        told["tools"][0]["input_schema"]["properties"]["command"]["type"],
        "string"
    );
    assert_eq!(told["tools"][0].get("type"), None);
    let foreign = Tool {
        native: Some(Native {
            dialect: Dialect::Gemini,
            value: Json::null(),
        }),
        ..function("run")
    };
    let mut asked = request(vec![user(vec![text("hi")])]);
    asked.tools = vec![foreign];
    assert_eq!(body(&write(&asked, &claude()))["tools"][0]["name"], "run");
}

#[test]
fn an_answers_form_is_bound_or_asked_for() {
    // PITFALLS 97
    let mut asked = request(vec![user(vec![text("hi")])]);
    asked.format = Format::Schema {
        name: Some("n".to_owned()),
        description: None,
        schema: Json::parse(
            r#"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":true}"#,
        )
        .unwrap(),
        strict: Some(true),
    };
    let written = write(&asked, &claude());
    assert_eq!(
        body(&written)["output_config"],
        json!({"format": {"type": "json_schema", "schema": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false}}})
    );
    assert_eq!(lost(&written), ["output_config.format"]);
    let written = write(&asked, &compatible());
    assert!(
        body(&written)["system"][0]["text"]
            .as_str()
            .unwrap()
            .contains("JSON Schema")
    );
    assert_eq!(lost(&written), ["output_config.format"]);
    asked.format = Format::Json;
    assert!(
        body(&write(&asked, &claude()))["system"][0]["text"]
            .as_str()
            .unwrap()
            .contains("JSON alone")
    );
}

#[test]
fn cache_marks_go_where_they_are_known() {
    // PITFALLS 104
    let mut asked = request(vec![user(vec![Part::Text(Text {
        cache: Some(CacheMark {
            ttl: Some(Ttl("30m".into())),
        }),
        ..Text::plain("hi")
    })])]);
    asked.system = vec![Text {
        cache: Some(CacheMark::default()),
        ..Text::plain("s")
    }];
    asked.tools = vec![Tool {
        cache: Some(CacheMark::default()),
        ..function("run")
    }];
    let told = body(&write(&asked, &claude()));
    assert_eq!(
        told["messages"][0]["content"][0]["cache_control"],
        json!({"type": "ephemeral", "ttl": "1h"})
    );
    assert_eq!(
        told["system"][0]["cache_control"],
        json!({"type": "ephemeral"})
    );
    let written = write(&asked, &compatible());
    assert!(!String::from_utf8_lossy(&written.body).contains("cache_control"));
    assert_eq!(lost(&written), ["cache_control"]);
}

#[test]
fn a_count_is_asked_for_without_what_only_answers_have() {
    // PITFALLS 103, 123
    let mut asked = request(vec![user(vec![text("hi")])]);
    asked.stream = true;
    asked.stop = vec!["END".to_owned()];
    asked.user = Some("u".to_owned());
    asked.sampling.temperature = Some(1.0);
    asked.tools = vec![function("run")];
    let caps = older();
    let target = dialects::Target {
        origin: origin(),
        caps: &caps,
        lossy: false,
    };
    let codec = Dialect::Anthropic.codec();
    let written = codec.write_count_request(&asked, &target).unwrap().unwrap();
    let told = body(&written);
    let names: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["model", "messages", "tools"]);
    assert_eq!(codec.read_count(br#"{"input_tokens":7}"#), Some(7));
    assert_eq!(codec.read_count(b"<html>"), None);
    assert_eq!(codec.write_count(7), br#"{"input_tokens":7}"#);
}
