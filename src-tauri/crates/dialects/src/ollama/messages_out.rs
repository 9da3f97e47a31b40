//! Turns as Ollama's messages.

use std::collections::HashMap;

use super::wire::{Call as WireCall, Called, Message};
use crate::{
    Dialect, Target,
    ir::{
        Call, Media, MediaKind, Names, Notes, Part, Place, Refusal, Request, Role, Source, Text,
        Thinking, ToolResult, Turn,
    },
    json::Json,
};

/// Writes the conversation.
pub(super) fn messages(
    request: &Request,
    target: &Target<'_>,
    names: &mut Names,
    notes: &mut Notes,
) -> Result<Vec<Message>, Refusal> {
    let mut writer = Writer {
        request,
        target,
        names,
        notes,
        messages: Vec::new(),
        called: HashMap::new(),
    };
    for turn in &request.turns {
        if turn.name.is_some() {
            writer
                .notes
                .lose(Place::Turn(turn.at), "Ollama knows no names of speakers");
        }
        match turn.role {
            Role::Assistant => writer.assistant(turn)?,
            Role::User => writer.user(turn, "user")?,
            Role::System | Role::Developer if !target.caps.mid_system => {
                let why = "instructions in the middle are moved to the head";
                writer.notes.lose(Place::Turn(turn.at), why);
            }
            Role::System | Role::Developer => writer.user(turn, "system")?,
        }
    }
    Ok(writer.messages)
}

struct Writer<'a, 'n> {
    request: &'a Request,
    target: &'a Target<'a>,
    names: &'n mut Names,
    notes: &'n mut Notes,
    messages: Vec<Message>,
    /// The latest call under each id.
    called: HashMap<&'a str, &'a Call>,
}

