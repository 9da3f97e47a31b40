//! Reading the history: lists newest first, page by page, and one request with its attempt chain.
//! Reads never wait for the writer and never change anything.

use std::sync::Arc;

use sqlx::{QueryBuilder, Sqlite};

use crate::cursor::Cursor;
use crate::open::Ledger;
use crate::row::{AttemptRow, Detail, Row};

/// Rows on a page when not told.
const LIMIT: u32 = 50;
/// Rows on a page at most.
const LIMIT_MAX: u32 = 1000;
/// Ids in one statement.
const IDS: usize = 500;
/// The words a status can be.
const STATUSES: [&str; 6] = [
    "pending",
    "forwarding",
    "streaming",
    "completed",
    "failed",
    "cancelled",
];

/// Which requests to list; all that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Arrived at this time or later, Unix milliseconds.
    pub since_ms: Option<i64>,
    /// Arrived before this time, Unix milliseconds.
    pub until_ms: Option<i64>,
    /// Model asked for or sent upstream.
    pub model: Option<String>,
    /// Provider that served or was tried last.
    pub provider: Option<String>,
    /// Its group.
    pub group: Option<String>,
    /// Client program.
    pub client: Option<String>,
    /// One of the six states.
    pub status: Option<String>,
    /// Text in the request's or an attempt's error, in a model name or in the id; letter case of
    /// ASCII letters is ignored.
    pub q: Option<String>,
    /// Rows at most; 50 when `None`, never more than 1000.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Page {
    /// The rows, newest first.
    pub items: Vec<Row>,
    /// Where the next page begins; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// The ledger cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The cursor is not one of ours.
    #[error(
        "the cursor is not one that this list gave; leave it out to begin at the newest request"
    )]
    Cursor,
    /// There is no such status.
    #[error(
        "there is no status `{0}`; it is one of pending, forwarding, streaming, completed, failed, cancelled"
    )]
    Status(String),
    /// The database failed.
    #[error(
        "the ledger cannot be read: {0}; try again, and if it stays so, check its file and disk"
    )]
    Database(#[from] sqlx::Error),
}

impl QueryError {
    /// Whether the question was wrong, not the ledger.
    pub const fn is_bad_request(&self) -> bool {
        matches!(self, Self::Cursor | Self::Status(_))
    }
}

impl Ledger {
    /// Requests that match, newest first, one page.
    pub async fn requests(&self, filter: &Filter) -> Result<Page, QueryError> {
        let limit = filter.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX) as usize;
        let mut query = list(filter, limit as i64 + 1)?;
        let found = query.build().fetch_all(&self.inner.pool).await?;
        let items = found
            .iter()
            .take(limit)
            .map(|row| Row::read(row, row_attempts(row)?))
            .collect::<Result<Vec<_>, sqlx::Error>>()?;
        let more = found.len() > limit;
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let at_ms = last.started_at.as_millisecond();
            Cursor {
                at_ms,
                id: last.id.clone(),
            }
            .encode()
        });
        Ok(Page { items, next_cursor })
    }

    /// One request with its attempt chain; `None` if there is none of this id.
    pub async fn request(&self, id: &str) -> Result<Option<Detail>, QueryError> {
        let mut snapshot = self.inner.pool.begin().await?;
        let Some(found) = sqlx::query("SELECT * FROM requests WHERE id = ?")
            .bind(id)
            .fetch_optional(&mut *snapshot)
            .await?
        else {
            return Ok(None);
        };
        let attempts = sqlx::query("SELECT * FROM attempts WHERE request_id = ? ORDER BY attempt")
            .bind(id)
            .fetch_all(&mut *snapshot)
            .await?
            .iter()
            .map(AttemptRow::read)
            .collect::<Result<Vec<_>, sqlx::Error>>()?;
        let explain: Option<String> = sqlx::Row::try_get(&found, "explain")?;
        let mut detail = Row::read(&found, attempts)?;
        detail.explain = explain.and_then(|text| serde_json::from_str(&text).ok());
        Ok(Some(detail))
    }

    /// The rows of these requests as lists show them, in no order; unknown ids are left out.
    pub async fn rows(&self, ids: &[Arc<str>]) -> Result<Vec<Row>, QueryError> {
        let mut rows = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS) {
            let mut query = QueryBuilder::new("SELECT * FROM requests WHERE id IN (");
            let mut list = query.separated(", ");
            for id in ids {
                list.push_bind(&**id);
            }
            query.push(")");
            for row in query.build().fetch_all(&self.inner.pool).await? {
                rows.push(Row::read(&row, row_attempts(&row)?)?);
            }
        }
        Ok(rows)
    }
}

