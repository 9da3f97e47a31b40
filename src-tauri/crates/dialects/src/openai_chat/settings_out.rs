//! Writes plain settings.

use super::body::Settings;
use crate::{
    caps::Caps,
    ids,
    ir::{Field, Notes, Place, Refusal, Request},
    json::Json,
};

/// Values of `service_tier` that OpenAI lists.
const TIERS: [&str; 6] = ["auto", "default", "flex", "scale", "priority", "fast"];

/// Writes those that the target takes.
pub(crate) fn write<'a>(
    request: &'a Request,
    caps: &Caps,
    notes: &mut Notes,
) -> Result<Settings<'a>, Refusal> {
    let mut settings = Settings::default();
    let bound = request.bounded_tokens(1, caps.max_output, notes);
    if caps.chat.max_completion_tokens {
        settings.max_completion_tokens = bound;
    } else {
        settings.max_tokens = bound;
    }
    settings.stop = stop(request, caps, notes)?;
    sampling(request, caps, notes, &mut settings);
    answers(request, notes)?;
    if request.modalities.iter().any(|kind| kind == "audio") {
        let why = "audio cannot be answered across dialects";
        notes.refuse(Place::Field(Field::Modalities), why)?;
    } else {
        settings.modalities = &request.modalities;
    }
    let mut keep = |kept: bool, told: bool, field, why: &'static str| {
        if told && !kept {
            notes.lose_field(field, why);
        }
        told && kept
    };
    let chat = &caps.chat;
    let told = request.verbosity.is_some();
    if keep(
        chat.verbosity,
        told,
        Field::Verbosity,
        "the model has no verbosity",
    ) {
        settings.verbosity = request.verbosity.as_deref();
    }
    let tier = request.openai_tier();
    settings.service_tier = tier.filter(|tier| chat.tiers && TIERS.contains(tier));
    keep(
        settings.service_tier.is_some(),
        request.meant_tier().is_some(),
        Field::Tier,
        "the provider has no such tier",
    );
    let asked = request.store == Some(true);
    keep(
        chat.stored,
        asked,
        Field::Store,
        "the provider stores no answers",
    );
    settings.store = request.store.filter(|_| chat.stored);
    let notable = request.notes();
    let kept = chat.stored && notable.is_some_and(is_flat);
    if keep(
        kept,
        notable.is_some(),
        Field::Metadata,
        "the provider keeps no such notes",
    ) {
        settings.metadata = notable;
    }
    person(request, caps, &mut settings);
    let key = request.cache_key.as_deref();
    if caps.cache_key {
        // A session is what shares a prompt.
        settings.prompt_cache_key = key.or(request.session.as_deref());
    } else {
        keep(
            false,
            key.is_some(),
            Field::CacheKey,
            "the provider takes no cache key",
        );
    }
    Ok(settings)
}

/// The end user, by the field that the provider has for one.
fn person<'a>(request: &'a Request, caps: &Caps, settings: &mut Settings<'a>) {
    let person = request.user.as_deref().map(ids::person);
    if caps.chat.safety_identifier {
        settings.safety_identifier = person;
    } else {
        settings.user = person;
    }
}

fn stop<'a>(
    request: &'a Request,
    caps: &Caps,
    notes: &mut Notes,
) -> Result<Option<&'a [String]>, Refusal> {
    let stop = request.stop.as_slice();
    if stop.len() > caps.stop_max {
        let why = match caps.stop_max {
            0 => "the model takes no stop sequences".to_owned(),
            most => format!("the provider takes at most {most} stop sequences"),
        };
        notes.refuse(Place::Field(Field::Stop), why)?;
    }
    let kept = &stop[..stop.len().min(caps.stop_max)];
    Ok(Some(kept).filter(|kept| !kept.is_empty()))
}

fn sampling<'a>(request: &'a Request, caps: &Caps, notes: &mut Notes, settings: &mut Settings<'a>) {
    let (asked, meant) = (&request.sampling, request.sampling.meant());
    let top_k = caps.sampling && caps.chat.top_k;
    let fixed = "the model does not let its sampling be set";
    let none = "the provider takes no penalties";
    for (lost, field, why) in [
        (
            meant.temperature.is_some() && !caps.sampling,
            Field::Temperature,
            fixed,
        ),
        (meant.top_p.is_some() && !caps.sampling, Field::TopP, fixed),
        (
            meant.top_k.is_some() && !top_k,
            Field::TopK,
            "the provider takes no top_k",
        ),
        (
            meant.frequency_penalty.is_some() && !caps.penalties,
            Field::FrequencyPenalty,
            none,
        ),
        (
            meant.presence_penalty.is_some() && !caps.penalties,
            Field::PresencePenalty,
            none,
        ),
        (
            meant.seed.is_some() && !caps.seed,
            Field::Seed,
            "the provider takes no seed",
        ),
        (
            meant.logit_bias.is_some() && !caps.penalties,
            Field::LogitBias,
            "the provider takes no bias",
        ),
    ] {
        if lost {
            notes.lose_field(field, why);
        }
    }
    if caps.sampling {
        settings.temperature = asked.temperature.map(|given| given.clamp(0.0, 2.0));
        settings.top_p = asked.top_p;
    }
    settings.top_k = asked.top_k.filter(|_| top_k);
    if caps.penalties {
        settings.frequency_penalty = asked.frequency_penalty;
        settings.presence_penalty = asked.presence_penalty;
        settings.logit_bias = asked.logit_bias.as_ref().filter(|bias| !bias.is_empty());
    }
    settings.seed = asked.seed.filter(|_| caps.seed);
}

/// A converted answer is one answer, without probabilities.
fn answers(request: &Request, notes: &mut Notes) -> Result<(), Refusal> {
    if request.sampling.choices.is_some_and(|choices| choices > 1) {
        let why = "only one answer can be converted between dialects";
        notes.refuse(Place::Field(Field::Choices), why)?;
    }
    if request.sampling.logprobs.is_some() {
        let why = "probabilities are not converted between dialects";
        notes.lose_field(Field::Logprobs, why);
    }
    Ok(())
}

/// Whether all values are strings, as `metadata` demands.
fn is_flat(metadata: &Json) -> bool {
    metadata
        .read::<std::collections::HashMap<String, String>>()
        .is_ok()
}
