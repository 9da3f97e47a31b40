//! What one model at one provider can take: data that the writers go by, so that none of them knows a vendor.
//!
//! Defaults are those of an endpoint about which nothing is known: only what practically every server of the dialect
//! understands. Records of known vendors and models override them (`config/vendors.toml`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Operation, ir::Effort};

/// What one model at one provider can take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Caps {
    /// The most tokens it reads and writes together; `None` where unknown.
    pub context_window: Option<u64>,
    /// The most tokens it writes; `None` where unknown.
    pub max_output: Option<u64>,

    /// Images by base64.
    pub images: bool,
    /// Images by URL, fetched by the provider.
    pub image_urls: bool,
    /// Images inside tool results.
    pub images_in_results: bool,
    /// PDF documents by base64.
    pub documents: bool,
    /// Documents by URL, fetched by the provider.
    pub document_urls: bool,
    /// Audio by base64.
    pub audio: bool,
    /// Video by base64 or URL.
    pub video: bool,

    /// Tools at all.
    pub tools: bool,
    /// `strict` on tools.
    pub strict_tools: bool,
    /// Tools that take free text.
    pub custom_tools: bool,
    /// Whether a tool may be forced (`any`, `required`, a name).
    pub forced_tool_choice: bool,
    /// Whether several calls can be switched off.
    pub parallel_flag: bool,
    /// The longest tool name.
    pub tool_name_max: usize,
    /// What ids of calls must look like.
    pub call_ids: CallIds,
    /// Web search by the vendor, and its running of code where its dialect has that.
    pub web_search: bool,
    /// Answers by JSON Schema, or only some JSON, or neither.
    pub structured: Structured,

    /// `temperature`, `top_p`, `top_k`.
    pub sampling: bool,
    /// Penalties.
    pub penalties: bool,
    /// `seed`.
    pub seed: bool,
    /// The most stop sequences; 0 where there are none.
    pub stop_max: usize,

    /// How thinking is switched.
    pub thinking: Thinking,
    /// Levels of effort on offer; empty where there are none.
    pub efforts: Vec<Effort>,
    /// Whether a level that is not offered becomes the next higher one instead of the next lower.
    pub efforts_up: bool,
    /// Bounds of a thinking budget in tokens, where there is one.
    pub budget: Option<(u64, u64)>,
    /// Whether thinking can be switched off.
    pub can_rest: bool,
    /// How earlier reasoning goes back.
    pub reasoning_back: ReasoningBack,

    /// Holds OpenAI's files, whose ids are the same in both of its dialects.
    pub openai_files: bool,
    /// Cache marks in the prompt.
    pub cache_marks: bool,
    /// A cache key.
    pub cache_key: bool,

    /// An answer can be begun by the client (assistant turn last).
    pub prefill: bool,
    /// It is known to go on with such an answer, word for word, instead of answering anew beside it.
    pub continues: bool,
    /// Instructions in the middle of the conversation; else they are moved or said as the user's.
    pub mid_system: bool,

    /// What only OpenAI Chat and its relatives differ in.
    pub chat: Chat,
    /// What only Anthropic endpoints differ in.
    pub messages: Messages,
    /// What only Gemini endpoints differ in.
    pub gemini: Gemini,
    /// What only Responses endpoints differ in.
    pub responses: Responses,
    /// `num_ctx` to ask an Ollama server for; the estimate of the prompt decides where `None`.
    pub num_ctx: Option<u64>,
    /// Where it is called, where that is not the dialect's own path.
    pub calls: Calls,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            context_window: None,
            max_output: None,
            images: true,
            image_urls: true,
            images_in_results: false,
            documents: true,
            document_urls: false,
            audio: false,
            video: false,
            tools: true,
            strict_tools: false,
            custom_tools: false,
            forced_tool_choice: true,
            parallel_flag: true,
            tool_name_max: 64,
            call_ids: CallIds::Any,
            web_search: false,
            structured: Structured::Schema,
            sampling: true,
            penalties: true,
            seed: true,
            stop_max: 4,
            thinking: Thinking::Effort,
            efforts: vec![Effort::Low, Effort::Medium, Effort::High],
            efforts_up: false,
            budget: None,
            can_rest: true,
            reasoning_back: ReasoningBack::Drop,
            openai_files: false,
            cache_marks: false,
            cache_key: false,
            prefill: true,
            continues: false,
            mid_system: true,
            chat: Chat::default(),
            messages: Messages::default(),
            gemini: Gemini::default(),
            responses: Responses::default(),
            num_ctx: None,
            calls: Calls::default(),
        }
    }
}

impl Caps {
    /// The level on offer that is nearest to the one asked for.
    pub fn nearest_effort(&self, asked: Effort) -> Option<Effort> {
        let higher = self.efforts.iter().copied().filter(|level| *level >= asked);
        let higher = higher.min().filter(|_| self.efforts_up);
        higher.or_else(|| asked.offered(&self.efforts))
    }
}

/// What ids of calls must look like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallIds {
    /// Letters, digits, `_` and `-`, at most 64.
    #[default]
    Any,
    /// Exactly nine letters and digits (Mistral).
    Alnum9,
    /// None are sent (Gemini before 3).
    None,
}

/// How an answer's form can be bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Structured {
    /// Not at all: asked for in words.
    None,
    /// Some JSON.
    Json,
    /// JSON by a schema.
    #[default]
    Schema,
}

