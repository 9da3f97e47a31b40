//! Reads a provider's answer, streamed or whole: a whole one is a stream of one chunk.

use super::{
    calls::Calls,
    details::{self, Detail},
    error,
    think::{Piece, Splitter},
    usage::{self, UsageWire},
    wire::{CallWire, FunctionCall, Linked, PartWire, Words},
};
use crate::{
    Service, StreamReader, Unreadable, Usage,
    ir::{
        Answer, Event, Failure, FailureKind, Folder, Malformed, Media, MediaKind, Origin, Part,
        Sequencer, Source, Stop, Truncated,
    },
    json::Json,
    wire::{self, Content, Tier, wire},
};

wire! {
    /// A chunk, or a whole answer.
    struct Chunk {
        id: Words = "id",
        object: Words = "object",
        model: Words = "model",
        choices: Vec<ChoiceWire> = "choices",
        usage: UsageWire = "usage",
        tier: Tier = "service_tier",
        error: Json = "error",
        base_resp: Json = "base_resp",
    }
}

wire! {
    /// One of the answers.
    struct ChoiceWire {
        index: u64 = "index",
        delta: Delta = "delta",
        message: Delta = "message",
        finish_reason: Words = "finish_reason",
        /// OpenRouter.
        error: Json = "error",
    }
}

wire! {
    /// What is said.
    struct Delta {
        content: Content<PartWire> = "content",
        refusal: Words = "refusal",
        reasoning_content: Words = "reasoning_content",
        reasoning: Words = "reasoning",
        thinking: Words = "thinking",
        reasoning_details: Vec<Json> = "reasoning_details",
        tool_calls: Vec<CallWire> = "tool_calls",
        function_call: FunctionCall = "function_call",
        annotations: Vec<Json> = "annotations",
        images: Vec<PartWire> = "images",
    }
}

impl Chunk {
    /// The error that it is, under a status that is none.
    fn failure(&self, name: Option<&[u8]>) -> Option<Failure> {
        error::find(&error::Suspect {
            name,
            error: self.error.as_ref(),
            base_resp: self.base_resp.as_ref(),
            object: self.object.as_deref(),
            has_choices: self
                .choices
                .as_ref()
                .is_some_and(|choices| !choices.is_empty()),
            extra: &self.extra,
        })
    }
}

/// Reads one answer.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    origin: Origin,
    sequencer: Sequencer,
    calls: Calls,
    splitter: Splitter,
    /// Items of `reasoning_details` that no thinking holds yet.
    details: Vec<Detail>,
    /// Whether thinking was told in a field of its own; then what `reasoning_details` say is the same once more.
    thought: bool,
    service: Option<Service>,
    done: bool,
    failed: bool,
}

impl Reader {
    /// A reader of an answer of `origin`.
    pub(crate) fn new(origin: &Origin) -> Self {
        Self {
            origin: origin.clone(),
            ..Self::default()
        }
    }

    fn chunk(&mut self, chunk: Chunk, out: &mut Vec<Event>) -> Result<(), Malformed> {
        let said = |words: &Option<Words>| {
            let words = words.as_ref().filter(|words| !words.is_empty());
            words.map(|words| words.0.clone())
        };
        let choices = chunk.choices.unwrap_or_default();
        let id = said(&chunk.id);
        if id.is_some() || !choices.is_empty() {
            let model = said(&chunk.model);
            self.sequencer.start(id.as_deref(), model.as_deref(), out);
        }
        // It is told with the first chunk, the tokens with the last.
        self.service = chunk.tier.and_then(|tier| tier.0).or(self.service);
        if let Some(mut usage) = chunk.usage.as_ref().and_then(usage::read) {
            usage.service = self.service;
            self.sequencer.usage(usage, false, out);
        }
        for choice in choices {
            // Further answers cannot be told in the dialects of others.
            if choice.index.unwrap_or(0) == 0 {
                self.choice(choice, out)?;
            }
        }
        Ok(())
    }

