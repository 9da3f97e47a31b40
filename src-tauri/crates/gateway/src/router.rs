//! The paths that clients call, and how they are served.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use dialects::Dialect;
use http::Request;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{
    gateway::{Gateway, into_response, new_id},
    heal,
    route::{Route, is_liveness},
    screen,
    serve::{self, PeerAddress},
    trial::mark,
};

impl Gateway {
    /// The routes that clients call, and liveness. The owner merges its own into it.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(liveness))
            .route("/health", get(liveness))
            .route("/api/hello", get(liveness))
            .route("/ollama/api/version", get(ollama_version))
            .route("/v1/{*path}", any(call))
            .route("/provider/{*path}", any(call))
            .route("/group/{*path}", any(call))
            .fallback(call)
            .with_state(self.clone())
    }

    /// Serves `app` until `stop`, then lets running requests finish for at most `grace`.
    pub async fn serve(
        &self,
        listener: TcpListener,
        app: Router,
        stop: CancellationToken,
        grace: Duration,
    ) {
        let beside = tokio::spawn(self.clone().upkeep(stop.clone()));
        serve::serve(listener, self.screened(app), stop, grace).await;
        beside.abort();
    }

    /// What goes on beside requests until `stop`: providers that broke are looked after. Then whoever waits is told
    /// so. [`Self::serve`] sees to it.
    pub async fn upkeep(self, stop: CancellationToken) {
        heal::look_after(self.shared.clone(), stop).await;
        self.shared.waiting.close();
    }

    /// Puts the check of `Host` and `Origin` before every path of the app, the owner's own ones included.
    fn screened(&self, app: Router) -> Router {
        app.layer(axum::middleware::from_fn_with_state(
            self.clone(),
            screen::screen,
        ))
    }
}

async fn liveness() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// Ollama's clients ask before they send anything.
async fn ollama_version() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "version": env!("CARGO_PKG_VERSION") }))
}

async fn call(State(gateway): State<Gateway>, request: Request<Body>) -> Response {
    let path = request.uri().path();
    if is_liveness(request.method(), path) {
        return if path.contains("/ollama") {
            "Ollama is running".into_response()
        } else {
            liveness().await.into_response()
        };
    }
    let id = new_id();
    let peer = request.extensions().get::<PeerAddress>();
    let is_near = peer.is_none_or(|peer| peer.0.is_loopback());
    let uri = request.uri();
    let route = Route::of(request.method(), uri.path(), uri.query(), request.headers());
    let dialect = route
        .as_ref()
        .map_or(Dialect::Anthropic, |route| route.dialect);
    // As grave as anything in it: a span that the log's level leaves out names nothing.
    let span = tracing::error_span!("request", request_id = %id);
    let accepted = gateway.accept(&id, route, request);
    match accepted.instrument(span.clone()).await {
        Ok(response) => response,
        Err(refusal) => {
            let _in = span.enter();
            let status = refusal.status.as_u16();
            // Whoever reaches the port from elsewhere could fill the disk with lines.
            if !is_near && matches!(status, 401 | 403 | 404 | 421) {
                tracing::debug!(status, "refused: {}", refusal.message);
            } else {
                tracing::info!(status, "refused: {}", refusal.message);
            }
            let mut answer = refusal.answer(dialect, &id);
            mark(&mut answer.headers, &id, None);
            into_response(answer)
        }
    }
}
