//! The ledger through its public surface, on real files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

mod cost;
mod faults;
mod history;
mod kill;
mod life;
mod opening;
mod prices;
mod support;
