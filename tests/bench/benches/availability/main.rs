//! What failover is worth: the same faults, played in virtual time to clients that retry by themselves and to Turnout
//! with each policy. Prints a table in Markdown; `TURNOUT_SEED` plays other faults.
//!
//! Four providers over eight hours, forty people at work. Each provider breaks now and then, in every way that providers
//! do, and once all of them are gone for three minutes. Turnout's clients never retry: each error that they see counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a wrong bench is to stop

mod clients;
mod providers;
mod settings;
mod weather;

use std::{sync::Arc, time::Duration};

use clients::{Figures, Retries, Way};
use gateway::Continuation;
use providers::Providers;
use routing::{HedgeAfter, Policy};
use settings::Choice;
use weather::Weather;

const HOURS: u64 = 8;
const PEOPLE: usize = 40;

fn play(seed: u64, way: impl FnOnce(&Arc<Providers>) -> Way) -> (Figures, Arc<Providers>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        fastrand::seed(seed);
        let long = Duration::from_secs(HOURS * 3600);
        let providers = Arc::new(Providers::new(seed, Weather::new(seed, long)));
        let way = way(&providers);
        let figures = clients::work(PEOPLE, long, seed, &way, &providers).await;
        (figures, providers)
    })
}

#[allow(clippy::print_stdout)] // the table is what this program is for
fn row(name: &str, (figures, providers): (Figures, Arc<Providers>)) {
    let Figures {
        asked,
        failed,
        mut first,
        mut added,
    } = figures;
    let quantile = |times: &mut Vec<Duration>, share: f64| {
        times.sort_unstable();
        let at = ((times.len() - 1) as f64 * share) as usize;
        times[at].as_secs_f64()
    };
    let bill = providers.bill();
    println!(
        "| {name} | {:.2}% | {failed} of {asked} | {:.1} s | {:.1} s | {:.1} s | {:.1} s | {:.2}% | {:.0}% |",
        (asked - failed) as f64 * 100.0 / asked as f64,
        quantile(&mut first, 0.5),
        quantile(&mut first, 0.99),
        quantile(&mut added, 0.99),
        quantile(&mut added, 1.0),
        bill.wasted as f64 * 100.0 / bill.useful as f64,
        bill.cached as f64 * 100.0 / bill.prompts as f64,
    );
}

#[allow(clippy::print_stdout)]
fn main() {
    let seed = std::env::var("TURNOUT_SEED").map_or(1, |seed| seed.parse().unwrap());
    println!("{PEOPLE} people, {HOURS} hours, seed {seed}\n");
    println!(
        "| client | success | failures seen | first token, median | 99% | added by faults, 99% | most | extra tokens | prompt from cache |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, retries) in [
        ("an SDK, one provider (2 retries)", Retries::sdk()),
        (
            "Claude Code, one provider (10 retries)",
            Retries::claude_code(),
        ),
        ("an SDK, another provider at each retry", Retries::around()),
    ] {
        row(name, play(seed, |_| Way::Retrying(retries)));
    }
    for policy in Policy::ALL {
        let name = format!("Turnout, {}", policy.as_str());
        let choice = Choice::of(*policy);
        row(
            &name,
            play(seed, |providers| {
                settings::turnout(providers, &choice, seed)
            }),
        );
    }
    let priority = Choice::of(Policy::Priority);
    for (name, choice) in [
        (
            "Turnout, priority, hedge at p95",
            Choice {
                hedge: Some(HedgeAfter::Percentile(95)),
                ..priority.clone()
            },
        ),
        (
            "Turnout, priority, continue = restart",
            Choice {
                continuation: Continuation::Restart,
                ..priority.clone()
            },
        ),
        (
            "Turnout, round-robin, not sticky",
            Choice {
                sticky: false,
                ..Choice::of(Policy::RoundRobin)
            },
        ),
        (
            "Turnout, priority, without waiting",
            Choice {
                waits: false,
                ..priority
            },
        ),
    ] {
        row(
            name,
            play(seed, |providers| {
                settings::turnout(providers, &choice, seed)
            }),
        );
    }
}
