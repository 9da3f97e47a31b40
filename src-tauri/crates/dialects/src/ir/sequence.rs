//! Brings what a provider streams into the one grammar of [`Event`]s.
//!
//! Providers interleave calls, tell ids late, repeat finishes, send content behind them. All of it goes through one
//! queue of parts: the part at its head streams at once, the others are held until the head is over. A call's part is
//! over when its arguments are one whole JSON value; text and thinking are over when anything else begins.

use std::collections::VecDeque;

use super::{CallKind, Event, Failure, FailureKind, Opening, Part, Seal, Stop};
use crate::{
    Usage, ids,
    json::{Json, Prefix},
    sse::MAX_EVENT,
};

/// What identifies a call while it streams, in the provider's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallKey {
    /// Its index.
    Index(u64),
    /// Its id, or the id of its item.
    Id(String),
    /// Nothing was told: the call begun last.
    Last,
}

/// The provider sent what its dialect does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// The stream ended before the answer was whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stream ended before the answer was whole")]
pub struct Truncated;

/// Puts a provider's pieces in order. One for each stream.
#[derive(Debug, Default)]
pub struct Sequencer {
    started: bool,
    seed: String,
    made: u64,
    queue: VecDeque<Item>,
    /// Whether the head's `Open` was given out.
    open: bool,
    /// Whether a call was opened.
    calls: bool,
    /// Why a call that is over cannot be run.
    unfit: Option<&'static str>,
    /// Whether there was a refusal, and whether there was anything else for a reader.
    refused: bool,
    said: bool,
    /// Bytes held until the parts before them are over.
    held: usize,
    usage: Option<Usage>,
    stop: Option<Stop>,
    finished: bool,
}

#[derive(Debug)]
enum Item {
    Flow(Flow),
    Call(PendingCall),
    Part(Option<Part>),
}

/// Text, thinking or a refusal.
#[derive(Debug)]
struct Flow {
    opening: Opening,
    held: Vec<Event>,
    seal: Option<Seal>,
    closed: bool,
}

#[derive(Debug)]
struct PendingCall {
    key: CallKey,
    id: Option<String>,
    name: Option<String>,
    kind: CallKind,
    held: String,
    arguments: Prefix,
    closed: bool,
}

impl Sequencer {
    /// The answer begins. Only the first call counts.
    pub fn start(&mut self, id: Option<&str>, model: Option<&str>, out: &mut Vec<Event>) {
        if !self.started {
            self.started = true;
            id.unwrap_or_default().clone_into(&mut self.seed);
            out.push(Event::Start {
                id: id.map(str::to_owned),
                model: model.map(str::to_owned),
            });
        }
    }

    /// Text. Nothing happens when it is empty.
    pub fn text(&mut self, text: &str, out: &mut Vec<Event>) {
        self.flow(Opening::Text, text, out);
    }

    /// Thinking. Nothing happens when it is empty.
    pub fn thinking(&mut self, text: &str, out: &mut Vec<Event>) {
        self.flow(Opening::Thinking, text, out);
    }

    /// A refusal in words.
    pub fn refusal(&mut self, text: &str, out: &mut Vec<Event>) {
        self.flow(Opening::Refusal, text, out);
    }

    /// A source of the text told last.
    pub fn citation(&mut self, citation: Json, out: &mut Vec<Event>) {
        if let Some(Item::Flow(flow)) = self.queue.back_mut() {
            flow.held.push(Event::Citation(citation));
            self.advance(out);
        }
    }

    /// Reasoning state of the thinking told last; a thinking part without text is made where there is none. The state of
    /// a call (Gemini) is told this way too, before the call.
    pub fn seal(&mut self, seal: Seal, out: &mut Vec<Event>) {
        let open = matches!(self.queue.back(), Some(Item::Flow(flow)) if flow.opening == Opening::Thinking && !flow.closed);
        if !open {
            self.push(Item::Flow(Flow::new(Opening::Thinking)), out);
        }
        if let Some(Item::Flow(flow)) = self.queue.back_mut() {
            flow.seal = Some(seal);
        }
        self.advance(out);
    }

    /// The part told last is over, though nothing else has begun.
    pub fn close(&mut self, out: &mut Vec<Event>) {
        match self.queue.back_mut() {
            Some(Item::Call(call)) => call.closed = true,
            Some(Item::Flow(flow)) => flow.closed = true,
            Some(Item::Part(_)) | None => {}
        }
        self.advance(out);
    }

