//! Providers, groups and rules, added, changed, taken out and put in order.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::refusal::{Body, Named, Refusal, Shape};
use crate::Daemon;
use crate::settings::section::Section;
use crate::view::{Group, List, Provider, Rule};

type Created<T> = Result<(StatusCode, Json<T>), Refusal>;
type Changed<T> = Result<Json<T>, Refusal>;

/// Fields as in the config.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Fields(Map<String, Value>);

impl Shape for Fields {
    const SHAPE: &'static str =
        "a JSON object with the fields that config/turnout.example.toml shows";
}

/// The names of a list, in the order that it shall have.
#[derive(Deserialize)]
pub(super) struct Order {
    order: Vec<String>,
}

impl Shape for Order {
    const SHAPE: &'static str = r#"{"order": ["NAME", …]}"#;
}

fn created<T>(thing: T) -> (StatusCode, Json<T>) {
    (StatusCode::CREATED, Json(thing))
}

pub(super) async fn provider(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Changed<Provider> {
    Ok(Json(daemon.provider(&name).await?))
}

pub(super) async fn add_provider(
    State(daemon): State<Daemon>,
    Body(Fields(fields)): Body<Fields>,
) -> Created<Provider> {
    Ok(created(daemon.add_provider(fields).await?))
}

pub(super) async fn change_provider(
    State(daemon): State<Daemon>,
    Named(name): Named,
    Body(Fields(fields)): Body<Fields>,
) -> Changed<Provider> {
    Ok(Json(daemon.change_provider(&name, fields).await?))
}

pub(super) async fn remove_provider(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    remove(&daemon, Section::Providers, &name).await
}

pub(super) async fn group(State(daemon): State<Daemon>, Named(name): Named) -> Changed<Group> {
    Ok(Json(daemon.group(&name)?))
}

pub(super) async fn add_group(
    State(daemon): State<Daemon>,
    Body(Fields(fields)): Body<Fields>,
) -> Created<Group> {
    Ok(created(daemon.add_group(fields).await?))
}

pub(super) async fn change_group(
    State(daemon): State<Daemon>,
    Named(name): Named,
    Body(Fields(fields)): Body<Fields>,
) -> Changed<Group> {
    Ok(Json(daemon.change_group(&name, fields).await?))
}

pub(super) async fn remove_group(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    remove(&daemon, Section::Groups, &name).await
}

/// Their order is their priority.
pub(super) async fn order_groups(
    State(daemon): State<Daemon>,
    Body(Order { order }): Body<Order>,
) -> Changed<List<Group>> {
    daemon.reorder(Section::Groups, &order).await?;
    Ok(Json(List::whole(daemon.groups().await)))
}

pub(super) async fn rule(State(daemon): State<Daemon>, Named(name): Named) -> Changed<Rule> {
    Ok(Json(daemon.rule(&name)?))
}

pub(super) async fn add_rule(
    State(daemon): State<Daemon>,
    Body(Fields(fields)): Body<Fields>,
) -> Created<Rule> {
    Ok(created(daemon.add_rule(fields).await?))
}

pub(super) async fn change_rule(
    State(daemon): State<Daemon>,
    Named(name): Named,
    Body(Fields(fields)): Body<Fields>,
) -> Changed<Rule> {
    Ok(Json(daemon.change_rule(&name, fields).await?))
}

pub(super) async fn remove_rule(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    remove(&daemon, Section::Rules, &name).await
}

/// The first that fits wins.
pub(super) async fn order_rules(
    State(daemon): State<Daemon>,
    Body(Order { order }): Body<Order>,
) -> Changed<List<Rule>> {
    daemon.reorder(Section::Rules, &order).await?;
    Ok(super::rules::list(State(daemon)).await)
}

async fn remove(daemon: &Daemon, section: Section, name: &str) -> Result<StatusCode, Refusal> {
    daemon.remove(section, name).await?;
    Ok(StatusCode::NO_CONTENT)
}
