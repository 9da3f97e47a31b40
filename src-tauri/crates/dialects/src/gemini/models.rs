//! Lists of models.

use super::{request_in::plain_model, wire::Int};
use crate::{
    ir::{Malformed, Model},
    wire::wire,
};

wire! {
    struct List {
        models: Vec<Listed> = "models",
    }
}

wire! {
    struct Listed {
        name: String = "name",
        base: String = "baseModelId" | "base_model_id",
        version: String = "version",
        display_name: String = "displayName" | "display_name",
        description: String = "description",
        input: Int = "inputTokenLimit" | "input_token_limit",
        output: Int = "outputTokenLimit" | "output_token_limit",
        methods: Vec<String> = "supportedGenerationMethods" | "supported_generation_methods",
        thinking: bool = "thinking",
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
    let does = |wanted: &str| {
        let methods = listed.methods.iter().flatten();
        methods
            .into_iter()
            .any(|method| method.eq_ignore_ascii_case(wanted))
    };
    Some(Model {
        id: plain_model(listed.name.as_deref()?).to_owned(),
        embeds: does("embedContent") && !does("generateContent"),
        display_name: listed.display_name,
        context: listed.input.map(Int::count),
        max_output: listed.output.map(Int::count),
        thinking: listed.thinking,
        ..Model::default()
    })
}

fn listed(model: &Model) -> Listed {
    let methods: &[&str] = if model.embeds {
        &["embedContent", "batchEmbedContents", "countTokens"]
    } else {
        &["generateContent", "streamGenerateContent", "countTokens"]
    };
    Listed {
        name: Some(format!("models/{}", model.id)),
        base: Some(model.id.clone()),
        version: Some("001".to_owned()),
        display_name: Some(
            model
                .display_name
                .clone()
                .unwrap_or_else(|| model.id.clone()),
        ),
        input: model.context.map(Int::of),
        output: model.max_output.map(Int::of),
        methods: Some(methods.iter().map(|&method| method.to_owned()).collect()),
        thinking: model.thinking,
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

/// Writes one.
pub(super) fn write_one(model: &Model) -> Vec<u8> {
    serde_json::to_vec(&listed(model)).unwrap_or_default()
}
