#![allow(clippy::too_many_lines)] // tables

use dialects::{
    Dialect,
    caps::Caps,
    ir::{At, Media, MediaKind, Part, Request, Role, Seal, Source, Text},
};
use serde_json::{Value, json};

use super::{codec, lost, origin, say, second, target, third, write};

/// `skip_thought_signature_validator` in base64.
const PLACEHOLDER: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

pub(crate) fn contents(request: &Request, caps: &Caps) -> Value {
    write(request, caps).0["contents"].take()
}

pub(crate) fn refused(request: &Request, caps: &Caps) -> (String, String) {
    let refusal = codec()
        .write_request(request, &target(caps, false))
        .unwrap_err();
    // What is refused is merely lost where losses are tolerated.
    let place = codec().spell(&refusal.place);
    let written = codec().write_request(request, &target(caps, true)).unwrap();
    assert!(lost(&written).contains(&place), "{:?}", written.losses);
    (place, refusal.why.into_owned())
}

#[test]
fn neighbours_are_merged_and_results_stand_alone_in_the_order_of_their_calls() {
    // PITFALLS 71, 72
    let request = say::request(vec![
        say::user(vec![say::text("one")]),
        say::user(vec![say::text("two"), say::text("")]),
        say::model(vec![say::text("so")]),
        say::model(vec![say::call("a", "f"), say::call("b", "g")]),
        say::user(vec![say::text("by the way"), say::result("b", "B")]),
        say::user(vec![say::result("a", "A")]),
        say::turn(Role::System, vec![say::text("rule")]),
    ]);
    let args = json!({"z": 1, "a": 2});
    let (body, written) = write(&request, &second());
    assert_eq!(
        body["contents"],
        json!([
            {"parts": [{"text": "one"}, {"text": "two"}], "role": "user"},
            {"parts": [{"text": "so"}, {"functionCall": {"name": "f", "args": args}}, {"functionCall": {"name": "g", "args": args}}], "role": "model"},
            {"parts": [{"functionResponse": {"name": "f", "response": {"output": "A"}}}, {"functionResponse": {"name": "g", "response": {"output": "B"}}}], "role": "user"},
            {"parts": [{"text": "by the way"}, {"text": "rule"}], "role": "user"},
        ])
    );
    // PITFALLS 101: the model's own order of keys.
    assert!(
        String::from_utf8(written.body)
            .unwrap()
            .contains(r#""args":{"z":1,"a":2}"#)
    );
}

#[test]
fn ids_of_calls_go_to_gemini_3_alone() {
    // PITFALLS 75
    let request = say::request(vec![
        say::user(vec![say::text("go")]),
        say::model(vec![
            say::thinking("hm", Some(say::seal("S"))),
            say::call("toolu_1", "f"),
        ]),
        say::user(vec![say::result("toolu_1", "A")]),
    ]);
    let old = contents(&request, &second()).to_string();
    assert!(
        !old.contains("toolu_1") && !old.contains("thoughtSignature") && !old.contains("hm"),
        "{old}"
    );
    let new = contents(&request, &third());
    assert_eq!(new[1]["parts"][0], json!({"text": "hm", "thought": true}));
    assert_eq!(new[1]["parts"][1]["functionCall"]["id"], "toolu_1");
    assert_eq!(new[1]["parts"][1]["thoughtSignature"], "S");
    assert_eq!(new[2]["parts"][0]["functionResponse"]["id"], "toolu_1");
}

#[test]
fn every_signature_is_sent_once_and_with_the_first_call_behind_it() {
    // PITFALLS 73, 74
    let foreign = Seal::new(Dialect::Anthropic, &origin(), "A");
    let other = Seal::new(
        Dialect::Gemini,
        &dialects::ir::Origin {
            vendor: "vertex".to_owned(),
            ..origin()
        },
        "V",
    );
    let with = |parts: Vec<Part>| {
        let results = parts
            .iter()
            .filter_map(|part| match part {
                Part::Call(call) => Some(say::result(&call.id, "r")),
                _ => None,
            })
            .collect();
        say::request(vec![
            say::user(vec![say::text("go")]),
            say::model(parts),
            say::user(results),
        ])
    };
    let seal = say::seal;
    for (parts, wanted) in [
        (
            vec![
                say::thinking("", Some(seal("S"))),
                say::call("a", "f"),
                say::call("b", "f"),
            ],
            vec![Some("S"), None],
        ),
        // Chat's clients tell thinking first, whatever came first.
        (
            vec![
                say::thinking("", Some(seal("S"))),
                say::text("t"),
                say::call("a", "f"),
            ],
            vec![None, Some("S")],
        ),
        (
            vec![
                say::text("t"),
                say::thinking("", Some(seal("S"))),
                say::call("a", "f"),
            ],
            vec![None, Some("S")],
        ),
        // A signature that no call took stands with the text.
        (
            vec![say::thinking("", Some(seal("S"))), say::text("t")],
            vec![Some("S")],
        ),
        (
            vec![say::text("t"), say::thinking("", Some(seal("S")))],
            vec![Some("S")],
        ),
        (vec![say::thinking("", Some(seal("S")))], vec![Some("S")]),
        (
            vec![say::call("a", "f"), say::thinking("", Some(seal("S")))],
            vec![Some(PLACEHOLDER), Some("S")],
        ),
        (
            vec![
                say::thinking("", Some(seal("S"))),
                say::thinking("", Some(seal("T"))),
                say::call("a", "f"),
            ],
            vec![Some("S"), Some("T")],
        ),
        // Others' signatures are never sent.
        (
            vec![
                say::thinking("x", Some(foreign)),
                say::call("a", "f"),
                say::call("b", "f"),
            ],
            vec![Some(PLACEHOLDER), None],
        ),
        (
            vec![say::thinking("x", Some(other)), say::call("a", "f")],
            vec![Some(PLACEHOLDER)],
        ),
        (
            vec![say::thinking("x", None), say::call("a", "f")],
            vec![Some(PLACEHOLDER)],
        ),
    ] {
        let written = contents(&with(parts.clone()), &third());
        let sent: Vec<_> = written[1]["parts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["thoughtSignature"].as_str())
            .collect();
        assert_eq!(sent, wanted, "{parts:?}");
    }
}

#[test]
fn the_last_resort_is_for_the_current_turn_only() {
    // PITFALLS 73
    let request = say::request(vec![
        say::user(vec![say::text("go")]),
        say::model(vec![say::call("a", "f")]),
        say::user(vec![say::result("a", "1")]),
        say::model(vec![say::text("done")]),
        say::user(vec![say::text("again")]),
        say::model(vec![say::call("b", "f")]),
        say::user(vec![say::result("b", "2"), say::text("reminder")]),
        say::model(vec![say::call("c", "f"), say::call("d", "f")]),
        say::user(vec![say::result("c", "3"), say::result("d", "4")]),
    ]);
    let written = contents(&request, &third());
    let sent: Vec<_> = written
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|content| content["parts"].as_array().unwrap())
        .filter(|part| part["functionCall"].is_object())
        .map(|part| part["thoughtSignature"] == PLACEHOLDER)
        .collect();
    assert_eq!(sent, [false, true, true, false]);
}

#[test]
fn calls_without_results_and_results_without_calls() {
    // PITFALLS 71
    let request = say::request(vec![
        say::user(vec![say::text("go")]),
        say::model(vec![say::call("a", "f"), say::call("b", "g")]),
        say::user(vec![say::result("b", "B"), say::text("never mind")]),
    ]);
    let (body, written) = write(&request, &second());
    assert_eq!(
        body["contents"][2]["parts"],
        json!([
            {"functionResponse": {"name": "f", "response": {"error": "The tool gave no result."}}},
            {"functionResponse": {"name": "g", "response": {"output": "B"}}},
        ])
    );
    assert_eq!(lost(&written), ["contents[0]"]);
    let orphan = say::request(vec![say::user(vec![say::result("x", "B")])]);
    let (place, why) = refused(&orphan, &second());
    assert_eq!(
        (place.as_str(), why.contains("\"x\"")),
        ("contents[0]", true)
    );
}

#[test]
fn results_are_wrapped_and_point_nowhere() {
    // PITFALLS 115
    for (words, is_error, wanted) in [
        ("fine", false, json!({"output": "fine"})),
        ("", false, json!({"output": ""})),
        ("bad", true, json!({"error": "bad"})),
        (
            r##"{"$ref": "#/x"}"##,
            false,
            json!({"output": r##"{"$ref": "#/x"}"##}),
        ),
    ] {
        let Part::Result(mut result) = say::result("a", words) else {
            panic!()
        };
        result.is_error = is_error;
        let request = say::request(vec![
            say::model(vec![say::call("a", "f")]),
            say::user(vec![Part::Result(result)]),
        ]);
        let written = contents(&request, &second());
        // A conversation never begins with the model.
        assert_eq!(
            written[0],
            json!({"parts": [{"text": " "}], "role": "user"})
        );
        assert_eq!(
            written[2]["parts"][0]["functionResponse"]["response"],
            wanted
        );
    }
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

fn png() -> Part {
    Part::Media(media(
        MediaKind::Image,
        Source::Base64 {
            mime: "image/png".to_owned(),
            data: "iVBO".to_owned(),
        },
    ))
}

#[test]
fn media_in_results_stand_where_the_generation_wants_them() {
    // PITFALLS 72
    let Part::Result(mut result) = say::result("a", "see") else {
        panic!()
    };
    result.parts.push(png());
    let request = say::request(vec![
        say::user(vec![say::text("go")]),
        say::model(vec![say::call("a", "f")]),
        say::user(vec![Part::Result(result)]),
    ]);
    let image = json!({"inlineData": {"mimeType": "image/png", "data": "iVBO"}});
    let new = contents(&request, &third());
    assert_eq!(
        new[2]["parts"][0]["functionResponse"]["parts"],
        json!([image])
    );
    assert_eq!(new.as_array().unwrap().len(), 3);
    let old = contents(&request, &second());
    assert_eq!(old[2]["parts"].as_array().unwrap().len(), 1);
    assert_eq!(
        old[3]["parts"],
        json!([{"text": "From the result of f:"}, image])
    );
}

#[test]
fn media_are_sent_as_bytes_or_as_known_files() {
    let url = |url: &str| Source::Url {
        url: url.to_owned(),
        mime: None,
    };
    let file = |dialect| Source::File {
        dialect,
        id: "https://generativelanguage.googleapis.com/v1beta/files/x".to_owned(),
        mime: Some("image/png".to_owned()),
    };
    let with = |media: Media| say::request(vec![say::user(vec![Part::Media(media)])]);
    for (media, wanted) in [
        (
            media(
                MediaKind::Audio,
                Source::Base64 {
                    mime: "audio/wav".to_owned(),
                    data: "UklG".to_owned(),
                },
            ),
            json!([{"inlineData": {"mimeType": "audio/wav", "data": "UklG"}}]),
        ),
        (
            media(MediaKind::Video, url("https://www.youtube.com/watch?v=1")),
            json!([{"fileData": {"fileUri": "https://www.youtube.com/watch?v=1"}}]),
        ),
        (
            media(MediaKind::Image, file(Dialect::Gemini)),
            json!([{"fileData": {"mimeType": "image/png", "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x"}}]),
        ),
        (
            Media {
                title: Some("a.txt".to_owned()),
                ..media(MediaKind::Document, Source::Text("hi".to_owned()))
            },
            json!([{"text": "a.txt"}, {"text": "hi"}]),
        ),
        (
            media(
                MediaKind::Document,
                Source::Parts(vec![say::text("x"), png()]),
            ),
            json!([{"text": "x"}, {"inlineData": {"mimeType": "image/png", "data": "iVBO"}}]),
        ),
    ] {
        assert_eq!(
            contents(&with(media.clone()), &third())[0]["parts"],
            wanted,
            "{media:?}"
        );
    }
    for source in [url("https://example.com/a.png"), file(Dialect::Anthropic)] {
        let (place, why) = refused(&with(media(MediaKind::Image, source)), &third());
        assert!(
            place == "contents[0]" && why.contains("send the bytes"),
            "{why}"
        );
    }
    let mut deaf = third();
    deaf.audio = false;
    let sound = media(
        MediaKind::Audio,
        Source::Base64 {
            mime: "audio/wav".to_owned(),
            data: String::new(),
        },
    );
    assert!(refused(&with(sound), &deaf).1.contains("audio"));
    let close = Media {
        detail: Some("high".to_owned()),
        ..media(MediaKind::Image, file(Dialect::Gemini))
    };
    assert_eq!(
        contents(&with(close.clone()), &third())[0]["parts"][0]["mediaResolution"],
        json!({"level": "MEDIA_RESOLUTION_HIGH"})
    );
    assert_eq!(lost(&write(&with(close), &second()).1).len(), 1);
}

#[test]
fn nothing_said_becomes_a_blank_turn() {
    let mut request = say::request(Vec::new());
    request.system = vec![Text::plain("rules"), Text::plain("")];
    let (body, _) = write(&request, &third());
    assert_eq!(
        body,
        json!({
            "contents": [{"parts": [{"text": " "}], "role": "user"}],
            "systemInstruction": {"parts": [{"text": "rules"}]},
        })
    );
}
