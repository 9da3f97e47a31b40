//! Streams of Messages events, written.

use crate::support::{
    client::{accumulate, read_stream as read, reply, stream},
    origin,
};
use dialects::{
    Dialect, Usage,
    ir::{
        At, CallKind, Event, Failure, FailureKind, Folder, Opening, Origin, Part, Seal, Stop,
        Thinking, unfold,
    },
    json::Json,
};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn a_stream_is_told_in_the_grammar() {
    let call = |id: &str| {
        Event::Open(Opening::Call {
            id: id.to_owned(),
            name: "run".to_owned(),
            kind: CallKind::Function,
        })
    };
    let piece = |text: &str| Event::Delta(text.to_owned());
    let seal = Seal::new(
        Dialect::Gemini,
        &Origin {
            vendor: "google".to_owned(),
            model: "g".to_owned(),
        },
        "CgQ",
    );
    let usage = Usage {
        input: 30,
        output: 8,
        cache_read: 2,
        ..Usage::default()
    };
    let frames = stream(&[
        Event::Start {
            id: Some("resp_1".to_owned()),
            model: Some("other".to_owned()),
        },
        Event::Open(Opening::Thinking),
        piece("hm"),
        piece("…"),
        Event::Seal(seal.clone()),
        Event::Close,
        Event::Open(Opening::Text),
        piece("hi \"there\"\u{2028}"),
        Event::Close,
        call("call.1"),
        piece("{\"x\""),
        piece(":1}"),
        Event::Close,
        call("c2"),
        Event::Close,
        Event::Usage(usage),
        Event::Stop(Stop::ToolUse),
        // PITFALLS 38, 54
        Event::Stop(Stop::End),
        Event::Failed(Failure::new(FailureKind::Server, "late")),
    ]);
    let names: Vec<_> = frames.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[0], "message_start");
    let started = &frames[0].1["message"];
    // PITFALLS 47, 48
    assert_eq!(
        (
            &started["usage"]["input_tokens"],
            &started["usage"]["output_tokens"]
        ),
        (&json!(12), &json!(0))
    );
    assert_eq!(
        (
            &started["model"],
            &started["content"],
            &started["stop_reason"]
        ),
        (&json!("asked-for"), &json!([]), &Value::Null)
    );
    let message = accumulate(&frames).unwrap();
    let content = &message["content"];
    assert_eq!(content[0]["thinking"], "hm…");
    // PITFALLS 45, 111
    assert_eq!(
        Seal::presented(
            Dialect::Anthropic,
            content[0]["signature"].as_str().unwrap()
        ),
        seal
    );
    assert_eq!(content[1]["text"], "hi \"there\"\u{2028}");
    assert_eq!(content[2]["input"], json!({"x": 1}));
    // PITFALLS 33
    assert_eq!(content[3]["input"], json!({}));
    assert_eq!(message["stop_reason"], "tool_use");
    assert_eq!(
        (
            &message["usage"]["input_tokens"],
            &message["usage"]["cache_read_input_tokens"],
            &message["usage"]["output_tokens"]
        ),
        (&json!(30), &json!(2), &json!(8))
    );
    // PITFALLS 56
    let mut writer = Dialect::Anthropic.codec().stream_writer(reply());
    let mut out = Vec::new();
    writer.keep_alive(&mut out);
    assert_eq!(out, b"event: ping\ndata: {\"type\":\"ping\"}\n\n");
}

#[test]
fn nothing_empty_is_told() {
    // PITFALLS 31, 46
    let frames = stream(&[
        Event::Start {
            id: None,
            model: None,
        },
        Event::Open(Opening::Thinking),
        Event::Close,
        Event::Open(Opening::Text),
        Event::Delta(String::new()),
        Event::Close,
        Event::Part(Part::Thinking(Thinking {
            redacted: true,
            ..Thinking::default()
        })),
        Event::Stop(Stop::End),
    ]);
    let names: Vec<_> = frames.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["message_start", "message_delta", "message_stop"]);
    // Thinking that no vendor signed cannot be mistaken for Anthropic's own.
    let frames = stream(&[
        Event::Open(Opening::Thinking),
        Event::Delta("hm".to_owned()),
        Event::Close,
        Event::Stop(Stop::End),
    ]);
    let message = accumulate(&frames).unwrap();
    assert!(
        message["content"][0]["signature"]
            .as_str()
            .unwrap()
            .starts_with(Seal::PREFIX)
    );
    // PITFALLS 131
    assert_eq!(
        (
            &message["usage"]["input_tokens"],
            &message["usage"]["output_tokens"]
        ),
        (&json!(12), &json!(1))
    );
}

