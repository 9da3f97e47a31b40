//! Marks of budgets that were acted on, so that a restart neither repeats nor forgets one.

use std::time::Duration;

use sqlx::AnyConnection;

use crate::kind::{Kind, SHORT};
use crate::open::Ledger;
use crate::query::QueryError;
use crate::select::Select;
use crate::store::begin;

/// Marks of periods that began so long before the one at hand are forgotten; the longest is a month.
const KEPT: Duration = Duration::from_hours(62 * 24);

impl Ledger {
    /// Remembers that a mark is acted on in the period that began at this time (Unix milliseconds); false when
    /// it was already, by this Turnout. A mark of more than 255 characters is told by the first of them.
    pub async fn remember_mark(&self, period_ms: i64, mark: &str) -> Result<bool, QueryError> {
        let mark: String = mark.chars().take(SHORT).collect();
        let instance = self.inner.instance.clone().unwrap_or_default();
        let instance: String = instance.chars().take(SHORT).collect();
        self.errand(move |conn, kind| {
            Box::pin(async move { remember(conn, kind, period_ms, &instance, &mark).await })
        })
        .await
    }
}

async fn remember(
    conn: &mut AnyConnection,
    kind: Kind,
    period_ms: i64,
    instance: &str,
    mark: &str,
) -> Result<bool, sqlx::Error> {
    let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
    let mut transaction = begin(conn, kind).await?;
    let mut known = Select::new(kind, "SELECT period FROM budget_marks WHERE period = ");
    known.value(period_ms).push(" AND instance = ");
    known.value(instance).push(" AND mark = ").value(mark);
    if !known.rows_in(&mut transaction).await?.is_empty() {
        return Ok(false);
    }
    let mut old = Select::new(kind, "DELETE FROM budget_marks WHERE period < ");
    old.value(period_ms.saturating_sub(kept));
    old.execute_in(&mut transaction).await?;
    let mut new = Select::new(kind, "INSERT INTO budget_marks VALUES (");
    new.value(period_ms).push(", ").value(instance);
    new.push(", ").value(mark).push(")");
    new.execute_in(&mut transaction).await?;
    transaction.commit().await?;
    Ok(true)
}
