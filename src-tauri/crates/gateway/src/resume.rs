//! An answer that broke off behind the gate and is given whole all the same (setting `routing.continue`).
//!
//! There are two ways. It begins anew inside the same stream, which Claude Code takes as long as no block of the first
//! begin is over: it then throws away what it has. Or another model goes on with its text (prefill), which its client sees
//! nothing of. Which one is taken depends on who is asked next: whoever is known to go on with an answer does; anybody
//! else begins anew where the client takes that, and is passed over where it does not.
//!
//! Candidates that fail before they say anything new are followed by others. Where none is left, the stream ends with the
//! error event that it would have ended with at once.

use std::time::{Duration, Instant};

use bytes::Bytes;
use dialects::{
    Dialect, Reply, StreamWriter, Told, Usage,
    ir::{Answer, Event, Request, Splicer, unfold},
};
use routing::{Failover, Reason, Verdict};

use crate::{
    attempts::Driver,
    ending::{Ending, Progress},
    outlet::Outlet,
    trial::Trial,
};

/// The most that is kept of an answer so that another model can go on with it; a longer one is not gone on with.
const KEPT: usize = 4 << 20;
/// How long a client may take to take the news that its answer broke off.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// English text and code have about so many bytes a token.
const BYTES_A_TOKEN: usize = 4;

/// What becomes of a stream that breaks off behind the gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Continuation {
    /// It ends with an error event.
    #[default]
    Off,
    /// It begins anew inside the same stream, where the client takes that.
    Restart,
    /// Another model goes on with it, where one can; else as with `Restart`.
    Prefill,
}

/// An answer that broke off, and how it may be given whole.
#[derive(Debug)]
pub(crate) struct Resume {
    reason: Reason,
    error: String,
    /// Its client takes one that begins anew in the same stream.
    restarts: bool,
    begun: Option<Begun>,
    /// What ends the stream where nobody goes on.
    last_words: Bytes,
}

/// The begin of an answer that another model can go on with.
#[derive(Debug)]
pub(crate) struct Begun {
    told: Told,
    /// What the client was sent of it.
    sent: Vec<Bytes>,
    usage: Usage,
    /// When its first provider was asked.
    since: Instant,
}

/// What a client was sent of an answer, kept as long as another model may have to go on with it.
#[derive(Debug)]
pub(crate) struct Sent {
    pieces: Option<Vec<Bytes>>,
    bytes: usize,
}

impl Sent {
    /// Nothing of this trial's answer yet.
    pub(crate) fn of(trial: &Trial<'_>) -> Self {
        let is_kept = trial.live.snapshot.limits.continuation == Continuation::Prefill
            && !trial.inbound.route.json_array;
        let before = || {
            trial
                .begun()
                .map_or_else(Vec::new, |begun| begun.sent.clone())
        };
        let pieces = is_kept.then(before);
        let sizes = pieces.iter().flatten().map(Bytes::len);
        Self {
            bytes: sizes.sum(),
            pieces,
        }
    }

    /// This goes to the client.
    pub(crate) fn push(&mut self, piece: &Bytes) {
        if let Some(pieces) = &mut self.pieces {
            self.bytes += piece.len();
            pieces.push(piece.clone());
            if self.bytes > KEPT {
                self.pieces = None;
            }
        }
    }
}

/// How an answer broke off.
pub(crate) struct Break {
    pub(crate) reason: Reason,
    pub(crate) error: String,
    /// A block of it was over: Anthropic's clients have taken it.
    pub(crate) closed: bool,
    /// Something else than text was heard of it.
    pub(crate) mixed: bool,
    pub(crate) sent: Sent,
    /// What ends the stream where nobody goes on.
    pub(crate) last_words: Bytes,
}

