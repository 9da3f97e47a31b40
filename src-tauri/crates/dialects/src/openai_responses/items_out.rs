//! Writes the conversation for a provider: turns become items.
//!
//! Outputs of tools come before whatever else the user said, reasoning stands directly before the message or call it
//! led to and is left out with it, and nothing carries an id that only a stored response could resolve.

use std::borrow::Cow;

use serde::Serialize;

use super::{
    pairs::Pairs,
    pieces_out::{PieceOut, Pieces},
    tools_out::Tools,
};
use crate::{
    Dialect, Target, ids,
    ir::{Call, Notes, Part, Place, Refusal, Role, Thinking, ToolResult, Turn},
    json::Json,
};

/// An input item.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum ItemOut<'a> {
    Message {
        r#type: &'static str,
        role: &'static str,
        content: Vec<PieceOut<'a>>,
    },
    Reasoning {
        r#type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        summary: Vec<PieceOut<'a>>,
        encrypted_content: &'a str,
    },
    Call {
        r#type: &'static str,
        call_id: String,
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        arguments: Cow<'a, str>,
    },
    Custom {
        r#type: &'static str,
        call_id: String,
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        input: String,
    },
    Output {
        r#type: &'static str,
        call_id: String,
        output: OutputOut<'a>,
    },
    Raw(&'a Json),
}

impl ItemOut<'_> {
    /// An instruction.
    pub(super) fn developer(text: String) -> Self {
        Self::Message {
            r#type: "message",
            role: "developer",
            content: vec![PieceOut::owned(text)],
        }
    }
}

/// What a tool gave back: text, or parts where there is more than text.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum OutputOut<'a> {
    Text(String),
    Parts(Vec<PieceOut<'a>>),
}

/// Items being written.
pub(super) struct Items<'a, 't> {
    pub(super) list: Vec<ItemOut<'a>>,
    pub(super) pieces: Pieces<'t>,
    target: &'t Target<'t>,
    tools: &'t mut Tools,
    pairs: Pairs,
    /// Somebody but the model spoke since it did.
    heard: bool,
    /// Parts of the message that is being written.
    message: Vec<PieceOut<'a>>,
    /// Reasoning whose message or call is yet to come.
    reasoning: Vec<ItemOut<'a>>,
    /// Media that may not stand in outputs: said by the user behind the last of them.
    behind: Vec<PieceOut<'a>>,
    /// Arguments go as the client wrote them, which is how the model once did: its prompt cache holds.
    verbatim: bool,
    /// That some reasoning is left out was told.
    forgot: bool,
}

impl<'a, 't> Items<'a, 't> {
    pub(super) fn new(target: &'t Target<'t>, tools: &'t mut Tools, verbatim: bool) -> Self {
        Self {
            list: Vec::new(),
            pieces: Pieces::new(target),
            target,
            tools,
            pairs: Pairs::default(),
            heard: false,
            message: Vec::new(),
            reasoning: Vec::new(),
            behind: Vec::new(),
            verbatim,
            forgot: false,
        }
    }

    pub(super) fn write(
        mut self,
        turns: &'a [Turn],
        notes: &mut Notes,
    ) -> Result<(Vec<ItemOut<'a>>, bool), Refusal> {
        for turn in turns {
            if turn.name.is_some() {
                notes.lose(Place::Turn(turn.at), "speakers have no names there");
            }
            match turn.role {
                Role::Assistant => self.assistant(turn, notes)?,
                Role::User => self.said("user", turn, notes)?,
                Role::System => self.said("system", turn, notes)?,
                Role::Developer => self.said("developer", turn, notes)?,
            }
        }
        self.settle(notes);
        self.flush_behind();
        Ok((self.list, self.pieces.unmarked))
    }

