//! What OpenAI's two dialects share: paths, credentials, errors, models, tool rules.
//!
//! Facts are those of the OpenAI API reference and of the official SDKs' types.

pub(crate) mod chat;
mod embeddings;
mod error;
mod media;
mod models;

pub(crate) mod responses;
mod shape;
mod tools;

use http::request::Parts;
use serde_json::{Map, Value};

use crate::dialect::Refusal;

/// The path behind its version segment, `/v1` or any other `/v` and digits; base URLs with further
/// segments before it work as well.
fn path(parts: &Parts) -> &str {
    let path = parts.uri.path();
    let mut rest = path;
    while let Some((segment, after)) = rest
        .get(1..)
        .and_then(|inner| inner.find('/').map(|at| (&inner[..at], &inner[at..])))
    {
        if is_version(segment) {
            return after;
        }
        rest = after;
    }
    path
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A body as a JSON object.
fn parsed(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(request)) => Ok(request),
        Ok(_) => Err(Refusal::bad(
            "We could not parse the JSON body of your request: an object is expected.",
        )),
        Err(error) => Err(Refusal::bad(format!(
            "We could not parse the JSON body of your request: {error}."
        ))),
    }
}

/// Whether a model reasons, so that it refuses the older fields: the o-series, gpt-5 and later.
fn reasons(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let number = |rest: &str| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    };
    let series = name.strip_prefix('o').and_then(number);
    let generation = name.strip_prefix("gpt-").and_then(number);
    series.is_some() || generation.is_some_and(|generation| generation >= 5)
}

/// Fields that a reasoning model refuses unless its effort is `none`.
fn sampling(request: &Map<String, Value>, effort: Option<&str>) -> Result<(), Refusal> {
    let model = request["model"].as_str().unwrap_or_default();
    if !reasons(model) || effort == Some("none") {
        return Ok(());
    }
    for name in ["temperature", "top_p"] {
        let usual = |value: &Value| value.is_null() || value.as_f64() == Some(1.0);
        if let Some(value) = request.get(name).filter(|value| !usual(value)) {
            return Err(Refusal::bad(format!(
                "Unsupported value: '{name}' does not support {value} with this model. Only the default (1) value is supported."
            ))
            .about(name)
            .coded("unsupported_value"));
        }
    }
    for name in [
        "logprobs",
        "top_logprobs",
        "presence_penalty",
        "frequency_penalty",
        "logit_bias",
    ] {
        let given = request.get(name).is_some_and(|value| {
            !value.is_null() && *value != Value::Bool(false) && value.as_f64() != Some(0.0)
        });
        if given {
            return Err(unsupported(name, ""));
        }
    }
    Ok(())
}

/// A field that a model does not take.
fn unsupported(name: &str, instead: &str) -> Refusal {
    Refusal::bad(format!(
        "Unsupported parameter: '{name}' is not supported with this model.{instead}"
    ))
    .about(name)
    .coded("unsupported_parameter")
}

/// At most 16 pairs of strings.
fn metadata(request: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(pairs) = request.get("metadata").and_then(Value::as_object) else {
        return Ok(());
    };
    if pairs.len() > 16 {
        return Err(shape::wrong(
            "metadata",
            "Invalid 'metadata': at most 16 pairs are allowed.",
        ));
    }
    for (key, value) in pairs {
        let at = format!("metadata.{key}");
        shape::length(&at, key, 64)?;
        match value.as_str() {
            Some(text) if text.chars().count() <= 512 => {}
            Some(_) => {
                return Err(shape::wrong(
                    &at,
                    format!(
                        "Invalid '{at}': string too long. Expected a string with maximum length 512."
                    ),
                ));
            }
            None => return Err(shape::wrong_type(&at, "a string", value)),
        }
    }
    Ok(())
}
