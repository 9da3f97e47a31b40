//! Lists of models.

use serde::Serialize;

use crate::ir::Model;

#[derive(Serialize)]
struct ListOut<'a> {
    object: &'static str,
    data: Vec<ModelOut<'a>>,
}

#[derive(Serialize)]
struct ModelOut<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    owned_by: &'a str,
}

fn out(model: &Model) -> ModelOut<'_> {
    ModelOut {
        id: &model.id,
        object: "model",
        created: model.created.unwrap_or_default(),
        owned_by: model.owned_by.as_deref().unwrap_or("system"),
    }
}

pub(super) fn write(models: &[Model]) -> Vec<u8> {
    let list = ListOut {
        object: "list",
        data: models.iter().map(out).collect(),
    };
    serde_json::to_vec(&list).unwrap_or_default()
}

pub(super) fn write_one(model: &Model) -> Vec<u8> {
    serde_json::to_vec(&out(model)).unwrap_or_default()
}
