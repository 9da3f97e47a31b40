//! One attempt: a candidate is tried, and what came of it is told to routing and to whoever listens.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use dialects::Usage;
use futures_util::FutureExt as _;
use routing::{Candidate, Failover, Outcome, Reason, Used, Verdict};
use tokio::time::Instant;

use crate::{
    attempts::Driver,
    embed_recall::Recall,
    ending::{Ending, Progress},
    gateway::{Live, unix_ms},
    outlet::Outlet,
    report::{AttemptEnded, AttemptStarted, Report},
    route::Endpoint,
    snapshot::Upstream,
    trial::Trial,
};

/// What is told of a panic.
const FAULT: &str = "met a fault inside Turnout; its log tells more";

/// An attempt under way. It outlives its own future, so that one that is cancelled is accounted.
pub(crate) struct Attempt {
    pub(crate) candidate: Candidate,
    pub(crate) started: Instant,
    live: Arc<Live>,
    progress: Progress,
}

impl Attempt {
    fn upstream(&self) -> Option<&Arc<Upstream>> {
        self.live.snapshot.upstreams.get(&self.candidate.provider)
    }
}

impl Driver {
    /// Begins an attempt.
    pub(crate) fn begin(&self, candidate: Candidate) -> Attempt {
        let attempt = Attempt {
            live: self.live_with(&candidate),
            started: Instant::now(),
            progress: Progress::default(),
            candidate,
        };
        let candidate = &attempt.candidate;
        self.shared.report(Report::AttemptStarted(AttemptStarted {
            id: self.request_id.clone(),
            attempt: candidate.attempt,
            at_ms: unix_ms(),
            provider: candidate.provider.clone(),
            key: candidate.key.clone(),
            group: candidate.group.clone(),
            model: candidate.model.clone(),
            provider_dialect: attempt
                .upstream()
                .map_or("unknown", |upstream| upstream.dialect.as_str()),
        }));
        attempt
    }

