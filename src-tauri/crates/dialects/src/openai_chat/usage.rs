//! Tokens. Prompt tokens include those of the cache, completion tokens those of thinking.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    Usage,
    wire::{self, wire},
};

wire! {
    /// `usage`.
    pub(crate) struct UsageWire {
        prompt: Count = "prompt_tokens" | "input_tokens",
        completion: Count = "completion_tokens" | "output_tokens",
        total: Count = "total_tokens",
        prompt_details: PromptDetails = "prompt_tokens_details",
        completion_details: CompletionDetails = "completion_tokens_details",
        /// DeepSeek.
        cache_hit: Count = "prompt_cache_hit_tokens",
        /// Kimi.
        cached: Count = "cached_tokens",
    }
}

wire! {
    /// `prompt_tokens_details`.
    pub(crate) struct PromptDetails {
        cached: Count = "cached_tokens",
        written: Count = "cache_write_tokens",
    }
}

wire! {
    /// `completion_tokens_details`.
    pub(crate) struct CompletionDetails {
        reasoning: Count = "reasoning_tokens",
    }
}

/// A count; whatever is none counts as nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count(u64);

impl Count {
    pub(crate) fn get(self) -> u64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let told = wire::count(deserializer)?;
        Ok(Self(told.unwrap_or_default()))
    }
}

impl Serialize for Count {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

/// Reads usage; `None` where nothing is told in it.
pub(crate) fn read(wire: &UsageWire) -> Option<Usage> {
    if wire.prompt.is_none() && wire.completion.is_none() {
        return None;
    }
    let count = |count: Option<Count>| count.unwrap_or_default().0;
    let prompt = count(wire.prompt);
    let details = wire.prompt_details.clone().unwrap_or_default();
    let cache_read = [wire.cache_hit, wire.cached, details.cached]
        .into_iter()
        .map(count)
        .find(|cached| *cached > 0)
        .unwrap_or_default();
    let cache_write = count(details.written);
    let reasoning = wire.completion_details.as_ref();
    let reasoning = count(reasoning.and_then(|details| details.reasoning));
    let completion = count(wire.completion);
    // Some count thinking beside the completion; their total tells.
    let apart = reasoning > 0 && count(wire.total) == prompt + completion + reasoning;
    let output = if apart {
        completion + reasoning
    } else {
        completion
    };
    Some(Usage {
        input: prompt.saturating_sub(cache_read + cache_write),
        output,
        cache_read,
        cache_write_5m: cache_write,
        cache_write_1h: 0,
        reasoning: reasoning.min(output),
        estimated: false,
        service: None,
    })
}

/// `usage` as it is printed.
#[derive(Debug, Serialize)]
pub(crate) struct Printed {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PrintedPrompt,
    completion_tokens_details: PrintedCompletion,
}

#[derive(Debug, Serialize)]
struct PrintedPrompt {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Debug, Serialize)]
struct PrintedCompletion {
    reasoning_tokens: u64,
}

/// Usage as a client reads it.
pub(crate) fn print(usage: &Usage) -> Printed {
    let written = usage.cache_write_5m + usage.cache_write_1h;
    let prompt = usage.input + usage.cache_read + written;
    Printed {
        prompt_tokens: prompt,
        completion_tokens: usage.output,
        total_tokens: prompt + usage.output,
        prompt_tokens_details: PrintedPrompt {
            cached_tokens: usage.cache_read,
            cache_write_tokens: written,
        },
        completion_tokens_details: PrintedCompletion {
            reasoning_tokens: usage.reasoning,
        },
    }
}
