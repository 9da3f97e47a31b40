//! The intermediate form: what a conversation is, whatever dialect it is written in.
//!
//! Every conversion goes through these types: a dialect reads its own wire format into them and writes them out in
//! its own, and never sees another dialect. They hold what at least two vendors have in common; what only one has is
//! kept beside it ([`Own`], [`Part::Opaque`], [`Tool::native`]) for the way back and listed as lost elsewhere.

mod answer;
mod cache;
mod call_ids;
mod embed;
mod event;
mod failure;
mod file_name;
mod fold;
mod model;
mod names;
mod notes;
mod part;
mod place;
mod reasoning;
mod request;
mod seal;
mod sequence;
mod splice;
mod tool;
mod toolbox;

pub use answer::{Answer, Stop};
pub use cache::{CacheMark, Ttl};
pub(crate) use call_ids::CallIds;
pub use embed::{EmbedAnswer, EmbedInput, EmbedRequest, Encoding};
pub use event::{Event, Opening};
pub use failure::{Failure, FailureKind};
pub(crate) use failure::{is_context_too_long, plain_words};
pub use fold::{Folder, unfold};
pub use model::Model;
pub(crate) use names::Names;
pub(crate) use notes::Notes;
pub use part::{Call, Media, MediaKind, Part, Source, Text, Thinking, ToolResult};
pub use place::{At, Fate, Field, Loss, Own, Place, Refusal, ToolField};
pub use reasoning::{Effort, Mode, Reasoning, Show};
pub use request::{Format, Request, Role, Sampling, Turn};
pub use seal::{Origin, Seal};
pub use sequence::{CallKey, Malformed, Sequencer, Truncated};
pub use splice::{Splicer, given};
pub use tool::{Grammar, Hosted, Mcp, Native, Tool, ToolChoice, ToolKind, WebSearch};
pub use toolbox::{CallKind, Toolbox};
