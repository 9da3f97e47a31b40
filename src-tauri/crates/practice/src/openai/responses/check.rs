//! The shape of a Responses request beside its items and tools.

use serde_json::{Map, Value};

use super::super::shape::{self, Checked, Field, Kind, may, must, name, null, object, tag, wrong};
use super::super::{metadata, sampling};
use super::tools;
use crate::dialect::Refusal;

const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const TIERS: &[&str] = &[
    "auto",
    "default",
    "flex",
    "scale",
    "priority",
    "fast",
    "ultrafast",
];
const INCLUDABLE: &[&str] = &[
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
    "web_search_call.results",
    "web_search_call.action.sources",
    "file_search_call.results",
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "message.input_image.image_url",
];
const REQUEST: &[Field] = &[
    must("model", Kind::Id(256)),
    must("input", Kind::Any),
    may("access_programs", Kind::Object),
    // Codex sends it; the reference does not name it.
    null("client_metadata", Kind::Object),
    null("background", Kind::Bool),
    null("context_management", Kind::List(1)),
    null("conversation", Kind::Any),
    may("image", Kind::Object),
    null("include", Kind::Words(INCLUDABLE)),
    null("instructions", Kind::Text),
    null("max_output_tokens", Kind::Whole(16, i64::MAX)),
    null("max_tool_calls", Kind::Whole(1, i64::MAX)),
    null("metadata", Kind::Object),
    null("moderation", Kind::Object),
    null("parallel_tool_calls", Kind::Bool),
    null("previous_response_id", Kind::Text),
    null("prompt", Kind::Object),
    null("prompt_cache_key", Kind::Text),
    may("prompt_cache_options", Kind::Fields(CACHE)),
    null("prompt_cache_retention", Kind::Word(&["in_memory", "24h"])),
    null("reasoning", Kind::Fields(REASONING)),
    null("safety_identifier", Kind::Id(128)),
    null("service_tier", Kind::Word(TIERS)),
    null("store", Kind::Bool),
    null("stream", Kind::Bool),
    null(
        "stream_options",
        Kind::Fields(&[may("include_obfuscation", Kind::Bool)]),
    ),
    null("temperature", Kind::Number(0.0, 2.0)),
    may("text", Kind::Fields(TEXT)),
    may("tool_choice", Kind::Any),
    may("tools", Kind::List(0)),
    null("top_logprobs", Kind::Whole(0, 20)),
    null("top_p", Kind::Number(0.0, 1.0)),
    null("truncation", Kind::Word(&["auto", "disabled"])),
    may("user", Kind::Text),
];
const COUNT: &[Field] = &[
    null("model", Kind::Id(256)),
    null("input", Kind::Any),
    null("conversation", Kind::Any),
    null("instructions", Kind::Text),
    null("parallel_tool_calls", Kind::Bool),
    may("personality", Kind::Text),
    null("previous_response_id", Kind::Text),
    null("reasoning", Kind::Fields(REASONING)),
    null("text", Kind::Fields(TEXT)),
    null("tool_choice", Kind::Any),
    null("tools", Kind::List(0)),
    may("truncation", Kind::Word(&["auto", "disabled"])),
];
const CACHE: &[Field] = &[
    null("comparison_response_id", Kind::Text),
    may("mode", Kind::Word(&["implicit", "explicit"])),
    may("prewarm", Kind::Bool),
    may("ttl", Kind::Word(&["30m", "12h"])),
];
const SUMMARIES: &[&str] = &["auto", "concise", "detailed"];
const REASONING: &[Field] = &[
    null(
        "context",
        Kind::Word(&["auto", "current_turn", "all_turns"]),
    ),
    null("effort", Kind::Word(EFFORTS)),
    null("generate_summary", Kind::Word(SUMMARIES)),
    may("mode", Kind::Word(&["standard", "pro"])),
    null("summary", Kind::Word(SUMMARIES)),
];
const TEXT: &[Field] = &[
    may("format", Kind::Any),
    null("verbosity", Kind::Word(&["low", "medium", "high"])),
];
const SCHEMA: &[Field] = &[
    must("type", Kind::Text),
    must("name", Kind::Text),
    must("schema", Kind::Object),
    may("description", Kind::Text),
    null("strict", Kind::Bool),
];

/// Checks everything but the items.
pub(super) fn request(request: &Map<String, Value>, counting: bool) -> Checked {
    shape::check("", request, if counting { COUNT } else { REQUEST })?;
    if !counting {
        let effort = request
            .get("reasoning")
            .and_then(|reasoning| reasoning["effort"].as_str());
        sampling(request, effort)?;
        metadata(request)?;
    }
    stored(request)?;
    text_format(request)?;
    tools::check(request)
}

/// What only a server that stores answers can do.
fn stored(request: &Map<String, Value>) -> Checked {
    let given = |name: &str| request.get(name).filter(|value| !value.is_null());
    if let Some(id) = given("previous_response_id") {
        if given("conversation").is_some() {
            return Err(wrong(
                "previous_response_id",
                "'previous_response_id' and 'conversation' are mutually exclusive.",
            ));
        }
        let id = id.as_str().unwrap_or_default();
        return Err(
            Refusal::bad(format!("Previous response with id '{id}' not found."))
                .about("previous_response_id")
                .coded("previous_response_not_found"),
        );
    }
    for name in ["conversation", "prompt"] {
        if let Some(value) = given(name) {
            let id = value.as_str().or(value["id"].as_str()).unwrap_or_default();
            return Err(wrong(
                name,
                format!("The {name} with id '{id}' was not found."),
            ));
        }
    }
    if given("background") == Some(&Value::Bool(true)) {
        return Err(wrong(
            "background",
            "The practice provider stores nothing: 'background' has to be false.",
        ));
    }
    Ok(())
}

fn text_format(request: &Map<String, Value>) -> Checked {
    const AT: &str = "text.format";
    let Some(format) = request.get("text").and_then(|text| text.get("format")) else {
        return Ok(());
    };
    match tag(AT, format, "type", &["text", "json_object", "json_schema"])? {
        "json_schema" => {
            object(AT, format, SCHEMA)?;
            let called = format["name"].as_str().unwrap_or_default();
            name("text.format.name", called)?;
            let strict = format.get("strict") == Some(&Value::Bool(true));
            super::super::tools::answer_schema(
                "text.format.schema",
                called,
                &format["schema"],
                strict,
            )
        }
        kind => {
            object(AT, format, &[must("type", Kind::Text)])?;
            let spoken = |name: &str| {
                request
                    .get(name)
                    .is_some_and(|said| said.to_string().to_lowercase().contains("json"))
            };
            if kind == "json_object" && !spoken("input") && !spoken("instructions") {
                return Err(wrong(
                    "input",
                    "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
                ));
            }
            Ok(())
        }
    }
}
