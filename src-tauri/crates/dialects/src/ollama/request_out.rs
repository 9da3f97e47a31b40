//! The intermediate form as a request for `/api/chat`.

use super::{
    GENERATE, messages_out, tools_out,
    wire::{Body, Message, Options},
};
use crate::{
    Dialect, Target, Written,
    caps::{Structured, Thinking},
    ir::{Effort, Field, Format, Mode, Names, Notes, Part, Place, Refusal, Request},
    json::Json,
    wire::{Content, Int},
};

/// The least context asked for, in tokens.
const LEAST_CONTEXT: u64 = 8192;
/// Room for the answer in the context, in tokens: as much as the client bounds it to, but no less and no more.
const ROOM: (u64, u64) = (2048, 8192);

/// Writes a request.
pub(super) fn write(request: &Request, target: &Target<'_>) -> Result<Written, Refusal> {
    let mut notes = Notes::new(target.lossy);
    let mut names = Names::new(target.caps.tool_name_max, |char| {
        char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | ':' | '/')
    });
    let tools = tools_out::tools(request, target, &mut names, &mut notes)?;
    let (format, words) = format(request, target, &mut notes);
    let mut messages = messages_out::messages(request, target, &mut names, &mut notes)?;
    instruct(request, target, words.as_deref(), &mut messages);
    let mut body = Body {
        model: Some(request.model.clone()),
        stream: Some(request.stream),
        tools: (!tools.is_empty()).then_some(tools),
        messages: Some(messages),
        format,
        options: Some(options(request, target, &mut notes)?),
        think: think(request, target, &mut notes),
        ..Body::default()
    };
    leftovers(request, &mut body, &mut notes)?;
    context(request, target, &mut body, &mut notes);
    Ok(Written {
        // Only maps with keys that are no strings fail, which these types do not have.
        body: serde_json::to_vec(&body).unwrap_or_default(),
        headers: Vec::new(),
        losses: notes.into_losses(),
        tools: names.tools,
    })
}

/// All instructions are one message, those in the middle as well where the model's template takes them only first.
fn instruct(
    request: &Request,
    target: &Target<'_>,
    words: Option<&str>,
    messages: &mut Vec<Message>,
) {
    let later = request
        .turns
        .iter()
        .filter(|turn| !target.caps.mid_system && turn.is_instruction());
    let later = later
        .flat_map(|turn| &turn.parts)
        .filter_map(|part| match part {
            Part::Text(text) => Some(text),
            _ => None,
        });
    let system = request
        .system
        .iter()
        .chain(later)
        .map(|text| text.text.as_str());
    let system = system.chain(words).filter(|text| !text.is_empty());
    let system: Vec<_> = system.collect();
    if !system.is_empty() {
        let message = Message {
            role: Some("system".to_owned()),
            content: Some(system.join("\n\n")),
            ..Message::default()
        };
        messages.insert(0, message);
    }
}

fn format(
    request: &Request,
    target: &Target<'_>,
    notes: &mut Notes,
) -> (Option<Json>, Option<String>) {
    let json = || Some(Json::of(&"json"));
    match (&request.format, target.caps.structured) {
        (Format::Text, _) => (None, None),
        (_, Structured::None) | (Format::Choice(_), _) => {
            notes.lose_field(Field::Format, "the model is asked for it in words");
            (None, request.format.in_words())
        }
        (Format::Json, _) => (json(), None),
        (Format::Schema { schema, .. }, Structured::Schema) => (Some(schema.clone()), None),
        (Format::Schema { .. }, Structured::Json) => {
            notes.lose_field(Field::Format, "the model takes no schema");
            (json(), request.format.in_words())
        }
    }
}

fn options(request: &Request, target: &Target<'_>, notes: &mut Notes) -> Result<Options, Refusal> {
    let (sampling, caps) = (&request.sampling, target.caps);
    if request.stop.len() > caps.stop_max {
        let most = caps.stop_max;
        notes.refuse(
            Place::Field(Field::Stop),
            format!("the model takes no more than {most} stop sequences"),
        )?;
    }
    if sampling.choices.is_some_and(|choices| choices > 1) {
        notes.refuse(Place::Field(Field::Choices), "Ollama gives one answer only")?;
    }
    if request.modalities.iter().any(|kind| kind != "text") {
        notes.refuse(
            Place::Field(Field::Modalities),
            "Ollama answers in text only",
        )?;
    }
    let stop: Vec<_> = request.stop.iter().take(caps.stop_max).cloned().collect();
    Ok(Options {
        num_predict: request.bounded_tokens(1, None, notes).map(Int::of),
        temperature: sampling.temperature,
        top_k: sampling.top_k.map(Int::of),
        top_p: sampling.top_p,
        seed: sampling.seed.map(Int),
        presence_penalty: sampling.presence_penalty,
        frequency_penalty: sampling.frequency_penalty,
        stop: (!stop.is_empty()).then_some(Content::List(stop)),
        ..Options::default()
    })
}

