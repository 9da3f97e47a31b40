//! A captured request made sendable again.

use axum::body::Body as HttpBody;
use bytes::Bytes;
use dialects::{Dialect, Scanned, scan::Fields};
use http::{HeaderName, HeaderValue, Request};
use ledger::{Body, Detail, Side};

use super::ReplayTo;
use crate::handle::CommandError;
use crate::redact::MARK;
use crate::trial::encoded;

/// Headers that belong to the connection or the client that a request came by, or said where it should go.
const LEFT_OUT: [&str; 15] = [
    "authorization",
    "x-api-key",
    "x-goog-api-key",
    "host",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "expect",
    "accept-encoding",
    "origin",
    "referer",
    "cookie",
    "x-turnout-token",
    "x-turnout-cache",
];
/// Fields that stand for something that only the provider has, and may have no longer.
const STATE: [&str; 5] = [
    "previous_response_id",
    "conversation",
    "cachedContent",
    "cached_content",
    "container",
];

/// A request to be sent again.
#[derive(Debug)]
pub(super) struct Again {
    pub(super) dialect: Dialect,
    pub(super) request: Request<HttpBody>,
    /// Secrets that are missing in it.
    pub(super) redacted: u32,
}

impl Again {
    /// Makes it of what was captured; the error says what is missing and what to do.
    pub(super) fn of(
        id: &str,
        detail: &Detail,
        bodies: &[Body],
        to: &ReplayTo,
    ) -> Result<Self, CommandError> {
        let refused = |why: String| CommandError::Refused(format!("request {id} {why}"));
        let is_asked = |body: &&Body| body.row.attempt == 0 && body.row.part == Side::Request;
        let asked = bodies.iter().find(is_asked).ok_or_else(|| {
            refused(
                "is not kept, or no longer: ledger.capture_bodies says of which requests it is, \
                 ledger.capture_retention and capture_max_total for how long"
                    .to_owned(),
            )
        })?;
        is_whole(asked).map_err(refused)?;
        let dialect = detail.client_dialect.as_deref().and_then(named);
        let dialect = dialect.ok_or_else(|| refused("has no known dialect".to_owned()))?;
        let path = path(asked, to);
        let body = body(&asked.body, to);
        let method = asked.method.as_deref().unwrap_or("POST");
        let mut request = Request::builder().method(method).uri(&path);
        for (name, value) in &asked.headers {
            if let Some(value) = header(name, value)
                && let (Ok(name), Ok(value)) =
                    (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                request = request.header(name, value);
            }
        }
        request = request
            .extension(gateway::Own)
            .extension(gateway::Impatient)
            .extension(gateway::Resent(id.into()));
        if to.provider.is_some() {
            request = request.extension(gateway::ByHand(None));
        }
        let request = request
            .body(HttpBody::from(body))
            .map_err(|error| refused(format!("cannot be sent again: {error}")))?;
        Ok(Self {
            dialect,
            request,
            redacted: asked.row.redacted,
        })
    }
}

/// Whether all that the request said is there.
fn is_whole(asked: &Body) -> Result<(), String> {
    let row = &asked.row;
    if row.cut {
        return Err(format!(
            "was captured only in part, as it has {} bytes: raise ledger.capture_max_body and ask again",
            row.bytes
        ));
    }
    if row.media > 0 {
        return Err(format!(
            "has {} images or other files, of which only size and hash are kept: it cannot be replayed",
            row.media
        ));
    }
    if asked
        .method
        .as_deref()
        .is_some_and(|method| method != "POST")
    {
        return Err("asks for no answer: only those that do can be replayed".to_owned());
    }
    let Ok(fields) = Fields::of(&asked.body, &STATE) else {
        return Err("has no JSON object as its body, and cannot be replayed".to_owned());
    };
    let is_given = |name: &&&str| {
        let range = fields.range(name);
        range.is_some_and(|range| &asked.body[range] != b"null")
    };
    match STATE.iter().find(is_given) {
        Some(name) => Err(format!(
            "goes on from what its provider keeps ({name}), which a replay would change or miss: only requests that hold \
             their whole conversation can be replayed"
        )),
        None => Ok(()),
    }
}

fn named(dialect: &str) -> Option<Dialect> {
    let mut all = Dialect::ALL.into_iter();
    all.find(|known| known.as_str() == dialect)
}

/// The client's path, pinned to the provider that is wanted, without credentials.
fn path(asked: &Body, to: &ReplayTo) -> String {
    let address = asked.address.as_deref().unwrap_or("/");
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let query: Vec<&str> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty() && !parameter.contains(MARK))
        .collect();
    let mut path = match &to.provider {
        Some(provider) => format!("/provider/{}{}", encoded(provider), unpinned(path)),
        None => path.to_owned(),
    };
    // Gemini's clients name the model in the path.
    if let Some(model) = &to.model
        && let Some((head, tail)) = path.split_once("/models/")
        && let Some((_, action)) = tail.rsplit_once(':')
    {
        path = format!("{head}/models/{}:{action}", encoded(model));
    }
    if query.is_empty() {
        path
    } else {
        format!("{path}?{}", query.join("&"))
    }
}

/// A path without the pin before it.
fn unpinned(path: &str) -> &str {
    let pinned = ["/provider/", "/group/"];
    let rest = pinned.iter().find_map(|pin| path.strip_prefix(pin));
    let rest = rest.and_then(|rest| rest.find('/').map(|at| &rest[at..]));
    rest.unwrap_or(path)
}

fn body(body: &[u8], to: &ReplayTo) -> Bytes {
    let body = Bytes::copy_from_slice(body);
    let Some(model) = &to.model else {
        return body;
    };
    match Scanned::read(body.clone()) {
        Ok(scanned) if !scanned.model().is_empty() => scanned.with_model(model).concat().into(),
        _ => body,
    }
}

/// What a header says in the replay: a client's credential is not sent again.
fn header(name: &str, value: &str) -> Option<String> {
    let is_left_out = LEFT_OUT.contains(&name) || name.starts_with("sec-fetch-");
    (!is_left_out && !value.contains(MARK)).then(|| value.to_owned())
}
