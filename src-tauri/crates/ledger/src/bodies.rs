//! Captured bodies: compressed into their table, out of it, and gone when they are too old or too much.
//!
//! They are looked through for secrets before they come here. Requests' rows go before them: what does not fit beside
//! those is dropped and counted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use serde::Serialize;
use sqlx::{AnyConnection, Row as _};

use crate::cells::{There, table};
use crate::error::refuses;
use crate::kind::Kind;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::read::number;
use crate::record::{long, short};
use crate::select::Select;
use crate::store::{begin, put};
use crate::writer::{Entry, Writer};

/// Compressed bodies that may wait to be written, in bytes.
const QUEUED: usize = 32 << 20;
/// Oldest rows that are looked at in one step of expiry.
const STEP: i64 = 200;
/// How bodies are compressed. Level 3 takes a few milliseconds for a megabyte of JSON.
const ZSTD: &str = "zstd";
const LEVEL: i32 = 3;

table! {
    /// A row of `bodies`.
    BodyCells in "bodies" by ["request_id", "attempt", "side"]; {
        request_id: String,
        attempt: i64,
        side: String,
        at: i64,
        size: i64,
        method: Option<String>,
        address: Option<String>,
        status: Option<i64>,
        headers: String,
        content_type: Option<String>,
        bytes: i64,
        cut: bool,
        redacted: i64,
        media: i64,
        same_as: Option<i64>,
        encoding: String,
        body: Vec<u8>,
    }
}

/// One of the two things that are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// What was asked.
    Request,
    /// What was answered.
    Answer,
}

impl Side {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Answer => "answer",
        }
    }
}

/// What is told of a body without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BodyRow {
    /// Which attempt, from 1; 0 is the client's side.
    pub attempt: u32,
    /// Whether it was asked or answered.
    pub part: Side,
    /// Its length in bytes, as it was.
    pub bytes: u64,
    /// Whether its end is missing.
    pub cut: bool,
    /// Secrets that were taken out.
    pub redacted: u32,
    /// Images and the like of which size and hash alone are kept.
    pub media: u32,
    /// The attempt that has the same body on the same side, where it is kept once.
    pub same_as: Option<u32>,
}

/// A request or an answer as it was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// What is told of it in lists.
    pub row: BodyRow,
    /// The method of a request.
    pub method: Option<String>,
    /// Where a request went.
    pub address: Option<String>,
    /// The status of an answer.
    pub status: Option<u16>,
    /// The headers by name and value.
    pub headers: Vec<(String, String)>,
    /// What the body says that it is.
    pub content_type: Option<String>,
    /// The body as far as it is kept.
    pub body: Vec<u8>,
}

/// What was said in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bodies {
    /// The request.
    pub id: Arc<str>,
    /// When it was over, Unix milliseconds.
    pub at_ms: i64,
    /// All that was said.
    pub bodies: Vec<Body>,
}

/// What waits to be written, and what was dropped instead.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    bytes: AtomicUsize,
    lost: AtomicU64,
}

impl Backlog {
    fn take(&self, bytes: usize) -> bool {
        let fits = |used: usize| Some(used + bytes).filter(|used| *used <= QUEUED);
        let order = Ordering::Relaxed;
        self.bytes.fetch_update(order, order, fits).is_ok()
    }

    /// So many bytes wait no longer.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// A request's bodies were dropped.
    pub(crate) fn lose(&self, requests: u64) {
        self.lost.fetch_add(requests, Ordering::Relaxed);
    }
}

/// A request's bodies on their way to the table.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) rows: Vec<BodyCells>,
    pub(crate) bytes: usize,
}

