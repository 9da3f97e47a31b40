//! What stands before every path: web pages are kept out, allowed web apps get their CORS headers.

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use dialects::Dialect;
use http::{HeaderValue, Method, StatusCode, header};

use crate::{
    gateway::{Gateway, into_response, new_id},
    guard::guard,
    refusal::Refusal,
    route::Route,
    serve::LocalAddress,
    snapshot::Access,
    trial::mark,
};

/// Lets a call pass, or answers it.
pub(crate) async fn screen(
    State(gateway): State<Gateway>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let live = gateway.shared.live.load_full();
    let access = &live.snapshot.access;
    let local = request
        .extensions()
        .get::<LocalAddress>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |local| local.0);
    if let Err(why) = guard(request.headers(), request.uri(), local, access) {
        let uri = request.uri();
        let route = Route::of(request.method(), uri.path(), uri.query(), request.headers());
        let dialect = route.map_or(Dialect::Anthropic, |route| route.dialect);
        let id = new_id();
        let mut answer = Refusal::fatal(StatusCode::FORBIDDEN, why).answer(dialect, &id);
        mark(&mut answer.headers, &id, None);
        answer
            .headers
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return into_response(answer);
    }
    let Some(origin) = allowed_origin(&request, access) else {
        return next.run(request).await;
    };
    let preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key("access-control-request-method");
    let asked = request
        .headers()
        .get("access-control-request-headers")
        .cloned();
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if preflight {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST, PUT, DELETE"),
        );
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            asked.unwrap_or(HeaderValue::from_static("content-type")),
        );
        headers.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("600"),
        );
    }
    response
}

fn allowed_origin(request: &axum::extract::Request, access: &Access) -> Option<HeaderValue> {
    let origin = request.headers().get(header::ORIGIN)?;
    access
        .cors_origins
        .iter()
        .any(|allowed| origin == allowed.as_str())
        .then(|| origin.clone())
}
