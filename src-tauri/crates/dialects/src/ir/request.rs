//! A request for an answer.

use std::cmp::Ordering;

use super::{At, CacheMark, Field, Notes, Own, Part, Reasoning, Text, Tool, ToolChoice};
use crate::{Dialect, json::Json};

/// A request for an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// The dialect that the client wrote it in, to which its `own` fields belong; `None` where nobody wrote it.
    pub dialect: Option<Dialect>,
    /// The model. The gateway puts the provider's name for it here before the request is written.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether a streaming client wants usage at the end (Chat `stream_options.include_usage`).
    pub stream_usage: bool,
    /// Leading instructions, in order.
    pub system: Vec<Text>,
    /// The conversation, in order. Neighbours may have the same role.
    pub turns: Vec<Turn>,
    /// Tools on offer.
    pub tools: Vec<Tool>,
    /// Which tool must be called.
    pub tool_choice: ToolChoice,
    /// Whether several calls at once are allowed.
    pub parallel_tools: Option<bool>,
    /// The most tokens to be generated, thinking included.
    pub max_tokens: Option<u64>,
    /// Texts at which generation ends.
    pub stop: Vec<String>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// How much to think.
    pub reasoning: Reasoning,
    /// What form the answer must have.
    pub format: Format,
    /// Automatic cache mark on the whole prompt (Anthropic top-level `cache_control`).
    pub cache: Option<CacheMark>,
    /// Which requests share a cache (OpenAI `prompt_cache_key`).
    pub cache_key: Option<String>,
    /// The end user, as an id.
    pub user: Option<String>,
    /// The client's session, where the body tells it.
    pub session: Option<String>,
    /// The client's own notes.
    pub metadata: Option<Json>,
    /// Service tier, in the client's words.
    pub tier: Option<String>,
    /// How wordy: low, medium, high.
    pub verbosity: Option<String>,
    /// Whether the vendor is to keep the answer for later reference.
    pub store: Option<bool>,
    /// Kinds of output wanted, where it is more than text (`audio`, `image`).
    pub modalities: Vec<String>,
    /// Fields that only the client's dialect has.
    pub own: Vec<Own>,
}

/// One turn of the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Whose turn it is. Tool results stand in turns of the user.
    pub role: Role,
    /// What is said. May be empty.
    pub parts: Vec<Part>,
    /// The speaker's name.
    pub name: Option<String>,
    /// Where it stands.
    pub at: At,
}

impl Turn {
    /// Whether it holds instructions, in the middle of the conversation.
    pub(crate) fn is_instruction(&self) -> bool {
        matches!(self.role, Role::System | Role::Developer)
    }

    /// Whether the client itself said nothing: no part, or empty text.
    pub(crate) fn is_blank(&self) -> bool {
        let is_empty = |part: &Part| matches!(part, Part::Text(text) if text.text.is_empty());
        self.parts.iter().all(is_empty)
    }
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Role {
    User,
    Assistant,
    /// Instructions in the middle of the conversation.
    System,
    /// The same, as newer OpenAI models call it.
    Developer,
}

/// How tokens are drawn. `None` is the model's default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampling {
    /// 0 to 2 (Anthropic 0 to 1).
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// How many candidates per token.
    pub top_k: Option<u64>,
    /// −2 to 2.
    pub frequency_penalty: Option<f64>,
    /// −2 to 2.
    pub presence_penalty: Option<f64>,
    /// For repeatable answers.
    pub seed: Option<i64>,
    /// How many answers; more than 1 only where told.
    pub choices: Option<u64>,
    /// Log probabilities wanted, of so many alternatives per token.
    pub logprobs: Option<u64>,
    /// Bias by token id.
    pub logit_bias: Option<Json>,
}

impl Sampling {
    /// Without settings that change nothing where the model knows no other value. Leaving those out is no loss.
    pub(crate) fn meant(&self) -> Self {
        let other_than = |usual: f64| move |value: &f64| (value - usual).abs() > f64::EPSILON;
        Self {
            temperature: self.temperature.filter(other_than(1.0)),
            top_p: self.top_p.filter(other_than(1.0)),
            frequency_penalty: self.frequency_penalty.filter(other_than(0.0)),
            presence_penalty: self.presence_penalty.filter(other_than(0.0)),
            logit_bias: self.logit_bias.clone().filter(|bias| !bias.is_empty()),
            ..self.clone()
        }
    }
}

