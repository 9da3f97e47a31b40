//! What only shared databases have: other programs, connections that drop, several Turnouts.

use ledger::{Event, Ledger, Options};
use sqlx::{Connection as _, Executor as _};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::backend::END_OTHERS;
use crate::support::{
    NOON, Place, before_texts, failing, finds_failing, found, served, started, until, write,
};

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

/// A port at which nobody listens.
fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Passes connections to a port on to another one.
async fn forward(from: u16, to: u16) {
    let listener = TcpListener::bind(("127.0.0.1", from)).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        }
    });
}

#[tokio::test]
async fn what_happens_before_the_server_comes_is_written_when_it_has_come() {
    let place = Place::new();
    // A request that the last run left open.
    let before = Ledger::open_at(place.backend.at.clone(), of("me"));
    let before = before.await.unwrap();
    write(&before, [Event::Started(started("old", NOON))]).await;
    before.close().await;

    let (_, port) = place.backend.url.rsplit_once(':').unwrap();
    let port: u16 = port.split('/').next().unwrap().parse().unwrap();
    let closed = closed_port();
    let url = place
        .backend
        .url
        .replace(&format!(":{port}/"), &format!(":{closed}/"));
    let at = ledger::Place::server(&url).unwrap();
    let ledger = Ledger::open_when_there(at, of("me")).await.unwrap();
    let health = ledger.health();
    assert!(health.degraded, "{health:?}");
    let told = health.last_error.unwrap();
    assert!(told.contains(&format!("127.0.0.1:{closed}/")), "{told}");
    assert_eq!(told.matches("cannot be").count(), 1, "one sentence: {told}");
    for n in 0..50 {
        for event in served(&format!("r{n}"), NOON) {
            ledger.writer().send(event);
        }
    }
    assert_eq!(ledger.health().queued, 250);

    forward(closed, port).await;
    until("the server is found", || !ledger.degraded()).await;
    assert!(ledger.flush().await);
    let today = ledger.today(NOON).await.unwrap();
    assert_eq!((today.requests, ledger.writer().lost()), (51, 0));
    assert_eq!(found(ledger.request("old").await).status, "failed");
    assert_eq!(found(ledger.request("r49").await).status, "completed");
}

#[tokio::test]
async fn a_ledger_that_never_reached_its_server_closes_in_time_and_counts_what_is_lost() {
    let some = Place::new();
    let scheme = some.backend.url.split(':').next().unwrap();
    let nobody = format!("{scheme}://me:secret@127.0.0.1:1/turnout");
    let place = ledger::Place::server(&nobody).unwrap();
    let ledger = Ledger::open_when_there(place, of("me")).await.unwrap();
    let writer = ledger.writer();
    writer.send(Event::Started(started("a", NOON)));
    let told = ledger.health().last_error.unwrap();
    assert!(
        told.contains("ledger.url") && !told.contains("secret"),
        "{told}"
    );
    ledger.close().await;
    assert_eq!(writer.lost(), 1);
}

#[tokio::test]
async fn a_whole_vacuum_leaves_everything_where_it_is() {
    let place = Place::new();
    let ledger = place.open().await;
    write(
        &ledger,
        (0..50).flat_map(|n| served(&format!("r{n}"), NOON)),
    )
    .await;
    let vacuumed = ledger.vacuum().await.unwrap();
    assert!(vacuumed.bytes_before > 0 && vacuumed.bytes_after > 0);
    write(&ledger, served("after", NOON)).await;
    assert_eq!(ledger.today(0).await.unwrap().requests, 51);
}

#[tokio::test]
async fn errors_of_an_older_schema_are_found_by_their_texts() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, failing()).await;
    ledger.close().await;
    let mut older = sqlx::AnyConnection::connect(&place.backend.url)
        .await
        .unwrap();
    let drop = if place.backend.url.starts_with("mysql") {
        "ALTER TABLE requests DROP INDEX requests_by_combination, DROP COLUMN combination_id"
    } else {
        "ALTER TABLE requests DROP COLUMN combination_id"
    };
    for statement in before_texts(drop).split("; ") {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        older.execute(sqlx::raw_sql(statement)).await.unwrap();
    }
    let ledger = place.open().await;
    finds_failing(&ledger).await;
    write(&ledger, failing()).await;
    finds_failing(&ledger).await;
}
