//! What requests look like on the wire (OpenAI Chat reference, and what compatible servers and clients add).

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{
    json::Json,
    wire::{Content, wire},
};

wire! {
    /// `POST /v1/chat/completions`.
    pub(crate) struct Body {
        model: String = "model",
        messages: Vec<Message> = "messages",
        stream: bool = "stream",
        stream_options: StreamOptions = "stream_options",
        tools: Vec<ToolWire> = "tools",
        tool_choice: Choice = "tool_choice",
        parallel_tool_calls: bool = "parallel_tool_calls",
        /// Deprecated form of `tools`.
        functions: Vec<Function> = "functions",
        /// Deprecated form of `tool_choice`.
        function_call: Choice = "function_call",
        max_completion_tokens: u64 = "max_completion_tokens",
        max_tokens: u64 = "max_tokens",
        stop: Content<String> = "stop",
        temperature: f64 = "temperature",
        top_p: f64 = "top_p",
        /// No field of OpenAI's, but of many servers'.
        top_k: i64 = "top_k",
        frequency_penalty: f64 = "frequency_penalty",
        presence_penalty: f64 = "presence_penalty",
        seed: i64 = "seed",
        n: u64 = "n",
        logprobs: bool = "logprobs",
        top_logprobs: u64 = "top_logprobs",
        logit_bias: Json = "logit_bias",
        response_format: ResponseFormat = "response_format",
        reasoning_effort: String = "reasoning_effort",
        /// OpenRouter.
        reasoning: ReasoningWire = "reasoning",
        /// DeepSeek, GLM, Kimi.
        thinking: ThinkingWire = "thinking",
        /// Qwen.
        enable_thinking: bool = "enable_thinking",
        /// Qwen.
        thinking_budget: u64 = "thinking_budget",
        /// `vLLM`, `SGLang`.
        chat_template_kwargs: TemplateWire = "chat_template_kwargs",
        verbosity: String = "verbosity",
        service_tier: String = "service_tier",
        store: bool = "store",
        metadata: Json = "metadata",
        user: String = "user",
        safety_identifier: String = "safety_identifier",
        prompt_cache_key: String = "prompt_cache_key",
        prompt_cache_options: Breakpoint = "prompt_cache_options",
        modalities: Vec<String> = "modalities",
        web_search_options: Json = "web_search_options",
    }
}

wire! {
    /// `stream_options`.
    pub(crate) struct StreamOptions {
        include_usage: bool = "include_usage",
    }
}

wire! {
    /// A message of any role.
    pub(crate) struct Message {
        role: String = "role",
        content: Content<PartWire> = "content",
        name: String = "name",
        tool_calls: Vec<CallWire> = "tool_calls",
        tool_call_id: String = "tool_call_id",
        refusal: String = "refusal",
        /// Deprecated form of `tool_calls`.
        function_call: FunctionCall = "function_call",
        annotations: Vec<Json> = "annotations",
        reasoning_content: Words = "reasoning_content",
        reasoning: Words = "reasoning",
        reasoning_details: Vec<Json> = "reasoning_details",
        /// The id of audio that OpenAI answered with.
        audio: Json = "audio",
    }
}

wire! {
    /// A part of a message's content.
    pub(crate) struct PartWire {
        kind: String = "type",
        text: String = "text",
        refusal: String = "refusal",
        image_url: Linked = "image_url",
        video_url: Linked = "video_url",
        input_audio: AudioWire = "input_audio",
        file: FileWire = "file",
        /// Mistral: parts of text.
        thinking: Content<PartWire> = "thinking",
        /// OpenAI's `prompt_cache_breakpoint`; some clients write Anthropic's name.
        mark: Breakpoint = "prompt_cache_breakpoint" | "cache_control",
    }
}

wire! {
    /// `image_url`, `video_url`.
    pub(crate) struct UrlWire {
        url: String = "url",
        detail: String = "detail",
    }
}

wire! {
    /// `input_audio`.
    pub(crate) struct AudioWire {
        data: String = "data",
        format: String = "format",
    }
}

wire! {
    /// `file`.
    pub(crate) struct FileWire {
        data: String = "file_data",
        id: String = "file_id",
        name: String = "filename",
    }
}

wire! {
    /// `prompt_cache_breakpoint` of a part, `prompt_cache_options` of the request.
    pub(crate) struct Breakpoint {
        mode: String = "mode",
        ttl: String = "ttl",
        kind: String = "type",
    }
}

wire! {
    /// A tool.
    pub(crate) struct ToolWire {
        kind: String = "type",
        function: Function = "function",
        custom: CustomTool = "custom",
    }
}

