//! The stream pump: a provider's events, held at the gate until the first semantic one, then passed on.
//!
//! Before the gate opens nothing of an attempt is visible and any trouble is a plain failure. Behind it whole frames
//! are forwarded byte for byte; trouble ends the stream with the dialect's error event, never with a made-up ending.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialects::{
    anthropic::{ErrorBody, ErrorKind, Event},
    sse::Splitter,
};
use futures_util::FutureExt;
use routing::{Reason, Signal};
use tokio::time::{Instant, timeout_at};

use crate::{
    ending::{Ending, Progress, Spare},
    outlet::Outlet,
    trial::Trial,
};

/// How long the end of a connection is waited for behind the last event.
const LINGER: Duration = Duration::from_secs(1);
/// How long a client may take to take the news that its answer broke off.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Events that arrived together are handed on together, up to about this many bytes.
const JOINED: usize = 64 << 10;
/// The most that is held before the gate; an opening larger than this is no opening.
const HELD: usize = 4 << 20;

/// When a stream's phases run out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    pub(crate) first_event: Instant,
    pub(crate) idle: Duration,
    pub(crate) total: Instant,
}

/// Why reading stopped before the stream was whole.
enum Trouble {
    Timeout(&'static str),
    Broken(String),
    Malformed,
    /// The provider said it failed, in this event.
    Told(ErrorBody, Bytes),
    ClientGone,
}

struct Pump<'a, 'b> {
    trial: &'a Trial<'b>,
    response: reqwest::Response,
    deadlines: Deadlines,
    splitter: Splitter,
    /// Whole frames not handed on yet.
    out: BytesMut,
    /// `stop_reason`, once told.
    stop_reason: Option<String>,
    /// The answer's opening was read.
    began: bool,
    /// The answer's last event was read.
    stopped: bool,
    /// Something semantic was read.
    spoke: bool,
}

/// Pumps one event stream to the client.
pub(crate) async fn pump(
    trial: &Trial<'_>,
    response: reqwest::Response,
    first: Bytes,
    deadlines: Deadlines,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    let mut pump = Pump {
        trial,
        response,
        deadlines,
        splitter: Splitter::default(),
        out: BytesMut::new(),
        stop_reason: None,
        began: false,
        stopped: false,
        spoke: false,
    };
    let read = pump.run(first, progress, outlet).await;
    pump.conclude(read, progress, outlet).await
}

impl Pump<'_, '_> {
    async fn run(
        &mut self,
        first: Bytes,
        progress: &mut Progress,
        outlet: &mut Outlet,
    ) -> Result<(), Trouble> {
        let mut chunk = Some(first);
        while let Some(bytes) = chunk {
            self.read(&bytes, progress)?;
            self.gather(progress).await?;
            self.hand_on(progress, outlet).await?;
            chunk = self.next_chunk(progress).await?;
        }
        self.read_rest(progress)?;
        self.hand_on(progress, outlet).await
    }

    async fn next_chunk(&mut self, progress: &Progress) -> Result<Option<Bytes>, Trouble> {
        let Deadlines {
            first_event,
            idle,
            total,
        } = self.deadlines;
        if self.stopped {
            // Whatever comes behind the last event is waited for shortly: the connection may then be used again.
            let rest = tokio::time::timeout(LINGER, self.response.chunk()).await;
            return Ok(rest.ok().and_then(Result::ok).flatten());
        }
        let phase = if progress.ttft.is_some() {
            Instant::now() + idle
        } else {
            first_event
        };
        match timeout_at(phase.min(total), self.response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(Trouble::Broken(crate::upstream::told(error))),
            Err(_) if Instant::now() >= total => Err(Trouble::Timeout("total")),
            Err(_) if progress.ttft.is_some() => Err(Trouble::Timeout("idle")),
            Err(_) => Err(Trouble::Timeout("first_event")),
        }
    }

    /// Takes what has arrived meanwhile. hyper hands over one chunk at a time and needs its own task to run in
    /// between, hence the yield. An event that came alone goes on at once.
    async fn gather(&mut self, progress: &mut Progress) -> Result<(), Trouble> {
        while self.out.len() < JOINED {
            tokio::task::yield_now().await;
            match self.response.chunk().now_or_never() {
                Some(Ok(Some(bytes))) => self.read(&bytes, progress)?,
                // The end and errors are met again by the next read.
                Some(Ok(None) | Err(_)) | None => break,
            }
        }
        Ok(())
    }

    fn read(&mut self, bytes: &[u8], progress: &mut Progress) -> Result<(), Trouble> {
        self.splitter
            .push(bytes)
            .map_err(|error| Trouble::Broken(error.to_string()))?;
        while let Some(frame) = self.splitter.next_frame() {
            self.understand(&progress.meter.read(&frame), frame.bytes(), progress)?;
            self.out.extend_from_slice(frame.bytes());
        }
        Ok(())
    }

    /// What stands behind the last blank line when the stream ends: a last event that lacks its blank line is taken,
    /// a part of an event is not.
    fn read_rest(&mut self, progress: &mut Progress) -> Result<(), Trouble> {
        let Some(rest) = self.splitter.finish() else {
            return Ok(());
        };
        let event = progress.meter.read(&rest);
        if progress.finished
            || matches!(
                event,
                Event::Stop | Event::Finished { .. } | Event::Error(_)
            )
        {
            self.understand(&event, rest.bytes(), progress)?;
            self.out.extend_from_slice(rest.bytes());
        }
        Ok(())
    }

