//! Token counts. Gemini's prompt includes what was cached; its candidates exclude thoughts, with exceptions.

use super::wire::{Int, UsageMetadata};
use crate::Usage;

/// Gemini's figures in the common form.
pub(super) fn read(told: &UsageMetadata) -> Usage {
    let count = |told: Option<Int>| told.map_or(0, Int::count);
    let (cached, thoughts) = (count(told.cached), count(told.thoughts));
    let prompt = count(told.prompt) + count(told.tools);
    let candidates = count(told.candidates);
    // Some endpoints count thoughts among the candidates: the total gives them away.
    let included = thoughts > 0 && prompt + candidates == count(told.total);
    Usage {
        input: prompt.saturating_sub(cached),
        output: candidates + if included { 0 } else { thoughts },
        cache_read: cached,
        reasoning: thoughts,
        service: [told.tier, told.traffic]
            .into_iter()
            .flatten()
            .find_map(|tier| tier.0),
        ..Usage::default()
    }
}

/// The common form in Gemini's figures.
pub(super) fn write(usage: &Usage) -> UsageMetadata {
    let prompt = usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h;
    let some = |count: u64| (count > 0).then(|| Int::of(count));
    UsageMetadata {
        prompt: Some(Int::of(prompt)),
        cached: some(usage.cache_read),
        candidates: Some(Int::of(usage.output.saturating_sub(usage.reasoning))),
        thoughts: some(usage.reasoning),
        total: Some(Int::of(prompt + usage.output.max(usage.reasoning))),
        ..UsageMetadata::default()
    }
}
