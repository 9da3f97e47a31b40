//! The conversation that providers are sent.

use dialects::{
    Dialect,
    caps::Caps,
    ir::{CacheMark, Media, MediaKind, Part, Request, Role, Seal, Source, Text, Thinking},
    json::Json,
};
use serde_json::{Value, json};

use crate::{
    build::{call, image, request, result, text, turn},
    caps, origin, sent, written,
};

#[test]
fn results_follow_their_calls_and_pictures_follow_the_results() {
    // PITFALLS 71, 85
    let request = request(vec![
        turn(Role::Assistant, vec![text("a"), text("b"), call("c1", "f")]),
        turn(Role::Assistant, vec![call("c2", "g")]),
        turn(
            Role::User,
            vec![
                text("and this"),
                result("c1", vec![text("x"), text("y"), image()], false),
            ],
        ),
        turn(Role::User, vec![result("c2", vec![], true)]),
    ]);
    let (body, _) = sent(&request, &Caps::default());
    assert_eq!(
        body["messages"],
        json!([
            {"role": "assistant", "content": "ab", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"z\":1,\"a\":2}"}},
                {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{\"z\":1,\"a\":2}"}},
            ]},
            {"role": "tool", "content": "x\ny", "tool_call_id": "c1"},
            {"role": "tool", "content": "Error: ", "tool_call_id": "c2"},
            {"role": "user", "content": [
                {"type": "text", "text": "Content of the result of tool call c1:"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ]},
            {"role": "user", "content": "and this"},
        ])
    );
}

#[test]
fn a_call_without_a_result_is_answered_and_a_result_without_a_call_is_refused() {
    // PITFALLS 71
    let unanswered = request(vec![
        turn(Role::Assistant, vec![call("c", "f")]),
        turn(Role::User, vec![text("go on")]),
    ]);
    let (body, losses) = sent(&unanswered, &Caps::default());
    assert_eq!(
        body["messages"][1],
        json!({"role": "tool", "content": "Error: no result", "tool_call_id": "c"})
    );
    assert_eq!(losses.len(), 1);
    let orphan = request(vec![turn(
        Role::User,
        vec![result("gone", vec![text("x")], false)],
    )]);
    assert!(written(&orphan, &Caps::default(), false).is_err());
    let kept = written(&orphan, &Caps::default(), true).unwrap();
    assert!(
        String::from_utf8(kept.body)
            .unwrap()
            .contains("Result of tool call gone:\\nx")
    );
}

