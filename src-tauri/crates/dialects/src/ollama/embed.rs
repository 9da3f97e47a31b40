//! Embeddings: `/api/embed`, and the older `/api/embeddings` for one text.

use super::messages_in::misshapen;
use crate::{
    BadRequest, Target, Unreadable, Written,
    ir::{EmbedAnswer, EmbedInput, EmbedRequest, Field, Malformed, Notes, Place, Refusal},
    wire::{self, Content, Int, wire},
};

wire! {
    struct Embed {
        model: String = "model",
        input: Content<String> = "input",
        prompt: String = "prompt",
        dimensions: Int = "dimensions",
    }
}

wire! {
    struct Embedded {
        model: String = "model",
        one: Vec<f32> = "embedding",
        all: Vec<Vec<f32>> = "embeddings",
        tokens: Int = "prompt_eval_count",
    }
}

/// Reads a client's request.
pub(super) fn read(body: &[u8]) -> Result<EmbedRequest, BadRequest> {
    let embed: Embed = wire::read(body)?;
    let single = embed.input.is_none();
    let inputs = match (embed.input, embed.prompt) {
        (Some(Content::Text(only)), _) | (None, Some(only)) => vec![only],
        (Some(Content::List(all)), _) => all,
        (None, None) => return Err(misshapen("input", "there is nothing to embed")),
    };
    Ok(EmbedRequest {
        model: embed.model.unwrap_or_default(),
        inputs: inputs.into_iter().map(EmbedInput::Text).collect(),
        dimensions: embed.dimensions.map(Int::count),
        single,
        ..EmbedRequest::default()
    })
}

/// Writes a request for a provider.
pub(super) fn write(request: &EmbedRequest, target: &Target<'_>) -> Result<Written, Refusal> {
    let mut notes = Notes::new(target.lossy);
    if request.user.is_some() {
        notes.lose_field(Field::User, "Ollama has no word for it");
    }
    for (said, path) in [(&request.task, "taskType"), (&request.title, "title")] {
        if said.is_some() {
            notes.lose(Place::Own(path.into()), "Ollama has no word for it");
        }
    }
    let mut inputs = Vec::new();
    for input in &request.inputs {
        let EmbedInput::Text(text) = input else {
            let place = Place::Own("input".into());
            return Err(Refusal::new(place, "Ollama embeds text, not token ids"));
        };
        inputs.push(text.clone());
    }
    let body = Embed {
        model: Some(request.model.clone()),
        input: Some(Content::List(inputs)),
        dimensions: request.dimensions.map(Int::of),
        ..Embed::default()
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
    let Some(vectors) = told.all.or_else(|| told.one.map(|one| vec![one])) else {
        return Err(malformed("its answer holds no embeddings".to_owned()));
    };
    Ok(EmbedAnswer {
        model: told.model,
        vectors,
        tokens: told.tokens.map(Int::count),
    })
}

/// Writes an answer for a client.
pub(super) fn write_answer(answer: &EmbedAnswer, request: &EmbedRequest) -> Vec<u8> {
    let told = if request.single {
        Embedded {
            one: Some(answer.vectors.first().cloned().unwrap_or_default()),
            ..Embedded::default()
        }
    } else {
        Embedded {
            model: Some(request.model.clone()),
            all: Some(answer.vectors.clone()),
            tokens: answer.tokens.map(Int::of),
            ..Embedded::default()
        }
    };
    serde_json::to_vec(&told).unwrap_or_default()
}
