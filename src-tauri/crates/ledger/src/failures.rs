//! What went wrong, for those who search: the errors of requests and attempts, and their texts in a table of their own,
//! since many errors have the same one.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, Row as _};

use crate::book::number;
use crate::branch::{BRANCHES, Branch, like, looks_like};
use crate::cells::{There, table};
use crate::kind::Kind;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::record::Record;
use crate::select::Select;
use crate::store::put;

table! {
    /// An error of a request (attempt 0) or of an attempt.
    FailureCells in "failures" by ["started_at", "request_id", "attempt"]; {
        started_at: i64,
        request_id: String,
        attempt: i64,
        text_id: i64,
    }
}

table! {
    /// A text that errors have.
    TextCells in "failure_texts" by ["id"]; {
        id: i64,
        text: String,
    }
}

/// Writes the errors of these records. Texts in one order, so that two who write at once do not wait for each other.
pub(crate) async fn save(
    conn: &mut AnyConnection,
    kind: Kind,
    records: &[&Record],
) -> Result<(), sqlx::Error> {
    for record in records {
        if let Some(moved_from) = record.moved_from {
            let text = "DELETE FROM failures WHERE started_at = ? AND request_id = ?";
            let delete = sqlx::query(kind.sql(text)).bind(moved_from);
            let delete = delete.bind(record.request.id.clone());
            delete.execute(&mut *conn).await?;
        }
    }
    let mut texts = BTreeMap::new();
    let mut failures = Vec::new();
    for record in records {
        for (attempt, text) in record.errors() {
            let text_id = number(text);
            texts.entry(text_id).or_insert(text);
            failures.push(FailureCells {
                started_at: record.request.started_at,
                request_id: record.request.id.clone(),
                attempt,
                text_id,
            });
        }
    }
    let cells = |(id, text): (i64, &str)| TextCells {
        id,
        text: text.to_owned(),
    };
    let texts: Vec<_> = texts.into_iter().map(cells).collect();
    // Written again where it stands, which holds it: another Turnout may be forgetting it.
    put::<TextCells>(conn, kind, &texts, There::Replaced).await?;
    put::<FailureCells>(conn, kind, &failures, There::Stays).await
}

/// Forgets the texts that no error has any more.
pub(crate) async fn forget(conn: &mut AnyConnection, kind: Kind) -> Result<(), sqlx::Error> {
    let text = "DELETE FROM failure_texts WHERE NOT EXISTS \
         (SELECT 1 FROM failures WHERE failures.text_id = failure_texts.id)";
    sqlx::query(kind.sql(text)).execute(&mut *conn).await?;
    Ok(())
}

impl Ledger {
    /// The branches of requests with an error that has this text in it: by the texts where they are few, else through
    /// all errors, among which one is met soon.
    pub(crate) async fn failing(&self, text: &str) -> Result<Vec<Branch>, QueryError> {
        let pattern = looks_like("%", text);
        let mut query = Select::new(self.inner.kind, "SELECT id FROM failure_texts WHERE ");
        like(&mut query, "text", &pattern).push(" LIMIT ");
        query.value(BRANCHES as i64 + 1);
        let mut ids = Vec::new();
        for row in query.rows(&self.inner.pool).await? {
            ids.push(row.try_get("id")?);
        }
        Ok(if ids.len() > BRANCHES {
            vec![Branch::FailureLike(pattern)]
        } else {
            ids.into_iter().map(Branch::Failure).collect()
        })
    }
}
