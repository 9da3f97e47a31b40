//! What a client sends, as the Responses reference spells it.

use crate::{
    json::Json,
    wire::{Content, wire},
};

wire! {
    /// The body of `POST /v1/responses` and of `POST /v1/responses/input_tokens`.
    pub(super) struct Body {
        model: String = "model",
        input: Content<Item> = "input",
        instructions: String = "instructions",
        max_output_tokens: u64 = "max_output_tokens",
        max_tool_calls: u64 = "max_tool_calls",
        temperature: f64 = "temperature",
        top_p: f64 = "top_p",
        top_logprobs: u64 = "top_logprobs",
        reasoning: ReasoningField = "reasoning",
        text: TextField = "text",
        tools: Vec<ToolItem> = "tools",
        tool_choice: Json = "tool_choice",
        parallel_tool_calls: bool = "parallel_tool_calls",
        store: bool = "store",
        stream: bool = "stream",
        background: bool = "background",
        service_tier: String = "service_tier",
        prompt_cache_key: String = "prompt_cache_key",
        safety_identifier: String = "safety_identifier",
        user: String = "user",
        metadata: Json = "metadata",
        client_metadata: Json = "client_metadata",
    }
}

wire! {
    /// `reasoning`.
    pub(super) struct ReasoningField {
        effort: String = "effort",
        summary: String = "summary",
    }
}

wire! {
    /// `text`.
    pub(super) struct TextField {
        format: FormatField = "format",
        verbosity: String = "verbosity",
    }
}

wire! {
    /// `text.format`.
    pub(super) struct FormatField {
        kind: String = "type",
        name: String = "name",
        description: String = "description",
        schema: Json = "schema",
        strict: bool = "strict",
    }
}

wire! {
    /// An input item of any type. A message may leave its type out.
    pub(super) struct Item {
        kind: String = "type",
        id: String = "id",
        status: String = "status",
        role: String = "role",
        phase: String = "phase",
        content: Content<Piece> = "content",
        call_id: String = "call_id",
        name: String = "name",
        namespace: String = "namespace",
        arguments: Json = "arguments",
        input: String = "input",
        output: Json = "output",
        summary: Vec<Piece> = "summary",
        encrypted_content: String = "encrypted_content",
        tools: Vec<ToolItem> = "tools",
    }
}

wire! {
    /// A part of a message, a tool's output or a reasoning item.
    pub(super) struct Piece {
        kind: String = "type",
        text: String = "text",
        refusal: String = "refusal",
        annotations: Vec<Json> = "annotations",
        logprobs: Json = "logprobs",
        image_url: String = "image_url",
        detail: String = "detail",
        file_id: String = "file_id",
        file_data: String = "file_data",
        file_url: String = "file_url",
        filename: String = "filename",
        input_audio: Audio = "input_audio",
        breakpoint: Breakpoint = "prompt_cache_breakpoint",
    }
}

wire! {
    /// `input_audio`.
    pub(super) struct Audio {
        data: String = "data",
        format: String = "format",
    }
}

wire! {
    /// `prompt_cache_breakpoint`.
    pub(super) struct Breakpoint {
        mode: String = "mode",
        ttl: String = "ttl",
    }
}

wire! {
    /// A tool of any type. Some clients leave the type of a function out or write `null`.
    pub(super) struct ToolItem {
        kind: String = "type",
        name: String = "name",
        description: String = "description",
        parameters: Json = "parameters",
        strict: bool = "strict",
        format: Json = "format",
        tools: Vec<ToolItem> = "tools",
        filters: Json = "filters",
        user_location: Json = "user_location",
        container: Json = "container",
    }
}
