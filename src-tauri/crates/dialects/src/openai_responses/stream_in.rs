//! Reads a provider's stream.
//!
//! Items are told apart by their id, or by their index where there is no id. What comes whole (`….done` events and
//! the response at the end) is only used for what its deltas did not tell.

use serde::Deserialize;

use super::{
    answer_in::{ResponseIn, opaque, seal},
    error,
    items_in::reasoning_text,
    usage::UsageIn,
    wire::{Item, Piece},
};
use crate::{
    StreamReader,
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

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Refusal,
    Summary,
    Reasoning,
}

/// How much of one text was told.
#[derive(Debug)]
struct Told {
    kind: Kind,
    index: u64,
    bytes: usize,
}

/// An item of the answer.
#[derive(Debug, Default)]
struct Seen {
    index: Option<u64>,
    id: Option<String>,
    kind: Option<String>,
    told: Vec<Told>,
    /// Bytes of arguments or of free text told.
    arguments: usize,
    /// The argument that holds free text was begun.
    begun: bool,
    annotations: usize,
    /// The name of the call was told.
    named: bool,
    done: bool,
}

/// Reads the stream of one answer.
#[derive(Debug)]
pub(super) struct Reader {
    origin: Origin,
    sequencer: Sequencer,
    items: Vec<Seen>,
    over: bool,
    failed: bool,
}

