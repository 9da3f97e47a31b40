//! The API's description: as `OpenAPI` at `/openapi.json`, and the same for people at `/docs`.
//!
//! A call is added together with its handler, so that neither is there without the other. Nothing here decides or
//! knows anything of the running instance, and nothing it tells is a secret.

mod call;
mod document;
mod page;
mod shapes;

use std::sync::LazyLock;

use axum::Router;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use http::header;

pub(super) use self::call::{Call, Calls, Entry};
use crate::Daemon;
use crate::ui;

/// The document, written when somebody first asks for it.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let document = document::document(&super::calls());
    Bytes::from(document.to_string())
});
/// The page, likewise.
static PAGE: LazyLock<Bytes> = LazyLock::new(|| {
    let document = document::document(&super::calls());
    Bytes::from(page::page(&document))
});
const STYLE: &str = include_str!("page.css");

/// The description itself, which tells no secret and asks for none.
pub(super) fn calls() -> Calls {
    let json = Call::get("/openapi.json", async || {
        (
            [(header::CONTENT_TYPE, "application/json")],
            DOCUMENT.clone(),
        )
    });
    let page = Call::get("/docs", docs);
    Calls::of("Description", Entry::Open)
        .with(
            json.about("This description, as OpenAPI 3.1.")
                .answers_with(200, "The document.", "application/json"),
        )
        .with(
            page.about("This description as a page.")
                .answers_with(200, "The page.", "text/html"),
        )
}

/// What the page loads besides itself.
pub(super) fn assets() -> Router<Daemon> {
    let style = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    let style = get(async move || (style, STYLE));
    Router::new().route("/docs/", get(docs)).route(
        "/docs/style.css",
        style.layer(axum::middleware::map_response(ui::guarded)),
    )
}

async fn docs() -> Response {
    ui::guarded(Html(PAGE.clone()).into_response()).await
}
