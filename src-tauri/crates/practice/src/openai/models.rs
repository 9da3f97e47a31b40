//! The models as OpenAI lists them.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::models;

/// When they were made, Unix seconds.
pub(super) const CREATED: u64 = 1_767_225_600;

/// Answers `GET /v1/models`.
pub(super) fn list() -> Bytes {
    let data: Vec<Value> = models::ids().iter().map(|id| describe(id)).collect();
    json!({"object": "list", "data": data}).to_string().into()
}

/// Answers `GET /v1/models/{id}`; names of OpenAI's own models are known as well, as requests may use them.
pub(super) fn one(id: &str) -> Option<Bytes> {
    let known = models::known(id) || id.starts_with("gpt-") || id.starts_with("text-embedding-");
    known.then(|| describe(id).to_string().into())
}

fn describe(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": CREATED, "owned_by": "practice"})
}
