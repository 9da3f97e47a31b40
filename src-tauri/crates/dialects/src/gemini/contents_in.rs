//! A Gemini client's conversation as turns.

use std::collections::HashSet;

use super::{
    media_in::{self, misshapen},
    request_in::note,
    seals,
    wire::{Content, FunctionCall, FunctionResponse, Part as WirePart},
};
use crate::{
    BadRequest, Dialect, ids,
    ir::{
        At, Call, CallKind, Fate, Own, Part, Place, Refusal, Role, Seal, Text, Thinking,
        ToolResult, Turn,
    },
    json::Json,
};

/// Kinds of parts that only Gemini has.
const FOREIGN: [&str; 8] = [
    "executableCode",
    "executable_code",
    "codeExecutionResult",
    "code_execution_result",
    "toolCall",
    "tool_call",
    "toolResponse",
    "tool_response",
];

/// Reads contents one after the other.
pub(super) struct Contents {
    prefix: &'static str,
    own: Vec<Own>,
    /// Ids of all calls so far.
    ids: HashSet<String>,
    /// Calls of the last step.
    step: Vec<Asked>,
}

/// A call that a response may belong to.
struct Asked {
    /// Its id on the wire.
    sent: Option<String>,
    id: String,
    name: String,
    answered: bool,
}

