//! Anthropic Messages: what the gateway has to know of a request, a stream event, an answer and an error.
//!
//! Field names and the event grammar follow the types of Anthropic's official SDKs.

mod codec;
mod error;
mod event;
mod request;
mod usage;

pub use codec::Anthropic;
pub use error::{ErrorBody, ErrorKind};
pub use event::{Event, Meter};
pub use request::Request;
pub use usage::read_answer;
