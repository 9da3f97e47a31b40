//! The messages of the API as tables, after the google-genai types and the Gemini API reference.

use super::shape::{Field, Kind, Message};

/// Body of `:generateContent` and `:streamGenerateContent`.
pub(super) static GENERATE: Message = Message {
    name: "GenerateContentRequest",
    fields: &[
        Field::one("model", Kind::Text),
        Field::many("contents", Kind::Of(&CONTENT)),
        Field::one("systemInstruction", Kind::Of(&CONTENT)),
        Field::one("generationConfig", Kind::Of(&CONFIG)),
        Field::many("tools", Kind::Of(&TOOL)),
        Field::one("toolConfig", Kind::Of(&TOOL_CONFIG)),
        Field::many("safetySettings", Kind::Of(&SAFETY)),
        Field::one("cachedContent", Kind::Text),
        Field::one("labels", Kind::Texts),
        Field::one(
            "serviceTier",
            Kind::Choice("ServiceTier", &["FLEX", "STANDARD", "PRIORITY"]),
        ),
        Field::one("store", Kind::Flag),
        Field::one("continuationToken", Kind::Text),
    ],
};

/// Body of `:countTokens`.
pub(super) static COUNT: Message = Message {
    name: "CountTokensRequest",
    fields: &[
        Field::one("model", Kind::Text),
        Field::many("contents", Kind::Of(&CONTENT)),
        Field::one("generateContentRequest", Kind::Of(&GENERATE)),
    ],
};

/// Body of `:embedContent`.
pub(super) static EMBED: Message = Message {
    name: "EmbedContentRequest",
    fields: &[
        Field::one("model", Kind::Text),
        Field::one("content", Kind::Of(&CONTENT)),
        Field::one(
            "taskType",
            Kind::Choice(
                "TaskType",
                &[
                    "TASK_TYPE_UNSPECIFIED",
                    "RETRIEVAL_QUERY",
                    "RETRIEVAL_DOCUMENT",
                    "SEMANTIC_SIMILARITY",
                    "CLASSIFICATION",
                    "CLUSTERING",
                    "QUESTION_ANSWERING",
                    "FACT_VERIFICATION",
                    "CODE_RETRIEVAL_QUERY",
                ],
            ),
        ),
        Field::one("title", Kind::Text),
        Field::one("outputDimensionality", Kind::Int),
    ],
};

/// Body of `:batchEmbedContents`.
pub(super) static BATCH_EMBED: Message = Message {
    name: "BatchEmbedContentsRequest",
    fields: &[
        Field::one("model", Kind::Text),
        Field::many("requests", Kind::Of(&EMBED)),
    ],
};

static CONTENT: Message = Message {
    name: "Content",
    fields: &[
        Field::one("role", Kind::Text),
        Field::many("parts", Kind::Of(&PART)),
    ],
};

static PART: Message = Message {
    name: "Part",
    fields: &[
        Field::one("text", Kind::Text).within("data"),
        Field::one("inlineData", Kind::Of(&BLOB)).within("data"),
        Field::one("fileData", Kind::Of(&FILE_DATA)).within("data"),
        Field::one("functionCall", Kind::Of(&FUNCTION_CALL)).within("data"),
        Field::one("functionResponse", Kind::Of(&FUNCTION_RESPONSE)).within("data"),
        Field::one("executableCode", Kind::Struct).within("data"),
        Field::one("codeExecutionResult", Kind::Struct).within("data"),
        Field::one("toolCall", Kind::Struct).within("data").since(3),
        Field::one("toolResponse", Kind::Struct)
            .within("data")
            .since(3),
        Field::one("thought", Kind::Flag),
        Field::one("thoughtSignature", Kind::Bytes),
        Field::one("videoMetadata", Kind::Struct),
        Field::one("mediaResolution", Kind::Struct),
        Field::one("partMetadata", Kind::Struct),
    ],
};

static BLOB: Message = Message {
    name: "Blob",
    fields: &[
        Field::one("mimeType", Kind::Text),
        Field::one("data", Kind::Bytes),
        Field::one("displayName", Kind::Text),
    ],
};

