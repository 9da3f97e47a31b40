//! The client programs of this machine: listed, connected, disconnected.

use axum::Json;
use axum::extract::State;
use clients::Outcome;
use serde::Deserialize;
use utoipa::ToSchema;

use super::audit::{Rehearsal, Rehearsed};
use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Asked, Code, Named, Raw, Refusal};
use crate::Daemon;
use crate::client_programs::ConnectWish;
use crate::view::{ClientProgram, List};

pub(super) fn calls() -> Calls {
    Calls::of("Clients", Entry::Admin)
        .with(
            Call::get("/clients", list)
                .about("Client programs on this machine, and whether they point here.")
                .asks::<Page>()
                .lists::<ClientProgram>()
                .fails([Code::Conflict]),
        )
        .with(
            Call::post("/clients/{id}/connect", connect)
                .about("Points a client program at Turnout: only its own keys in its settings, which are remembered.")
                .may_take::<Wish>()
                .answers::<Outcome>()
                .fails([Code::Conflict]),
        )
        .with(
            Call::post("/clients/{id}/disconnect", disconnect)
                .about("Puts back what stood in a client program's settings.")
                .may_take::<Wish>()
                .answers::<Outcome>()
                .fails([Code::Conflict]),
        )
}

async fn list(
    State(daemon): State<Daemon>,
    Asked(page): Asked<Page>,
) -> Result<Json<List<ClientProgram>>, Refusal> {
    Ok(Json(page.of(daemon.client_programs().await?)?))
}

/// How it is done. May be left out as a whole.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = ConnectWish)]
#[serde(default)]
struct Wish {
    /// Nothing is written; the answer tells what would be.
    dry_run: bool,
    /// The client keeps its own login, and the client token travels beside it. Only to connect.
    own_login: bool,
}

async fn connect(
    State(daemon): State<Daemon>,
    Named(id): Named,
    Raw(body): Raw,
) -> Rehearsal<Outcome> {
    let Wish { dry_run, own_login } = wish(&body).map_err(Rehearsed::unclear)?;
    let wish = ConnectWish { dry_run, own_login };
    Rehearsed::when(dry_run, daemon.connect_client(&id, wish).await)
}

async fn disconnect(
    State(daemon): State<Daemon>,
    Named(id): Named,
    Raw(body): Raw,
) -> Rehearsal<Outcome> {
    let Wish { dry_run, .. } = wish(&body).map_err(Rehearsed::unclear)?;
    Rehearsed::when(dry_run, daemon.disconnect_client(&id, dry_run).await)
}

fn wish(body: &[u8]) -> Result<Wish, Refusal> {
    if body.is_empty() {
        return Ok(Wish::default());
    }
    let shape = r#"the body must be {"dry_run": true}, or empty; connect takes "own_login" too"#;
    serde_json::from_slice(body).map_err(|_| Refusal::new(Code::InvalidRequest, shape))
}
