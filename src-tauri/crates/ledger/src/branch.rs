//! The ways into the history that an answer is put together from. Each is read newest first through an index, no
//! further than the page goes, so that a page costs the same in a long history.

use crate::cursor::Cursor;
use crate::kind::Kind;
use crate::query::{Filter, QueryError};
use crate::record::is_open;
use crate::select::Select;

/// Branches in one statement.
pub(crate) const BRANCHES: usize = 100;
/// The words the status of a request can be that is over; see also [`is_open`].
const OVER: [&str; 3] = ["completed", "failed", "cancelled"];

/// One way into the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Branch {
    /// All requests.
    Everything,
    /// Those that run.
    Running,
    /// Those with this value in a column that has an index.
    Value { column: &'static str, value: String },
    /// Those that are over and have this combination of values; with a pattern, whose ids look so. Older ones than
    /// `since` (Unix milliseconds) are not on the page.
    Combination {
        id: i64,
        ids: Option<String>,
        since: Option<i64>,
    },
    /// Those with one of these ids.
    Ids(Vec<String>),
    /// Those whose id looks so.
    IdLike(String),
    /// Those with an error, their own or an attempt's, of the text that has this number.
    Failure(i64),
    /// Those of them that are over and have this combination of values.
    FailureOf { text: i64, combination: i64 },
    /// Those with an error that looks so.
    FailureLike(String),
    /// Those with an attempt that failed at this provider.
    FailedAt(String),
}

/// What is left to be looked at row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// The token.
    Token,
    /// All but the text.
    Values,
    /// All.
    All,
}

impl Branch {
    /// Where the times, the ids and the other columns of its requests stand.
    const fn columns(&self) -> Columns {
        if self.is_failure() {
            FAILURES
        } else {
            REQUESTS
        }
    }

