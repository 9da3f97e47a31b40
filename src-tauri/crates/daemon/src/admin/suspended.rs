//! `GET /suspended`, and what a person does with a request that waits.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use gateway::Order;
use http::StatusCode;
use routing::Pin;
use serde::Deserialize;

use super::refusal::{Body, Code, Named, Refusal, Shape};
use crate::Daemon;
use crate::view::{List, Suspended};

/// The paths of requests that wait, below `/api/v1`.
pub(super) fn router() -> Router<Daemon> {
    Router::new()
        .route("/suspended", get(list))
        .route("/suspended/{id}/release", post(release))
        .route("/suspended/{id}/redirect", post(redirect))
        .route("/suspended/{id}/fail", post(fail))
}

async fn list(State(daemon): State<Daemon>) -> Json<List<Suspended>> {
    Json(List::whole(daemon.suspended()))
}

async fn release(State(daemon): State<Daemon>, Named(id): Named) -> Result<StatusCode, Refusal> {
    order(&daemon, &id, Order::Release)
}

async fn fail(State(daemon): State<Daemon>, Named(id): Named) -> Result<StatusCode, Refusal> {
    order(&daemon, &id, Order::Fail)
}

/// Where a waiting request is sent.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Group(String),
    Provider(String),
}

impl Shape for Place {
    const SHAPE: &'static str = r#"{"group": "NAME"} or {"provider": "NAME"}"#;
}

async fn redirect(
    State(daemon): State<Daemon>,
    Named(id): Named,
    Body(place): Body<Place>,
) -> Result<StatusCode, Refusal> {
    let pin = match place {
        Place::Group(name) => {
            daemon.group(&name)?;
            Pin::Group(name)
        }
        Place::Provider(name) => {
            daemon.provider(&name).await?;
            Pin::Provider(name)
        }
    };
    order(&daemon, &id, Order::Redirect(pin))
}

fn order(daemon: &Daemon, id: &str, order: Order) -> Result<StatusCode, Refusal> {
    let done = daemon.instance().gateway.order(id, order);
    done.map_err(|error| Refusal::new(Code::NotFound, error.to_string()))?;
    daemon.instance().nudge();
    Ok(StatusCode::NO_CONTENT)
}
