//! Lists of models.

use serde::{Deserialize, Serialize};

use crate::ir::{Malformed, Model};

#[derive(Deserialize)]
struct ListIn {
    data: Vec<ModelIn>,
}

#[derive(Deserialize)]
struct ModelIn {
    id: String,
    created: Option<i64>,
    owned_by: Option<String>,
    display_name: Option<String>,
    context_window: Option<u64>,
    context_length: Option<u64>,
    max_model_len: Option<u64>,
    max_output_tokens: Option<u64>,
}

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

pub(super) fn read(body: &[u8]) -> Result<Vec<Model>, Malformed> {
    let list: ListIn = serde_json::from_slice(body)
        .map_err(|error| Malformed(format!("its list of models cannot be read: {error}")))?;
    let model = |model: ModelIn| Model {
        embeds: model.id.contains("embedding"),
        context: model
            .context_window
            .or(model.context_length)
            .or(model.max_model_len),
        max_output: model.max_output_tokens,
        display_name: model.display_name,
        owned_by: model.owned_by,
        created: model.created,
        id: model.id,
        ..Model::default()
    };
    Ok(list.data.into_iter().map(model).collect())
}
