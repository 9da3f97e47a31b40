use std::path::Path;

use ledger::{Event, Filter, Ledger, OpenError};
use sqlx::Connection;
use sqlx::migrate::Migrator;

use crate::support::{
    NOON, Place, attempt, before_texts, failing, finds_failing, found, served, started, streaming,
    write,
};

async fn refusal(path: &Path) -> (OpenError, String) {
    let error = Ledger::open(path).await.unwrap_err();
    let text = error.to_string();
    (error, text)
}

#[tokio::test]
async fn a_new_file_is_made_with_its_folder_and_for_its_owner_alone() {
    let place = Place::new();
    let ledger = place.open().await;
    assert_eq!(*ledger.opened(), ledger::Opened::default());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&place.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_a_crash_left_running_is_closed_as_failed_with_its_attempts() {
    let place = Place::new();
    let crashed = place.open().await;
    write(&crashed, served("done", NOON)).await;
    write(&crashed, [Event::Started(started("pending", NOON))]).await;
    write(
        &crashed,
        [
            Event::Started(started("streaming", NOON)),
            Event::AttemptStarted(attempt("streaming", 1, NOON)),
            streaming("streaming", 1, NOON + 5, 5),
        ],
    )
    .await;

    let ledger = place.open().await; // as after kill -9: nobody closed the first one
    assert_eq!(ledger.opened().orphans, 2);
    for id in ["pending", "streaming"] {
        let row = found(ledger.request(id).await);
        assert_eq!(
            (row.status.as_str(), row.reason.as_deref()),
            ("failed", Some("server_error")),
            "{id}"
        );
        assert_eq!(
            row.error.as_deref(),
            Some("Turnout stopped while this request was running")
        );
    }
    let row = found(ledger.request("streaming").await);
    assert_eq!(row.attempts[0].verdict.as_deref(), Some("cancelled"));
    assert_eq!(
        row.attempts[0].error.as_deref(),
        Some("Turnout stopped while this attempt was running")
    );
    assert_eq!(found(ledger.request("done").await).error, None);
    ledger.close().await;
    assert_eq!(place.open().await.opened().orphans, 0);
}

#[tokio::test]
async fn an_older_file_is_copied_and_then_migrated_with_all_its_rows() {
    let place = Place::new();
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    let sql = include_str!("../../migrations/0001_requests_and_attempts.sql");
    let first = crate::thin::migration(1, "requests and attempts", sql);
    let mut old = place.stranger().await;
    Migrator::with_migrations(vec![first])
        .run(&mut old)
        .await
        .unwrap();
    sqlx::query("INSERT INTO requests (id, started_at, status) VALUES ('old', 5, 'completed')")
        .execute(&mut old)
        .await
        .unwrap();
    old.close().await.unwrap();

    let ledger = place.open().await;
    assert_eq!(ledger.opened().migrated_from, Some(1));
    assert_eq!(found(ledger.request("old").await).status, "completed");
    let backup = ledger.opened().backup.clone().expect("a copy was made");
    assert_eq!(backup.file_name().unwrap(), "ledger.db.v1.bak");
    ledger.close().await;

    let again = place.open().await;
    assert!(again.opened().migrated_from > Some(6));
    assert_eq!(again.opened().backup, None, "nothing is left to migrate");
    // The copy is the old file: it migrates by itself.
    let copy = Ledger::open(&backup).await.unwrap();
    assert_eq!(copy.opened().migrated_from, Some(1));
    assert_eq!(
        found(copy.request("old").await).started_at.as_millisecond(),
        5
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let place = Place::new();
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    let content = "this is my diary, not a database\n".repeat(200);
    std::fs::write(&place.path, &content).unwrap();
    let (error, text) = refusal(&place.path).await;
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
    assert!(
        text.contains("ledger.db") && text.contains("move it away"),
        "{text}"
    );
    assert_eq!(std::fs::read_to_string(&place.path).unwrap(), content);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let place = Place::new();
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    let mut other = place.stranger().await;
    sqlx::query("CREATE TABLE notes (text TEXT)")
        .execute(&mut other)
        .await
        .unwrap();
    other.close().await.unwrap();
    let before = std::fs::read(&place.path).unwrap();
    let (error, text) = refusal(&place.path).await;
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
    assert!(text.contains("another program"), "{text}");
    assert_eq!(std::fs::read(&place.path).unwrap(), before);
}

#[tokio::test]
async fn a_ledger_of_a_newer_version_is_refused() {
    let place = Place::new();
    place.open().await.close().await;
    let mut newer = place.stranger().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'from the future', TRUE, x'00', 0)",
    )
    .execute(&mut newer)
    .await
    .unwrap();
    newer.close().await.unwrap();
    let (error, text) = refusal(&place.path).await;
    assert!(
        matches!(error, OpenError::Newer { found: 99, .. }),
        "{error:?}"
    );
    assert!(text.contains("newer Turnout"), "{text}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named_with_what_to_do() {
    let place = Place::new();
    std::fs::write(place.folder.path().join("data"), "a file in the way").unwrap();
    let (error, text) = refusal(&place.path).await;
    assert!(matches!(error, OpenError::Folder { .. }), "{error:?}");
    assert!(
        text.contains("data") && text.contains("--data-dir"),
        "{text}"
    );
}

#[cfg(target_os = "linux")] // /proc is read-only for root too
#[tokio::test]
async fn a_read_only_folder_is_refused_with_path_and_advice() {
    let (error, text) = refusal(Path::new("/proc/ledger.db")).await;
    assert!(matches!(error, OpenError::Unwritable { .. }), "{error:?}");
    assert!(
        text.contains("/proc/ledger.db") && text.contains("--data-dir"),
        "{text}"
    );
}

#[tokio::test]
async fn two_readers_and_the_writer_do_not_wait_for_each_other() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, served("r", NOON)).await;
    let mut reader = place.stranger().await;
    let mut held = reader.begin().await.unwrap();
    let count = "SELECT count(*) FROM requests";
    let before: i64 = sqlx::query_scalar(count)
        .fetch_one(&mut *held)
        .await
        .unwrap();
    write(&ledger, served("s", NOON)).await;
    assert_eq!(
        ledger
            .requests(&Filter::default())
            .await
            .unwrap()
            .items
            .len(),
        2
    );
    let after: i64 = sqlx::query_scalar(count)
        .fetch_one(&mut *held)
        .await
        .unwrap();
    assert_eq!((before, after), (1, 1), "a reader keeps its snapshot");
}