/// How thinking is switched in a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thinking {
    /// There is no switch.
    None,
    /// `reasoning_effort` (Chat), `reasoning.effort` (Responses), `output_config.effort` (Anthropic),
    /// `thinkingLevel` (Gemini 3), `think` with a level (Ollama).
    #[default]
    Effort,
    /// A budget in tokens: `thinking.budget_tokens` (older Claude), `thinkingBudget` (Gemini 2.5).
    Budget,
    /// `thinking: {type: enabled | disabled}` beside `reasoning_effort` (DeepSeek, GLM, Kimi).
    Type,
    /// `enable_thinking` and `thinking_budget` (Qwen).
    Enable,
    /// `reasoning: {effort | max_tokens | enabled}` (OpenRouter).
    Object,
    /// `chat_template_kwargs: {enable_thinking}` (`vLLM`, `SGLang`).
    Template,
    /// `think: true | false` (Ollama models without levels).
    Flag,
}

/// How earlier reasoning goes back in a Chat conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasoningBack {
    /// It is left out.
    #[default]
    Drop,
    /// As `reasoning_content`, where there is some.
    Content,
    /// As `reasoning_content` on every assistant message, empty where there is none: without it the request is refused.
    ContentRequired,
    /// As `reasoning`.
    Reasoning,
    /// As `reasoning_details`, unchanged (OpenRouter).
    Details,
}

/// What OpenAI Chat and its relatives differ in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chat {
    /// `max_completion_tokens` instead of `max_tokens`.
    pub max_completion_tokens: bool,
    /// Role `developer` instead of `system`.
    pub developer: bool,
    /// Several leading system messages; else they are merged into one, which every server takes.
    pub several_system: bool,
    /// `stream_options.include_usage`.
    pub stream_options: bool,
    /// Lists of parts in user messages; else plain strings only.
    pub content_lists: bool,
    /// `top_k`, which is no field of OpenAI's.
    pub top_k: bool,
    /// `safety_identifier` instead of `user`.
    pub safety_identifier: bool,
    /// `verbosity`.
    pub verbosity: bool,
    /// `reasoning_effort: "none"`.
    pub effort_none: bool,
    /// `store` and `metadata`.
    pub stored: bool,
    /// `service_tier`.
    pub tiers: bool,
    /// `tool_choice` of type `allowed_tools`; else the tools are filtered.
    pub allowed_tools: bool,
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            max_completion_tokens: false,
            developer: false,
            several_system: false,
            stream_options: true,
            content_lists: true,
            top_k: false,
            safety_identifier: false,
            verbosity: false,
            effort_none: false,
            stored: false,
            tiers: false,
            allowed_tools: false,
        }
    }
}

/// What Anthropic endpoints differ in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Messages {
    /// `thinking.type: adaptive`.
    pub adaptive: bool,
    /// `thinking.type: between_tools`.
    pub between_tools: bool,
    /// `output_config.effort`.
    pub effort: bool,
    /// Anthropic itself: seals are checked, files are held.
    pub first_party: bool,
    /// Refuses fields and values of `anthropic-beta` that it does not know, as clouds that resell Claude do. Others
    /// that speak the dialect, made for Claude Code to call them, pass over what they do not know.
    pub strict: bool,
    /// Values of `anthropic-beta` that it knows, where it is `strict`.
    pub betas: Vec<String>,
}

/// What Gemini endpoints differ in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gemini {
    /// Generation 3 and newer: ids of calls, signatures on calls, media inside function responses, `thinkingLevel`.
    pub third: bool,
    /// `parametersJsonSchema` and `responseJsonSchema`; else the `OpenAPI` subset.
    pub json_schema: bool,
}

impl Default for Gemini {
    fn default() -> Self {
        Self {
            third: false,
            json_schema: true,
        }
    }
}

/// What Responses endpoints differ in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Responses {
    /// `include: ["reasoning.encrypted_content"]`.
    pub encrypted: bool,
    /// `reasoning.summary`.
    pub summary: bool,
    /// Tools in groups (`type: namespace`).
    pub namespaces: bool,
    /// Tools of servers to which the provider connects (`type: mcp`).
    pub mcp: bool,
}

impl Default for Responses {
    fn default() -> Self {
        Self {
            encrypted: true,
            summary: true,
            namespaces: false,
            mcp: false,
        }
    }
}

/// The calls of an endpoint that keeps a dialect's bodies but not its addresses (Claude at Vertex AI).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calls {
    /// Path of an answer below the base URL. `{model}` in it stands for the model, which is then not in the body. The
    /// dialect's own where `None`, here and below.
    pub answer: Option<String>,
    /// The same of a streamed answer.
    pub stream: Option<String>,
    /// The same of a token count.
    pub count: Option<String>,
    /// Parameters of a call's query that go to these paths; all others are left out.
    pub query: Vec<String>,
    /// Strings that stand in the body of each of these calls, unless the client says something else there.
    pub fields: BTreeMap<String, String>,
}

impl Calls {
    /// The path of an operation, where it is not the dialect's own.
    pub fn path(&self, operation: Operation) -> Option<&str> {
        let path = match operation {
            Operation::Answer { stream: false } => &self.answer,
            Operation::Answer { stream: true } => &self.stream,
            Operation::Count => &self.count,
            Operation::Embed { .. } | Operation::Models => &None,
        };
        path.as_deref()
    }
}
