//! The loop of attempts: asks routing for a candidate, tries it, tells routing what came of it, until the client has
//! an answer. Where a request waits, [`crate::waiting`] asks for it.

use std::sync::{Arc, atomic::AtomicU64};

use routing::{Ask, Candidate, Exhausted, Failover, Reason, Step};
use tokio::{sync::oneshot, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    allowance::Pass,
    capture::Recorder,
    client::Answer,
    ending::{Ending, Spare},
    explain::Explanation,
    gateway::{Live, Shared, now, unix_ms},
    inbound::Inbound,
    outlet::{Gone, Outlet},
    refusal::Refusal,
    report::{EndStatus, Ended, Report, RequestId},
    resume::Resume,
    route::Endpoint,
    suspend::{Patience, Waited, given_up},
    trial::mark,
    waiting::{Order, Seat},
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
    pub(crate) window: AtomicU64,
    /// What is said in it is kept there, where that is wanted.
    pub(crate) recorder: Option<Arc<Recorder>>,
    /// Its answer broke off, and may yet be given whole.
    pub(crate) resume: Option<Box<Resume>>,
    /// Its seat among those that wait, where it had to.
    pub(crate) seat: Option<Seat>,
    /// Its place within the limits of its client token.
    pub(crate) pass: Option<Pass>,
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
        let mut outlet = Outlet::new(answer, self.recorder.clone());
        let conclusion = self.drive(&mut outlet).await;
        if let (EndStatus::Failed, Some(error)) = (conclusion.status, &conclusion.error) {
            tracing::warn!(status = outlet.status(), "a request failed: {error}");
        }
        self.shared.report(Report::Ended(Ended {
            id: self.request_id.clone(),
            at_ms: unix_ms(),
            duration_ms: self.started.elapsed().as_millis() as u64,
            status: conclusion.status,
            reason: conclusion.reason,
            http_status: outlet.status(),
            error: conclusion.error,
        }));
        outlet.stop_recording();
        tokio::select! {
            () = outlet.finish() => {}
            () = self.cancel.cancelled() => {}
        }
        self.tell_captured(conclusion.status == EndStatus::Failed)
            .await;
    }

    /// Tells what was said, where that is wanted. Bodies are copied and compared for it, so the client has its answer's
    /// end by now, and no worker is held up.
    async fn tell_captured(self, failed: bool) {
        let Some(recorder) = self.recorder else {
            return;
        };
        let (id, inbound, shared) = (self.request_id, self.inbound, self.shared);
        let work = move || shared.tell_captured(recorder.finish(&id, &inbound, failed));
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!("what was said in a request could not be kept: {error}");
        }
    }

    async fn drive(&mut self, outlet: &mut Outlet) -> Conclusion {
        let mut ask = self.inbound.ask();
        let (mut run, mut step, candidates) =
            self.shared.first_step(&ask, &self.inbound.route.endpoint);
        self.shared.report(Report::Planned {
            id: self.request_id.clone(),
            at_ms: unix_ms(),
            plan: Explanation::of(&self.inbound.choice, candidates),
        });
        let (mut last, mut spare, mut stuck) = (None, None, None);
        let mut patience = Patience::default();
        loop {
            let next = match step {
                Step::Try(candidate) => {
                    let tried = self.attempt(candidate, &mut run, outlet).await;
                    if let Some(over) = self.note(tried, &mut run, &mut last, &mut spare) {
                        return over;
                    }
                    // What was to be tried at once has been tried.
                    let order = self.order().filter(|order| *order != Order::Release);
                    self.onward(order, &mut ask, &mut run)
                }
                Step::Wait { until } => {
                    if self.wait(until).await.is_err() {
                        return Conclusion::of(Ending::ClientGone);
                    }
                    self.onward(self.order(), &mut ask, &mut run)
                }
                Step::GiveUp(exhausted)
                    if let Some(order) = self.last_order(&exhausted, spare.as_ref()) =>
                {
                    self.onward(Some(order), &mut ask, &mut run)
                }
                Step::GiveUp(exhausted) => {
                    let why = last.as_ref().map(|(_, error): &(_, String)| error.as_str());
                    let waited = if self.waits(&exhausted, spare.as_ref()) {
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
                            self.listen(outlet);
                            stuck = Some(exhausted);
                            Some(Step::Try(go.candidate))
                        }
                        Waited::Gone => return Conclusion::of(Ending::ClientGone),
                        _ if let Some(ending) = self.broke_off(outlet).await => {
                            return Conclusion::of(ending);
                        }
                        Waited::Not => return self.give_up(&exhausted, last, spare, outlet),
                        Waited::Enough(refusal) => {
                            let candidate = last.as_ref().map(|(candidate, _)| candidate);
                            return self.refused(refusal, &exhausted, candidate, outlet);
                        }
                    }
                }
            };
            step = match (next, &stuck) {
                (Some(step), _) => step,
                (None, Some(exhausted)) => return self.dropped(exhausted, last, outlet),
                // Only who has waited is given up by a person.
                (None, None) => return Conclusion::of(Ending::ClientGone),
            };
        }
    }

    /// Notes what came of an attempt; the conclusion, where that ends the request.
    fn note(
        &mut self,
        (candidate, ending): (Candidate, Ending),
        run: &mut Failover,
        last: &mut Option<(Candidate, String)>,
        spare: &mut Option<Spare>,
    ) -> Option<Conclusion> {
        match ending {
            Ending::Failed {
                error,
                spare: answer,
                ..
            } => {
                *spare = answer.or(spare.take());
                *last = Some((candidate, error));
            }
            Ending::Cut {
                error,
                resume: Some(resume),
                ..
            } => {
                self.leave_unable(run, &resume);
                self.resume = Some(resume);
                (*last, *spare) = (Some((candidate, error)), None);
            }
            Ending::Recalled => {}
            ended => return Some(Conclusion::of(ended)),
        }
        None
    }

    /// Who it is tried for is known to those who tell a request that has waited what to do.
    fn listen(&self, outlet: &Outlet) {
        if let Some(seat) = &self.seat {
            seat.orders.leads_to(outlet.door());
        }
    }

    /// Waits until a person wants something else of the request than to try it; forever, where it has not waited.
    pub(crate) async fn recalled(&self) {
        self.told(|order| *order != Order::Release).await;
    }

    async fn told(&self, meant: impl Fn(&Order) -> bool) {
        match &self.seat {
            Some(seat) => seat.orders.given(meant).await,
            None => std::future::pending().await,
        }
    }

    /// What a person said meanwhile.
    fn order(&self) -> Option<Order> {
        self.seat.as_ref()?.orders.take()
    }

    /// The same, where it would end now: without one, nobody is told any more that an order was taken.
    fn last_order(&self, exhausted: &Exhausted, spare: Option<&Spare>) -> Option<Order> {
        let seat = self.seat.as_ref()?;
        (!self.waits(exhausted, spare)).then(|| seat.orders.take_last())?
    }

    /// Whether it waits now that nothing can serve it.
    fn waits(&self, exhausted: &Exhausted, spare: Option<&Spare>) -> bool {
        spare.is_none() && exhausted.may_wait && self.waits_broken() && self.may_suspend()
    }

    /// The next step, after what a person may have said; `None` where that was to give it up.
    fn onward(&self, order: Option<Order>, ask: &mut Ask, run: &mut Failover) -> Option<Step> {
        if order == Some(Order::Fail) {
            return None;
        }
        Some(self.shared.with_board(|board, now| {
            match order {
                Some(Order::Redirect(pin)) => {
                    *ask = board.redirected(ask, pin);
                    run.forget();
                    *run = board.begin_again(run, ask, now);
                }
                Some(Order::Release) => *run = board.begin_again(run, ask, now).forced(),
                Some(Order::Fail) | None => {}
            }
            board.next(run, now)
        }))
    }

    /// A person gave it up while it was being tried, for want of which it had waited.
    fn dropped(
        &self,
        stuck: &Exhausted,
        last: Option<(Candidate, String)>,
        outlet: &mut Outlet,
    ) -> Conclusion {
        let (candidate, error) = last.unzip();
        let why = Refusal::exhausted(stuck, error.as_deref()).message;
        self.refused(given_up(&why), stuck, candidate.as_ref(), outlet)
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
            () = self.told(|_| true) => Ok(()),
            () = self.cancel.cancelled() => Err(Gone),
        }
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
        let refusal = match error {
            // Who tries one provider wants to know what it said, not that there was no other.
            Some(message) if self.inbound.by_hand.is_some() => Refusal { message, ..refusal },
            _ => refusal,
        };
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

impl Conclusion {
    /// The conclusion of a request whose last attempt ended so.
    fn of(ending: Ending) -> Self {
        let (status, reason, error) = match ending {
            Ending::Delivered | Ending::Unasked => (EndStatus::Completed, None, None),
            // Who is outrun leaves the client to another one; the end of that one counts.
            Ending::ClientGone | Ending::Outrun { .. } | Ending::Recalled => {
                (EndStatus::Cancelled, Some(Reason::ClientCancelled), None)
            }
            Ending::Refused { reason, error } | Ending::Failed { reason, error, .. } => {
                (EndStatus::Failed, reason, Some(error))
            }
            Ending::Cut { reason, error, .. } => (EndStatus::Failed, Some(reason), Some(error)),
        };
        Self {
            status,
            reason,
            error,
        }
    }
}
