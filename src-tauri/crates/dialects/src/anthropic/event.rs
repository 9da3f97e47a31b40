//! What an event of a Messages stream means to a proxy, and the sums that are read on the way.
//!
//! Grammar (Anthropic's streaming page): `message_start (ping)* block* message_delta message_stop`, where a block is
//! `content_block_start content_block_delta* content_block_stop`; `ping` and `error` may come anywhere, and events of
//! types yet unknown may appear at any time.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{ErrorBody, usage::WireUsage};
use crate::{Usage, sse::Frame};

/// The meaning of one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `message_start`: the answer begins, nothing of it is said yet.
    Start,
    /// Text, thinking or a tool call: what a person or an agent acts upon.
    Semantic,
    /// `message_delta` with a stop reason: the answer is whole.
    Finished {
        /// `end_turn`, `tool_use`, `max_tokens`, `refusal`, …
        stop_reason: String,
    },
    /// `message_stop`.
    Stop,
    /// An `error` event, which ends the stream.
    Error(ErrorBody),
    /// A ping, a comment, a block's frame without content, or something new.
    Other,
    /// Data that is not the JSON its event name promises.
    Malformed,
}

/// Reads a stream frame by frame: classifies each and keeps the usage and the model told so far.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    usage: Usage,
    told: bool,
    /// Bytes of text, thinking and tool arguments so far.
    said: u64,
    /// Something semantic came by.
    spoke: bool,
    /// The end of a block came by.
    closed: bool,
    model: Option<String>,
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct MessageStart {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    model: Option<String>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct MessageDelta {
    delta: Option<Delta>,
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Delta {
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct BlockStart {
    content_block: Block,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    thinking: Option<String>,
}

#[derive(Deserialize)]
struct BlockDelta<'a> {
    #[serde(borrow)]
    delta: ContentDelta<'a>,
}

/// Strings are left as they stand in the frame, so that none is copied.
#[derive(Deserialize)]
struct ContentDelta<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow)]
    partial_json: Option<&'a RawValue>,
}

impl ContentDelta<'_> {
    /// Bytes of text, thinking or tool arguments; `None` where it carries none of them.
    fn said(&self) -> Option<u64> {
        let told = [self.text, self.thinking, self.partial_json];
        told.into_iter()
            .flatten()
            .map(|json| text_len(json.get()))
            .reduce(u64::saturating_add)
    }
}

/// The bytes that a JSON string stands for. A `\u` escape counts for two, which is half of a pair's four.
fn text_len(json: &str) -> u64 {
    let inner = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.unwrap_or(json);
    if !inner.contains('\\') {
        return inner.len() as u64;
    }
    let (mut bytes, mut len) = (inner.bytes(), 0);
    while let Some(byte) = bytes.next() {
        len += 1;
        if byte == b'\\' && bytes.next() == Some(b'u') {
            bytes.nth(3);
            len += 1;
        }
    }
    len
}

impl Meter {
    /// What the frame means; usage in it is taken over. Of content deltas, the bulk of a stream, only the
    /// length is kept; one that is no JSON is told, as clients end with an exception on it.
    pub fn read(&mut self, frame: &Frame) -> Event {
        let event = self.classify(frame);
        self.spoke |= event == Event::Semantic;
        event
    }

