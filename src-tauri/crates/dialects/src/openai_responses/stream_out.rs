//! Writes a client's stream, and whole answers by the same way.
//!
//! Texts that follow each other are parts of one message, which stays open until something else begins. Every item is
//! told the same in its own events and in the response at the end, under one id.

use serde::{Deserialize, Serialize};

use super::{
    annotations,
    frames::{
        Called, ContentEvent, ItemEvent, ItemOut, Message, PartEvent, Piece, ResponseEvent,
        Summary, SummaryEvent,
    },
    response_out::{ResponseOut, Shell, Status},
    usage::UsageOut,
};
use crate::{
    Reply, StreamWriter, Usage,
    ir::{Answer, CallKind, Event, Failure, Opening, Thinking, ToolKind, unfold},
    json::Json,
};

/// Writes the stream of one answer.
#[derive(Debug)]
pub(super) struct Writer {
    reply: Reply,
    pub(super) shell: Shell,
    /// The number of the next event.
    number: u64,
    begun: bool,
    over: bool,
    /// Items that are over.
    pub(super) output: Vec<Json>,
    pub(super) open: Open,
    pub(super) calls: usize,
    usage: Option<Usage>,
    /// Bytes of text and arguments written.
    written: usize,
}

/// What another writer's event tells that later events repeat.
#[derive(Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    sequence_number: Option<u64>,
    response: Option<ToldResponse>,
    /// The item that a delta belongs to.
    item_id: Option<String>,
    /// The item or the part that begins.
    #[serde(alias = "part")]
    item: Option<ToldItem>,
}

#[derive(Deserialize)]
struct ToldItem {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct ToldResponse {
    id: String,
    created_at: f64,
}

/// The item being written.
#[derive(Debug)]
pub(super) enum Open {
    Nothing,
    Message(Message),
    Reasoning(Thinking, String),
    Call(Called),
}

/// A whole answer: what its stream would tell at the end.
pub(super) fn whole(answer: &Answer, reply: &Reply) -> Vec<u8> {
    let mut writer = Writer::new(reply.clone());
    let mut unread = Vec::new();
    let mut status = Status::Completed;
    let events = unfold(answer.clone());
    for event in &events {
        match event {
            Event::Stop(stop) => status = writer.close_with(stop, &mut unread),
            event => writer.write(event, &mut unread),
        }
        unread.clear();
    }
    serde_json::to_vec(&writer.response(status)).unwrap_or_default()
}

impl Writer {
    pub(super) fn new(reply: Reply) -> Self {
        Self {
            shell: Shell::new(&reply),
            reply,
            number: 0,
            begun: false,
            over: false,
            output: Vec::new(),
            open: Open::Nothing,
            calls: 0,
            usage: None,
            written: 0,
        }
    }

    /// Writes one event: its name, its number and its fields.
    pub(super) fn emit(&mut self, name: &str, fields: &impl Serialize, out: &mut Vec<u8>) {
        let number = self.number;
        self.number += 1;
        for piece in [
            "event: ",
            name,
            "\ndata: {\"type\":\"",
            name,
            "\",\"sequence_number\":",
        ] {
            out.extend_from_slice(piece.as_bytes());
        }
        out.extend_from_slice(number.to_string().as_bytes());
        let at = out.len();
        // The fields go on in the same object.
        if serde_json::to_writer(&mut *out, fields).is_ok() && out.get(at) == Some(&b'{') {
            out[at] = b',';
        }
        out.extend_from_slice(b"\n\n");
    }

    pub(super) fn response<'a>(&'a self, status: Status<'a>) -> ResponseOut<'a> {
        let usage = (!matches!(status, Status::InProgress)).then(|| self.told_usage());
        ResponseOut {
            shell: &self.shell,
            status,
            output: &self.output,
            usage,
        }
    }

    /// Tokens as told, else estimated: strict clients demand numbers.
    fn told_usage(&self) -> UsageOut {
        self.reply.usage(self.usage, self.written).into()
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.begun, true) {
            let response = Json::of(&ResponseEvent {
                response: self.response(Status::InProgress),
            });
            for name in ["response.created", "response.in_progress"] {
                self.emit(name, &response, out);
            }
        }
    }

