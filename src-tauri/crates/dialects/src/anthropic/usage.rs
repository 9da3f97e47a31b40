//! `usage` as Anthropic tells it, leniently: compatible servers send nulls, or leave kinds out.

use serde::{Deserialize, Serialize};

use crate::{
    Usage,
    wire::{Tier, count},
};

/// One `usage` object. `None` means "not told", which must not overwrite what an earlier event told.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct WireUsage {
    #[serde(default, deserialize_with = "count")]
    input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    output_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    cache_read_input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation: Option<CacheCreation>,
    #[serde(default)]
    output_tokens_details: Option<OutputDetails>,
    #[serde(default)]
    service_tier: Tier,
    #[serde(default)]
    speed: Tier,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct CacheCreation {
    #[serde(default, deserialize_with = "count")]
    ephemeral_5m_input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct OutputDetails {
    #[serde(default, deserialize_with = "count")]
    thinking_tokens: Option<u64>,
}

impl WireUsage {
    /// Takes over what this object tells. Counts in a stream are cumulative, so later ones replace earlier ones.
    ///
    /// Some compatible servers tell the prompt at the start and zeros at the end, others tell at the end what of it was
    /// cached: zeros count only beside a prompt that is told anew.
    pub(super) fn merge_into(self, usage: &mut Usage) {
        let anew = self.input_tokens.is_some_and(|tokens| tokens > 0);
        let counts = |told: Option<u64>| told.filter(|tokens| anew || *tokens > 0);
        let set = |target: &mut u64, told: Option<u64>| {
            if let Some(told) = told {
                *target = told;
            }
        };
        set(&mut usage.input, counts(self.input_tokens));
        set(&mut usage.cache_read, counts(self.cache_read_input_tokens));
        set(&mut usage.output, self.output_tokens);
        let details = self.output_tokens_details.unwrap_or_default();
        set(&mut usage.reasoning, details.thinking_tokens);
        usage.service = self.speed.0.or(self.service_tier.0).or(usage.service);
        let total = counts(self.cache_creation_input_tokens);
        let split = self.cache_creation.unwrap_or_default();
        let short = counts(split.ephemeral_5m_input_tokens);
        let long = counts(split.ephemeral_1h_input_tokens);
        if short.is_some() || long.is_some() {
            let long = long.unwrap_or(0);
            let rest = total.map(|all| all.saturating_sub(long));
            usage.cache_write_1h = long;
            usage.cache_write_5m = short.or(rest).unwrap_or(0);
        } else if let Some(total) = total
            && total != usage.cache_write_5m + usage.cache_write_1h
        {
            // Without a split every write is a five-minute one; a total that the split already covers is not new.
            usage.cache_write_5m = total.saturating_sub(usage.cache_write_1h);
        }
    }
}

/// A `usage` object as it is written. The counts that clients read are always there.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation: ToldCreation,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<ToldDetails>,
}

#[derive(Debug, Serialize)]
struct ToldCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

#[derive(Debug, Serialize)]
struct ToldDetails {
    thinking_tokens: u64,
}

impl Told {
    pub(super) fn of(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input,
            cache_creation_input_tokens: usage.cache_write_5m + usage.cache_write_1h,
            cache_read_input_tokens: usage.cache_read,
            cache_creation: ToldCreation {
                ephemeral_5m_input_tokens: usage.cache_write_5m,
                ephemeral_1h_input_tokens: usage.cache_write_1h,
            },
            output_tokens: usage.output,
            output_tokens_details: (usage.reasoning > 0).then_some(ToldDetails {
                thinking_tokens: usage.reasoning,
            }),
        }
    }
}

/// Reads a whole (not streamed) answer: its usage, if told, and the model that answered.
pub fn read_answer(json: &[u8]) -> Option<(Option<Usage>, Option<String>)> {
    #[derive(Deserialize)]
    struct Answer {
        usage: Option<WireUsage>,
        model: Option<String>,
    }
    let answer: Answer = serde_json::from_slice(json).ok()?;
    let usage = answer.usage.map(|told| {
        let mut usage = Usage::default();
        told.merge_into(&mut usage);
        usage
    });
    Some((usage, answer.model))
}
