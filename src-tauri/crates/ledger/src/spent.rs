//! What was spent on something since a time, for budgets.

use sqlx::Row as _;

use crate::money::Usd;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::select::Select;
use crate::usage::By;

/// Whose spending; all that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spender {
    /// Requests that came with this client token, by its name.
    pub token: Option<String>,
    /// Attempts at providers that were chosen from this group.
    pub group: Option<String>,
    /// Attempts at this provider.
    pub provider: Option<String>,
}

impl Ledger {
    /// What requests cost that arrived at this time (Unix milliseconds) or later, as far as it is known.
    pub async fn spent(&self, spender: &Spender, since_ms: i64) -> Result<Usd, QueryError> {
        let kind = self.inner.kind;
        let by_attempt = spender.group.is_some() || spender.provider.is_some();
        let (table, from) = if by_attempt {
            let joined = "requests JOIN attempts ON attempts.request_id = requests.id";
            ("attempts", joined)
        } else {
            ("requests", "requests")
        };
        let kinds = ["input", "output", "cache_read", "cache_write"];
        let cost = kinds.map(|kind| format!("{table}.cost_{kind}")).join(" + ");
        let cost = format!("({cost})");
        // Added as millionths and remainders, as the sum of years may not fit 64 bits.
        let sum = |part: &str| kind.whole(&format!("coalesce(sum({part}), 0)"));
        let millions = sum(&kind.divided(&cost, "1000000"));
        let remainders = sum(&format!("{cost} % 1000000"));
        let text = format!(
            "SELECT {millions} AS millions, {remainders} AS remainders FROM {from} WHERE requests.started_at >= "
        );
        let mut query = Select::new(kind, &text);
        query.value(since_ms);
        let wanted = [
            (" AND requests.token = ", &spender.token),
            (" AND attempts.group_name = ", &spender.group),
            (" AND attempts.provider = ", &spender.provider),
        ];
        for (column, value) in wanted {
            if let Some(value) = value {
                query.push(column).value(value.as_str());
            }
        }
        let rows = query.rows(&self.inner.pool).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let part = |name| row.try_get::<i64, _>(name).map(i128::from);
        let now = Usd::from_pico(part("millions")? * 1_000_000 + part("remainders")?);
        // Of days that are kept as sums alone, those by one value are known.
        let (by, value) = match spender {
            Spender {
                provider: Some(name),
                ..
            } => (Some(By::Provider), Some(name)),
            Spender {
                group: Some(name), ..
            } => (Some(By::Group), Some(name)),
            Spender {
                token: Some(name), ..
            } => (Some(By::Token), Some(name)),
            _ => (None, None),
        };
        let kept = self.kept(by, Some(since_ms), None).await?;
        let ours = kept.iter().filter(|kept| kept.value.as_ref() == value);
        Ok(now + ours.map(|kept| kept.totals.cost_usd).sum())
    }
}
