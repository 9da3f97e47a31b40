//! Writes a request for a provider.

use std::borrow::Cow;

use serde::Serialize;

use super::{
    fields::Fields,
    items_out::{ItemOut, Items},
    tools_out::{ToolOut, Tools},
};
use crate::{
    Dialect, Target, Written,
    caps::Thinking,
    form::{Bound, Forms},
    ids,
    ir::{Effort, Field, Format, Mode, Notes, Place, Refusal, Request, Show},
    json::Json,
    strict,
};

/// The forms that can be bound.
pub(super) const FORMS: Forms = Forms {
    dialect: Dialect::OpenaiResponses,
    exact: &strict::OPENAI,
    loose: true,
};
/// The least that OpenAI takes as `max_output_tokens`.
const LEAST_OUTPUT: u64 = 16;
const TIERS: [&str; 7] = [
    "auto",
    "default",
    "flex",
    "scale",
    "priority",
    "fast",
    "ultrafast",
];

/// The body. What a request for a token count does not say stands behind `text`.
#[derive(Default, Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<Cow<'a, str>>,
    input: Vec<ItemOut<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tools: &'a [ToolOut],
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Fields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Fields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tool_calls: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_cache_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    safety_identifier: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    include: Option<Json>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
}

pub(super) fn write(
    request: &Request,
    target: &Target<'_>,
    counting: bool,
) -> Result<Written, Refusal> {
    let mut notes = Notes::new(target.lossy);
    notes.own(request, Dialect::OpenaiResponses)?;
    unsayable(request, &mut notes)?;
    let mut tools = Tools::write(request, target, &mut notes)?;
    let (mut input, unmarked) = Items::new(
        target,
        &mut tools,
        request.dialect == Some(Dialect::OpenaiResponses),
    )
    .write(&request.turns, &mut notes)?;
    let (text, words) = text(request, target, &mut notes);
    if let Some(words) = words.first {
        input.insert(0, ItemOut::developer(words));
    }
    let instructions = instructions(request, words.instructions);
    let marked = request.cache.is_some() || request.system.iter().any(|text| text.cache.is_some());
    if unmarked || marked {
        notes.lose_field(Field::CacheMarks, "the provider caches by itself");
    }
    let parallel = request.parallel_tools.filter(|_| !tools.list.is_empty());
    if parallel == Some(false) && !target.caps.parallel_flag {
        notes.lose_field(Field::ParallelTools, "several calls cannot be switched off");
    }
    let mut body = Body {
        model: &request.model,
        instructions,
        input,
        tools: &tools.list,
        tool_choice: tools.choice.as_ref(),
        parallel_tool_calls: parallel.filter(|_| target.caps.parallel_flag),
        reasoning: reasoning(request, target, &mut notes),
        text,
        ..Body::default()
    };
    if !counting {
        body.max_tool_calls = tools.max_calls;
        body.bounds(request, target, &mut notes);
        body.labels(request, target, &mut notes);
        body.store = Some(request.store.unwrap_or(false));
        body.include = include(request, target);
        body.stream = request.stream;
    }
    let mut bytes = serde_json::to_vec(&body).unwrap_or_default();
    if request.dialect == Some(Dialect::OpenaiResponses) && !counting {
        append_own(request, &mut bytes);
    }
    Ok(Written {
        body: bytes,
        headers: Vec::new(),
        losses: notes.into_losses(),
        tools: tools.names.tools,
    })
}

/// Settings for which there is no field.
fn unsayable(request: &Request, notes: &mut Notes) -> Result<(), Refusal> {
    let sampling = &request.sampling;
    if !request.stop.is_empty() {
        let why = "OpenAI Responses has no stop sequences";
        notes.refuse(Place::Field(Field::Stop), why)?;
    }
    if sampling.choices.is_some_and(|choices| choices > 1) {
        let why = "OpenAI Responses gives one answer only";
        notes.refuse(Place::Field(Field::Choices), why)?;
    }
    if request.modalities.iter().any(|kind| kind != "text") {
        let why = "OpenAI Responses answers in text only";
        notes.refuse(Place::Field(Field::Modalities), why)?;
    }
    let sampling = sampling.meant();
    let without = [
        (Field::TopK, sampling.top_k.is_some()),
        (
            Field::FrequencyPenalty,
            sampling.frequency_penalty.is_some(),
        ),
        (Field::PresencePenalty, sampling.presence_penalty.is_some()),
        (Field::Seed, sampling.seed.is_some()),
        (Field::LogitBias, sampling.logit_bias.is_some()),
    ];
    for (field, _) in without.into_iter().filter(|(_, said)| *said) {
        notes.lose_field(field, "OpenAI Responses has no such field");
    }
    Ok(())
}

