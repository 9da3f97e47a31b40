//! The intermediate form as a request for Gemini.

use super::{
    contents_out, settings_out, tools_out,
    wire::{Body, Content, GenerationConfig, Part, ThinkingConfig, ToolConfig},
};
use crate::{
    Dialect, Target, Written,
    ir::{Field, Notes, Place, Refusal, Request, Toolbox},
    json::Json,
};

/// Writes a request for an answer.
pub(super) fn write(request: &Request, target: &Target<'_>) -> Result<Written, Refusal> {
    let (body, notes, tools) = build(request, target)?;
    Ok(written(&body, notes, tools))
}

/// Writes a request for a token count.
pub(super) fn write_count(request: &Request, target: &Target<'_>) -> Result<Written, Refusal> {
    let (mut body, notes, tools) = build(request, target)?;
    body.model = Some(format!("models/{}", request.model));
    let count = Body {
        inner: Some(Box::new(body)),
        ..Body::default()
    };
    Ok(written(&count, notes, tools))
}

fn written(body: &Body, notes: Notes, tools: Toolbox) -> Written {
    Written {
        // Only maps with keys that are no strings fail, which these types do not have.
        body: serde_json::to_vec(body).unwrap_or_default(),
        headers: Vec::new(),
        losses: notes.into_losses(),
        tools,
    }
}

fn build(request: &Request, target: &Target<'_>) -> Result<(Body, Notes, Toolbox), Refusal> {
    let mut notes = Notes::new(target.lossy);
    let offer = tools_out::offer(request, target, &mut notes)?;
    let mut system: Vec<_> = request
        .system
        .iter()
        .filter(|text| !text.text.is_empty())
        .map(|text| Part::text(text.text.as_str()))
        .collect();
    let has_functions = !offer.names.is_empty();
    let (config, words) = settings_out::config(request, target, has_functions, &mut notes)?;
    system.extend(words.map(Part::text));
    let (contents, tools) = contents_out::contents(request, target, offer.names, &mut notes)?;
    let mut body = Body {
        contents: Some(contents.into()),
        system: (!system.is_empty()).then(|| Content {
            parts: Some(system.into()),
            ..Content::default()
        }),
        tools: (!offer.tools.is_empty()).then(|| offer.tools.into()),
        tool_config: offer.config,
        config: (config != GenerationConfig::default()).then_some(config),
        tier: settings_out::tier(request, &mut notes),
        ..Body::default()
    };
    leftovers(request, &mut body, &mut notes)?;
    Ok((body, notes, tools))
}

/// What Gemini has no word for, or what only Gemini has.
fn leftovers(request: &Request, body: &mut Body, notes: &mut Notes) -> Result<(), Refusal> {
    if request.dialect == Some(Dialect::Gemini) {
        body.labels.clone_from(&request.metadata);
        body.store = request.store;
        own(request, body, notes);
    } else {
        let lost = [
            (request.notes().is_some(), Field::Metadata),
            (request.store == Some(true), Field::Store),
        ];
        for (_, field) in lost.into_iter().filter(|(said, _)| *said) {
            notes.lose_field(field, "Gemini has no word for it");
        }
    }
    let lost = [
        (request.user.is_some(), Field::User),
        (request.verbosity.is_some(), Field::Verbosity),
        (request.cache_key.is_some(), Field::CacheKey),
        (
            request.sampling.meant().logit_bias.is_some(),
            Field::LogitBias,
        ),
    ];
    for (_, field) in lost.into_iter().filter(|(said, _)| *said) {
        notes.lose_field(field, "Gemini has no word for it");
    }
    if request.parallel_tools == Some(false) {
        notes.lose_field(
            Field::ParallelTools,
            "Gemini may call several tools at once",
        );
    }
    if request.has_cache_marks() {
        notes.lose_field(Field::CacheMarks, "Gemini caches by itself");
    }
    notes.own(request, Dialect::Gemini)
}

/// Fields that a Gemini client said go back where they stood; those inside the conversation have no place any more.
fn own(request: &Request, body: &mut Body, notes: &mut Notes) {
    for own in &request.own {
        let path = own
            .path
            .strip_prefix("generateContentRequest.")
            .unwrap_or(&own.path);
        let value: Json = own.value.clone();
        let (place, name) = path.rsplit_once('.').unwrap_or(("", path));
        let extra = match place {
            "" if !name.contains('[') => &mut body.extra,
            "generationConfig" => &mut body.config.get_or_insert_default().extra,
            "generationConfig.thinkingConfig" => {
                let config = body.config.get_or_insert_default();
                let thinking: &mut ThinkingConfig = config.thinking.get_or_insert_default();
                &mut thinking.extra
            }
            "toolConfig" => {
                let config: &mut ToolConfig = body.tool_config.get_or_insert_default();
                &mut config.extra
            }
            _ => {
                notes.lose(Place::Own(own.path.clone()), "it cannot be carried along");
                continue;
            }
        };
        extra.push(name, value);
    }
}
