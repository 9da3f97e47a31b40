//! Places in a client's request, and what is said about them: lost there, or refused.

use std::borrow::Cow;

use crate::json::Json;

/// Where something stands in the client's request. Each dialect spells it in its own names
/// ([`crate::Codec::spell`]), so that a person finds it in what they sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A setting that several dialects have.
    Field(Field),
    /// A part of the leading instructions.
    System(At),
    /// A turn or a part of one.
    Turn(At),
    /// A tool's definition, by its position.
    Tool(u32),
    /// A field of a tool's definition, by the tool's position.
    ToolField(u32, ToolField),
    /// A field that only the client's dialect has, by its path.
    Own(Cow<'static, str>),
}

/// A field of a tool's definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ToolField {
    /// Whether arguments are held to the schema.
    Strict,
    /// The schema of the arguments.
    Schema,
}

/// A position in a list of turns: the item, the part of it and the part inside that part, each from 0.
///
/// Two requests that differ only in where their parts stood say the same, so places never make anything unequal.
#[derive(Debug, Clone, Copy, Default)]
pub struct At {
    /// Message, item or content.
    pub item: u32,
    /// Block or part.
    pub part: Option<u32>,
    /// Part of a tool result.
    pub inner: Option<u32>,
}

impl At {
    /// The item itself.
    pub fn item(item: usize) -> Self {
        Self {
            item: item as u32,
            part: None,
            inner: None,
        }
    }

    /// A part of this item.
    #[must_use]
    pub fn part(self, part: usize) -> Self {
        Self {
            part: Some(part as u32),
            ..self
        }
    }

    /// A part inside this part.
    #[must_use]
    pub fn inner(self, inner: usize) -> Self {
        Self {
            inner: Some(inner as u32),
            ..self
        }
    }
}

impl PartialEq for At {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for At {}

/// A setting that several dialects have, each under a name of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is the field of `Request` of the same name
pub enum Field {
    Model,
    Stream,
    MaxTokens,
    Stop,
    Temperature,
    TopP,
    TopK,
    FrequencyPenalty,
    PresencePenalty,
    Seed,
    Choices,
    Logprobs,
    LogitBias,
    Tools,
    ToolChoice,
    ParallelTools,
    Reasoning,
    Format,
    CacheMarks,
    CacheKey,
    User,
    Metadata,
    Tier,
    Verbosity,
    Modalities,
    Store,
}

/// Something the target cannot say, which was left out or said more roughly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// What.
    pub place: Place,
    /// What became of it, in a few words for people.
    pub why: Cow<'static, str>,
}

impl Loss {
    /// A loss of this, for this reason.
    pub fn new(place: Place, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            place,
            why: why.into(),
        }
    }

    /// A loss of a setting.
    pub fn field(field: Field, why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Place::Field(field), why)
    }
}

/// Something the target cannot say and that may not be left out: the request is answered with 400 instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What.
    pub place: Place,
    /// Why, as a sentence without the place: "Gemini takes no more than 5 stop sequences".
    pub why: Cow<'static, str>,
}

impl Refusal {
    /// A refusal of this, for this reason.
    pub fn new(place: Place, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            place,
            why: why.into(),
        }
    }

    /// A refusal of a setting.
    pub fn field(field: Field, why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Place::Field(field), why)
    }
}

/// A field that only the client's dialect has.
#[derive(Debug, Clone, PartialEq)]
pub struct Own {
    /// Its path, such as `context_management` or `messages[3].phase`.
    pub path: Cow<'static, str>,
    /// Its value, for a provider of the same dialect.
    pub value: Json,
    /// What happens to it at a provider of another dialect.
    pub fate: Fate,
}

/// What happens to a field when a request leaves its dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It changes nothing elsewhere: left out without a word.
    Ignore,
    /// Left out, and listed as lost.
    Lose,
    /// The request is refused with this sentence.
    Refuse(Cow<'static, str>),
}
