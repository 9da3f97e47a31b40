//! The history as text, whole or as it is filtered, oldest first, a piece at a time: however long it is, only one piece is in
//! memory.

use std::collections::HashMap;
use std::str::FromStr;

use serde_json::Value;
use sqlx::Row as _;

use crate::branch::{check, conditions};
use crate::open::Ledger;
use crate::query::{CHAIN, Filter, QueryError};
use crate::read::number;
use crate::row::{AttemptRow, Detail, Row};
use crate::select::Select;

/// Requests in a piece.
const PIECE: i64 = 500;
/// The columns of CSV; each is a field of a request, or of its `cost`.
const COLUMNS: [&str; 43] = [
    "id",
    "started_at",
    "status",
    "mark",
    "reason",
    "http_status",
    "source",
    "replay_of",
    "client",
    "token",
    "session",
    "client_dialect",
    "provider_dialect",
    "path",
    "model_requested",
    "model_used",
    "model_answered",
    "provider",
    "key",
    "group",
    "rule",
    "stream",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "estimated",
    "cost_usd",
    "cost.input",
    "cost.output",
    "cost.cache_read",
    "cost.cache_write",
    "unpriced",
    "switch_cost_usd",
    "ttft_ms",
    "duration_ms",
    "tokens_per_second",
    "attempts",
    "losses",
    "error",
];

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A line a request, with a heading (RFC 4180).
    Csv,
    /// One array, each request with its attempts.
    Json,
    /// A JSON object a line, each request with its attempts.
    Jsonl,
}

impl FromStr for Format {
    type Err = QueryError;

    fn from_str(word: &str) -> Result<Self, QueryError> {
        Ok(match word {
            "csv" => Self::Csv,
            "json" => Self::Json,
            "jsonl" => Self::Jsonl,
            _ => return Err(QueryError::Format(word.to_owned())),
        })
    }
}

impl Format {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Jsonl => "application/x-ndjson",
        }
    }

    /// How names of such files end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
        }
    }
}

/// An export under way.
#[derive(Debug)]
pub struct Export {
    ledger: Ledger,
    format: Format,
    filter: Filter,
    /// The last request that was written, by time and id; before the first one, where it begins.
    last: (i64, String),
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Begun,
    Over,
}

impl Ledger {
    /// Begins to export the requests that match; the filter's page is not looked at. Without an end in time it goes on
    /// with what arrives meanwhile.
    pub fn export(&self, format: Format, filter: Filter) -> Result<Export, QueryError> {
        check(&filter)?;
        Ok(Export {
            ledger: self.clone(),
            format,
            last: (filter.since_ms.unwrap_or(i64::MIN), String::new()),
            filter: Filter {
                cursor: None,
                ..filter
            },
            state: State::New,
        })
    }
}

impl Export {
    /// The next piece of the text; `None` at its end. After an error the text is not whole.
    pub async fn next(&mut self) -> Result<Option<String>, QueryError> {
        if self.state == State::Over {
            return Ok(None);
        }
        let details = self.piece().await?;
        let mut text = String::new();
        if self.state == State::New {
            match self.format {
                Format::Csv => line(&mut text, &COLUMNS.map(str::to_owned)),
                Format::Json => text.push('['),
                Format::Jsonl => {}
            }
        }
        for (index, detail) in details.iter().enumerate() {
            if self.format == Format::Json {
                let first = self.state == State::New && index == 0;
                text.push_str(if first { "\n" } else { ",\n" });
            }
            match self.format {
                Format::Csv => {
                    let row = plain(detail)?;
                    line(&mut text, &COLUMNS.map(|column| cell(&row, column)));
                }
                Format::Json => text.push_str(&plain(detail)?.to_string()),
                Format::Jsonl => {
                    text.push_str(&plain(detail)?.to_string());
                    text.push('\n');
                }
            }
        }
        self.state = State::Begun;
        if details.is_empty() {
            self.state = State::Over;
            if self.format == Format::Json {
                text.push_str("\n]\n");
            }
        }
        Ok(Some(text))
    }

    async fn piece(&mut self) -> Result<Vec<Detail>, QueryError> {
        let (kind, pool) = (self.ledger.inner.kind, &self.ledger.inner.pool);
        let (at_ms, id) = self.last.clone();
        let mut query = Select::new(kind, "SELECT * FROM requests WHERE started_at >= ");
        query
            .value(at_ms)
            .push(" AND (started_at > ")
            .value(at_ms)
            .push(" OR id > ")
            .value(id.as_str())
            .push(") AND ");
        conditions(&mut query, &self.filter)?;
        query.push(" ORDER BY started_at, id LIMIT ").value(PIECE);
        let rows = query.rows(pool).await?;
        let mut chains = Select::new(kind, CHAIN);
        chains.push(" IN (");
        for (index, row) in rows.iter().enumerate() {
            let id: String = row.try_get("id")?;
            let before = if index == 0 { "" } else { ", " };
            chains.push(before).value(id.as_str());
            self.last = (number(row, "started_at")?.unwrap_or(at_ms), id);
        }
        chains.push(") ORDER BY request_id, attempt");
        let mut attempts: HashMap<String, Vec<AttemptRow>> = HashMap::new();
        if !rows.is_empty() {
            for row in chains.rows(pool).await? {
                let chain = attempts.entry(row.try_get("request_id")?).or_default();
                chain.push(AttemptRow::read(&row)?);
            }
        }
        let details = rows.iter().map(|row| {
            let id: String = row.try_get("id")?;
            Row::read(row, attempts.remove(&id).unwrap_or_default())
        });
        Ok(details.collect::<Result<_, sqlx::Error>>()?)
    }
}

fn plain(detail: &Detail) -> Result<Value, QueryError> {
    serde_json::to_value(detail).map_err(|error| sqlx::Error::Decode(error.into()).into())
}

fn cell(row: &Value, column: &str) -> String {
    let value = match column.split_once('.') {
        Some((outer, inner)) => row.get(outer).and_then(|value| value.get(inner)),
        None => row.get(column),
    };
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => harmless(text),
        Some(Value::Array(attempts)) if column == "attempts" => attempts.len().to_string(),
        Some(Value::Array(list)) => {
            let words = list.iter().map(|item| match item {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            harmless(&words.collect::<Vec<_>>().join("; "))
        }
        Some(other) => other.to_string(),
    }
}

/// Text as spreadsheets take for text: what they would take for a formula begins with an apostrophe
/// (OWASP, "CSV Injection"), as clients and providers choose what stands there.
fn harmless(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// A line of CSV; what holds a separator is quoted, with quotes doubled.
fn line(text: &mut String, cells: &[String; COLUMNS.len()]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}
