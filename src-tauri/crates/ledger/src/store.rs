//! Records out of the tables and into them, many at a time: a batch costs the same few statements
//! however many requests are in it, which counts where the database is far away.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::Arc;

use sqlx::AnyConnection;

use crate::book::Book;
use crate::cells::{Cells, There};
use crate::combinations::Known;
use crate::failures;
use crate::hourly;
use crate::kind::Kind;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::record::{AttemptCells, EventCells, Record, RequestCells};
use crate::span::hour_of;

/// Rows in one statement at most; a power of two, as are all smaller numbers of rows that are used, so
/// that there are few different statements to prepare.
const ROWS: usize = 128;

/// Requests by their ids, with their attempts.
pub(crate) type Records = HashMap<Arc<str>, Record>;

/// Reads these requests into `records`; those that are not there are left out.
pub(crate) async fn load(
    conn: &mut AnyConnection,
    kind: Kind,
    ids: &[Arc<str>],
    records: &mut Records,
    prices: &mut Book,
) -> Result<(), sqlx::Error> {
    for some in pieces(ids) {
        let places = vec!["?"; some.len()].join(", ");
        let text = format!("SELECT * FROM requests WHERE id IN ({places})");
        let mut query = sqlx::query(kind.sql(&text));
        for id in some {
            query = query.bind(id.to_string());
        }
        let mut any = false;
        for row in query.fetch_all(&mut *conn).await? {
            let request = RequestCells::read(&row)?;
            let record = Record::written(request);
            records.insert(record.request.id.as_str().into(), record);
            any = true;
        }
        if !any {
            continue;
        }
        let text = format!("SELECT * FROM attempts WHERE request_id IN ({places})");
        let mut query = sqlx::query(kind.sql(&text));
        for id in some {
            query = query.bind(id.to_string());
        }
        let mut waiting = Vec::new();
        for row in query.fetch_all(&mut *conn).await? {
            let attempt = AttemptCells::read(&row)?;
            if attempt.verdict.is_none() {
                waiting.extend(attempt.price_id);
            }
            if let Some(record) = records.get_mut(attempt.request_id.as_str()) {
                record.attempts.insert(attempt.attempt, attempt);
            }
        }
        prices.load(conn, kind, waiting.into_iter()).await?;
    }
    Ok(())
}

