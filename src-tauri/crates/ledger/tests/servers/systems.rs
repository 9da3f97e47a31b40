//! The servers that the ledger is tried with.

use crate::server::Server;

/// It refuses to run as root, so that it gets its package's own user there.
pub(crate) const POSTGRES: Server = Server {
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

/// MariaDB, which speaks MySQL's protocol and SQL.
pub(crate) const MARIADB: Server = Server {
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
