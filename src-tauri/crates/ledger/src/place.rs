//! Where a ledger is: a file of this machine, or a database server that several may share.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Executor};

use crate::error::OpenError;
use crate::kind::Kind;

/// How long opening waits for another program to unlock the file, and a reader for a connection.
pub(crate) const OPEN_WAIT: Duration = Duration::from_secs(5);
/// How long a write waits for a lock before the writer says so and tries again later.
pub(crate) const WRITE_WAIT: Duration = Duration::from_millis(250);
/// How long connecting to a server may take.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// What may stand in a path of a URL as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.');

/// Where a ledger is. Shown without password.
#[derive(Clone, PartialEq, Eq)]
pub struct Place(Arc<At>);

#[derive(PartialEq, Eq)]
enum At {
    File(PathBuf),
    Server {
        kind: Kind,
        url: String,
        shown: String,
    },
}

impl Place {
    /// A SQLite file; it is made when it is missing.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Arc::new(At::File(path.into())))
    }

    /// A database on a server: `postgres://USER:PASSWORD@HOST/DATABASE` or `mysql://…`, with the parameters
    /// of the database's own tools, such as `?sslmode=verify-full`.
    pub fn server(url: &str) -> Result<Self, OpenError> {
        let wrong = || OpenError::Url;
        let options: AnyConnectOptions = url.parse().map_err(|_| wrong())?;
        let parsed = &options.database_url;
        let kind = Kind::of(parsed.scheme()).filter(|kind| *kind != Kind::Sqlite);
        let kind = kind.ok_or_else(wrong)?;
        if parsed.path().trim_matches('/').is_empty() {
            return Err(wrong());
        }
        let (scheme, path) = (parsed.scheme(), parsed.path());
        let host = parsed.host_str().unwrap_or("localhost");
        let port = parsed.port().map(|port| format!(":{port}"));
        let shown = format!("{scheme}://{host}{}{path}", port.unwrap_or_default());
        Ok(Self(Arc::new(At::Server {
            kind,
            url: url.to_owned(),
            shown,
        })))
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match &*self.0 {
            At::File(path) => Some(path),
            At::Server { .. } => None,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match &*self.0 {
            At::File(_) => Kind::Sqlite,
            At::Server { kind, .. } => *kind,
        }
    }

    /// A connection for writing; a lock is waited for this long.
    pub(crate) async fn connect(&self, wait: Duration) -> Result<AnyConnection, OpenError> {
        if let At::File(path) = &*self.0 {
            make_private(path)?;
        }
        let connected = tokio::time::timeout(CONNECT_WAIT, self.try_connect(wait)).await;
        let connected = connected.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut));
        connected.map_err(|error| self.failed(error))
    }

    async fn try_connect(&self, wait: Duration) -> Result<AnyConnection, sqlx::Error> {
        let mut conn = self.options("rwc")?.connect().await?;
        settle(&mut conn, self.kind(), wait, false).await?;
        Ok(conn)
    }

    /// Readers never wait for the writer, and idle ones go away.
    pub(crate) fn readers(&self) -> Result<AnyPool, OpenError> {
        let kind = self.kind();
        let options = self.options("ro").map_err(|error| self.failed(error))?;
        Ok(AnyPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(OPEN_WAIT)
            .idle_timeout(Duration::from_secs(30))
            .after_connect(move |conn, _| {
                Box::pin(async move { settle(conn, kind, OPEN_WAIT, true).await })
            })
            .connect_lazy_with(options))
    }

    fn options(&self, mode: &str) -> Result<AnyConnectOptions, sqlx::Error> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let url = match &*self.0 {
            At::File(path) => {
                let path = path.to_string_lossy();
                format!("sqlite://{}?mode={mode}", utf8_percent_encode(&path, PATH))
            }
            At::Server { url, .. } => url.clone(),
        };
        let mut options = url.parse::<AnyConnectOptions>()?;
        let url = &mut options.database_url;
        let is_told = url.query_pairs().any(|(name, _)| name == STATEMENTS.0);
        if self.kind() == Kind::MySql && !is_told {
            url.query_pairs_mut()
                .append_pair(STATEMENTS.0, STATEMENTS.1);
        }
        Ok(options.disable_statement_logging())
    }

    /// What an error of the database means here.
    pub(crate) fn failed(&self, source: sqlx::Error) -> OpenError {
        match &*self.0 {
            At::File(path) => OpenError::of_file(path, source),
            At::Server { shown, .. } => OpenError::Server {
                shown: shown.clone(),
                source,
            },
        }
    }
}

/// How many prepared statements a connection to MySQL keeps. One that gives way to another is given up in a packet that
/// has no answer, behind which the next one waits 40 ms for the server's delayed acknowledgement, as the socket has no
/// `TCP_NODELAY` (sqlx 0.9).
const STATEMENTS: (&str, &str) = ("statement-cache-capacity", "1000");

/// Settings of a connection.
async fn settle(
    conn: &mut AnyConnection,
    kind: Kind,
    wait: Duration,
    reads: bool,
) -> Result<(), sqlx::Error> {
    let wait = wait.as_millis();
    let statement = match (kind, reads) {
        (Kind::Sqlite, true) => format!("PRAGMA busy_timeout = {wait}; PRAGMA query_only = ON"),
        (Kind::Sqlite, false) => {
            // The pages that a batch changes fit the cache of 8 MB, so that none is read twice.
            // A page that many batches change is copied into the file once for all of them, and what a statement
            // would need to be taken back stays in memory.
            format!(
                "PRAGMA busy_timeout = {wait}; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000"
            )
        }
        // What several statements of one answer read belongs together, as it always does in SQLite.
        (Kind::Postgres, true) => {
            "SET default_transaction_read_only = on; SET default_transaction_isolation = 'repeatable read'".to_owned()
        }
        (Kind::Postgres, false) => format!("SET lock_timeout = {}", wait.max(1000)),
        (Kind::MySql, true) => {
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY".to_owned()
        },
        (Kind::MySql, false) => "SET SESSION innodb_lock_wait_timeout = 1".to_owned(),
    };
    conn.execute(sqlx::raw_sql(AssertSqlSafe(statement)))
        .await?;
    Ok(())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            At::File(path) => path.display().fmt(f),
            At::Server { shown, .. } => f.write_str(shown),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

/// Makes the folder, and a new file readable by its owner alone; the database gives its side
/// files the same mode.
pub(crate) fn make_private(path: &Path) -> Result<(), OpenError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(|source| OpenError::Folder {
            folder: folder.to_owned(),
            source,
        })?;
    }
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(OpenError::Unwritable {
                path: path.to_owned(),
                source: sqlx::Error::Io(error),
            })
        }
        _ => Ok(()),
    }
}
