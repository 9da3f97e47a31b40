//! Two hundred clients at once while providers are killed and started again at random, all of them at times.
//!
//! While one of them lives nobody is failed; while none lives everybody waits. `TURNOUT_SEED` repeats the order of
//! what is done to whom, `TURNOUT_STORM` tells another length in seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tests::config::{Config, Provider};
use tests::http::Call;
use tests::message::{names, plain, said, streamed};
use tests::program::{Practice, Turnout};
use tests::until;
use tokio::task::JoinSet;
use tokio::time::sleep;

const CLIENTS: usize = 200;
const PROVIDERS: [&str; 4] = ["a", "b", "c", "d"];
/// How often all of them are down at one time.
const DARKNESSES: u32 = 3;

/// What became of all requests.
#[derive(Debug, Default)]
struct Tally {
    served: AtomicUsize,
    /// Served by another provider than the first one tried.
    later: AtomicUsize,
    /// Told in their stream that it broke off behind its first word, where nobody can help any more.
    cut: AtomicUsize,
}

struct Storm {
    chance: Rng,
    /// Addresses, which stay the same, and who lives there.
    addresses: Vec<String>,
    living: Vec<Option<Practice>>,
    kills: usize,
}

impl Storm {
    async fn new(seed: u64) -> Self {
        let mut living = Vec::new();
        for name in PROVIDERS {
            living.push(Some(Practice::start(name).await));
        }
        let address = |practice: &Option<Practice>| practice.as_ref().unwrap().address().to_owned();
        Self {
            chance: Rng::with_seed(seed),
            addresses: living.iter().map(address).collect(),
            living,
            kills: 0,
        }
    }

    async fn kill(&mut self, index: usize) {
        if let Some(practice) = self.living[index].take() {
            practice.kill().await;
            self.kills += 1;
        }
    }

    async fn revive(&mut self, index: usize) {
        if self.living[index].is_none() {
            let practice = Practice::start_at(PROVIDERS[index], &self.addresses[index]).await;
            self.living[index] = Some(practice);
        }
    }

    /// Kills or starts somebody; one at least lives on.
    async fn rage(&mut self) {
        let index = self.chance.usize(..PROVIDERS.len());
        let alive = self.living.iter().flatten().count();
        match &self.living[index] {
            Some(_) if alive > 1 => self.kill(index).await,
            _ => self.revive(index).await,
        }
        sleep(Duration::from_millis(self.chance.u64(200..1500))).await;
    }

    /// Kills everybody, waits until everybody waits, and starts one of them again.
    async fn darkness(&mut self, turnout: &Turnout) {
        for index in 0..PROVIDERS.len() {
            self.kill(index).await;
        }
        let admin = turnout.admin();
        until("everybody waits", || async {
            let status = admin.status().await;
            (status["suspended"].as_u64()? == CLIENTS as u64).then_some(())
        })
        .await;
        let index = self.chance.usize(..PROVIDERS.len());
        self.revive(index).await;
    }
}

/// Asks one thing after the other until the end, and takes a breath between them.
async fn client(
    call: impl Fn(&str, bool) -> Call,
    base: String,
    over: Arc<AtomicBool>,
    tally: Arc<Tally>,
    seed: u64,
) {
    let mut chance = Rng::with_seed(seed);
    for turn in 0.. {
        if over.load(Relaxed) {
            return;
        }
        let prompt = format!("say {seed}-{turn}.");
        let stream = chance.bool();
        let answer = call(&prompt, stream).send(&base).await;
        let text = answer.text();
        assert_eq!(answer.status, 200, "{prompt}: {text}");
        let events = answer.events();
        let ended = names(&events).last().map(|name| (*name).to_owned());
        if stream && ended.as_deref() == Some("error") {
            // Broken off behind its first word; before it, nothing may be seen of it.
            assert!(!said(&answer).is_empty(), "{prompt}: {text}");
            tally.cut.fetch_add(1, Relaxed);
        } else {
            assert!(
                !stream || ended.as_deref() == Some("message_stop"),
                "{prompt}: {text}"
            );
            assert!(said(&answer).contains(&prompt), "{prompt}: {text}");
            tally.served.fetch_add(1, Relaxed);
            // Headers that left early, while it waited, do not tell.
            let attempts = answer.header("x-turnout-attempts").unwrap_or("0");
            tally
                .later
                .fetch_add(usize::from(!matches!(attempts, "0" | "1")), Relaxed);
        }
        sleep(Duration::from_millis(chance.u64(200..800))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_fails_while_one_provider_lives_and_all_wait_while_none_does() {
    let given = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|it| it.parse::<u64>().unwrap())
    };
    let seed = given("TURNOUT_SEED").unwrap_or_else(|| Rng::new().u64(..1 << 32));
    let length = Duration::from_secs(given("TURNOUT_STORM").unwrap_or(120));
    println!("TURNOUT_SEED={seed}");
    let mut storm = Storm::new(seed).await;
    let providers = PROVIDERS.into_iter().zip(&storm.addresses);
    // They take a while to begin an answer, so that each kill hits some that were asked already.
    let provider = |(name, address): (&str, &String)| {
        Provider::new(name, &format!("http://{address}"))
            .more(r#"headers = { "x-practice" = "text;first=150ms" }"#)
    };
    let config = Config::of(providers.map(provider).collect())
        .routing(r#"retry = { attempts = 2, base = "20ms", max = "100ms" }"#)
        .routing(r#"suspend = { enabled = true, timeout = "2m", max = 1000 }"#);
    let turnout = Turnout::start(&config).await;
    let (over, tally) = (Arc::new(AtomicBool::new(false)), Arc::new(Tally::default()));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS as u64 {
        let some = turnout.call_bytes("");
        let call = move |prompt: &str, stream: bool| {
            let body = if stream {
                streamed(prompt)
            } else {
                plain(prompt)
            };
            some.clone().body(body.to_string())
        };
        let (over, tally) = (over.clone(), tally.clone());
        let seed = seed.wrapping_mul(1000) + number;
        clients.spawn(client(call, turnout.base.clone(), over, tally, seed));
    }
    let start = Instant::now();
    for darkness in 1..=DARKNESSES {
        while start.elapsed() < length * darkness / (DARKNESSES + 1) {
            storm.rage().await;
        }
        storm.darkness(&turnout).await;
    }
    while start.elapsed() < length {
        storm.rage().await;
    }
    over.store(true, Relaxed);
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    turnout.quiet().await;
    let status = turnout.admin().status().await;
    assert_eq!(status["suspended"], 0, "{status:#}");
    println!(
        "{:?} of {CLIENTS} clients: {tally:?}; providers were killed {} times, all at once {DARKNESSES} times",
        start.elapsed(),
        storm.kills
    );
    assert!(storm.kills > 10 && tally.later.load(Relaxed) > 0);
    // The words of an answer come all at once: hardly ever is one hit between them.
    assert!(tally.cut.load(Relaxed) <= storm.kills);
}
