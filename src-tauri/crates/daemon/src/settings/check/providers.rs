//! `[[providers]]`: where they are, how they are spoken to, and what they hold.

use std::ops::Range;

use http::{HeaderName, HeaderValue};

use super::{
    super::{
        base_url,
        model::{Auth, Limits, ModelPrice, Models, Price, Provider, Routing},
        raw,
        reader::{At, Field, suggestion},
        scalar::{Free, OneOrMany, Pairs},
        vendors::vendors,
        words::{Dialect, KeyPolicy, Lossy},
    },
    Check, or, part, routing, values,
};
use crate::secrets::Reference;

/// Headers that belong to the connection or are written by the proxy itself.
const OWN_HEADERS: [&str; 7] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
];

pub(super) fn providers(
    check: &mut Check<'_>,
    document: &raw::Document,
    defaults: &Routing,
) -> Vec<Provider> {
    let Some(list) = document
        .providers
        .as_ref()
        .filter(|list| !list.value.is_empty())
    else {
        let span = document
            .providers
            .as_ref()
            .map_or(0..0, |list| list.span.clone());
        check.missing(
            &span,
            "there is no provider; add a [[providers]] table with a name, a dialect and a base_url",
        );
        return Vec::new();
    };
    let mut names = Vec::new();
    let mut providers = Vec::new();
    for At { span, value } in &list.value {
        let provider = provider(check, value, span, defaults);
        if let (false, Some(at)) = (provider.name.is_empty(), &value.name) {
            check.unique(&mut names, &provider.name, &at.span, "provider");
        }
        providers.push(provider);
    }
    providers
}

fn provider(
    check: &mut Check<'_>,
    raw: &raw::Provider,
    span: &Range<usize>,
    defaults: &Routing,
) -> Provider {
    let name = check.name(&raw.name, span, "name").unwrap_or_default();
    // Where the dialect is missing or unknown, the rest is still judged, leniently.
    if raw.dialect.is_none() {
        check.missing(span, "`dialect` is missing here; write the wire format that this provider speaks, such as \"anthropic\"");
    }
    let dialect = or(&raw.dialect, Dialect::Practice);
    let auth = auth(check, &raw.auth, dialect);
    let (keys, key_limits) = keys(check, &raw.keys);
    let provider = Provider {
        dialect,
        base_url: base(check, raw, span),
        vendor: vendor(check, &raw.vendor),
        caps: caps(check, &raw.caps),
        keys,
        key_limits,
        key_policy: or(&raw.key_policy, KeyPolicy::RoundRobin),
        models: models(part(&raw.models, &raw::Models::default())),
        model_map: model_map(check, &raw.model_map),
        headers: headers(check, &raw.headers),
        timeouts: routing::timeouts(check, &raw.timeouts, defaults.timeouts),
        retry: routing::retry(check, &raw.retry, defaults.retry),
        proxy: proxy(check, &raw.proxy),
        count_tokens: or(
            &raw.count_tokens,
            matches!(
                dialect,
                Dialect::Anthropic | Dialect::Gemini | Dialect::Practice
            ),
        ),
        lossy: or(&raw.lossy, Lossy::Refuse),
        price: price(check, part(&raw.price, &raw::Price::default()), dialect),
        limits: limits(check, part(&raw.limits, &raw::Limits::default())),
        enabled: or(&raw.enabled, true),
        auth,
        name,
    };
    told_about_keys(check, raw, span, &provider);
    provider
}

fn base(check: &mut Check<'_>, raw: &raw::Provider, span: &Range<usize>) -> Option<String> {
    let dialect = raw.dialect.as_ref()?.value;
    let Some(at) = &raw.base_url else {
        if dialect != Dialect::Practice {
            check.missing(
                span,
                "`base_url` is missing here; write what the vendor documents",
            );
        }
        return None;
    };
    match base_url::put_right(&at.value, dialect) {
        Ok(url) => {
            let local = ["http://127.", "http://localhost", "http://[::1]"]
                .iter()
                .any(|start| url.starts_with(start));
            if url.starts_with("http://") && !local && raw.keys.is_some() {
                check.notice(&at.span, "this base_url is plain http, so the provider's key crosses the network unencrypted");
            }
            Some(url)
        }
        Err(why) => {
            check.tell(&at.span, format!("`base_url` {why}"));
            None
        }
    }
}

