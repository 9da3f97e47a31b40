//! Reads a provider's stream.
//!
//! What comes whole (`….done` events and the response at the end) is only used for what its deltas did not tell.

use serde::Deserialize;

use super::{
    answer_in::{ResponseIn, opaque, seal},
    error,
    items_in::{call_kind, reasoning_text},
    seen::{Hint, Items, Kind, Told},
    wire::{Item, Piece},
};
use crate::{
    StreamReader, Usage,
    ir::{CallKey, Event, Malformed, Origin, Sequencer, Stop, Truncated},
    json::Json,
    wire::Content,
};

/// An event of any type.
#[derive(Debug, Default, Deserialize)]
struct Frame {
    r#type: Option<String>,
    output_index: Option<u64>,
    content_index: Option<u64>,
    summary_index: Option<u64>,
    item_id: Option<String>,
    delta: Option<String>,
    text: Option<String>,
    refusal: Option<String>,
    arguments: Option<String>,
    input: Option<String>,
    annotation: Option<Json>,
    item: Option<Json>,
    response: Option<ResponseIn>,
    error: Option<Json>,
}

impl Frame {
    /// What it tells of its item, which is of this kind.
    fn about<'a>(&'a self, kind: &'a str) -> Hint<'a> {
        Hint {
            index: self.output_index,
            id: self.item_id.as_deref().filter(|id| !id.is_empty()),
            call_id: None,
            kind: Some(kind),
        }
    }

    fn call(&self, free: bool) -> Hint<'_> {
        self.about(if free {
            "custom_tool_call"
        } else {
            "function_call"
        })
    }
}

/// Reads the stream of one answer.
#[derive(Debug)]
pub(super) struct Reader {
    origin: Origin,
    sequencer: Sequencer,
    items: Items,
    over: bool,
    failed: bool,
}

impl Reader {
    pub(super) fn new(origin: &Origin) -> Self {
        Self {
            origin: origin.clone(),
            sequencer: Sequencer::default(),
            items: Items::default(),
            over: false,
            failed: false,
        }
    }

    fn handle(
        &mut self,
        kind: &str,
        mut frame: Frame,
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        match kind {
            "response.created" | "response.in_progress" | "response.queued" => {
                let response = frame.response.unwrap_or_default();
                let (id, model) = (response.id.as_deref(), response.model.as_deref());
                self.sequencer.start(id, model, out);
            }
            "response.output_text.delta" => self.flow(Kind::Text, &frame, out),
            "response.refusal.delta" => self.flow(Kind::Refusal, &frame, out),
            "response.reasoning_summary_text.delta" => self.flow(Kind::Summary, &frame, out),
            "response.reasoning_text.delta" => self.flow(Kind::Reasoning, &frame, out),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.begin(out);
                let free = kind.starts_with("response.custom");
                let at = self.items.find(frame.call(free));
                self.argue(at, free, frame.delta.as_deref().unwrap_or_default(), out)?;
            }
            "response.output_text.done" => self.whole(Kind::Text, &frame, out),
            "response.refusal.done" => self.whole(Kind::Refusal, &frame, out),
            "response.reasoning_summary_text.done" => self.whole(Kind::Summary, &frame, out),
            "response.reasoning_text.done" => self.whole(Kind::Reasoning, &frame, out),
            "response.function_call_arguments.done" | "response.custom_tool_call_input.done" => {
                self.begin(out);
                let free = kind.starts_with("response.custom");
                let at = self.items.find_text(frame.call(free));
                let whole = frame.arguments.or(frame.input).unwrap_or_default();
                self.rest_of_arguments(at, free, &whole, out)?;
            }
            "response.output_text.annotation.added" => {
                self.begin(out);
                let at = self.items.find_text(frame.about(Kind::Text.item()));
                if let Some(annotation) = frame.annotation.take() {
                    self.items.get(at).annotations += 1;
                    self.sequencer.citation(annotation, out);
                }
            }
            "response.output_item.added" => {
                self.begin(out);
                if let Some(item) = frame.item.and_then(|item| item.read::<Item>().ok()) {
                    self.added(frame.output_index, &item, out)?;
                }
            }
            "response.output_item.done" => {
                self.begin(out);
                if let Some(raw) = frame.item {
                    let item: Item = raw.read().unwrap_or_default();
                    let at = self.items.find(Hint::of(frame.output_index, &item));
                    self.complete(at, item, &raw, out)?;
                }
            }
            "response.completed" | "response.incomplete" | "response.done" => {
                let mut response = frame.response.unwrap_or_default();
                if kind == "response.incomplete" {
                    response.status.get_or_insert("incomplete".to_owned());
                }
                self.terminal(response, out)?;
            }
            "response.failed" | "response.cancelled" | "error" => self.fail(&frame, out),
            // Progress of the vendor's own tools, and what is yet to be invented.
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, out: &mut Vec<Event>) {
        self.sequencer.start(None, None, out);
    }

