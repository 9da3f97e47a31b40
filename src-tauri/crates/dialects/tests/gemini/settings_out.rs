//! Settings, tools and forms as Gemini is told them.

use dialects::{
    caps::Structured,
    ir::{
        CacheMark, Effort, Fate, Field, Format, Grammar, Hosted, Mode, Own, Place, Reasoning,
        Request, Show, Text, Tool, ToolChoice, ToolKind, WebSearch,
    },
    json::Json,
};
use serde_json::{Value, json};

use super::{codec, lost, requests_out::refused, say, second, target, third, write};

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn thinking_is_a_level_or_a_budget_and_never_both() {
    let mut pro = second();
    pro.can_rest = false;
    let reasoning = |mode, effort, budget| Reasoning {
        mode,
        effort,
        budget,
        show: None,
    };
    let shown = |value: Value| value;
    for (caps, reasoning, wanted, is_lost) in [
        (
            third(),
            reasoning(Mode::On, Some(Effort::Minimal), None),
            json!({"includeThoughts": true, "thinkingLevel": "LOW"}),
            true,
        ),
        (
            third(),
            reasoning(Mode::On, Some(Effort::Max), None),
            json!({"includeThoughts": true, "thinkingLevel": "HIGH"}),
            true,
        ),
        (
            third(),
            reasoning(Mode::On, None, Some(2048)),
            json!({"includeThoughts": true, "thinkingLevel": "MEDIUM"}),
            false,
        ),
        (
            third(),
            reasoning(Mode::Adaptive, None, None),
            json!({"includeThoughts": true}),
            false,
        ),
        (
            third(),
            reasoning(Mode::Off, None, None),
            json!({"thinkingLevel": "LOW"}),
            true,
        ),
        (
            second(),
            reasoning(Mode::Off, None, None),
            json!({"thinkingBudget": 0}),
            false,
        ),
        (
            pro,
            reasoning(Mode::Off, None, None),
            json!({"thinkingBudget": 128}),
            true,
        ),
        (
            second(),
            reasoning(Mode::Adaptive, None, None),
            json!({"includeThoughts": true, "thinkingBudget": -1}),
            false,
        ),
        (
            second(),
            reasoning(Mode::On, None, Some(99_999)),
            json!({"includeThoughts": true, "thinkingBudget": 24_576}),
            false,
        ),
        (
            second(),
            reasoning(Mode::Unset, Some(Effort::Low), None),
            json!({"thinkingBudget": 4096}),
            false,
        ),
        (
            second(),
            Reasoning {
                show: Some(Show::None),
                ..reasoning(Mode::On, None, Some(1))
            },
            json!({"includeThoughts": false, "thinkingBudget": 128}),
            false,
        ),
        (third(), Reasoning::default(), Value::Null, false),
    ] {
        let mut request = say::request(vec![say::user(vec![say::text("go")])]);
        request.reasoning = reasoning.clone();
        let (body, written) = write(&request, &caps);
        assert_eq!(
            shown(body["generationConfig"]["thinkingConfig"].clone()),
            wanted,
            "{reasoning:?}"
        );
        assert_eq!(lost(&written).len(), usize::from(is_lost), "{reasoning:?}");
    }
}

