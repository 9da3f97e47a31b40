//! Room that deleted rows leave is given back to the disk: a little at a time by the writer, or all of it on request.

use std::time::Duration;

use serde::Serialize;
use sqlx::{AnyConnection, AssertSqlSafe, Executor as _};

use crate::kind::Kind;
use crate::migrate::own_tables;
use crate::open::Ledger;
use crate::query::QueryError;

/// Pages that are given back at a time; of 4 KiB each.
const STEP: i64 = 256;
/// One free page in so many stays, as what is to come needs it.
const KEPT: i64 = 10;
/// How long a lock is waited for.
const WAIT: Duration = Duration::from_secs(30);

/// What a whole vacuum came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Vacuumed {
    /// Bytes on the disk before.
    pub bytes_before: u64,
    /// Bytes on the disk after it.
    pub bytes_after: u64,
}

impl Ledger {
    /// Gives a little of a file's free room back to the disk, once more than a tenth of the file is free; true
    /// when there is more. Files that were made before Turnout could do that need [`Ledger::vacuum`] once;
    /// database servers look after themselves.
    pub async fn shrink(&self) -> Result<bool, QueryError> {
        if self.inner.kind != Kind::Sqlite {
            return Ok(false);
        }
        self.errand(|conn, _| Box::pin(step(conn))).await
    }

    /// Gives all free room back. A file is written anew as a whole: what is recorded meanwhile waits in the
    /// queue, and as much room as the file needs has to be free on the disk. A server goes on meanwhile.
    pub async fn vacuum(&self) -> Result<Vacuumed, QueryError> {
        if self.inner.kind == Kind::Sqlite {
            return self.errand(|conn, kind| Box::pin(whole(conn, kind))).await;
        }
        let conn = self.inner.place.connect(WAIT).await;
        let mut conn = conn.map_err(|error| sqlx::Error::Configuration(error.into()))?;
        let vacuumed = whole(&mut conn, self.inner.kind).await?;
        sqlx::Connection::close(conn).await?;
        Ok(vacuumed)
    }
}

async fn step(conn: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let free = number(conn, "PRAGMA freelist_count").await?;
    let pages = number(conn, "PRAGMA page_count").await?;
    let incremental = number(conn, "PRAGMA auto_vacuum").await? == 2;
    let spare = free - pages / KEPT;
    if !incremental || spare < STEP {
        return Ok(false);
    }
    run(conn, format!("PRAGMA incremental_vacuum({STEP})")).await?;
    Ok(spare >= 2 * STEP)
}

async fn whole(conn: &mut AnyConnection, kind: Kind) -> Result<Vacuumed, sqlx::Error> {
    let tables = own_tables().join(", ");
    let bytes_before = size(conn, kind).await?;
    match kind {
        Kind::Sqlite => {
            run(conn, "PRAGMA auto_vacuum = INCREMENTAL".to_owned()).await?;
            run(conn, "VACUUM".to_owned()).await?;
            run(conn, "PRAGMA wal_checkpoint(TRUNCATE)".to_owned()).await?;
        }
        Kind::Postgres => run(conn, format!("VACUUM {tables}")).await?,
        Kind::MySql => run(conn, format!("OPTIMIZE TABLE {tables}")).await?,
    }
    Ok(Vacuumed {
        bytes_before,
        bytes_after: size(conn, kind).await?,
    })
}

/// Bytes that the ledger's tables and indexes take.
async fn size(conn: &mut AnyConnection, kind: Kind) -> Result<u64, sqlx::Error> {
    let names = own_tables().join("', '");
    let bytes = match kind {
        Kind::Sqlite => {
            let pages = number(conn, "PRAGMA page_count").await?;
            pages * number(conn, "PRAGMA page_size").await?
        }
        Kind::Postgres => {
            let text = format!(
                "SELECT CAST(coalesce(sum(pg_total_relation_size(oid)), 0) AS BIGINT) FROM pg_class \
                 WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname IN ('{names}')"
            );
            number(conn, &text).await?
        }
        Kind::MySql => {
            let text = format!(
                "SELECT CAST(coalesce(sum(data_length + index_length), 0) AS SIGNED) FROM information_schema.tables \
                 WHERE table_schema = database() AND table_name IN ('{names}')"
            );
            number(conn, &text).await?
        }
    };
    Ok(bytes.unsigned_abs())
}

async fn number(conn: &mut AnyConnection, text: &str) -> Result<i64, sqlx::Error> {
    let statement = AssertSqlSafe(text.to_owned());
    sqlx::query_scalar(statement).fetch_one(conn).await
}

async fn run(conn: &mut AnyConnection, text: String) -> Result<(), sqlx::Error> {
    conn.execute(sqlx::raw_sql(AssertSqlSafe(text))).await?;
    Ok(())
}
