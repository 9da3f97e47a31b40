//! What providers stream, tidy or not.

use dialects::ir::{Event, Folder, Malformed, Truncated};
use serde_json::{Value, json};

use crate::{codec, origin, told};

/// How a stream ended.
#[derive(Debug, PartialEq)]
enum End {
    Whole,
    Malformed,
    Truncated,
}

fn stream(frames: &[String]) -> (Vec<Event>, End) {
    let mut reader = codec().stream_reader(&origin());
    let mut out = Vec::new();
    for frame in frames {
        if let Err(Malformed(_)) = reader.read(None, frame.as_bytes(), &mut out) {
            return (out, End::Malformed);
        }
    }
    match reader.finish(&mut out) {
        Ok(()) => (out, End::Whole),
        Err(Truncated) => (out, End::Truncated),
    }
}

/// A chunk with this delta.
fn delta(delta: Value) -> String {
    json!({"id": "r", "model": "one", "choices": [{"index": 0, "delta": delta}]}).to_string()
}

/// A chunk that ends the answer.
fn finish(reason: &str) -> String {
    json!({"id": "r", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}).to_string()
}

fn done() -> String {
    "[DONE]".to_owned()
}

fn piece(index: u64, id: &str, name: &str, arguments: &str) -> String {
    delta(
        json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}]}),
    )
}

fn more(index: u64, arguments: &str) -> String {
    delta(json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}))
}

/// A call without a number.
fn loose(call: Value) -> String {
    delta(json!({"tool_calls": [call]}))
}