#[test]
fn settings_are_sent_kept_out_or_refused() {
    let mut request = say::request(vec![say::user(vec![say::text("go")])]);
    request.max_tokens = Some(100_000);
    request.stop = vec!["a".to_owned(); 5];
    request.sampling.temperature = Some(2.5);
    request.sampling.top_k = Some(40);
    request.sampling.seed = Some(7);
    request.sampling.presence_penalty = Some(0.5);
    request.tier = Some("flex".to_owned());
    request.user = Some("u".to_owned());
    request.metadata = Some(Json::parse(r#"{"a":"b"}"#).unwrap());
    request.parallel_tools = Some(false);
    request.cache = Some(CacheMark::default());
    request.system = vec![Text {
        cache: Some(CacheMark::default()),
        ..Text::plain("s")
    }];
    let mut caps = third();
    caps.max_output = Some(65_536);
    let (body, written) = write(&request, &caps);
    assert_eq!(
        body["generationConfig"],
        json!({
            "temperature": 2.0, "topK": 40, "maxOutputTokens": 65_536, "stopSequences": ["a", "a", "a", "a", "a"], "seed": 7,
        })
    );
    assert_eq!(body["serviceTier"], "flex");
    assert_eq!(
        lost(&written),
        [
            "generationConfig.maxOutputTokens",
            "generationConfig.presencePenalty",
            "generationConfig.temperature",
            "labels",
            "labels",
            "toolConfig.functionCallingConfig",
            "cachedContent",
        ]
    );
    let (body, _) = write(&request, &second());
    assert_eq!(body["generationConfig"]["presencePenalty"], 0.5);

    let plain = || say::request(vec![say::user(vec![say::text("go")])]);
    for (request, place) in [
        (
            Request {
                stop: vec!["a".to_owned(); 6],
                ..plain()
            },
            "generationConfig.stopSequences",
        ),
        (
            Request {
                modalities: vec!["text".to_owned(), "audio".to_owned()],
                ..plain()
            },
            "generationConfig.responseModalities",
        ),
        (
            {
                let mut request = plain();
                request.sampling.choices = Some(2);
                request
            },
            "generationConfig.candidateCount",
        ),
        (
            Request {
                own: vec![Own {
                    path: "mcp_servers".into(),
                    value: Json::null(),
                    fate: Fate::Refuse("no".into()),
                }],
                ..plain()
            },
            "mcp_servers",
        ),
    ] {
        assert_eq!(refused(&request, &third()).0, place);
    }
}

#[test]
fn tools_are_declared_by_json_schema_or_by_the_subset() {
    // PITFALLS 76, 77
    let schema = r##"{"$schema":"x","type":"object","properties":{"title":{"type":["string","null"],"default":"d"},"const":{"const":"k"},
        "n":{"type":"integer","exclusiveMinimum":0,"format":"uint"},"any":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/p"}]},
        "list":{"type":"array"},"map":{"type":"object","propertyNames":{"pattern":"a"},"additionalProperties":false},
        "examples":{"type":"string","enum":["a",""],"examples":["a"]},"loop":{"$ref":"#/$defs/l"}},
        "required":["title","gone"],"additionalProperties":false,
        "$defs":{"p":{"type":"object","properties":{"default":{"type":"number"}}},"l":{"type":"object","properties":{"next":{"$ref":"#/$defs/l"}}}}}"##;
    let mut request = say::request(vec![say::user(vec![say::text("go")])]);
    request.tools = vec![
        say::tool("f", schema),
        say::tool("none", r#"{"type":"object","properties":{}}"#),
    ];
    let (body, written) = write(&request, &third());
    let declared = &body["tools"][0]["functionDeclarations"];
    assert_eq!(
        declared[0]["parametersJsonSchema"],
        serde_json::from_str::<Value>(schema).unwrap()
    );
    assert_eq!(declared[1], json!({"name": "none"}));
    assert!(lost(&written).is_empty());

    let mut old = second();
    old.gemini.json_schema = false;
    let (body, written) = write(&request, &old);
    assert_eq!(
        body["tools"][0]["functionDeclarations"][0]["parameters"],
        json!({
            "type": "object",
            "properties": {
                "title": {"nullable": true, "type": "string", "default": "d"},
                "const": {"enum": ["k"], "type": "string"},
                "n": {"type": "integer"},
                "any": {"nullable": true, "type": "object", "properties": {"default": {"type": "number"}}},
                "list": {"type": "array", "items": {"type": "object"}},
                "map": {"type": "object"},
                "examples": {"type": "string", "enum": ["a"]},
                "loop": {"type": "object", "properties": {"next": {"type": "object"}}},
            },
            "required": ["title"],
        })
    );
    assert_eq!(lost(&written), ["tools[0].parameters"]);
}

#[test]
fn names_go_out_fitting_and_come_back() {
    // PITFALLS 81
    let long = format!("mcp__{}", "x".repeat(70));
    let mut request = say::request(vec![
        say::user(vec![say::text("go")]),
        say::model(vec![say::call("a", "1st/tool"), say::call("b", &long)]),
        say::user(vec![say::result("a", "r"), say::result("b", "r")]),
    ]);
    request.tools = vec![
        say::tool("1st/tool", "{}"),
        say::tool(&long, "{}"),
        say::tool("a.b:c-d", "{}"),
    ];
    request.tool_choice = ToolChoice::Named("1st/tool".to_owned());
    let (body, written) = write(&request, &second());
    let declared = body["tools"][0]["functionDeclarations"].as_array().unwrap();
    let names: Vec<_> = declared
        .iter()
        .map(|function| function["name"].as_str().unwrap())
        .collect();
    assert!(
        names[0].starts_with('_') && names.iter().all(|name| name.len() <= 64),
        "{names:?}"
    );
    assert_eq!(names[2], "a.b:c-d");
    assert_eq!(
        body["contents"][1]["parts"][0]["functionCall"]["name"],
        names[0]
    );
    assert_eq!(
        body["contents"][2]["parts"][1]["functionResponse"]["name"],
        names[1]
    );
    assert_eq!(
        body["toolConfig"]["functionCallingConfig"],
        json!({"mode": "ANY", "allowedFunctionNames": [names[0]]})
    );
    assert_eq!(written.tools.client(names[1]).unwrap().0, long);
}

#[test]
fn the_choice_among_tools() {
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    let mut strict = third();
    strict.strict_tools = true;
    for (caps, choice, wanted) in [
        (third(), ToolChoice::Unset, Value::Null),
        (third(), ToolChoice::Auto, json!({"mode": "AUTO"})),
        (third(), ToolChoice::None, json!({"mode": "NONE"})),
        (third(), ToolChoice::Any, json!({"mode": "ANY"})),
        (
            third(),
            ToolChoice::Allowed {
                required: true,
                names: names(&["f", "g"]),
            },
            json!({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}),
        ),
        (
            strict,
            ToolChoice::Allowed {
                required: false,
                names: names(&["f"]),
            },
            json!({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
        ),
        (
            third(),
            ToolChoice::Allowed {
                required: false,
                names: names(&["f"]),
            },
            json!({"mode": "AUTO"}),
        ),
    ] {
        let mut request = say::request(vec![say::user(vec![say::text("go")])]);
        request.tools = vec![say::tool("f", "{}"), say::tool("g", "{}")];
        request.tool_choice = choice.clone();
        let (body, written) = write(&request, &caps);
        assert_eq!(
            body["toolConfig"]["functionCallingConfig"], wanted,
            "{choice:?}"
        );
        let filtered = wanted == json!({"mode": "AUTO"}) && choice != ToolChoice::Auto;
        let offered = body["tools"][0]["functionDeclarations"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(
            (offered, written.losses.len()),
            if filtered { (1, 1) } else { (2, 0) },
            "{choice:?}"
        );
    }
    let mut request = say::request(vec![say::user(vec![say::text("go")])]);
    request.tools = vec![say::tool("f", "{}")];
    request.tool_choice = ToolChoice::Any;
    let mut free = third();
    free.forced_tool_choice = false;
    assert_eq!(
        refused(&request, &free).0,
        codec().spell(&Place::Field(Field::ToolChoice))
    );
    request.tool_choice = ToolChoice::Named("gone".to_owned());
    assert!(refused(&request, &third()).1.contains("gone"));
}

fn hosted(hosted: Hosted) -> Tool {
    Tool {
        kind: ToolKind::Hosted(hosted),
        schema: None,
        ..say::tool("web_search", "{}")
    }
}

#[test]
fn search_beside_functions_is_for_gemini_3() {
    // PITFALLS 114
    let mut request = say::request(vec![say::user(vec![say::text("go")])]);
    request.tools = vec![
        hosted(Hosted::WebSearch(WebSearch::default())),
        say::tool("f", r#"{"type":"object","properties":{"a":{}}}"#),
    ];
    let (body, _) = write(&request, &third());
    assert_eq!(body["tools"].as_array().unwrap().len(), 2);
    assert_eq!(body["tools"][1], json!({"googleSearch": {}}));
    assert_eq!(
        body["toolConfig"],
        json!({"includeServerSideToolInvocations": true})
    );
    // PITFALLS 114: the client's own tools go on, unless the search is what it wants.
    let (body, written) = write(&request, &second());
    assert_eq!(body["tools"].as_array().map(Vec::len), Some(1));
    assert!(body["tools"][0].get("functionDeclarations").is_some());
    assert_eq!(lost(&written), ["tools[0]"]);
    request.tool_choice = ToolChoice::Named("web_search".to_owned());
    assert_eq!(refused(&request, &second()).0, "tools[0]");
    request.tool_choice = ToolChoice::Auto;
    request.tools.truncate(1);
    assert_eq!(
        write(&request, &second()).0["tools"],
        json!([{"googleSearch": {}}])
    );
    request.tools = vec![hosted(Hosted::WebSearch(WebSearch {
        blocked_domains: vec!["a".to_owned()],
        ..WebSearch::default()
    }))];
    assert!(refused(&request, &third()).1.contains("domains"));
    request.tools = vec![hosted(Hosted::Other("image_generation".to_owned()))];
    let (body, written) = write(&request, &third());
    assert_eq!(
        (&body["tools"], lost(&written)),
        (&Value::Null, vec!["tools[0]".to_owned()])
    );
    request.tool_choice = ToolChoice::Named("web_search".to_owned());
    assert_eq!(refused(&request, &third()).0, "tools[0]");
}

#[test]
fn free_form_tools_are_functions_of_one_text() {
    let mut request = say::request(vec![say::user(vec![say::text("go")])]);
    let grammar = Grammar {
        syntax: "lark".to_owned(),
        definition: "x".to_owned(),
    };
    request.tools = vec![Tool {
        kind: ToolKind::Custom {
            grammar: Some(grammar),
        },
        description: Some("Patch.".to_owned()),
        ..say::tool("apply_patch", "{}")
    }];
    let (body, written) = write(&request, &third());
    let function = &body["tools"][0]["functionDeclarations"][0];
    assert_eq!(
        function["parametersJsonSchema"]["required"],
        json!(["input"])
    );
    assert_eq!(
        function["description"],
        "Patch.\n\n`input` follows this lark grammar:\nx"
    );
    assert_eq!(
        written.tools.client("apply_patch").unwrap().1,
        &dialects::ir::CallKind::Custom
    );
}

#[test]
fn the_form_of_the_answer() {
    let schema = Json::parse(r#"{"type":"object","properties":{"a":{"type":"integer"}}}"#).unwrap();
    let mut request = say::request(vec![say::user(vec![say::text("go")])]);
    request.format = Format::Schema {
        name: Some("n".to_owned()),
        description: None,
        schema: schema.clone(),
        strict: Some(true),
    };
    let (body, _) = write(&request, &third());
    assert_eq!(
        body["generationConfig"],
        json!({"responseMimeType": "application/json", "responseJsonSchema": schema.value()})
    );
    let mut old = second();
    old.gemini.json_schema = false;
    assert_eq!(
        write(&request, &old).0["generationConfig"]["responseSchema"],
        schema.value()
    );
    let mut loose = second();
    loose.structured = Structured::None;
    let (body, written) = write(&request, &loose);
    assert!(
        body["systemInstruction"]["parts"][0]["text"]
            .as_str()
            .unwrap()
            .ends_with(schema.text())
    );
    assert_eq!(lost(&written), ["generationConfig.responseMimeType"]);
    request.tools = vec![say::tool("f", "{}")];
    assert_eq!(
        lost(&write(&request, &second()).1),
        ["generationConfig.responseMimeType"]
    );
    assert!(lost(&write(&request, &third()).1).is_empty());
}

#[test]
fn a_count_is_asked_with_the_whole_request() {
    let mut request = say::request(vec![say::user(vec![say::text("go")])]);
    request.system = vec![Text::plain("s")];
    let caps = third();
    let written = codec()
        .write_count_request(&request, &target(&caps, false))
        .unwrap()
        .unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&written.body).unwrap(),
        json!({"generateContentRequest": {
            "model": "models/gemini-3.5-pro",
            "contents": [{"parts": [{"text": "go"}], "role": "user"}],
            "systemInstruction": {"parts": [{"text": "s"}]},
        }})
    );
}
