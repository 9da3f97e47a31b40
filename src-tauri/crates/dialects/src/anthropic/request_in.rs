//! Reads what a Messages client asks for.

use std::borrow::Cow;

use serde::Deserialize;

use super::{
    mcp, tools_in, turns_in,
    wire::{Block, Body, CacheControl, Format as WireFormat, Metadata, OutputConfig, Thinking},
};
use crate::{
    Dialect, Misshapen, ids,
    ir::{
        At, CacheMark, Effort, Fate, Format, Mode, Own, Reasoning, Request, Sampling, Show, Text,
        Ttl,
    },
    json::{Extra, Json},
    wire::{self, Content},
};

/// What Claude Code puts in front of its instructions; it changes with every request.
const BILLING: &str = "x-anthropic-billing-header:";

pub(super) fn read(body: &[u8]) -> Result<Request, Misshapen> {
    let body: Body = wire::read(body)?;
    let mut own = Owned::default();
    let messages = body.messages.ok_or_else(|| missing("messages"))?;
    let (tool_choice, parallel_tools) = tools_in::choice(body.tool_choice, &mut own)?;
    let mut request = Request {
        dialect: Some(Dialect::Anthropic),
        model: body.model.unwrap_or_default(),
        stream: body.stream.unwrap_or_default(),
        stream_usage: true,
        max_tokens: body.max_tokens,
        stop: body.stop_sequences.unwrap_or_default(),
        sampling: Sampling {
            temperature: body.temperature,
            top_p: body.top_p,
            top_k: body.top_k,
            ..Sampling::default()
        },
        tier: body.service_tier,
        tool_choice,
        parallel_tools,
        ..Request::default()
    };
    request.system = system(body.system, &mut own);
    request.reasoning = thinking(body.thinking, &mut own)?;
    output_config(body.output_config, &mut request, &mut own)?;
    if let Some(format) = body.output_format {
        request.format = self::format(format, "output_format")?;
    }
    request.tools = tools_in::tools(body.tools.unwrap_or_default(), &mut own)?;
    request.turns = turns_in::turns(messages, request.reasoning.effort, &mut own)?;
    request.cache = own.mark(body.cache_control, || "cache_control".to_owned());
    metadata(body.metadata, &mut request, &mut own);
    for (name, value) in body.extra.iter() {
        let fate = match name {
            "mcp_servers" => mcp::connect(value, &mut request.tools, &mut own),
            _ => fate(name, value),
        };
        own.push(name.to_owned(), value.clone(), fate);
    }
    request.own = own.0;
    Ok(request)
}

/// A field that must be there and is not.
pub(super) fn missing(path: impl Into<String>) -> Misshapen {
    Misshapen {
        path: path.into(),
        problem: "this field is required".to_owned(),
    }
}

/// Fields that only this dialect has, as they are found.
#[derive(Default)]
pub(super) struct Owned(Vec<Own>);

impl Owned {
    pub(super) fn push(&mut self, path: impl Into<Cow<'static, str>>, value: Json, fate: Fate) {
        self.0.push(Own {
            path: path.into(),
            value,
            fate,
        });
    }

    /// Unknown fields of the object at a path, which is only made when there are any.
    pub(super) fn extra(&mut self, extra: &Extra, fate: &Fate, path: impl Fn() -> String) {
        for (name, value) in extra.iter() {
            let place = format!("{}.{name}", path());
            self.push(place, value.clone(), fate.clone());
        }
    }

    /// A cache mark; what is more in it (`scope`) changes nothing elsewhere.
    pub(super) fn mark(
        &mut self,
        control: Option<CacheControl>,
        path: impl Fn() -> String,
    ) -> Option<CacheMark> {
        let control = control?;
        self.extra(&control.extra, &Fate::Ignore, || {
            format!("{}.cache_control", path())
        });
        let ttl = control.ttl.map(|ttl| Ttl(ttl.into()));
        Some(CacheMark { ttl })
    }
}

/// What becomes of a field elsewhere that only this dialect has.
fn fate(name: &str, value: &Json) -> Fate {
    match name {
        "diagnostics" => Fate::Ignore,
        name if clears_thinking(name, value) => Fate::Ignore,
        "container" if !value.is_object() => {
            Fate::Refuse("a container belongs to Anthropic; send the request without it".into())
        }
        "thread" | "compaction" | "fallback_credit_token" | "billing_policy" => {
            Fate::Refuse("only Anthropic has it; send the request without it".into())
        }
        _ => Fate::Lose,
    }
}

/// Whether a field asks for nothing but edits of earlier thinking. It goes back by each vendor's own rules, so an edit of it
/// changes nothing elsewhere.
pub(super) fn clears_thinking(name: &str, value: &Json) -> bool {
    #[derive(Deserialize)]
    struct Management {
        edits: Vec<Edit>,
    }
    #[derive(Deserialize)]
    struct Edit {
        r#type: String,
    }
    let clears = |edit: &Edit| edit.r#type.starts_with("clear_thinking");
    let only_clears = |management: Management| management.edits.iter().all(clears);
    name == "context_management" && value.read::<Management>().is_ok_and(only_clears)
}

