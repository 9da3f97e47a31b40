//! Answers, streams and errors are told to Responses clients.

#![allow(clippy::unwrap_used, clippy::panic, clippy::too_many_lines)] // helpers panic as tests do; tables are long

mod openai_responses_frames;

use dialects::{
    PathFacts,
    ir::{CallKind, Event, Failure, FailureKind, Folder, Opening, Part, Stop, unfold},
    json::Json,
};
use serde_json::{Value, json};

use openai_responses_frames::{R, answer, frames, meant, reply};

#[test]
fn errors_are_written_in_the_clients_words() {
    for (kind, status, told, code) in [
        (FailureKind::InvalidRequest, None, 400, json!(null)),
        (
            FailureKind::ContextTooLong,
            Some(413),
            400,
            json!("context_length_exceeded"),
        ),
        (
            FailureKind::Authentication,
            None,
            401,
            json!("invalid_api_key"),
        ),
        (
            FailureKind::Billing,
            Some(429),
            429,
            json!("insufficient_quota"),
        ),
        (
            FailureKind::RateLimit,
            None,
            429,
            json!("rate_limit_exceeded"),
        ),
        (FailureKind::Overloaded, Some(529), 503, json!("overloaded")),
        (FailureKind::Timeout, None, 504, json!("timeout")),
        (FailureKind::Server, Some(200), 500, json!("server_error")),
    ] {
        let failure = Failure {
            status,
            ..Failure::new(kind, "why")
        };
        let (status, body) = R.codec().write_failure(&failure, "req");
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (status, &body["error"]["code"], &body["error"]["message"]),
            (told, &code, &json!("why"))
        );
        assert_eq!(body["error"]["param"], json!(null));
    }
}

