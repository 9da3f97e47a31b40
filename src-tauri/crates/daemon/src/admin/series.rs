//! What happened lately, for small pictures.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::openapi::{Call, Calls, Entry};
use super::refusal::{Asked, Code, Refusal};
use crate::Daemon;
use crate::view::Series;

/// What is told when nothing else is asked for: an hour in half as many buckets as it has minutes.
const MINUTES: u32 = 60;
const BUCKETS: u32 = 30;
/// The most that is told: a day, and as many buckets as a small picture has points.
const MINUTES_MAX: u32 = 24 * 60;
const BUCKETS_MAX: u32 = 240;

pub(super) fn calls() -> Calls {
    Calls::of("Live", Entry::Admin).with(
        Call::get("/series", series)
            .about("Requests, failures, tokens and times of the last minutes, as a whole and by provider.\n\nThey are counted \
                in memory since the start; `GET /usage` tells of the history.")
            .asks::<Query>()
            .answers::<Series>(),
    )
}

#[derive(Debug, Deserialize, IntoParams)]
struct Query {
    /// How many minutes, from 1 to 1440; 60 when not given.
    minutes: Option<u32>,
    /// In how many buckets, from 1 to 240; 30 when not given. There are fewer where one would be shorter than ten seconds.
    buckets: Option<u32>,
}

async fn series(
    State(daemon): State<Daemon>,
    Asked(query): Asked<Query>,
) -> Result<Json<Series>, Refusal> {
    let minutes = within("minutes", query.minutes.unwrap_or(MINUTES), MINUTES_MAX)?;
    let buckets = within("buckets", query.buckets.unwrap_or(BUCKETS), BUCKETS_MAX)?;
    let loaded = daemon.loaded();
    let providers = loaded.settings.providers.iter();
    let names: Vec<String> = providers.map(|it| it.name.clone()).collect();
    let lately = daemon.instance().lately();
    Ok(Json(lately.series(
        minutes,
        buckets,
        Timestamp::now(),
        &names,
    )))
}

fn within(name: &str, number: u32, most: u32) -> Result<u32, Refusal> {
    if (1..=most).contains(&number) {
        return Ok(number);
    }
    let told = format!("`{name}` must be from 1 to {most}");
    Err(Refusal::new(Code::InvalidRequest, told))
}
