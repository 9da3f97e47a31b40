//! The config setting by setting.

use axum::Json;
use axum::extract::State;

use super::openapi::{Call, Calls, Entry};
use super::refusal::Body;
use super::things::{Changed, Fields};
use crate::Daemon;
use crate::view::SettingList;

pub(super) fn calls() -> Calls {
    Calls::of("Config", Entry::Admin)
        .with(
            Call::get("/settings", list)
                .about("Single settings of the config, each with what it means, its default and what it may be.")
                .answers::<SettingList>(),
        )
        .with(
            Call::patch("/settings", set)
                .about("Sets single settings by their paths, all or none; `null` lets the default hold again.\n\nComments and \
                    all else in the config stay as they are.")
                .takes_object("Values by path: {\"routing.suspend.max\": 50, \"log.level\": null}.")
                .answers::<SettingList>()
                .edits(),
        )
}

async fn list(State(daemon): State<Daemon>) -> Json<SettingList> {
    Json(daemon.settings())
}

async fn set(
    State(daemon): State<Daemon>,
    Body(Fields(wanted)): Body<Fields>,
) -> Changed<SettingList> {
    Ok(Json(daemon.set_settings(wanted).await?))
}
