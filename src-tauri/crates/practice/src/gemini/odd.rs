//! A valid answer in an unusual spelling: fields that no table has, chunks without candidates, a
//! candidate without content, `1.0`, escapes. A proxy that parses and prints again shows here.

use bytes::Bytes;
use serde_json::json;

use super::encode::{self, Chunk};
use crate::odd;
use crate::script::Script;

/// The whole answer with odd fields in front.
pub(super) fn whole(script: &Script) -> Bytes {
    odd::line(&encode::answer(script).to_string())
}

/// Chunks that carry no content go in between.
pub(super) fn chunks(mut chunks: Vec<Chunk>) -> Vec<Chunk> {
    let Some(first) = chunks.first() else {
        return chunks;
    };
    let (usage, told) = (first.value["usageMetadata"].clone(), first.told);
    let silent = |value| Chunk {
        value,
        delta: false,
        told,
    };
    let bare = silent(json!({"candidates": [{"index": 0}], "usageMetadata": usage}));
    let counted = silent(json!({"usageMetadata": usage, "modelStatus": {"stage": "PRACTICE"}}));
    chunks.insert(1, bare);
    chunks.insert(1, counted);
    chunks
}
