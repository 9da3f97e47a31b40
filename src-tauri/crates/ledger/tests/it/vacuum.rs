use ledger::{Event, Ledger};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection as _, SqlSafeStr as _};

use crate::support::{NOON, Place, served, write};

const HOUR: i64 = 3_600_000;

/// Some megabytes of requests, which go again.
async fn fill_and_prune(ledger: &Ledger) {
    for n in 0..20 {
        let many = (0..20).flat_map(|m| {
            let mut events = served(&format!("r{n}-{m}"), NOON);
            if let Event::Started(begun) = &mut events[0] {
                begun.path = format!("/v1/{}", "x".repeat(10_000));
            }
            events
        });
        write(ledger, many).await;
    }
    assert_eq!(ledger.prune(NOON + HOUR).await.unwrap(), Some(400));
}

#[tokio::test]
async fn a_file_gets_smaller_step_by_step_when_much_was_deleted() {
    let place = Place::new();
    let size = || std::fs::metadata(&place.path).unwrap().len();
    let ledger = place.open().await;
    fill_and_prune(&ledger).await;
    ledger.close().await;
    let full = size();
    assert!(full > 4_000_000, "{full}");
    let ledger = place.open().await;
    let mut steps = 1;
    while ledger.shrink().await.unwrap() {
        steps += 1;
    }
    assert!((2..20).contains(&steps), "{steps} steps");
    assert!(!ledger.shrink().await.unwrap(), "the rest is kept");
    ledger.close().await;
    assert!(size() < full / 2, "{} of {full}", size());
}

#[tokio::test]
async fn an_older_file_gets_smaller_as_a_whole_and_by_steps_from_then_on() {
    let place = Place::new();
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    let sql = include_str!("../../migrations/0001_requests_and_attempts.sql").into_sql_str();
    let name = "requests and attempts".into();
    let first = Migration::new(1, name, MigrationType::Simple, sql, false);
    let mut old = place.stranger().await;
    let old_schema = Migrator::with_migrations(vec![first]);
    old_schema.run(&mut old).await.unwrap();
    old.close().await.unwrap();

    let ledger = place.open().await;
    fill_and_prune(&ledger).await;
    assert!(!ledger.shrink().await.unwrap(), "it cannot");
    let vacuumed = ledger.vacuum().await.unwrap();
    assert!(vacuumed.bytes_before > 4_000_000, "{vacuumed:?}");
    assert!(vacuumed.bytes_after < 1_000_000, "{vacuumed:?}");
    let now = std::fs::metadata(&place.path).unwrap().len();
    assert_eq!(now, vacuumed.bytes_after);
    fill_and_prune(&ledger).await;
    assert!(ledger.shrink().await.unwrap(), "now it can");
    assert_eq!(ledger.writer().lost(), 0);
}
