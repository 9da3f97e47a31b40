//! The ledger's tests once more, in PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]
#![allow(dead_code, reason = "what only files need")]

#[path = "../it/audit.rs"]
mod audit;
#[path = "../it/bodies.rs"]
mod bodies;
#[path = "../it/cost.rs"]
mod cost;
#[path = "../it/export.rs"]
mod export;
#[path = "../it/history.rs"]
mod history;
#[path = "../it/hourly.rs"]
mod hourly;
#[path = "../it/import.rs"]
mod import;
#[path = "../it/life.rs"]
mod life;
#[path = "../it/marks.rs"]
mod marks;
#[path = "../it/retention.rs"]
mod retention;
#[path = "../servers/server.rs"]
mod server;
#[path = "../servers/shared.rs"]
mod shared;
#[path = "../it/support.rs"]
mod support;
#[path = "../servers/systems.rs"]
mod systems;
#[path = "../servers/tls.rs"]
mod tls;
#[path = "../it/usage.rs"]
mod usage;

mod backend {
    use std::path::Path;

    use crate::server::Held;
    pub(crate) use crate::systems::POSTGRES as SERVER;

    pub(crate) const PLAIN: &str = "sslmode=disable";
    /// Parameters of a URL that trust the authority `{ca}` alone.
    pub(crate) const VERIFIED: &str = "sslmode=verify-full&sslrootcert={ca}";
    pub(crate) const IS_ENCRYPTED: &str =
        "SELECT CAST(ssl AS INTEGER) AS encrypted FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    pub(crate) const END_OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";

    pub(crate) struct Backend {
        pub(crate) at: ledger::Place,
        pub(crate) url: String,
        _held: Held,
    }

    impl Backend {
        pub(crate) fn at(_: &Path) -> Self {
            let (held, url) = SERVER.database();
            Self {
                at: ledger::Place::server(&url).unwrap(),
                url,
                _held: held,
            }
        }
    }
}
