//! Crashes and disk trouble that only a process of its own can have.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use ledger::{Event, Ledger};

use crate::support::{NOON, Place, found, served, started, until};

const PLACE: &str = "LEDGER_TEST_FILE";

/// This test binary once more, running one ignored test as the program that suffers.
fn victim(place: &Place, name: &str, wrap: Option<&str>) -> Child {
    let me = std::env::current_exe().unwrap();
    let mut command = match wrap {
        Some(script) => {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]).arg("sh").arg(me);
            shell
        }
        None => Command::new(me),
    };
    command
        .args(["--ignored", "--exact", name, "--nocapture"])
        .env(PLACE, &place.path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Lines that the victim prints; the test harness prints some of its own.
fn wait_for(lines: &mut impl BufRead, word: &str) {
    let mut line = String::new();
    while !line.contains(word) {
        line.clear();
        assert_ne!(
            lines.read_line(&mut line).unwrap(),
            0,
            "the victim ended before it said {word}"
        );
    }
}

#[tokio::test]
#[ignore = "started by a_kill_loses_nothing_that_was_committed"]
async fn victim_of_a_kill() {
    let ledger = Ledger::open(std::env::var(PLACE).unwrap().as_ref())
        .await
        .unwrap();
    let mut commits = ledger.commits();
    let (done, open) = ("done", "open");
    for event in served(done, NOON) {
        ledger.writer().send(event);
    }
    ledger.writer().send(Event::Started(started(open, NOON)));
    while !commits.recv().await.unwrap().iter().any(|id| &**id == open) {}
    println!("committed");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_committed() {
    let place = Place::new();
    let mut victim = victim(&place, "kill::victim_of_a_kill", None);
    wait_for(
        &mut BufReader::new(victim.stdout.take().unwrap()),
        "committed",
    );
    victim.kill().unwrap();
    victim.wait().unwrap();

    let ledger = place.open().await;
    assert_eq!(ledger.opened().orphans, 1);
    assert_eq!(found(ledger.request("done").await).status, "completed");
    assert_eq!(found(ledger.request("open").await).status, "failed");
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "started by a_disk_that_takes_no_more_is_survived_and_caught_up_with"]
async fn victim_of_a_full_disk() {
    let ledger = Ledger::open(std::env::var(PLACE).unwrap().as_ref())
        .await
        .unwrap();
    let mut sent = 0;
    let writer = ledger.writer();
    while !ledger.degraded() {
        for event in served(&format!("r{sent}"), NOON) {
            writer.send(event);
        }
        sent += 1;
        tokio::task::yield_now().await;
        until("the queue has room", || {
            ledger.degraded() || ledger.health().queued < 1000
        })
        .await;
    }
    println!("degraded {sent}");
    until("the ledger is healed", || !ledger.degraded()).await;
    ledger.close().await;
    assert_eq!(writer.lost(), 0);
    println!("healed");
}

/// A limit on file sizes stands for the full disk; the kernel refuses the write in the same place.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_takes_no_more_is_survived_and_caught_up_with() {
    let place = Place::new();
    // 512-byte blocks: 1 MiB, so that the schema fits; the signal that comes with the refusal is ignored.
    let limited = "trap '' XFSZ; ulimit -S -f 2048; exec \"$@\"";
    let mut victim = victim(&place, "kill::victim_of_a_full_disk", Some(limited));
    let mut lines = BufReader::new(victim.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("degraded ") {
        line.clear();
        assert_ne!(
            lines.read_line(&mut line).unwrap(),
            0,
            "the victim never degraded"
        );
    }
    let sent: u64 = line.split_whitespace().last().unwrap().parse().unwrap();
    let freed = Command::new("prlimit")
        .args([&format!("--pid={}", victim.id()), "--fsize=unlimited"])
        .status()
        .unwrap();
    assert!(freed.success());
    wait_for(&mut lines, "healed");
    assert!(victim.wait().unwrap().success());

    let ledger = place.open().await;
    assert_eq!(ledger.opened().orphans, 0);
    let totals = ledger.today(0).await.unwrap();
    assert_eq!(
        (totals.requests, totals.tokens.output_tokens),
        (sent, sent * 200)
    );
}
