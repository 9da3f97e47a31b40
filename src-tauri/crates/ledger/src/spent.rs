//! What was spent on something since a time, for budgets.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use crate::kind::Kind;
use crate::money::Usd;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::select::Select;
use crate::span::Span;
use crate::usage::By;
use crate::{daily, hourly};

/// Whose spending; all that is given must hold. What a client's log told of is nobody's: it did not come through
/// Turnout, and has no provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Spender {
    /// Requests that came with this client token, by its name.
    pub token: Option<String>,
    /// Attempts at providers that were chosen from this group.
    pub group: Option<String>,
    /// Attempts at this provider.
    pub provider: Option<String>,
}

/// Of what there are sums: all values of a kind that are known, or one of them.
type Summed<'a> = (By, Option<&'a str>);

impl Spender {
    /// What sums are made of; `None` for more than one value, whose requests are read row by row.
    fn summed(&self) -> Option<Summed<'_>> {
        let given = [
            (By::Provider, &self.provider),
            (By::Group, &self.group),
            (By::Token, &self.token),
        ];
        let mut given = given.into_iter().filter(|(_, value)| value.is_some());
        let first = given.next();
        let first = first.map_or((By::Provider, None), |(by, value)| (by, value.as_deref()));
        given.next().is_none().then_some(first)
    }

    /// What rows of requests of this time cost.
    pub(crate) fn rows(&self, kind: Kind, span: Span) -> Select {
        let by_attempt = self.token.is_none() || self.group.is_some() || self.provider.is_some();
        let (table, from) = if by_attempt {
            // In this order, in which SQLite keeps to it: few requests are of this time, and attempts are of all times.
            ("attempts", "requests CROSS JOIN attempts")
        } else {
            ("requests", "requests")
        };
        let kinds = ["input", "output", "cache_read", "cache_write"];
        let cost = kinds.map(|kind| format!("{table}.cost_{kind}")).join(" + ");
        let cost = format!("({cost})");
        // Added as millionths and remainders, as the sum of years may not fit 64 bits.
        let millions = kind.divided(&cost, "1000000");
        let mut query = cost_of(kind, &millions, &format!("{cost} % 1000000"));
        query.push(from);
        query.push(if by_attempt {
            " WHERE attempts.request_id = requests.id AND attempts.provider IS NOT NULL"
        } else {
            " WHERE requests.source IS NULL"
        });
        span.push(&mut query, "requests.started_at");
        let wanted = [
            (" AND requests.token = ", &self.token),
            (" AND attempts.group_name = ", &self.group),
            (" AND attempts.provider = ", &self.provider),
        ];
        for (column, value) in wanted {
            if let Some(value) = value {
                query.push(column).value(value.as_str());
            }
        }
        query
    }
}

impl Ledger {
    /// What requests cost that arrived at this time (Unix milliseconds) or later, as far as it is known.
    pub async fn spent(&self, spender: &Spender, since_ms: i64) -> Result<Usd, QueryError> {
        let kind = self.inner.kind;
        let span = Span {
            since: Some(since_ms),
            until: None,
        };
        let mut reading = self.inner.pool.begin().await?;
        let mut spent = Usd::default();
        let mut rest = vec![span];
        if let Some(of) = spender.summed() {
            spent = spent + in_hours(&mut reading, kind, of, span).await?;
            rest = span.without(&hourly::summed(&mut reading, kind, span).await?);
        }
        for span in rest {
            spent = spent + cost(&spender.rows(kind, span).rows_in(&mut reading).await?)?;
        }
        // Of days that are kept as sums alone, those by one value are known, of two values together none.
        let Some((by, value)) = spender.summed() else {
            return Ok(spent);
        };
        let kept = daily::kept(&mut reading, kind, Some(by), span).await?;
        let ours = kept.iter().filter(|kept| match value {
            Some(value) => kept.value.as_deref() == Some(value),
            None => kept.value.is_some(),
        });
        Ok(spent + ours.map(|kept| kept.totals.cost_usd).sum())
    }
}

/// What the hours cost that are summed and lie in this time as a whole.
async fn in_hours(
    conn: &mut AnyConnection,
    kind: Kind,
    of: Summed<'_>,
    span: Span,
) -> Result<Usd, sqlx::Error> {
    let mut query = cost_of(kind, "millions", "remainders");
    let (by, value) = of;
    query.push("hourly WHERE kind = ").value(by.word());
    query.push(" AND known = 1");
    if let Some(value) = value {
        query.push(" AND value = ").value(value);
    }
    span.push_whole(&mut query, "hour");
    cost(&query.rows_in(conn).await?)
}

fn cost_of(kind: Kind, millions: &str, remainders: &str) -> Select {
    let sum = |part: &str| kind.whole(&format!("coalesce(sum({part}), 0)"));
    let (millions, remainders) = (sum(millions), sum(remainders));
    let text = format!("SELECT {millions} AS spent, {remainders} AS rest FROM ");
    Select::new(kind, &text)
}

fn cost(rows: &[AnyRow]) -> Result<Usd, sqlx::Error> {
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let part = |name| row.try_get::<i64, _>(name).map(i128::from);
    Ok(Usd::from_pico(part("spent")? * 1_000_000 + part("rest")?))
}
