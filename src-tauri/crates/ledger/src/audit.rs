//! The audit log: what was asked of the admin API, by whom, from where, and what is otherwise since.
//!
//! Written by the ledger's one writer, read page by page, newest first. An entry is never changed; old ones are forgotten
//! as a whole. It must never hold a secret: values arrive masked.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::branch::{like, looks_like};
use crate::cells::{There, table};
use crate::cursor::Cursor;
use crate::kind::Kind;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::read::number;
use crate::record::{long, name, short};
use crate::select::Select;
use crate::store::put;
use crate::writer::Entry;

/// How long an entry may wait for room in the writer's queue.
const ROOM_WAIT: Duration = Duration::from_secs(1);
/// Entries on a page when not told, and at most.
const LIMIT: u32 = 50;
const LIMIT_MAX: u32 = 1000;

/// One call of the admin API that was meant to change something, or that was not let in.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Unique; later entries of the same millisecond sort behind earlier ones.
    pub id: String,
    /// When it was over.
    pub at: Timestamp,
    /// Who: `admin token`, `command line` (at the same token), `window`, `token NAME`, or `unknown`.
    pub actor: String,
    /// The address that it came from.
    pub peer: Option<String>,
    /// What was asked for, such as `provider.update`.
    pub action: String,
    /// Of which thing, such as a provider's name.
    pub target: Option<String>,
    /// `done`, `refused` (status 4xx) or `failed` (5xx).
    pub result: String,
    /// The answer's status.
    pub http_status: Option<u16>,
    /// The answer's `x-turnout-request-id`.
    pub request_id: Option<String>,
    /// How many calls this stands for: refused tries of one address are summed up.
    pub tries: u32,
    /// Why it was refused or failed.
    pub error: Option<String>,
    /// What is otherwise since.
    pub changes: Vec<Change>,
}

/// A key of the config, or a choice made while running, that says something else now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Change {
    /// Its path, such as `providers.relay.enabled`.
    pub key: String,
    /// What it said; `null` where it was not there.
    pub before: Value,
    /// What it says; `null` where it is gone.
    pub after: Value,
}

/// Which entries to list; all that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// At this time or later, Unix milliseconds.
    pub since_ms: Option<i64>,
    /// Before this time, Unix milliseconds.
    pub until_ms: Option<i64>,
    /// Text in any column, whatever the case of ASCII letters.
    pub q: Option<String>,
    /// Entries at most; 50 when `None`, never more than 1000.
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// One page of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditPage {
    /// The entries, newest first.
    pub items: Vec<AuditEntry>,
    /// Where the next page begins; `None` on the last one.
    pub next_cursor: Option<String>,
}

table! {
    /// A row of `audit`.
    AuditCells in "audit" by ["id"]; {
        id: String,
        at: i64,
        actor: String,
        peer: Option<String>,
        action: String,
        target: Option<String>,
        result: String,
        http_status: Option<i64>,
        request_id: Option<String>,
        tries: i64,
        error: Option<String>,
        changes: String,
    }
}

impl AuditCells {
    fn of(entry: &AuditEntry) -> Self {
        let text = |text: &str| short(Some(text)).unwrap_or_default();
        let changes = serde_json::to_string(&entry.changes).ok();
        Self {
            id: text(&entry.id),
            at: entry.at.as_millisecond(),
            actor: text(&entry.actor),
            peer: short(entry.peer.as_deref()),
            action: text(&entry.action),
            target: short(entry.target.as_deref()),
            result: text(&entry.result),
            http_status: entry.http_status.map(i64::from),
            request_id: name(entry.request_id.as_deref()),
            tries: i64::from(entry.tries),
            error: long(entry.error.as_deref()),
            changes: long(changes.as_deref()).unwrap_or_else(|| "[]".to_owned()),
        }
    }

    /// What cannot be kept is told in the words that it would have been kept in.
    pub(crate) fn told(&self) -> String {
        let target = self.target.as_deref().unwrap_or_default();
        format!(
            "{} {target} by {}: {}",
            self.action, self.actor, self.result
        )
    }
}