    fn assistant(&mut self, turn: &'a Turn, notes: &mut Notes) -> Result<(), Refusal> {
        self.settle(notes);
        self.flush_behind();
        for part in &turn.parts {
            match part {
                Part::Text(_) | Part::Refusal(_) => {
                    if let Some(piece) = self.pieces.spoken(part, notes) {
                        self.follow();
                        self.message.push(piece);
                    }
                }
                Part::Thinking(thinking) => self.thinking(thinking, notes),
                Part::Call(call) => {
                    self.flush("assistant");
                    self.follow();
                    self.call(call);
                }
                Part::Opaque {
                    dialect: Dialect::OpenaiResponses,
                    value,
                    ..
                } => {
                    self.flush("assistant");
                    self.follow();
                    self.list.push(ItemOut::Raw(value));
                }
                Part::Opaque { kind, at, .. } => notes.lose(Place::Turn(*at), foreign(kind)),
                Part::Media(media) => {
                    let why = "a model's earlier pictures and sounds are not sent back";
                    notes.lose(Place::Turn(media.at), why);
                }
                Part::Result(result) => self.result(result, notes)?,
            }
        }
        self.flush("assistant");
        if !self.reasoning.is_empty() {
            // Without the message or call it led to it would be refused.
            self.reasoning.clear();
            let why = "reasoning that led to nothing is not sent";
            notes.lose(Place::Turn(turn.at), why);
        }
        Ok(())
    }

    fn said(
        &mut self,
        role: &'static str,
        turn: &'a Turn,
        notes: &mut Notes,
    ) -> Result<(), Refusal> {
        self.heard = true;
        let is_output = |part: &&Part| match part {
            Part::Result(_) => true,
            Part::Opaque { dialect, .. } => *dialect == Dialect::OpenaiResponses,
            _ => false,
        };
        for part in turn.parts.iter().filter(is_output) {
            match part {
                Part::Result(result) => self.result(result, notes)?,
                // A part of a message has none of the fields by which items are told apart.
                Part::Opaque { value, at, .. } if at.part.is_none() => {
                    self.list.push(ItemOut::Raw(value));
                }
                Part::Opaque { value, .. } => self.message.push(PieceOut::Raw(value)),
                _ => {}
            }
        }
        let mut spoke = false;
        for part in turn.parts.iter().filter(|part| !is_output(part)) {
            if !spoke {
                spoke = true;
                self.flush_behind();
            }
            self.pieces.heard(part, &mut self.message, notes)?;
        }
        // A turn of nothing but empty text is one all the same.
        let blank = turn.parts.iter().any(|part| matches!(part, Part::Text(_)));
        if self.message.is_empty() && blank {
            self.message.push(PieceOut::input(""));
        }
        self.flush(role);
        Ok(())
    }

    fn thinking(&mut self, thinking: &'a Thinking, notes: &mut Notes) {
        let seal = thinking.seal.as_ref();
        let seal = seal.filter(|seal| seal.fits(Dialect::OpenaiResponses, &self.target.origin));
        let Some(seal) = seal else {
            if !thinking.text.is_empty() {
                let why = "reasoning by another model is not sent";
                if !std::mem::replace(&mut self.forgot, true) {
                    notes.lose(Place::Turn(thinking.at), why);
                }
            }
            return;
        };
        self.flush("assistant");
        let text = Some(thinking.text.as_str()).filter(|text| !text.is_empty());
        self.reasoning.push(ItemOut::Reasoning {
            r#type: "reasoning",
            id: seal.id.as_deref(),
            summary: text.map(PieceOut::summary).into_iter().collect(),
            encrypted_content: &seal.data,
        });
    }

    fn call(&mut self, call: &'a Call) {
        let sent = self.tools.names.called(call);
        let call_id = fitting(&call.id);
        let items = self.list.len() + 1;
        self.pairs.call(&call_id, sent.custom, call.at, items);
        let item = if sent.custom {
            ItemOut::Custom {
                r#type: "custom_tool_call",
                call_id,
                name: sent.name,
                namespace: sent.group,
                input: call.arguments.free_text(),
            }
        } else {
            ItemOut::Call {
                r#type: "function_call",
                call_id,
                name: sent.name,
                namespace: sent.group,
                arguments: if self.verbatim && call.arguments.is_object() {
                    Cow::Borrowed(call.arguments.text())
                } else {
                    call.arguments_text()
                },
            }
        };
        self.list.push(item);
    }

