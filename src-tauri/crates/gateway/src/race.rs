//! Hedging: when a candidate is slow to begin its answer, a second one starts, and the client gets whichever begins
//! first. The other is given up at once.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use routing::{Board, Candidate, Failover};

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

impl Lane<'_> {
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
        let mut main = Lane {
            number: outlet.lane(),
            way: Box::pin(self.carry_out(&mut first, run, outlet)),
            ending: None,
        };
        tokio::select! {
            biased;
            ending = &mut main.way => return (candidate, ending),
            () = tokio::time::sleep(after) => {}
        }
        let hedge = |board: &mut Board, now| board.hedge(&mut side, &candidate, now);
        let rival = match door.holder() {
            None => self.shared.with_board(hedge),
            Some(_) => None,
        };
        let Some(rival) = rival else {
            return (candidate, main.way.await);
        };
        let number = main.number + 1;
        let mut back = Outlet::rival(&door, number, rival.attempt);
        let mut second = self.begin(rival.clone());
        let mut other = Lane {
            number,
            way: Box::pin(self.carry_out(&mut second, &mut side, &mut back)),
            ending: None,
        };
        let holder = poll_fn(|cx| {
            main.poll(&door, cx);
            other.poll(&door, cx);
            match door.holder() {
                None if main.ending.is_none() || other.ending.is_none() => Poll::Pending,
                holder => Poll::Ready(holder),
            }
        });
        match holder.await {
            Some(holder) if holder == main.number => {
                let was_out = other.give_up();
                if was_out {
                    self.account(&second, &mut side, &outrun_by(&candidate));
                }
                let ending = main.end().await;
                run.join(side);
                (candidate, ending)
            }
            Some(_) => {
                let was_out = main.give_up();
                if was_out {
                    self.account(&first, run, &outrun_by(&rival));
                }
                let ending = other.end().await;
                let beaten = std::mem::replace(run, side);
                run.join(beaten);
                *outlet = back;
                (rival, ending)
            }
            None => {
                let (ending, rivals) = (main.end().await, other.end().await);
                run.join(side);
                // An answer that is better than none is kept, whoever gave it.
                match ending {
                    Ending::Failed { spare: Some(_), .. } | Ending::ClientGone => {
                        (candidate, ending)
                    }
                    _ => (rival, rivals),
                }
            }
        }
    }
}

fn outrun_by(candidate: &Candidate) -> Ending {
    Ending::Outrun {
        by: candidate.provider.clone(),
    }
}
