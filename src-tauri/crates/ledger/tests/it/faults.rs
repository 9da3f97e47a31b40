use ledger::{End, Event, Ledger, Options};
use sqlx::Connection;

use crate::bodies::said;
use crate::support::{NOON, Place, ended, found, served, started, until, write};

#[tokio::test]
async fn a_full_queue_drops_and_counts_but_keeps_room_for_ends() {
    let place = Place::new();
    let ledger = place.open_with_queue(16).await;
    let writer = ledger.writer();
    // The writer task cannot run before this test waits: both share one thread.
    for n in 0..20 {
        writer.send(Event::Started(started(&format!("r{n}"), NOON)));
    }
    assert_eq!(writer.lost(), 6); // two places of sixteen are for ends
    for n in 0..3 {
        writer.send(Event::Ended(ended(&format!("r{n}"), NOON, End::Failed)));
    }
    assert_eq!(writer.lost(), 7);
    assert_eq!(ledger.health().queued, 16);
    assert!(ledger.flush().await);
    assert_eq!((ledger.health().queued, ledger.health().lost), (0, 7));
    assert_eq!(ledger.today(0).await.unwrap().requests, 14);
    assert_eq!(ledger.today(0).await.unwrap().failures, 2);
}

#[tokio::test]
async fn a_locked_file_degrades_the_ledger_until_it_is_free_and_then_all_is_written() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, served("before", NOON)).await;
    let mut other = place.stranger().await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();

    for event in served("meanwhile", NOON) {
        ledger.writer().send(event);
    }
    until("the ledger says it is degraded", || ledger.degraded()).await;
    let told = ledger.health().last_error.unwrap();
    assert!(
        told.contains("ledger.db") && told.contains("close that program"),
        "{told}"
    );
    // Reading goes on.
    assert_eq!(found(ledger.request("before").await).status, "completed");
    assert!(ledger.request("meanwhile").await.unwrap().is_none());

    lock.rollback().await.unwrap();
    assert!(ledger.flush().await);
    assert!(!ledger.degraded());
    assert_eq!(found(ledger.request("meanwhile").await).status, "completed");
    assert_eq!(ledger.writer().lost(), 0);
}

#[tokio::test]
async fn closing_a_ledger_that_cannot_be_written_ends_and_counts_the_loss() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut other = place.stranger().await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let writer = ledger.writer();
    for event in served("r", NOON) {
        writer.send(event);
    }
    ledger.close().await;
    assert_eq!(writer.lost(), 5);
    lock.rollback().await.unwrap();
}

#[tokio::test]
async fn refused_bodies_are_dropped_alone() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut other = place.stranger().await;
    sqlx::query(
        "CREATE TRIGGER refuse BEFORE INSERT ON bodies WHEN NEW.request_id = 'bad'
         BEGIN SELECT RAISE(ABORT, 'no such guest'); END",
    )
    .execute(&mut other)
    .await
    .unwrap();
    // Nothing is taken from the queue in between, so that they are written together.
    for id in ["good", "bad", "fine"] {
        assert!(ledger.writer().keep(&said(id, NOON, 10)));
    }
    assert!(ledger.flush().await);
    assert_eq!(ledger.writer().bodies_lost(), 1);
    for (id, rows) in [("good", 3), ("bad", 0), ("fine", 3)] {
        assert_eq!(ledger.body_rows(id).await.unwrap().len(), rows, "{id}");
    }
}

#[tokio::test]
async fn a_refused_record_is_dropped_alone_and_told() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut other = place.stranger().await;
    sqlx::query(
        "CREATE TRIGGER refuse BEFORE INSERT ON requests WHEN NEW.id = 'bad'
         BEGIN SELECT RAISE(ABORT, 'no such guest'); END",
    )
    .execute(&mut other)
    .await
    .unwrap();
    write(
        &ledger,
        ["good", "bad", "fine"].map(|id| Event::Started(started(id, NOON))),
    )
    .await;
    assert_eq!(ledger.writer().lost(), 1);
    let told = ledger.health().last_error.unwrap();
    assert!(
        told.contains("request bad") && told.contains("no such guest"),
        "{told}"
    );
    assert!(!ledger.degraded());
    for id in ["good", "fine"] {
        assert_eq!(found(ledger.request(id).await).status, "pending");
    }
}

#[tokio::test]
async fn a_file_that_is_locked_at_the_start_is_waited_for() {
    let place = Place::new();
    place.open().await.close().await;
    let mut other = place.stranger().await;
    let lock = other.begin_with("BEGIN EXCLUSIVE").await.unwrap();
    let at = place.backend.at.clone();
    let ledger = Ledger::open_when_there(at, Options::default());
    let ledger = ledger.await.unwrap();
    for event in served("meanwhile", NOON) {
        ledger.writer().send(event);
    }
    until("the ledger says it is degraded", || ledger.degraded()).await;
    lock.rollback().await.unwrap();
    while !ledger.flush().await {}
    assert_eq!(found(ledger.request("meanwhile").await).status, "completed");
    assert_eq!(ledger.writer().lost(), 0);
}
