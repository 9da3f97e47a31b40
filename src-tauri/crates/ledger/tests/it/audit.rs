//! The audit log: kept beside the history, read newest first, forgotten by age.

use jiff::Timestamp;
use ledger::{AuditEntry, AuditFilter, Change};
use serde_json::json;

use crate::support::{NOON, Place, served, write};

fn entry(id: &str, at_ms: i64) -> AuditEntry {
    AuditEntry {
        id: id.to_owned(),
        at: Timestamp::from_millisecond(at_ms).unwrap(),
        actor: "command line".to_owned(),
        peer: Some("127.0.0.1".to_owned()),
        action: "provider.update".to_owned(),
        target: Some("relay".to_owned()),
        result: "done".to_owned(),
        http_status: Some(200),
        request_id: Some("req-1".to_owned()),
        tries: 1,
        error: None,
        changes: vec![Change {
            key: "providers.relay.limits.rpm".to_owned(),
            before: json!(null),
            after: json!(60),
        }],
    }
}

async fn ids(ledger: &ledger::Ledger, filter: AuditFilter) -> Vec<String> {
    let page = ledger.audit(&filter).await.unwrap();
    page.items.into_iter().map(|entry| entry.id).collect()
}

#[tokio::test]
async fn an_entry_comes_back_as_it_went_also_after_a_restart() {
    let place = Place::new();
    let ledger = place.open().await;
    let kept = entry("a", NOON);
    assert!(ledger.record_audit(&kept).await);
    // The same again, as after a commit of which nobody knows whether it came about.
    assert!(ledger.record_audit(&kept).await);
    write(&ledger, served("req-1", NOON)).await;
    ledger.close().await;
    let ledger = place.open().await;
    let page = ledger.audit(&AuditFilter::default()).await.unwrap();
    assert_eq!(page.items, [kept]);
    assert_eq!(page.next_cursor, None);
    assert!(ledger.request("req-1").await.unwrap().is_some());
    ledger.close().await;
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended_and_filters_narrow_them() {
    let place = Place::new();
    let ledger = place.open().await;
    for (id, at_ms) in [("a", 0), ("b", 1), ("c", 1), ("d", 2), ("e", 3)] {
        assert!(ledger.record_audit(&entry(id, NOON + at_ms)).await);
    }
    let mut refused = entry("f", NOON + 4);
    refused.actor = "unknown".to_owned();
    refused.error = Some("100% wrong_token".to_owned());
    assert!(ledger.record_audit(&refused).await);
    assert!(ledger.flush().await);

    let mut filter = AuditFilter {
        limit: Some(2),
        ..AuditFilter::default()
    };
    let mut seen = Vec::new();
    loop {
        let page = ledger.audit(&filter).await.unwrap();
        seen.extend(page.items.into_iter().map(|entry| entry.id));
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["f", "e", "d", "c", "b", "a"]);

    let between = AuditFilter {
        since_ms: Some(NOON + 1),
        until_ms: Some(NOON + 3),
        ..AuditFilter::default()
    };
    assert_eq!(ids(&ledger, between).await, ["d", "c", "b"]);
    for (text, found) in [
        ("UNKNOWN", 1),
        ("100% wrong_", 1),
        ("100%%", 0),
        ("limits.rpm", 6),
        ("nothing of it", 0),
    ] {
        let search = AuditFilter {
            q: Some(text.to_owned()),
            ..AuditFilter::default()
        };
        assert_eq!(ids(&ledger, search).await.len(), found, "{text}");
    }
    let stranger = AuditFilter {
        cursor: Some("zz".to_owned()),
        ..AuditFilter::default()
    };
    let told = ledger.audit(&stranger).await.unwrap_err();
    assert!(told.is_bad_request(), "{told}");
    ledger.close().await;
}

#[tokio::test]
async fn what_is_too_old_is_forgotten_and_nothing_else() {
    let place = Place::new();
    let ledger = place.open().await;
    for (id, at_ms) in [("old", NOON - 1), ("new", NOON)] {
        assert!(ledger.record_audit(&entry(id, at_ms)).await);
    }
    ledger.forget_audit(NOON).await;
    assert!(ledger.flush().await);
    assert_eq!(ids(&ledger, AuditFilter::default()).await, ["new"]);
    ledger.close().await;
}

#[tokio::test]
async fn an_entry_that_finds_no_open_ledger_is_counted_as_lost() {
    let place = Place::new();
    let ledger = place.open().await;
    let other = ledger.clone();
    ledger.close().await;
    assert!(!other.record_audit(&entry("late", NOON)).await);
    assert_eq!(other.health().lost, 1);
}
