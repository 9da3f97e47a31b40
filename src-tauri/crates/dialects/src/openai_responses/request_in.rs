//! Reads a client's request: the fields of the top level. Items are read in [`super::items_in`], tools in
//! [`super::tools_in`].

use std::borrow::Cow;

use serde::Deserialize;

use super::{
    items_in::Conversation,
    place,
    tools_in::{self, Tools},
    wire::{Body, FormatField, ReasoningField, TextField},
};
use crate::{
    BadRequest, Dialect, Misshapen,
    ir::{Effort, Fate, Format, Hosted, Mode, Own, Reasoning, Request, Show, Text, ToolKind},
    json::{Extra, Json},
    wire::{self, Content},
};

/// Fields that refer to something which only the vendor keeps, and how that is told.
const KEPT_BY_VENDOR: [(&str, &str); 3] = [
    (
        "previous_response_id",
        "an earlier response is known to its own provider only; send the whole conversation in `input`",
    ),
    (
        "conversation",
        "a stored conversation is known to its own provider only; send the whole conversation in `input`",
    ),
    (
        "prompt",
        "a prompt template is known to its own provider only; send its text",
    ),
];

/// Fields that change nothing about an answer elsewhere.
const WITHOUT_EFFECT: [&str; 3] = ["include", "stream_options", "background_options"];

pub(super) fn read(body: &[u8], counting: bool) -> Result<Request, BadRequest> {
    let mut body: Body = wire::read(body)?;
    let missing = |path: &str| Misshapen {
        path: path.to_owned(),
        problem: "it is missing".to_owned(),
    };
    if body.model.is_none() && !counting {
        return Err(missing("model").into());
    }
    let elsewhere = KEPT_BY_VENDOR
        .iter()
        .any(|(name, _)| body.extra.get(name).is_some_and(|value| !value.is_null()));
    if body.input.is_none() && !elsewhere && !counting {
        return Err(missing("input").into());
    }
    let mut own = Vec::new();
    let mut conversation = Conversation::default();
    match body.input.take() {
        Some(Content::Text(text)) => conversation.say(text),
        Some(Content::List(items)) => conversation.read(items, &mut own)?,
        None => {}
    }
    let mut tools = Tools::default();
    tools.read("tools", body.tools.take().unwrap_or_default(), &mut own)?;
    for (path, more) in std::mem::take(&mut conversation.tools) {
        tools.read(&path, more, &mut own)?;
    }
    let (system, turns) = conversation.finish();
    let instructions = body.instructions.take().map(|text| Text {
        at: place::instructions(),
        ..Text::plain(text)
    });
    let mut request = Request {
        dialect: Some(Dialect::OpenaiResponses),
        model: body.model.take().unwrap_or_default(),
        stream: body.stream.unwrap_or_default(),
        stream_usage: true,
        system: instructions.into_iter().chain(system).collect(),
        turns,
        tools: tools.list,
        parallel_tools: body.parallel_tool_calls,
        max_tokens: body.max_output_tokens,
        cache_key: body.prompt_cache_key.take(),
        metadata: body.metadata.take(),
        tier: body.service_tier.take(),
        store: body.store,
        ..Request::default()
    };
    request.sampling.temperature = body.temperature;
    request.sampling.top_p = body.top_p;
    request.sampling.logprobs = body.top_logprobs.filter(|alternatives| *alternatives > 0);
    request.tool_choice = tools_in::choice(body.tool_choice.take(), &mut own)?;
    request.reasoning = reasoning(body.reasoning.take(), &mut own);
    text(body.text.take(), &mut request, &mut own)?;
    people(&mut body, &mut request, &mut own);
    searches(body.max_tool_calls, &mut request, &mut own);
    if body.background == Some(true) {
        own.push(Own {
            path: "background".into(),
            value: Json::of(&true),
            fate: Fate::Refuse(
                "an answer in the background is kept by its own provider only".into(),
            ),
        });
    }
    rest(&body.extra, &mut own);
    request.own = own;
    Ok(request)
}

/// Who asks, and in which session.
fn people(body: &mut Body, request: &mut Request, own: &mut Vec<Own>) {
    #[derive(Deserialize)]
    struct Session {
        session_id: Option<String>,
    }
    request.user = body.safety_identifier.take();
    match (body.user.take(), &request.user) {
        (Some(user), None) => request.user = Some(user),
        (Some(user), Some(_)) => push(own, "user", Json::of(&user), Fate::Ignore),
        (None, _) => {}
    }
    if let Some(value) = body.client_metadata.take() {
        let session = value.read::<Session>().ok();
        request.session = session.and_then(|session| session.session_id);
        push(own, "client_metadata", value, Fate::Ignore);
    }
}

