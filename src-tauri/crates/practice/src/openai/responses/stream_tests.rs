//! Facts about what a client reads.

use std::collections::HashMap;

use super::*;
use crate::scenario::Scenario;
use crate::script::{self, Ask, Tool};
use crate::seal;

const SCENARIOS: &[&str] = &[
    "text",
    "thinking",
    "tool",
    "tools2",
    "tool;parallel=3",
    "tool;tool=apply_patch",
    "tool;tool=inner",
    "long",
    "text;deltas=1",
    "text;say=é🚂",
    "odd",
    "tool;args={}",
    "text;stop=max_tokens",
    "thinking;stop=refusal",
];

fn script(scenario: &str) -> Script {
    let request = json!({"model": "m", "input": "hi", "tools": [
        {"type": "function", "name": "Bash", "strict": false,
            "parameters": {"type": "object", "properties": {"command": {"type": "string"}}}},
        {"type": "custom", "name": "apply_patch"},
        {"type": "namespace", "name": "ns", "description": "d", "tools": [{"type": "function", "name": "inner"}]},
    ]});
    let ask = super::super::request::read(&request.to_string().into(), false).expect("accepted");
    let ask = Ask {
        tools: ask.tools.iter().map(Tool::clone).collect(),
        ..ask
    };
    script::write(
        &Scenario::parse(scenario).expect("parses"),
        &ask,
        "practice",
        "7",
    )
}

fn bytes(script: &Script) -> Vec<u8> {
    frames(script)
        .iter()
        .flat_map(|frame| frame.bytes.to_vec())
        .collect()
}

/// Name and data of each whole event, after checking that the two agree.
fn events(bytes: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let whole = text.rfind("\n\n").map_or("", |end| &text[..end + 2]);
    let field = |block: &str, name: &str| {
        let mut lines = block.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.trim_start().to_owned()))
    };
    whole
        .split("\n\n")
        .filter_map(|block| {
            let data: Value = serde_json::from_str(&field(block, "data:")?).expect("JSON");
            assert_eq!(
                Some(data["type"].as_str()),
                field(block, "event:").as_deref().map(Some)
            );
            Some(data)
        })
        .collect()
}

/// Rebuilds the output from added items and deltas alone, and checks every `done` against it.
struct Reader {
    items: Vec<Value>,
    text: HashMap<String, String>,
    open: Option<String>,
}

impl Reader {
    fn read(events: &[Value]) -> Vec<Value> {
        let mut reader = Self {
            items: Vec::new(),
            text: HashMap::new(),
            open: None,
        };
        for event in &events[2..events.len() - 1] {
            reader.event(event);
        }
        assert_eq!(reader.open, None, "every item is done");
        reader.items
    }

    fn event(&mut self, event: &Value) {
        let kind = event["type"].as_str().expect("type");
        if kind == "response.output_item.added" {
            assert_eq!(self.open, None, "items come one after the other");
            assert_eq!(event["output_index"], self.items.len());
            self.open = event["item"]["id"].as_str().map(str::to_owned);
            self.items.push(event["item"].clone());
            return;
        }
        assert_eq!(event["output_index"], self.items.len() - 1);
        if kind == "response.output_item.done" {
            // PITFALLS 65: one id everywhere.
            assert_eq!(self.open.take().as_deref(), event["item"]["id"].as_str());
            let text = self.text.remove("text").unwrap_or_default();
            assert_eq!(text, said(&event["item"]), "deltas add up to {kind}");
            *self.items.last_mut().expect("item") = event["item"].clone();
            return;
        }
        assert_eq!(self.open.as_deref(), event["item_id"].as_str(), "{kind}");
        if let Some(delta) = event["delta"].as_str() {
            assert!(!delta.is_empty(), "{kind}");
            self.text
                .entry("text".to_owned())
                .or_default()
                .push_str(delta);
        }
        for field in ["text", "arguments", "input"] {
            if let Some(whole) = event[field].as_str() {
                assert!(kind.rsplit('.').next() == Some("done"));
                assert_eq!(
                    self.text.get("text").map_or("", String::as_str),
                    whole,
                    "{kind}"
                );
            }
        }
    }
}

/// What an item says in its text, summary, arguments or input.
fn said(item: &Value) -> String {
    let parts = [
        &item["content"][0]["text"],
        &item["summary"][0]["text"],
        &item["arguments"],
        &item["input"],
    ];
    parts.iter().filter_map(|part| part.as_str()).collect()
}