    const fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Failure(_) | Self::FailureOf { .. } | Self::FailureLike(_) | Self::FailedAt(_)
        )
    }

    /// What this way does not tell by itself.
    const fn rest(&self) -> Rest {
        match self {
            Self::Everything | Self::Running | Self::Value { .. } | Self::FailedAt(_) => Rest::All,
            Self::Combination { .. } | Self::FailureOf { .. } => Rest::Token,
            Self::Ids(_) | Self::IdLike(_) | Self::Failure(_) | Self::FailureLike(_) => {
                Rest::Values
            }
        }
    }

    /// Ids and times of the newest requests of this branch.
    fn select(&self, query: &mut Select, filter: &Filter, limit: i64) -> Result<(), QueryError> {
        let Columns { time, id } = self.columns();
        if self.is_failure() {
            let join = query.kind().join_in_order();
            let texts = matches!(self, Self::FailureLike(_));
            // Of the others one error stands for a request, the first, so that nothing has to be put together before the
            // page is full.
            let distinct = if texts { " DISTINCT" } else { "" };
            query.push(&format!(
                "SELECT{distinct} {id} AS id, {time} AS started_at FROM failures"
            ));
            let is_narrow = self.is_narrow(filter);
            for (table, is_needed) in [("failure_texts", texts), ("requests", is_narrow)] {
                if is_needed {
                    query.push(&format!(" {join} {table}"));
                }
            }
            query.push(" WHERE ");
            if texts {
                query.push("failure_texts.id = failures.text_id AND ");
            }
            if is_narrow {
                query.push("requests.id = failures.request_id AND ");
            }
        } else {
            query.push("SELECT id, started_at FROM requests WHERE ");
        }
        self.conditions(query, filter)?;
        self.columns().newest(query, limit);
        Ok(())
    }

    /// Whether something is to be looked at in the requests.
    fn is_narrow(&self, filter: &Filter) -> bool {
        let rest = self.rest();
        if rest == Rest::Token {
            return filter.token.is_some();
        }
        let has_text = filter.q.as_ref().is_some_and(|text| !text.is_empty());
        let has_failed = filter.failed_provider.is_some() && !matches!(self, Self::FailedAt(_));
        let has_values = filter.model.is_some() || equals(filter).next().is_some();
        has_values || has_failed || (has_text && rest == Rest::All)
    }

    fn conditions(&self, query: &mut Select, filter: &Filter) -> Result<(), QueryError> {
        match self {
            Self::Everything => query.push("1 = 1"),
            Self::Running => query.push("is_open = 1"),
            Self::Value { column, value } => query.push(column).push(" = ").value(value.as_str()),
            Self::Combination { id, ids, since } => {
                query.push("is_open = 0 AND combination_id = ").value(*id);
                if let Some(since) = since {
                    query.push(" AND started_at >= ").value(*since);
                }
                match ids {
                    Some(pattern) => like(query.push(" AND "), "id", pattern),
                    None => query.push(""),
                }
            }
            Self::Ids(ids) => {
                query.push("id IN (");
                for (index, id) in ids.iter().enumerate() {
                    query.push(if index == 0 { "" } else { ", " });
                    query.value(id.as_str());
                }
                query.push(")")
            }
            Self::IdLike(pattern) => like(query, "id", pattern),
            Self::Failure(text) => query
                .push("failures.text_id = ")
                .value(*text)
                .push(FIRST)
                .push(SAME_TEXT),
            Self::FailureOf { text, combination } => {
                query.push("failures.text_id = ").value(*text);
                query
                    .push(" AND failures.combination_id = ")
                    .value(*combination);
                query.push(FIRST).push(SAME_TEXT)
            }
            Self::FailureLike(pattern) => like(query, "failure_texts.text", pattern),
            Self::FailedAt(provider) => {
                query.push("failures.provider = ").value(provider.as_str());
                query.push(FIRST).push(SAME_PROVIDER)
            }
        };
        self.columns().narrow(query, filter)?;
        self.look_at_rest(query, filter);
        Ok(())
    }

    fn look_at_rest(&self, query: &mut Select, filter: &Filter) {
        let kind = query.kind();
        let rest = self.rest();
        for (column, value) in equals(filter) {
            let is_lead = matches!(self, Self::Value { column: lead, .. } if *lead == column);
            if !is_lead && (rest != Rest::Token || column == "token") {
                let column = kind.without_index(&format!("requests.{column}"));
                query.push(" AND ").push(&column).push(" = ").value(value);
            }
        }
        if rest == Rest::Token {
            return;
        }
        if let Some(model) = &filter.model {
            query.push(" AND (model_requested = ").value(model.as_str());
            query
                .push(" OR model_used = ")
                .value(model.as_str())
                .push(")");
        }
        if let Some(provider) = &filter.failed_provider
            && !matches!(self, Self::FailedAt(_))
        {
            query.push(
                " AND EXISTS (SELECT 1 FROM failures AS missed WHERE missed.started_at = requests.started_at \
                 AND missed.request_id = requests.id AND missed.provider = ",
            );
            query.value(provider.as_str()).push(")");
        }
        if rest == Rest::All {
            has_text(query, filter);
        }
    }
}

/// Of the errors of a request that have the same something, the first.
const FIRST: &str = " AND NOT EXISTS (SELECT 1 FROM failures AS earlier WHERE earlier.started_at = failures.started_at \
     AND earlier.request_id = failures.request_id AND earlier.attempt < failures.attempt AND ";
const SAME_TEXT: &str = "earlier.text_id = failures.text_id)";
const SAME_PROVIDER: &str = "earlier.provider = failures.provider)";

/// The columns that a filter's model can stand in.
pub(crate) const MODELS: [&str; 2] = ["model_requested", "model_used"];
/// The columns of model names.
pub(crate) const NAMED: [&str; 3] = [MODELS[0], MODELS[1], "model_answered"];

/// Columns that must have a value.
pub(crate) fn equals(filter: &Filter) -> impl Iterator<Item = (&'static str, &str)> {
    let all = [
        ("session", &filter.session),
        ("provider", &filter.provider),
        ("group_name", &filter.group),
        ("client", &filter.client),
        ("token", &filter.token),
        ("status", &filter.status),
    ];
    all.into_iter()
        .filter_map(|(column, value)| Some((column, value.as_deref()?)))
}