impl Ledger {
    /// Keeps an entry. Waits a second at most for room in the writer's queue; false if there was none, which is counted
    /// among what was lost.
    pub async fn record_audit(&self, entry: &AuditEntry) -> bool {
        let entry = Entry::Audit(Box::new(AuditCells::of(entry)));
        let sent = tokio::time::timeout(ROOM_WAIT, self.inner.queue.send(entry)).await;
        let kept = matches!(sent, Ok(Ok(())));
        if !kept {
            let why = "its queue has no room for an entry of the audit log";
            self.inner.pulse.lose(1, why);
        }
        kept
    }

    /// Forgets the entries of before this time (Unix milliseconds), soon.
    pub async fn forget_audit(&self, before_ms: i64) {
        let _closed = self.inner.queue.send(Entry::ForgetAudit(before_ms)).await;
    }

    /// Entries that match, newest first, one page.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<AuditPage, QueryError> {
        let limit = filter.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
        let select = list(self.inner.kind, filter, i64::from(limit) + 1)?;
        let found = select.rows(&self.inner.pool).await?;
        let items = found.iter().take(limit as usize).map(read);
        let items = items.collect::<Result<Vec<_>, sqlx::Error>>()?;
        let last = items.last().filter(|_| found.len() > items.len());
        let next_cursor = last.map(|last| {
            let at_ms = last.at.as_millisecond();
            let id = last.id.clone();
            Cursor { at_ms, id }.encode()
        });
        Ok(AuditPage { items, next_cursor })
    }
}

/// Writes entries; one that is there already stays as it is.
pub(crate) async fn save(
    conn: &mut AnyConnection,
    kind: Kind,
    entries: &[AuditCells],
) -> Result<(), sqlx::Error> {
    put(conn, kind, entries, There::Stays).await
}

/// Deletes the entries of before this time.
pub(crate) async fn forget(
    conn: &mut AnyConnection,
    kind: Kind,
    before_ms: i64,
) -> Result<(), sqlx::Error> {
    let statement = sqlx::query(kind.sql("DELETE FROM audit WHERE at < ?"));
    statement.bind(before_ms).execute(conn).await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<AuditEntry, sqlx::Error> {
    let cells = AuditCells::read(row)?;
    Ok(AuditEntry {
        id: cells.id,
        at: Timestamp::from_millisecond(cells.at).unwrap_or(Timestamp::UNIX_EPOCH),
        actor: cells.actor,
        peer: cells.peer,
        action: cells.action,
        target: cells.target,
        result: cells.result,
        http_status: number(row, "http_status")?,
        request_id: cells.request_id,
        tries: number(row, "tries")?.unwrap_or(1),
        error: cells.error,
        changes: serde_json::from_str(&cells.changes).unwrap_or_default(),
    })
}

fn list(kind: Kind, filter: &AuditFilter, limit: i64) -> Result<Select, QueryError> {
    let mut query = Select::new(kind, "SELECT * FROM audit WHERE 1 = 1");
    if let Some(since) = filter.since_ms {
        query.push(" AND at >= ").value(since);
    }
    if let Some(until) = filter.until_ms {
        query.push(" AND at < ").value(until);
    }
    if let Some(cursor) = &filter.cursor {
        let Cursor { at_ms, id } = Cursor::decode(cursor).ok_or(QueryError::Cursor)?;
        query.push(" AND at <= ").value(at_ms);
        query.push(" AND (at < ").value(at_ms);
        query.push(" OR id < ").value(id.as_str()).push(")");
    }
    if let Some(text) = filter.q.as_deref().filter(|text| !text.is_empty()) {
        let pattern = looks_like("%", text);
        let columns = [
            "actor",
            "peer",
            "action",
            "target",
            "result",
            "request_id",
            "error",
            "changes",
        ];
        for (index, column) in columns.iter().enumerate() {
            let before = if index == 0 { " AND (" } else { " OR " };
            like(query.push(before), column, &pattern);
        }
        query.push(")");
    }
    query.push(" ORDER BY at DESC, id DESC LIMIT ").value(limit);
    Ok(query)
}
