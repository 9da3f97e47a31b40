//! An Ollama client's request as the intermediate form.

use super::{
    GENERATE,
    messages_in::{Messages, image, misshapen},
    wire::{Body, Message, Options, Tool},
};
use crate::{
    BadRequest, Dialect, PathFacts,
    ir::{
        At, Effort, Fate, Format, Hosted, Mode, Native, Own, Part, Reasoning, Request, Role,
        Sampling, Text, ToolKind, Turn,
    },
    json::{Extra, Json},
    wire::{self, Content, Int},
};

/// Reads a request of `/api/chat` or `/api/generate`.
pub(super) fn read(body: &[u8], path: PathFacts<'_>) -> Result<Request, BadRequest> {
    let mut body: Body = wire::read(body)?;
    let wants_logprobs = body.wants_logprobs == Some(true);
    let mut request = Request {
        dialect: Some(Dialect::Ollama),
        model: body.model.take().unwrap_or_default(),
        // Unlike elsewhere, an answer is streamed unless that is declined.
        stream: body.stream.or(path.stream).unwrap_or(true),
        format: format(body.format.take())?,
        reasoning: think(body.think.take())?,
        sampling: Sampling {
            logprobs: wants_logprobs.then(|| body.logprobs.map_or(0, Int::count)),
            ..Sampling::default()
        },
        ..Request::default()
    };
    if let Some(messages) = body.messages.take() {
        chat(messages, &mut request)?;
    } else if body.prompt.is_some() {
        generate(&mut body, &mut request);
    }
    for (at, tool) in body
        .tools
        .take()
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        request.tools.push(read_tool(at, tool));
    }
    if let Some(options) = body.options.take() {
        read_options(options, &mut request);
    }
    note(&mut request.own, "", &body.extra);
    Ok(request)
}

/// Leading system messages are the instructions.
fn chat(messages: Vec<Message>, request: &mut Request) -> Result<(), BadRequest> {
    let mut reader = Messages::default();
    for (number, message) in messages.into_iter().enumerate() {
        let turn = reader.turn(number, message)?;
        let leads = request.turns.is_empty() && turn.role == Role::System;
        let is_text = |part: &Part| matches!(part, Part::Text(_));
        if leads && turn.parts.iter().all(is_text) {
            let texts = turn.parts.into_iter().filter_map(|part| match part {
                Part::Text(text) => Some(text),
                _ => None,
            });
            request.system.extend(texts);
        } else {
            request.turns.push(turn);
        }
    }
    request.own = reader.into_own();
    Ok(())
}

/// A prompt is a conversation of one turn. [`GENERATE`] remembers in which form the answer is to be told.
fn generate(body: &mut Body, request: &mut Request) {
    if let Some(system) = body.system.take().filter(|text| !text.is_empty()) {
        request.system.push(Text::plain(system));
    }
    let mut parts = Vec::new();
    if let Some(prompt) = body.prompt.take().filter(|text| !text.is_empty()) {
        parts.push(Part::Text(Text::plain(prompt)));
    }
    let images = body
        .images
        .take()
        .unwrap_or_default()
        .into_iter()
        .enumerate();
    parts.extend(images.map(|(at, data)| Part::Media(image(data, At::item(0).part(at)))));
    request.turns.push(Turn {
        role: Role::User,
        parts,
        name: None,
        at: At::item(0),
    });
    request.own.push(Own {
        path: GENERATE.into(),
        value: Json::null(),
        fate: Fate::Ignore,
    });
}

fn format(format: Option<Json>) -> Result<Format, BadRequest> {
    let Some(format) = format else {
        return Ok(Format::Text);
    };
    match format.text() {
        r#""""# => Ok(Format::Text),
        r#""json""# => Ok(Format::Json),
        _ if format.is_object() => Ok(Format::Schema {
            name: None,
            description: None,
            schema: format,
            strict: None,
        }),
        _ => Err(misshapen(
            "format",
            "it is neither \"json\" nor a JSON Schema",
        )),
    }
}

