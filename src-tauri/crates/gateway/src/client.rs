//! The client's side of a request: what it is answered, and the body that keeps it calm meanwhile.
//!
//! The driver of the attempts and the connection to the client are two tasks. The driver hands over one [`Answer`];
//! a streamed one goes on through a bounded channel of whole frames, so a slow client slows its provider down and
//! nothing piles up between them. Dropping the body, as hyper does when the client goes away, cancels the driver.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use dialects::{Dialect, Reply, ir::Event};
use http::{HeaderMap, StatusCode};
use http_body::Frame;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, Sleep},
};
use tokio_util::sync::DropGuard;

use crate::traffic::Traffic;

/// Pieces of a stream between driver and client; when they are used up the driver waits, and with it the provider.
pub(crate) const PIECES: usize = 8;
/// How long a stream may be silent before the client is sent a keep-alive.
const QUIET: Duration = Duration::from_secs(15);
/// How long a streaming client is kept without headers; then they leave and keep-alives follow.
pub(crate) const HEADERS_AFTER: Duration = QUIET;

/// A part of a streamed answer. A channel that ends without [`Piece::End`] tells that the answer broke off.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Whole frames.
    Bytes(Bytes),
    /// The answer is over.
    End,
}

/// A streamed answer broke off. hyper closes the connection, so that half an answer is not taken for a whole one.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the provider broke off in the middle of its answer")]
pub(crate) struct BrokenOff;

/// What a client is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// All at once.
    Whole(Whole),
    /// Piece by piece.
    Stream {
        /// The status.
        status: StatusCode,
        /// The headers.
        headers: HeaderMap,
        /// Whole frames, in order. The end of the channel is the end of the answer.
        pieces: mpsc::Receiver<Piece>,
        /// What may be put between the pieces while nothing is said.
        keep_alive: Option<Bytes>,
    },
}

/// An answer that is known whole.
#[derive(Debug, Clone)]
pub(crate) struct Whole {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

/// A streamed body: the driver's pieces, keep-alives between them, and the cancellation of the driver on drop.
pub(crate) struct Body {
    source: Source,
    quiet: Option<Pin<Box<Sleep>>>,
    keep_alive: Bytes,
    said_at: Instant,
    traffic: Arc<Traffic>,
    _cancel: DropGuard,
}

/// What a stream to a client is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// The client's dialect.
    pub(crate) dialect: Dialect,
    /// Gemini without `alt=sse`: one JSON array.
    pub(crate) json_array: bool,
}

enum Source {
    /// The headers left before the driver had an answer.
    Awaiting(oneshot::Receiver<Answer>, Form),
    Pieces(mpsc::Receiver<Piece>),
    Over,
}

impl Body {
    /// The body of a streamed answer.
    pub(crate) fn of_pieces(
        pieces: mpsc::Receiver<Piece>,
        keep_alive: Option<Bytes>,
        cancel: DropGuard,
    ) -> Self {
        let keep_alive = keep_alive.unwrap_or_default();
        let quiet = (!keep_alive.is_empty()).then(|| Box::pin(tokio::time::sleep(QUIET)));
        let said_at = Instant::now();
        Self {
            source: Source::Pieces(pieces),
            quiet,
            keep_alive,
            said_at,
            traffic: Arc::default(),
            _cancel: cancel,
        }
    }

    /// The body of an event stream whose headers left early, since no provider has said anything yet.
    pub(crate) fn awaiting(
        answer: oneshot::Receiver<Answer>,
        keep_alive: Bytes,
        form: Form,
        cancel: DropGuard,
    ) -> Self {
        // The silence so far was as long as one between two keep-alives: the first one is due.
        let quiet = (!keep_alive.is_empty()).then(|| Box::pin(tokio::time::sleep(Duration::ZERO)));
        let said_at = Instant::now() - QUIET;
        Self {
            source: Source::Awaiting(answer, form),
            quiet,
            keep_alive,
            said_at,
            traffic: Arc::default(),
            _cancel: cancel,
        }
    }