#[test]
fn a_stream_follows_the_grammar() {
    // PITFALLS 63, 64, 65, 95
    let frames = frames(&unfold(answer()));
    let names: Vec<&str> = frames
        .iter()
        .map(|frame| frame["type"].as_str().unwrap())
        .collect();
    let expected = "created in_progress output_item.added reasoning_summary_part.added reasoning_summary_text.delta \
        reasoning_summary_text.done reasoning_summary_part.done output_item.done output_item.added output_item.done \
        output_item.added content_part.added output_text.delta output_text.done content_part.done content_part.added \
        output_text.delta output_text.annotation.added output_text.done content_part.done output_item.done \
        output_item.added function_call_arguments.delta function_call_arguments.done output_item.done \
        output_item.added custom_tool_call_input.delta custom_tool_call_input.done output_item.done \
        output_item.added function_call_arguments.delta function_call_arguments.done output_item.done completed";
    let expected: Vec<String> = expected
        .split_whitespace()
        .map(|name| format!("response.{name}"))
        .collect();
    assert_eq!(names, expected);
    let last = &frames.last().unwrap()["response"];
    let output = last["output"].as_array().unwrap();
    let kinds: Vec<&str> = output
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "reasoning",
            "reasoning",
            "message",
            "function_call",
            "custom_tool_call",
            "function_call"
        ]
    );
    // One id for each item wherever it is told, and the same item when it is done and at the end.
    for frame in &frames {
        if let Some(index) = frame["output_index"].as_u64() {
            let item = &output[index as usize];
            let id = frame.get("item_id").unwrap_or(&frame["item"]["id"]);
            assert_eq!(*id, item["id"], "{frame}");
            if frame["type"] == "response.output_item.done" {
                assert_eq!(frame["item"], *item);
            }
        }
        if let Some(response) = frame.get("response") {
            assert_eq!(response["id"], last["id"]);
        }
    }
    let ids: std::collections::HashSet<&str> = output
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), output.len());
    assert_eq!(
        output[2]["content"][1],
        json!({"type": "output_text", "text": "lo", "annotations": [{"type": "url_citation", "start_index": 0, "end_index": 2, "title": "t", "url": "u"}], "logprobs": []})
    );
    assert_eq!(output[3]["arguments"], r#"{"x":1}"#);
    assert_eq!(
        (&output[4]["name"], &output[4]["input"]),
        (&json!("patch"), &json!("a\nb"))
    );
    assert_eq!(
        (&output[5]["name"], &output[5]["namespace"]),
        (&json!("read"), &json!("fs"))
    );
    let usage = json!({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2}, "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 14});
    assert_eq!(last["usage"], usage);
    assert_eq!(last["model"], "asked-for");
    for (name, value) in [
        ("temperature", json!(0.5)),
        ("top_p", json!(1.0)),
        ("tool_choice", json!("required")),
        ("parallel_tool_calls", json!(false)),
        ("reasoning", json!({"effort": "low", "summary": null})),
        (
            "text",
            json!({"format": {"type": "text"}, "verbosity": "low"}),
        ),
        ("metadata", json!({"k": "v"})),
        ("created_at", json!(1_700_000_000)),
        ("error", json!(null)),
        ("incomplete_details", json!(null)),
    ] {
        assert_eq!(last[name], value, "{name}");
    }
    let tools: Vec<&str> = last["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["type"].as_str().unwrap())
        .collect();
    assert_eq!(tools, ["function", "custom", "namespace", "web_search"]);
    assert_eq!(frames[0]["response"]["usage"], json!(null));
    // A whole answer says the same.
    let whole: Value =
        serde_json::from_slice(&R.codec().write_answer(&answer(), &reply())).unwrap();
    assert_eq!(whole, *last);
}

#[test]
fn what_a_client_is_told_comes_back_as_it_was() {
    let whole: Value =
        serde_json::from_slice(&R.codec().write_answer(&answer(), &reply())).unwrap();
    let next = json!({"model": "m", "input": whole["output"]});
    let request = R
        .codec()
        .read_request(next.to_string().as_bytes(), PathFacts::default())
        .unwrap();
    let mut parts = answer().parts;
    for part in &mut parts {
        match part {
            // Sources are told in this dialect's words from there on.
            Part::Text(text) => text.citations.clear(),
            Part::Call(call) => call.arguments = Json::parse(call.arguments.compact()).unwrap(),
            _ => {}
        }
    }
    let mut read = request.turns[0].parts.clone();
    for part in &mut read {
        if let Part::Text(text) = part {
            text.citations.clear();
        }
    }
    assert_eq!(read, parts);
}

#[test]
fn a_stream_ends_in_one_way_only() {
    // PITFALLS 52, 62, 63, 131
    let start = Event::Start {
        id: None,
        model: None,
    };
    let text = [Event::Open(Opening::Text), Event::Delta("Hi".to_owned())];
    let open = Event::Open(Opening::Call {
        id: "c".to_owned(),
        name: "f".to_owned(),
        kind: CallKind::Function,
    });
    let failed = Event::Failed(Failure::new(FailureKind::RateLimit, "slow"));
    let refusal = Stop::Refusal {
        category: None,
        explanation: Some("not that".to_owned()),
    };
    for (events, name, status) in [
        (
            [text.to_vec(), vec![Event::Close, Event::Stop(Stop::End)]].concat(),
            "completed",
            "completed",
        ),
        (
            [
                text.to_vec(),
                vec![Event::Close, Event::Stop(Stop::MaxTokens)],
            ]
            .concat(),
            "incomplete",
            "incomplete",
        ),
        (
            [text.to_vec(), vec![Event::Close, Event::Stop(Stop::Pause)]].concat(),
            "incomplete",
            "incomplete",
        ),
        (
            [text.to_vec(), vec![failed.clone()]].concat(),
            "failed",
            "incomplete",
        ),
        (vec![Event::Stop(Stop::ToolUse)], "failed", "none"),
        (
            vec![
                open.clone(),
                Event::Delta("{\"a".to_owned()),
                Event::Close,
                Event::Stop(Stop::MaxTokens),
            ],
            "incomplete",
            "incomplete",
        ),
        (
            vec![open.clone(), Event::Close, Event::Stop(Stop::ToolUse)],
            "completed",
            "completed",
        ),
        (vec![Event::Stop(refusal)], "incomplete", "incomplete"),
    ] {
        let mut all = vec![start.clone()];
        all.extend(events);
        all.push(Event::Stop(Stop::End));
        let frames = frames(&all);
        let terminal = |frame: &&Value| {
            let name = frame["type"].as_str().unwrap();
            ["completed", "incomplete", "failed"]
                .iter()
                .any(|end| name == format!("response.{end}"))
        };
        assert_eq!(frames.iter().filter(terminal).count(), 1);
        let last = frames.last().unwrap();
        assert_eq!(last["type"], format!("response.{name}"));
        let response = &last["response"];
        assert_eq!(response["status"], name);
        let item = response["output"].as_array().unwrap().last();
        assert_eq!(
            item.map_or("none", |item| item["status"].as_str().unwrap()),
            status,
            "{last}"
        );
        assert_eq!(response["usage"]["input_tokens"], 7);
        assert!(response["usage"]["input_tokens_details"]["cached_tokens"].is_u64());
    }
}

#[test]
fn failures_in_streams_tell_what_clients_act_upon() {
    for (kind, code) in [
        (FailureKind::RateLimit, "rate_limit_exceeded"),
        (FailureKind::ContextTooLong, "context_length_exceeded"),
        (FailureKind::Billing, "insufficient_quota"),
        (FailureKind::InvalidRequest, "invalid_prompt"),
        (FailureKind::Overloaded, "server_error"),
    ] {
        let frames = frames(&[Event::Failed(Failure::new(kind, "why"))]);
        assert_eq!(frames.len(), 3);
        assert_eq!(
            frames[2]["response"]["error"],
            json!({"code": code, "message": "why"})
        );
    }
}

#[test]
fn silence_is_bridged_by_comments() {
    // PITFALLS 13
    let mut out = Vec::new();
    R.codec().stream_writer(reply()).keep_alive(&mut out);
    assert!(out.starts_with(b":") && out.ends_with(b"\n\n"));
}

#[test]
fn a_written_stream_is_read_as_what_it_was() {
    let events = unfold(answer());
    let read = meant(&frames(&events)).unwrap();
    let mut folder = Folder::default();
    for event in read {
        folder.push(event);
    }
    let whole = folder.finish().unwrap();
    assert_eq!(whole.usage, answer().usage);
    assert_eq!(whole.stop, Stop::ToolUse);
    let texts = |parts: &[Part]| -> String {
        let texts = parts.iter().map(|part| match part {
            Part::Text(text) => text.text.clone(),
            Part::Thinking(thinking) => format!("<{}>", thinking.text),
            Part::Call(call) => format!("{}({})", call.name, call.arguments.compact()),
            part => panic!("{part:?}"),
        });
        texts.collect()
    };
    assert_eq!(texts(&whole.parts), texts(&answer().parts));
}
