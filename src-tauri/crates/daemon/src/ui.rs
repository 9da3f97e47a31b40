//! The window's page at `/ui/`: built files from inside the program, behind a session.
//!
//! The page itself asks for a session; its scripts and styles tell nobody anything and don't. No page of ours loads
//! anything from elsewhere, and no page of others can frame it.

use std::time::Instant;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use rust_embed::RustEmbed;
use serde::Deserialize;

use crate::Daemon;
use crate::admin::auth;

/// What the page may do: its own scripts, styles and calls, nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const LOCKED_OUT: &str = include_str!("ui/locked-out.html");
/// The program in it, which may have another name.
const NAMED: &str = "turnoutd";

#[derive(RustEmbed)]
#[folder = "../../../ui/dist"]
struct Dist;

#[derive(Debug, Deserialize)]
struct Link {
    code: Option<String>,
}

pub(crate) fn router(daemon: Daemon) -> Router {
    Router::new()
        .route("/ui", get(|| async { Redirect::permanent("/ui/") }))
        .route("/ui/", get(index))
        .route("/ui/{*path}", get(file))
        .layer(axum::middleware::map_response(guarded))
        .with_state(daemon)
}

async fn index(
    State(daemon): State<Daemon>,
    Query(link): Query<Link>,
    headers: HeaderMap,
) -> Response {
    if let Some(code) = link.code {
        return match daemon.sessions().exchange(&code, Instant::now()) {
            Some(cookie) => let_in(&cookie),
            // A link that is opened twice by the same browser does no harm.
            None if auth::has_session(&daemon, &headers) => Redirect::to("/ui/").into_response(),
            None => locked_out(),
        };
    }
    page(&daemon, &headers)
}

async fn file(
    State(daemon): State<Daemon>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    if path == "index.html" {
        return page(&daemon, &headers);
    }
    match Dist::get(&path) {
        Some(file) => {
            let caching = if is_hashed(&path) {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            };
            (
                [
                    (header::CONTENT_TYPE, media_type(&path)),
                    (header::CACHE_CONTROL, caching),
                ],
                file.data,
            )
                .into_response()
        }
        // A page's own address, which the page resolves by itself; a file has a dot.
        None if !path
            .rsplit('/')
            .next()
            .is_some_and(|name| name.contains('.')) =>
        {
            page(&daemon, &headers)
        }
        None => (StatusCode::NOT_FOUND, "there is no such file").into_response(),
    }
}

fn page(daemon: &Daemon, headers: &HeaderMap) -> Response {
    if !auth::has_session(daemon, headers) {
        return locked_out();
    }
    match Dist::get("index.html") {
        Some(file) => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (headers, file.data).into_response()
        }
        None => (
            StatusCode::NOT_FOUND,
            "the window's page was not built: run `make ui`",
        )
            .into_response(),
    }
}

fn let_in(cookie: &str) -> Response {
    let cookie = format!(
        "{}={cookie}; Path=/; HttpOnly; SameSite=Strict",
        auth::COOKIE
    );
    let headers = [
        (header::SET_COOKIE, cookie.as_str()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Redirect::to("/ui/")).into_response()
}

fn locked_out() -> Response {
    (
        StatusCode::UNAUTHORIZED,
        [(header::CACHE_CONTROL, "no-store")],
        Html(LOCKED_OUT.replace(NAMED, crate::program())),
    )
        .into_response()
}

/// What the page is made of; a browser runs nothing whose type is told otherwise.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Vite puts a hash of its content into the name of each file in `assets`.
fn is_hashed(path: &str) -> bool {
    path.starts_with("assets/")
}

pub(crate) async fn guarded(mut response: Response) -> Response {
    let set: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in set {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