fn think(think: Option<Json>) -> Result<Reasoning, BadRequest> {
    let Some(think) = think else {
        return Ok(Reasoning::default());
    };
    let (mode, effort) = match think.read::<String>().map(|level| Effort::of(&level)) {
        Ok(Some(effort)) => (Mode::On, Some(effort)),
        Err(_) if think.text() == "true" => (Mode::On, None),
        Err(_) if think.text() == "false" => (Mode::Off, None),
        _ => return Err(misshapen("think", "it is neither true, false nor a level")),
    };
    Ok(Reasoning {
        mode,
        effort,
        ..Reasoning::default()
    })
}

fn read_tool(at: usize, tool: Tool) -> crate::ir::Tool {
    let kind = match tool.kind.as_deref() {
        None | Some("function") => ToolKind::Function,
        Some(other) => ToolKind::Hosted(Hosted::Other(other.to_owned())),
    };
    let known = tool
        .function
        .as_ref()
        .is_none_or(|function| function.extra.is_empty());
    let is_plain = kind == ToolKind::Function && known && tool.extra.is_empty();
    let native = (!is_plain).then(|| Native {
        dialect: Dialect::Ollama,
        value: Json::of(&tool),
    });
    let function = tool.function.unwrap_or_default();
    crate::ir::Tool {
        name: function.name.unwrap_or_default(),
        kind,
        description: function.description,
        schema: function.parameters,
        strict: None,
        namespace: None,
        native,
        cache: None,
        at: at as u32,
    }
}

fn read_options(options: Options, request: &mut Request) {
    request.sampling = Sampling {
        temperature: options.temperature,
        top_p: options.top_p,
        // Nothing below 1 bounds the candidates.
        top_k: options.top_k.map(Int::count).filter(|top_k| *top_k > 0),
        frequency_penalty: options.frequency_penalty,
        presence_penalty: options.presence_penalty,
        seed: options.seed.map(|Int(seed)| seed),
        ..std::mem::take(&mut request.sampling)
    };
    // −1 and −2 are without a bound.
    request.max_tokens = options.num_predict.map(Int::count).filter(|most| *most > 0);
    request.stop = match options.stop {
        Some(Content::Text(only)) => vec![only],
        Some(Content::List(all)) => all,
        None => Vec::new(),
    };
    if let Some(num_ctx) = options.num_ctx {
        request.own.push(Own {
            path: "options.num_ctx".into(),
            value: Json::of(&num_ctx),
            fate: Fate::Ignore,
        });
    }
    note(&mut request.own, "options.", &options.extra);
}

/// Keeps fields that only Ollama has.
fn note(own: &mut Vec<Own>, prefix: &str, extra: &Extra) {
    for (name, value) in extra.iter() {
        // Ollama's own clients write fields that they do not use (Go types without `omitempty`).
        let says_nothing =
            matches!(value.text(), "null" | "\"\"" | "[]" | "{}" | "false") || is_off(name, value);
        own.push(Own {
            path: format!("{prefix}{name}").into(),
            value: value.clone(),
            fate: if says_nothing {
                Fate::Ignore
            } else {
                fate(name)
            },
        });
    }
}

/// Whether a way of drawing tokens is switched off by its value, as it is elsewhere (Ollama's `Options`).
fn is_off(name: &str, value: &Json) -> bool {
    let off = match name {
        "mirostat" | "min_p" => 0.0,
        "typical_p" | "tfs_z" | "repeat_penalty" => 1.0,
        _ => return false,
    };
    value
        .read()
        .is_ok_and(|value: f64| (value - off).abs() <= f64::EPSILON)
}

/// What happens to a field elsewhere: how the server is run means nothing there.
fn fate(name: &str) -> Fate {
    match name {
        "keep_alive" | "num_keep" | "num_batch" | "num_gpu" | "main_gpu" | "num_thread"
        | "use_mmap" | "use_mlock" | "numa" | "low_vram" | "truncate" => Fate::Ignore,
        "suffix" => Fate::Refuse("the provider cannot fill in the middle of a text".into()),
        "context" => {
            Fate::Refuse("an encoded conversation belongs to one model; send its text".into())
        }
        _ => Fate::Lose,
    }
}
