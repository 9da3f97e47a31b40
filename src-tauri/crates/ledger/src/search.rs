//! Which ways into the history an answer needs.

use sqlx::Row as _;

use crate::branch::{Branch, like, looks_like};
use crate::combinations::{Look, tell_of};
use crate::open::Ledger;
use crate::query::{Filter, QueryError};
use crate::record::is_open;
use crate::select::Select;

/// A token with fewer requests leads to them by itself.
const RARE: i64 = 2_000;
/// In so many combinations the requests of a token are looked for.
const LOOKED_THROUGH: i64 = 100;
/// So many ids are looked up one by one; more are met soon on the way through the history.
const FEW: usize = 500;

impl Ledger {
    /// The branches that together have all that a filter asks for, for a page of so many; but for those that run, where it
    /// does not ask for them alone.
    pub(crate) async fn branches(
        &self,
        filter: &Filter,
        page: i64,
    ) -> Result<Vec<Branch>, QueryError> {
        if filter.status.as_deref().is_some_and(is_open) {
            return Ok(vec![Branch::Running]);
        }
        if let Some(lead) = self.lead(filter).await? {
            return Ok(vec![lead]);
        }
        match filter.q.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => self.having(text, filter, page).await,
            None if tell_of(filter) => self.by_combination(filter, Look::All, page).await,
            None => Ok(vec![Branch::Everything]),
        }
    }

    /// The one way that is the best by itself: few requests are of a session, fail at a provider, or come with a token
    /// that is one of many.
    async fn lead(&self, filter: &Filter) -> Result<Option<Branch>, QueryError> {
        let by = |column, value: &String| Branch::Value {
            column,
            value: value.clone(),
        };
        if let Some(session) = &filter.session {
            return Ok(Some(by("session", session)));
        }
        if let Some(provider) = &filter.failed_provider {
            return Ok(Some(Branch::FailedAt(provider.clone())));
        }
        let Some(token) = &filter.token else {
            return Ok(None);
        };
        let leads = !tell_of(filter)
            || self.is_rare(token).await?
            || !self.are_few(filter, LOOKED_THROUGH).await?;
        Ok(leads.then(|| by("token", token)))
    }

    async fn is_rare(&self, token: &str) -> Result<bool, QueryError> {
        let mut query = Select::new(
            self.inner.kind,
            "SELECT count(*) AS found FROM (SELECT 1 FROM requests WHERE token = ",
        );
        query.value(token).push(" LIMIT ").value(RARE);
        let rows = query.push(") AS counted").rows(&self.inner.pool).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        Ok(row.try_get::<i64, _>("found")? < RARE)
    }

    /// Where a text is found among those that are over: in the names of models, at the beginning of ids, in errors.
    async fn having(
        &self,
        text: &str,
        filter: &Filter,
        page: i64,
    ) -> Result<Vec<Branch>, QueryError> {
        let anywhere = looks_like("%", text);
        let named = Look::Models(&anywhere);
        let mut branches = self.by_combination(filter, named, page).await?;
        branches.extend(self.ids(text, filter, page).await?);
        branches.extend(self.failing(&anywhere, filter).await?);
        Ok(branches)
    }

    /// The ids that begin so: themselves where they are few.
    async fn ids(&self, text: &str, filter: &Filter, page: i64) -> Result<Vec<Branch>, QueryError> {
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
            0 => Vec::new(),
            few if few <= FEW => vec![Branch::Ids(ids)],
            _ if tell_of(filter) => {
                self.by_combination(filter, Look::Ids(&begins), page)
                    .await?
            }
            _ => vec![Branch::IdLike(begins)],
        })
    }
}
