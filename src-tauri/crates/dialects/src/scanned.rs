//! What routing needs to know of a request of any dialect, read in place.

use std::sync::LazyLock;

use bytes::Bytes;
use serde::Deserialize;

use crate::{
    chain::{self, Chain},
    scan::{Fields, ScanError},
};

/// What routing needs of a request, and what a conversation is known by.
static FIELDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let own = ["model", "stream", "max_tokens", "metadata"];
    [&own, &chain::HEAD[..], &chain::MESSAGES, &[chain::PREVIOUS]].concat()
});

/// A request: the client's bytes and where the few fields we need stand in them.
#[derive(Debug, Clone)]
pub struct Scanned {
    body: Bytes,
    fields: Fields,
    model: String,
}

impl Scanned {
    /// Reads a request in place. A missing model is an empty name: the caller says so to its client.
    pub fn read(body: Bytes) -> Result<Self, ScanError> {
        let fields = Fields::of(&body, &FIELDS)?;
        let model = fields.text(&body, "model").unwrap_or_default();
        Ok(Self {
            body,
            fields,
            model,
        })
    }

    /// The model asked for, as the client spells it.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whether a stream was asked for (`stream: true`; the `accept` header does not tell).
    pub fn stream(&self) -> bool {
        self.fields.is_true(&self.body, "stream")
    }

    /// The same for a dialect whose answers are streamed unless `stream: false` is said (Ollama).
    pub fn stream_unless_denied(&self) -> bool {
        let range = self.fields.range("stream");
        range.is_none_or(|range| &self.body[range] != b"false")
    }

    /// Whether no output is wanted at all (`max_tokens: 0` only warms the prompt cache).
    pub fn wants_no_output(&self) -> bool {
        self.fields
            .range("max_tokens")
            .is_some_and(|range| &self.body[range] == b"0")
    }

    /// The session Claude Code packs, as JSON in a string, into `metadata.user_id`.
    pub fn session(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Metadata {
            user_id: String,
        }
        #[derive(Deserialize)]
        struct UserId {
            session_id: String,
        }
        let metadata: Metadata =
            serde_json::from_slice(&self.body[self.fields.range("metadata")?]).ok()?;
        serde_json::from_str::<UserId>(&metadata.user_id)
            .ok()
            .map(|user| user.session_id)
    }

    /// What was said before it and what is said with it; `None` where there are no messages.
    pub fn chain(&self, speaker: &str, model: &str) -> Option<Chain> {
        Chain::of(&self.body, &self.fields, speaker, model)
    }

    /// The client's bytes, unchanged.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The client's bytes with only the model's name changed, in slices.
    pub fn with_model(&self, model: &str) -> Vec<Bytes> {
        if model == self.model {
            vec![self.body.clone()]
        } else {
            self.fields.splice(&self.body, "model", model)
        }
    }
}
