//! The one task that writes, and the bounded queue in front of it.
//!
//! Sending never blocks: when the queue is full, the event is dropped and counted. When the database
//! cannot be written (disk full, locked, read-only), the task says so once, tries again with growing
//! pauses and heals by itself. It must never end the program or hold up a request.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::{AnyConnection, Connection};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};

use crate::audit::{self, AuditCells};
use crate::bodies::{self, Packed};
use crate::book::Book;
use crate::combinations::Known;
use crate::errand::Errand;
use crate::error::{OpenError, is_taken, primary_code, refuses};
use crate::event::Event;
use crate::health::Pulse;
use crate::hourly::{self, Summing};
use crate::kind::Kind;
use crate::open::connect;
use crate::place::{Place, WRITE_WAIT};
use crate::record::Record;
use crate::span::hour_of;
use crate::store::{Records, begin, close_orphans, load, save};

/// A batch is committed this long after its first event; a crash loses at most this and the commit.
const WINDOW: Duration = Duration::from_millis(50);
/// Events in one transaction.
const BATCH: usize = 1024;
/// Requests whose bodies are written in one transaction.
const BODIES: usize = 64;
/// Pauses between tries while the database cannot be written.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// So long another Turnout may hold what is to be written in a shared database, as when it sums a busy hour.
const TAKEN_MAX: Duration = Duration::from_secs(10);
/// Once the ledger is closing, tries go on for this long.
const LAST_TRIES: Duration = Duration::from_secs(2);
/// A connection to a server that was quiet for this long is looked at before it is used.
const QUIET: Duration = Duration::from_secs(30);
/// How long a batch may take, so that a server that went away in silence is noticed.
const WRITE_MAX: Duration = Duration::from_secs(20);
/// How long a server may take for an errand.
const ERRAND_MAX: Duration = Duration::from_mins(2);
/// How long the first look at a server may take, which can have a schema to change.
const REACH_MAX: Duration = Duration::from_mins(10);
/// Requests kept in hand while they run; beyond, they are read again when needed.
const IN_HAND: usize = 10_000;

/// Where events go in; clones share the queue.
#[derive(Debug, Clone)]
pub struct Writer {
    pub(crate) queue: mpsc::Sender<Entry>,
    pub(crate) pulse: Arc<Pulse>,
}

#[derive(Debug)]
pub(crate) enum Entry {
    Event(Box<Event>),
    Audit(Box<AuditCells>),
    ForgetAudit(i64),
    Flush(oneshot::Sender<()>),
    Errand(Errand),
    Bodies(Packed),
}

impl Writer {
    pub(crate) fn new(queue: mpsc::Sender<Entry>, pulse: Arc<Pulse>) -> Self {
        Self { queue, pulse }
    }

    /// Records the event soon; returns at once. When the queue is full, the event is dropped,
    /// counted and, at most once a second, warned about. Ends may use the last eighth of the queue:
    /// a row that never ends is worse than one that is missing.
    pub fn send(&self, event: Event) {
        let ends = matches!(event, Event::Ended(_) | Event::AttemptEnded(_));
        let spare = self.queue.max_capacity() / 8;
        if !ends && self.queue.capacity() <= spare && !self.queue.is_closed() {
            self.pulse.lose(1, "its queue is full");
            return;
        }
        match self.queue.try_send(Entry::Event(Box::new(event))) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => self.pulse.lose(1, "its queue is full"),
            Err(mpsc::error::TrySendError::Closed(_)) => self.pulse.lose(1, "it is closed"),
        }
    }

    /// Events lost since the start.
    pub fn lost(&self) -> u64 {
        self.pulse.lost()
    }
}

/// What is written in one transaction.
#[derive(Debug, Default)]
struct Batch {
    events: Vec<Event>,
    audit: Vec<AuditCells>,
    /// Entries of the audit log from before this time go.
    forget_audit: Option<i64>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.audit.is_empty() && self.forget_audit.is_none()
    }

    /// Records in it.
    fn len(&self) -> usize {
        self.events.len() + self.audit.len()
    }
}

