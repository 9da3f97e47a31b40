//! What a path stands for: which call, in which dialect, pinned to what.

use dialects::Dialect;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use routing::Pin;

/// What a client calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// An answer by a model.
    Answer,
    /// A token count.
    Count,
    /// Embeddings.
    Embed,
    /// The list of models.
    Models,
    /// One model.
    Model(String),
    /// Anything else: passed through by status alone, to a provider of the same dialect.
    Other,
}

/// A path understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// `/provider/NAME` or `/group/NAME` before the path.
    pub(crate) pin: Option<Pin>,
    /// What the rest stands for.
    pub(crate) endpoint: Endpoint,
    /// The dialect that the client speaks.
    pub(crate) dialect: Dialect,
    /// The path as a provider of the same dialect knows it.
    pub(crate) path: String,
    /// The model, where the path names it (Gemini).
    pub(crate) model: Option<String>,
    /// Whether a stream is asked for, where the path tells it.
    pub(crate) stream: Option<bool>,
    /// A Gemini stream is asked for as a JSON array instead of server-sent events.
    pub(crate) json_array: bool,
}

/// Paths that only OpenAI's Chat family of APIs has.
const OPENAI: [&str; 10] = [
    "/v1/chat/",
    "/v1/completions",
    "/v1/audio/",
    "/v1/images/",
    "/v1/moderations",
    "/v1/fine_tuning/",
    "/v1/assistants",
    "/v1/threads",
    "/v1/vector_stores",
    "/v1/uploads",
];

impl Route {
    /// Understands a path; `None` when no provider could serve it.
    pub(crate) fn of(
        method: &Method,
        path: &str,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Option<Self> {
        let (pin, path) = unpin(path)?;
        if is_winding(path) {
            return None;
        }
        if let (None, Some(name)) = (&pin, named_completions(method, path)) {
            let route = Self::new(
                Endpoint::Answer,
                Dialect::OpenaiChat,
                "/v1/chat/completions",
            );
            let pin = Some(Pin::Provider(decoded(name)?));
            return Some(Self { pin, ..route });
        }
        let route = if let Some(path) = path.strip_prefix("/ollama") {
            ollama(path)
        } else {
            gemini(method, path, query, headers)
                .or_else(|| openai_or_anthropic(method, path, headers))
        };
        route.map(|route| Self { pin, ..route })
    }

    fn new(endpoint: Endpoint, dialect: Dialect, path: &str) -> Self {
        Self {
            pin: None,
            endpoint,
            dialect,
            path: path.to_owned(),
            model: None,
            stream: None,
            json_array: false,
        }
    }
}

fn openai_or_anthropic(method: &Method, path: &str, headers: &HeaderMap) -> Option<Route> {
    if !path.starts_with("/v1/") {
        return None;
    }
    let post = *method == Method::POST;
    // Anthropic and OpenAI share the path of the models; only Anthropic's clients name a version or have such a key.
    let names = ["anthropic-version", "x-api-key"];
    let shared = if names.iter().any(|name| headers.contains_key(*name)) {
        Dialect::Anthropic
    } else {
        Dialect::OpenaiChat
    };
    let (endpoint, dialect) = match path {
        "/v1/messages" if post => (Endpoint::Answer, Dialect::Anthropic),
        "/v1/messages/count_tokens" if post => (Endpoint::Count, Dialect::Anthropic),
        "/v1/chat/completions" if post => (Endpoint::Answer, Dialect::OpenaiChat),
        "/v1/embeddings" if post => (Endpoint::Embed, Dialect::OpenaiChat),
        "/v1/responses" if post => (Endpoint::Answer, Dialect::OpenaiResponses),
        "/v1/responses/input_tokens" if post => (Endpoint::Count, Dialect::OpenaiResponses),
        "/v1/models" if !post => (Endpoint::Models, shared),
        _ if !post && path.starts_with("/v1/models/") => (
            Endpoint::Model(decoded(&path["/v1/models/".len()..])?),
            shared,
        ),
        _ if path.starts_with("/v1/responses") => (Endpoint::Other, Dialect::OpenaiResponses),
        _ if OPENAI.iter().any(|start| path.starts_with(start)) => {
            (Endpoint::Other, Dialect::OpenaiChat)
        }
        _ => (Endpoint::Other, Dialect::Anthropic),
    };
    Some(Route::new(endpoint, dialect, path))
}

/// The provider of `/v1/{provider}/completions`, by which earlier tools pinned one for a chat completion.
fn named_completions<'a>(method: &Method, path: &'a str) -> Option<&'a str> {
    let name = path.strip_prefix("/v1/")?.strip_suffix("/completions")?;
    let is_name = *method == Method::POST && !name.is_empty() && !name.contains('/');
    (is_name && name != "chat").then_some(name)
}

