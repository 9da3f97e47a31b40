//! The shape of a Chat Completions request beside its messages.

use serde_json::{Map, Value};

use super::super::shape::{
    self, Checked, Field, Kind, inside, may, must, name, null, object, tag, wrong, wrong_type,
};
use super::super::{metadata, reasons, sampling, tools, unsupported};
use crate::dialect::Refusal;

pub(super) const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const TIERS: &[&str] = &["auto", "default", "flex", "scale", "priority", "fast"];
const WORDINESS: &[&str] = &["low", "medium", "high"];

const REQUEST: &[Field] = &[
    must("model", Kind::Id(256)),
    must("messages", Kind::List(1)),
    null("audio", Kind::Object),
    null("frequency_penalty", Kind::Number(-2.0, 2.0)),
    may("function_call", Kind::Any),
    may("functions", Kind::List(1)),
    null("logit_bias", Kind::Object),
    null("logprobs", Kind::Bool),
    null("max_completion_tokens", Kind::Whole(1, i64::MAX)),
    null("max_tokens", Kind::Whole(1, i64::MAX)),
    null("metadata", Kind::Object),
    null("modalities", Kind::Words(&["text", "audio"])),
    null("moderation", Kind::Object),
    null("n", Kind::Whole(1, 128)),
    may("parallel_tool_calls", Kind::Bool),
    null("prediction", Kind::Object),
    null("presence_penalty", Kind::Number(-2.0, 2.0)),
    null("prompt_cache_key", Kind::Text),
    may("prompt_cache_options", Kind::Fields(CACHE)),
    null("prompt_cache_retention", Kind::Word(&["in_memory", "24h"])),
    null("reasoning_effort", Kind::Word(EFFORTS)),
    may("response_format", Kind::Any),
    null("safety_identifier", Kind::Id(128)),
    null("seed", Kind::Whole(i64::MIN, i64::MAX)),
    null("service_tier", Kind::Word(TIERS)),
    null("stop", Kind::Any),
    null("store", Kind::Bool),
    null("stream", Kind::Bool),
    null("stream_options", Kind::Fields(STREAM)),
    null("temperature", Kind::Number(0.0, 2.0)),
    may("tool_choice", Kind::Any),
    may("tools", Kind::List(1)),
    null("top_logprobs", Kind::Whole(0, 20)),
    null("top_p", Kind::Number(0.0, 1.0)),
    may("user", Kind::Text),
    null("verbosity", Kind::Word(WORDINESS)),
    may("web_search_options", Kind::Fields(WEB_SEARCH)),
];
const CACHE: &[Field] = &[
    may("mode", Kind::Word(&["implicit", "explicit"])),
    may("ttl", Kind::Word(&["30m"])),
];
const WEB_SEARCH: &[Field] = &[
    may(
        "search_context_size",
        Kind::Word(&["low", "medium", "high"]),
    ),
    null("user_location", Kind::Fields(LOCATION)),
];
const LOCATION: &[Field] = &[
    must("type", Kind::Word(&["approximate"])),
    must("approximate", Kind::Fields(PLACE)),
];
const PLACE: &[Field] = &[
    may("city", Kind::Text),
    may("country", Kind::Text),
    may("region", Kind::Text),
    may("timezone", Kind::Text),
];
const STREAM: &[Field] = &[
    may("include_usage", Kind::Bool),
    may("include_obfuscation", Kind::Bool),
];
const FUNCTION_TOOL: &[Field] = &[
    must("type", Kind::Text),
    must("function", Kind::Fields(FUNCTION)),
];
const FUNCTION: &[Field] = &[
    must("name", Kind::Text),
    may("description", Kind::Text),
    may("parameters", Kind::Object),
    null("strict", Kind::Bool),
];
const OLD_FUNCTION: &[Field] = &[
    must("name", Kind::Text),
    may("description", Kind::Text),
    may("parameters", Kind::Object),
];
const CUSTOM_TOOL: &[Field] = &[
    must("type", Kind::Text),
    must("custom", Kind::Fields(CUSTOM)),
];
const CUSTOM: &[Field] = &[
    must("name", Kind::Text),
    may("description", Kind::Text),
    may("format", Kind::Any),
];
const GRAMMAR: &[Field] = &[
    must("definition", Kind::Text),
    must("syntax", Kind::Word(&["lark", "regex"])),
];
const CHOICES: &[&str] = &["none", "auto", "required"];
const SCHEMA: &[Field] = &[
    must("name", Kind::Text),
    may("description", Kind::Text),
    may("schema", Kind::Object),
    null("strict", Kind::Bool),
];

