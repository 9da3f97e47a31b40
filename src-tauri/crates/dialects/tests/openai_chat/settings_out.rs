//! Settings, tools and refusals: what goes by the capabilities.

use dialects::{
    Dialect,
    caps::Caps,
    ir::{
        Call, Format, Grammar, Media, MediaKind, Part, Request, Role, Source, Tool, ToolChoice,
        ToolKind,
    },
    json::Json,
};
use serde_json::{Value, json};

use crate::{
    build::{request, text, tool, turn},
    caps, codec, read, sent, written,
};

#[test]
fn thinking_is_switched_in_the_words_of_the_target() {
    // PITFALLS 105: no effort beside a thinking that is off.
    let deepseek =
        json!({"thinking": "type", "efforts": ["low", "high", "max"], "efforts_up": true});
    let qwen = json!({"thinking": "enable", "budget": [128, 4096]});
    let router = json!({"thinking": "object"});
    let table = [
        (
            json!({}),
            json!({"reasoning_effort": "high"}),
            json!({"reasoning_effort": "high"}),
            0,
        ),
        (
            json!({}),
            json!({"reasoning_effort": "xhigh"}),
            json!({"reasoning_effort": "high"}),
            1,
        ),
        (
            json!({}),
            json!({"reasoning_effort": "none"}),
            json!({"reasoning_effort": "low"}),
            1,
        ),
        (
            json!({"chat": {"effort_none": true}}),
            json!({"reasoning_effort": "none"}),
            json!({"reasoning_effort": "none"}),
            0,
        ),
        (
            json!({"efforts": []}),
            json!({"reasoning_effort": "high"}),
            json!({}),
            1,
        ),
        (
            json!({"thinking": "none"}),
            json!({"reasoning_effort": "none"}),
            json!({}),
            0,
        ),
        (
            deepseek.clone(),
            json!({"reasoning_effort": "high", "thinking": {"type": "disabled"}}),
            json!({"thinking": {"type": "disabled"}}),
            0,
        ),
        (
            deepseek.clone(),
            json!({"reasoning_effort": "medium"}),
            json!({"thinking": {"type": "enabled"}, "reasoning_effort": "high"}),
            1,
        ),
        (deepseek, json!({}), json!({}), 0),
        (
            qwen.clone(),
            json!({"thinking": {"type": "enabled", "budget_tokens": 9000}}),
            json!({"enable_thinking": true, "thinking_budget": 4096}),
            1,
        ),
        (
            qwen,
            json!({"reasoning_effort": "none"}),
            json!({"enable_thinking": false}),
            0,
        ),
        (
            router.clone(),
            json!({"reasoning": {"max_tokens": 2000, "exclude": true}}),
            json!({"reasoning": {"max_tokens": 2000, "exclude": true}}),
            0,
        ),
        (
            router,
            json!({"reasoning": {"enabled": true}}),
            json!({"reasoning": {"enabled": true}}),
            0,
        ),
        (
            json!({"thinking": "template"}),
            json!({"reasoning_effort": "none"}),
            json!({"chat_template_kwargs": {"enable_thinking": false}}),
            0,
        ),
        (
            json!({"can_rest": false}),
            json!({"reasoning_effort": "none"}),
            json!({"reasoning_effort": "low"}),
            1,
        ),
    ];
    for (differing, asked, expected, lost) in table {
        let mut client = asked.clone();
        client["model"] = json!("m");
        client["messages"] = json!([]);
        // A switch that says "off" goes before an effort that is told beside it.
        let request = read(&client);
        let (mut body, losses) = sent(&request, &caps(differing.clone()));
        let fields = body.as_object_mut().unwrap();
        fields.remove("model");
        fields.remove("messages");
        assert_eq!(
            (body, losses.len()),
            (expected, lost),
            "{differing} {asked}: {losses:?}"
        );
    }
}

