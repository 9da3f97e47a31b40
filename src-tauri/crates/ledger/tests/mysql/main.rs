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
#[path = "../servers/systems.rs"]
mod systems;
#[path = "../servers/tls.rs"]
mod tls;
#[path = "../it/usage.rs"]
mod usage;

mod backend {
    use std::path::Path;

    use crate::server::Held;
    pub(crate) use crate::systems::MARIADB as SERVER;

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
