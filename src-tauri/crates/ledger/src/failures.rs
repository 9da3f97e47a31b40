//! What went wrong, for those who search: the errors of requests and attempts, and their texts in a table of their own,
//! since many errors have the same one.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AnyConnection, Row as _};

use crate::book::number;
use crate::branch::{BRANCHES, Branch, like};
use crate::cells::{There, table};
use crate::combinations;
use crate::kind::Kind;
use crate::open::Ledger;
use crate::query::{Filter, QueryError};
use crate::record::{AttemptCells, Record};
use crate::select::Select;
use crate::store::put;

table! {
    /// An error of a request (attempt 0) or of an attempt.
    FailureCells in "failures" by ["started_at", "request_id", "attempt"]; {
        started_at: i64,
        request_id: String,
        attempt: i64,
        text_id: i64,
        combination_id: Option<i64>,
        provider: Option<String>,
    }
}

table! {
    /// That errors with a text are those of requests that are over and have a combination of values.
    PlaceCells in "failure_combinations" by ["text_id", "combination_id"]; {
        text_id: i64,
        combination_id: i64,
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
    let mut places = BTreeSet::new();
    let mut failures = Vec::new();
    for record in records {
        let row = &record.request;
        for (attempt, text) in record.errors() {
            let text_id = number(text);
            texts.entry(text_id).or_insert(text);
            places.extend(
                row.combination_id
                    .map(|combination_id| (text_id, combination_id)),
            );
            let tried = record.attempts.get(&attempt);
            failures.push(FailureCells {
                started_at: row.started_at,
                request_id: row.id.clone(),
                attempt,
                text_id,
                combination_id: row.combination_id,
                provider: tried.and_then(at_fault),
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
    let place = |(text_id, combination_id)| PlaceCells {
        text_id,
        combination_id,
    };
    let places: Vec<_> = places.into_iter().map(place).collect();
    put::<PlaceCells>(conn, kind, &places, There::Stays).await?;
    put::<FailureCells>(conn, kind, &failures, There::Replaced).await
}

/// The provider, where it is to blame: not for an attempt that was given up.
fn at_fault(tried: &AttemptCells) -> Option<String> {
    let verdict = tried.verdict.as_deref()?;
    let is_fault = !matches!(verdict, "ok" | "cancelled");
    tried.provider.clone().filter(|_| is_fault)
}

/// Forgets the texts that no error has any more, and where they were.
pub(crate) async fn forget(conn: &mut AnyConnection, kind: Kind) -> Result<(), sqlx::Error> {
    let text = "DELETE FROM failure_texts WHERE NOT EXISTS \
         (SELECT 1 FROM failures WHERE failures.text_id = failure_texts.id)";
    sqlx::query(kind.sql(text)).execute(&mut *conn).await?;
    let text = "DELETE FROM failure_combinations WHERE NOT EXISTS \
         (SELECT 1 FROM failure_texts WHERE failure_texts.id = failure_combinations.text_id)";
    sqlx::query(kind.sql(text)).execute(&mut *conn).await?;
    Ok(())
}

impl Ledger {
    /// The branches of requests with an error that looks so: by the texts, and the combinations that a
    /// filter asks for, where they are few, else through all errors, among which one is met soon.
    pub(crate) async fn failing(
        &self,
        pattern: &str,
        filter: &Filter,
    ) -> Result<Vec<Branch>, QueryError> {
        let kind = self.inner.kind;
        if combinations::tell_of(filter) {
            let mut query = Select::new(
                kind,
                "SELECT text_id, combination_id FROM failure_texts \
                 JOIN failure_combinations ON failure_combinations.text_id = failure_texts.id \
                 JOIN combinations ON combinations.id = failure_combinations.combination_id WHERE ",
            );
            like(&mut query, "failure_texts.text", pattern).push(" AND ");
            combinations::among(&mut query, filter, None);
            query.push(" LIMIT ").value(BRANCHES as i64 + 1);
            let mut places = Vec::new();
            for row in query.rows(&self.inner.pool).await? {
                places.push(Branch::FailureOf {
                    text: row.try_get("text_id")?,
                    combination: row.try_get("combination_id")?,
                });
            }
            if places.len() <= BRANCHES {
                return Ok(places);
            }
        }
        let mut query = Select::new(kind, "SELECT id FROM failure_texts WHERE ");
        like(&mut query, "text", pattern).push(" LIMIT ");
        query.value(BRANCHES as i64 + 1);
        let mut ids = Vec::new();
        for row in query.rows(&self.inner.pool).await? {
            ids.push(row.try_get("id")?);
        }
        Ok(if ids.len() > BRANCHES {
            vec![Branch::FailureLike(pattern.to_owned())]
        } else {
            ids.into_iter().map(Branch::Failure).collect()
        })
    }
}