static FILE_DATA: Message = Message {
    name: "FileData",
    fields: &[
        Field::one("mimeType", Kind::Text),
        Field::one("fileUri", Kind::Text),
        Field::one("displayName", Kind::Text),
    ],
};

static FUNCTION_CALL: Message = Message {
    name: "FunctionCall",
    fields: &[
        Field::one("id", Kind::Text),
        Field::one("name", Kind::Text),
        Field::one("args", Kind::Struct),
    ],
};

static FUNCTION_RESPONSE: Message = Message {
    name: "FunctionResponse",
    fields: &[
        Field::one("id", Kind::Text),
        Field::one("name", Kind::Text),
        Field::one("response", Kind::Struct),
        Field::many("parts", Kind::Of(&RESPONSE_PART)).since(3),
        Field::one("willContinue", Kind::Flag).since(3),
        Field::one("scheduling", Kind::Text).since(3),
    ],
};

static RESPONSE_PART: Message = Message {
    name: "FunctionResponsePart",
    fields: &[
        Field::one("inlineData", Kind::Of(&BLOB)).within("data"),
        Field::one("fileData", Kind::Of(&FILE_DATA)).within("data"),
    ],
};

static TOOL: Message = Message {
    name: "Tool",
    fields: &[
        Field::many("functionDeclarations", Kind::Of(&DECLARATION)),
        Field::one("googleSearch", Kind::Struct),
        Field::one("googleSearchRetrieval", Kind::Struct),
        Field::one("codeExecution", Kind::Struct),
        Field::one("urlContext", Kind::Struct),
        Field::one("computerUse", Kind::Struct),
        Field::one("fileSearch", Kind::Struct),
        Field::one("googleMaps", Kind::Struct),
        Field::many("mcpServers", Kind::Struct),
    ],
};

static DECLARATION: Message = Message {
    name: "FunctionDeclaration",
    fields: &[
        Field::one("name", Kind::Text),
        Field::one("description", Kind::Text),
        Field::one("behavior", Kind::Text),
        Field::one("parameters", Kind::Of(&SCHEMA)),
        Field::one("parametersJsonSchema", Kind::Any),
        Field::one("response", Kind::Of(&SCHEMA)),
        Field::one("responseJsonSchema", Kind::Any),
    ],
};

/// The subset of an `OpenAPI` 3.0 schema.
static SCHEMA: Message = Message {
    name: "Schema",
    fields: &[
        Field::one(
            "type",
            Kind::Choice(
                "Type",
                &[
                    "TYPE_UNSPECIFIED",
                    "STRING",
                    "NUMBER",
                    "INTEGER",
                    "BOOLEAN",
                    "ARRAY",
                    "OBJECT",
                    "NULL",
                ],
            ),
        ),
        Field::one("format", Kind::Text),
        Field::one("title", Kind::Text),
        Field::one("description", Kind::Text),
        Field::one("nullable", Kind::Flag),
        Field::many("enum", Kind::Text),
        Field::one("items", Kind::Of(&SCHEMA)),
        Field::one("properties", Kind::MapOf(&SCHEMA)),
        Field::many("required", Kind::Text),
        Field::one("minItems", Kind::Int),
        Field::one("maxItems", Kind::Int),
        Field::one("minLength", Kind::Int),
        Field::one("maxLength", Kind::Int),
        Field::one("minProperties", Kind::Int),
        Field::one("maxProperties", Kind::Int),
        Field::one("minimum", Kind::Number),
        Field::one("maximum", Kind::Number),
        Field::one("pattern", Kind::Text),
        Field::many("anyOf", Kind::Of(&SCHEMA)),
        Field::one("default", Kind::Any),
        Field::one("example", Kind::Any),
        Field::many("propertyOrdering", Kind::Text),
        Field::one("additionalProperties", Kind::Any).since(3),
        Field::one("$defs", Kind::MapOf(&SCHEMA)).since(3),
        Field::one("defs", Kind::MapOf(&SCHEMA)).since(3),
        Field::one("$ref", Kind::Text).since(3),
        Field::one("ref", Kind::Text).since(3),
    ],
};

