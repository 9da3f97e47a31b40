//! Reads a provider's whole answer, and the response object that ends a stream.

use serde::Deserialize;

use super::{
    error,
    items_in::{call_kind, decoded, free_text, reasoning_text},
    usage::UsageIn,
    wire::{Item, Piece},
};
use crate::{
    Dialect, Unreadable, Usage,
    ir::{
        Answer, At, Call, Failure, FailureKind, Malformed, Origin, Part, Seal, Stop, Text, Thinking,
    },
    json::Json,
    wire::{Content, Tier},
};

/// A response object.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ResponseIn {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) status: Option<String>,
    pub(super) error: Option<Json>,
    incomplete_details: Option<Incomplete>,
    pub(super) output: Option<Vec<Json>>,
    usage: Option<UsageIn>,
    #[serde(default)]
    service_tier: Tier,
}

#[derive(Debug, Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

impl ResponseIn {
    /// Why it failed, if it did.
    pub(super) fn failure(&self) -> Option<Failure> {
        let error = self.error.as_ref().filter(|error| !error.is_null());
        match (error, self.status.as_deref()) {
            (Some(error), _) => Some(error::of_error(error, None)),
            (None, Some(status @ ("failed" | "cancelled"))) => Some(Failure::new(
                FailureKind::Server,
                format!("the provider ended the answer as {status:?} and gave no reason"),
            )),
            _ => None,
        }
    }

    /// The tokens it tells.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage.map(|usage| usage.read(self.service_tier))
    }

    /// Why it is not complete, if that is told.
    fn reason(&self) -> Option<&str> {
        self.incomplete_details.as_ref()?.reason.as_deref()
    }

    /// Whether it was cut short. Some servers tell a reason and no status.
    fn is_incomplete(&self) -> bool {
        self.status.as_deref() == Some("incomplete") || self.reason().is_some()
    }

    /// Why it ended.
    pub(super) fn stop(&self) -> Stop {
        match self.reason() {
            Some("content_filter") => Stop::Refusal {
                category: Some("content_filter".to_owned()),
                explanation: None,
            },
            _ if self.is_incomplete() => Stop::MaxTokens,
            _ => Stop::End,
        }
    }
}

pub(super) fn read(body: &[u8], origin: &Origin) -> Result<Answer, Unreadable> {
    let malformed = |problem: String| Unreadable::Malformed(Malformed(problem));
    let response: ResponseIn = serde_json::from_slice(body)
        .map_err(|error| malformed(format!("its answer cannot be read: {error}")))?;
    if let Some(failure) = response.failure() {
        return Err(Unreadable::Failure(failure));
    }
    let Some(output) = &response.output else {
        return Err(malformed("its answer has no `output`".to_owned()));
    };
    let mut parts = Vec::new();
    let cut = response.is_incomplete();
    for item in output {
        match of_item(item, origin) {
            Ok(more) => parts.extend(more),
            // A call in the middle of which the tokens ran out: nobody can run it.
            Err(_) if cut => {}
            Err(problem) => return Err(malformed(problem)),
        }
    }
    let usage = response.usage();
    let mut answer = Answer {
        stop: response.stop(),
        id: response.id,
        model: response.model,
        parts,
        usage,
    };
    let (refuses, has_calls) = (answer.only_refuses(), answer.has_calls());
    answer.stop = answer.stop.with_refusal(refuses).with_calls(has_calls);
    Ok(answer)
}

/// The parts of an item.
fn of_item(raw: &Json, origin: &Origin) -> Result<Vec<Part>, String> {
    let Ok(item) = raw.read::<Item>() else {
        return Ok(vec![opaque("unknown", raw)]);
    };
    Ok(match item.kind.as_deref() {
        Some("message") => match item.content {
            Some(Content::Text(text)) => vec![Part::Text(Text::plain(text))],
            Some(Content::List(pieces)) => pieces.into_iter().filter_map(said).collect(),
            None => Vec::new(),
        },
        Some("reasoning") => thought(item, origin)
            .map(Part::Thinking)
            .into_iter()
            .collect(),
        Some("function_call" | "custom_tool_call") => vec![Part::Call(called(item)?)],
        kind => vec![opaque(kind.unwrap_or_default(), raw)],
    })
}

fn said(piece: Piece) -> Option<Part> {
    match (piece.text, piece.refusal) {
        (Some(text), _) => Some(Part::Text(Text {
            citations: piece.annotations.unwrap_or_default(),
            ..Text::plain(text)
        })),
        (None, Some(refusal)) => Some(Part::Refusal(Text::plain(refusal))),
        (None, None) => None,
    }
}

/// Reasoning; `None` where nothing is told and nothing wanted back.
pub(super) fn thought(item: Item, origin: &Origin) -> Option<Thinking> {
    let seal = seal(&item, origin);
    let text = reasoning_text(item.summary, item.content);
    (seal.is_some() || !text.is_empty()).then(|| Thinking {
        text,
        seal,
        ..Thinking::default()
    })
}

/// What the provider wants back of a reasoning item.
pub(super) fn seal(item: &Item, origin: &Origin) -> Option<Seal> {
    let data = item.encrypted_content.as_deref();
    let data = data.filter(|data| !data.is_empty())?;
    let mut seal = Seal::new(Dialect::OpenaiResponses, origin, data);
    seal.id.clone_from(&item.id);
    Some(seal)
}

fn called(item: Item) -> Result<Call, String> {
    // Free text does not show by itself that it was cut.
    let is_free = item.kind.as_deref() == Some("custom_tool_call");
    if is_free && item.status.as_deref() == Some("incomplete") {
        let name = item.name.as_deref().unwrap_or_default();
        return Err(format!("its call to {name:?} was cut"));
    }
    let arguments = match (&item.input, &item.arguments) {
        (Some(input), None) => free_text(input),
        (_, Some(arguments)) => decoded(arguments).map_err(|problem| {
            let name = item.name.as_deref().unwrap_or_default();
            format!("the arguments of its call to {name:?} are no JSON: {problem}")
        })?,
        (None, None) => Json::empty_object(),
    };
    let kind = call_kind(&item);
    let id = item.call_id.filter(|id| !id.is_empty()).or(item.id);
    Ok(Call {
        id: id.ok_or("a call has no `call_id`")?,
        name: item.name.ok_or("a call has no `name`")?,
        arguments,
        kind,
        seal: None,
        cache: None,
        at: At::default(),
    })
}

pub(super) fn opaque(kind: &str, value: &Json) -> Part {
    Part::Opaque {
        dialect: Dialect::OpenaiResponses,
        kind: kind.to_owned(),
        value: value.clone(),
        at: At::default(),
    }
}
