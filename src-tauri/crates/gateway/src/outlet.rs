//! The driver's end of the way to the client: one answer, whole or in pieces.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use routing::{Reason, Verdict};
use tokio::sync::{mpsc, oneshot};

use crate::{
    capture::{Recorder, Tape},
    client::{Answer, PIECES, Piece, Whole},
    ending::Ending,
};

/// The driver's end of the way to the client.
pub(crate) struct Outlet {
    door: Arc<Door>,
    lane: u32,
    is_rival: bool,
    pieces: Option<mpsc::Sender<Piece>>,
    /// What the client is sent piece by piece is kept there, where that is wanted.
    tape: Option<Tape>,
    /// The status the client was sent.
    status: Option<u16>,
}

/// The one door to the client. Where candidates race, each has an outlet of its own, and whoever says something first
/// goes through; what the others say is for nobody.
#[derive(Debug)]
pub(crate) struct Door {
    answer: Mutex<Option<oneshot::Sender<Answer>>>,
    /// The lane that went through; 0 while it is shut.
    holder: AtomicU32,
    /// How many attempts were made, where more than one was under way.
    attempts: AtomicU32,
    /// What the client is sent is kept there, where that is wanted.
    recorder: Option<Arc<Recorder>>,
}

impl Door {
    /// The lane that went through, if one did.
    pub(crate) fn holder(&self) -> Option<u32> {
        match self.holder.load(Ordering::Relaxed) {
            0 => None,
            lane => Some(lane),
        }
    }

    fn pass(&self, lane: u32) -> Option<oneshot::Sender<Answer>> {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answer.take()?;
        self.holder.store(lane, Ordering::Relaxed);
        Some(answer)
    }
}

/// The client is no longer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

impl Outlet {
    /// The way to a client that waits for `answer`.
    pub(crate) fn new(answer: oneshot::Sender<Answer>, recorder: Option<Arc<Recorder>>) -> Self {
        Self {
            door: Arc::new(Door {
                answer: Mutex::new(Some(answer)),
                holder: AtomicU32::new(0),
                attempts: AtomicU32::new(0),
                recorder,
            }),
            lane: 1,
            is_rival: false,
            pieces: None,
            tape: None,
            status: None,
        }
    }

    /// The door that it leads through.
    pub(crate) fn door(&self) -> Arc<Door> {
        Arc::clone(&self.door)
    }

    /// Which of those that lead through the door it is.
    pub(crate) fn lane(&self) -> u32 {
        self.lane
    }

    /// Gives the client a provider's refusal of its request. One that races another keeps it until that one has failed:
    /// what one provider refuses the next may take.
    pub(crate) fn refuse(
        &mut self,
        answer: Whole,
        reason: Option<Reason>,
        error: String,
    ) -> Ending {
        if self.is_rival {
            return Ending::Failed {
                verdict: Verdict::ClientFault,
                reason,
                retry_after: None,
                error,
                spare: Some(answer),
            };
        }
        self.whole(answer);
        Ending::Refused { reason, error }
    }

    /// Another outlet through the same door, for a candidate that is the request's `attempt`th.
    pub(crate) fn rival(door: &Arc<Door>, lane: u32, attempt: u32) -> Self {
        door.attempts.store(attempt, Ordering::Relaxed);
        Self {
            door: Arc::clone(door),
            lane,
            is_rival: true,
            pieces: None,
            tape: None,
            status: None,
        }
    }

    /// Tells in the headers of an answer how many attempts there were, where they raced.
    fn count(&self, headers: &mut HeaderMap) {
        const NAME: &str = "x-turnout-attempts";
        let attempts = self.door.attempts.load(Ordering::Relaxed);
        let told = headers
            .get(NAME)
            .and_then(|told| told.to_str().ok()?.parse::<u32>().ok());
        if told.is_some_and(|told| told < attempts) {
            headers.insert(NAME, attempts.into());
        }
    }

    /// The status the client was sent, if it was sent one.
    pub(crate) fn status(&self) -> Option<u16> {
        self.status
    }

    /// Gives the whole answer.
    pub(crate) fn whole(&mut self, mut whole: Whole) {
        if let Some(answer) = self.door.pass(self.lane) {
            self.count(&mut whole.headers);
            self.status = Some(whole.status.as_u16());
            if let Some(recorder) = &self.door.recorder {
                recorder.told_whole(&whole);
            }
            let _ = answer.send(Answer::Whole(whole));
        }
    }

    /// Opens a streamed answer, kept alive by these bytes while it is silent.
    pub(crate) fn open(
        &mut self,
        status: StatusCode,
        mut headers: HeaderMap,
        keep_alive: Option<Bytes>,
    ) {
        if let Some(answer) = self.door.pass(self.lane) {
            self.count(&mut headers);
            let (sender, pieces) = mpsc::channel(PIECES);
            self.status = Some(status.as_u16());
            let recorder = self.door.recorder.as_ref();
            self.tape = recorder.map(|recorder| recorder.told(status.as_u16(), &headers));
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
        if let Some(tape) = &mut self.tape {
            tape.push(&piece);
        }
        match &self.pieces {
            Some(pieces) => pieces.send(Piece::Bytes(piece)).await.map_err(|_| Gone),
            None => Err(Gone),
        }
    }

    /// What the client was sent is not kept any further.
    pub(crate) fn stop_recording(&mut self) {
        self.tape = None;
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
