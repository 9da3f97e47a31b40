//! One request to one provider, over pooled connections.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body::{Frame, SizeHint};
use reqwest::{Client, Url};
use routing::Dialect;
use secrecy::ExposeSecret;

use crate::{
    calls,
    exchange::Exchange,
    snapshot::{Auth, Upstream},
    transport::{self, SendError, Transport},
    via::Via,
};

/// What makes a connection pool: providers that agree in it share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Shape {
    proxy: Proxy,
    connect: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Proxy {
    /// Whatever the system or the environment says.
    System,
    /// None: an address on this machine is never reached through a proxy.
    Direct,
    Url(String),
}

/// The connection pools. They outlive a change of settings, so that open connections do too.
#[derive(Clone, Default)]
pub(crate) struct Pools {
    clients: HashMap<Shape, Client>,
    /// What takes all requests instead; there are no pools then.
    instead: Option<Arc<dyn Transport>>,
    /// What a request has come through, when it leaves here.
    pub(crate) via: Via,
}

/// A pool could not be made.
#[derive(Debug, thiserror::Error)]
#[error("no connection to provider {provider:?} can be made: {cause}")]
pub struct PoolError {
    provider: Arc<str>,
    cause: String,
}

impl Pools {
    /// None: all requests go by this.
    pub(crate) fn replaced_by(transport: Arc<dyn Transport>) -> Self {
        Self {
            instead: Some(transport),
            ..Self::default()
        }
    }

    /// Pools for these providers; those of `self` that are still wanted are kept.
    pub(crate) fn for_upstreams<'a>(
        &self,
        upstreams: impl Iterator<Item = &'a Arc<Upstream>>,
    ) -> Result<Self, PoolError> {
        if self.instead.is_some() {
            return Ok(self.clone());
        }
        let mut clients = HashMap::new();
        for upstream in upstreams {
            let shape = Shape::of(upstream);
            if clients.contains_key(&shape) {
                continue;
            }
            let client = match self.clients.get(&shape) {
                Some(client) => client.clone(),
                None => shape.client().map_err(|error| PoolError {
                    provider: upstream.name.clone(),
                    cause: told(error),
                })?,
            };
            clients.insert(shape, client);
        }
        Ok(Self {
            clients,
            instead: None,
            via: self.via.clone(),
        })
    }

    /// Pools for these providers, all without a connection yet.
    pub(crate) fn anew<'a>(
        &self,
        upstreams: impl Iterator<Item = &'a Arc<Upstream>>,
    ) -> Result<Self, PoolError> {
        let empty = Self {
            clients: HashMap::new(),
            instead: self.instead.clone(),
            via: self.via.clone(),
        };
        empty.for_upstreams(upstreams)
    }

    fn client(&self, upstream: &Upstream) -> Option<&Client> {
        self.clients.get(&Shape::of(upstream))
    }
}

impl Shape {
    fn of(upstream: &Upstream) -> Self {
        let proxy = match &upstream.proxy {
            Some(url) => Proxy::Url(url.clone()),
            None if is_local(&upstream.base_url) => Proxy::Direct,
            None => Proxy::System,
        };
        Self {
            proxy,
            connect: upstream.timeouts.connect,
        }
    }

    fn client(&self) -> reqwest::Result<Client> {
        let builder = Client::builder()
            .connect_timeout(self.connect)
            .pool_idle_timeout(Duration::from_mins(1))
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            // A redirect would carry the key to an address that the config does not name.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false);
        match &self.proxy {
            Proxy::System => builder,
            Proxy::Direct => builder.no_proxy(),
            Proxy::Url(url) => builder.no_proxy().proxy(reqwest::Proxy::all(url)?),
        }
        .build()
    }
}

