use std::sync::Arc;

use ledger::{Bodies, Body, BodyRow, Event, Ledger, Side};

use crate::support::{NOON, Place, found, served, write};

const HOUR: i64 = 3_600_000;
const ALL: u64 = u64::MAX;

fn body(attempt: u32, part: Side, text: &[u8]) -> Body {
    Body {
        row: BodyRow {
            attempt,
            part,
            bytes: text.len() as u64 + 7,
            cut: true,
            redacted: 2,
            media: 1,
            same_as: None,
        },
        method: (part == Side::Request).then(|| "POST".to_owned()),
        address: Some(format!("/v1/messages?{}", "x".repeat(1000))),
        status: (part == Side::Answer).then_some(529),
        headers: vec![
            ("accept".to_owned(), "*/*".to_owned()),
            ("x-long".to_owned(), "é".repeat(2000)),
        ],
        content_type: Some("application/json".to_owned()),
        body: text.to_vec(),
    }
}

pub(crate) fn said(id: &str, at_ms: i64, size: usize) -> Bodies {
    // No text that compresses well, so that sizes mean something.
    let mut seed = 1_u64;
    let noise = std::iter::repeat_with(|| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8
    });
    let noise: Vec<u8> = noise.take(size).collect();
    Bodies {
        id: Arc::from(id),
        at_ms,
        bodies: vec![
            body(1, Side::Answer, &noise),
            body(0, Side::Request, b"{\"a\":1}\0\xff"),
            body(1, Side::Request, b""),
        ],
    }
}

async fn keep(ledger: &Ledger, bodies: &Bodies) {
    assert!(ledger.writer().keep(bodies));
    assert!(ledger.flush().await);
}

async fn left(ledger: &Ledger, ids: &[&str]) -> Vec<usize> {
    let mut left = Vec::new();
    for id in ids {
        left.push(ledger.body_rows(id).await.unwrap().len());
    }
    left
}

async fn expire_all(ledger: &Ledger, before_ms: i64, most: u64) -> u64 {
    let mut gone = 0;
    loop {
        match ledger.expire_bodies(before_ms, most).await.unwrap() {
            0 => return gone,
            some => gone += some,
        }
    }
}

#[tokio::test]
async fn bodies_come_back_as_they_went_in_order() {
    let place = Place::new();
    let ledger = place.open().await;
    let all = said("a", NOON, 300_000);
    keep(&ledger, &all).await;
    let found = ledger.bodies("a").await.unwrap();
    let mut expected = all.bodies;
    expected.sort_by_key(|body| (body.row.attempt, body.row.part));
    assert_eq!(found, expected);
    let rows: Vec<BodyRow> = found.into_iter().map(|body| body.row).collect();
    assert_eq!(ledger.body_rows("a").await.unwrap(), rows);
    assert!(ledger.bodies("b").await.unwrap().is_empty());
    assert_eq!(ledger.writer().bodies_lost(), 0);
}

#[tokio::test]
async fn a_type_that_is_too_long_is_clipped() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut all = said("a", NOON, 10);
    for body in &mut all.bodies {
        body.content_type = Some(format!("multipart/form-data; boundary={}", "é".repeat(300)));
    }
    keep(&ledger, &all).await;
    assert_eq!(ledger.writer().bodies_lost(), 0);
    let kept = ledger.bodies("a").await.unwrap();
    let kept = kept[0].content_type.as_deref().unwrap();
    assert!(kept.starts_with("multipart/form-data"));
    assert!(kept.chars().count() <= 255, "{kept}");
}

#[tokio::test]
async fn bodies_that_are_written_again_replace_the_first() {
    let place = Place::new();
    let ledger = place.open().await;
    keep(&ledger, &said("a", NOON, 10)).await;
    keep(&ledger, &said("a", NOON, 20)).await;
    let bodies = ledger.bodies("a").await.unwrap();
    assert_eq!(bodies.len(), 3);
    assert_eq!(bodies[2].body.len(), 20);
}

#[tokio::test]
async fn bodies_that_are_too_old_go() {
    let place = Place::new();
    let ledger = place.open().await;
    for (id, hour) in [("a", 0), ("b", 1), ("c", 2)] {
        keep(&ledger, &said(id, NOON + hour * HOUR, 100)).await;
    }
    assert_eq!(expire_all(&ledger, NOON + 2 * HOUR, ALL).await, 6);
    assert_eq!(left(&ledger, &["a", "b", "c"]).await, [0, 0, 3]);
    assert_eq!(expire_all(&ledger, NOON + 2 * HOUR, ALL).await, 0);
}

#[tokio::test]
async fn the_oldest_bodies_go_first_where_all_are_too_much() {
    let place = Place::new();
    let ledger = place.open().await;
    let ids: Vec<String> = (0..100).map(|n| format!("r{n:03}")).collect();
    for (id, at) in ids.iter().zip(NOON..) {
        assert!(ledger.writer().keep(&said(id, at, 50_000)));
    }
    assert!(ledger.flush().await);
    // More than one step of expiry, and whole requests only.
    let gone = expire_all(&ledger, 0, 700_000).await;
    assert!(gone >= 3 * 80 && gone % 3 == 0, "{gone}");
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let left = left(&ledger, &ids).await;
    assert!(left.is_sorted(), "{left:?}");
    assert_eq!(left.last(), Some(&3));
    assert_eq!(expire_all(&ledger, 0, 0).await, 300 - gone);
}

#[tokio::test]
async fn with_a_request_that_goes_go_its_bodies() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, served("a", NOON)).await;
    write(&ledger, served("b", NOON + 5 * HOUR)).await;
    keep(&ledger, &said("a", NOON, 100)).await;
    keep(&ledger, &said("b", NOON, 100)).await;
    assert_eq!(ledger.prune(NOON + 2 * HOUR).await.unwrap(), Some(1));
    assert_eq!(left(&ledger, &["a", "b"]).await, [0, 3]);
}

#[tokio::test]
async fn what_does_not_fit_is_dropped_and_counted_and_rows_are_not() {
    let place = Place::new();
    let ledger = place.open_with_queue(8).await;
    let big = said("big", NOON, 20 << 20);
    // The writer is this thread's other task: nothing is taken from the queue in between.
    assert!(ledger.writer().keep(&big));
    assert!(!ledger.writer().keep(&big), "32 MiB may wait");
    for n in 0..6 {
        ledger.writer().keep(&said(&format!("s{n}"), NOON, 10));
    }
    assert!(ledger.writer().bodies_lost() >= 4);
    write(&ledger, served("a", NOON).into_iter().take(2)).await;
    assert_eq!(ledger.writer().lost(), 0);
    assert_eq!(found(ledger.request("a").await).id, "a");
    let before = ledger.writer().bodies_lost();
    keep(&ledger, &said("later", NOON, 10)).await;
    assert_eq!(ledger.writer().bodies_lost(), before);
}

#[tokio::test]
async fn a_request_tells_what_it_is_a_replay_of() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, served("a", NOON)).await;
    let mut again = served("b", NOON);
    for event in &mut again {
        if let Event::Started(started) = event {
            started.replay_of = Some("a".to_owned());
        }
    }
    write(&ledger, again).await;
    assert_eq!(found(ledger.request("a").await).replay_of, None);
    assert_eq!(
        found(ledger.request("b").await).replay_of.as_deref(),
        Some("a")
    );
}
