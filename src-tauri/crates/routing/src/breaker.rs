//! The breaker of one model at one provider.
//!
//! Each state owns what belongs to it, and [`Breaker::handle`] is the only way from one to the
//! next. It never decides what counts as a failure: its callers do.

use std::collections::VecDeque;
use std::time::Instant;

use crate::cooldown::doubled;
use crate::topology::BreakerPolicy;

/// Whether requests may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Breaker {
    /// They pass; failures are remembered for as long as they count.
    Closed { failures: VecDeque<Instant> },
    /// None passes before `until`.
    Open { until: Instant, trips: u32 },
    /// As many pass as there are probes, each holding its ticket.
    HalfOpen { probing: Vec<u64>, trips: u32 },
}

/// What happens to a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A request passes; `ticket` is its own.
    Admitted { ticket: u64 },
    /// A request failed.
    Failed { ticket: Option<u64> },
    /// A request worked.
    Worked { ticket: Option<u64> },
    /// A request ended in a way that tells nothing about the provider.
    Released { ticket: Option<u64> },
    /// It may have recovered: as many may try as there are probes.
    Recovering,
}

/// What a breaker is at one instant; an open one turns half-open by the clock alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Closed { recent_failures: usize },
    Open { until: Instant },
    HalfOpen { free: usize },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed {
            failures: VecDeque::new(),
        }
    }
}

impl Breaker {
    /// What it is now.
    pub(crate) fn standing(&self, policy: &BreakerPolicy, now: Instant) -> Standing {
        let probes = policy.probes.max(1) as usize;
        match self {
            Self::Closed { failures } => Standing::Closed {
                recent_failures: failures
                    .iter()
                    .filter(|at| counts(**at, policy, now))
                    .count(),
            },
            Self::Open { until, .. } if now < *until => Standing::Open { until: *until },
            Self::Open { .. } => Standing::HalfOpen { free: probes },
            Self::HalfOpen { probing, .. } => Standing::HalfOpen {
                free: probes.saturating_sub(probing.len()),
            },
        }
    }

    /// Whether it is open, and not to be tried yet.
    pub(crate) fn is_shut(&self, now: Instant) -> bool {
        matches!(self, Self::Open { until, .. } if now < *until)
    }

    /// Whether a request let through now would be a probe.
    pub(crate) fn is_probing(&self) -> bool {
        !matches!(self, Self::Closed { .. })
    }

    /// The one door between the states.
    #[must_use]
    pub(crate) fn handle(self, event: Event, policy: &BreakerPolicy, now: Instant) -> Self {
        match (self, event) {
            (Self::Closed { failures }, Event::Failed { .. }) => count(failures, policy, now),
            (Self::Open { until, trips }, Event::Admitted { ticket }) if until <= now => {
                Self::HalfOpen {
                    probing: vec![ticket],
                    trips,
                }
            }
            (Self::HalfOpen { mut probing, trips }, Event::Admitted { ticket }) => {
                probing.push(ticket);
                Self::HalfOpen { probing, trips }
            }
            (
                Self::HalfOpen { probing, trips },
                Event::Failed {
                    ticket: Some(ticket),
                },
            ) if probing.contains(&ticket) => open(trips, policy, now),
            (
                Self::HalfOpen { probing, .. },
                Event::Worked {
                    ticket: Some(ticket),
                },
            ) if probing.contains(&ticket) => Self::default(),
            (
                Self::HalfOpen { mut probing, trips },
                Event::Released {
                    ticket: Some(ticket),
                },
            ) => {
                probing.retain(|held| *held != ticket);
                Self::HalfOpen { probing, trips }
            }
            (Self::Closed { .. }, Event::Recovering) => Self::HalfOpen {
                probing: Vec::new(),
                trips: 0,
            },
            (Self::Open { trips, .. }, Event::Recovering) => Self::HalfOpen {
                probing: Vec::new(),
                trips,
            },
            // What else ends now began in another state and says nothing about this one.
            (same, _) => same,
        }
    }
}

fn counts(at: Instant, policy: &BreakerPolicy, now: Instant) -> bool {
    now.saturating_duration_since(at) < policy.window
}

fn count(mut failures: VecDeque<Instant>, policy: &BreakerPolicy, now: Instant) -> Breaker {
    failures.retain(|at| counts(*at, policy, now));
    failures.push_back(now);
    if failures.len() >= policy.failures.max(1) as usize {
        open(0, policy, now)
    } else {
        Breaker::Closed { failures }
    }
}

