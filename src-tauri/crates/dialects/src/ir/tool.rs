//! Tools that a model may call.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::CacheMark;
use crate::{Dialect, json::Json};

/// A tool on offer.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name as the client wrote it.
    pub name: String,
    /// What it is.
    pub kind: ToolKind,
    /// What it does, for the model.
    pub description: Option<String>,
    /// JSON Schema of its arguments; `None` for none.
    pub schema: Option<Json>,
    /// Whether arguments must follow the schema exactly; `None` where nothing was said.
    pub strict: Option<bool>,
    /// A group of tools that it belongs to (Responses `namespace`).
    pub namespace: Option<String>,
    /// The declaration as the client wrote it, where it is more than the fields above say.
    pub native: Option<Native>,
    /// "Cache up to here."
    pub cache: Option<CacheMark>,
    /// Its position in the client's list.
    pub at: u32,
}

impl Tool {
    /// Description and schema of the tool as a function. One that takes free text has the one argument `input`, and
    /// tells its grammar in words.
    pub(crate) fn as_function(&self) -> (Option<Cow<'_, str>>, Option<Json>) {
        let given = self.description.as_deref();
        let ToolKind::Custom { grammar } = &self.kind else {
            return (given.map(Cow::Borrowed), self.schema.clone());
        };
        let schema = Json::of(&serde_json::json!({
            "type": "object",
            "properties": {
                "input": {"type": "string", "description": "The whole input, as it is."},
            },
            "required": ["input"],
            "additionalProperties": false,
        }));
        let Some(Grammar { syntax, definition }) = grammar else {
            return (given.map(Cow::Borrowed), Some(schema));
        };
        let given = given.unwrap_or_default();
        let words = format!("{given}\n\n`input` follows this {syntax} grammar:\n{definition}");
        (
            Some(Cow::Owned(words.trim_start().to_owned())),
            Some(schema),
        )
    }
}

/// What free text for a tool has to look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grammar {
    /// The language it is written in: `lark` or `regex` (OpenAI reference).
    #[serde(default)]
    pub syntax: String,
    /// The grammar itself.
    pub definition: String,
}

/// A declaration in its own dialect.
#[derive(Debug, Clone, PartialEq)]
pub struct Native {
    /// Whose form it is.
    pub dialect: Dialect,
    /// The whole of it.
    pub value: Json,
}

/// What a tool is.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolKind {
    /// A function that the client runs.
    Function,
    /// A tool of the client's that takes free text (OpenAI `custom`).
    Custom {
        /// What the text is held to, if anything.
        grammar: Option<Grammar>,
    },
    /// A tool that the vendor runs.
    Hosted(Hosted),
}

/// A tool that the vendor runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Hosted {
    /// Search on the web.
    WebSearch(WebSearch),
    /// Fetch a page (Anthropic `web_fetch_*`, Gemini `urlContext`).
    WebFetch,
    /// Run code (Anthropic `code_execution_*`, Responses `code_interpreter`, Gemini `codeExecution`).
    CodeExecution,
    /// Tools of a server to which the vendor connects (Anthropic `mcp_servers`, Responses `mcp`).
    Mcp(Mcp),
    /// Any other, by its `type`; only its own dialect has it.
    Other(String),
}

/// A server of tools (Model Context Protocol), which are called without asking anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mcp {
    /// Its name, by which calls name it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// The credential that it is given.
    pub token: Option<String>,
    /// Only these of its tools; all where `None`.
    pub tools: Option<Vec<String>>,
}

impl Mcp {
    /// Why a request is refused whose provider connects to none.
    pub(crate) const UNKNOWN: &str =
        "the provider connects to no MCP server itself; connect to it in the client";
}

/// Bounds of a web search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebSearch {
    /// Only these domains; all where empty.
    pub allowed_domains: Vec<String>,
    /// Not these domains.
    pub blocked_domains: Vec<String>,
    /// At most so many searches.
    pub max_uses: Option<u64>,
    /// Where the person is, as the vendor spells it.
    pub user_location: Option<Json>,
}

/// Which tool the model must call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// Nothing was said.
    #[default]
    Unset,
    /// As it likes.
    Auto,
    /// None.
    None,
    /// Any, but one.
    Any,
    /// This one.
    Named(String),
    /// One of these; must call one when `required`.
    Allowed {
        /// Whether one must be called.
        required: bool,
        /// The names.
        names: Vec<String>,
    },
}
