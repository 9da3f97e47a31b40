//! Settings of a request as Gemini's `generationConfig`.

use serde_json::json;

use super::{
    ENUM, schema,
    wire::{GenerationConfig, Int, ThinkingConfig},
};
use crate::{
    Dialect, Target,
    caps::{Structured, Thinking},
    ir::{Effort, Field, Format, Mode, Notes, Place, Refusal, Request, Show},
    json::Json,
    schema::object_root,
};

/// The settings, and words for the instructions where a form cannot be bound otherwise.
pub(super) fn config(
    request: &Request,
    target: &Target<'_>,
    has_functions: bool,
    notes: &mut Notes,
) -> Result<(GenerationConfig, Option<String>), Refusal> {
    let mut config = GenerationConfig {
        max_tokens: request
            .bounded_tokens(1, target.caps.max_output, notes)
            .map(Int::of),
        stop: stop(request, target, notes)?.map(Into::into),
        thinking: thinking(request, target, notes),
        ..GenerationConfig::default()
    };
    sampling(request, target, notes, &mut config)?;
    modalities(request, notes, &mut config)?;
    let words = format(request, target, has_functions, notes, &mut config);
    Ok((config, words))
}

fn stop(
    request: &Request,
    target: &Target<'_>,
    notes: &mut Notes,
) -> Result<Option<Vec<String>>, Refusal> {
    let most = target.caps.stop_max;
    if request.stop.len() > most {
        let place = Place::Field(Field::Stop);
        notes.refuse(
            place,
            format!("Gemini takes no more than {most} stop sequences"),
        )?;
    }
    let stop: Vec<_> = request.stop.iter().take(most).cloned().collect();
    Ok((!stop.is_empty()).then_some(stop))
}

fn sampling(
    request: &Request,
    target: &Target<'_>,
    notes: &mut Notes,
    config: &mut GenerationConfig,
) -> Result<(), Refusal> {
    let (sampling, caps) = (&request.sampling, target.caps);
    let meant = sampling.meant();
    // Seeds are 32 bits wide (google-genai types).
    let fits = sampling.seed.is_none_or(|seed| i32::try_from(seed).is_ok());
    let (draws, penalties, seeds) = (caps.sampling, caps.penalties, caps.seed && fits);
    for (said, takes, field) in [
        (meant.temperature.is_some(), draws, Field::Temperature),
        (meant.top_p.is_some(), draws, Field::TopP),
        (meant.top_k.is_some(), draws, Field::TopK),
        (
            meant.presence_penalty.is_some(),
            penalties,
            Field::PresencePenalty,
        ),
        (
            meant.frequency_penalty.is_some(),
            penalties,
            Field::FrequencyPenalty,
        ),
        (meant.seed.is_some(), seeds, Field::Seed),
        (meant.logprobs.is_some(), false, Field::Logprobs),
    ] {
        if said && !takes {
            notes.lose_field(field, "the model does not take it");
        }
    }
    if draws {
        config.temperature = sampling.temperature.map(|value| value.clamp(0.0, 2.0));
        config.top_p = sampling.top_p;
        config.top_k = sampling.top_k.map(Int::of);
    }
    if penalties {
        config.presence_penalty = sampling.presence_penalty;
        config.frequency_penalty = sampling.frequency_penalty;
    }
    if seeds {
        config.seed = sampling.seed.map(Int);
    }
    if sampling
        .temperature
        .is_some_and(|value| !(0.0..=2.0).contains(&value))
    {
        notes.lose_field(Field::Temperature, "it goes from 0 to 2");
    }
    if sampling.choices.is_some_and(|choices| choices > 1) {
        let why = "a converted answer holds one choice only";
        notes.refuse(Place::Field(Field::Choices), why)?;
    }
    Ok(())
}

fn modalities(
    request: &Request,
    notes: &mut Notes,
    config: &mut GenerationConfig,
) -> Result<(), Refusal> {
    let is_other = |kind: &&String| *kind != "text" && *kind != "image";
    if request.modalities.iter().any(|kind| is_other(&kind)) {
        let why = "a converted answer holds text and images only";
        notes.refuse(Place::Field(Field::Modalities), why)?;
    }
    let kept = request.modalities.iter().filter(|kind| !is_other(kind));
    let kept: Vec<_> = kept.map(|kind| kind.to_ascii_uppercase()).collect();
    if kept.iter().any(|kind| kind != "TEXT") {
        config.modalities = Some(kept.into());
    }
    Ok(())
}