    /// The same, with what it sends counted there.
    pub(crate) fn counted(self, traffic: Arc<Traffic>) -> Self {
        Self { traffic, ..self }
    }

    /// Ready when nothing was said for [`QUIET`]. The timer is set anew only when it fires: a busy stream costs it
    /// nothing.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(quiet) = &mut self.quiet else {
            return Poll::Pending;
        };
        loop {
            ready!(quiet.as_mut().poll(cx));
            let now = Instant::now();
            let due = self.said_at + QUIET;
            if now >= due {
                self.said_at = now;
                quiet.as_mut().reset(now + QUIET);
                return Poll::Ready(());
            }
            quiet.as_mut().reset(due);
        }
    }

    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        loop {
            match &mut self.source {
                Source::Pieces(pieces) => {
                    let piece = ready!(pieces.poll_recv(cx));
                    return Poll::Ready(match piece {
                        Some(Piece::Bytes(bytes)) => Some(Ok(bytes)),
                        Some(Piece::End) => {
                            self.source = Source::Over;
                            None
                        }
                        None => {
                            self.source = Source::Over;
                            Some(Err(BrokenOff))
                        }
                    });
                }
                Source::Over => return Poll::Ready(None),
                Source::Awaiting(answer, form) => match ready!(Pin::new(answer).poll(cx)) {
                    Ok(Answer::Stream { pieces, .. }) => self.source = Source::Pieces(pieces),
                    Ok(Answer::Whole(whole)) => {
                        let told = late(whole, *form);
                        self.source = Source::Over;
                        return Poll::Ready(Some(Ok(told)));
                    }
                    Err(_) => {
                        self.source = Source::Over;
                        return Poll::Ready(Some(Err(BrokenOff)));
                    }
                },
            }
        }
    }
}

/// What came whole after the stream's headers had left: an answer is written as a stream already, an error is told as
/// the stream's own.
fn late(whole: Whole, form: Form) -> Bytes {
    if whole.status.is_success() {
        return whole.body;
    }
    let codec = form.dialect.codec();
    let failure = codec.read_failure(whole.status.as_u16(), &whole.body);
    let mut out = Vec::new();
    let reply = Reply {
        json_array: form.json_array,
        ..Reply::default()
    };
    codec
        .stream_writer(reply)
        .write(&Event::Failed(failure), &mut out);
    Bytes::from(out)
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(piece) = self.poll_source(cx) {
            self.said_at = Instant::now();
            if let Some(Ok(bytes)) = &piece {
                self.traffic.count_sent(bytes.len());
            }
            return Poll::Ready(piece.map(|piece| piece.map(Frame::data)));
        }
        ready!(self.poll_quiet(cx));
        self.traffic.count_sent(self.keep_alive.len());
        Poll::Ready(Some(Ok(Frame::data(self.keep_alive.clone()))))
    }
}

#[cfg(test)]
mod tests {
    use dialects::anthropic::{ErrorBody, ErrorKind};
    use http_body_util::BodyExt;
    use tokio_util::sync::CancellationToken;

    use super::*;

    const PING: &[u8] = b"event: ping\n\n";

    fn of_pieces(events: bool) -> (mpsc::Sender<Piece>, Body, CancellationToken) {
        let (sender, pieces) = mpsc::channel(PIECES);
        let cancel = CancellationToken::new();
        let body = Body::of_pieces(
            pieces,
            events.then(|| Bytes::from_static(PING)),
            cancel.clone().drop_guard(),
        );
        (sender, body, cancel)
    }

    fn awaiting(answer: oneshot::Receiver<Answer>) -> Body {
        let guard = CancellationToken::new().drop_guard();
        let form = Form {
            dialect: Dialect::Anthropic,
            json_array: false,
        };
        Body::awaiting(answer, Bytes::from_static(PING), form, guard)
    }

