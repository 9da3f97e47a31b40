//! Hedging: when a candidate is slow to begin its answer, a second one starts, and the client gets whichever begins
//! first. The other is given up at once.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use routing::{Candidate, Failover, Verdict};

use crate::{
    attempt::Attempt,
    attempts::Driver,
    ending::Ending,
    outlet::{Door, Outlet},
    route::Endpoint,
};

type Way<'a> = Pin<Box<dyn Future<Output = Ending> + Send + 'a>>;

/// A candidate on its way.
struct Lane<'a> {
    /// What its outlet leads through the door as.
    number: u32,
    way: Way<'a>,
    ending: Option<Ending>,
}

impl<'a> Lane<'a> {
    fn new(number: u32, way: impl Future<Output = Ending> + Send + 'a) -> Self {
        Self {
            number,
            way: Box::pin(way),
            ending: None,
        }
    }

    /// How it ended, if it did within this time.
    async fn within(&mut self, time: Duration) -> Option<Ending> {
        tokio::time::timeout(time, &mut self.way).await.ok()
    }

    /// Goes on, unless another one has the client.
    fn poll(&mut self, door: &Door, cx: &mut Context<'_>) {
        let may = door.holder().is_none_or(|holder| holder == self.number);
        if self.ending.is_none()
            && may
            && let Poll::Ready(ending) = self.way.as_mut().poll(cx)
        {
            self.ending = Some(ending);
        }
    }

    /// Leaves it where it is; whether it was still out.
    fn give_up(self) -> bool {
        self.ending.is_none()
    }

    async fn end(self) -> Ending {
        match self.ending {
            Some(ending) => ending,
            None => self.way.await,
        }
    }
}

/// Runs both until one has the client, and tells which; `None` where both ended before.
async fn first_of(main: &mut Lane<'_>, other: &mut Lane<'_>, door: &Door) -> Option<u32> {
    poll_fn(|cx| {
        main.poll(door, cx);
        other.poll(door, cx);
        match door.holder() {
            None if main.ending.is_none() || other.ending.is_none() => Poll::Pending,
            holder => Poll::Ready(holder),
        }
    })
    .await
}

impl Driver {
    /// Tries a candidate, and another one beside it if it is slow to begin. The one whose ending counts, and that.
    pub(crate) async fn attempt(
        &self,
        candidate: Candidate,
        run: &mut Failover,
        outlet: &mut Outlet,
    ) -> (Candidate, Ending) {
        let mut first = self.begin(candidate);
        let ending = match self.hedge_after(&first.candidate) {
            None => self.carry_out(&mut first, run, outlet).await,
            Some(after) => return self.race(first, after, run, outlet).await,
        };
        (first.candidate, ending)
    }

    fn hedge_after(&self, candidate: &Candidate) -> Option<Duration> {
        if self.inbound.route.endpoint != Endpoint::Answer {
            return None;
        }
        // Most have this off, and then nothing is asked of routing.
        self.live.snapshot.topology.hedge?;
        let streamed = self.inbound.stream();
        self.shared
            .with_board(|board, _| board.hedge_after(candidate, streamed))
    }

    async fn race(
        &self,
        mut first: Attempt,
        after: Duration,
        run: &mut Failover,
        outlet: &mut Outlet,
    ) -> (Candidate, Ending) {
        let (door, candidate) = (outlet.door(), first.candidate.clone());
        let mut side = run.beside();
        let mut main = Lane::new(outlet.lane(), self.carry_out(&mut first, run, outlet));
        if let Some(ending) = main.within(after).await {
            return (candidate, ending);
        }
        let Some(rival) = self.rival_of(&candidate, &mut side, &door) else {
            return (candidate, main.end().await);
        };
        let mut back = Outlet::rival(&door, main.number + 1, rival.attempt);
        let mut second = self.begin(rival.clone());
        let mut other = Lane::new(
            back.lane(),
            self.carry_out(&mut second, &mut side, &mut back),
        );
        match first_of(&mut main, &mut other, &door).await {
            Some(holder) if holder == main.number => {
                if other.give_up() {
                    self.account(&second, &mut side, &outrun(&candidate, false));
                }
                self.settle(&mut side);
                let ending = main.end().await;
                run.join(side);
                (candidate, ending)
            }
            Some(_) => {
                if main.give_up() {
                    self.account(&first, run, &outrun(&rival, true));
                }
                self.settle(run);
                let ending = other.end().await;
                let beaten = std::mem::replace(run, side);
                run.join(beaten);
                *outlet = back;
                (rival, ending)
            }
            None => {
                let endings = (main.end().await, other.end().await);
                if !matches!(endings.1, Ending::ClientGone | Ending::Recalled) {
                    self.settle(&mut side);
                }
                run.join(side);
                match endings {
                    (_, Ending::ClientGone) => (rival, Ending::ClientGone),
                    (Ending::Recalled, _) | (_, Ending::Recalled) => (candidate, Ending::Recalled),
                    // It had the last word: as if it had been asked when the first one had failed.
                    (
                        Ending::Failed { .. },
                        Ending::Failed {
                            verdict: Verdict::ClientFault,
                            spare: Some(refusal),
                            reason,
                            error,
                            ..
                        },
                    ) => (rival, outlet.refuse(refusal, reason, error)),
                    // An answer that is better than none is kept, whoever gave it.
                    (ending @ (Ending::Failed { spare: Some(_), .. } | Ending::ClientGone), _) => {
                        (candidate, ending)
                    }
                    (_, ending) => (rival, ending),
                }
            }
        }
    }

    /// Who may race a candidate that has not begun yet.
    fn rival_of(
        &self,
        candidate: &Candidate,
        side: &mut Failover,
        door: &Door,
    ) -> Option<Candidate> {
        if door.holder().is_some() {
            return None;
        }
        self.shared
            .with_board(|board, now| board.hedge(side, candidate, now))
    }

    /// The one who was on this way is not tried again.
    fn settle(&self, run: &mut Failover) {
        self.shared.routed(|board, now| board.unretried(run, now));
    }
}

fn outrun(by: &Candidate, first: bool) -> Ending {
    Ending::Outrun {
        by: by.provider.clone(),
        first,
    }
}