    pub(super) fn open(&mut self, opening: &Opening, out: &mut Vec<u8>) {
        match opening {
            Opening::Text | Opening::Refusal => self.open_piece(opening, out),
            Opening::Thinking => {
                self.close_message("completed", out);
                let id = self.shell.item_id("rs", self.output.len());
                self.added(
                    &ItemOut::Reasoning {
                        id: &id,
                        summary: &[],
                        encrypted_content: None,
                    },
                    out,
                );
                self.open = Open::Reasoning(Thinking::default(), id);
            }
            Opening::Call { id, name, kind } => {
                self.close_message("completed", out);
                let call = self.call(id, name, kind);
                self.calls += 1;
                self.added(&call.item("in_progress", ""), out);
                self.open = Open::Call(call);
            }
        }
    }

    /// A call as the client declared its tool.
    fn call(&self, id: &str, name: &str, kind: &CallKind) -> Called {
        let space = kind.namespace();
        let of_name = || {
            let tools = self.reply.request.tools.iter();
            tools.filter(|tool| tool.name == name)
        };
        let declared = of_name().find(|tool| tool.namespace.as_deref() == space);
        // A provider that is told of groups may leave the group out, which is clear where only one has the tool.
        let only = || {
            of_name()
                .next()
                .filter(|_| space.is_none() && of_name().count() == 1)
        };
        let declared = declared.or_else(only);
        let is_custom = declared.is_some_and(|tool| matches!(tool.kind, ToolKind::Custom { .. }));
        let custom = is_custom || *kind == CallKind::Custom;
        let namespace = space.or_else(|| declared.and_then(|tool| tool.namespace.as_deref()));
        Called {
            id: self
                .shell
                .item_id(if custom { "ctc" } else { "fc" }, self.output.len()),
            call_id: id.to_owned(),
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
            custom,
            arguments: String::new(),
        }
    }

    fn open_piece(&mut self, opening: &Opening, out: &mut Vec<u8>) {
        if !matches!(self.open, Open::Message(_)) {
            let id = self.shell.item_id("msg", self.output.len());
            self.added(
                &ItemOut::Message {
                    id: &id,
                    status: "in_progress",
                    role: "assistant",
                    content: &[],
                },
                out,
            );
            self.open = Open::Message(Message {
                id,
                content: Vec::new(),
                open: false,
            });
        }
        let piece = match opening {
            Opening::Refusal => Piece::Refusal {
                refusal: String::new(),
            },
            _ => Piece::OutputText {
                text: String::new(),
                annotations: Vec::new(),
                logprobs: [],
            },
        };
        self.with_open(|writer, open| {
            if let Open::Message(message) = open {
                let event = PartEvent {
                    item_id: &message.id,
                    output_index: writer.output.len(),
                    content_index: message.content.len(),
                    part: &piece,
                };
                writer.emit("response.content_part.added", &event, out);
                message.content.push(piece.clone());
                message.open = true;
            }
        });
    }

    /// Lends the open item to what writes about it.
    fn with_open(&mut self, work: impl FnOnce(&mut Self, &mut Open)) {
        let mut open = std::mem::replace(&mut self.open, Open::Nothing);
        work(self, &mut open);
        self.open = open;
    }

    pub(super) fn delta(&mut self, delta: &str, out: &mut Vec<u8>) {
        let output_index = self.output.len();
        self.with_open(|writer, open| match open {
            Open::Nothing => {}
            Open::Message(message) => {
                let mut event = ContentEvent {
                    item_id: &message.id,
                    output_index,
                    content_index: message.content.len().checked_sub(1),
                    delta: Some(delta),
                    ..ContentEvent::default()
                };
                match message.content.last_mut() {
                    Some(Piece::Refusal { refusal }) => {
                        refusal.push_str(delta);
                        writer.emit("response.refusal.delta", &event, out);
                    }
                    Some(Piece::OutputText { text, .. }) => {
                        text.push_str(delta);
                        event.logprobs = Some([]);
                        writer.emit("response.output_text.delta", &event, out);
                    }
                    None => {}
                }
            }
            Open::Reasoning(thinking, id) => {
                let event = |part, delta| SummaryEvent {
                    item_id: id,
                    output_index,
                    summary_index: 0,
                    part,
                    delta,
                    text: None,
                };
                if thinking.text.is_empty() {
                    let part = event(Some(Summary { text: "" }), None);
                    writer.emit("response.reasoning_summary_part.added", &part, out);
                }
                let event = event(None, Some(delta));
                writer.emit("response.reasoning_summary_text.delta", &event, out);
                thinking.text.push_str(delta);
            }
            Open::Call(call) => {
                call.arguments.push_str(delta);
                // Free text stands escaped inside its argument: it is told when it is whole.
                if !call.custom {
                    let event = ContentEvent {
                        item_id: &call.id,
                        output_index,
                        delta: Some(delta),
                        ..ContentEvent::default()
                    };
                    writer.emit("response.function_call_arguments.delta", &event, out);
                }
            }
        });
    }

