//! Which ways into the history an answer needs: the column whose value is the rarest of those asked for, and for a
//! text the models, ids and errors that have it.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::branch::{Branch, MODELS, among_newest, equals, like, looks_like};
use crate::kind::Kind;
use crate::open::Ledger;
use crate::query::{Filter, QueryError};
use crate::record::is_open;
use crate::select::Select;

/// Requests with a value are counted no further than this: beyond, values are equally frequent.
const COUNTED: i64 = 20_000;
/// So many of the newest requests with a value are looked at for a text before the ways to the text are.
const LOOKED_AT: i64 = 2_000;
/// So many ids are looked up one by one; more are met soon on the way through the history.
const FEW: usize = 500;

impl Ledger {
    /// The branches that together have all that a filter asks for.
    pub(crate) async fn branches(&self, filter: &Filter) -> Result<Vec<Branch>, QueryError> {
        if let Some(text) = filter.q.as_deref().filter(|text| !text.is_empty()) {
            return self.having(text).await;
        }
        if let Some(model) = &filter.model {
            let value = |column| Branch::Value {
                column,
                value: model.clone(),
            };
            return Ok(with_running(MODELS.map(value).to_vec(), filter));
        }
        // Servers keep count of frequent values, and choose by themselves; SQLite would not know.
        let is_told = self.inner.kind == Kind::Sqlite;
        Ok(match self.rarest(filter, is_told).await? {
            Some(rarest) => with_running(vec![rarest], filter),
            None => vec![Branch::Everything],
        })
    }

    /// A whole page of a text and other values, where it is met among the newest requests that have one of the values:
    /// what is frequent together is found so, though each way by itself is long. Those that run are looked through too.
    pub(crate) async fn met_soon(
        &self,
        filter: &Filter,
        limit: i64,
    ) -> Result<Option<[Vec<AnyRow>; 2]>, QueryError> {
        if filter.q.as_deref().is_none_or(str::is_empty) {
            return Ok(None);
        }
        let Some(lead) = self.rarest(filter, true).await? else {
            return Ok(None);
        };
        let kind = self.inner.kind;
        let over = among_newest(kind, filter, &lead, (LOOKED_AT, limit))?;
        let over = over.rows(&self.inner.pool).await?;
        if (over.len() as i64) < limit {
            return Ok(None);
        }
        let running = among_newest(kind, filter, &Branch::Running(None), (COUNTED, limit))?;
        Ok(Some([over, running.rows(&self.inner.pool).await?]))
    }

    /// The rarest of the values asked for, if they are to be counted, else the first.
    async fn rarest(&self, filter: &Filter, count: bool) -> Result<Option<Branch>, QueryError> {
        let kind = self.inner.kind;
        let asked: Vec<_> = equals(filter).collect();
        let mut lead = asked.first();
        if count && asked.len() > 1 {
            let mut query = Select::new(kind, "SELECT ");
            for (index, (column, value)) in asked.iter().enumerate() {
                let before = if index == 0 { "" } else { ", " };
                query
                    .push(before)
                    .push("(SELECT count(*) FROM (SELECT 1 FROM requests WHERE is_open = 0 AND ");
                query.push(column).push(" = ").value(*value);
                if let Some(since) = filter.since_ms {
                    query.push(" AND started_at >= ").value(since);
                }
                if let Some(until) = filter.until_ms {
                    query.push(" AND started_at < ").value(until);
                }
                query.push(" LIMIT ").value(COUNTED);
                query.push(") AS counted) AS ").push(column);
            }
            let rows = query.rows(&self.inner.pool).await?;
            let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
            let mut counts = Vec::with_capacity(asked.len());
            for (column, _) in &asked {
                counts.push(row.try_get::<i64, _>(*column)?);
            }
            let rarest = asked.iter().zip(counts).min_by_key(|(_, count)| *count);
            lead = rarest.map(|(asked, _)| asked);
        }
        Ok(lead.map(|(column, value)| Branch::Value {
            column,
            value: (*value).to_owned(),
        }))
    }

    /// Where a text is found: in the names of models, at the beginning of ids, in errors.
    async fn having(&self, text: &str) -> Result<Vec<Branch>, QueryError> {
        let mut branches = self.named(text).await?;
        branches.push(Branch::Running(Some(looks_like("%", text))));
        branches.extend(self.ids(text).await?);
        branches.extend(self.failing(text).await?);
        Ok(branches)
    }

    /// The ids that begin so: themselves where they are few.
    async fn ids(&self, text: &str) -> Result<Option<Branch>, QueryError> {
        /// Behind all ids of letters and digits that begin alike, in every order of letters.
        const LAST: &str = "zzzzzzzzzzzzzzzz";
        let begins = looks_like("", text);
        let mut spellings = vec![text.to_owned(), text.to_ascii_lowercase()];
        spellings.dedup();
        let mut ids = Vec::new();
        for spelling in spellings {
            let mut query = Select::new(self.inner.kind, "SELECT id FROM requests WHERE id >= ");
            query.value(spelling.as_str()).push(" AND id <= ");
            query
                .value(format!("{spelling}{LAST}").as_str())
                .push(" AND ");
            like(&mut query, "id", &begins).push(" ORDER BY id LIMIT ");
            for row in query.value(FEW as i64 + 1).rows(&self.inner.pool).await? {
                ids.push(row.try_get("id")?);
            }
        }
        Ok(match ids.len() {
            0 => None,
            few if few <= FEW => Some(Branch::Ids(ids)),
            _ => Some(Branch::IdLike(begins)),
        })
    }
}

/// What is over and what runs, as far as either can be meant.
fn with_running(over: Vec<Branch>, filter: &Filter) -> Vec<Branch> {
    match filter.status.as_deref().map(is_open) {
        Some(true) => vec![Branch::Running(None)],
        Some(false) => over,
        None => over.into_iter().chain([Branch::Running(None)]).collect(),
    }
}
