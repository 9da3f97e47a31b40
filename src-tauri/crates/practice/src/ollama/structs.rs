//! The structs of the API as tables, after the types of Ollama's own Go client.

use super::go::{Kind, Struct};

/// Names by which other dialects ask for what Ollama has elsewhere or not at all.
const FOREIGN: &[&str] = &[
    "tool_choice",
    "parallel_tool_calls",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "response_format",
    "cache_control",
    "prompt_cache_key",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "stop_sequences",
    "seed",
    "n",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "reasoning",
    "reasoning_effort",
    "thinking",
    "output_config",
    "stream_options",
    "instructions",
    "contents",
    "systemInstruction",
    "generationConfig",
    "toolConfig",
];

/// Body of `/api/chat`.
pub(super) static CHAT: Struct = Struct {
    name: "ChatRequest",
    fields: &[
        ("model", Kind::Text),
        ("messages", Kind::List(&Kind::Struct(&MESSAGE))),
        ("stream", Kind::Flag),
        ("format", Kind::Any),
        ("keep_alive", Kind::Duration),
        ("tools", Kind::List(&Kind::Struct(&TOOL))),
        ("options", Kind::Object("map[string]interface {}")),
        ("think", Kind::Any),
        ("truncate", Kind::Flag),
        ("shift", Kind::Flag),
        ("logprobs", Kind::Flag),
        ("top_logprobs", Kind::Int),
    ],
    foreign: FOREIGN,
};

/// Body of `/api/generate`.
pub(super) static GENERATE: Struct = Struct {
    name: "GenerateRequest",
    fields: &[
        ("model", Kind::Text),
        ("prompt", Kind::Text),
        ("suffix", Kind::Text),
        ("system", Kind::Text),
        ("template", Kind::Text),
        ("context", Kind::List(&Kind::Int)),
        ("stream", Kind::Flag),
        ("raw", Kind::Flag),
        ("format", Kind::Any),
        ("keep_alive", Kind::Duration),
        ("images", Kind::List(&Kind::Bytes)),
        ("options", Kind::Object("map[string]interface {}")),
        ("think", Kind::Any),
        ("truncate", Kind::Flag),
        ("shift", Kind::Flag),
        ("logprobs", Kind::Flag),
        ("top_logprobs", Kind::Int),
    ],
    foreign: FOREIGN,
};

/// Body of `/api/embed`.
pub(super) static EMBED: Struct = Struct {
    name: "EmbedRequest",
    fields: &[
        ("model", Kind::Text),
        ("input", Kind::Any),
        ("keep_alive", Kind::Duration),
        ("truncate", Kind::Flag),
        ("dimensions", Kind::Int),
        ("options", Kind::Object("map[string]interface {}")),
    ],
    foreign: &[
        "encoding_format",
        "prompt",
        "content",
        "requests",
        "outputDimensionality",
        "taskType",
    ],
};

/// Body of `/api/embeddings`.
pub(super) static EMBEDDINGS: Struct = Struct {
    name: "EmbeddingRequest",
    fields: &[
        ("model", Kind::Text),
        ("prompt", Kind::Text),
        ("keep_alive", Kind::Duration),
        ("options", Kind::Object("map[string]interface {}")),
    ],
    foreign: &["input", "dimensions", "encoding_format"],
};

/// Body of `/api/show`.
pub(super) static SHOW: Struct = Struct {
    name: "ShowRequest",
    fields: &[
        ("model", Kind::Text),
        ("name", Kind::Text),
        ("system", Kind::Text),
        ("template", Kind::Text),
        ("verbose", Kind::Flag),
        ("options", Kind::Object("map[string]interface {}")),
    ],
    foreign: &[],
};

static MESSAGE: Struct = Struct {
    name: "Message",
    fields: &[
        ("role", Kind::Text),
        ("content", Kind::Text),
        ("thinking", Kind::Text),
        ("images", Kind::List(&Kind::Bytes)),
        ("tool_calls", Kind::List(&Kind::Struct(&TOOL_CALL))),
        ("tool_name", Kind::Text),
        ("tool_call_id", Kind::Text),
    ],
    foreign: &[
        "parts",
        "tool_use_id",
        "reasoning",
        "reasoning_content",
        "refusal",
        "function_call",
        "cache_control",
        "image_url",
    ],
};

static TOOL_CALL: Struct = Struct {
    name: "ToolCall",
    fields: &[("id", Kind::Text), ("function", Kind::Struct(&CALLED))],
    foreign: &["name", "input", "arguments", "args"],
};

static CALLED: Struct = Struct {
    name: "ToolCallFunction",
    fields: &[
        ("index", Kind::Int),
        ("name", Kind::Text),
        ("arguments", Kind::Object("api.ToolCallFunctionArguments")),
    ],
    foreign: &["input", "args", "id"],
};

static TOOL: Struct = Struct {
    name: "Tool",
    fields: &[
        ("type", Kind::Text),
        ("items", Kind::Any),
        ("function", Kind::Struct(&FUNCTION)),
    ],
    foreign: &[
        "name",
        "description",
        "input_schema",
        "parameters",
        "cache_control",
        "functionDeclarations",
    ],
};

static FUNCTION: Struct = Struct {
    name: "ToolFunction",
    fields: &[
        ("name", Kind::Text),
        ("description", Kind::Text),
        ("parameters", Kind::Struct(&PARAMETERS)),
    ],
    foreign: &["input_schema", "parametersJsonSchema", "cache_control"],
};

static PARAMETERS: Struct = Struct {
    name: "ToolFunctionParameters",
    fields: &[
        ("type", Kind::Text),
        ("$defs", Kind::Any),
        ("items", Kind::Any),
        ("required", Kind::List(&Kind::Text)),
        ("properties", Kind::Object("api.ToolPropertiesMap")),
    ],
    foreign: &[],
};
