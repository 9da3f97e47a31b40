use serde::Serialize;

pub use crate::replay::{Said, ToolCall};

/// A request that was sent again, beside the original.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Replay {
    /// The captured request.
    pub original: ReplaySide,
    /// The same, sent again.
    pub replay: ReplaySide,
    /// Whether both answers have the same text.
    pub same_text: bool,
    /// Secrets that were taken out when the request was captured, so that the replay has marks in their place.
    pub redacted: u32,
}

/// How one of both went.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ReplaySide {
    /// Its id.
    pub id: String,
    /// `completed`, `failed` or `cancelled`.
    pub status: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// The status that the client saw.
    pub http_status: Option<u16>,
    /// The provider that served.
    pub provider: Option<String>,
    /// The model sent upstream.
    pub model: Option<String>,
    /// The model that says it answered.
    pub model_answered: Option<String>,
    /// Prompt tokens not from a cache.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Prompt tokens read from a cache.
    pub cache_read_tokens: u64,
    /// Prompt tokens written to a cache.
    pub cache_write_tokens: u64,
    /// The part of the output that was thinking.
    pub reasoning_tokens: u64,
    /// Whether the tokens are an estimate.
    pub estimated: bool,
    /// What it cost, a decimal number of US dollars.
    pub cost_usd: Option<String>,
    /// Milliseconds from arrival to the first semantic output.
    pub ttft_ms: Option<u64>,
    /// Milliseconds from arrival to end.
    pub duration_ms: Option<u64>,
    /// What went wrong, in one sentence.
    pub error: Option<String>,
    /// What the answer says.
    pub answer: Said,
}
