//! The stream pump: a provider's events, held at the gate until the first semantic one, then passed on.
//!
//! Before the gate opens nothing of an attempt is visible and any trouble is a plain failure. Behind it whole frames
//! are forwarded, as they came or written anew ([`crate::hearing`]); trouble ends the stream with the client's dialect's
//! error event, never with a made-up ending.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialects::ir::Failure;
use futures_util::FutureExt;
use routing::{Reason, Signal};
use tokio::time::{Instant, timeout_at};

use crate::{
    capture::Incoming,
    ending::{Ending, Progress, Spare},
    error_answer::signal_of,
    hearing::{Hearing, Note, kind_of},
    outlet::Outlet,
    report::Report,
    resume::{Break, Sent},
    trial::Trial,
};

/// How long the end of a connection is waited for behind the last event.
const LINGER: Duration = Duration::from_secs(1);
/// How long a client may take to take the news that its answer broke off.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Between two tellings of how far an answer has come.
const PROGRESS: Duration = Duration::from_secs(1);
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
    Malformed(String),
    /// The provider said it failed; what the client is to be told of it.
    Told(Failure, Bytes),
    ClientGone,
}

struct Pump<'a, 'b> {
    trial: &'a Trial<'b>,
    response: Incoming,
    deadlines: Deadlines,
    hearing: Hearing,
    /// Whole frames not handed on yet.
    out: BytesMut,
    /// Whether the answer ended in the ordinary way, once its end was told.
    stopped: Option<bool>,
    /// The answer's opening was read.
    began: bool,
    /// The answer's last event was read.
    over: bool,
    /// Something semantic was read.
    spoke: bool,
    /// What the client was sent.
    sent: Sent,
    /// When it was last told how far the answer has come.
    told: Instant,
}

