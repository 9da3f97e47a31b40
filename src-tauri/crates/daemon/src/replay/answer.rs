//! What an answer says, in whichever dialect and form it came.

use dialects::ir::{Answer, Event, Folder, Origin, Part};
use dialects::lines::Lines;
use dialects::sse::Splitter;
use dialects::{Dialect, Framing, Unreadable};
use serde::Serialize;
use serde_json::Value;

/// What an answer says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Said {
    /// Its text, put together where it was streamed; `null` where there is none that can be read.
    pub text: Option<String>,
    /// What the model thought, as far as it was told.
    pub thinking: Option<String>,
    /// The tools it calls, in order.
    pub tool_calls: Vec<ToolCall>,
    /// Whether its end is missing.
    pub cut: bool,
    /// Why it can't be read, or the error that it is.
    pub problem: Option<String>,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// What it is called with.
    pub arguments: Value,
}

impl Said {
    /// There is nothing to be read, for this reason.
    pub(super) fn unread(problem: String) -> Self {
        Self {
            problem: Some(problem),
            ..Self::default()
        }
    }

    fn of(answer: Answer, cut: bool) -> Self {
        let mut said = Self {
            cut,
            ..Self::default()
        };
        for part in answer.parts {
            match part {
                Part::Text(text) | Part::Refusal(text) => {
                    said.text.get_or_insert_default().push_str(&text.text);
                }
                Part::Thinking(thinking) => {
                    let all = said.thinking.get_or_insert_default();
                    all.push_str(&thinking.text);
                }
                Part::Call(call) => said.tool_calls.push(ToolCall {
                    name: call.name,
                    arguments: call.arguments.value(),
                }),
                _ => {}
            }
        }
        said
    }
}

/// Reads an answer to a client of `dialect`.
pub(super) fn read(dialect: Dialect, status: u16, body: &[u8]) -> Said {
    let codec = dialect.codec();
    if !(200..300).contains(&status) {
        return Said::unread(codec.read_failure(status, body).message);
    }
    let origin = Origin::default();
    if is_stream(dialect, body) {
        return streamed(dialect, &origin, body);
    }
    match codec.read_answer(body, &origin) {
        Ok(answer) => Said::of(answer, false),
        Err(Unreadable::Failure(failure)) => Said::unread(failure.message),
        Err(Unreadable::Malformed(why)) => {
            Said::unread(format!("it is no answer of a model: {}", why.0))
        }
    }
}

fn is_stream(dialect: Dialect, body: &[u8]) -> bool {
    let body = body.trim_ascii();
    match dialect.codec().framing() {
        Framing::Lines => body.contains(&b'\n'),
        Framing::Sse => !matches!(body.first(), Some(b'{' | b'[') | None),
    }
}

/// The events of a stream as one answer, as far as they go.
fn streamed(dialect: Dialect, origin: &Origin, body: &[u8]) -> Said {
    let codec = dialect.codec();
    let mut reader = codec.stream_reader(origin);
    let mut events = Vec::new();
    let mut broken = None;
    for (name, data) in frames(codec.framing(), body) {
        if let Err(why) = reader.read(name.as_deref(), &data, &mut events) {
            broken = Some(format!("the stream cannot be read to its end: {}", why.0));
            break;
        }
    }
    let is_whole = reader.finish(&mut events).is_ok();
    let mut folder = Folder::default();
    for event in events {
        match event {
            Event::Failed(failure) => broken = Some(failure.message),
            event => folder.push(event),
        }
    }
    // What was being said when it broke off is said, too.
    folder.push(Event::Close);
    let is_whole = is_whole && folder.is_whole() && broken.is_none();
    let answer = folder.finish().unwrap_or_default();
    Said {
        problem: broken,
        ..Said::of(answer, !is_whole)
    }
}

type Named = (Option<Vec<u8>>, Vec<u8>);

fn frames(framing: Framing, body: &[u8]) -> Vec<Named> {
    let mut frames = Vec::new();
    match framing {
        Framing::Lines => {
            let mut lines = Lines::default();
            if lines.push(body).is_ok() {
                while let Some(line) = lines.next_line().or_else(|| lines.finish()) {
                    frames.push((None, line.to_vec()));
                }
            }
        }
        Framing::Sse => {
            let mut splitter = Splitter::default();
            if splitter.push(body).is_ok() {
                while let Some(frame) = splitter.next_frame().or_else(|| splitter.finish()) {
                    if let Some(data) = frame.data() {
                        frames.push((frame.event().map(<[u8]>::to_vec), data.to_vec()));
                    }
                }
            }
        }
    }
    frames
}
