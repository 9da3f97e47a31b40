#![allow(clippy::too_many_lines)] // tables

use dialects::{
    BadRequest, PathFacts,
    caps::Caps,
    ir::{Effort, Fate, Mode, Part, Request, Role, Text},
};

use super::{codec, lost, read, target, text, turn};

pub(crate) fn go() -> Vec<dialects::ir::Turn> {
    vec![turn(Role::User, vec![text("go")])]
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
fn a_chat_is_read() {
    let request = read(
        r#"{"model":"qwen3","messages":[{"role":"system","content":"s"},{"role":"user","content":"u","images":["iVBO","/9j/"]},
        {"role":"assistant","content":"a","thinking":"t","tool_calls":[{"function":{"name":"f","arguments":{"x":1}}},{"id":"c","function":{"index":1,"name":"g","arguments":{}}}]},
        {"role":"tool","content":"G","tool_call_id":"c"},{"role":"tool","content":"F","tool_name":"f"},
        {"role":"system","content":"again"}],
        "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}],
        "options":{"num_predict":10,"temperature":0.5,"top_k":40.0,"stop":"x","seed":7,"num_gpu":1,"min_p":0.1},
        "think":"high","format":{"type":"object"},"keep_alive":"5m"}"#,
    );
    assert!(request.stream);
    assert_eq!(request.system, [Text::plain("s")]);
    let roles: Vec<_> = request.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(
        roles,
        [
            Role::User,
            Role::Assistant,
            Role::User,
            Role::User,
            Role::System
        ]
    );
    let mimes: Vec<_> = request.turns[0].parts[1..]
        .iter()
        .map(|part| match part {
            Part::Media(media) => media.source.mime().unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(mimes, ["image/png", "image/jpeg"]);
    let [
        Part::Thinking(thinking),
        Part::Text(_),
        Part::Call(first),
        Part::Call(second),
    ] = &request.turns[1].parts[..]
    else {
        panic!("{:?}", request.turns[1])
    };
    assert_eq!((thinking.text.as_str(), second.id.as_str()), ("t", "c"));
    let answers: Vec<_> = request.turns[2..4]
        .iter()
        .map(|turn| match &turn.parts[0] {
            Part::Result(result) => (result.call_id.as_str(), result.text()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        answers,
        [("c", "G".to_owned()), (first.id.as_str(), "F".to_owned())]
    );
    assert_eq!(
        (
            request.max_tokens,
            request.sampling.top_k,
            &request.stop[..]
        ),
        (Some(10), Some(40), &["x".to_owned()][..])
    );
    assert_eq!(
        (request.reasoning.mode, request.reasoning.effort),
        (Mode::On, Some(Effort::High))
    );
    let own: Vec<_> = request
        .own
        .iter()
        .map(|own| (own.path.as_ref(), own.fate == Fate::Ignore))
        .collect();
    assert_eq!(
        own,
        [
            ("options.num_gpu", true),
            ("options.min_p", false),
            ("keep_alive", true)
        ]
    );
}

#[test]
fn an_answer_is_streamed_unless_that_is_declined() {
    for (body, stream) in [
        ("{}", true),
        (r#"{"stream":false}"#, false),
        (r#"{"stream":null}"#, true),
    ] {
        assert_eq!(
            codec()
                .read_request(body.as_bytes(), PathFacts::default())
                .unwrap()
                .stream,
            stream
        );
    }
}

#[test]
fn ids_are_the_same_in_every_request() {
    // PITFALLS 101
    let history = r#"{"role":"user","content":"u"},{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{}}},{"function":{"name":"f","arguments":{}}}]},
        {"role":"tool","content":"1"},{"role":"tool","content":"2"}"#;
    let first = read(&format!(r#"{{"messages":[{history}]}}"#));
    let later = read(&format!(
        r#"{{"messages":[{history},{{"role":"assistant","content":"a"}},{{"role":"user","content":"b"}}]}}"#
    ));
    assert_eq!(first.turns[..], later.turns[..4]);
    let ids: Vec<_> = first
        .parts()
        .filter_map(|part| match part {
            Part::Call(call) => Some(call.id.clone()),
            Part::Result(result) => Some(result.call_id.clone()),
            _ => None,
        })
        .collect();
    assert!(ids[0] != ids[1] && ids[..2] == ids[2..], "{ids:?}");
}

#[test]
fn a_prompt_is_a_conversation_of_one_turn() {
    let request = read(
        r#"{"model":"m","prompt":"p","system":"s","images":["iVBO"],"template":"t","suffix":"x"}"#,
    );
    assert_eq!(request.system, [Text::plain("s")]);
    assert_eq!(request.turns[0].parts.len(), 2);
    let fates: Vec<_> = request
        .own
        .iter()
        .map(|own| (own.path.as_ref(), matches!(own.fate, Fate::Refuse(_))))
        .collect();
    assert_eq!(
        fates,
        [("prompt", false), ("template", false), ("suffix", true)]
    );
}

#[test]
fn wrong_requests_are_told_by_their_path() {
    for (body, path) in [
        (r#"{"messages":[{"role":"bot"}]}"#, "messages[0].role"),
        (
            r#"{"messages":[{"role":"user","content":["a"]}]}"#,
            "messages[0].content",
        ),
        (
            r#"{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}]}"#,
            "messages[0].tool_calls[0].function.arguments",
        ),
        (r#"{"format":"yaml"}"#, "format"),
        (r#"{"think":"much"}"#, "think"),
        (
            r#"{"options":{"num_predict":"many"}}"#,
            "options.num_predict",
        ),
    ] {
        match codec().read_request(body.as_bytes(), PathFacts::default()) {
            Err(BadRequest::Misshapen(error)) => assert_eq!(error.path, path, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    let orphan = r#"{"messages":[{"role":"tool","content":"x","tool_name":"f"}]}"#;
    let Err(BadRequest::Refused(refusal)) =
        codec().read_request(orphan.as_bytes(), PathFacts::default())
    else {
        panic!()
    };
    assert_eq!(codec().spell(&refusal.place), "messages[0]");
}
