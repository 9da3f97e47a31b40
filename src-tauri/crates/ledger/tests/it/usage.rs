use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use ledger::{By, Event, Ledger, UsageFilter, UsageReport, UsageRow};

use crate::support::{NOON, Place, attempt, attempt_ended, served, started, write};

const HOUR: i64 = 3_600_000;

fn by(by: By) -> UsageFilter {
    UsageFilter {
        by,
        since_ms: None,
        until_ms: None,
        zone: TimeZone::UTC,
        limit: None,
        cursor: None,
    }
}

async fn ask(ledger: &Ledger, filter: UsageFilter) -> UsageReport {
    ledger.usage(&filter).await.unwrap()
}

fn keys(report: &UsageReport) -> Vec<&str> {
    let items = report.items.iter();
    items.map(|row| row.key.as_deref().unwrap_or("?")).collect()
}

/// Served at once by one provider, or after another one failed; every fifth is not priced.
fn request(n: i64) -> Vec<Event> {
    let id = format!("r{n}");
    let mut events = served(&id, NOON + n * HOUR / 4);
    if let Event::Started(begun) = &mut events[0] {
        begun.session = Some(format!("s-{}", n % 7));
    }
    if n % 3 == 0 {
        let mut failed = attempt_ended(&id, 2, NOON + n * HOUR / 4 + 20);
        failed.verdict = "next-provider".into();
        failed.usage = failed
            .usage
            .map(|usage| ledger::Usage { output: 0, ..usage });
        events.insert(
            1,
            Event::AttemptStarted(attempt(&id, 2, NOON + n * HOUR / 4)),
        );
        events.insert(2, Event::AttemptEnded(failed));
    }
    if n % 5 == 0
        && let Some(Event::AttemptStarted(sent)) = events.iter_mut().rev().nth(3)
    {
        sent.price = None;
    }
    events
}

#[tokio::test]
async fn sums_by_anything_agree_with_the_requests_and_with_each_other() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, (0..60).flat_map(request)).await;
    let all = ledger::Filter {
        limit: Some(1000),
        ..ledger::Filter::default()
    };
    let rows = ledger.requests(&all).await.unwrap().items;
    assert_eq!(rows.len(), 60);
    let input: u64 = rows.iter().map(|row| row.tokens.input_tokens).sum();
    let today = ledger.today(0).await.unwrap();
    for way in [
        By::Hour,
        By::Day,
        By::Model,
        By::Provider,
        By::Key,
        By::Group,
        By::Client,
        By::Session,
        By::Token,
    ] {
        let report = ask(&ledger, by(way)).await;
        assert_eq!(report.total.totals, today, "{way:?}");
        let sum = |of: fn(&UsageRow) -> u64| report.items.iter().map(of).sum::<u64>();
        assert_eq!(sum(|row| row.totals.tokens.input_tokens), input, "{way:?}");
        assert_eq!(sum(|row| row.totals.tokens.output_tokens), 60 * 200);
        let spent = report.items.iter().map(|row| row.totals.cost_usd);
        assert_eq!(spent.sum::<ledger::Usd>(), today.cost_usd, "{way:?}");
    }
    let providers = ask(&ledger, by(By::Provider)).await;
    let counted: BTreeMap<_, _> = providers
        .items
        .iter()
        .map(|row| {
            (
                row.key.clone().unwrap(),
                (row.totals.requests, row.totals.failures),
            )
        })
        .collect();
    assert_eq!(counted["provider-1"], (60, 0));
    assert_eq!(
        counted["provider-2"],
        (20, 20),
        "failures are the provider's own"
    );
    assert_eq!(keys(&ask(&ledger, by(By::Session)).await).len(), 7);
}

#[tokio::test]
async fn days_and_hours_begin_where_the_zone_has_them() {
    let place = Place::new();
    let ledger = place.open().await;
    // In Berlin the clocks go back on 25 October 2026 at 01:00 UTC, and that day has 25 hours.
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    for (id, time) in [
        ("summer", "2026-10-24T21:59:59Z"),
        ("first", "2026-10-24T22:00:00Z"),
        ("twice-a", "2026-10-25T00:30:00Z"),
        ("twice-b", "2026-10-25T01:30:00Z"),
        ("last", "2026-10-25T22:59:59Z"),
        ("winter", "2026-10-25T23:00:00Z"),
    ] {
        write(&ledger, [Event::Started(started(id, at(time)))]).await;
    }
    let mut filter = by(By::Day);
    filter.zone = zone.clone();
    let report = ask(&ledger, filter.clone()).await;
    let days = [
        "2026-10-23T22:00:00Z",
        "2026-10-24T22:00:00Z",
        "2026-10-25T23:00:00Z",
    ];
    assert_eq!(keys(&report), days);
    let counts: Vec<_> = report.items.iter().map(|row| row.totals.requests).collect();
    assert_eq!(counts, [1, 4, 1]);
    filter.by = By::Hour;
    filter.since_ms = Some(at("2026-10-25T00:00:00Z"));
    filter.until_ms = Some(at("2026-10-25T03:00:00Z"));
    let hours = ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"];
    assert_eq!(
        keys(&ask(&ledger, filter).await),
        hours,
        "the same hour twice"
    );
    // Half an hour off, and west of Greenwich.
    for (zone, day) in [
        ("Asia/Kolkata", "2026-10-24T18:30:00Z"),
        ("America/New_York", "2026-10-24T04:00:00Z"),
    ] {
        let mut filter = by(By::Day);
        filter.zone = TimeZone::get(zone).unwrap();
        filter.since_ms = Some(at("2026-10-24T22:00:00Z"));
        assert_eq!(keys(&ask(&ledger, filter).await)[0], day, "{zone}");
    }
}

#[tokio::test]
async fn times_are_told_as_percentiles_and_pages_go_by_cost() {
    let place = Place::new();
    let ledger = place.open().await;
    for n in 1..=100_u64 {
        let id = format!("r{n}");
        let mut events = served(&id, NOON + n as i64);
        if let Event::Started(begun) = &mut events[0] {
            begun.client = Some(format!("c{}", n % 3));
        }
        if let Some(Event::Ended(end)) = events.last_mut() {
            end.duration_ms = n * 1000;
        }
        write(&ledger, events).await;
    }
    let mut filter = by(By::Client);
    filter.limit = Some(2);
    let first = ask(&ledger, filter.clone()).await;
    assert_eq!(keys(&first), ["c1", "c0"], "34, 33 and 33 requests");
    let p = first.total.duration_ms;
    assert!((49_500..50_500).contains(&p.p50.unwrap()), "{p:?}");
    assert!((94_000..96_000).contains(&p.p95.unwrap()), "{p:?}");
    let p = first.total.ttft_ms.p50.unwrap();
    assert!((495..505).contains(&p), "{p}");
    filter.cursor = first.next_cursor;
    let second = ask(&ledger, filter.clone()).await;
    assert_eq!((keys(&second), &second.next_cursor), (vec!["c2"], &None));
    filter.cursor = Some("x".into());
    assert!(ledger.usage(&filter).await.unwrap_err().is_bad_request());
    let nothing = UsageFilter {
        since_ms: Some(NOON * 2),
        ..by(By::Model)
    };
    let nothing = ask(&ledger, nothing).await;
    assert_eq!((nothing.items.len(), nothing.total.totals.requests), (0, 0));
    assert_eq!(nothing.total.duration_ms.p50, None);
}
