//! Token counts as the Responses reference writes them: input includes what was cached, output what was thought.

use serde::{Deserialize, Serialize};

use crate::{
    Usage,
    wire::{Tier, count},
};

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct UsageIn {
    #[serde(default, deserialize_with = "count")]
    input_tokens: Option<u64>,
    input_tokens_details: Option<InputDetails>,
    #[serde(default, deserialize_with = "count")]
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct InputDetails {
    #[serde(default, deserialize_with = "count")]
    cached_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    cache_write_tokens: Option<u64>,
    cache_write_tokens_details: Option<WriteDetails>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct WriteDetails {
    #[serde(default, deserialize_with = "count")]
    ttl_12h_tokens: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct OutputDetails {
    #[serde(default, deserialize_with = "count")]
    reasoning_tokens: Option<u64>,
}

impl UsageIn {
    /// The tokens of a response that was served in this way.
    pub(super) fn read(self, tier: Tier) -> Usage {
        let details = self.input_tokens_details.unwrap_or_default();
        let read = details.cached_tokens.unwrap_or_default();
        let written = details.cache_write_tokens.unwrap_or_default();
        let long = details.cache_write_tokens_details.unwrap_or_default();
        let long = long.ttl_12h_tokens.unwrap_or_default().min(written);
        let input = self.input_tokens.unwrap_or_default();
        let output = self.output_tokens_details.unwrap_or_default();
        Usage {
            input: input.saturating_sub(read).saturating_sub(written),
            output: self.output_tokens.unwrap_or_default(),
            cache_read: read,
            cache_write_5m: written - long,
            cache_write_1h: long,
            reasoning: output.reasoning_tokens.unwrap_or_default(),
            estimated: false,
            service: tier.0,
        }
    }
}

/// `usage`; both details are always there, since strict clients demand them.
#[derive(Debug, Serialize)]
pub(super) struct UsageOut {
    input_tokens: u64,
    input_tokens_details: InputDetailsOut,
    output_tokens: u64,
    output_tokens_details: OutputDetailsOut,
    total_tokens: u64,
}

#[derive(Debug, Serialize)]
struct InputDetailsOut {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Debug, Serialize)]
struct OutputDetailsOut {
    reasoning_tokens: u64,
}

impl From<Usage> for UsageOut {
    fn from(usage: Usage) -> Self {
        let written = usage.cache_write_5m + usage.cache_write_1h;
        let input = usage.input + usage.cache_read + written;
        Self {
            input_tokens: input,
            input_tokens_details: InputDetailsOut {
                cached_tokens: usage.cache_read,
                cache_write_tokens: written,
            },
            output_tokens: usage.output,
            output_tokens_details: OutputDetailsOut {
                reasoning_tokens: usage.reasoning,
            },
            total_tokens: input + usage.output,
        }
    }
}
