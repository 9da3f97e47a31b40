//! One world: settings, providers, weather, clients, people who meddle, and the rules that hold all the same.

use std::{
    collections::HashSet,
    ops::AddAssign,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fastrand::Rng;
use gateway::{Gateway, Order};
use routing::Health;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    client::{Asked, Got},
    fake::{Fake, Providers},
    play::Play,
    settings::{Frame, group_name, provider_name},
    sky::{Place, Scope, Sky, Weather},
    stories::Stories,
};

/// As many reports as may be unread at one time.
const REPORTS: usize = 1 << 16;
/// How often it is looked at who shows himself to be usable.
const LOOK: Duration = Duration::from_millis(250);

/// What happened in a world, in numbers.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) requests: usize,
    pub(crate) attempts: usize,
    pub(crate) served: usize,
    pub(crate) served_later: usize,
    /// Answers that began anew inside the same stream, and were whole in the end.
    pub(crate) restarted: usize,
    /// Requests whose first candidate was beaten by another one.
    pub(crate) outrun: usize,
    /// Requests that one provider alone refuses, and did.
    pub(crate) refused_alone: usize,
    pub(crate) waited: usize,
    pub(crate) refused: usize,
    pub(crate) cut: usize,
    pub(crate) left: usize,
    pub(crate) tokens: u64,
    pub(crate) most_at_once: usize,
    pub(crate) virtual_seconds: u64,
    pub(crate) digest: u64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.attempts += other.attempts;
        self.served += other.served;
        self.served_later += other.served_later;
        self.restarted += other.restarted;
        self.outrun += other.outrun;
        self.refused_alone += other.refused_alone;
        self.waited += other.waited;
        self.refused += other.refused;
        self.cut += other.cut;
        self.left += other.left;
        self.tokens += other.tokens;
        self.most_at_once = self.most_at_once.max(other.most_at_once);
        self.virtual_seconds += other.virtual_seconds;
        self.digest ^= other.digest;
    }
}

