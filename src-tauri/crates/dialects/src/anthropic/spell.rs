//! Places of a request in the names that a Messages client wrote.

use crate::ir::{At, Field, Part, Place, ToolField};

pub(super) fn spell(place: &Place) -> String {
    match place {
        Place::Field(field) => self::field(*field).to_owned(),
        Place::System(at) => format!("system[{}]", at.item),
        Place::Turn(at) => turn(*at),
        Place::Tool(index) => format!("tools[{index}]"),
        Place::ToolField(at, ToolField::Strict) => format!("tools[{at}].strict"),
        Place::ToolField(at, ToolField::Schema) => format!("tools[{at}].input_schema"),
        Place::Own(path) => path.clone().into_owned(),
    }
}

/// `messages[1]`, `messages[1].content[0]`, or a block inside that block.
pub(super) fn turn(at: At) -> String {
    let item = at.item;
    match (at.part, at.inner) {
        (None, _) => format!("messages[{item}]"),
        (Some(part), None) => format!("messages[{item}].content[{part}]"),
        (Some(part), Some(inner)) => format!("messages[{item}].content[{part}].content[{inner}]"),
    }
}

/// Where a part stands.
pub(super) fn place_of(part: &Part) -> At {
    match part {
        Part::Text(text) | Part::Refusal(text) => text.at,
        Part::Media(media) => media.at,
        Part::Call(call) => call.at,
        Part::Result(result) => result.at,
        Part::Thinking(thinking) => thinking.at,
        Part::Opaque { at, .. } => *at,
    }
}

fn field(field: Field) -> &'static str {
    match field {
        Field::Model => "model",
        Field::Stream => "stream",
        Field::MaxTokens => "max_tokens",
        Field::Stop => "stop_sequences",
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
        Field::ParallelTools => "tool_choice.disable_parallel_tool_use",
        Field::Reasoning => "thinking",
        Field::Format => "output_config.format",
        Field::CacheMarks => "cache_control",
        // Claude Code packs its session into it, by which requests share a cache.
        Field::CacheKey | Field::User => "metadata.user_id",
        Field::Metadata => "metadata",
        Field::Tier => "service_tier",
        Field::Verbosity => "verbosity",
        Field::Modalities => "modalities",
        Field::Store => "store",
    }
}
