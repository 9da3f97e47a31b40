//! What an idle `turnoutd` costs. The figures are printed; only a gross excess fails.

use tests::config::Config;
use tests::message::{plain, streamed};
use tests::program::{Memory, Practice, Turnout};

const MB: u64 = 1024 * 1024;
/// About twice of what it takes: figures of memory are measures, and differ from machine to machine.
const GROSS: u64 = 40 * MB;

#[tokio::test]
async fn an_idle_turnoutd_stays_small() {
    let practice = Practice::start("a").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    turnout.admin().status().await;
    let idle = turnout.memory();
    for _ in 0..20 {
        turnout.ask(&plain("hi")).await;
        turnout.ask(&streamed("hi")).await;
    }
    turnout.quiet().await;
    let used = turnout.memory();
    println!("turnoutd idle: {}", told(&idle));
    println!("turnoutd after 40 requests: {}", told(&used));
    // Its own memory in any build; the pages of the program file are many without optimisation.
    for memory in [&idle, &used] {
        assert!(memory.anonymous < GROSS, "{}", told(memory));
    }
    if tests::program::turnoutd().ends_with("release/turnoutd") {
        assert!(idle.resident < GROSS, "{}", told(&idle));
    }
}

fn told(memory: &Memory) -> String {
    let tenths = |bytes: u64| format!("{}.{} MB", bytes / MB, bytes % MB * 10 / MB);
    format!(
        "{} resident, of which {} its own and {} pages of files",
        tenths(memory.resident),
        tenths(memory.anonymous),
        tenths(memory.file)
    )
}
