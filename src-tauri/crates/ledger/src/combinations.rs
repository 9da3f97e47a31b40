//! What requests that are over have in common: the combinations of the values that filters ask for. They are few beside
//! the requests, and each has its requests in the order of the history, so that a page costs the same however seldom
//! the values of a filter met.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use sqlx::{AnyConnection, Row as _};

use crate::book::number;
use crate::branch::{Branch, MODELS, NAMED, REQUESTS, like};
use crate::cells::{There, table};
use crate::kind::Kind;
use crate::open::Ledger;
use crate::query::{Filter, QueryError};
use crate::record::{Record, RequestCells};
use crate::select::Select;
use crate::store::put;
use crate::zone::DAY_MS;

/// A combination that nobody wrote a request with for so many days, and that no request has, is forgotten.
const UNUSED_DAYS: i64 = 2;
/// Combinations held in memory at most: clients choose the names of models.
const KNOWN: usize = 100_000;

table! {
    /// A combination; a value that a request does not have is empty.
    CombinationCells in "combinations" by ["id"]; {
        id: i64,
        used_on: i64,
        model_requested: String,
        model_used: String,
        model_answered: String,
        provider: String,
        group_name: String,
        client: String,
        status: String,
    }
}

impl CombinationCells {
    fn of(row: &RequestCells, id: i64, used_on: i64) -> Self {
        let value = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            id,
            used_on,
            model_requested: value(&row.model_requested),
            model_used: value(&row.model_used),
            model_answered: value(&row.model_answered),
            provider: value(&row.provider),
            group_name: value(&row.group_name),
            client: value(&row.client),
            status: row.status.clone(),
        }
    }
}

/// The number of a request's combination, made of its values.
pub(crate) fn number_of(row: &RequestCells) -> i64 {
    let values = [
        &row.model_requested,
        &row.model_used,
        &row.model_answered,
        &row.provider,
        &row.group_name,
        &row.client,
    ];
    let mut text = row.status.clone();
    for value in values {
        text.push('\0'); // which no value has
        text.push_str(value.as_deref().unwrap_or_default());
    }
    number(&text)
}

/// The combinations that stand in the ledger with a day: each is written once a day by each who writes.
#[derive(Debug, Default)]
pub(crate) struct Known {
    day: i64,
    written: HashSet<i64>,
    /// Not sure to be there before the transaction is.
    new: Vec<i64>,
}

impl Known {
    /// Writes the combinations of these records that are over; in one order, so that two who write at once do not wait
    /// for each other.
    pub(crate) async fn save(
        &mut self,
        conn: &mut AnyConnection,
        kind: Kind,
        records: &[&Record],
    ) -> Result<(), sqlx::Error> {
        let today = today();
        if self.day != today || self.written.len() > KNOWN {
            self.clear();
            self.day = today;
        }
        self.new.clear();
        let mut missing = BTreeMap::new();
        for record in records {
            let row = &record.request;
            if let Some(id) = row.combination_id
                && !self.written.contains(&id)
            {
                missing
                    .entry(id)
                    .or_insert_with(|| CombinationCells::of(row, id, today));
            }
        }
        self.new.extend(missing.keys());
        let missing: Vec<_> = missing.into_values().collect();
        put::<CombinationCells>(conn, kind, &missing, There::Replaced).await
    }

    /// What was written stands there.
    pub(crate) fn saved(&mut self) {
        self.written.extend(self.new.drain(..));
    }

    /// Nothing is known.
    pub(crate) fn clear(&mut self) {
        self.written.clear();
        self.new.clear();
    }
}

fn today() -> i64 {
    Timestamp::now().as_millisecond().div_euclid(DAY_MS)
}

/// Forgets the combinations that no request has any more, and that errors had them. One that is being written again has
/// the day of today.
pub(crate) async fn forget(conn: &mut AnyConnection, kind: Kind) -> Result<(), sqlx::Error> {
    let unused = "DELETE FROM combinations WHERE used_on < ? AND NOT EXISTS \
         (SELECT 1 FROM requests WHERE requests.is_open = 0 AND requests.combination_id = combinations.id)";
    let unused = sqlx::query(kind.sql(unused)).bind(today() - UNUSED_DAYS);
    unused.execute(&mut *conn).await?;
    // Who writes one of these again waits for this transaction at the combination first.
    let without = "DELETE FROM failure_combinations WHERE NOT EXISTS \
         (SELECT 1 FROM combinations WHERE combinations.id = failure_combinations.combination_id)";
    sqlx::query(kind.sql(without)).execute(&mut *conn).await?;
    Ok(())
}

