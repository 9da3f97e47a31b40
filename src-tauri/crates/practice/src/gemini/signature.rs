//! Thought signatures: made here, and known again when a client sends them back.
//!
//! A signature is bytes in base64, bound to the generation of the model that made it, so that a
//! foreign, cut or misplaced one is told from a true one without any memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::model::Model;
use super::shape;
use crate::seal;

/// The text that stands for a signature in a history that another model has written.
const PLACEHOLDER: &str = "skip_thought_signature_validator";

/// What a signature turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Made here for models of the same generation.
    Own,
    /// The documented placeholder, as it is or in base64.
    Placeholder,
    /// Anything else.
    Foreign,
}

/// The signature of the answer `id`.
pub(super) fn made(generation: u64, id: &str) -> String {
    STANDARD.encode(seal::seal(&format!("gemini-{generation}/{id}")))
}

/// Where a signature comes from.
pub(super) fn origin(model: &Model<'_>, signature: &str) -> Origin {
    let bytes = shape::decoded(signature).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    if signature == PLACEHOLDER || text == PLACEHOLDER {
        return Origin::Placeholder;
    }
    let own = format!("gemini-{}/", model.generation());
    match seal::open(&text) {
        Some(sealed) if sealed.starts_with(&own) => Origin::Own,
        _ => Origin::Foreign,
    }
}
