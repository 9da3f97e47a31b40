//! Answers for Ollama clients: one JSON object a line, calls whole, the last line tells why it ended and the counts.

use std::time::{Duration, Instant};

use super::{
    GENERATE, error, time,
    wire::{Call as WireCall, Called, Line, Message},
};
use crate::{
    Reply, StreamWriter, Usage,
    ir::{Answer, Event, Opening, Part, Source, Stop, unfold},
    json::Json,
    wire::Int,
};

/// Writes a stream.
pub(super) struct Writer {
    teller: Teller,
}

impl Writer {
    pub(super) fn new(reply: &Reply) -> Self {
        Self {
            teller: Teller::new(reply),
        }
    }
}

impl StreamWriter for Writer {
    fn content_type(&self) -> &'static str {
        "application/x-ndjson"
    }

    fn write(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Stop(stop) => {
                if let Some(said) = self.teller.declined(stop) {
                    put(&self.teller.line(said), out);
                }
                put(&self.teller.last(stop), out);
            }
            Event::Failed(failure) => {
                out.extend(error::body(failure));
                out.push(b'\n');
            }
            event => {
                if let Some(said) = self.teller.tell(event) {
                    put(&self.teller.line(said), out);
                }
            }
        }
    }

    /// The reader tells an end only at the very end.
    fn adopt(&mut self, data: &[u8]) -> bool {
        serde_json::from_slice::<Line>(data).is_ok_and(|told| told.done != Some(true))
    }

    fn keep_alive(&mut self, out: &mut Vec<u8>) {
        // Of either endpoint, since it may be needed before the client's request was read.
        let line = Line {
            response: Some(String::new()),
            ..self.teller.chat(Message::default())
        };
        put(&line, out);
    }
}

fn put(line: &Line, out: &mut Vec<u8>) {
    // Only maps with keys that are no strings fail, which a line does not have.
    out.extend(serde_json::to_vec(line).unwrap_or_default());
    out.push(b'\n');
}

/// Writes a whole answer.
pub(super) fn answer(answer: &Answer, reply: &Reply) -> Vec<u8> {
    let mut teller = Teller::new(reply);
    let (mut content, mut thinking) = (String::new(), String::new());
    let (mut images, mut calls) = (Vec::new(), Vec::new());
    let mut last = Line::default();
    for event in unfold(answer.clone()) {
        let said = match &event {
            Event::Stop(stop) => {
                teller.spoke_at = None;
                last = teller.last(stop);
                teller.declined(stop)
            }
            event => teller.tell(event),
        };
        if let Some(said) = said {
            content.extend(said.content);
            thinking.extend(said.thinking);
            images.extend(said.images.into_iter().flatten());
            calls.extend(said.calls.into_iter().flatten());
        }
    }
    let whole = teller.line(Message {
        content: Some(content),
        thinking: (!thinking.is_empty()).then_some(thinking),
        images: (!images.is_empty()).then_some(images),
        calls: (!calls.is_empty()).then_some(calls),
        ..Message::default()
    });
    let whole = Line {
        message: whole.message,
        response: whole.response,
        thinking: whole.thinking,
        ..last
    };
    serde_json::to_vec(&whole).unwrap_or_default()
}

/// Turns events into messages.
struct Teller {
    model: String,
    created_at: String,
    /// Whether `/api/generate` was asked.
    generates: bool,
    open: Option<Opening>,
    /// Whether there were words for a reader.
    spoke: bool,
    arguments: String,
    calls: u64,
    /// Bytes said so far.
    bytes: usize,
    usage: Option<Usage>,
    /// When the first piece came.
    spoke_at: Option<Instant>,
    reply: Reply,
}

impl Teller {
    fn new(reply: &Reply) -> Self {
        Self {
            model: reply.request.model.clone(),
            created_at: time::rfc3339(reply.now),
            generates: reply.request.own.iter().any(|own| own.path == GENERATE),
            open: None,
            spoke: false,
            arguments: String::new(),
            calls: 0,
            bytes: 0,
            usage: None,
            spoke_at: None,
            reply: reply.clone(),
        }
    }

