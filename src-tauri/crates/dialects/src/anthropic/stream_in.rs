//! Reads a provider's stream of Messages events.

use serde::Deserialize;

use super::{
    answer::{self, StopWire},
    failure,
    usage::WireUsage,
    wire::Block,
};
use crate::{
    Dialect, StreamReader, Usage,
    ir::{CallKey, Event, Malformed, Origin, Seal, Sequencer, Truncated},
    json::Json,
};

/// Reads events into the sequencer. One for each stream.
pub(super) struct Reader {
    origin: Origin,
    sequencer: Sequencer,
    /// Blocks begun and not over.
    blocks: Vec<Open>,
    begun: u64,
    /// The block told last, whose part is the sequencer's last.
    last: Option<u64>,
    usage: Option<Usage>,
    over: bool,
}

/// A block that is not over.
struct Open {
    /// The provider's index.
    index: u64,
    /// Ours: some compatible servers use an index twice.
    number: u64,
    kind: Kind,
}

enum Kind {
    /// Text, or something of which nothing more is told.
    Flow,
    Thinking {
        signature: Option<String>,
    },
    /// A call with the arguments told in its start, which count where no pieces follow.
    Call {
        whole: Option<Json>,
    },
    /// A block kept in its own form whose input is streamed.
    Native {
        block: Box<Block>,
        input: String,
    },
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    index: Option<u64>,
    /// The message that begins; the words of an error at some servers.
    #[serde(default)]
    message: Option<Json>,
    #[serde(default)]
    content_block: Option<Block>,
    #[serde(default)]
    delta: Option<Delta>,
    #[serde(default)]
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
struct Delta {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    partial_json: Option<String>,
    #[serde(default)]
    citation: Option<Json>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    stop_sequence: Option<String>,
    #[serde(default)]
    stop_details: Option<answer::Details>,
}

impl Reader {
    pub(super) fn new(origin: &Origin) -> Self {
        Self {
            origin: origin.clone(),
            sequencer: Sequencer::default(),
            blocks: Vec::new(),
            begun: 0,
            last: None,
            usage: None,
            over: false,
        }
    }

    fn event(&mut self, wire: Wire, name: &str, out: &mut Vec<Event>) -> Result<(), Malformed> {
        if name == "message_start" {
            let start = wire.message.map(|message| message.read::<Option<Start>>());
            let start = start.transpose().map_err(|error| {
                Malformed(format!("the message that begins cannot be read: {error}"))
            })?;
            let start = start.flatten();
            let (id, model, usage) = start.map_or((None, None, None), |start| {
                (start.id, start.model, start.usage)
            });
            self.sequencer.start(id.as_deref(), model.as_deref(), out);
            self.count(usage, true, out);
            return Ok(());
        }
        match name {
            "content_block_start" => {
                self.sequencer.start(None, None, out);
                let Some(block) = wire.content_block else {
                    return Err(Malformed("a content block begins without one".to_owned()));
                };
                self.begin(wire.index.unwrap_or_default(), block, out)?;
            }
            "content_block_delta" => {
                self.sequencer.start(None, None, out);
                if let Some(delta) = wire.delta {
                    self.delta(wire.index.unwrap_or_default(), delta, out)?;
                }
            }
            "content_block_stop" => self.end(wire.index.unwrap_or_default(), out)?,
            "message_delta" => {
                self.count(wire.usage, false, out);
                let stop = wire.delta.map(|delta| StopWire {
                    reason: delta.stop_reason,
                    sequence: delta.stop_sequence,
                    details: delta.stop_details,
                });
                if let Some(stop) = stop.and_then(StopWire::read) {
                    self.sequencer.stop(stop);
                }
            }
            "message_stop" => {
                // Some compatible servers tell no reason.
                self.sequencer.stop(crate::ir::Stop::End);
                self.close_all(out)?;
                self.over = true;
                self.sequencer.finish(out).ok();
            }
            // New events may appear at any time.
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, told: Option<WireUsage>, now: bool, out: &mut Vec<Event>) {
        if let Some(told) = told {
            let mut usage = self.usage.unwrap_or_default();
            told.merge_into(&mut usage);
            self.usage = Some(usage);
            self.sequencer.usage(usage, now, out);
        }
    }

    fn begin(&mut self, index: u64, block: Block, out: &mut Vec<Event>) -> Result<(), Malformed> {
        // A block that was never ended is over when another takes its index.
        self.end(index, out)?;
        self.begun += 1;
        let number = self.begun;
        let kind = match block.kind.as_deref() {
            Some("text") => {
                self.text(number, block.text.as_deref(), out);
                Kind::Flow
            }
            Some("thinking") => {
                self.thinking(number, block.thinking.as_deref(), out);
                Kind::Thinking {
                    signature: block.signature,
                }
            }
            Some("tool_use") => {
                let (id, name) = (block.id.as_deref(), block.name.as_deref());
                self.last = Some(number);
                self.sequencer
                    .call(&CallKey::Index(number), id, name, "", out)?;
                Kind::Call { whole: block.input }
            }
            Some(kind) if answer::is_streamed(kind) => Kind::Native {
                block: Box::new(block),
                input: String::new(),
            },
            _ => {
                if let Some(part) = answer::part(block, &self.origin) {
                    self.last = Some(number);
                    self.sequencer.part(part, out);
                }
                Kind::Flow
            }
        };
        self.blocks.push(Open {
            index,
            number,
            kind,
        });
        Ok(())
    }

    fn text(&mut self, number: u64, text: Option<&str>, out: &mut Vec<Event>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.last = Some(number);
            self.sequencer.text(text, out);
        }
    }

