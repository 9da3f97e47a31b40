//! What keeping a history costs a request: two programs, alike but for their ledger, are asked the same in turns, and
//! the processor's time and the requests' times of the one are told as a share of the other's. `TURNOUTD` names the
//! program (an optimised one), `TURNOUT_ROUNDS` how many turns there are.

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
/// Clients at the same time, and requests of each in a turn.
const CLIENTS: usize = 8;
const REQUESTS: usize = 100;
/// Longer than what was told waits to be written.
const WRITTEN: Duration = Duration::from_millis(500);

/// What one turn took.
struct Turn {
    processor: Duration,
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
    let mut turns = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        // Who goes first changes, and the first round warms both up.
        let (one, other) = if round % 2 == 0 {
            (&with, &without)
        } else {
            (&without, &with)
        };
        let mut pair = (turn(one).await, turn(other).await);
        if round % 2 == 1 {
            pair = (pair.1, pair.0);
        }
        if round > 0 {
            turns.0.push(pair.0);
            turns.1.push(pair.1);
        }
    }
    let figures = (figures(turns.0), figures(turns.1));
    let requests = rounds * CLIENTS * REQUESTS;
    println!("{requests} streamed requests each, {CLIENTS} at a time\n");
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

async fn turn(turnout: &Turnout) -> Turn {
    let before = processor(turnout.pid());
    let client = Arc::new(reqwest::Client::builder().no_proxy().build().unwrap());
    let workers = (0..CLIENTS).map(|_| {
        let (client, url) = (Arc::clone(&client), format!("{}/v1/messages", turnout.base));
        tokio::spawn(async move {
            let mut times = Vec::with_capacity(REQUESTS);
            for _ in 0..REQUESTS {
                times.push(ask(&client, &url).await);
            }
            times
        })
    });
    let mut times = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        times.extend(worker.await.unwrap());
    }
    tokio::time::sleep(WRITTEN).await;
    Turn {
        processor: processor(turnout.pid()).saturating_sub(before),
        times,
    }
}

async fn ask(client: &reqwest::Client, url: &str) -> Duration {
    let body = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 64, "stream": true,
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

/// Time that a program's threads had, as Linux counts it: in hundredths of a second (proc(5), `utime` and `stime`).
fn processor(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}
