//! Requests of any dialect, written for providers that speak Messages.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests panic as tests do

mod anthropic_support;

use anthropic_support::{
    body, claude, compatible, lost, older, origin, read, refused, try_write, write,
};
use dialects::{
    Dialect,
    caps::{Caps, ReasoningBack},
    ir::{
        At, CacheMark, Call, Effort, Format, Hosted, Media, MediaKind, Mode, Native, Origin, Part,
        Reasoning, Request, Role, Seal, Source, Text, Thinking, Tool, ToolChoice, ToolKind,
        ToolResult, Ttl, Turn, WebSearch,
    },
    json::Json,
};
use serde_json::{Value, json};

fn request(turns: Vec<Turn>) -> Request {
    let turns = turns.into_iter().enumerate().map(|(index, turn)| {
        let at = At::item(index);
        let place = |(part, mut said): (usize, Part)| {
            *at_of(&mut said) = at.part(part);
            said
        };
        Turn {
            at,
            parts: turn.parts.into_iter().enumerate().map(place).collect(),
            ..turn
        }
    });
    Request {
        dialect: Some(Dialect::OpenaiChat),
        model: "claude-test-5".to_owned(),
        turns: turns.collect(),
        ..Request::default()
    }
}

fn at_of(part: &mut Part) -> &mut At {
    match part {
        Part::Text(text) | Part::Refusal(text) => &mut text.at,
        Part::Media(media) => &mut media.at,
        Part::Call(call) => &mut call.at,
        Part::Result(result) => &mut result.at,
        Part::Thinking(thinking) => &mut thinking.at,
        Part::Opaque { at, .. } => at,
    }
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn {
        role,
        parts,
        name: None,
        at: At::default(),
    }
}

fn user(parts: Vec<Part>) -> Turn {
    turn(Role::User, parts)
}

fn assistant(parts: Vec<Part>) -> Turn {
    turn(Role::Assistant, parts)
}

fn text(text: &str) -> Part {
    Part::Text(Text::plain(text))
}

fn call(id: &str) -> Part {
    Part::Call(Call {
        id: id.to_owned(),
        name: "run".to_owned(),
        arguments: Json::parse(r#"{"b":1,"a":2}"#).unwrap(),
        seal: None,
        cache: None,
        at: At::default(),
    })
}

fn result(id: &str, parts: Vec<Part>) -> Part {
    Part::Result(ToolResult {
        call_id: id.to_owned(),
        name: None,
        parts,
        is_error: false,
        cache: None,
        at: At::default(),
    })
}

fn media(kind: MediaKind, source: Source) -> Part {
    Part::Media(Media {
        kind,
        source,
        title: None,
        context: None,
        detail: None,
        cite: false,
        cache: None,
        at: At::default(),
    })
}

fn base64(mime: &str) -> Source {
    Source::Base64 {
        mime: mime.to_owned(),
        data: "aGk=".to_owned(),
    }
}

fn function(name: &str) -> Tool {
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

fn tool_use(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "run", "input": {"b": 1, "a": 2}})
}

fn tool_result(id: &str, content: &str) -> Value {
    json!({"type": "tool_result", "tool_use_id": id, "content": content})
}