    fn choice(&mut self, choice: ChoiceWire, out: &mut Vec<Event>) -> Result<(), Malformed> {
        if let Some(delta) = choice.delta.or(choice.message) {
            self.delta(delta, out)?;
        }
        let reason = choice.finish_reason.unwrap_or_default();
        match stop(&reason) {
            Some(Ok(stop)) => self.sequencer.stop(stop),
            Some(Err(kind)) => {
                let told = choice.error.as_ref().map(error::of_object);
                let words = format!("the provider ended the answer with {:?}", &*reason);
                self.fail(told.unwrap_or_else(|| Failure::new(kind, words)), out);
            }
            None => {}
        }
        Ok(())
    }

    /// One chunk may hold everything: thinking, text and calls, in this order.
    fn delta(&mut self, delta: Delta, out: &mut Vec<Event>) -> Result<(), Malformed> {
        let said = |words: Option<Words>| words.filter(|words| !words.is_empty());
        let thought = said(delta.reasoning_content)
            .or(said(delta.reasoning))
            .or(said(delta.thinking));
        let items = delta.reasoning_details.unwrap_or_default();
        self.thought |= thought.is_some();
        let thought = match thought {
            Some(words) => words.0,
            None if self.thought => String::new(),
            None => details::readable(&items),
        };
        if !thought.is_empty() {
            self.splitter.off();
            self.sequencer.thinking(&thought, out);
        }
        details::gather(&mut self.details, &items);
        match delta.content {
            Some(Content::Text(text)) => self.text(&text, out),
            Some(Content::List(parts)) => {
                for part in parts {
                    self.part(part, out);
                }
            }
            None => {}
        }
        if let Some(refusal) = said(delta.refusal) {
            self.flush(out);
            self.sequencer.refusal(&refusal, out);
        }
        for citation in delta.annotations.unwrap_or_default() {
            self.sequencer.citation(citation, out);
        }
        for image in delta.images.unwrap_or_default() {
            self.flush(out);
            self.sequencer.part(picture(image), out);
        }
        let legacy = delta.function_call.map(|function| CallWire {
            index: Some(0),
            function: Some(function),
            ..CallWire::default()
        });
        let calls = delta.tool_calls.unwrap_or_default();
        for call in calls.into_iter().chain(legacy) {
            self.flush(out);
            self.calls.take(call, &mut self.sequencer, out)?;
        }
        Ok(())
    }

    fn part(&mut self, part: PartWire, out: &mut Vec<Event>) {
        // Mistral's thinking is a part of the content.
        if let Some(thinking) = part.thinking {
            self.splitter.off();
            self.sequencer
                .thinking(&super::messages_in::words(thinking), out);
        } else if let Some(text) = part.text {
            self.text(&text, out);
        } else if let Some(refusal) = part.refusal {
            self.sequencer.refusal(&refusal, out);
        }
    }

    fn text(&mut self, text: &str, out: &mut Vec<Event>) {
        if text.is_empty() {
            return;
        }
        self.seal(out);
        self.calls.tell_names(&mut self.sequencer, out);
        let sequencer = &mut self.sequencer;
        self.splitter
            .push(text, |piece| tell(piece, sequencer, out));
    }

    /// Whatever was held back is told before something else begins.
    fn flush(&mut self, out: &mut Vec<Event>) {
        self.seal(out);
        let sequencer = &mut self.sequencer;
        self.splitter.finish(|piece| tell(piece, sequencer, out));
    }

    /// The items gathered so far belong to the thinking told last.
    fn seal(&mut self, out: &mut Vec<Event>) {
        let items: Vec<Json> = self.details.drain(..).map(|item| Json::of(&item)).collect();
        if let Some(seal) = details::seal(&items, &self.origin) {
            self.sequencer.seal(seal, out);
        }
    }

    fn fail(&mut self, failure: Failure, out: &mut Vec<Event>) {
        if !self.failed {
            self.failed = true;
            out.push(Event::Failed(failure));
        }
    }
}

