//! Lists of models.

use serde::Serialize;
use serde_json::Value;

use super::usage::Count;
use crate::{
    ir::{Malformed, Model},
    json::Json,
    wire::{self, wire},
};

wire! {
    struct List {
        object: Json = "object",
        data: Vec<Json> = "data",
    }
}

wire! {
    /// A model as OpenAI and, in more words, others list it.
    struct ModelWire {
        id: String = "id",
        name: String = "name" | "display_name",
        owned_by: String = "owned_by",
        created: Count = "created",
        kind: String = "type",
        /// OpenRouter, vLLM, Mistral, Groq.
        context: Count = "context_length" | "max_model_len" | "max_context_length" | "context_window",
        max_output: Count = "max_completion_tokens" | "max_output_tokens",
        top_provider: Json = "top_provider",
        architecture: Json = "architecture",
        supported: Vec<String> = "supported_parameters",
        capabilities: Json = "capabilities",
    }
}

/// Reads a list; some servers send it bare. A model that cannot be read is left out.
pub(crate) fn read(body: &[u8]) -> Result<Vec<Model>, Malformed> {
    let bare = body.trim_ascii_start().starts_with(b"[");
    let list = if bare {
        wire::read::<Vec<Json>>(body)
    } else {
        wire::read::<List>(body).and_then(|list| match (list.data, list.object) {
            (Some(data), _) => Ok(data),
            // Some say null where there are none.
            (None, Some(_)) => Ok(Vec::new()),
            (None, None) => Err(wire::Misshapen {
                path: "data".to_owned(),
                problem: "it is missing".to_owned(),
            }),
        })
    };
    let list =
        list.map_err(|error| Malformed(format!("its list of models cannot be read ({error})")))?;
    let read = |told: &Json| told.read::<ModelWire>().ok();
    Ok(list.iter().filter_map(read).filter_map(model).collect())
}

fn model(wire: ModelWire) -> Option<Model> {
    let tree = |json: Option<Json>| json.map(|json| json.value()).unwrap_or_default();
    let (provider, architecture) = (tree(wire.top_provider), tree(wire.architecture));
    let capabilities = tree(wire.capabilities);
    let sees = architecture["input_modalities"]
        .as_array()
        .map(|kinds| kinds.iter().any(|kind| kind == "image"));
    let takes = |word: &str| {
        let list = wire.supported.as_ref();
        list.map(|list| list.iter().any(|known| known == word))
    };
    let count = |told: Option<Count>| told.map(Count::get).filter(|count| *count > 0);
    let flag = |name: &str| capabilities.get(name).and_then(Value::as_bool);
    let id = wire.id.filter(|id| !id.is_empty())?;
    Some(Model {
        display_name: wire.name,
        owned_by: wire.owned_by,
        created: count(wire.created).and_then(|seconds| i64::try_from(seconds).ok()),
        context: count(wire.context),
        max_output: count(wire.max_output).or_else(|| provider["max_completion_tokens"].as_u64()),
        images: sees.or(flag("vision")),
        thinking: takes("reasoning").or(flag("reasoning")),
        tools: takes("tools").or(flag("function_calling")),
        embeds: wire.kind.as_deref() == Some("embedding") || id.contains("embedding"),
        id,
    })
}

#[derive(Serialize)]
struct PrintedList<'a> {
    object: &'static str,
    data: Vec<Printed<'a>>,
}

#[derive(Serialize)]
struct Printed<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    owned_by: &'a str,
}

fn printed(model: &Model) -> Printed<'_> {
    Printed {
        id: &model.id,
        object: "model",
        created: model.created.unwrap_or(0),
        owned_by: model.owned_by.as_deref().unwrap_or("turnout"),
    }
}

/// A list as a client reads it.
pub(crate) fn print_list(models: &[Model]) -> Vec<u8> {
    let list = PrintedList {
        object: "list",
        data: models.iter().map(printed).collect(),
    };
    serde_json::to_vec(&list).unwrap_or_default()
}

/// One model as a client reads it.
pub(crate) fn print(model: &Model) -> Vec<u8> {
    serde_json::to_vec(&printed(model)).unwrap_or_default()
}
