//! How a provider's stream is understood, and what of it goes to the client.
//!
//! Where both speak one dialect, whole frames go on byte for byte and are only listened to. Where they do not, each
//! frame is read into events and the events are written anew.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use dialects::{
    Codec, Dialect, Framing, Reply, StreamReader, StreamWriter, Unreadable,
    anthropic::{self, ErrorBody, ErrorKind, Meter},
    ir::{Answer, Event, Failure, FailureKind, Folder, Malformed, Opening, Origin, Stop, Toolbox},
    lines::Lines,
    sse::{Frame, Oversized, Splitter},
};

use crate::{
    ending::Progress,
    memory::{Conversation, Ear, Memory},
    resume::Joint,
};

/// Understands one stream.
pub(crate) struct Hearing {
    cutter: Cutter,
    mode: Mode,
    /// The client's dialect, for events of our own.
    client: Dialect,
    events: Vec<Event>,
    written: Vec<u8>,
    /// A part of the answer is over.
    closed: bool,
    /// Something else than text was heard, whether the client was told of it or not.
    mixed: bool,
}

enum Cutter {
    Sse(Splitter),
    Lines(Lines),
}

enum Mode {
    /// Bytes of Anthropic's go on; of the bulk of them only the length is kept.
    Metered(Meter),
    /// Bytes of any other dialect go on.
    Read(Box<dyn StreamReader>),
    /// Written anew.
    Converted(Box<Converter>),
}

struct Converter {
    memory: Arc<Memory>,
    ear: Ear,
    reader: Box<dyn StreamReader>,
    writer: Box<dyn StreamWriter>,
    tools: Toolbox,
    /// What goes on with a stream that broke off, in place of the writer.
    joint: Option<Joint>,
}

/// A piece of a stream, cut out whole.
struct Piece {
    /// As it came.
    bytes: Bytes,
    frame: Option<Frame>,
}

/// What a frame meant to the pump.
#[derive(Debug, Default)]
pub(crate) struct Note {
    /// The answer's opening was read.
    pub(crate) began: bool,
    /// Something semantic was read.
    pub(crate) spoke: bool,
    /// The answer is whole; whether it ended in the ordinary way.
    pub(crate) stopped: Option<bool>,
    /// Its very last frame was read.
    pub(crate) over: bool,
    /// The provider said that it failed: what it said, and what the client is to be told of it.
    pub(crate) failed: Option<(Failure, Bytes)>,
    /// It is not what its dialect promises.
    pub(crate) malformed: Option<String>,
}

impl Hearing {
    /// Listens to a stream of the client's own dialect.
    pub(crate) fn same(dialect: Dialect) -> Self {
        let mode = match dialect {
            Dialect::Anthropic => Mode::Metered(Meter::default()),
            _ => Mode::Read(dialect.codec().stream_reader(&Origin::default())),
        };
        Self::new(dialect, dialect, mode)
    }

    /// Writes a stream of `provider` anew for a client of `client`.
    pub(crate) fn converted(
        provider: Dialect,
        origin: &Origin,
        client: Dialect,
        reply: Reply,
        memory: Arc<Memory>,
        conversation: Conversation,
    ) -> Self {
        let tools = reply.tools.clone();
        let converter = Converter {
            memory,
            ear: Ear::new(conversation),
            reader: provider.codec().stream_reader(origin),
            writer: client.codec().stream_writer(reply),
            tools,
            joint: None,
        };
        Self::new(provider, client, Mode::Converted(Box::new(converter)))
    }

    /// What is heard is the rest of a stream that the client has the begin of.
    #[must_use]
    pub(crate) fn joined(mut self, joint: Option<Joint>) -> Self {
        if let Mode::Converted(converter) = &mut self.mode {
            converter.joint = joint;
        }
        self
    }

    /// Whether a part of the answer is over.
    pub(crate) fn closed(&self) -> bool {
        match &self.mode {
            Mode::Metered(meter) => meter.closed(),
            Mode::Read(_) | Mode::Converted(_) => self.closed,
        }
    }

    fn new(provider: Dialect, client: Dialect, mode: Mode) -> Self {
        let cutter = match provider.codec().framing() {
            Framing::Sse => Cutter::Sse(Splitter::default()),
            Framing::Lines => Cutter::Lines(Lines::default()),
        };
        Self {
            cutter,
            mode,
            client,
            events: Vec::new(),
            written: Vec::new(),
            closed: false,
            mixed: false,
        }
    }

    /// Whether something else than text was heard. Bytes of Anthropic's that go on are not looked into.
    pub(crate) fn mixed(&self) -> bool {
        self.mixed
    }