    fn thinking(&mut self, number: u64, text: Option<&str>, out: &mut Vec<Event>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.last = Some(number);
            self.sequencer.thinking(text, out);
        }
    }

    fn delta(&mut self, index: u64, delta: Delta, out: &mut Vec<Event>) -> Result<(), Malformed> {
        let position = self.blocks.iter().rposition(|block| block.index == index);
        let number = position.map_or(u64::MAX, |at| self.blocks[at].number);
        self.text(number, delta.text.as_deref(), out);
        self.thinking(number, delta.thinking.as_deref(), out);
        if let Some(citation) = delta.citation {
            self.sequencer.citation(citation, out);
        }
        let open = position.map(|at| &mut self.blocks[at].kind);
        if let (Some(told), Some(Kind::Thinking { signature })) = (delta.signature, open) {
            *signature = Some(told);
        }
        let Some(piece) = delta.partial_json else {
            return Ok(());
        };
        match position.map(|at| &mut self.blocks[at].kind) {
            Some(Kind::Call { whole }) => {
                if !piece.is_empty() {
                    *whole = None;
                    self.last = Some(number);
                    self.sequencer
                        .call(&CallKey::Index(number), None, None, &piece, out)?;
                }
                Ok(())
            }
            Some(Kind::Native { input, .. }) => {
                input.push_str(&piece);
                Ok(())
            }
            Some(_) => Ok(()),
            None => Err(Malformed(format!(
                "arguments for block {index}, which was never begun"
            ))),
        }
    }

    fn end(&mut self, index: u64, out: &mut Vec<Event>) -> Result<(), Malformed> {
        let Some(at) = self.blocks.iter().rposition(|block| block.index == index) else {
            return Ok(());
        };
        let Open { number, kind, .. } = self.blocks.remove(at);
        match kind {
            Kind::Call { whole } => {
                let key = CallKey::Index(number);
                if let Some(whole) = whole.filter(Json::is_object) {
                    let text = whole.compact();
                    self.sequencer.call(&key, None, None, &text, out)?;
                }
                self.sequencer.close_call(&key, out);
            }
            Kind::Native { mut block, input } => {
                if !input.is_empty() {
                    let told = Json::parse(input).map_err(|error| {
                        Malformed(format!("the input of a server's tool is no JSON ({error})"))
                    })?;
                    block.input = Some(told);
                }
                self.last = Some(number);
                if let Some(part) = answer::part(*block, &self.origin) {
                    self.sequencer.part(part, out);
                }
            }
            Kind::Thinking { signature } => {
                let signature = signature.filter(|signature| !signature.is_empty());
                if let Some(signature) = signature {
                    if self.last != Some(number) {
                        // Nothing of it was shown, so its seal must not go to an earlier part.
                        self.close_last(out);
                    }
                    self.last = Some(number);
                    let seal = Seal::new(Dialect::Anthropic, &self.origin, signature);
                    self.sequencer.seal(seal, out);
                }
                self.close_if_last(number, out);
            }
            Kind::Flow => self.close_if_last(number, out),
        }
        Ok(())
    }

    fn close_if_last(&mut self, number: u64, out: &mut Vec<Event>) {
        if self.last == Some(number) {
            self.close_last(out);
        }
    }

    /// Ends the part told last, unless it is a call that is still open.
    fn close_last(&mut self, out: &mut Vec<Event>) {
        let is_call = |block: &Open| {
            Some(block.number) == self.last && matches!(block.kind, Kind::Call { .. })
        };
        if !self.blocks.iter().any(is_call) {
            self.sequencer.close(out);
        }
    }

    fn close_all(&mut self, out: &mut Vec<Event>) -> Result<(), Malformed> {
        while let Some(index) = self.blocks.first().map(|block| block.index) {
            self.end(index, out)?;
        }
        Ok(())
    }
}

impl StreamReader for Reader {
    fn read(
        &mut self,
        name: Option<&[u8]>,
        data: &[u8],
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        let silent = data.is_empty() || data.starts_with(b"[DONE]") || name == Some(b"ping");
        if self.over || silent {
            return Ok(());
        }
        let wire: Wire = serde_json::from_slice(data).map_err(|error| {
            Malformed(format!(
                "an event is not the JSON its name promises: {error}"
            ))
        })?;
        let name = wire
            .kind
            .clone()
            .or_else(|| name.map(|name| String::from_utf8_lossy(name).into_owned()));
        match name.as_deref() {
            name @ (Some("error") | None) => {
                // An event of this name tells an error, though it may not say which.
                let nameless = || name.map(|_| failure::nameless(data));
                if let Some(failure) = failure::within(data).or_else(nameless) {
                    self.over = true;
                    out.push(Event::Failed(failure));
                }
                Ok(())
            }
            Some(name) => self.event(wire, name, out),
        }
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn usage(&self) -> Option<Usage> {
        self.sequencer.told_usage()
    }

    fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), Truncated> {
        if self.over {
            return Ok(());
        }
        self.over = true;
        if !self.sequencer.is_stopped() || self.close_all(out).is_err() {
            return Err(Truncated);
        }
        self.sequencer.finish(out)
    }
}