/// The statement that reads the newest requests of these branches, newest first.
pub(crate) fn list(
    kind: Kind,
    filter: &Filter,
    branches: &[Branch],
    limit: i64,
) -> Result<Select, QueryError> {
    if let [Branch::Everything] = branches {
        let mut query = Select::new(kind, "SELECT * FROM requests WHERE ");
        Branch::Everything.conditions(&mut query, filter)?;
        REQUESTS.newest(&mut query, limit);
        return Ok(query);
    }
    let mut query = Select::new(kind, "SELECT requests.* FROM (");
    for (index, branch) in branches.iter().enumerate() {
        let before = if index == 0 { "" } else { " UNION " };
        query.push(before).push("SELECT id, started_at FROM (");
        branch.select(&mut query, filter, limit)?;
        query.push(&format!(") AS branch_{index}"));
    }
    REQUESTS.newest(&mut query, limit);
    // The rows of the page alone are read: MySQL would go through the history and look for each in the page.
    query.push(") AS page ").push(kind.join_in_order());
    query.push(" requests WHERE requests.id = page.id");
    PAGE.newest(&mut query, limit);
    Ok(query)
}

/// What holds for each request that a filter finds, to be looked at row by row.
pub(crate) fn conditions(query: &mut Select, filter: &Filter) -> Result<(), QueryError> {
    Branch::Everything.conditions(query, filter)
}

/// Adds that a request has a filter's text somewhere.
fn has_text(query: &mut Select, filter: &Filter) {
    let Some(text) = filter.q.as_deref().filter(|text| !text.is_empty()) else {
        return;
    };
    let anywhere = looks_like("%", text);
    query.push(" AND (");
    like(query, "requests.id", &looks_like("", text));
    for column in NAMED {
        query.push(" OR ");
        like(query, &format!("requests.{column}"), &anywhere);
    }
    let join = query.kind().join_in_order();
    // Counted, as MySQL would put together all errors with the text before it looks whether a row has one.
    query.push(&format!(
        " OR 0 < (SELECT count(*) FROM failures AS said {join} failure_texts WHERE failure_texts.id = said.text_id \
         AND said.started_at = requests.started_at AND said.request_id = requests.id AND "
    ));
    like(query, "failure_texts.text", &anywhere).push("))");
}

/// Adds that a column has text that looks so; letter case is ignored as far as the database knows it, in SQLite that of
/// ASCII letters.
pub(crate) fn like<'q>(query: &'q mut Select, column: &str, pattern: &str) -> &'q mut Select {
    query.push("lower(").push(column).push(") LIKE lower(");
    query.value(pattern).push(") ESCAPE '!'")
}

/// What text must look like that has this text behind `before`.
pub(crate) fn looks_like(before: &str, text: &str) -> String {
    let mut pattern = String::from(before);
    for letter in text.chars() {
        if matches!(letter, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Where time and id of a request stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns {
    time: &'static str,
    id: &'static str,
}

pub(crate) const REQUESTS: Columns = Columns {
    time: "started_at",
    id: "id",
};
const FAILURES: Columns = Columns {
    time: "failures.started_at",
    id: "failures.request_id",
};
const PAGE: Columns = Columns {
    time: "page.started_at",
    id: "page.id",
};

impl Columns {
    fn newest(self, query: &mut Select, limit: i64) {
        let Self { time, id } = self;
        query.push(&format!(" ORDER BY {time} DESC, {id} DESC LIMIT "));
        query.value(limit);
    }

    /// Adds what a filter tells of time and place.
    pub(crate) fn narrow(self, query: &mut Select, filter: &Filter) -> Result<(), QueryError> {
        let Self { time, id } = self;
        if let Some(since) = filter.since_ms {
            query.push(&format!(" AND {time} >= ")).value(since);
        }
        if let Some(until) = filter.until_ms {
            query.push(&format!(" AND {time} < ")).value(until);
        }
        if let Some(cursor) = &filter.cursor {
            let last = Cursor::decode(cursor).ok_or(QueryError::Cursor)?;
            // Spelled out, as MySQL finds no index for a comparison of pairs.
            query.push(&format!(" AND {time} <= ")).value(last.at_ms);
            query.push(&format!(" AND ({time} < ")).value(last.at_ms);
            query.push(&format!(" OR {id} < "));
            query.value(last.id.as_str()).push(")");
        }
        Ok(())
    }
}

/// Refuses what no ledger could answer.
pub(crate) fn check(filter: &Filter) -> Result<(), QueryError> {
    if let Some(status) = &filter.status
        && !is_open(status)
        && !OVER.contains(&status.as_str())
    {
        return Err(QueryError::Status(status.clone()));
    }
    Ok(())
}
