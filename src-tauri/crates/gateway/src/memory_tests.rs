//! What is remembered, and whom it comes back to.

#![allow(clippy::unwrap_used)]

use dialects::{
    Dialect,
    ir::{CallKind, Origin, Turn},
    json::Json,
};

use super::*;

fn call(id: &str, arguments: &str) -> Part {
    Part::Call(Call {
        id: id.to_owned(),
        name: "tool".to_owned(),
        arguments: Json::parse(arguments).unwrap(),
        kind: CallKind::Function,
        seal: None,
        cache: None,
        at: dialects::ir::At::default(),
    })
}

/// A conversation in which each of these calls was an answer of its own.
fn called(calls: &[(&str, &str)]) -> Request {
    let turn = |role, parts| Turn {
        role,
        parts,
        name: None,
        at: dialects::ir::At::default(),
    };
    let asked = Part::Text(dialects::ir::Text::plain("go"));
    let mut turns = vec![turn(Role::User, vec![asked])];
    for (id, arguments) in calls {
        turns.push(turn(Role::Assistant, vec![call(id, arguments)]));
    }
    Request {
        turns,
        ..Request::default()
    }
}

fn hear(memory: &Memory, conversation: Conversation, id: &str, arguments: &str, data: &str) {
    let mut ear = Ear::new(conversation);
    let call = Opening::Call {
        id: id.to_owned(),
        name: "tool".to_owned(),
        kind: CallKind::Function,
    };
    for event in [
        Event::Open(Opening::Thinking),
        Event::Delta("hm".to_owned()),
        Event::Seal(Seal::new(Dialect::Gemini, &Origin::default(), data)),
        Event::Close,
        Event::Open(call),
        Event::Delta(arguments.to_owned()),
        Event::Close,
    ] {
        ear.hear(&event, memory);
    }
}

/// What stands before the call of each answer.
fn seals(request: &Request) -> Vec<Option<&str>> {
    let answers = request.turns.iter().skip(1);
    answers
        .map(|turn| match turn.parts.first() {
            Some(Part::Thinking(thinking)) => thinking.seal.as_ref().map(|seal| seal.data.as_str()),
            _ => None,
        })
        .collect()
}

fn talk(token: &str, session: Option<&str>) -> Conversation {
    Conversation::of(Some(token), session, &called(&[]))
}

#[test]
fn reasoning_comes_back_before_the_call_it_led_to() {
    let memory = Memory::default();
    let here = talk("a", None);
    hear(&memory, here, "call-1", r#"{"b":"\u00e9","a":1}"#, "s");
    // The client wrote the arguments anew.
    let mut request = called(&[("call-1", r#"{ "a": 1, "b": "é" }"#)]);
    memory.complete(here, &mut request);
    assert_eq!(seals(&request), [Some("s")]);
    let mut again = request.clone();
    memory.complete(here, &mut again);
    assert_eq!(again, request, "what a history has is not added again");
    let mut other = called(&[("call-2", "{}")]);
    memory.complete(here, &mut other);
    assert_eq!(seals(&other), [None]);
}

#[test]
fn nothing_goes_into_another_conversation_or_before_another_call() {
    // PITFALLS 55, 83
    let memory = Memory::default();
    hear(
        &memory,
        talk("a", Some("1")),
        "functions.f:0",
        "{}",
        "secret",
    );
    for (conversation, arguments, expected) in [
        (talk("a", Some("1")), "{}", Some("secret")),
        (talk("b", Some("1")), "{}", None),
        (talk("a", Some("2")), "{}", None),
        (talk("a", None), "{}", None),
        (talk("a", Some("1")), r#"{"other":1}"#, None),
    ] {
        let mut request = called(&[("functions.f:0", arguments)]);
        memory.complete(conversation, &mut request);
        assert_eq!(seals(&request), [expected], "{conversation:?} {arguments}");
    }
    let first = |text: &str| {
        let mut request = called(&[]);
        request.turns[0].parts = vec![Part::Text(dialects::ir::Text::plain(text))];
        Conversation::of(None, None, &request)
    };
    assert_ne!(first("one"), first("two"));
}

#[test]
fn each_seal_stands_once_before_the_latest_call_it_fits() {
    // PITFALLS 74, 83: ids that begin anew are told apart by a number when the history is read.
    let memory = Memory::default();
    let here = talk("a", None);
    hear(&memory, here, "call_0", r#"{"n":1}"#, "one");
    hear(&memory, here, "call_0", r#"{"n":2}"#, "two");
    let mut request = called(&[
        ("call_0", r#"{"n":1}"#),
        ("call_0_2", r#"{"n":2}"#),
        ("call_0_3", r#"{"n":2}"#),
    ]);
    memory.complete(here, &mut request);
    assert_eq!(seals(&request), [Some("one"), None, Some("two")]);
}

#[test]
fn the_oldest_is_forgotten_first_and_bytes_are_bounded() {
    let memory = Memory::default();
    let here = talk("a", None);
    for call in 0..=CALLS {
        hear(&memory, here, &format!("call-{call}"), "{}", "s");
    }
    let mut oldest = called(&[("call-0", "{}"), ("call-1", "{}")]);
    memory.complete(here, &mut oldest);
    assert_eq!(seals(&oldest), [None, Some("s")]);
    assert_eq!(memory.lock().by_call.len(), CALLS);
    hear(&memory, here, "large", "{}", &"x".repeat(BYTES));
    assert!(memory.lock().bytes <= BYTES);
}
