//! Requests that wait until something can serve them, in the order in which they came.
//!
//! One task looks through the room whenever routing changed or a rest ends, and hands each request that can be served
//! its candidate; the oldest is looked at first, so that nobody is overtaken by one that came later.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use routing::{Ask, Board, Candidate, Explained, Failover, Outcome, Pin, Step};
use tokio::sync::{Notify, oneshot};

use crate::{
    gateway::{Shared, now},
    orders::Orders,
    refusal::Refusal,
    report::RequestId,
    route::Endpoint,
};

/// Looked through at least this often, whatever routing says.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// Whether and how requests wait when nothing can serve them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspend {
    /// Whether they do.
    pub enabled: bool,
    /// How long one waits at most.
    pub timeout: Duration,
    /// How many wait at one time.
    pub max: usize,
}

/// An extension of a request that is to be told at once when nothing can serve it.
#[derive(Debug, Clone, Copy)]
pub struct Impatient;

/// An extension of a request by which a person tries a provider, whether it rests or not; with one key alone, by its id,
/// where one is given. Nobody rests for its failure but a key that is refused.
#[derive(Debug, Clone)]
pub struct ByHand(pub Option<Arc<str>>);

/// What a waiting request is told.
#[derive(Debug)]
pub(crate) enum Way {
    /// A candidate serves it.
    Go(Box<Go>),
    /// A person gave it up.
    Fail,
    /// The gateway stops.
    Stop,
}

/// How a request goes on that waited.
#[derive(Debug)]
pub(crate) struct Go {
    /// What it asks for: where a person sent it, if one did.
    pub(crate) ask: Ask,
    pub(crate) run: Failover,
    pub(crate) candidate: Candidate,
}

/// A request that waits, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspended {
    /// The request.
    pub id: RequestId,
    /// Since when, Unix milliseconds.
    pub since_ms: i64,
    /// Until when at most, Unix milliseconds.
    pub until_ms: i64,
    /// The model it asks for.
    pub model: String,
    /// What it was pinned to, if it was.
    pub pin: Option<Pin>,
    /// Why nothing can serve it, in one sentence.
    pub why: String,
}

/// What a person wants of a request that waits, or waited and is being tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Try it now, whoever rests.
    Release,
    /// Send it there, as soon as that can serve.
    Redirect(Pin),
    /// Give it up.
    Fail,
}

/// No request of this id waits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no request {0:?} is waiting; `{program} waiting` lists those that are", program = crate::program()
)]
pub struct NotWaiting(pub String);

struct Waiter {
    told: Suspended,
    ask: Ask,
    run: Failover,
    /// What went wrong last.
    last: Option<String>,
    forced: bool,
    redirected: Option<Pin>,
    orders: Arc<Orders>,
    tell: oneshot::Sender<Way>,
}

/// Where requests wait.
#[derive(Default)]
pub(crate) struct WaitingRoom {
    queue: Mutex<Queue>,
    waiting: AtomicUsize,
    changed: Notify,
    /// The news of routing that was looked at last.
    seen: AtomicU64,
}

/// A request that waited and is being tried.
struct Tried {
    id: RequestId,
    orders: Arc<Orders>,
}

#[derive(Default)]
struct Queue {
    /// By arrival.
    waiters: BTreeMap<u64, Waiter>,
    /// Those that were let out to be tried, by arrival.
    tried: BTreeMap<u64, Tried>,
    arrivals: u64,
    /// Somebody looks through the room.
    is_watched: bool,
    /// The gateway stops: nobody waits any more.
    is_closed: bool,
}