/// Checks everything but the messages.
pub(super) fn request(request: &Map<String, Value>) -> Checked {
    shape::check("", request, REQUEST)?;
    limits(request)?;
    stop(request)?;
    tools(request)?;
    tool_choice(request)?;
    response_format(request)?;
    metadata(request)
}

fn given<'a>(request: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    request.get(name).filter(|value| !value.is_null())
}

/// Fields that forbid each other, or that the model at hand does not take.
fn limits(request: &Map<String, Value>) -> Checked {
    let model = request["model"].as_str().unwrap_or_default();
    let effort = given(request, "reasoning_effort").and_then(Value::as_str);
    if given(request, "max_tokens").is_some() {
        if reasons(model) {
            return Err(unsupported(
                "max_tokens",
                " Use 'max_completion_tokens' instead.",
            ));
        }
        if given(request, "max_completion_tokens").is_some() {
            return Err(wrong(
                "max_tokens",
                "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            ));
        }
    }
    sampling(request, effort)?;
    if given(request, "stop").is_some() && ["o3", "o4-mini"].iter().any(|no| model.starts_with(no))
    {
        return Err(unsupported("stop", ""));
    }
    if given(request, "n").and_then(Value::as_u64) > Some(1) {
        return Err(wrong(
            "n",
            "The practice provider answers with one choice: 'n' has to be 1.",
        ));
    }
    let sound = |value: &Value| {
        value
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == "audio"))
    };
    if given(request, "modalities").is_some_and(sound) || given(request, "audio").is_some() {
        return Err(wrong(
            "modalities",
            "The practice provider answers with text: 'audio' is not supported with this model.",
        ));
    }
    let streams = request.get("stream") == Some(&Value::Bool(true));
    if given(request, "stream_options").is_some() && !streams {
        return Err(wrong(
            "stream_options",
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        ));
    }
    let probabilities = request.get("logprobs") == Some(&Value::Bool(true));
    if given(request, "top_logprobs").is_some() && !probabilities {
        return Err(wrong(
            "top_logprobs",
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
        ));
    }
    Ok(())
}

fn stop(request: &Map<String, Value>) -> Checked {
    match given(request, "stop") {
        None | Some(Value::String(_)) => Ok(()),
        Some(Value::Array(stops)) if stops.len() > 4 => Err(Refusal::bad(format!(
            "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length {} instead.",
            stops.len()
        ))
        .about("stop")
        .coded("array_above_max_length")),
        Some(Value::Array(stops)) => match stops.iter().find(|stop| !stop.is_string()) {
            Some(odd) => Err(wrong_type("stop", "an array of strings", odd)),
            None => Ok(()),
        },
        Some(other) => Err(wrong_type("stop", "a string or an array of strings", other)),
    }
}

fn tools(request: &Map<String, Value>) -> Checked {
    let offered = request.get("tools").and_then(Value::as_array);
    for (index, tool) in offered.into_iter().flatten().enumerate() {
        self::tool(&format!("tools[{index}]"), tool)?;
    }
    let functions = request.get("functions").and_then(Value::as_array);
    for (index, function) in functions.into_iter().flatten().enumerate() {
        let at = format!("functions[{index}]");
        object(&at, function, OLD_FUNCTION)?;
        self::function(&at, function)?;
    }
    if offered.is_some() && functions.is_some() {
        return Err(wrong(
            "functions",
            "'functions' and 'tools' cannot both be given; 'functions' is deprecated.",
        ));
    }
    tools::unique("tools", tool_names(request))
}

/// Names of the tools offered.
fn tool_names(request: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let offered = request.get("tools").and_then(Value::as_array);
    offered.into_iter().flatten().filter_map(tool_name)
}

fn tool_name(tool: &Value) -> Option<&str> {
    let kind = tool.get("type")?.as_str()?;
    tool.get(kind)?.get("name")?.as_str()
}

fn tool(at: &str, tool: &Value) -> Checked {
    if tag(at, tool, "type", &["function", "custom"])? == "function" {
        object(at, tool, FUNCTION_TOOL)?;
        return function(&inside(at, "function"), &tool["function"]);
    }
    object(at, tool, CUSTOM_TOOL)?;
    let at = inside(at, "custom");
    let called = tool["custom"]["name"].as_str().unwrap_or_default();
    name(&inside(&at, "name"), called)?;
    match tool["custom"].get("format") {
        Some(format) => custom_format(&inside(&at, "format"), format),
        None => Ok(()),
    }
}

