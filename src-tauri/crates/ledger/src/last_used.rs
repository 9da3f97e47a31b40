//! When a client token was used last.

use jiff::Timestamp;
use sqlx::Row as _;

use crate::open::Ledger;
use crate::query::QueryError;
use crate::select::Select;

impl Ledger {
    /// When the latest request arrived that came with this client token, as far as requests are kept one by one.
    pub async fn last_used(&self, token: &str) -> Result<Option<Timestamp>, QueryError> {
        let mut query = Select::new(
            self.inner.kind,
            "SELECT started_at FROM requests WHERE token = ",
        );
        query
            .value(token)
            .push(" ORDER BY token DESC, started_at DESC LIMIT 1");
        let rows = query.rows(&self.inner.pool).await?;
        let at = rows.first().map(|row| row.try_get("started_at"));
        let at: Option<i64> = at.transpose()?;
        Ok(at.and_then(|at| Timestamp::from_millisecond(at).ok()))
    }
}
