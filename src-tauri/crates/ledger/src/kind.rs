//! What SQLite, PostgreSQL and MySQL (MariaDB) differ in.
//!
//! Statements are written once, in the SQL that all three understand, with `?` for values; the few
//! exceptions are functions here. The schema is written once too, in SQLite's words (`migrations/`).

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::cells::{Form, There};

/// A database system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    MySql,
}

/// Text columns that may be longer than 255 characters; all others are clipped to that.
const LONG: [&str; 12] = [
    "error",
    "losses",
    "path",
    "price",
    "explain",
    "text",
    "detail",
    "changes",
    "ttft_classes",
    "duration_classes",
    "address",
    "headers",
];
/// Characters in other text columns.
pub(crate) const SHORT: usize = 255;
/// Characters in the columns that stand in indexes beside others: an index of MySQL has 3072 bytes for them, four for
/// each letter.
pub(crate) const NAME: usize = 96;
const NAMES: [&str; 6] = [
    "provider",
    "group_name",
    "client",
    "status",
    "id",
    "request_id",
];

impl Kind {
    /// The kind that a URL's scheme names.
    pub(crate) fn of(scheme: &str) -> Option<Self> {
        match scheme {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::MySql),
            _ => None,
        }
    }

    /// A statement, with its values in the order of their `?`.
    pub(crate) fn sql(self, text: &str) -> SqlStr {
        if self != Self::Postgres {
            return AssertSqlSafe(text.to_owned()).into_sql_str();
        }
        let mut numbered = String::with_capacity(text.len() + 16);
        let mut parts = text.split('?');
        numbered.push_str(parts.next().unwrap_or_default());
        for (index, part) in parts.enumerate() {
            numbered.push('$');
            numbered.push_str(&(index + 1).to_string());
            numbered.push_str(part);
        }
        AssertSqlSafe(numbered).into_sql_str()
    }

    /// A column's name, which may be a reserved word.
    pub(crate) fn name(self, column: &str) -> String {
        match self {
            Self::MySql => format!("`{column}`"),
            Self::Sqlite | Self::Postgres => format!("\"{column}\""),
        }
    }

    /// A column that is only looked at: no index is to be chosen for it.
    pub(crate) fn without_index(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("+{column}"),
            Self::Postgres | Self::MySql => column.to_owned(),
        }
    }

    /// A join that begins with its left table, however the database would go about it.
    pub(crate) const fn join_in_order(self) -> &'static str {
        match self {
            // In SQLite this is the order: <https://www.sqlite.org/optoverview.html>; in PostgreSQL statistics decide.
            Self::Sqlite | Self::Postgres => "CROSS JOIN",
            Self::MySql => "STRAIGHT_JOIN",
        }
    }

    /// A sum or another whole number as one of 64 bits.
    pub(crate) fn whole(self, expression: &str) -> String {
        match self {
            Self::Sqlite => expression.to_owned(),
            Self::Postgres => format!("CAST({expression} AS BIGINT)"),
            Self::MySql => format!("CAST({expression} AS SIGNED)"),
        }
    }

    /// A whole number divided by another, without rest; neither is negative.
    pub(crate) fn divided(self, number: &str, by: &str) -> String {
        match self {
            Self::MySql => format!("({number} DIV {by})"),
            Self::Sqlite | Self::Postgres => format!("({number} / {by})"),
        }
    }

    /// Writes rows of a table; `there` tells what becomes of those that are there.
    pub(crate) fn insert(self, form: &Form, rows: usize, there: There) -> SqlStr {
        let names = |columns: &[&str]| {
            let names: Vec<_> = columns.iter().map(|column| self.name(column)).collect();
            names.join(", ")
        };
        let row = format!("({})", vec!["?"; form.columns.len()].join(", "));
        let rows = vec![row.as_str(); rows].join(", ");
        let (table, columns) = (form.table, names(form.columns));
        let found = self.found(form, there);
        self.sql(&format!(
            "INSERT INTO {table} ({columns}) VALUES {rows} {found}"
        ))
    }

    fn found(self, form: &Form, there: There) -> String {
        let but: &[&str] = match there {
            There::Stays => form.columns,
            There::Replaced => form.keys,
            There::ReplacedBut(columns) => columns,
        };
        let set = form.columns.iter().filter(|column| !but.contains(column));
        let set = set.map(|column| {
            let name = self.name(column);
            match self {
                Self::MySql => format!("{name} = VALUES({name})"),
                Self::Sqlite | Self::Postgres => format!("{name} = excluded.{name}"),
            }
        });
        let mut set = set.collect::<Vec<_>>().join(", ");
        if self == Self::MySql {
            if set.is_empty() {
                // The nearest to nothing that can be said.
                set = format!("{0} = {0}", self.name(form.keys[0]));
            }
            return format!("ON DUPLICATE KEY UPDATE {set}");
        }
        let keys = form.keys.join(", ");
        if set.is_empty() {
            return format!("ON CONFLICT ({keys}) DO NOTHING");
        }
        format!("ON CONFLICT ({keys}) DO UPDATE SET {set}")
    }

    /// A migration of `migrations/` in this system's words.
    pub(crate) fn schema(self, written: &str) -> String {
        // The check sum must not depend on how a checkout writes its line ends.
        let written = written.replace("\r\n", "\n");
        if self == Self::Sqlite {
            return written;
        }
        let lines = written
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"));
        let lines = lines.map(|line| self.schema_line(line));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn schema_line(self, line: &str) -> String {
        let line = line.split("--").next().unwrap_or_default().trim_end();
        if line.starts_with(')') {
            return match self {
                Self::MySql => ") CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;".to_owned(),
                Self::Postgres | Self::Sqlite => ");".to_owned(),
            };
        }
        if line.starts_with("CREATE INDEX") {
            return self.index(line);
        }
        if self == Self::MySql
            && let Some(dropped) = mysql_drop(line)
        {
            return dropped;
        }
        let column = line.split_once("ADD COLUMN ");
        let is_column = column.is_some() || line.starts_with(' ');
        let (before, column) = column.map_or(("    ", line.trim_start()), |(before, column)| {
            (before, column)
        });
        let before = if before == "    " {
            before.to_owned()
        } else {
            format!("{before}ADD COLUMN ")
        };
        match column.split_once(' ') {
            Some((name, rest)) if is_column => {
                format!("{before}{}", self.column(name, rest.trim_start()))
            }
            _ => line.to_owned(),
        }
    }

    fn column(self, name: &str, rest: &str) -> String {
        let (written, rest) = rest.split_at(rest.find([' ', ',', ';']).unwrap_or(rest.len()));
        let long = LONG.contains(&name);
        let found = match (self, written) {
            (Self::Postgres | Self::MySql, "INTEGER") => "BIGINT",
            (Self::Postgres, "BLOB") => "BYTEA",
            (Self::MySql, "BLOB") => "LONGBLOB",
            (Self::MySql, "TEXT") if long => "LONGTEXT",
            (Self::MySql, "TEXT") if NAMES.contains(&name) => "VARCHAR(96)",
            (Self::MySql, "TEXT") => "VARCHAR(255)",
            _ => written,
        };
        if self == Self::MySql && matches!(written, "INTEGER" | "TEXT" | "BLOB") {
            // A default of a long text has to be an expression.
            let rest = rest.replace("DEFAULT '[]'", "DEFAULT ('[]')");
            return format!("`{name}` {found}{rest}");
        }
        format!("{name} {found}{rest}")
    }

    /// MySQL has no indexes of a part of a table: there the condition's column stands in it, in front where it is true
    /// of few rows, and at the end where it is true of nearly all (`= 0`).
    fn index(self, line: &str) -> String {
        if self != Self::MySql {
            return line.to_owned();
        }
        let (index, condition) = line.split_once(" WHERE ").unwrap_or((line, ""));
        let nearly_all = condition.trim_end_matches(';').ends_with("= 0");
        let column = condition.split(' ').next().filter(|name| !name.is_empty());
        let (leads, ends) = if nearly_all {
            (None, column)
        } else {
            (column, None)
        };
        let (before, columns) = index.split_once('(').unwrap_or((index, ""));
        let columns = columns.trim_end_matches([')', ';']).split(", ");
        let columns = columns.filter(|name| leads != Some(*name));
        let columns: Vec<_> = leads.into_iter().chain(columns).chain(ends).collect();
        format!("{before}({});", columns.join(", "))
    }
}

