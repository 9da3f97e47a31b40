//! Reasoning state by the call that it led to, for clients that do not bring it back.
//!
//! Vendors want their signatures and encrypted items with the tool results of the same turn; Chat, Ollama and old
//! clients have nowhere to keep them. What an answer told before its calls is remembered here, bounded in number and
//! bytes, and put back into the next request's history: that of the same conversation, before the same call, once. Losing it costs
//! quality, never correctness.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use dialects::ir::{Answer, Call, Event, Opening, Part, Request, Role, Seal, Thinking};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The most calls remembered.
const CALLS: usize = 4096;
/// The most bytes of reasoning remembered.
const BYTES: usize = 16 << 20;

type Hash = [u8; 32];

/// Reasoning by the call it led to, the oldest forgotten first.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    by_call: HashMap<Hash, Thinking>,
    order: VecDeque<Hash>,
    bytes: usize,
}

/// Which conversation it is, as far as requests tell: who calls, and the session, or what the user said first where the
/// client names none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Conversation(Hash);

impl Conversation {
    /// That of a request with this client token in this session.
    pub(crate) fn of(token: Option<&str>, session: Option<&str>, request: &Request) -> Self {
        let mut digest = Sha256::new();
        add(&mut digest, token.unwrap_or_default());
        if let Some(session) = session.or(request.session.as_deref()) {
            add(&mut digest, session);
            return Self(digest.finalize().into());
        }
        let first = request.turns.iter().find(|turn| turn.role == Role::User);
        for part in first.iter().flat_map(|turn| &turn.parts) {
            if let Part::Text(text) = part {
                add(&mut digest, &text.text);
            }
        }
        Self(digest.finalize().into())
    }

    /// A call in it. Ids alone do not tell calls apart, since some servers count anew in each answer.
    fn call(self, id: &str, name: &str, arguments: &str) -> Hash {
        let mut digest = Sha256::new();
        digest.update(self.0);
        add(&mut digest, id);
        add(&mut digest, name);
        // Clients write arguments anew: with other white space, escapes and order of keys.
        let mut value: Value = serde_json::from_str(arguments).unwrap_or_default();
        value.sort_all_objects();
        add(&mut digest, &value.to_string());
        digest.finalize().into()
    }

    /// Under what a call of a history may have been kept.
    fn keys(&self, call: &Call) -> Vec<Hash> {
        let ids = [Some(call.id.as_str()), told(&call.id)];
        let key = |id| self.call(id, &call.name, call.arguments.text());
        ids.into_iter().flatten().map(key).collect()
    }
}

fn add(digest: &mut Sha256, text: &str) {
    digest.update((text.len() as u64).to_be_bytes());
    digest.update(text);
}

/// The id as the model told it: readers of a history put a number behind those that came before.
fn told(id: &str) -> Option<&str> {
    let (told, number) = id.rsplit_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(told)
}

impl Memory {
    /// Puts back what a history lacks: the reasoning before the first call of each turn that has none. What two calls
    /// could have led to belongs to the later one.
    pub(crate) fn complete(&self, conversation: Conversation, request: &mut Request) {
        if self.lock().by_call.is_empty() {
            return;
        }
        // Keys of long histories take their time, which nobody else is to wait for.
        let lacking =
            request.turns.iter().enumerate().rev().filter(|(_, turn)| {
                turn.role == Role::Assistant && !turn.parts.iter().any(is_sealed)
            });
        let keys: Vec<(usize, Vec<Hash>)> = lacking
            .map(|(index, turn)| {
                let calls = turn.parts.iter().filter_map(|part| match part {
                    Part::Call(call) => Some(conversation.keys(call)),
                    _ => None,
                });
                (index, calls.flatten().collect())
            })
            .collect();
        let mut used = HashSet::new();
        let mut found = Vec::new();
        let kept = self.lock();
        for (index, keys) in keys {
            let known = keys.iter().find(|key| kept.by_call.contains_key(*key));
            if let Some(key) = known.filter(|key| used.insert(**key)) {
                found.push((index, kept.by_call[key].clone()));
            }
        }
        drop(kept);
        for (index, thinking) in found {
            let turn = &mut request.turns[index];
            turn.parts.retain(|part| !matches!(part, Part::Thinking(_)));
            let is_call = |part: &Part| matches!(part, Part::Call(_));
            let first = turn.parts.iter().position(is_call).unwrap_or_default();
            turn.parts.insert(first, Part::Thinking(thinking));
        }
    }

    /// Remembers the reasoning of a whole answer, told as the client knows its calls.
    pub(crate) fn learn(&self, conversation: Conversation, answer: &Answer) {
        let mut before = None;
        for part in &answer.parts {
            match part {
                Part::Thinking(thinking) if thinking.seal.is_some() => before = Some(thinking),
                Part::Call(call) => {
                    if let Some(thinking) = before.take() {
                        let key = conversation.call(&call.id, &call.name, call.arguments.text());
                        self.keep(key, thinking.clone());
                    }
                }
                _ => {}
            }
        }
    }

    fn keep(&self, call: Hash, thinking: Thinking) {
        let mut kept = self.lock();
        let added = weight(&thinking);
        if let Some(before) = kept.by_call.insert(call, thinking) {
            kept.bytes -= weight(&before);
        } else {
            kept.order.push_back(call);
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

fn is_sealed(part: &Part) -> bool {
    match part {
        Part::Thinking(thinking) => thinking.seal.is_some(),
        Part::Call(call) => call.seal.is_some(),
        _ => false,
    }
}

fn weight(thinking: &Thinking) -> usize {
    thinking.text.len() + thinking.seal.as_ref().map_or(0, |seal| seal.data.len())
}

/// Listens to an answer for reasoning that a call follows.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    conversation: Conversation,
    open: Open,
    text: String,
    seal: Option<Seal>,
}

/// What is being told.
#[derive(Debug, Default)]
enum Open {
    #[default]
    Nothing,
    Thinking,
    /// A call that reasoning led to: its id, its name and its arguments as far as told.
    Call(String, String, String),
}

impl Ear {
    /// One for an answer in this conversation.
    pub(crate) fn new(conversation: Conversation) -> Self {
        Self {
            conversation,
            ..Self::default()
        }
    }

    /// Takes the next event, told as the client knows its calls.
    pub(crate) fn hear(&mut self, event: &Event, memory: &Memory) {
        match event {
            Event::Open(Opening::Thinking) => {
                *self = Self::new(self.conversation);
                self.open = Open::Thinking;
            }
            Event::Open(Opening::Call { id, name, .. }) if self.seal.is_some() => {
                self.open = Open::Call(id.clone(), name.clone(), String::new());
            }
            Event::Delta(text) => match &mut self.open {
                Open::Nothing => {}
                Open::Thinking => self.text.push_str(text),
                Open::Call(_, _, arguments) => arguments.push_str(text),
            },
            Event::Seal(seal) => self.seal = Some(seal.clone()),
            Event::Close => {
                if let Open::Call(id, name, arguments) = std::mem::take(&mut self.open) {
                    let arguments = match arguments.trim() {
                        "" => "{}",
                        arguments => arguments,
                    };
                    let thinking = Thinking {
                        text: std::mem::take(&mut self.text),
                        seal: self.seal.take(),
                        ..Thinking::default()
                    };
                    memory.keep(self.conversation.call(&id, &name, arguments), thinking);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
