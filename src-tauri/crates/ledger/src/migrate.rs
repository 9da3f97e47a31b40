//! Brings a database file to the schema of this version, and keeps a copy of what it was before.
//!
//! Must never change a file that is not a ledger or that a newer Turnout wrote. A migration that was
//! released is never edited; a change is a new file in `migrations/`.

use std::path::{Path, PathBuf};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqliteConnection};

use crate::error::OpenError;
use crate::open::make_private;

const MIGRATIONS: [(i64, &str, &str); 4] = [
    (
        1,
        "requests and attempts",
        include_str!("../migrations/0001_requests_and_attempts.sql"),
    ),
    (2, "indexes", include_str!("../migrations/0002_indexes.sql")),
    (
        3,
        "decisions",
        include_str!("../migrations/0003_decisions.sql"),
    ),
    (
        4,
        "races and services",
        include_str!("../migrations/0004_races_and_services.sql"),
    ),
];

/// What opening did to the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Migrated {
    /// Version found; `None` for a new file.
    pub(crate) from: Option<i64>,
    /// Copy of the older file, if there was one.
    pub(crate) backup: Option<PathBuf>,
}

/// Checks and migrates the database behind `conn`, whose file is `path`.
pub(crate) async fn migrate(
    conn: &mut SqliteConnection,
    path: &Path,
) -> Result<Migrated, OpenError> {
    let from = version(conn, path).await?;
    let mut backup = None;
    if from.is_some_and(|from| from < latest()) {
        backup = Some(copy_aside(conn, path, from.unwrap_or(0)).await?);
    }
    sqlx::query("PRAGMA journal_mode = WAL")
        .execute(&mut *conn)
        .await
        .map_err(|error| OpenError::from_database(path, error))?;
    migrator()
        .run_direct(None, &mut *conn, false)
        .await
        .map_err(|source| match source {
            sqlx::migrate::MigrateError::Execute(error) => OpenError::from_database(path, error),
            source => OpenError::Migrate {
                path: path.to_owned(),
                backup: backup.clone(),
                source,
            },
        })?;
    Ok(Migrated { from, backup })
}

fn latest() -> i64 {
    MIGRATIONS
        .iter()
        .map(|(version, ..)| *version)
        .max()
        .unwrap_or(0)
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|(version, name, sql)| {
        // The check sum must not depend on how a checkout writes its line ends.
        let sql = AssertSqlSafe(sql.replace("\r\n", "\n")).into_sql_str();
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// The schema version of the file; `None` if it is empty. Reads only.
async fn version(conn: &mut SqliteConnection, path: &Path) -> Result<Option<i64>, OpenError> {
    let failed = |error| OpenError::from_database(path, error);
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .fetch_all(&mut *conn)
    .await
    .map_err(failed)?;
    if tables.is_empty() {
        return Ok(None);
    }
    if !tables.iter().any(|name| name == "_sqlx_migrations") {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
        });
    }
    let found: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
        .fetch_one(&mut *conn)
        .await
        .map_err(failed)?;
    // An interrupted first start leaves the list of migrations without the tables.
    if found > 0 && !tables.iter().any(|name| name == "requests") {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
        });
    }
    if found > latest() {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known: latest(),
        });
    }
    Ok(Some(found))
}

/// A whole copy beside the file, what is still in its write-ahead log included.
async fn copy_aside(
    conn: &mut SqliteConnection,
    path: &Path,
    version: i64,
) -> Result<PathBuf, OpenError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut backup = path.with_file_name(format!("{name}.v{version}.bak"));
    let mut copies = 1;
    while backup.exists() {
        copies += 1;
        backup = path.with_file_name(format!("{name}.v{version}-{copies}.bak"));
    }
    make_private(&backup)?; // the copy goes into this empty file
    sqlx::query("VACUUM INTO ?")
        .bind(backup.to_string_lossy().into_owned())
        .execute(conn)
        .await
        .map_err(|source| OpenError::Backup {
            path: path.to_owned(),
            backup: backup.clone(),
            source,
        })?;
    Ok(backup)
}
