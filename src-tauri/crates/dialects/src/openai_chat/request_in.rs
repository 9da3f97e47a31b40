//! Reads a client's request.

use std::borrow::Cow;

use super::{
    messages_in, tools_in,
    wire::{Body, Breakpoint, ResponseFormat, StreamOptions},
};
use crate::{
    BadRequest, Dialect, Misshapen,
    ir::{CacheMark, Effort, Fate, Format, Mode, Own, Reasoning, Request, Sampling, Show, Ttl},
    json::{Extra, Json},
    wire::{self, Content},
};

/// Reads a request for an answer.
pub(crate) fn read(body: &[u8]) -> Result<Request, BadRequest> {
    let mut body: Body = wire::read(body)?;
    let mut own = Vec::new();
    let model = body.model.take().ok_or_else(|| missing("model"))?;
    let messages = body.messages.take().ok_or_else(|| missing("messages"))?;
    let conversation = messages_in::read(messages, &mut own)?;
    let reasoning = reasoning(&mut body, &mut own);
    let (tools, tool_choice) = tools_in::read(&mut body)?;
    let (stream_usage, include) = stream_options(body.stream_options.take());
    own.extend(include);
    let sampling = Sampling {
        temperature: body.temperature,
        top_p: body.top_p,
        // Servers take −1 for "all".
        top_k: body.top_k.and_then(|top_k| u64::try_from(top_k).ok()),
        frequency_penalty: body.frequency_penalty,
        presence_penalty: body.presence_penalty,
        seed: body.seed,
        choices: body.n,
        logprobs: (body.logprobs == Some(true)).then_some(body.top_logprobs.unwrap_or(0)),
        logit_bias: body.logit_bias,
    };
    let cache = body.prompt_cache_options.take().and_then(|options| {
        if options.mode.as_deref() == Some("explicit") {
            own.push(Own {
                path: "prompt_cache_options".into(),
                value: Json::of(&options),
                fate: Fate::Ignore,
            });
            return None;
        }
        Some(mark(options))
    });
    unknown(&body.extra, "", &mut own);
    Ok(Request {
        dialect: Some(Dialect::OpenaiChat),
        model,
        stream: body.stream.unwrap_or_default(),
        stream_usage,
        system: conversation.system,
        turns: conversation.turns,
        tools,
        tool_choice,
        parallel_tools: body.parallel_tool_calls,
        max_tokens: body.max_completion_tokens.or(body.max_tokens),
        stop: match body.stop {
            Some(Content::Text(text)) => vec![text],
            Some(Content::List(list)) => list,
            None => Vec::new(),
        },
        sampling,
        reasoning,
        format: format(body.response_format)?,
        cache,
        cache_key: body.prompt_cache_key,
        user: body.safety_identifier.or(body.user),
        session: None,
        metadata: body.metadata,
        tier: body.service_tier,
        verbosity: body.verbosity,
        store: body.store,
        modalities: body
            .modalities
            .filter(|kinds| kinds.iter().any(|kind| kind != "text"))
            .unwrap_or_default(),
        own,
    })
}

pub(crate) fn missing(path: &str) -> BadRequest {
    misshapen(path, "it is missing")
}

pub(crate) fn misshapen(path: impl Into<String>, problem: impl Into<String>) -> BadRequest {
    BadRequest::Misshapen(Misshapen {
        path: path.into(),
        problem: problem.into(),
    })
}

/// Keeps fields that are not known, `base` being the path of what they stand in. Nulls say nothing.
pub(crate) fn unknown(extra: &Extra, base: &str, own: &mut Vec<Own>) {
    for (name, value) in extra.iter() {
        if value.is_null() {
            continue;
        }
        let path = if base.is_empty() {
            name.to_owned()
        } else {
            format!("{base}.{name}")
        };
        let fate = match path.as_str() {
            "prediction" => Fate::Refuse(Cow::Borrowed("only OpenAI takes a predicted output")),
            "audio" => Fate::Refuse(Cow::Borrowed(
                "the provider's dialect answers with no audio",
            )),
            _ => Fate::Lose,
        };
        own.push(Own {
            path: path.into(),
            value: value.clone(),
            fate,
        });
    }
}

