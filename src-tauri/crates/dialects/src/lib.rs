//! Wire formats as pure functions: what a request asks for, what a stream event means, and how either is said in
//! another format.
//!
//! Nothing here reads a socket, a clock or a file. The gateway feeds bytes in and gets meaning out, so every fact
//! about a vendor's format can be tested without a network. Same-dialect traffic is never parsed and printed again:
//! requests are scanned in place ([`scan`]) and streams are cut into frames that keep their bytes ([`sse`]). Traffic
//! between dialects goes through one intermediate form ([`ir`]), which each dialect's [`Codec`] reads and writes; no
//! dialect knows another. What vendors of a dialect differ in is data ([`caps`], [`vendors`]).

pub mod anthropic;
pub mod caps;
mod chain;
mod codec;
mod form;
pub mod gemini;
mod ids;
pub mod ir;
pub mod json;
pub mod lines;
pub mod ollama;
pub mod openai_chat;
pub mod openai_responses;
pub mod scan;
mod scanned;
mod schema;
pub mod sse;
mod strict;
mod told;
mod usage;
pub mod vendors;
mod wire;

pub use chain::Chain;
pub use codec::{
    BadRequest, Codec, Dialect, Framing, Operation, PathFacts, Reply, StreamReader, StreamWriter,
    Target, Unreadable, Written,
};
pub use scanned::Scanned;
pub use told::Told;
pub use usage::{Service, Usage};
pub use wire::Misshapen;
