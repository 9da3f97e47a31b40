//! One look at each provider over the network: its name, its certificate, its clock and its list of models.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gateway::{Access, Upstream};
use jiff::Timestamp;
use reqwest::header::DATE;
use reqwest::tls::TlsInfo;
use reqwest::{Client, Proxy, Response, Url, redirect};

use super::certificate;
use crate::secrets::{Env, Resolved};
use crate::settings::{Settings, snapshot};

/// How long a provider may take to list its models.
const PATIENCE: Duration = Duration::from_secs(10);
/// Variables that name a proxy for everything.
pub(super) const PROXIES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// What was seen of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) provider: String,
    /// Its host, empty where its address has none.
    pub(super) host: String,
    pub(super) is_https: bool,
    /// Why its name has no address; `None` where it has one, or where a proxy looks it up.
    pub(super) unknown_host: Option<String>,
    /// Whether it was asked with a key.
    pub(super) has_key: bool,
    pub(super) answer: Result<Answer, String>,
}

/// What it answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) took: Duration,
    /// Its clock, to the second, and ours when it answered.
    pub(super) date: Option<(Timestamp, Timestamp)>,
    /// The end of its certificate.
    pub(super) expires: Option<Timestamp>,
}

/// Looks at all providers that are switched on and have an address, at once.
pub(super) async fn all(settings: &Settings, secrets: &Resolved, env: &Env) -> Vec<Probe> {
    let snapshot = snapshot(settings, secrets, &std::collections::HashMap::new());
    let looked = settings
        .providers
        .iter()
        .filter(|provider| provider.enabled);
    let looked = looked.filter_map(|provider| snapshot.upstreams.get(provider.name.as_str()));
    let proxied = PROXIES
        .iter()
        .any(|name| env(name).is_some_and(|value| !value.is_empty()));
    join_all(looked.map(|upstream| look(upstream, &snapshot.access, proxied))).await
}

async fn look(upstream: &Arc<Upstream>, access: &Access, proxied: bool) -> Probe {
    let url = Url::parse(&upstream.base_url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let is_local = is_local(host);
    let by_proxy = upstream.proxy.is_some() || (proxied && !is_local);
    let unknown_host = match url.as_ref() {
        Some(url) if !by_proxy => unknown(url).await,
        _ => None,
    };
    // The first in the order of the config; ids end in their numbers.
    let key = upstream.keys.keys().min().map(ToString::to_string);
    let answer = if unknown_host.is_some() {
        Err("its host is not known".to_owned())
    } else {
        ask(upstream, key.as_deref(), access, is_local).await
    };
    Probe {
        provider: upstream.name.to_string(),
        is_https: url.as_ref().is_some_and(|url| url.scheme() == "https"),
        host: host.to_owned(),
        unknown_host,
        has_key: key.is_some(),
        answer,
    }
}

fn is_local(host: &str) -> bool {
    let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

async fn unknown(url: &Url) -> Option<String> {
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default()?;
    let found = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host, port)));
    match found.await {
        Ok(Ok(mut addresses)) => match addresses.next() {
            Some(_) => None,
            None => Some("it has no address".to_owned()),
        },
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("the name server does not answer".to_owned()),
    }
}

async fn ask(
    upstream: &Upstream,
    key: Option<&str>,
    access: &Access,
    is_local: bool,
) -> Result<Answer, String> {
    let (url, headers) =
        gateway::models_call(upstream, key, access).map_err(|error| match error {
            gateway::SendError::Connect(told)
            | gateway::SendError::Reset(told)
            | gateway::SendError::Address(told) => told,
        })?;
    let builder = Client::builder()
        .tls_info(true)
        .timeout(PATIENCE)
        // A redirect would carry the key to an address that the config does not name.
        .redirect(redirect::Policy::none())
        .referer(false);
    let builder = match &upstream.proxy {
        Some(proxy) => builder.no_proxy().proxy(Proxy::all(proxy).map_err(why)?),
        None if is_local => builder.no_proxy(),
        None => builder,
    };
    let client = builder.build().map_err(why)?;
    let began = Instant::now();
    let answer = client.get(url).headers(headers).send().await.map_err(why)?;
    Ok(seen(&answer, began.elapsed()))
}

fn seen(answer: &Response, took: Duration) -> Answer {
    let date = answer
        .headers()
        .get(DATE)
        .and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    let info = answer.extensions().get::<TlsInfo>();
    Answer {
        status: answer.status().as_u16(),
        took,
        date: date.map(|date| (date.timestamp(), Timestamp::now())),
        expires: info
            .and_then(TlsInfo::peer_certificate)
            .and_then(certificate::expires),
    }
}

/// What went wrong at the root, without an address that may have a key in it.
pub(super) fn why(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    let error = error.without_url();
    let mut root: &dyn std::error::Error = &error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}
