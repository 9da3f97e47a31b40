//! The accept loop: small latency, bounded numbers, and an end that lets running answers finish.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::Router;
use http::Request;
use hyper::{body::Incoming, server::conn::http1::Builder};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Connections served at once; more of them wait in the listener's queue.
const CONNECTIONS: usize = 4096;
/// How long a client may take to send its request's headers, and to begin its next request on a connection.
const HEADERS_WITHIN: Duration = Duration::from_mins(1);
/// The most that a request's headers may take, in bytes.
const HEADERS_SIZE: usize = 256 << 10;

/// The address of ours that a connection came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalAddress(pub(crate) IpAddr);

/// The address that a request came from: an extension of every request that is served from a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// Serves until `stop`, then for at most `grace`.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    stop: CancellationToken,
    grace: Duration,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let kill = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        if let Some((stream, permit)) = accepted {
            let (app, kill) = (app.clone(), kill.clone());
            let watcher = graceful.watcher();
            tokio::spawn(async move {
                tokio::select! {
                    () = connection(stream, app, watcher) => {}
                    () = kill.cancelled() => {}
                }
                drop(permit);
            });
        }
    }
    drop(listener);
    if tokio::time::timeout(grace, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            "some requests were still running {} s after the stop and were cut",
            grace.as_secs()
        );
    }
    kill.cancel();
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = room.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            // Out of file descriptors, mostly: it passes when connections end.
            tracing::warn!("a connection could not be accepted: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    app: Router,
    watcher: hyper_util::server::graceful::Watcher,
) {
    // Small events must leave at once.
    let _ = stream.set_nodelay(true);
    let local = stream
        .local_addr()
        .ok()
        .map(|address| LocalAddress(address.ip()));
    let peer = stream
        .peer_addr()
        .ok()
        .map(|address| PeerAddress(address.ip()));
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        if let Some(local) = local {
            request.extensions_mut().insert(local);
        }
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        app.clone().oneshot(request)
    });
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(HEADERS_SIZE);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::trace!("a connection ended early: {error}");
    }
}
