use jiff::tz::TimeZone;
use ledger::{By, Event, Filter, Ledger, Spender, UsageFilter};

use crate::support::{NOON, Place, found, served, started, write};

const HOUR: i64 = 3_600_000;

async fn sums(
    ledger: &Ledger,
    by: By,
    since_ms: Option<i64>,
) -> Vec<(Option<String>, u64, String)> {
    let filter = UsageFilter {
        by,
        since_ms,
        until_ms: None,
        zone: TimeZone::UTC,
        limit: Some(1000),
        cursor: None,
    };
    let report = ledger.usage(&filter).await.unwrap();
    let rows = report.items.into_iter().chain([report.total]);
    rows.map(|row| {
        let cost = row.totals.cost_usd.to_string();
        (row.key, row.totals.requests, cost)
    })
    .collect()
}

async fn prune_all(ledger: &Ledger, before: i64) -> u64 {
    let mut gone = 0;
    while let Some(some) = ledger.prune(before).await.unwrap() {
        gone += some;
    }
    gone
}

#[tokio::test]
async fn what_is_too_old_goes_and_its_sums_stay() {
    let place = Place::new();
    let ledger = place.open().await;
    // Every two hours for five days; one never ends.
    let all = (0..60).flat_map(|n| served(&format!("r{n:02}"), NOON + n * 2 * HOUR));
    write(&ledger, all).await;
    write(&ledger, [Event::Started(started("open", NOON))]).await;
    let kinds = [
        By::Day,
        By::Model,
        By::Provider,
        By::Key,
        By::Group,
        By::Client,
        By::Token,
    ];
    let mut before = Vec::new();
    for by in kinds {
        before.push(sums(&ledger, by, None).await);
    }
    let spent = ledger
        .spent(&Spender::default(), NOON - 12 * HOUR)
        .await
        .unwrap();

    let today = ledger.today(NOON - 12 * HOUR).await.unwrap();

    // In the middle of a day, and again, to no effect.
    let cut = NOON + 49 * HOUR;
    assert_eq!(prune_all(&ledger, cut).await, 25);
    assert_eq!(prune_all(&ledger, cut).await, 0);
    for (by, before) in kinds.into_iter().zip(before) {
        assert_eq!(sums(&ledger, by, None).await, before, "{by:?}");
    }
    let still = ledger
        .spent(&Spender::default(), NOON - 12 * HOUR)
        .await
        .unwrap();
    assert_eq!(still, spent);
    write(&ledger, [Event::Started(started("new", NOON))]).await; // or it would be remembered
    let now = ledger.today(NOON - 12 * HOUR).await.unwrap();
    assert_eq!(now.requests, today.requests + 1);
    assert_eq!((now.tokens, now.cost_usd), (today.tokens, today.cost_usd));
    let by_provider = Spender {
        provider: Some("provider-1".into()),
        ..Spender::default()
    };
    assert_eq!(ledger.spent(&by_provider, 0).await.unwrap(), spent);
    let all = Filter {
        limit: Some(1000),
        ..Filter::default()
    };
    assert_eq!(ledger.requests(&all).await.unwrap().items.len(), 37);
    assert!(ledger.request("r00").await.unwrap().is_none());
    assert_eq!(found(ledger.request("open").await).status, "pending");
    assert_eq!(found(ledger.request("r25").await).attempts.len(), 1);

    // What is left goes too, into days that are there already.
    assert_eq!(prune_all(&ledger, NOON + 1000 * HOUR).await, 35);
    let days = sums(&ledger, By::Day, None).await;
    assert_eq!(days.last().unwrap().1, 62, "those that are open too");
}

#[tokio::test]
async fn a_busy_hour_goes_in_parts() {
    let place = Place::new();
    let ledger = place.open().await;
    for part in 0..21 {
        let some = (0..100).flat_map(|n| {
            let n = part * 100 + n;
            served(&format!("r{n:04}"), NOON + n)
        });
        write(&ledger, some).await;
    }
    let before = sums(&ledger, By::Model, None).await;
    let cut = NOON + HOUR;
    assert_eq!(ledger.prune(cut).await.unwrap(), Some(2000));
    assert_eq!(sums(&ledger, By::Model, None).await, before);
    assert_eq!(ledger.prune(cut).await.unwrap(), Some(100));
    assert_eq!(ledger.prune(cut).await.unwrap(), None);
    assert_eq!(sums(&ledger, By::Model, None).await, before);
}

#[tokio::test]
async fn what_nobody_ends_any_more_is_closed_after_a_time() {
    let place = Place::new();
    let ledger = place.open().await;
    for (id, at) in [("old", NOON), ("new", NOON + 25 * HOUR)] {
        write(&ledger, [Event::Started(started(id, at))]).await;
    }
    assert_eq!(ledger.close_lost(NOON + HOUR).await.unwrap(), 1);
    assert_eq!(ledger.close_lost(NOON + HOUR).await.unwrap(), 0);
    assert_eq!(found(ledger.request("old").await).status, "failed");
    assert_eq!(found(ledger.request("new").await).status, "pending");
    assert_eq!(prune_all(&ledger, NOON + HOUR).await, 1);
}
