//! Embeddings: `embedContent` for one input, `batchEmbedContents` for several.

use super::{
    request_in::plain_model,
    wire::{Content, Int, Part},
};
use crate::{
    BadRequest, PathFacts, Target, Unreadable, Written,
    ir::{EmbedAnswer, EmbedInput, EmbedRequest, Field, Malformed, Notes, Place, Refusal},
    wire::{self, wire},
};

wire! {
    struct Embed {
        model: String = "model",
        content: Content = "content",
        task: String = "taskType" | "task_type",
        title: String = "title",
        dimensions: Int = "outputDimensionality" | "output_dimensionality",
        requests: Vec<Embed> = "requests",
    }
}

wire! {
    struct Embedded {
        one: Vector = "embedding",
        all: Vec<Vector> = "embeddings",
        usage: super::wire::UsageMetadata = "usageMetadata" | "usage_metadata",
    }
}

wire! {
    struct Vector {
        values: Vec<f32> = "values",
    }
}

/// Reads a client's request. What all requests of a batch ask for alike is asked for once.
pub(super) fn read(body: &[u8], path: PathFacts<'_>) -> Result<EmbedRequest, BadRequest> {
    let mut outer: Embed = wire::read(body)?;
    let single = outer.requests.is_none();
    let mut all = outer.requests.take().unwrap_or_else(|| vec![outer.clone()]);
    let mut inputs = Vec::new();
    for (at, embed) in all.iter_mut().enumerate() {
        let path = if single {
            "content".to_owned()
        } else {
            format!("requests[{at}].content")
        };
        inputs.push(EmbedInput::Text(text(embed.content.take(), &path)?));
    }
    alike(&all)?;
    let first = all.into_iter().next().unwrap_or_default();
    let model = path
        .model
        .map(str::to_owned)
        .or(outer.model)
        .or(first.model);
    Ok(EmbedRequest {
        model: plain_model(&model.unwrap_or_default()).to_owned(),
        inputs,
        dimensions: first.dimensions.map(Int::count),
        task: first.task,
        title: first.title,
        single,
        ..EmbedRequest::default()
    })
}

/// Refuses a batch whose requests ask for different things, which other dialects ask for once for all inputs.
fn alike(all: &[Embed]) -> Result<(), Refusal> {
    let Some((first, rest)) = all.split_first() else {
        return Ok(());
    };
    for (at, embed) in (1..).zip(rest) {
        let field = match () {
            () if embed.task != first.task => "taskType",
            () if embed.title != first.title => "title",
            () if embed.dimensions != first.dimensions => "outputDimensionality",
            () => continue,
        };
        let place = Place::Own(format!("requests[{at}].{field}").into());
        let why = "it must be the same in all requests of a batch; send a batch for each";
        return Err(Refusal::new(place, why));
    }
    Ok(())
}

fn text(content: Option<Content>, path: &str) -> Result<String, BadRequest> {
    let parts = content
        .and_then(|content| content.parts)
        .unwrap_or_default();
    let mut texts = Vec::new();
    for (at, part) in parts.into_iter().enumerate() {
        let Some(text) = part.text else {
            let place = Place::Own(format!("{path}.parts[{at}]").into());
            return Err(Refusal::new(place, "only text can be embedded").into());
        };
        texts.push(text);
    }
    Ok(texts.join("\n"))
}

/// Writes a request for a provider.
pub(super) fn write(request: &EmbedRequest, target: &Target<'_>) -> Result<Written, Refusal> {
    let mut notes = Notes::new(target.lossy);
    if request.user.is_some() {
        notes.lose_field(Field::User, "Gemini has no word for it");
    }
    let mut all = Vec::new();
    for input in &request.inputs {
        let EmbedInput::Text(text) = input else {
            let place = Place::Own("input".into());
            return Err(Refusal::new(place, "Gemini embeds text, not token ids"));
        };
        all.push(Embed {
            model: Some(format!("models/{}", request.model)),
            content: Some(Content {
                parts: Some(vec![Part::text(text.as_str())].into()),
                ..Content::default()
            }),
            task: request.task.clone(),
            title: request.title.clone(),
            dimensions: request.dimensions.map(Int::of),
            ..Embed::default()
        });
    }
    let body = match <[Embed; 1]>::try_from(all) {
        Ok([only]) => only,
        Err(all) => Embed {
            requests: Some(all),
            ..Embed::default()
        },
    };
    Ok(Written {
        body: serde_json::to_vec(&body).unwrap_or_default(),
        losses: notes.into_losses(),
        ..Written::default()
    })
}

/// Reads a provider's answer.
pub(super) fn read_answer(body: &[u8]) -> Result<EmbedAnswer, Unreadable> {
    let malformed = |words: String| Unreadable::Malformed(Malformed(words));
    let told: Embedded = serde_json::from_slice(body)
        .map_err(|error| malformed(format!("its embeddings cannot be read ({error})")))?;
    let Some(all) = told.all.or_else(|| told.one.map(|one| vec![one])) else {
        return Err(malformed("its answer holds no embeddings".to_owned()));
    };
    Ok(EmbedAnswer {
        model: None,
        vectors: all
            .into_iter()
            .map(|vector| vector.values.unwrap_or_default())
            .collect(),
        tokens: told.usage.and_then(|usage| usage.prompt).map(Int::count),
    })
}

/// Writes an answer for a client.
pub(super) fn write_answer(answer: &EmbedAnswer, request: &EmbedRequest) -> Vec<u8> {
    let mut vectors = answer.vectors.iter().map(|values| Vector {
        values: Some(values.clone()),
        ..Vector::default()
    });
    let told = if request.single {
        Embedded {
            one: vectors.next(),
            ..Embedded::default()
        }
    } else {
        Embedded {
            all: Some(vectors.collect()),
            ..Embedded::default()
        }
    };
    serde_json::to_vec(&told).unwrap_or_default()
}
