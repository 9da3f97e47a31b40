//! Requests read as the real server reads them, and what an answer depends on taken out of them.

use bytes::Bytes;
use serde_json::{Value, json};

use super::messages;
use super::model::{Model, bare};
use super::shape::{self, Message};
use super::turns::{self, parts};
use super::{schema, settings, tools};
use crate::dialect::Refusal;
use crate::script::{Ask, Media, Tool, estimate};

/// What an image or a file costs, whatever its bytes.
const MEDIA_TOKENS: u64 = 258;

/// Reads a body for `:generateContent` or `:streamGenerateContent`.
pub(super) fn generate(model: &Model<'_>, body: &Bytes, stream: bool) -> Result<Ask, Refusal> {
    if model.embeds() {
        return Err(unsupported(model, "generateContent"));
    }
    let request = shaped(body, &messages::GENERATE, model)?;
    if request.get("model").is_some() {
        same_model(&request, model, "GenerateContentRequest")?;
    }
    check(&request, model)?;
    Ok(Ask {
        stream,
        ..asked(&request, model, body)
    })
}

/// Reads a body for `:countTokens`, in either of its forms.
pub(super) fn count(model: &Model<'_>, body: &Bytes) -> Result<Ask, Refusal> {
    let request = shaped(body, &messages::COUNT, model)?;
    match (
        request.get("contents"),
        request.get("generateContentRequest"),
    ) {
        (Some(_), Some(_)) => Err(Refusal::bad(
            "* CountTokensRequest: only one of contents and generate_content_request can be set.\n",
        )),
        (None, None) => Err(Refusal::bad(
            "* CountTokensRequest.contents: contents is not specified\n",
        )),
        (None, Some(inner)) => {
            same_model(inner, model, "CountTokensRequest.generate_content_request")?;
            check(inner, model)?;
            Ok(asked(inner, model, body))
        }
        (Some(_), None) => {
            check(&request, model)?;
            Ok(asked(&request, model, body))
        }
    }
}

/// A body in a message's shape.
pub(super) fn shaped(body: &Bytes, message: &Message, model: &Model<'_>) -> Result<Value, Refusal> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        Refusal::bad(format!(
            "Invalid JSON payload received. Parsing failed: {error}"
        ))
    })?;
    if !value.is_object() {
        return Err(Refusal::bad(
            "Invalid JSON payload received. Root element must be a message.",
        ));
    }
    shape::read(&value, message, model.fields())
}

/// Refuses a request inside of another one that names no model or a different one.
pub(super) fn same_model(request: &Value, model: &Model<'_>, at: &str) -> Result<(), Refusal> {
    match request["model"].as_str() {
        Some(named) if named.starts_with("models/") && bare(named) == model.name => Ok(()),
        Some(_) => Err(Refusal::bad(format!(
            "* {at}.model: must be 'models/{}', as in the URL\n",
            model.name
        ))),
        None => Err(Refusal::bad(format!(
            "* {at}.model: model is not specified\n"
        ))),
    }
}

/// The refusal of a call that a model cannot answer.
pub(super) fn unsupported(model: &Model<'_>, method: &str) -> Refusal {
    Refusal::not_found(format!(
        "models/{} is not found for API version v1beta, or is not supported for {method}. Call ListModels \
to see the list of available models and their supported methods.",
        model.name
    ))
}

fn check(request: &Value, model: &Model<'_>) -> Result<(), Refusal> {
    turns::check(list(&request["contents"]), model)?;
    turns::instruction(&request["systemInstruction"])?;
    tools::check(request, model)?;
    let functions = tools::declarations(request).next().is_some();
    settings::check(&request["generationConfig"], model, functions)?;
    if let Some(cached) = request["cachedContent"].as_str() {
        return Err(cache_refused(request, cached));
    }
    Ok(())
}