static TOOL_CONFIG: Message = Message {
    name: "ToolConfig",
    fields: &[
        Field::one("functionCallingConfig", Kind::Of(&CALLING)),
        Field::one("retrievalConfig", Kind::Struct),
        Field::one("includeServerSideToolInvocations", Kind::Flag).since(3),
    ],
};

static CALLING: Message = Message {
    name: "FunctionCallingConfig",
    fields: &[
        Field::one(
            "mode",
            Kind::Choice(
                "FunctionCallingConfig.Mode",
                &["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"],
            ),
        ),
        Field::many("allowedFunctionNames", Kind::Text),
    ],
};

static SAFETY: Message = Message {
    name: "SafetySetting",
    fields: &[
        Field::one(
            "category",
            Kind::Choice(
                "HarmCategory",
                &[
                    "HARM_CATEGORY_HARASSMENT",
                    "HARM_CATEGORY_HATE_SPEECH",
                    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
                    "HARM_CATEGORY_DANGEROUS_CONTENT",
                    "HARM_CATEGORY_CIVIC_INTEGRITY",
                ],
            ),
        ),
        Field::one(
            "threshold",
            Kind::Choice(
                "SafetySetting.HarmBlockThreshold",
                &[
                    "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
                    "BLOCK_LOW_AND_ABOVE",
                    "BLOCK_MEDIUM_AND_ABOVE",
                    "BLOCK_ONLY_HIGH",
                    "BLOCK_NONE",
                    "OFF",
                ],
            ),
        ),
    ],
};

static CONFIG: Message = Message {
    name: "GenerationConfig",
    fields: &[
        Field::one("temperature", Kind::Number),
        Field::one("topP", Kind::Number),
        Field::one("topK", Kind::Int),
        Field::one("candidateCount", Kind::Int),
        Field::one("maxOutputTokens", Kind::Int),
        Field::many("stopSequences", Kind::Text),
        Field::one("seed", Kind::Int),
        Field::one("presencePenalty", Kind::Number),
        Field::one("frequencyPenalty", Kind::Number),
        Field::one("responseLogprobs", Kind::Flag),
        Field::one("logprobs", Kind::Int),
        Field::one("responseMimeType", Kind::Text),
        Field::one("responseSchema", Kind::Of(&SCHEMA)),
        Field::one("responseJsonSchema", Kind::Any),
        Field::one("responseFormat", Kind::Any),
        Field::many(
            "responseModalities",
            Kind::Choice("GenerationConfig.Modality", &["TEXT", "IMAGE", "AUDIO"]),
        ),
        Field::one(
            "mediaResolution",
            Kind::Choice(
                "GenerationConfig.MediaResolution",
                &[
                    "MEDIA_RESOLUTION_UNSPECIFIED",
                    "MEDIA_RESOLUTION_LOW",
                    "MEDIA_RESOLUTION_MEDIUM",
                    "MEDIA_RESOLUTION_HIGH",
                ],
            ),
        ),
        Field::one("speechConfig", Kind::Struct),
        Field::one("imageConfig", Kind::Struct),
        Field::one("enableEnhancedCivicAnswers", Kind::Flag),
        Field::one("thinkingConfig", Kind::Of(&THINKING)),
    ],
};

static THINKING: Message = Message {
    name: "ThinkingConfig",
    fields: &[
        Field::one("includeThoughts", Kind::Flag),
        Field::one("thinkingBudget", Kind::Int),
        Field::one(
            "thinkingLevel",
            Kind::Choice(
                "ThinkingConfig.ThinkingLevel",
                &[
                    "THINKING_LEVEL_UNSPECIFIED",
                    "MINIMAL",
                    "LOW",
                    "MEDIUM",
                    "HIGH",
                    "XHIGH",
                ],
            ),
        ),
    ],
};
