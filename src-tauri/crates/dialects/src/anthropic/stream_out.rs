//! Writes a stream of Messages events for a client.
//!
//! Official clients address blocks by position, take a delta only for the open block's type and let the signature told
//! last count; so blocks are told one after another with indexes 0, 1, 2…, and a signature once, before its block's end.

use std::borrow::Cow;

use super::{
    ErrorBody,
    answer::{self, StopOut},
    failure,
    usage::Told,
};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{
    Dialect, Reply, StreamWriter, Usage,
    ir::{Event, Opening, Part, Seal, Stop},
    json::Json,
};

/// Writes events. One for each stream.
pub(super) struct Writer {
    reply: Reply,
    /// Index of the open block, or of the next one.
    index: u64,
    open: Option<Open>,
    usage: Option<Usage>,
    /// Bytes of content told, from which output is estimated where no usage comes.
    told: usize,
    started: bool,
    over: bool,
}

struct Open {
    kind: Kind,
    /// Whether its start was written; text and thinking wait for their first piece, since empty blocks must not be.
    begun: bool,
    /// Its start was another writer's, and nothing of it was told: a part of its kind goes on in it.
    bare: bool,
    seal: Option<Seal>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    Call,
}

impl Kind {
    fn start(self) -> &'static str {
        match self {
            Self::Text => r#"{"type":"text","text":""}"#,
            Self::Thinking => r#"{"type":"thinking","thinking":"","signature":""}"#,
            Self::Call => r#"{"type":"tool_use","input":{}}"#,
        }
    }

    /// Type and field of its pieces.
    fn piece(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("text_delta", "text"),
            Self::Thinking => ("thinking_delta", "thinking"),
            Self::Call => ("input_json_delta", "partial_json"),
        }
    }
}

#[derive(Serialize)]
struct Start<'a> {
    r#type: &'static str,
    message: Message<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    id: String,
    r#type: &'static str,
    role: &'static str,
    model: &'a str,
    content: [(); 0],
    stop_reason: Option<()>,
    stop_sequence: Option<()>,
    stop_details: Option<()>,
    container: Option<()>,
    diagnostics: Option<()>,
    usage: Told,
}

#[derive(Serialize)]
struct End<'a> {
    r#type: &'static str,
    delta: StopOut<'a>,
    usage: Told,
}

#[derive(Serialize)]
struct ToolUse<'a> {
    r#type: &'static str,
    id: String,
    name: &'a str,
    input: Json,
}

/// What another writer's event tells.
#[derive(Deserialize)]
struct Adopted<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    index: Option<u64>,
    #[serde(borrow)]
    content_block: Option<AdoptedBlock<'a>>,
    delta: Option<AdoptedDelta>,
}

#[derive(Deserialize)]
struct AdoptedBlock<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct AdoptedDelta {
    stop_reason: Option<IgnoredAny>,
}

impl Writer {
    pub(super) fn new(reply: Reply) -> Self {
        Self {
            reply,
            index: 0,
            open: None,
            usage: None,
            told: 0,
            started: false,
            over: false,
        }
    }

    fn start(&mut self, id: Option<&str>, out: &mut Vec<u8>) {
        if self.started {
            return;
        }
        self.started = true;
        let usage = Usage {
            input: self.reply.input_estimate,
            ..Usage::default()
        };
        let start = Start {
            r#type: "message_start",
            message: Message {
                id: answer::id(id, &self.reply.request_id),
                r#type: "message",
                role: "assistant",
                model: &self.reply.request.model,
                content: [],
                stop_reason: None,
                stop_sequence: None,
                stop_details: None,
                container: None,
                diagnostics: None,
                usage: Told::of(usage),
            },
        };
        event("message_start", &start, out);
    }

    fn opening(&mut self, opening: &Opening, out: &mut Vec<u8>) {
        let kind = match opening {
            Opening::Text | Opening::Refusal => Kind::Text,
            Opening::Thinking => Kind::Thinking,
            Opening::Call { .. } => Kind::Call,
        };
        if matches!(&self.open, Some(open) if open.bare && open.kind == kind) {
            return;
        }
        self.close(out);
        let mut begun = false;
        if let Opening::Call { id, name, .. } = opening {
            begun = true;
            let block = ToolUse {
                r#type: "tool_use",
                id: answer::call_id(id),
                name,
                input: Json::empty_object(),
            };
            self.block_start(Json::of(&block).text(), out);
        }
        self.open = Some(Open {
            kind,
            begun,
            bare: false,
            seal: None,
        });
    }

    /// The open block, its start written.
    fn begun(&mut self, out: &mut Vec<u8>) -> Option<Kind> {
        let open = self.open.as_mut()?;
        open.bare = false;
        let kind = open.kind;
        if !std::mem::replace(&mut open.begun, true) {
            self.block_start(kind.start(), out);
        }
        Some(kind)
    }