impl<'a> Writer<'a, '_> {
    fn assistant(&mut self, turn: &'a Turn) -> Result<(), Refusal> {
        let (mut said, mut thought, mut calls) = (Said::default(), String::new(), Vec::new());
        for part in &turn.parts {
            match part {
                Part::Thinking(thinking) => thought.push_str(self.thinking(thinking)),
                Part::Call(call) => {
                    self.called.insert(&call.id, call);
                    calls.push(self.call(call)?);
                }
                // An answer's texts are one, without anything in between.
                Part::Text(text) | Part::Refusal(text) => said.text.push_str(self.text(text)),
                Part::Media(media) => self.media(media, &mut said)?,
                Part::Result(_) => {}
                Part::Opaque { .. } => self.opaque(part),
            }
        }
        let silent = said.is_empty() && thought.is_empty() && calls.is_empty();
        if silent && !turn.is_blank() {
            return Ok(());
        }
        self.messages.push(Message {
            thinking: (!thought.is_empty()).then_some(thought),
            calls: (!calls.is_empty()).then_some(calls),
            ..said.message("assistant")
        });
        Ok(())
    }

    /// Results come first, each as a message of its own; their images and whatever else was said follow.
    fn user(&mut self, turn: &Turn, role: &str) -> Result<(), Refusal> {
        let mut said = Said::default();
        for part in &turn.parts {
            if let Part::Result(result) = part {
                self.result(result, &mut said)?;
            }
        }
        for part in &turn.parts {
            match part {
                Part::Text(text) | Part::Refusal(text) => {
                    let text = self.text(text);
                    said.line(text);
                }
                Part::Media(media) => self.media(media, &mut said)?,
                Part::Opaque { .. } => self.opaque(part),
                Part::Result(_) | Part::Call(_) | Part::Thinking(_) => {}
            }
        }
        if !said.is_empty() || turn.is_blank() {
            self.messages.push(said.message(role));
        }
        Ok(())
    }

    fn text<'t>(&mut self, text: &'t Text) -> &'t str {
        if !text.citations.is_empty() {
            self.notes
                .lose(Place::Turn(text.at), "its sources are left out");
        }
        &text.text
    }

    /// Thinking goes back to who thought it.
    fn thinking<'t>(&mut self, thinking: &'t Thinking) -> &'t str {
        let fits = match &thinking.seal {
            Some(seal) => seal.fits(Dialect::Ollama, &self.target.origin),
            None => self.request.dialect == Some(Dialect::Ollama),
        };
        if fits {
            return &thinking.text;
        }
        if !thinking.text.is_empty() {
            self.notes.lose(
                Place::Turn(thinking.at),
                "another model's thinking is left out",
            );
        }
        ""
    }

    fn call(&mut self, call: &Call) -> Result<WireCall, Refusal> {
        let arguments = if call.arguments.is_object() {
            call.arguments.clone()
        } else {
            let why = "Ollama takes an object as the arguments of a call";
            self.notes.refuse(Place::Turn(call.at), why)?;
            Json::empty_object()
        };
        Ok(WireCall {
            id: Some(call.id.clone()),
            function: Some(Called {
                name: Some(self.names.called(call).name),
                arguments: Some(arguments),
                ..Called::default()
            }),
            ..WireCall::default()
        })
    }

    fn result(&mut self, result: &ToolResult, rest: &mut Said) -> Result<(), Refusal> {
        let Some(call) = self.called.get(result.call_id.as_str()).copied() else {
            let why = format!(
                "there is no call {:?} that this result answers",
                result.call_id
            );
            return self.notes.refuse(Place::Turn(result.at), why);
        };
        let mut content = result.text();
        if result.is_error {
            self.notes
                .lose(Place::Turn(result.at), "the failure is told in words");
            content.insert_str(0, "Error: ");
        }
        let mut inside = Said::default();
        for media in result.media() {
            self.media(media, &mut inside)?;
        }
        if !inside.text.is_empty() {
            content.push('\n');
            content.push_str(&inside.text);
        }
        if !inside.images.is_empty() {
            self.notes.lose(
                Place::Turn(result.at),
                "its images follow the results instead",
            );
            rest.line(&format!("From the result of {}:", call.name));
            rest.images.append(&mut inside.images);
        }
        let name = self.names.called(call).name;
        self.messages.push(Message {
            role: Some("tool".to_owned()),
            content: Some(content),
            tool_name: Some(name),
            call_id: Some(result.call_id.clone()),
            ..Message::default()
        });
        Ok(())
    }

    /// Images by base64, and documents that are text; there is nothing else.
    fn media(&mut self, media: &Media, said: &mut Said) -> Result<(), Refusal> {
        let place = Place::Turn(media.at);
        if let (Source::Text(_) | Source::Parts(_), Some(title)) = (&media.source, &media.title) {
            said.line(title);
        }
        if media.context.is_some() || media.cite {
            let why = "documents have neither context nor citations there";
            self.notes.lose(place.clone(), why);
        }
        match &media.source {
            Source::Text(text) => said.line(text),
            Source::Parts(parts) => {
                for part in parts {
                    match part {
                        Part::Text(text) => said.line(&text.text),
                        Part::Media(media) => self.media(media, said)?,
                        _ => {}
                    }
                }
            }
            Source::Base64 { data, .. }
                if media.kind == MediaKind::Image && self.target.caps.images =>
            {
                said.images.push(data.clone());
            }
            Source::Base64 { .. } => {
                let why = match media.kind {
                    MediaKind::Image => "the model takes no images",
                    MediaKind::Document => "Ollama takes no documents but plain text",
                    MediaKind::Audio => "Ollama takes no audio",
                    MediaKind::Video => "Ollama takes no video",
                };
                self.notes.refuse(place, why)?;
            }
            Source::Url { .. } => {
                self.notes
                    .refuse(place, "Ollama fetches nothing; send the bytes")?;
            }
            Source::File { .. } => {
                self.notes
                    .refuse(place, "file ids cannot cross providers; send the bytes")?;
            }
        }
        Ok(())
    }

    fn opaque(&mut self, part: &Part) {
        if let Part::Opaque { kind, at, .. } = part {
            self.notes.lose(
                Place::Turn(*at),
                format!("only its own vendor knows {kind}"),
            );
        }
    }
}

/// Text and images of one message.
#[derive(Default)]
struct Said {
    text: String,
    images: Vec<String>,
}

impl Said {
    fn line(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line);
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.images.is_empty()
    }

    fn message(self, role: &str) -> Message {
        Message {
            role: Some(role.to_owned()),
            content: Some(self.text),
            images: (!self.images.is_empty()).then_some(self.images),
            ..Message::default()
        }
    }
}
