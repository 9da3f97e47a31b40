//! Vendors whose addresses and variables are known: `config/presets.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::found::{Auth, Dialect, Tiers};

const PRESETS: &str = include_str!("../../../../config/presets.toml");

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    toml::from_str(PRESETS).map_or_else(|_| Vec::new(), |File { presets }| presets)
});

#[derive(Deserialize)]
struct File {
    presets: Vec<Known>,
}

/// A vendor's endpoint.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Known {
    pub(crate) variable: Option<String>,
    pub(crate) base_variable: Option<String>,
    pub(crate) provider: Endpoint,
}

/// How it is called.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) name: String,
    pub(crate) dialect: Dialect,
    pub(crate) base_url: String,
    pub(crate) auth: Auth,
    #[serde(default)]
    pub(crate) models: Tiers,
}

pub(crate) fn known() -> &'static [Known] {
    &KNOWN
}

/// The dialect that a URL's host or path tells.
pub(crate) fn dialect_of(url: &str) -> Option<Dialect> {
    let low = url.to_lowercase();
    let path = low.split('?').next().unwrap_or(&low).trim_end_matches('/');
    let host = host(&low);
    if path.ends_with("/messages") || path.contains("/anthropic") || host == "api.anthropic.com" {
        Some(Dialect::Anthropic)
    } else if path.ends_with("/responses") {
        Some(Dialect::OpenaiResponses)
    } else if path.ends_with("/chat/completions") || path.ends_with("/openai") {
        Some(Dialect::OpenaiChat)
    } else if host == "generativelanguage.googleapis.com" {
        Some(Dialect::Gemini)
    } else {
        None
    }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':', '?']).next().unwrap_or_default()
}

/// A base URL of a whole endpoint, which some sources have.
pub(crate) fn base_of(url: &str) -> String {
    const ENDPOINTS: [&str; 5] = [
        "/chat/completions",
        "/v1/messages",
        "/messages",
        "/responses",
        "/v1beta/models",
    ];
    let (path, query) = url
        .split_once('?')
        .map_or((url, None), |(path, query)| (path, Some(query)));
    let mut path = path.trim_end_matches('/');
    for endpoint in ENDPOINTS {
        path = path.strip_suffix(endpoint).unwrap_or(path);
    }
    match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

/// Whether it is on this machine, where a provider needs no key.
pub(crate) fn is_local(url: &str) -> bool {
    matches!(
        host(url),
        "localhost" | "127.0.0.1" | "[" | "0.0.0.0" | "host.docker.internal"
    )
}

/// The proxy that a provider at this address is called by, of that of all providers.
pub(crate) fn outward(url: &str, proxy: Option<&String>) -> Option<String> {
    proxy.filter(|_| !is_local(url)).cloned()
}

/// Azure's addresses hold the deployment, which is the model, and the version of the API.
pub(crate) fn azure(base: &str, version: &str) -> String {
    let resource = azure_resource(base);
    format!("{resource}/openai/deployments/{{model}}?api-version={version}")
}

/// What an address at Azure begins with, whatever stands behind it.
pub(crate) fn azure_resource(base: &str) -> &str {
    let base = base.split('?').next().unwrap_or(base).trim_end_matches('/');
    base.split("/openai").next().unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_can_be_read() {
        toml::from_str::<File>(PRESETS).unwrap();
        assert!(known().iter().any(|known| known.provider.name == "openai"));
    }

    #[test]
    fn a_url_tells_its_dialect_and_its_base() {
        use Dialect::{Anthropic, Gemini, OpenaiChat, OpenaiResponses};
        let cases = [
            (
                "https://api.deepseek.com/chat/completions",
                Some(OpenaiChat),
                "https://api.deepseek.com",
            ),
            (
                "https://a.example/v1/messages",
                Some(Anthropic),
                "https://a.example",
            ),
            (
                "https://a.example/v1/responses",
                Some(OpenaiResponses),
                "https://a.example/v1",
            ),
            (
                "https://api.moonshot.cn/anthropic",
                Some(Anthropic),
                "https://api.moonshot.cn/anthropic",
            ),
            (
                "https://generativelanguage.googleapis.com/v1beta/models/",
                Some(Gemini),
                "https://generativelanguage.googleapis.com",
            ),
            ("https://a.example/v1", None, "https://a.example/v1"),
            (
                "https://a.example/chat/completions?x=1",
                Some(OpenaiChat),
                "https://a.example?x=1",
            ),
        ];
        for (url, dialect, base) in cases {
            assert_eq!(dialect_of(url), dialect, "{url}");
            assert_eq!(base_of(url), base, "{url}");
        }
    }

    #[test]
    fn azure_has_the_deployment_in_its_path() {
        for base in [
            "https://r.openai.azure.com/",
            "https://r.openai.azure.com/openai/v1",
        ] {
            assert_eq!(
                azure(base, "2024-10-21"),
                "https://r.openai.azure.com/openai/deployments/{model}?api-version=2024-10-21"
            );
        }
    }
}
