//! The names of OpenTelemetry's semantic conventions for generative AI (semantic-conventions-genai, which is in
//! development) that are used here, and what they make of ours.

pub(super) const OPERATION: &str = "gen_ai.operation.name";
pub(super) const PROVIDER: &str = "gen_ai.provider.name";
pub(super) const CONVERSATION: &str = "gen_ai.conversation.id";
pub(super) const REQUEST_MODEL: &str = "gen_ai.request.model";
pub(super) const REQUEST_STREAM: &str = "gen_ai.request.stream";
pub(super) const RESPONSE_MODEL: &str = "gen_ai.response.model";
/// Seconds.
pub(super) const FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
/// The cached ones too.
pub(super) const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
pub(super) const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
pub(super) const CACHE_READ_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
pub(super) const CACHE_WRITE_TOKENS: &str = "gen_ai.usage.cache_write.input_tokens";
pub(super) const REASONING_TOKENS: &str = "gen_ai.usage.reasoning.output_tokens";
pub(super) const ERROR: &str = "error.type";
pub(super) const STATUS: &str = "http.response.status_code";
pub(super) const PATH: &str = "url.path";
pub(super) const SERVER: &str = "server.address";
pub(super) const PORT: &str = "server.port";

/// What a path asks for.
pub(super) fn operation(path: &str) -> &'static str {
    let last = path.rsplit('/').next().unwrap_or_default();
    let verb = last.rsplit(':').next().unwrap_or_default();
    match verb {
        "generateContent" | "streamGenerateContent" => "generate_content",
        "count_tokens" | "countTokens" | "input_tokens" => "count_tokens",
        "embeddings" | "embed" | "embedContent" | "batchEmbedContents" => "embeddings",
        "completions" if path.ends_with("/chat/completions") => "chat",
        "completions" | "generate" => "text_completion",
        "messages" | "responses" | "chat" => "chat",
        _ => "other",
    }
}

/// A vendor's well-known name.
pub(super) fn provider(vendor: &str) -> &str {
    match vendor {
        "azure" => "azure.ai.openai",
        "bedrock" => "aws.bedrock",
        "gemini" => "gcp.gemini",
        "vertex" => "gcp.vertex_ai",
        "mistral" => "mistral_ai",
        "xai" => "x_ai",
        "kimi" => "moonshot_ai",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialects_paths_are_told_as_what_they_ask_for() {
        for (path, asked) in [
            ("/v1/messages", "chat"),
            ("/v1/messages/count_tokens", "count_tokens"),
            ("/v1/chat/completions", "chat"),
            ("/v1/responses", "chat"),
            ("/v1/responses/input_tokens", "count_tokens"),
            ("/v1/completions", "text_completion"),
            ("/v1/embeddings", "embeddings"),
            ("/v1beta/models/m:generateContent", "generate_content"),
            ("/v1beta/models/m:streamGenerateContent", "generate_content"),
            ("/v1beta/models/m:countTokens", "count_tokens"),
            ("/v1beta/models/m:batchEmbedContents", "embeddings"),
            ("/ollama/api/chat", "chat"),
            ("/ollama/api/generate", "text_completion"),
            ("/ollama/api/embed", "embeddings"),
            ("/v1/files", "other"),
        ] {
            assert_eq!(operation(path), asked, "{path}");
        }
    }
}
