//! Ollama's answers: lines of a stream, of which a whole answer is the only one.

use super::{
    error,
    wire::{Call as WireCall, Line},
};
use crate::{
    Dialect, StreamReader, Unreadable, Usage, ids,
    ir::{
        Answer, CallKey, Event, Folder, Malformed, Origin, Part, Seal, Sequencer, Stop, Truncated,
    },
    json::Json,
    wire::Int,
};

/// Ollama signs nothing. Thinking is sealed with this word, so that other clients carry along whose it is.
const UNSIGNED: &str = "unsigned";

/// Reads a stream.
pub(super) struct Reader {
    origin: Origin,
    sequencer: Sequencer,
    thinks: bool,
    failed: bool,
    over: bool,
    calls: u64,
}

impl Reader {
    pub(super) fn new(origin: &Origin) -> Self {
        Self {
            origin: origin.clone(),
            sequencer: Sequencer::default(),
            thinks: false,
            failed: false,
            over: false,
            calls: 0,
        }
    }

    fn line(&mut self, line: Line, data: &[u8], out: &mut Vec<Event>) -> Result<(), Malformed> {
        if let Some(error) = line.error {
            self.failed = true;
            out.push(Event::Failed(error::told(&error, None)));
            return Ok(());
        }
        self.sequencer.start(None, line.model.as_deref(), out);
        let message = line.message.unwrap_or_default();
        for text in [message.thinking, line.thinking].into_iter().flatten() {
            self.thinks |= !text.is_empty();
            self.sequencer.thinking(&text, out);
        }
        for text in [message.content, line.response].into_iter().flatten() {
            if !text.is_empty() {
                self.seal(out);
            }
            self.sequencer.text(&text, out);
        }
        for image in message.images.unwrap_or_default() {
            self.seal(out);
            let image = super::messages_in::image(image, crate::ir::At::default());
            self.sequencer.part(Part::Media(image), out);
        }
        for call in message.calls.unwrap_or_default() {
            self.seal(out);
            self.call(call, data, out)?;
        }
        let count = |told: Option<Int>| told.map_or(0, Int::count);
        if line.prompt_tokens.is_some() || line.tokens.is_some() {
            let usage = Usage {
                input: count(line.prompt_tokens),
                output: count(line.tokens),
                ..Usage::default()
            };
            self.sequencer.usage(usage, false, out);
        }
        if line.done == Some(true) {
            self.over = true;
            self.seal(out);
            self.sequencer.stop(match line.reason.as_deref() {
                Some("length") => Stop::MaxTokens,
                _ => Stop::End,
            });
        }
        Ok(())
    }

    /// Thinking is over.
    fn seal(&mut self, out: &mut Vec<Event>) {
        if std::mem::take(&mut self.thinks) {
            let seal = Seal::new(Dialect::Ollama, &self.origin, UNSIGNED);
            self.sequencer.seal(seal, out);
            self.sequencer.close(out);
        }
    }

    fn call(&mut self, call: WireCall, data: &[u8], out: &mut Vec<Event>) -> Result<(), Malformed> {
        let key = CallKey::Index(self.calls);
        // Answers have no ids; lines tell when they were made, which sets them apart.
        let made = || ids::call(&ids::base62(&[data], 22), self.calls);
        let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(made);
        self.calls += 1;
        let function = call.function.unwrap_or_default();
        let arguments = function.arguments.filter(|given| !given.is_null());
        let arguments = arguments.map_or_else(Json::empty_object, unquoted);
        let name = function.name.as_deref();
        self.sequencer
            .call(&key, Some(&id), name, &arguments.compact(), out)?;
        self.sequencer.close_call(&key, out);
        Ok(())
    }
}

/// Arguments that a server wrote as text, as the object in it.
fn unquoted(arguments: Json) -> Json {
    let text = arguments.read::<String>().ok();
    let inside = text.and_then(|text| Json::parse(text).ok());
    inside.filter(Json::is_object).unwrap_or(arguments)
}

impl StreamReader for Reader {
    fn read(
        &mut self,
        _name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        let data = data.trim_ascii();
        if data.is_empty() || self.failed {
            return Ok(());
        }
        let line: Line = serde_json::from_slice(data)
            .map_err(|error| Malformed(format!("a line of its stream cannot be read ({error})")))?;
        let says = line.message.is_some()
            || line.response.is_some()
            || line.done.is_some()
            || line.error.is_some();
        if !says {
            let words = "a line of its stream holds neither a message nor an end";
            return Err(Malformed(words.to_owned()));
        }
        self.line(line, data, out)
    }

    fn is_over(&self) -> bool {
        self.over || self.failed
    }

    fn usage(&self) -> Option<Usage> {
        self.sequencer.told_usage()
    }

    fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), Truncated> {
        if self.failed {
            return Ok(());
        }
        self.sequencer.finish(out)
    }
}

/// Reads a whole answer, also one that came in lines.
pub(super) fn answer(body: &[u8], origin: &Origin) -> Result<Answer, Unreadable> {
    let mut reader = Reader::new(origin);
    let mut events = Vec::new();
    let is_whole = serde_json::from_slice::<&serde_json::value::RawValue>(body).is_ok();
    let lines: Vec<&[u8]> = if is_whole {
        vec![body]
    } else {
        body.split(|byte| *byte == b'\n').collect()
    };
    for line in lines {
        reader
            .read(None, line, &mut events)
            .map_err(Unreadable::Malformed)?;
    }
    let truncated = |Truncated| Unreadable::Malformed(Malformed(Truncated.to_string()));
    reader.finish(&mut events).map_err(truncated)?;
    let mut folder = Folder::default();
    for event in events {
        folder.push(event);
    }
    folder.finish().map_err(Unreadable::Failure)
}
