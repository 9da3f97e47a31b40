//! Why the ledger cannot be opened: one sentence each, with the file and what to do.

use std::path::{Path, PathBuf};

use crate::kind::Kind;
use crate::place::Place;

/// The ledger cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its folder cannot be made.
    #[error("the folder {} for the ledger cannot be made: {source}; make it writable or choose another with --data-dir", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file cannot be opened or written.
    #[error("the ledger {} cannot be opened for writing: {source}; make the file and its folder writable or choose another folder with --data-dir", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the database says.
        source: sqlx::Error,
    },
    /// Another program holds it.
    #[error("the ledger {} is locked by another program; close that program and start again", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// Not a database, or a damaged one.
    #[error("{} is not a readable SQLite database and was left as it is; move it away, or restore a copy of it, and start again", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A database of something else.
    #[error(
        "{place} is a database of another program and was left as it is; {}",
        other(place)
    )]
    Foreign {
        /// Where it is.
        place: Place,
    },
    /// Written by a newer version.
    #[error(
        "the ledger {place} was written by a newer Turnout (schema {found}, this one knows {known}); install that version, or {}",
        other(place)
    )]
    Newer {
        /// Where it is.
        place: Place,
        /// Its schema version.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// The copy before a migration failed.
    #[error("the ledger {} needs a new schema, but its copy {} cannot be written: {source}; free some space and start again", path.display(), backup.display())]
    Backup {
        /// The file.
        path: PathBuf,
        /// Where the copy should go.
        backup: PathBuf,
        /// What the database says.
        source: sqlx::Error,
    },
    /// A migration failed.
    #[error("the ledger {place} could not be brought to the schema of this version: {source}{}", told(backup.as_deref()))]
    Migrate {
        /// Where it is.
        place: Place,
        /// Copy of it, if one was made.
        backup: Option<PathBuf>,
        /// What went wrong.
        source: sqlx::migrate::MigrateError,
    },
    /// The server cannot be reached or refuses.
    #[error(
        "the ledger {shown} cannot be opened: {source}; check that the database server runs and what `ledger.url` says"
    )]
    Server {
        /// Its address, without password.
        shown: String,
        /// What the database says.
        source: sqlx::Error,
    },
    /// Not the URL of a database.
    #[error(
        "`ledger.url` is not the address of a database; write sqlite://, postgres://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE"
    )]
    Url,
}

impl OpenError {
    pub(crate) fn of_file(path: &Path, source: sqlx::Error) -> Self {
        let path = path.to_owned();
        match primary_code(&source) {
            Some(5 | 6) => Self::Locked { path },
            Some(11 | 26) => Self::NotADatabase { path },
            _ => Self::Unwritable { path, source },
        }
    }
}

/// What to do about a database that is not for us.
fn other(place: &Place) -> &'static str {
    match place.path() {
        Some(_) => "move it away or choose another folder with --data-dir",
        None => "choose another database in `ledger.url`",
    }
}

fn told(backup: Option<&Path>) -> String {
    backup.map_or_else(String::new, |backup| {
        format!("; a copy from before is {}", backup.display())
    })
}

/// The database's primary result code: <https://www.sqlite.org/rescode.html>.
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|extended| extended & 0xff)
}

/// Whether the database refuses the record itself, so that trying again cannot help: constraint, type
/// mismatch, too big, out of range. Everything else is the state of the database.
pub(crate) fn refuses(kind: Kind, error: &sqlx::Error) -> bool {
    if matches!(error, sqlx::Error::Encode(_)) {
        return true;
    }
    match kind {
        Kind::Sqlite => matches!(primary_code(error), Some(18 | 19 | 20 | 25)),
        // The classes of SQLSTATE: wrong data, broken constraint, too large for an index.
        Kind::Postgres | Kind::MySql => error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| {
                ["22", "23", "54"]
                    .iter()
                    .any(|class| code.starts_with(class))
            }),
    }
}

/// Whether a server did not get a lock in time that somebody else has, or gave way to him in a deadlock.
pub(crate) fn is_taken(kind: Kind, error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    match kind {
        Kind::Sqlite => false,
        // lock_not_available, deadlock_detected, serialization_failure.
        Kind::Postgres => error
            .code()
            .is_some_and(|code| matches!(&*code, "55P03" | "40P01" | "40001")),
        // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK; their SQLSTATEs are shared with others.
        Kind::MySql => error
            .try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
            .is_some_and(|error| matches!(error.number(), 1205 | 1213)),
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{AnyConnection, Connection as _};

    use super::*;

    #[tokio::test]
    async fn a_missing_table_is_the_state_of_the_database_and_a_broken_constraint_is_the_record() {
        sqlx::any::install_default_drivers();
        let mut conn = AnyConnection::connect("sqlite::memory:").await.unwrap();
        for (text, refused) in [
            ("INSERT INTO missing VALUES (1)", false),
            ("CREATE TABLE one (cell INTEGER NOT NULL)", false),
            ("INSERT INTO one (other) VALUES (1)", false),
            ("INSERT INTO one VALUES (NULL)", true),
        ] {
            let result = sqlx::query(text).execute(&mut conn).await;
            let told = result.is_err_and(|error| refuses(Kind::Sqlite, &error));
            assert_eq!(told, refused, "{text}");
        }
    }
}
