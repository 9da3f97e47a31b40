//! What a client asks: which endpoint in which dialect, pinned to what, with which body.

use bytes::{Bytes, BytesMut};
use dialects::anthropic;
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use http_body_util::BodyExt;
use percent_encoding::percent_decode_str;
use routing::{Dialect, Pin};

use crate::refusal::Refusal;

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `POST /v1/messages`.
    Messages,
    /// `POST /v1/messages/count_tokens`.
    CountTokens,
    /// Any other path below `/v1/`: passed through by status alone.
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
    /// The path without its pin.
    pub(crate) path: String,
}

/// Paths that only OpenAI's APIs have.
const OPENAI_CHAT: [&str; 11] = [
    "/v1/chat/",
    "/v1/completions",
    "/v1/embeddings",
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
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let (pin, path) = unpin(path)?;
        if !path.starts_with("/v1/") || is_winding(path) {
            return None;
        }
        let (endpoint, dialect) = match path {
            "/v1/messages" if method == Method::POST => (Endpoint::Messages, Dialect::Anthropic),
            "/v1/messages/count_tokens" if method == Method::POST => {
                (Endpoint::CountTokens, Dialect::Anthropic)
            }
            _ if path.starts_with("/v1/responses") => (Endpoint::Other, Dialect::OpenaiResponses),
            _ if OPENAI_CHAT.iter().any(|start| path.starts_with(start)) => {
                (Endpoint::Other, Dialect::OpenaiChat)
            }
            _ => (Endpoint::Other, Dialect::Anthropic),
        };
        Some(Self {
            pin,
            endpoint,
            dialect,
            path: path.to_owned(),
        })
    }
}

fn unpin(path: &str) -> Option<(Option<Pin>, &str)> {
    for (prefix, pin) in [
        ("/provider/", Pin::Provider as fn(String) -> Pin),
        ("/group/", Pin::Group),
    ] {
        if let Some(rest) = path.strip_prefix(prefix) {
            let (name, _) = rest.split_once('/')?;
            let decoded = percent_decode_str(name).decode_utf8().ok()?;
            return Some((Some(pin(decoded.into_owned())), &rest[name.len()..]));
        }
    }
    Some((None, path))
}

/// Whether a path only asks if somebody is there, pinned or not.
pub(crate) fn is_liveness(method: &Method, path: &str) -> bool {
    let asks = *method == Method::GET || *method == Method::HEAD;
    asks && matches!(unpin(path), Some((_, "/" | "/health" | "/api/hello")))
}

/// Whether a path leaves the place it stands in: a provider's key must not travel to another one at its host.
fn is_winding(path: &str) -> bool {
    let plain = percent_decode_str(path).decode_utf8_lossy();
    plain
        .split(['/', '\\'])
        .any(|segment| matches!(segment, "." | ".."))
}

/// A request read whole. Its body is stored once and shared by all attempts.
#[derive(Debug)]
pub(crate) struct Inbound {
    /// Where it goes.
    pub(crate) route: Route,
    /// Its method.
    pub(crate) method: Method,
    /// Its query, without the question mark.
    pub(crate) query: Option<String>,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) body: Bytes,
    /// Its body as routing reads it; `None` for a body that is not a JSON object on a path that may have others.
    pub(crate) message: Option<anthropic::Request>,
}

impl Inbound {
    /// Reads the body, at most `max_body` bytes of it, and what routing needs of it.
    pub(crate) async fn read(
        route: Route,
        parts: Parts,
        body: axum::body::Body,
        max_body: usize,
    ) -> Result<Self, Refusal> {
        if let Some(coding) = parts.headers.get(header::CONTENT_ENCODING) {
            return Err(Refusal::fatal(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!(
                    "the request body's content-encoding {coding:?} is unknown: use gzip, deflate, br, zstd or none"
                ),
            ));
        }
        let body = collect(&parts.headers, body, max_body).await?;
        let message = match anthropic::Request::read(body.clone()) {
            Ok(message) if route.endpoint != Endpoint::Other && message.model().is_empty() => {
                return Err(Refusal::fatal(
                    StatusCode::BAD_REQUEST,
                    "model: the field is missing or not a string",
                ));
            }
            Ok(message) => Some(message),
            Err(_) if route.endpoint == Endpoint::Other => None,
            Err(error) => return Err(Refusal::fatal(StatusCode::BAD_REQUEST, error.to_string())),
        };
        let query = parts.uri.query().map(str::to_owned);
        Ok(Self {
            route,
            method: parts.method,
            query,
            headers: parts.headers,
            body,
            message,
        })
    }

    /// The model asked for; empty where there is none.
    pub(crate) fn model(&self) -> &str {
        self.message.as_ref().map_or("", anthropic::Request::model)
    }

    /// Whether a stream was asked for.
    pub(crate) fn stream(&self) -> bool {
        self.message
            .as_ref()
            .is_some_and(anthropic::Request::stream)
    }

    /// Whether the answer is a stream of Messages events, into which keep-alives may be put.
    pub(crate) fn is_event_stream(&self) -> bool {
        self.route.endpoint == Endpoint::Messages && self.stream()
    }

    /// The client's session, as its header or its metadata tells it.
    pub(crate) fn session(&self) -> Option<String> {
        let told = self
            .headers
            .get("x-claude-code-session-id")
            .and_then(|value| value.to_str().ok());
        told.map(str::to_owned)
            .or_else(|| self.message.as_ref()?.session())
    }

    /// Which program calls: the ids of the clients we know, else the product its user agent names.
    pub(crate) fn client(&self) -> Option<String> {
        let agent = self.headers.get(header::USER_AGENT)?.to_str().ok()?;
        let product = agent
            .split(['/', ' '])
            .next()
            .filter(|product| !product.is_empty())?;
        Some(
            match product {
                "claude-cli" | "claude-code" => "claude-code",
                "codex_cli_rs" | "codex_exec" | "codex" => "codex",
                "GeminiCLI" | "gemini-cli" => "gemini-cli",
                other => other,
            }
            .to_owned(),
        )
    }
}

/// Collects a body into one piece of memory, made as large as the client announces.
async fn collect(
    headers: &HeaderMap,
    mut body: axum::body::Body,
    max_body: usize,
) -> Result<Bytes, Refusal> {
    let too_large = || {
        Refusal::fatal(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the request body is larger than server.max_body, which is {max_body} bytes"),
        )
    };
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let announced: usize = announced.unwrap_or(0);
    if announced > max_body {
        return Err(too_large());
    }
    let mut whole = BytesMut::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Refusal::fatal(
                StatusCode::BAD_REQUEST,
                format!("the request body broke off or could not be decoded: {error}"),
            )
        })?;
        if let Ok(data) = frame.into_data() {
            if whole.len() + data.len() > max_body {
                return Err(too_large());
            }
            if whole.is_empty() && data.len() >= announced {
                whole = BytesMut::from(data); // it came in one piece: no copy
            } else {
                whole.extend_from_slice(&data);
            }
        }
    }
    Ok(whole.freeze())
}
