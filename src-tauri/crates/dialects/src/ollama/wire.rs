//! What is on the wire (types of Ollama's Go client, `api/types.go`).

use crate::{
    json::Json,
    wire::{Content, Int, wire},
};

wire! {
    /// Body of `/api/chat`, and of `/api/generate`, which has `prompt` in place of `messages`.
    pub(super) struct Body {
        model: String = "model",
        messages: Vec<Message> = "messages",
        tools: Vec<Tool> = "tools",
        prompt: String = "prompt",
        system: String = "system",
        images: Vec<String> = "images",
        format: Json = "format",
        options: Options = "options",
        think: Json = "think",
        stream: bool = "stream",
        wants_logprobs: bool = "logprobs",
        logprobs: Int = "top_logprobs",
    }
}

wire! {
    /// A message.
    pub(super) struct Message {
        role: String = "role",
        content: String = "content",
        thinking: String = "thinking",
        images: Vec<String> = "images",
        calls: Vec<Call> = "tool_calls",
        tool_name: String = "tool_name",
        call_id: String = "tool_call_id",
    }
}

wire! {
    /// The model calls a tool.
    pub(super) struct Call {
        id: String = "id",
        function: Called = "function",
    }
}

wire! {
    /// What it calls.
    pub(super) struct Called {
        index: Int = "index",
        name: String = "name",
        arguments: Json = "arguments",
    }
}

wire! {
    /// A tool on offer.
    pub(super) struct Tool {
        kind: String = "type",
        function: Function = "function",
    }
}

wire! {
    /// A function on offer.
    pub(super) struct Function {
        name: String = "name",
        description: String = "description",
        parameters: Json = "parameters",
    }
}

wire! {
    /// Options of the model's runner.
    pub(super) struct Options {
        num_ctx: Int = "num_ctx",
        num_predict: Int = "num_predict",
        temperature: f64 = "temperature",
        top_k: Int = "top_k",
        top_p: f64 = "top_p",
        seed: Int = "seed",
        presence_penalty: f64 = "presence_penalty",
        frequency_penalty: f64 = "frequency_penalty",
        stop: Content<String> = "stop",
    }
}

wire! {
    /// A line of a stream, or a whole answer; `response` and `thinking` are `/api/generate`'s.
    pub(super) struct Line {
        model: String = "model",
        created_at: String = "created_at",
        message: Message = "message",
        response: String = "response",
        thinking: String = "thinking",
        done: bool = "done",
        reason: String = "done_reason",
        prompt_tokens: Int = "prompt_eval_count",
        tokens: Int = "eval_count",
        total: Int = "total_duration",
        load: Int = "load_duration",
        prompt_time: Int = "prompt_eval_duration",
        time: Int = "eval_duration",
        error: Json = "error",
    }
}
