//! The models as Anthropic lists them.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::models;

/// Answers `GET /v1/models` with its `limit`, `after_id` and `before_id`.
pub(super) fn list(query: &str) -> Bytes {
    let ids = models::ids();
    let asked = |key: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    };
    let place = |key: &str| asked(key).and_then(|id| ids.iter().position(|known| known == id));
    let start = place("after_id").map_or(0, |at| at + 1);
    let end = place("before_id").unwrap_or(ids.len()).max(start);
    let limit = asked("limit")
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(20)
        .clamp(1, 1000);
    let page = &ids[start..end.min(start + limit)];
    json!({
        "data": page.iter().map(|id| describe(id)).collect::<Vec<_>>(),
        "has_more": start + page.len() < end,
        "first_id": page.first(),
        "last_id": page.last(),
    })
    .to_string()
    .into()
}

/// Answers `GET /v1/models/{id}`; names of Claude models are known as well, as requests may use them.
pub(super) fn one(id: &str) -> Option<Bytes> {
    let known = models::known(id) || id.starts_with("claude-");
    known.then(|| describe(id).to_string().into())
}

fn describe(id: &str) -> Value {
    json!({
        "type": "model",
        "id": id,
        "display_name": models::shown(id),
        "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": 200_000,
        "max_tokens": 128_000,
    })
}