fn said(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

#[track_caller]
fn assert_messages(turns: Vec<Turn>, caps: &Caps, messages: &Value, losses: &[&str]) {
    let written = write(&request(turns), caps);
    assert_eq!(&body(&written)["messages"], messages);
    assert_eq!(lost(&written), losses);
}

#[track_caller]
fn assert_refused(request: &Request, caps: &Caps, place: &str) {
    let refusal = try_write(request, caps, false).expect_err(place);
    assert_eq!(refused(&refusal), place, "{refusal:?}");
    let written = try_write(request, caps, true).expect("losses are tolerated");
    assert!(
        lost(&written).iter().any(|lost| lost == place),
        "{:?}",
        written.losses
    );
}

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
fn calls_are_answered_in_the_next_turn_results_first() {
    // PITFALLS 71
    assert_messages(
        vec![
            user(vec![text("go")]),
            assistant(vec![text("a")]),
            assistant(vec![call("c1")]),
            assistant(vec![call("c2")]),
            user(vec![text("wait")]),
            user(vec![result("c2", vec![text("two")])]),
            user(vec![result("c1", vec![text("one")]), text("now")]),
        ],
        &claude(),
        &json!([
            {"role": "user", "content": [said("go")]},
            {"role": "assistant", "content": [said("a"), tool_use("c1"), tool_use("c2")]},
            {"role": "user", "content": [tool_result("c2", "two"), tool_result("c1", "one"), said("wait"), said("now")]},
        ]),
        &[],
    );
}

#[test]
fn calls_without_a_result_are_answered_for() {
    // PITFALLS 71
    let missing = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "no result", "is_error": true});
    assert_messages(
        vec![
            user(vec![text("go")]),
            assistant(vec![call("c1"), call("c2")]),
            user(vec![result("c2", vec![text("two")]), text("and")]),
            assistant(vec![call("c3")]),
        ],
        &claude(),
        &json!([
            {"role": "user", "content": [said("go")]},
            {"role": "assistant", "content": [tool_use("c1"), tool_use("c2")]},
            {"role": "user", "content": [tool_result("c2", "two"), missing("c1"), said("and")]},
            {"role": "assistant", "content": [tool_use("c3")]},
            {"role": "user", "content": [missing("c3")]},
        ]),
        &["messages[1].content[0]", "messages[3].content[0]"],
    );
}

#[test]
fn results_of_no_call_are_refused_by_their_place() {
    // PITFALLS 71
    let late = vec![
        user(vec![text("go")]),
        assistant(vec![call("c1")]),
        user(vec![text("no")]),
        assistant(vec![text("well")]),
        user(vec![text("here"), result("c1", vec![text("one")])]),
    ];
    assert_refused(&request(late), &claude(), "messages[4].content[1]");
    let orphan = vec![user(vec![result("c9", vec![text("one")])])];
    assert_refused(&request(orphan), &claude(), "messages[0].content[0]");
}

#[test]
fn the_last_of_several_results_counts() {
    assert_messages(
        vec![
            user(vec![text("go")]),
            assistant(vec![call("c1")]),
            user(vec![
                result("c1", vec![text("one")]),
                result("c1", vec![text("more")]),
            ]),
        ],
        &claude(),
        &json!([
            {"role": "user", "content": [said("go")]},
            {"role": "assistant", "content": [tool_use("c1")]},
            {"role": "user", "content": [tool_result("c1", "more")]},
        ]),
        &["messages[1].content[0]"],
    );
}

#[test]
fn ids_are_made_to_fit_stay_distinct_and_are_the_same_next_time() {
    // PITFALLS 82, 83, 101
    let turns = || {
        vec![
            user(vec![text("go")]),
            assistant(vec![call("functions.Bash:0"), call("functions_Bash:0")]),
            user(vec![
                result("functions_Bash:0", vec![text("b")]),
                result("functions.Bash:0", vec![text("a")]),
            ]),
            assistant(vec![call("functions.Bash:0")]),
            user(vec![result("functions.Bash:0", vec![text("c")])]),
        ]
    };
    let told = body(&write(&request(turns()), &claude()));
    let ids: Vec<&str> = [(1, 0), (1, 1), (3, 0)]
        .map(|(message, block)| {
            told["messages"][message]["content"][block]["id"]
                .as_str()
                .unwrap()
        })
        .to_vec();
    for id in &ids {
        assert!(
            id.chars()
                .all(|char| char.is_ascii_alphanumeric() || "_-".contains(char)),
            "{id}"
        );
        assert!(id.len() <= 64, "{id}");
    }
    assert!(ids[0] != ids[1] && ids[0] != ids[2], "{ids:?}");
    let results: Vec<_> = [(2, 0), (2, 1), (4, 0)]
        .map(|(message, block)| told["messages"][message]["content"][block]["tool_use_id"].clone())
        .to_vec();
    assert_eq!(results, [ids[1], ids[0], ids[2]]);
    assert_eq!(told, body(&write(&request(turns()), &claude())));
}