fn instructions(request: &Request, in_words: Option<String>) -> Option<Cow<'_, str>> {
    let texts = request.system.iter().map(|text| text.text.as_str());
    let texts = texts.filter(|text| !text.is_empty()).map(Cow::Borrowed);
    let mut all: Vec<Cow<'_, str>> = texts.chain(in_words.map(Cow::Owned)).collect();
    match all.len() {
        0 | 1 => all.pop(),
        _ => Some(Cow::Owned(all.join("\n\n"))),
    }
}

impl<'a> Body<'a> {
    /// How much is written, and how tokens are drawn.
    fn bounds(&mut self, request: &Request, target: &Target<'_>, notes: &mut Notes) {
        let caps = target.caps;
        let sampling = &request.sampling;
        self.max_output_tokens = request.bounded_tokens(LEAST_OUTPUT, caps.max_output, notes);
        if caps.sampling {
            self.temperature = sampling.temperature;
            self.top_p = sampling.top_p;
            self.top_logprobs = sampling.logprobs;
            return;
        }
        let sampling = sampling.meant();
        for (field, said) in [
            (Field::Temperature, sampling.temperature.is_some()),
            (Field::TopP, sampling.top_p.is_some()),
            (Field::Logprobs, sampling.logprobs.is_some()),
        ] {
            if said {
                notes.lose_field(field, "the model draws its tokens as it likes");
            }
        }
    }

    /// Who asks, what for, and at what price.
    fn labels(&mut self, request: &'a Request, target: &Target<'_>, notes: &mut Notes) {
        let key = request.cache_key.as_deref();
        if key.is_some() && !target.caps.cache_key {
            notes.lose_field(Field::CacheKey, "the provider takes no cache key");
        }
        let key = key.or(request.session.as_deref());
        self.prompt_cache_key = key.filter(|_| target.caps.cache_key);
        self.safety_identifier = request.user.as_deref().map(ids::person);
        self.metadata = request.metadata.as_ref().filter(|value| value.is_object());
        let tier = request.openai_tier();
        self.service_tier = tier.filter(|tier| TIERS.contains(tier));
        if self.service_tier != tier && request.meant_tier().is_some() {
            notes.lose_field(Field::Tier, "the provider has no tier of this name");
        }
    }
}

fn include(request: &Request, target: &Target<'_>) -> Option<Json> {
    let mut include: Vec<String> = Vec::new();
    let own = request.own.iter().find(|own| own.path == "include");
    if let Some(own) = own.filter(|_| request.dialect == Some(Dialect::OpenaiResponses)) {
        include = own.value.read().unwrap_or_default();
    }
    let mut add = |name: &str| {
        if !include.iter().any(|known| known == name) {
            include.push(name.to_owned());
        }
    };
    if target.caps.responses.encrypted && target.caps.thinking != Thinking::None {
        add("reasoning.encrypted_content");
    }
    if request.sampling.logprobs.is_some() && target.caps.sampling {
        add("message.output_text.logprobs");
    }
    (!include.is_empty()).then(|| Json::of(&include))
}

