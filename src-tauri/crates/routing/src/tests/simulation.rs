//! A million overlapping requests against providers that fail at random, in topologies made at random, with the rules
//! that must hold whatever happens. `TURNOUT_SEED` repeats a run.

use std::collections::HashMap;

use super::*;
use crate::breaker::Breaker;

/// Worlds, and requests in each.
const WORLDS: u64 = 40;
const REQUESTS: usize = 25_000;
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
    /// When tries began at each provider, and when it read and wrote how many tokens.
    begun_at: HashMap<Arc<str>, Vec<Instant>>,
    spent_at: HashMap<Arc<str>, Vec<(Instant, u64)>>,
}

/// Policies and limits differ from world to world, and weights change in each.
fn world_topology(chance: &mut fastrand::Rng) -> Topology {
    let mut providers = ["a", "b", "c", "d", "e"]
        .map(|name| provider(name, 0))
        .to_vec();
    for (index, keys) in [(0, 3), (2, 1), (3, 2)] {
        providers[index].keys = provider(&providers[index].name.clone(), keys).keys;
    }
    providers[2].key_policy = KeyPolicy::FillFirst;
    providers[3].key_policy = KeyPolicy::LeastUsed;
    providers[1].models.big = vec!["x".into(), "y".into()];
    for provider in &mut providers {
        provider.cost = chance.u32(1..2000);
        let some =
            |chance: &mut fastrand::Rng, most| (chance.u32(..6) == 0).then(|| chance.u32(1..most));
        provider.limits = Limits {
            rpm: some(chance, 200),
            tpm: some(chance, 100_000).map(u64::from),
            concurrency: some(chance, 12),
        };
    }
    let mut groups = vec![
        group("one", &["a", "b"]),
        group("two", &["c", "d", "e"]),
        group("three", &["e", "a", "c", "b"]),
    ];
    for group in &mut groups {
        group.policy = Policy::ALL[chance.usize(..Policy::ALL.len())];
        for member in &mut group.members {
            (member.weight, member.priority) = (chance.u32(..5), chance.i32(..3));
        }
    }
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
        let mut chance = fastrand::Rng::with_seed(seed);
        let topology = world_topology(&mut chance);
        Self {
            rig: Rig {
                board: Board::new(Arc::new(topology), seed),
                now: Instant::now(),
            },
            chance,
            seed,
            begun_at: HashMap::new(),
            spent_at: HashMap::new(),
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
                let mut topology = world_topology(&mut self.chance);
                // What was not counted while there was no limit cannot be held against one that is new.
                let limits = board
                    .topology
                    .providers
                    .iter()
                    .map(|provider| provider.limits);
                for (provider, limits) in topology.providers.iter_mut().zip(limits) {
                    provider.limits = limits;
                }
                board.replace(Arc::new(topology), now);
                self.down = false;
            }
            17 => board.set_mode(Mode::Manual),
            18..=21 => board.set_mode(Mode::Auto),
            22..=60 => {
                for provider in board.ailing(20 * SECOND, self.begun.is_multiple_of(2), now) {
                    board.looks_well(&provider, now);
                }
            }
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
        let now = self.rig.now;
        // A view costs more than all else.
        let before = self
            .tries
            .is_multiple_of(16)
            .then(|| self.rig.board.view(now));
        match self.rig.board.next(&mut flight.run, now) {
            Step::Try(candidate) => {
                self.tries += 1;
                self.later += usize::from(candidate.attempt > 1);
                self.probes += usize::from(candidate.ticket.is_some());
                self.hold(!flight.over, "nothing is tried after the end");
                if let Some(before) = before {
                    self.is_shown_as_usable(&before, &flight, &candidate);
                }
                self.may_be_used(&flight, &candidate);
                self.stays_within_attempts(&mut flight, &candidate);
                let begun = self.begun_at.entry(candidate.provider.clone()).or_default();
                begun.retain(|at| *at + MINUTE > now);
                begun.push(now);
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

    /// The rules of use, told from the public view alone.
    fn is_shown_as_usable(&self, before: &View, flight: &Flight, candidate: &Candidate) {
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
    }

    /// The rules of use, told from within.
    fn may_be_used(&self, flight: &Flight, candidate: &Candidate) {
        let (board, now) = (&self.rig.board, self.rig.now);
        let provider = board.provider(&candidate.provider).unwrap();
        self.hold(board.is_enabled(provider), "no disabled provider is used");
        let paused = board.paused.contains(&candidate.group);
        self.hold(
            !paused || flight.run.plan.ignores_pause,
            "no paused group is used",
        );
        self.is_within_limits(candidate);
        let health = &self.rig.board.health[&candidate.provider];
        self.hold(
            health.rest.until(now).is_none(),
            "no cooling provider is used",
        );
        if let Some(key) = &candidate.key {
            let resting = health.pool.until(key, now);
            self.hold(resting.is_none(), "no cooling key is used");
        }
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

    /// Limits, by counts of our own. The try is not among them yet.
    fn is_within_limits(&self, candidate: &Candidate) {
        let (name, now) = (&candidate.provider, self.rig.now);
        let limits = self.rig.board.topology.provider(name).unwrap().limits;
        let recent = |at: &Instant| *at + MINUTE > now;
        let at_once = self.flights.iter().filter(|flight| {
            let out = flight.out.as_ref();
            out.is_some_and(|(out, _)| out.provider == *name)
        });
        let at_once = at_once.count();
        self.hold(
            limits
                .concurrency
                .is_none_or(|most| at_once < most as usize),
            "no more requests at one time than the config says",
        );
        let begun = self
            .begun_at
            .get(name)
            .into_iter()
            .flatten()
            .filter(|at| recent(at))
            .count();
        self.hold(
            limits.rpm.is_none_or(|most| begun < most as usize),
            "no more requests a minute than the config says",
        );
        let spent = self
            .spent_at
            .get(name)
            .into_iter()
            .flatten()
            .filter(|(at, _)| recent(at));
        let spent: u64 = spent.map(|(_, tokens)| tokens).sum();
        self.hold(
            limits.tpm.is_none_or(|most| spent < most),
            "nothing is begun once a minute's tokens are used up",
        );
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
            self.rig.board.committed(candidate, Some(SECOND), now);
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
        let is_clients = matches!(outcome.verdict, Verdict::ClientFault | Verdict::Cancelled);
        let before = breaker(&self.rig);
        // What is foreseen of limits goes by what was asked, whatever came of it.
        let stand = |rig: &Rig| {
            let mut providers = rig.board.view(now).providers;
            for one in &mut providers {
                one.forecasts.clear();
            }
            providers
        };
        let rests = is_clients.then(|| stand(&self.rig));
        let changes = self.rig.board.record(&mut flight.run, &outcome, now);
        self.records += 1;
        let spent = self.spent_at.entry(candidate.provider.clone()).or_default();
        spent.retain(|(at, _)| *at + MINUTE > now);
        spent.push((now, outcome.tokens));
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
        if let Some(rests) = rests {
            self.hold(changes.is_empty(), "a client's doing is no news");
            self.hold(
                stand(&self.rig) == rests || candidate.ticket.is_some(),
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
            tokens: self.chance.u64(..5000),
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
                || board.room(provider, now).is_some()
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

fn live(worlds: std::ops::Range<u64>) {
    let given = std::env::var("TURNOUT_SEED")
        .ok()
        .map(|seed| seed.parse().expect("TURNOUT_SEED is a number"));
    for seed in given.map_or(worlds, |seed| seed..seed + 1) {
        World::new(seed).live();
    }
}

// Two halves, for two processors.

#[test]
fn the_rules_hold_whatever_happens() {
    live(0..WORLDS / 2);
}

#[test]
fn the_rules_hold_in_other_worlds_too() {
    live(WORLDS / 2..WORLDS);
}