#[test]
fn a_failure_is_told_and_no_success_behind_it() {
    // PITFALLS 51, 52
    let frames = stream(&[
        Event::Start {
            id: None,
            model: None,
        },
        Event::Open(Opening::Text),
        Event::Delta("half".to_owned()),
        Event::Failed(Failure::new(FailureKind::Overloaded, "busy")),
        Event::Stop(Stop::End),
    ]);
    let (name, data) = frames.last().unwrap();
    assert_eq!(
        (name.as_str(), &data["error"]["type"], &data["request_id"]),
        ("error", &json!("overloaded_error"), &json!("req_1"))
    );
    assert!(
        frames
            .iter()
            .all(|(name, _)| name != "message_stop" && name != "message_delta")
    );
}

fn said() -> BoxedStrategy<String> {
    "[a-z\"\\\\\n é€]{1,12}".boxed()
}

fn part() -> BoxedStrategy<Vec<Event>> {
    let seal = || Seal::new(Dialect::Anthropic, &origin(), "EqQB");
    prop_oneof![
        prop::collection::vec(said(), 0..4).prop_map(|pieces| {
            let pieces = pieces.into_iter().map(Event::Delta);
            std::iter::once(Event::Open(Opening::Text)).chain(pieces).chain([Event::Close]).collect()
        }),
        (prop::collection::vec(said(), 0..4), any::<bool>()).prop_map(move |(pieces, sealed)| {
            let pieces = pieces.into_iter().map(Event::Delta);
            std::iter::once(Event::Open(Opening::Thinking)).chain(pieces).chain(sealed.then(|| Event::Seal(seal()))).chain([Event::Close]).collect()
        }),
        (said(), prop::option::of(said())).prop_map(|(id, argument)| {
            let open = Event::Open(Opening::Call { id, name: "run".to_owned(), kind: CallKind::Function });
            let argument = argument.map(|argument| json!({"a": argument}).to_string());
            let pieces = argument.into_iter().flat_map(|text| {
                let middle = text.char_indices().nth(text.chars().count() / 2).unwrap().0;
                let (head, tail) = text.split_at(middle);
                [Event::Delta(head.to_owned()), Event::Delta(tail.to_owned())]
            });
            std::iter::once(open).chain(pieces).chain([Event::Close]).collect()
        }),
        Just(vec![Event::Part(Part::Thinking(Thinking { seal: Some(Seal::new(Dialect::Anthropic, &origin(), "EmwK")), redacted: true, ..Thinking::default() }))]),
        Just(vec![Event::Part(Part::Opaque {
            dialect: Dialect::Anthropic, kind: "server_tool_use".to_owned(),
            value: Json::parse(r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"q"}}"#).unwrap(), at: At::default(),
        })]),
        Just(vec![Event::Part(Part::Opaque { dialect: Dialect::Gemini, kind: "x".to_owned(), value: Json::null(), at: At::default() })]),
    ]
    .boxed()
}

proptest! {
    /// PITFALLS 28 to 32, 37, 43: any valid stream is one that the official SDKs take, and read back it says the same.
    #[test]
    fn any_stream_is_told_in_the_grammar_and_reads_as_it_was(parts in prop::collection::vec(part(), 0..8)) {
        let mut events = vec![Event::Start { id: Some("msg_1".to_owned()), model: Some("m".to_owned()) }];
        events.extend(parts.into_iter().flatten());
        let usage = Usage { input: 3, output: 4, ..Usage::default() };
        let calls = events.iter().any(|event| matches!(event, Event::Open(Opening::Call { .. })));
        events.push(Event::Usage(usage));
        events.push(Event::Stop(Stop::End.with_calls(calls)));
        let frames = stream(&events);
        let message = accumulate(&frames);
        prop_assert!(message.is_ok(), "{message:?}");
        let data: Vec<Value> = frames.into_iter().map(|(_, data)| data).collect();
        let again = read(&data).unwrap();
        let fold = |events: Vec<Event>| {
            let mut folder = Folder::default();
            for event in events {
                folder.push(event);
            }
            folder.finish().unwrap()
        };
        let whole = |answer: &dialects::ir::Answer| {
            serde_json::from_slice::<Value>(&Dialect::Anthropic.codec().write_answer(answer, &reply())).unwrap()
        };
        let answer = fold(again);
        // A whole answer and the stream of it are the same message.
        let mut streamed = message.unwrap();
        streamed["stop_details"] = Value::Null;
        let told = whole(&fold(events));
        prop_assert_eq!(&whole(&answer)["content"], &told["content"]);
        prop_assert_eq!(&streamed["content"], &told["content"]);
        prop_assert_eq!(whole(&fold(unfold(answer.clone()))), whole(&answer));
    }
}
