//! Embeddings.

/// A request for embeddings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EmbedRequest {
    /// The model.
    pub model: String,
    /// What is embedded, in order.
    pub inputs: Vec<EmbedInput>,
    /// Length of the vectors wanted.
    pub dimensions: Option<u64>,
    /// How the client wants them written.
    pub encoding: Encoding,
    /// What they are for (Gemini `taskType`).
    pub task: Option<String>,
    /// A title (Gemini).
    pub title: Option<String>,
    /// The end user, as an id.
    pub user: Option<String>,
    /// Whether the client asked for a single one in the dialect's single form (Gemini `embedContent`, Ollama
    /// `/api/embeddings`).
    pub single: bool,
}

/// Something to embed.
#[derive(Debug, Clone, PartialEq)]
pub enum EmbedInput {
    /// Text.
    Text(String),
    /// Token ids, which only OpenAI takes.
    Tokens(Vec<u64>),
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Numbers.
    #[default]
    Float,
    /// Base64 of little-endian 32-bit floats, which OpenAI's SDKs ask for by default.
    Base64,
}

/// Embeddings, in the order of the inputs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EmbedAnswer {
    /// The model that says it answered.
    pub model: Option<String>,
    /// One vector for each input.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens embedded, where told.
    pub tokens: Option<u64>,
}