fn usage(prompt: u64, completion: u64) -> String {
    json!({"id": "r", "choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion}}).to_string()
}

#[test]
fn streams_of_all_servers_mean_one_thing() {
    let two = r#"start:r call:a:f "{\"x\":1}" close call:b:g "{}" close stop:ToolUse"#;
    let one = r#"start:r call:a:f "{\"x\":1}" close stop:ToolUse"#;
    let stop = || finish("stop");
    let table: Vec<(&str, Vec<String>, &str)> = vec![
        ("plain", vec![delta(json!({"role": "assistant", "content": ""})), delta(json!({"content": "a"})), delta(json!({"content": "b"})), stop(), usage(3, 2), done()],
            r#"start:r text "a" "b" close usage:3+2 stop:End"#),
        // PITFALLS 28, 57
        ("parallel calls cross", vec![piece(0, "a", "f", ""), piece(1, "b", "g", ""), more(0, r#"{"x""#), more(1, "{}"), more(0, ":1}"), finish("tool_calls"), done()],
            r#"start:r call:a:f "{\"x\"" ":1}" close call:b:g "{}" close stop:ToolUse"#),
        // PITFALLS 34
        ("identities repeated empty", vec![piece(0, "a", "f", ""), piece(0, "", "", r#"{"x":1}"#), finish("tool_calls")], one),
        ("identities repeated", vec![piece(0, "a", "f", r#"{"x""#), piece(0, "a", "f", ":1}"), finish("tool_calls")],
            r#"start:r call:a:f "{\"x\"" ":1}" close stop:ToolUse"#),
        // PITFALLS 35
        ("no numbers", vec![loose(json!({"id": "a", "function": {"name": "f", "arguments": ""}})), loose(json!({"function": {"arguments": "{\"x\":1}"}})), loose(json!({"id": "b", "function": {"name": "g", "arguments": "{}"}})), finish("tool_calls")], two),
        ("number 0 for all", vec![piece(0, "a", "f", r#"{"x":1}"#), piece(0, "b", "g", "{}"), finish("tool_calls")], two),
        ("a name cut", vec![loose(json!({"index": 0, "id": "a", "function": {"name": "get_"}})), loose(json!({"index": 0, "function": {"name": "it"}})), more(0, "{}"), finish("tool_calls")],
            r#"start:r call:a:get_it "{}" close stop:ToolUse"#),
        // PITFALLS 33
        ("id and name apart", vec![loose(json!({"index": 0, "id": "a"})), loose(json!({"index": 0, "function": {"name": "f", "arguments": ""}})), more(0, r#"{"x":1}"#), finish("tool_calls")], one),
        ("a name and nothing else", vec![loose(json!({"index": 0, "id": "a", "function": {"name": "f"}})), finish("tool_calls")], "start:r call:a:f close stop:ToolUse"),
        // PITFALLS 36
        ("nulls", vec![delta(json!({"content": null, "reasoning_content": "hm"})), delta(json!({"content": "a", "reasoning_content": null, "tool_calls": null})), json!({"id": "r", "choices": [{"index": 0, "delta": null, "finish_reason": "stop"}]}).to_string()],
            r#"start:r thinking "hm" close text "a" close stop:End"#),
        // PITFALLS 39
        ("arguments behind the finish", vec![piece(0, "a", "f", ""), finish("tool_calls"), more(0, r#"{"x":1}"#), done()], one),
        // PITFALLS 40, 61
        ("everything at once", vec![json!({"id": "r", "choices": [{"delta": {"reasoning": "hm", "content": "t", "tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{\"x\":1}"}}]}, "finish_reason": "tool_calls"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}).to_string()],
            r#"start:r thinking "hm" close text "t" close call:a:f "{\"x\":1}" close usage:1+2 stop:ToolUse"#),
        // PITFALLS 41
        ("arguments as an object", vec![loose(json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": {"x": 1}}})), finish("tool_calls")], one),
        ("arguments null", vec![loose(json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": null}})), finish("tool_calls")], "start:r call:a:f close stop:ToolUse"),
        ("the whole once more", vec![piece(0, "a", "f", ""), more(0, r#"{"x":1}"#), more(0, r#"{ "x": 1 }"#), finish("tool_calls")], one),
        // PITFALLS 42
        ("no choices", vec![json!({"id": "", "model": "", "prompt_filter_results": [], "choices": []}).to_string(), json!({"object": "x"}).to_string(), delta(json!({"content": "a"})), stop()],
            r#"start:r text "a" close stop:End"#),
        // PITFALLS 43
        ("thinking and text in turns", vec![delta(json!({"reasoning": "1"})), delta(json!({"content": "2"})), delta(json!({"reasoning": "3"})), delta(json!({"content": "4"})), stop()],
            r#"start:r thinking "1" close text "2" close thinking "3" close text "4" close stop:End"#),
        // PITFALLS 44
        ("tags in the text", vec![delta(json!({"content": "<thi"})), delta(json!({"content": "nk>h"})), delta(json!({"content": "m</thin"})), delta(json!({"content": "k>\n\na"})), stop()],
            r#"start:r thinking "h" "m" close text "a" close stop:End"#),
        ("tags where thinking is told apart", vec![delta(json!({"reasoning_content": "hm"})), delta(json!({"content": "<think>a"})), stop()],
            r#"start:r thinking "hm" close text "<think>a" close stop:End"#),
        // PITFALLS 49, 68
        ("calls that end in stop", vec![piece(0, "a", "f", r#"{"x":1}"#), stop()], one),
        // PITFALLS 50
        ("a call that is cut", vec![piece(0, "a", "f", r#"{"x"#), finish("length")], r#"start:r call:a:f "{\"x" close stop:MaxTokens"#),
        // PITFALLS 53
        ("only [DONE]", vec![delta(json!({"content": "a"})), done()], r#"start:r text "a" close stop:End"#),
        ("only a reason", vec![delta(json!({"content": "a"})), stop()], r#"start:r text "a" close stop:End"#),
        ("two reasons and late usage", vec![delta(json!({"content": "a"})), usage(1, 1), stop(), finish("tool_calls"), usage(3, 2), done()],
            r#"start:r text "a" close usage:3+2 stop:End"#),
        // PITFALLS 66
        ("a whole message in the stream", vec![json!({"id": "r", "object": "chat.completion", "choices": [{"message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}]}).to_string()],
            r#"start:r text "a" close stop:End"#),
        // PITFALLS 67
        ("thinking behind a call", vec![piece(0, "a", "f", r#"{"x":1}"#), delta(json!({"reasoning_content": "late"})), finish("tool_calls")],
            r#"start:r call:a:f "{\"x\":1}" close thinking "late" close stop:ToolUse"#),
        ("parts of content", vec![delta(json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]})), delta(json!({"content": [{"type": "text", "text": "a"}]})), stop()],
            r#"start:r thinking "hm" close text "a" close stop:End"#),
        ("a refusal", vec![delta(json!({"refusal": "no"})), stop()], r#"start:r refusal "no" close stop:Refusal { category: None, explanation: None }"#),
        ("filtered", vec![delta(json!({"content": "a"})), finish("sensitive")], r#"start:r text "a" close stop:Refusal { category: Some("sensitive"), explanation: None }"#),
        ("legacy call", vec![delta(json!({"function_call": {"name": "f", "arguments": ""}})), delta(json!({"function_call": {"arguments": "{}"}})), finish("function_call")],
            "start:r call:call_"),
        ("free text", vec![loose(json!({"index": 0, "id": "a", "type": "custom", "custom": {"name": "p", "input": "a\""}})), loose(json!({"index": 0, "custom": {"input": "\nb"}})), finish("tool_calls")],
            r#"start:r call:a:p "{\"input\":\"a\\\"" "\\nb" "\"}" close stop:ToolUse"#),
        ("other answers", vec![json!({"id": "r", "choices": [{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "a"}}]}).to_string(), stop()],
            r#"start:r text "a" close stop:End"#),
    ];
    for (name, frames, expected) in table {
        let (events, end) = stream(&frames);
        let told = told(&events);
        // Where pieces are cut is not what these rows are about.
        let same = told == expected || (expected.ends_with("call_") && told.starts_with(expected));
        assert!(same, "{name}:\n  {told}\n  {expected}");
        assert_eq!(end, End::Whole, "{name}");
    }
}

#[test]
fn a_broken_stream_is_never_told_as_whole() {
    let error = |error: Value| json!({"error": error}).to_string();
    let table: Vec<(&str, Vec<String>, &str, End)> = vec![
        // PITFALLS 51
        ("no end", vec![delta(json!({"content": "a"}))], r#"start:r text "a""#, End::Truncated),
        ("nothing", vec![], "", End::Truncated),
        // PITFALLS 52, 54, 69
        ("an error", vec![delta(json!({"content": "a"})), error(json!({"message": "too many", "code": 429})), error(json!({"message": "again"})), done()],
            r#"start:r text "a" failed:RateLimit:too many"#, End::Whole),
        ("an error that is a word", vec![error(json!("overloaded"))], "failed:Server:overloaded", End::Whole),
        // PITFALLS 23
        ("base_resp", vec![json!({"base_resp": {"status_code": 1008, "status_msg": "no money"}}).to_string()], "failed:Billing:no money", End::Whole),
        ("base_resp that is none", vec![json!({"id": "r", "choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}], "base_resp": {"status_code": 0}}).to_string()],
            r#"start:r text "a" close stop:End"#, End::Whole),
        ("reason error", vec![json!({"id": "r", "choices": [{"delta": {}, "finish_reason": "error", "error": {"code": 502, "message": "upstream"}}]}).to_string()],
            "start:r failed:Server:upstream", End::Whole),
        ("network_error", vec![finish("network_error"), done()], "start:r failed:Server:the provider ended the answer with \"network_error\"", End::Whole),
        // PITFALLS 62
        ("a call without a name", vec![loose(json!({"index": 0, "id": "a", "function": {"arguments": "{}"}})), finish("tool_calls")], "start:r failed:Server:the provider called a tool without naming it", End::Whole),
        // PITFALLS 134, 136
        ("glued arguments", vec![piece(0, "a", "f", r#"{"a":1}{"a":2}"#)], "start:r", End::Malformed),
        ("arguments that are no JSON", vec![piece(0, "a", "f", "// no")], "start:r", End::Malformed),
        ("arguments of nothing", vec![loose(json!({"function": {"arguments": "{}"}}))], "start:r", End::Malformed),
        // PITFALLS 21
        ("no object", vec!["[1]".to_owned()], "", End::Malformed),
        ("no JSON", vec!["<html>".to_owned()], "", End::Malformed),
    ];
    for (name, frames, expected, ended) in table {
        let (events, end) = stream(&frames);
        assert_eq!((told(&events).as_str(), end), (expected, ended), "{name}");
    }
}

#[test]
fn a_named_error_event_and_a_ping_are_what_they_are() {
    // PITFALLS 7, 13
    let mut reader = codec().stream_reader(&origin());
    let mut out = Vec::new();
    reader.read(Some(b"ping"), b"", &mut out).unwrap();
    reader
        .read(
            Some(b"error"),
            br#"{"message":"no","type":"rate_limit_error"}"#,
            &mut out,
        )
        .unwrap();
    assert_eq!(told(&out), "failed:RateLimit:no");
    assert!(reader.is_over());
}

#[test]
fn items_of_reasoning_are_sealed_as_they_came() {
    let item = |item: Value| delta(json!({"reasoning_details": [item]}));
    let frames = [
        item(json!({"type": "reasoning.text", "text": "h", "index": 0, "format": "f"})),
        item(json!({"type": "reasoning.text", "text": "m", "index": 0, "signature": "s"})),
        item(json!({"type": "reasoning.encrypted", "data": "x", "index": 1})),
        delta(json!({"content": "a"})),
        finish("stop"),
    ];
    let (events, _) = stream(&frames);
    assert_eq!(
        told(&events),
        r#"start:r thinking "h" "m" seal:[{"type":"reasoning.text","text":"hm","signature":"s","index":0,"format":"f"},{"type":"reasoning.encrypted","data":"x","index":1}] close text "a" close stop:End"#
    );
    let mut folder = Folder::default();
    for event in events {
        folder.push(event);
    }
    assert_eq!(folder.finish().unwrap().parts.len(), 2);
}
