//! Puts a provider's base URL right: what vendors document differs by dialect, and people paste what they have.
//!
//! `OpenAI`-type URLs end in `/v1`; Anthropic, Ollama and Gemini ones carry no version segment of their own.

use super::words::Dialect;

/// Ends of whole endpoints that people paste instead of the base.
const ENDPOINTS: [&str; 4] = ["/messages", "/chat/completions", "/responses", "/api/chat"];

/// The URL as the vendor documents it, or why it cannot be used.
pub(super) fn put_right(text: &str, dialect: Dialect) -> Result<String, String> {
    let url = reqwest::Url::parse(text.trim()).map_err(|error| {
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
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not carry a ? or # part; put a key into `keys` and set `auth = { query = \"NAME\" }`".to_owned());
    }
    let (origin, path) = url.as_str().split_at(url.as_str().len() - url.path().len());
    let mut path = path.trim_end_matches('/');
    for endpoint in ENDPOINTS {
        path = path
            .strip_suffix(endpoint)
            .unwrap_or(path)
            .trim_end_matches('/');
    }
    Ok(match dialect {
        Dialect::OpenaiChat | Dialect::OpenaiResponses => format!("{origin}{}", with_version(path)),
        Dialect::Anthropic | Dialect::Practice | Dialect::Gemini => {
            format!("{origin}{}", without_version(path))
        }
        Dialect::Ollama => format!(
            "{origin}{}",
            without_version(path.strip_suffix("/api").unwrap_or(path))
        ),
    })
}

/// An `OpenAI`-type base without its final `/v1`, for a caller that adds whole paths.
pub(super) fn without_version(path: &str) -> &str {
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
    if path.split('/').any(is_version) {
        path.to_owned()
    } else {
        format!("{path}/v1")
    }
}

/// `v1`, `v4`, `v1beta`, `v1beta2`.
fn is_version(segment: &str) -> bool {
    let Some(rest) = segment.strip_prefix('v') else {
        return false;
    };
    let suffix = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = rest.len() - suffix.len();
    let stage = suffix.trim_end_matches(|c: char| c.is_ascii_digit());
    (1..=2).contains(&number)
        && matches!(stage, "" | "alpha" | "beta")
        && (!stage.is_empty() || suffix.is_empty())
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
                "https://g.example/v1beta/openai",
                "https://g.example/v1beta/openai",
            ),
            (
                OpenaiResponses,
                "https://api.openai.com",
                "https://api.openai.com/v1",
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
            ("https://x.example/?key=1", "?"),
            ("https://x.example/#a", "#"),
        ];
        for (text, part) in cases {
            let error = put_right(text, Dialect::Anthropic).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn only_version_segments_are_versions() {
        for (segment, expected) in [
            ("v1", true),
            ("v12", true),
            ("v1beta", true),
            ("v1beta2", true),
            ("v", false),
            ("vendor", false),
            ("v1x", false),
            ("v123", false),
            ("", false),
        ] {
            assert_eq!(is_version(segment), expected, "{segment}");
        }
    }
}
