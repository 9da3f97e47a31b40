//! Something else than the network in the place of all providers: the seam at which tests play every fault, in virtual
//! time and without a socket.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::exchange::Exchange;

/// Takes attempts to providers in the place of the network ([`crate::Gateway::with_transport`]).
///
/// The gateway drops the future, or the body of its answer, as soon as it wants no more of it.
pub trait Transport: Send + Sync {
    /// Sends one request to the provider of this name. Ready when the head of the answer is there; its body may come
    /// later, or break off ([`reqwest::Body::wrap_stream`] in an [`http::Response`] makes such an answer).
    fn send(
        &self,
        provider: &Arc<str>,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<reqwest::Response, SendError>>;
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// No connection was made: nothing was sent.
    Connect(String),
    /// The connection broke before an answer.
    Reset(String),
    /// The provider's address is not one.
    Address(String),
}

/// A request whole, as a transport is given it.
pub(crate) fn request(
    method: http::Method,
    url: &reqwest::Url,
    headers: http::HeaderMap,
    exchange: &Exchange,
) -> Result<http::Request<Bytes>, SendError> {
    let mut request = http::Request::new(Bytes::from(exchange.body.concat()));
    let uri = url.as_str().parse();
    *request.uri_mut() =
        uri.map_err(|error| SendError::Address(format!("{} is no address: {error}", url.path())))?;
    *request.method_mut() = method;
    *request.headers_mut() = headers;
    Ok(request)
}