/// A place in the room, which a request keeps while it is being tried; dropped, it is free again.
pub(crate) struct Seat {
    shared: Arc<Shared>,
    arrival: u64,
    pub(crate) orders: Arc<Orders>,
    pub(crate) way: oneshot::Receiver<Way>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.way.close();
        if let Ok(Way::Go(mut go)) = self.way.try_recv() {
            // It was handed a candidate just as its client left.
            self.shared
                .with_board(|board, now| board.record(&mut go.run, &Outcome::GONE, now));
        }
        let room = &self.shared.waiting;
        let mut queue = room.lock();
        queue.waiters.remove(&self.arrival);
        queue.tried.remove(&self.arrival);
        room.count(&queue);
    }
}

impl Queue {
    /// Does with one that waits what a person wants.
    fn obey(&mut self, arrival: u64, order: Order) {
        let Some(waiter) = self.waiters.get_mut(&arrival) else {
            return;
        };
        match order {
            Order::Release => waiter.forced = true,
            Order::Redirect(pin) => {
                waiter.told.pin = Some(pin.clone());
                waiter.redirected = Some(pin);
            }
            Order::Fail => {
                if let Some(waiter) = self.waiters.remove(&arrival) {
                    let _ = waiter.tell.send(Way::Fail);
                }
            }
        }
    }
}

impl WaitingRoom {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, queue: &Queue) {
        self.waiting.store(queue.waiters.len(), Ordering::Relaxed);
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Routing's news may be what those who wait are waiting for.
    pub(crate) fn hear(&self, news: u64) {
        if self.len() > 0 && self.seen.load(Ordering::Relaxed) != news {
            self.changed.notify_one();
        }
    }

    /// Those who wait, the oldest first.
    pub(crate) fn list(&self) -> Vec<Suspended> {
        let queue = self.lock();
        queue
            .waiters
            .values()
            .map(|waiter| waiter.told.clone())
            .collect()
    }

    /// Takes a place in the room; `None` where it is full or closed. `seat` is that of a request that had one before.
    pub(crate) fn enter(
        &self,
        shared: &Arc<Shared>,
        seat: Option<Seat>,
        max: usize,
        (told, ask, run): (Suspended, Ask, Failover),
        last: Option<&str>,
    ) -> Option<Seat> {
        let mut queue = self.lock();
        // One that was let out to try keeps its right to a place.
        let is_full = seat.is_none() && queue.waiters.len() >= max;
        if queue.is_closed || is_full {
            drop(queue); // which the seat asks for as it is given back
            return None;
        }
        let (tell, way) = oneshot::channel();
        let seat = match seat {
            Some(mut seat) => {
                seat.way = way;
                seat
            }
            None => Seat {
                shared: Arc::clone(shared),
                arrival: queue.arrivals,
                orders: Arc::default(),
                way,
            },
        };
        let arrival = seat.arrival;
        queue.arrivals = queue.arrivals.max(arrival + 1);
        queue.tried.remove(&arrival);
        let waiter = Waiter {
            told,
            ask,
            run,
            last: last.map(str::to_owned),
            forced: false,
            redirected: None,
            orders: Arc::clone(&seat.orders),
            tell,
        };
        queue.waiters.insert(arrival, waiter);
        if let Some(order) = seat.orders.take() {
            queue.obey(arrival, order);
        }
        self.count(&queue);
        if !std::mem::replace(&mut queue.is_watched, true) {
            tokio::spawn(watch(Arc::clone(shared)));
        }
        self.changed.notify_one();
        Some(seat)
    }

    /// Does with a request that waits, or waited and is being tried, what a person wants.
    pub(crate) fn order(&self, id: &str, order: Order) -> Result<(), NotWaiting> {
        let mut queue = self.lock();
        let mut tried = queue.tried.values();
        if let Some(tried) = tried.find(|tried| *tried.id == *id) {
            let is_taken = tried.orders.give(order);
            return is_taken
                .then_some(())
                .ok_or_else(|| NotWaiting(id.to_owned()));
        }
        let mut waiters = queue.waiters.iter();
        let found = waiters.find(|(_, waiter)| *waiter.told.id == *id);
        let (&arrival, _) = found.ok_or_else(|| NotWaiting(id.to_owned()))?;
        queue.obey(arrival, order);
        self.count(&queue);
        self.changed.notify_one();
        Ok(())
    }

