//! Places in Gemini's names.

use super::request_in::spell_tool;
use crate::ir::{At, Field, Place, ToolField};

/// A place, for messages.
pub(super) fn place(place: &Place) -> String {
    match place {
        Place::Field(field) => self::field(*field).to_owned(),
        Place::System(at) => format!("systemInstruction.parts[{}]", at.item),
        Place::Turn(at) => turn(at),
        Place::Tool(at) => spell_tool(*at),
        Place::ToolField(_, ToolField::Strict) => {
            "toolConfig.functionCallingConfig.mode".to_owned()
        }
        Place::ToolField(at, ToolField::Schema) => format!("{}.parameters", spell_tool(*at)),
        Place::Own(path) => path.clone().into_owned(),
    }
}

/// A content, a part of it, or a part of a response in it.
pub(super) fn turn(at: &At) -> String {
    match (at.part, at.inner) {
        (None, _) => format!("contents[{}]", at.item),
        (Some(part), None) => format!("contents[{}].parts[{part}]", at.item),
        (Some(part), Some(inner)) => {
            format!(
                "contents[{}].parts[{part}].functionResponse.parts[{inner}]",
                at.item
            )
        }
    }
}

fn field(field: Field) -> &'static str {
    match field {
        Field::Model => "model",
        Field::Stream => "alt",
        Field::MaxTokens => "generationConfig.maxOutputTokens",
        Field::Stop => "generationConfig.stopSequences",
        Field::Temperature => "generationConfig.temperature",
        Field::TopP => "generationConfig.topP",
        Field::TopK => "generationConfig.topK",
        Field::FrequencyPenalty => "generationConfig.frequencyPenalty",
        Field::PresencePenalty => "generationConfig.presencePenalty",
        Field::Seed => "generationConfig.seed",
        Field::Choices => "generationConfig.candidateCount",
        Field::Logprobs => "generationConfig.responseLogprobs",
        Field::LogitBias => "generationConfig.logitBias",
        Field::Tools => "tools",
        Field::ToolChoice | Field::ParallelTools => "toolConfig.functionCallingConfig",
        Field::Reasoning => "generationConfig.thinkingConfig",
        Field::Format => "generationConfig.responseMimeType",
        Field::CacheMarks | Field::CacheKey => "cachedContent",
        Field::User | Field::Metadata => "labels",
        Field::Tier => "serviceTier",
        Field::Verbosity => "generationConfig.verbosity",
        Field::Modalities => "generationConfig.responseModalities",
        Field::Store => "store",
    }
}