/// MySQL wants to know of which table an index is, which its name tells first, and has more reserved words.
fn mysql_drop(line: &str) -> Option<String> {
    if let Some(index) = line.strip_prefix("DROP INDEX ") {
        let (table, _) = index.split_once('_')?;
        return Some(format!(
            "DROP INDEX {} ON {table};",
            index.trim_end_matches(';')
        ));
    }
    let (table, column) = line.split_once(" DROP COLUMN ")?;
    let column = column.trim_end_matches(';');
    Some(format!("{table} DROP COLUMN `{column}`;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_where_the_database_wants_it() {
        let text = "SELECT a FROM b WHERE c = ? AND d < ?";
        assert_eq!(Kind::Sqlite.sql(text).as_str(), text);
        assert_eq!(
            Kind::Postgres.sql(text).as_str(),
            "SELECT a FROM b WHERE c = $1 AND d < $2"
        );
    }

    #[test]
    fn the_schema_is_said_in_each_systems_words() {
        let written = "-- About it.\nCREATE TABLE t (\n    id  TEXT NOT NULL PRIMARY KEY,\n    key TEXT,\n    \
             error TEXT NOT NULL DEFAULT '[]',\n    n   INTEGER, -- how many\n    PRIMARY KEY (id, n)\n) STRICT, WITHOUT ROWID;\n\
             CREATE INDEX i ON t (id) WHERE n IS NULL;\nALTER TABLE t ADD COLUMN more INTEGER NOT NULL DEFAULT 0;\n\
             DROP INDEX t_by_a;\nALTER TABLE t DROP COLUMN explain;\nCREATE INDEX t_by_b ON t (a, b, c, d) WHERE n = 0;";
        assert_eq!(Kind::Sqlite.schema(written), written);
        assert_eq!(
            Kind::Postgres.schema(written),
            "CREATE TABLE t (\n    id TEXT NOT NULL PRIMARY KEY,\n    key TEXT,\n    error TEXT NOT NULL DEFAULT '[]',\n    \
             n BIGINT,\n    PRIMARY KEY (id, n)\n);\nCREATE INDEX i ON t (id) WHERE n IS NULL;\n\
             ALTER TABLE t ADD COLUMN more BIGINT NOT NULL DEFAULT 0;\nDROP INDEX t_by_a;\n\
             ALTER TABLE t DROP COLUMN explain;\nCREATE INDEX t_by_b ON t (a, b, c, d) WHERE n = 0;"
        );
        assert_eq!(
            Kind::MySql.schema(written),
            "CREATE TABLE t (\n    `id` VARCHAR(96) NOT NULL PRIMARY KEY,\n    `key` VARCHAR(255),\n    \
             `error` LONGTEXT NOT NULL DEFAULT ('[]'),\n    `n` BIGINT,\n    PRIMARY KEY (id, n)\n\
             ) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\nCREATE INDEX i ON t (n, id);\n\
             ALTER TABLE t ADD COLUMN `more` BIGINT NOT NULL DEFAULT 0;\nDROP INDEX t_by_a ON t;\n\
             ALTER TABLE t DROP COLUMN `explain`;\nCREATE INDEX t_by_b ON t (a, b, c, d, n);"
        );
    }
}
