//! Brings a database file to the schema of this version, and keeps a copy of what it was before.
//!
//! Must never change a file that is not a ledger or that a newer Turnout wrote. A migration that was
//! released is never edited; a change is a new file in `migrations/`.

use std::path::{Path, PathBuf};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AssertSqlSafe, SqlSafeStr};

use crate::error::OpenError;
use crate::kind::Kind;
use crate::place::{Place, make_private};

const MIGRATIONS: &[(i64, &str, &str)] = &[
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
    (
        5,
        "instances",
        include_str!("../migrations/0005_instances.sql"),
    ),
    (6, "daily", include_str!("../migrations/0006_daily.sql")),
    (
        7,
        "thin rows",
        include_str!("../migrations/0007_thin_rows.sql"),
    ),
    (8, "hourly", include_str!("../migrations/0008_hourly.sql")),
    (9, "bodies", include_str!("../migrations/0009_bodies.sql")),
    (10, "audit", include_str!("../migrations/0010_audit.sql")),
    (
        11,
        "budget marks",
        include_str!("../migrations/0011_budget_marks.sql"),
    ),
    (
        12,
        "imports",
        include_str!("../migrations/0012_imports.sql"),
    ),
    (
        13,
        "running",
        include_str!("../migrations/0013_running.sql"),
    ),
    (
        14,
        "model names",
        include_str!("../migrations/0014_model_names.sql"),
    ),
    (
        15,
        "failure texts",
        include_str!("../migrations/0015_failure_texts.sql"),
    ),
    (16, "tokens", include_str!("../migrations/0016_tokens.sql")),
    (
        17,
        "combinations",
        include_str!("../migrations/0017_combinations.sql"),
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

/// Checks and migrates the database behind `conn`.
pub(crate) async fn migrate(
    conn: &mut AnyConnection,
    place: &Place,
) -> Result<Migrated, OpenError> {
    let from = version(conn, place).await?;
    let mut backup = None;
    if let Some(path) = place.path() {
        if let Some(from) = from.filter(|from| *from < latest()) {
            backup = Some(copy_aside(conn, path, from).await?);
        }
        if from.is_none() {
            // Works before there is a first page.
            sqlx::query("PRAGMA auto_vacuum = INCREMENTAL")
                .execute(&mut *conn)
                .await
                .map_err(|error| place.failed(error))?;
        }
        sqlx::query("PRAGMA journal_mode = WAL")
            .execute(&mut *conn)
            .await
            .map_err(|error| place.failed(error))?;
    }
    let migrator = migrator(place.kind());
    let migrated = migrator.run_direct(None, &mut *conn, false);
    migrated.await.map_err(|source| match source {
        sqlx::migrate::MigrateError::Execute(error) => place.failed(error),
        source => OpenError::Migrate {
            place: place.clone(),
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

/// The names of the ledger's own tables.
pub(crate) fn own_tables() -> Vec<&'static str> {
    let lines = || MIGRATIONS.iter().flat_map(|(_, _, sql)| sql.lines());
    let dropped: Vec<_> = lines()
        .filter_map(|line| line.strip_prefix("DROP TABLE ")?.strip_suffix(';'))
        .collect();
    let tables = lines().filter_map(|line| line.strip_prefix("CREATE TABLE "));
    tables
        .filter_map(|rest| rest.split_whitespace().next())
        .filter(|table| !dropped.contains(table))
        .collect()
}

fn migrator(kind: Kind) -> Migrator {
    let migrations = MIGRATIONS.iter().map(|(version, name, written)| {
        let written = written.replace("\r\n", "\n");
        let sql = AssertSqlSafe(kind.schema(&written)).into_sql_str();
        let of = |sql| Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false);
        // The sum is that of what is written, so that it outlives a change of how other systems are told.
        Migration {
            checksum: of(AssertSqlSafe(written).into_sql_str()).checksum,
            ..of(sql)
        }
    });
    Migrator::with_migrations(migrations.collect())
}

/// The schema version that is there; `None` if there is none yet. Reads only.
async fn version(conn: &mut AnyConnection, place: &Place) -> Result<Option<i64>, OpenError> {
    let tables = tables(conn, place.kind());
    let tables = tables.await.map_err(|error| place.failed(error))?;
    let foreign = || OpenError::Foreign {
        place: place.clone(),
    };
    let has = |name| tables.iter().any(|table| table == name);
    if !has("_sqlx_migrations") {
        // A file is ours alone; on a server others may keep their tables beside ours.
        let ours = ["requests", "attempts"].into_iter().any(has);
        let taken = place.path().is_some() && !tables.is_empty();
        return if taken || ours {
            Err(foreign())
        } else {
            Ok(None)
        };
    }
    let found = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations");
    let found: i64 = found
        .fetch_one(&mut *conn)
        .await
        .map_err(|error| place.failed(error))?;
    // An interrupted first start leaves the list of migrations without the tables.
    if found > 0 && !has("requests") {
        return Err(foreign());
    }
    if found > latest() {
        return Err(OpenError::Newer {
            place: place.clone(),
            found,
            known: latest(),
        });
    }
    Ok(Some(found))
}

/// The names of all tables.
async fn tables(conn: &mut AnyConnection, kind: Kind) -> Result<Vec<String>, sqlx::Error> {
    let list = match kind {
        Kind::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        }
        Kind::Postgres => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema()"
        }
        Kind::MySql => {
            "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = database()"
        }
    };
    sqlx::query_scalar(list).fetch_all(conn).await
}

/// A whole copy beside the file, what is still in its write-ahead log included.
async fn copy_aside(
    conn: &mut AnyConnection,
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
    let copying = sqlx::query("VACUUM INTO ?").bind(backup.to_string_lossy().into_owned());
    let Err(source) = copying.execute(conn).await else {
        return Ok(backup);
    };
    // A part of a copy is worth nothing, and its room may be what is missing.
    let mut journal = backup.clone().into_os_string();
    journal.push("-journal");
    for left in [backup.as_os_str(), &journal] {
        let _: std::io::Result<()> = std::fs::remove_file(left); // it may not be there
    }
    Err(OpenError::Backup {
        path: path.to_owned(),
        backup,
        source,
    })
}
