//! The admin API: JSON under `/api/v1` for the window, the command line and other programs.
//!
//! Handlers translate between HTTP and [`Daemon`]; they decide nothing. No answer holds a provider's key.

mod aliases;
mod audit;
pub(crate) mod auth;
mod bodies;
mod clients;
mod config;
mod drafts;
mod found;
mod groups;
mod history;
mod import;
mod keys;
mod notices;
mod openapi;
mod paged;
mod playground;
mod prices;
mod providers;
mod refusal;
mod rules;
mod series;
mod settings;
mod steer;
mod stream;
mod suspended;
mod things;
mod tokens;
mod usage;
mod watch;

use axum::extract::{Extension, State};
use axum::{Json, Router};
use serde_json::Value;

use self::auth::Caller;
use self::openapi::{Call, Calls, Entry};
use self::paged::Page;
use self::refusal::{Asked, Code, Refusal};
use crate::Daemon;
use crate::view::{Connect, Link, List, Status};

/// Every call that is told of, those of other modules included.
fn calls() -> Calls {
    inside()
        .below("/api/v1")
        .and(watch::health())
        .and(watch::metrics())
        .and(watch::liveness())
        .and(openapi::calls())
        .and(aliases::admin())
        .and(aliases::chat())
        .and(aliases::clients())
}

/// The calls below `/api/v1`.
fn inside() -> Calls {
    let status = Call::get("/status", status);
    let models = Call::get("/models", models);
    let connect = Call::get("/connect", connect);
    let session = Call::post("/session", session);
    let ui_link = Call::post("/ui-link", self::session);
    Calls::of("Status", Entry::Admin)
        .with(status.about("The whole at a glance.").answers::<Status>())
        .with(
            models
                .about("The models that clients can ask for, as `GET /v1/models` tells them.")
                .asks::<Page>()
                .lists_objects()
                .fails([Code::Conflict]),
        )
        .with(
            connect
                .about("What a client program needs to call Turnout, its token included.")
                .answers::<Connect>(),
        )
        .with(
            session
                .about("A link that lets a browser in once, for those with the admin token.")
                .answers::<Link>(),
        )
        .with(
            ui_link
                .about("Another name for `POST /session`.")
                .deprecated()
                .answers::<Link>(),
        )
        .and(steer::calls())
        .and(groups::calls())
        .and(providers::calls())
        .and(drafts::calls())
        .and(found::calls())
        .and(keys::calls())
        .and(rules::calls())
        .and(history::calls())
        .and(playground::calls())
        .and(suspended::calls())
        .and(usage::calls())
        .and(prices::calls())
        .and(config::calls())
        .and(settings::calls())
        .and(tokens::calls())
        .and(audit::calls())
        .and(clients::calls())
        .and(import::calls())
        .and(notices::calls())
        .and(series::calls())
        .and(watch::calls())
        .and(stream::calls())
}

pub(crate) fn router(daemon: Daemon) -> Router {
    let admit = || axum::middleware::from_fn_with_state(daemon.clone(), auth::admit);
    let scrape = axum::middleware::from_fn_with_state(daemon.clone(), auth::admit_scraper);
    let inside = inside()
        .router()
        .fallback(no_path)
        .method_not_allowed_fallback(no_method)
        .layer(admit());
    let open = openapi::calls().router().merge(openapi::assets());
    Router::new()
        .nest("/api/v1", inside)
        .merge(
            watch::health()
                .and(aliases::admin())
                .router()
                .layer(admit()),
        )
        .merge(watch::metrics().router().layer(scrape))
        .merge(aliases::clients().router())
        .merge(open)
        .with_state(daemon)
}

async fn status(State(daemon): State<Daemon>) -> Json<Status> {
    Json(daemon.status().await)
}

async fn models(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<Value>>, Refusal> {
    Ok(Json(page.of(daemon.models().await?)?))
}

async fn connect(State(daemon): State<Daemon>) -> Json<Connect> {
    Json(daemon.connect())
}

/// A link that lets a browser in, for those who have the token: a page cannot make more of itself.
async fn session(
    State(daemon): State<Daemon>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Link>, Refusal> {
    if caller != Caller::Token {
        return Err(Refusal::new(
            Code::Forbidden,
            "only the admin token makes a link for the window",
        ));
    }
    let url = daemon.ui_link();
    Ok(Json(Link { url }))
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
