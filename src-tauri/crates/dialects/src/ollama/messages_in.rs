//! An Ollama client's messages as turns.

use super::wire::{Call as WireCall, Message};
use crate::{
    BadRequest, Misshapen, ids,
    ir::{
        At, Call, CallKind, Fate, Media, MediaKind, Own, Part, Place, Refusal, Role, Source, Text,
        Thinking, ToolResult, Turn,
    },
    json::Json,
};

/// Reads messages one after the other.
#[derive(Default)]
pub(super) struct Messages {
    own: Vec<Own>,
    /// Calls that may still be answered: id, name.
    open: Vec<(String, String)>,
}

impl Messages {
    pub(super) fn into_own(self) -> Vec<Own> {
        self.own
    }

    pub(super) fn turn(&mut self, number: usize, message: Message) -> Result<Turn, BadRequest> {
        let at = At::item(number);
        for (name, value) in message.extra.iter() {
            self.own.push(Own {
                path: format!("messages[{number}].{name}").into(),
                value: value.clone(),
                fate: Fate::Lose,
            });
        }
        let role = match message.role.as_deref() {
            Some("tool") => {
                let result = self.result(at, message)?;
                return Ok(turn(Role::User, vec![result], at));
            }
            Some("system") => Role::System,
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            other => {
                let role = other.unwrap_or_default();
                let problem = format!("the role {role:?} is none of system, user, assistant, tool");
                return Err(misshapen(&format!("messages[{number}].role"), problem));
            }
        };
        let mut parts = Vec::new();
        if let Some(text) = message.thinking.filter(|text| !text.is_empty()) {
            parts.push(Part::Thinking(Thinking {
                text,
                at,
                ..Thinking::default()
            }));
        }
        parts.extend(said(message.content, message.images, at));
        for (position, call) in message.calls.unwrap_or_default().into_iter().enumerate() {
            let call = self.call(at.inner(position), call)?;
            parts.push(Part::Call(call));
        }
        Ok(turn(role, parts, at))
    }

    fn call(&mut self, at: At, call: WireCall) -> Result<Call, BadRequest> {
        let function = call.function.unwrap_or_default();
        let name = function.name.unwrap_or_default();
        let arguments = function.arguments.unwrap_or_else(Json::empty_object);
        if !arguments.is_object() {
            let path = format!("{}.function.arguments", super::spell::turn(at));
            return Err(misshapen(
                &path,
                "the arguments of a call must be an object",
            ));
        }
        let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| {
            let position = at.inner.unwrap_or_default();
            ids::call(&format!("{name}\n{}", at.item), u64::from(position))
        });
        self.open.push((id.clone(), name.clone()));
        Ok(Call {
            id,
            name,
            arguments,
            kind: CallKind::Function,
            seal: None,
            cache: None,
            at,
        })
    }

    /// A result belongs to the call of its id, else to the first open one of its name, else to the first open one.
    fn result(&mut self, at: At, message: Message) -> Result<Part, BadRequest> {
        let (id, name) = (message.call_id.as_deref(), message.tool_name.as_deref());
        let by_id = self
            .open
            .iter()
            .position(|(open, _)| id == Some(open.as_str()));
        let by_name = || {
            self.open
                .iter()
                .position(|(_, open)| name == Some(open.as_str()))
        };
        let is_nameless = id.unwrap_or_default().is_empty() && name.unwrap_or_default().is_empty();
        let first = || (is_nameless && !self.open.is_empty()).then_some(0);
        let Some(found) = by_id.or_else(by_name).or_else(first) else {
            let why = "there is no call before it that this result answers";
            return Err(Refusal::new(Place::Turn(at), why).into());
        };
        let (call_id, name) = self.open.remove(found);
        Ok(Part::Result(ToolResult {
            call_id,
            name: Some(name),
            parts: said(message.content, message.images, at),
            is_error: false,
            cache: None,
            at,
        }))
    }
}

fn turn(role: Role, parts: Vec<Part>, at: At) -> Turn {
    Turn {
        role,
        parts,
        name: None,
        at,
    }
}

/// Text and images of a message.
fn said(text: Option<String>, images: Option<Vec<String>>, at: At) -> Vec<Part> {
    let text = text.filter(|text| !text.is_empty());
    let text = text.map(|text| {
        Part::Text(Text {
            at,
            ..Text::plain(text)
        })
    });
    let images = images.unwrap_or_default().into_iter().enumerate();
    let images = images.map(|(number, data)| Part::Media(image(data, at.part(number))));
    text.into_iter().chain(images).collect()
}

/// An image, whose media type only its first bytes tell.
pub(super) fn image(data: String, at: At) -> Media {
    let source = Source::of_data_url(&data).unwrap_or_else(|| {
        let mime = match data.as_bytes() {
            [b'i', b'V', b'B', b'O', ..] => "image/png",
            [b'R', b'0', b'l', b'G', ..] => "image/gif",
            [b'U', b'k', b'l', b'G', ..] => "image/webp",
            _ => "image/jpeg",
        };
        Source::Base64 {
            mime: mime.to_owned(),
            data,
        }
    });
    Media {
        kind: MediaKind::Image,
        source,
        title: None,
        context: None,
        detail: None,
        cite: false,
        cache: None,
        at,
    }
}

/// A body of the wrong shape.
pub(super) fn misshapen(path: &str, problem: impl Into<String>) -> BadRequest {
    BadRequest::Misshapen(Misshapen {
        path: path.to_owned(),
        problem: problem.into(),
    })
}
