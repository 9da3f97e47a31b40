//! Other programs that use the same file.

use sqlx::{ConnectOptions, SqliteConnection};

use crate::support::Place;

impl Place {
    /// A connection of another program.
    pub(crate) async fn stranger(&self) -> SqliteConnection {
        sqlx::sqlite::SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(true)
            .connect()
            .await
            .unwrap()
    }
}
