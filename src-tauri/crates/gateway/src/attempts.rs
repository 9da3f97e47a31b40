//! The loop of attempts: asks routing for a candidate, tries it, tells routing what came of it, until the client has
//! an answer. Where a request waits, [`crate::waiting`] asks for it.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt as _;
use routing::{Candidate, Exhausted, Failover, Reason, Step, Verdict};
use tokio::{sync::oneshot, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    client::Answer,
    embed_recall::Recall,
    ending::{Ending, Progress, Spare},
    gateway::{Live, Shared, now, unix_ms},
    inbound::Inbound,
    outlet::{Gone, Outlet},
    refusal::Refusal,
    report::{AttemptEnded, AttemptStarted, EndStatus, Ended, Report, RequestId},
    route::Endpoint,
    snapshot::Upstream,
    suspend::{Patience, Waited},
    trial::{Trial, mark},
};

/// Drives one request to its end.
pub(crate) struct Driver {
    pub(crate) shared: Arc<Shared>,
    pub(crate) live: Arc<Live>,
    pub(crate) inbound: Inbound,
    pub(crate) request_id: RequestId,
    pub(crate) started: Instant,
    pub(crate) cancel: CancellationToken,
    /// It may wait until something can serve it.
    pub(crate) patient: bool,
    /// The largest window that its conversation was too long for, in tokens; 0 before one was, the most there is where
    /// the window is not known.
    pub(crate) window: u64,
}

/// How a request came out.
struct Conclusion {
    status: EndStatus,
    reason: Option<Reason>,
    error: Option<String>,
}

impl Driver {
    /// Runs until the client has an answer, or is gone.
    pub(crate) async fn run(mut self, answer: oneshot::Sender<Answer>) {
        let mut outlet = Outlet::new(answer);
        let conclusion = self.drive(&mut outlet).await;
        self.shared.report(Report::Ended(Ended {
            id: self.request_id.clone(),
            at_ms: unix_ms(),
            duration_ms: self.started.elapsed().as_millis() as u64,
            status: conclusion.status,
            reason: conclusion.reason,
            http_status: outlet.status(),
            error: conclusion.error,
        }));
        tokio::select! {
            () = outlet.finish() => {}
            () = self.cancel.cancelled() => {}
        }
    }

    async fn drive(&mut self, outlet: &mut Outlet) -> Conclusion {
        let mut ask = self.inbound.ask();
        let (mut run, mut step) = self.shared.first_step(&ask, &self.inbound.route.endpoint);
        let (mut last, mut spare) = (None, None);
        let mut patience = Patience::default();
        let shared = Arc::clone(&self.shared);
        let next = |run: &mut Failover| shared.with_board(|board, now| board.next(run, now));
        loop {
            step = match step {
                Step::Try(candidate) => {
                    match self.attempt(&candidate, &mut run, outlet).await {
                        Ending::Failed {
                            error,
                            spare: answer,
                            ..
                        } => {
                            spare = answer.or(spare);
                            last = Some((candidate, error));
                        }
                        ended => return Conclusion::of(ended),
                    }
                    next(&mut run)
                }
                Step::Wait { until } => {
                    if self.wait(until).await.is_err() {
                        return Conclusion::of(Ending::ClientGone);
                    }
                    next(&mut run)
                }
                Step::GiveUp(exhausted) => {
                    let why = last.as_ref().map(|(_, error): &(_, String)| error.as_str());
                    let waits = spare.is_none() && exhausted.may_wait;
                    let waited = if waits {
                        self.suspend((ask, run), &exhausted, why, &mut patience)
                            .await
                    } else {
                        Waited::Not
                    };
                    match waited {
                        Waited::Served(go) => {
                            // What it waited for may be other settings.
                            self.live = self.shared.live.load_full();
                            (ask, run) = (go.ask, go.run);
                            Step::Try(go.candidate)
                        }
                        Waited::Gone => return Conclusion::of(Ending::ClientGone),
                        Waited::Not => return self.give_up(&exhausted, last, spare, outlet),
                        Waited::Enough(refusal) => {
                            let candidate = last.as_ref().map(|(candidate, _)| candidate);
                            return self.refused(refusal, &exhausted, candidate, outlet);
                        }
                    }
                }
            }
        }
    }