fn is_local(base_url: &str) -> bool {
    let host = Url::parse(base_url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default();
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

/// Sends one request and waits for the head of its answer.
pub(crate) async fn send(
    pools: &Pools,
    upstream: &Upstream,
    key: Option<&str>,
    mut headers: HeaderMap,
    method: Method,
    exchange: &Exchange,
) -> Result<reqwest::Response, SendError> {
    pools.via.add(&mut headers);
    let url = address(upstream, key, exchange)?;
    if let Some(transport) = &pools.instead {
        let request = transport::request(method, &url, headers, exchange)?;
        return transport.send(&upstream.name, request).await;
    }
    let client = pools
        .client(upstream)
        .ok_or_else(|| SendError::Address(format!("{} has no pool", upstream.name)))?;
    let mut request = client.request(method, url).headers(headers);
    request = match &exchange.body[..] {
        [whole] if whole.is_empty() => request,
        [whole] => request.body(whole.clone()),
        pieces => request.body(reqwest::Body::wrap(Pieces::new(pieces.to_vec()))),
    };
    request.send().await.map_err(|error| {
        let connecting = error.is_connect();
        let told = told(error);
        if connecting {
            SendError::Connect(told)
        } else {
            SendError::Reset(told)
        }
    })
}

/// Where a call goes, without the key and without what the base's own address tells of a user.
pub(crate) fn shown(upstream: &Upstream, exchange: &Exchange) -> Option<String> {
    let mut url = address(upstream, None, exchange).ok()?;
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(url.into())
}

/// The provider's address for a call: its base with the model where it has a place for one, the path, the call's query
/// with the base's own, and its key if it wants it there.
pub(crate) fn address(
    upstream: &Upstream,
    key: Option<&str>,
    exchange: &Exchange,
) -> Result<Url, SendError> {
    let told = &upstream.base_url;
    let base = calls::with_model(told, &exchange.model).ok_or_else(|| {
        SendError::Address(format!(
            "base_url {told:?} names the model, and this call has none"
        ))
    })?;
    let (base, own) = match base.split_once('?') {
        Some((base, own)) => (base, Some(own)),
        None => (&*base, None),
    };
    let joined = joined(upstream.dialect, base, &exchange.path);
    let mut url = Url::parse(&joined).map_err(|error| {
        SendError::Address(format!("base_url {told:?} is not an address: {error}"))
    })?;
    if let Some(own) = own {
        let query = calls::merged(url.query(), own);
        url.set_query(Some(&query));
    }
    if let (Auth::Query(name), Some(key)) =
        (&upstream.auth, key.and_then(|id| upstream.keys.get(id)))
    {
        url.query_pairs_mut().append_pair(name, key.expose_secret());
    }
    Ok(url)
}

/// A base and a path, with one version segment between them. An OpenAI-type base that has a path is complete, whatever
/// its version looks like (`/api/paas/v4`, `/v1beta/openai`); any other is, when it ends in a version.
fn joined(dialect: Dialect, base: &str, path: &str) -> String {
    let base = base.trim_end_matches('/');
    let prefix = base.split_once("://").map_or(base, |(_, rest)| rest);
    let prefix = prefix.split_once('/').map_or("", |(_, prefix)| prefix);
    let complete = match dialect {
        Dialect::OpenaiChat | Dialect::OpenaiResponses => !prefix.is_empty(),
        _ => prefix.rsplit('/').next().is_some_and(is_version),
    };
    let unversioned = path.strip_prefix('/').and_then(|path| {
        let (version, rest) = path.split_once('/')?;
        is_version(version).then_some(rest)
    });
    match unversioned {
        Some(rest) if complete => format!("{base}/{rest}"),
        _ => format!("{base}{path}"),
    }
}

/// Whether a path segment is a version: `v1`, `v4`, `v1beta`, `v1beta2`.
pub fn is_version(segment: &str) -> bool {
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

/// What went wrong at bottom, in words for people: without the address, which may hold a key, and without the names of
/// the layers it came through.
pub(crate) fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut root: &dyn std::error::Error = &error;
    while let Some(source) = root.source() {
        root = source;
    }
    let text = root.to_string();
    let plain = text.split(" (os error").next().unwrap_or(&text);
    if plain.is_empty() {
        error.to_string()
    } else {
        plain.to_lowercase()
    }
}

/// A body in slices of the client's own bytes, with its length known, so that it is not sent chunked.
struct Pieces {
    pieces: VecDeque<Bytes>,
    left: u64,
}

impl Pieces {
    fn new(pieces: Vec<Bytes>) -> Self {
        let left = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self {
            pieces: pieces.into(),
            left,
        }
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let piece = self.pieces.pop_front();
        self.left -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, is_version, joined};

    #[test]
    fn base_and_path_have_one_version_between_them() {
        use Dialect::{Anthropic, Gemini, Ollama, OpenaiChat, OpenaiResponses};
        let models = "/v1beta/models/m:countTokens";
        for (dialect, base, path, expected) in [
            (
                Anthropic,
                "http://a",
                "/v1/messages",
                "http://a/v1/messages",
            ),
            (
                Anthropic,
                "http://a/x/v1/",
                "/v1/messages",
                "http://a/x/v1/messages",
            ),
            (
                Anthropic,
                "http://a/v1/x",
                "/v1/messages",
                "http://a/v1/x/v1/messages",
            ),
            (
                OpenaiChat,
                "http://a",
                "/v1/embeddings",
                "http://a/v1/embeddings",
            ),
            (
                OpenaiChat,
                "http://a/v1",
                "/v1/embeddings",
                "http://a/v1/embeddings",
            ),
            (
                OpenaiChat,
                "http://a/api/paas/v4",
                "/v1/models",
                "http://a/api/paas/v4/models",
            ),
            (
                OpenaiChat,
                "http://a/v1beta/openai",
                "/v1/models",
                "http://a/v1beta/openai/models",
            ),
            (
                OpenaiResponses,
                "http://a/openai/v1",
                "/v1/responses/r",
                "http://a/openai/v1/responses/r",
            ),
            (
                Gemini,
                "http://a",
                models,
                "http://a/v1beta/models/m:countTokens",
            ),
            (
                Gemini,
                "http://a/v1",
                models,
                "http://a/v1/models/m:countTokens",
            ),
            (Ollama, "http://a", "/api/chat", "http://a/api/chat"),
        ] {
            assert_eq!(
                joined(dialect, base, path),
                expected,
                "{dialect:?} {base} {path}"
            );
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
