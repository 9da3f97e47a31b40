//! How fast a long history is written and read, in each of the ledger's databases: in SQLite, and in PostgreSQL and
//! MariaDB where their programs are installed. Prints a table in Markdown each.
//!
//! `TURNOUT_ROWS` is how many requests there are, a million when not told; `TURNOUT_DATABASES` which databases are looked
//! at (`sqlite,postgres,mariadb`). What is read is read again and again, and the median counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a wrong bench is to stop

mod history;
mod memory;
mod reading;
#[allow(dead_code, reason = "the ledger's tests need more of it")]
#[path = "../../../../src-tauri/crates/ledger/tests/servers/server.rs"]
mod server;
#[path = "../../../../src-tauri/crates/ledger/tests/servers/systems.rs"]
mod systems;

use std::time::{Duration, Instant};

use history::History;
use jiff::Timestamp;
use ledger::{Ledger, Options, Place};
use server::Server;
use systems::{MARIADB, POSTGRES};

/// Events that may wait; more than are sent between two looks at whether they are written.
const QUEUE: usize = 65_536;
/// Requests that are sent before it is waited for them.
const AT_ONCE: usize = 4_000;

#[allow(clippy::print_stdout)] // the tables are what this program is for
fn main() {
    let told = |name: &str| std::env::var(name).ok();
    let rows = told("TURNOUT_ROWS").map_or(1_000_000, |rows| rows.parse().unwrap());
    let wanted = told("TURNOUT_DATABASES").unwrap_or_else(|| "sqlite,postgres,mariadb".to_owned());
    let wanted: Vec<_> = wanted.split(',').collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if wanted.contains(&"sqlite") {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.db");
        println!("## SQLite, {rows} requests\n");
        runtime.block_on(measure(Place::file(&file), rows));
        let size = file.metadata().unwrap().len();
        println!("\nThe file has {} MB.\n", size / 1_000_000);
    }
    for (name, server) in [("postgres", &POSTGRES), ("mariadb", &MARIADB)] {
        if !wanted.contains(&name) {
            continue;
        }
        let Ok((held, url)) = std::panic::catch_unwind(|| Server::database(server)) else {
            println!("## {name} is not installed\n");
            continue;
        };
        println!("## {name} on this machine, {rows} requests\n");
        runtime.block_on(measure(Place::server(&url).unwrap(), rows));
        println!();
        drop(held);
    }
}

#[allow(clippy::print_stdout)]
async fn measure(place: Place, rows: usize) {
    let options = Options {
        queue: QUEUE,
        ..Options::default()
    };
    let ledger = Ledger::open_at(place, options).await.unwrap();
    let (begun, worked) = (Instant::now(), bench::processor("self").unwrap());
    let mut history = History::new(rows);
    let until_ms = history.until_ms();
    let writer = ledger.writer();
    let mut sent = 0;
    while let Some(events) = history.next() {
        for event in events {
            writer.send(event);
        }
        sent += 1;
        if sent % AT_ONCE == 0 {
            while !ledger.flush().await {}
        }
    }
    while !ledger.flush().await {}
    assert_eq!(writer.lost(), 0, "{:?}", ledger.health());
    let took = begun.elapsed();
    let speed = rows as f64 / took.as_secs_f64();
    let worked = bench::processor("self").unwrap().saturating_sub(worked);
    let worked = worked.as_secs_f64() / rows as f64 * 1e6;
    println!("| what | median | slowest |\n|---|---|---|");
    println!(
        "| written, {speed:.0} requests a second, {worked:.0} µs of this program's processor each | {} | |",
        shown(took)
    );
    let begun = Instant::now();
    while ledger
        .sum_up(Timestamp::now().as_millisecond())
        .await
        .unwrap()
    {}
    println!("| all its hours summed | {} | |", shown(begun.elapsed()));
    reading::read(&ledger, until_ms).await;
    ledger.close().await;
}

/// A time with as many digits as tell something.
fn shown(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    match ms {
        _ if ms < 10.0 => format!("{ms:.1} ms"),
        _ if ms < 1000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.1} s", ms / 1000.0),
    }
}
