//! Which ways into the history an answer needs.

use sqlx::Row as _;

use crate::branch::{Branch, like, looks_like};
use crate::combinations;
use crate::open::Ledger;
use crate::query::{Filter, QueryError};
use crate::record::is_open;
use crate::select::Select;

/// A token with fewer requests leads to them by itself.
const RARE: usize = 2_000;
/// So many combinations are looked through for what they do not tell.
const LOOKED_THROUGH: usize = 100;
/// So many ids are looked up one by one; more are met soon on the way through the history.
const FEW: usize = 500;

impl Ledger {
    /// The branches that together have all that a filter asks for, for a page of so many.
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
        let tells = combinations::tell_of(filter);
        let mut branches = match filter.q.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => self.having(text, filter, page).await?,
            None if tells => self.by_combination(filter, None, None, page).await?,
            None => return Ok(vec![Branch::Everything]),
        };
        if filter.status.is_none() {
            branches.push(Branch::Running);
        }
        Ok(branches)
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
        let leads = !combinations::tell_of(filter)
            || self.is_rare(token).await?
            || self.combinations(filter, None, i64::MAX).await?.len() > LOOKED_THROUGH;
        Ok(leads.then(|| by("token", token)))
    }

    async fn is_rare(&self, token: &str) -> Result<bool, QueryError> {
        let mut query = Select::new(
            self.inner.kind,
            "SELECT count(*) AS found FROM (SELECT 1 FROM requests WHERE token = ",
        );
        query.value(token).push(" LIMIT ").value(RARE as i64);
        let rows = query.push(") AS counted").rows(&self.inner.pool).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        Ok(row.try_get::<i64, _>("found")? < RARE as i64)
    }

    /// Where a text is found among those that are over: in the names of models, at the beginning of ids, in errors.
    async fn having(
        &self,
        text: &str,
        filter: &Filter,
        page: i64,
    ) -> Result<Vec<Branch>, QueryError> {
        let anywhere = looks_like("%", text);
        // What combinations do not tell has to be looked for in all of them.
        let page = if filter.token.is_some() {
            i64::MAX
        } else {
            page
        };
        let mut branches = self
            .by_combination(filter, Some(&anywhere), None, page)
            .await?;
        branches.extend(self.ids(text, filter).await?);
        branches.extend(self.failing(&anywhere, filter).await?);
        Ok(branches)
    }

    /// The ids that begin so: themselves where they are few.
    async fn ids(&self, text: &str, filter: &Filter) -> Result<Vec<Branch>, QueryError> {
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
            _ if combinations::tell_of(filter) => {
                self.by_combination(filter, None, Some(&begins), i64::MAX)
                    .await?
            }
            _ => vec![Branch::IdLike(begins)],
        })
    }
}
