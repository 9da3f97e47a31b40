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
    /// Those that run; with a pattern, whose models look so.
    Running(Option<String>),
    /// Those that are over and have this value in a column that has an index.
    Value { column: &'static str, value: String },
    /// Those with one of these ids.
    Ids(Vec<String>),
    /// Those whose id looks so.
    IdLike(String),
    /// Those with an error, their own or an attempt's, of the text that has this number.
    Failure(i64),
    /// Those with an error that looks so.
    FailureLike(String),
}

impl Branch {
    /// Where the times, the ids and the other columns of its requests stand.
    const fn columns(&self) -> Columns {
        match self {
            Self::Failure(_) | Self::FailureLike(_) => Columns {
                time: "failures.started_at",
                id: "failures.request_id",
            },
            _ => Columns {
                time: "started_at",
                id: "id",
            },
        }
    }

    /// Ids and times of the newest requests of this branch.
    fn select(&self, query: &mut Select, filter: &Filter, limit: i64) -> Result<(), QueryError> {
        let Columns { time, id } = self.columns();
        if let Self::Failure(_) | Self::FailureLike(_) = self {
            let join = query.kind().join_in_order();
            let is_narrow = filter.model.is_some() || equals(filter).next().is_some();
            let texts = matches!(self, Self::FailureLike(_));
            // One text stands once for a request, at its first error that has it, so that nothing has to be put
            // together before the page is full.
            let distinct = if texts { " DISTINCT" } else { "" };
            query.push(&format!(
                "SELECT{distinct} {id} AS id, {time} AS started_at FROM failures"
            ));
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

    fn conditions(&self, query: &mut Select, filter: &Filter) -> Result<(), QueryError> {
        match self {
            Self::Everything => query.push("1 = 1"),
            Self::Running(None) => query.push("is_open = 1"),
            Self::Running(Some(pattern)) => {
                query.push("is_open = 1 AND (");
                for (index, column) in NAMED.into_iter().enumerate() {
                    query.push(if index == 0 { "" } else { " OR " });
                    like(query, column, pattern);
                }
                query.push(")")
            }
            Self::Value { column, value } => {
                query.push("is_open = 0 AND ").push(column).push(" = ");
                query.value(value.as_str())
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
            Self::Failure(text) => query.push("failures.text_id = ").value(*text).push(FIRST),
            Self::FailureLike(pattern) => like(query, "failure_texts.text", pattern),
        };
        self.columns().narrow(query, filter)?;
        let kind = query.kind();
        for (column, value) in equals(filter) {
            let is_lead = matches!(self, Self::Value { column: lead, .. } if *lead == column);
            if !is_lead {
                let column = kind.without_index(column);
                query.push(" AND ").push(&column).push(" = ").value(value);
            }
        }
        let is_by_model = matches!(self, Self::Value { column, value } if MODELS.contains(column) && filter.model.as_ref() == Some(value));
        if let Some(model) = filter.model.as_deref().filter(|_| !is_by_model) {
            query.push(" AND (model_requested = ").value(model);
            query.push(" OR model_used = ").value(model).push(")");
        }
        Ok(())
    }
}

/// Of the errors of a request that have the same text, the first.
const FIRST: &str = " AND NOT EXISTS (SELECT 1 FROM failures AS earlier WHERE earlier.started_at = failures.started_at \
     AND earlier.request_id = failures.request_id AND earlier.attempt < failures.attempt \
     AND earlier.text_id = failures.text_id)";

/// The columns that a filter's model can stand in.
pub(crate) const MODELS: [&str; 2] = ["model_requested", "model_used"];
/// The columns of model names.
pub(crate) const NAMED: [&str; 3] = [MODELS[0], MODELS[1], "model_answered"];

/// Columns that must have a value. The index of each has those behind it too, so that the first is the best to
/// begin with where they are equally rare.
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

/// The statement that looks through the newest requests of a branch, so many at most, and reads so many of those that
/// a filter finds.
pub(crate) fn among_newest(
    kind: Kind,
    filter: &Filter,
    branch: &Branch,
    (looked_at, limit): (i64, i64),
) -> Result<Select, QueryError> {
    let anything = Filter {
        since_ms: filter.since_ms,
        until_ms: filter.until_ms,
        cursor: filter.cursor.clone(),
        ..Filter::default()
    };
    let mut query = Select::new(kind, "SELECT * FROM (SELECT * FROM requests WHERE ");
    branch.conditions(&mut query, &anything)?;
    REQUESTS.newest(&mut query, looked_at);
    query.push(") AS requests WHERE ");
    conditions(&mut query, filter)?;
    REQUESTS.newest(&mut query, limit);
    Ok(query)
}

/// What holds for each request that a filter finds, to be looked at row by row.
pub(crate) fn conditions(query: &mut Select, filter: &Filter) -> Result<(), QueryError> {
    Branch::Everything.conditions(query, filter)?;
    let Some(text) = filter.q.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(());
    };
    let anywhere = looks_like("%", text);
    query.push(" AND (");
    like(query, "id", &looks_like("", text));
    for column in NAMED {
        query.push(" OR ");
        like(query, column, &anywhere);
    }
    let join = query.kind().join_in_order();
    // Counted, as MySQL would put together all errors with the text before it looks whether a row has one.
    query.push(&format!(
        " OR 0 < (SELECT count(*) FROM failures {join} failure_texts WHERE failure_texts.id = failures.text_id \
         AND failures.started_at = requests.started_at AND failures.request_id = requests.id AND "
    ));
    like(query, "failure_texts.text", &anywhere).push("))");
    Ok(())
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

const REQUESTS: Columns = Branch::Everything.columns();
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
    fn narrow(self, query: &mut Select, filter: &Filter) -> Result<(), QueryError> {
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
