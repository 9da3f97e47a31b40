//! The models that the practice provider offers: three that just answer, and one for each scenario.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::scenario;

/// What a model name begins with where the rest names a scenario.
const PREFIX: &str = "practice-";
const PLAIN: &[(&str, &str)] = &[
    ("practice-opus", "Practice Opus"),
    ("practice-sonnet", "Practice Sonnet"),
    ("practice-haiku", "Practice Haiku"),
];

/// Answers `GET /v1/models` with its `limit`, `after_id` and `before_id`.
pub(super) fn list(query: &str) -> Bytes {
    let mut ids: Vec<String> = PLAIN.iter().map(|(id, _)| (*id).to_owned()).collect();
    ids.extend(scenario::NAMES.iter().map(|name| format!("{PREFIX}{name}")));
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
    let known = PLAIN.iter().any(|(plain, _)| *plain == id)
        || id.strip_prefix(PREFIX).is_some_and(scenario::is_name)
        || id.starts_with("claude-");
    known.then(|| describe(id).to_string().into())
}

fn describe(id: &str) -> Value {
    let shown = PLAIN
        .iter()
        .find(|(plain, _)| *plain == id)
        .map_or(id, |(_, shown)| shown);
    json!({
        "type": "model",
        "id": id,
        "display_name": shown,
        "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": 200_000,
        "max_tokens": 128_000,
    })
}