fn open(trips: u32, policy: &BreakerPolicy, now: Instant) -> Breaker {
    Breaker::Open {
        until: now + doubled(policy.recovery, trips),
        trips: trips.saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const FAILED: Event = Event::Failed { ticket: None };

    fn policy() -> BreakerPolicy {
        BreakerPolicy {
            failures: 3,
            window: 10 * SECOND,
            recovery: 20 * SECOND,
            probes: 2,
        }
    }

    /// Plays events at seconds after the start and compares where that ends.
    #[track_caller]
    fn check(events: &[(u32, Event)], at: u32, expected: impl Fn(Instant) -> Standing) {
        let start = Instant::now();
        let breaker = events
            .iter()
            .fold(Breaker::default(), |breaker, (second, event)| {
                breaker.handle(*event, &policy(), start + *second * SECOND)
            });
        assert_eq!(
            breaker.standing(&policy(), start + at * SECOND),
            expected(start),
            "{breaker:?}"
        );
    }

    fn admitted(ticket: u64) -> Event {
        Event::Admitted { ticket }
    }

    #[test]
    fn trips_on_third_failure_within_the_window() {
        check(&[(0, FAILED), (1, FAILED)], 1, |_| Standing::Closed {
            recent_failures: 2,
        });
        check(&[(0, FAILED), (1, FAILED), (9, FAILED)], 9, |start| {
            Standing::Open {
                until: start + 29 * SECOND,
            }
        });
    }

    #[test]
    fn failures_outside_the_window_do_not_count() {
        check(&[(0, FAILED), (1, FAILED), (10, FAILED)], 10, |_| {
            Standing::Closed { recent_failures: 2 }
        });
        check(&[(0, FAILED)], 10, |_| Standing::Closed {
            recent_failures: 0,
        });
    }

    #[test]
    fn successes_do_not_wipe_the_window() {
        let worked = Event::Worked { ticket: None };
        check(
            &[
                (0, FAILED),
                (1, worked),
                (2, FAILED),
                (3, worked),
                (4, FAILED),
            ],
            4,
            |start| Standing::Open {
                until: start + 24 * SECOND,
            },
        );
    }

    const TRIPPED: [(u32, Event); 3] = [(0, FAILED), (0, FAILED), (0, FAILED)];

    #[test]
    fn is_half_open_after_recovery_and_counts_its_probes() {
        let of = |more: &[(u32, Event)]| [&TRIPPED, more].concat();
        check(&of(&[]), 20, |_| Standing::HalfOpen { free: 2 });
        check(&of(&[(20, admitted(1))]), 20, |_| Standing::HalfOpen {
            free: 1,
        });
        check(&of(&[(20, admitted(1)), (20, admitted(2))]), 20, |_| {
            Standing::HalfOpen { free: 0 }
        });
        let released = Event::Released { ticket: Some(1) };
        check(&of(&[(20, admitted(1)), (21, released)]), 21, |_| {
            Standing::HalfOpen { free: 2 }
        });
    }

    #[test]
    fn a_probe_that_works_closes_it_with_an_empty_window() {
        let worked = Event::Worked { ticket: Some(1) };
        check(
            &[&TRIPPED[..], &[(20, admitted(1)), (21, worked)]].concat(),
            21,
            |_| Standing::Closed { recent_failures: 0 },
        );
    }

    #[test]
    fn each_failed_probe_doubles_the_recovery() {
        let failed = |ticket| Event::Failed {
            ticket: Some(ticket),
        };
        let events = [
            &TRIPPED[..],
            &[
                (20, admitted(1)),
                (20, failed(1)),
                (60, admitted(2)),
                (60, failed(2)),
            ],
        ]
        .concat();
        check(&events[..5], 20, |start| Standing::Open {
            until: start + 60 * SECOND,
        });
        check(&events, 60, |start| Standing::Open {
            until: start + 140 * SECOND,
        });
    }

    #[test]
    fn what_began_before_it_opened_moves_nothing() {
        let stale = [
            (20, admitted(1)),
            (21, FAILED),
            (21, Event::Worked { ticket: None }),
            (21, Event::Worked { ticket: Some(99) }),
            (21, Event::Released { ticket: Some(99) }),
        ];
        check(&[&TRIPPED[..], &stale].concat(), 21, |_| {
            Standing::HalfOpen { free: 1 }
        });
        check(
            &[
                &TRIPPED[..],
                &[(1, FAILED), (2, Event::Worked { ticket: None })],
            ]
            .concat(),
            2,
            |s| Standing::Open {
                until: s + 20 * SECOND,
            },
        );
    }
}
