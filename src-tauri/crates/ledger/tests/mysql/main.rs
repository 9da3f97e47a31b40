//! The ledger's tests once more, in MariaDB, which speaks MySQL's protocol and SQL.
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

    pub(crate) const SERVER: Server = Server {
        name: "mariadb-tls",
        prepare: r#"
            mkdir -p "$1" && sh -c "$CERTIFICATE" sh "$(dirname "$1")/tls" && mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$1" --skip-test-db
        "#,
        serve: r#"
            PATH="$PATH:/usr/sbin"
            exec mariadbd --no-defaults --user="$(id -un)" --datadir="$1" --port="$2" --bind-address=127.0.0.1 \
                --socket="$1/socket" --pid-file="$1/pid" --skip-grant-tables --skip-networking=0 --skip-log-bin \
                --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M \
                --ssl-cert="$(dirname "$1")/tls/server.pem" --ssl-key="$(dirname "$1")/tls/server.key"
        "#,
        url: "mysql://root@127.0.0.1:{port}/mysql",
        new: "mysql://root@127.0.0.1:{port}/{name}?ssl-mode=DISABLED",
    };
    pub(crate) const PLAIN: &str = "ssl-mode=DISABLED";
    /// Parameters of a URL that trust the authority `{ca}` alone.
    pub(crate) const VERIFIED: &str = "ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}";
    pub(crate) const IS_ENCRYPTED: &str = "SELECT CAST(variable_value <> '' AS SIGNED) AS encrypted \
         FROM information_schema.session_status WHERE variable_name = 'SSL_CIPHER'";
    /// Ends every other connection to this database.
    pub(crate) const END_OTHERS: &str = "BEGIN NOT ATOMIC \
         FOR other IN (SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()) \
         DO EXECUTE IMMEDIATE concat('KILL ', other.id); END FOR; END";

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