    fn classify(&mut self, frame: &Frame) -> Event {
        match frame.event() {
            Some(b"content_block_delta") => self.block_delta(frame),
            Some(b"ping") => Event::Other,
            Some(b"content_block_stop") => self.block_stop(),
            Some(name) => self.read_named(name, frame),
            // Some compatible servers leave the event line out; the data names its type as well.
            None => match frame.data() {
                Some(data) => match serde_json::from_slice::<Typed<'_>>(&data) {
                    Ok(typed) => self.read_named(typed.kind.as_bytes(), frame),
                    Err(_) if data.starts_with(b"[DONE]") => Event::Other,
                    Err(_) => Event::Malformed,
                },
                None => Event::Other,
            },
        }
    }

    /// Takes over what a whole answer told, as if it had been streamed.
    pub fn take_whole(&mut self, usage: Option<Usage>, model: Option<String>) {
        self.told |= usage.is_some();
        self.usage = usage.unwrap_or(self.usage);
        self.model = model.or(self.model.take());
    }

    /// The usage told so far; `None` when the stream told none.
    pub fn usage(&self) -> Option<Usage> {
        self.told.then_some(self.usage)
    }

    /// Bytes of text, thinking and tool arguments so far.
    pub fn said(&self) -> u64 {
        self.said
    }

    /// Whether a block is over.
    pub fn closed(&self) -> bool {
        self.closed
    }

    /// The model that says it answers.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    fn read_named(&mut self, name: &[u8], frame: &Frame) -> Event {
        let Some(data) = frame.data() else {
            return Event::Other;
        };
        let read = match name {
            b"message_start" => serde_json::from_slice(&data).map(|start| self.start(start)),
            b"content_block_start" => serde_json::from_slice(&data).map(block_start),
            b"message_delta" => serde_json::from_slice(&data).map(|delta| self.delta(delta)),
            b"content_block_delta" => return self.block_delta(frame),
            b"content_block_stop" => return self.block_stop(),
            b"message_stop" => return Event::Stop,
            b"error" => return Event::Error(ErrorBody::read(&data).unwrap_or_default()),
            _ if name.is_empty() => {
                return ErrorBody::read(&data).map_or(Event::Other, Event::Error);
            }
            _ => return Event::Other,
        };
        // Fields of an unknown shape are the client's to read; only what is no JSON at all is broken.
        match read {
            Ok(event) => event,
            Err(_) if is_json(&data) && name == b"message_start" => Event::Start,
            Err(_) if is_json(&data) => Event::Other,
            Err(_) => Event::Malformed,
        }
    }

    /// Until something was said, an empty delta says nothing. One of an unknown shape need only be JSON.
    fn block_delta(&mut self, frame: &Frame) -> Event {
        let Some(data) = frame.data() else {
            return Event::Other;
        };
        let said = match serde_json::from_slice::<BlockDelta<'_>>(&data) {
            Ok(event) => event.delta.said(),
            Err(_) if is_json(&data) => None,
            Err(_) => return Event::Malformed,
        };
        self.said = self.said.saturating_add(said.unwrap_or(0));
        if !self.spoke && said == Some(0) {
            Event::Other
        } else {
            Event::Semantic
        }
    }

    fn block_stop(&mut self) -> Event {
        self.closed = true;
        Event::Other
    }

    fn start(&mut self, start: MessageStart) -> Event {
        self.model = start.message.model.or(self.model.take());
        self.merge(start.message.usage);
        Event::Start
    }

    fn delta(&mut self, delta: MessageDelta) -> Event {
        self.merge(delta.usage);
        match delta.delta.and_then(|delta| delta.stop_reason) {
            Some(stop_reason) => Event::Finished { stop_reason },
            None => Event::Other,
        }
    }

    fn merge(&mut self, told: Option<WireUsage>) {
        if let Some(told) = told {
            self.told = true;
            told.merge_into(&mut self.usage);
        }
    }
}

fn is_json(data: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(data).is_ok()
}

/// A text or thinking block opens empty and says nothing yet; a tool call says its name at once, and results of
/// server tools come whole in their start.
fn block_start(start: BlockStart) -> Event {
    let block = start.content_block;
    let is_empty = |text: &Option<String>| text.as_deref().is_none_or(str::is_empty);
    let may_be_silent = matches!(block.kind.as_str(), "text" | "thinking");
    let silent = may_be_silent && is_empty(&block.text) && is_empty(&block.thinking);
    if silent {
        Event::Other
    } else {
        Event::Semantic
    }
}
