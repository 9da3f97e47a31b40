//! Wire formats as pure functions: what a request asks for, what a stream event means, how an error is told.
//!
//! Nothing here reads a socket, a clock or a file. The gateway feeds bytes in and gets meaning out, so every fact
//! about a vendor's format can be tested without a network. Same-dialect traffic is never parsed and printed again:
//! requests are scanned in place ([`scan`]) and streams are cut into frames that keep their bytes ([`sse`]).

pub mod anthropic;
pub mod scan;
pub mod sse;
mod usage;

pub use usage::Usage;
