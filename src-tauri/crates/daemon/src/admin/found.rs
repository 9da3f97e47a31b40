//! What lies on this machine, and its taking up.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Asked, Body, Code, Refusal, Shape};
use super::things::Changed;
use crate::Daemon;
use crate::view::{Found, List, Taken};

pub(super) fn calls() -> Calls {
    Calls::of("Providers", Entry::Admin)
        .with(
            Call::get("/found", found)
                .about("What lies on this machine and could serve: keys in the environment of Turnout, local servers of \
                    models, settings of other tools. Keys are told by their last four characters.")
                .asks::<Page>()
                .lists::<Found>(),
        )
        .with(
            Call::post("/found/take", take)
                .about("Makes providers of keys and servers that were found. Keys stay where they are.\n\nThey go into the \
                    group that is named, which is made if it is not there; without one each gets a group of its own. Where \
                    nothing but practice served, the first new group is active at once.")
                .takes::<Wish>()
                .answers::<Taken>()
                .edits()
                .fails([Code::NotFound]),
        )
}

/// What is taken up.
#[derive(Deserialize, ToSchema)]
#[schema(as = TakeFound)]
#[serde(deny_unknown_fields)]
struct Wish {
    /// As `GET /found` tells them.
    ids: Vec<String>,
    /// The group that gets them.
    group: Option<String>,
}

impl Shape for Wish {
    const SHAPE: &'static str =
        r#"{"ids": ["env:NAME", …]}, and "group" if they shall go into one"#;
}

async fn found(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<Found>>, Refusal> {
    Ok(Json(page.of(daemon.found().await)?))
}

async fn take(State(daemon): State<Daemon>, Body(wish): Body<Wish>) -> Changed<Taken> {
    Ok(Json(daemon.take_found(&wish.ids, wish.group).await?))
}