wire! {
    /// A function, as a tool or in the deprecated list.
    pub(crate) struct Function {
        name: String = "name",
        description: String = "description",
        parameters: Json = "parameters",
        strict: bool = "strict",
    }
}

wire! {
    /// A tool that takes free text.
    pub(crate) struct CustomTool {
        name: String = "name",
        description: String = "description",
        format: Json = "format",
    }
}

wire! {
    /// A call in an assistant message.
    pub(crate) struct CallWire {
        /// Only in streams.
        index: u64 = "index",
        id: Words = "id",
        kind: Words = "type",
        function: FunctionCall = "function",
        custom: CustomCall = "custom",
    }
}

wire! {
    /// What is called, and with what.
    pub(crate) struct FunctionCall {
        name: Words = "name",
        arguments: Arguments = "arguments",
    }
}

wire! {
    /// A free-form tool that is called.
    pub(crate) struct CustomCall {
        name: Words = "name",
        input: Words = "input",
    }
}

wire! {
    /// `tool_choice` that is no word.
    pub(crate) struct ChoiceWire {
        kind: String = "type",
        function: Named = "function",
        custom: Named = "custom",
        allowed: Allowed = "allowed_tools",
        /// Legacy `function_call: {name}`.
        name: String = "name",
    }
}

wire! {
    /// A name.
    pub(crate) struct Named {
        name: String = "name",
    }
}

wire! {
    /// `allowed_tools`.
    pub(crate) struct Allowed {
        mode: String = "mode",
        tools: Vec<ChoiceWire> = "tools",
    }
}

wire! {
    /// `response_format`.
    pub(crate) struct ResponseFormat {
        kind: String = "type",
        schema: SchemaWire = "json_schema",
        /// llama.cpp and Together: a schema beside `json_object`.
        bare: Json = "schema",
    }
}

wire! {
    /// `response_format.json_schema`.
    pub(crate) struct SchemaWire {
        name: String = "name",
        description: String = "description",
        schema: Json = "schema",
        strict: bool = "strict",
    }
}

wire! {
    /// OpenRouter's `reasoning`.
    pub(crate) struct ReasoningWire {
        effort: String = "effort",
        max_tokens: u64 = "max_tokens",
        enabled: bool = "enabled",
        exclude: bool = "exclude",
    }
}

wire! {
    /// `thinking` of DeepSeek and others, with the budget that Anthropic's compatible endpoint takes.
    pub(crate) struct ThinkingWire {
        kind: String = "type",
        budget_tokens: u64 = "budget_tokens",
    }
}

wire! {
    /// `chat_template_kwargs`.
    pub(crate) struct TemplateWire {
        enable_thinking: bool = "enable_thinking" | "thinking",
    }
}

/// An object with an address, or the address alone (Mistral).
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
#[serde(transparent)]
pub(crate) struct Linked(pub(crate) UrlWire);

impl<'de> Deserialize<'de> for Linked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = UrlWire;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an address or an object")
            }

            fn visit_str<E>(self, url: &str) -> Result<UrlWire, E> {
                Ok(UrlWire {
                    url: Some(url.to_owned()),
                    ..UrlWire::default()
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<UrlWire, A::Error> {
                UrlWire::deserialize(serde::de::value::MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(Either).map(Self)
    }
}

/// A word or an object.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(untagged)]
pub(crate) enum Choice {
    Word(String),
    Object(Box<ChoiceWire>),
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Choice;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or an object")
            }

            fn visit_str<E>(self, word: &str) -> Result<Choice, E> {
                Ok(Choice::Word(word.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Choice, A::Error> {
                ChoiceWire::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(|object| Choice::Object(Box::new(object)))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A string; a value of any other kind says nothing. For fields that servers fill with what they like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) String);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient).map(Self)
    }
}

impl serde::Serialize for Words {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl std::ops::Deref for Words {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

struct Lenient;

impl<'de> Visitor<'de> for Lenient {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E>(self, text: String) -> Result<String, E> {
        Ok(text)
    }

    fn visit_bool<E>(self, _: bool) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_u64<E>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E>(self, _: f64) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<String, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(String::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(String::new())
    }
}

/// Arguments of a call as JSON text: a string as it stands, and any other value as what it prints as, since some
/// servers forget to make it a string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arguments(pub(crate) String);

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Json::deserialize(deserializer)?;
        let text = raw.text();
        if text.starts_with('"') {
            return raw.read().map(Self).map_err(serde::de::Error::custom);
        }
        Ok(Self(raw.compact().into_owned()))
    }
}

impl serde::Serialize for Arguments {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
