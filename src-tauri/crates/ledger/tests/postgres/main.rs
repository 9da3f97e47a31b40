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
#[path = "../servers/tls.rs"]
mod tls;
#[path = "../it/usage.rs"]
mod usage;

mod backend {
    use std::path::Path;

    use crate::server::{Held, Server};

    /// It refuses to run as root, so that it gets its package's own user there.
    pub(crate) const SERVER: Server = Server {
        name: "postgres-tls",
        prepare: r#"
            as=; [ "$(id -u)" != 0 ] || as="runuser -u postgres --"
            PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)"
            tls=$(dirname "$1")/tls
            mkdir -p "$1" && sh -c "$CERTIFICATE" sh "$tls" && { [ -z "$as" ] || chown -R postgres "$1" "$tls"; } &&
            $as env PATH="$PATH" initdb -D "$1" -U turnout --auth=trust --no-sync -E UTF8 --locale=C
        "#,
        serve: r#"
            as=; [ "$(id -u)" != 0 ] || as="setpriv --reuid=postgres --regid=postgres --clear-groups"
            PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)"
            exec $as postgres -D "$1" -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
                -c synchronous_commit=off -c full_page_writes=off -c ssl=on \
                -c "ssl_cert_file=$(dirname "$1")/tls/server.pem" -c "ssl_key_file=$(dirname "$1")/tls/server.key"
        "#,
        url: "postgres://turnout@127.0.0.1:{port}/postgres",
        new: "postgres://turnout@127.0.0.1:{port}/{name}?sslmode=disable",
    };
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
