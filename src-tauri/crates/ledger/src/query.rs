//! Reading the history: lists newest first, page by page, and one request with its attempt chain.
//! Reads never wait for the writer and never change anything.

use std::sync::Arc;

use sqlx::Row as _;

use crate::branch::{BRANCHES, Branch, check, list};
use crate::combinations::tell_of;
use crate::cursor::Cursor;
use crate::open::Ledger;
use crate::read::number;
use crate::record::{EventCells, ROUTED};
use crate::row::{AttemptRow, Detail, Row};
use crate::select::Select;
use crate::timeline::timeline;

/// Attempts with their prices, of the requests that follow.
pub(crate) const CHAIN: &str = "SELECT attempts.*, prices.text AS price_text FROM attempts \
     LEFT JOIN prices ON prices.id = attempts.price_id WHERE request_id";
/// Rows on a page when not told.
const LIMIT: u32 = 50;
/// Rows on a page at most.
const LIMIT_MAX: u32 = 1000;
/// Ids in one statement.
const IDS: usize = 500;

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
    /// The client token's name.
    pub token: Option<String>,
    /// The client's session.
    pub session: Option<String>,
    /// Provider where an attempt failed, whoever answered in the end.
    pub failed_provider: Option<String>,
    /// One of the six states.
    pub status: Option<String>,
    /// Text in the request's or an attempt's error, in a model name or at the beginning of the id; letter case of
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
    /// Usage is not summed by this.
    #[error(
        "usage is not summed by `{0}`, but by one of hour, day, model, provider, key, group, client, session, token"
    )]
    By(String),
    /// There is no such format.
    #[error("there is no format `{0}`; it is one of csv, json, jsonl")]
    Format(String),
    /// The database failed.
    #[error(
        "the ledger cannot be read: {0}; try again, and if it stays so, check its file and disk"
    )]
    Database(#[from] sqlx::Error),
}

impl QueryError {
    /// Whether the question was wrong, not the ledger.
    pub const fn is_bad_request(&self) -> bool {
        !matches!(self, Self::Database(_))
    }
}

impl Ledger {
    /// Requests that match, newest first, one page.
    pub async fn requests(&self, filter: &Filter) -> Result<Page, QueryError> {
        let limit = filter.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX) as usize;
        check(filter)?;
        let wanted = limit as i64 + 1;
        // Those that run are read first: one that ends meanwhile is found here or there, or in both.
        let running = if may_run(filter) {
            let list = list(self.inner.kind, filter, &[Branch::Running], wanted)?;
            list.rows(&self.inner.pool).await?
        } else {
            Vec::new()
        };
        let branches = self.branches(filter, wanted).await?;
        let mut statements = Vec::new();
        for some in branches.chunks(BRANCHES) {
            let list = list(self.inner.kind, filter, some, wanted)?;
            statements.push(list.rows(&self.inner.pool).await?);
        }
        if !running.is_empty() {
            statements.push(running);
        }
        let is_one = statements.len() == 1;
        let mut found = Vec::new();
        for row in statements.into_iter().flatten() {
            let place: (i64, String) = (row.try_get("started_at")?, row.try_get("id")?);
            found.push((place, row));
        }
        if !is_one {
            found.sort_by(|(a, _), (b, _)| b.cmp(a));
            found.dedup_by(|(a, _), (b, _)| a == b);
        }
        let items = found
            .iter()
            .take(limit)
            .map(|(_, row)| Row::read(row, row_attempts(row)?))
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
        let kind = self.inner.kind;
        let mut snapshot = self.inner.pool.begin().await?;
        let mut request = Select::new(kind, "SELECT * FROM requests WHERE id = ");
        let found = request.value(id).rows_in(&mut snapshot).await?;
        let Some(found) = found.first() else {
            return Ok(None);
        };
        let mut chain = Select::new(kind, CHAIN);
        let chain = chain.push(" = ").value(id).push(" ORDER BY attempt");
        let attempts = chain
            .rows_in(&mut snapshot)
            .await?
            .iter()
            .map(AttemptRow::read)
            .collect::<Result<Vec<_>, sqlx::Error>>()?;
        let mut events = Select::new(kind, "SELECT * FROM events WHERE request_id = ");
        let events = events.value(id).push(" ORDER BY at");
        let events = events
            .rows_in(&mut snapshot)
            .await?
            .iter()
            .map(EventCells::read)
            .collect::<Result<Vec<_>, sqlx::Error>>()?;
        let mut detail = Row::read(found, attempts)?;
        let plan = events.iter().rfind(|event| event.name == ROUTED);
        let plan = plan.and_then(|event| event.detail.as_deref());
        detail.explain = plan.and_then(|text| serde_json::from_str(text).ok());
        detail.events = Some(timeline(&detail, &events));
        Ok(Some(detail))
    }

    /// The rows of these requests as lists show them, in no order; unknown ids are left out.
    pub async fn rows(&self, ids: &[Arc<str>]) -> Result<Vec<Row>, QueryError> {
        let mut rows = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS) {
            let mut query = Select::new(self.inner.kind, "SELECT * FROM requests WHERE id IN (");
            for (index, id) in ids.iter().enumerate() {
                query.push(if index == 0 { "" } else { ", " }).value(&**id);
            }
            query.push(")");
            for row in query.rows(&self.inner.pool).await? {
                rows.push(Row::read(&row, row_attempts(&row)?)?);
            }
        }
        Ok(rows)
    }
}

/// Whether requests that run may be meant beside those that are over, which are found in other ways.
fn may_run(filter: &Filter) -> bool {
    let has_text = filter.q.as_ref().is_some_and(|text| !text.is_empty());
    filter.status.is_none() && (has_text || tell_of(filter))
}

fn row_attempts(row: &sqlx::any::AnyRow) -> Result<u32, sqlx::Error> {
    Ok(number(row, "attempts")?.unwrap_or_default())
}