#[tokio::test]
async fn errors_of_an_older_file_are_found_by_their_texts() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, failing()).await;
    ledger.close().await;
    let mut older = place.stranger().await;
    let before = before_texts(
        "DROP INDEX requests_by_combination; ALTER TABLE requests DROP COLUMN combination_id",
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(before))
        .execute(&mut older)
        .await
        .unwrap();
    older.close().await.unwrap();
    let ledger = place.open().await;
    assert_eq!(ledger.opened().migrated_from, Some(14));
    finds_failing(&ledger).await;
    write(&ledger, failing()).await;
    finds_failing(&ledger).await;
}

#[tokio::test]
async fn what_an_older_version_ended_while_the_schema_changed_is_found_by_its_values() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, failing()).await;
    ledger.close().await;
    let mut older = place.stranger().await;
    let without = "UPDATE requests SET combination_id = NULL; UPDATE failures SET combination_id = NULL; \
                   DELETE FROM combinations; DELETE FROM failure_combinations";
    sqlx::raw_sql(without).execute(&mut older).await.unwrap();
    older.close().await.unwrap();
    finds_failing(&place.open().await).await;
}

#[tokio::test]
async fn combinations_that_nobody_has_any_more_are_forgotten_and_found_again_when_somebody_has() {
    let place = Place::new();
    let ledger = place.open().await;
    write(&ledger, failing()).await;
    let left = async |table: &str| {
        let mut stranger = place.stranger().await;
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let rows: i64 = sqlx::query_scalar(count)
            .fetch_one(&mut stranger)
            .await
            .unwrap();
        stranger.close().await.unwrap();
        rows
    };
    while ledger.prune(NOON + 86_400_000).await.unwrap().is_some() {}
    assert_eq!(left("combinations").await, 1, "somebody may be writing it");
    ledger.close().await;
    let mut stranger = place.stranger().await;
    let days_ago = "UPDATE combinations SET used_on = used_on - 3";
    sqlx::raw_sql(days_ago)
        .execute(&mut stranger)
        .await
        .unwrap();
    stranger.close().await.unwrap();
    let ledger = place.open().await;
    assert_eq!(ledger.prune(NOON + 86_400_000).await.unwrap(), None);
    for table in ["combinations", "failure_combinations", "failure_texts"] {
        assert_eq!(left(table).await, 0, "{table}");
    }
    write(&ledger, failing()).await;
    finds_failing(&ledger).await;
}
