//! Answers on their way to a client: paced, cut, stalled or whole.
//!
//! It carries out what [`crate::fault`] planned and decides nothing.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::dialect::Frame;
use crate::fault::{Ending, Outpour};
use crate::record::{Outcome, Ticket};
use crate::scenario::How;

/// Time for what has been written to leave, before a connection is cut.
const BEFORE_CUT: Duration = Duration::from_millis(5);
const KEEP: u8 = 0;
const CLOSE: u8 = 1;
const RESET: u8 = 2;

/// What a request may order for its own connection.
#[derive(Clone, Default)]
pub(crate) struct Line(Arc<AtomicU8>);

impl Line {
    /// Orders the connection to be closed without an answer.
    pub(crate) fn refuse(&self, how: How) {
        self.0.store(
            if how == How::Rst { RESET } else { CLOSE },
            Ordering::Release,
        );
    }

    fn cut(&self, how: How) {
        if how == How::Rst {
            self.0.store(RESET, Ordering::Release);
        }
    }

    /// Whether the answer at hand is not to be sent.
    pub(crate) fn refused(&self) -> bool {
        self.0.load(Ordering::Acquire) != KEEP
    }
}

/// A connection that can end in a reset.
pub(crate) struct Wire {
    stream: TcpStream,
    line: Line,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, line: Line) -> Self {
        Self { stream, line }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.line.0.load(Ordering::Acquire) == RESET {
            // Where it fails the connection ends in order, which is a cut as well.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}

/// Why a body breaks off.
#[derive(Debug, thiserror::Error)]
#[error("the practice provider cuts this answer, as its scenario wants")]
pub(crate) struct Cut;

/// Sends an answer; what comes before its headers has been waited for.
pub(crate) fn send(out: Outpour, ticket: Ticket, line: Option<Line>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = out.status;
    for (name, value) in &out.headers {
        response.headers_mut().append(name, value.clone());
    }
    ticket.answered(Some(out.status.as_u16()));
    let pour = Pour {
        wait: if out.early { out.first } else { Duration::ZERO },
        gap: out.gap,
        frames: out.frames.into(),
        ending: out.ending,
        end: if out.broken {
            Outcome::Fault
        } else {
            Outcome::Complete
        },
        ticket,
        line,
    };
    *response.body_mut() = pour.into_body();
    response
}

/// An answer that breaks off before its first byte, where the connection itself cannot be reached.
pub(crate) fn broken() -> Response {
    Response::new(Body::from_stream(stream::iter([Err::<Bytes, Cut>(Cut)])))
}

struct Pour {
    wait: Duration,
    gap: Duration,
    frames: VecDeque<Frame>,
    ending: Ending,
    end: Outcome,
    ticket: Ticket,
    line: Option<Line>,
}

impl Pour {
    fn into_body(mut self) -> Body {
        if self.frames.is_empty() && self.ending == Ending::Clean {
            self.ticket.finish(self.end);
            return Body::empty();
        }
        Body::from_stream(stream::unfold(self, |mut pour| async move {
            let item = pour.next().await?;
            Some((item, pour))
        }))
    }

    async fn next(&mut self) -> Option<Result<Bytes, Cut>> {
        if !self.wait.is_zero() {
            sleep(self.wait).await;
        }
        self.wait = self.gap;
        if let Some(frame) = self.frames.pop_front() {
            self.ticket.sent(&frame.bytes, frame.told);
            // The end is written down before the last bytes leave, so that a client that has them
            // reads counters that hold them.
            if self.frames.is_empty() && self.ending == Ending::Clean {
                self.ticket.finish(self.end);
            }
            return Some(Ok(frame.bytes));
        }
        match self.ending.clone() {
            Ending::Clean => None,
            Ending::Silent(None) => std::future::pending().await,
            Ending::Silent(Some((ping, every))) => {
                sleep(every).await;
                Some(Ok(ping))
            }
            Ending::Abort(how) => {
                sleep(BEFORE_CUT).await;
                if let Some(line) = &self.line {
                    line.cut(how);
                }
                self.ticket.finish(self.end);
                Some(Err(Cut))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use tokio::time::Instant;

    use super::*;
    use crate::record::Record;

    fn pour(count: usize, ending: Ending, record: &Record) -> Pour {
        let (method, uri) = (http::Method::POST, http::Uri::from_static("/"));
        let ticket = record.open(&method, &uri, &http::HeaderMap::new(), &Bytes::new());
        let frame = Frame {
            bytes: Bytes::from_static(b"x"),
            delta: true,
            told: None,
        };
        Pour {
            wait: Duration::from_secs(3),
            gap: Duration::from_secs(10),
            frames: vec![frame; count].into(),
            ending,
            end: Outcome::Complete,
            ticket,
            line: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn frames_leave_at_the_chosen_pace() {
        let record = Record::new(1);
        let start = Instant::now();
        let mut body = pour(3, Ending::Clean, &record)
            .into_body()
            .into_data_stream();
        let mut seconds = Vec::new();
        while let Some(Ok(_)) = body.next().await {
            seconds.push(start.elapsed().as_secs());
        }
        assert_eq!(seconds, [3, 13, 23]);
        assert_eq!(record.last()[0].outcome, Outcome::Complete);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_stream_ends_when_its_client_leaves() {
        let record = Record::new(1);
        let mut body = pour(1, Ending::Silent(None), &record)
            .into_body()
            .into_data_stream();
        assert!(body.next().await.is_some());
        let silence = tokio::time::timeout(Duration::from_secs(9999), body.next()).await;
        assert!(silence.is_err());
        assert_eq!(record.counts().in_flight, 1);
        drop(body);
        assert_eq!(
            (record.counts().in_flight, record.counts().cancelled),
            (0, 1)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_cut_is_an_error_of_the_body() {
        let record = Record::new(1);
        let mut body = pour(1, Ending::Abort(How::Fin), &record)
            .into_body()
            .into_data_stream();
        assert!(matches!(body.next().await, Some(Ok(_))));
        assert!(matches!(body.next().await, Some(Err(_))));
        assert_eq!(record.counts().cancelled, 0);
    }
}