#[test]
fn empty_words_leave_no_empty_block() {
    // PITFALLS 84
    assert_messages(
        vec![
            user(vec![text(""), text(" \n")]),
            assistant(vec![text("")]),
            user(vec![text("hi"), text("")]),
            assistant(vec![text("half a sentence \n")]),
        ],
        &older(),
        &json!([
            {"role": "user", "content": [said("hi")]},
            {"role": "assistant", "content": [said("half a sentence")]},
        ]),
        &[],
    );
    assert_messages(
        vec![],
        &claude(),
        &json!([{"role": "user", "content": [said(".")]}]),
        &[],
    );
    assert_messages(
        vec![assistant(vec![text("a")]), user(vec![])],
        &claude(),
        &json!([
            {"role": "user", "content": [said(".")]},
            {"role": "assistant", "content": [said("a")]},
            {"role": "user", "content": [said(".")]},
        ]),
        &["messages[0]"],
    );
}

#[test]
fn an_answer_is_begun_only_where_the_model_goes_on_with_it() {
    // PITFALLS 92
    let begun = request(vec![user(vec![text("hi")]), assistant(vec![text("{")])]);
    assert_refused(&begun, &claude(), "messages[1]");
    let told = body(&write(&begun, &older()));
    assert_eq!(told["messages"][1]["content"][0]["text"], "{");
}

#[test]
fn instructions_between_turns_stay_where_they_are() {
    // PITFALLS 98, 99
    let turns = || {
        vec![
            turn(Role::Developer, vec![text("first")]),
            user(vec![text("hi")]),
            turn(Role::System, vec![text("be brief")]),
            assistant(vec![text("a")]),
            turn(Role::System, vec![text("be long")]),
            user(vec![text("go")]),
        ]
    };
    let mut asked = request(turns());
    asked.system = vec![Text::plain("zeroth")];
    let written = write(&asked, &claude());
    let reminder = |text: &str| said(&format!("<system-reminder>\n{text}\n</system-reminder>"));
    assert_eq!(
        body(&written)["system"],
        json!([said("zeroth"), said("first")])
    );
    assert_eq!(
        body(&written)["messages"],
        json!([
            {"role": "user", "content": [said("hi")]},
            {"role": "system", "content": [said("be brief")]},
            {"role": "assistant", "content": [said("a")]},
            {"role": "user", "content": [reminder("be long"), said("go")]},
        ])
    );
    assert_eq!(lost(&written), ["messages[4]"]);
    let written = write(&asked, &older());
    assert_eq!(
        body(&written)["messages"][0]["content"],
        json!([said("hi"), reminder("be brief")])
    );
    assert_eq!(lost(&written), ["messages[2]", "messages[4]"]);
}