/// How the database is when the writer begins.
pub(crate) enum Ready {
    Open(AnyConnection),
    /// It has to be reached first; the first try tells its end.
    Later(oneshot::Sender<()>),
}

/// The writing side.
pub(crate) struct Pen {
    place: Place,
    instance: Option<String>,
    pulse: Arc<Pulse>,
    commits: broadcast::Sender<Arc<[Arc<str>]>>,
    closing: watch::Receiver<bool>,
    conn: Option<AnyConnection>,
    used: Instant,
    /// Requests that run, as they were last written.
    in_hand: Records,
    prices: Book,
    combinations: Known,
    errand: Option<Errand>,
    summing: Arc<Summing>,
    /// Bodies that are written behind the batch they came with.
    bodies: Vec<Packed>,
}

impl Pen {
    pub(crate) fn new(
        place: Place,
        instance: Option<String>,
        pulse: Arc<Pulse>,
        commits: broadcast::Sender<Arc<[Arc<str>]>>,
        closing: watch::Receiver<bool>,
        summing: Arc<Summing>,
    ) -> Self {
        Self {
            place,
            instance,
            pulse,
            commits,
            closing,
            conn: None,
            used: Instant::now(),
            in_hand: Records::new(),
            prices: Book::default(),
            combinations: Known::default(),
            errand: None,
            summing,
            bodies: Vec::new(),
        }
    }

    /// Writes until the ledger is closed or its last handle dropped, then what still waits.
    pub(crate) async fn run(mut self, ready: Ready, mut entries: mpsc::Receiver<Entry>) {
        match ready {
            Ready::Open(conn) => self.conn = Some(conn),
            Ready::Later(tried) => self.arrive(tried).await,
        }
        let mut batch = Batch::default();
        let mut flushes = Vec::new();
        while self.collect(&mut entries, &mut batch, &mut flushes).await {
            self.commit(&mut batch).await;
            self.write_bodies().await;
            for flush in flushes.drain(..) {
                let _: Result<(), ()> = flush.send(()); // nobody waits any more: fine
            }
            if let Some(errand) = self.errand.take() {
                self.run_errand(errand).await;
            }
        }
        if let Some(conn) = self.conn.take()
            && let Err(error) = conn.close().await
        {
            tracing::warn!(%error, "the ledger was not closed cleanly; the next start recovers it");
        }
    }

