//! What changes something is written down: every call of the admin API but those that only read. One place for all, so
//! that a new path cannot forget it: what it is called comes from its path.

use axum::extract::{FromRequestParts as _, MatchedPath, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use gateway::PeerAddress;
use http::{HeaderValue, Method, header};
use jiff::Timestamp;
use ledger::{AuditEntry, AuditFilter, AuditPage};
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::Caller;
use super::history::settle;
use super::openapi::{Call, Calls, Entry};
use super::paged;
use super::refusal::{Asked, Code, Refusal};
use super::usage;
use crate::Daemon;
use crate::audit::Noted;

/// Calls that ask something in a body: these change nothing and are not written down.
pub(super) const QUESTIONS: [&str; 4] = [
    "/config/check",
    "/rules/explain",
    "/tokens/validate",
    "/v1/admin/security/validate-key",
];
/// What it sends stands in the history, and ends when its caller leaves, which no change does.
const SENDS: &str = "/playground";
/// What calls are called whose path does not tell: the method, the path, the action.
const CALLED: [(&str, &str, &str); 12] = [
    ("PUT", "/groups", "group.order"),
    ("PUT", "/rules", "rule.order"),
    ("PUT", "/mode", "mode.set"),
    ("POST", "/providers/{name}/keys", "key.add"),
    ("POST", "/session", "session.open"),
    ("POST", "/ui-link", "session.open"),
    ("POST", "/reload", "config.reload"),
    ("POST", "/providers/reload", "config.reload"),
    ("POST", "/tokens/admin/rotate", "token.rotate"),
    (
        "POST",
        "/v1/admin/security/rotate-admin-key",
        "token.rotate",
    ),
    ("POST", "/api/config/weights", "group.weights"),
    ("POST", "/practice/outage", "practice.outage"),
];
/// Stands beside an answer that only tells what would be done: there is no change to write down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rehearsed;

/// An answer, marked where it stands for none but itself.
pub(super) type Rehearsal<T> = Result<Marked<Json<T>>, Marked<Refusal>>;
type Marked<T> = (Option<Extension<Rehearsed>>, T);

impl Rehearsed {
    /// What a handler answers: whether it went well or not, a dry run is none of the changes that are written down.
    pub(super) fn when<T>(dry_run: bool, done: Result<T, impl Into<Refusal>>) -> Rehearsal<T> {
        let mark = dry_run.then_some(Extension(Self));
        match done {
            Ok(done) => Ok((mark, Json(done))),
            Err(refused) => Err((mark, refused.into())),
        }
    }

    /// What was not understood is told like any other call.
    pub(super) fn unclear(refusal: Refusal) -> Marked<Refusal> {
        (None, refusal)
    }
}

/// The path of a key, below which it is tried and replaced: what is done stands at its end.
const KEY: &str = "/providers/{name}/keys/{key}";
/// The header of the answer's id, and how the command line calls itself.
const REQUEST_ID: &str = "x-turnout-request-id";
const COMMAND_LINE: &str = "turnout-cli/";

pub(super) fn calls() -> Calls {
    Calls::of("Access", Entry::Admin).with(
        Call::get("/audit", list)
            .about("Who changed what, newest first, and who was not let in.")
            .asks::<Query>()
            .lists::<AuditEntry>()
            .reads_history(),
    )
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Query {
    /// Entries of this time or later.
    since: Option<Timestamp>,
    /// Entries before this time.
    until: Option<Timestamp>,
    /// Text in any column.
    #[serde(default, deserialize_with = "paged::sought")]
    #[param(max_length = 1000)]
    q: Option<String>,
    /// How many, from 1 to 1000; 50 when not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

async fn list(
    State(daemon): State<Daemon>,
    Asked(query): Asked<Query>,
) -> Result<Json<AuditPage>, Refusal> {
    let ledger = usage::ledger(&daemon)?;
    let filter = AuditFilter {
        since_ms: query.since.map(Timestamp::as_millisecond),
        until_ms: query.until.map(Timestamp::as_millisecond),
        q: query.q,
        limit: query.limit,
        cursor: query.cursor,
    };
    settle(ledger).await;
    Ok(Json(ledger.audit(&filter).await?))
}

/// Answers a call, and writes down what came of it where it may have changed something or was not let in. A change goes
/// on to its end, and is written down, even if the caller leaves.
pub(super) async fn keep(
    daemon: &Daemon,
    caller: Result<Caller, Refusal>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<PeerAddress>().map(|peer| peer.0);
    let caller = match caller {
        Ok(caller) => caller,
        Err(refusal) => {
            let target = format!("{} {}", request.method(), matched(&request));
            let words = ("admin.enter".to_owned(), Some(target));
            let response = refusal.into_response();
            let entry = entry(daemon, words, "unknown", &response);
            let peer_text = peer.map(|peer| peer.to_string());
            let entry = AuditEntry {
                peer: peer_text,
                ..entry
            };
            daemon.record_refused(peer, entry).await;
            return response;
        }
    };
    request.extensions_mut().insert(caller.clone());
    let forbidden = caller.forbids(request.method(), matched(&request));
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let (request, words) = if is_reading {
        (request, None)
    } else {
        words(request).await
    };
    let Some(words) = words else {
        return match forbidden {
            Some(refusal) => refusal.into_response(),
            None => next.run(request).await,
        };
    };
    let actor = actor(&caller, &request);
    let daemon = daemon.clone();
    let change = tokio::spawn(async move {
        let noted = Noted::default();
        let mut response = match forbidden {
            Some(refusal) => refusal.into_response(),
            None => answer(request, next, noted.clone()).await,
        };
        let entry = AuditEntry {
            peer: peer.map(|peer| peer.to_string()),
            changes: noted.take(),
            ..entry(&daemon, words, &actor, &response)
        };
        let id = entry.request_id.as_deref();
        if let Some(id) = id.and_then(|id| HeaderValue::from_str(id).ok()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        if response.extensions().get::<Rehearsed>().is_none() {
            daemon.record_audit(entry).await;
        }
        response
    });
    change.await.unwrap_or_else(|_| broken())
}

/// A call that broke down is one that is written down too.
async fn answer(request: Request, next: Next, noted: Noted) -> Response {
    let answer = tokio::spawn(async move { noted.during(next.run(request)).await });
    answer.await.unwrap_or_else(|_| broken())
}

fn broken() -> Response {
    let told = "the call broke down, which is a bug of Turnout: see the log and please report it";
    Refusal::new(Code::Internal, told).into_response()
}

/// An entry about a call that got this response, by whoever.
fn entry(
    daemon: &Daemon,
    (action, target): (String, Option<String>),
    actor: &str,
    response: &Response,
) -> AuditEntry {
    let status = response.status();
    let result = match status {
        _ if status.is_server_error() => "failed",
        _ if status.is_client_error() => "refused",
        _ => "done",
    };
    let given = response.headers().get(REQUEST_ID);
    let given = given.and_then(|id| id.to_str().ok());
    let refusal = response.extensions().get::<Refusal>();
    AuditEntry {
        id: daemon.instance().audit.id(),
        at: Timestamp::now(),
        actor: actor.to_owned(),
        peer: None,
        action,
        target,
        result: result.to_owned(),
        http_status: Some(status.as_u16()),
        request_id: Some(given.map_or_else(super::refusal::request_id, str::to_owned)),
        tries: 1,
        error: refusal.map(|refusal| refusal.message.clone()),
        changes: Vec::new(),
    }
}

/// The path of the admin API that a call goes to; as it came where there is none.
fn matched(request: &Request) -> &str {
    let path = request.extensions().get::<MatchedPath>();
    path.map_or_else(|| request.uri().path(), MatchedPath::as_str)
}

/// Who calls. That it is the command line is its own word; the token is the same.
fn actor(caller: &Caller, request: &Request) -> String {
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    match caller {
        Caller::Client(client) => return format!("token {}", client.name),
        Caller::Page => "window",
        Caller::Token if agent.is_some_and(|agent| agent.starts_with(COMMAND_LINE)) => {
            "command line"
        }
        Caller::Token => "admin token",
    }
    .to_owned()
}

/// What a call is called and which thing it is about; nothing for a question, for what is sent for the window, and for a
/// path that there is not.
async fn words(request: Request) -> (Request, Option<(String, Option<String>)>) {
    let (mut parts, body) = request.into_parts();
    let path = parts.extensions.get::<MatchedPath>().cloned();
    let params = RawPathParams::from_request_parts(&mut parts, &()).await;
    let values: Vec<String> = params
        .iter()
        .flatten()
        .map(|(_, value)| value.to_owned())
        .collect();
    let words = path.and_then(|path| named(&parts.method, path.as_str(), &values));
    (Request::from_parts(parts, body), words)
}

fn named(method: &Method, path: &str, values: &[String]) -> Option<(String, Option<String>)> {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    if QUESTIONS.contains(&path) || path == SENDS {
        return None;
    }
    let target = (!values.is_empty()).then(|| values.join("/"));
    if let ([provider, key @ ..], true) = (values, path.starts_with(KEY)) {
        let verb = path.rsplit('/').next().filter(|_| *method == Method::POST);
        let id = key.join("/");
        let number = id.strip_prefix(provider.as_str()).unwrap_or(&id);
        let target = format!("{provider}/{}", number.trim_start_matches('/'));
        return Some((format!("key.{}", verb.unwrap_or("remove")), Some(target)));
    }
    let mut called = CALLED.iter();
    let called = called.find(|(verb, place, _)| method == *verb && path == *place);
    if let Some((_, _, action)) = called {
        return Some(((*action).to_owned(), target));
    }
    Some((by_path(method, path), target))
}

/// `POST /groups/{name}/pause` is `group.pause`, `PUT /groups/{name}` is `group.update`.
fn by_path(method: &Method, path: &str) -> String {
    let mut words: Vec<&str> = path
        .split('/')
        .filter(|word| !word.is_empty() && !word.starts_with('{'))
        .collect();
    if let Some(thing) = words.first_mut() {
        *thing = thing.strip_suffix('s').unwrap_or(thing);
    }
    if words.len() < 2 {
        words.push(match *method {
            Method::POST => "add",
            Method::DELETE => "remove",
            _ => "update",
        });
    }
    words.join(".")
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
