//! The board driven as the gateway drives it, with time as a number.

mod changes;
mod failover;
mod heals;
mod hedges;
mod oracle;
mod orders;
mod people;
mod places;
mod preferences;
mod rules;
mod simulation;
mod stays;
mod views;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::*;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

const OK: Outcome = Outcome {
    verdict: Verdict::Ok,
    reason: None,
    retry_after: None,
    committed: false,
    tokens: 0,
    asked: true,
};

/// A second less.
fn short_of(time: Duration) -> Duration {
    time.saturating_sub(SECOND)
}

fn bad(verdict: Verdict, reason: Reason) -> Outcome {
    Outcome {
        verdict,
        reason: Some(reason),
        ..OK
    }
}

fn broken() -> Outcome {
    bad(Verdict::RetrySame, Reason::ServerError)
}

fn limited() -> Outcome {
    bad(Verdict::NextKey, Reason::RateLimited)
}

fn refused() -> Outcome {
    bad(Verdict::NextKey, Reason::Auth)
}

fn client_fault() -> Outcome {
    bad(Verdict::ClientFault, Reason::InvalidRequest)
}

fn cut_after_commit() -> Outcome {
    Outcome {
        committed: true,
        ..bad(Verdict::RetrySame, Reason::StreamCut)
    }
}

fn after(outcome: Outcome, wish: Duration) -> Outcome {
    Outcome {
        retry_after: Some(wish),
        ..outcome
    }
}

fn provider(name: &str, keys: usize) -> Provider {
    let keys = (0..keys)
        .map(|index| format!("{name}/{index}").into())
        .collect();
    Provider {
        keys,
        ..Provider::new(name, Dialect::Anthropic)
    }
}

fn group(name: &str, members: &[&str]) -> Group {
    let member = |provider: &&str| Member {
        provider: (*provider).into(),
        priority: 1,
        weight: 1,
    };
    let members = members.iter().map(member).collect();
    Group {
        name: name.into(),
        policy: Policy::Priority,
        cooldown: None,
        members,
    }
}

/// One try a candidate, a minute's rest, three failures in a minute trip.
fn topology(providers: Vec<Provider>, groups: Vec<Group>) -> Topology {
    Topology {
        retry: Retry {
            attempts: 1,
            ..Retry::default()
        },
        breaker: BreakerPolicy {
            failures: 3,
            ..BreakerPolicy::default()
        },
        providers,
        groups,
        ..Topology::default()
    }
}

/// Keyless providers `a`, `b` in group `main` and `c` in group `spare`.
fn three() -> Topology {
    topology(
        ["a", "b", "c"].map(|name| provider(name, 0)).to_vec(),
        vec![group("main", &["a", "b"]), group("spare", &["c"])],
    )
}

/// A board and its clock.
struct Rig {
    board: Board,
    now: Instant,
}

/// How a request went.
#[derive(Debug, Default)]
struct Ride {
    /// Candidates in order, as `provider:model` or `provider/key:model`.
    tried: Vec<String>,
    waits: Vec<Duration>,
    changes: Vec<Change>,
    gave_up: Option<Exhausted>,
}

impl Rig {
    fn new(topology: Topology) -> Self {
        Self {
            board: Board::new(Arc::new(topology), 1),
            now: Instant::now(),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    /// Sends a request; each try ends as `outcomes` say in turn, and well after those.
    fn send_as(&mut self, ask: &Ask, outcomes: &[Outcome]) -> Ride {
        let mut run = self.board.begin(ask, self.now);
        let mut ride = Ride::default();
        let mut outcomes = outcomes.iter().copied();
        loop {
            match self.board.next(&mut run, self.now) {
                Step::Try(candidate) => {
                    ride.tried.push(label(&candidate));
                    assert_eq!(candidate.attempt as usize, ride.tried.len());
                    let outcome = outcomes.next().unwrap_or(OK);
                    ride.changes
                        .extend(self.board.record(&mut run, &outcome, self.now));
                    if matches!(outcome.verdict, Verdict::Ok | Verdict::Cancelled) {
                        return ride;
                    }
                }
                Step::Wait { until } => {
                    assert!(until > self.now, "a wait that is no wait");
                    ride.waits.push(until - self.now);
                    self.now = until;
                }
                Step::GiveUp(exhausted) => {
                    assert_eq!(exhausted.tried as usize, ride.tried.len());
                    ride.gave_up = Some(exhausted);
                    return ride;
                }
            }
        }
    }

    fn send(&mut self, model: &str, outcomes: &[Outcome]) -> Ride {
        self.send_as(&ask(model), outcomes)
    }

    /// Sends a request for model `m` and compares what was tried.
    #[track_caller]
    fn check(&mut self, outcomes: &[Outcome], expected: &[&str]) -> Ride {
        let ride = self.send("m", outcomes);
        assert_eq!(ride.tried, expected, "{ride:?}");
        ride
    }

    fn health(&self, provider: &str) -> Health {
        let view = self.board.view(self.now);
        view.providers
            .into_iter()
            .find(|view| *view.name == *provider)
            .unwrap()
            .health
    }
}

fn ask(model: &str) -> Ask {
    Ask {
        model: model.to_owned(),
        ..Ask::default()
    }
}

fn label(candidate: &Candidate) -> String {
    let source = candidate.key.as_ref().unwrap_or(&candidate.provider);
    format!("{source}:{}", candidate.model)
}
