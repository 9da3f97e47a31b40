//! Messages between dialects, through the codec's public face alone.

#![allow(clippy::unwrap_used, clippy::panic, clippy::too_many_lines)] // tests panic, and their tables are long

mod answers;
mod conversation_out;
mod identity;
mod requests_in;
mod settings_out;
mod streams_in;
mod streams_out;
mod support;
