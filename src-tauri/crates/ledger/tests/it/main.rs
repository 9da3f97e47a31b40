//! The ledger through its public surface, on real files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

mod audit;
mod bodies;
mod cost;
mod export;
mod faults;
mod history;
mod hourly;
mod import;
mod kill;
mod life;
mod marks;
mod opening;
mod prices;
mod retention;
mod stranger;
mod support;
mod thin;
mod usage;
mod vacuum;

mod backend {
    use std::path::Path;

    /// A file needs no server.
    pub(crate) struct Backend {
        pub(crate) at: ledger::Place,
    }

    impl Backend {
        pub(crate) fn at(path: &Path) -> Self {
            Self {
                at: ledger::Place::file(path),
            }
        }
    }
}