    /// The text, thinking or refusal told last is over. Nothing happens where a call was begun since.
    pub fn close_flow(&mut self, out: &mut Vec<Event>) {
        if let Some(Item::Flow(flow)) = self.queue.back_mut() {
            flow.closed = true;
            self.advance(out);
        }
    }

    /// A part that comes whole.
    pub fn part(&mut self, part: Part, out: &mut Vec<Event>) {
        self.said |= !matches!(part, Part::Thinking(_));
        self.push(Item::Part(Some(part)), out);
    }

    /// A piece of a call: whatever of id, name and arguments is told now. Empty words tell nothing.
    pub fn call(
        &mut self,
        key: &CallKey,
        id: Option<&str>,
        name: Option<&str>,
        arguments: &str,
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        self.call_of(key, CallKind::Function, id, name, arguments, out)
    }

    /// The same of a call whose tool the provider knows as more than a function. The kind counts that the name comes with.
    pub fn call_of(
        &mut self,
        key: &CallKey,
        kind: CallKind,
        id: Option<&str>,
        name: Option<&str>,
        arguments: &str,
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        if self.finished {
            return Ok(());
        }
        let said = |word: Option<&str>| word.filter(|word| !word.is_empty()).map(str::to_owned);
        let (id, name) = (said(id), said(name));
        if self.find(key).is_none() {
            let silent = id.is_none() && name.is_none();
            if silent && arguments.trim().is_empty() {
                return Ok(());
            }
            if matches!(key, CallKey::Last) && silent {
                return Err(Malformed(
                    "arguments of a tool call that never began".to_owned(),
                ));
            }
            let call = PendingCall {
                key: key.clone(),
                id: None,
                name: None,
                kind: CallKind::Function,
                held: String::new(),
                arguments: Prefix::default(),
                closed: false,
            };
            self.push(Item::Call(call), out);
        }
        let Some(call) = self.find(key) else {
            return Ok(());
        };
        call.id = call.id.take().or(id);
        if call.name.is_none() && name.is_some() {
            (call.name, call.kind) = (name, kind);
        }
        call.arguments.push(arguments).map_err(|error| {
            let name = call.name.as_deref().unwrap_or_default();
            Malformed(format!(
                "the arguments of its call to {name:?} are no JSON ({error})"
            ))
        })?;
        call.held.push_str(arguments);
        self.hold(arguments.len(), out);
        Ok(())
    }

    /// A call is over, though its arguments may look unfinished.
    pub fn close_call(&mut self, key: &CallKey, out: &mut Vec<Event>) {
        if let Some(call) = self.find(key) {
            call.closed = true;
        }
        self.advance(out);
    }

    /// Tokens as told so far; the last figures count. They are given out at the end, or at once with `now`.
    pub fn usage(&mut self, usage: Usage, now: bool, out: &mut Vec<Event>) {
        self.usage = Some(usage);
        if now && !self.finished {
            out.push(Event::Usage(usage));
        }
    }

    /// The usage told so far.
    pub fn told_usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Why the answer ended. It is given out by [`Sequencer::finish`], since usage and late arguments may follow; the
    /// first one told counts.
    pub fn stop(&mut self, stop: Stop) {
        self.stop.get_or_insert(stop);
    }

    /// Whether the answer's end was told.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// Whether it was told that the answer was cut short, so that a call may be unfinished.
    pub fn is_cut(&self) -> bool {
        self.stop.as_ref().is_some_and(Stop::is_cut)
    }

    /// Whether a call was given out.
    pub fn has_calls(&self) -> bool {
        self.calls
    }

