use crate::support::{NOON, Place};

const DAY: i64 = 24 * 3_600_000;

#[tokio::test]
async fn a_mark_is_acted_on_once_a_period_also_after_a_restart() {
    let place = Place::new();
    let ledger = place.open().await;
    assert!(ledger.remember_mark(NOON, "daily: 20").await.unwrap());
    assert!(!ledger.remember_mark(NOON, "daily: 20").await.unwrap());
    assert!(ledger.remember_mark(NOON, "daily: 30").await.unwrap());
    ledger.close().await;
    let ledger = place.open().await;
    assert!(!ledger.remember_mark(NOON, "daily: 20").await.unwrap());
    assert!(ledger.remember_mark(NOON + DAY, "daily: 20").await.unwrap());
    // Names as long as one likes.
    let long = "long ".repeat(200);
    assert!(ledger.remember_mark(NOON, &long).await.unwrap());
    assert!(!ledger.remember_mark(NOON, &long).await.unwrap());
    // What is long past is forgotten.
    assert!(
        ledger
            .remember_mark(NOON + 70 * DAY, "daily: 20")
            .await
            .unwrap()
    );
    assert!(ledger.remember_mark(NOON, "daily: 20").await.unwrap());
}