/// Binds the answer's form. Gemini before 3 takes no JSON together with functions: it is asked for in words there.
fn format(
    request: &Request,
    target: &Target<'_>,
    has_functions: bool,
    notes: &mut Notes,
    config: &mut GenerationConfig,
) -> Option<String> {
    let caps = target.caps;
    let in_words = caps.structured == Structured::None || (has_functions && !caps.gemini.third);
    let schema = match &request.format {
        Format::Text => return None,
        Format::Json | Format::Choice(_) => None,
        Format::Schema { schema, .. } => Some(schema),
    };
    if let Format::Choice(texts) = &request.format
        && !in_words
    {
        config.mime = Some(ENUM.to_owned());
        let schema = json!({"type": "STRING", "enum": texts});
        config.schema = Some(Json::of(&schema));
        return None;
    }
    if in_words {
        notes.lose_field(Field::Format, "the model is asked for it in words");
        return request.format.in_words();
    }
    config.mime = Some("application/json".to_owned());
    let schema = schema?;
    if caps.structured == Structured::Json {
        notes.lose_field(Field::Format, "the model takes no schema");
    } else if caps.gemini.json_schema {
        config.json_schema = Some(schema.clone());
    } else {
        let (subset, lost) = schema::subset(schema);
        config.schema = Some(subset);
        if lost {
            notes.lose_field(Field::Format, "parts of the schema have no word there");
        }
    }
    None
}

fn thinking(request: &Request, target: &Target<'_>, notes: &mut Notes) -> Option<ThinkingConfig> {
    let (reasoning, caps) = (&request.reasoning, target.caps);
    let mut config = ThinkingConfig::default();
    match caps.thinking {
        Thinking::None | Thinking::Flag => {
            if reasoning.level().is_some() || matches!(reasoning.mode, Mode::On | Mode::Adaptive) {
                notes.lose_field(Field::Reasoning, "the model's thinking cannot be switched");
            }
            return None;
        }
        Thinking::Budget | Thinking::Enable => {
            config.budget = budget(request, target, notes).map(Int);
        }
        _ => config.level = level(request, target, notes),
    }
    let thinks = matches!(
        reasoning.mode,
        Mode::On | Mode::Adaptive | Mode::BetweenTools
    );
    // Clients of other dialects are shown what there is unless they said otherwise.
    let is_foreign = request
        .dialect
        .is_some_and(|dialect| dialect != Dialect::Gemini);
    config.include = match reasoning.show {
        Some(Show::None) => Some(false),
        Some(_) if reasoning.mode == Mode::Off => None,
        Some(_) => Some(true),
        None => (is_foreign && thinks).then_some(true),
    };
    (config != ThinkingConfig::default()).then_some(config)
}

/// Gemini 2.5: a budget in tokens, 0 for none, −1 as the model likes.
fn budget(request: &Request, target: &Target<'_>, notes: &mut Notes) -> Option<i64> {
    let (least, most) = target.caps.budget.unwrap_or((1, 32_768));
    let tokens = |tokens: u64| i64::try_from(tokens.clamp(least, most)).unwrap_or(i64::MAX);
    match request.reasoning.mode {
        Mode::Off if target.caps.can_rest => Some(0),
        Mode::Off => {
            notes.lose_field(
                Field::Reasoning,
                "the model always thinks; it is asked to think least",
            );
            Some(tokens(least))
        }
        Mode::BetweenTools => {
            notes.lose_field(Field::Reasoning, "the model thinks where it likes");
            Some(request.reasoning.tokens().map_or(-1, tokens))
        }
        Mode::On | Mode::Adaptive => Some(request.reasoning.tokens().map_or(-1, tokens)),
        Mode::Unset => request.reasoning.tokens().map(tokens),
    }
}

/// Gemini 3: a level, of which the least stands for none.
fn level(request: &Request, target: &Target<'_>, notes: &mut Notes) -> Option<String> {
    let levels = target.caps.efforts.iter().copied();
    let levels: Vec<_> = levels.filter(|level| *level != Effort::Max).collect();
    let spelled = |level: Effort| level.as_str().to_ascii_uppercase();
    match request.reasoning.mode {
        Mode::Off => {
            notes.lose_field(
                Field::Reasoning,
                "the model always thinks; it is asked to think least",
            );
            return Effort::Minimal.offered(&levels).map(spelled);
        }
        Mode::BetweenTools => {
            notes.lose_field(Field::Reasoning, "the model thinks where it likes");
        }
        Mode::Unset | Mode::On | Mode::Adaptive => {}
    }
    let wanted = request.reasoning.level()?;
    let level = wanted.offered(&levels);
    if request.reasoning.effort.is_some() && level != Some(wanted) {
        notes.lose_field(
            Field::Reasoning,
            "the model has no such level; the nearest is asked for",
        );
    }
    level.map(spelled)
}

/// `flex`, `standard` and `priority` are what there is.
pub(super) fn tier(request: &Request, notes: &mut Notes) -> Option<String> {
    let tier = request.tier.as_deref()?;
    match tier.to_ascii_lowercase().as_str() {
        "flex" | "standard" | "priority" => Some(tier.to_owned()),
        "default" | "standard_only" => Some("standard".to_owned()),
        "auto" => None,
        _ => {
            notes.lose_field(Field::Tier, "Gemini has no such tier");
            None
        }
    }
}

/// A schema as the endpoint takes it: whole, or the subset; the flag tells that something was left out.
pub(super) fn arguments(schema: &Json, target: &Target<'_>) -> (Json, bool) {
    let rooted = object_root(Some(schema));
    if target.caps.gemini.json_schema {
        (rooted, false)
    } else {
        schema::subset(&rooted)
    }
}
