//! Places in Ollama's names.

use crate::ir::{At, Field, Place, ToolField};

/// A place, for messages.
pub(super) fn place(place: &Place) -> String {
    match place {
        Place::Field(field) => self::field(*field).to_owned(),
        Place::System(at) | Place::Turn(at) => turn(*at),
        Place::Tool(at) => format!("tools[{at}]"),
        Place::ToolField(at, ToolField::Strict) => format!("tools[{at}].function.strict"),
        Place::ToolField(at, ToolField::Schema) => format!("tools[{at}].function.parameters"),
        Place::Own(path) => path.clone().into_owned(),
    }
}

/// A message; its parts are images, the parts inside are calls.
pub(super) fn turn(at: At) -> String {
    match (at.part, at.inner) {
        (None, None) => format!("messages[{}]", at.item),
        (_, Some(call)) => format!("messages[{}].tool_calls[{call}]", at.item),
        (Some(image), None) => format!("messages[{}].images[{image}]", at.item),
    }
}

fn field(field: Field) -> &'static str {
    match field {
        Field::Model => "model",
        Field::Stream => "stream",
        Field::MaxTokens => "options.num_predict",
        Field::Stop => "options.stop",
        Field::Temperature => "options.temperature",
        Field::TopP => "options.top_p",
        Field::TopK => "options.top_k",
        Field::FrequencyPenalty => "options.frequency_penalty",
        Field::PresencePenalty => "options.presence_penalty",
        Field::Seed => "options.seed",
        Field::Choices => "n",
        Field::Logprobs => "logprobs",
        Field::LogitBias => "logit_bias",
        Field::Tools => "tools",
        Field::ToolChoice => "tool_choice",
        Field::ParallelTools => "parallel_tool_calls",
        Field::Reasoning => "think",
        Field::Format => "format",
        Field::CacheMarks | Field::CacheKey => "keep_alive",
        Field::User => "user",
        Field::Metadata => "metadata",
        Field::Tier => "service_tier",
        Field::Verbosity => "verbosity",
        Field::Modalities => "modalities",
        Field::Store => "store",
    }
}
