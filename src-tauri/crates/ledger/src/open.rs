//! Opening and closing the ledger. Opening fails with one sentence that names the file and what to
//! do; it must never replace, move or empty a file that it does not understand.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection, SqlitePool};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::error::OpenError;
use crate::health::{Health, Pulse};
use crate::migrate::migrate;
use crate::totals::Remembered;
use crate::writer::{Entry, Pen, Writer};

/// How long opening waits for another program to unlock the file.
const OPEN_WAIT: Duration = Duration::from_secs(5);
/// How long a write waits for it before the writer says so and tries again later.
const WRITE_WAIT: Duration = Duration::from_millis(250);
/// How long `flush` waits.
const FLUSH_WAIT: Duration = Duration::from_secs(5);
/// How long `close` waits for the writer, which itself gives up a little earlier.
const CLOSE_WAIT: Duration = Duration::from_secs(4);
/// Commits that a slow listener may be behind before it misses some.
const COMMITS_KEPT: usize = 256;

/// How to open.
#[derive(Debug, Clone)]
pub struct Options {
    /// Events that may wait to be written, at least 8; when they are more, events are dropped and
    /// counted. The last eighth is kept for the ends of requests and attempts.
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { queue: 8192 }
    }
}

/// What opening found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opened {
    /// Requests that were still running when Turnout last stopped; closed as failed.
    pub orphans: u64,
    /// Schema version of the file before; `None` for a new file.
    pub migrated_from: Option<i64>,
    /// Copy of the file as it was before its schema was changed.
    pub backup: Option<PathBuf>,
}

/// The ledger; clones share it.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) pool: SqlitePool,
    pub(crate) remembered: Remembered,
    opened: Opened,
    queue: mpsc::Sender<Entry>,
    writer: Writer,
    pub(crate) pulse: Arc<Pulse>,
    commits: broadcast::Sender<Arc<[Arc<str>]>>,
    closing: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Ledger {
    /// Opens the database file, which is made when it is missing (with its folder): checks it,
    /// migrates it after a copy was made, closes what a crash left running, starts the writer.
    /// Needs a Tokio runtime.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with(path, Options::default()).await
    }

    /// Opens with another queue length.
    pub async fn open_with(path: &Path, options: Options) -> Result<Self, OpenError> {
        let (mut conn, migrated) = connect(path, OPEN_WAIT).await?;
        let orphans = crate::settle::close_orphans(&mut conn)
            .await
            .map_err(|error| OpenError::from_database(path, error))?;
        sqlx::query(AssertSqlSafe(format!(
            "PRAGMA busy_timeout = {}",
            WRITE_WAIT.as_millis()
        )))
        .execute(&mut conn)
        .await
        .map_err(|error| OpenError::from_database(path, error))?;
        let opened = Opened {
            orphans,
            migrated_from: migrated.from,
            backup: migrated.backup,
        };

        let (queue, entries) = mpsc::channel(options.queue.max(8));
        let (closing, closed) = watch::channel(false);
        let (commits, _) = broadcast::channel(COMMITS_KEPT);
        let pulse = Arc::new(Pulse::default());
        let writer = Writer::new(queue.clone(), Arc::clone(&pulse));
        let pen = Pen::new(
            conn,
            path.to_owned(),
            Arc::clone(&pulse),
            commits.clone(),
            closed,
        );
        let task = tokio::spawn(pen.run(entries));
        let inner = Inner {
            pool: readers(path),
            remembered: Remembered::default(),
            opened,
            queue,
            writer,
            pulse,
            commits,
            closing,
            task: Mutex::new(Some(task)),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// What opening found.
    pub fn opened(&self) -> &Opened {
        &self.inner.opened
    }

    /// Where events go in.
    pub fn writer(&self) -> Writer {
        self.inner.writer.clone()
    }

    /// How writing is doing.
    pub fn health(&self) -> Health {
        let queued = self.inner.queue.max_capacity() - self.inner.queue.capacity();
        self.inner.pulse.health(queued)
    }

    /// Whether writing fails at the moment.
    pub fn degraded(&self) -> bool {
        self.health().degraded
    }

    /// Tells after each commit which requests changed; their rows can be read from then on
    /// ([`Ledger::rows`]). A listener more than 256 commits behind misses the oldest.
    pub fn commits(&self) -> broadcast::Receiver<Arc<[Arc<str>]>> {
        self.inner.commits.subscribe()
    }

    /// Waits until everything sent before is written; false if that takes more than five seconds.
    pub async fn flush(&self) -> bool {
        let (done, wait) = oneshot::channel();
        let flushed = async {
            self.inner.queue.send(Entry::Flush(done)).await.ok()?;
            wait.await.ok()
        };
        matches!(
            tokio::time::timeout(FLUSH_WAIT, flushed).await,
            Ok(Some(()))
        )
    }

    /// Writes what waits and closes the file. Events sent later, also through clones, are counted as
    /// lost. Takes a few seconds at most; what cannot be written by then is counted as lost.
    pub async fn close(self) {
        self.inner.closing.send_replace(true);
        let task = self
            .inner
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task
            && tokio::time::timeout(CLOSE_WAIT, task).await.is_err()
        {
            tracing::warn!(
                "the ledger did not finish writing in time; its last records may be missing"
            );
        }
        self.inner.pool.close().await;
    }
}

/// A connection for writing, with the schema of this version.
pub(crate) async fn connect(
    path: &Path,
    wait: Duration,
) -> Result<(SqliteConnection, crate::migrate::Migrated), OpenError> {
    make_private(path)?;
    let mut conn = options(path, wait)
        .create_if_missing(true)
        .synchronous(SqliteSynchronous::Normal)
        .connect()
        .await
        .map_err(|error| OpenError::from_database(path, error))?;
    let migrated = migrate(&mut conn, path).await?;
    Ok((conn, migrated))
}

/// A writer's connection, with the patience of the writer.
pub(crate) async fn reconnect(path: &Path) -> Result<SqliteConnection, OpenError> {
    connect(path, WRITE_WAIT).await.map(|(conn, _)| conn)
}

fn options(path: &Path, wait: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(wait)
        .thread_name(|id| format!("ledger-{id}"))
        .disable_statement_logging()
}

/// Readers never wait for the writer, and idle ones go away.
fn readers(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(OPEN_WAIT)
        .idle_timeout(Duration::from_secs(30))
        .connect_lazy_with(options(path, OPEN_WAIT).pragma("query_only", "ON"))
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