/// A cached content excludes what it holds itself; and there are none here.
fn cache_refused(request: &Value, cached: &str) -> Refusal {
    let excluded = ["systemInstruction", "tools", "toolConfig"];
    if excluded.iter().any(|name| request.get(*name).is_some()) {
        return Refusal::bad(
            "CachedContent can not be used with GenerateContent request setting system_instruction, tools \
or tool_config.",
        );
    }
    Refusal::new(
        http::StatusCode::FORBIDDEN,
        format!("CachedContent not found (or permission denied): {cached}"),
    )
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn asked(request: &Value, model: &Model<'_>, body: &Bytes) -> Ask {
    let contents = list(&request["contents"]);
    let config = &request["generationConfig"];
    let (media, media_bytes) = media(contents);
    let count = (media.images + media.audio + media.files) as u64;
    Ask {
        model: model.name.to_owned(),
        tools: tools::callable(request)
            .into_iter()
            .filter_map(tool)
            .collect(),
        user_text: user_text(contents),
        tool_results: tool_results(contents),
        thinking: config["thinkingConfig"]["includeThoughts"] == true,
        schema: answer_schema(config),
        max_tokens: config["maxOutputTokens"].as_u64(),
        tokens: estimate(body.len().saturating_sub(media_bytes)) + count * MEDIA_TOKENS,
        continued: contents.iter().any(turns::is_model),
        body: body.clone(),
        media,
        notes: json!({
            "signs": model.signs(),
            "generation": model.generation(),
            "candidates": config["candidateCount"].as_u64().unwrap_or(1),
        }),
        ..Ask::default()
    }
}

fn tool(declared: &Value) -> Option<Tool> {
    let schema = declared
        .get("parametersJsonSchema")
        .or(declared.get("parameters"));
    Some(Tool {
        name: declared["name"].as_str()?.to_owned(),
        schema: schema.map_or_else(|| json!({"type": "object"}), schema::lowered),
    })
}

fn answer_schema(config: &Value) -> Option<Value> {
    if config["responseMimeType"] != "application/json" {
        return None;
    }
    let schema = config
        .get("responseJsonSchema")
        .or(config.get("responseSchema"));
    Some(schema.map_or_else(|| json!({"type": "object"}), schema::lowered))
}

/// Text of the last turn of the user's that has any.
fn user_text(contents: &[Value]) -> String {
    let turns = contents
        .iter()
        .rev()
        .filter(|content| !turns::is_model(content));
    turns
        .map(|turn| {
            let texts = parts(turn).iter().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        })
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default()
}

/// Texts of the function responses after the last answer.
fn tool_results(contents: &[Value]) -> Vec<String> {
    let after = contents
        .iter()
        .rposition(turns::is_model)
        .map_or(0, |at| at + 1);
    contents[after..]
        .iter()
        .flat_map(parts)
        .filter_map(|part| part.get("functionResponse"))
        .map(|response| response_text(&response["response"]))
        .collect()
}

fn response_text(response: &Value) -> String {
    let alone = response
        .as_object()
        .filter(|fields| fields.len() == 1)
        .and_then(|fields| fields.values().next())
        .and_then(Value::as_str);
    alone.map_or_else(|| response.to_string(), str::to_owned)
}

fn response_parts(part: &Value) -> &[Value] {
    list(&part["functionResponse"]["parts"])
}

fn media(contents: &[Value]) -> (Media, usize) {
    let mut media = Media::default();
    let mut bytes = 0;
    let nested = |part| std::iter::once(part).chain(response_parts(part));
    for part in contents.iter().flat_map(parts).flat_map(nested) {
        let Some(data) = part.get("inlineData").or(part.get("fileData")) else {
            continue;
        };
        bytes += data["data"].as_str().map_or(0, str::len);
        match data["mimeType"]
            .as_str()
            .and_then(|mime| mime.split('/').next())
        {
            Some("image") => media.images += 1,
            Some("audio") => media.audio += 1,
            _ => media.files += 1,
        }
    }
    (media, bytes)
}
