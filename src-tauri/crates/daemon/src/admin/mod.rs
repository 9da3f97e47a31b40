//! The admin API: JSON under `/api/v1` for the window, the command line and other programs.
//!
//! Handlers translate between HTTP and [`Daemon`]; they decide nothing. No answer holds a provider's key.

mod aliases;
mod audit;
pub(crate) mod auth;
mod bodies;
mod clients;
mod config;
mod edits;
mod history;
mod import;
mod keys;
mod prices;
mod refusal;
mod rules;
mod steer;
mod stream;
mod suspended;
mod tokens;
mod usage;
mod watch;

use axum::extract::{Extension, State};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::auth::Caller;
use self::refusal::{Code, Refusal};
use crate::Daemon;
use crate::view::{Connect, Group, List, Provider, Status};

pub(crate) fn router(daemon: Daemon) -> Router {
    let api = Router::new()
        .route("/status", get(status))
        .route(
            "/groups",
            get(groups).post(edits::add_group).put(edits::order_groups),
        )
        .route(
            "/groups/{name}",
            get(edits::group)
                .put(edits::change_group)
                .delete(edits::remove_group),
        )
        .route("/groups/{name}/activate", post(steer::activate))
        .route("/groups/{name}/pause", post(steer::pause))
        .route("/groups/{name}/resume", post(steer::resume))
        .route("/mode", put(steer::mode))
        .route("/providers", get(providers).post(edits::add_provider))
        .route(
            "/providers/{name}",
            get(edits::provider)
                .put(edits::change_provider)
                .delete(edits::remove_provider),
        )
        .route("/endpoints", get(providers))
        .route("/providers/{name}/enable", post(steer::enable))
        .route("/providers/{name}/disable", post(steer::disable))
        .route("/providers/{name}/reset", post(steer::reset))
        .route("/providers/{name}/test", post(steer::test))
        .route("/providers/{name}/keys", post(keys::add))
        .route(
            "/providers/{name}/keys/{*key}",
            post(keys::act).delete(keys::remove),
        )
        .route("/models", get(models))
        .route("/practice/outage", post(steer::outage))
        .route("/keys", get(keys::list))
        .route(
            "/rules",
            get(rules::list)
                .post(edits::add_rule)
                .put(edits::order_rules),
        )
        .route(
            "/rules/{name}",
            get(edits::rule)
                .put(edits::change_rule)
                .delete(edits::remove_rule),
        )
        .route("/rules/explain", post(rules::explain))
        .route("/requests", get(history::list))
        .route("/requests/{id}", get(history::detail))
        .route("/requests/{id}/bodies", get(bodies::list))
        .route("/requests/{id}/replay", post(bodies::replay))
        .route("/stream", get(stream::stream))
        .route("/config", get(config::show))
        .route("/config/check", post(config::check))
        .route("/config/reload", post(config::reload))
        .route("/reload", post(config::reload))
        .route("/connect", get(connect))
        .route("/session", post(session))
        .route("/ui-link", post(session))
        .merge(suspended::router())
        .merge(clients::router())
        .merge(import::router())
        .merge(tokens::router())
        .merge(usage::router())
        .merge(prices::router())
        .merge(watch::inside())
        .merge(audit::router())
        .fallback(no_path)
        .method_not_allowed_fallback(no_method)
        .layer(axum::middleware::from_fn_with_state(
            daemon.clone(),
            auth::admit,
        ))
        .with_state(daemon.clone());
    Router::new()
        .nest("/api/v1", api)
        .merge(watch::outside(daemon.clone()))
        .merge(aliases::router(daemon))
}

async fn status(State(daemon): State<Daemon>) -> Json<Status> {
    Json(daemon.status().await)
}

async fn groups(State(daemon): State<Daemon>) -> Json<List<Group>> {
    Json(List::whole(daemon.groups().await))
}

async fn providers(State(daemon): State<Daemon>) -> Json<List<Provider>> {
    Json(List::whole(daemon.providers().await))
}

async fn models(State(daemon): State<Daemon>) -> Result<Json<List<Value>>, Refusal> {
    Ok(Json(List::whole(daemon.models().await?)))
}

async fn connect(State(daemon): State<Daemon>) -> Json<Connect> {
    Json(daemon.connect())
}

/// A link that lets a browser in, for those who have the token: a page cannot make more of itself.
async fn session(
    State(daemon): State<Daemon>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Refusal> {
    if caller != Caller::Token {
        return Err(Refusal::new(
            Code::Forbidden,
            "only the admin token makes a link for the window",
        ));
    }
    Ok(Json(json!({ "url": daemon.ui_link() })))
}

async fn no_path() -> Refusal {
    Refusal::new(Code::NotFound, "the admin API has no such path")
}

async fn no_method() -> Refusal {
    Refusal::new(
        Code::MethodNotAllowed,
        "the admin API has this path, but not with this method",
    )
}

impl Daemon {
    /// A link to the window's page that works once, within a minute. Without randomness from the system it has no
    /// code, and the page tells how to get in.
    pub fn ui_link(&self) -> String {
        let base = self.base_url();
        match self.sessions().code(std::time::Instant::now()) {
            Some(code) => format!("{base}/ui/?code={code}"),
            None => format!("{base}/ui/"),
        }
    }
}