fn vendor(check: &mut Check<'_>, field: &Field<String>) -> Option<String> {
    let at = field.as_ref()?;
    let known: Vec<&str> = vendors().names().collect();
    if known.contains(&at.value.as_str()) {
        return Some(at.value.clone());
    }
    let hint = suggestion(&at.value, &known);
    check.tell(
        &at.span,
        format!("`vendor` cannot be \"{}\"; {hint}", at.value),
    );
    None
}

fn caps(check: &mut Check<'_>, field: &Field<Free>) -> toml::Table {
    let Some(at) = field else {
        return toml::Table::new();
    };
    if let Err(problem) = dialects::vendors::judge(&at.value.0) {
        check.tell(&at.span, format!("`caps` has a mistake: {problem}"));
    }
    at.value.0.clone()
}

fn auth(check: &mut Check<'_>, field: &Field<raw::Auth>, dialect: Dialect) -> Auth {
    let Some(at) = field else {
        return match dialect {
            Dialect::Anthropic => Auth::XApiKey,
            Dialect::OpenaiChat | Dialect::OpenaiResponses => Auth::Bearer,
            Dialect::Gemini => Auth::Header("x-goog-api-key".to_owned()),
            Dialect::Ollama | Dialect::Practice => Auth::None,
        };
    };
    match &at.value {
        raw::Auth::XApiKey => Auth::XApiKey,
        raw::Auth::Bearer => Auth::Bearer,
        raw::Auth::Client => Auth::Client,
        raw::Auth::None => Auth::None,
        raw::Auth::Header(name) => {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                check.tell(
                    &at.span,
                    format!("`auth` names a header \"{name}\", which is no header name"),
                );
            }
            Auth::Header(name.to_lowercase())
        }
        raw::Auth::Query(name) => {
            if name.is_empty()
                || !name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            {
                check.tell(
                    &at.span,
                    format!(
                        "`auth` names a query parameter \"{name}\"; use letters, digits, - _ ."
                    ),
                );
            }
            Auth::Query(name.clone())
        }
    }
}

/// References to keys, and the limits of each.
fn keys(check: &mut Check<'_>, field: &Field<Vec<At<raw::Key>>>) -> (Vec<Reference>, Vec<Limits>) {
    let (mut keys, mut bounds) = (Vec::new(), Vec::new());
    for At { value, .. } in field.iter().flat_map(|list| &list.value) {
        let Some(reference) = check.reference(&value.secret, "keys") else {
            continue;
        };
        if reference.is_own_token() {
            check.tell(
                &value.secret.span,
                "`keys` names a token of Turnout itself, which no provider is told; name a key of the provider",
            );
        } else if keys.contains(&reference) {
            check.tell(
                &value.secret.span,
                "`keys` holds the same key twice; each of a pool must differ",
            );
        } else {
            keys.push(reference);
            bounds.push(limits(check, part(&value.limits, &raw::Limits::default())));
        }
    }
    (keys, bounds)
}

fn told_about_keys(
    check: &mut Check<'_>,
    raw: &raw::Provider,
    span: &Range<usize>,
    provider: &Provider,
) {
    let span = raw.keys.as_ref().map_or(span, |list| &list.span);
    match (&provider.auth, provider.keys.is_empty()) {
        (Auth::None | Auth::Client, false) => {
            check.notice(
                span,
                &format!(
                    "provider {} has keys that its `auth` never presents",
                    provider.name
                ),
            );
        }
        (Auth::XApiKey | Auth::Bearer | Auth::Header(_) | Auth::Query(_), true)
            if provider.enabled =>
        {
            let hint = "it cannot serve until it has one; set `auth = \"none\"` if it needs none";
            check.notice(
                span,
                &format!("provider {} has no key: {hint}", provider.name),
            );
        }
        _ => {}
    }
}

fn models(raw: &raw::Models) -> Models {
    let tier = |field: &Field<OneOrMany>| {
        field
            .as_ref()
            .map(|at| values(&at.value.0))
            .unwrap_or_default()
    };
    Models {
        big: tier(&raw.big),
        middle: tier(&raw.middle),
        small: tier(&raw.small),
    }
}

