//! The wire types that are only written: borrowed from what is told, so that a conversation is not copied.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::json::Json;

/// A request's body.
#[derive(Default, Serialize)]
pub(super) struct Body<'a> {
    pub(super) model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) system: Option<System<'a>>,
    pub(super) messages: Vec<With<'a, Message<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<With<'a, ToolChoice>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<With<'a, Thinking>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_config: Option<With<'a, OutputConfig>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) stop_sequences: Cow<'a, [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metadata: Option<With<'a, Metadata<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<Cache<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream: Option<bool>,
}

/// Something written with fields that only the client's dialect has, behind its own.
#[derive(Default)]
pub(super) struct With<'a, T> {
    pub(super) value: T,
    pub(super) extra: Vec<(&'a str, Json)>,
}

impl<T> With<'_, T> {
    pub(super) fn plain(value: T) -> Self {
        Self {
            value,
            extra: Vec::new(),
        }
    }
}

impl<T: Serialize> Serialize for With<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error;
        if self.extra.is_empty() {
            return self.value.serialize(serializer);
        }
        let mut text = serde_json::to_string(&self.value).map_err(S::Error::custom)?;
        splice(&mut text, &self.extra);
        RawValue::from_string(text)
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

/// Adds fields to an object's text.
pub(super) fn splice(object: &mut String, extra: &[(&str, Json)]) {
    if extra.is_empty() || !object.ends_with('}') {
        return;
    }
    object.pop();
    for (name, value) in extra {
        if !object.ends_with('{') {
            object.push(',');
        }
        object.push_str(&serde_json::Value::from(*name).to_string());
        object.push(':');
        object.push_str(value.text());
    }
    object.push('}');
}

/// Instructions.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum System<'a> {
    Text(&'a str),
    Blocks(Vec<Block<'a>>),
}

/// A turn.
#[derive(Default, Serialize)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: Vec<Block<'a>>,
}

/// A block, or one in its own form.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Block<'a> {
    Native(Json),
    Said(With<'a, Said<'a>>),
}

impl<'a> Block<'a> {
    /// A block without more fields than these.
    pub(super) fn plain(said: Said<'a>) -> Self {
        Self::Said(With::plain(said))
    }

    /// Plain text.
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::plain(Said::Text {
            text: text.into(),
            citations: &[],
            cache_control: None,
        })
    }
}

/// A block's fields.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said<'a> {
    Text {
        text: Cow<'a, str>,
        #[serde(skip_serializing_if = "<[Json]>::is_empty")]
        citations: &'a [Json],
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Cache<'a>>,
    },
    Image {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Cache<'a>>,
    },
    Document {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        context: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        citations: Option<Enabled>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Cache<'a>>,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        input: &'a Json,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Cache<'a>>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<ResultContent<'a>>,
        #[serde(skip_serializing_if = "is_false")]
        is_error: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Cache<'a>>,
    },
    Thinking {
        thinking: &'a str,
        signature: Cow<'a, str>,
    },
    RedactedThinking {
        data: Cow<'a, str>,
    },
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_false(flag: &bool) -> bool {
    !flag
}

/// What a tool gave back.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ResultContent<'a> {
    Text(&'a str),
    Blocks(Vec<Block<'a>>),
}

/// `{"enabled": true}`.
#[derive(Serialize)]
pub(super) struct Enabled {
    pub(super) enabled: bool,
}

/// Where the bytes of a medium are.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'a> {
    Base64 {
        media_type: &'a str,
        data: &'a str,
    },
    Text {
        media_type: &'static str,
        data: Cow<'a, str>,
    },
    Url {
        url: &'a str,
    },
    File {
        file_id: &'a str,
    },
    Content {
        content: Vec<Block<'a>>,
    },
}

/// A cache mark.
pub(super) type Cache<'a> = With<'a, Ephemeral<'a>>;

/// The only kind of mark there is.
#[derive(Serialize)]
#[serde(tag = "type", rename = "ephemeral")]
pub(super) struct Ephemeral<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ttl: Option<&'a str>,
}

/// A tool.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Tool<'a> {
    Native(Json),
    Function(With<'a, Function<'a>>),
    Hosted(Hosted<'a>),
}

/// A function.
#[derive(Serialize)]
pub(super) struct Function<'a> {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<Cow<'a, str>>,
    pub(super) input_schema: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) strict: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<Cache<'a>>,
}

/// A tool that Anthropic runs.
#[derive(Serialize)]
pub(super) struct Hosted<'a> {
    pub(super) r#type: &'static str,
    pub(super) name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_uses: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) allowed_domains: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) blocked_domains: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_location: Option<&'a Json>,
}

/// Which tool must be used.
#[derive(Serialize)]
pub(super) struct ToolChoice {
    pub(super) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disable_parallel_tool_use: Option<bool>,
}

/// How thinking is switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Thinking {
    pub(super) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) budget_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display: Option<&'static str>,
}

/// Effort and form of the answer.
#[derive(Default, Serialize)]
pub(super) struct OutputConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<Format>,
}

/// A form by JSON Schema.
#[derive(Serialize)]
#[serde(tag = "type", rename = "json_schema")]
pub(super) struct Format {
    pub(super) schema: Json,
}

/// Who asks.
#[derive(Serialize)]
pub(super) struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<&'a str>,
}