#[test]
fn media_are_told_or_refused_by_their_kind() {
    let image = |source: &Value| json!({"type": "image", "source": source});
    let document = |source: &Value| json!({"type": "document", "source": source});
    let url = |url: &str| Source::Url {
        url: url.to_owned(),
        mime: None,
    };
    for (kind, source, told) in [
        (
            MediaKind::Image,
            base64("image/png"),
            image(&json!({"type": "base64", "media_type": "image/png", "data": "aGk="})),
        ),
        (
            MediaKind::Image,
            base64("image/jpg"),
            image(&json!({"type": "base64", "media_type": "image/jpeg", "data": "aGk="})),
        ),
        // PITFALLS 86
        (
            MediaKind::Image,
            base64("application/pdf"),
            document(&json!({"type": "base64", "media_type": "application/pdf", "data": "aGk="})),
        ),
        (
            MediaKind::Document,
            base64("text/markdown"),
            document(&json!({"type": "text", "media_type": "text/plain", "data": "hi"})),
        ),
        (
            MediaKind::Document,
            Source::Text("x".to_owned()),
            document(&json!({"type": "text", "media_type": "text/plain", "data": "x"})),
        ),
        (
            MediaKind::Document,
            Source::Parts(vec![text("x")]),
            document(&json!({"type": "content", "content": [said("x")]})),
        ),
        (
            MediaKind::Image,
            url("https://a/b.png"),
            image(&json!({"type": "url", "url": "https://a/b.png"})),
        ),
        (
            MediaKind::Document,
            url("https://a/b.pdf"),
            document(&json!({"type": "url", "url": "https://a/b.pdf"})),
        ),
    ] {
        assert_messages(
            vec![user(vec![media(kind, source)])],
            &claude(),
            &json!([{"role": "user", "content": [told]}]),
            &[],
        );
    }
    for (kind, source) in [
        (MediaKind::Image, base64("image/tiff")),
        (MediaKind::Document, base64("application/zip")),
        (MediaKind::Audio, base64("audio/wav")),
        (MediaKind::Video, url("https://a/b.mp4")),
        (MediaKind::Image, url("gs://a/b")),
        (
            MediaKind::Document,
            Source::File {
                dialect: Dialect::OpenaiChat,
                id: "f".to_owned(),
                mime: None,
            },
        ),
    ] {
        let asked = request(vec![user(vec![text("see"), media(kind, source)])]);
        assert_refused(&asked, &claude(), "messages[0].content[1]");
    }
    // PITFALLS 87
    let mut blind = claude();
    blind.images = false;
    let asked = request(vec![user(vec![media(
        MediaKind::Image,
        base64("image/png"),
    )])]);
    assert_refused(&asked, &blind, "messages[0].content[0]");
}

#[test]
fn an_image_in_a_result_is_an_image() {
    // PITFALLS 85, 86
    let shot = || {
        vec![
            user(vec![text("go")]),
            assistant(vec![call("c1")]),
            user(vec![result(
                "c1",
                vec![
                    text("seen"),
                    media(MediaKind::Image, base64("image/png")),
                    media(MediaKind::Document, base64("application/pdf")),
                ],
            )]),
        ]
    };
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}});
    let pdf = json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}});
    let told = body(&write(&request(shot()), &claude()));
    assert_eq!(
        told["messages"][2]["content"][0]["content"],
        json!([said("seen"), image, pdf])
    );
    let mut elsewhere = claude();
    elsewhere.images_in_results = false;
    let told = body(&write(&request(shot()), &elsewhere));
    let content = &told["messages"][2]["content"];
    assert_eq!(content[0]["content"], json!([said("seen"), pdf]));
    assert_eq!(content[2], image);
}

#[test]
fn earlier_thinking_goes_back_to_who_signed_it_alone() {
    // PITFALLS 46, 111
    let thought = |text: &str, seal: Option<Seal>, redacted: bool| {
        Part::Thinking(Thinking {
            text: text.to_owned(),
            seal,
            redacted,
            at: At::default(),
        })
    };
    let other = Origin {
        vendor: "else".to_owned(),
        model: "m".to_owned(),
    };
    let ours = || Some(Seal::new(Dialect::Anthropic, &origin(), "EqQB"));
    let presented = Some(Seal::presented(Dialect::Anthropic, "EqQC"));
    let foreign = Some(Seal::new(Dialect::Anthropic, &other, "EqQD"));
    let gemini = Some(Seal::new(Dialect::Gemini, &origin(), "CgQ"));
    let parts = vec![
        thought("ours", ours(), false),
        thought("", ours(), false),
        thought("", ours(), true),
        thought("presented", presented, false),
        thought("foreign", foreign, false),
        thought("gemini", gemini, false),
        thought("unsigned", None, false),
        thought("", None, false),
        text("so"),
    ];
    let turns = || {
        vec![
            user(vec![text("hi")]),
            assistant(parts.clone()),
            user(vec![text("go")]),
        ]
    };
    let written = write(&request(turns()), &claude());
    assert_eq!(
        body(&written)["messages"][1]["content"],
        json!([
            {"type": "thinking", "thinking": "ours", "signature": "EqQB"},
            {"type": "thinking", "thinking": "", "signature": "EqQB"},
            {"type": "redacted_thinking", "data": "EqQB"},
            {"type": "thinking", "thinking": "presented", "signature": "EqQC"},
            said("so"),
        ])
    );
    assert_eq!(lost(&written), ["thinking"]);
    let mut compatible = compatible();
    compatible.reasoning_back = ReasoningBack::Content;
    let told = body(&write(&request(turns()), &compatible));
    let content = told["messages"][1]["content"].as_array().unwrap();
    assert_eq!(
        content
            .iter()
            .filter(|block| block["signature"] == "")
            .count(),
        3,
        "{content:?}"
    );
}

