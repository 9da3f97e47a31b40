//! What keeping a history costs a request: two programs, alike but for their ledger, are asked the same in turns, and
//! the processor's time and the requests' times of the one are told as a share of the other's. Once as clients work,
//! with answers that stream for seconds, once with short answers at a pace that leaves the processor room, and once as
//! fast as they come, where all that either does takes time from the requests. `TURNOUTD` names the program (an optimised one), `TURNOUT_ROUNDS` how many turns there are.

#![allow(clippy::unwrap_used)] // a wrong bench is to stop

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tests::{
    config::{CLIENT, Config},
    program::{Practice, Turnout},
};

const ROUNDS: usize = 20;

/// What is asked in a turn.
struct Load {
    name: &'static str,
    /// A model of the practice provider, which tells how it answers.
    model: &'static str,
    /// Clients at the same time, and requests of each.
    clients: usize,
    requests: usize,
    /// How long each client waits before its next request.
    pause: Duration,
    /// Every so many of the rounds are done.
    share: usize,
}

const LOADS: [Load; 3] = [
    Load {
        name: "answers of 100 events, one in 20 ms",
        model: "practice-text;first=200ms;deltas=100;gap=20ms",
        clients: 100,
        requests: 2,
        pause: Duration::ZERO,
        share: 4,
    },
    Load {
        name: "short answers, about a hundred a second",
        model: "claude-sonnet-4-5",
        clients: 8,
        requests: 50,
        pause: Duration::from_millis(80),
        share: 2,
    },
    Load {
        name: "short answers, as fast as they come",
        model: "claude-sonnet-4-5",
        clients: 8,
        requests: 100,
        pause: Duration::ZERO,
        share: 1,
    },
];

/// Longer than what was told waits to be written.
const WRITTEN: Duration = Duration::from_millis(500);

/// What one turn took.
struct Turn {
    processor: Duration,
    /// From the first request to the last answer.
    took: Duration,
    times: Vec<Duration>,
}

#[tokio::main]
#[allow(clippy::print_stdout)] // the table is what this program is for
async fn main() {
    // Fails only when one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let practice = Practice::start("practice").await;
    let config = || Config::chain([("practice", practice.base.clone())]);
    let with = Turnout::start(&config()).await;
    let without = Turnout::start(&config().more("[ledger]\nurl = \"none\"\n")).await;
    let rounds = std::env::var("TURNOUT_ROUNDS").map_or(ROUNDS, |text| text.parse().unwrap());
    let mut asked = 0;
    for load in &LOADS {
        let rounds = (rounds / load.share).max(1);
        let figures = compare(&with, &without, load, rounds).await;
        let requests = rounds * load.clients * load.requests;
        asked += requests + load.clients * load.requests; // with the round that warms up
        println!(
            "{}: {requests} requests each, {} at a time\n",
            load.name, load.clients
        );
        println!("| | with a ledger | without | ratio |\n|---|---|---|---|");
        let names = ["processor, a request", "half of them within", "99 % within"];
        for (name, (with, without)) in names.iter().zip(figures.0.iter().zip(figures.1)) {
            let micros = |time: Duration| time.as_secs_f64() * 1e6;
            let ratio = micros(*with) / micros(without);
            println!(
                "| {name} | {:.0} µs | {:.0} µs | {ratio:.3} |",
                micros(*with),
                micros(without)
            );
        }
        println!(
            "\n{:.0} requests a second were answered with a ledger, {:.0} without.\n",
            figures.2, figures.3
        );
    }
    let status = with.admin().status().await;
    println!(
        "{} of {asked} requests stand in the history.",
        status["today"]["requests"]
    );
}

/// Asks both in turns; the first round warms them up and does not count.
async fn compare(
    with: &Turnout,
    without: &Turnout,
    load: &'static Load,
    rounds: usize,
) -> ([Duration; 3], [Duration; 3], f64, f64) {
    let mut turns = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        // Who goes first changes.
        let pair = if round % 2 == 0 {
            let first = turn(with, load).await;
            (first, turn(without, load).await)
        } else {
            let first = turn(without, load).await;
            (turn(with, load).await, first)
        };
        if round > 0 {
            turns.0.push(pair.0);
            turns.1.push(pair.1);
        }
    }
    let speeds = (speed(&turns.0), speed(&turns.1));
    (figures(turns.0), figures(turns.1), speeds.0, speeds.1)
}

/// Requests a second.
fn speed(turns: &[Turn]) -> f64 {
    let took: Duration = turns.iter().map(|turn| turn.took).sum();
    let requests: usize = turns.iter().map(|turn| turn.times.len()).sum();
    requests as f64 / took.as_secs_f64()
}

/// Processor's time of a request, and the median and the 99th percentile of the requests' times.
fn figures(turns: Vec<Turn>) -> [Duration; 3] {
    let processor: Duration = turns.iter().map(|turn| turn.processor).sum();
    let mut times: Vec<_> = turns.into_iter().flat_map(|turn| turn.times).collect();
    times.sort_unstable();
    let share = |hundredths: usize| times[(times.len() - 1) * hundredths / 100];
    let requests = u32::try_from(times.len()).unwrap();
    [processor / requests, share(50), share(99)]
}

async fn turn(turnout: &Turnout, load: &'static Load) -> Turn {
    let before = bench::processor(&turnout.pid().to_string()).unwrap();
    let client = Arc::new(reqwest::Client::builder().no_proxy().build().unwrap());
    let began = Instant::now();
    let workers = (0..load.clients).map(|_| {
        let (client, url) = (Arc::clone(&client), format!("{}/v1/messages", turnout.base));
        tokio::spawn(async move {
            let mut times = Vec::with_capacity(load.requests);
            for _ in 0..load.requests {
                times.push(ask(&client, &url, load.model).await);
                if !load.pause.is_zero() {
                    tokio::time::sleep(load.pause).await;
                }
            }
            times
        })
    });
    let mut times = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        times.extend(worker.await.unwrap());
    }
    let took = began.elapsed();
    tokio::time::sleep(WRITTEN).await;
    Turn {
        took,
        processor: bench::processor(&turnout.pid().to_string())
            .unwrap()
            .saturating_sub(before),
        times,
    }
}

async fn ask(client: &reqwest::Client, url: &str, model: &str) -> Duration {
    let body = json!({
        "model": model, "max_tokens": 64, "stream": true,
        "messages": [{ "role": "user", "content": "Say something." }],
    });
    let request = client.post(url).header("x-api-key", CLIENT);
    let request = request.header("anthropic-version", "2023-06-01");
    let began = Instant::now();
    let answer = request.body(body.to_string()).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    let text = answer.text().await.unwrap();
    let took = began.elapsed();
    assert!(text.contains("message_stop"), "{text}");
    took
}
