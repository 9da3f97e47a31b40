//! cc-switch's database, read and never written.

use std::io::Read as _;
use std::path::Path;

use imports::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

/// How an SQLite file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Whether a file is a database.
pub(super) fn is_database(path: &Path) -> std::io::Result<bool> {
    let mut start = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start == MAGIC)
}

/// The providers in it, in the order in which they are shown.
pub(super) async fn rows(path: &Path) -> Result<Vec<Row>, String> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let told = |error: sqlx::Error| {
        let why = error.to_string();
        if why.contains("no such") {
            "it is a database, but not cc-switch's".to_owned()
        } else {
            why
        }
    };
    let mut connection = options.connect().await.map_err(told)?;
    let query = "SELECT app_type, name, settings_config, meta, is_current FROM providers \
                 ORDER BY COALESCE(sort_index, 999999), created_at, id";
    let rows = sqlx::query(query).try_map(|row: SqliteRow| {
        Ok(Row {
            app: row.try_get("app_type")?,
            name: row.try_get("name")?,
            settings: row.try_get("settings_config")?,
            meta: row.try_get("meta")?,
            is_current: row.try_get("is_current")?,
        })
    });
    let rows = rows.fetch_all(&mut connection).await.map_err(told)?;
    // Only read: what closing has to say is nothing to anybody.
    let _ = connection.close().await;
    Ok(rows)
}