fn function(at: &str, function: &Value) -> Checked {
    let called = function["name"].as_str().unwrap_or_default();
    name(&inside(at, "name"), called)?;
    let strict = function.get("strict") == Some(&Value::Bool(true));
    match function.get("parameters") {
        Some(schema) => tools::parameters(&inside(at, "parameters"), called, schema, strict),
        None => Ok(()),
    }
}

fn custom_format(at: &str, format: &Value) -> Checked {
    match tag(at, format, "type", &["text", "grammar"])? {
        "text" => object(at, format, &[must("type", Kind::Text)]).map(|_| ()),
        _ => object(
            at,
            format,
            &[
                must("type", Kind::Text),
                must("grammar", Kind::Fields(GRAMMAR)),
            ],
        )
        .map(|_| ()),
    }
}

fn tool_choice(request: &Map<String, Value>) -> Checked {
    let has_tools = request.contains_key("tools");
    for name in ["tool_choice", "parallel_tool_calls"] {
        if request.contains_key(name) && !has_tools {
            return Err(wrong(
                name,
                format!(
                    "Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified."
                ),
            ));
        }
    }
    if request.contains_key("function_call") && !request.contains_key("functions") {
        return Err(wrong(
            "function_call",
            "Invalid value for 'function_call': 'function_call' is only allowed when 'functions' are specified.",
        ));
    }
    match request.get("tool_choice") {
        None => Ok(()),
        Some(Value::String(word)) if CHOICES.contains(&word.as_str()) => Ok(()),
        Some(Value::String(word)) => Err(wrong(
            "tool_choice",
            format!("Invalid value: '{word}'. Supported values are: 'none', 'auto', 'required'."),
        )),
        Some(choice @ Value::Object(_)) => named_choice(request, choice),
        Some(other) => Err(wrong_type("tool_choice", "a string or an object", other)),
    }
}

fn named_choice(request: &Map<String, Value>, choice: &Value) -> Checked {
    const AT: &str = "tool_choice";
    const NAMED: &[Field] = &[must("name", Kind::Text)];
    let kind = tag(AT, choice, "type", &["function", "custom", "allowed_tools"])?;
    if kind == "allowed_tools" {
        const ALLOWED: &[Field] = &[
            must("mode", Kind::Word(&["auto", "required"])),
            must("tools", Kind::List(1)),
        ];
        object(
            AT,
            choice,
            &[
                must("type", Kind::Text),
                must("allowed_tools", Kind::Fields(ALLOWED)),
            ],
        )?;
        let allowed = choice["allowed_tools"]["tools"].as_array();
        return allowed
            .into_iter()
            .flatten()
            .try_for_each(|tool| offered(request, tool_name(tool)));
    }
    let table = if kind == "function" {
        &[
            must("type", Kind::Text),
            must("function", Kind::Fields(NAMED)),
        ]
    } else {
        &[
            must("type", Kind::Text),
            must("custom", Kind::Fields(NAMED)),
        ]
    };
    object(AT, choice, table)?;
    offered(request, tool_name(choice))
}

fn offered(request: &Map<String, Value>, name: Option<&str>) -> Checked {
    if name.is_some_and(|name| tool_names(request).any(|known| known == name)) {
        return Ok(());
    }
    let name = name.unwrap_or_default();
    Err(wrong(
        "tool_choice",
        format!("Tool choice '{name}' not found in 'tools' parameter."),
    ))
}

fn response_format(request: &Map<String, Value>) -> Checked {
    const AT: &str = "response_format";
    const PLAIN: &[Field] = &[must("type", Kind::Text)];
    let Some(format) = request.get(AT) else {
        return Ok(());
    };
    match tag(AT, format, "type", &["text", "json_object", "json_schema"])? {
        "json_schema" => {
            object(
                AT,
                format,
                &[
                    must("type", Kind::Text),
                    must("json_schema", Kind::Fields(SCHEMA)),
                ],
            )?;
            let inner = &format["json_schema"];
            let called = inner["name"].as_str().unwrap_or_default();
            name("response_format.json_schema.name", called)?;
            let strict = inner.get("strict") == Some(&Value::Bool(true));
            match inner.get("schema") {
                Some(schema) => tools::answer_schema(AT, called, schema, strict),
                None => Ok(()),
            }
        }
        kind => {
            object(AT, format, PLAIN)?;
            let text = request["messages"].to_string().to_lowercase();
            if kind == "json_object" && !text.contains("json") {
                return Err(wrong(
                    "messages",
                    "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
                ));
            }
            Ok(())
        }
    }
}