/// A bound on calls to the vendor's tools is the bound on searches where search is the only one of them.
fn searches(bound: Option<u64>, request: &mut Request, own: &mut Vec<Own>) {
    let Some(bound) = bound else { return };
    let mut hosted = request
        .tools
        .iter_mut()
        .filter_map(|tool| match &mut tool.kind {
            ToolKind::Hosted(hosted) => Some(hosted),
            _ => None,
        });
    match (hosted.next(), hosted.next()) {
        (Some(Hosted::WebSearch(search)), None) => search.max_uses = Some(bound),
        (None, _) => push(own, "max_tool_calls", Json::of(&bound), Fate::Ignore),
        _ => push(own, "max_tool_calls", Json::of(&bound), Fate::Lose),
    }
}

fn reasoning(field: Option<ReasoningField>, own: &mut Vec<Own>) -> Reasoning {
    let Some(field) = field else {
        return Reasoning::default();
    };
    let mut reasoning = Reasoning::default();
    match field.effort.as_deref().map(|word| (word, Effort::of(word))) {
        Some(("none", _)) => reasoning.mode = Mode::Off,
        Some((_, Some(effort))) => {
            reasoning.mode = Mode::On;
            reasoning.effort = Some(effort);
        }
        Some((word, None)) => push(own, "reasoning.effort", Json::of(&word), Fate::Lose),
        None => {}
    }
    reasoning.show = match field.summary.as_deref() {
        Some("detailed") => Some(Show::Full),
        Some("auto") => Some(Show::Summary),
        Some("concise") => {
            push(own, "reasoning.summary", Json::of(&"concise"), Fate::Ignore);
            Some(Show::Summary)
        }
        Some(word) => {
            push(own, "reasoning.summary", Json::of(&word), Fate::Lose);
            None
        }
        // Nothing is shown that was not asked for.
        None => (reasoning.mode != Mode::Unset).then_some(Show::None),
    };
    for (name, value) in field.extra.iter() {
        // Which earlier reasoning counts is the model's own affair elsewhere; so is the usual mode.
        let fate = match (name, value.text()) {
            ("context" | "generate_summary", _) | ("mode", r#""standard""#) => Fate::Ignore,
            _ => Fate::Lose,
        };
        push(own, format!("reasoning.{name}"), value.clone(), fate);
    }
    reasoning
}

fn text(
    field: Option<TextField>,
    request: &mut Request,
    own: &mut Vec<Own>,
) -> Result<(), Misshapen> {
    let Some(field) = field else { return Ok(()) };
    request.verbosity = field.verbosity;
    request.format = match field.format {
        Some(field) => format(field)?,
        None => Format::Text,
    };
    for (name, value) in field.extra.iter() {
        push(own, format!("text.{name}"), value.clone(), Fate::Lose);
    }
    Ok(())
}

fn format(field: FormatField) -> Result<Format, Misshapen> {
    let wrong = |path: &str, problem: String| Misshapen {
        path: path.to_owned(),
        problem,
    };
    match field.kind.as_deref() {
        Some("text") | None => Ok(Format::Text),
        Some("json_object") => Ok(Format::Json),
        Some("json_schema") => {
            let missing = || wrong("text.format.schema", "it is missing".to_owned());
            Ok(Format::Schema {
                name: field.name,
                description: field.description,
                schema: field.schema.ok_or_else(missing)?,
                strict: field.strict,
            })
        }
        Some(kind) => Err(wrong(
            "text.format.type",
            format!("{kind:?} is none of \"text\", \"json_object\" and \"json_schema\""),
        )),
    }
}

/// What has no place in the intermediate form.
fn rest(extra: &Extra, own: &mut Vec<Own>) {
    for (name, value) in extra.iter() {
        if value.is_null() {
            continue;
        }
        let kept = KEPT_BY_VENDOR.iter().find(|(kept, _)| *kept == name);
        let fate = match (kept, name, value.text()) {
            (Some((_, why)), ..) => Fate::Refuse(Cow::Borrowed(*why)),
            (None, "truncation", r#""disabled""#) => Fate::Ignore,
            (None, name, _) if WITHOUT_EFFECT.contains(&name) => Fate::Ignore,
            _ => Fate::Lose,
        };
        push(own, name.to_owned(), value.clone(), fate);
    }
}

/// Keeps what only this dialect has. Nulls say nothing.
pub(super) fn push(
    own: &mut Vec<Own>,
    path: impl Into<Cow<'static, str>>,
    value: Json,
    fate: Fate,
) {
    if !value.is_null() {
        own.push(Own {
            path: path.into(),
            value,
            fate,
        });
    }
}
