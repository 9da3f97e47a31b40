//! What turns and answers are made of.

use std::borrow::Cow;

use super::{At, CacheMark, CallKind, Seal};
use crate::{Dialect, json::Json};

/// A part of a turn or an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text.
    Text(Text),
    /// An image, a document, audio or video.
    Media(Media),
    /// The model calls a tool.
    Call(Call),
    /// What a tool gave back.
    Result(ToolResult),
    /// What the model thought.
    Thinking(Thinking),
    /// The model declines, in words (OpenAI `refusal`).
    Refusal(Text),
    /// Something only `dialect` knows: server tool blocks, hosted tool items. Other dialects list it as lost.
    Opaque {
        /// Whose it is.
        dialect: Dialect,
        /// Its `type`.
        kind: String,
        /// The whole of it.
        value: Json,
        /// Where it stands.
        at: At,
    },
}

/// Text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Sources, each as the provider wrote it; the same dialect gives them back, others lose them.
    pub citations: Vec<Json>,
    /// "Cache up to here."
    pub cache: Option<CacheMark>,
    /// Where it stands.
    pub at: At,
}

impl Text {
    /// Plain text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

/// An image, a document, audio or video.
#[derive(Debug, Clone, PartialEq)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Where its bytes are.
    pub source: Source,
    /// A file name or title.
    pub title: Option<String>,
    /// What it is about, for the model (Anthropic `context`).
    pub context: Option<String>,
    /// How closely an image is to be looked at (OpenAI `detail`: low, high, original, auto).
    pub detail: Option<String>,
    /// Whether the model is to cite it (Anthropic `citations.enabled`).
    pub cite: bool,
    /// "Cache up to here."
    pub cache: Option<CacheMark>,
    /// Where it stands.
    pub at: At,
}

/// What a medium is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MediaKind {
    Image,
    Document,
    Audio,
    Video,
}

impl MediaKind {
    /// What a media type such as `image/png` is; a document where it is nothing better.
    pub fn of_mime(mime: &str) -> Self {
        match mime.split('/').next() {
            Some("image") => Self::Image,
            Some("audio") => Self::Audio,
            Some("video") => Self::Video,
            _ => Self::Document,
        }
    }
}

/// Where the bytes of a medium are.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// In the request, as standard base64.
    Base64 {
        /// Media type such as `image/png`.
        mime: String,
        /// Base64 without a `data:` prefix.
        data: String,
    },
    /// Plain text in the request (a text document).
    Text(String),
    /// Parts in the request (Anthropic `document` with `content`).
    Parts(Vec<Part>),
    /// At an address.
    Url {
        /// `https://…`, `gs://…`.
        url: String,
        /// Media type, if told.
        mime: Option<String>,
    },
    /// With the vendor, under this id, which no other vendor knows.
    File {
        /// Whose it is.
        dialect: Dialect,
        /// The id, or the URI of Gemini's Files API.
        id: String,
        /// Media type, if told.
        mime: Option<String>,
    },
}

impl Source {
    /// Reads a `data:` URL; `None` when it is another URL or not base64.
    pub fn of_data_url(url: &str) -> Option<Self> {
        let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
        let mime = head.strip_suffix(";base64")?;
        let mime = mime.split(';').next().unwrap_or_default();
        Some(Self::Base64 {
            mime: mime.to_owned(),
            data: data.to_owned(),
        })
    }

    /// As a `data:` URL, where the bytes are here.
    pub fn data_url(&self) -> Option<String> {
        match self {
            Self::Base64 { mime, data } => Some(format!("data:{mime};base64,{data}")),
            _ => None,
        }
    }

    /// The media type, if known.
    pub fn mime(&self) -> Option<&str> {
        match self {
            Self::Base64 { mime, .. } => Some(mime),
            Self::Text(_) => Some("text/plain"),
            Self::Url { mime, .. } | Self::File { mime, .. } => mime.as_deref(),
            Self::Parts(_) => None,
        }
    }
}

/// The model calls a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Correlates the call with its result. Never empty: where a dialect has none, its reader makes one.
    pub id: String,
    /// The tool.
    pub name: String,
    /// What the client knows the tool as.
    pub kind: CallKind,
    /// Arguments: an object for functions, `{"input": "…"}` for free-form tools. In a client's history also a string,
    /// the text of arguments that are no object.
    pub arguments: Json,
    /// Reasoning state that belongs to the call itself (Gemini). Only a request that a Gemini client wrote has it: answers,
    /// and the history that other clients make of them, tell it in a [`Thinking`] part before the call.
    pub seal: Option<Seal>,
    /// "Cache up to here."
    pub cache: Option<CacheMark>,
    /// Where it stands.
    pub at: At,
}

impl Call {
    /// Arguments as a client's history tells them: the text itself, as a JSON string, where they are no object. A model
    /// that was cut leaves such text behind.
    pub(crate) fn told_arguments(text: &str) -> Json {
        match text.trim() {
            "" | "null" => Json::empty_object(),
            trimmed if trimmed.starts_with('{') => {
                let object = Json::parse(trimmed);
                object.unwrap_or_else(|_| Json::of(&text))
            }
            _ => Json::of(&text),
        }
    }

    /// Arguments for dialects that write them as text.
    pub(crate) fn arguments_text(&self) -> Cow<'_, str> {
        let text = self.arguments.read();
        text.map_or_else(|_| self.arguments.compact(), Cow::Owned)
    }
}

/// What a tool gave back.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// The call that it answers.
    pub call_id: String,
    /// The tool, where the dialect tells it (Gemini, Ollama).
    pub name: Option<String>,
    /// Text and media; empty for a result without content.
    pub parts: Vec<Part>,
    /// The tool failed.
    pub is_error: bool,
    /// "Cache up to here."
    pub cache: Option<CacheMark>,
    /// Where it stands.
    pub at: At,
}

impl ToolResult {
    /// All its text, joined with line feeds.
    pub fn text(&self) -> String {
        let mut texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.text.as_str()),
            _ => None,
        });
        let mut joined = texts.next().unwrap_or_default().to_owned();
        for text in texts {
            joined.push('\n');
            joined.push_str(text);
        }
        joined
    }

    /// What is not text.
    pub fn media(&self) -> impl Iterator<Item = &Media> {
        self.parts.iter().filter_map(|part| match part {
            Part::Media(media) => Some(media),
            _ => None,
        })
    }
}

/// What the model thought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Thinking {
    /// The text, a summary of it, or nothing where only the seal is told.
    pub text: String,
    /// What the vendor wants back.
    pub seal: Option<Seal>,
    /// The vendor shows nothing of it (Anthropic `redacted_thinking`).
    pub redacted: bool,
    /// Where it stands.
    pub at: At,
}
