//! A listener's accept loop, kept here so that a scenario reaches the connection itself: closed
//! before any byte, or reset.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::provider::Provider;
use crate::wire::{Line, Wire};

/// Wait after an accept that failed, for want of file descriptors most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `provider` on `listener` over HTTP/1.1 until `shutdown` ends; running answers then have
/// [`crate::Options::drain`] to end, and are cut after that.
///
/// For loopback addresses: whoever reaches the listener gets answers and, unless it is switched off,
/// control and the record.
pub async fn serve(listener: TcpListener, provider: Provider, shutdown: impl Future<Output = ()>) {
    let mut shutdown = pin!(shutdown);
    let graceful = GracefulShutdown::new();
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = open.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => connect(stream, &provider, &graceful, &mut open),
                Err(error) => {
                    tracing::warn!(%error, "the practice provider could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    let drain = provider.options().drain;
    if tokio::time::timeout(drain, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::debug!("the practice provider cuts the answers that are still running");
    }
    open.shutdown().await;
}

/// The answer is not to be sent.
#[derive(Debug, thiserror::Error)]
#[error("the practice provider closes this connection, as its scenario wants")]
struct Refused;

fn connect(
    stream: TcpStream,
    provider: &Provider,
    graceful: &GracefulShutdown,
    open: &mut JoinSet<()>,
) {
    // Without it an event waits for the acknowledgement of the one before.
    if stream.set_nodelay(true).is_err() {
        return; // it is gone already
    }
    provider.record().connected();
    let line = Line::default();
    let wire = TokioIo::new(Wire::new(stream, line.clone()));
    let provider = provider.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (provider, line) = (provider.clone(), line.clone());
        async move {
            let response: Response<Body> = provider
                .answer(request.map(Body::new), Some(line.clone()))
                .await;
            if line.refused() {
                Err(Refused)
            } else {
                Ok(response)
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(wire, service);
    let connection = graceful.watch(connection);
    open.spawn(async move {
        // Connections end in errors all the time here: that is what scenarios order.
        if let Err(error) = connection.await {
            tracing::trace!(%error, "a practice connection ended");
        }
    });
}
