//! The response object as a client gets it: what it asked for, said back, and what became of it.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{fields::Fields, tools_out::Tools, usage::UsageOut};
use crate::{
    Reply, Target,
    caps::{Caps, Responses},
    ids,
    ir::{Effort, Failure, Format, Mode, Notes, Origin, Request, Show, Stop},
    json::Json,
};

/// What does not change while the answer comes.
#[derive(Debug)]
pub(super) struct Shell {
    id: String,
    created: i64,
    request_id: String,
    model: String,
    echo: Fields,
}

/// How an answer stands.
#[derive(Debug)]
pub(super) enum Status<'a> {
    InProgress,
    Completed,
    Incomplete(&'static str),
    Failed(&'static str, &'a str),
}

#[derive(Serialize)]
struct ErrorOut<'a> {
    code: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct IncompleteOut {
    reason: &'static str,
}

/// The response object at one moment.
pub(super) struct ResponseOut<'a> {
    pub(super) shell: &'a Shell,
    pub(super) status: Status<'a>,
    pub(super) output: &'a [Json],
    pub(super) usage: Option<UsageOut>,
}

impl Shell {
    pub(super) fn new(reply: &Reply) -> Self {
        let seed = reply.request_id.as_bytes();
        Self {
            id: format!("resp_{}", ids::base62(&[seed], 32)),
            created: reply.now,
            request_id: reply.request_id.clone(),
            model: reply.request.model.clone(),
            echo: echo(&reply.request),
        }
    }

    /// The response is the one that another writer began.
    pub(super) fn adopt(&mut self, id: String, created: i64) {
        (self.id, self.created) = (id, created);
    }

    /// The id of the `number`th item, the same wherever the item is told.
    pub(super) fn item_id(&self, prefix: &str, number: usize) -> String {
        let seed = self.request_id.as_bytes();
        let number = (number as u64).to_be_bytes();
        format!("{prefix}_{}", ids::base62(&[seed, b"item", &number], 32))
    }
}

impl<'a> Status<'a> {
    pub(super) fn of_stop(stop: &Stop) -> Self {
        match stop {
            Stop::End | Stop::Sequence(_) | Stop::ToolUse => Self::Completed,
            Stop::MaxTokens | Stop::ContextFull | Stop::Pause => {
                Self::Incomplete("max_output_tokens")
            }
            Stop::Refusal { .. } => Self::Incomplete("content_filter"),
        }
    }

    pub(super) fn of_failure(failure: &'a Failure) -> Self {
        Self::Failed(
            super::error::code_in_response(failure.kind),
            &failure.message,
        )
    }

    /// The last part of the event's name and the word in the object.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
            Self::Failed(..) => "failed",
        }
    }
}

impl Serialize for ResponseOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let error = match self.status {
            Status::Failed(code, message) => Some(ErrorOut { code, message }),
            _ => None,
        };
        let incomplete = match self.status {
            Status::Incomplete(reason) => Some(IncompleteOut { reason }),
            _ => None,
        };
        let completed = matches!(self.status, Status::Completed).then_some(self.shell.created);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.shell.id)?;
        map.serialize_entry("object", "response")?;
        map.serialize_entry("created_at", &self.shell.created)?;
        map.serialize_entry("status", self.status.word())?;
        map.serialize_entry("background", &false)?;
        map.serialize_entry("completed_at", &completed)?;
        map.serialize_entry("error", &error)?;
        map.serialize_entry("incomplete_details", &incomplete)?;
        map.serialize_entry("model", &self.shell.model)?;
        map.serialize_entry("output", self.output)?;
        map.serialize_entry("usage", &self.usage)?;
        for (name, value) in self.shell.echo.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The request's settings, with the defaults of the reference where nothing was said.
fn echo(request: &Request) -> Fields {
    let null = Json::null();
    let caps = whatever();
    let target = Target {
        origin: Origin::default(),
        caps: &caps,
        lossy: true,
    };
    let tools = Tools::write(request, &target, &mut Notes::new(true));
    let tools = tools.unwrap_or_else(|_| Tools::none(&caps));
    let choice = tools.choice.unwrap_or_else(|| Json::of(&"auto"));
    let said = |value: Option<Json>| value.unwrap_or_else(Json::null);
    Fields::default()
        // They can be long, and the client knows them.
        .with("instructions", &null)
        .with("max_output_tokens", &request.max_tokens)
        .with("max_tool_calls", &tools.max_calls)
        .with(
            "parallel_tool_calls",
            &request.parallel_tools.unwrap_or(true),
        )
        .with("previous_response_id", &null)
        .with("prompt_cache_key", &request.cache_key)
        .with("reasoning", &reasoning(request))
        .with("safety_identifier", &request.user)
        .with(
            "service_tier",
            &request.tier.as_deref().unwrap_or("default"),
        )
        .with("store", &false)
        .with("temperature", &request.sampling.temperature.unwrap_or(1.0))
        .with("text", &text(request))
        .with("tool_choice", &choice)
        .with("tools", &tools.list)
        .with("top_logprobs", &request.sampling.logprobs.unwrap_or(0))
        .with("top_p", &request.sampling.top_p.unwrap_or(1.0))
        .with("truncation", &"disabled")
        .with("user", &null)
        .with(
            "metadata",
            &said(
                request
                    .metadata
                    .clone()
                    .or_else(|| Some(Json::empty_object())),
            ),
        )
}

/// Everything may be said back that the client said.
fn whatever() -> Caps {
    Caps {
        custom_tools: true,
        web_search: true,
        strict_tools: true,
        tool_name_max: usize::MAX,
        responses: Responses {
            namespaces: true,
            ..Responses::default()
        },
        ..Caps::default()
    }
}

fn reasoning(request: &Request) -> Fields {
    let reasoning = &request.reasoning;
    let effort = match reasoning.mode {
        Mode::Off => Some("none"),
        _ => reasoning.effort.map(Effort::as_str),
    };
    let summary = match reasoning.show {
        Some(Show::Summary) => Some("auto"),
        Some(Show::Full) => Some("detailed"),
        _ => None,
    };
    Fields::default()
        .with("effort", &effort)
        .with("summary", &summary)
}

fn text(request: &Request) -> Fields {
    let format = match &request.format {
        Format::Text | Format::Choice(_) => Fields::default().with("type", &"text"),
        Format::Json => Fields::default().with("type", &"json_object"),
        Format::Schema {
            name,
            description,
            schema,
            strict,
        } => Fields::default()
            .with("type", &"json_schema")
            .with("name", &name.as_deref().unwrap_or("response"))
            .with("description", description)
            .with("schema", schema)
            .with("strict", &strict.unwrap_or(false)),
    };
    Fields::default().with("format", &format).with(
        "verbosity",
        &request.verbosity.as_deref().unwrap_or("medium"),
    )
}
