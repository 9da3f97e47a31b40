//! Conversations of any dialect, written for providers that speak Messages.

use crate::support::{body, build::*, claude, compatible, lost, older, origin, read, write};
use dialects::{
    Dialect,
    caps::ReasoningBack,
    ir::{At, MediaKind, Origin, Part, Role, Seal, Source, Text, Thinking},
    json::Json,
};
use serde_json::{Value, json};

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
fn a_second_result_behind_an_instruction_replaces_the_first_where_it_stands() {
    // PITFALLS 71
    let turns = |rest: Vec<Part>| {
        vec![
            user(vec![text("go")]),
            assistant(vec![call("c1")]),
            user(vec![result("c1", vec![text("one")])]),
            turn(Role::System, vec![text("be brief")]),
            user(rest),
        ]
    };
    let mut caps = claude();
    caps.mid_system = true;
    let before = [
        json!({"role": "user", "content": [said("go")]}),
        json!({"role": "assistant", "content": [tool_use("c1")]}),
        json!({"role": "user", "content": [tool_result("c1", "more")]}),
        json!({"role": "system", "content": [said("be brief")]}),
    ];
    let more = || result("c1", vec![text("more")]);
    let lost = ["messages[1].content[0]"];
    assert_messages(turns(vec![more()]), &caps, &json!(before), &lost);
    let mut after = before.to_vec();
    after.push(json!({"role": "user", "content": [said("now")]}));
    let turns = turns(vec![more(), text("now")]);
    assert_messages(turns, &caps, &json!(after), &lost);
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
    assert_eq!(
        lost(&written),
        [4, 5, 6].map(|part| format!("messages[1].content[{part}]"))
    );
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