    fn added(
        &mut self,
        index: Option<u64>,
        item: &Item,
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        let at = self.items.begin(Hint::of(index, item));
        self.items.get(at).kind.clone_from(&item.kind);
        self.name(at, item, out)
    }

    /// Tells what is known of a call's identity.
    fn name(&mut self, at: usize, item: &Item, out: &mut Vec<Event>) -> Result<(), Malformed> {
        if !matches!(
            item.kind.as_deref(),
            Some("function_call" | "custom_tool_call")
        ) {
            return Ok(());
        }
        // A call that is whole may be given out already, and is not begun anew by its name.
        let known = item.name.as_deref().is_some_and(|name| !name.is_empty());
        if self.items.get(at).named {
            return Ok(());
        }
        self.items.get(at).named = known;
        let id = item.call_id.as_deref().filter(|id| !id.is_empty());
        let id = id.or(item.id.as_deref());
        let name = item.name.as_deref();
        let kind = call_kind(item);
        self.sequencer.call_of(&key(at), kind, id, name, "", out)
    }

    /// A delta of some text.
    fn flow(&mut self, kind: Kind, frame: &Frame, out: &mut Vec<Event>) {
        let delta = frame.delta.as_deref().unwrap_or_default();
        self.begin(out);
        let at = self.items.find(frame.about(kind.item()));
        let index = frame.content_index.or(frame.summary_index);
        self.tell(at, kind, index.unwrap_or_default(), delta, out);
    }

    /// Some text as a whole: what its deltas left out.
    fn whole(&mut self, kind: Kind, frame: &Frame, out: &mut Vec<Event>) {
        let text = frame.text.as_deref().or(frame.refusal.as_deref());
        self.begin(out);
        let at = self.items.find_text(frame.about(kind.item()));
        let index = frame.content_index.or(frame.summary_index);
        self.rest(
            at,
            kind,
            index.unwrap_or_default(),
            text.unwrap_or_default(),
            out,
        );
    }

    fn rest(&mut self, at: usize, kind: Kind, index: u64, whole: &str, out: &mut Vec<Event>) {
        let mut told = self.items.get(at).told.iter();
        let told = told.find(|told| told.kind == kind && told.index == index);
        if let Some(rest) = whole.get(told.map_or(0, |told| told.bytes)..) {
            self.tell(at, kind, index, rest, out);
        }
    }

    fn tell(&mut self, at: usize, kind: Kind, index: u64, text: &str, out: &mut Vec<Event>) {
        if text.is_empty() {
            return;
        }
        let told = &mut self.items.get(at).told;
        // Reasoning and its summary say the same; the one that is told first counts.
        let other = match kind {
            Kind::Summary => Some(Kind::Reasoning),
            Kind::Reasoning => Some(Kind::Summary),
            Kind::Text | Kind::Refusal => None,
        };
        if other.is_some_and(|other| told.iter().any(|told| told.kind == other)) {
            return;
        }
        let begun = told
            .iter_mut()
            .find(|told| told.kind == kind && told.index == index);
        let mut parted = false;
        if let Some(told) = begun {
            told.bytes += text.len();
        } else {
            parted = kind == Kind::Summary && !told.is_empty();
            told.push(Told {
                kind,
                index,
                bytes: text.len(),
            });
        }
        match kind {
            Kind::Text => self.sequencer.text(text, out),
            Kind::Refusal => self.sequencer.refusal(text, out),
            Kind::Summary | Kind::Reasoning => {
                if parted {
                    self.sequencer.thinking("\n\n", out);
                }
                self.sequencer.thinking(text, out);
            }
        }
    }