#[test]
fn instructions_stand_where_the_server_takes_them() {
    // PITFALLS 98, 99
    let conversation = Request {
        system: vec![Text::plain("a"), Text::plain("b")],
        ..request(vec![
            turn(Role::User, vec![text("hi")]),
            turn(Role::Developer, vec![text("c")]),
        ])
    };
    let table = [
        (json!({}), json!(["system:a\n\nb", "user:hi", "system:c"])),
        (
            json!({"chat": {"developer": true, "several_system": true}}),
            json!(["developer:a", "developer:b", "user:hi", "developer:c"]),
        ),
        (
            json!({"mid_system": false}),
            json!(["system:a\n\nb\n\nc", "user:hi"]),
        ),
        (
            json!({"mid_system": false, "chat": {"several_system": true}}),
            json!(["system:a", "system:b", "system:c", "user:hi"]),
        ),
    ];
    for (differing, expected) in table {
        let (body, losses) = sent(&conversation, &caps(differing.clone()));
        let said: Vec<String> = body["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| {
                format!(
                    "{}:{}",
                    message["role"].as_str().unwrap(),
                    message["content"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(json!(said), expected, "{differing}");
        assert_eq!(
            losses.len(),
            usize::from(differing["mid_system"] == false),
            "{differing}"
        );
    }
}

#[test]
fn earlier_thinking_goes_back_as_the_target_wants_it() {
    // PITFALLS 106, 107
    let native = Json::parse(r#"[{"type":"reasoning.encrypted","data":"x"}]"#).unwrap();
    let thought = |seal: Option<Seal>| {
        Part::Thinking(Thinking {
            text: "hm".to_owned(),
            seal,
            ..Thinking::default()
        })
    };
    let ours = Seal::new(Dialect::OpenaiChat, &origin(), native.text());
    let foreign = Seal::new(Dialect::Anthropic, &origin(), "sig");
    let conversation = request(vec![
        turn(
            Role::Assistant,
            vec![thought(Some(ours)), thought(Some(foreign)), text("a")],
        ),
        turn(Role::User, vec![text("more")]),
        turn(Role::Assistant, vec![text("b")]),
        turn(Role::User, vec![text("more")]),
        turn(Role::Assistant, vec![thought(None)]),
        turn(Role::User, vec![text("more")]),
    ]);
    let table = [
        ("drop", json!([{}, {}]), 1),
        (
            "content",
            json!([{"reasoning_content": "hm\n\nhm"}, {}, {"reasoning_content": "hm"}]),
            0,
        ),
        (
            "content-required",
            json!([{"reasoning_content": "hm\n\nhm"}, {"reasoning_content": ""}, {"reasoning_content": "hm"}]),
            0,
        ),
        (
            "reasoning",
            json!([{"reasoning": "hm\n\nhm"}, {}, {"reasoning": "hm"}]),
            0,
        ),
        (
            "details",
            json!([{"reasoning": "hm\n\nhm", "reasoning_details": native.value()}, {}, {"reasoning": "hm"}]),
            0,
        ),
    ];
    for (back, expected, lost) in table {
        let (body, losses) = sent(&conversation, &caps(json!({"reasoning_back": back})));
        let said: Vec<Value> = body["messages"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|message| message["role"] == "assistant")
            .map(|message| {
                let mut message = message.clone();
                let fields = message.as_object_mut().unwrap();
                fields.remove("role");
                fields.remove("content");
                message
            })
            .collect();
        assert_eq!((json!(said), losses.len()), (expected, lost), "{back}");
    }
}

#[test]
fn documents_are_files_or_text() {
    // PITFALLS 86
    let pdf = Source::Base64 {
        mime: "application/pdf".to_owned(),
        data: "AAAA".to_owned(),
    };
    let plain = Source::Base64 {
        mime: "text/plain".to_owned(),
        data: "aGk=".to_owned(),
    };
    let document = |source, title: Option<&str>| {
        Part::Media(Media {
            kind: MediaKind::Document,
            source,
            title: title.map(str::to_owned),
            context: None,
            detail: None,
            cite: false,
            cache: None,
            at: dialects::ir::At::default(),
        })
    };
    let parts = vec![
        document(pdf, None),
        document(plain, Some("t")),
        document(Source::Text("x".to_owned()), None),
    ];
    let (body, _) = sent(&request(vec![turn(Role::User, parts)]), &Caps::default());
    assert_eq!(
        body["messages"][0]["content"],
        json!([
            {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
            {"type": "text", "text": "t\n\nhi"},
            {"type": "text", "text": "x"},
        ])
    );
}

#[test]
fn marks_of_the_cache_stay_where_they_are_taken() {
    // PITFALLS 104
    let marked = |words: &str| {
        Part::Text(Text {
            cache: Some(CacheMark { ttl: None }),
            ..Text::plain(words)
        })
    };
    let conversation = Request {
        system: vec![Text {
            cache: Some(CacheMark::default()),
            ..Text::plain("s")
        }],
        ..request(vec![
            turn(Role::User, vec![marked("a")]),
            turn(Role::Assistant, vec![marked("b"), call("c", "f")]),
            turn(Role::User, vec![result("c", vec![marked("r")], false)]),
        ])
    };
    let (body, losses) = sent(&conversation, &Caps::default());
    assert!(!body.to_string().contains("cache"), "{body}");
    assert_eq!(losses, ["prompt_cache_breakpoint"]);
    let (body, losses) = sent(&conversation, &caps(json!({"cache_marks": true})));
    assert_eq!(
        body.to_string()
            .matches(r#""prompt_cache_breakpoint":{"mode":"explicit"}"#)
            .count(),
        4,
        "{body}"
    );
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn ids_of_calls_have_the_form_that_the_target_takes() {
    // PITFALLS 82, 101
    let conversation = request(vec![
        turn(
            Role::Assistant,
            vec![
                call("functions.Bash:0", "f"),
                call("functions.Bash:1", "f"),
                call("abcDEF123", "f"),
            ],
        ),
        turn(
            Role::User,
            vec![
                result("functions.Bash:0", vec![], false),
                result("functions.Bash:1", vec![], false),
                result("abcDEF123", vec![], false),
            ],
        ),
    ]);
    for (differing, fits) in [
        (json!({}), (|id: &str| id.len() <= 64) as fn(&str) -> bool),
        (json!({"call_ids": "alnum9"}), |id| {
            id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }),
    ] {
        let caps = caps(differing);
        let (body, _) = sent(&conversation, &caps);
        let calls: Vec<&str> = body["messages"][0]["tool_calls"]
            .as_array()
            .unwrap()
            .iter()
            .map(|call| call["id"].as_str().unwrap())
            .collect();
        let results: Vec<&str> = (1..4)
            .map(|at| body["messages"][at]["tool_call_id"].as_str().unwrap())
            .collect();
        assert_eq!(calls, results);
        assert!(calls[0] != calls[1] && calls[2] == "abcDEF123", "{calls:?}");
        assert!(
            calls.iter().all(|id| fits(id) && !id.contains(['.', ':'])),
            "{calls:?}"
        );
        assert_eq!(sent(&conversation, &caps).0, body);
    }
}

#[test]
fn texts_without_words_stand_alone_or_not_at_all() {
    // PITFALLS 84
    let (body, _) = sent(
        &request(vec![
            turn(Role::User, vec![text(""), text("a")]),
            turn(Role::User, vec![]),
            turn(Role::Assistant, vec![]),
        ]),
        &Caps::default(),
    );
    assert_eq!(
        body["messages"],
        json!([{"role": "user", "content": "a"}, {"role": "user", "content": ""}, {"role": "assistant", "content": ""}])
    );
    let (body, _) = sent(
        &request(vec![turn(Role::User, vec![text("a"), text("b")])]),
        &caps(json!({"chat": {"content_lists": false}})),
    );
    assert_eq!(body["messages"][0]["content"], "a\n\nb");
}
