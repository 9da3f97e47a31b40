//! Requests that go on from each other, and some that do not.

use bytes::Bytes;

use super::*;
use crate::Scanned;

fn chain(body: &str) -> Option<Chain> {
    let request = Scanned::read(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    request.chain("local", request.model())
}

fn of(body: &str) -> Chain {
    chain(body).unwrap_or_else(|| panic!("no chain in {body}"))
}

fn goes_on(next: &str, from: &str) -> bool {
    of(next).before.contains(&of(from).whole)
}

/// A first request of each dialect, and one that goes on from it.
const TALKS: [(&str, &str); 5] = [
    (
        r#"{"model":"m","system":"s","messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yes?"},
            {"role":"user","content":"go"}],"max_tokens":9,"system":"s"}"#,
    ),
    (
        r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"a \"b\" \\"}]}"#,
        r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"a \"b\" \\"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c","content":"1"}]}"#,
    ),
    (
        r#"{"model":"m","instructions":"s","input":"hi"}"#,
        r#"{"model":"m","instructions":"s","input":[{"role":"user","content":"hi"},{"type":"message","role":"assistant","content":[]}]}"#,
    ),
    (
        r#"{"systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
        r#"{"systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"role":"user","parts":[{"text":"hi"}]},
            {"role":"model","parts":[{"text":"yes?"}]},{"role":"user","parts":[{"text":"go"}]}]}"#,
    ),
    (
        r#"{"model":"m","messages":[{"role":"user","content":"hi","images":[]}],"stream":false}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yes?"}]}"#,
    ),
];

#[test]
fn a_request_goes_on_from_the_one_whose_messages_it_repeats_in_every_dialect() {
    for (first, next) in TALKS {
        assert!(goes_on(next, first), "{next}");
        assert!(!goes_on(first, next), "{first}");
        assert!(
            !goes_on(first, first),
            "the same again adds nothing: {first}"
        );
    }
}

#[test]
fn layout_and_cache_marks_change_nothing() {
    let first = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hi",
        "cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}"#;
    let next = r#"{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"x"}]}"#;
    assert!(goes_on(next, first));
}

#[test]
fn another_head_speaker_model_or_word_is_another_conversation() {
    let (first, next) = TALKS[0];
    for (old, new) in [
        (r#""s""#, r#""t""#),
        (r#""m""#, r#""n""#),
        ("hi", "ho"),
        (r#""user","content":"hi""#, r#""assistant","content":"hi""#),
    ] {
        assert!(!goes_on(&next.replace(old, new), first), "{new}");
    }
    let request = Scanned::read(Bytes::from(next)).unwrap();
    let other = request.chain("other", "m").unwrap();
    assert!(!other.before.contains(&of(first).whole));
}

#[test]
fn an_answer_is_gone_on_from_by_its_id() {
    let next = of(r#"{"model":"m","input":"go","previous_response_id":"resp_1"}"#);
    assert_eq!(next.before, [Chain::answer("local", "resp_1")]);
    assert_ne!(next.before, [Chain::answer("other", "resp_1")]);
}

#[test]
fn what_has_no_messages_has_no_chain() {
    for body in [
        r#"{"model":"m"}"#,
        r#"{"model":"m","messages":[]}"#,
        r#"{"model":"m","messages":[}]}"#,
        r#"{"model":"m","prompt":"hi"}"#,
    ] {
        let read = Scanned::read(Bytes::from(body));
        let found = read.ok().and_then(|request| request.chain("", "m"));
        assert_eq!(found, None, "{body}");
    }
}

#[test]
fn long_conversations_keep_their_newest_marks() {
    let body = |messages: usize| {
        let said: Vec<String> = (0..messages)
            .map(|n| format!(r#"{{"role":"user","content":"{n}"}}"#))
            .collect();
        format!(r#"{{"model":"m","messages":[{}]}}"#, said.join(","))
    };
    for length in [KEPT, 2 * KEPT, 3 * KEPT + 7, 2000] {
        assert_eq!(of(&body(length)).before.len(), (length - 1).min(KEPT - 1));
        assert!(goes_on(&body(length + 2), &body(length)), "{length}");
    }
}
