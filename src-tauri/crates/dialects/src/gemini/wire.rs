//! What is on the wire: requests and answers of `generateContent` (google-genai types). Canonical names are in camel
//! case; servers also take snake case, as protobuf's JSON mapping allows.

pub(super) use crate::wire::{Int, Many};
use crate::{
    json::Json,
    wire::{Tier, wire},
};

wire! {
    /// A request; `countTokens` wraps one.
    pub(super) struct Body {
        model: String = "model",
        inner: Box<Body> = "generateContentRequest" | "generate_content_request",
        contents: Many<Content> = "contents",
        system: Content = "systemInstruction" | "system_instruction",
        tools: Many<Tool> = "tools",
        tool_config: ToolConfig = "toolConfig" | "tool_config",
        config: GenerationConfig = "generationConfig" | "generation_config",
        labels: Json = "labels",
        tier: String = "serviceTier" | "service_tier",
        store: bool = "store",
    }
}

wire! {
    /// One turn.
    pub(super) struct Content {
        parts: Many<Part> = "parts",
        role: String = "role",
    }
}

wire! {
    /// A part: one of its kinds, and what may stand beside each of them.
    pub(super) struct Part {
        text: String = "text",
        thought: bool = "thought",
        inline_data: Blob = "inlineData" | "inline_data",
        file_data: FileData = "fileData" | "file_data",
        function_call: FunctionCall = "functionCall" | "function_call",
        function_response: FunctionResponse = "functionResponse" | "function_response",
        signature: String = "thoughtSignature" | "thought_signature",
        resolution: Json = "mediaResolution" | "media_resolution",
    }
}

wire! {
    /// Bytes.
    pub(super) struct Blob {
        mime: String = "mimeType" | "mime_type",
        data: String = "data",
        name: String = "displayName" | "display_name",
    }
}

wire! {
    /// A file at an address.
    pub(super) struct FileData {
        mime: String = "mimeType" | "mime_type",
        uri: String = "fileUri" | "file_uri",
        name: String = "displayName" | "display_name",
    }
}

wire! {
    /// The model calls a function.
    pub(super) struct FunctionCall {
        id: String = "id",
        name: String = "name",
        args: Json = "args",
    }
}

wire! {
    /// What a function gave back.
    pub(super) struct FunctionResponse {
        id: String = "id",
        name: String = "name",
        response: Json = "response",
        parts: Many<Part> = "parts",
    }
}

wire! {
    /// A tool object; kinds that only Gemini has are among its unknown fields.
    pub(super) struct Tool {
        functions: Many<Function> = "functionDeclarations" | "function_declarations",
        search: Json = "googleSearch" | "google_search",
        code: Json = "codeExecution" | "code_execution",
        urls: Json = "urlContext" | "url_context",
    }
}

wire! {
    /// A function's declaration.
    pub(super) struct Function {
        name: String = "name",
        description: String = "description",
        schema: Json = "parametersJsonSchema" | "parameters_json_schema",
        parameters: Json = "parameters",
    }
}

wire! {
    /// How tools are called.
    pub(super) struct ToolConfig {
        calling: FunctionCalling = "functionCallingConfig" | "function_calling_config",
        server_side: bool = "includeServerSideToolInvocations" | "include_server_side_tool_invocations",
    }
}

wire! {
    /// Which functions must be called.
    pub(super) struct FunctionCalling {
        mode: String = "mode",
        names: Many<String> = "allowedFunctionNames" | "allowed_function_names",
    }
}

