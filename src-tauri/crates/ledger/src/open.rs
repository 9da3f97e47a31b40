//! Opening and closing the ledger. Opening fails with one sentence that names the file and what to
//! do; it must never replace, move or empty a file that it does not understand.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::{AnyConnection, AnyPool};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::error::OpenError;
use crate::health::{Health, Pulse};
use crate::hourly::Summing;
use crate::kind::Kind;
use crate::migrate::{Migrated, migrate};
use crate::place::{OPEN_WAIT, Place, WRITE_WAIT};
use crate::totals::Remembered;
use crate::writer::{Entry, Pen, Ready, Writer};

/// How long `flush` waits.
const FLUSH_WAIT: Duration = Duration::from_secs(5);
/// How long a start waits for the first try to reach a database.
const FIRST_TRY_WAIT: Duration = Duration::from_secs(2);
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
    /// Which Turnout this is, where several share a database: it closes only what it left open itself.
    /// `None` where it is alone.
    pub instance: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue: 8192,
            instance: None,
        }
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
    pub(crate) pool: AnyPool,
    pub(crate) kind: Kind,
    pub(crate) remembered: Remembered,
    pub(crate) summing: Arc<Summing>,
    pub(crate) instance: Option<String>,
    pub(crate) place: Place,
    opened: Opened,
    pub(crate) queue: mpsc::Sender<Entry>,
    writer: Writer,
    pub(crate) pulse: Arc<Pulse>,
    commits: broadcast::Sender<Arc<[Arc<str>]>>,
    closing: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Ledger {
    /// Opens a database file.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_at(Place::file(path), Options::default()).await
    }

    /// Opens a database: makes it when it is a file that is missing (with its folder), checks it, migrates
    /// it (a file after a copy was made), closes what a crash left running, starts the writer. Needs a
    /// Tokio runtime.
    pub async fn open_at(place: Place, options: Options) -> Result<Self, OpenError> {
        let kind = place.kind();
        let (mut conn, migrated) = connect(&place, OPEN_WAIT).await?;
        let orphans = crate::store::close_orphans(&mut conn, kind, options.instance.as_deref());
        let orphans = orphans.await.map_err(|error| place.failed(error))?;
        // Dropped, it would still be closing a file while that is opened again, and hold its lock.
        let closed = sqlx::Connection::close(conn);
        closed.await.map_err(|error| place.failed(error))?;
        let (conn, _) = connect(&place, WRITE_WAIT).await?;
        let opened = Opened {
            orphans,
            migrated_from: migrated.from,
            backup: migrated.backup,
        };
        Self::with(place, options, opened, Ready::Open(conn))
    }

    /// As [`Ledger::open_at`], but a database that cannot be reached, or not within two seconds, is waited for
    /// by the writer: what is recorded meanwhile waits in the queue, and [`Ledger::health`] says what is wrong.
    /// What is found on opening is not told but logged.
    pub async fn open_when_there(place: Place, options: Options) -> Result<Self, OpenError> {
        let (tried, first_try) = oneshot::channel();
        let ledger = Self::with(place, options, Opened::default(), Ready::Later(tried))?;
        let _: Result<_, _> = tokio::time::timeout(FIRST_TRY_WAIT, first_try).await;
        Ok(ledger)
    }

    fn with(
        place: Place,
        options: Options,
        opened: Opened,
        ready: Ready,
    ) -> Result<Self, OpenError> {
        let kind = place.kind();
        let (queue, entries) = mpsc::channel(options.queue.max(8));
        let (closing, closed) = watch::channel(false);
        let (commits, _) = broadcast::channel(COMMITS_KEPT);
        let pulse = Arc::new(Pulse::default());
        let writer = Writer::new(queue.clone(), Arc::clone(&pulse));
        let readers = place.readers()?;
        let summing = Arc::new(Summing::default());
        let pen = Pen::new(
            place.clone(),
            options.instance.clone(),
            Arc::clone(&pulse),
            commits.clone(),
            closed,
            Arc::clone(&summing),
        );
        let task = tokio::spawn(pen.run(ready, entries));
        let inner = Inner {
            pool: readers,
            kind,
            remembered: Remembered::default(),
            summing,
            instance: options.instance,
            place,
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
    place: &Place,
    wait: Duration,
) -> Result<(AnyConnection, Migrated), OpenError> {
    let mut conn = place.connect(wait).await?;
    let migrated = migrate(&mut conn, place).await?;
    Ok((conn, migrated))
}