fn system(system: Option<Content<Block>>, own: &mut Owned) -> Vec<Text> {
    let blocks = match system {
        None => Vec::new(),
        Some(Content::List(blocks)) => blocks,
        Some(Content::Text(text)) => vec![Block {
            text: Some(text),
            ..Block::default()
        }],
    };
    let mut texts = Vec::with_capacity(blocks.len());
    for (index, block) in blocks.into_iter().enumerate() {
        let path = || format!("system[{index}]");
        let mut text = block.text.unwrap_or_default();
        if index == 0 && text.starts_with(BILLING) {
            let rest = text.find('\n').map_or(text.len(), |at| at + 1);
            let instructions = text.split_off(rest);
            own.push("system[0]", Json::of(&text.trim_end()), Fate::Ignore);
            text = instructions;
            if text.is_empty() {
                continue;
            }
        }
        own.extra(&block.extra, &Fate::Lose, path);
        texts.push(Text {
            text,
            citations: Vec::new(),
            cache: own.mark(block.cache_control, path),
            at: At::item(index),
        });
    }
    texts
}

fn thinking(thinking: Option<Thinking>, own: &mut Owned) -> Result<Reasoning, Misshapen> {
    let Some(thinking) = thinking else {
        return Ok(Reasoning::default());
    };
    let mode = match thinking.kind.as_deref() {
        Some("enabled") => Mode::On,
        Some("adaptive") => Mode::Adaptive,
        Some("disabled") => Mode::Off,
        Some("between_tools") => Mode::BetweenTools,
        other => {
            return Err(Misshapen {
                path: "thinking.type".to_owned(),
                problem: format!(
                    "expected enabled, adaptive, disabled or between_tools, got {:?}",
                    other.unwrap_or_default()
                ),
            });
        }
    };
    let show = match thinking.display.as_deref() {
        None => None,
        Some("omitted") => Some(Show::None),
        Some("summarized") => Some(Show::Summary),
        Some(other) => {
            own.push("thinking.display", Json::of(&other), Fate::Ignore);
            Some(Show::Summary)
        }
    };
    own.extra(&thinking.extra, &Fate::Lose, || "thinking".to_owned());
    Ok(Reasoning {
        mode,
        effort: None,
        budget: thinking.budget_tokens,
        show,
    })
}

fn output_config(
    config: Option<OutputConfig>,
    request: &mut Request,
    own: &mut Owned,
) -> Result<(), Misshapen> {
    let Some(config) = config else {
        return Ok(());
    };
    if let Some(word) = config.effort {
        request.reasoning.effort = Effort::of(&word);
        if request.reasoning.effort.is_none() {
            own.push("output_config.effort", Json::of(&word), Fate::Lose);
        }
    }
    if let Some(format) = config.format {
        request.format = self::format(format, "output_config.format")?;
    }
    own.extra(&config.extra, &Fate::Lose, || "output_config".to_owned());
    Ok(())
}

fn format(format: WireFormat, path: &str) -> Result<Format, Misshapen> {
    match (format.kind.as_deref(), format.schema) {
        (Some("json_schema"), Some(schema)) => Ok(Format::Schema {
            name: None,
            description: None,
            schema,
            strict: None,
        }),
        (Some("json_schema"), None) => Err(missing(format!("{path}.schema"))),
        (Some("text"), _) => Ok(Format::Text),
        (other, _) => Err(Misshapen {
            path: format!("{path}.type"),
            problem: format!("expected json_schema, got {:?}", other.unwrap_or_default()),
        }),
    }
}

/// Claude Code packs JSON with its session into `user_id`; anything else is the id of a user.
fn metadata(metadata: Option<Metadata>, request: &mut Request, own: &mut Owned) {
    #[derive(Deserialize)]
    struct Packed {
        session_id: String,
        account_uuid: Option<String>,
        device_id: Option<String>,
    }
    let Some(metadata) = metadata else {
        return;
    };
    own.extra(&metadata.extra, &Fate::Lose, || "metadata".to_owned());
    let Some(user_id) = metadata.user_id else {
        return;
    };
    match serde_json::from_str::<Packed>(&user_id) {
        Ok(packed) => {
            let said = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
            let person = said(&packed.account_uuid).or_else(|| said(&packed.device_id));
            // Other vendors are told that requests are of one person, not which.
            request.user = person.map(|person| ids::base62(&[person.as_bytes()], 32));
            request.session = Some(packed.session_id);
            own.push("metadata.user_id", Json::of(&user_id), Fate::Ignore);
        }
        Err(_) => match old_session(&user_id) {
            Some((person, session)) => {
                request.user = Some(ids::base62(&[person.as_bytes()], 32));
                request.session = Some(session.to_owned());
                own.push("metadata.user_id", Json::of(&user_id), Fate::Ignore);
            }
            None => request.user = Some(user_id),
        },
    }
}

/// Person and session of `user_…_account_…_session_…`, as Claude Code wrote them before it wrote JSON.
fn old_session(user_id: &str) -> Option<(&str, &str)> {
    let (person, session) = user_id.rsplit_once("_session_")?;
    let is_old = person.starts_with("user_") && person.contains("_account_") && !session.is_empty();
    is_old.then_some((person, session))
}