fn model_map(check: &mut Check<'_>, field: &Field<Pairs<String>>) -> Vec<(String, String)> {
    let mut map = Vec::new();
    for (pattern, model) in field.iter().flat_map(|pairs| &pairs.value.0) {
        if let Err(error) = globset::Glob::new(&pattern.value) {
            check.tell(
                &pattern.span,
                format!(
                    "`model_map` has a pattern that is no glob: {}",
                    error.kind()
                ),
            );
        } else if model.value.trim().is_empty() {
            check.tell(&model.span, "`model_map` maps to an empty model name");
        } else {
            map.push((pattern.value.clone(), model.value.clone()));
        }
    }
    map
}

fn headers(check: &mut Check<'_>, field: &Field<Pairs<String>>) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for (name, value) in field.iter().flat_map(|pairs| &pairs.value.0) {
        let lower = name.value.to_lowercase();
        if HeaderName::from_bytes(lower.as_bytes()).is_err() {
            check.tell(
                &name.span,
                format!("`headers` has \"{}\", which is no header name", name.value),
            );
        } else if OWN_HEADERS.contains(&lower.as_str()) {
            check.tell(
                &name.span,
                format!("`headers` cannot set {lower}, which belongs to the connection"),
            );
        } else if HeaderValue::from_str(&value.value).is_err() {
            check.tell(
                &value.span,
                format!(
                    "`headers` has a value for {lower} with characters that no header may hold"
                ),
            );
        } else {
            headers.push((name.value.clone(), value.value.clone()));
        }
    }
    headers
}

fn proxy(check: &mut Check<'_>, field: &Field<String>) -> Option<String> {
    let at = field.as_ref()?;
    let url = reqwest::Url::parse(&at.value).ok();
    let fits = url.is_some_and(|url| {
        matches!(
            url.scheme(),
            "http" | "https" | "socks4" | "socks5" | "socks5h"
        ) && url.host_str().is_some_and(|host| !host.is_empty())
    });
    if !fits {
        // Not repeated: a proxy's URL may carry a password.
        check.tell(&at.span, "`proxy` must be a URL such as \"http://127.0.0.1:8080\" or \"socks5://127.0.0.1:1080\"");
    }
    fits.then(|| at.value.clone())
}

/// A practice provider costs nothing unless its price is set by hand.
fn price(check: &mut Check<'_>, raw: &raw::Price, dialect: Dialect) -> Price {
    let usual = if dialect == Dialect::Practice {
        0.0
    } else {
        1.0
    };
    let multiplier = check
        .money(&raw.multiplier, "price.multiplier")
        .unwrap_or(usual);
    let models = model_prices(check, &raw.models);
    Price { multiplier, models }
}

/// Prices of single models.
pub(super) fn model_prices(
    check: &mut Check<'_>,
    raw: &Field<Pairs<raw::ModelPrice>>,
) -> Vec<(String, ModelPrice)> {
    let mut models = Vec::new();
    for (name, at) in raw.iter().flat_map(|pairs| &pairs.value.0) {
        if at.value.input.is_none() || at.value.output.is_none() {
            check.missing(
                &name.span,
                "a model's price needs `input` and `output`, in US dollars for a million tokens",
            );
        }
        let price = ModelPrice {
            input: check.money(&at.value.input, "input").unwrap_or_default(),
            output: check.money(&at.value.output, "output").unwrap_or_default(),
            cache_read: check.money(&at.value.cache_read, "cache_read"),
            cache_write_5m: check.money(&at.value.cache_write_5m, "cache_write_5m"),
            cache_write_1h: check.money(&at.value.cache_write_1h, "cache_write_1h"),
        };
        models.push((name.value.clone(), price));
    }
    models
}

fn limits(check: &mut Check<'_>, raw: &raw::Limits) -> Limits {
    Limits {
        rpm: check.some_if_given(&raw.rpm, "limits.rpm"),
        tpm: check.some_if_given(&raw.tpm, "limits.tpm"),
        concurrency: check.some_if_given(&raw.concurrency, "limits.concurrency"),
    }
}
