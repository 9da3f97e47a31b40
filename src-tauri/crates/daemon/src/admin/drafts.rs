//! Providers before they are in the config: ready ones, and drafts that are tried.
//!
//! Drafts have a path of their own, as a provider may have any name.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::openapi::{Call, Calls, Entry};
use super::paged::Page;
use super::refusal::{Asked, Body, Code, Named, Refusal};
use super::things::{Changed, Fields};
use crate::Daemon;
use crate::presets::presets;
use crate::view::{List, ListedModel, Preset, ProviderTest};

pub(super) fn calls() -> Calls {
    Calls::of("Providers", Entry::Admin)
        .with(
            Call::get("/presets", ready)
                .about("Providers that are known, with all that a new one needs but its key.")
                .asks::<Page>()
                .lists::<Preset>(),
        )
        .with(
            Call::post("/drafts/test", test)
                .about("Sends a tiny real request to a provider that is not in the config, and tells how it went.\n\nIt takes \
                    what `POST /providers` takes, and `model`: the one to ask. Fields that are not given are those of the \
                    provider of this name, where there is one; its keys and headers are sent to another address only \
                    with `\"keep_keys\": true`. Nothing is kept, the history tells nothing of it, and the log only where it fails.")
                .takes_settings("ProviderSettings")
                .answers::<ProviderTest>(),
        )
        .with(
            Call::post("/drafts/models", models)
                .about("The models that a provider lists which is not in the config. It takes what `POST /providers` takes.")
                .takes_settings("ProviderSettings")
                .lists::<ListedModel>()
                .fails([Code::Conflict]),
        )
        .with(
            Call::get("/providers/{name}/models", models_of)
                .about("The models that a provider lists itself, asked for now.")
                .asks::<Page>()
                .lists::<ListedModel>()
                .fails([Code::Conflict]),
        )
}

async fn ready(Asked(page): Asked<Page>) -> Result<Json<List<Preset>>, Refusal> {
    let ready = presets().iter().map(Preset::of).collect();
    Ok(Json(page.of(ready)?))
}

async fn test(
    State(daemon): State<Daemon>,
    Body(Fields(mut fields)): Body<Fields>,
) -> Changed<ProviderTest> {
    let model = match fields.remove("model") {
        Some(Value::String(model)) => Some(model),
        None | Some(Value::Null) => None,
        Some(_) => {
            let told = "`model` must be the name of the model to ask";
            return Err(Refusal::new(Code::InvalidRequest, told));
        }
    };
    Ok(Json(daemon.test_draft(fields, model).await?))
}

async fn models(
    State(daemon): State<Daemon>,
    Body(Fields(mut fields)): Body<Fields>,
) -> Changed<List<ListedModel>> {
    fields.remove("model");
    Ok(Json(List::whole(daemon.models_of_draft(fields).await?)))
}

async fn models_of(
    State(daemon): State<Daemon>,
    Named(name): Named,
    Asked(page): Asked<Page>,
) -> Changed<List<ListedModel>> {
    Ok(Json(page.of(daemon.models_of(&name).await?)?))
}