/// A mark of the cache.
pub(crate) fn mark(breakpoint: Breakpoint) -> CacheMark {
    CacheMark {
        ttl: breakpoint.ttl.map(|ttl| Ttl(Cow::Owned(ttl))),
    }
}

fn stream_options(options: Option<StreamOptions>) -> (bool, Vec<Own>) {
    let Some(options) = options else {
        return (false, Vec::new());
    };
    let own = options.extra.iter().map(|(name, value)| Own {
        path: format!("stream_options.{name}").into(),
        value: value.clone(),
        fate: Fate::Ignore,
    });
    (options.include_usage.unwrap_or_default(), own.collect())
}

fn format(format: Option<ResponseFormat>) -> Result<Format, BadRequest> {
    let Some(format) = format else {
        return Ok(Format::Text);
    };
    match format.kind.as_deref() {
        None | Some("text") => Ok(Format::Text),
        Some("json_object") => Ok(format.bare.map_or(Format::Json, |schema| Format::Schema {
            name: None,
            description: None,
            schema,
            strict: None,
        })),
        Some("json_schema") => {
            let schema = format
                .schema
                .ok_or_else(|| missing("response_format.json_schema"))?;
            Ok(Format::Schema {
                name: schema.name,
                description: schema.description,
                schema: schema.schema.unwrap_or_else(Json::empty_object),
                strict: schema.strict,
            })
        }
        Some(other) => Err(misshapen(
            "response_format.type",
            format!("{other:?} is none of text, json_object and json_schema"),
        )),
    }
}

/// What clients of all the vendors write about thinking. A switch that says "off" goes before an effort beside it.
fn reasoning(body: &mut Body, own: &mut Vec<Own>) -> Reasoning {
    let mut read = Reasoning::default();
    if let Some(thinking) = body.thinking.take() {
        read.mode = match thinking.kind.as_deref() {
            Some("disabled") => Mode::Off,
            Some("adaptive" | "auto") => Mode::Adaptive,
            Some(_) => Mode::On,
            None => Mode::Unset,
        };
        read.budget = thinking.budget_tokens;
        unknown(&thinking.extra, "thinking", own);
    }
    let template = body.chat_template_kwargs.take().and_then(|template| {
        unknown(&template.extra, "chat_template_kwargs", own);
        template.enable_thinking
    });
    if let Some(enabled) = body.enable_thinking.or(template) {
        read.mode = switch(enabled);
    }
    read.budget = body.thinking_budget.or(read.budget);
    let mut words = body.reasoning_effort.take();
    if let Some(reasoning) = body.reasoning.take() {
        if let Some(enabled) = reasoning.enabled {
            read.mode = switch(enabled);
        }
        read.budget = reasoning.max_tokens.or(read.budget);
        read.show = match reasoning.exclude {
            Some(true) => Some(Show::None),
            _ => None,
        };
        words = words.or(reasoning.effort);
        unknown(&reasoning.extra, "reasoning", own);
    }
    if read.budget.is_some() && read.mode == Mode::Unset {
        read.mode = Mode::On;
    }
    if let Some(word) = words {
        effort(&word, &mut read, own);
    }
    read
}

fn effort(word: &str, read: &mut Reasoning, own: &mut Vec<Own>) {
    match Effort::of(word) {
        _ if word == "none" => read.mode = Mode::Off,
        Some(effort) => {
            read.effort = Some(effort);
            if read.mode == Mode::Unset {
                read.mode = Mode::On;
            }
        }
        None => own.push(Own {
            path: "reasoning_effort".into(),
            value: Json::of(&word),
            fate: Fate::Lose,
        }),
    }
}

fn switch(on: bool) -> Mode {
    if on { Mode::On } else { Mode::Off }
}