impl Writer {
    /// Keeps what was said in a request. Compresses it at once, which takes some milliseconds for each megabyte, and
    /// writes it soon; false where too much waits already, and then it is dropped and counted.
    pub fn keep(&self, bodies: &Bodies) -> bool {
        let Some(packed) = packed(bodies) else {
            self.pulse.backlog.lose(1);
            return false;
        };
        let bytes = packed.bytes;
        // Rows of requests go first: bodies have half of the queue.
        let is_free = self.queue.capacity() > self.queue.max_capacity() / 2;
        if !is_free || !self.pulse.backlog.take(bytes) {
            self.pulse.backlog.lose(1);
            return false;
        }
        let sent = self.queue.try_send(Entry::Bodies(packed)).is_ok();
        if !sent {
            self.pulse.backlog.give_back(bytes);
            self.pulse.backlog.lose(1);
        }
        sent
    }

    /// Counts a request whose bodies were dropped before they came here.
    pub fn drop_bodies(&self) {
        self.pulse.backlog.lose(1);
    }

    /// Requests whose bodies were dropped since the start.
    pub fn bodies_lost(&self) -> u64 {
        self.pulse.backlog.lost.load(Ordering::Relaxed)
    }
}

impl Ledger {
    /// Which bodies of a request are kept: the client's side first, requests before answers.
    pub async fn body_rows(&self, id: &str) -> Result<Vec<BodyRow>, QueryError> {
        let list = "SELECT attempt, side, bytes, cut, redacted, media, same_as FROM bodies WHERE request_id = ";
        let mut query = Select::new(self.inner.kind, list);
        let rows = query.value(id).rows(&self.inner.pool).await?;
        let rows = rows.iter().map(body_row);
        let mut rows = rows.collect::<Result<Vec<_>, sqlx::Error>>()?;
        rows.sort_by_key(|row| (row.attempt, row.part));
        Ok(rows)
    }

    /// The bodies of a request, in the order of [`Ledger::body_rows`].
    pub async fn bodies(&self, id: &str) -> Result<Vec<Body>, QueryError> {
        let list = "SELECT * FROM bodies WHERE request_id = ";
        let mut query = Select::new(self.inner.kind, list);
        let rows = query.value(id).rows(&self.inner.pool).await?;
        let rows = rows.iter().map(|row| {
            let cells = BodyCells::read(row)?;
            let body = unpacked(&cells).map_err(|error| sqlx::Error::Decode(error.into()))?;
            Ok(Body {
                row: body_row(row)?,
                method: cells.method,
                address: cells.address,
                status: cells.status.and_then(|status| status.try_into().ok()),
                headers: serde_json::from_str(&cells.headers).unwrap_or_default(),
                content_type: cells.content_type,
                body,
            })
        });
        let mut bodies = rows.collect::<Result<Vec<_>, sqlx::Error>>()?;
        bodies.sort_by_key(|body| (body.row.attempt, body.row.part));
        Ok(bodies)
    }

    /// Lets some of the oldest requests' bodies go that are from before this time (Unix milliseconds), or where all
    /// together take more than `most` bytes, and tells how many rows went. To be called until none do.
    pub async fn expire_bodies(&self, before_ms: i64, most: u64) -> Result<u64, QueryError> {
        self.errand(move |conn, kind| Box::pin(expire(conn, kind, before_ms, most)))
            .await
    }
}

fn body_row(row: &sqlx::any::AnyRow) -> Result<BodyRow, sqlx::Error> {
    let side: String = row.try_get("side")?;
    Ok(BodyRow {
        attempt: number(row, "attempt")?.unwrap_or_default(),
        part: if side == Side::Request.as_str() {
            Side::Request
        } else {
            Side::Answer
        },
        bytes: number(row, "bytes")?.unwrap_or_default(),
        cut: row.try_get::<i64, _>("cut")? != 0,
        redacted: number(row, "redacted")?.unwrap_or_default(),
        media: number(row, "media")?.unwrap_or_default(),
        same_as: number(row, "same_as")?,
    })
}

