//! Puts a provider's base URL right: what vendors document differs by dialect, and people paste what they have.
//!
//! `OpenAI`-type URLs end in `/v1`, or in what a vendor has instead (`/api/paas/v4`, `/v1beta/openai`), which is kept;
//! Anthropic, Ollama and Gemini ones carry no version segment of their own. A query is kept: it goes with each call
//! (Azure's `?api-version=…`). So is `{model}`, which stands for the model of a call (Azure's deployments).

use gateway::is_version;

use super::words::Dialect;

/// Ends of whole endpoints that people paste instead of the base.
const ENDPOINTS: [&str; 10] = [
    "/messages/count_tokens",
    "/messages",
    "/chat/completions",
    "/responses",
    "/embeddings",
    "/models",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/api/tags",
];

/// Query parameters that carry a key, which has no place in a base URL.
const CREDENTIALS: [&str; 9] = [
    "key",
    "api_key",
    "api-key",
    "apikey",
    "token",
    "access_token",
    "subscription-key",
    "code",
    "sig",
];

/// The URL as the vendor documents it, or why it cannot be used.
pub(super) fn put_right(text: &str, dialect: Dialect) -> Result<String, String> {
    let mut url = reqwest::Url::parse(text.trim()).map_err(|error| {
        format!("cannot be \"{text}\" ({error}); write something like https://api.example.com")
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(format!(
            "cannot be \"{text}\"; it must begin with https:// or http:// and name a host"
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "must not carry a user name or password; put the credential into `keys`".to_owned(),
        );
    }
    if url.fragment().is_some() {
        return Err("must not carry a # part".to_owned());
    }
    let query = query(&url)?;
    url.set_query(None);
    let (origin, path) = url.as_str().split_at(url.as_str().len() - url.path().len());
    let path = path.replace("%7Bmodel%7D", "{model}");
    let mut path = path.trim_end_matches('/');
    // A Gemini endpoint names its model: /v1beta/models/NAME:generateContent.
    if let (Dialect::Gemini, Some((base, _))) = (dialect, path.rsplit_once("/models/")) {
        path = base;
    }
    for endpoint in ENDPOINTS {
        path = path
            .strip_suffix(endpoint)
            .unwrap_or(path)
            .trim_end_matches('/');
    }
    let path = match dialect {
        Dialect::OpenaiChat | Dialect::OpenaiResponses => with_version(path),
        Dialect::Anthropic | Dialect::Practice | Dialect::Gemini => {
            without_version(path).to_owned()
        }
        Dialect::Ollama => without_version(path.strip_suffix("/api").unwrap_or(path)).to_owned(),
    };
    Ok(format!("{origin}{path}{query}"))
}

/// The query with its question mark, where there is one. How a stream is framed is told by each call.
fn query(url: &reqwest::Url) -> Result<String, String> {
    let is_key = |name: &str| CREDENTIALS.contains(&&*name.to_ascii_lowercase());
    if let Some((name, _)) = url.query_pairs().find(|(name, _)| is_key(name)) {
        return Err(format!(
            "must not carry a key (?{name}=…); put it into `keys` and set `auth = {{ query = \"{name}\" }}`"
        ));
    }
    let pairs = url.query().unwrap_or_default().split('&');
    let kept: Vec<&str> = pairs
        .filter(|pair| !pair.is_empty() && !pair.starts_with("alt="))
        .collect();
    Ok(if kept.is_empty() {
        String::new()
    } else {
        format!("?{}", kept.join("&"))
    })
}

fn without_version(path: &str) -> &str {
    let mut path = path.trim_end_matches('/');
    while let Some((rest, last)) = path.rsplit_once('/') {
        if !is_version(last) {
            break;
        }
        path = rest.trim_end_matches('/');
    }
    path
}

fn with_version(path: &str) -> String {
    let mut path = path;
    while let Some((rest, last)) = path.rsplit_once('/') {
        if !is_version(last) || !rest.ends_with(&format!("/{last}")) {
            break;
        }
        path = rest;
    }
    // Azure's older paths have the version in a query parameter and are complete as they are.
    if path.split('/').any(is_version) || path.contains("/deployments/") {
        path.to_owned()
    } else {
        format!("{path}/v1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn version_segments_are_put_right_for_each_dialect() {
        use Dialect::{Anthropic, Gemini, Ollama, OpenaiChat, OpenaiResponses, Practice};
        let cases = [
            (
                Anthropic,
                "https://api.anthropic.com",
                "https://api.anthropic.com",
            ),
            (
                Anthropic,
                "https://api.anthropic.com/",
                "https://api.anthropic.com",
            ),
            (
                Anthropic,
                "https://api.anthropic.com/v1",
                "https://api.anthropic.com",
            ),
            (
                Anthropic,
                "https://api.anthropic.com/v1/v1/",
                "https://api.anthropic.com",
            ),
            (
                Anthropic,
                "https://api.anthropic.com/v1/messages",
                "https://api.anthropic.com",
            ),
            (
                Anthropic,
                "https://relay.example/api",
                "https://relay.example/api",
            ),
            (
                Anthropic,
                "http://127.0.0.1:9000/x/v1",
                "http://127.0.0.1:9000/x",
            ),
            (Practice, "http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
            (
                OpenaiChat,
                "https://api.openai.com",
                "https://api.openai.com/v1",
            ),
            (
                OpenaiChat,
                "https://api.openai.com/v1/",
                "https://api.openai.com/v1",
            ),
            (
                OpenaiChat,
                "https://api.openai.com/v1/v1",
                "https://api.openai.com/v1",
            ),
            (
                OpenaiChat,
                "https://api.openai.com/v1/chat/completions",
                "https://api.openai.com/v1",
            ),
            (
                OpenaiChat,
                "https://openrouter.ai/api",
                "https://openrouter.ai/api/v1",
            ),
            (
                OpenaiChat,
                "https://api.z.ai/api/paas/v4",
                "https://api.z.ai/api/paas/v4",
            ),
            (
                OpenaiChat,
                "https://api.z.ai/api/paas/v4/chat/completions",
                "https://api.z.ai/api/paas/v4",
            ),
            (
                OpenaiChat,
                "https://dashscope.aliyuncs.com/compatible-mode",
                "https://dashscope.aliyuncs.com/compatible-mode/v1",
            ),
            (
                OpenaiChat,
                "https://r.openai.azure.com/openai/v1/",
                "https://r.openai.azure.com/openai/v1",
            ),
            (
                OpenaiChat,
                "https://r.openai.azure.com/openai/deployments/gpt-4o",
                "https://r.openai.azure.com/openai/deployments/gpt-4o",
            ),
            (
                OpenaiChat,
                "https://r.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/deployments/gpt-4o?api-version=2024-10-21",
            ),
            (
                OpenaiChat,
                "https://r.openai.azure.com/openai/deployments/{model}?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/deployments/{model}?api-version=2024-10-21",
            ),
            (
                Gemini,
                "https://g.example/v1beta/models/m:streamGenerateContent?alt=sse",
                "https://g.example",
            ),
            (
                Anthropic,
                "https://aiplatform.googleapis.com/v1/projects/p/locations/global/",
                "https://aiplatform.googleapis.com/v1/projects/p/locations/global",
            ),
            (
                OpenaiChat,
                "http://localhost:1234/v1/models",
                "http://localhost:1234/v1",
            ),
            (
                OpenaiChat,
                "https://g.example/v1beta/openai",
                "https://g.example/v1beta/openai",
            ),
            (
                OpenaiResponses,
                "https://api.openai.com",
                "https://api.openai.com/v1",
            ),
            (
                OpenaiResponses,
                "https://api.openai.com/v1/responses",
                "https://api.openai.com/v1",
            ),
            (
                Anthropic,
                "https://api.z.ai/api/anthropic/v1/messages/count_tokens",
                "https://api.z.ai/api/anthropic",
            ),
            (
                Anthropic,
                "https://gateway.ai.cloudflare.com/v1/a/g/anthropic",
                "https://gateway.ai.cloudflare.com/v1/a/g/anthropic",
            ),
            (
                Gemini,
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent",
                "https://generativelanguage.googleapis.com",
            ),
            (
                Gemini,
                "https://generativelanguage.googleapis.com/v1beta/v1beta/",
                "https://generativelanguage.googleapis.com",
            ),
            (
                Ollama,
                "http://localhost:11434/api/tags",
                "http://localhost:11434",
            ),
            (
                Gemini,
                "https://generativelanguage.googleapis.com",
                "https://generativelanguage.googleapis.com",
            ),
            (
                Gemini,
                "https://generativelanguage.googleapis.com/v1beta",
                "https://generativelanguage.googleapis.com",
            ),
            (
                Ollama,
                "http://localhost:11434/v1",
                "http://localhost:11434",
            ),
            (
                Ollama,
                "http://localhost:11434/api/",
                "http://localhost:11434",
            ),
            (Ollama, "http://localhost:11434", "http://localhost:11434"),
        ];
        for (dialect, text, expected) in cases {
            assert_eq!(
                put_right(text, dialect).as_deref(),
                Ok(expected),
                "{dialect} {text}"
            );
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        let cases = [
            ("", "cannot be"),
            ("api.example.com", "cannot be"),
            ("localhost:9000", "https://"),
            ("ftp://x.example", "https://"),
            ("https://user:secret@x.example", "user name"),
            ("https://x.example/?key=secret", "`keys`"),
            ("https://x.example/v1?a=b&API-Key=secret", "`keys`"),
            ("https://x.example/#a", "#"),
        ];
        for (text, part) in cases {
            let error = put_right(text, Dialect::Anthropic).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