/// Pumps one event stream to the client.
pub(crate) async fn pump(
    trial: &Trial<'_>,
    response: Incoming,
    first: Bytes,
    deadlines: Deadlines,
    progress: &mut Progress,
    outlet: &mut Outlet,
) -> Ending {
    let mut pump = Pump {
        trial,
        response,
        deadlines,
        hearing: trial.hearing(),
        out: BytesMut::new(),
        stopped: None,
        began: false,
        over: false,
        spoke: false,
        sent: Sent::of(trial),
        told: Instant::now(),
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
            self.tell(progress);
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
        if self.over {
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
        self.hearing
            .push(bytes)
            .map_err(|error| Trouble::Broken(error.to_string()))?;
        while let Some(note) = self.hearing.next(&mut self.out, progress) {
            self.understand(note, progress)?;
        }
        Ok(())
    }

    /// What the stream still says when it ends.
    fn read_rest(&mut self, progress: &mut Progress) -> Result<(), Trouble> {
        match self.hearing.finish(&mut self.out, progress) {
            Some(note) => self.understand(note, progress),
            None => Ok(()),
        }
    }

    fn understand(&mut self, note: Note, progress: &Progress) -> Result<(), Trouble> {
        self.began |= note.began;
        self.spoke |= note.spoke;
        self.over |= note.over;
        self.stopped = note.stopped.or(self.stopped);
        match (note.failed, note.malformed) {
            _ if progress.finished => Ok(()),
            (Some((error, event)), _) => Err(Trouble::Told(error, event)),
            (None, Some(why)) => Err(Trouble::Malformed(why)),
            (None, None) => Ok(()),
        }
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

    /// Tells those who watch how far the answer has come.
    fn tell(&mut self, progress: &Progress) {
        if progress.ttft.is_none() || progress.finished || self.told.elapsed() < PROGRESS {
            return;
        }
        self.told = Instant::now();
        if let Some(usage) = progress.tokens(|| 0) {
            self.trial.shared.report_in_passing(Report::Progress {
                id: self.trial.request_id.clone(),
                attempt: self.trial.candidate.attempt,
                output: usage.output,
            });
        }
    }

    /// The gate opens at the first semantic event, or at an end that is an answer without one: a refusal, a paused
    /// turn, a request that wanted no output. A plain `end_turn` with nothing in it is an empty answer.
    fn may_open(&self) -> bool {
        let wants_none = self.trial.inbound.wants_no_output();
        // Nothing may be left to say of an answer that broke off at its very end.
        let may_be_silent = wants_none || self.trial.begun().is_some();
        self.spoke
            || self
                .stopped
                .is_some_and(|ordinary| !ordinary || may_be_silent)
    }

    async fn flush(&mut self, outlet: &mut Outlet) -> Result<(), Trouble> {
        if self.out.is_empty() {
            return Ok(());
        }
        // A client that does not read holds its provider no longer than the attempt may take as a whole.
        let piece = self.out.split().freeze();
        self.sent.push(&piece);
        let sent = timeout_at(self.deadlines.total, outlet.send(piece)).await;
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
        let read = self.past_the_end(read, progress, outlet).await;
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
            self.cut(trouble, progress, outlet).await
        } else {
            self.trial.failed_before_commit(trouble, progress)
        }
    }

    /// A connection that breaks or falls silent behind an answer's end spoils nothing: what the end still has to say
    /// is said.
    async fn past_the_end(
        &mut self,
        read: Result<(), Trouble>,
        progress: &mut Progress,
        outlet: &mut Outlet,
    ) -> Result<(), Trouble> {
        if !matches!(read, Err(Trouble::Broken(_) | Trouble::Timeout(_))) || progress.finished {
            return read;
        }
        self.read_rest(progress)?;
        if !progress.finished {
            return read;
        }
        self.hand_on(progress, outlet).await
    }

    /// A whole answer with nothing in it: tried elsewhere, and given to the client if nobody says more.
    fn empty(mut self) -> Ending {
        let spare = Spare {
            status: self.response.status(),
            headers: self.trial.headers(self.response.headers(), true),
            body: self.out.split().freeze(),
        };
        self.trial
            .failed(&Signal::Empty, "an answer with nothing in it")
            .with_spare(spare)
    }

    async fn cut(mut self, trouble: Trouble, progress: &Progress, outlet: &mut Outlet) -> Ending {
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
            Trouble::Malformed(why) => (
                Reason::StreamCut,
                format!("sent what is no event in the middle of its answer: {why}"),
                None,
            ),
            Trouble::Told(failure, event) => {
                let judged = self.trial.judge(&signal_of(&failure)).1;
                (
                    judged.unwrap_or(Reason::StreamCut),
                    format!("failed in the middle of its answer: {}", failure.message),
                    // Found at the end, by what is missing, it has no event of its own.
                    (!event.is_empty()).then_some(event),
                )
            }
            Trouble::ClientGone => return Ending::ClientGone,
        };
        let error = format!("{provider} {}", self.trial.quotable(&what));
        let id = self.trial.request_id;
        let message = format!("Turnout: {error}; ask again and another provider takes over ({id})");
        // Frames read before the trouble are whole and the client's.
        let flushed = tokio::time::timeout(LAST_WORDS, self.flush(outlet)).await;
        match own_event {
            Some(event) => self.out.extend_from_slice(&event),
            None => self.hearing.fail(&message, id, &mut self.out),
        }
        let last_words = self.out.split().freeze();
        if matches!(flushed, Ok(Ok(()))) {
            let broke = Break {
                reason,
                error: error.clone(),
                closed: self.hearing.closed(),
                mixed: self.hearing.mixed(),
                sent: self.sent,
                last_words: last_words.clone(),
            };
            if let Some(resume) = self.trial.resumed(broke, progress) {
                let resume = Some(Box::new(resume));
                return Ending::Cut {
                    reason,
                    error,
                    resume,
                };
            }
            let _ = tokio::time::timeout(LAST_WORDS, outlet.send(last_words)).await;
        }
        Ending::Cut {
            reason,
            error,
            resume: None,
        }
    }
}

impl Trial<'_> {
    fn failed_before_commit(&self, trouble: Trouble, progress: &mut Progress) -> Ending {
        match trouble {
            Trouble::Timeout(phase) => self.failed(
                &Signal::Timeout,
                &format!("nothing said in time (timeout {phase:?})"),
            ),
            Trouble::Broken(cause) => self.failed(
                &Signal::Cut,
                &format!("the stream broke off before anything was said: {cause}"),
            ),
            Trouble::Malformed(why) => self.failed(&Signal::Cut, &why),
            Trouble::Told(failure, _) => {
                let kind = kind_of(&failure);
                let told = format!("an error event: {kind}: {}", failure.message);
                self.failed_as(&failure, &told, progress)
            }
            Trouble::ClientGone => Ending::ClientGone,
        }
    }
}
