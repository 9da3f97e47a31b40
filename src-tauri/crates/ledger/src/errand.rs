//! Work on the database that the writer does between two batches, so that only one task ever writes.

use std::fmt;
use std::pin::Pin;

use sqlx::AnyConnection;
use tokio::sync::oneshot;

use crate::kind::Kind;
use crate::open::Ledger;
use crate::query::QueryError;
use crate::writer::Entry;

/// What work comes to.
pub(crate) type Doing<'c, T> = Pin<Box<dyn Future<Output = T> + Send + 'c>>;

type Work = dyn for<'c> FnOnce(&'c mut AnyConnection) -> Doing<'c, bool> + Send;

/// Work that is asked for.
pub(crate) struct Errand(Box<Work>);

impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Errand")
    }
}

impl Errand {
    /// Does it; whether it went well, so that the connection can be used further.
    pub(crate) async fn run(self, conn: &mut AnyConnection) -> bool {
        (self.0)(conn).await
    }
}

impl Ledger {
    /// Has work done on the writer's connection, after what was sent before. It has to end within a fraction of a second,
    /// as what arrives meanwhile waits.
    pub(crate) async fn errand<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c mut AnyConnection, Kind) -> Doing<'c, Result<T, sqlx::Error>>
        + Send
        + 'static,
    ) -> Result<T, QueryError> {
        let kind = self.inner.kind;
        let (done, wait) = oneshot::channel();
        let errand = Errand(Box::new(move |conn| {
            Box::pin(async move {
                let result = work(conn, kind).await;
                let ok = result.is_ok();
                let _: Result<(), _> = done.send(result); // nobody waits any more: fine
                ok
            })
        }));
        let closed = || QueryError::Database(sqlx::Error::PoolClosed);
        let sent = self.inner.queue.send(Entry::Errand(errand)).await;
        sent.map_err(|_| closed())?;
        Ok(wait.await.map_err(|_| closed())??)
    }
}
