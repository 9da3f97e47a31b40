//! An answer that broke off, as far as its client has it, and what it takes for another model to go on with it.
//!
//! Only an answer of nothing but text can be gone on with: the model that goes on is given the text as the begin of its
//! own answer (prefill), which calls and thinking of another model cannot be. Everything is read back from the bytes that
//! the client was sent, whoever wrote them.

use bytes::Bytes;

use crate::{
    Dialect, Framing, Reply, StreamWriter,
    ir::{Event, Format, Mode, Opening, Origin, Part, Request, Role, Text, Turn, given},
    lines::Lines,
    sse::Splitter,
};

/// The begin of an answer of nothing but text.
#[derive(Debug, Clone)]
pub struct Told {
    dialect: Dialect,
    frames: Vec<Frame>,
    text: String,
    open: bool,
    model: Option<String>,
}

#[derive(Debug, Clone)]
struct Frame {
    data: Bytes,
    events: Vec<Event>,
}

impl Told {
    /// Reads what a client of `dialect` was sent; `None` where it is anything else than the begin of a text.
    pub fn read<'a>(dialect: Dialect, sent: impl IntoIterator<Item = &'a Bytes>) -> Option<Self> {
        let mut told = Self {
            dialect,
            frames: Vec::new(),
            text: String::new(),
            open: false,
            model: None,
        };
        let mut reader = dialect.codec().stream_reader(&Origin::default());
        for (name, data) in frames(dialect, sent)? {
            let mut events = Vec::new();
            reader.read(name.as_deref(), &data, &mut events).ok()?;
            for event in &events {
                told.hear(event)?;
            }
            told.frames.push(Frame { data, events });
        }
        (!given(&told.text).is_empty()).then_some(told)
    }

    /// `None` where it is not the text of an answer that goes on.
    fn hear(&mut self, event: &Event) -> Option<()> {
        match event {
            Event::Start { model, .. } => self.model.clone_from(model),
            Event::Open(Opening::Text) => self.open = true,
            Event::Delta(text) => self.text.push_str(text),
            Event::Close => self.open = false,
            Event::Usage(_) | Event::Citation(_) => {}
            _ => return None,
        }
        Some(())
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether its last part is open: more text belongs to it.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Asks for the rest of it, where this request can be asked so: not where the client began the answer itself, wants
    /// several, or binds their form. `tokens` is what the begin has cost.
    #[must_use]
    pub fn rest_of(&self, mut request: Request, tokens: u64) -> Option<Request> {
        let is_begun = request
            .turns
            .last()
            .is_none_or(|turn| turn.role == Role::Assistant);
        let is_text = |kind: &String| kind == "text";
        let is_bound = request.format != Format::Text || !request.modalities.iter().all(is_text);
        if is_begun || is_bound || request.sampling.choices.is_some_and(|count| count > 1) {
            return None;
        }
        request.turns.push(Turn {
            role: Role::Assistant,
            parts: vec![Part::Text(Text::plain(given(&self.text)))],
            name: None,
            at: request.turns.last()?.at,
        });
        // The answer has begun without thinking, and Anthropic takes no begun answer where thinking is on.
        request.reasoning.mode = Mode::Off;
        request.reasoning.budget = None;
        request.max_tokens = request
            .max_tokens
            .map(|most| most.saturating_sub(tokens).max(1));
        Some(request)
    }

    /// A writer in the middle of it, which goes on with what the client has; `None` where the client was told that it is
    /// whole.
    pub fn writer(&self, mut reply: Reply) -> Option<Box<dyn StreamWriter>> {
        if let Some(model) = &self.model {
            let request = std::sync::Arc::make_mut(&mut reply.request);
            request.model.clone_from(model);
        }
        let mut writer = self.dialect.codec().stream_writer(reply);
        let mut known = Vec::new();
        for frame in &self.frames {
            for event in &frame.events {
                writer.write(event, &mut known);
            }
            if !writer.adopt(&frame.data) {
                return None;
            }
            known.clear();
        }
        Some(writer)
    }
}

/// Names and data of the frames that were sent; `None` where one is too large to be one.
fn frames<'a>(
    dialect: Dialect,
    sent: impl IntoIterator<Item = &'a Bytes>,
) -> Option<Vec<(Option<Bytes>, Bytes)>> {
    let mut frames = Vec::new();
    match dialect.codec().framing() {
        Framing::Sse => {
            let mut splitter = Splitter::default();
            for bytes in sent {
                splitter.push(bytes).ok()?;
                while let Some(frame) = splitter.next_frame() {
                    let name = frame.event().map(|name| frame.bytes().slice_ref(name));
                    frames.extend(frame.data().map(|data| (name, data)));
                }
            }
        }
        Framing::Lines => {
            let mut lines = Lines::default();
            for bytes in sent {
                lines.push(bytes).ok()?;
                frames.extend(std::iter::from_fn(|| lines.next_line()).map(|line| (None, line)));
            }
        }
    }
    Some(frames)
}
