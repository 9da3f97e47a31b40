//! What this dialect can say is the same after it was written and read again.

use dialects::{
    Dialect,
    caps::Caps,
    ir::{
        CacheMark, Call, Effort, Format, Mode, Part, Reasoning, Request, Role, Sampling, Text,
        Thinking, Tool, ToolChoice, ToolKind, ToolResult, Turn,
    },
    json::Json,
};
use proptest::prelude::*;
use serde_json::json;

use crate::{caps, read, sent};

/// A server that takes all there is.
fn everything() -> Caps {
    caps(json!({
        "custom_tools": true, "strict_tools": true, "cache_marks": true, "cache_key": true, "audio": true, "video": true, "web_search": true,
        "efforts": ["minimal", "low", "medium", "high", "xhigh", "max"], "reasoning_back": "content",
        "chat": {"max_completion_tokens": true, "developer": true, "top_k": true, "safety_identifier": true, "verbosity": true,
            "effort_none": true, "stored": true, "tiers": true, "allowed_tools": true},
    }))
}

#[track_caller]
fn same(request: &Request) {
    let (body, losses) = sent(request, &everything());
    assert!(losses.is_empty(), "{losses:?} {body}");
    assert_eq!(&read(&body), request, "{body}");
}

#[test]
fn requests_as_clients_write_them_stay_what_they_are() {
    let table = [
        json!({"messages": [{"role": "user", "content": "hi", "name": "Ann"}], "stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false}}),
        json!({"messages": [{"role": "developer", "content": "s"}, {"role": "user", "content": [
            {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}, "odd": 1},
            {"type": "image_url", "image_url": {"url": "https://x/y", "detail": "high"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "file", "file": {"file_id": "f"}}, {"type": "hologram", "x": [1]}]}]}),
        json!({"messages": [
            {"role": "user", "content": "go", "shade": "blue"},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"b\":1,\"a\":[]}"}},
                {"id": "d", "type": "custom", "custom": {"name": "p", "input": "x\ny"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "1"}, {"role": "tool", "tool_call_id": "d", "content": ""},
            {"role": "assistant", "content": "done", "annotations": [{"type": "url_citation", "url_citation": {}}]},
            {"role": "system", "content": "mid"}, {"role": "user", "content": "more"}],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}, "strict": false}},
                {"type": "function", "function": {"name": "g", "parameters": {"type": "object", "properties": {}}}, "cache": true},
                {"type": "custom", "custom": {"name": "p", "format": {"type": "text"}}}],
            "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}},
            "parallel_tool_calls": false}),
        json!({"messages": [], "web_search_options": {"user_location": {"type": "approximate", "approximate": {"city": "Bonn"}}, "search_context_size": "low"}, "tools": []}),
        json!({"messages": [], "response_format": {"type": "json_schema", "json_schema": {"name": "n", "description": "d", "schema": {"type": "object"}}},
            "reasoning_effort": "none", "verbosity": "low", "service_tier": "flex", "store": true, "metadata": {"a": "b"}, "safety_identifier": "u",
            "prompt_cache_key": "k", "prompt_cache_options": {"mode": "explicit"}, "top_k": 3, "logit_bias": {"5": 1}, "prediction": {"x": 1}, "shiny": null}),
        json!({"messages": [], "reasoning_effort": "default", "response_format": {"type": "json_object"}, "prompt_cache_options": {"mode": "implicit", "ttl": "30m"}, "audio": {"voice": "x"}}),
    ];
    for mut body in table {
        body["model"] = json!("m");
        same(&read(&body));
    }
}

fn words() -> impl Strategy<Value = String> {
    "[ -~é\u{2028}\\n]{1,12}"
}

fn text() -> impl Strategy<Value = Text> {
    (words(), any::<bool>()).prop_map(|(words, marked)| Text {
        cache: marked.then(CacheMark::default),
        ..Text::plain(words)
    })
}

fn user() -> impl Strategy<Value = Vec<Turn>> {
    (
        proptest::collection::vec(words(), 1..3),
        proptest::option::of("[a-z]{1,5}"),
    )
        .prop_map(|(texts, name)| {
            vec![Turn {
                role: Role::User,
                parts: texts
                    .into_iter()
                    .map(|text| Part::Text(Text::plain(text)))
                    .collect(),
                name,
                at: dialects::ir::At::default(),
            }]
        })
}