    async fn next(body: &mut Body) -> Option<Bytes> {
        body.frame()
            .await
            .map(|frame| frame.unwrap().into_data().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_stream_is_pinged_every_fifteen_seconds_and_a_busy_one_is_not() {
        let (sender, mut body, _cancel) = of_pieces(true);
        let start = Instant::now();
        assert_eq!(next(&mut body).await.unwrap(), PING);
        assert_eq!(start.elapsed(), QUIET);
        tokio::time::advance(Duration::from_secs(10)).await;
        sender
            .send(Piece::Bytes(Bytes::from_static(b"x")))
            .await
            .unwrap();
        assert_eq!(next(&mut body).await.unwrap(), "x");
        let spoke = Instant::now();
        assert_eq!(next(&mut body).await.unwrap(), PING);
        assert_eq!(spoke.elapsed(), QUIET);
        sender.send(Piece::End).await.unwrap();
        assert_eq!(next(&mut body).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_sent_is_counted_and_keep_alives_too() {
        let (sender, body, _cancel) = of_pieces(true);
        let traffic = Arc::<Traffic>::default();
        let mut body = body.counted(traffic.clone());
        let piece = Piece::Bytes(Bytes::from_static(b"said"));
        sender.send(piece).await.unwrap();
        next(&mut body).await;
        assert_eq!(traffic.sent(), 4);
        next(&mut body).await;
        assert_eq!(traffic.sent(), 4 + PING.len() as u64);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_event_stream_is_never_pinged() {
        let (sender, mut body, _cancel) = of_pieces(false);
        let waited = tokio::time::timeout(Duration::from_hours(1), next(&mut body)).await;
        assert!(waited.is_err());
        sender.send(Piece::End).await.unwrap();
        assert_eq!(next(&mut body).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn early_headers_are_followed_by_pings_and_then_by_the_answer() {
        let (sender, answer) = oneshot::channel();
        let mut body = awaiting(answer);
        assert_eq!(next(&mut body).await.unwrap(), PING);
        assert_eq!(next(&mut body).await.unwrap(), PING);
        let (pieces, receiver) = mpsc::channel(PIECES);
        let headers = HeaderMap::new();
        sender
            .send(Answer::Stream {
                status: StatusCode::OK,
                headers,
                pieces: receiver,
                keep_alive: None,
            })
            .unwrap();
        pieces
            .send(Piece::Bytes(Bytes::from_static(b"said")))
            .await
            .unwrap();
        assert_eq!(next(&mut body).await.unwrap(), "said");
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_behind_early_headers_is_told_as_an_event() {
        let (sender, answer) = oneshot::channel();
        let mut body = awaiting(answer);
        assert_eq!(next(&mut body).await.unwrap(), PING);
        let envelope = ErrorBody::envelope(ErrorKind::Overloaded, "all busy", "req-1");
        let status = StatusCode::from_u16(529).unwrap();
        sender
            .send(Answer::Whole(Whole {
                status,
                headers: HeaderMap::new(),
                body: envelope.into(),
            }))
            .unwrap();
        let event = String::from_utf8(next(&mut body).await.unwrap().to_vec()).unwrap();
        assert!(
            event.starts_with("event: error\n")
                && event.contains("overloaded_error")
                && event.contains("all busy"),
            "{event}"
        );
        assert_eq!(next(&mut body).await, None);
    }

    #[tokio::test]
    async fn a_dropped_body_cancels_the_driver() {
        let (_sender, body, cancel) = of_pieces(true);
        assert!(!cancel.is_cancelled());
        drop(body);
        assert!(cancel.is_cancelled());
    }

    #[tokio::test]
    async fn an_answer_without_its_end_is_an_error_of_the_body() {
        let (sender, mut body, _cancel) = of_pieces(false);
        drop(sender);
        assert!(body.frame().await.unwrap().is_err());
    }
}
