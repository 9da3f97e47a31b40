//! Requests as they are printed: everything is borrowed from the intermediate form where it stands there already.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{ir::Grammar, json::Json};

/// Fields that a client's own dialect brought along.
#[derive(Debug, Default, Clone)]
pub(crate) struct Extras<'a>(pub(crate) Vec<(&'a str, &'a Json)>);

impl Serialize for Extras<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The whole request.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) struct Body<'a> {
    pub(crate) model: &'a str,
    pub(crate) messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<Tool<'a>>,
    #[serde(flatten)]
    pub(crate) choice: Choice,
    #[serde(flatten)]
    pub(crate) settings: Settings<'a>,
    #[serde(flatten)]
    pub(crate) thinking: Switch<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) web_search_options: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stream_options: Option<StreamOptions<'a>>,
    #[serde(flatten)]
    pub(crate) own: Extras<'a>,
}

/// What goes with tools.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Choice {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_choice: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parallel_tool_calls: Option<bool>,
}

/// Plain settings.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Settings<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) logit_bias: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verbosity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_tier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) safety_identifier: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt_cache_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt_cache_options: Option<Mark>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) modalities: &'a [String],
}

/// How thinking is switched, by whatever name.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Switch<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking: Option<TypeSwitch<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enable_thinking: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking_budget: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning: Option<ObjectSwitch<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chat_template_kwargs: Option<TemplateSwitch<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) think: Option<bool>,
}

/// `thinking`.
#[derive(Debug, Serialize)]
pub(crate) struct TypeSwitch<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) budget_tokens: Option<u64>,
    #[serde(flatten)]
    pub(crate) own: Extras<'a>,
}

/// `reasoning`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ObjectSwitch<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exclude: Option<bool>,
    #[serde(flatten)]
    pub(crate) own: Extras<'a>,
}

/// `chat_template_kwargs`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct TemplateSwitch<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enable_thinking: Option<bool>,
    #[serde(flatten)]
    pub(crate) own: Extras<'a>,
}

/// `stream_options`.
#[derive(Debug, Serialize)]
pub(crate) struct StreamOptions<'a> {
    pub(crate) include_usage: bool,
    #[serde(flatten)]
    pub(crate) own: Extras<'a>,
}

/// A message.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Message<'a> {
    pub(crate) role: &'static str,
    pub(crate) content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning_content: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reasoning_details: Vec<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) annotations: Vec<Json>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_call_id: Option<String>,
    #[serde(flatten)]
    pub(crate) own: Extras<'a>,
}

/// Content of a message.
#[derive(Debug, Default, Serialize)]
#[serde(untagged)]
pub(crate) enum Content<'a> {
    /// `null`: nothing but calls.
    #[default]
    Null,
    /// A string.
    Text(Cow<'a, str>),
    /// Parts.
    List(Vec<Part<'a>>),
}

/// A part.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Part<'a> {
    /// One that this crate knows.
    Known {
        /// What it is.
        #[serde(flatten)]
        kind: PartKind<'a>,
        /// "Cache up to here."
        #[serde(skip_serializing_if = "Option::is_none")]
        prompt_cache_breakpoint: Option<Mark>,
        /// What else stood in it.
        #[serde(flatten)]
        own: Extras<'a>,
    },
    /// One that only this dialect knows.
    Raw(&'a Json),
}

/// Kinds of parts.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum PartKind<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: Url<'a> },
    VideoUrl { video_url: Url<'a> },
    InputAudio { input_audio: Audio<'a> },
    File { file: File<'a> },
}

/// `image_url`, `video_url`.
#[derive(Debug, Serialize)]
pub(crate) struct Url<'a> {
    pub(crate) url: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<&'a str>,
}

/// `input_audio`.
#[derive(Debug, Serialize)]
pub(crate) struct Audio<'a> {
    pub(crate) data: &'a str,
    pub(crate) format: &'static str,
}

/// `file`.
#[derive(Debug, Serialize)]
pub(crate) struct File<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) filename: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "file_data")]
    pub(crate) data: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "file_id")]
    pub(crate) id: Option<&'a str>,
}

/// A mark of the cache.
#[derive(Debug, Serialize)]
pub(crate) struct Mark {
    pub(crate) mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ttl: Option<String>,
}

/// A call.
#[derive(Debug, Serialize)]
pub(crate) struct Call<'a> {
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) kind: CallKind<'a>,
}

/// Kinds of calls.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum CallKind<'a> {
    Function { function: Called<'a> },
    Custom { custom: Freely<'a> },
}

/// A function that is called.
#[derive(Debug, Serialize)]
pub(crate) struct Called<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) arguments: Cow<'a, str>,
}

/// A free-form tool that is called.
#[derive(Debug, Serialize)]
pub(crate) struct Freely<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) input: String,
}

/// A tool.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Tool<'a> {
    /// One that this crate knows.
    Known(ToolKind<'a>),
    /// One as its client wrote it.
    Raw(&'a Json),
}

/// Kinds of tools.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ToolKind<'a> {
    Function { function: Function<'a> },
    Custom { custom: Custom<'a> },
}

/// A function.
#[derive(Debug, Serialize)]
pub(crate) struct Function<'a> {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<Cow<'a, str>>,
    pub(crate) parameters: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) strict: Option<bool>,
}

/// A free-form tool.
#[derive(Debug, Serialize)]
pub(crate) struct Custom<'a> {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<CustomFormat<'a>>,
}

/// What the text for a custom tool is held to.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "grammar")]
pub(crate) struct CustomFormat<'a> {
    pub(crate) grammar: &'a Grammar,
}

/// `response_format`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Format<'a> {
    JsonObject,
    JsonSchema { json_schema: Form<'a> },
}

/// `json_schema`.
#[derive(Debug, Serialize)]
pub(crate) struct Form<'a> {
    pub(crate) name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'a str>,
    pub(crate) schema: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) strict: Option<bool>,
}
