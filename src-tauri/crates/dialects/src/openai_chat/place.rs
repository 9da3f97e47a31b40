//! Places in the names of this dialect.

use crate::ir::{At, Field, Place, ToolField};

/// `messages[2].content[0]`, `messages[1].tool_calls[0]`, `tools[3]`, `stop`.
pub(crate) fn spell(place: &Place) -> String {
    match place {
        Place::Field(field) => name(*field).to_owned(),
        Place::System(at) | Place::Turn(at) => position(*at),
        Place::Tool(at) => format!("tools[{at}]"),
        Place::ToolField(at, ToolField::Strict) => format!("tools[{at}].function.strict"),
        Place::ToolField(at, ToolField::Schema) => format!("tools[{at}].function.parameters"),
        Place::Own(path) => path.clone().into_owned(),
    }
}

/// Calls have no part: their position is the `inner` one.
fn position(at: At) -> String {
    let message = format!("messages[{}]", at.item);
    match (at.part, at.inner) {
        (Some(part), _) => format!("{message}.content[{part}]"),
        (None, Some(call)) => format!("{message}.tool_calls[{call}]"),
        (None, None) => message,
    }
}

fn name(field: Field) -> &'static str {
    match field {
        Field::Model => "model",
        Field::Stream => "stream",
        Field::MaxTokens => "max_tokens",
        Field::Stop => "stop",
        Field::Temperature => "temperature",
        Field::TopP => "top_p",
        Field::TopK => "top_k",
        Field::FrequencyPenalty => "frequency_penalty",
        Field::PresencePenalty => "presence_penalty",
        Field::Seed => "seed",
        Field::Choices => "n",
        Field::Logprobs => "logprobs",
        Field::LogitBias => "logit_bias",
        Field::Tools => "tools",
        Field::ToolChoice => "tool_choice",
        Field::ParallelTools => "parallel_tool_calls",
        Field::Reasoning => "reasoning_effort",
        Field::Format => "response_format",
        Field::CacheMarks => "prompt_cache_breakpoint",
        Field::CacheKey => "prompt_cache_key",
        Field::User => "user",
        Field::Metadata => "metadata",
        Field::Tier => "service_tier",
        Field::Verbosity => "verbosity",
        Field::Modalities => "modalities",
        Field::Store => "store",
    }
}