/// `reasoning`, with the level nearest to the one asked for.
fn reasoning(request: &Request, target: &Target<'_>, notes: &mut Notes) -> Option<Fields> {
    let caps = target.caps;
    let wanted = &request.reasoning;
    let mut fields = Fields::default();
    if caps.thinking == Thinking::None {
        if wanted.mode != Mode::Off && !wanted.is_unset() {
            notes.lose_field(Field::Reasoning, "the model does not think");
        }
        return None;
    }
    let level = wanted.level();
    let offered = level.and_then(|level| level.offered(&caps.efforts));
    if wanted.mode == Mode::Off {
        let lowest = Effort::Minimal.offered(&caps.efforts);
        if caps.can_rest {
            fields.set("effort", Json::of(&"none"));
        } else {
            notes.lose_field(
                Field::Reasoning,
                "the model cannot rest; it thinks as little as it can",
            );
            if let Some(lowest) = lowest {
                fields.set("effort", Json::of(&lowest.as_str()));
            }
        }
    } else if let Some(effort) = offered {
        fields.set("effort", Json::of(&effort.as_str()));
    }
    if wanted.effort.is_some() && offered != level {
        notes.lose_field(
            Field::Reasoning,
            "the model has no such level; the nearest is asked for",
        );
    } else if wanted.budget.is_some() && wanted.effort.is_none() {
        notes.lose_field(
            Field::Reasoning,
            "told as a level, since the model takes no budget",
        );
    }
    let thinks = matches!(wanted.mode, Mode::On | Mode::Adaptive | Mode::BetweenTools);
    let summary = match wanted.show {
        Some(Show::Full) => Some("detailed"),
        Some(Show::Summary) => Some("auto"),
        None if thinks => Some("auto"),
        _ => None,
    };
    if let Some(summary) = summary.filter(|_| caps.responses.summary) {
        fields.set("summary", Json::of(&summary));
    }
    nested_own(request, "reasoning.", &mut fields);
    (!fields.is_empty()).then_some(fields)
}

/// What the model is told of the form in words.
#[derive(Default)]
struct Words {
    instructions: Option<String>,
    /// As the first item: JSON is refused where no item speaks of it, and instructions are none.
    first: Option<String>,
}

/// `text`, and what must be said in words.
fn text(request: &Request, target: &Target<'_>, notes: &mut Notes) -> (Option<Fields>, Words) {
    let mut fields = Fields::default();
    let mut words = Words::default();
    let (bound, in_words) = FORMS.answer(request, target.caps, notes);
    match bound {
        Bound::Json if !FORMS.names_json(request, &[]) => {
            words.first = in_words.or_else(|| Format::Json.in_words());
        }
        _ => words.instructions = in_words,
    }
    match bound {
        Bound::Free => {}
        Bound::Json => {
            let json = Fields::default().with("type", &"json_object");
            fields.set("format", Json::of(&json));
        }
        Bound::Schema { schema, exact } => {
            let (name, description) = match &request.format {
                Format::Schema {
                    name, description, ..
                } => (name.as_deref(), description.as_ref()),
                _ => (None, None),
            };
            let fits = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
            let name = ids::fitting(name.unwrap_or("response"), 64, fits);
            let format = Fields::default()
                .with("type", &"json_schema")
                .with("name", &name)
                .maybe("description", description)
                .with("schema", &schema)
                .maybe("strict", exact.as_ref());
            fields.set("format", Json::of(&format));
        }
    }
    if let Some(verbosity) = &request.verbosity {
        fields.set("verbosity", Json::of(verbosity));
    }
    nested_own(request, "text.", &mut fields);
    ((!fields.is_empty()).then_some(fields), words)
}

/// Fields of an object that only this dialect has.
fn nested_own(request: &Request, prefix: &str, fields: &mut Fields) {
    if request.dialect != Some(Dialect::OpenaiResponses) {
        return;
    }
    for own in &request.own {
        if let Some(name) = own.path.strip_prefix(prefix) {
            fields.set(name, own.value.clone());
        }
    }
}

/// Fields of the top level that only this dialect has. Those inside items and tools stay out: what they belong to may
/// have moved.
fn append_own(request: &Request, body: &mut Vec<u8>) {
    let written = ["include", "tool_choice"];
    for own in &request.own {
        if own.path.contains(['.', '[']) || written.contains(&own.path.as_ref()) {
            continue;
        }
        body.pop();
        body.push(b',');
        body.extend(serde_json::to_vec(&own.path).unwrap_or_default());
        body.push(b':');
        body.extend_from_slice(own.value.text().as_bytes());
        body.push(b'}');
    }
}
