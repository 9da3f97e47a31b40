//! The models as Ollama lists and describes them.

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::models;

/// Answers `GET /api/tags`.
pub(super) fn list() -> Bytes {
    let models: Vec<Value> = models::ids().iter().map(|id| tag(id)).collect();
    json!({ "models": models }).to_string().into()
}

/// Answers `POST /api/show`; a tag behind a name is left out of account.
pub(super) fn one(id: &str) -> Option<Bytes> {
    let name = id.strip_suffix(":latest").unwrap_or(id);
    let description = json!({
        "license": "",
        "modelfile": format!("FROM {name}\n"),
        "parameters": "num_ctx 65536",
        "template": "{{ .Prompt }}",
        "details": details(),
        "model_info": {"general.architecture": "practice", "practice.context_length": 65_536},
        "capabilities": ["completion", "tools", "thinking", "vision"],
        "modified_at": MODIFIED_AT,
    });
    models::known(name).then(|| description.to_string().into())
}

const MODIFIED_AT: &str = "2026-01-01T00:00:00Z";

fn tag(id: &str) -> Value {
    use std::fmt::Write as _;
    let mut digest = String::new();
    for byte in Sha256::digest(id) {
        // Writing to memory cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    json!({
        "name": id,
        "model": id,
        "modified_at": MODIFIED_AT,
        "size": 4_000_000_000_u64,
        "digest": digest,
        "details": details(),
    })
}

fn details() -> Value {
    json!({
        "parent_model": "",
        "format": "gguf",
        "family": "practice",
        "families": ["practice"],
        "parameter_size": "8B",
        "quantization_level": "Q4_K_M",
    })
}