    /// Tries the attempt's candidate and accounts what came of it.
    pub(crate) async fn carry_out(
        &self,
        attempt: &mut Attempt,
        run: &mut Failover,
        outlet: &mut Outlet,
    ) -> Ending {
        let ending = self.try_candidate(attempt, outlet).await;
        // A client that leaves as soon as it has everything did not cancel anything.
        let ending = if matches!(ending, Ending::ClientGone) && attempt.progress.finished {
            Ending::Delivered
        } else {
            ending
        };
        if let (true, Some(upstream)) = (attempt.progress.too_long, attempt.upstream()) {
            let window = upstream
                .vendor
                .caps(&attempt.candidate.model)
                .context_window;
            self.window
                .fetch_max(window.unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        self.account(attempt, run, &ending);
        ending
    }

    async fn try_candidate(&self, attempt: &mut Attempt, outlet: &mut Outlet) -> Ending {
        let Attempt {
            candidate,
            started,
            live,
            progress,
        } = attempt;
        let Some(upstream) = live.snapshot.upstreams.get(&candidate.provider) else {
            // The settings changed between routing's choice and this attempt.
            return unfit(candidate, Reason::NotFound, "is no longer in the settings");
        };
        if !self.may_fit(upstream, candidate) {
            return unfit(
                candidate,
                Reason::InvalidRequest,
                "has no larger window than those that the conversation was too long for",
            );
        }
        let room = live.snapshot.limits.embeddings_cache;
        let recall = Recall::of(
            &self.shared.embeddings,
            room,
            &self.inbound,
            upstream,
            candidate,
        );
        let rest = recall.as_ref().and_then(Recall::rest);
        let mut trial = Trial {
            shared: &self.shared,
            live,
            inbound: rest.unwrap_or(&self.inbound),
            request_id: &self.request_id,
            candidate,
            upstream,
            started: *started,
            conversion: None,
            losses: Vec::new(),
            without_reasoning: false,
            refused_seal: false.into(),
            recall: recall.as_ref(),
            recorder: self.recorder.as_ref(),
            resume: self.resume.as_deref(),
        };
        let door = outlet.door();
        let tried = AssertUnwindSafe(trial.run(progress, outlet)).catch_unwind();
        let recalled = async {
            self.recalled().await;
            // Nobody takes an answer back that has begun.
            if door.holder().is_some() {
                std::future::pending::<()>().await;
            }
        };
        let tried = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Ending::ClientGone,
            () = recalled => return Ending::Recalled,
            tried = tried => tried,
        };
        tried.unwrap_or_else(|_| {
            // A fault of our own, which must not keep a slot of the provider's.
            let ending = unfit(candidate, Reason::InvalidRequest, FAULT);
            if progress.ttft.is_none() {
                return ending;
            }
            // The client has a part of it: nobody else's may follow.
            outlet.abort();
            Ending::Cut {
                reason: Reason::StreamCut,
                error: ending.error().unwrap_or_default(),
                resume: None,
            }
        })
    }

    /// Whether a conversation that was too long for others may fit this candidate.
    fn may_fit(&self, upstream: &Upstream, candidate: &Candidate) -> bool {
        let too_small = self.window.load(Ordering::Relaxed);
        let window = || upstream.vendor.caps(&candidate.model).context_window;
        too_small == 0 || window().is_some_and(|window| window > too_small)
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

    /// Tells routing and whoever listens how an attempt ended.
    pub(crate) fn account(&self, attempt: &Attempt, run: &mut Failover, ending: &Ending) {
        let Attempt {
            candidate,
            started,
            progress,
            ..
        } = attempt;
        if let (
            Some(recorder),
            Ending::Failed { .. } | Ending::Refused { .. } | Ending::Cut { .. },
        ) = (&self.recorder, ending)
        {
            recorder.failed();
        }
        let usage = progress.tokens(|| self.inbound.estimate());
        let outcome = ending.outcome(usage.map_or(0, |usage| usage.total()), progress.asked);
        if let (Some(pass), Some(usage)) = (&self.pass, usage) {
            pass.used(usage.total());
        }
        run.used(usage.map(used).unwrap_or_default());
        let answer = progress.answer_id.as_deref();
        if let Some(mark) = answer.and_then(|id| self.inbound.mark_of(id)) {
            run.answered_as(mark);
        }
        let (outcome, changes) = self.shared.with_board(|board, now| {
            let outcome = match ending {
                Ending::Outrun { first: true, .. } => {
                    let (elapsed, streamed) = (started.elapsed(), self.inbound.stream());
                    let silent = board.outrun(candidate, elapsed, streamed, now);
                    silent.map_or(outcome, |reason| Outcome {
                        verdict: Verdict::NextProvider,
                        reason: Some(reason),
                        ..outcome
                    })
                }
                _ => outcome,
            };
            if let Some(time) = self.whole_after(attempt, ending) {
                board.timed(candidate, time, false, now);
            }
            let changes = board.record(run, &outcome, now);
            (outcome, changes)
        });
        if let Some(cost) = run.switch_cost() {
            self.shared.report(Report::Switched {
                id: self.request_id.clone(),
                at_ms: unix_ms(),
                cost,
            });
        }
        let verdict = match outcome.verdict {
            _ if matches!(ending, Ending::Unasked) => Verdict::Ok,
            Verdict::RetrySame if !run.retries() => Verdict::NextProvider,
            verdict => verdict,
        };
        let ended = AttemptEnded {
            id: self.request_id.clone(),
            attempt: candidate.attempt,
            at_ms: unix_ms(),
            duration_ms: started.elapsed().as_millis() as u64,
            http_status: progress.http_status,
            verdict,
            reason: outcome.reason,
            error: ending.error(),
            usage,
            model_answered: progress.model.clone(),
            upstream_id: progress.upstream_id(),
            losses: progress.losses.clone(),
            hedged: matches!(ending, Ending::Outrun { .. }),
        };
        log(candidate, &ended);
        self.shared.report(Report::AttemptEnded(ended));
        self.shared.publish(changes, Some(&self.request_id));
    }

    /// How long a whole answer took to begin; when a streamed one did was told at once.
    fn whole_after(&self, attempt: &Attempt, ending: &Ending) -> Option<Duration> {
        let progress = &attempt.progress;
        let is_answer = self.inbound.route.endpoint == Endpoint::Answer;
        let is_whole = matches!(ending, Ending::Delivered) && progress.ttft.is_none();
        progress.first_byte.filter(|_| is_answer && is_whole)
    }
}

/// What the log tells of an attempt, under its request.
fn log(candidate: &Candidate, ended: &AttemptEnded) {
    let (provider, model, attempt) = (&*candidate.provider, &*candidate.model, ended.attempt);
    let (status, ms) = (ended.http_status, ended.duration_ms);
    match (&ended.error, ended.reason) {
        (Some(error), Some(reason)) if !ended.hedged => {
            let reason = reason.as_str();
            tracing::info!(provider, model, attempt, status, reason, ms, "{error}");
        }
        _ => {
            let verdict = ended.verdict.as_str();
            tracing::debug!(
                provider,
                model,
                attempt,
                status,
                verdict,
                ms,
                "an attempt is over"
            );
        }
    }
}

/// What routing makes use of.
fn used(usage: Usage) -> Used {
    Used {
        cached: usage.cache_read + usage.cache_write_5m + usage.cache_write_1h,
        output: usage.output,
    }
}

/// A candidate that cannot serve this request, whoever's fault that is.
fn unfit(candidate: &Candidate, reason: Reason, why: &str) -> Ending {
    Ending::Failed {
        verdict: Verdict::NextProvider,
        reason: Some(reason),
        retry_after: None,
        error: format!("{} {why}", candidate.provider),
        spare: None,
    }
}
