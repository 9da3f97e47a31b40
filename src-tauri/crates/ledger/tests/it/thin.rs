//! What is kept beside the rows, as another program finds it in the file.

use ledger::{End, Event, Filter};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection, SqlSafeStr};

use crate::support::{NOON, Place, attempt_ended, ended, found, served, started, write};

async fn rows(place: &Place, table: &str) -> i64 {
    let mut stranger = place.stranger().await;
    let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    sqlx::query_scalar(count)
        .fetch_one(&mut stranger)
        .await
        .unwrap()
}

/// A request that failed, of which all is told that can be.
fn failed(id: &str, at_ms: i64) -> Vec<Event> {
    let mut events = served(id, at_ms);
    let mut refused = attempt_ended(id, 1, at_ms + 1500);
    refused.error = Some(format!("{id} was refused"));
    refused.verdict = "next-provider".into();
    let mut end = ended(id, at_ms + 1500, End::Failed);
    end.error = Some(format!("{id} failed"));
    events[3] = Event::AttemptEnded(refused);
    events[4] = Event::Ended(end);
    events.push(Event::Routed(ledger::Routed {
        id: id.into(),
        at_ms,
        explain: Some(r#"{"rule":"a"}"#.to_owned()),
        switch_cost: None,
    }));
    events
}

#[tokio::test]
async fn a_price_is_written_once_and_a_request_costs_one_event_and_its_errors() {
    let place = Place::new();
    let ledger = place.open().await;
    for n in 0..3 {
        write(&ledger, failed(&format!("r{n}"), NOON)).await;
        write(&ledger, failed(&format!("r{n}"), NOON)).await;
    }
    assert_eq!(
        rows(&place, "prices").await,
        2,
        "what it would cost, and what it did"
    );
    assert_eq!(rows(&place, "events").await, 3);
    assert_eq!(rows(&place, "failures").await, 6);
}

#[tokio::test]
async fn what_goes_with_old_requests_goes_with_them() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, failed("old", NOON)).await;
    write(&ledger, failed("new", NOON + 7_200_000)).await;
    assert_eq!(ledger.prune(NOON + 3_600_000).await.unwrap(), Some(1));
    assert_eq!(ledger.prune(NOON + 3_600_000).await.unwrap(), None);
    for (table, left) in [
        ("requests", 1),
        ("attempts", 1),
        ("events", 1),
        ("failures", 2),
        ("failure_texts", 2),
    ] {
        assert_eq!(rows(&place, table).await, left, "{table}");
    }
}

#[tokio::test]
async fn errors_follow_a_request_whose_start_is_told_late() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut events = failed("r", NOON);
    let mut late = started("r", NOON - 5000);
    late.client = Some("codex".to_owned());
    events.remove(0);
    write(&ledger, events).await;
    write(&ledger, [Event::Started(late)]).await;
    assert_eq!(rows(&place, "failures").await, 2);
    let filter = Filter {
        q: Some("r was".to_owned()),
        client: Some("codex".to_owned()),
        until_ms: Some(NOON - 4999),
        ..Filter::default()
    };
    assert_eq!(ledger.requests(&filter).await.unwrap().items.len(), 1);
}

pub(crate) fn migration(version: i64, name: &'static str, sql: &'static str) -> Migration {
    let sql = sql.into_sql_str();
    Migration::new(version, name.into(), MigrationType::Simple, sql, false)
}

#[tokio::test]
async fn what_was_wide_in_the_rows_of_version_six_is_still_told() {
    let place = Place::new();
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    let mut old = place.stranger().await;
    let list = vec![
        migration(
            1,
            "requests and attempts",
            include_str!("../../migrations/0001_requests_and_attempts.sql"),
        ),
        migration(
            2,
            "indexes",
            include_str!("../../migrations/0002_indexes.sql"),
        ),
        migration(
            3,
            "decisions",
            include_str!("../../migrations/0003_decisions.sql"),
        ),
        migration(
            4,
            "races and services",
            include_str!("../../migrations/0004_races_and_services.sql"),
        ),
        migration(
            5,
            "instances",
            include_str!("../../migrations/0005_instances.sql"),
        ),
        migration(6, "daily", include_str!("../../migrations/0006_daily.sql")),
    ];
    Migrator::with_migrations(list).run(&mut old).await.unwrap();
    let price = r#"{"model":"m","input":"3","output":"15","long_context":false,"multiplier":"1"}"#;
    for id in ["a", "b"] {
        let request = "INSERT INTO requests (id, started_at, status, error, explain) VALUES (?, 5, 'failed', ?, ?)";
        let request = sqlx::query(request)
            .bind(id)
            .bind(format!("{id} went wrong"));
        let request = request.bind(r#"{"group":"main"}"#);
        request.execute(&mut old).await.unwrap();
        let attempt = "INSERT INTO attempts (request_id, attempt, started_at, verdict, error, price) VALUES (?, 1, 6, 'ok', ?, ?)";
        let attempt = sqlx::query(attempt)
            .bind(id)
            .bind(format!("{id} was refused"));
        attempt.bind(price).execute(&mut old).await.unwrap();
    }
    old.close().await.unwrap();

    let ledger = place.open().await;
    assert_eq!(ledger.opened().migrated_from, Some(6));
    for id in ["a", "b"] {
        let row = found(ledger.request(id).await);
        assert_eq!(row.explain.unwrap()["group"], "main");
        let kept = serde_json::to_string(&row.attempts[0].price).unwrap();
        assert_eq!(kept, price);
        for error in [format!("{id} went"), format!("{id} was")] {
            let filter = Filter {
                q: Some(error),
                ..Filter::default()
            };
            let page = ledger.requests(&filter).await.unwrap();
            assert_eq!(page.items.len(), 1, "{id}");
        }
    }
    ledger.close().await;
    let mut stranger = place.stranger().await;
    let prices = sqlx::query_scalar("SELECT count(*) FROM prices");
    let prices: i64 = prices.fetch_one(&mut stranger).await.unwrap();
    assert_eq!(prices, 1, "one text, however many have it");
}