    async fn wait(&self, until: std::time::Instant) -> Result<(), Gone> {
        let left = until.saturating_duration_since(now());
        let until_ms = unix_ms() + left.as_millis() as i64;
        self.shared.report(Report::Retrying {
            id: self.request_id.clone(),
            until_ms,
        });
        tokio::select! {
            () = tokio::time::sleep(left) => Ok(()),
            () = self.cancel.cancelled() => Err(Gone),
        }
    }

    async fn attempt(
        &mut self,
        candidate: &Candidate,
        run: &mut Failover,
        outlet: &mut Outlet,
    ) -> Ending {
        let started = Instant::now();
        let mut progress = Progress::default();
        let live = self.live_with(candidate);
        let upstream = live.snapshot.upstreams.get(&candidate.provider);
        self.shared.report(Report::AttemptStarted(AttemptStarted {
            id: self.request_id.clone(),
            attempt: candidate.attempt,
            at_ms: unix_ms(),
            provider: candidate.provider.clone(),
            key: candidate.key.clone(),
            group: candidate.group.clone(),
            model: candidate.model.clone(),
            provider_dialect: upstream.map_or("unknown", |upstream| upstream.dialect.as_str()),
        }));
        let ending = match upstream {
            Some(upstream) if !self.may_fit(upstream, candidate) => Ending::Failed {
                verdict: Verdict::NextProvider,
                reason: Some(Reason::InvalidRequest),
                retry_after: None,
                error: format!(
                    "{}: the conversation was too long for a window as large as its own",
                    candidate.provider
                ),
                spare: None,
            },
            Some(upstream) => {
                let (shared, live, request_id) = (&*self.shared, &*live, &self.request_id);
                let room = live.snapshot.limits.embeddings_cache;
                let kept = &shared.embeddings;
                let recall = Recall::of(kept, room, &self.inbound, upstream, candidate);
                let rest = recall.as_ref().and_then(Recall::rest);
                let inbound = rest.unwrap_or(&self.inbound);
                let mut trial = Trial {
                    shared,
                    live,
                    inbound,
                    request_id,
                    candidate,
                    upstream,
                    started,
                    conversion: None,
                    losses: Vec::new(),
                    without_reasoning: false,
                    refused_seal: false.into(),
                    recall: recall.as_ref(),
                };
                let tried = AssertUnwindSafe(trial.run(&mut progress, outlet)).catch_unwind();
                tokio::select! {
                    ending = tried => ending.unwrap_or_else(|_| broken(candidate)),
                    () = self.cancel.cancelled() => Ending::ClientGone,
                }
            }
            // The settings changed between routing's choice and this attempt.
            None => Ending::Failed {
                verdict: Verdict::NextProvider,
                reason: Some(Reason::NotFound),
                retry_after: None,
                error: format!("{} is no longer in the settings", candidate.provider),
                spare: None,
            },
        };
        // A client that leaves as soon as it has everything did not cancel anything.
        let ending = if matches!(ending, Ending::ClientGone) && progress.finished {
            Ending::Delivered
        } else {
            ending
        };
        if let (true, Some(upstream)) = (progress.too_long, upstream) {
            let window = upstream.vendor.caps(&candidate.model).context_window;
            self.window = self.window.max(window.unwrap_or(u64::MAX));
        }
        self.account(candidate, run, &ending, &progress, started);
        ending
    }

    /// Whether a conversation that was too long for others may fit this candidate.
    fn may_fit(&self, upstream: &Upstream, candidate: &Candidate) -> bool {
        let window = || upstream.vendor.caps(&candidate.model).context_window;
        self.window == 0 || window().is_some_and(|window| window > self.window)
    }

    /// The settings this request began with, unless routing chose by newer ones.
    fn live_with(&self, candidate: &Candidate) -> Arc<Live> {
        let has = |live: &Live| {
            let upstream = live.snapshot.upstreams.get(&candidate.provider);
            upstream.is_some_and(|upstream| {
                candidate
                    .key
                    .as_ref()
                    .is_none_or(|key| upstream.keys.contains_key(key))
            })
        };
        if has(&self.live) {
            self.live.clone()
        } else {
            self.shared.live.load_full()
        }
    }

