//! Which headers travel on, in each direction.
//!
//! End-to-end headers are forwarded as they are. Hop-by-hop ones (RFC 9110, section 7.6.1), credentials and cookies
//! are not.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    access::CREDENTIALS,
    snapshot::{Access, Auth, Upstream},
};

/// Headers that belong to one connection, or that each side writes for itself.
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
];
/// The client's headers that are about its own way to us.
const OURS: [&str; 8] = [
    "host",
    "accept-encoding",
    "cookie",
    "origin",
    "referer",
    "x-turnout-route",
    "x-turnout-cache",
    "expect",
];

/// What the headers of an upstream request begin as.
#[derive(Clone, Copy)]
pub(crate) enum Base<'a> {
    /// The client's end-to-end ones, of a client of this dialect.
    Clients(dialects::Dialect),
    /// Those that go with a body written anew, and the client's, which are of the same API.
    Rewritten(&'a [(&'static str, String)]),
    /// Those that go with a body written anew for another API; the client's mean nothing there.
    Converted(&'a [(&'static str, String)]),
}

/// The headers of an upstream request: those to begin with, then the provider's own, and its credential.
pub(crate) fn request_headers(
    client: &HeaderMap,
    upstream: &Upstream,
    key: Option<&SecretString>,
    access: &Access,
    base: Base<'_>,
) -> HeaderMap {
    let mut headers = match base {
        Base::Clients(dialect) => {
            let mut headers = passed_on(client, upstream);
            // Anthropic's API refuses a call without a version; a client that names none means the oldest.
            if dialect == dialects::Dialect::Anthropic {
                let version = HeaderName::from_static("anthropic-version");
                headers
                    .entry(version)
                    .or_insert(HeaderValue::from_static("2023-06-01"));
            }
            headers
        }
        Base::Rewritten(written) => {
            let mut headers = passed_on(client, upstream);
            for (name, value) in written {
                if let Ok(value) = HeaderValue::try_from(value) {
                    headers.entry(*name).or_insert(value);
                }
            }
            headers
        }
        Base::Converted(written) => {
            let mut headers = written_headers(written);
            for via in client.get_all(header::VIA) {
                headers.append(header::VIA, via.clone());
            }
            headers
        }
    };
    keep_known_betas(&mut headers, upstream);
    // Streams are read on their way through, so they must come as they are.
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    for (name, value) in &upstream.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    credential(&mut headers, client, upstream, key, access);
    headers
}

/// Names of beta features, of which some endpoints refuse those that they do not know.
const BETA: &str = "anthropic-beta";

fn betas(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let told = headers.get_all(BETA).into_iter();
    told.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|beta| !beta.is_empty())
}

fn is_known(beta: &str, upstream: &Upstream) -> bool {
    let messages = &upstream.vendor.base().messages;
    !messages.strict || messages.betas.iter().any(|known| known == beta)
}

/// Leaves out the betas that an endpoint is known to refuse.
fn keep_known_betas(headers: &mut HeaderMap, upstream: &Upstream) {
    if betas(headers).all(|beta| is_known(beta, upstream)) {
        return;
    }
    let kept: Vec<&str> = betas(headers)
        .filter(|beta| is_known(beta, upstream))
        .collect();
    let kept = HeaderValue::try_from(kept.join(","));
    headers.remove(BETA);
    if let Some(kept) = kept.ok().filter(|kept| !kept.is_empty()) {
        headers.insert(BETA, kept);
    }
}

/// The client's betas that an endpoint is known to refuse, as they are told of.
pub(crate) fn betas_left_out(client: &HeaderMap, upstream: &Upstream) -> Vec<String> {
    let unknown = betas(client).filter(|beta| !is_known(beta, upstream));
    unknown.map(|beta| format!("{BETA}: {beta}")).collect()
}

/// The headers of a body written anew. None of the client's is among them: they belong to another vendor's API.
fn written_headers(written: &[(&'static str, String)]) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(written.len() + 6);
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(
        header::USER_AGENT,
        HeaderValue::from_static(concat!("turnout/", env!("CARGO_PKG_VERSION"))),
    );
    for (name, value) in written {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(*name, value);
        }
    }
    headers
}

fn passed_on(client: &HeaderMap, upstream: &Upstream) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(client.len() + upstream.headers.len() + 2);
    let named = named_by_connection(client);
    for (name, value) in client {
        let dropped = is_one_of(name, &HOP_BY_HOP)
            || is_one_of(name, &OURS)
            || is_one_of(name, &CREDENTIALS)
            || name.as_str().starts_with("sec-fetch-")
            || named.contains(name);
        if !dropped {
            headers.append(name, value.clone());
        }
    }
    headers
}

fn credential(
    headers: &mut HeaderMap,
    client: &HeaderMap,
    upstream: &Upstream,
    key: Option<&SecretString>,
    access: &Access,
) {
    match (&upstream.auth, key) {
        (Auth::Client, _) => {
            for name in ["authorization", "x-api-key", "x-goog-api-key"] {
                for value in client
                    .get_all(name)
                    .iter()
                    .filter(|value| !access.is_ours(value.as_bytes()))
                {
                    headers.append(name, value.clone());
                }
            }
        }
        (Auth::XApiKey, Some(key)) => insert_secret(headers, "x-api-key", key.expose_secret()),
        (Auth::Bearer, Some(key)) => {
            insert_secret(
                headers,
                "authorization",
                &format!("Bearer {}", key.expose_secret()),
            );
        }
        (Auth::Header(name), Some(key)) => insert_secret(headers, name, key.expose_secret()),
        (Auth::Query(_) | Auth::None, _) | (_, None) => {}
    }
}

fn insert_secret(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(mut value)) = (
        HeaderName::try_from(name),
        HeaderValue::try_from(value.trim()),
    ) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

/// The provider's headers for an answer written anew: what is about the body is left out.
pub(crate) fn converted_headers(upstream: &HeaderMap, content_type: &'static str) -> HeaderMap {
    let mut headers = response_headers(upstream);
    for name in [
        header::CONTENT_ENCODING,
        header::ETAG,
        header::CONTENT_LANGUAGE,
    ] {
        headers.remove(name);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers
}

/// The headers of the answer to the client: the provider's end-to-end ones without its cookies.
pub(crate) fn response_headers(upstream: &HeaderMap) -> HeaderMap {
    let named = named_by_connection(upstream);
    let mut headers = HeaderMap::with_capacity(upstream.len() + 4);
    for (name, value) in upstream {
        if !is_one_of(name, &HOP_BY_HOP) && *name != header::SET_COOKIE && !named.contains(name) {
            headers.append(name, value.clone());
        }
    }
    headers
}

fn is_one_of(name: &HeaderName, list: &[&str]) -> bool {
    list.contains(&name.as_str())
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::try_from(name.trim()).ok())
        .collect()
}