    /// What an event adds, if anything yet.
    fn tell(&mut self, event: &Event) -> Option<Message> {
        match event {
            Event::Usage(usage) => {
                self.usage = Some(*usage);
                None
            }
            Event::Open(opening) => {
                self.open = Some(opening.clone());
                None
            }
            Event::Delta(text) => self.delta(text),
            Event::Close => self.close(),
            Event::Part(Part::Media(media)) => match &media.source {
                Source::Base64 { data, .. } => Some(Message {
                    images: Some(vec![data.clone()]),
                    ..Message::default()
                }),
                _ => None,
            },
            _ => None,
        }
    }

    fn delta(&mut self, text: &str) -> Option<Message> {
        self.bytes += text.len();
        self.spoke_at.get_or_insert_with(Instant::now);
        match self.open {
            Some(Opening::Call { .. }) => {
                self.arguments.push_str(text);
                None
            }
            Some(Opening::Thinking) => Some(Message {
                thinking: Some(text.to_owned()),
                ..Message::default()
            }),
            _ => {
                self.spoke = true;
                Some(Message {
                    content: Some(text.to_owned()),
                    ..Message::default()
                })
            }
        }
    }

    /// Why the model declined, where it said nothing else: there is no field for it.
    fn declined(&self, stop: &Stop) -> Option<Message> {
        let Stop::Refusal { explanation, .. } = stop else {
            return None;
        };
        explanation
            .as_ref()
            .filter(|_| !self.spoke)
            .map(|why| Message {
                content: Some(why.clone()),
                ..Message::default()
            })
    }

    /// Calls are told whole.
    fn close(&mut self) -> Option<Message> {
        let Some(Opening::Call { id, name, .. }) = self.open.take() else {
            return None;
        };
        let arguments = std::mem::take(&mut self.arguments);
        // A call that was cut is none.
        let arguments = Some(Json::arguments(&arguments)?).filter(Json::is_object);
        let call = WireCall {
            id: Some(id),
            function: Some(Called {
                index: Some(Int::of(self.calls)),
                name: Some(name),
                arguments: Some(arguments.unwrap_or_else(Json::empty_object)),
                ..Called::default()
            }),
            ..WireCall::default()
        };
        self.calls += 1;
        Some(Message {
            calls: Some(vec![call]),
            ..Message::default()
        })
    }

    /// A line that is not the last.
    fn line(&self, said: Message) -> Line {
        if !self.generates {
            return self.chat(said);
        }
        Line {
            message: None,
            response: Some(said.content.clone().unwrap_or_default()),
            thinking: said.thinking.clone(),
            ..self.chat(said)
        }
    }

    /// A line of a chat.
    fn chat(&self, said: Message) -> Line {
        Line {
            model: Some(self.model.clone()),
            created_at: Some(self.created_at.clone()),
            done: Some(false),
            message: Some(Message {
                role: Some("assistant".to_owned()),
                content: Some(said.content.unwrap_or_default()),
                ..said
            }),
            ..Line::default()
        }
    }

    fn last(&self, stop: &Stop) -> Line {
        let reason = match stop {
            Stop::MaxTokens | Stop::ContextFull | Stop::Pause => "length",
            Stop::End | Stop::Sequence(_) | Stop::ToolUse | Stop::Refusal { .. } => "stop",
        };
        let usage = self.reply.usage(self.usage, self.bytes);
        let prompt = usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h;
        self.timed(Line {
            done: Some(true),
            reason: Some(reason.to_owned()),
            prompt_tokens: Some(Int::of(prompt)),
            tokens: Some(Int::of(usage.output)),
            ..self.line(Message::default())
        })
    }

    /// With durations in nanoseconds. Clients divide by them, so none is 0 but that of loading, which is not measured.
    fn timed(&self, line: Line) -> Line {
        let Some(since) = self.reply.since else {
            return line;
        };
        let nanos = |time: Duration| {
            Some(Int::of(
                u64::try_from(time.as_nanos().max(1)).unwrap_or(u64::MAX),
            ))
        };
        let total = since.elapsed();
        // Of an answer that came whole nobody knows where its time went.
        let (prompt, answer) = self.spoke_at.map_or((total, total), |at| {
            let prompt = at.duration_since(since);
            (prompt, total.saturating_sub(prompt))
        });
        Line {
            total: nanos(total),
            load: Some(Int(0)),
            prompt_time: nanos(prompt),
            time: nanos(answer),
            ..line
        }
    }
}
