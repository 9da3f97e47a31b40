//! `GET /suspended`, and what a person does with a request that waits.

use axum::Json;
use axum::extract::State;
use gateway::Order;
use http::StatusCode;
use routing::Pin;
use serde::Deserialize;
use utoipa::ToSchema;

use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Asked, Body, Code, Named, Refusal, Shape};
use crate::Daemon;
use crate::view::{List, Suspended};

pub(super) fn calls() -> Calls {
    Calls::of("Requests", Entry::Admin)
        .with(
            Call::get("/suspended", list)
                .about("Requests that wait until something can serve them, the oldest first.")
                .asks::<Page>()
                .lists::<Suspended>(),
        )
        .with(
            Call::post("/suspended/{id}/release", release)
                .about("Has a request tried at once that waits, or waited and pauses before the next try.")
                .answers_nothing(),
        )
        .with(
            Call::post("/suspended/{id}/redirect", redirect)
                .about("Sends a request that waits, or waited and is being tried, to another group or provider.")
                .takes::<Place>()
                .answers_nothing(),
        )
        .with(
            Call::post("/suspended/{id}/fail", fail)
                .about("Ends a request that waits, or waited and is being tried, with an error in its client's dialect.")
                .answers_nothing(),
        )
}

async fn list(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<Suspended>>, Refusal> {
    Ok(Json(page.of(daemon.suspended())?))
}

async fn release(State(daemon): State<Daemon>, Named(id): Named) -> Result<StatusCode, Refusal> {
    order(&daemon, &id, Order::Release)
}

async fn fail(State(daemon): State<Daemon>, Named(id): Named) -> Result<StatusCode, Refusal> {
    order(&daemon, &id, Order::Fail)
}

/// Where a waiting request is sent.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Place {
    /// This group alone.
    Group(String),
    /// This provider alone.
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