/// `/v1beta/models/{model}:action`, with any version; the colon may be percent-encoded.
///
/// Others have paths under `/v1` too. What is no call of Google's by its action is one by its key, which Google's
/// clients present in a header or in the query (google-genai lists models at `/v1/models`).
fn gemini(method: &Method, path: &str, query: Option<&str>, headers: &HeaderMap) -> Option<Route> {
    let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
    if !matches!(version, "v1beta" | "v1alpha" | "v1") {
        return None;
    }
    let says = |wanted: &str| {
        query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with(wanted)))
    };
    let is_shared = version == "v1" && !headers.contains_key("x-goog-api-key") && !says("key=");
    let plain = decoded(rest)?;
    let (model, action) = match plain.rsplit_once(':') {
        Some((model, action)) => (model, action),
        None if is_shared => return None,
        None => return Some(gemini_reading(method, path, &plain)),
    };
    let stream = action == "streamGenerateContent";
    let endpoint = match action {
        "generateContent" | "streamGenerateContent" => Endpoint::Answer,
        "countTokens" => Endpoint::Count,
        "embedContent" | "batchEmbedContents" => Endpoint::Embed,
        _ if is_shared => return None,
        _ => Endpoint::Other,
    };
    Some(Route {
        model: Some(model.strip_prefix("models/").unwrap_or(model).to_owned()),
        stream: Some(stream),
        json_array: stream && !says("alt=sse"),
        ..Route::new(endpoint, Dialect::Gemini, path)
    })
}

fn gemini_reading(method: &Method, path: &str, rest: &str) -> Route {
    let reads = *method != Method::POST;
    let endpoint = match rest.strip_prefix("models") {
        Some("") if reads => Endpoint::Models,
        Some(model) if reads && model.starts_with('/') => Endpoint::Model(model[1..].to_owned()),
        _ => Endpoint::Other,
    };
    Route::new(endpoint, Dialect::Gemini, path)
}

fn ollama(path: &str) -> Option<Route> {
    if !path.starts_with("/api/") {
        return None;
    }
    let endpoint = match path {
        "/api/chat" | "/api/generate" => Endpoint::Answer,
        "/api/embed" | "/api/embeddings" => Endpoint::Embed,
        "/api/tags" => Endpoint::Models,
        _ => Endpoint::Other,
    };
    Some(Route::new(endpoint, Dialect::Ollama, path))
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

fn unpin(path: &str) -> Option<(Option<Pin>, &str)> {
    for (prefix, pin) in [
        ("/provider/", Pin::Provider as fn(String) -> Pin),
        ("/group/", Pin::Group),
    ] {
        if let Some(rest) = path.strip_prefix(prefix) {
            let (name, _) = rest.split_once('/')?;
            return Some((Some(pin(decoded(name)?)), &rest[name.len()..]));
        }
    }
    Some((None, path))
}

/// Whether a path only asks if somebody is there, pinned or not.
pub(crate) fn is_liveness(method: &Method, path: &str) -> bool {
    let asks = *method == Method::GET || *method == Method::HEAD;
    let path = unpin(path).map(|(_, path)| path);
    asks && matches!(
        path,
        Some("/" | "/health" | "/api/hello" | "/ollama" | "/ollama/")
    )
}

/// Whether a path leaves the place it stands in: a provider's key must not travel to another one at its host.
fn is_winding(path: &str) -> bool {
    let plain = percent_decode_str(path).decode_utf8_lossy();
    plain
        .split(['/', '\\'])
        .any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