    /// A delta of a call. Free text goes on as the string of the argument `input`.
    fn argue(
        &mut self,
        at: usize,
        free: bool,
        delta: &str,
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        let item = self.items.get(at);
        item.arguments += delta.len();
        if !free {
            return self.sequencer.call(&key(at), None, None, delta, out);
        }
        let mut piece = String::new();
        if !std::mem::replace(&mut item.begun, true) {
            piece.push_str(r#"{"input":""#);
        }
        let escaped = serde_json::to_string(delta).unwrap_or_default();
        piece.push_str(inner(&escaped));
        self.sequencer.call(&key(at), None, None, &piece, out)
    }

    fn rest_of_arguments(
        &mut self,
        at: usize,
        free: bool,
        whole: &str,
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        match whole.get(self.items.get(at).arguments..) {
            Some(rest) if !rest.is_empty() => self.argue(at, free, rest, out),
            _ => Ok(()),
        }
    }

    /// An item as a whole.
    fn complete(
        &mut self,
        at: usize,
        item: Item,
        raw: &Json,
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        if std::mem::replace(&mut self.items.get(at).done, true) {
            return Ok(());
        }
        self.items.get(at).kind.clone_from(&item.kind);
        match item.kind.as_deref() {
            Some("message") => self.message(at, item.content, out),
            Some("reasoning") => self.reasoning(at, item, out),
            Some(kind @ ("function_call" | "custom_tool_call")) => {
                self.name(at, &item, out)?;
                let free = kind == "custom_tool_call";
                let whole = match (&item.input, &item.arguments) {
                    (Some(input), None) => input.clone(),
                    (_, Some(arguments)) => arguments
                        .read()
                        .unwrap_or_else(|_| arguments.text().to_owned()),
                    (None, None) => String::new(),
                };
                self.rest_of_arguments(at, free, &whole, out)?;
                // Free text in the middle of which the tokens ran out is not told as whole.
                if free && item.status.as_deref() != Some("incomplete") {
                    if !self.items.get(at).begun {
                        self.argue(at, true, "", out)?;
                    }
                    self.sequencer.call(&key(at), None, None, r#""}"#, out)?;
                }
                self.sequencer.close_call(&key(at), out);
            }
            kind => self
                .sequencer
                .part(opaque(kind.unwrap_or("unknown"), raw), out),
        }
        Ok(())
    }

    fn message(&mut self, at: usize, content: Option<Content<Piece>>, out: &mut Vec<Event>) {
        let pieces = match content {
            Some(Content::List(pieces)) => pieces,
            Some(Content::Text(text)) => {
                self.rest(at, Kind::Text, 0, &text, out);
                Vec::new()
            }
            None => Vec::new(),
        };
        let mut annotations = 0;
        for (index, piece) in pieces.into_iter().enumerate() {
            if let Some(text) = &piece.text {
                self.rest(at, Kind::Text, index as u64, text, out);
            }
            if let Some(refusal) = &piece.refusal {
                self.rest(at, Kind::Refusal, index as u64, refusal, out);
            }
            for annotation in piece.annotations.unwrap_or_default() {
                annotations += 1;
                if annotations > self.items.get(at).annotations {
                    self.sequencer.citation(annotation, out);
                }
            }
        }
        self.sequencer.close_flow(out);
    }

    fn reasoning(&mut self, at: usize, item: Item, out: &mut Vec<Event>) {
        if let Some(seal) = seal(&item, &self.origin) {
            if self.items.get(at).told.is_empty() {
                let text = reasoning_text(item.summary, item.content);
                self.tell(at, Kind::Summary, 0, &text, out);
            }
            self.sequencer.seal(seal, out);
        } else if self.items.get(at).told.is_empty() {
            let text = reasoning_text(item.summary, item.content);
            self.tell(at, Kind::Summary, 0, &text, out);
        }
        self.sequencer.close_flow(out);
    }

    fn terminal(
        &mut self,
        mut response: ResponseIn,
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        let (id, model) = (response.id.as_deref(), response.model.as_deref());
        self.sequencer.start(id, model, out);
        if let Some(usage) = response.usage() {
            self.sequencer.usage(usage, false, out);
        }
        if let Some(failure) = response.failure() {
            self.end(Event::Failed(failure), out);
            return Ok(());
        }
        let output = response.output.take().unwrap_or_default();
        let mut claimed = Vec::with_capacity(output.len());
        for (index, raw) in output.iter().enumerate() {
            let item: Item = raw.read().unwrap_or_default();
            let hint = Hint::of(Some(index as u64), &item);
            let at = self.items.find_whole(hint, &claimed);
            claimed.push(at);
            self.complete(at, item, raw, out)?;
        }
        self.sequencer.stop(response.stop());
        self.over = true;
        // Nothing follows the end, so it is told at once.
        self.sequencer
            .finish(out)
            .map_err(|error| Malformed(error.to_string()))
    }

    fn fail(&mut self, frame: &Frame, out: &mut Vec<Event>) {
        let response = frame.response.as_ref();
        if let Some(usage) = response.and_then(ResponseIn::usage) {
            self.sequencer.usage(usage, false, out);
        }
        let failure = response.and_then(ResponseIn::failure).unwrap_or_else(|| {
            let error = frame.error.clone().unwrap_or_else(Json::null);
            error::of_error(&error, None)
        });
        self.end(Event::Failed(failure), out);
    }

    fn end(&mut self, event: Event, out: &mut Vec<Event>) {
        out.push(event);
        self.failed = true;
        self.over = true;
    }
}

fn key(at: usize) -> CallKey {
    CallKey::Index(at as u64)
}

/// A JSON string without its quotes.
fn inner(quoted: &str) -> &str {
    quoted
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or_default()
}

impl StreamReader for Reader {
    fn read(
        &mut self,
        name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        // The first end counts.
        if self.over || data.trim_ascii().is_empty() {
            return Ok(());
        }
        if data.starts_with(b"[DONE]") {
            // It is no end by itself unless everything that was begun is over.
            if !self.items.all().is_empty() && self.items.all().iter().all(|item| item.done) {
                self.sequencer.stop(Stop::End);
                self.over = true;
            }
            return Ok(());
        }
        let frame = match serde_json::from_slice::<Frame>(data) {
            Ok(frame) => frame,
            Err(error) => return unread(data, &error),
        };
        let told = frame.r#type.clone();
        let name = name.and_then(|name| std::str::from_utf8(name).ok());
        let kind = match told.as_deref().or(name) {
            _ if frame.error.as_ref().is_some_and(|error| !error.is_null()) => "error",
            Some(kind) => kind,
            None => return Ok(()),
        };
        if kind == "error" && frame.error.is_none() {
            // The reference puts code and message beside the type.
            let error = Json::parse(String::from_utf8_lossy(data));
            let failure = error::of_error(&error.unwrap_or_else(|_| Json::null()), None);
            self.end(Event::Failed(failure), out);
            return Ok(());
        }
        self.handle(kind, frame, out)
    }

    fn is_over(&self) -> bool {
        self.over
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

/// An event whose fields are not as expected: fine where its type is not one that is understood here.
fn unread(data: &[u8], error: &serde_json::Error) -> Result<(), Malformed> {
    #[derive(Deserialize)]
    struct Named {
        r#type: String,
    }
    const UNDERSTOOD: [&str; 8] = [
        "response.output_",
        "response.refusal.",
        "response.reasoning_",
        "response.function_call_",
        "response.custom_tool_call_input",
        "response.completed",
        "response.incomplete",
        "response.failed",
    ];
    let named = serde_json::from_slice::<Named>(data);
    match named {
        Ok(named) if !UNDERSTOOD.iter().any(|head| named.r#type.starts_with(head)) => Ok(()),
        _ => Err(Malformed(format!("an event cannot be read: {error}"))),
    }
}
