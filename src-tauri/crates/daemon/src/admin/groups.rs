//! Groups: listed, chosen, paused, added, changed, taken out and put in order.

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Asked, Body, Named, Refusal};
use super::things::{Changed, Created, Fields, Order, created, remove};
use crate::Daemon;
use crate::settings::section::Section;
use crate::view::{Group, List};

pub(super) fn calls() -> Calls {
    let order = Call::put("/groups", order);
    let activate = Call::post("/groups/{name}/activate", activate);
    let pause = Call::post("/groups/{name}/pause", pause);
    let resume = Call::post("/groups/{name}/resume", resume);
    let remove = Call::delete("/groups/{name}", remove_group);
    Calls::of("Groups", Entry::Admin)
        .with(
            Call::get("/groups", list)
                .about("Groups in the order of their priority, with their members' health.")
                .asks::<Page>()
                .lists::<Group>(),
        )
        .with(
            Call::post("/groups", add)
                .about("Adds a group behind the others.")
                .takes_settings("GroupSettings")
                .creates::<Group>()
                .edits(),
        )
        .with(
            order
                .about("Puts groups in another order, which is their priority; those that are not named follow.")
                .takes::<Order>()
                .lists::<Group>()
                .fails([super::Code::NotFound])
                .edits(),
        )
        .with(Call::get("/groups/{name}", show).about("One group.").answers::<Group>())
        .with(
            Call::put("/groups/{name}", change)
                .about("Sets fields of a group.")
                .takes_settings("GroupChange")
                .answers::<Group>()
                .edits(),
        )
        .with(remove.about("Takes a group out.").answers_nothing().edits().fails([super::Code::InvalidRequest]))
        .with(
            activate
                .about("Makes a group the active one, also after a restart.")
                .answers::<Group>()
                .fails([super::Code::Conflict]),
        )
        .with(pause.about("Pauses a group: it serves nothing until it is resumed.").answers::<Group>())
        .with(resume.about("Lets a paused group serve again.").answers::<Group>())
}

async fn list(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<Group>>, Refusal> {
    Ok(Json(page.of(daemon.groups().await)?))
}

async fn show(State(daemon): State<Daemon>, Named(name): Named) -> Changed<Group> {
    Ok(Json(daemon.group(&name)?))
}

async fn add(State(daemon): State<Daemon>, Body(Fields(fields)): Body<Fields>) -> Created<Group> {
    Ok(created(daemon.add_group(fields).await?))
}

async fn change(
    State(daemon): State<Daemon>,
    Named(name): Named,
    Body(Fields(fields)): Body<Fields>,
) -> Changed<Group> {
    Ok(Json(daemon.change_group(&name, fields).await?))
}

async fn remove_group(
    State(daemon): State<Daemon>,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    remove(&daemon, Section::Groups, &name).await
}

/// Their order is their priority.
async fn order(
    State(daemon): State<Daemon>,
    Body(Order { order }): Body<Order>,
) -> Changed<List<Group>> {
    daemon.reorder(Section::Groups, &order).await?;
    Ok(Json(List::whole(daemon.groups().await)))
}

async fn activate(State(daemon): State<Daemon>, Named(name): Named) -> Changed<Group> {
    Ok(Json(daemon.activate(&name)?))
}

async fn pause(State(daemon): State<Daemon>, Named(name): Named) -> Changed<Group> {
    Ok(Json(daemon.pause(&name)?))
}

async fn resume(State(daemon): State<Daemon>, Named(name): Named) -> Changed<Group> {
    Ok(Json(daemon.resume(&name)?))
}
