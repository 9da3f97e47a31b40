//! What the ledger shows: rows with exactly the field names of the admin API.
//!
//! A row tells what was recorded and adds nothing; unknown is `null`, never a guess.

use jiff::Timestamp;
use serde::Serialize;

use crate::money::Usd;
use crate::quote::FrozenPrice;
use crate::timeline::TimelineEvent;

/// One request. `attempts` is their number in lists and the chain itself in [`Detail`].
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Row<A = u32> {
    /// The request's id.
    pub id: String,
    /// When it arrived.
    pub started_at: Timestamp,
    /// `pending`, `forwarding`, `streaming`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// `retrying` or `suspended`.
    pub mark: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
    /// HTTP status that the client got.
    pub http_status: Option<u16>,
    /// The log that it is known from, such as `claude-code`; `null` for requests that came through Turnout.
    pub source: Option<String>,
    /// Client program.
    pub client: Option<String>,
    /// Name of the client token.
    pub token: Option<String>,
    /// The client's session.
    pub session: Option<String>,
    /// Dialect of the client.
    pub client_dialect: Option<String>,
    /// Dialect of the provider.
    pub provider_dialect: Option<String>,
    /// Path of the request.
    pub path: Option<String>,
    /// Model that the client asked for.
    pub model_requested: Option<String>,
    /// Model that was sent upstream.
    pub model_used: Option<String>,
    /// Model that the provider says it answered with.
    pub model_answered: Option<String>,
    /// Provider that served, or that was tried last.
    pub provider: Option<String>,
    /// Its key, masked.
    pub key: Option<String>,
    /// Group that the provider was chosen from.
    pub group: Option<String>,
    /// Rule that chose the group.
    pub rule: Option<String>,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// Tokens, summed over the attempts.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// Whether some attempt's tokens are a local estimate.
    pub estimated: bool,
    /// Total cost; `null` when nothing is known or a part of it is not.
    pub cost_usd: Option<Usd>,
    /// Cost by kind; `null` together with `cost_usd`.
    pub cost: Option<Cost>,
    /// Whether tokens were used at a model whose price is unknown.
    pub unpriced: bool,
    /// What it cost that it left a warm cache; `null` when it left none, or a price is unknown.
    pub switch_cost_usd: Option<Usd>,
    /// Milliseconds from arrival to the first semantic output.
    pub ttft_ms: Option<u64>,
    /// Milliseconds from arrival to end.
    pub duration_ms: Option<u64>,
    /// Output tokens per second, after the first output for streams.
    pub tokens_per_second: Option<f64>,
    /// How many attempts, or the attempts.
    #[schema(schema_with = A::schema)]
    pub attempts: A,
    /// What a conversion between dialects could not carry.
    pub losses: Vec<serde_json::Value>,
    /// What went wrong, in one sentence.
    pub error: Option<String>,
    /// The earlier request that it is, sent again; left out where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<String>,
    /// Where it could go and why, as it was when it was decided; only where one request is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<serde_json::Value>,
    /// Everything that happened, in order; only where one request is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<TimelineEvent>>,
}

/// One request with its whole attempt chain, first attempt first.
pub type Detail = Row<Vec<AttemptRow>>;

/// Tokens by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Tokens {
    /// Prompt tokens neither read from nor written to a cache.
    pub input_tokens: u64,
    /// Output tokens, reasoning included.
    pub output_tokens: u64,
    /// Prompt tokens read from the cache.
    pub cache_read_tokens: u64,
    /// Prompt tokens written to the five-minute cache.
    pub cache_write_5m_tokens: u64,
    /// Prompt tokens written to the one-hour cache.
    pub cache_write_1h_tokens: u64,
    /// Sum of both cache writes.
    pub cache_write_tokens: u64,
    /// Reasoning tokens, a part of the output.
    pub reasoning_tokens: u64,
}

/// Cost by kind, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
#[schema(as = CostByKind)]
pub struct Cost {
    /// For uncached prompt tokens.
    pub input: Usd,
    /// For output tokens.
    pub output: Usd,
    /// For tokens read from the cache.
    pub cache_read: Usd,
    /// For tokens written to a cache, of either life.
    pub cache_write: Usd,
}

impl Cost {
    /// The sum of all kinds.
    pub fn total(&self) -> Usd {
        self.input + self.output + self.cache_read + self.cache_write
    }
}

/// One attempt of a request.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AttemptRow {
    /// Number in its request, from 1.
    pub attempt: u32,
    /// Provider that was tried.
    pub provider: Option<String>,
    /// Its key, masked.
    pub key: Option<String>,
    /// Group that the provider was chosen from.
    pub group: Option<String>,
    /// Model that was sent upstream.
    pub model: Option<String>,
    /// Model that the provider says it answered with.
    pub model_answered: Option<String>,
    /// The provider's id of the request, else of its answer.
    pub upstream_id: Option<String>,
    /// Dialect of the provider.
    pub provider_dialect: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// Milliseconds from its start to its first semantic output.
    pub ttft_ms: Option<u64>,
    /// Milliseconds it took.
    pub duration_ms: Option<u64>,
    /// The provider's HTTP status.
    pub http_status: Option<u16>,
    /// `ok`, `retry-same`, `next-key`, `next-provider`, `client-fault` or `cancelled`; `null` while
    /// it runs.
    pub verdict: Option<String>,
    /// Whether it was given up because another attempt, raced against it, was faster.
    pub hedged: bool,
    /// The way it was served, where that can have prices of its own: `batch`, `flex`, `priority`, `fast`.
    pub service: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
    /// What went wrong, in one sentence.
    pub error: Option<String>,
    /// Tokens by kind.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// Whether the tokens are a local estimate.
    pub estimated: bool,
    /// Total cost; `null` when the price or the tokens are unknown.
    pub cost_usd: Option<Usd>,
    /// Cost by kind; `null` together with `cost_usd`.
    pub cost: Option<Cost>,
    /// The price as it was at the time; `null` when unknown.
    pub price: Option<FrozenPrice>,
}
