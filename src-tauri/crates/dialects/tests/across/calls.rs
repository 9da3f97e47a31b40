//! Calls and their results.

use dialects::Dialect::{self, Anthropic, Gemini, Ollama, OpenaiChat, OpenaiResponses};
use serde_json::{Value, json};

use super::sent;

fn chat_call(id: &str, name: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}})
}

/// What a target was told of calls and results: `call id name` and `result id`, in order; names alone where the target
/// has no ids.
pub(super) fn told(dialect: Dialect, body: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut told = Vec::new();
    match dialect {
        Anthropic => {
            for message in list(&body["messages"]) {
                for block in list(&message["content"]) {
                    match block["type"].as_str() {
                        Some("tool_use") => told.push(format!(
                            "call {} {}",
                            word(&block["id"]),
                            word(&block["name"])
                        )),
                        Some("tool_result") => {
                            told.push(format!("result {}", word(&block["tool_use_id"])));
                        }
                        _ => {}
                    }
                }
            }
        }
        OpenaiResponses => {
            for item in list(&body["input"]) {
                match item["type"].as_str() {
                    Some("function_call") => told.push(format!(
                        "call {} {}",
                        word(&item["call_id"]),
                        word(&item["name"])
                    )),
                    Some("function_call_output") => {
                        told.push(format!("result {}", word(&item["call_id"])));
                    }
                    _ => {}
                }
            }
        }
        Gemini => {
            for content in list(&body["contents"]) {
                for part in list(&content["parts"]) {
                    if let Some(call) = part.get("functionCall") {
                        told.push(format!("call {}", word(&call["name"])));
                    }
                    if let Some(result) = part.get("functionResponse") {
                        told.push(format!("result {}", word(&result["name"])));
                    }
                }
            }
        }
        OpenaiChat | Ollama => {
            for message in list(&body["messages"]) {
                for call in list(&message["tool_calls"]) {
                    let name = word(&call["function"]["name"]);
                    told.push(format!("call {} {name}", word(&call["id"])));
                }
                if message["role"] == "tool" {
                    let id = word(&message["tool_call_id"]);
                    let name = word(&message["tool_name"]);
                    told.push(format!("result {id} {name}").trim_end().to_owned());
                }
            }
        }
    }
    told
}

#[test]
fn ids_that_begin_anew_in_each_answer_belong_to_the_latest_call() {
    // PITFALLS 83
    let round = |name: &str, output: &str| {
        [
            json!({"role": "assistant", "content": null, "tool_calls": [chat_call("call_0", name)]}),
            json!({"role": "tool", "tool_call_id": "call_0", "content": output}),
        ]
    };
    let mut messages = vec![json!({"role": "user", "content": "go"})];
    messages.extend(round("alpha", "1"));
    messages.extend(round("beta", "2"));
    let body = json!({"model": "m", "messages": messages});
    let both = ["call_0", "call_0_2"];
    for dialect in [Anthropic, OpenaiResponses] {
        let expected = [
            format!("call {} alpha", both[0]),
            format!("result {}", both[0]),
            format!("call {} beta", both[1]),
            format!("result {}", both[1]),
        ];
        let body = sent(OpenaiChat, &body, dialect);
        assert_eq!(told(dialect, &body), expected, "{body}");
    }
    let body = sent(OpenaiChat, &body, Ollama);
    let expected = [
        "call call_0 alpha",
        "result call_0 alpha",
        "call call_0_2 beta",
        "result call_0_2 beta",
    ];
    assert_eq!(told(Ollama, &body), expected, "{body}");
}

#[test]
fn calls_under_one_id_in_one_answer_are_answered_in_their_order() {
    // PITFALLS 83
    for id in ["call_0", ""] {
        let body = json!({"model": "m", "messages": [
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": null, "tool_calls": [chat_call(id, "alpha"), chat_call(id, "beta")]},
            {"role": "tool", "tool_call_id": id, "content": "1"},
            {"role": "tool", "tool_call_id": id, "content": "2"},
        ]});
        let body = sent(OpenaiChat, &body, Ollama);
        let [alpha, beta, one, two] = &told(Ollama, &body)[..] else {
            panic!("{body}")
        };
        assert!(
            alpha.ends_with(" alpha") && beta.ends_with(" beta"),
            "{body}"
        );
        assert_eq!(*one, alpha.replace("call ", "result "), "{body}");
        assert_eq!(*two, beta.replace("call ", "result "), "{body}");
    }
}