    /// Nobody waits any more, and nobody may again: the gateway stops.
    pub(crate) fn close(&self) {
        let mut queue = self.lock();
        queue.is_closed = true;
        for waiter in std::mem::take(&mut queue.waiters).into_values() {
            let _ = waiter.tell.send(Way::Stop);
        }
        self.count(&queue);
        self.changed.notify_one();
    }

    /// Hands everybody who can be served a candidate, the oldest first. When to look again at those who are left.
    fn look(&self, board: &mut Board, now: Instant) -> Duration {
        let mut queue = self.lock();
        let mut next = LONGEST_LOOK;
        self.seen.store(board.news(), Ordering::Relaxed);
        let arrivals: Vec<u64> = queue.waiters.keys().copied().collect();
        for arrival in arrivals {
            let Some(waiter) = queue.waiters.get_mut(&arrival) else {
                continue;
            };
            if let Some(pin) = waiter.redirected.take() {
                waiter.ask = board.redirected(&waiter.ask, pin);
                waiter.run.forget();
            }
            let mut run = board.begin_again(&waiter.run, &waiter.ask, now);
            if std::mem::take(&mut waiter.forced) {
                run = run.forced();
            }
            match board.next(&mut run, now) {
                Step::Try(candidate) => {
                    let Some(waiter) = queue.waiters.remove(&arrival) else {
                        continue;
                    };
                    let Waiter {
                        told,
                        ask,
                        orders,
                        tell,
                        ..
                    } = waiter;
                    let tried = Tried {
                        id: told.id,
                        orders,
                    };
                    queue.tried.insert(arrival, tried);
                    let go = Go {
                        ask,
                        run,
                        candidate,
                    };
                    if let Err(Way::Go(mut go)) = tell.send(Way::Go(Box::new(go))) {
                        board.record(&mut go.run, &Outcome::GONE, now);
                    }
                }
                Step::Wait { until } => next = next.min(until.saturating_duration_since(now)),
                Step::GiveUp(exhausted) => {
                    next = next.min(exhausted.retry_in.unwrap_or(LONGEST_LOOK));
                    waiter.told.why =
                        Refusal::exhausted(&exhausted, waiter.last.as_deref()).message;
                    waiter.run = run;
                }
            }
        }
        self.count(&queue);
        // A rest that ends just now is over when its instant is past.
        next.max(Duration::from_millis(10))
    }

    /// Whether somebody waits still. Whoever watched an empty room goes.
    fn goes_on(&self) -> bool {
        let mut queue = self.lock();
        queue.is_watched = !queue.waiters.is_empty();
        queue.is_watched
    }
}

/// Looks through the room until it is empty.
async fn watch(shared: Arc<Shared>) {
    while shared.waiting.goes_on() {
        let next = shared.waiting.look(&mut shared.lock(), now());
        tokio::select! {
            () = shared.waiting.changed.notified() => {}
            () = tokio::time::sleep(next) => {}
        }
    }
}

impl Shared {
    /// The way of a new request and its first step. Those who came before go before.
    pub(crate) fn first_step(
        &self,
        ask: &Ask,
        endpoint: &Endpoint,
    ) -> (Failover, Step, Vec<Explained>) {
        let now = now();
        let mut board = self.lock();
        if self.waiting.len() > 0 && self.waiting.seen.load(Ordering::Relaxed) != board.news() {
            self.waiting.look(&mut board, now);
        }
        let mut run = board.begin(ask, now);
        if *endpoint != Endpoint::Answer {
            run = run.aside();
        }
        if !matches!(endpoint, Endpoint::Answer | Endpoint::Embed) {
            run = run.out_of_turn();
        }
        let explained = board.explain_run(&run, now);
        let step = board.next(&mut run, now);
        (run, step, explained)
    }
}
