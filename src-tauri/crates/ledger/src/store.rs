//! Records out of the tables and into them, many at a time: a batch costs the same few statements
//! however many requests are in it, which counts where the database is far away.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sqlx::AnyConnection;

use crate::hourly;
use crate::kind::Kind;
use crate::record::{AttemptCells, Record, RequestCells};
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
            let record = Record {
                request,
                attempts: BTreeMap::new(),
            };
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
        for row in query.fetch_all(&mut *conn).await? {
            let attempt = AttemptCells::read(&row)?;
            if let Some(record) = records.get_mut(attempt.request_id.as_str()) {
                record.attempts.insert(attempt.attempt, attempt);
            }
        }
    }
    Ok(())
}

/// Writes these records whole.
pub(crate) async fn save(
    conn: &mut AnyConnection,
    kind: Kind,
    records: &[&Record],
) -> Result<(), sqlx::Error> {
    let (table, keys, columns) = (
        RequestCells::TABLE,
        RequestCells::KEYS,
        RequestCells::COLUMNS,
    );
    for some in pieces(records) {
        let mut query = sqlx::query(kind.upsert(table, keys, columns, some.len()));
        for record in some {
            query = record.request.bind(query);
        }
        query.execute(&mut *conn).await?;
    }
    let attempts: Vec<_> = records
        .iter()
        .flat_map(|record| record.attempts.values())
        .collect();
    let (table, keys, columns) = (
        AttemptCells::TABLE,
        AttemptCells::KEYS,
        AttemptCells::COLUMNS,
    );
    for some in pieces(&attempts) {
        let mut query = sqlx::query(kind.upsert(table, keys, columns, some.len()));
        for attempt in some {
            query = attempt.bind(query);
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// Closes what this instance left running when it last stopped, and tells how many requests that were.
pub(crate) async fn close_orphans(
    conn: &mut AnyConnection,
    kind: Kind,
    instance: Option<&str>,
) -> Result<u64, sqlx::Error> {
    let ours = instance.map_or("", |_| " AND requests.instance = ?");
    let open = "requests.status IN ('pending', 'forwarding', 'streaming')";
    let lists = [
        format!("SELECT requests.id FROM requests WHERE {open}{ours}"),
        format!(
            "SELECT DISTINCT requests.id FROM attempts JOIN requests ON requests.id = attempts.request_id
             WHERE attempts.verdict IS NULL{ours}"
        ),
    ];
    let mut ids: Vec<Arc<str>> = Vec::new();
    for list in lists {
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
    let mut closed = 0;
    for some in ids.chunks(ROWS) {
        let mut records = Records::new();
        let mut transaction = begin(conn, kind).await?;
        load(&mut transaction, kind, some, &mut records).await?;
        for record in records.values_mut() {
            closed += u64::from(record.is_open());
            record.close_orphan();
        }
        let hours = records
            .values()
            .map(|record| hour_of(record.request.started_at));
        hourly::forget(&mut transaction, kind, &hours.collect()).await?;
        let all: Vec<_> = records.values().collect();
        save(&mut transaction, kind, &all).await?;
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
