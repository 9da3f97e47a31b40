//! The whole way of a request, from the router to the provider and back, in worlds made at random and in virtual time:
//! a hundred thousand requests, every fault, races, answers that begin anew, limits and prices, people who meddle, clients
//! who leave, and the rules that hold all the same.
//!
//! No socket is opened. `TURNOUT_SEED` repeats one world exactly; the seed of a world that fails is told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)] // helpers of tests panic as tests do, and figures are told

mod client;
mod fake;
mod judge;
mod play;
mod settings;
mod sky;
mod stories;
mod wire;
mod world;

use world::{Figures, World};

/// Worlds, and requests in each.
const WORLDS: u64 = 40;
const REQUESTS: usize = 2_500;

fn live(seed: u64, requests: usize) -> Figures {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async { World::new(seed).live(requests).await })
}

fn all(worlds: std::ops::Range<u64>) {
    let given = std::env::var("TURNOUT_SEED")
        .ok()
        .map(|seed| seed.parse().expect("TURNOUT_SEED is a number"));
    let mut sum = Figures::default();
    for seed in given.map_or(worlds, |seed| seed..seed + 1) {
        let figures = live(seed, REQUESTS);
        println!("world {seed}: {figures:?}");
        sum += figures;
    }
    println!("all worlds: {sum:?}");
    let rarest = [
        sum.served_later,
        sum.waited,
        sum.refused,
        sum.cut,
        sum.left,
        sum.restarted,
        sum.outrun,
        sum.refused_alone,
    ];
    let enough = rarest.iter().all(|number| *number >= 50);
    assert!(
        enough || given.is_some(),
        "a simulation in which too little happens tests nothing"
    );
}

/// One quarter of the worlds.
fn quarter(number: u64) {
    all(number * WORLDS / 4..(number + 1) * WORLDS / 4);
}

// Quarters, for several processors.

#[test]
fn nobody_is_blocked_whatever_happens() {
    quarter(0);
}

#[test]
fn nobody_is_blocked_in_a_second_set_of_worlds() {
    quarter(1);
}

#[test]
fn nobody_is_blocked_in_a_third_set_of_worlds() {
    quarter(2);
}

#[test]
fn nobody_is_blocked_in_a_fourth_set_of_worlds() {
    quarter(3);
}

#[test]
fn a_seed_replays_exactly() {
    assert_eq!(live(7, 600), live(7, 600));
}