impl Reader {
    pub(super) fn new(origin: &Origin) -> Self {
        Self {
            origin: origin.clone(),
            sequencer: Sequencer::default(),
            items: Vec::new(),
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
                let at = self.find(frame.output_index, frame.item_id.as_deref());
                let free = kind.starts_with("response.custom");
                self.argue(at, free, frame.delta.as_deref().unwrap_or_default(), out)?;
            }
            "response.output_text.done" => self.whole(Kind::Text, &frame, out),
            "response.refusal.done" => self.whole(Kind::Refusal, &frame, out),
            "response.reasoning_summary_text.done" => self.whole(Kind::Summary, &frame, out),
            "response.reasoning_text.done" => self.whole(Kind::Reasoning, &frame, out),
            "response.function_call_arguments.done" | "response.custom_tool_call_input.done" => {
                self.begin(out);
                let at = self.find(frame.output_index, frame.item_id.as_deref());
                let free = kind.starts_with("response.custom");
                let whole = frame.arguments.or(frame.input).unwrap_or_default();
                self.rest_of_arguments(at, free, &whole, out)?;
            }
            "response.output_text.annotation.added" => {
                self.begin(out);
                let at = self.find(frame.output_index, frame.item_id.as_deref());
                if let Some(annotation) = frame.annotation.take() {
                    self.items[at].annotations += 1;
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
                    let at = self.find(frame.output_index, item.id.as_deref());
                    self.complete(at, item, &raw, out)?;
                }
            }
            "response.completed" | "response.incomplete" | "response.done" => {
                self.terminal(frame.response.unwrap_or_default(), out)?;
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

    /// The item of this id, or of this index where one of the two has no id; a new one where there is none.
    fn find(&mut self, index: Option<u64>, id: Option<&str>) -> usize {
        let by_id = id.and_then(|id| {
            let mut items = self.items.iter();
            items.position(|item| item.id.as_deref() == Some(id))
        });
        let by_index = || {
            let index = index?;
            let fits =
                |item: &Seen| item.index == Some(index) && (id.is_none() || item.id.is_none());
            self.items.iter().rposition(fits)
        };
        let found = by_id.or_else(by_index);
        let at = found.unwrap_or_else(|| {
            self.items.push(Seen::default());
            self.items.len() - 1
        });
        let item = &mut self.items[at];
        item.index = item.index.or(index);
        if item.id.is_none() {
            item.id = id.map(str::to_owned);
        }
        at
    }

    fn added(
        &mut self,
        index: Option<u64>,
        item: &Item,
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        let at = self.find(index, item.id.as_deref());
        self.items[at].kind.clone_from(&item.kind);
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
        if self.items[at].named {
            return Ok(());
        }
        self.items[at].named = known;
        let id = item.call_id.as_deref().filter(|id| !id.is_empty());
        let id = id.or(item.id.as_deref());
        self.sequencer
            .call(&key(at), id, item.name.as_deref(), "", out)
    }

    /// A delta of some text.
    fn flow(&mut self, kind: Kind, frame: &Frame, out: &mut Vec<Event>) {
        let delta = frame.delta.as_deref().unwrap_or_default();
        self.begin(out);
        let at = self.find(frame.output_index, frame.item_id.as_deref());
        let index = frame.content_index.or(frame.summary_index);
        self.tell(at, kind, index.unwrap_or_default(), delta, out);
    }

    /// Some text as a whole: what its deltas left out.
    fn whole(&mut self, kind: Kind, frame: &Frame, out: &mut Vec<Event>) {
        let text = frame.text.as_deref().or(frame.refusal.as_deref());
        self.begin(out);
        let at = self.find(frame.output_index, frame.item_id.as_deref());
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
        let mut told = self.items[at].told.iter();
        let told = told.find(|told| told.kind == kind && told.index == index);
        if let Some(rest) = whole.get(told.map_or(0, |told| told.bytes)..) {
            self.tell(at, kind, index, rest, out);
        }
    }

    fn tell(&mut self, at: usize, kind: Kind, index: u64, text: &str, out: &mut Vec<Event>) {
        if text.is_empty() {
            return;
        }
        let told = &mut self.items[at].told;
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
        let item = &mut self.items[at];
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
        match whole.get(self.items[at].arguments..) {
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
        if std::mem::replace(&mut self.items[at].done, true) {
            return Ok(());
        }
        self.items[at].kind.clone_from(&item.kind);
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
                if free {
                    if !self.items[at].begun {
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
                if annotations > self.items[at].annotations {
                    self.sequencer.citation(annotation, out);
                }
            }
        }
        self.sequencer.close_flow(out);
    }

    fn reasoning(&mut self, at: usize, item: Item, out: &mut Vec<Event>) {
        if let Some(seal) = seal(&item, &self.origin) {
            if self.items[at].told.is_empty() {
                let text = reasoning_text(item.summary, item.content);
                self.tell(at, Kind::Summary, 0, &text, out);
            }
            self.sequencer.seal(seal, out);
        } else if self.items[at].told.is_empty() {
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
        if let Some(failure) = response.failure() {
            self.end(Event::Failed(failure), out);
            return Ok(());
        }
        for (index, raw) in response
            .output
            .take()
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            let item: Item = raw.read().unwrap_or_default();
            let at = self.find_whole(index as u64, &item);
            self.complete(at, item, raw, out)?;
        }
        let told = |kind: Kind| {
            let mut all = self.items.iter().flat_map(|item| &item.told);
            all.any(|told| told.kind == kind)
        };
        let only_refused = told(Kind::Refusal) && !told(Kind::Text) && !self.sequencer.has_calls();
        self.sequencer.stop(response.stop(only_refused));
        if let Some(usage) = response.usage.take() {
            self.sequencer.usage(UsageIn::read(usage), false, out);
        }
        self.over = true;
        // Nothing follows the end, so it is told at once.
        self.sequencer
            .finish(out)
            .map_err(|error| Malformed(error.to_string()))
    }

    /// The item that stands at this position of the response. Some servers tell other ids there than before.
    fn find_whole(&mut self, index: u64, item: &Item) -> usize {
        let id = item.id.as_deref();
        let known = |seen: &Seen| id.is_some() && seen.id.as_deref() == id;
        if self.items.iter().any(known) {
            return self.find(Some(index), id);
        }
        let same = |seen: &Seen| {
            seen.index == Some(index) && (seen.kind.is_none() || seen.kind == item.kind)
        };
        match self.items.iter().position(same) {
            Some(at) => at,
            None => self.find(None, id),
        }
    }

    fn fail(&mut self, frame: &Frame, out: &mut Vec<Event>) {
        let response = frame.response.as_ref();
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
            if !self.items.is_empty() && self.items.iter().all(|item| item.done) {
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
