//! Facts about answers and streams.

use super::*;
use crate::dialect::Dialect as _;
use crate::gemini::Gemini;
use crate::gemini::model::Model;
use crate::gemini::signature::{self, Origin};
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
    "text;stop=refusal",
    "text;usage_in=10;usage_out=20;cache_read=3",
];

fn script(scenario: &str, signs: bool) -> Script {
    let tool = Tool {
        name: "Bash".to_owned(),
        schema: Value::Null,
    };
    let ask = Ask {
        model: "gemini-3.8-flash".to_owned(),
        tools: vec![tool],
        tokens: 100,
        notes: json!({"signs": signs, "generation": 3}),
        ..Ask::default()
    };
    let scenario = Scenario::parse(scenario).expect("parses");
    script::write(&scenario, &ask, "practice", "7")
}

/// The answer that a client adds up from a stream: parts of one kind joined, the last of the rest kept.
fn added_up(script: &Script) -> Value {
    let mut whole = Value::Null;
    let mut parts: Vec<Value> = Vec::new();
    for chunk in chunks(script) {
        for part in chunk.value["candidates"][0]["content"]["parts"]
            .as_array()
            .into_iter()
            .flatten()
        {
            match (parts.last_mut(), part["text"].as_str()) {
                (Some(last), Some(more))
                    if last["text"].is_string() && last["thought"] == part["thought"] =>
                {
                    let text = format!("{}{more}", last["text"].as_str().expect("text"));
                    last["text"] = text.into();
                    if let Some(signature) = part.get("thoughtSignature") {
                        last["thoughtSignature"] = signature.clone();
                    }
                }
                (_, Some("")) if part.get("thoughtSignature").is_none() => {}
                _ => parts.push(part.clone()),
            }
        }
        whole = chunk.value;
    }
    whole["candidates"][0]["content"]["parts"] = parts.into();
    whole
}

#[test]
fn a_stream_adds_up_to_the_whole_answer() {
    for signs in [false, true] {
        for scenario in SCENARIOS
            .iter()
            .filter(|scenario| **scenario != "text;say=")
        {
            let script = script(scenario, signs);
            assert_eq!(added_up(&script), answer(&script), "{scenario}");
        }
    }
}

// PITFALLS 68: the finish reason is STOP, and comes after the calls.
#[test]
fn only_the_last_chunk_has_a_finish_reason_and_no_call() {
    for scenario in SCENARIOS {
        let chunks = chunks(&script(scenario, true));
        let (last, rest) = chunks.split_last().expect("chunks");
        for chunk in rest {
            assert!(
                chunk.value["candidates"][0].get("finishReason").is_none(),
                "{scenario}"
            );
        }
        let candidate = &last.value["candidates"][0];
        assert!(candidate["finishReason"].is_string(), "{scenario}");
        assert!(
            !candidate["content"].to_string().contains("functionCall"),
            "{scenario}"
        );
    }
    assert_eq!(
        answer(&script("tools2", true))["candidates"][0]["finishReason"],
        "STOP"
    );
    assert_eq!(
        answer(&script("text;stop=max_tokens", true))["candidates"][0]["finishReason"],
        "MAX_TOKENS"
    );
}

// PITFALLS 74: of parallel calls only the first is signed.
#[test]
fn an_answer_is_signed_once_and_only_by_models_that_sign() {
    let signatures = |script: &Script| -> Vec<Value> {
        let answer = answer(script);
        let parts = answer["candidates"][0]["content"]["parts"]
            .as_array()
            .expect("parts");
        parts
            .iter()
            .filter_map(|part| part.get("thoughtSignature").cloned())
            .collect()
    };
    for scenario in ["text", "thinking", "tool", "tools2"] {
        let made = signatures(&script(scenario, true));
        let origin = signature::origin(
            &Model::named("gemini-3-pro"),
            made[0].as_str().expect("text"),
        );
        assert_eq!((made.len(), origin), (1, Origin::Own), "{scenario}");
        assert!(
            signatures(&script(scenario, false)).is_empty(),
            "{scenario}"
        );
    }
    let answer = answer(&script("tools2", true));
    let parts = answer["candidates"][0]["content"]["parts"]
        .as_array()
        .expect("parts");
    assert!(
        parts[1].get("thoughtSignature").is_some() && parts[2].get("thoughtSignature").is_none()
    );
    assert!(parts[1]["functionCall"]["id"].is_string());
}

#[test]
fn usage_is_cumulative_and_holds_the_cache_in_the_prompt() {
    let script = script("thinking;usage_in=10;usage_out=200;cache_read=3", false);
    let chunks = chunks(&script);
    let totals: Vec<u64> = chunks
        .iter()
        .map(|chunk| {
            chunk.value["usageMetadata"]["totalTokenCount"]
                .as_u64()
                .expect("total")
        })
        .collect();
    assert!(
        totals.is_sorted() && totals[0] < totals[totals.len() - 1],
        "{totals:?}"
    );
    let last = &chunks[chunks.len() - 1];
    let usage = &last.value["usageMetadata"];
    let thinking = script.usage.thinking;
    assert!(thinking > 0);
    let told = [
        "promptTokenCount",
        "cachedContentTokenCount",
        "candidatesTokenCount",
        "thoughtsTokenCount",
        "totalTokenCount",
    ];
    assert_eq!(
        told.map(|name| usage[name].as_u64().expect("count")),
        [13, 3, 200 - thinking, thinking, 213]
    );
    assert_eq!(last.told, script.usage);
}

// PITFALLS 70.
#[test]
fn a_blocked_prompt_has_no_candidates() {
    let blocked = script("text;say=;stop=refusal", true);
    let answer = answer(&blocked);
    assert!(answer.get("candidates").is_none());
    assert_eq!(
        answer["promptFeedback"]["blockReason"],
        "PROHIBITED_CONTENT"
    );
    assert_eq!(chunks(&blocked).len(), 1);
}

// PITFALLS 3, 11: CRLF, nothing but `data: `, no sentinel.
#[test]
fn events_are_data_lines_and_an_array_is_one_json_value() {
    for scenario in [
        "text",
        "thinking",
        "tools2",
        "odd",
        "text;say=;stop=refusal",
    ] {
        let script = script(scenario, true);
        let frames = Gemini::Events.frames(&script);
        for frame in &frames {
            let text = std::str::from_utf8(&frame.bytes).expect("UTF-8");
            let data = text
                .strip_prefix("data: ")
                .and_then(|text| text.strip_suffix("\r\n\r\n"));
            let data = data.expect("one data line");
            assert!(!data.contains(['\r', '\n']));
            assert!(
                serde_json::from_str::<Value>(data)
                    .expect("JSON")
                    .is_object()
            );
        }
        let pieces = Gemini::Array.frames(&script);
        let bytes: Vec<u8> = pieces
            .iter()
            .flat_map(|frame| frame.bytes.to_vec())
            .collect();
        let array: Value = serde_json::from_slice(&bytes).expect("an array");
        assert_eq!(
            array.as_array().expect("an array").len(),
            frames.len(),
            "{scenario}"
        );
    }
}

#[test]
fn as_many_candidates_answer_as_were_asked_for() {
    let mut script = script("text", false);
    script.notes["candidates"] = 2.into();
    assert_eq!(answer(&script)["candidates"][1]["index"], 1);
}
