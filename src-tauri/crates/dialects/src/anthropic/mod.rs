//! Anthropic Messages: the codec between it and the other dialects, and what the gateway has to know of traffic that
//! passes unchanged: a request, a stream event, an answer and an error.
//!
//! Field names and the event grammar follow the types of Anthropic's official SDKs.

mod answer;
mod codec;
mod error;
mod event;
mod failure;
mod mcp;
mod media_out;
mod messages_out;
mod models;
mod native;
mod owns;
mod request_in;
mod request_out;
mod spell;
mod stream_in;
mod stream_out;
mod thinking_out;
mod tools_in;
mod tools_out;
mod turns_in;
mod usage;
mod wire;
mod wire_out;

pub use codec::Anthropic;
pub use error::{ErrorBody, ErrorKind};
pub use event::{Event, Meter};
pub use failure::within as failure_within;
pub use usage::read_answer;