wire! {
    /// How the answer is generated.
    pub(super) struct GenerationConfig {
        temperature: f64 = "temperature",
        top_p: f64 = "topP" | "top_p",
        top_k: Int = "topK" | "top_k",
        candidates: Int = "candidateCount" | "candidate_count",
        max_tokens: Int = "maxOutputTokens" | "max_output_tokens",
        stop: Many<String> = "stopSequences" | "stop_sequences",
        seed: Int = "seed",
        presence_penalty: f64 = "presencePenalty" | "presence_penalty",
        frequency_penalty: f64 = "frequencyPenalty" | "frequency_penalty",
        wants_logprobs: bool = "responseLogprobs" | "response_logprobs",
        logprobs: Int = "logprobs",
        mime: String = "responseMimeType" | "response_mime_type",
        schema: Json = "responseSchema" | "response_schema",
        json_schema: Json = "responseJsonSchema" | "response_json_schema" | "_responseJsonSchema",
        modalities: Many<String> = "responseModalities" | "response_modalities",
        thinking: ThinkingConfig = "thinkingConfig" | "thinking_config",
    }
}

wire! {
    /// How much is thought.
    pub(super) struct ThinkingConfig {
        include: bool = "includeThoughts" | "include_thoughts",
        budget: Int = "thinkingBudget" | "thinking_budget",
        level: String = "thinkingLevel" | "thinking_level",
    }
}

wire! {
    /// A whole answer, or a chunk of one.
    pub(super) struct Response {
        candidates: Vec<Candidate> = "candidates",
        feedback: Feedback = "promptFeedback" | "prompt_feedback",
        usage: UsageMetadata = "usageMetadata" | "usage_metadata",
        model: String = "modelVersion" | "model_version",
        id: String = "responseId" | "response_id",
        error: ErrorBody = "error",
    }
}

wire! {
    /// One of the answers.
    pub(super) struct Candidate {
        content: Content = "content",
        finish: String = "finishReason" | "finish_reason",
        message: String = "finishMessage" | "finish_message",
        citations: Citations = "citationMetadata" | "citation_metadata",
        grounding: Json = "groundingMetadata" | "grounding_metadata",
        urls: Json = "urlContextMetadata" | "url_context_metadata",
        index: Int = "index",
    }
}

wire! {
    /// Sources.
    pub(super) struct Citations {
        sources: Vec<Json> = "citationSources" | "citation_sources" | "citations",
    }
}

wire! {
    /// Why a prompt was blocked.
    pub(super) struct Feedback {
        reason: String = "blockReason" | "block_reason",
        message: String = "blockReasonMessage" | "block_reason_message",
    }
}

wire! {
    /// Tokens. `prompt` includes `cached`; `candidates` normally excludes `thoughts`.
    pub(super) struct UsageMetadata {
        prompt: Int = "promptTokenCount" | "prompt_token_count",
        cached: Int = "cachedContentTokenCount" | "cached_content_token_count",
        candidates: Int = "candidatesTokenCount" | "candidates_token_count",
        tools: Int = "toolUsePromptTokenCount" | "tool_use_prompt_token_count",
        thoughts: Int = "thoughtsTokenCount" | "thoughts_token_count",
        total: Int = "totalTokenCount" | "total_token_count",
        /// The Gemini API.
        tier: Tier = "serviceTier" | "service_tier",
        /// Vertex AI.
        traffic: Tier = "trafficType" | "traffic_type",
    }
}

wire! {
    /// An error.
    pub(super) struct ErrorBody {
        code: Int = "code",
        message: String = "message",
        status: String = "status",
        details: Vec<Detail> = "details",
    }
}

wire! {
    /// What more there is to an error.
    pub(super) struct Detail {
        kind: String = "@type",
        reason: String = "reason",
        delay: String = "retryDelay" | "retry_delay",
    }
}

impl Part {
    /// Text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// Whether it is text and nothing else.
    pub(super) fn is_plain_text(&self) -> bool {
        self.text.is_some()
            && self.thought != Some(true)
            && self.function_call.is_none()
            && self.function_response.is_none()
            && self.inline_data.is_none()
            && self.file_data.is_none()
            && self.extra.is_empty()
    }
}

/// Standard base64 of what may be URL-safe base64 without padding.
pub(super) fn standard_base64(data: String) -> String {
    if !data.bytes().any(|byte| matches!(byte, b'-' | b'_')) {
        return data;
    }
    let mut standard = data.replace('-', "+").replace('_', "/");
    while !standard.len().is_multiple_of(4) {
        standard.push('=');
    }
    standard
}