/// Writes rows of a table, as many as fit in one statement at a time.
pub(crate) async fn put<C: Cells>(
    conn: &mut AnyConnection,
    kind: Kind,
    rows: &[impl Borrow<C> + Sync],
    there: There,
) -> Result<(), sqlx::Error> {
    for some in pieces(rows) {
        let mut query = sqlx::query(kind.insert(&C::FORM, some.len(), there));
        for row in some {
            query = row.borrow().bind(query);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// Writes these records whole, with the prices and combinations of values that they are the first to have.
pub(crate) async fn save(
    conn: &mut AnyConnection,
    kind: Kind,
    records: &[&Record],
    prices: &Book,
    known_combinations: &mut Known,
) -> Result<(), sqlx::Error> {
    prices.save(conn, kind).await?;
    known_combinations.save(conn, kind, records).await?;
    let (new, known): (Vec<&Record>, Vec<&Record>) =
        records.iter().partition(|record| record.begins);
    let new: Vec<_> = new.iter().map(|record| &record.request).collect();
    put::<RequestCells>(conn, kind, &new, There::Replaced).await?;
    let known: Vec<_> = known.iter().map(|record| &record.request).collect();
    put::<RequestCells>(conn, kind, &known, RequestCells::KNOWN).await?;
    let attempts = records.iter().flat_map(|record| record.attempts.values());
    let attempts: Vec<_> = attempts.collect();
    put::<AttemptCells>(conn, kind, &attempts, There::Replaced).await?;
    let events: Vec<_> = records.iter().flat_map(|record| &record.events).collect();
    put::<EventCells>(conn, kind, &events, There::Stays).await?;
    failures::save(conn, kind, records).await
}

/// Deletes the requests that a condition holds for and that arrived in this time (Unix milliseconds), with all
/// that belongs to them; tells how many requests they were.
pub(crate) async fn delete(
    conn: &mut AnyConnection,
    kind: Kind,
    condition: &str,
    (since, until): (i64, i64),
) -> Result<u64, sqlx::Error> {
    let within = "started_at >= ? AND started_at < ?";
    let these = format!("(SELECT id FROM requests WHERE {condition} AND {within})");
    let deletes = [
        format!("DELETE FROM failures WHERE {within} AND request_id IN {these}"),
        format!("DELETE FROM events WHERE request_id IN {these}"),
        format!("DELETE FROM bodies WHERE request_id IN {these}"),
        format!("DELETE FROM attempts WHERE request_id IN {these}"),
        format!("DELETE FROM requests WHERE {condition} AND {within}"),
    ];
    let mut gone = 0;
    for text in deletes {
        let mut query = sqlx::query(kind.sql(&text));
        for _ in 0..text.matches(within).count() {
            query = query.bind(since).bind(until);
        }
        gone = query.execute(&mut *conn).await?.rows_affected();
    }
    Ok(gone)
}

/// The statements that find what was left running; with `ours`, by the instance that they are bound to. They read
/// what is open alone, not the history, as each start waits for them.
pub(crate) fn left_running(kind: Kind, ours: bool) -> [String; 2] {
    let ours = if ours {
        " AND requests.instance = ?"
    } else {
        ""
    };
    let join_in_order = kind.join_in_order();
    [
        format!("SELECT requests.id FROM requests WHERE requests.is_open = 1{ours}"),
        format!(
            "SELECT DISTINCT requests.id FROM attempts {join_in_order} requests
             WHERE requests.id = attempts.request_id AND attempts.verdict IS NULL{ours}"
        ),
    ]
}

/// Closes what this instance left running when it last stopped, and tells how many requests that were; what an older
/// version left is brought up to date.
pub(crate) async fn close_orphans(
    conn: &mut AnyConnection,
    kind: Kind,
    instance: Option<&str>,
) -> Result<u64, sqlx::Error> {
    let mut ids: Vec<Arc<str>> = Vec::new();
    for list in left_running(kind, instance.is_some()) {
        let mut query = sqlx::query_scalar::<_, String>(kind.sql(&list));
        if let Some(instance) = instance {
            query = query.bind(instance.to_owned());
        }
        ids.extend(
            query
                .fetch_all(&mut *conn)
                .await?
                .into_iter()
                .map(Arc::from),
        );
    }
    ids.sort_unstable();
    ids.dedup();
    let closed = close(conn, kind, &ids).await?;
    combine(conn, kind).await?;
    Ok(closed)
}

/// Gives requests that are over their combination of values, where another Turnout of an older version ended them while
/// the schema changed.
async fn combine(conn: &mut AnyConnection, kind: Kind) -> Result<(), sqlx::Error> {
    let text = "SELECT id FROM requests WHERE is_open = 0 AND combination_id IS NULL LIMIT ?";
    loop {
        let query = sqlx::query_scalar::<_, String>(kind.sql(text)).bind(ROWS as i64);
        let ids = query.fetch_all(&mut *conn).await?;
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = ids.into_iter().map(Arc::from).collect();
        close(conn, kind, &ids).await?;
    }
}

/// Closes what any instance left running that arrived before this time (Unix milliseconds); tells how many requests that
/// were.
async fn close_lost(
    conn: &mut AnyConnection,
    kind: Kind,
    before_ms: i64,
) -> Result<u64, sqlx::Error> {
    let text =
        "SELECT id FROM requests WHERE is_open = 1 AND started_at < ? ORDER BY started_at LIMIT ?";
    let query = sqlx::query_scalar::<_, String>(kind.sql(text)).bind(before_ms);
    let ids = query.bind(ROWS as i64).fetch_all(&mut *conn).await?;
    let ids: Vec<_> = ids.into_iter().map(Arc::from).collect();
    close(conn, kind, &ids).await
}

impl Ledger {
    /// Closes requests as failed that arrived before this time (Unix milliseconds) and are not over, whoever ran them:
    /// one that shared the database may never come back. Tells how many they were.
    pub async fn close_lost(&self, before_ms: i64) -> Result<u64, QueryError> {
        let mut closed = 0;
        loop {
            let some = self.errand(move |conn, kind| Box::pin(close_lost(conn, kind, before_ms)));
            match some.await? {
                0 => return Ok(closed),
                some => closed += some,
            }
        }
    }
}

async fn close(conn: &mut AnyConnection, kind: Kind, ids: &[Arc<str>]) -> Result<u64, sqlx::Error> {
    let mut closed = 0;
    for some in ids.chunks(ROWS) {
        let mut records = Records::new();
        let mut prices = Book::default();
        let mut transaction = begin(conn, kind).await?;
        load(&mut transaction, kind, some, &mut records, &mut prices).await?;
        for record in records.values_mut() {
            closed += u64::from(record.is_open());
            record.close_orphan();
        }
        let hours = records
            .values()
            .map(|record| hour_of(record.request.started_at));
        hourly::forget(&mut transaction, kind, &hours.collect()).await?;
        let all: Vec<_> = records.values().collect();
        save(&mut transaction, kind, &all, &prices, &mut Known::default()).await?;
        transaction.commit().await?;
    }
    Ok(closed)
}

/// Begins to write; in SQLite the lock is taken at once, as it could not be had later.
pub(crate) async fn begin(
    conn: &mut AnyConnection,
    kind: Kind,
) -> Result<sqlx::Transaction<'_, sqlx::Any>, sqlx::Error> {
    match kind {
        Kind::Sqlite => sqlx::Connection::begin_with(conn, "BEGIN IMMEDIATE").await,
        Kind::Postgres | Kind::MySql => sqlx::Connection::begin(conn).await,
    }
}

/// Slices of at most [`ROWS`], each as long as a power of two.
pub(crate) fn pieces<T>(mut all: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let most = all.len().min(ROWS);
        let length = (most > 0).then(|| 1 << most.ilog2())?;
        let (some, rest) = all.split_at(length);
        all = rest;
        Some(some)
    })
}
