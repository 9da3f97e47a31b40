//! What only shared databases have: other programs, connections that drop, several Turnouts.

use ledger::{Event, Ledger, Options};
use sqlx::{Connection as _, Executor as _};

use crate::backend::END_OTHERS;
use crate::support::{NOON, Place, found, served, started, write};

fn of(instance: &str) -> Options {
    Options {
        instance: Some(instance.to_owned()),
        ..Options::default()
    }
}

#[tokio::test]
async fn a_connection_that_drops_is_made_anew_and_nothing_is_missing() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, served("before", NOON)).await;
    let mut other = sqlx::AnyConnection::connect(&place.backend.url)
        .await
        .unwrap();
    let ended = other.execute(sqlx::raw_sql(END_OTHERS)).await;
    ended.unwrap();
    write(&ledger, served("after", NOON)).await;
    assert!(!ledger.degraded());
    assert_eq!(ledger.writer().lost(), 0);
    assert_eq!(ledger.today(0).await.unwrap().requests, 2);
}

#[tokio::test]
async fn each_turnout_closes_only_what_it_left_open_itself() {
    let place = Place::new();
    let open = |name| Ledger::open_at(place.backend.at.clone(), of(name));
    let (mine, theirs) = (open("mine").await.unwrap(), open("theirs").await.unwrap());
    write(&mine, [Event::Started(started("a", NOON))]).await;
    write(&theirs, [Event::Started(started("b", NOON))]).await;
    mine.close().await;
    let mine = open("mine").await.unwrap();
    assert_eq!(mine.opened().orphans, 1);
    assert_eq!(found(mine.request("a").await).status, "failed");
    assert_eq!(found(mine.request("b").await).status, "pending");
    assert_eq!(mine.opened().backup, None, "a server has its own backups");
}

#[tokio::test]
async fn a_schema_of_a_newer_version_is_refused() {
    let place = Place::new();
    place.open().await.close().await;
    let mut newer = sqlx::AnyConnection::connect(&place.backend.url)
        .await
        .unwrap();
    let future = "UPDATE _sqlx_migrations SET version = 99 WHERE version = 1";
    newer.execute(sqlx::raw_sql(future)).await.unwrap();
    let error = Ledger::open_at(place.backend.at.clone(), of("me")).await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("newer Turnout"), "{text}");
    assert!(text.contains("another database in `ledger.url`"), "{text}");
}

#[tokio::test]
async fn names_of_any_length_and_kind_are_kept_as_far_as_they_fit() {
    let place = Place::new();
    let ledger = place.open().await;
    let mut odd = started("odd", NOON);
    odd.model_requested = "é".repeat(5000);
    odd.path = format!("/v1/{}", "x".repeat(5000));
    odd.client = Some("nul\0 'quoted' \\ \u{1f600}".to_owned());
    write(&ledger, [Event::Started(odd)]).await;
    assert_eq!(ledger.writer().lost(), 0);
    let row = found(ledger.request("odd").await);
    assert_eq!(row.model_requested.unwrap(), "é".repeat(255));
    assert_eq!(row.path.unwrap().len(), 5004);
    let client = "nul\u{fffd} 'quoted' \\ \u{1f600}";
    assert_eq!(row.client.as_deref(), Some(client));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let some = Place::new();
    let scheme = some.backend.url.split(':').next().unwrap();
    let nobody = format!("{scheme}://me:secret@127.0.0.1:1/turnout");
    let place = ledger::Place::server(&nobody).unwrap();
    assert!(!format!("{place:?}").contains("secret"));
    let text = Ledger::open_at(place, of("me"))
        .await
        .unwrap_err()
        .to_string();
    assert!(text.contains("127.0.0.1:1/turnout"), "{text}");
    assert!(
        text.contains("ledger.url") && !text.contains("secret"),
        "{text}"
    );
}