// PITFALLS 63, 64, 65, 66
#[test]
fn a_stream_adds_up_to_the_whole_answer() {
    for scenario in SCENARIOS {
        let script = script(scenario);
        let events = events(&bytes(&script));
        for (number, event) in events.iter().enumerate() {
            assert_eq!(event["sequence_number"], number, "{scenario}");
        }
        assert_eq!(events[0]["type"], "response.created");
        assert_eq!(events[1]["type"], "response.in_progress");
        let terminals = events.iter().filter(|event| {
            let kind = event["type"].as_str().unwrap_or_default();
            matches!(
                kind,
                "response.completed" | "response.incomplete" | "response.failed" | "error"
            )
        });
        assert_eq!(terminals.count(), 1, "{scenario}");
        let last = &events[events.len() - 1]["response"];
        assert_eq!(*last, response(&script), "{scenario}");
        assert_eq!(json!(Reader::read(&events)), last["output"], "{scenario}");
        assert!(last["usage"]["input_tokens_details"].is_object());
        assert!(last["usage"]["output_tokens_details"].is_object());
        assert_eq!(events[0]["response"]["id"], last["id"]);
    }
}

#[test]
fn a_stream_cut_anywhere_shows_a_beginning_and_no_end() {
    for scenario in ["text;say=é🚂;deltas=2", "odd;say=x", "tool;args={}"] {
        let script = script(scenario);
        let mut ends: Vec<usize> = frames(&script)
            .iter()
            .scan(0, |end, frame| {
                *end += frame.bytes.len();
                Some(*end)
            })
            .collect();
        let whole = bytes(&script);
        let all = events(&whole);
        ends.insert(0, 0);
        assert_eq!(all.len() + 1, ends.len(), "a frame is an event");
        for (count, pair) in ends.windows(2).enumerate() {
            for cut in [pair[0], pair[0] + 1, pair[1] - 2, pair[1] - 1] {
                assert_eq!(
                    events(&whole[..cut]),
                    all[..count],
                    "{scenario} cut at {cut}"
                );
            }
        }
    }
}

#[test]
fn endings_are_told_by_the_status() {
    for (stop, event, status, reason) in [
        ("end_turn", "response.completed", "completed", Value::Null),
        (
            "max_tokens",
            "response.incomplete",
            "incomplete",
            json!("max_output_tokens"),
        ),
        (
            "refusal",
            "response.incomplete",
            "incomplete",
            json!("content_filter"),
        ),
        (
            "pause_turn",
            "response.incomplete",
            "incomplete",
            json!("max_output_tokens"),
        ),
    ] {
        let script = script(&format!("text;stop={stop}"));
        let response = response(&script);
        assert_eq!(terminal(script.stop), event);
        assert_eq!(response["status"], status);
        assert_eq!(response["incomplete_details"]["reason"], reason);
        assert_eq!(response["output"][0]["status"], status, "{stop}");
    }
}

#[test]
fn calls_have_two_ids_and_the_kind_of_their_tool() {
    let output = |scenario: &str| response(&script(scenario))["output"][1].clone();
    let function = output("tool");
    assert_eq!(function["type"], "function_call");
    assert!(
        function["id"]
            .as_str()
            .is_some_and(|id| id.starts_with("fc_"))
    );
    assert!(
        function["call_id"]
            .as_str()
            .is_some_and(|id| id.starts_with("call_"))
    );
    let custom = output("tool;tool=apply_patch");
    assert_eq!(
        (&custom["type"], &custom["input"]),
        (&json!("custom_tool_call"), &json!("practice"))
    );
    assert_eq!(output("tool;tool=inner")["namespace"], "ns");
}

#[test]
fn reasoning_is_sealed_and_told_in_words_only_where_that_is_asked_for() {
    let reasoning = |reasoning: Value| {
        let request = json!({"model": "m", "input": "hi", "reasoning": reasoning});
        let ask =
            super::super::request::read(&request.to_string().into(), false).expect("accepted");
        let script = script::write(
            &Scenario::parse("text").expect("parses"),
            &ask,
            "practice",
            "7",
        );
        (response(&script)["output"][0].clone(), bytes(&script))
    };
    let (told, _) = reasoning(json!({"effort": "high", "summary": "auto"}));
    let text = told["summary"][0]["text"].as_str().expect("summary");
    let sealed = told["encrypted_content"].as_str().expect("sealed");
    assert_eq!(seal::open(sealed).as_deref(), Some(text));
    let (quiet, stream) = reasoning(json!({"effort": "high"}));
    assert_eq!(
        (&quiet["type"], &quiet["summary"]),
        (&json!("reasoning"), &json!([]))
    );
    assert!(!String::from_utf8_lossy(&stream).contains("summary_text"));
    let (none, _) = reasoning(json!({"effort": "none"}));
    assert_eq!(none["type"], "message");
}