    fn account(
        &self,
        candidate: &Candidate,
        run: &mut Failover,
        ending: &Ending,
        progress: &Progress,
        started: Instant,
    ) {
        let usage = progress.tokens(|| self.inbound.estimate());
        let outcome = ending.outcome(usage.map_or(0, |usage| usage.total()), progress.asked);
        let whole = progress.first_byte.filter(|_| {
            let is_answer = self.inbound.route.endpoint == Endpoint::Answer;
            is_answer && outcome.verdict == Verdict::Ok && progress.ttft.is_none()
        });
        let answer = progress.answer_id.as_deref();
        if let Some(mark) = answer.and_then(|id| self.inbound.mark_of(id)) {
            run.answered_as(mark);
        }
        let changes = self.shared.with_board(|board, now| {
            if let Some(first_byte) = whole {
                board.timed(candidate, first_byte, now);
            }
            board.record(run, &outcome, now)
        });
        let verdict = match outcome.verdict {
            _ if matches!(ending, Ending::Unasked) => Verdict::Ok,
            Verdict::RetrySame if !run.retries() => Verdict::NextProvider,
            verdict => verdict,
        };
        self.shared.report(Report::AttemptEnded(AttemptEnded {
            id: self.request_id.clone(),
            attempt: candidate.attempt,
            at_ms: unix_ms(),
            duration_ms: started.elapsed().as_millis() as u64,
            http_status: progress.http_status,
            verdict,
            reason: outcome.reason,
            error: ending.error().map(str::to_owned),
            usage,
            model_answered: progress.model.clone(),
            losses: progress.losses.clone(),
        }));
        self.shared.publish(changes);
    }

    fn give_up(
        &self,
        exhausted: &Exhausted,
        last: Option<(Candidate, String)>,
        spare: Option<Spare>,
        outlet: &mut Outlet,
    ) -> Conclusion {
        let (candidate, error) = last.unzip();
        if self.inbound.route.endpoint == Endpoint::Count {
            // Clients plan their context by it, so a count is always answered.
            outlet.whole(self.inbound.counted(&self.request_id, candidate.as_ref()));
            return Conclusion {
                status: EndStatus::Completed,
                reason: None,
                error,
            };
        }
        if let Some(spare) = spare {
            let is_answer = spare.status.is_success();
            outlet.whole(spare);
            return Conclusion {
                status: if is_answer {
                    EndStatus::Completed
                } else {
                    EndStatus::Failed
                },
                reason: Some(if is_answer {
                    Reason::EmptyResponse
                } else {
                    Refusal::reason(exhausted)
                }),
                error,
            };
        }
        let refusal = Refusal::exhausted(exhausted, error.as_deref());
        self.refused(refusal, exhausted, candidate.as_ref(), outlet)
    }

    fn refused(
        &self,
        refusal: Refusal,
        exhausted: &Exhausted,
        candidate: Option<&Candidate>,
        outlet: &mut Outlet,
    ) -> Conclusion {
        let mut answer = refusal.answer(self.inbound.route.dialect, &self.request_id);
        mark(&mut answer.headers, &self.request_id, candidate);
        outlet.whole(answer);
        Conclusion {
            status: EndStatus::Failed,
            reason: Some(Refusal::reason(exhausted)),
            error: Some(refusal.message),
        }
    }
}

/// A fault of our own, which must not keep a slot of the provider's.
fn broken(candidate: &Candidate) -> Ending {
    Ending::Failed {
        verdict: Verdict::NextProvider,
        reason: Some(Reason::InvalidRequest),
        retry_after: None,
        error: format!(
            "{}: a fault inside Turnout; its log tells more",
            candidate.provider
        ),
        spare: None,
    }
}

impl Conclusion {
    /// The conclusion of a request whose last attempt ended so.
    fn of(ending: Ending) -> Self {
        let (status, reason, error) = match ending {
            Ending::Delivered | Ending::Unasked => (EndStatus::Completed, None, None),
            Ending::ClientGone => (EndStatus::Cancelled, Some(Reason::ClientCancelled), None),
            Ending::Refused { reason, error } | Ending::Failed { reason, error, .. } => {
                (EndStatus::Failed, reason, Some(error))
            }
            Ending::Cut { reason, error } => (EndStatus::Failed, Some(reason), Some(error)),
        };
        Self {
            status,
            reason,
            error,
        }
    }
}
