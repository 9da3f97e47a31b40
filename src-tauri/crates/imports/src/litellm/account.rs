//! Accounts of a `LiteLLM` proxy: what the parameters of a deployment say of who is called, and how.

use super::HOW;
use crate::found::{Auth, Dialect, Provider, Reading, Retry, Timeouts};
use crate::known::{azure, known};
use crate::table::Table;
use crate::values::key;

/// Vendors by their prefix: the wire format, the address, and the variable that holds the key where none is given.
const VENDORS: [(&str, Dialect, &str, &str); 15] = [
    (
        "openai",
        Dialect::OpenaiChat,
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
    ),
    (
        "anthropic",
        Dialect::Anthropic,
        "https://api.anthropic.com",
        "ANTHROPIC_API_KEY",
    ),
    (
        "gemini",
        Dialect::Gemini,
        "https://generativelanguage.googleapis.com",
        "GEMINI_API_KEY",
    ),
    (
        "openrouter",
        Dialect::OpenaiChat,
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
    ),
    (
        "deepseek",
        Dialect::OpenaiChat,
        "https://api.deepseek.com",
        "DEEPSEEK_API_KEY",
    ),
    (
        "groq",
        Dialect::OpenaiChat,
        "https://api.groq.com/openai/v1",
        "GROQ_API_KEY",
    ),
    (
        "mistral",
        Dialect::OpenaiChat,
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
    ),
    (
        "xai",
        Dialect::OpenaiChat,
        "https://api.x.ai/v1",
        "XAI_API_KEY",
    ),
    (
        "together_ai",
        Dialect::OpenaiChat,
        "https://api.together.xyz/v1",
        "TOGETHERAI_API_KEY",
    ),
    (
        "fireworks_ai",
        Dialect::OpenaiChat,
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_AI_API_KEY",
    ),
    (
        "moonshot",
        Dialect::OpenaiChat,
        "https://api.moonshot.ai/v1",
        "MOONSHOT_API_KEY",
    ),
    ("ollama", Dialect::Ollama, "http://localhost:11434", ""),
    ("ollama_chat", Dialect::Ollama, "http://localhost:11434", ""),
    ("hosted_vllm", Dialect::OpenaiChat, "", ""),
    (
        "lm_studio",
        Dialect::OpenaiChat,
        "http://localhost:1234/v1",
        "",
    ),
];

/// A provider in the making.
pub(super) struct Account {
    pub(super) place: String,
    pub(super) wish: String,
    pub(super) key_text: Option<String>,
    pub(super) provider: Provider,
    /// Where a price of one of its models stood, and whose it is.
    pub(super) priced: Vec<(String, String)>,
}

/// The vendor and its own name of a model.
pub(super) fn vendor_of(model: &str) -> (String, String) {
    let is_vendor = |prefix: &str| {
        VENDORS.iter().any(|(name, ..)| *name == prefix)
            || OTHERS.contains(&prefix)
            || prefix == "azure"
    };
    if let Some((prefix, rest)) = model
        .split_once('/')
        .filter(|(prefix, _)| is_vendor(prefix))
    {
        return (prefix.to_owned(), rest.to_owned());
    }
    let vendor = match model {
        _ if model.starts_with("claude") => "anthropic",
        _ if model.starts_with("gemini") => "gemini",
        _ => "openai",
    };
    (vendor.to_owned(), model.to_owned())
}

/// Vendors that are called in ways that need more than a key.
const OTHERS: [&str; 12] = [
    "bedrock",
    "sagemaker",
    "vertex_ai",
    "vertex_ai_beta",
    "watsonx",
    "replicate",
    "huggingface",
    "cohere",
    "text-completion-openai",
    "databricks",
    "github_copilot",
    "azure_ai",
];

pub(super) fn account(
    place: &str,
    vendor: &str,
    params: &mut Table,
    found: &mut Reading<'_>,
) -> Option<Account> {
    let report = &mut found.report;
    let version = params.filled("api_version", report);
    let base = params
        .filled("api_base", report)
        .or_else(|| params.filled("base_url", report));
    let key_text = params.filled("api_key", report);
    let known = VENDORS.iter().find(|(name, ..)| *name == vendor);
    if known.is_none() && vendor != "azure" && (OTHERS.contains(&vendor) || base.is_none()) {
        let why = format!(
            "{vendor} is called in a way of its own; add the provider by hand where vendors.toml knows it"
        );
        report.left(place, why);
        return None;
    }
    let (dialect, usual, variable) = known.map_or(
        (Dialect::OpenaiChat, "", ""),
        |(_, dialect, usual, variable)| (*dialect, *usual, *variable),
    );
    let base = match base {
        Some(base) => found.written(place, &base, HOW)?,
        None if usual.is_empty() => {
            found.report.left(place, "it has no api_base");
            return None;
        }
        None => usual.to_owned(),
    };
    let mut provider = Provider {
        dialect,
        base_url: crate::known::base_of(&base),
        ..Provider::default()
    };
    if vendor == "azure" {
        provider.base_url = azure(&base, version.as_deref().unwrap_or("2024-10-21"));
        provider.auth = Some(Auth::header("api-key"));
        found
            .report
            .changed(place, "Azure's deployment stands in base_url as {model}");
    }
    // LiteLLM too looks where the vendor's own programs do.
    let key_text =
        key_text.or_else(|| (!variable.is_empty()).then(|| format!("os.environ/{variable}")));
    let keys = key_text.as_deref().and_then(|text| key(text, HOW));
    if let (None, Some(_)) = (&keys, &key_text) {
        found.report.left(
            format!("{place}.api_key"),
            "it is no key but an example; set it with `keys set`",
        );
    }
    if keys.is_none() && crate::known::is_local(&provider.base_url) {
        provider.auth = Some(Auth::word("none"));
    }
    provider.keys = keys.into_iter().collect();
    let report = &mut found.report;
    provider.limits.rpm = params.count("rpm", report);
    provider.limits.tpm = params.count("tpm", report);
    provider.limits.concurrency = params.count("max_parallel_requests", report);
    provider.timeouts = Timeouts {
        total: params.span("timeout", report),
        first_event: params.span("stream_timeout", report),
        ..Timeouts::default()
    };
    let retries = params.count("max_retries", report);
    provider.retry = retries.map(|retries| Retry {
        attempts: retries.saturating_add(1),
    });
    let headers = params.table("extra_headers", report);
    provider.headers = found.headers(headers, HOW);
    let wish = wish(vendor, &provider);
    Some(Account {
        place: place.to_owned(),
        wish,
        key_text,
        provider,
        priced: Vec::new(),
    })
}

/// A name: the vendor's, unless the address is another one.
fn wish(vendor: &str, provider: &Provider) -> String {
    let usual = VENDORS
        .iter()
        .any(|(name, _, base, _)| *name == vendor && *base == provider.base_url);
    let preset = known()
        .iter()
        .any(|known| known.provider.base_url == provider.base_url);
    if usual || preset || vendor == "azure" {
        return vendor.to_owned();
    }
    let rest = provider
        .base_url
        .split_once("://")
        .map_or("", |(_, rest)| rest);
    let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
    if host.is_empty() || host.contains('$') {
        vendor
    } else {
        host
    }
    .to_owned()
}
