//! cc-switch's database, read and never written.

use std::path::Path;

use imports::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

/// How an SQLite file begins.
pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";

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
