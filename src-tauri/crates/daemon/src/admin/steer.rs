//! Calls that change something.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::{Body, Named, Refusal, Shape};
use crate::Daemon;
use crate::view::{Group, Mode, Provider, ProviderTest};

pub(super) async fn activate(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<Json<Group>, Refusal> {
    Ok(Json(daemon.activate(&name)?))
}

pub(super) async fn pause(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<Json<Group>, Refusal> {
    Ok(Json(daemon.pause(&name)?))
}

pub(super) async fn resume(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<Json<Group>, Refusal> {
    Ok(Json(daemon.resume(&name)?))
}

#[derive(Deserialize)]
pub(super) struct WantedMode {
    mode: Mode,
}

impl Shape for WantedMode {
    const SHAPE: &'static str = r#"{"mode": "auto"} or {"mode": "manual"}"#;
}

pub(super) async fn mode(
    State(daemon): State<Daemon>,
    Body(wanted): Body<WantedMode>,
) -> Json<Value> {
    daemon.set_mode(wanted.mode);
    Json(json!({ "mode": wanted.mode }))
}

pub(super) async fn enable(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<Json<Provider>, Refusal> {
    Ok(Json(daemon.set_enabled(&name, true).await?))
}

pub(super) async fn disable(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<Json<Provider>, Refusal> {
    Ok(Json(daemon.set_enabled(&name, false).await?))
}

pub(super) async fn reset(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<Json<Provider>, Refusal> {
    Ok(Json(daemon.reset(&name).await?))
}

pub(super) async fn test(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<Json<ProviderTest>, Refusal> {
    Ok(Json(daemon.test_provider(&name).await?))
}

#[derive(Deserialize)]
pub(super) struct Outage {
    on: bool,
}

impl Shape for Outage {
    const SHAPE: &'static str = r#"{"on": true} or {"on": false}"#;
}

pub(super) async fn outage(
    State(daemon): State<Daemon>,
    Body(wanted): Body<Outage>,
) -> Json<Value> {
    daemon.practice_outage(wanted.on);
    Json(json!({ "on": daemon.instance().practice.outage() }))
}
