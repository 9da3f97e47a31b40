use ledger::{Event, Filter, Format, Ledger};
use serde_json::Value;

use crate::support::{NOON, Place, attempt, served, started, write};

async fn export(ledger: &Ledger, format: Format, since: Option<i64>, until: i64) -> String {
    let filter = Filter {
        since_ms: since,
        until_ms: Some(until),
        ..Filter::default()
    };
    chosen(ledger, format, filter).await
}

pub(crate) async fn chosen(ledger: &Ledger, format: Format, filter: Filter) -> String {
    let mut export = ledger.export(format, filter).unwrap();
    let mut text = String::new();
    while let Some(piece) = export.next().await.unwrap() {
        text.push_str(&piece);
    }
    text
}

async fn filled(place: &Place, requests: i64) -> Ledger {
    let ledger = place.open().await;
    // Three in each millisecond, so that pieces cut through them.
    write(
        &ledger,
        (0..requests).flat_map(|n| served(&format!("r{n:04}"), NOON + n / 3)),
    )
    .await;
    ledger
}

#[tokio::test]
async fn every_request_is_exported_once_oldest_first_with_its_attempts() {
    let place = Place::new();
    let ledger = filled(&place, 1203).await;
    let lines = export(&ledger, Format::Jsonl, None, i64::MAX).await;
    let rows: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ids: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    let all: Vec<_> = (0..1203).map(|n| format!("r{n:04}")).collect();
    assert_eq!(ids, all);
    assert_eq!(rows[0]["attempts"][0]["provider"], "provider-1");
    assert_eq!(rows[0]["cost_usd"], "0.0096");
    let whole = export(&ledger, Format::Json, None, i64::MAX).await;
    assert_eq!(serde_json::from_str::<Vec<Value>>(&whole).unwrap(), rows);
    let some = export(&ledger, Format::Jsonl, Some(NOON + 10), NOON + 20).await;
    assert_eq!(some.lines().count(), 30);
}

#[tokio::test]
async fn csv_quotes_what_needs_it_and_sums_to_the_same() {
    let place = Place::new();
    let ledger = filled(&place, 7).await;
    let mut odd = started("odd", NOON + 50);
    odd.client = Some("a \"b\", c\r\nd".to_owned());
    let sent = attempt("odd", 1, NOON + 50);
    write(&ledger, [Event::Started(odd), Event::AttemptStarted(sent)]).await;
    let mut formula = started("formula", NOON + 51);
    formula.client = Some("=cmd|' /C calc'!A0".to_owned());
    write(&ledger, [Event::Started(formula)]).await;
    let csv = export(&ledger, Format::Csv, None, i64::MAX).await;
    let (heading, rest) = csv.split_once("\r\n").unwrap();
    let columns: Vec<_> = heading.split(',').collect();
    let output = columns
        .iter()
        .position(|name| *name == "output_tokens")
        .unwrap();
    let served = rest.split("\r\n").filter(|line| line.starts_with('r'));
    let tokens = served.map(|line| line.split(',').nth(output).unwrap().parse::<u64>().unwrap());
    assert_eq!(tokens.sum::<u64>(), 7 * 200);
    assert!(rest.contains(",\"a \"\"b\"\", c\r\nd\","), "{rest}");
    assert!(rest.contains(",'=cmd|' /C calc'!A0,"), "{rest}");
    for name in ["source", "replay_of", "mark"] {
        assert!(columns.contains(&name), "{heading}");
    }
}

#[tokio::test]
async fn nothing_is_exported_as_nothing() {
    let place = Place::new();
    let ledger = place.open().await;
    assert_eq!(export(&ledger, Format::Jsonl, None, i64::MAX).await, "");
    let json = export(&ledger, Format::Json, None, i64::MAX).await;
    assert_eq!(
        serde_json::from_str::<Vec<Value>>(&json).unwrap(),
        [] as [Value; 0]
    );
    let csv = export(&ledger, Format::Csv, None, i64::MAX).await;
    assert_eq!(csv.lines().count(), 1);
}