    /// Tries until the database is reached, and closes what was left running when Turnout last stopped. Gives
    /// up when the ledger closes.
    async fn arrive(&mut self, tried: oneshot::Sender<()>) {
        let mut tried = Some(tried);
        let mut pause = PAUSE_FIRST;
        while !self.is_closing() {
            let reached = self.reach().await;
            let done = reached.is_ok();
            match reached {
                Ok(conn) => {
                    self.conn = Some(conn);
                    self.used = Instant::now();
                    self.written(Vec::new());
                }
                Err(failure) => self.failed(&failure),
            }
            if let Some(tried) = tried.take() {
                let _: Result<(), ()> = tried.send(()); // nobody waits any more: fine
            }
            if done {
                return;
            }
            let closing = self.closing.wait_for(|closing| *closing);
            let _: Result<_, _> = timeout(pause, closing).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn reach(&mut self) -> Result<AnyConnection, WriteError> {
        let mut conn = connect_within(&self.place, REACH_MAX).await?;
        let (kind, instance) = (self.place.kind(), self.instance.as_deref());
        let closing = close_orphans(&mut conn, kind, instance);
        let orphans = in_time(kind, REACH_MAX, closing).await;
        let orphans = orphans.ok_or(WriteError::Slow)??;
        if orphans > 0 {
            tracing::warn!(
                "{orphans} requests were running when Turnout ended last; they are closed as failed"
            );
        }
        Ok(conn)
    }

    /// Fills the next batch; false when there will be no more.
    async fn collect(
        &mut self,
        entries: &mut mpsc::Receiver<Entry>,
        batch: &mut Batch,
        flushes: &mut Vec<oneshot::Sender<()>>,
    ) -> bool {
        let Some(first) = self.next(entries).await else {
            return false;
        };
        let deadline = Instant::now() + WINDOW;
        let mut entry = Some(first);
        while let Some(taken) = entry {
            match taken {
                Entry::Event(event) => batch.events.push(*event),
                Entry::Audit(entry) => batch.audit.push(*entry),
                Entry::ForgetAudit(before) => batch.forget_audit = Some(before),
                Entry::Flush(flush) => flushes.push(flush),
                Entry::Errand(errand) => self.errand = Some(errand),
                Entry::Bodies(packed) => self.bodies.push(packed),
            }
            let asked = !flushes.is_empty() || self.errand.is_some();
            if batch.len() >= BATCH || asked || self.bodies.len() >= BODIES {
                break;
            }
            entry = timeout_at(deadline, self.next(entries))
                .await
                .ok()
                .flatten();
        }
        true
    }

    async fn next(&mut self, entries: &mut mpsc::Receiver<Entry>) -> Option<Entry> {
        tokio::select! {
            biased;
            entry = entries.recv() => return entry,
            _ = self.closing.wait_for(|closing| *closing) => entries.close(),
        }
        entries.recv().await
    }

    /// Writes the batch, however long it takes; empties it.
    async fn commit(&mut self, batch: &mut Batch) {
        let mut pause = PAUSE_FIRST;
        let (mut give_up, mut since) = (None, None);
        while !batch.is_empty() {
            let failure = match self.write(batch).await {
                Ok(changed) => {
                    *batch = Batch::default();
                    self.written(changed);
                    return;
                }
                Err(failure) => failure,
            };
            self.conn = None; // its state is unknown; a new one also finds a replaced file
            self.forget();
            let waited = *since.get_or_insert_with(Instant::now);
            if !(failure.is_taken(self.place.kind()) && waited.elapsed() < TAKEN_MAX) {
                self.failed(&failure);
            }
            if self.is_closing() {
                let until = *give_up.get_or_insert_with(|| Instant::now() + LAST_TRIES);
                if Instant::now() + pause > until {
                    self.pulse
                        .lose(batch.len() as u64, "it cannot be written and is closing");
                    *batch = Batch::default();
                    return;
                }
                tokio::time::sleep(pause).await;
            } else {
                let closing = self.closing.wait_for(|closing| *closing);
                if timeout(pause, closing).await.is_ok() {
                    pause = PAUSE_FIRST;
                    continue;
                }
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn is_closing(&self) -> bool {
        *self.closing.borrow() || self.closing.has_changed().is_err()
    }

    async fn write(&mut self, batch: &mut Batch) -> Result<Vec<Arc<str>>, WriteError> {
        let mut conn = self.connection().await?;
        let written = timeout(WRITE_MAX, self.transact(&mut conn, batch)).await;
        let written = written.map_err(|_| WriteError::Slow)?;
        let changed = match written {
            Err(error) if refuses(self.place.kind(), &error) => {
                self.write_singly(&mut conn, batch).await?
            }
            written => written?,
        };
        self.conn = Some(conn);
        self.used = Instant::now();
        Ok(changed)
    }

    /// Without a connection the errand is dropped, of which who asked for it hears.
    async fn run_errand(&mut self, errand: Errand) {
        match self.connection().await {
            Ok(mut conn) => {
                let done = in_time(self.place.kind(), ERRAND_MAX, errand.run(&mut conn)).await;
                self.in_hand.clear(); // what it wrote may be among them
                self.used = Instant::now();
                match done {
                    Some(true) => {
                        self.conn = Some(conn);
                        self.written(Vec::new());
                    }
                    Some(false) => self.pulse.changed(),
                    None => self.failed(&WriteError::Slow),
                }
            }
            Err(error) => self.failed(&error.into()),
        }
    }

    /// Writes the bodies that wait; those that can't be written are dropped and counted.
    async fn write_bodies(&mut self) {
        let waiting = std::mem::take(&mut self.bodies);
        if waiting.is_empty() {
            return;
        }
        let kind = self.place.kind();
        let written = async {
            let mut conn = self.connection().await?;
            let refused = timeout(WRITE_MAX, bodies::write(&mut conn, kind, &waiting))
                .await
                .map_err(|_| WriteError::Slow)??;
            self.pulse.backlog.lose(refused);
            self.conn = Some(conn);
            self.used = Instant::now();
            Ok::<(), WriteError>(())
        };
        if let Err(error) = written.await {
            self.pulse.backlog.lose(waiting.len() as u64);
            let told = format!("captured bodies cannot be written to the ledger: {error}");
            self.pulse.note(&told);
            tracing::warn!("{told}; they are dropped, requests and their rows go on");
        }
        let bytes = waiting.iter().map(|packed| packed.bytes);
        self.pulse.backlog.give_back(bytes.sum());
    }

    async fn connection(&mut self) -> Result<AnyConnection, OpenError> {
        if let Some(mut conn) = self.conn.take() {
            let trusted = self.place.kind() == Kind::Sqlite || self.used.elapsed() < QUIET;
            if trusted || matches!(timeout(WRITE_WAIT * 4, conn.ping()).await, Ok(Ok(()))) {
                return Ok(conn);
            }
        }
        connect_within(&self.place, WRITE_MAX).await
    }

    /// Something in the batch is refused by the database: writes each event by itself and drops those.
    async fn write_singly(
        &mut self,
        conn: &mut AnyConnection,
        batch: &mut Batch,
    ) -> Result<Vec<Arc<str>>, WriteError> {
        let mut changed = Vec::new();
        self.forget();
        self.write_audit_singly(conn, batch).await?;
        while let Some(event) = batch.events.first() {
            let alone = Batch {
                events: vec![event.clone()],
                ..Batch::default()
            };
            match self.transact(conn, &alone).await {
                Ok(ids) => changed.extend(ids),
                Err(error) if refuses(self.place.kind(), &error) => {
                    let id = event.id();
                    self.in_hand.remove(id);
                    self.pulse
                        .note(&format!("a record of request {id} was refused: {error}"));
                    self.pulse.lose(1, "the database refused a record");
                    tracing::error!(%id, %error, "the ledger refused a record of a request, which is dropped; please report this");
                }
                Err(error) => return Err(error.into()),
            }
            batch.events.remove(0);
        }
        Ok(changed)
    }

    async fn write_audit_singly(
        &mut self,
        conn: &mut AnyConnection,
        batch: &mut Batch,
    ) -> Result<(), WriteError> {
        let kind = self.place.kind();
        while let Some(entry) = batch.audit.first() {
            match audit::save(conn, kind, std::slice::from_ref(entry)).await {
                Err(error) if refuses(kind, &error) => {
                    self.pulse.lose(1, "the database refused a record");
                    let told = entry.told();
                    tracing::error!(%error, "the ledger refused an entry of the audit log, which is dropped: {told}; please report this");
                }
                saved => saved?,
            }
            batch.audit.remove(0);
        }
        Ok(())
    }

    /// Writes the batch in one transaction and tells which requests changed. After an error, what is in
    /// hand may be ahead of what is written.
    async fn transact(
        &mut self,
        conn: &mut AnyConnection,
        batch: &Batch,
    ) -> Result<Vec<Arc<str>>, sqlx::Error> {
        let kind = self.place.kind();
        let events = &batch.events;
        let mut ids: Vec<_> = events.iter().map(|event| Arc::clone(event.id())).collect();
        ids.sort_unstable();
        ids.dedup();
        let new = ids.iter().filter(|id| !self.in_hand.contains_key(*id));
        let new: Vec<_> = new.cloned().collect();
        let mut transaction = begin(conn, kind).await?;
        load(
            &mut transaction,
            kind,
            &new,
            &mut self.in_hand,
            &mut self.prices,
        )
        .await?;
        let mut hours = self.closed_hours(&ids);
        let (in_hand, prices) = (&mut self.in_hand, &mut self.prices);
        for event in events {
            in_hand
                .entry(Arc::clone(event.id()))
                .or_insert_with(|| Record::new(event, self.instance.as_deref()))
                .apply(event, prices);
        }
        hours.extend(self.closed_hours(&ids)); // a request can turn out to have arrived earlier
        hourly::forget(&mut transaction, kind, &hours).await?;
        let changed = ids.iter().filter_map(|id| self.in_hand.get(id));
        let changed: Vec<_> = changed.collect();
        let combinations = &mut self.combinations;
        save(&mut transaction, kind, &changed, &self.prices, combinations).await?;
        audit::save(&mut transaction, kind, &batch.audit).await?;
        if let Some(before_ms) = batch.forget_audit {
            audit::forget(&mut transaction, kind, before_ms).await?;
        }
        transaction.commit().await?;
        self.prices.saved();
        self.combinations.saved();
        self.in_hand.retain(|_, record| {
            record.saved();
            record.is_open()
        });
        if self.in_hand.len() > IN_HAND || self.prices.is_crowded() {
            self.forget();
        }
        Ok(ids)
    }

    /// What is in hand may not be what is written.
    fn forget(&mut self) {
        self.in_hand.clear();
        self.prices.clear();
        self.combinations.clear();
    }

    /// The hours of these requests that are over, and that may be summed for that.
    fn closed_hours(&self, ids: &[Arc<str>]) -> BTreeSet<i64> {
        let now = Timestamp::now().as_millisecond();
        let before = hour_of(now).max(self.summing.before_ms());
        let records = ids.iter().filter_map(|id| self.in_hand.get(id));
        let hours = records.map(|record| hour_of(record.request.started_at));
        hours.filter(|hour| *hour < before).collect()
    }

    fn written(&self, changed: Vec<Arc<str>>) {
        if self.pulse.written() {
            let lost = self.pulse.lost();
            tracing::info!(
                "the ledger is written again; {lost} records are missing since the start"
            );
        }
        let _: Result<usize, _> = self.commits.send(changed.into()); // nobody listens: fine
    }

    fn failed(&self, failure: &WriteError) {
        let place = &self.place;
        let text = match failure {
            WriteError::Open(error) => error.to_string(),
            failure => {
                let hint = failure.hint(place.kind());
                format!("the ledger {place} cannot be written: {failure}; {hint}")
            }
        };
        if self.pulse.fail(&text) {
            tracing::error!(
                "{text}; requests go on, their records wait and are lost when too many"
            );
        }
    }
}

/// What work comes to that a server has to do in this time; `None` where it does not answer. A file always does,
/// however long it takes.
async fn in_time<T>(kind: Kind, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    match kind {
        Kind::Sqlite => Some(work.await),
        Kind::Postgres | Kind::MySql => timeout(limit, work).await.ok(),
    }
}

async fn connect_within(place: &Place, limit: Duration) -> Result<AnyConnection, OpenError> {
    let connected = in_time(place.kind(), limit, connect(place, WRITE_WAIT)).await;
    let silent = || Err(place.failed(sqlx::Error::PoolTimedOut));
    Ok(connected.unwrap_or_else(silent)?.0)
}

#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("it does not answer")]
    Slow,
}

impl WriteError {
    /// Whether another of those who share a server has what is to be written, and will be done soon.
    fn is_taken(&self, kind: Kind) -> bool {
        matches!(self, Self::Database(error) if is_taken(kind, error))
    }

    fn hint(&self, kind: Kind) -> &'static str {
        if kind != Kind::Sqlite {
            return "check that the database server runs and can be reached; it is tried again";
        }
        let code = match self {
            Self::Database(error) => primary_code(error),
            Self::Open(OpenError::Locked { .. }) => Some(5),
            Self::Open(_) | Self::Slow => return "it is tried again",
        };
        match code {
            Some(5 | 6) => "another program holds it locked: close that program",
            Some(13) => "the disk is full: free some space",
            Some(8 | 14) => "make the file and its folder writable",
            Some(11 | 26) => "the file is damaged: stop Turnout, move it away and start again",
            _ => "check the disk",
        }
    }
}
