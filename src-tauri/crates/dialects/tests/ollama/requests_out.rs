//! What Ollama is asked.

use dialects::{
    Dialect,
    caps::{Caps, Structured, Thinking},
    ir::{
        At, Effort, Fate, Format, Media, MediaKind, Mode, Own, Part, Reasoning, Request, Role,
        Seal, Source, Text, Thinking as Thought, Tool, ToolChoice, ToolKind,
    },
    json::Json,
};
use serde_json::{Value, json};

use super::requests::{go, refused};
use super::{call, caps, codec, lost, origin, read, request, result, target, text, turn, write};

fn image() -> Part {
    Part::Media(media(
        MediaKind::Image,
        Source::Base64 {
            mime: "image/png".to_owned(),
            data: "iVBO".to_owned(),
        },
    ))
}

fn media(kind: MediaKind, source: Source) -> Media {
    Media {
        kind,
        source,
        title: None,
        context: None,
        detail: None,
        cite: false,
        cache: None,
        at: At::default(),
    }
}

#[test]
fn a_conversation_is_written() {
    let mut failed = result("a", "bad");
    failed.is_error = true;
    let mut shown = result("b", "see");
    shown.parts.push(image());
    let mut request = request(vec![
        turn(Role::User, vec![text("one"), text("two"), image()]),
        turn(
            Role::Assistant,
            vec![text("so "), text("then"), call("a", "f"), call("b", "g")],
        ),
        turn(
            Role::User,
            vec![
                text("by the way"),
                Part::Result(failed),
                Part::Result(shown),
            ],
        ),
        turn(Role::System, vec![text("rule")]),
    ]);
    request.system = vec![Text::plain("s"), Text::plain("t")];
    request.stream = true;
    let (body, written) = write(&request, &caps());
    let args = json!({"z": 1, "a": 2});
    assert_eq!(
        body,
        json!({
            "model": "qwen3",
            "messages": [
                {"role": "system", "content": "s\n\nt"},
                {"role": "user", "content": "one\ntwo", "images": ["iVBO"]},
                {"role": "assistant", "content": "so then", "tool_calls": [
                    {"id": "a", "function": {"name": "f", "arguments": args}},
                    {"id": "b", "function": {"name": "g", "arguments": args}},
                ]},
                {"role": "tool", "content": "Error: bad", "tool_name": "f", "tool_call_id": "a"},
                {"role": "tool", "content": "see", "tool_name": "g", "tool_call_id": "b"},
                {"role": "user", "content": "From the result of g:\nby the way", "images": ["iVBO"]},
                {"role": "system", "content": "rule"},
            ],
            "options": {"num_ctx": 8192},
            "stream": true,
        })
    );
    assert_eq!(written.losses.len(), 1);
    // The stream is always asked for or declined in so many words.
    request.stream = false;
    assert_eq!(write(&request, &caps()).0["stream"], false);
    // PITFALLS 101: the model's own order of keys.
    assert!(
        String::from_utf8(written.body)
            .unwrap()
            .contains(r#""arguments":{"z":1,"a":2}"#)
    );
}

#[test]
fn what_ollama_cannot_take_is_refused() {
    let with = |part: Part| request(vec![turn(Role::User, vec![part])]);
    let base64 = |mime: &str| Source::Base64 {
        mime: mime.to_owned(),
        data: "AAAA".to_owned(),
    };
    for (request, why) in [
        (
            with(Part::Media(media(
                MediaKind::Image,
                Source::Url {
                    url: "https://a/b.png".to_owned(),
                    mime: None,
                },
            ))),
            "send the bytes",
        ),
        (
            with(Part::Media(media(
                MediaKind::Image,
                Source::File {
                    dialect: Dialect::Anthropic,
                    id: "f".to_owned(),
                    mime: None,
                },
            ))),
            "send the bytes",
        ),
        (
            with(Part::Media(media(
                MediaKind::Document,
                base64("application/pdf"),
            ))),
            "documents",
        ),
        (
            with(Part::Media(media(MediaKind::Audio, base64("audio/wav")))),
            "audio",
        ),
        (with(Part::Result(result("x", "r"))), "\"x\""),
        (
            Request {
                stop: vec!["a".to_owned(); 17],
                ..request(go())
            },
            "16",
        ),
        (
            Request {
                modalities: vec!["audio".to_owned()],
                ..request(go())
            },
            "text only",
        ),
        (
            Request {
                own: vec![Own {
                    path: "n".into(),
                    value: Json::null(),
                    fate: Fate::Refuse("no".into()),
                }],
                ..request(go())
            },
            "no",
        ),
    ] {
        let told = refused(&request, &caps()).1;
        assert!(told.contains(why), "{told}");
    }
    let document = media(MediaKind::Document, Source::Text("words".to_owned()));
    let document = Media {
        title: Some("a.txt".to_owned()),
        ..document
    };
    assert_eq!(
        write(&with(Part::Media(document)), &caps()).0["messages"][0]["content"],
        "a.txt\nwords"
    );
}

#[test]
fn limits_and_settings_have_names_of_their_own() {
    // PITFALLS 88
    let mut request = Request {
        max_tokens: Some(100),
        stop: vec!["x".to_owned()],
        user: Some("u".to_owned()),
        parallel_tools: Some(false),
        ..request(go())
    };
    request.sampling.temperature = Some(1.5);
    request.sampling.top_k = Some(4);
    request.sampling.top_p = Some(0.5);
    request.sampling.seed = Some(-1);
    request.sampling.presence_penalty = Some(0.25);
    let (body, written) = write(&request, &caps());
    assert_eq!(
        body["options"],
        json!({
            "num_ctx": 8192, "num_predict": 100, "temperature": 1.5, "top_k": 4, "top_p": 0.5, "seed": -1, "presence_penalty": 0.25, "stop": ["x"],
        })
    );
    assert_eq!(lost(&written), ["user", "parallel_tool_calls"]);
}

#[test]
fn the_context_is_large_enough_for_prompt_and_answer() {
    // PITFALLS 89
    let long = |bytes: usize| {
        request(vec![turn(
            Role::User,
            vec![text(&"x".repeat(bytes)), image()],
        )])
    };
    let context = |request: &Request, caps: &Caps| {
        let (body, written) = write(request, caps);
        (body["options"]["num_ctx"].as_u64().unwrap(), lost(&written))
    };
    assert_eq!(context(&long(100), &caps()).0, 8192);
    assert_eq!(context(&long(6144 * 3), &caps()), (8192, vec![]));
    assert_eq!(context(&long(6145 * 3), &caps()).0, 16_384);
    let mut talkative = long(14_000 * 3);
    assert_eq!(context(&talkative, &caps()).0, 16_384);
    talkative.max_tokens = Some(128_000);
    assert_eq!(context(&talkative, &caps()).0, 32_768);
    assert_eq!(context(&long(100_000), &caps()).0, 65_536);
    let mut small = caps();
    small.num_ctx = Some(4096);
    assert_eq!(context(&long(3000), &small), (4096, vec![]));
    assert_eq!(
        context(&long(30_000), &small),
        (4096, vec!["num_ctx".to_owned()])
    );
    let mut narrow = caps();
    narrow.context_window = Some(32_768);
    assert_eq!(
        context(&long(300_000), &narrow),
        (32_768, vec!["num_ctx".to_owned()])
    );
    // An Ollama client knows what it wants.
    let own = read(
        r#"{"model":"m","messages":[{"role":"user","content":"a"}],"options":{"num_ctx":2048}}"#,
    );
    assert_eq!(context(&own, &caps()), (2048, vec![]));
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn thinking_is_a_switch_or_a_level() {
    let mut levels = caps();
    levels.thinking = Thinking::Effort;
    levels.efforts = Vec::new();
    let mut none = caps();
    none.thinking = Thinking::None;
    let reasoning = |mode, effort, budget| Reasoning {
        mode,
        effort,
        budget,
        show: None,
    };
    for (caps, reasoning, wanted, is_lost) in [
        (caps(), Reasoning::default(), Value::Null, false),
        (
            caps(),
            reasoning(Mode::Off, None, None),
            json!(false),
            false,
        ),
        (
            caps(),
            reasoning(Mode::Adaptive, None, None),
            Value::Null,
            false,
        ),
        (
            caps(),
            reasoning(Mode::On, None, Some(2000)),
            json!(true),
            false,
        ),
        (
            caps(),
            reasoning(Mode::On, Some(Effort::High), None),
            json!(true),
            true,
        ),
        (
            levels.clone(),
            reasoning(Mode::On, Some(Effort::High), None),
            json!("high"),
            false,
        ),
        (
            levels.clone(),
            reasoning(Mode::On, Some(Effort::Minimal), None),
            json!("low"),
            true,
        ),
        (
            levels.clone(),
            reasoning(Mode::On, Some(Effort::Xhigh), None),
            json!("max"),
            true,
        ),
        (
            levels.clone(),
            reasoning(Mode::On, None, Some(3000)),
            json!("medium"),
            false,
        ),
        (
            levels.clone(),
            reasoning(Mode::Adaptive, None, None),
            Value::Null,
            false,
        ),
        (levels, reasoning(Mode::Off, None, None), json!("low"), true),
        (
            none.clone(),
            reasoning(Mode::Off, None, None),
            Value::Null,
            false,
        ),
        (none, reasoning(Mode::On, None, None), Value::Null, true),
    ] {
        let request = Request {
            reasoning: reasoning.clone(),
            ..request(go())
        };
        let (body, written) = write(&request, &caps);
        assert_eq!(
            (&body["think"], written.losses.len()),
            (&wanted, usize::from(is_lost)),
            "{reasoning:?}"
        );
    }
}

#[test]
fn thinking_goes_back_to_who_thought_it() {
    let thought = |seal| {
        Part::Thinking(Thought {
            text: "hm".to_owned(),
            seal,
            ..Thought::default()
        })
    };
    let with = |seal| {
        request(vec![
            turn(Role::User, vec![text("go")]),
            turn(Role::Assistant, vec![thought(seal), text("a")]),
        ])
    };
    let own = Seal::new(Dialect::Ollama, &origin(), "unsigned");
    assert_eq!(
        write(&with(Some(own.clone())), &caps()).0["messages"][1]["thinking"],
        "hm"
    );
    let other = Seal {
        origin: Some(dialects::ir::Origin {
            model: "llama".to_owned(),
            ..origin()
        }),
        ..own
    };
    for seal in [
        Some(other),
        Some(Seal::new(Dialect::Anthropic, &origin(), "s")),
        None,
    ] {
        let (body, written) = write(&with(seal), &caps());
        assert_eq!(
            (&body["messages"][1]["thinking"], written.losses.len()),
            (&Value::Null, 1)
        );
    }
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

#[test]
fn tools_are_offered_and_choices_among_them_are_not() {
    let with = |choice| Request {
        tools: vec![tool("f"), tool("g")],
        tool_choice: choice,
        ..request(go())
    };
    let offered = |request: &Request, lossy| {
        let written = codec()
            .write_request(request, &target(&caps(), lossy))
            .unwrap();
        let body: Value = serde_json::from_slice(&written.body).unwrap();
        (
            body["tools"].as_array().map_or(0, Vec::len),
            lost(&written).len(),
        )
    };
    assert_eq!(offered(&with(ToolChoice::Auto), false), (2, 0));
    assert_eq!(offered(&with(ToolChoice::None), false), (0, 0));
    let some = |required| ToolChoice::Allowed {
        required,
        names: vec!["g".to_owned()],
    };
    for (choice, offers) in [
        (some(false), 1),
        (some(true), 1),
        (ToolChoice::Named("f".to_owned()), 1),
        (ToolChoice::Any, 2),
    ] {
        let told = lost(
            &codec()
                .write_request(&with(choice.clone()), &target(&caps(), false))
                .unwrap(),
        );
        assert_eq!(told, ["tool_choice"], "{choice:?}");
        assert_eq!(offered(&with(choice), false), (offers, 1));
    }
    let body = write(&with(ToolChoice::Unset), &caps()).0;
    assert_eq!(
        body["tools"][0],
        json!({"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}})
    );
    let mut plain = caps();
    plain.tools = false;
    assert_eq!(refused(&with(ToolChoice::Unset), &plain).0, "tools");
}

#[test]
fn the_form_of_the_answer() {
    let schema = Json::parse(r#"{"type":"object","properties":{}}"#).unwrap();
    let form = Format::Schema {
        name: None,
        description: None,
        schema: schema.clone(),
        strict: None,
    };
    let with = |format: &Format| Request {
        format: format.clone(),
        ..request(go())
    };
    assert_eq!(write(&with(&form), &caps()).0["format"], schema.value());
    assert_eq!(write(&with(&Format::Json), &caps()).0["format"], "json");
    let mut loose = caps();
    loose.structured = Structured::None;
    let (body, written) = write(&with(&form), &loose);
    assert!(
        body["messages"][0]["content"]
            .as_str()
            .unwrap()
            .ends_with(schema.text())
    );
    assert_eq!(
        (&body["format"], lost(&written)),
        (&Value::Null, vec!["format".to_owned()])
    );
}