/// Which requests of the combinations are looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Look<'a> {
    /// All.
    All,
    /// Those with a model that looks so.
    Models(&'a str),
    /// Those whose id looks so.
    Ids(&'a str),
}

/// Adds what holds for the combinations that a filter asks for; with a pattern, those with a model that looks so.
pub(crate) fn among(query: &mut Select, filter: &Filter, named: Option<&str>) {
    query.push("1 = 1");
    for (column, value) in values(filter) {
        query.push(" AND combinations.").push(column).push(" = ");
        query.value(value);
    }
    let mut either = |columns: &[&str], holds: &dyn Fn(&mut Select, &str)| {
        for (index, column) in columns.iter().enumerate() {
            query.push(if index == 0 { " AND (" } else { " OR " });
            holds(query, &format!("combinations.{column}"));
        }
        query.push(")");
    };
    if let Some(model) = &filter.model {
        either(&MODELS, &|query, column| {
            query.push(column).push(" = ").value(model.as_str());
        });
    }
    if let Some(pattern) = named {
        either(&NAMED, &|query, column| {
            like(query, column, pattern);
        });
    }
}

/// Whether combinations tell what a filter asks for.
pub(crate) fn tell_of(filter: &Filter) -> bool {
    filter.model.is_some() || values(filter).next().is_some()
}

fn values(filter: &Filter) -> impl Iterator<Item = (&'static str, &str)> {
    let all = [
        ("provider", &filter.provider),
        ("group_name", &filter.group),
        ("client", &filter.client),
        ("status", &filter.status),
    ];
    all.into_iter()
        .filter_map(|(column, value)| Some((column, value.as_deref()?)))
}

impl Ledger {
    /// The branches of the combinations that a filter asks for, and that have the newest of its requests: with all of a
    /// page of so many. With a pattern, of models that look so, or of ids.
    pub(crate) async fn by_combination(
        &self,
        filter: &Filter,
        look: Look<'_>,
        page: i64,
    ) -> Result<Vec<Branch>, QueryError> {
        let mut query = Select::new(self.inner.kind, "SELECT id, newest FROM (");
        query.push(
            "SELECT combinations.id AS id, (SELECT started_at FROM requests \
             WHERE is_open = 0 AND combination_id = combinations.id",
        );
        REQUESTS.narrow(&mut query, filter)?;
        if let Some(token) = &filter.token {
            query.push(" AND token = ").value(token.as_str());
        }
        if let Look::Ids(pattern) = look {
            like(query.push(" AND "), "requests.id", pattern);
        }
        query
            .push(" ORDER BY started_at DESC, id DESC LIMIT 1) AS newest FROM combinations WHERE ");
        let named = match look {
            Look::Models(pattern) => Some(pattern),
            Look::All | Look::Ids(_) => None,
        };
        among(&mut query, filter, named);
        query.push(") AS found WHERE newest IS NOT NULL ORDER BY newest DESC");
        let mut found = Vec::new();
        for row in query.rows(&self.inner.pool).await? {
            let newest: i64 = row.try_get("newest")?;
            found.push((newest, row.try_get::<i64, _>("id")?));
        }
        // Each has a request: what is older than the newest of so many others is not on the page.
        let last = usize::try_from(page)
            .unwrap_or(usize::MAX)
            .saturating_sub(1);
        let oldest = found.get(last).map(|(newest, _)| *newest);
        let found = found.into_iter();
        let found = found.take_while(|(newest, _)| oldest.is_none_or(|oldest| *newest >= oldest));
        let branch = |(_, id)| Branch::Combination {
            id,
            ids: match look {
                Look::Ids(pattern) => Some(pattern.to_owned()),
                Look::All | Look::Models(_) => None,
            },
            since: oldest,
        };
        Ok(found.map(branch).collect())
    }

    /// Whether a filter asks for so many combinations at most.
    pub(crate) async fn are_few(&self, filter: &Filter, few: i64) -> Result<bool, QueryError> {
        let mut query = Select::new(
            self.inner.kind,
            "SELECT count(*) AS found FROM (SELECT 1 FROM combinations WHERE ",
        );
        among(&mut query, filter, None);
        query.push(" LIMIT ").value(few + 1).push(") AS counted");
        let rows = query.rows(&self.inner.pool).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        Ok(row.try_get::<i64, _>("found")? <= few)
    }
}