impl StreamReader for Reader {
    fn read(
        &mut self,
        name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        let data = data.trim_ascii();
        if data.starts_with(b"[DONE]") {
            self.done = true;
        }
        if self.done || self.failed || data.is_empty() {
            return Ok(());
        }
        let chunk: Chunk = wire::read(data).map_err(|error| {
            Malformed(format!("an event of its stream is not a chunk ({error})"))
        })?;
        if let Some(failure) = chunk.failure(name) {
            self.fail(failure, out);
            return Ok(());
        }
        self.chunk(chunk, out)
    }

    fn is_over(&self) -> bool {
        self.done || self.failed
    }

    fn usage(&self) -> Option<Usage> {
        self.sequencer.told_usage()
    }

    fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), Truncated> {
        if self.failed {
            return Ok(());
        }
        if !self.done && !self.sequencer.is_stopped() {
            return Err(Truncated);
        }
        self.flush(out);
        self.calls.finish(&mut self.sequencer, out);
        // `[DONE]` tells an end as well as a reason does; the first reason counts.
        self.sequencer.stop(Stop::End);
        self.sequencer.finish(out)
    }
}

fn tell(piece: Piece, sequencer: &mut Sequencer, out: &mut Vec<Event>) {
    match piece {
        Piece::Thinking(text) => sequencer.thinking(&text, out),
        Piece::Text(text) => sequencer.text(&text, out),
    }
}

/// Why an answer ended; an error where it broke off. The empty word and null say nothing.
fn stop(reason: &str) -> Option<Result<Stop, FailureKind>> {
    Some(match reason {
        "" => return None,
        "length" | "max_tokens" => Ok(Stop::MaxTokens),
        "model_context_window_exceeded" | "context_length_exceeded" | "model_length" => {
            Ok(Stop::ContextFull)
        }
        "tool_calls" | "function_call" => Ok(Stop::ToolUse),
        "content_filter" | "sensitive" => Ok(Stop::Refusal {
            category: Some(reason.to_owned()),
            explanation: None,
        }),
        "error" | "network_error" => Err(FailureKind::Server),
        _ => Ok(Stop::End),
    })
}

/// An image of the answer (OpenRouter).
fn picture(part: PartWire) -> Part {
    let Linked(image) = part.image_url.unwrap_or_default();
    let url = image.url.unwrap_or_default();
    Part::Media(Media {
        kind: MediaKind::Image,
        source: Source::of_data_url(&url).unwrap_or(Source::Url { url, mime: None }),
        title: None,
        context: None,
        detail: None,
        cite: false,
        cache: None,
        at: crate::ir::At::default(),
    })
}

/// Reads a whole answer.
pub(crate) fn read_answer(body: &[u8], origin: &Origin) -> Result<Answer, Unreadable> {
    let malformed = |words: String| Unreadable::Malformed(Malformed(words));
    let chunk: Chunk = wire::read(body)
        .map_err(|error| malformed(format!("its answer cannot be read ({error})")))?;
    if let Some(failure) = chunk.failure(None) {
        return Err(Unreadable::Failure(failure));
    }
    let Some(choice) = chunk.choices.as_ref().and_then(|choices| choices.first()) else {
        return Err(malformed("its answer holds no choices".to_owned()));
    };
    if choice.message.is_none() && choice.delta.is_none() {
        return Err(malformed("its answer holds no message".to_owned()));
    }
    let mut reader = Reader::new(origin);
    // A whole answer is over, whether it says why or not.
    let mut events = Vec::new();
    reader
        .chunk(chunk, &mut events)
        .map_err(Unreadable::Malformed)?;
    reader.done = true;
    reader
        .finish(&mut events)
        .map_err(|error| malformed(error.to_string()))?;
    let mut folder = Folder::default();
    for event in events {
        folder.push(event);
    }
    let mut answer = folder.finish().map_err(Unreadable::Failure)?;
    let has_calls = answer.has_calls();
    answer.stop = answer.stop.with_calls(has_calls);
    for part in &answer.parts {
        if let Part::Call(call) = part
            && !call.arguments.is_object()
        {
            let words = format!("the arguments of its call to {:?} are no object", call.name);
            return Err(malformed(words));
        }
    }
    Ok(answer)
}
