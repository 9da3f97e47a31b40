//! Thousands of overlapping requests against providers that fail at random, with the rules that
//! must hold whatever happens. `TURNOUT_SEED` repeats a run.

use std::collections::HashMap;

use super::*;
use crate::breaker::Breaker;

const REQUESTS: usize = 12_000;
const AT_ONCE: usize = 24;

/// Provider, model and key of a candidate.
type Id = (Arc<str>, Arc<str>, Option<Arc<str>>);

/// A request under way and, if a try of it is out, that.
struct Flight {
    run: Failover,
    out: Option<(Candidate, bool)>,
    tries: HashMap<Id, u32>,
    steps: u32,
    /// A verdict that ends the request was recorded.
    over: bool,
}

struct World {
    rig: Rig,
    chance: fastrand::Rng,
    seed: u64,
    /// Probability of failure by provider, changed now and then.
    illness: HashMap<Arc<str>, f64>,
    flights: Vec<Flight>,
    begun: usize,
    ended: usize,
    tries: usize,
    records: usize,
    gave_up: usize,
    /// Tries after the first one of a request, and tries that were probes.
    later: usize,
    probes: usize,
    /// It was told that all is down, and nothing has worked since.
    down: bool,
}

fn world_topology() -> Topology {
    let mut providers = ["a", "b", "c", "d", "e"]
        .map(|name| provider(name, 0))
        .to_vec();
    for (index, keys) in [(0, 3), (2, 1), (3, 2)] {
        providers[index].keys = provider(&providers[index].name.clone(), keys).keys;
    }
    providers[2].key_policy = KeyPolicy::FillFirst;
    providers[3].key_policy = KeyPolicy::LeastUsed;
    providers[1].models.big = vec!["x".into(), "y".into()];
    let groups = vec![
        group("one", &["a", "b"]),
        group("two", &["c", "d"]),
        group("three", &["e", "a"]),
    ];
    let breaker = BreakerPolicy {
        failures: 4,
        window: MINUTE,
        recovery: 5 * SECOND,
        probes: 2,
    };
    let retry = Retry {
        attempts: 3,
        base: SECOND / 4,
        max: 2 * SECOND,
    };
    Topology {
        breaker,
        retry,
        cooldown: 2 * SECOND,
        ..topology(providers, groups)
    }
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            rig: Rig {
                board: Board::new(Arc::new(world_topology()), seed),
                now: Instant::now(),
            },
            chance: fastrand::Rng::with_seed(seed),
            seed,
            illness: HashMap::new(),
            flights: Vec::new(),
            begun: 0,
            ended: 0,
            tries: 0,
            records: 0,
            gave_up: 0,
            later: 0,
            probes: 0,
            down: false,
        }
    }

    #[track_caller]
    fn hold(&self, rule: bool, what: &str) {
        let (seed, ended) = (self.seed, self.ended);
        assert!(rule, "{what} (TURNOUT_SEED={seed}, after {ended} requests)");
    }

    fn live(&mut self) {
        while self.ended < REQUESTS {
            self.rig.now += Duration::from_millis(self.chance.u64(0..600));
            self.meddle();
            if self.begun < REQUESTS && self.flights.len() < AT_ONCE {
                self.depart();
            }
            if !self.flights.is_empty() {
                let index = self.chance.usize(..self.flights.len());
                let flight = self.flights.swap_remove(index);
                self.advance(flight);
            }
        }
        self.hold(
            self.tries == self.records,
            "every try has exactly one record",
        );
        let rarest = [self.gave_up, self.later, self.probes].into_iter().min();
        self.hold(
            rarest >= Some(100),
            "a simulation in which too little happens tests nothing",
        );
    }

    /// Weather, people and the config.
    fn meddle(&mut self) {
        if self.chance.u32(..200) == 0 {
            let illness = [0.0, 0.1, 0.1, 0.3, 0.9];
            for name in ["a", "b", "c", "d", "e"] {
                let ill = illness[self.chance.usize(..illness.len())];
                self.illness.insert(name.into(), ill);
            }
        }
        let (now, board) = (self.rig.now, &mut self.rig.board);
        let group = ["one", "two", "three"][self.chance.usize(..3)];
        let provider = ["a", "b", "c", "d", "e"][self.chance.usize(..5)];
        match self.chance.u32(..2000) {
            0 => drop(board.choose(group, now).unwrap()),
            1 => drop(board.pause(group, now).unwrap()),
            2..=7 => drop(board.resume(group, now).unwrap()),
            8 => board.set_enabled(provider, false).unwrap(),
            9..=14 => board.set_enabled(provider, true).unwrap(),
            15 => {
                board.reset(provider, now).unwrap();
                self.down = false;
            }
            16 => {
                board.replace(Arc::new(world_topology()), now);
                self.down = false;
            }
            17 => board.set_mode(Mode::Manual),
            18..=21 => board.set_mode(Mode::Auto),
            _ => {}
        }
    }

    fn depart(&mut self) {
        self.begun += 1;
        let models = ["opus", "haiku", "x", "b/opus", "group:two", "m"];
        let asked = ask(models[self.chance.usize(..models.len())]);
        let run = self.rig.board.begin(&asked, self.rig.now);
        self.flights.push(Flight {
            run,
            out: None,
            tries: HashMap::new(),
            steps: 0,
            over: false,
        });
    }

    fn advance(&mut self, mut flight: Flight) {
        flight.steps += 1;
        self.hold(flight.steps < 500, "a request ends");
        if let Some((candidate, committed)) = flight.out.take() {
            self.land(&mut flight, &candidate, committed);
            return self.flights.push(flight);
        }
        let before = self.rig.board.view(self.rig.now);
        let now = self.rig.now;
        match self.rig.board.next(&mut flight.run, now) {
            Step::Try(candidate) => {
                self.tries += 1;
                self.later += usize::from(candidate.attempt > 1);
                self.probes += usize::from(candidate.ticket.is_some());
                self.hold(!flight.over, "nothing is tried after the end");
                self.may_be_used(&before, &flight, &candidate);
                self.stays_within_attempts(&mut flight, &candidate);
                flight.out = Some((candidate, false));
                self.flights.push(flight);
            }
            Step::Wait { until } => {
                self.hold(until > now, "a wait lies ahead");
                self.hold(until - now <= 3 * SECOND, "a wait is short");
                self.flights.push(flight);
            }
            Step::GiveUp(_) => {
                if !flight.over {
                    self.gave_up += 1;
                    self.nothing_was_left(&flight);
                }
                self.ended += 1;
            }
        }
    }

    /// The rules of use, told from the public view alone as far as it goes, else from within.
    fn may_be_used(&self, before: &View, flight: &Flight, candidate: &Candidate) {
        let now = self.rig.now;
        let shown = before
            .providers
            .iter()
            .find(|view| view.name == candidate.provider)
            .unwrap();
        self.hold(shown.enabled, "no disabled provider is used");
        let paused = before
            .groups
            .iter()
            .any(|view| view.name == candidate.group && view.paused);
        self.hold(
            !paused || flight.run.plan.ignores_pause,
            "no paused group is used",
        );
        if let Some(id) = &candidate.key {
            let key = shown.keys.iter().find(|key| key.id == *id).unwrap();
            self.hold(key.cooling_until.is_none(), "no cooling key is used");
        }
        let health = &self.rig.board.health[&candidate.provider];
        self.hold(
            health.rest.until(now).is_none(),
            "no cooling provider is used",
        );
        let model = &health.models[&candidate.model];
        self.hold(model.rest.until(now).is_none(), "no cooling model is used");
        match &model.breaker {
            Breaker::Closed { .. } => {}
            Breaker::Open { .. } => self.hold(false, "no open breaker is passed"),
            Breaker::HalfOpen { probing, .. } => {
                self.hold(probing.len() <= 2, "no more probes than the config says");
                let own = candidate
                    .ticket
                    .is_some_and(|ticket| probing.contains(&ticket));
                self.hold(own, "whoever passes a half-open breaker is a probe");
            }
        }
    }

    fn stays_within_attempts(&self, flight: &mut Flight, candidate: &Candidate) {
        let id = (
            candidate.provider.clone(),
            candidate.model.clone(),
            candidate.key.clone(),
        );
        let tries = flight.tries.entry(id).or_default();
        *tries += 1;
        let within = *tries <= 3;
        self.hold(
            within,
            "no candidate is tried more often than the config says",
        );
    }

    /// Output may come, then the try ends somehow.
    fn land(&mut self, flight: &mut Flight, candidate: &Candidate, committed: bool) {
        let now = self.rig.now;
        let ill = self
            .illness
            .get(&candidate.provider)
            .copied()
            .unwrap_or_default();
        let fails = self.chance.f64() < ill;
        if !committed && (!fails || self.chance.u32(..8) == 0) {
            self.rig.board.committed(candidate, SECOND, now);
            self.down = false;
            flight.out = Some((candidate.clone(), true));
            return;
        }
        let outcome = self.outcome(fails, committed);
        let breaker = |rig: &Rig| {
            rig.board.health[&candidate.provider]
                .models
                .get(&candidate.model)
                .map(|m| m.breaker.clone())
        };
        let (before, rests) = (breaker(&self.rig), self.rig.board.view(now).providers);
        let changes = self.rig.board.record(&mut flight.run, &outcome, now);
        self.records += 1;
        self.down &= outcome.verdict != Verdict::Ok;
        for _ in changes.iter().filter(|change| **change == Change::AllDown) {
            self.hold(!self.down, "all down is told once until something works");
            self.down = true;
        }
        flight.over |= committed
            || matches!(
                outcome.verdict,
                Verdict::Ok | Verdict::ClientFault | Verdict::Cancelled
            );
        if matches!(outcome.verdict, Verdict::ClientFault | Verdict::Cancelled) {
            self.hold(changes.is_empty(), "a client's doing is no news");
            self.hold(
                self.rig.board.view(now).providers == rests || candidate.ticket.is_some(),
                "a client's doing rests nobody",
            );
            let opened = matches!(breaker(&self.rig), Some(Breaker::Open { .. }));
            let was_open = matches!(before, Some(Breaker::Open { .. }));
            self.hold(!opened || was_open, "a client's doing trips no breaker");
        }
        if let (Some(ticket), Some(Breaker::HalfOpen { probing, .. })) =
            (candidate.ticket, breaker(&self.rig))
        {
            self.hold(
                !probing.contains(&ticket),
                "a record gives the probe's slot back",
            );
        }
    }

    fn outcome(&mut self, fails: bool, committed: bool) -> Outcome {
        let client = self.chance.u32(..20);
        let wish = [
            None,
            None,
            None,
            None,
            None,
            None,
            Some(SECOND),
            Some(20 * SECOND),
        ][self.chance.usize(..8)];
        let outcome = match (fails, client) {
            (_, 0) => bad(Verdict::Cancelled, Reason::ClientCancelled),
            (_, 1) if !committed => client_fault(),
            (false, _) => OK,
            (true, _) if committed => cut_after_commit(),
            (true, _) => {
                let failures = [
                    broken(),
                    broken(),
                    bad(Verdict::RetrySame, Reason::Network),
                    limited(),
                    refused(),
                    bad(Verdict::NextProvider, Reason::Timeout),
                    bad(Verdict::NextProvider, Reason::EmptyResponse),
                    bad(Verdict::NextProvider, Reason::NotFound),
                    bad(Verdict::NextProvider, Reason::RateLimited),
                ];
                failures[self.chance.usize(..failures.len())]
            }
        };
        Outcome {
            retry_after: wish,
            committed,
            ..outcome
        }
    }

    /// What a request that was given up could still have used.
    fn nothing_was_left(&self, flight: &Flight) {
        let (board, now) = (&self.rig.board, self.rig.now);
        for place in &flight.run.plan.places {
            let provider = board.provider(&place.provider).unwrap();
            let health = board
                .health
                .get(&place.provider)
                .cloned()
                .unwrap_or_default();
            let paused = board.paused.contains(&place.group) && !flight.run.plan.ignores_pause;
            let barred = health
                .models
                .get(&place.model)
                .and_then(|model| model.bar(&board.topology.breaker, now));
            if !board.is_enabled(provider)
                || paused
                || barred.is_some()
                || health.rest.until(now).is_some()
            {
                continue;
            }
            let keys = provider
                .keys
                .iter()
                .filter(|key| health.pool.until(key, now).is_none());
            let mut keys = keys.cloned().map(Some).collect::<Vec<_>>();
            if provider.keys.is_empty() {
                keys.push(None);
            }
            let was_tried = |key: &Option<Arc<str>>| {
                flight.tries.contains_key(&(
                    place.provider.clone(),
                    place.model.clone(),
                    key.clone(),
                ))
            };
            // A model that failed as such is through with all its keys.
            let tried = flight.run.is_spent(place) || keys.iter().all(was_tried);
            self.hold(
                tried,
                &format!(
                    "{}:{} was usable and left untried",
                    place.provider, place.model
                ),
            );
        }
    }
}

#[test]
fn the_rules_hold_whatever_happens() {
    let given = std::env::var("TURNOUT_SEED")
        .ok()
        .map(|seed| seed.parse().expect("TURNOUT_SEED is a number"));
    let seeds = given.map_or_else(|| vec![1, 2, 3], |seed| vec![seed]);
    for seed in seeds {
        World::new(seed).live();
    }
}