    fn result(&mut self, result: &'a ToolResult, notes: &mut Notes) -> Result<(), Refusal> {
        let call_id = fitting(&result.call_id);
        // Who speaks this dialect may answer a call of a response that the vendor keeps.
        if !self.pairs.has(&call_id) && !self.verbatim {
            return self.orphan(result, notes);
        }
        let output = self.output(&call_id, result, notes)?;
        let item = self.item(call_id.clone(), output);
        match self.pairs.result(&call_id) {
            Some(index) if !self.verbatim => {
                let why = "it is the second result of one call; the last counts";
                notes.lose(Place::Turn(result.at), why);
                self.list[index] = item;
            }
            _ => {
                self.pairs.answer(&call_id, self.list.len());
                self.list.push(item);
            }
        }
        Ok(())
    }

    /// A result of no call in the conversation.
    fn orphan(&mut self, result: &'a ToolResult, notes: &mut Notes) -> Result<(), Refusal> {
        let why = "it is the result of a call that does not stand before it";
        notes.refuse(Place::Turn(result.at), why)?;
        let label = format!("Result of tool call {}:", result.call_id);
        let text = format!("{label}\n{}", result.text());
        self.behind.push(PieceOut::owned(text));
        Ok(())
    }

    /// Answers calls that were left open when others had their say.
    fn settle(&mut self, notes: &mut Notes) {
        if !std::mem::take(&mut self.heard) || self.verbatim {
            return;
        }
        let (left, first) = self.pairs.left();
        for (index, (call_id, at)) in (first..).zip(left) {
            let why = "the call has no result; the model is told so";
            notes.lose(Place::Turn(at), why);
            self.pairs.answer(&call_id, index);
            let output = OutputOut::Text("Error: no result".to_owned());
            let item = self.item(call_id, output);
            self.list.insert(index, item);
        }
    }

    fn item(&self, call_id: String, output: OutputOut<'a>) -> ItemOut<'a> {
        ItemOut::Output {
            r#type: if self.pairs.is_custom(&call_id) {
                "custom_tool_call_output"
            } else {
                "function_call_output"
            },
            call_id,
            output,
        }
    }

    fn output(
        &mut self,
        call_id: &str,
        result: &'a ToolResult,
        notes: &mut Notes,
    ) -> Result<OutputOut<'a>, Refusal> {
        if result.is_error {
            notes.lose(
                Place::Turn(result.at),
                "told as text that begins with \"Error: \"",
            );
        }
        let mut parts = Vec::new();
        let in_place = self.target.caps.images_in_results;
        for part in &result.parts {
            match part {
                Part::Media(_) if !in_place => {
                    let label = format!("Part of the output of {call_id}:");
                    self.behind.push(PieceOut::owned(label));
                    self.pieces.heard(part, &mut self.behind, notes)?;
                    let why = "told behind the tool's output, in a message of the user's";
                    notes.lose(Place::Turn(result.at), why);
                }
                part => self.pieces.heard(part, &mut parts, notes)?,
            }
        }
        let all_text = result.parts.iter().all(|part| match part {
            Part::Text(text) => text.cache.is_none() || !self.target.caps.cache_marks,
            Part::Media(_) => !in_place,
            _ => false,
        });
        // A provider that takes lists at all gets the texts apart as they were.
        let all_text = all_text && (result.parts.len() < 2 || !in_place);
        let prefix = if result.is_error { "Error: " } else { "" };
        Ok(if all_text {
            OutputOut::Text(format!("{prefix}{}", result.text()))
        } else {
            if result.is_error {
                parts.insert(0, PieceOut::input(prefix));
            }
            OutputOut::Parts(parts)
        })
    }

    /// What reasoning led to comes now.
    fn follow(&mut self) {
        self.list.append(&mut self.reasoning);
    }

    fn flush(&mut self, role: &'static str) {
        if !self.message.is_empty() {
            self.list.push(ItemOut::Message {
                r#type: "message",
                role,
                content: std::mem::take(&mut self.message),
            });
        }
    }

    fn flush_behind(&mut self) {
        if !self.behind.is_empty() {
            self.list.push(ItemOut::Message {
                r#type: "message",
                role: "user",
                content: std::mem::take(&mut self.behind),
            });
        }
    }
}

/// An id of a call as the Responses reference wants it: at most 64 characters.
fn fitting(id: &str) -> String {
    ids::fitting(id, 64, |char| {
        char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
    })
}

pub(super) fn foreign(kind: &str) -> String {
    format!("{kind:?} is known to its own provider only")
}