    fn understand(
        &mut self,
        event: &Event,
        frame: &Bytes,
        progress: &mut Progress,
    ) -> Result<(), Trouble> {
        match event {
            Event::Semantic => self.spoke = true,
            Event::Finished { stop_reason } => {
                self.stop_reason = Some(stop_reason.clone());
                progress.finished = true;
            }
            Event::Stop => {
                progress.finished = true;
                self.stopped = true;
            }
            Event::Error(_) | Event::Malformed if progress.finished => {}
            Event::Error(error) => return Err(Trouble::Told(error.clone(), frame.clone())),
            Event::Malformed => return Err(Trouble::Malformed),
            Event::Start => self.began = true,
            Event::Other => {}
        }
        Ok(())
    }

    /// Sends what is whole, once there is something to say.
    async fn hand_on(
        &mut self,
        progress: &mut Progress,
        outlet: &mut Outlet,
    ) -> Result<(), Trouble> {
        if progress.ttft.is_none() {
            if !self.may_open() && self.out.len() < HELD {
                return Ok(());
            }
            self.trial.commit(&self.response, progress, outlet);
        }
        self.flush(outlet).await
    }

    /// The gate opens at the first semantic event, or at an end that is an answer without one: a refusal, a paused
    /// turn, a request that wanted no output. A plain `end_turn` with nothing in it is an empty answer.
    fn may_open(&self) -> bool {
        let wants_none = self
            .trial
            .inbound
            .message
            .as_ref()
            .is_some_and(dialects::anthropic::Request::wants_no_output);
        self.spoke
            || self
                .stop_reason
                .as_ref()
                .is_some_and(|reason| reason != "end_turn" || wants_none)
    }

    async fn flush(&mut self, outlet: &mut Outlet) -> Result<(), Trouble> {
        if self.out.is_empty() {
            return Ok(());
        }
        // A client that does not read holds its provider no longer than the attempt may take as a whole.
        let sent = timeout_at(self.deadlines.total, outlet.send(self.out.split().freeze())).await;
        if sent.is_err() {
            outlet.abort();
        }
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Trouble::ClientGone),
        }
    }

    async fn conclude(
        mut self,
        read: Result<(), Trouble>,
        progress: &mut Progress,
        outlet: &mut Outlet,
    ) -> Ending {
        let committed = progress.ttft.is_some();
        let trouble = match read {
            Err(Trouble::ClientGone) => return Ending::ClientGone,
            // What comes behind a whole answer cannot spoil it.
            _ if committed && progress.finished => return Ending::Delivered,
            Ok(()) if !committed && progress.finished => return self.empty(),
            Ok(()) if !committed && !self.began => {
                return self.trial.failed(&Signal::Empty, "an empty stream");
            }
            Ok(()) => Trouble::Broken("the stream ended before the answer was whole".to_owned()),
            Err(trouble) => trouble,
        };
        if committed {
            self.cut(trouble, outlet).await
        } else {
            self.trial.failed_before_commit(&trouble)
        }
    }

    /// A whole answer with nothing in it: tried elsewhere, and given to the client if nobody says more.
    fn empty(mut self) -> Ending {
        let (status, headers) = (self.response.status(), self.response.headers().clone());
        let spare = Spare {
            status,
            headers,
            body: self.out.split().freeze(),
        };
        self.trial
            .failed(&Signal::Empty, "an answer with nothing in it")
            .with_spare(spare)
    }

    async fn cut(&mut self, trouble: Trouble, outlet: &mut Outlet) -> Ending {
        let provider = &self.trial.candidate.provider;
        let (reason, what, own_event) = match trouble {
            Trouble::Timeout(phase) => (
                Reason::Timeout,
                format!("fell silent in the middle of its answer (timeout {phase:?})"),
                None,
            ),
            Trouble::Broken(cause) => (
                Reason::StreamCut,
                format!("broke off in the middle of its answer: {cause}"),
                None,
            ),
            Trouble::Malformed => (
                Reason::StreamCut,
                "sent an event that is not JSON in the middle of its answer".to_owned(),
                None,
            ),
            Trouble::Told(told, event) => {
                let signal = Signal::EventError {
                    kind: &told.kind,
                    message: &told.message,
                };
                let reason = self.trial.judge(&signal).1.unwrap_or(Reason::StreamCut);
                (
                    reason,
                    format!("failed in the middle of its answer: {}", told.message),
                    Some(event),
                )
            }
            Trouble::ClientGone => return Ending::ClientGone,
        };
        let error = format!("{provider} {}", self.trial.quotable(&what));
        let id = self.trial.request_id;
        let message = format!("Turnout: {error}; ask again and another provider takes over ({id})");
        let event = own_event
            .unwrap_or_else(|| Bytes::from(ErrorBody::event(ErrorKind::Api, &message, id)));
        let last_words = async {
            // Frames read before the trouble are whole and the client's.
            let _ = self.flush(outlet).await;
            let _ = outlet.send(event).await;
        };
        let _ = tokio::time::timeout(LAST_WORDS, last_words).await;
        Ending::Cut { reason, error }
    }
}

impl Trial<'_> {
    fn failed_before_commit(&self, trouble: &Trouble) -> Ending {
        match trouble {
            Trouble::Timeout(phase) => self.failed(
                &Signal::Timeout,
                &format!("nothing said in time (timeout {phase:?})"),
            ),
            Trouble::Broken(cause) => self.failed(
                &Signal::Cut,
                &format!("the stream broke off before anything was said: {cause}"),
            ),
            Trouble::Malformed => self.failed(&Signal::Cut, "an event that is not JSON"),
            Trouble::Told(told, _) => {
                let signal = Signal::EventError {
                    kind: &told.kind,
                    message: &told.message,
                };
                self.failed(
                    &signal,
                    &format!("an error event: {}: {}", told.kind, told.message),
                )
            }
            Trouble::ClientGone => Ending::ClientGone,
        }
    }
}
