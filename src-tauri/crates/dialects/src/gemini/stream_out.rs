//! Answers for Gemini clients: chunks with more parts, of which the last tells why it ended and what it cost.
//!
//! Google's SDKs take nothing but `data: {json}` and a blank line: no comments, no names, no sentinel.

use serde_json::json;

use super::{
    error, usage,
    wire::{Blob, Candidate, Citations, Content, FunctionCall, Int, Part as WirePart, Response},
};
use crate::{
    Dialect, Reply, StreamWriter, Usage,
    ir::{Answer, Event, Media, Opening, Part, Source, Stop, unfold},
    json::Json,
};

/// Writes a stream: server-sent events, or one JSON array piece by piece.
pub(super) struct Writer {
    reply: Reply,
    teller: Teller,
    begun: bool,
}

impl Writer {
    pub(super) fn new(reply: Reply) -> Self {
        Self {
            teller: Teller::new(&reply),
            reply,
            begun: false,
        }
    }

    fn put(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        if self.reply.json_array {
            out.extend_from_slice(if self.begun { b",\n" } else { b"[" });
            out.extend_from_slice(chunk);
        } else {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(chunk);
            out.extend_from_slice(b"\n\n");
        }
        self.begun = true;
    }

    fn chunk(&mut self, candidate: Candidate, usage: Option<Usage>, out: &mut Vec<u8>) {
        let response = self.teller.response(candidate, usage, &self.reply);
        // Only maps with keys that are no strings fail, which a response does not have.
        let chunk = serde_json::to_vec(&response).unwrap_or_default();
        self.put(&chunk, out);
    }

    fn end(&self, out: &mut Vec<u8>) {
        if self.reply.json_array {
            out.extend_from_slice(b"]");
        }
    }
}

impl StreamWriter for Writer {
    fn content_type(&self) -> &'static str {
        if self.reply.json_array {
            "application/json; charset=utf-8"
        } else {
            "text/event-stream; charset=utf-8"
        }
    }

    fn write(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Stop(stop) => {
                let candidate = self.teller.last(stop);
                let usage = Some(self.reply.usage(self.teller.usage, self.teller.said));
                self.chunk(candidate, usage, out);
                self.end(out);
            }
            Event::Failed(failure) => {
                let (_, error) = error::write(failure);
                self.put(&error::body(&error), out);
                self.end(out);
            }
            event => {
                if let Some(candidate) = self.teller.tell(event) {
                    self.chunk(candidate, None, out);
                }
            }
        }
    }

    /// The reader tells an end only at the very end.
    fn adopt(&mut self, data: &[u8]) -> bool {
        let Ok(told) = serde_json::from_slice::<Response>(data) else {
            return false;
        };
        let goes_on = |reason: &String| reason.is_empty() || reason == "FINISH_REASON_UNSPECIFIED";
        let candidates = told.candidates.iter().flatten();
        let mut ends = candidates.filter_map(|candidate| candidate.finish.as_ref());
        let is_blocked = told.feedback.is_some_and(|told| told.reason.is_some());
        !is_blocked && ends.all(goes_on)
    }

    fn keep_alive(&mut self, out: &mut Vec<u8>) {
        self.chunk(candidate(Vec::new()), None, out);
    }
}

/// Writes a whole answer.
pub(super) fn answer(answer: &Answer, reply: &Reply) -> Vec<u8> {
    let mut teller = Teller::new(reply);
    let mut whole = Candidate::default();
    let mut parts: Vec<WirePart> = Vec::new();
    for event in unfold(answer.clone()) {
        let more = match &event {
            Event::Stop(stop) => Some(teller.last(stop)),
            event => teller.tell(event),
        };
        let Some(more) = more else { continue };
        parts.extend(
            more.content
                .and_then(|content| content.parts)
                .unwrap_or_default(),
        );
        whole.finish = more.finish.or(whole.finish);
        whole.message = more.message.or(whole.message);
        whole.citations = more.citations.or(whole.citations);
        whole.grounding = more.grounding.or(whole.grounding);
        whole.urls = more.urls.or(whole.urls);
    }
    if parts.len() > 1 {
        parts.retain(|part| *part != WirePart::text(""));
    }
    whole.content = candidate(parts).content;
    whole.index = Some(Int(0));
    let usage = Some(reply.usage(teller.usage, teller.said));
    serde_json::to_vec(&teller.response(whole, usage, reply)).unwrap_or_default()
}

/// Turns events into candidates.
struct Teller {
    id: String,
    open: Option<Opening>,
    arguments: String,
    /// A signature that goes with the next part: clients drop thoughts, but keep what follows them.
    held: Option<String>,
    sources: Vec<Json>,
    usage: Option<Usage>,
    /// Bytes said so far.
    said: usize,
}

impl Teller {
    fn new(reply: &Reply) -> Self {
        Self {
            id: reply.request_id.clone(),
            open: None,
            arguments: String::new(),
            held: None,
            sources: Vec::new(),
            usage: None,
            said: 0,
        }
    }

    fn response(&self, candidate: Candidate, usage: Option<Usage>, reply: &Reply) -> Response {
        Response {
            candidates: Some(vec![candidate]),
            usage: usage.as_ref().map(usage::write),
            model: Some(reply.request.model.clone()),
            id: Some(self.id.clone()),
            ..Response::default()
        }
    }

