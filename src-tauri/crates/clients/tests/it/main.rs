//! Clients connected and disconnected in scratch homes.

// The lints spare only what is marked as a test; here everything is.
#![allow(clippy::unwrap_used)]

mod crash;
mod property;
mod shapes;
mod support;
mod twice;
