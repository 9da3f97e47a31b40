//! The board against an oracle: somebody who knows at every instant which providers work, though not which ones will,
//! and always takes one that does. Nobody without such knowledge can serve more requests, so that what the board serves
//! less is the price of finding out. Outages come and go at random; all settings are the defaults. `TURNOUT_SEED`
//! repeats a world.

use std::{cmp::Reverse, collections::BinaryHeap, collections::HashMap, fmt};

use super::*;

const WORLDS: u64 = 20;
const REQUESTS: usize = 20_000;
/// How much smaller the board's share of served requests may be than the oracle's: in any world, and over all of them.
const MARGIN: f64 = 0.01;
const MEAN_MARGIN: f64 = 0.005;
/// The share of requests that may go elsewhere though whoever stood first for them worked.
const NEEDLESS: f64 = 0.05;

const MILLISECOND: Duration = Duration::from_millis(1);
/// The gateway looks this often whether a provider is due to be looked at.
const TICK: Duration = Duration::from_millis(500);

/// What is wrong with a provider that is out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outage {
    /// It cannot be reached.
    Gone,
    /// It answers with an error.
    Errors,
    /// It does not answer.
    Silent,
    /// It breaks off in the middle of its answers.
    Cuts,
    /// Its limits are used up, and it says for how long.
    Limited,
}

#[derive(Debug, Clone, Copy)]
struct Sick {
    how: Outage,
    until: Instant,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives,
    /// A try of this request ends.
    Lands(usize),
    /// This request goes on.
    GoesOn(usize),
    /// This provider breaks.
    Breaks(usize),
    Ticks,
}

struct Flight {
    run: Failover,
    out: Option<(Candidate, Outcome)>,
}

/// How both did.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    requests: f64,
    board: f64,
    oracle: f64,
    /// Requests whose first provider worked when they came, and of those the ones that went elsewhere.
    sound: f64,
    needless: f64,
}

impl Tally {
    /// How much less the board served.
    fn gap(&self) -> f64 {
        (self.oracle - self.board) / self.requests
    }

    fn needless(&self) -> f64 {
        self.needless / self.sound
    }

    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.board += other.board;
        self.oracle += other.oracle;
        self.sound += other.sound;
        self.needless += other.needless;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: f64| 100.0 * part / self.requests;
        write!(
            f,
            "served {:.3} %, by the oracle {:.3} %; needlessly elsewhere {:.3} %",
            percent(self.board),
            percent(self.oracle),
            100.0 * self.needless()
        )
    }
}

