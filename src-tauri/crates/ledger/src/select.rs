//! A statement in the making: its text with `?` for values, and the values.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool};

use crate::cells::{Cell as _, Statement};
use crate::kind::Kind;

/// A statement.
#[derive(Debug, Clone)]
pub(crate) struct Select {
    kind: Kind,
    text: String,
    values: Vec<Value>,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Number(i64),
    Text(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        // PostgreSQL has no texts with a zero character.
        Self::Text(text.replace('\0', "\u{fffd}"))
    }
}

impl Select {
    pub(crate) fn new(kind: Kind, text: &str) -> Self {
        Self {
            kind,
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The same statement after other words.
    #[cfg(test)]
    pub(crate) fn after(&self, words: &str) -> Self {
        Self {
            text: format!("{words} {}", self.text),
            ..self.clone()
        }
    }

    /// Adds text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub(crate) fn value(&mut self, value: impl Into<Value>) -> &mut Self {
        self.text.push('?');
        self.values.push(value.into());
        self
    }

    fn statement<'q>(&self) -> Statement<'q> {
        let mut statement = sqlx::query(self.kind.sql(&self.text));
        for value in &self.values {
            statement = match value {
                Value::Number(number) => number.bind(statement),
                Value::Text(text) => text.bind(statement),
            };
        }
        statement
    }

    /// All rows.
    pub(crate) async fn rows(&self, pool: &AnyPool) -> Result<Vec<AnyRow>, sqlx::Error> {
        self.statement().fetch_all(pool).await
    }

    /// Does what it says, in a transaction, and tells how many rows that changed.
    pub(crate) async fn execute_in(&self, conn: &mut AnyConnection) -> Result<u64, sqlx::Error> {
        let done = self.statement().execute(conn).await?;
        Ok(done.rows_affected())
    }

    /// All rows, as they are in a transaction.
    pub(crate) async fn rows_in(
        &self,
        conn: &mut AnyConnection,
    ) -> Result<Vec<AnyRow>, sqlx::Error> {
        self.statement().fetch_all(conn).await
    }
}
