//! A streamed answer, event by event.
//!
//! Grammar, whatever the provider sends ([`super::Sequencer`] sees to it):
//! `Start (Usage)* (Open (Delta | Seal | Citation)* Close | Part)* (Usage)* Stop`, or `Failed` at any time as the last.
//! A seal stands in thinking only: that of a call (Gemini) comes in a thinking part before the call, with or without text.
//! Never two open parts at once; no empty deltas; the deltas of a call concatenate to one JSON value.

use super::{Failure, Part, Seal, Stop, toolbox::CallKind};
use crate::{Usage, json::Json};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The answer begins.
    Start {
        /// The provider's id of it.
        id: Option<String>,
        /// The model that says it answers.
        model: Option<String>,
    },
    /// Tokens as known so far; later figures replace earlier ones.
    Usage(Usage),
    /// A part begins.
    Open(Opening),
    /// More of the open part: text, thinking, or arguments as JSON text.
    Delta(String),
    /// Reasoning state of the open thinking; once, behind its last delta.
    Seal(Seal),
    /// A source of the open text.
    Citation(Json),
    /// The open part is over.
    Close,
    /// A part that comes whole: redacted thinking, opaque blocks.
    Part(Part),
    /// The answer is over.
    Stop(Stop),
    /// The answer broke off: the provider says so.
    Failed(Failure),
}

/// What begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Opening {
    /// Text.
    Text,
    /// Thinking.
    Thinking,
    /// A refusal in words.
    Refusal,
    /// A call.
    Call {
        /// Its id; never empty.
        id: String,
        /// The tool.
        name: String,
        /// What the client knows it as.
        kind: CallKind,
    },
}

impl Event {
    /// Whether a person or an agent acts upon it: text, thinking, a call. Failover is invisible before the first.
    pub fn is_semantic(&self) -> bool {
        match self {
            Self::Open(opening) => matches!(opening, Opening::Call { .. }),
            Self::Delta(_) | Self::Part(_) => true,
            _ => false,
        }
    }
}