impl Trial<'_> {
    /// How this trial's answer may be given whole, if it may.
    pub(crate) fn resumed(&self, broke: Break, progress: &Progress) -> Option<Resume> {
        let setting = self.live.snapshot.limits.continuation;
        let restarts = setting != Continuation::Off
            && !broke.closed
            && self.inbound.route.dialect == Dialect::Anthropic
            && self.inbound.client().as_deref() == Some("claude-code")
            && self.resume.is_none_or(|before| before.restarts);
        let sent = broke.sent.pieces.filter(|_| !broke.mixed);
        let begun = sent.and_then(|sent| self.begin(sent, progress));
        (restarts || begun.is_some()).then_some(Resume {
            reason: broke.reason,
            error: broke.error,
            restarts,
            begun,
            last_words: broke.last_words,
        })
    }

    /// The begin of an answer as another model may go on with it.
    fn begin(&self, sent: Vec<Bytes>, progress: &Progress) -> Option<Begun> {
        let told = Told::read(self.inbound.route.dialect, &sent)?;
        let mut usage = progress.usage.unwrap_or_default();
        if let Some(before) = self.begun() {
            usage.output += before.usage.output;
            usage = Usage {
                output: usage.output,
                ..before.usage
            };
        }
        // Most dialects tell tokens at the end, which did not come.
        let said = told.text().len().div_ceil(BYTES_A_TOKEN) as u64;
        usage.estimated |= said > usage.output;
        usage.output = usage.output.max(said);
        let since = self.begun().map(|before| before.since);
        let begun = Begun {
            told,
            sent,
            usage,
            since: since.unwrap_or_else(|| self.started.into_std()),
        };
        let request = Request::clone(&*self.inbound.typed().ok()?);
        begun.rest_of(request)?;
        begun.writer(self.reply(dialects::ir::Toolbox::default()))?;
        Some(begun)
    }

    /// What the candidate is asked to go on with, if it is.
    pub(crate) fn begun(&self) -> Option<&Begun> {
        let begun = self.resume?.begun.as_ref()?;
        let caps = self.upstream.vendor.caps(&self.candidate.model);
        (caps.continues && caps.prefill).then_some(begun)
    }

    /// Why the candidate is of no use to an answer that has begun.
    pub(crate) fn cannot_resume(&self) -> Option<Ending> {
        let can = self.resume?.restarts || self.begun().is_some();
        let why = "it is not known to go on with an answer that another model began";
        (!can).then(|| self.failed_for(Verdict::NextProvider, Reason::InvalidRequest, why))
    }

    /// Behind the gate nothing but the rest of the answer can be given to the client: whatever else comes is a failure.
    pub(crate) fn unseen(&self, ending: Ending) -> Ending {
        if self.resume.is_none() {
            return ending;
        }
        match ending {
            Ending::Refused { reason, error } => Ending::Failed {
                verdict: Verdict::NextProvider,
                reason: Some(reason.unwrap_or(Reason::InvalidRequest)),
                retry_after: None,
                error,
                spare: None,
            },
            mut ending => {
                if let Ending::Failed { spare, .. } = &mut ending {
                    *spare = None;
                }
                ending
            }
        }
    }

    /// The history tells that the answer is not all of one attempt.
    pub(crate) fn tell_resumed(&self, progress: &mut Progress) {
        if self.resume.is_some() {
            let is_rest = self.begun().is_some();
            let word = if is_rest { "continued" } else { "restarted" };
            progress.losses.push(word.to_owned());
        }
    }

    /// What goes on with the client's stream in place of a writer of its own.
    pub(crate) fn joint(&self, reply: Reply) -> Option<Joint> {
        let begun = self.begun()?;
        let told = &begun.told;
        Some(Joint {
            writer: begun.writer(reply)?,
            splicer: Splicer::new(told.text(), told.is_open(), begun.usage),
        })
    }
}

impl Begun {
    /// Asks for the rest of the answer.
    pub(crate) fn rest_of(&self, request: Request) -> Option<Request> {
        self.told.rest_of(request, self.usage.output)
    }

    fn writer(&self, reply: Reply) -> Option<Box<dyn StreamWriter>> {
        self.told.writer(Reply {
            since: Some(self.since),
            ..reply
        })
    }
}

/// A client's stream in the middle, and what joins the rest to it.
pub(crate) struct Joint {
    pub(crate) writer: Box<dyn StreamWriter>,
    pub(crate) splicer: Splicer,
}

impl Joint {
    /// Writes the rest of an answer that came whole.
    pub(crate) fn whole(mut self, answer: Answer) -> Vec<u8> {
        let (mut events, mut body) = (Vec::new(), Vec::new());
        for event in unfold(answer) {
            self.splicer.push(event, &mut events);
        }
        for event in events {
            self.writer.write(&event, &mut body);
        }
        body
    }

    /// Joins an event; what the client is told of it goes to `out`. Whether anything new was told.
    pub(crate) fn write(&mut self, event: Event, out: &mut Vec<u8>) -> bool {
        let mut events = Vec::new();
        self.splicer.push(event, &mut events);
        for event in &events {
            self.writer.write(event, out);
        }
        events.iter().any(Event::is_semantic)
    }
}

impl Driver {
    /// Nobody is asked who could not give the rest of an answer anyway.
    pub(crate) fn leave_unable(&self, run: &mut Failover, resume: &Resume) {
        if resume.restarts {
            return;
        }
        let upstreams = &self.live.snapshot.upstreams;
        run.keep_only(|provider, model| {
            let upstream = upstreams.get(provider);
            upstream.is_some_and(|upstream| upstream.vendor.caps(model).continues)
        });
    }

    /// Whether an answer that broke off waits until something can serve it again: one that begins anew does, like any
    /// other. Who goes on with one is seldom the same provider, and the client's own retry is as good.
    pub(crate) fn waits_broken(&self) -> bool {
        self.resume.as_ref().is_none_or(|resume| resume.restarts)
    }

    /// Nobody goes on with the answer: its client is told, as it would have been at once.
    pub(crate) async fn broke_off(&mut self, outlet: &mut Outlet) -> Option<Ending> {
        let resume = self.resume.take()?;
        let told = tokio::time::timeout(LAST_WORDS, outlet.send(resume.last_words));
        tokio::select! {
            _ = told => Some(Ending::Cut { reason: resume.reason, error: resume.error, resume: None }),
            () = self.cancel.cancelled() => Some(Ending::ClientGone),
        }
    }
}
