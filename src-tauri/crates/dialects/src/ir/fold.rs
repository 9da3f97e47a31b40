//! A streamed answer as a whole one, and the reverse: clients and providers need not agree on streaming.

use super::{Answer, Call, Event, Failure, Opening, Part, Stop, Text, Thinking};
use crate::json::Json;

/// Collects events into a whole answer.
#[derive(Debug, Default)]
pub struct Folder {
    answer: Answer,
    open: Option<Opening>,
    text: String,
    citations: Vec<Json>,
    seal: Option<super::Seal>,
    failure: Option<Failure>,
    stopped: bool,
}

impl Folder {
    /// Takes the next event.
    pub fn push(&mut self, event: Event) {
        match event {
            Event::Start { id, model } => (self.answer.id, self.answer.model) = (id, model),
            Event::Usage(usage) => self.answer.usage = Some(usage),
            Event::Open(opening) => self.open = Some(opening),
            Event::Delta(text) => self.text.push_str(&text),
            Event::Seal(seal) => self.seal = Some(seal),
            Event::Citation(citation) => self.citations.push(citation),
            Event::Close => self.close(),
            Event::Part(part) => self.answer.parts.push(part),
            Event::Stop(stop) => {
                self.answer.stop = stop;
                self.stopped = true;
            }
            Event::Failed(failure) => self.failure = Some(failure),
        }
    }

    /// Whether the answer's end came by.
    pub fn is_whole(&self) -> bool {
        self.stopped
    }

    /// The answer, or why there is none.
    pub fn finish(self) -> Result<Answer, Failure> {
        self.failure.map_or(Ok(self.answer), Err)
    }

    fn close(&mut self) {
        let text = std::mem::take(&mut self.text);
        let seal = self.seal.take();
        let part = match self.open.take() {
            Some(Opening::Text) => {
                let citations = std::mem::take(&mut self.citations);
                Part::Text(Text {
                    citations,
                    ..Text::plain(text)
                })
            }
            Some(Opening::Refusal) => Part::Refusal(Text::plain(text)),
            Some(Opening::Thinking) => Part::Thinking(Thinking {
                text,
                seal,
                ..Thinking::default()
            }),
            Some(Opening::Call { id, name, kind }) => {
                let Some(arguments) = Json::arguments(&text) else {
                    return;
                };
                Part::Call(Call {
                    id,
                    name,
                    arguments,
                    kind,
                    seal: None,
                    cache: None,
                    at: super::At::default(),
                })
            }
            None => return,
        };
        self.answer.parts.push(part);
    }
}

/// A whole answer as the events of its stream.
pub fn unfold(answer: Answer) -> Vec<Event> {
    let mut events = vec![Event::Start {
        id: answer.id,
        model: answer.model,
    }];
    events.extend(answer.usage.map(Event::Usage));
    let has_calls = answer
        .parts
        .iter()
        .any(|part| matches!(part, Part::Call(_)));
    for part in answer.parts {
        unfold_part(part, &mut events);
    }
    events.extend(answer.usage.map(Event::Usage));
    let stop: Stop = answer.stop;
    events.push(Event::Stop(stop.with_calls(has_calls)));
    events
}

fn unfold_part(part: Part, events: &mut Vec<Event>) {
    let (opening, text, citations, seal) = match part {
        Part::Text(text) => (Opening::Text, text.text, text.citations, None),
        Part::Refusal(text) => (Opening::Refusal, text.text, text.citations, None),
        Part::Thinking(thinking) if !thinking.redacted => {
            (Opening::Thinking, thinking.text, Vec::new(), thinking.seal)
        }
        Part::Call(mut call) if call.seal.is_some() => {
            let seal = call.seal.take();
            unfold_part(
                Part::Thinking(Thinking {
                    seal,
                    ..Thinking::default()
                }),
                events,
            );
            unfold_part(Part::Call(call), events);
            return;
        }
        Part::Call(call) => {
            let opening = Opening::Call {
                id: call.id,
                name: call.name,
                kind: call.kind,
            };
            (
                opening,
                call.arguments.compact().into_owned(),
                Vec::new(),
                None,
            )
        }
        other => {
            events.push(Event::Part(other));
            return;
        }
    };
    events.push(Event::Open(opening));
    if !text.is_empty() {
        events.push(Event::Delta(text));
    }
    events.extend(citations.into_iter().map(Event::Citation));
    events.extend(seal.map(Event::Seal));
    events.push(Event::Close);
}
