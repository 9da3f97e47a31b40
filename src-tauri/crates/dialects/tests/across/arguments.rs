//! Arguments of calls as a client's history tells them.

use dialects::Dialect::{self, Ollama, OpenaiChat, OpenaiResponses};
use serde_json::{Value, json};

use super::provider::{CHAT, CLAUDE, GOOGLE, Provider, RESPONSES, sent};

fn history(from: Dialect, arguments: &str) -> Value {
    if from == OpenaiChat {
        let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}});
        return json!({"messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": null, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": "1"},
        ]});
    }
    json!({"input": [
        {"role": "user", "content": "hi"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": arguments},
        {"type": "function_call_output", "call_id": "c", "output": "1"},
    ]})
}

#[test]
fn arguments_that_are_no_object_stay_text_and_stop_only_where_an_object_must_be() {
    let local = Provider::new(Ollama, "http://localhost:11434", "llama3.1");
    for from in [OpenaiChat, OpenaiResponses] {
        for arguments in [r#"{"x":"#, "[1]", r#""word""#, "not JSON"] {
            let body = history(from, arguments);
            let (chat, lost) = sent(from, &body, CHAT).unwrap();
            let call = &chat["messages"][1]["tool_calls"][0];
            assert_eq!(call["function"]["arguments"], arguments, "{from:?}");
            assert!(lost.is_empty(), "{lost:?}");
            let (responses, _) = sent(from, &body, RESPONSES).unwrap();
            assert_eq!(responses["input"][1]["arguments"], arguments, "{from:?}");
            for to in [CLAUDE, GOOGLE, local] {
                let place = sent(from, &body, to).unwrap_err();
                let call = ["messages[1].tool_calls[0]", "input[1]"];
                assert!(call.contains(&place.as_str()), "{place}");
            }
        }
        for (arguments, wanted) in [("", "{}"), ("null", "{}"), (r#" {"a": 1}"#, r#"{"a":1}"#)] {
            let to = if from == OpenaiChat { RESPONSES } else { CHAT };
            let (body, _) = sent(from, &history(from, arguments), to).unwrap();
            let told = match to.0 {
                OpenaiChat => &body["messages"][1]["tool_calls"][0]["function"]["arguments"],
                _ => &body["input"][1]["arguments"],
            };
            assert_eq!(told, wanted);
        }
    }
}