    /// Adds what arrived.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), Oversized> {
        match &mut self.cutter {
            Cutter::Sse(splitter) => splitter.push(chunk),
            Cutter::Lines(lines) => lines.push(chunk),
        }
    }

    /// Understands the next whole frame, if there is one; what the client gets of it goes to `out`.
    pub(crate) fn next(&mut self, out: &mut BytesMut, progress: &mut Progress) -> Option<Note> {
        let piece = match &mut self.cutter {
            Cutter::Sse(splitter) => Piece::of_frame(splitter.next_frame()?),
            Cutter::Lines(lines) => Piece::of_line(&lines.next_line()?),
        };
        Some(self.hear(piece, out, progress))
    }

    /// The stream is over. A last frame that lacks its end is understood; `None` when nothing is left to say.
    pub(crate) fn finish(&mut self, out: &mut BytesMut, progress: &mut Progress) -> Option<Note> {
        let rest = match &mut self.cutter {
            Cutter::Sse(splitter) => splitter.finish().map(Piece::of_frame),
            Cutter::Lines(lines) => lines.finish().map(|line| Piece::of_line(&line)),
        };
        if let Mode::Metered(meter) = &mut self.mode {
            return metered_rest(meter, &rest?, out, progress);
        }
        let mut note = rest
            .map(|rest| self.hear(rest, out, progress))
            .unwrap_or_default();
        if note.malformed.take().is_some() || note.stopped.is_none() {
            self.end(&mut note, out, progress);
        }
        Some(note)
    }

    /// Tells the client that the answer broke off.
    pub(crate) fn fail(&mut self, message: &str, request_id: &str, out: &mut BytesMut) {
        let failure = Failure::new(FailureKind::Server, message);
        match &mut self.mode {
            Mode::Metered(_) => {
                out.extend_from_slice(&ErrorBody::event(ErrorKind::Api, message, request_id));
            }
            Mode::Read(_) => {
                let told = self.client.codec().write_failure_inside(&failure);
                out.extend_from_slice(&told);
            }
            Mode::Converted(converter) => {
                converter.write(Event::Failed(failure), &mut self.written);
                out.extend_from_slice(&self.written);
                self.written.clear();
            }
        }
    }

    fn hear(&mut self, piece: Piece, out: &mut BytesMut, progress: &mut Progress) -> Note {
        if let Mode::Metered(meter) = &mut self.mode {
            let note = metered(meter, &piece, progress);
            if note.failed.is_none() && note.malformed.is_none() {
                out.extend_from_slice(&piece.bytes);
            }
            return note;
        }
        let mut note = Note::default();
        let (name, data) = piece.parts();
        if let Some(data) = data {
            let reader = match &mut self.mode {
                Mode::Read(reader) => reader,
                Mode::Converted(converter) => &mut converter.reader,
                Mode::Metered(_) => return note,
            };
            if let Err(error) = reader.read(name.as_deref(), &data, &mut self.events) {
                note.malformed = Some(error.to_string());
            }
            note.over = reader.is_over();
            progress.tell(reader.usage(), None);
        }
        self.drain(&mut note, out, progress);
        if let (Mode::Read(_), None) = (&self.mode, &note.malformed) {
            match &mut note.failed {
                Some((_, told)) => *told = piece.bytes,
                None => out.extend_from_slice(&piece.bytes),
            }
        }
        if note.over && note.failed.is_none() && note.malformed.is_none() {
            self.end(&mut note, out, progress);
        }
        note
    }

    /// Has the reader say what it kept for the end.
    fn end(&mut self, note: &mut Note, out: &mut BytesMut, progress: &mut Progress) {
        let reader = match &mut self.mode {
            Mode::Read(reader) => reader,
            Mode::Converted(converter) => &mut converter.reader,
            Mode::Metered(_) => return,
        };
        // A stream without its end tells so by the missing `stopped`.
        let _ = reader.finish(&mut self.events);
        self.drain(note, out, progress);
    }

    /// Notes what the events mean and, where the stream is converted, writes them.
    fn drain(&mut self, note: &mut Note, out: &mut BytesMut, progress: &mut Progress) {
        for mut event in self.events.drain(..) {
            note.take(&event, progress);
            self.closed |= matches!(event, Event::Close | Event::Part(_));
            self.mixed |= match &event {
                Event::Open(opening) => *opening != Opening::Text,
                event => matches!(event, Event::Part(_) | Event::Seal(_)),
            };
            let mut spoke = event.is_semantic();
            if let Mode::Converted(converter) = &mut self.mode {
                converter.tools.restore(&mut event);
                converter.ear.hear(&event, &converter.memory);
                spoke = converter.write(event, &mut self.written);
            }
            note.spoke |= spoke;
        }
        if self.written.is_empty() {
            return;
        }
        if let Some((_, told)) = &mut note.failed {
            *told = Bytes::from(std::mem::take(&mut self.written));
        } else {
            out.extend_from_slice(&self.written);
            self.written.clear();
        }
    }
}

impl Converter {
    /// Writes an event for the client. Whether it says something.
    fn write(&mut self, event: Event, out: &mut Vec<u8>) -> bool {
        if let Some(joint) = &mut self.joint {
            return joint.write(event, out);
        }
        self.writer.write(&event, out);
        event.is_semantic()
    }
}

