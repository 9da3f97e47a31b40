//! The gateway through its own listener, against upstreams that speak raw HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests panic as tests do

mod access;
mod addresses;
mod captures;
mod convert;
mod embed_cache;
mod failover;
mod grants;
mod hedge;
mod loops;
mod meaning;
mod passthrough;
mod reconnect;
mod resume;
mod rules;
mod sticky;
mod stream;
mod support;
mod suspend;
mod tokens;
mod told_errors;