/// What form the answer must have.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Format {
    /// Text.
    #[default]
    Text,
    /// Some JSON.
    Json,
    /// JSON that follows a schema.
    Schema {
        /// A name for it.
        name: Option<String>,
        /// What it is.
        description: Option<String>,
        /// The JSON Schema.
        schema: Json,
        /// Whether it must be followed exactly.
        strict: Option<bool>,
    },
    /// One of these texts and nothing else (Gemini `text/x.enum`).
    Choice(Vec<String>),
}

impl Format {
    /// The form as an instruction, for models that cannot be bound to it otherwise; `None` for text.
    pub(crate) fn in_words(&self) -> Option<String> {
        let alone = "Answer with JSON alone, without a code fence.";
        match self {
            Self::Text => None,
            Self::Json => Some(alone.to_owned()),
            Self::Schema { schema, .. } => Some(format!(
                "{alone} It must follow this JSON Schema:\n{}",
                schema.compact()
            )),
            Self::Choice(texts) => Some(format!(
                "Answer with exactly one of these and nothing else:\n{}",
                texts.join("\n")
            )),
        }
    }
}

impl Request {
    /// Whether anything of it is marked as worth caching.
    pub(crate) fn has_cache_marks(&self) -> bool {
        let marked = |part: &Part| match part {
            Part::Text(text) | Part::Refusal(text) => text.cache.is_some(),
            Part::Media(media) => media.cache.is_some(),
            Part::Call(call) => call.cache.is_some(),
            Part::Result(result) => result.cache.is_some(),
            Part::Thinking(_) | Part::Opaque { .. } => false,
        };
        self.cache.is_some()
            || self.system.iter().any(|text| text.cache.is_some())
            || self.tools.iter().any(|tool| tool.cache.is_some())
            || self.parts().any(marked)
    }

    /// Whether a choice of these names means this tool: it has one of them, and none outside of its group has it.
    pub(crate) fn is_named(&self, tool: &Tool, names: &[String]) -> bool {
        let outside = |other: &Tool| other.namespace.is_none() && other.name == tool.name;
        names.contains(&tool.name) && (tool.namespace.is_none() || !self.tools.iter().any(outside))
    }

    /// The most tokens to be generated, inside what a provider takes. None at all, with which Anthropic's clients warm
    /// a cache, is the least there.
    pub(crate) fn bounded_tokens(
        &self,
        least: u64,
        most: Option<u64>,
        notes: &mut Notes,
    ) -> Option<u64> {
        let wanted = self.max_tokens?;
        let bounded = wanted.min(most.unwrap_or(u64::MAX)).max(least);
        let why = match bounded.cmp(&wanted) {
            Ordering::Less => format!("the model writes at most {bounded} tokens"),
            Ordering::Greater => format!("the provider takes no less than {bounded}"),
            Ordering::Equal => return Some(wanted),
        };
        notes.lose_field(Field::MaxTokens, why);
        Some(bounded)
    }

    /// The client's own notes, where there are any.
    pub(crate) fn notes(&self) -> Option<&Json> {
        self.metadata.as_ref().filter(|notes| !notes.is_empty())
    }

    /// The service tier in OpenAI's words.
    pub(crate) fn openai_tier(&self) -> Option<&str> {
        self.tier.as_deref().map(|tier| match tier {
            "standard" | "standard_only" => "default",
            tier => tier,
        })
    }

    /// The service tier that is asked for, where the provider is not left to choose.
    pub(crate) fn meant_tier(&self) -> Option<&str> {
        self.tier
            .as_deref()
            .filter(|tier| !tier.eq_ignore_ascii_case("auto"))
    }

    /// All parts of all turns.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.turns.iter().flat_map(|turn| &turn.parts)
    }
}
