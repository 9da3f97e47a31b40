//! How it works as a whole: the mode, and the practice outage.

use axum::Json;
use axum::extract::State;

use super::openapi::{Call, Calls, Entry};
use super::refusal::{Body, Shape};
use crate::Daemon;
use crate::view::{Outage, WorkMode};

pub(super) fn calls() -> Calls {
    Calls::of("Status", Entry::Admin)
        .with(
            Call::put("/mode", mode)
                .about("Whether failover may leave the active group.")
                .takes::<WorkMode>()
                .answers::<WorkMode>(),
        )
        .with(
            Call::post("/practice/outage", outage)
                .about("Makes the practice providers fail, or serve again.")
                .takes::<Outage>()
                .answers::<Outage>(),
        )
}

impl Shape for WorkMode {
    const SHAPE: &'static str = r#"{"mode": "auto"} or {"mode": "manual"}"#;
}

async fn mode(State(daemon): State<Daemon>, Body(wanted): Body<WorkMode>) -> Json<WorkMode> {
    daemon.set_mode(wanted.mode);
    Json(wanted)
}

impl Shape for Outage {
    const SHAPE: &'static str = r#"{"on": true} or {"on": false}"#;
}

async fn outage(State(daemon): State<Daemon>, Body(wanted): Body<Outage>) -> Json<Outage> {
    daemon.practice_outage(wanted.on);
    let on = daemon.instance().practice.outage();
    Json(Outage { on })
}
