//! What was told to people who were not looking.

use axum::Json;
use axum::extract::State;

use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Asked, Refusal};
use crate::Daemon;
use crate::view::{List, Notice};

pub(super) fn calls() -> Calls {
    Calls::of("Live", Entry::Admin).with(
        Call::get("/notices", list)
            .about("The last notices since the start, newest first: what `notice` events told.")
            .asks::<Page>()
            .lists::<Notice>(),
    )
}

async fn list(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<Notice>>, Refusal> {
    let recent = daemon.instance().notices().recent().cloned().collect();
    Ok(Json(page.of(recent)?))
}
