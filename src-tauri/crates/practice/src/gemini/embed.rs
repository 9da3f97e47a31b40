//! Embeddings: `:embedContent` and `:batchEmbedContents`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::messages;
use super::model::Model;
use super::request::{same_model, shaped, unsupported};
use super::turns::parts;
use crate::dialect::Refusal;
use crate::embedding::{Embed, MOST_DIMENSIONS};
use crate::script::estimate;

const MOST_REQUESTS: usize = 100;
const USUAL_DIMENSIONS: usize = 768;

/// Reads a body; with `batch` the one of several requests.
pub(super) fn read(model: &Model<'_>, body: &Bytes, batch: bool) -> Result<Embed, Refusal> {
    if model.name.starts_with("gemini-") && !model.embeds() {
        return Err(unsupported(
            model,
            if batch {
                "batchEmbedContents"
            } else {
                "embedContent"
            },
        ));
    }
    let requests = if batch {
        requests(model, body)?
    } else {
        vec![shaped(body, &messages::EMBED, model)?]
    };
    let mut texts = Vec::new();
    let mut dimensions = USUAL_DIMENSIONS;
    for request in &requests {
        texts.push(text(request)?);
        dimensions = self::dimensions(request)?;
        if request.get("title").is_some() && request["taskType"] != "RETRIEVAL_DOCUMENT" {
            return Err(Refusal::bad(
                "* EmbedContentRequest.title: only allowed when task_type is RETRIEVAL_DOCUMENT\n",
            ));
        }
    }
    Ok(Embed {
        model: model.name.to_owned(),
        tokens: texts.iter().map(|text| estimate(text.len())).sum(),
        texts,
        dimensions,
        notes: json!({ "batch": batch }),
    })
}

/// The answer.
pub(super) fn answer(embed: &Embed, vectors: &[Vec<f32>]) -> Bytes {
    let answer = if embed.notes["batch"] == true {
        let vectors: Vec<Value> = vectors
            .iter()
            .map(|vector| json!({"values": vector}))
            .collect();
        json!({ "embeddings": vectors })
    } else {
        json!({"embedding": {"values": vectors.first()}})
    };
    answer.to_string().into()
}

fn requests(model: &Model<'_>, body: &Bytes) -> Result<Vec<Value>, Refusal> {
    let request = shaped(body, &messages::BATCH_EMBED, model)?;
    let requests = request["requests"].as_array().cloned().unwrap_or_default();
    let wrong = |what: &str| {
        Err(Refusal::bad(format!(
            "* BatchEmbedContentsRequest.requests: {what}\n"
        )))
    };
    if requests.is_empty() {
        return wrong("requests is not specified");
    }
    if requests.len() > MOST_REQUESTS {
        return wrong("at most 100 requests can be in one batch");
    }
    for (index, request) in requests.iter().enumerate() {
        let at = format!("BatchEmbedContentsRequest.requests[{index}]");
        same_model(request, model, &at)?;
        if request.get("outputDimensionality") != requests[0].get("outputDimensionality") {
            return wrong("output_dimensionality must be the same for all of them here");
        }
    }
    Ok(requests)
}

fn text(request: &Value) -> Result<String, Refusal> {
    let parts = parts(&request["content"]);
    let texts: Option<Vec<&str>> = parts.iter().map(|part| part["text"].as_str()).collect();
    match texts {
        Some(texts) if !texts.concat().is_empty() => Ok(texts.join("\n")),
        Some(_) => Err(Refusal::bad(
            "* EmbedContentRequest.content: contents is not specified\n",
        )),
        None => Err(Refusal::bad(
            "* EmbedContentRequest.content: only text parts are supported by this model\n",
        )),
    }
}

fn dimensions(request: &Value) -> Result<usize, Refusal> {
    let Some(asked) = request["outputDimensionality"].as_i64() else {
        return Ok(USUAL_DIMENSIONS);
    };
    usize::try_from(asked)
        .ok()
        .filter(|asked| (1..=MOST_DIMENSIONS).contains(asked))
        .ok_or_else(|| {
            Refusal::bad(
                "* EmbedContentRequest.output_dimensionality: must be a positive number that the model supports\n",
            )
        })
}
