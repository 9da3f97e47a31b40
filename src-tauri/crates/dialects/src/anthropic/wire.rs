//! The wire types of requests and answers, as Anthropic's SDK types name them. Blocks of all types are one struct.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use crate::{
    json::Json,
    wire::{Content, wire},
};

wire! {
    /// A Messages or count-tokens request.
    pub(super) struct Body {
        model: String = "model",
        max_tokens: u64 = "max_tokens",
        system: Content<Block> = "system",
        messages: Vec<Message> = "messages",
        tools: Vec<Tool> = "tools",
        tool_choice: ToolChoice = "tool_choice",
        thinking: Thinking = "thinking",
        output_config: OutputConfig = "output_config",
        output_format: Format = "output_format",
        stop_sequences: Vec<String> = "stop_sequences",
        temperature: f64 = "temperature",
        top_p: f64 = "top_p",
        top_k: u64 = "top_k",
        metadata: Metadata = "metadata",
        service_tier: String = "service_tier",
        cache_control: CacheControl = "cache_control",
        stream: bool = "stream",
    }
}

wire! {
    /// A turn.
    pub(super) struct Message {
        role: String = "role",
        content: Content<Block> = "content",
    }
}

wire! {
    /// A content block of any type.
    pub(super) struct Block {
        kind: String = "type",
        text: String = "text",
        citations: Json = "citations",
        source: Inner<Source> = "source",
        title: String = "title",
        context: String = "context",
        id: String = "id",
        name: String = "name",
        input: Json = "input",
        tool_use_id: String = "tool_use_id",
        content: Inner<Block> = "content",
        is_error: bool = "is_error",
        thinking: String = "thinking",
        signature: String = "signature",
        data: String = "data",
        tool_name: String = "tool_name",
        cache_control: CacheControl = "cache_control",
    }
}

wire! {
    /// Where the bytes of an image or a document are.
    pub(super) struct Source {
        kind: String = "type",
        media_type: String = "media_type",
        data: String = "data",
        url: String = "url",
        file_id: String = "file_id",
        content: Content<Block> = "content",
    }
}

wire! {
    /// A cache mark.
    pub(super) struct CacheControl {
        kind: String = "type",
        ttl: String = "ttl",
    }
}

wire! {
    /// A tool of the client's or a server's.
    pub(super) struct Tool {
        kind: String = "type",
        name: String = "name",
        description: String = "description",
        input_schema: Json = "input_schema",
        strict: bool = "strict",
        max_uses: u64 = "max_uses",
        allowed_domains: Vec<String> = "allowed_domains",
        blocked_domains: Vec<String> = "blocked_domains",
        user_location: Json = "user_location",
        cache_control: CacheControl = "cache_control",
    }
}

wire! {
    /// Which tool must be used.
    pub(super) struct ToolChoice {
        kind: String = "type",
        name: String = "name",
        disable_parallel_tool_use: bool = "disable_parallel_tool_use",
    }
}

wire! {
    /// How thinking is switched.
    pub(super) struct Thinking {
        kind: String = "type",
        budget_tokens: u64 = "budget_tokens",
        display: String = "display",
    }
}

wire! {
    /// Effort and form of the answer.
    pub(super) struct OutputConfig {
        effort: String = "effort",
        format: Format = "format",
    }
}

wire! {
    /// The form of the answer.
    pub(super) struct Format {
        kind: String = "type",
        schema: Json = "schema",
    }
}

wire! {
    /// Who asks.
    pub(super) struct Metadata {
        user_id: String = "user_id",
    }
}

/// A string, a list, or one object: `content` of results, `source` of media and search results.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Inner<T> {
    /// A plain string.
    Text(String),
    /// A list.
    List(Vec<T>),
    /// One object.
    Object(Box<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Inner<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Any<T> {
            type Value = Inner<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a list or an object")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Inner::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Inner::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Inner::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let object = T::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Inner::Object(Box::new(object)))
            }
        }
        deserializer.deserialize_any(Any(PhantomData))
    }
}

impl<T: Serialize> Serialize for Inner<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => list.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}
