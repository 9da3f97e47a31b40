//! When client tokens were used last.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::Row as _;

use crate::open::Ledger;
use crate::query::QueryError;
use crate::select::Select;

/// Tokens that one query asks for.
const AT_ONCE: usize = 100;

impl Ledger {
    /// When the latest request arrived that came with each of these client tokens, as far as requests are kept one by
    /// one.
    pub async fn last_used(
        &self,
        tokens: &[&str],
    ) -> Result<HashMap<String, Timestamp>, QueryError> {
        let mut last_used = HashMap::new();
        for some in tokens.chunks(AT_ONCE) {
            // The index has the latest of each token at hand; a GROUP BY would read all of its requests.
            let mut query = Select::new(self.inner.kind, "");
            for (number, token) in some.iter().enumerate() {
                if number > 0 {
                    query.push(" UNION ALL ");
                }
                query
                    .push("SELECT token, started_at FROM (SELECT token, started_at FROM requests WHERE token = ")
                    .value(*token)
                    .push(" ORDER BY token DESC, started_at DESC LIMIT 1) AS latest");
            }
            for row in query.rows(&self.inner.pool).await? {
                let (token, at): (String, i64) =
                    (row.try_get("token")?, row.try_get("started_at")?);
                if let Ok(at) = Timestamp::from_millisecond(at) {
                    last_used.insert(token, at);
                }
            }
        }
        Ok(last_used)
    }
}
