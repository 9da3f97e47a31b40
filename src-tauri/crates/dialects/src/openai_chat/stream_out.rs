//! Writes a client's stream: a chunk that tells the role, chunks of content, one with the reason of the end, one with
//! usage where it was asked for, and `[DONE]`.

use std::{borrow::Cow, mem};

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{
    annotations,
    answer_out::{self, CallOut, FunctionOut, Image},
    body::Freely,
    details::{self, APART, Told},
    error, usage,
};
use crate::{
    Reply, StreamWriter, Usage, ids,
    ir::{CallKind, Event, Failure, MediaKind, Opening, Part, Seal, Stop},
    json::Json,
};

/// Writes one answer.
pub(crate) struct Writer {
    reply: Reply,
    /// What every chunk begins with, up to its delta.
    head: Vec<u8>,
    open: Open,
    /// Calls begun so far: they are numbered from 0, whatever stands between them.
    calls: u64,
    /// Bytes of `reasoning_content` told so far.
    thought: usize,
    /// Items of `reasoning_details` told so far.
    details: usize,
    declined: bool,
    usage: Option<Usage>,
    /// Bytes said so far.
    said: usize,
}

#[derive(Debug)]
enum Open {
    Nothing,
    Text,
    Refusal,
    /// Thinking, from this byte of all there is on; `None` before its first.
    Thinking(Option<usize>),
    /// A function, and whether any of its arguments were told.
    Function(bool),
    /// A free-form tool with its id, its name, and its arguments so far: its text is told whole, since it comes in JSON.
    Custom(String, String, String),
}

/// What a chunk adds.
#[derive(Debug, Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_details: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<[Json; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<[Image<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[CallOut<'a>; 1]>,
}

#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
}

impl Head<'_> {
    /// The begin of an event that holds it.
    fn open(&self) -> Vec<u8> {
        let mut open = b"data: ".to_vec();
        open.extend(serde_json::to_vec(self).unwrap_or_default());
        // The object goes on.
        open.pop();
        open
    }
}

impl Writer {
    /// A writer of the answer to this request.
    pub(crate) fn new(reply: Reply) -> Self {
        Self {
            head: Vec::new(),
            open: Open::Nothing,
            calls: 0,
            thought: 0,
            details: 0,
            declined: false,
            usage: None,
            said: 0,
            reply,
        }
    }

    fn begin(&mut self, id: Option<&str>) {
        let made;
        let id = if let Some(id) = id {
            id
        } else {
            made = id_of(&self.reply);
            &made
        };
        let head = Head {
            id,
            object: "chat.completion.chunk",
            created: self.reply.now,
            model: &self.reply.request.model,
        };
        self.head = head.open();
    }

    fn delta(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) {
        self.chunk(delta, None, out);
    }

