//! Results without calls, calls without results.

use dialects::Dialect::Anthropic;
use serde_json::{Value, json};

use super::provider::{GOOGLE, RESPONSES, sent};

fn conversation(messages: &Value) -> Value {
    json!({"max_tokens": 99, "messages": messages})
}

fn call(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "f", "input": {}})
}

fn result(id: &str, text: &str) -> Value {
    json!({"type": "tool_result", "tool_use_id": id, "content": text})
}

fn items(body: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = body["input"].as_array().unwrap().iter();
    items
        .map(|item| match item["type"].as_str().unwrap() {
            "function_call" => format!("call {}", word(&item["call_id"])),
            "function_call_output" => {
                format!("{} gave {}", word(&item["call_id"]), word(&item["output"]))
            }
            _ => word(&item["role"]),
        })
        .collect()
}

#[test]
fn every_call_has_one_result_at_openai_and_no_result_is_without_its_call() {
    // PITFALLS 71
    let two = json!({"role": "assistant", "content": [call("t1"), call("t2")]});
    for (answers, wanted, lost) in [
        (
            json!([result("t1", "a"), {"type": "text", "text": "go on"}]),
            vec![
                "user",
                "call t1",
                "call t2",
                "t1 gave a",
                "t2 gave Error: no result",
                "user",
            ],
            vec!["messages[1].content[1]"],
        ),
        (
            json!([result("t2", "b"), result("t1", "a"), result("t1", "c")]),
            vec!["user", "call t1", "call t2", "t2 gave b", "t1 gave c"],
            vec!["messages[2].content[2]"],
        ),
        (
            json!("never mind"),
            vec![
                "user",
                "call t1",
                "call t2",
                "t1 gave Error: no result",
                "t2 gave Error: no result",
                "user",
            ],
            vec!["messages[1].content[0]", "messages[1].content[1]"],
        ),
    ] {
        let user = json!({"role": "user", "content": "hi"});
        let heard = json!({"role": "user", "content": answers});
        for behind in [
            vec![],
            vec![json!({"role": "assistant", "content": "ok"}), user.clone()],
        ] {
            let mut messages = vec![user.clone(), two.clone(), heard.clone()];
            let mut wanted = wanted.clone();
            wanted.extend(["assistant", "user"].iter().take(behind.len()));
            messages.extend(behind);
            let (body, told) = sent(Anthropic, &conversation(&json!(messages)), RESPONSES).unwrap();
            assert_eq!(items(&body), wanted);
            assert_eq!(told, lost);
        }
    }
    let lone = json!([{"role": "user", "content": [result("t9", "a")]}]);
    let refused = sent(Anthropic, &conversation(&lone), RESPONSES);
    assert_eq!(refused.unwrap_err(), "messages[0].content[0]");
}

#[test]
fn a_late_result_is_said_by_the_user_to_gemini() {
    // PITFALLS 72
    let messages = json!([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [call("t1")]}, {"role": "user", "content": [result("t1", "a")]},
        {"role": "assistant", "content": "ok"}, {"role": "user", "content": [result("t1", "late")]},
    ]);
    let (body, lost) = sent(Anthropic, &conversation(&messages), GOOGLE).unwrap();
    let contents = body["contents"].as_array().unwrap();
    assert!(contents[2]["parts"][0].get("functionResponse").is_some());
    assert_eq!(
        contents[4]["parts"],
        json!([{"text": "Late result of f:\nlate"}])
    );
    assert_eq!(lost, ["messages[4].content[0]"]);
}
