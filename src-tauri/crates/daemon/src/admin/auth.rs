//! Who may use the admin API: whoever has the admin token, and the window's own page by its cookie.
//!
//! A cookie is only good for calls that come from the very page it was given to: other programs' pages on this machine
//! are the same site to a browser, whatever their port.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, header};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::audit::{self, QUESTIONS};
use super::refusal::{Code, Refusal};
use crate::Daemon;
use crate::settings::Scope;
use crate::tokens::Holder;

/// The cookie of the window's page.
pub(crate) const COOKIE: &str = "turnout_session";

/// Paths whose answers hold a token, or a link that is as good as one.
const TOLD_WITH_A_TOKEN: [&str; 3] = ["/connect", "/session", "/ui-link"];

/// How a caller proved who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// With the admin token.
    Token,
    /// With the page's cookie.
    Page,
    /// With a client token that is good for the admin API.
    Client(Client),
}

/// Who has a client token that is good for the admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    /// The token's name.
    pub(crate) name: String,
    /// It may change things too.
    may_write: bool,
}

impl Caller {
    /// Why a caller may not do this, if it may not. Nobody gets at tokens by a client's.
    pub(super) fn forbids(&self, method: &Method, path: &str) -> Option<Refusal> {
        let Self::Client(client) = self else {
            return None;
        };
        let is_reading = matches!(*method, Method::GET | Method::HEAD);
        let is_of_tokens = path.contains("/tokens") || path.contains("/security/");
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        let why = match () {
            () if TOLD_WITH_A_TOKEN.contains(&path) => {
                "only the admin token and the window are told what lets others in"
            }
            () if path.starts_with("/found") => {
                "only the admin token and the window are told what lies on this machine, and take it up"
            }
            () if is_reading => return None,
            () if QUESTIONS.contains(&path) && !is_of_tokens => return None,
            () if matches!(path, "/config" | "/settings") && !is_reading => {
                "only the admin token and the window write the config's settings, which say who may do what"
            }
            () if sends_keys(path) => {
                "only the admin token and the window say where keys are sent and what is read on this machine"
            }
            () if path.starts_with("/requests/") || path == "/playground" => {
                "only the admin token and the window send requests that no bounds hold for"
            }
            () if path.starts_with("/import/") => {
                "only the admin token and the window have files of this machine read"
            }
            () if is_of_tokens => "only the admin token and the window change or try tokens",
            () if client.may_write => return None,
            () => "its scopes let it read only: \"admin:write\" is missing",
        };
        let told = format!("the client token {} may not do this: {why}", client.name);
        Some(Refusal::new(Code::Forbidden, told))
    }
}

/// Whether a call that changes something says to whom a key goes, or from where it comes.
fn sends_keys(path: &str) -> bool {
    /// What is done to a provider as it is.
    const ACTS: [&str; 5] = ["/test", "/enable", "/disable", "/reset", "/reload"];
    let is_of_provider = path == "/providers" || path.starts_with("/providers/");
    path.starts_with("/drafts/") || is_of_provider && !ACTS.iter().any(|act| path.ends_with(act))
}

/// Lets known callers through, has what they change written down, and marks the answer as nobody else's business.
pub(crate) async fn admit(State(daemon): State<Daemon>, request: Request, next: Next) -> Response {
    let caller = caller(&daemon, request.headers());
    let mut response = audit::keep(&daemon, caller, request, next).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}

/// Lets whoever reads metrics through: everybody while only this machine can call, else known callers.
pub(crate) async fn admit_scraper(daemon: State<Daemon>, request: Request, next: Next) -> Response {
    if daemon.instance().address.ip().is_loopback() {
        return next.run(request).await;
    }
    admit(daemon, request, next).await
}

pub(super) fn caller(daemon: &Daemon, headers: &HeaderMap) -> Result<Caller, Refusal> {
    if let Some(presented) = bearer(headers) {
        return holder(daemon, presented);
    }
    if !has_session(daemon, headers) {
        return Err(Refusal::new(
            Code::Unauthorized,
            format!(
                "the admin API asks for `Authorization: Bearer ADMIN_TOKEN`; a browser gets in by `{} ui`",
                crate::program()
            ),
        ));
    }
    if is_foreign(headers) {
        return Err(Refusal::new(
            Code::Forbidden,
            "only Turnout's own page may use its session",
        ));
    }
    Ok(Caller::Page)
}

fn holder(daemon: &Daemon, presented: &str) -> Result<Caller, Refusal> {
    if is_admin(daemon, presented) {
        return Ok(Caller::Token);
    }
    let has = |holder: &Holder, scope: Scope| holder.scopes.iter().any(|it| it == scope.word());
    match daemon.holder(presented) {
        Some(holder) if holder.expired => {
            let told = format!("the client token {} has expired", holder.name);
            Err(Refusal::new(Code::Unauthorized, told))
        }
        Some(holder) if has(&holder, Scope::AdminRead) || has(&holder, Scope::AdminWrite) => {
            Ok(Caller::Client(Client {
                may_write: has(&holder, Scope::AdminWrite),
                name: holder.name,
            }))
        }
        Some(_) | None => {
            let message = "this is not the admin token of this instance: see server.admin_token in its config";
            Err(Refusal::new(Code::Unauthorized, message))
        }
    }
}

/// Whether the request carries the cookie of a living session.
pub(crate) fn has_session(daemon: &Daemon, headers: &HeaderMap) -> bool {
    let now = Instant::now();
    cookies(headers).any(|cookie| daemon.sessions().is_known(cookie, now))
}

pub(crate) fn is_admin(daemon: &Daemon, presented: &str) -> bool {
    let loaded = daemon.loaded();
    let Some(token) = &loaded.admin_token else {
        return false;
    };
    token
        .expose_secret()
        .as_bytes()
        .ct_eq(presented.as_bytes())
        .into()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let pairs = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let pairs = pairs.flat_map(|value| value.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// A browser tells where a call comes from; the page's own are `same-origin`, and `Origin` is then the host itself.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    if text("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return true;
    }
    let (Some(origin), host) = (text("origin"), text("host").unwrap_or_default()) else {
        return false;
    };
    !["http://", "https://"]
        .iter()
        .any(|scheme| origin.strip_prefix(scheme) == Some(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn a_page_on_another_port_is_foreign() {
        let own = headers(&[
            ("host", "127.0.0.1:7790"),
            ("origin", "http://127.0.0.1:7790"),
        ]);
        assert!(!is_foreign(&own));
        let other = headers(&[
            ("host", "127.0.0.1:7790"),
            ("origin", "http://127.0.0.1:3000"),
        ]);
        assert!(is_foreign(&other));
        assert!(is_foreign(&headers(&[("sec-fetch-site", "same-site")])));
        assert!(!is_foreign(&headers(&[("sec-fetch-site", "same-origin")])));
        assert!(!is_foreign(&headers(&[])));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let sent = headers(&[("cookie", "a=b; turnout_session=xyz; c=d")]);
        assert_eq!(cookies(&sent).collect::<Vec<_>>(), ["xyz"]);
    }

    #[test]
    fn the_scheme_is_written_in_any_case() {
        assert_eq!(
            bearer(&headers(&[("authorization", "bearer t")])),
            Some("t")
        );
        assert_eq!(bearer(&headers(&[("authorization", "Basic t")])), None);
    }
}
