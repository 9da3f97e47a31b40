//! Thought signatures. Gemini puts one beside the part that it belongs to: the first call of a step, or text.
//!
//! In the intermediate form a call's own signature is [`crate::ir::Call::seal`]; all others are thinking's, whose text
//! may be empty.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::wire::Part as WirePart;
use crate::{
    Dialect,
    ir::{At, Part, Seal, Thinking},
};

/// What a call is sent with that another model made; Gemini 3 takes it as a last resort.
const PLACEHOLDER: &str = "skip_thought_signature_validator";

/// The placeholder as bytes are written.
fn placeholder() -> String {
    STANDARD.encode(PLACEHOLDER)
}

/// A signature that a client presents; `None` for none and for the placeholder, which clients send in either spelling.
pub(super) fn presented(data: &str) -> Option<Seal> {
    if data.is_empty() || data == PLACEHOLDER || data == placeholder() {
        return None;
    }
    Some(Seal::presented(Dialect::Gemini, data))
}

/// A signature of something else than a call: it belongs to the last thought that has none, else to one without words
/// before what was said since the last call.
pub(super) fn told(seal: Option<Seal>, at: At, parts: &mut Vec<Part>) {
    let Some(seal) = seal else { return };
    let begins = |part: &Part| !matches!(part, Part::Text(_) | Part::Media(_));
    let last = parts.iter().rposition(begins);
    if let Some(Part::Thinking(thinking)) = last.and_then(|last| parts.get_mut(last))
        && thinking.seal.is_none()
    {
        thinking.seal = Some(seal);
        return;
    }
    let thinking = Thinking {
        seal: Some(seal),
        at,
        ..Thinking::default()
    };
    let place = last.map_or(0, |last| last + 1);
    parts.insert(place, Part::Thinking(thinking));
}

/// The model's content while it is written.
#[derive(Default)]
pub(super) struct Step {
    pub(super) parts: Vec<WirePart>,
    /// A signature of thinking that waits for the first call behind it.
    held: Option<String>,
}

impl Step {
    pub(super) fn hold(&mut self, data: String) {
        self.flush();
        self.held = Some(data);
    }

    /// The signature that a call is sent with; each is sent once.
    pub(super) fn seal_of_call(
        &mut self,
        own: Option<String>,
        last_resort: bool,
    ) -> Option<String> {
        if own.is_some() {
            self.flush();
        }
        own.or_else(|| self.held.take())
            .or_else(|| last_resort.then(placeholder))
    }

    /// A signature that no call took stands with the last text.
    pub(super) fn flush(&mut self) {
        let Some(data) = self.held.take() else { return };
        match self.parts.last_mut() {
            Some(last) if last.is_plain_text() && last.signature.is_none() => {
                last.signature = Some(data);
            }
            _ => self.parts.push(WirePart {
                signature: Some(data),
                ..WirePart::text("")
            }),
        }
    }
}