#[test]
fn blocks_keep_their_order() {
    // PITFALLS 112
    let blocks = json!([
        {"type": "thinking", "thinking": "a", "signature": "EqQB"},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}},
        {"type": "thinking", "thinking": "b", "signature": "EqQC"},
        {"type": "text", "text": "found", "citations": [{"type": "web_search_result_location", "url": "u"}]},
        {"type": "tool_use", "id": "toolu_1", "name": "run", "input": {}},
    ]);
    let asked = read(&json!({"model": "m", "messages": [
        {"role": "user", "content": "hi"}, {"role": "assistant", "content": blocks},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1"}]},
    ]}));
    let written = write(&asked, &claude());
    assert_eq!(body(&written)["messages"][1]["content"], blocks);
    assert_eq!(lost(&written), Vec::<String>::new());
    // Elsewhere what only Anthropic knows is left out.
    let written = write(&asked, &compatible());
    let kinds: Vec<_> = body(&written)["messages"][1]["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["type"].clone())
        .collect();
    assert_eq!(kinds, ["thinking", "thinking", "text", "tool_use"]);
    assert_eq!(
        lost(&written),
        ["messages[1].content[1]", "messages[1].content[2]"]
    );
}

#[test]
fn thinking_is_asked_for_in_the_models_words() {
    // PITFALLS 91, 92, 105
    let ask = |mode, effort, budget| Reasoning {
        mode,
        effort,
        budget,
        show: None,
    };
    let mut always = claude();
    always.can_rest = false;
    let mut between = always.clone();
    between.messages.between_tools = true;
    let mut both = older();
    both.messages.adaptive = true;
    both.messages.effort = true;
    both.efforts = vec![Effort::Low, Effort::Medium, Effort::High];
    let adaptive = || json!({"type": "adaptive"});
    let enabled = |tokens: u64| json!({"type": "enabled", "budget_tokens": tokens});
    let effort = |word: &str| json!({"effort": word});
    let null = Value::Null;
    let table = [
        (
            "unset",
            &claude(),
            ask(Mode::Unset, None, None),
            null.clone(),
            null.clone(),
            false,
        ),
        (
            "off",
            &claude(),
            ask(Mode::Off, Some(Effort::High), None),
            json!({"type": "disabled"}),
            null.clone(),
            false,
        ),
        (
            "off",
            &always,
            ask(Mode::Off, None, None),
            null.clone(),
            effort("low"),
            true,
        ),
        (
            "off",
            &between,
            ask(Mode::Off, None, None),
            json!({"type": "between_tools"}),
            null.clone(),
            false,
        ),
        (
            "off",
            &compatible(),
            ask(Mode::Off, None, None),
            null.clone(),
            null.clone(),
            false,
        ),
        (
            "effort",
            &claude(),
            ask(Mode::Unset, Some(Effort::High), None),
            adaptive(),
            effort("high"),
            false,
        ),
        (
            "minimal",
            &claude(),
            ask(Mode::Unset, Some(Effort::Minimal), None),
            adaptive(),
            effort("low"),
            true,
        ),
        (
            "max",
            &both,
            ask(Mode::Unset, Some(Effort::Max), None),
            adaptive(),
            effort("high"),
            true,
        ),
        (
            "budget",
            &claude(),
            ask(Mode::On, None, Some(3000)),
            adaptive(),
            effort("medium"),
            true,
        ),
        (
            "budget",
            &both,
            ask(Mode::On, None, Some(3000)),
            enabled(3000),
            null.clone(),
            false,
        ),
        (
            "adaptive",
            &claude(),
            ask(Mode::Adaptive, None, None),
            adaptive(),
            null.clone(),
            false,
        ),
        (
            "adaptive",
            &older(),
            ask(Mode::Adaptive, None, None),
            enabled(10_000),
            null.clone(),
            false,
        ),
        (
            "effort",
            &older(),
            ask(Mode::Unset, Some(Effort::Low), None),
            enabled(4096),
            null.clone(),
            false,
        ),
        (
            "budget",
            &older(),
            ask(Mode::On, None, Some(512)),
            enabled(1024),
            null.clone(),
            false,
        ),
        (
            "budget",
            &older(),
            ask(Mode::On, None, Some(20_000)),
            null.clone(),
            null.clone(),
            true,
        ),
        (
            "between",
            &between,
            ask(Mode::BetweenTools, None, None),
            json!({"type": "between_tools"}),
            null.clone(),
            false,
        ),
        (
            "between",
            &claude(),
            ask(Mode::BetweenTools, None, None),
            json!({"type": "disabled"}),
            null.clone(),
            true,
        ),
        (
            "effort",
            &compatible(),
            ask(Mode::Unset, Some(Effort::Low), None),
            null.clone(),
            null.clone(),
            true,
        ),
    ];
    for (name, caps, reasoning, thinking, config, loses) in table {
        let mut caps = caps.clone();
        caps.budget = (caps.thinking == dialects::caps::Thinking::Budget).then_some((1024, 32_000));
        let mut asked = request(vec![user(vec![text("hi")])]);
        asked.max_tokens = Some(20_000);
        asked.reasoning = reasoning.clone();
        let written = write(&asked, &caps);
        let told = body(&written);
        assert_eq!(
            (&told["thinking"], &told["output_config"]),
            (&thinking, &config),
            "{name}: {reasoning:?}"
        );
        assert_eq!(
            lost(&written) == ["thinking"],
            loses,
            "{name}: {reasoning:?}: {:?}",
            written.losses
        );
    }
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
    asked.sampling = Default::default();
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
    let grammar = json!({"type": "grammar", "syntax": "lark", "definition": "start: /x/"});
    asked.tools = vec![
        function("run"),
        Tool {
            description: Some("d".to_owned()),
            schema: Some(Json::parse(r#"{"type":"object","properties":{"z":{},"a":{}}}"#).unwrap()),
            strict: Some(true),
            ..function("mcp.server/tool")
        },
        Tool {
            kind: ToolKind::Custom {
                format: Some(Json::from(&grammar)),
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
    assert!(
        String::from_utf8_lossy(&written.body)
            .contains(r#""properties":{"z":{},"a":{}},"additionalProperties":false"#)
    );
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
            r#"{"type":"object","properties":{"a":{"type":"object","additionalProperties":true}}}"#,
        )
        .unwrap(),
        strict: Some(true),
    };
    let written = write(&asked, &claude());
    assert_eq!(
        body(&written)["output_config"],
        json!({"format": {"type": "json_schema", "schema": {"type": "object", "properties": {"a": {"type": "object", "additionalProperties": false}}, "additionalProperties": false}}})
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
            .contains("JSON object")
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
fn arguments_that_are_no_object_are_refused_by_their_place() {
    let Part::Call(mut broken) = call("c1") else {
        panic!()
    };
    broken.arguments = Json::parse("[1]").unwrap();
    let asked = request(vec![
        user(vec![text("hi")]),
        assistant(vec![Part::Call(broken)]),
        user(vec![result("c1", vec![])]),
    ]);
    assert_refused(&asked, &claude(), "messages[1].content[0]");
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
