use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A request as a row of the history. The detail adds the chain in place of the count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Request {
    /// `req-` and hexadecimal digits.
    pub id: String,
    /// When it arrived.
    pub started_at: Timestamp,
    /// `pending`, `forwarding`, `streaming`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// `retrying` or `suspended`.
    pub mark: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
    /// The status the client saw.
    pub http_status: Option<u16>,
    /// The client program.
    pub client: Option<String>,
    /// Name of its token.
    pub token: Option<String>,
    /// Its session.
    pub session: Option<String>,
    /// What the client speaks.
    pub client_dialect: Option<String>,
    /// What the provider speaks.
    pub provider_dialect: Option<String>,
    /// The path called.
    pub path: Option<String>,
    /// The model asked for.
    pub model_requested: Option<String>,
    /// The model sent upstream.
    pub model_used: Option<String>,
    /// The model that says it answered.
    pub model_answered: Option<String>,
    /// The provider that served, or was tried last.
    pub provider: Option<String>,
    /// Its key, masked.
    pub key: Option<String>,
    /// The group it was chosen from.
    pub group: Option<String>,
    /// The rule that decided where it goes.
    pub rule: Option<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Prompt tokens not from a cache.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Prompt tokens read from a cache.
    pub cache_read_tokens: u64,
    /// Prompt tokens written to a five-minute cache.
    pub cache_write_5m_tokens: u64,
    /// Prompt tokens written to a one-hour cache.
    pub cache_write_1h_tokens: u64,
    /// The sum of both cache writes.
    pub cache_write_tokens: u64,
    /// The part of the output that was thinking.
    pub reasoning_tokens: u64,
    /// Whether some figures are estimates.
    pub estimated: bool,
    /// What it cost, a decimal number of US dollars; `None` if unknown or not known yet.
    pub cost_usd: Option<String>,
    /// The cost by kind.
    pub cost: Option<Cost>,
    /// Whether tokens were used at a model whose price is unknown.
    #[serde(default)]
    pub unpriced: bool,
    /// What it cost that it left a warm cache; `None` where it left none, or a price is unknown.
    #[serde(default)]
    pub switch_cost_usd: Option<String>,
    /// Milliseconds from arrival to the first semantic output.
    pub ttft_ms: Option<u64>,
    /// Milliseconds from arrival to end.
    pub duration_ms: Option<u64>,
    /// Output tokens per second.
    pub tokens_per_second: Option<f64>,
    /// How many attempts.
    pub attempts: u32,
    /// What a conversion between dialects could not carry.
    pub losses: Vec<serde_json::Value>,
    /// What went wrong, in one sentence.
    pub error: Option<String>,
    /// The earlier request that it is, sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<String>,
}

/// Cost by kind, decimal numbers of US dollars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cost {
    /// Uncached prompt tokens.
    pub input: String,
    /// Output tokens.
    pub output: String,
    /// Tokens read from a cache.
    pub cache_read: String,
    /// Tokens written to a cache.
    pub cache_write: String,
}
