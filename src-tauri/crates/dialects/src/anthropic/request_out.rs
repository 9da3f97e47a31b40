//! Writes a request for a provider that speaks Messages.

use std::borrow::Cow;

use super::{
    mcp,
    messages_out::Conversation,
    owns::Owns,
    request_in, thinking_out, tools_out,
    wire_out::{
        Block, Body, Cache, Ephemeral, Format as WireFormat, Message, Metadata, OutputConfig, Said,
        System, With, splice,
    },
};
use crate::{
    Dialect, Target, Written,
    caps::Caps,
    form::{Bound, Forms},
    ir::{CacheMark, Field, Mcp, Notes, Place, Refusal, Request, Sampling, Text, ToolChoice},
    json::Json,
    strict,
};

/// The version whose rules this writer follows. The next one refuses sampling settings.
const VERSION: &str = "2023-06-01";
/// `max_tokens` is required: this, where neither the client nor the model's record tells a number.
const MAX_TOKENS: u64 = 8192;

/// What all parts of a writer go by.
pub(super) struct Context<'a> {
    pub(super) request: &'a Request,
    pub(super) caps: &'a Caps,
    pub(super) target: &'a Target<'a>,
    pub(super) owns: Owns<'a>,
    pub(super) notes: Notes,
    /// Servers whose tools are offered and which the body must list.
    pub(super) servers: Vec<&'a Mcp>,
}

impl<'a> Context<'a> {
    /// A cache mark, where the provider knows them; the path is that of the marked object.
    pub(super) fn mark(
        &mut self,
        mark: Option<&'a CacheMark>,
        extra: Vec<(&'a str, Json)>,
    ) -> Option<Cache<'a>> {
        let mark = mark?;
        if !self.caps.cache_marks {
            self.notes
                .lose_field(Field::CacheMarks, "the provider takes no cache marks");
            return None;
        }
        // Lifetimes that only others offer become the next longer one.
        let ttl = mark.ttl.as_ref().map(|ttl| match ttl.0.as_ref() {
            "30m" | "12h" => "1h",
            other => other,
        });
        Some(With {
            value: Ephemeral { ttl },
            extra,
        })
    }
}

/// An answer's request.
pub(super) fn write(request: &Request, target: &Target<'_>) -> Result<Written, Refusal> {
    compose(request, target, true)
}

/// A token count's request: the same without what only an answer has.
pub(super) fn write_count(request: &Request, target: &Target<'_>) -> Result<Written, Refusal> {
    compose(request, target, false)
}

fn compose(request: &Request, target: &Target<'_>, answers: bool) -> Result<Written, Refusal> {
    let caps = target.caps;
    let mut context = Context {
        request,
        caps,
        target,
        owns: Owns::of(request, caps),
        notes: Notes::new(target.lossy),
        servers: Vec::new(),
    };
    if !context.owns.are_known() {
        context.notes.fates(request)?;
    }
    if answers {
        refuse_foreign(request, &mut context.notes)?;
    }
    let (tools, tool_choice, names) = tools_out::tools(&mut context)?;
    let conversation = Conversation::write(&mut context, names)?;
    let max_tokens = max_tokens(request, caps, &mut context.notes);
    let forced = matches!(
        tool_choice.as_ref().map(|choice| choice.value.r#type),
        Some("any" | "tool")
    );
    let plan = thinking_out::plan(
        &mut context,
        max_tokens,
        forced,
        conversation.resumes_unsigned,
    );
    let (format, instruction) = format(request, caps, &mut context.notes);
    let system = system(&mut context, &conversation.leading, instruction);
    let output_config = With {
        value: OutputConfig {
            effort: plan.effort,
            format,
        },
        extra: context.owns.fields("output_config"),
    };
    let has_config = output_config.value.effort.is_some()
        || output_config.value.format.is_some()
        || !output_config.extra.is_empty();
    let mut body = Body {
        model: &request.model,
        system,
        messages: conversation.messages,
        tools,
        tool_choice,
        output_config: has_config.then_some(output_config),
        thinking: plan
            .thinking
            .map(|thinking| thinking_out::told(thinking, &context)),
        cache_control: context.mark(request.cache.as_ref(), context.owns.fields("cache_control")),
        ..Body::default()
    };
    if answers {
        body.max_tokens = Some(max_tokens);
        body.stream = request.stream.then_some(true);
        body.stop_sequences = stop(&mut context)?;
        sampling(
            &mut body,
            plan.thinking.is_some_and(thinking_out::is_on),
            &mut context,
        );
        body.metadata = metadata(&context);
        body.service_tier = tier(&mut context);
    }
    let mut text = serde_json::to_string(&body).unwrap_or_default();
    splice(&mut text, &beside(&context, plan, answers));
    Ok(Written {
        body: text.into_bytes(),
        headers: headers(&context),
        losses: context.notes.into_losses(),
        tools: conversation.tools,
    })
}

/// Fields beside those that are written: the client's own, and the servers that tools are of.
fn beside<'a>(
    context: &Context<'a>,
    plan: thinking_out::Plan,
    answers: bool,
) -> Vec<(&'a str, Json)> {
    let mut own = context.owns.fields("");
    own.retain(|(name, _)| answers || COUNTED.contains(name));
    // Edits of thinking are refused where there is none.
    let rests = plan.thinking.is_some_and(thinking_out::is_off);
    own.retain(|(name, value)| !(rests && request_in::clears_thinking(name, value)));
    if !context.servers.is_empty() {
        let servers = context.servers.iter().map(|server| mcp::server(server));
        own.push(("mcp_servers", Json::of(&servers.collect::<Vec<_>>())));
    }
    own
}

