//! The config file followed through the ways in which it is changed. Real files and real time, bounded by a timeout.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::settings::watch::{Watch, read};

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn rename_over(path: &Path, text: &str) {
    let other = path.with_extension("new");
    std::fs::write(&other, text).unwrap();
    std::fs::rename(&other, path).unwrap();
}

async fn next(watch: &mut Watch) -> String {
    let update = tokio::time::timeout(Duration::from_secs(10), watch.next()).await;
    update
        .expect("a change is told")
        .expect("the watch lives")
        .expect("the file is readable")
}

#[tokio::test]
async fn a_change_is_told_however_it_was_made() {
    let (_folder, path) = file("one");
    let mut watch = Watch::start(&path, "one");
    std::fs::write(&path, "two").unwrap();
    assert_eq!(next(&mut watch).await, "two");
    rename_over(&path, "three");
    assert_eq!(next(&mut watch).await, "three");
    rename_over(&path, "four");
    assert_eq!(next(&mut watch).await, "four");
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "five").unwrap();
    assert_eq!(next(&mut watch).await, "five");
}

#[tokio::test]
async fn a_change_made_before_the_watch_began_is_told() {
    let (_folder, path) = file("new");
    let mut watch = Watch::start(&path, "old");
    assert_eq!(next(&mut watch).await, "new");
}

/// A change through another name of the file, in another folder, comes without an event. One of several suffices, as a
/// busy machine may be late.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_change_without_an_event_is_told_within_a_second() {
    let (_folder, path) = file("-");
    let elsewhere = tempfile::tempdir().unwrap();
    let other = elsewhere.path().join("other");
    std::fs::hard_link(&path, &other).unwrap();
    let mut watch = Watch::start(&path, "");
    assert_eq!(next(&mut watch).await, "-");
    let mut soonest = Duration::MAX;
    for length in 2..7 {
        let text = "-".repeat(length);
        let begun = std::time::Instant::now();
        std::fs::write(&other, &text).unwrap();
        while next(&mut watch).await != text {}
        soonest = soonest.min(begun.elapsed());
    }
    assert!(soonest < Duration::from_secs(1), "{soonest:?}");
}

#[tokio::test]
async fn a_touch_that_changes_nothing_is_not_told() {
    let (_folder, path) = file("one");
    let mut watch = Watch::start(&path, "one");
    rename_over(&path, "one");
    rename_over(&path, "two");
    assert_eq!(next(&mut watch).await, "two");
}

#[cfg(unix)]
#[tokio::test]
async fn a_linked_file_is_followed_to_where_it_is() {
    let (_folder, real) = file("one");
    let links = tempfile::tempdir().unwrap();
    let link = links.path().join("config.toml");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let mut watch = Watch::start(&link, "one");
    rename_over(&real, "two");
    assert_eq!(next(&mut watch).await, "two");
}

#[tokio::test]
async fn a_file_that_is_no_text_is_told_and_then_read_again() {
    let (_folder, path) = file("one");
    let mut watch = Watch::start(&path, "one");
    std::fs::write(&path, b"\xff\xfe").unwrap();
    let told = tokio::time::timeout(Duration::from_secs(10), watch.next())
        .await
        .unwrap()
        .unwrap();
    assert!(told.unwrap_err().to_string().contains("UTF-8"));
    std::fs::write(&path, "one").unwrap();
    assert_eq!(next(&mut watch).await, "one");
}

#[test]
fn what_cannot_be_read_is_told_with_its_name() {
    let (folder, path) = file("one");
    assert_eq!(read(&path).as_deref(), Ok("one"));
    let error = read(&folder.path().join("absent.toml"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("absent.toml"), "{error}");
}