    /// What an event adds, if anything yet.
    fn tell(&mut self, event: &Event) -> Option<Candidate> {
        match event {
            Event::Start { id, .. } => {
                if let Some(id) = id {
                    self.id.clone_from(id);
                }
                None
            }
            Event::Usage(usage) => {
                self.usage = Some(*usage);
                None
            }
            Event::Open(opening) => {
                self.open = Some(opening.clone());
                None
            }
            Event::Delta(text) => self.delta(text),
            Event::Seal(seal) => {
                let before = self.held.replace(seal.for_client(Dialect::Gemini));
                before.map(|data| candidate(vec![signed(data)]))
            }
            Event::Citation(source) => {
                // Sources are kept as their vendor wrote them; others than Gemini name a type.
                if source.is_object() && source.value().get("type").is_none() {
                    self.sources.push(source.clone());
                }
                None
            }
            Event::Close => self.close(),
            Event::Part(part) => self.whole(part),
            Event::Stop(_) | Event::Failed(_) => None,
        }
    }

    fn delta(&mut self, text: &str) -> Option<Candidate> {
        self.said += text.len();
        let part = match self.open {
            Some(Opening::Call { .. }) => {
                self.arguments.push_str(text);
                return None;
            }
            Some(Opening::Thinking) => WirePart {
                thought: Some(true),
                ..WirePart::text(text)
            },
            _ => WirePart {
                signature: self.held.take(),
                ..WirePart::text(text)
            },
        };
        Some(candidate(vec![part]))
    }

    /// Calls are told whole.
    fn close(&mut self) -> Option<Candidate> {
        let Some(Opening::Call { id, name, .. }) = self.open.take() else {
            return None;
        };
        let arguments = std::mem::take(&mut self.arguments);
        // A call that was cut is none.
        let args = Some(Json::arguments(&arguments)?).filter(Json::is_object);
        let call = FunctionCall {
            id: Some(id),
            name: Some(name),
            args: Some(args.unwrap_or_else(Json::empty_object)),
            ..FunctionCall::default()
        };
        Some(candidate(vec![WirePart {
            function_call: Some(call),
            signature: self.held.take(),
            ..WirePart::default()
        }]))
    }

    fn whole(&mut self, part: &Part) -> Option<Candidate> {
        match part {
            Part::Opaque {
                dialect: Dialect::Gemini,
                kind,
                value,
                ..
            } => Some(match kind.as_str() {
                "groundingMetadata" => Candidate {
                    grounding: Some(value.clone()),
                    ..candidate(Vec::new())
                },
                "urlContextMetadata" => Candidate {
                    urls: Some(value.clone()),
                    ..candidate(Vec::new())
                },
                _ => candidate(vec![value.read().ok()?]),
            }),
            Part::Media(Media {
                source: Source::Base64 { mime, data },
                ..
            }) => {
                let blob = Blob {
                    mime: Some(mime.clone()),
                    data: Some(data.clone()),
                    ..Blob::default()
                };
                Some(candidate(vec![WirePart {
                    inline_data: Some(blob),
                    signature: self.held.take(),
                    ..WirePart::default()
                }]))
            }
            Part::Thinking(thinking) => {
                let seal = thinking.seal.as_ref()?;
                self.tell(&Event::Seal(seal.clone()))
            }
            _ => None,
        }
    }

    /// The last chunk.
    fn last(&mut self, stop: &Stop) -> Candidate {
        let part = self.held.take().map_or_else(|| WirePart::text(""), signed);
        let (reason, message) = reason(stop);
        let sources = std::mem::take(&mut self.sources);
        Candidate {
            finish: Some(reason),
            message,
            citations: (!sources.is_empty()).then(|| Citations {
                sources: Some(sources),
                ..Citations::default()
            }),
            ..candidate(vec![part])
        }
    }
}

/// A signature without words.
fn signed(data: String) -> WirePart {
    WirePart {
        signature: Some(data),
        ..WirePart::text("")
    }
}

fn candidate(parts: Vec<WirePart>) -> Candidate {
    Candidate {
        content: Some(Content {
            parts: Some(parts.into()),
            role: Some("model".to_owned()),
            ..Content::default()
        }),
        index: Some(Int(0)),
        ..Candidate::default()
    }
}

/// A finish reason, and words with it.
fn reason(stop: &Stop) -> (String, Option<String>) {
    let (reason, message) = match stop {
        Stop::End | Stop::Sequence(_) | Stop::ToolUse => ("STOP", None),
        Stop::MaxTokens | Stop::ContextFull => ("MAX_TOKENS", None),
        Stop::Pause => ("CONTINUATION", None),
        Stop::Refusal {
            category,
            explanation,
        } => {
            // Gemini's own categories are its finish reasons; others' have no word there.
            let known = category.as_deref().and_then(|category| {
                [
                    "RECITATION",
                    "LANGUAGE",
                    "BLOCKLIST",
                    "PROHIBITED_CONTENT",
                    "SPII",
                    "MODEL_ARMOR",
                ]
                .into_iter()
                .find(|known| *known == category)
            });
            (known.unwrap_or("SAFETY"), explanation.clone())
        }
    };
    (reason.to_owned(), message)
}

/// A token count.
pub(super) fn count(tokens: u64) -> Vec<u8> {
    json!({"totalTokens": tokens}).to_string().into_bytes()
}