struct World {
    rig: Rig,
    chance: fastrand::Rng,
    names: Vec<Arc<str>>,
    sick: HashMap<Arc<str>, Sick>,
    agenda: BinaryHeap<Reverse<(Instant, Event)>>,
    flights: Vec<Flight>,
    tally: Tally,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed);
        let names = &["a", "b", "c", "d", "e"][..chance.usize(2..=5)];
        let providers = names.iter().map(|name| provider(name, chance.usize(..3)));
        let providers = providers.collect::<Vec<_>>();
        let mut groups = vec![group("all", names), group("some", &names[..2])];
        for group in &mut groups {
            group.policy = Policy::ALL[chance.usize(..Policy::ALL.len())];
        }
        let topology = Topology {
            providers,
            groups,
            ..Topology::default()
        };
        let mut world = Self {
            rig: Rig::new(topology),
            chance,
            names: names.iter().map(|name| Arc::from(*name)).collect(),
            sick: HashMap::new(),
            agenda: BinaryHeap::new(),
            flights: Vec::new(),
            tally: Tally::default(),
        };
        world.plan(MILLISECOND, Event::Arrives);
        world.plan(TICK, Event::Ticks);
        for index in 0..names.len() {
            let health = world.some(20 * MINUTE);
            world.plan(health, Event::Breaks(index));
        }
        world
    }

    /// A time of about this length.
    fn some(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(-self.chance.f64().max(1e-9).ln()) + MILLISECOND
    }

    fn plan(&mut self, after: Duration, event: Event) {
        self.agenda.push(Reverse((self.rig.now + after, event)));
    }

    fn live(mut self) -> Tally {
        while self.flights.len() < REQUESTS {
            let Some(Reverse((at, event))) = self.agenda.pop() else {
                break;
            };
            self.rig.now = at;
            match event {
                Event::Arrives => self.arrive(),
                Event::Lands(flight) => self.land(flight),
                Event::GoesOn(flight) => self.go_on(flight),
                Event::Breaks(index) => self.break_down(index),
                Event::Ticks => self.tick(),
            }
        }
        self.tally
    }

    fn works(&self, provider: &str) -> bool {
        let sick = self.sick.get(provider);
        sick.is_none_or(|sick| sick.until <= self.rig.now)
    }

    fn break_down(&mut self, index: usize) {
        let outages = [
            Outage::Gone,
            Outage::Errors,
            Outage::Silent,
            Outage::Cuts,
            Outage::Limited,
        ];
        let how = outages[self.chance.usize(..outages.len())];
        let lasts = self.some(3 * MINUTE);
        let until = self.rig.now + lasts;
        self.sick
            .insert(self.names[index].clone(), Sick { how, until });
        let health = self.some(20 * MINUTE);
        self.plan(lasts + health, Event::Breaks(index));
    }

    /// Looks after who is out of service, as the gateway does: a list of models says little about answers.
    fn tick(&mut self) {
        let now = self.rig.now;
        for provider in self.rig.board.ailing(MINUTE / 2, false, now) {
            let sick = self.sick.get(&provider).filter(|sick| sick.until > now);
            let looks_well =
                sick.is_none_or(|sick| !matches!(sick.how, Outage::Gone | Outage::Silent));
            if looks_well {
                self.rig.board.looks_well(&provider, now);
            }
        }
        self.plan(TICK, Event::Ticks);
    }

    fn arrive(&mut self) {
        let pause = self.some(SECOND / 2);
        self.plan(pause, Event::Arrives);
        let now = self.rig.now;
        let asked = ask(if self.chance.u32(..4) == 0 {
            "group:some"
        } else {
            "m"
        });
        let mut run = self.rig.board.begin(&asked, now);
        let places = run.plan.places.iter();
        let works = places.map(|place| self.works(&place.provider));
        let works = works.collect::<Vec<_>>();
        self.tally.requests += 1.0;
        self.tally.oracle += f64::from(u8::from(works.contains(&true)));
        let first = run.plan.places[0].provider.clone();
        let step = self.rig.board.next(&mut run, now);
        if works[0] {
            self.tally.sound += 1.0;
            let is_first = matches!(&step, Step::Try(candidate) if candidate.provider == first);
            self.tally.needless += f64::from(u8::from(!is_first));
        }
        self.flights.push(Flight { run, out: None });
        self.take(self.flights.len() - 1, step);
    }

    fn go_on(&mut self, flight: usize) {
        let now = self.rig.now;
        let step = self.rig.board.next(&mut self.flights[flight].run, now);
        self.take(flight, step);
    }

    fn take(&mut self, flight: usize, step: Step) {
        match step {
            Step::Try(candidate) => {
                let (outcome, lasts) = self.attempt(&candidate);
                self.flights[flight].out = Some((candidate, outcome));
                self.plan(lasts, Event::Lands(flight));
            }
            Step::Wait { until } => self.plan(until - self.rig.now, Event::GoesOn(flight)),
            Step::GiveUp(_) => {}
        }
    }

    /// How a try ends that begins now, and when.
    fn attempt(&mut self, candidate: &Candidate) -> (Outcome, Duration) {
        let now = self.rig.now;
        let answer = self.some(3 * SECOND);
        let soon = self.some(SECOND / 5);
        if self.works(&candidate.provider) {
            // Now and then something goes wrong even so.
            return match self.chance.u32(..500) {
                0 => (broken(), soon),
                _ => (OK, answer),
            };
        }
        let sick = self.sick[&candidate.provider];
        match sick.how {
            Outage::Gone => (bad(Verdict::RetrySame, Reason::Network), soon),
            Outage::Errors => (broken(), soon),
            Outage::Silent => (bad(Verdict::NextProvider, Reason::Timeout), 20 * SECOND),
            Outage::Cuts => (cut_after_commit(), answer),
            Outage::Limited => (after(limited(), sick.until - now), soon),
        }
    }

    fn land(&mut self, flight: usize) {
        let now = self.rig.now;
        let Some((candidate, outcome)) = self.flights[flight].out.take() else {
            return;
        };
        let board = &mut self.rig.board;
        if outcome.verdict == Verdict::Ok || outcome.committed {
            board.committed(&candidate, Some(SECOND), now);
        }
        board.record(&mut self.flights[flight].run, &outcome, now);
        if outcome.verdict == Verdict::Ok {
            self.tally.board += 1.0;
        } else if !outcome.committed {
            self.go_on(flight);
        }
    }
}

#[test]
fn as_many_are_served_as_an_oracle_would_serve() {
    let given = std::env::var("TURNOUT_SEED")
        .ok()
        .map(|seed| seed.parse().expect("TURNOUT_SEED is a number"));
    let mut all = Tally::default();
    for seed in given.map_or(0..WORLDS, |seed| seed..seed + 1) {
        let tally = World::new(seed).live();
        println!("world {seed}: {tally}");
        assert!(tally.gap() <= MARGIN, "{tally} (TURNOUT_SEED={seed})");
        let needless = tally.needless();
        assert!(needless <= NEEDLESS, "{tally} (TURNOUT_SEED={seed})");
        all.add(&tally);
    }
    println!("all worlds: {all}");
    assert!(all.gap() <= MEAN_MARGIN || given.is_some(), "{all}");
}
