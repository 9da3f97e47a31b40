//! The models as Gemini lists them.

use bytes::Bytes;
use serde_json::{Value, json};

use super::model::{Model, bare};
use crate::models;

/// Answers `GET /v1beta/models` with its `pageSize` and `pageToken`.
pub(super) fn list(query: &str) -> Bytes {
    let ids = models::ids();
    let asked = |key: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .filter(|(name, _)| *name == key)
            .find_map(|(_, value)| value.parse::<usize>().ok())
    };
    let size = asked("pageSize")
        .filter(|size| *size > 0)
        .unwrap_or(50)
        .min(1000);
    let start = asked("pageToken").unwrap_or(0).min(ids.len());
    let end = (start + size).min(ids.len());
    let page: Vec<Value> = ids[start..end].iter().map(|id| describe(id)).collect();
    let mut list = json!({ "models": page });
    if end < ids.len() {
        list["nextPageToken"] = end.to_string().into();
    }
    list.to_string().into()
}

/// Answers `GET /v1beta/models/{id}`; names of Gemini models are known as well, as requests may use them.
pub(super) fn one(id: &str) -> Option<Bytes> {
    let id = bare(id);
    let known = models::known(id) || id.starts_with("gemini-");
    known.then(|| describe(id).to_string().into())
}

fn describe(id: &str) -> Value {
    let model = Model::named(id);
    let methods: &[&str] = if model.embeds() {
        &["embedContent", "countTokens"]
    } else {
        &["generateContent", "countTokens", "batchGenerateContent"]
    };
    json!({
        "name": format!("models/{id}"),
        "version": "001",
        "displayName": models::shown(id),
        "description": "A model of the practice provider",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": methods,
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
        "thinking": model.thinks() && !model.embeds(),
    })
}