impl Contents {
    pub(super) fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            own: Vec::new(),
            ids: HashSet::new(),
            step: Vec::new(),
        }
    }

    pub(super) fn into_own(self) -> Vec<Own> {
        self.own
    }

    /// Instructions: their texts.
    pub(super) fn system(&mut self, content: Content) -> Vec<Text> {
        let mut texts = Vec::new();
        for (at, mut part) in content.parts.unwrap_or_default().into_iter().enumerate() {
            if let Some(text) = part.text.take() {
                texts.push(Text {
                    at: At::item(at),
                    ..Text::plain(text)
                });
            }
            if part != WirePart::default() {
                self.own.push(Own {
                    path: format!("{}systemInstruction.parts[{at}]", self.prefix).into(),
                    value: Json::of(&part),
                    fate: Fate::Lose,
                });
            }
        }
        texts
    }

    pub(super) fn turn(&mut self, number: usize, content: Content) -> Result<Turn, BadRequest> {
        let at = At::item(number);
        let role = match content.role.as_deref() {
            None | Some("" | "user" | "function") => Role::User,
            Some("model" | "assistant") => Role::Assistant,
            Some("system") => Role::System,
            Some(other) => {
                let problem = format!("the role {other:?} is neither \"user\" nor \"model\"");
                return Err(misshapen(&format!("contents[{number}].role"), problem));
            }
        };
        let mut parts = Vec::new();
        for (at_part, part) in content.parts.unwrap_or_default().into_iter().enumerate() {
            self.part(at.part(at_part), part, &mut parts)?;
        }
        let path = format!("{}contents[{number}].", self.prefix);
        note(&mut self.own, &path, &content.extra);
        Ok(Turn {
            role,
            parts,
            name: None,
            at,
        })
    }

    fn part(
        &mut self,
        at: At,
        mut part: WirePart,
        parts: &mut Vec<Part>,
    ) -> Result<(), BadRequest> {
        let foreign = part.extra.iter().find(|(name, _)| FOREIGN.contains(name));
        if let Some((kind, _)) = foreign {
            parts.push(Part::Opaque {
                dialect: Dialect::Gemini,
                kind: kind.to_owned(),
                value: Json::of(&part),
                at,
            });
            return Ok(());
        }
        let path = format!("{}{}", self.prefix, super::spell::turn(&at));
        note(&mut self.own, &format!("{path}."), &part.extra);
        let seal = part
            .signature
            .take()
            .and_then(|data| seals::presented(&data));
        if let Some(call) = part.function_call.take() {
            let call = self.call(at, &path, call, seal, parts)?;
            parts.push(call);
            return Ok(());
        }
        if part.thought == Some(true) {
            think(at, part.text.unwrap_or_default(), parts);
        } else if let Some(text) = part.text.take().filter(|text| !text.is_empty()) {
            seals::told(seal, at, parts);
            parts.push(Part::Text(Text {
                at,
                ..Text::plain(text)
            }));
            return Ok(());
        } else if let Some(response) = part.function_response.take() {
            parts.push(self.response(at, &path, response)?);
        } else if let Some(media) = media_in::media(at, &path, &mut part)? {
            parts.push(Part::Media(media));
        }
        seals::told(seal, at, parts);
        Ok(())
    }

    fn call(
        &mut self,
        at: At,
        path: &str,
        call: FunctionCall,
        seal: Option<Seal>,
        parts: &mut Vec<Part>,
    ) -> Result<Part, BadRequest> {
        if self.step.iter().any(|asked| asked.answered) {
            self.step.clear();
        }
        let name = call.name.unwrap_or_default();
        let arguments = call.args.unwrap_or_else(Json::empty_object);
        if !arguments.is_object() {
            let problem = "the arguments of a call must be an object";
            return Err(misshapen(&format!("{path}.functionCall.args"), problem));
        }
        let sent = call.id.filter(|id| !id.is_empty());
        let id = match &sent {
            Some(id) if !self.ids.contains(id) => id.clone(),
            _ => made_id(&name, at),
        };
        self.ids.insert(id.clone());
        self.step.push(Asked {
            sent,
            id: id.clone(),
            name: name.clone(),
            answered: false,
        });
        note(&mut self.own, &format!("{path}.functionCall."), &call.extra);
        // A call's own seal is Gemini's; one from elsewhere is the thinking's before it.
        let (own, foreign) = match seal {
            Some(seal) if seal.form == Dialect::Gemini => (Some(seal), None),
            seal => (None, seal),
        };
        seals::told(foreign, at, parts);
        Ok(Part::Call(Call {
            id,
            name,
            arguments,
            kind: CallKind::Function,
            seal: own,
            cache: None,
            at,
        }))
    }

    fn response(
        &mut self,
        at: At,
        path: &str,
        response: FunctionResponse,
    ) -> Result<Part, BadRequest> {
        let name = response.name.unwrap_or_default();
        let id = response.id.filter(|id| !id.is_empty());
        let Some(asked) = self.asked(id.as_deref(), &name) else {
            let why = format!("there is no call before it that this response of {name:?} answers");
            return Err(Refusal::new(Place::Turn(at), why).into());
        };
        asked.answered = true;
        let (call_id, name) = (asked.id.clone(), asked.name.clone());
        let mut parts = Vec::new();
        let (text, is_error) = response
            .response
            .map_or((String::new(), false), |told| media_in::words(&told));
        if !text.is_empty() {
            parts.push(Part::Text(Text {
                at,
                ..Text::plain(text)
            }));
        }
        for (number, mut inner) in response.parts.unwrap_or_default().into_iter().enumerate() {
            let at = at.inner(number);
            let path = format!("{path}.functionResponse.parts[{number}]");
            parts.extend(media_in::media(at, &path, &mut inner)?.map(Part::Media));
        }
        note(
            &mut self.own,
            &format!("{path}.functionResponse."),
            &response.extra,
        );
        Ok(Part::Result(ToolResult {
            call_id,
            name: Some(name),
            parts,
            is_error,
            cache: None,
            at,
        }))
    }

    /// The call that a response answers: by its id, else by its name and order.
    fn asked(&mut self, id: Option<&str>, name: &str) -> Option<&mut Asked> {
        let by_id = self.step.iter().position(|asked| {
            !asked.answered
                && id.is_some_and(|id| asked.sent.as_deref() == Some(id) || asked.id == id)
        });
        let by_name = || {
            self.step
                .iter()
                .position(|asked| !asked.answered && asked.name == name)
        };
        let found = by_id.or_else(by_name)?;
        self.step.get_mut(found)
    }
}

/// The same history gives the same id in the next request.
fn made_id(name: &str, at: At) -> String {
    let part = at.part.unwrap_or_default();
    ids::call(&format!("{name}\n{}", at.item), u64::from(part))
}

/// A thought; pieces of one, as streams leave them in a history, are one.
fn think(at: At, text: String, parts: &mut Vec<Part>) {
    match parts.last_mut() {
        Some(Part::Thinking(last)) if last.seal.is_none() => last.text.push_str(&text),
        _ if text.is_empty() => {}
        _ => parts.push(Part::Thinking(Thinking {
            text,
            at,
            ..Thinking::default()
        })),
    }
}
