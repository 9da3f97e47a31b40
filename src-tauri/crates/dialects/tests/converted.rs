//! Answers of one dialect told in another: what a provider's slips become for each client.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests panic as tests do

use dialects::{
    Dialect, Reply, Usage,
    ir::{Event, Failure, FailureKind, Folder, Origin, Request, Stop},
};
use serde_json::{Value, json};

use Dialect::{Anthropic, Gemini, Ollama, OpenaiChat, OpenaiResponses};

/// What a provider's frames mean.
#[track_caller]
fn events(provider: Dialect, frames: &[Value]) -> Vec<Event> {
    let mut reader = provider.codec().stream_reader(&Origin::default());
    let mut out = Vec::new();
    for frame in frames {
        let data = frame
            .as_str()
            .map_or_else(|| frame.to_string(), str::to_owned);
        reader.read(None, data.as_bytes(), &mut out).unwrap();
    }
    reader.finish(&mut out).unwrap();
    out
}

fn reply() -> Reply {
    Reply {
        request: Request {
            model: "asked".to_owned(),
            stream_usage: true,
            ..Request::default()
        }
        .into(),
        request_id: "req".to_owned(),
        input_estimate: 45,
        ..Reply::default()
    }
}

/// The objects that a client reads of its stream.
fn streamed(client: Dialect, events: &[Event]) -> Vec<Value> {
    let mut writer = client.codec().stream_writer(reply());
    let mut out = Vec::new();
    for event in events {
        writer.write(event, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    let data = text
        .lines()
        .map(|line| line.strip_prefix("data: ").unwrap_or(line));
    data.filter_map(|data| serde_json::from_str(data).ok())
        .collect()
}

fn folded(events: &[Event]) -> Result<dialects::ir::Answer, Failure> {
    let mut folder = Folder::default();
    for event in events {
        folder.push(event.clone());
    }
    folder.finish()
}

fn whole(client: Dialect, events: &[Event]) -> Value {
    let answer = folded(events).unwrap();
    serde_json::from_slice(&client.codec().write_answer(&answer, &reply())).unwrap()
}

/// A Chat stream that calls `f` with these arguments.
fn chat_call(arguments: &str, reason: &str) -> [Value; 3] {
    let function = json!({"name": "f", "arguments": arguments});
    let call = json!({"index": 0, "id": "c1", "type": "function", "function": function});
    [
        json!({"id": "r", "choices": [{"index": 0, "delta": {"content": "On it.", "tool_calls": [call]}}]}),
        json!({"id": "r", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}),
        json!("[DONE]"),
    ]
}

#[test]
fn a_call_that_was_cut_is_never_told_as_one_to_run() {
    // PITFALLS 50
    let cut = events(OpenaiChat, &chat_call("{\"path\":\"/et", "length"));
    for client in [Gemini, Ollama] {
        for told in [
            json!(streamed(client, &cut)).to_string(),
            whole(client, &cut).to_string(),
        ] {
            let called = told.contains("functionCall") || told.contains("tool_calls");
            assert!(!called && told.contains("On it."), "{client:?}: {told}");
        }
    }
    for client in Dialect::ALL {
        let told = whole(client, &cut).to_string();
        assert!(!told.contains("\"f\""), "{client:?}: {told}");
    }
    assert_eq!(whole(Anthropic, &cut)["stop_reason"], "max_tokens");
    let empty = events(OpenaiChat, &chat_call(" ", "tool_calls"));
    assert_eq!(whole(Anthropic, &empty)["content"][1]["input"], json!({}));
}

#[test]
fn free_text_that_was_cut_is_not_closed() {
    // PITFALLS 50
    let custom = json!({"index": 0, "id": "c1", "type": "custom", "custom": {"name": "patch", "input": "*** Beg"}});
    let chat = |reason: &str| {
        let delta =
            json!({"id": "r", "choices": [{"index": 0, "delta": {"tool_calls": [custom]}}]});
        let end =
            json!({"id": "r", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]});
        events(OpenaiChat, &[delta, end])
    };
    assert!(folded(&chat("tool_calls")).unwrap().has_calls());
    assert!(!folded(&chat("length")).unwrap().has_calls());
    let responses = |status: &str| {
        let item = json!({"type": "custom_tool_call", "id": "ctc", "call_id": "c1", "name": "patch", "input": "*** Beg", "status": status});
        let response =
            json!({"id": "r", "status": status, "output": [item], "incomplete_details": null});
        let end = json!({"type": format!("response.{status}"), "response": response});
        let done = json!({"type": "response.output_item.done", "output_index": 0, "item": item});
        events(OpenaiResponses, &[done, end])
    };
    assert!(folded(&responses("completed")).unwrap().has_calls());
    assert!(!folded(&responses("incomplete")).unwrap().has_calls());
}

/// Streams whose only call has these arguments, and which end in the ordinary way.
fn ended_well(arguments: &str) -> [(Dialect, Vec<Value>); 3] {
    let block = json!({"type": "tool_use", "id": "c1", "name": "f", "input": {}});
    let item = json!({"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": ""});
    [
        (
            Anthropic,
            vec![
                json!({"type": "message_start", "message": {"id": "m"}}),
                json!({"type": "content_block_start", "index": 0, "content_block": block}),
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": arguments}}),
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
                json!({"type": "message_stop"}),
            ],
        ),
        (
            OpenaiResponses,
            vec![
                json!({"type": "response.output_item.added", "output_index": 0, "item": item}),
                json!({"type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "fc_1", "delta": arguments}),
                json!({"type": "response.completed", "response": {"id": "r", "status": "completed", "output": []}}),
            ],
        ),
        (OpenaiChat, chat_call(arguments, "stop").to_vec()),
    ]
}

#[test]
fn arguments_that_end_early_are_an_error_unless_the_answer_was_cut() {
    // PITFALLS 134
    for (provider, frames) in ended_well("{\"path\":\"/et") {
        let events = events(provider, &frames);
        let failure = folded(&events).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Server, "{provider:?}");
        assert!(failure.message.contains("whole"), "{provider:?}");
        let stops = |event: &Event| matches!(event, Event::Stop(_));
        assert!(!events.iter().any(stops), "{provider:?}");
    }
    for (provider, frames) in ended_well("{\"path\":\"/etc\"}") {
        let answer = folded(&events(provider, &frames)).unwrap();
        assert_eq!(answer.stop, Stop::ToolUse, "{provider:?}");
    }
    let filtered = events(OpenaiChat, &chat_call("{\"path\":\"/et", "content_filter"));
    assert!(matches!(
        folded(&filtered).unwrap().stop,
        Stop::Refusal { .. }
    ));
}

#[test]
fn a_call_without_a_name_is_an_error() {
    // PITFALLS 62
    let unnamed = |frames: &[Value]| {
        let text = json!(frames).to_string();
        let text = text.replace(r#""name":"f""#, r#""name":"""#);
        serde_json::from_str::<Vec<Value>>(&text).unwrap()
    };
    for (provider, frames) in ended_well("{}") {
        let failure = folded(&events(provider, &unnamed(&frames))).unwrap_err();
        assert!(failure.message.contains("naming"), "{provider:?}");
    }
    // A piece that says nothing begins no call.
    let silent = json!({"index": 0, "id": "", "function": {"name": "", "arguments": ""}});
    let frames = [
        json!({"id": "r", "choices": [{"index": 0, "delta": {"content": "Hi", "tool_calls": [silent]}}]}),
        json!({"id": "r", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
    ];
    assert_eq!(
        folded(&events(OpenaiChat, &frames)).unwrap().stop,
        Stop::End
    );
}

/// What a client reads as the tokens of prompt and answer.
fn tokens(client: Dialect, told: &Value) -> (u64, u64) {
    let (input, output) = match client {
        OpenaiChat => ("/usage/prompt_tokens", "/usage/completion_tokens"),
        Anthropic | OpenaiResponses => ("/usage/input_tokens", "/usage/output_tokens"),
        Gemini => (
            "/usageMetadata/promptTokenCount",
            "/usageMetadata/candidatesTokenCount",
        ),
        Ollama => ("/prompt_eval_count", "/eval_count"),
    };
    let count = |path| told.pointer(path).and_then(Value::as_u64).unwrap();
    (count(input), count(output))
}

#[test]
fn tokens_that_nobody_told_are_estimated_for_every_client() {
    // PITFALLS 47, 131
    let line = |end: Value| {
        let mut line =
            json!({"message": {"content": "Eight by"}, "done": true, "done_reason": "stop"});
        line.as_object_mut()
            .unwrap()
            .extend(end.as_object().unwrap().clone());
        events(Ollama, &[line])
    };
    let table = [
        (line(json!({})), (45, 2)),
        // The prompt was cached.
        (line(json!({"eval_count": 9})), (45, 9)),
        (line(json!({"prompt_eval_count": 8})), (8, 2)),
    ];
    for (events, expected) in table {
        for client in Dialect::ALL {
            assert_eq!(
                tokens(client, &whole(client, &events)),
                expected,
                "{client:?}"
            );
            let mut frames = streamed(client, &events);
            let last = loop {
                let frame = frames.pop().unwrap();
                let frame = frame
                    .get("response")
                    .filter(|it| it.is_object())
                    .unwrap_or(&frame);
                let told = ["usage", "usageMetadata", "eval_count"];
                if told.iter().any(|name| frame.get(name).is_some()) {
                    break frame.clone();
                }
            };
            assert_eq!(tokens(client, &last), expected, "{client:?}");
        }
    }
}

#[test]
fn counts_are_read_however_they_are_spelled() {
    let responses = |input: Value| {
        let usage = json!({"input_tokens": input, "output_tokens": 3.0, "total_tokens": null});
        let response = json!({"id": "r", "status": "completed", "output": [], "usage": usage});
        let end = json!({"type": "response.completed", "response": response});
        folded(&events(OpenaiResponses, &[end])).unwrap().usage
    };
    let chat = |input: Value| {
        let usage = json!({"prompt_tokens": input, "completion_tokens": 3.0});
        let end = json!({"id": "r", "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}], "usage": usage});
        folded(&events(OpenaiChat, &[end])).unwrap().usage
    };
    for (spelled, input) in [
        (json!(5), 5),
        (json!(5.0), 5),
        (json!("5"), 5),
        (json!(-1), 0),
        (json!({}), 0),
    ] {
        let expected = Usage {
            input,
            output: 3,
            ..Usage::default()
        };
        assert_eq!(responses(spelled.clone()), Some(expected), "{spelled}");
        assert_eq!(chat(spelled.clone()), Some(expected), "{spelled}");
    }
}

#[test]
fn zeros_at_the_end_of_a_stream_take_nothing_back() {
    // PITFALLS 118
    let start = json!({"input_tokens": 200, "cache_read_input_tokens": 800,
        "cache_creation": {"ephemeral_1h_input_tokens": 50, "ephemeral_5m_input_tokens": 0}});
    let usage = |start: &Value, end: Value| {
        let frames = [
            json!({"type": "message_start", "message": {"id": "m", "usage": start}}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": end}),
            json!({"type": "message_stop"}),
        ];
        folded(&events(Anthropic, &frames)).unwrap().usage.unwrap()
    };
    let kept = Usage {
        input: 200,
        output: 9,
        cache_read: 800,
        cache_write_1h: 50,
        ..Usage::default()
    };
    for end in [
        json!({"output_tokens": 9, "input_tokens": 0, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}),
        json!({"output_tokens": 9, "cache_creation": {}}),
        json!({"output_tokens": 9, "cache_creation": {"ephemeral_1h_input_tokens": 0}}),
    ] {
        assert_eq!(usage(&start, end.clone()), kept, "{end}");
    }
    // The whole prompt at the start, and what of it was cached at the end.
    let end = json!({"output_tokens": 9, "input_tokens": 200, "cache_read_input_tokens": 800, "cache_creation_input_tokens": 0});
    let cached = Usage {
        cache_write_1h: 0,
        ..kept
    };
    assert_eq!(usage(&json!({"input_tokens": 1000}), end), cached);
}

#[test]
fn sources_stand_where_each_client_looks() {
    let flat =
        json!({"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 2});
    let file = json!({"type": "file_citation", "file_id": "f", "index": 1});
    let nested = json!({"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 2}});
    let content = json!([{"type": "output_text", "text": "Hi", "annotations": [flat, file]}]);
    let output = json!([{"type": "message", "id": "m", "content": content}]);
    let end = json!({"type": "response.completed", "response": {"id": "r", "status": "completed", "output": output}});
    let from_responses = events(OpenaiResponses, &[end]);
    let delta = json!({"content": "Hi", "annotations": [nested]});
    let chunk =
        json!({"id": "r", "choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]});
    let from_chat = events(OpenaiChat, &[chunk]);
    for events in [&from_responses, &from_chat] {
        let told = whole(OpenaiChat, events);
        let annotations = &told["choices"][0]["message"]["annotations"];
        assert_eq!(*annotations, json!([nested]));
        let deltas: Vec<Value> = streamed(OpenaiChat, events)
            .iter()
            .filter_map(|chunk| chunk.pointer("/choices/0/delta/annotations").cloned())
            .collect();
        assert_eq!(deltas, [json!([nested])]);
    }
    let told = whole(OpenaiResponses, &from_chat);
    assert_eq!(
        told["output"][0]["content"][0]["annotations"][0]["url"],
        "u"
    );
}

#[test]
fn an_answer_that_only_refuses_is_a_refusal() {
    let chat = |delta: Value| {
        let message = json!({"id": "r", "choices": [{"index": 0, "message": delta, "finish_reason": "stop"}]});
        let chunk =
            json!({"id": "r", "choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]});
        let read = OpenaiChat
            .codec()
            .read_answer(message.to_string().as_bytes(), &Origin::default());
        let streamed = events(OpenaiChat, &[chunk]);
        assert_eq!(read.unwrap().stop, folded(&streamed).unwrap().stop);
        streamed
    };
    let refused = chat(json!({"content": null, "refusal": "No."}));
    let reason = |client: Dialect, path: &str| whole(client, &refused).pointer(path).cloned();
    assert_eq!(reason(Anthropic, "/stop_reason"), Some(json!("refusal")));
    assert_eq!(
        reason(Gemini, "/candidates/0/finishReason"),
        Some(json!("SAFETY"))
    );
    assert_eq!(
        reason(OpenaiChat, "/choices/0/finish_reason"),
        Some(json!("content_filter"))
    );
    assert_eq!(
        reason(OpenaiResponses, "/status"),
        Some(json!("incomplete"))
    );
    let last = streamed(Gemini, &refused).pop().unwrap();
    assert_eq!(last["candidates"][0]["finishReason"], "SAFETY");
    let also = chat(json!({"content": "Well.", "refusal": "No."}));
    assert_eq!(folded(&also).unwrap().stop, Stop::End);
}

#[test]
fn an_incomplete_response_is_one_though_its_status_lacks() {
    let content = json!([{"type": "output_text", "text": "Hi"}]);
    let output = json!([{"type": "message", "id": "m", "content": content}]);
    let reasons = [json!(null), json!({"reason": "max_output_tokens"})];
    for (kind, reason) in [
        ("incomplete", &reasons[0]),
        ("incomplete", &reasons[1]),
        ("completed", &reasons[1]),
    ] {
        let response = json!({"id": "r", "output": output, "incomplete_details": reason});
        let end = json!({"type": format!("response.{kind}"), "response": response});
        let answer = folded(&events(OpenaiResponses, &[end])).unwrap();
        assert_eq!(answer.stop, Stop::MaxTokens, "{kind} {reason}");
    }
}

/// Items of the response at the end, each of which must be told done in its own event before.
fn finished(frames: &[Value]) -> Vec<Value> {
    let done: Vec<Value> = frames
        .iter()
        .filter(|frame| frame["type"] == "response.output_item.done")
        .map(|frame| frame["item"].clone())
        .collect();
    let output = &frames.last().unwrap()["response"]["output"];
    assert_eq!(json!(done), *output);
    done
}

#[test]
fn a_response_that_breaks_off_closes_what_is_open() {
    let frames = |mut events: Vec<Event>| {
        events.truncate(events.len() - 2);
        events.push(Event::Failed(Failure::new(FailureKind::Server, "gone")));
        streamed(OpenaiResponses, &events)
    };
    let text = json!({"id": "r", "choices": [{"index": 0, "delta": {"content": "Half"}, "finish_reason": "stop"}]});
    let told = frames(events(OpenaiChat, &[text]));
    assert_eq!(told.last().unwrap()["type"], "response.failed");
    let items = finished(&told);
    assert_eq!(items[0]["content"][0]["text"], "Half");
    assert_eq!(items[0]["status"], "incomplete");
    for arguments in ["{\"a\":", ""] {
        let told = frames(events(OpenaiChat, &chat_call(arguments, "length")));
        let items = finished(&told);
        assert_eq!(items[1]["arguments"], *arguments);
        assert_eq!(items[1]["status"], "incomplete");
    }
}

#[test]
fn snapshots_of_cut_arguments_equal_their_deltas() {
    // PITFALLS 65
    let cut = events(OpenaiChat, &chat_call("{\"path\":\"/et", "length"));
    let frames = streamed(OpenaiResponses, &cut);
    let done = frames
        .iter()
        .find(|frame| frame["type"] == "response.function_call_arguments.done");
    assert_eq!(done.unwrap()["arguments"], "{\"path\":\"/et");
    let items = finished(&frames);
    assert_eq!(items[1]["arguments"], "{\"path\":\"/et");
    assert_eq!(items[1]["status"], "incomplete");
}