/// An answer with calls, and the results of all.
fn answered() -> impl Strategy<Value = Vec<Turn>> {
    (
        proptest::option::of(words()),
        proptest::option::of(words()),
        proptest::collection::vec(words(), 0..3),
    )
        .prop_map(|(thought, said, results)| {
            let mut parts: Vec<Part> = thought
                .map(|text| {
                    Part::Thinking(Thinking {
                        text,
                        ..Thinking::default()
                    })
                })
                .into_iter()
                .collect();
            parts.extend(said.map(|text| Part::Text(Text::plain(text))));
            if results.is_empty() && parts.iter().all(|part| !matches!(part, Part::Text(_))) {
                parts.push(Part::Text(Text::plain("so")));
            }
            let id = |at: usize| format!("call_{at}");
            for (at, _) in results.iter().enumerate() {
                let arguments = Json::parse(format!(r#"{{"n":{at}}}"#)).unwrap();
                parts.push(Part::Call(Call {
                    id: id(at),
                    name: "f".to_owned(),
                    arguments,
                    kind: dialects::ir::CallKind::Function,
                    seal: None,
                    cache: None,
                    at: dialects::ir::At::default(),
                }));
            }
            let mut turns = vec![Turn {
                role: Role::Assistant,
                parts,
                name: None,
                at: dialects::ir::At::default(),
            }];
            for (at, text) in results.into_iter().enumerate() {
                let result = ToolResult {
                    call_id: id(at),
                    name: None,
                    parts: vec![Part::Text(Text::plain(text))],
                    is_error: false,
                    cache: None,
                    at: dialects::ir::At::default(),
                };
                turns.push(Turn {
                    role: Role::User,
                    parts: vec![Part::Result(result)],
                    name: None,
                    at: dialects::ir::At::default(),
                });
            }
            turns
        })
}

/// The turns of an answer with ids that no other answer has.
fn with_ids_of(answer: usize, mut turns: Vec<Turn>) -> Vec<Turn> {
    for part in turns.iter_mut().flat_map(|turn| &mut turn.parts) {
        match part {
            Part::Call(call) => call.id = format!("{answer}_{}", call.id),
            Part::Result(result) => result.call_id = format!("{answer}_{}", result.call_id),
            _ => {}
        }
    }
    turns
}

fn requests() -> impl Strategy<Value = Request> {
    let turns = proptest::collection::vec((user(), answered()), 0..4);
    let efforts = proptest::option::of(proptest::sample::select(Effort::ALL.to_vec()));
    let sampling = (
        proptest::option::of((0..20_u8).prop_map(|tenths| f64::from(tenths) / 10.0)),
        proptest::option::of(1..50_u64),
        proptest::option::of(any::<i64>()),
    );
    let bounds = (
        proptest::option::of(1..10_000_u64),
        proptest::collection::vec(words(), 0..4),
        any::<bool>(),
    );
    (
        proptest::collection::vec(text(), 0..2),
        turns,
        efforts,
        sampling,
        bounds,
        0..4_usize,
    )
        .prop_map(
            |(
                system,
                turns,
                effort,
                (temperature, top_k, seed),
                (max_tokens, stop, stream),
                kind,
            )| Request {
                dialect: Some(Dialect::OpenaiChat),
                model: "m".to_owned(),
                stream,
                stream_usage: stream,
                system,
                turns: turns
                    .into_iter()
                    .enumerate()
                    .flat_map(|(number, (user, answered))| {
                        user.into_iter().chain(with_ids_of(number, answered))
                    })
                    .collect(),
                tools: vec![Tool {
                    name: "f".to_owned(),
                    kind: ToolKind::Function,
                    description: Some("d".to_owned()),
                    schema: Some(
                        Json::parse(r#"{"type":"object","properties":{"n":{"type":"integer"}}}"#)
                            .unwrap(),
                    ),
                    strict: None,
                    namespace: None,
                    native: None,
                    cache: None,
                    at: 0,
                }],
                tool_choice: [
                    ToolChoice::Unset,
                    ToolChoice::Auto,
                    ToolChoice::Any,
                    ToolChoice::Named("f".to_owned()),
                ][kind]
                    .clone(),
                max_tokens,
                stop,
                sampling: Sampling {
                    temperature,
                    top_k,
                    seed,
                    ..Sampling::default()
                },
                reasoning: Reasoning {
                    mode: if effort.is_some() {
                        Mode::On
                    } else {
                        Mode::Unset
                    },
                    effort,
                    ..Reasoning::default()
                },
                format: [Format::Text, Format::Json][kind % 2].clone(),
                ..Request::default()
            },
        )
}

proptest! {
    #[test]
    fn requests_of_any_shape_stay_what_they_are(request in requests()) {
        same(&request);
    }
}
