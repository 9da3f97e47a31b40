//! What a history is asked for, and how long each answer takes.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ledger::{By, Filter, Format, Ledger, Spender, UsageFilter};

use crate::history::{GROUPS, RARE};
use crate::{memory, shown};

const DAY_MS: i64 = 24 * 3_600_000;
/// How often each question is asked.
const TIMES: usize = 9;

/// Asks everything and prints how long it took.
pub(crate) async fn read(ledger: &Ledger, until_ms: i64) {
    let cursor = far_cursor(ledger).await;
    let first = ledger.requests(&Filter::default()).await.unwrap();
    let id = first.items[25].id.as_str();
    let far = Filter {
        cursor,
        ..Filter::default()
    };
    let day = Filter {
        since_ms: Some(until_ms - 15 * DAY_MS),
        until_ms: Some(until_ms - 14 * DAY_MS),
        ..Filter::default()
    };
    let pages = [
        ("first page", Filter::default()),
        ("page 1000", far),
        ("a day in the middle", day),
    ];
    for (name, filter) in pages.into_iter().chain(filters()).chain(searches(id)) {
        timed(name, async || {
            ledger.requests(&filter).await.unwrap();
        })
        .await;
    }
    timed("one request with its attempts and events", async || {
        assert!(ledger.request(id).await.unwrap().is_some());
    })
    .await;
    usage(ledger, until_ms).await;
    export(ledger, until_ms).await;
}

/// Filters by one column, and by several.
fn filters() -> Vec<(&'static str, Filter)> {
    let by = |model: &str, provider: &str, client: &str, group: &str, status: &str| {
        let some = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        Filter {
            model: some(model),
            provider: some(provider),
            client: some(client),
            group: some(group),
            status: some(status),
            ..Filter::default()
        }
    };
    let some = |value: &str| Some(value.to_owned());
    let token = |token, provider: Option<&str>| Filter {
        token: some(token),
        provider: provider.and_then(some),
        ..Filter::default()
    };
    let failed_at = |at, provider: Option<&str>| Filter {
        failed_provider: some(at),
        provider: provider.and_then(some),
        ..Filter::default()
    };
    let never = by("claude-sonnet-4-5", "ollama", "", "", "");
    let nowhere = by("", "anthropic", "claude-code", "", "pending");
    vec![
        ("model", by("glm-4.6", "", "", "", "")),
        ("provider", by("", "anthropic", "", "", "")),
        ("failed", by("", "", "", "", "failed")),
        ("provider, failed", by("", "anthropic", "", "", "failed")),
        ("client, group", by("", "", "claude-code", GROUPS[3], "")),
        (
            "model, provider",
            by("grok-4-fast", "openrouter", "", "", ""),
        ),
        (
            "model, provider, failed",
            by("claude-opus-4-5", "openai", "", "", "failed"),
        ),
        ("model, provider that never met", never),
        ("client, provider, status that never met", nowhere),
        ("token", token("person-7", None)),
        ("token, provider", token("person-7", Some("anthropic"))),
        ("failed at a provider", failed_at("openai", None)),
        (
            "failed at a provider, answered by another",
            failed_at("openai", Some("anthropic")),
        ),
    ]
}

/// Searches for a text.
fn searches(id: &str) -> Vec<(&'static str, Filter)> {
    let q = |text: &str| Filter {
        q: Some(text.to_owned()),
        ..Filter::default()
    };
    let narrow = Filter {
        client: Some("codex".to_owned()),
        status: Some("failed".to_owned()),
        ..q("gpt")
    };
    vec![
        ("q common: a model", q("claude")),
        ("q common: an error", q("overloaded")),
        ("q rare: an error", q(RARE)),
        ("q: an id", q(id)),
        ("q: beginning of an id", q(&id[..8])),
        ("q none", q("zzz nothing of that kind")),
        ("q common, client, failed", narrow),
    ]
}

/// Where page 1000 of fifty begins.
async fn far_cursor(ledger: &Ledger) -> Option<String> {
    let mut filter = Filter {
        limit: Some(999),
        ..Filter::default()
    };
    for _ in 0..50 {
        let Some(next) = ledger.requests(&filter).await.unwrap().next_cursor else {
            break;
        };
        filter.cursor = Some(next);
    }
    filter.cursor
}

async fn usage(ledger: &Ledger, until_ms: i64) {
    for (range, since_ms) in [("all", None), ("a day", Some(until_ms - DAY_MS))] {
        for (word, by) in [
            ("day", By::Day),
            ("model", By::Model),
            ("provider", By::Provider),
        ] {
            let filter = UsageFilter {
                by,
                since_ms,
                until_ms: None,
                zone: TimeZone::UTC,
                limit: None,
                cursor: None,
            };
            timed(&format!("usage by {word}, {range}"), async || {
                assert!(ledger.usage(&filter).await.unwrap().total.totals.requests > 0);
            })
            .await;
        }
    }
    let spender = Spender {
        provider: Some("anthropic".to_owned()),
        ..Spender::default()
    };
    timed("spent at a provider in a month", async || {
        ledger
            .spent(&spender, until_ms - 30 * DAY_MS)
            .await
            .unwrap();
    })
    .await;
}

#[allow(clippy::print_stdout)]
async fn export(ledger: &Ledger, until_ms: i64) {
    let is_told = memory::forget_most();
    let before = memory::resident().map_or(0, |(_, now)| now);
    let begun = Instant::now();
    let mut bytes = 0;
    let mut export = ledger
        .export(
            Format::Jsonl,
            Filter {
                until_ms: Some(until_ms),
                ..Filter::default()
            },
        )
        .unwrap();
    while let Some(piece) = export.next().await.unwrap() {
        bytes += piece.len();
    }
    let took = shown(begun.elapsed());
    let more = memory::resident().filter(|_| is_told);
    let more = more.map_or_else(String::new, |(most, _)| {
        format!(
            ", {:.1} MB more memory than before it",
            most.saturating_sub(before) as f64 / 1000.0
        )
    });
    println!(
        "| export of everything, {} MB{more} | {took} | |",
        bytes / 1_000_000
    );
}

#[allow(clippy::print_stdout)]
async fn timed(name: &str, ask: impl AsyncFn()) {
    ask().await; // what is asked first may have to be read from the disk
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let begun = Instant::now();
        ask().await;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let slowest = times.last().copied().unwrap_or(Duration::ZERO);
    println!(
        "| {name} | {} | {} |",
        shown(times[TIMES / 2]),
        shown(slowest)
    );
}