fn headers(context: &Context<'_>) -> Vec<(&'static str, String)> {
    let mut headers = vec![("anthropic-version", VERSION.to_owned())];
    if !context.servers.is_empty() {
        headers.push(("anthropic-beta", mcp::BETA.to_owned()));
    }
    headers
}

/// Fields of Anthropic's own that a token count takes too (`count_tokens` in its SDK's types).
const COUNTED: [&str; 4] = ["context_management", "mcp_servers", "speed", "safeguards"];

/// What other dialects ask for and Messages has no word for.
fn refuse_foreign(request: &Request, notes: &mut Notes) -> Result<(), Refusal> {
    let sampling = &request.sampling;
    if sampling.choices.is_some_and(|choices| choices > 1) {
        let why = "Anthropic Messages gives one answer only; ask for one";
        notes.refuse(Place::Field(Field::Choices), why)?;
    }
    if sampling.logprobs.is_some() {
        let why = "Anthropic Messages has no log probabilities";
        notes.refuse(Place::Field(Field::Logprobs), why)?;
    }
    if request.modalities.iter().any(|kind| kind != "text") {
        let why = "Anthropic Messages answers with text only";
        notes.refuse(Place::Field(Field::Modalities), why)?;
    }
    let sampling = sampling.meant();
    let absent = "Anthropic Messages has no such setting";
    for (said, field) in [
        (
            sampling.frequency_penalty.is_some(),
            Field::FrequencyPenalty,
        ),
        (sampling.presence_penalty.is_some(), Field::PresencePenalty),
        (sampling.seed.is_some(), Field::Seed),
        (sampling.logit_bias.is_some(), Field::LogitBias),
        (request.notes().is_some(), Field::Metadata),
        (request.verbosity.is_some(), Field::Verbosity),
        (request.store == Some(true), Field::Store),
    ] {
        if said {
            notes.lose_field(field, absent);
        }
    }
    Ok(())
}

fn max_tokens(request: &Request, caps: &Caps, notes: &mut Notes) -> u64 {
    match (request.max_tokens, caps.max_output) {
        (Some(asked), Some(most)) if asked > most => {
            notes.lose_field(
                Field::MaxTokens,
                format!("the model writes at most {most} tokens"),
            );
            most
        }
        (asked, most) => asked.or(most).unwrap_or(MAX_TOKENS),
    }
}

/// The form of the answer; where the model cannot be bound to it, an instruction that asks for it.
fn format(
    request: &Request,
    caps: &Caps,
    notes: &mut Notes,
) -> (Option<WireFormat>, Option<String>) {
    let (form, instruction) = FORMS.answer(request, caps, notes);
    let format = match form {
        Bound::Schema { schema, .. } => Some(WireFormat { schema }),
        Bound::Free | Bound::Json => None,
    };
    (format, instruction)
}

fn system<'a>(
    context: &mut Context<'a>,
    leading: &[&'a Text],
    instruction: Option<String>,
) -> Option<System<'a>> {
    let mut blocks = Vec::new();
    if let Some(billing) = context.owns.whole("system[0]") {
        blocks.push(Block::text(billing.read::<String>().unwrap_or_default()));
    }
    let request = context.request;
    let texts = request.system.iter().chain(leading.iter().copied());
    let texts: Vec<_> = texts.filter(|text| !text.text.trim().is_empty()).collect();
    if let ([text], true, None) = (texts.as_slice(), blocks.is_empty(), &instruction)
        && text.cache.is_none()
    {
        return Some(System::Text(&text.text));
    }
    for text in texts {
        let scope = format!("system[{}].cache_control", text.at.item);
        let extra = context.owns.fields(&scope);
        blocks.push(Block::plain(Said::Text {
            text: Cow::Borrowed(&text.text),
            citations: &[],
            cache_control: context.mark(text.cache.as_ref(), extra),
        }));
    }
    blocks.extend(instruction.map(Block::text));
    (!blocks.is_empty()).then_some(System::Blocks(blocks))
}

