//! Requests and attempts, read row by row and summed by a value.

use std::ops::AddAssign;

use sqlx::{AnyConnection, Row as _};

use crate::kind::Kind;
use crate::latency::{Histogram, class};
use crate::select::Select;
use crate::span::Span;
use crate::totals::{Counted, REQUESTS, Totals, sums};
use crate::usage::By;

/// Attempts, of which several can belong to one request.
const ATTEMPTS: Counted = Counted {
    table: "attempts",
    requests: "count(DISTINCT attempts.request_id)",
    failures: "count(DISTINCT CASE WHEN attempts.verdict NOT IN ('ok', 'cancelled') THEN attempts.request_id END)",
};

/// Sums, and counts of times; of stretches of time that do not overlap they can be added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    pub(crate) totals: Totals,
    pub(crate) ttft: Histogram,
    pub(crate) duration: Histogram,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, more: Self) {
        self.totals += more.totals;
        self.ttft += more.ttft;
        self.duration += more.duration;
    }
}

/// A value grouped by, in its order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    /// The beginning of an hour, or the number of a day.
    Time(i64),
    Text(String),
}

/// What is grouped, by what.
pub(crate) struct Source {
    pub(crate) key: String,
    pub(crate) from: &'static str,
    pub(crate) counted: Counted,
    timed: bool,
}

impl Source {
    /// All requests, as one.
    pub(crate) fn all() -> Self {
        Self::requests("NULL")
    }

    /// All requests, by an expression of a time.
    pub(crate) fn times(key: &str) -> Self {
        Self {
            timed: true,
            ..Self::requests(key)
        }
    }

    /// What is summed by a kind of value that is no time.
    pub(crate) fn column(kind: Kind, by: By) -> Self {
        let key = match by {
            By::Client => return Self::requests("requests.client"),
            By::Session => return Self::requests("requests.session"),
            By::Token => return Self::requests("requests.token"),
            By::Hour | By::Day => return Self::all(),
            By::Model => "attempts.model".to_owned(),
            By::Provider => "attempts.provider".to_owned(),
            By::Key => format!("attempts.{}", kind.name("key")),
            By::Group => "attempts.group_name".to_owned(),
        };
        Self {
            key,
            from: "requests JOIN attempts ON attempts.request_id = requests.id",
            counted: ATTEMPTS,
            timed: false,
        }
    }

    fn requests(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            from: "requests",
            counted: REQUESTS,
            timed: false,
        }
    }

    /// The sums of this time by value, read row by row.
    pub(crate) async fn summed(
        &self,
        conn: &mut AnyConnection,
        kind: Kind,
        span: Span,
    ) -> Result<Vec<(Option<Value>, Sums)>, sqlx::Error> {
        let mut query = Select::new(kind, "SELECT ");
        query.push(&self.key).push(" AS value, ");
        sums(&mut query, self.counted);
        self.finish(&mut query, span, "");
        let mut found = Vec::new();
        for row in query.rows_in(&mut *conn).await? {
            let sums = Sums {
                totals: Totals::read(&row)?,
                ..Sums::default()
            };
            if sums.totals.requests > 0 {
                found.push((self.value(&row)?, sums));
            }
        }
        if found.is_empty() {
            return Ok(found);
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        for column in ["ttft_ms", "duration_ms"] {
            for (value, class, times) in self.times_of(conn, kind, span, column).await? {
                let Ok(at) = found.binary_search_by(|(known, _)| known.cmp(&value)) else {
                    continue;
                };
                let sums = &mut found[at].1;
                match column {
                    "ttft_ms" => sums.ttft.add(class, times),
                    _ => sums.duration.add(class, times),
                }
            }
        }
        Ok(found)
    }

    /// How many times of a column are in each class.
    async fn times_of(
        &self,
        conn: &mut AnyConnection,
        kind: Kind,
        span: Span,
        column: &str,
    ) -> Result<Vec<(Option<Value>, u64, u64)>, sqlx::Error> {
        let column = format!("{}.{column}", self.counted.table);
        let mut query = Select::new(kind, "SELECT ");
        query.push(&self.key).push(" AS value, ");
        query.push(&class(kind, &column));
        query.push(" AS class, count(*) AS times");
        self.finish(&mut query, span, &format!(" AND {column} >= 0"));
        query.push(", class");
        let rows = query.rows_in(conn).await?;
        let times = rows.iter().map(|row| {
            let count = |name| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
            Ok((self.value(row)?, count("class")?, count("times")?))
        });
        times.collect()
    }

    fn finish(&self, query: &mut Select, span: Span, measured: &str) {
        query.push(" FROM ").push(self.from).push(" WHERE 1 = 1");
        span.push(query, "requests.started_at");
        query.push(measured).push(" GROUP BY value");
    }

    fn value(&self, row: &sqlx::any::AnyRow) -> Result<Option<Value>, sqlx::Error> {
        if self.timed {
            let time: Option<i64> = row.try_get("value")?;
            return Ok(time.map(Value::Time));
        }
        let text: Option<String> = row.try_get("value")?;
        Ok(text.map(Value::Text))
    }
}
