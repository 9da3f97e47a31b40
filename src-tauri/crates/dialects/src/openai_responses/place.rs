//! Places of a request in the names of the Responses reference.
//!
//! Instructions of the top level stand at the default position; those of leading items, and all turns, at the item
//! and its part. A part of a tool's output is the inner position of its item.

use crate::ir::{At, Field, Place, ToolField};

/// Where the top-level `instructions` stand: no item has a part of none inside.
pub(super) fn instructions() -> At {
    At::default()
}

pub(super) fn spell(place: &Place) -> String {
    match place {
        Place::Field(field) => name(*field).to_owned(),
        Place::System(at) if at.part.is_none() => "instructions".to_owned(),
        Place::System(at) | Place::Turn(at) => position(*at),
        Place::Tool(at) => format!("tools[{at}]"),
        Place::ToolField(at, ToolField::Strict) => format!("tools[{at}].strict"),
        Place::ToolField(at, ToolField::Schema) => format!("tools[{at}].parameters"),
        Place::Own(path) => path.to_string(),
    }
}

fn position(at: At) -> String {
    match (at.part, at.inner) {
        (_, Some(inner)) => format!("input[{}].output[{inner}]", at.item),
        (Some(part), None) => format!("input[{}].content[{part}]", at.item),
        (None, None) => format!("input[{}]", at.item),
    }
}

fn name(field: Field) -> &'static str {
    match field {
        Field::Model => "model",
        Field::Stream => "stream",
        Field::MaxTokens => "max_output_tokens",
        Field::Stop => "stop",
        Field::Temperature => "temperature",
        Field::TopP => "top_p",
        Field::TopK => "top_k",
        Field::FrequencyPenalty => "frequency_penalty",
        Field::PresencePenalty => "presence_penalty",
        Field::Seed => "seed",
        Field::Choices => "n",
        Field::Logprobs => "top_logprobs",
        Field::LogitBias => "logit_bias",
        Field::Tools => "tools",
        Field::ToolChoice => "tool_choice",
        Field::ParallelTools => "parallel_tool_calls",
        Field::Reasoning => "reasoning",
        Field::Format => "text.format",
        Field::CacheMarks => "prompt_cache_breakpoint",
        Field::CacheKey => "prompt_cache_key",
        Field::User => "safety_identifier",
        Field::Metadata => "metadata",
        Field::Tier => "service_tier",
        Field::Verbosity => "text.verbosity",
        Field::Modalities => "modalities",
        Field::Store => "store",
    }
}