    fn chunk(&mut self, delta: &Delta<'_>, reason: Option<&str>, out: &mut Vec<u8>) {
        if self.head.is_empty() {
            self.begin(None);
        }
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b",\"choices\":[{\"index\":0,\"delta\":");
        print(delta, out);
        out.extend_from_slice(b",\"logprobs\":null,\"finish_reason\":");
        print(&reason, out);
        out.extend_from_slice(b"}]");
        if self.reply.request.stream_usage {
            out.extend_from_slice(b",\"usage\":null");
        }
        out.extend_from_slice(b"}\n\n");
    }

    fn opening(&mut self, opening: &Opening, out: &mut Vec<u8>) {
        self.open = match opening {
            Opening::Text => Open::Text,
            Opening::Refusal => Open::Refusal,
            Opening::Thinking => Open::Thinking(None),
            Opening::Call {
                id,
                name,
                kind: CallKind::Custom,
            } => Open::Custom(id.clone(), name.clone(), String::new()),
            Opening::Call { id, name, .. } => {
                let function = FunctionOut {
                    name: Some(name),
                    arguments: Cow::Borrowed(""),
                };
                let call = CallOut::function(Some(self.calls), Some(id), function);
                let delta = Delta {
                    tool_calls: Some([call]),
                    ..Delta::default()
                };
                self.calls += 1;
                self.delta(&delta, out);
                Open::Function(false)
            }
        };
    }

    fn more(&mut self, text: &str, out: &mut Vec<u8>) {
        self.said += text.len();
        let mut delta = Delta::default();
        match &mut self.open {
            Open::Nothing => return,
            Open::Text => delta.content = Some(text),
            Open::Refusal => {
                self.declined = true;
                delta.refusal = Some(text);
            }
            Open::Thinking(begun) => {
                let apart = begun.is_none() && self.thought > 0;
                let words = if apart {
                    Cow::Owned(format!("{APART}{text}"))
                } else {
                    Cow::Borrowed(text)
                };
                begun.get_or_insert(self.thought + words.len() - text.len());
                self.thought += words.len();
                delta.reasoning_content = Some(words);
            }
            Open::Function(begun) => {
                *begun = true;
                delta.tool_calls = Some([self.arguments(text)]);
            }
            Open::Custom(_, _, arguments) => {
                arguments.push_str(text);
                return;
            }
        }
        self.delta(&delta, out);
    }

    /// More arguments of the call begun last.
    fn arguments<'a>(&self, text: &'a str) -> CallOut<'a> {
        let function = FunctionOut {
            name: None,
            arguments: Cow::Borrowed(text),
        };
        CallOut::more(self.calls.saturating_sub(1), function)
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        match mem::replace(&mut self.open, Open::Nothing) {
            // Clients parse what they got, and no text is no JSON.
            Open::Function(false) => {
                let delta = Delta {
                    tool_calls: Some([self.arguments("{}")]),
                    ..Delta::default()
                };
                self.delta(&delta, out);
            }
            Open::Custom(id, name, arguments) => {
                let custom = Freely {
                    name: Cow::Owned(name),
                    input: answer_out::input(&arguments),
                };
                let call = CallOut::custom(Some(self.calls), &id, custom);
                let delta = Delta {
                    tool_calls: Some([call]),
                    ..Delta::default()
                };
                self.calls += 1;
                self.delta(&delta, out);
            }
            _ => {}
        }
    }

    fn seal(&mut self, seal: &Seal, redacted: bool, out: &mut Vec<u8>) {
        let begun = match self.open {
            Open::Thinking(Some(begun)) => begun,
            _ => self.thought,
        };
        let told = match details::tell(seal, redacted, begun..self.thought, self.details) {
            Told::Native(items) => {
                self.details += items.len();
                Json::of(&items)
            }
            Told::Carried(carrier) => {
                self.details += 1;
                Json::of(&[carrier])
            }
        };
        let delta = Delta {
            reasoning_details: Some(told),
            ..Delta::default()
        };
        self.delta(&delta, out);
    }

    fn part(&mut self, part: &Part, out: &mut Vec<u8>) {
        match part {
            Part::Thinking(thinking) => {
                if let Some(seal) = &thinking.seal {
                    self.seal(seal, thinking.redacted, out);
                }
            }
            Part::Media(media) if media.kind == MediaKind::Image => {
                if let Some(image) = Image::of(media) {
                    let delta = Delta {
                        images: Some([image]),
                        ..Delta::default()
                    };
                    self.delta(&delta, out);
                }
            }
            // What only another vendor knows has no place here.
            _ => {}
        }
    }

    fn stop(&mut self, stop: &Stop, out: &mut Vec<u8>) {
        if let Stop::Refusal {
            explanation: Some(words),
            ..
        } = stop
            && !self.declined
        {
            let delta = Delta {
                refusal: Some(words),
                ..Delta::default()
            };
            self.delta(&delta, out);
        }
        self.chunk(&Delta::default(), Some(answer_out::reason(stop)), out);
        if self.reply.request.stream_usage {
            let usage = self.reply.usage(self.usage, self.said);
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b",\"choices\":[],\"usage\":");
            print(&usage::print(&usage), out);
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

/// What another writer's chunk tells.
#[derive(Deserialize)]
struct Adopted {
    id: Option<String>,
    created: Option<i64>,
    model: Option<String>,
    choices: Option<Vec<AdoptedChoice>>,
}

#[derive(Deserialize)]
struct AdoptedChoice {
    delta: Option<AdoptedDelta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct AdoptedDelta {
    tool_calls: Option<Vec<IgnoredAny>>,
    function_call: Option<IgnoredAny>,
    reasoning_details: Option<Vec<IgnoredAny>>,
}

impl AdoptedChoice {
    fn is_only_text(&self) -> bool {
        let is_empty = |list: &Option<Vec<IgnoredAny>>| list.as_ref().is_none_or(Vec::is_empty);
        self.finish_reason.as_ref().is_none_or(String::is_empty)
            && self.delta.as_ref().is_none_or(|delta| {
                is_empty(&delta.tool_calls)
                    && is_empty(&delta.reasoning_details)
                    && delta.function_call.is_none()
            })
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, .. } => {
                self.begin(id.as_deref());
                let delta = Delta {
                    role: Some("assistant"),
                    content: Some(""),
                    ..Delta::default()
                };
                self.delta(&delta, out);
            }
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Open(opening) => self.opening(opening, out),
            Event::Delta(text) => self.more(text, out),
            Event::Seal(seal) => self.seal(seal, false, out),
            Event::Citation(citation) => {
                if let Some(annotation) = annotations::one(citation) {
                    let delta = Delta {
                        annotations: Some([annotation]),
                        ..Delta::default()
                    };
                    self.delta(&delta, out);
                }
            }
            Event::Close => self.close(out),
            Event::Part(part) => self.part(part, out),
            Event::Stop(stop) => self.stop(stop, out),
            Event::Failed(failure) => fail(failure, out),
        }
    }

    /// Every chunk of an answer has the same head. The pieces of a call and of what seals thinking are told by their
    /// reader later than they came, and an end only at the very end.
    fn adopt(&mut self, data: &[u8]) -> bool {
        let Ok(told) = serde_json::from_slice::<Adopted>(data) else {
            // `[DONE]`
            return data.trim_ascii().is_empty();
        };
        if let (Some(id), Some(created), Some(model)) = (&told.id, told.created, &told.model) {
            let head = Head {
                id,
                object: "chat.completion.chunk",
                created,
                model,
            };
            self.head = head.open();
        }
        told.choices
            .iter()
            .flatten()
            .all(AdoptedChoice::is_only_text)
    }

    fn keep_alive(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b": keep-alive\n\n");
    }
}

fn fail(failure: &Failure, out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    out.extend(error::print(failure));
    out.extend_from_slice(b"\n\ndata: [DONE]\n\n");
}

fn print(value: &impl Serialize, out: &mut Vec<u8>) {
    // Writing to memory does not fail, nor does any of these types.
    let _ = serde_json::to_writer(out, value);
}

/// The id of an answer that has none from its provider.
pub(crate) fn id_of(reply: &Reply) -> String {
    let seed = [reply.request_id.as_bytes()];
    format!("chatcmpl-{}", ids::base62(&seed, 29))
}
