//! Paths of earlier tools, for programs that know no others. Each is another name for something of the admin API.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::Number;

use super::auth;
use super::refusal::{Body, Code, Refusal, Shape};
use crate::Daemon;
use crate::view::{Group, List};

pub(super) fn router(daemon: Daemon) -> Router {
    Router::new()
        .route("/api/config/weights", post(weights))
        .layer(axum::middleware::from_fn_with_state(
            daemon.clone(),
            auth::admit,
        ))
        .with_state(daemon)
}

/// Providers and their shares of traffic.
#[derive(Deserialize)]
pub(super) struct Weights {
    weights: BTreeMap<String, Number>,
}

impl Shape for Weights {
    const SHAPE: &'static str = r#"{"weights": {"PROVIDER": NUMBER}}"#;
}

async fn weights(
    State(daemon): State<Daemon>,
    Body(wanted): Body<Weights>,
) -> Result<Json<List<Group>>, Refusal> {
    let weights = wanted.weights.iter().map(|(provider, number)| {
        let weight = whole(number).ok_or_else(|| {
            let told = format!(
                "the weight of {provider} cannot be {number}; weights are whole numbers from 1 on, such as 70 and 30"
            );
            Refusal::new(Code::InvalidRequest, told)
        })?;
        Ok((provider.clone(), weight))
    });
    let weights = weights.collect::<Result<_, Refusal>>()?;
    Ok(Json(List::whole(daemon.set_weights(weights).await?)))
}

/// Also a whole number that is written as `3.0`.
fn whole(number: &Number) -> Option<u32> {
    let told = number.as_u64().or_else(|| {
        let float = number.as_f64()?;
        (float.fract().abs() < f64::EPSILON && float >= 1.0 && float <= f64::from(u32::MAX))
            .then_some(float as u64)
    });
    u32::try_from(told?).ok().filter(|weight| *weight > 0)
}