    /// The stream is over: closes what is open and tells usage and stop. Without a stop the answer is truncated. A call
    /// that nobody can run is a failure, unless the answer was cut short.
    pub fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), Truncated> {
        if self.finished {
            return Ok(());
        }
        self.finished = true;
        let Some(stop) = self.stop.take() else {
            return Err(Truncated);
        };
        for item in &mut self.queue {
            match item {
                Item::Call(call) => call.closed = true,
                Item::Flow(flow) => flow.closed = true,
                Item::Part(_) => {}
            }
        }
        self.advance(out);
        if let Some(usage) = self.usage {
            out.push(Event::Usage(usage));
        }
        let only_refused = self.refused && !self.said && !self.calls;
        out.push(match self.unfit.filter(|_| !stop.is_cut()) {
            Some(why) => Event::Failed(Failure::new(FailureKind::Server, why)),
            None => Event::Stop(stop.with_refusal(only_refused).with_calls(self.calls)),
        });
        Ok(())
    }

    fn find(&mut self, key: &CallKey) -> Option<&mut PendingCall> {
        self.queue.iter_mut().rev().find_map(|item| match item {
            Item::Call(call) if *key == CallKey::Last || call.key == *key => Some(call),
            _ => None,
        })
    }

    fn flow(&mut self, opening: Opening, text: &str, out: &mut Vec<Event>) {
        if text.is_empty() || self.finished {
            return;
        }
        self.refused |= opening == Opening::Refusal;
        self.said |= opening == Opening::Text;
        let continues =
            |flow: &Flow| flow.opening == opening && !flow.closed && flow.seal.is_none();
        if !matches!(self.queue.back(), Some(Item::Flow(flow)) if continues(flow)) {
            self.push(Item::Flow(Flow::new(opening)), out);
        }
        if let Some(Item::Flow(flow)) = self.queue.back_mut() {
            flow.held.push(Event::Delta(text.to_owned()));
        }
        self.hold(text.len(), out);
    }

    /// Gives out what may be, of which so many bytes are new. A provider that never ends a call must not fill our memory
    /// with what follows it.
    fn hold(&mut self, bytes: usize, out: &mut Vec<Event>) {
        self.held += bytes;
        self.advance(out);
        if self.held > MAX_EVENT {
            self.finished = true;
            self.queue.clear();
            let why = "too much follows a tool call that does not end";
            out.push(Event::Failed(Failure::new(FailureKind::Server, why)));
        }
    }

    fn push(&mut self, item: Item, out: &mut Vec<Event>) {
        if self.finished {
            return;
        }
        self.queue.push_back(item);
        self.advance(out);
    }

    /// Gives out what the head has, and goes on to the next part where the head is over.
    fn advance(&mut self, out: &mut Vec<Event>) {
        loop {
            let followed = self.queue.len() > 1;
            let over = match self.queue.front_mut() {
                None => return,
                Some(Item::Flow(flow)) => {
                    self.held -= flow.bytes();
                    flow.give(&mut self.open, followed, out)
                }
                Some(Item::Call(call)) => {
                    let over = call.closed || (followed && call.arguments.is_whole());
                    if !self.open && call.may_open(over) {
                        if call.id.is_none() {
                            self.made += 1;
                            call.id = Some(ids::call(&self.seed, self.made));
                        }
                        self.open = true;
                        self.calls = true;
                        out.push(Event::Open(call.opening()));
                    }
                    if self.open && !call.held.is_empty() {
                        self.held -= call.held.len();
                        out.push(Event::Delta(std::mem::take(&mut call.held)));
                    }
                    if over {
                        self.unfit = self.unfit.or(call.unfit());
                        self.held -= call.held.len();
                    }
                    over
                }
                Some(Item::Part(part)) => {
                    out.extend(part.take().map(Event::Part));
                    true
                }
            };
            if !over {
                return;
            }
            self.queue.pop_front();
            if std::mem::take(&mut self.open) {
                out.push(Event::Close);
            }
        }
    }
}

impl Flow {
    fn new(opening: Opening) -> Self {
        Self {
            opening,
            held: Vec::new(),
            seal: None,
            closed: false,
        }
    }

    /// Bytes of text held.
    fn bytes(&self) -> usize {
        let bytes = |event: &Event| match event {
            Event::Delta(text) => text.len(),
            _ => 0,
        };
        self.held.iter().map(bytes).sum()
    }

    /// Gives out what there is; its seal only when it is over, since it must come last and once.
    fn give(&mut self, open: &mut bool, followed: bool, out: &mut Vec<Event>) -> bool {
        let over = self.closed || followed;
        if !*open && (!self.held.is_empty() || self.seal.is_some()) {
            *open = true;
            out.push(Event::Open(self.opening.clone()));
        }
        out.append(&mut self.held);
        if over {
            out.extend(self.seal.take().map(Event::Seal));
        }
        over
    }
}

impl PendingCall {
    /// A call is opened as soon as its name is known, and its id or the certainty that none will come.
    fn may_open(&self, over: bool) -> bool {
        self.name.is_some() && (self.id.is_some() || over || !self.arguments.is_blank())
    }

    /// Why a call that is over cannot be run.
    fn unfit(&self) -> Option<&'static str> {
        if self.name.is_none() {
            return Some("the provider called a tool without naming it");
        }
        let whole = self.arguments.is_blank() || self.arguments.is_whole();
        (!whole).then_some("the arguments of its tool call ended before they were whole")
    }

    fn opening(&self) -> Opening {
        Opening::Call {
            id: self.id.clone().unwrap_or_default(),
            name: self.name.clone().unwrap_or_default(),
            kind: self.kind.clone(),
        }
    }
}
