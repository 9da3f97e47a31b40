use jiff::Timestamp;
use serde::Serialize;

/// What happened lately, in buckets of the same length, the oldest first. All lists are of the same length.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Series {
    /// When the first bucket begins.
    pub since: Timestamp,
    /// When the last one ends.
    pub until: Timestamp,
    /// The length of a bucket in seconds.
    pub step_seconds: u64,
    /// All requests.
    pub total: TotalSeries,
    /// Each provider of the config, in its order.
    pub providers: Vec<ProviderSeries>,
}

/// All requests, by when they ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TotalSeries {
    /// Requests.
    pub requests: Vec<u64>,
    /// Requests that failed.
    pub failures: Vec<u64>,
    /// Tokens of all kinds.
    pub tokens: Vec<u64>,
    /// The median of the milliseconds to the first semantic output of streams; `null` without any.
    pub ttft_ms: Vec<Option<u64>>,
}

/// The attempts at a provider, by when they ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ProviderSeries {
    /// Its name.
    pub provider: String,
    /// Attempts.
    pub attempts: Vec<u64>,
    /// Attempts that failed for a cause at the provider.
    pub failures: Vec<u64>,
    /// Tokens of all kinds.
    pub tokens: Vec<u64>,
    /// The median of the milliseconds to the first semantic output of streams; `null` without any.
    pub ttft_ms: Vec<Option<u64>>,
}
