//! The conversation as Gemini's contents: neighbours of one role merged, all results of a step in one content of their
//! own directly behind the calls, in their order.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::{
    media_out,
    seals::Step,
    wire::{Content, FunctionCall, FunctionResponse, Part},
};
use crate::{
    Dialect, Target,
    caps::CallIds,
    ir::{
        Call, Names, Notes, Part as IrPart, Place, Refusal, Request, Role, Seal, Text, ToolResult,
        Toolbox, Turn,
    },
    json::Json,
};

/// Writes the conversation; gives back the names of all functions, those called earlier included.
pub(super) fn contents(
    request: &Request,
    target: &Target<'_>,
    names: Names,
    notes: &mut Notes,
) -> Result<(Vec<Content>, Toolbox), Refusal> {
    let runs: Vec<&[Turn]> = request
        .turns
        .chunk_by(|one, next| is_model(one) == is_model(next))
        .collect();
    let mut writer = Writer {
        target,
        names,
        notes,
        contents: Vec::new(),
        called: HashMap::new(),
        asked: Vec::new(),
    };
    let begins = |run: &&[Turn]| !is_model(&run[0]) && !has_results(run);
    let current = runs.iter().rposition(begins).unwrap_or_default();
    for (number, run) in runs.iter().enumerate() {
        if is_model(&run[0]) {
            writer.model(run, number >= current)?;
        } else {
            writer.user(run)?;
        }
    }
    writer.settle(&runs);
    Ok((writer.contents, writer.names.tools))
}

fn is_model(turn: &Turn) -> bool {
    turn.role == Role::Assistant
}

fn has_results(run: &[Turn]) -> bool {
    let parts = run.iter().flat_map(|turn| &turn.parts);
    parts
        .into_iter()
        .any(|part| matches!(part, IrPart::Result(_)))
}

struct Writer<'a, 'n> {
    target: &'a Target<'a>,
    names: Names,
    notes: &'n mut Notes,
    contents: Vec<Content>,
    /// The latest call under each id.
    called: HashMap<&'a str, &'a Call>,
    /// Calls that the next results must answer.
    asked: Vec<&'a Call>,
}