    fn citation(&mut self, citation: &Json, out: &mut Vec<u8>) {
        let output_index = self.output.len();
        self.with_open(|writer, open| {
            let Open::Message(message) = open else { return };
            let content_index = message.content.len().checked_sub(1);
            let Some(Piece::OutputText {
                text, annotations, ..
            }) = message.content.last_mut()
            else {
                return;
            };
            if let Some(annotation) = annotations::one(citation, text) {
                let event = ContentEvent {
                    item_id: &message.id,
                    output_index,
                    content_index,
                    annotation_index: Some(annotations.len()),
                    annotation: Some(&annotation),
                    ..ContentEvent::default()
                };
                writer.emit("response.output_text.annotation.added", &event, out);
                annotations.push(annotation);
            }
        });
    }

    pub(super) fn added(&mut self, item: &ItemOut<'_>, out: &mut Vec<u8>) {
        let item = Json::of(item);
        self.added_as(&item, out);
    }

    pub(super) fn added_as(&mut self, item: &Json, out: &mut Vec<u8>) {
        let event = ItemEvent {
            output_index: self.output.len(),
            item,
        };
        self.emit("response.output_item.added", &event, out);
    }

    pub(super) fn done(&mut self, item: Json, out: &mut Vec<u8>) {
        let event = ItemEvent {
            output_index: self.output.len(),
            item: &item,
        };
        self.emit("response.output_item.done", &event, out);
        self.output.push(item);
    }

    fn end(&mut self, status: Status<'_>, out: &mut Vec<u8>) {
        let name = match status.word() {
            "incomplete" => "response.incomplete",
            "failed" => "response.failed",
            _ => "response.completed",
        };
        let response = Json::of(&ResponseEvent {
            response: self.response(status),
        });
        self.emit(name, &response, out);
        self.over = true;
    }

    fn fail(&mut self, failure: &Failure, out: &mut Vec<u8>) {
        self.close_broken(out);
        self.end(Status::of_failure(failure), out);
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, event: &Event, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        self.begin(out);
        match event {
            Event::Start { .. } => {}
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Open(opening) => self.open(opening, out),
            Event::Delta(delta) => {
                self.written += delta.len();
                self.delta(delta, out);
            }
            Event::Seal(seal) => {
                if let Open::Reasoning(thinking, _) = &mut self.open {
                    thinking.seal = Some(seal.clone());
                }
            }
            Event::Citation(citation) => self.citation(citation, out),
            Event::Close => self.close(out),
            Event::Part(part) => self.part(part, out),
            Event::Stop(stop) => {
                let status = self.close_with(stop, out);
                self.end(status, out);
            }
            Event::Failed(failure) => self.fail(failure, out),
        }
    }

    fn adopt(&mut self, data: &[u8]) -> bool {
        let Ok(told) = serde_json::from_slice::<Told>(data) else {
            return false;
        };
        self.number = told.sequence_number.map_or(self.number, |last| last + 1);
        if let Some(response) = told.response {
            self.shell.adopt(response.id, response.created_at as i64);
        }
        if let (Open::Message(message), Some(id)) = (&mut self.open, told.item_id) {
            message.id = id;
        }
        // An item tells what it is before its reader tells anything of it; a part that was told as a whole is whole.
        let is_text = |item: ToldItem| matches!(item.kind.as_str(), "message" | "output_text");
        told.item.is_none_or(is_text) && !matches!(told.kind.rsplit_once('.'), Some((_, "done")))
    }

    fn keep_alive(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b": keep-alive\n\n");
    }
}
