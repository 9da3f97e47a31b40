//! Facts about answers and streams.

use super::*;
use crate::dialect::Dialect as _;
use crate::ollama::Ollama;
use crate::scenario::Scenario;
use crate::script::{self, Ask, Tool};

const SCENARIOS: &[&str] = &[
    "text",
    "thinking",
    "tool",
    "tools2",
    "long",
    "text;deltas=1",
    "text;say=",
    "text;stop=max_tokens",
    "text;usage_in=10;usage_out=20;cache_read=3",
];

fn script(scenario: &str) -> Script {
    let tool = Tool {
        name: "Bash".to_owned(),
        schema: Value::Null,
    };
    let ask = Ask {
        model: "m".to_owned(),
        tools: vec![tool],
        tokens: 100,
        ..Ask::default()
    };
    let scenario = Scenario::parse(scenario).expect("parses");
    script::write(&scenario, &ask, "practice", "7")
}

/// The answer that a client adds up from the lines.
fn added_up(form: Form, script: &Script) -> Value {
    let lines = lines(form, script);
    let mut whole = lines[lines.len() - 1].value.clone();
    let place = if form == Form::Chat { "/message" } else { "" };
    let field = if form == Form::Chat {
        "content"
    } else {
        "response"
    };
    let mut texts = [(field, String::new()), ("thinking", String::new())];
    let mut calls = Vec::new();
    for line in &lines {
        let said = line.value.pointer(place).expect("said");
        for (field, text) in &mut texts {
            text.push_str(said[*field].as_str().unwrap_or_default());
        }
        calls.extend(said["tool_calls"].as_array().into_iter().flatten().cloned());
    }
    let said = whole.pointer_mut(place).expect("said");
    for (name, text) in texts {
        if name == field || !text.is_empty() {
            said[name] = text.into();
        }
    }
    if !calls.is_empty() {
        said["tool_calls"] = calls.into();
    }
    whole
}

#[test]
fn a_stream_adds_up_to_the_whole_answer() {
    for form in [Form::Chat, Form::Generate] {
        for scenario in SCENARIOS {
            let script = script(scenario);
            assert_eq!(added_up(form, &script), answer(form, &script), "{scenario}");
        }
    }
}

#[test]
fn only_the_last_line_is_done_and_it_says_nothing() {
    for scenario in SCENARIOS {
        let lines = lines(Form::Chat, &script(scenario));
        let (last, rest) = lines.split_last().expect("lines");
        assert!(
            rest.iter()
                .all(|line| line.value["done"] == false && line.delta)
        );
        assert!(
            rest.iter()
                .all(|line| line.value.get("done_reason").is_none())
        );
        assert_eq!(last.value["done"], true);
        assert_eq!(
            last.value["message"],
            json!({"role": "assistant", "content": ""}),
            "{scenario}"
        );
    }
}

// PITFALLS 68: calls come whole before the last line, and its reason is `stop`.
#[test]
fn calls_are_whole_objects_and_leave_the_reason_at_stop() {
    let script = script("tools2");
    let lines = lines(Form::Chat, &script);
    let calls: Vec<&Value> = lines
        .iter()
        .filter_map(|line| line.value["message"]["tool_calls"].as_array())
        .flatten()
        .collect();
    assert_eq!(calls.len(), 2);
    for (index, call) in calls.iter().enumerate() {
        assert_eq!(call["function"]["index"], index);
        assert!(call["function"]["arguments"].is_object());
    }
    assert_eq!(lines[lines.len() - 1].value["done_reason"], "stop");
}

#[test]
fn the_cache_counts_as_prompt() {
    let script = script("text;usage_in=10;usage_out=20;cache_read=3");
    let answer = answer(Form::Chat, &script);
    assert_eq!(
        (&answer["prompt_eval_count"], &answer["eval_count"]),
        (&json!(13), &json!(20))
    );
    assert_eq!(answer["done_reason"], "stop");
    let cut = super::answer(Form::Chat, &self::script("text;stop=max_tokens"));
    assert_eq!(cut["done_reason"], "length");
}

#[test]
fn frames_are_lines_of_json() {
    for scenario in ["text", "thinking", "tools2", "odd"] {
        let script = script(scenario);
        for frame in Ollama::CHAT.frames(&script) {
            let text = std::str::from_utf8(&frame.bytes).expect("UTF-8");
            let line = text.strip_suffix('\n').expect("a line");
            assert!(!line.contains('\n'));
            assert!(
                serde_json::from_str::<Value>(line)
                    .expect("JSON")
                    .is_object()
            );
        }
        let whole: Value = serde_json::from_slice(&Ollama::CHAT.whole(&script)).expect("JSON");
        assert_eq!(whole["done"], true);
    }
}