fn row_attempts(row: &sqlx::sqlite::SqliteRow) -> Result<u32, sqlx::Error> {
    sqlx::Row::try_get(row, "attempts")
}

/// The statement of a list. A model can stand in either of two columns; each is read through its own
/// index in the order of the list, so that a page costs the same in a long history.
fn list(filter: &Filter, limit: i64) -> Result<QueryBuilder<Sqlite>, QueryError> {
    let mut query = QueryBuilder::new("SELECT * FROM requests WHERE ");
    if let Some(model) = &filter.model {
        query.push("id IN (");
        for (before, column) in [("", "model_requested"), (" UNION ALL ", "model_used")] {
            query
                .push(before)
                .push("SELECT id FROM (SELECT id FROM requests WHERE ");
            query.push(column).push(" = ").push_bind(model.clone());
            narrow(&mut query, filter)?;
            newest(&mut query, limit);
            query.push(")");
        }
        query.push(")");
    } else {
        query.push("TRUE");
        narrow(&mut query, filter)?;
    }
    newest(&mut query, limit);
    Ok(query)
}

fn newest(query: &mut QueryBuilder<Sqlite>, limit: i64) {
    query
        .push(" ORDER BY started_at DESC, id DESC LIMIT ")
        .push_bind(limit);
}

/// Every filter but the model.
fn narrow(query: &mut QueryBuilder<Sqlite>, filter: &Filter) -> Result<(), QueryError> {
    if let Some(since) = filter.since_ms {
        query.push(" AND started_at >= ").push_bind(since);
    }
    if let Some(until) = filter.until_ms {
        query.push(" AND started_at < ").push_bind(until);
    }
    if let Some(cursor) = &filter.cursor {
        let Cursor { at_ms, id } = Cursor::decode(cursor).ok_or(QueryError::Cursor)?;
        query
            .push(" AND (started_at, id) < (")
            .push_bind(at_ms)
            .push(", ")
            .push_bind(id)
            .push(")");
    }
    if let Some(status) = &filter.status
        && !STATUSES.contains(&status.as_str())
    {
        return Err(QueryError::Status(status.clone()));
    }
    let equals = [
        (" AND provider = ", &filter.provider),
        (" AND group_name = ", &filter.group),
        (" AND client = ", &filter.client),
        (" AND status = ", &filter.status),
    ];
    for (sql, value) in equals {
        if let Some(value) = value {
            query.push(sql).push_bind(value.clone());
        }
    }
    if let Some(text) = filter.q.as_deref().filter(|text| !text.is_empty()) {
        search(query, text);
    }
    Ok(())
}

fn search(query: &mut QueryBuilder<Sqlite>, text: &str) {
    let pattern = format!(
        "%{}%",
        text.replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_")
    );
    query.push(" AND (");
    for column in [
        "error",
        "model_requested",
        "model_used",
        "model_answered",
        "id",
    ] {
        query
            .push(column)
            .push(" LIKE ")
            .push_bind(pattern.clone())
            .push(" ESCAPE '\\' OR ");
    }
    query
        .push("EXISTS (SELECT 1 FROM attempts WHERE request_id = requests.id AND attempts.error LIKE ")
        .push_bind(pattern)
        .push(" ESCAPE '\\'))");
}
