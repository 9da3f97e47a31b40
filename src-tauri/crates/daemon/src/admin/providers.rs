//! Providers: listed, tried, switched, added, changed and taken out.

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Asked, Body, Code, Named, Refusal};
use super::things::{Changed, Created, Fields, created, remove};
use crate::Daemon;
use crate::settings::section::Section;
use crate::view::{List, Provider, ProviderTest};

pub(super) fn calls() -> Calls {
    let endpoints = Call::get("/endpoints", list);
    let enable = Call::post("/providers/{name}/enable", enable);
    let disable = Call::post("/providers/{name}/disable", disable);
    let reset = Call::post("/providers/{name}/reset", reset);
    let test = Call::post("/providers/{name}/test", test);
    let remove = Call::delete("/providers/{name}", remove_provider);
    Calls::of("Providers", Entry::Admin)
        .with(
            Call::get("/providers", list)
                .about("Providers in the config's order, with how they are.")
                .asks::<Page>()
                .lists::<Provider>(),
        )
        .with(
            Call::post("/providers", add)
                .about("Adds a provider.\n\nKeys that are sent as such go to the keychain, and a reference to the config.")
                .takes_settings("ProviderSettings")
                .creates::<Provider>()
                .edits()
                .fails([Code::NoKeychain]),
        )
        .with(Call::get("/providers/{name}", show).about("One provider.").answers::<Provider>())
        .with(
            Call::put("/providers/{name}", change)
                .about("Sets fields of a provider.\n\nKeys that are sent as such go to the keychain, and a reference to the config.")
                .takes_settings("ProviderChange")
                .answers::<Provider>()
                .edits()
                .fails([Code::NoKeychain]),
        )
        .with(
            remove
                .about("Takes a provider out, unless a group has it.")
                .answers_nothing()
                .edits()
                .fails([Code::InvalidRequest]),
        )
        .with(
            endpoints
                .about("Another name for `GET /providers`.")
                .deprecated()
                .asks::<Page>()
                .lists::<Provider>(),
        )
        .with(enable.about("Lets a provider be used.").answers::<Provider>())
        .with(disable.about("Switches a provider off.").answers::<Provider>())
        .with(
            reset
                .about("Forgets what went wrong at a provider, so that it is tried at once.")
                .answers::<Provider>(),
        )
        .with(
            test.about("Sends a tiny real request and tells how it went.")
                .answers::<ProviderTest>()
                .fails([Code::Conflict]),
        )
}

pub(super) async fn list(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<Provider>>, Refusal> {
    Ok(Json(page.of(daemon.providers().await)?))
}

async fn show(State(daemon): State<Daemon>, Named(name): Named) -> Changed<Provider> {
    Ok(Json(daemon.provider(&name).await?))
}

async fn add(
    State(daemon): State<Daemon>,
    Body(Fields(fields)): Body<Fields>,
) -> Created<Provider> {
    Ok(created(daemon.add_provider(fields).await?))
}

async fn change(
    State(daemon): State<Daemon>,
    Named(name): Named,
    Body(Fields(fields)): Body<Fields>,
) -> Changed<Provider> {
    Ok(Json(daemon.change_provider(&name, fields).await?))
}

async fn remove_provider(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    remove(&daemon, Section::Providers, &name).await
}

async fn enable(State(daemon): State<Daemon>, Named(name): Named) -> Changed<Provider> {
    Ok(Json(daemon.set_enabled(&name, true).await?))
}

async fn disable(State(daemon): State<Daemon>, Named(name): Named) -> Changed<Provider> {
    Ok(Json(daemon.set_enabled(&name, false).await?))
}

async fn reset(State(daemon): State<Daemon>, Named(name): Named) -> Changed<Provider> {
    Ok(Json(daemon.reset(&name).await?))
}

async fn test(State(daemon): State<Daemon>, Named(name): Named) -> Changed<ProviderTest> {
    Ok(Json(daemon.test_provider(&name).await?))
}
