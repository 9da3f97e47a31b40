//! Tests of the whole product: the real `turnoutd` as a process, against upstreams and practice providers that are
//! processes or sockets too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)] // helpers of tests, too

mod access;
mod bodies;
mod breaker;
mod claude_code;
mod claude_logs;
mod clients;
mod command_line;
mod config_reload;
mod crash;
mod disconnect;
mod events;
mod failover;
mod groups;
mod layout;
mod matrix;
mod memory;
mod moving;
mod pass_through;
mod refusals;
mod server;
mod snapshots;
mod starting;
mod storm;
mod stream_cut;
mod top;
mod traces;
mod waiting;
