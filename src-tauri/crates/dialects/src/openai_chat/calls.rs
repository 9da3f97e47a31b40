//! Tells which call a piece of a stream belongs to.
//!
//! OpenAI numbers calls and tells id and name once. Others leave the number out or repeat 0, repeat ids and names or
//! leave them empty, cut names, and send the arguments whole, as an object, or once more at the end.

use super::wire::CallWire;
use crate::{
    ir::{CallKey, Event, Malformed, Sequencer},
    json::{Json, Prefix},
};

/// The calls of one answer.
#[derive(Debug, Default)]
pub(crate) struct Calls(Vec<Slot>);

#[derive(Debug, Default)]
struct Slot {
    /// What the server numbers it, if at all.
    index: Option<u64>,
    id: String,
    name: String,
    /// Whether the name was told on.
    named: bool,
    /// Free text instead of JSON.
    custom: bool,
    arguments: String,
    prefix: Prefix,
}

impl Slot {
    fn is_whole(&self) -> bool {
        !self.custom && self.prefix.is_whole()
    }
}

/// A piece, whatever its form.
struct Piece {
    index: Option<u64>,
    id: String,
    name: String,
    /// `None` where nothing was said about arguments.
    arguments: Option<String>,
    custom: bool,
}

impl Piece {
    /// Whether it tells nothing but a number.
    fn is_silent(&self) -> bool {
        let told = self.arguments.as_deref().unwrap_or_default();
        self.id.is_empty() && self.name.is_empty() && told.trim().is_empty() && !self.custom
    }
}

impl From<CallWire> for Piece {
    fn from(wire: CallWire) -> Self {
        let id = wire.id.unwrap_or_default().0;
        if let Some(custom) = wire.custom {
            return Self {
                index: wire.index,
                id,
                name: custom.name.unwrap_or_default().0,
                arguments: custom.input.map(|input| input.0),
                custom: true,
            };
        }
        let function = wire.function.unwrap_or_default();
        Self {
            index: wire.index,
            id,
            name: function.name.unwrap_or_default().0,
            arguments: function.arguments.map(|arguments| arguments.0),
            custom: false,
        }
    }
}

impl Calls {
    /// Takes the next piece.
    pub(crate) fn take(
        &mut self,
        wire: CallWire,
        sequencer: &mut Sequencer,
        out: &mut Vec<Event>,
    ) -> Result<(), Malformed> {
        let mut piece = Piece::from(wire);
        let at = match self.find(&piece) {
            Some(at) => at,
            None if piece.is_silent() => return Ok(()),
            None => self.begin(&piece, sequencer, out)?,
        };
        let slot = &mut self.0[at];
        if slot.id.is_empty() {
            slot.id.clone_from(&piece.id);
        }
        // Pieces of a name come before any arguments; afterwards it is only repeated.
        if !slot.named && slot.name != piece.name {
            slot.name.push_str(&piece.name);
        }
        let told = piece.arguments.is_some();
        let text = piece.arguments.take().unwrap_or_default();
        let repeated = slot.is_whole() && !text.trim().is_empty() && same(&slot.arguments, &text);
        let mut text = if repeated { String::new() } else { text };
        if slot.custom {
            text = escaped(&text);
        } else {
            // The sequencer reports what is no JSON.
            let _ = slot.prefix.push(&text);
            slot.arguments.push_str(&text);
        }
        let name = (told && !slot.named && !slot.name.is_empty()).then(|| slot.name.clone());
        slot.named |= name.is_some();
        let id = Some(slot.id.as_str());
        sequencer.call(&key(at), id, name.as_deref(), &text, out)
    }

    /// The answer is over. Free text is whole by that, unless the answer was cut.
    pub(crate) fn finish(&mut self, sequencer: &mut Sequencer, out: &mut Vec<Event>) {
        self.tell_names(sequencer, out);
        if sequencer.is_cut() {
            return;
        }
        for (at, slot) in self.0.iter().enumerate() {
            if slot.custom {
                // The text was opened by `begin`, so this makes it whole.
                let _ = sequencer.call(&key(at), None, None, "\"}", out);
            }
        }
    }

    /// Names whose arguments have not begun are told when anything else comes.
    pub(crate) fn tell_names(&mut self, sequencer: &mut Sequencer, out: &mut Vec<Event>) {
        for (at, slot) in self.0.iter_mut().enumerate() {
            if !slot.named && !slot.name.is_empty() {
                slot.named = true;
                let _ = sequencer.call(&key(at), None, Some(&slot.name), "", out);
            }
        }
    }

    fn find(&self, piece: &Piece) -> Option<usize> {
        let last = |fits: &dyn Fn(&Slot) -> bool| self.0.iter().rposition(fits);
        if let Some(index) = piece.index {
            let at = last(&|slot| slot.index == Some(index))?;
            return self.continues(at, piece).then_some(at);
        }
        if !piece.id.is_empty()
            && let Some(at) = last(&|slot| slot.id == piece.id)
        {
            return Some(at);
        }
        let at = self.0.len().checked_sub(1)?;
        self.continues(at, piece).then_some(at)
    }

    /// Whether a piece belongs to this call, and not to a new one of the same number.
    fn continues(&self, at: usize, piece: &Piece) -> bool {
        let slot = &self.0[at];
        let other_id = !piece.id.is_empty() && !slot.id.is_empty() && piece.id != slot.id;
        if other_id {
            return false;
        }
        if piece.name.is_empty() || !slot.is_whole() {
            return true;
        }
        let more = piece.arguments.as_deref().unwrap_or_default();
        slot.name == piece.name && (more.trim().is_empty() || same(&slot.arguments, more))
    }

    fn begin(
        &mut self,
        piece: &Piece,
        sequencer: &mut Sequencer,
        out: &mut Vec<Event>,
    ) -> Result<usize, Malformed> {
        if piece.id.is_empty() && piece.name.is_empty() && piece.index.is_none() {
            return Err(Malformed(
                "arguments of a tool call that never began".to_owned(),
            ));
        }
        self.tell_names(sequencer, out);
        let at = self.0.len();
        self.0.push(Slot {
            index: piece.index,
            custom: piece.custom,
            ..Slot::default()
        });
        let opening = if piece.custom { "{\"input\":\"" } else { "" };
        let id = Some(piece.id.as_str());
        sequencer.call(&key(at), id, None, opening, out)?;
        Ok(at)
    }
}

fn key(at: usize) -> CallKey {
    CallKey::Index(at as u64)
}

/// Whether two texts are the same JSON.
fn same(one: &str, other: &str) -> bool {
    let value = |text: &str| Json::parse(text.trim()).map(|json| json.value());
    one.trim() == other.trim()
        || matches!((value(one), value(other)), (Ok(one), Ok(other)) if one == other)
}

/// The inside of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = Json::of(&text);
    let text = quoted.text();
    text[1..text.len() - 1].to_owned()
}