pub(crate) struct World {
    seed: u64,
    chance: Rng,
    pub(crate) frame: Frame,
    pub(crate) fake: Arc<Fake>,
    pub(crate) gateway: Gateway,
    stories: Arc<Mutex<Stories>>,
    pub(crate) scopes: Vec<Scope>,
    clients: JoinSet<Got>,
    pub(crate) got: Vec<Got>,
    /// Requests that a person gave up, or let go before their time.
    pub(crate) ordered: Vec<usize>,
    /// When the settings changed last.
    swapped: Instant,
    /// When what was known of providers was forgotten: settings changed, or a person wanted it so.
    pub(crate) forgot: Vec<Instant>,
    /// Requests for which somebody was in service all the time under the same settings, and nobody was ever known to
    /// refuse a key.
    pub(crate) attended: HashSet<usize>,
    pub(crate) began: Instant,
    looked: Instant,
    pub(crate) most_at_once: usize,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        // Ids of requests are drawn from here.
        fastrand::seed(seed);
        let mut chance = Rng::with_seed(seed);
        let frame = Frame::new(&mut chance);
        let fake = Arc::new(Fake::new(seed));
        let now = Instant::now();
        let mut sky = fake.sky();
        for (index, dialect) in frame.dialects.iter().enumerate() {
            let place = Place {
                dialect: *dialect,
                weather: Weather::Well,
                good: Some(now),
                usable: Some(now),
                rests_long: false,
                refused: false,
                enabled: Some(now),
                unsure: frame.at_once[index].is_some() || frame.key_limits[index].is_some(),
            };
            sky.places.insert(provider_name(index), place);
        }
        for (index, members) in frame.groups.iter().enumerate() {
            let names = members.iter().map(|index| provider_name(*index)).collect();
            sky.members.insert(group_name(index), names);
            sky.groups.insert(group_name(index), Some(now));
        }
        drop(sky);
        let (sender, mut reports) = mpsc::channel(REPORTS);
        let stories: Arc<Mutex<Stories>> = Arc::default();
        let heard = Arc::clone(&stories);
        tokio::spawn(async move {
            while let Some(report) = reports.recv().await {
                heard
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .hear(report, now.elapsed());
            }
        });
        let providers = Arc::new(Providers(Arc::clone(&fake)));
        let settings = frame.settings(&mut chance);
        let gateway = Gateway::with_transport(settings, sender, seed, providers).unwrap();
        Self {
            seed,
            chance,
            frame,
            fake,
            gateway,
            stories,
            scopes: Vec::new(),
            clients: JoinSet::new(),
            got: Vec::new(),
            ordered: Vec::new(),
            swapped: now,
            forgot: Vec::new(),
            attended: HashSet::new(),
            began: now,
            looked: now,
            most_at_once: 0,
        }
    }

    pub(crate) fn stories(&self) -> MutexGuard<'_, Stories> {
        self.stories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    pub(crate) fn hold(&self, rule: bool, what: impl FnOnce() -> String) {
        assert!(rule, "{} (TURNOUT_SEED={})", what(), self.seed);
    }

    /// Sends so many requests and judges what became of them.
    pub(crate) async fn live(mut self, requests: usize) -> Figures {
        let stop = CancellationToken::new();
        let upkeep = tokio::spawn(self.gateway.clone().upkeep(stop.clone()));
        let router = self.gateway.router();
        // In some worlds requests come one by one, in others thousands at once.
        let hurry = self.chance.choice([5, 50, 400]).unwrap_or(50);
        for request in 0..requests {
            let is_burst = self.chance.u32(..4) > 0 && hurry < 400;
            if !is_burst {
                let pause = self.chance.u64(..hurry * 4);
                self.pass(Duration::from_millis(pause)).await;
            }
            self.meddle();
            let scope = self.scope();
            self.scopes.push(scope.clone());
            let asked = Asked::new(request, self.seed, scope);
            self.clients.spawn(asked.ask(router.clone()));
            self.most_at_once = self.most_at_once.max(self.gateway.in_flight());
        }
        self.calm().await;
        let figures = self.judge();
        stop.cancel();
        timeout(Duration::from_secs(5), upkeep)
            .await
            .unwrap()
            .unwrap();
        figures
    }

    fn scope(&mut self) -> Scope {
        match self.chance.u32(..10) {
            0 => Scope::Provider(provider_name(
                self.chance.usize(..self.frame.dialects.len()),
            )),
            1 | 2 => Scope::Group(group_name(self.chance.usize(..self.frame.groups.len()))),
            _ => Scope::All,
        }
    }

    /// Lets time pass, hears what is reported and what clients got meanwhile.
    async fn pass(&mut self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            sleep(until.saturating_duration_since(Instant::now()).min(LOOK)).await;
            self.hear();
            if Instant::now() >= self.looked + LOOK {
                self.look();
            }
            if Instant::now() >= until {
                return;
            }
        }
    }

    fn hear(&mut self) {
        let mut looked = false;
        while let Some(got) = self.clients.try_join_next() {
            // Whoever came to rest since the last look does not count as usable.
            if !std::mem::replace(&mut looked, true) {
                self.look();
            }
            let got = got.unwrap();
            let attends = |sky: &Sky| {
                let mut names = sky.in_service(&got.asked.scope, got.began).peekable();
                names.peek().is_some() && names.all(|name| !sky.places[name].refused)
            };
            if self.swapped < got.began && attends(&self.fake.sky()) {
                self.attended.insert(got.asked.request);
            }
            self.judge_one(&got);
            self.got.push(got);
        }
    }

    /// Who shows himself to be usable.
    fn look(&mut self) {
        let now = Instant::now();
        self.looked = now;
        let view = self.gateway.board(|board, now| board.view(now));
        let mut sky = self.fake.sky();
        for shown in &view.providers {
            let has_key =
                shown.keys.is_empty() || shown.keys.iter().any(|key| key.cooling_until.is_none());
            let is_well = matches!(
                shown.health,
                Health::Healthy | Health::Degraded | Health::Unknown
            );
            if let Some(place) = sky.places.get_mut(&shown.name) {
                let is_usable = shown.enabled && has_key && is_well;
                place.usable = is_usable.then(|| place.usable.unwrap_or(now));
            }
        }
    }

    /// Weather, people and the config.
    fn meddle(&mut self) {
        let now = Instant::now();
        let provider = provider_name(self.chance.usize(..self.frame.dialects.len()));
        let group = group_name(self.chance.usize(..self.frame.groups.len()));
        match self.chance.u32(..600) {
            0..=19 => {
                let weather = match self.chance.u32(..6) {
                    0..=2 => Weather::Well,
                    3 => Weather::Flaky(0.3),
                    _ => Weather::Ill(Play::trouble(&mut self.chance)),
                };
                self.fake.sky().turn(&provider, weather, now);
            }
            20 => {
                self.gateway
                    .board(|board, now| board.pause(&group, now))
                    .unwrap();
                self.fake.sky().groups.insert(group, None);
            }
            21..=27 => self.resume(&group),
            28 => {
                self.gateway
                    .board(|board, now| board.choose(&group, now))
                    .unwrap();
                self.fake
                    .sky()
                    .groups
                    .entry(group)
                    .or_default()
                    .get_or_insert(now);
            }
            29 => self.enable(&provider, false),
            30..=36 => self.enable(&provider, true),
            37 => {
                drop(self.gateway.board(|board, now| board.reset(&provider, now)));
                self.forgot.push(now);
            }
            38 | 39 => {
                let settings = self.frame.settings(&mut self.chance);
                self.gateway.replace(settings).unwrap();
                self.swapped = now;
                self.forgot.push(now);
            }
            40 => self.order(),
            _ => {}
        }
    }

    fn resume(&self, group: &Arc<str>) {
        let now = Instant::now();
        self.gateway
            .board(|board, now| board.resume(group, now))
            .unwrap();
        let mut sky = self.fake.sky();
        sky.groups
            .entry(group.clone())
            .or_default()
            .get_or_insert(now);
    }

    fn enable(&self, provider: &str, enabled: bool) {
        self.gateway
            .board(|board, _| board.set_enabled(provider, enabled))
            .unwrap();
        self.fake.sky().enable(provider, enabled, Instant::now());
    }

    /// A person decides about a request that waits.
    fn order(&mut self) {
        let waiting = self.gateway.suspended();
        let Some(some) = waiting.get(self.chance.usize(..waiting.len().max(1))) else {
            return;
        };
        let order = if self.chance.bool() {
            Order::Release
        } else {
            Order::Fail
        };
        let request = self.stories().request(&some.id);
        self.ordered.extend(request);
        // It may have got what it waited for.
        let _ = self.gateway.order(&some.id, order);
    }

    /// All is well again, and everybody gets what he waits for.
    async fn calm(&mut self) {
        let now = Instant::now();
        for index in 0..self.frame.dialects.len() {
            let provider = provider_name(index);
            self.fake.sky().turn(&provider, Weather::Well, now);
            self.enable(&provider, true);
        }
        for index in 0..self.frame.groups.len() {
            self.resume(&group_name(index));
        }
        let patience = now + Duration::from_hours(1);
        while !self.clients.is_empty() {
            self.pass(LOOK).await;
            self.hold(Instant::now() < patience, || {
                format!("{} requests never ended", self.clients.len())
            });
        }
        self.pass(Duration::from_secs(2)).await;
    }
}