impl<'a> Writer<'a, '_> {
    fn third(&self) -> bool {
        self.target.caps.gemini.third
    }

    fn push(&mut self, role: &str, parts: Vec<Part>) {
        if !parts.is_empty() {
            self.contents.push(Content {
                parts: Some(parts.into()),
                role: Some(role.to_owned()),
                ..Content::default()
            });
        }
    }

    /// What no content may be without: the first is the user's.
    fn settle(&mut self, runs: &[&[Turn]]) {
        if self
            .contents
            .first()
            .is_none_or(|first| first.role.as_deref() != Some("user"))
        {
            let blank = Content {
                parts: Some(vec![Part::text(" ")].into()),
                role: Some("user".to_owned()),
                ..Content::default()
            };
            self.contents.insert(0, blank);
        }
        if let Some(last) = runs.last().and_then(|run| run.last())
            && is_model(last)
            && self.asked.is_empty()
        {
            self.notes.lose(
                Place::Turn(last.at),
                "Gemini need not go on with an answer begun",
            );
        }
    }

    fn model(&mut self, run: &'a [Turn], is_current: bool) -> Result<(), Refusal> {
        let mut step = Step::default();
        let mut asked: Vec<&'a Call> = Vec::new();
        for part in run.iter().flat_map(|turn| &turn.parts) {
            match part {
                IrPart::Text(text) | IrPart::Refusal(text) => self.text(text, &mut step.parts),
                IrPart::Thinking(thinking) => match self.fitting(thinking.seal.as_ref()) {
                    Some(data) => {
                        if !thinking.text.is_empty() {
                            step.parts.push(Part {
                                thought: Some(true),
                                ..Part::text(thinking.text.as_str())
                            });
                        }
                        step.hold(data);
                    }
                    None if !thinking.text.is_empty() => {
                        let why = "thinking that the model did not sign is left out";
                        self.notes.lose(Place::Turn(thinking.at), why);
                    }
                    None => {}
                },
                IrPart::Call(call) => {
                    let own = self.fitting(call.seal.as_ref());
                    let is_first = asked.is_empty();
                    let last_resort = is_first && is_current && self.third();
                    let seal = step.seal_of_call(own, last_resort);
                    let part = self.call(call, seal)?;
                    step.parts.push(part);
                    self.called.insert(&call.id, call);
                    asked.push(call);
                }
                IrPart::Media(media) => {
                    step.parts
                        .extend(media_out::parts(media, self.target, self.notes)?);
                }
                IrPart::Opaque { .. } => step.parts.extend(self.opaque(part)),
                IrPart::Result(_) => {}
            }
        }
        step.flush();
        self.asked = asked;
        self.push("model", step.parts);
        Ok(())
    }

    /// A seal's data where this model made it; generations before 3 want none.
    fn fitting(&self, seal: Option<&Seal>) -> Option<String> {
        let fits = |seal: &&Seal| seal.fits(Dialect::Gemini, &self.target.origin);
        seal.filter(|_| self.third())
            .filter(fits)
            .map(|seal| seal.data.clone())
    }

    fn text(&mut self, text: &Text, parts: &mut Vec<Part>) {
        if !text.citations.is_empty() {
            self.notes
                .lose(Place::Turn(text.at), "its sources are left out");
        }
        if !text.text.is_empty() {
            parts.push(Part::text(text.text.as_str()));
        }
    }

    fn call(&mut self, call: &Call, signature: Option<String>) -> Result<Part, Refusal> {
        let args = if call.arguments.is_object() {
            call.arguments.clone()
        } else {
            let why = "Gemini takes an object as the arguments of a call";
            self.notes.refuse(Place::Turn(call.at), why)?;
            Json::of(&json!({"input": call.arguments}))
        };
        Ok(Part {
            function_call: Some(FunctionCall {
                id: self.id(&call.id),
                name: Some(self.names.called(call).name),
                args: Some(args),
                ..FunctionCall::default()
            }),
            signature,
            ..Part::default()
        })
    }

    fn id(&self, id: &str) -> Option<String> {
        let takes = self.third() && self.target.caps.call_ids != CallIds::None;
        takes.then(|| id.to_owned())
    }

    /// A part that only Gemini has goes back as it came, without what older generations refuse.
    fn opaque(&mut self, part: &IrPart) -> Option<Part> {
        let IrPart::Opaque {
            dialect,
            kind,
            value,
            at,
        } = part
        else {
            return None;
        };
        let known = (*dialect == Dialect::Gemini)
            .then(|| value.read::<Part>().ok())
            .flatten();
        if known.is_none() {
            self.notes.lose(
                Place::Turn(*at),
                format!("only its own vendor knows {kind}"),
            );
        }
        known.map(|mut part| {
            part.signature = part.signature.filter(|_| self.third());
            part
        })
    }

    /// Results come first and alone; whatever else was said follows.
    fn user(&mut self, run: &'a [Turn]) -> Result<(), Refusal> {
        let mut rest = Vec::new();
        let responses = self.responses(run, &mut rest)?;
        self.push("user", responses);
        for turn in run {
            if turn.name.is_some() {
                self.notes
                    .lose(Place::Turn(turn.at), "Gemini knows no names of speakers");
            }
            if matches!(turn.role, Role::System | Role::Developer) {
                self.notes.lose(
                    Place::Turn(turn.at),
                    "instructions in between are said by the user",
                );
            }
            for part in &turn.parts {
                match part {
                    IrPart::Text(text) | IrPart::Refusal(text) => self.text(text, &mut rest),
                    IrPart::Media(media) => {
                        rest.extend(media_out::parts(media, self.target, self.notes)?);
                    }
                    IrPart::Opaque { .. } => rest.extend(self.opaque(part)),
                    IrPart::Result(_) | IrPart::Call(_) | IrPart::Thinking(_) => {}
                }
            }
        }
        self.push("user", rest);
        Ok(())
    }

    /// One response for each call of the step, in their order.
    fn responses(&mut self, run: &'a [Turn], rest: &mut Vec<Part>) -> Result<Vec<Part>, Refusal> {
        let parts = run.iter().flat_map(|turn| &turn.parts);
        let results = || {
            parts.clone().filter_map(|part| match part {
                IrPart::Result(result) => Some(result),
                _ => None,
            })
        };
        // Of several results of one call the last one counts.
        let by_call: HashMap<&str, &ToolResult> = results()
            .map(|result| (result.call_id.as_str(), result))
            .collect();
        let asked = std::mem::take(&mut self.asked);
        let answered: HashSet<&str> = asked.iter().map(|call| call.id.as_str()).collect();
        let mut written = Vec::with_capacity(asked.len());
        for call in asked {
            let response = if let Some(result) = by_call.get(call.id.as_str()) {
                self.response(result, call, rest)?
            } else {
                let why = "the call has no result; a failure stands for it";
                self.notes.lose(Place::Turn(call.at), why);
                let failure = Json::of(&json!({"error": "The tool gave no result."}));
                self.answering(&call.id, call, failure, Vec::new())
            };
            written.push(response);
        }
        for result in results().filter(|result| !answered.contains(result.call_id.as_str())) {
            if let Some(call) = self.called.get(result.call_id.as_str()).copied() {
                // There must be as many responses as calls in the step before.
                let why = "it comes late and is said by the user";
                self.notes.lose(Place::Turn(result.at), why);
                let label = format!("Late result of {}:", call.name);
                rest.push(Part::text(format!("{label}\n{}", result.text())));
                for media in result.media() {
                    rest.extend(media_out::parts(media, self.target, self.notes)?);
                }
            } else {
                let id = &result.call_id;
                let why = format!("there is no call {id:?} that this result answers");
                self.notes.refuse(Place::Turn(result.at), why)?;
            }
        }
        Ok(written)
    }

    fn response(
        &mut self,
        result: &ToolResult,
        call: &Call,
        rest: &mut Vec<Part>,
    ) -> Result<Part, Refusal> {
        let mut inside = Vec::new();
        let mut words = result.text();
        for media in result.media() {
            let parts = media_out::parts(media, self.target, self.notes)?;
            let (texts, parts): (Vec<_>, Vec<_>) = parts.into_iter().partition(Part::is_plain_text);
            for text in texts.into_iter().filter_map(|part| part.text) {
                if !words.is_empty() {
                    words.push('\n');
                }
                words.push_str(&text);
            }
            if self.third() {
                inside.extend(parts);
            } else if !parts.is_empty() {
                self.notes
                    .lose(Place::Turn(media.at), "it follows the results instead");
                rest.push(Part::text(format!("From the result of {}:", call.name)));
                rest.extend(parts);
            }
        }
        for part in &result.parts {
            if let IrPart::Opaque { at, kind, .. } = part {
                self.notes.lose(
                    Place::Turn(*at),
                    format!("only its own vendor knows {kind}"),
                );
            }
        }
        // Text is never read as an object of its own, so a `$ref` in it points nowhere.
        let key = if result.is_error { "error" } else { "output" };
        let response = Json::of(&serde_json::Map::from_iter([(
            key.to_owned(),
            words.into(),
        )]));
        Ok(self.answering(&result.call_id, call, response, inside))
    }

    fn answering(&mut self, id: &str, call: &Call, response: Json, parts: Vec<Part>) -> Part {
        Part {
            function_response: Some(FunctionResponse {
                id: self.id(id),
                name: Some(self.names.called(call).name),
                response: Some(response),
                parts: (!parts.is_empty()).then(|| parts.into()),
                ..FunctionResponse::default()
            }),
            ..Part::default()
        }
    }
}