impl Note {
    fn take(&mut self, event: &Event, progress: &mut Progress) {
        match event {
            Event::Start { id, model } => {
                self.began = true;
                progress.answer_id.clone_from(id);
                progress.tell(None, model.clone());
            }
            Event::Usage(usage) => progress.tell(Some(*usage), None),
            Event::Delta(text) => progress.said += text.len() as u64,
            Event::Stop(stop) => {
                self.stopped = Some(*stop == Stop::End);
                progress.finished = true;
            }
            Event::Failed(failure) => self.failed = Some((failure.clone(), Bytes::new())),
            _ => {}
        }
    }
}

impl Piece {
    fn of_frame(frame: Frame) -> Self {
        Self {
            bytes: frame.bytes().clone(),
            frame: Some(frame),
        }
    }

    fn of_line(line: &Bytes) -> Self {
        let mut bytes = BytesMut::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\n");
        Self {
            bytes: bytes.freeze(),
            frame: None,
        }
    }

    fn parts(&self) -> (Option<Bytes>, Option<Bytes>) {
        match &self.frame {
            Some(frame) => (frame.event().map(Bytes::copy_from_slice), frame.data()),
            None => (None, Some(self.bytes.clone())),
        }
    }
}

fn metered(meter: &mut Meter, piece: &Piece, progress: &mut Progress) -> Note {
    let mut note = Note::default();
    let Some(frame) = &piece.frame else {
        return note;
    };
    match meter.read(frame) {
        anthropic::Event::Semantic => note.spoke = true,
        anthropic::Event::Finished { stop_reason } => {
            note.stopped = Some(stop_reason == "end_turn");
            progress.finished = true;
        }
        anthropic::Event::Stop => {
            progress.finished = true;
            note.over = true;
        }
        // What comes behind a whole answer cannot spoil it.
        anthropic::Event::Error(_) | anthropic::Event::Malformed if progress.finished => {}
        anthropic::Event::Error(error) => {
            let data = frame.data().unwrap_or_default();
            let failure = anthropic::failure_within(&data)
                .unwrap_or_else(|| Failure::new(FailureKind::Server, error.message));
            note.failed = Some((failure, piece.bytes.clone()));
        }
        anthropic::Event::Malformed => {
            note.malformed = Some("an event that is not JSON".to_owned());
        }
        anthropic::Event::Start => note.began = true,
        anthropic::Event::Other => {}
    }
    if progress.model.is_none() {
        progress.model = meter.model().map(str::to_owned);
    }
    progress.usage = meter.usage().or(progress.usage);
    progress.said = meter.said();
    note
}

/// What stands behind the last blank line when an Anthropic stream ends: a last event that lacks its blank line is
/// taken, a part of an event is not.
fn metered_rest(
    meter: &mut Meter,
    rest: &Piece,
    out: &mut BytesMut,
    progress: &mut Progress,
) -> Option<Note> {
    let was_finished = progress.finished;
    let note = metered(meter, rest, progress);
    let counts = was_finished || note.stopped.is_some() || note.over || note.failed.is_some();
    if counts && note.failed.is_none() {
        out.extend_from_slice(&rest.bytes);
    }
    counts.then_some(note)
}

/// A whole body that is a stream, as one answer.
pub(crate) fn fold(
    provider: &dyn Codec,
    origin: &Origin,
    body: &[u8],
) -> Result<Answer, Unreadable> {
    let mut splitter = Splitter::default();
    let mut reader = provider.stream_reader(origin);
    let (mut events, mut folder) = (Vec::new(), Folder::default());
    let malformed = |why: String| Unreadable::Malformed(Malformed(why));
    splitter
        .push(body)
        .map_err(|error| malformed(error.to_string()))?;
    while let Some(frame) = splitter.next_frame().or_else(|| splitter.finish()) {
        if let Some(data) = frame.data() {
            reader
                .read(frame.event(), &data, &mut events)
                .map_err(Unreadable::Malformed)?;
        }
    }
    let ended = reader.finish(&mut events);
    events.drain(..).for_each(|event| folder.push(event));
    let answer = folder.finish().map_err(Unreadable::Failure)?;
    ended.map_err(|error| malformed(error.to_string()))?;
    Ok(answer)
}

/// A failure's kind in the words that routing knows.
pub(crate) fn kind_of(failure: &Failure) -> &'static str {
    match failure.kind {
        FailureKind::InvalidRequest | FailureKind::ContextTooLong | FailureKind::Conflict => {
            "invalid_request_error"
        }
        FailureKind::Authentication => "authentication_error",
        FailureKind::Billing => "billing_error",
        FailureKind::Permission => "permission_error",
        FailureKind::NotFound => "not_found_error",
        FailureKind::TooLarge => "request_too_large",
        FailureKind::RateLimit => "rate_limit_error",
        FailureKind::Timeout => "timeout_error",
        FailureKind::Overloaded => "overloaded_error",
        FailureKind::Server => "api_error",
    }
}
