//! Reasoning state by the call that it led to, for clients that do not bring it back.
//!
//! Vendors want their signatures and encrypted items with the tool results of the same turn; Chat, Ollama and old
//! clients have nowhere to keep them. What an answer told before its calls is remembered here, bounded in number and
//! bytes, and put back into the next request's history. Losing it costs quality, never correctness.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use dialects::ir::{Answer, Event, Opening, Part, Request, Role, Seal, Thinking};

/// The most calls remembered.
const CALLS: usize = 4096;
/// The most bytes of reasoning remembered.
const BYTES: usize = 16 << 20;

/// Reasoning by call id, the oldest forgotten first.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    by_call: HashMap<String, Thinking>,
    order: VecDeque<String>,
    bytes: usize,
}

impl Memory {
    /// Puts back what a history lacks: the reasoning before the first call of each turn that has none.
    pub(crate) fn complete(&self, request: &mut Request) {
        let kept = self.lock();
        if kept.by_call.is_empty() {
            return;
        }
        for turn in request
            .turns
            .iter_mut()
            .filter(|turn| turn.role == Role::Assistant)
        {
            let sealed = |part: &Part| match part {
                Part::Thinking(thinking) => thinking.seal.is_some(),
                Part::Call(call) => call.seal.is_some(),
                _ => false,
            };
            if turn.parts.iter().any(sealed) {
                continue;
            }
            let found = turn.parts.iter().find_map(|part| match part {
                Part::Call(call) => kept.by_call.get(&call.id).cloned(),
                _ => None,
            });
            if let Some(thinking) = found {
                turn.parts.retain(|part| !matches!(part, Part::Thinking(_)));
                let is_call = |part: &Part| matches!(part, Part::Call(_));
                let first = turn.parts.iter().position(is_call).unwrap_or_default();
                turn.parts.insert(first, Part::Thinking(thinking));
            }
        }
    }

    /// Remembers the reasoning of a whole answer.
    pub(crate) fn learn(&self, answer: &Answer) {
        let mut before = None;
        for part in &answer.parts {
            match part {
                Part::Thinking(thinking) if thinking.seal.is_some() => before = Some(thinking),
                Part::Call(call) => {
                    if let Some(thinking) = before.take() {
                        self.keep(&call.id, thinking.clone());
                    }
                }
                _ => {}
            }
        }
    }

    fn keep(&self, call: &str, thinking: Thinking) {
        let mut kept = self.lock();
        let added = weight(&thinking);
        if let Some(before) = kept.by_call.insert(call.to_owned(), thinking) {
            kept.bytes -= weight(&before);
        } else {
            kept.order.push_back(call.to_owned());
        }
        kept.bytes += added;
        while kept.order.len() > CALLS || kept.bytes > BYTES {
            let Some(oldest) = kept.order.pop_front() else {
                return;
            };
            if let Some(forgotten) = kept.by_call.remove(&oldest) {
                kept.bytes -= weight(&forgotten);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn weight(thinking: &Thinking) -> usize {
    thinking.text.len() + thinking.seal.as_ref().map_or(0, |seal| seal.data.len())
}

/// Listens to an answer for reasoning that a call follows.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    thinks: bool,
    text: String,
    seal: Option<Seal>,
}

impl Ear {
    /// Takes the next event.
    pub(crate) fn hear(&mut self, event: &Event, memory: &Memory) {
        match event {
            Event::Open(Opening::Thinking) => {
                *self = Self {
                    thinks: true,
                    ..Self::default()
                }
            }
            Event::Delta(text) if self.thinks => self.text.push_str(text),
            Event::Seal(seal) => self.seal = Some(seal.clone()),
            Event::Close => self.thinks = false,
            Event::Open(Opening::Call { id, .. }) => {
                if let Some(seal) = self.seal.take() {
                    let text = std::mem::take(&mut self.text);
                    let thinking = Thinking {
                        text,
                        seal: Some(seal),
                        ..Thinking::default()
                    };
                    memory.keep(id, thinking);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use dialects::{
        Dialect,
        ir::{Call, Origin, Turn},
        json::Json,
    };

    use super::*;

    fn called(id: &str) -> Request {
        let call = Call {
            id: id.to_owned(),
            name: "tool".to_owned(),
            arguments: Json::empty_object(),
            kind: dialects::ir::CallKind::Function,
            seal: None,
            cache: None,
            at: dialects::ir::At::default(),
        };
        let turn = Turn {
            role: Role::Assistant,
            parts: vec![Part::Call(call)],
            name: None,
            at: dialects::ir::At::default(),
        };
        Request {
            turns: vec![turn],
            ..Request::default()
        }
    }

    fn hear(memory: &Memory, id: &str, data: &str) {
        let mut ear = Ear::default();
        let seal = Seal::new(Dialect::Gemini, &Origin::default(), data);
        let call = Opening::Call {
            id: id.to_owned(),
            name: "tool".to_owned(),
            kind: dialects::ir::CallKind::Function,
        };
        for event in [
            Event::Open(Opening::Thinking),
            Event::Delta("hm".to_owned()),
            Event::Seal(seal),
            Event::Close,
            Event::Open(call),
        ] {
            ear.hear(&event, memory);
        }
    }

    #[test]
    fn reasoning_comes_back_before_the_call_it_led_to() {
        let memory = Memory::default();
        hear(&memory, "call-1", "signature");
        let mut request = called("call-1");
        memory.complete(&mut request);
        let [Part::Thinking(thinking), Part::Call(_)] = &request.turns[0].parts[..] else {
            panic!("{request:?}");
        };
        assert_eq!(thinking.text, "hm");
        let mut again = request.clone();
        memory.complete(&mut again);
        assert_eq!(again, request, "what a history has is not added again");
        let mut other = called("call-2");
        memory.complete(&mut other);
        assert_eq!(other.turns[0].parts.len(), 1);
    }

    #[test]
    fn the_oldest_is_forgotten_first_and_bytes_are_bounded() {
        let memory = Memory::default();
        for call in 0..=CALLS {
            hear(&memory, &format!("call-{call}"), "s");
        }
        assert!(!memory.lock().by_call.contains_key("call-0"));
        assert_eq!(memory.lock().by_call.len(), CALLS);
        hear(&memory, "large", &"x".repeat(BYTES));
        assert!(memory.lock().bytes <= BYTES);
    }
}
