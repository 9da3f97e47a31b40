//! The rules of `generationConfig`: ranges, thinking, structured output.

use serde_json::Value;

use super::model::Model;
use super::schema;
use crate::dialect::Refusal;

type Checked = Result<(), Refusal>;

const MOST_STOPS: usize = 5;
const MIME_TYPES: &[&str] = &[
    "text/plain",
    "application/json",
    "application/xml",
    "application/yaml",
    "text/x.enum",
];

/// Checks a configuration of the right shape; `functions` says whether the request declares any.
pub(super) fn check(config: &Value, model: &Model<'_>, functions: bool) -> Checked {
    ranges(config)?;
    stops(config)?;
    if model.signs() {
        for name in ["presencePenalty", "frequencyPenalty"] {
            if config.get(name).is_some() {
                return wrong(format!("Penalty is not enabled for models/{}", model.name));
            }
        }
    }
    if let Some(thinking) = config.get("thinkingConfig") {
        self::thinking(thinking, model)?;
    }
    if config.get("logprobs").is_some() && config["responseLogprobs"] != true {
        return field("logprobs", "only allowed when response_logprobs is true");
    }
    structured(config, model, functions)
}

fn wrong(message: impl Into<String>) -> Checked {
    Err(Refusal::bad(message))
}

fn field(at: &str, what: &str) -> Checked {
    wrong(format!(
        "* GenerateContentRequest.generation_config.{at}: {what}\n"
    ))
}

fn ranges(config: &Value) -> Checked {
    let limits: &[(&str, &str, f64, f64, &str)] = &[
        ("temperature", "temperature", 0.0, 2.0, "[0.0, 2.0]"),
        ("topP", "top_p", 0.0, 1.0, "[0.0, 1.0]"),
        ("topK", "top_k", 1.0, f64::MAX, "[1, infinity)"),
        ("candidateCount", "candidate_count", 1.0, 8.0, "[1, 8]"),
        (
            "maxOutputTokens",
            "max_output_tokens",
            1.0,
            f64::MAX,
            "[1, infinity)",
        ),
        ("logprobs", "logprobs", 0.0, 20.0, "[0, 20]"),
        (
            "presencePenalty",
            "presence_penalty",
            -2.0,
            2.0,
            "[-2.0, 2.0)",
        ),
        (
            "frequencyPenalty",
            "frequency_penalty",
            -2.0,
            2.0,
            "[-2.0, 2.0)",
        ),
    ];
    for (name, wire, least, most, shown) in limits {
        if let Some(number) = config[*name].as_f64()
            && !(*least..=*most).contains(&number)
        {
            return field(wire, &format!("{wire} must be in the range {shown}."));
        }
    }
    Ok(())
}

fn stops(config: &Value) -> Checked {
    let stops = config["stopSequences"]
        .as_array()
        .map_or(&[][..], |list| list);
    if stops.len() > MOST_STOPS {
        let what = format!("at most {MOST_STOPS} stop sequences are allowed");
        return field("stop_sequences", &what);
    }
    if let Some(empty) = stops.iter().position(|stop| stop == "") {
        return field(&format!("stop_sequences[{empty}]"), "cannot be empty");
    }
    Ok(())
}

fn thinking(thinking: &Value, model: &Model<'_>) -> Checked {
    let budget = thinking["thinkingBudget"].as_i64();
    let level = thinking.get("thinkingLevel");
    if !model.thinks() {
        return wrong("Thinking is not supported for this model.");
    }
    if budget.is_some() && level.is_some() {
        return wrong("You can only set only one of thinking budget and thinking level.");
    }
    if level.is_some() && model.is_older() {
        return wrong("Thinking level is not supported for this model.");
    }
    let Some(budget) = budget.filter(|budget| *budget != -1) else {
        return Ok(());
    };
    let budgets = model.budgets();
    if !budgets.contains(&budget) {
        return wrong(format!(
            "The thinking budget {budget} is invalid. Please choose a value between {} and {}.",
            budgets.start(),
            budgets.end()
        ));
    }
    if budget == 0 && thinking["includeThoughts"] == true {
        return wrong("Thinking_config.include_thoughts is only enabled when thinking is enabled.");
    }
    Ok(())
}

fn structured(config: &Value, model: &Model<'_>, functions: bool) -> Checked {
    let mime = config["responseMimeType"].as_str().unwrap_or("text/plain");
    if !MIME_TYPES.contains(&mime) {
        let what = "allowed mimetypes are `text/plain`, `application/json`, `application/xml`, \
`application/yaml` and `text/x.enum`.";
        return field("response_mime_type", what);
    }
    let subset = config.get("responseSchema");
    let full = config.get("responseJsonSchema");
    if subset.is_some() && full.is_some() {
        return wrong("Only one of response_schema and response_json_schema can be set.");
    }
    for (schema, name) in [(subset, "response_schema"), (full, "response_json_schema")] {
        if schema.is_some() && !matches!(mime, "application/json" | "text/x.enum") {
            return wrong(format!(
                "{name} requires response_mime_type to be 'application/json' or 'text/x.enum'."
            ));
        }
    }
    if let Some(subset) = subset {
        schema::check("generation_config.response_schema", subset)?;
    }
    if full.is_some_and(|schema| !schema.is_object()) {
        return field("response_json_schema", "must be a JSON schema object");
    }
    if functions && mime == "application/json" && model.is_older() {
        return wrong(
            "Function calling with a response mime type: 'application/json' is unsupported",
        );
    }
    Ok(())
}
