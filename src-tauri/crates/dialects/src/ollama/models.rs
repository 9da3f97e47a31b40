//! Lists of models (`/api/tags`).

use super::time::rfc3339;
use crate::{
    ir::{Malformed, Model},
    json::Json,
    wire::{Int, wire},
};

wire! {
    struct List {
        models: Vec<Listed> = "models",
    }
}

wire! {
    struct Listed {
        name: String = "name",
        model: String = "model",
        modified_at: String = "modified_at",
        size: Int = "size",
        digest: String = "digest",
        details: Json = "details",
        capabilities: Vec<String> = "capabilities",
    }
}

/// Reads a list.
pub(super) fn read(body: &[u8]) -> Result<Vec<Model>, Malformed> {
    let list: List = serde_json::from_slice(body)
        .map_err(|error| Malformed(format!("its list of models cannot be read ({error})")))?;
    let Some(models) = list.models else {
        return Err(Malformed(
            "its list of models has no field \"models\"".to_owned(),
        ));
    };
    Ok(models.into_iter().filter_map(model).collect())
}

fn model(listed: Listed) -> Option<Model> {
    let capabilities = listed.capabilities;
    let can = |wanted: &str| {
        let list = capabilities.as_ref()?;
        Some(list.iter().any(|capability| capability == wanted))
    };
    Some(Model {
        images: can("vision"),
        thinking: can("thinking"),
        tools: can("tools"),
        embeds: can("embedding") == Some(true) && can("completion") != Some(true),
        id: listed.name.or(listed.model)?,
        ..Model::default()
    })
}

fn listed(model: &Model) -> Listed {
    let able = [
        (!model.embeds, "completion"),
        (model.embeds, "embedding"),
        (model.images == Some(true), "vision"),
        (model.tools == Some(true), "tools"),
        (model.thinking == Some(true), "thinking"),
    ];
    let able = able.into_iter().filter(|(can, _)| *can);
    Listed {
        name: Some(model.id.clone()),
        model: Some(model.id.clone()),
        modified_at: Some(rfc3339(model.created.unwrap_or_default())),
        size: Some(Int(0)),
        digest: Some(String::new()),
        details: Some(Json::empty_object()),
        capabilities: Some(able.map(|(_, capability)| capability.to_owned()).collect()),
        ..Listed::default()
    }
}

/// Writes a list.
pub(super) fn write(models: &[Model]) -> Vec<u8> {
    let list = List {
        models: Some(models.iter().map(listed).collect()),
        ..List::default()
    };
    serde_json::to_vec(&list).unwrap_or_default()
}

/// Writes one, as `/api/show` describes it.
pub(super) fn write_one(model: &Model) -> Vec<u8> {
    serde_json::to_vec(&listed(model)).unwrap_or_default()
}