#[test]
fn tools_are_declared_as_the_target_takes_them() {
    // PITFALLS 78, 80, 81, 94, 95, 96
    let grammar = Grammar {
        syntax: "lark".to_owned(),
        definition: "start: X".to_owned(),
    };
    let mut dotted = tool("a.b/c", ToolKind::Function);
    dotted.schema = Some(Json::parse("null").unwrap());
    let mut exact = tool("exact", ToolKind::Function);
    exact.schema =
        Some(Json::parse(r#"{"type":"object","properties":{"a":{"type":"string"}}}"#).unwrap());
    exact.strict = Some(true);
    let patch = Tool {
        description: Some("Edits.".to_owned()),
        ..tool(
            "patch",
            ToolKind::Custom {
                grammar: Some(grammar),
            },
        )
    };
    let conversation = Request {
        tools: vec![dotted, exact, patch],
        tool_choice: ToolChoice::Named("a.b/c".to_owned()),
        ..request(vec![turn(
            Role::Assistant,
            vec![Part::Call(Call {
                id: "c".to_owned(),
                name: "patch".to_owned(),
                arguments: Json::parse(r#"{"input":"x"}"#).unwrap(),
                kind: dialects::ir::CallKind::Function,
                seal: None,
                cache: None,
                at: dialects::ir::At::default(),
            })],
        )])
    };
    let plain = written(&conversation, &Caps::default(), false).unwrap();
    let body: Value = serde_json::from_slice(&plain.body).unwrap();
    let name = body["tools"][0]["function"]["name"].as_str().unwrap();
    assert!(
        name.starts_with("a_b_c_") && plain.tools.client(name).unwrap().0 == "a.b/c",
        "{name}"
    );
    assert_eq!(
        body["tools"][0]["function"]["parameters"],
        json!({"type": "object", "properties": {}})
    );
    assert_eq!(body["tool_choice"]["function"]["name"], name);
    assert_eq!(body["tools"][1]["function"].get("strict"), None);
    let wrapped = &body["tools"][2]["function"];
    assert!(
        wrapped["description"]
            .as_str()
            .unwrap()
            .contains("start: X"),
        "{wrapped}"
    );
    assert_eq!(wrapped["parameters"]["required"], json!(["input"]));
    assert_eq!(
        body["messages"][0]["tool_calls"][0]["function"]["arguments"],
        r#"{"input":"x"}"#
    );

    let (body, _) = sent(
        &conversation,
        &caps(json!({"custom_tools": true, "strict_tools": true})),
    );
    assert_eq!(body["tools"][1]["function"]["strict"], true);
    assert_eq!(
        body["tools"][1]["function"]["parameters"]["required"],
        json!(["a"])
    );
    assert_eq!(
        body["tools"][2],
        json!({"type": "custom", "custom": {"name": "patch", "description": "Edits.", "format": {
            "type": "grammar", "grammar": {"syntax": "lark", "definition": "start: X"}}}})
    );
    assert_eq!(
        body["messages"][0]["tool_calls"][0],
        json!({"id": "c", "type": "custom", "custom": {"name": "patch", "input": "x"}})
    );
}

#[test]
fn a_choice_needs_tools_and_a_model_that_can_be_forced() {
    // PITFALLS 93
    let without = Request {
        tool_choice: ToolChoice::Auto,
        parallel_tools: Some(false),
        ..request(vec![])
    };
    let (body, losses) = sent(&without, &Caps::default());
    assert!(
        body.get("tool_choice").is_none()
            && body.get("parallel_tool_calls").is_none()
            && losses.is_empty()
    );
    let forced = Request {
        tools: vec![tool("f", ToolKind::Function)],
        tool_choice: ToolChoice::Any,
        ..request(vec![])
    };
    let (body, _) = sent(&forced, &Caps::default());
    assert_eq!(body["tool_choice"], "required");
    let cannot = caps(json!({"forced_tool_choice": false}));
    let refusal = written(&forced, &cannot, false).unwrap_err();
    assert_eq!(codec().spell(&refusal.place), "tool_choice");
    let lossy = written(&forced, &cannot, true).unwrap();
    assert!(
        String::from_utf8(lossy.body)
            .unwrap()
            .contains(r#""tool_choice":"auto""#)
    );
    let allowed = Request {
        tools: vec![tool("f", ToolKind::Function), tool("g", ToolKind::Function)],
        tool_choice: ToolChoice::Allowed {
            required: true,
            names: vec!["g".to_owned()],
        },
        ..request(vec![])
    };
    let (body, _) = sent(&allowed, &Caps::default());
    assert_eq!(
        (
            body["tools"].as_array().unwrap().len(),
            &body["tool_choice"]
        ),
        (1, &json!("required"))
    );
    let (body, _) = sent(&allowed, &caps(json!({"chat": {"allowed_tools": true}})));
    assert_eq!(
        body["tool_choice"]["allowed_tools"]["tools"],
        json!([{"type": "function", "function": {"name": "g"}}])
    );
}

#[test]
fn settings_go_by_the_capabilities() {
    // PITFALLS 59, 88, 90, 102
    let asked = json!({"model": "m", "messages": [], "stream": true, "max_tokens": 100, "temperature": 0.5, "top_p": 0.9, "top_k": 5, "seed": 1,
        "frequency_penalty": 0.1, "stop": ["a", "b"], "user": "u", "prompt_cache_key": "k", "verbosity": "low", "service_tier": "flex", "store": true, "metadata": {"a": "b"}});
    let request = read(&asked);
    let (body, losses) = sent(&request, &Caps::default());
    assert_eq!(
        body,
        json!({"model": "m", "messages": [], "max_tokens": 100, "stop": ["a", "b"], "temperature": 0.5, "top_p": 0.9, "frequency_penalty": 0.1,
            "seed": 1, "user": "u", "stream": true, "stream_options": {"include_usage": true}})
    );
    assert_eq!(
        losses,
        [
            "top_k",
            "verbosity",
            "service_tier",
            "store",
            "metadata",
            "prompt_cache_key"
        ]
    );
    let openai = caps(
        json!({"sampling": false, "penalties": false, "seed": false, "cache_key": true, "max_output": 50,
        "chat": {"max_completion_tokens": true, "safety_identifier": true, "verbosity": true, "tiers": true, "stored": true, "stream_options": false}}),
    );
    let (body, losses) = sent(&request, &openai);
    assert_eq!(
        body,
        json!({"model": "m", "messages": [], "max_completion_tokens": 50, "stop": ["a", "b"], "verbosity": "low", "service_tier": "flex",
            "store": true, "metadata": {"a": "b"}, "safety_identifier": "u", "prompt_cache_key": "k", "stream": true})
    );
    assert_eq!(
        losses,
        [
            "max_tokens",
            "temperature",
            "top_p",
            "top_k",
            "frequency_penalty",
            "seed"
        ]
    );
}

#[test]
fn what_may_not_be_left_out_is_refused_by_its_name() {
    // PITFALLS 87
    let media = |kind, source| {
        request(vec![turn(
            Role::User,
            vec![Part::Media(Media {
                kind,
                source,
                title: None,
                context: None,
                detail: None,
                cite: false,
                cache: None,
                at: dialects::ir::At::item(0).part(0),
            })],
        )])
    };
    let bytes = |mime: &str| Source::Base64 {
        mime: mime.to_owned(),
        data: "AAAA".to_owned(),
    };
    let url = Source::Url {
        url: "https://x/y".to_owned(),
        mime: None,
    };
    let foreign = Source::File {
        dialect: Dialect::Anthropic,
        id: "file_1".to_owned(),
        mime: None,
    };
    let part = "messages[0].content[0]";
    let table = [
        (
            media(MediaKind::Image, bytes("image/png")),
            json!({"images": false}),
            part,
        ),
        (
            media(MediaKind::Image, url.clone()),
            json!({"image_urls": false}),
            part,
        ),
        (
            media(MediaKind::Document, bytes("application/pdf")),
            json!({"documents": false}),
            part,
        ),
        (media(MediaKind::Document, url), json!({}), part),
        (media(MediaKind::Document, foreign), json!({}), part),
        (media(MediaKind::Audio, bytes("audio/wav")), json!({}), part),
        (
            media(MediaKind::Audio, bytes("audio/ogg")),
            json!({"audio": true}),
            part,
        ),
        (media(MediaKind::Video, bytes("video/mp4")), json!({}), part),
        (
            read(&json!({"model": "m", "messages": [], "n": 2})),
            json!({}),
            "n",
        ),
        (
            read(&json!({"model": "m", "messages": [], "modalities": ["audio", "text"]})),
            json!({}),
            "modalities",
        ),
        (
            read(&json!({"model": "m", "messages": [], "stop": ["a", "b", "c", "d", "e"]})),
            json!({}),
            "stop",
        ),
        (
            request(vec![turn(Role::Assistant, vec![text("begun")])]),
            json!({"prefill": false}),
            "messages[0]",
        ),
    ];
    for (request, differing, place) in table {
        let caps = caps(differing.clone());
        let refusal = written(&request, &caps, false).unwrap_err();
        assert_eq!(codec().spell(&refusal.place), place, "{differing}");
        let lossy = written(&request, &caps, true).unwrap();
        assert_eq!(lossy.losses.len(), 1, "{differing} {:?}", lossy.losses);
    }
}

#[test]
fn forms_of_the_answer_are_bound_as_far_as_the_target_can() {
    let schema = Json::parse(r#"{"type":"object","properties":{"a":{"type":"string"}}}"#).unwrap();
    let free = Json::parse(r#"{"type":"object"}"#).unwrap();
    let asked = |schema: &Json, strict| Request {
        format: Format::Schema {
            name: None,
            description: None,
            schema: schema.clone(),
            strict,
        },
        ..request(vec![])
    };
    let (body, losses) = sent(&asked(&schema, Some(true)), &Caps::default());
    let form = &body["response_format"]["json_schema"];
    assert_eq!(
        (&form["name"], &form["strict"], &form["schema"]["required"]),
        (&json!("response"), &json!(true), &json!(["a"]))
    );
    assert_eq!(losses, ["response_format"]);
    let (body, losses) = sent(&asked(&free, Some(true)), &Caps::default());
    assert_eq!(
        (
            &body["response_format"]["json_schema"]["strict"],
            losses.len()
        ),
        (&json!(false), 1)
    );
    let (body, _) = sent(&asked(&schema, None), &caps(json!({"structured": "json"})));
    assert_eq!(body["response_format"], json!({"type": "json_object"}));
    assert!(
        body["messages"][0]["content"]
            .as_str()
            .unwrap()
            .contains(r#""properties":{"a""#),
        "{body}"
    );
    let (body, losses) = sent(&asked(&schema, None), &caps(json!({"structured": "none"})));
    assert!(body.get("response_format").is_none() && losses == ["response_format"]);
}