/// `true` and `false`, or a level where the model has levels (gpt-oss ignores the former).
fn think(request: &Request, target: &Target<'_>, notes: &mut Notes) -> Option<Json> {
    let (reasoning, caps) = (&request.reasoning, target.caps);
    let thinks = !matches!(reasoning.mode, Mode::Unset | Mode::Off) || reasoning.level().is_some();
    if reasoning.mode == Mode::BetweenTools {
        notes.lose_field(Field::Reasoning, "the model thinks where it likes");
    }
    match caps.thinking {
        Thinking::None => {
            if thinks {
                notes.lose_field(Field::Reasoning, "the model's thinking cannot be switched");
            }
            None
        }
        Thinking::Effort => level(request, target, notes).map(|level| Json::of(&level)),
        _ if reasoning.mode == Mode::Off => Some(Json::of(&false)),
        _ if thinks => {
            if reasoning.effort.is_some() {
                notes.lose_field(Field::Reasoning, "the model thinks or not, without levels");
            }
            // As it likes is what it does by itself; models that cannot think refuse to be told to.
            (reasoning.mode != Mode::Adaptive).then(|| Json::of(&true))
        }
        _ => None,
    }
}

fn level(request: &Request, target: &Target<'_>, notes: &mut Notes) -> Option<&'static str> {
    const ALL: [Effort; 4] = [Effort::Low, Effort::Medium, Effort::High, Effort::Max];
    let known = |level: &&Effort| ALL.contains(level);
    let offered: Vec<_> = target.caps.efforts.iter().filter(known).copied().collect();
    let offered = if offered.is_empty() {
        ALL.to_vec()
    } else {
        offered
    };
    if request.reasoning.mode == Mode::Off {
        notes.lose_field(
            Field::Reasoning,
            "the model always thinks; it is asked to think least",
        );
        return Effort::Low.offered(&offered).map(Effort::as_str);
    }
    let wanted = request.reasoning.level()?;
    // Above `high` there is only `max`.
    let wanted = if wanted == Effort::Xhigh {
        Effort::Max
    } else {
        wanted
    };
    let level = wanted.offered(&offered)?;
    if request
        .reasoning
        .effort
        .is_some_and(|effort| effort != level)
    {
        notes.lose_field(
            Field::Reasoning,
            "the model has no such level; the nearest is asked for",
        );
    }
    Some(level.as_str())
}

/// What Ollama has no word for, or what only Ollama has.
fn leftovers(request: &Request, body: &mut Body, notes: &mut Notes) -> Result<(), Refusal> {
    let lost = [
        (request.notes().is_some(), Field::Metadata),
        (request.store == Some(true), Field::Store),
        (request.user.is_some(), Field::User),
        (request.verbosity.is_some(), Field::Verbosity),
        (request.meant_tier().is_some(), Field::Tier),
        (request.cache_key.is_some(), Field::CacheKey),
        (request.has_cache_marks(), Field::CacheMarks),
        (request.parallel_tools == Some(false), Field::ParallelTools),
        (
            request.sampling.meant().logit_bias.is_some(),
            Field::LogitBias,
        ),
        (request.sampling.logprobs.is_some(), Field::Logprobs),
    ];
    for (_, field) in lost.into_iter().filter(|(said, _)| *said) {
        notes.lose_field(field, "Ollama has no word for it");
    }
    notes.own(request, Dialect::Ollama)?;
    if request.dialect != Some(Dialect::Ollama) {
        return Ok(());
    }
    for own in request.own.iter().filter(|own| own.path != GENERATE) {
        let value = own.value.clone();
        match own.path.rsplit_once('.') {
            None => body.extra.push(&*own.path, value),
            Some(("options", name)) => {
                body.options.get_or_insert_default().extra.push(name, value);
            }
            Some(_) => notes.lose(Place::Own(own.path.clone()), "it cannot be carried along"),
        }
    }
    Ok(())
}

/// Asks for a context that the prompt fits in: Ollama cuts what does not fit without a word. What is configured
/// counts, else what the client said, else a third of the prompt's bytes as tokens, which is more than it has,
/// rounded up to a power of two so that the model is not loaded anew for each request, at least 8192.
fn context(request: &Request, target: &Target<'_>, body: &mut Body, notes: &mut Notes) {
    let prompt = prompt_bytes(body) / 3;
    let options = body.options.get_or_insert_default();
    let said = options
        .extra
        .take("num_ctx")
        .and_then(|said| said.read::<Int>().ok());
    let window = target.caps.context_window.unwrap_or(u64::MAX);
    // The answer has its place there too.
    let room = request.max_tokens.unwrap_or(0).clamp(ROOM.0, ROOM.1);
    let estimate = || {
        (prompt + room)
            .next_power_of_two()
            .max(LEAST_CONTEXT)
            .min(window)
    };
    let context = target
        .caps
        .num_ctx
        .or(said.map(Int::count))
        .unwrap_or_else(estimate);
    if prompt > context && request.dialect != Some(Dialect::Ollama) {
        let why = format!("the prompt may not fit in the context of {context} tokens and be cut");
        notes.lose(Place::Own("num_ctx".into()), why);
    }
    options.num_ctx = Some(Int::of(context));
}

/// Bytes of all that the model reads as text.
fn prompt_bytes(body: &Body) -> u64 {
    let size = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let messages = body.messages.iter().flatten().map(|message| {
        let calls = message
            .calls
            .iter()
            .flatten()
            .filter_map(|call| call.function.as_ref());
        let calls = calls.map(|call| call.arguments.as_ref().map_or(0, |json| json.text().len()));
        size(&message.content) + size(&message.thinking) + calls.sum::<usize>()
    });
    let tools = body
        .tools
        .iter()
        .flatten()
        .filter_map(|tool| tool.function.as_ref());
    let tools = tools.map(|tool| {
        let schema = tool.parameters.as_ref().map_or(0, |json| json.text().len());
        size(&tool.name) + size(&tool.description) + schema
    });
    (messages.sum::<usize>() + tools.sum::<usize>()) as u64
}