/// `None` where a body can't be compressed, which does not happen.
fn packed(bodies: &Bodies) -> Option<Packed> {
    let rows = bodies.bodies.iter().map(|body| {
        let headers = serde_json::to_string(&body.headers).ok()?;
        let packed = zstd::bulk::compress(&body.body, LEVEL).ok()?;
        let address = long(body.address.as_deref());
        let size = packed.len() + headers.len() + address.as_ref().map_or(0, String::len);
        Some(BodyCells {
            request_id: bodies.id.to_string(),
            attempt: body.row.attempt.into(),
            side: body.row.part.as_str().to_owned(),
            at: bodies.at_ms,
            size: i64::try_from(size).ok()?,
            method: short(body.method.as_deref()),
            address,
            status: body.status.map(i64::from),
            headers,
            content_type: short(body.content_type.as_deref()),
            bytes: i64::try_from(body.row.bytes).ok()?,
            cut: body.row.cut,
            redacted: body.row.redacted.into(),
            media: body.row.media.into(),
            same_as: body.row.same_as.map(i64::from),
            encoding: ZSTD.to_owned(),
            body: packed,
        })
    });
    let rows = rows.collect::<Option<Vec<_>>>()?;
    let bytes = rows.iter().map(|row| row.body.len() + row.headers.len());
    Some(Packed {
        bytes: bytes.sum(),
        rows,
    })
}

fn unpacked(cells: &BodyCells) -> Result<Vec<u8>, std::io::Error> {
    zstd::stream::decode_all(&cells.body[..])
}

/// Writes bodies all at once; where the database refuses something in them, each request's by themselves, and tells how
/// many it refused.
pub(crate) async fn write(
    conn: &mut AnyConnection,
    kind: Kind,
    all: &[Packed],
) -> Result<u64, sqlx::Error> {
    match write_all(conn, kind, all).await {
        Err(error) if refuses(kind, &error) => {}
        written => return written.map(|()| 0),
    }
    let mut refused = 0;
    for one in all {
        match write_all(conn, kind, std::slice::from_ref(one)).await {
            Err(error) if refuses(kind, &error) => {
                let id = one.rows.first().map(|row| row.request_id.as_str());
                tracing::error!(id, %error, "the ledger refused bodies of a request, which are dropped; please report this");
                refused += 1;
            }
            written => written?,
        }
    }
    Ok(refused)
}

async fn write_all(
    conn: &mut AnyConnection,
    kind: Kind,
    all: &[Packed],
) -> Result<(), sqlx::Error> {
    let mut transaction = begin(conn, kind).await?;
    for row in all.iter().flat_map(|packed| &packed.rows) {
        // One at a time: a statement has to fit in what a server takes at once.
        put::<BodyCells>(&mut transaction, kind, &[row], There::Replaced).await?;
    }
    transaction.commit().await
}

/// One step of expiry: whole requests, the oldest first.
async fn expire(
    conn: &mut AnyConnection,
    kind: Kind,
    before_ms: i64,
    most: u64,
) -> Result<u64, sqlx::Error> {
    let mut transaction = begin(conn, kind).await?;
    let sum = format!(
        "SELECT {} AS total FROM bodies",
        kind.whole("coalesce(sum(size), 0)")
    );
    let total = Select::new(kind, &sum).rows_in(&mut transaction).await?;
    let mut total = match total.first() {
        Some(row) => row.try_get::<i64, _>("total")?.unsigned_abs(),
        None => 0,
    };
    let oldest = "SELECT request_id, at, size FROM bodies ORDER BY at, request_id LIMIT ";
    let mut oldest = Select::new(kind, oldest);
    let oldest = oldest.value(STEP).rows_in(&mut transaction).await?;
    let mut gone = BTreeSet::new();
    for row in &oldest {
        let id: String = row.try_get("request_id")?;
        let is_old = row.try_get::<i64, _>("at")? < before_ms;
        // What a request began to lose, it loses whole.
        if !is_old && total <= most && !gone.contains(&id) {
            break;
        }
        total = total.saturating_sub(row.try_get::<i64, _>("size")?.unsigned_abs());
        gone.insert(id);
    }
    let mut rows = 0;
    for id in gone {
        let delete = sqlx::query(kind.sql("DELETE FROM bodies WHERE request_id = ?")).bind(id);
        rows += delete.execute(&mut *transaction).await?.rows_affected();
    }
    transaction.commit().await?;
    Ok(rows)
}