    fn delta(&mut self, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        if let Some(kind) = self.begun(out) {
            self.told += text.len();
            let (kind, field) = kind.piece();
            self.piece(kind, field, text, out);
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(open) = &mut self.open else {
            return;
        };
        let seal = open.seal.take();
        if open.kind == Kind::Thinking && (open.begun || seal.is_some()) {
            self.begun(out);
            let signature = answer::signature(seal.as_ref());
            self.piece("signature_delta", "signature", &signature, out);
        }
        if self.open.take().is_some_and(|open| open.begun) {
            self.block_stop(out);
        }
    }

    fn citation(&mut self, citation: &Json, out: &mut Vec<u8>) {
        let fits = matches!(&self.open, Some(open) if open.kind == Kind::Text && open.begun);
        if fits && answer::is_ours(citation) {
            let index = self.index;
            let delta = format!(
                r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"citations_delta","citation":{}}}}}"#,
                citation.compact()
            );
            frame("content_block_delta", delta.as_bytes(), out);
        }
    }

    /// A part that comes whole.
    fn part(&mut self, part: &Part, out: &mut Vec<u8>) {
        self.close(out);
        match part {
            Part::Thinking(thinking) if thinking.redacted => {
                if let Some(seal) = &thinking.seal {
                    let data = serde_json::Value::from(seal.for_client(Dialect::Anthropic));
                    let block = format!(r#"{{"type":"redacted_thinking","data":{data}}}"#);
                    self.block_start(&block, out);
                    self.block_stop(out);
                }
            }
            Part::Thinking(thinking) => {
                self.opening(&Opening::Thinking, out);
                self.delta(&thinking.text, out);
                if let Some(open) = &mut self.open {
                    open.seal.clone_from(&thinking.seal);
                }
                self.close(out);
            }
            Part::Text(text) | Part::Refusal(text) => self.whole(&Opening::Text, &text.text, out),
            Part::Media(media) => self.whole(&Opening::Text, &answer::note(media), out),
            Part::Call(call) => {
                let opening = Opening::Call {
                    id: call.id.clone(),
                    name: call.name.clone(),
                    kind: call.kind.clone(),
                };
                self.whole(&opening, &call.arguments.compact(), out);
            }
            Part::Opaque {
                dialect,
                kind,
                value,
                ..
            } if *dialect == Dialect::Anthropic => self.native(kind, value, out),
            Part::Opaque { .. } | Part::Result(_) => {}
        }
    }

    fn whole(&mut self, opening: &Opening, text: &str, out: &mut Vec<u8>) {
        self.opening(opening, out);
        self.delta(text, out);
        self.close(out);
    }

    /// A block in its own form: results come whole in its start, the input of a server's tool as pieces.
    fn native(&mut self, kind: &str, value: &Json, out: &mut Vec<u8>) {
        let mut input = None;
        let told = match value.read::<super::wire::Block>() {
            Ok(mut block) if answer::is_streamed(kind) => {
                input = block.input.replace(Json::empty_object());
                Json::of(&block)
            }
            _ => value.clone(),
        };
        self.block_start(&told.compact(), out);
        if let Some(input) = input {
            self.piece("input_json_delta", "partial_json", &input.compact(), out);
        }
        self.block_stop(out);
    }

    fn stop(&mut self, stop: &Stop, out: &mut Vec<u8>) {
        self.start(None, out);
        self.close(out);
        let end = End {
            r#type: "message_delta",
            delta: StopOut::of(stop),
            usage: Told::of(self.reply.usage(self.usage, self.told)),
        };
        event("message_delta", &end, out);
        frame("message_stop", br#"{"type":"message_stop"}"#, out);
        self.over = true;
    }

    fn block_start(&self, block: &str, out: &mut Vec<u8>) {
        let index = self.index;
        let start =
            format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#);
        frame("content_block_start", start.as_bytes(), out);
    }

    fn block_stop(&mut self, out: &mut Vec<u8>) {
        let stop = format!(r#"{{"type":"content_block_stop","index":{}}}"#, self.index);
        frame("content_block_stop", stop.as_bytes(), out);
        self.index += 1;
    }

    fn piece(&self, kind: &str, field: &str, text: &str, out: &mut Vec<u8>) {
        use std::io::Write as _;
        let index = self.index;
        out.extend_from_slice(b"event: content_block_delta\ndata: ");
        // Writing to memory cannot fail.
        let _ = write!(
            out,
            r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"{kind}","{field}":"#
        );
        let _ = serde_json::to_writer(&mut *out, text);
        out.extend_from_slice(b"}}\n\n");
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, event: &Event, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        match event {
            Event::Start { id, .. } => self.start(id.as_deref(), out),
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Open(opening) => {
                self.start(None, out);
                self.opening(opening, out);
            }
            Event::Delta(text) => self.delta(text, out),
            Event::Seal(seal) => {
                if let Some(open) = &mut self.open {
                    open.seal = Some(seal.clone());
                }
            }
            Event::Citation(citation) => self.citation(citation, out),
            Event::Close => self.close(out),
            Event::Part(part) => {
                self.start(None, out);
                self.part(part, out);
            }
            Event::Stop(stop) => self.stop(stop, out),
            Event::Failed(failure) => {
                let (kind, words) = failure::told(failure);
                out.extend(ErrorBody::event(kind, &words, &self.reply.request_id));
                self.over = true;
            }
        }
    }

    /// A writer of other blocks than ours may have counted one that says nothing. A block tells what it is before its
    /// reader tells anything of it.
    fn adopt(&mut self, data: &[u8]) -> bool {
        let Ok(told) = serde_json::from_slice::<Adopted<'_>>(data) else {
            return data.trim_ascii().is_empty();
        };
        self.index = told.index.unwrap_or(self.index);
        match (told.kind.as_ref(), told.content_block, told.delta) {
            ("content_block_start", block, _) => {
                let is_text = block.is_some_and(|block| block.kind == "text");
                self.open.get_or_insert(Open {
                    kind: Kind::Text,
                    begun: true,
                    bare: true,
                    seal: None,
                });
                is_text
            }
            ("content_block_stop", ..) => {
                self.open = None;
                self.index += 1;
                true
            }
            ("message_delta", _, Some(delta)) => delta.stop_reason.is_none(),
            _ => true,
        }
    }

    fn keep_alive(&mut self, out: &mut Vec<u8>) {
        if !self.over {
            frame("ping", br#"{"type":"ping"}"#, out);
        }
    }
}

fn event(name: &str, data: &impl Serialize, out: &mut Vec<u8>) {
    frame(name, &serde_json::to_vec(data).unwrap_or_default(), out);
}

fn frame(name: &str, data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}