fn stop<'a>(context: &mut Context<'a>) -> Result<Cow<'a, [String]>, Refusal> {
    let request = context.request;
    let most = context.caps.stop_max;
    let is_blank = |text: &String| text.trim().is_empty();
    let blank = request.stop.iter().any(is_blank);
    if !blank && request.stop.len() <= most {
        return Ok(Cow::Borrowed(&request.stop));
    }
    let mut kept = request.stop.clone();
    if blank {
        let why = "stop sequences of white space alone are left out";
        context.notes.lose_field(Field::Stop, why);
        kept.retain(|text| !is_blank(text));
    }
    if kept.len() > most {
        let why = format!("the provider takes at most {most} stop sequences");
        context.notes.refuse(Place::Field(Field::Stop), why)?;
        kept.truncate(most);
    }
    Ok(Cow::Owned(kept))
}

/// How tokens are drawn, as far as the model lets it be said.
fn sampling(body: &mut Body<'_>, thinks: bool, context: &mut Context<'_>) {
    let Sampling {
        temperature,
        top_p,
        top_k,
        ..
    } = context.request.sampling;
    let notes = &mut context.notes;
    let mut lose = |field, said: bool, why| {
        if said {
            notes.lose_field(field, why);
        }
    };
    if !context.caps.sampling {
        let meant = context.request.sampling.meant();
        let why = "the model draws tokens by its own rules";
        lose(Field::Temperature, meant.temperature.is_some(), why);
        lose(Field::TopP, meant.top_p.is_some(), why);
        lose(Field::TopK, top_k.is_some(), why);
        return;
    }
    body.temperature = temperature.map(|given| given.min(1.0));
    let above = temperature.is_some_and(|given| given > 1.0);
    lose(Field::Temperature, above, "more than 1 becomes 1");
    (body.top_p, body.top_k) = (top_p, top_k);
    if thinks {
        // "Thinking isn't compatible with temperature or top_k"; top_p from 0.95 on is.
        let why = "left out while the model thinks";
        lose(
            Field::Temperature,
            body.temperature.is_some_and(|given| given < 1.0),
            why,
        );
        lose(Field::TopK, top_k.is_some(), why);
        lose(Field::TopP, top_p.is_some_and(|given| given < 0.95), why);
        body.temperature = body.temperature.filter(|given| *given >= 1.0);
        body.top_k = None;
        body.top_p = top_p.filter(|given| *given >= 0.95);
    }
    if context.caps.messages.first_party && body.temperature.is_some() && body.top_p.is_some() {
        let meant = context.request.sampling.meant().top_p.is_some();
        lose(Field::TopP, meant, "left out beside a temperature");
        body.top_p = None;
    }
}

fn metadata<'a>(context: &Context<'a>) -> Option<With<'a, Metadata<'a>>> {
    let extra = context.owns.fields("metadata");
    let packed = extra.iter().any(|(name, _)| *name == "user_id");
    let user_id = context.request.user.as_deref().filter(|_| !packed);
    (user_id.is_some() || !extra.is_empty()).then_some(With {
        value: Metadata { user_id },
        extra,
    })
}

fn tier(context: &mut Context<'_>) -> Option<&'static str> {
    let tier = context.request.tier.as_deref()?;
    let known = match tier {
        _ if !context.caps.messages.first_party => None,
        "auto" => Some("auto"),
        "standard_only" | "default" | "standard" => Some("standard_only"),
        _ => None,
    };
    if known.is_none() && context.request.meant_tier().is_some() {
        let why = format!("the provider has no tier {tier:?}");
        context.notes.lose_field(Field::Tier, why);
    }
    known
}

/// Whether a tool must be called.
pub(super) fn is_forced(choice: &ToolChoice) -> bool {
    matches!(
        choice,
        ToolChoice::Any | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. }
    )
}

/// The dialect that this module writes.
pub(super) const DIALECT: Dialect = Dialect::Anthropic;
/// The forms it can bind.
pub(super) const FORMS: Forms = Forms {
    dialect: DIALECT,
    exact: &strict::ANTHROPIC,
    loose: false,
};

/// A turn as it is written, with the client's own fields of it.
pub(super) type Turn<'a> = With<'a, Message<'a>>;
