//! The driver's end of the way to the client: one answer, whole or in pieces.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::sync::{mpsc, oneshot};

use crate::client::{Answer, PIECES, Piece, Whole};

/// The driver's end of the way to the client.
pub(crate) struct Outlet {
    answer: Option<oneshot::Sender<Answer>>,
    pieces: Option<mpsc::Sender<Piece>>,
    /// The status the client was sent.
    status: Option<u16>,
}

/// The client is no longer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

impl Outlet {
    /// The way to a client that waits for `answer`.
    pub(crate) fn new(answer: oneshot::Sender<Answer>) -> Self {
        Self {
            answer: Some(answer),
            pieces: None,
            status: None,
        }
    }

    /// The status the client was sent, if it was sent one.
    pub(crate) fn status(&self) -> Option<u16> {
        self.status
    }

    /// Gives the whole answer.
    pub(crate) fn whole(&mut self, whole: Whole) {
        if let Some(answer) = self.answer.take() {
            self.status = Some(whole.status.as_u16());
            let _ = answer.send(Answer::Whole(whole));
        }
    }

    /// Opens a streamed answer, kept alive by these bytes while it is silent.
    pub(crate) fn open(
        &mut self,
        status: StatusCode,
        headers: HeaderMap,
        keep_alive: Option<Bytes>,
    ) {
        if let Some(answer) = self.answer.take() {
            let (sender, pieces) = mpsc::channel(PIECES);
            self.status = Some(status.as_u16());
            self.pieces = Some(sender);
            let _ = answer.send(Answer::Stream {
                status,
                headers,
                pieces,
                keep_alive,
            });
        }
    }

    /// Sends a piece of a streamed answer; waits while the client is slow.
    pub(crate) async fn send(&mut self, piece: Bytes) -> Result<(), Gone> {
        match &self.pieces {
            Some(pieces) => pieces.send(Piece::Bytes(piece)).await.map_err(|_| Gone),
            None => Err(Gone),
        }
    }

    /// Ends a streamed answer well. One that is dropped without it has broken off.
    pub(crate) async fn finish(mut self) {
        if let Some(pieces) = self.pieces.take() {
            let _ = pieces.send(Piece::End).await;
        }
    }

    /// Breaks a streamed answer off, so that its client sees that it is not whole.
    pub(crate) fn abort(&mut self) {
        self.pieces = None;
    }
}
