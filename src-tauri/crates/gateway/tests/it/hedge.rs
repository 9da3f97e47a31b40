//! A second candidate races one that is slow to begin its answer.

use std::{sync::Arc, time::Duration};

use gateway::{AttemptEnded, EndStatus, Report, Snapshot};
use routing::{HedgeAfter, Verdict};
use tokio::sync::Notify;

use crate::support::{
    ASK, ASK_WHOLE, CLOSING, OPENING, Part, Raw, STREAM_HEAD, delta, json, run, snapshot, stream,
};

const ANSWER: &str = r#"{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":4}}"#;

/// Settings under which a second one starts at once.
fn racing(providers: &[&Raw]) -> Snapshot {
    let addresses: Vec<_> = providers.iter().map(|raw| raw.address).collect();
    let mut settings = snapshot(&addresses, |_, _, _| {});
    Arc::make_mut(&mut settings.topology).hedge = Some(HedgeAfter::Fixed(Duration::from_millis(1)));
    settings
}

fn ended(reports: &[Report], attempt: u32) -> &AttemptEnded {
    let mut found = reports.iter().filter_map(|report| match report {
        Report::AttemptEnded(ended) if ended.attempt == attempt => Some(ended),
        _ => None,
    });
    let one = found
        .next()
        .unwrap_or_else(|| panic!("no end of {attempt}: {reports:?}"));
    assert!(
        found.next().is_none(),
        "attempt {attempt} ended twice: {reports:?}"
    );
    one
}

fn status(reports: &[Report]) -> EndStatus {
    match reports.last() {
        Some(Report::Ended(ended)) => ended.status,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_client_gets_the_one_that_begins_first_and_the_other_is_given_up() {
    // It tells what the prompt cost and then nothing more.
    let slow = Raw::start(vec![vec![
        Part::Bytes(format!("{STREAM_HEAD}{OPENING}").into_bytes()),
        Part::Silence,
    ]])
    .await;
    let fast = Raw::answering(stream("fast")).await;
    let mut running = run(racing(&[&slow, &fast])).await;
    let got = running.post("/v1/messages", "", ASK.as_bytes()).await;
    assert!(got.text().contains("fast") && !got.broken, "{got:?}");
    assert_eq!(got.header("x-turnout-provider"), Some("p1"));
    assert_eq!(got.header("x-turnout-attempts"), Some("2"));
    slow.until_left().await;
    let reports = running.reports().await;
    let (loser, winner) = (ended(&reports, 1), ended(&reports, 2));
    assert!(loser.hedged && !winner.hedged);
    assert_eq!(
        (loser.verdict, winner.verdict),
        (Verdict::Cancelled, Verdict::Ok)
    );
    assert_eq!(
        loser.usage.map(|usage| usage.input),
        Some(7),
        "what it told counts once"
    );
    assert!(loser.error.as_deref().unwrap().contains("p1"), "{loser:?}");
    assert_eq!(status(&reports), EndStatus::Completed);
    let streaming = reports
        .iter()
        .filter(|report| matches!(report, Report::Streaming { .. }));
    assert_eq!(streaming.count(), 1);
}

#[tokio::test]
async fn the_first_one_may_still_win() {
    let gate = Arc::new(Notify::new());
    let first = Raw::start(vec![vec![
        Part::Gate(gate.clone()),
        Part::Bytes(stream("first")),
    ]])
    .await;
    let second = Raw::start(vec![vec![Part::Silence]]).await;
    let mut running = run(racing(&[&first, &second])).await;
    let (got, ()) = tokio::join!(running.post("/v1/messages", "", ASK.as_bytes()), async {
        while second.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        gate.notify_one();
    });
    assert!(got.text().contains("first"), "{got:?}");
    assert_eq!(got.header("x-turnout-provider"), Some("p0"));
    assert_eq!(got.header("x-turnout-attempts"), Some("2"));
    second.until_left().await;
    let reports = running.reports().await;
    assert!(ended(&reports, 2).hedged && !ended(&reports, 1).hedged);
    assert_eq!(ended(&reports, 1).verdict, Verdict::Ok);
}

#[tokio::test]
async fn a_whole_answer_is_raced_too() {
    let slow = Raw::start(vec![vec![Part::Silence]]).await;
    let fast = Raw::answering(json(200, "", ANSWER)).await;
    let mut running = run(racing(&[&slow, &fast])).await;
    let got = running.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    assert_eq!((got.status, got.text().as_str()), (200, ANSWER));
    assert!(ended(&running.reports().await, 1).hedged);
}

#[tokio::test]
async fn the_first_one_goes_on_when_its_rival_fails() {
    let gate = Arc::new(Notify::new());
    let first = Raw::start(vec![vec![
        Part::Gate(gate.clone()),
        Part::Bytes(stream("first")),
    ]])
    .await;
    let second = Raw::answering(json(500, "", "{}")).await;
    let mut running = run(racing(&[&first, &second])).await;
    let failed = |running: &crate::support::Running| {
        let view = running
            .gateway
            .board(|board, now| Ok::<_, ()>(board.view(now)));
        view.unwrap().providers[1].last_error.is_some()
    };
    let (got, ()) = tokio::join!(running.post("/v1/messages", "", ASK.as_bytes()), async {
        while !failed(&running) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        gate.notify_one();
    });
    assert!(got.text().contains("first"), "{got:?}");
    let reports = running.reports().await;
    assert_eq!(ended(&reports, 2).verdict, Verdict::NextProvider);
    assert!(!ended(&reports, 1).hedged && !ended(&reports, 2).hedged);
}

#[tokio::test]
async fn when_both_fail_a_third_one_is_asked() {
    let gate = Arc::new(Notify::new());
    let first = Raw::start(vec![vec![
        Part::Gate(gate.clone()),
        Part::Bytes(json(500, "", "{}")),
    ]])
    .await;
    let second = Raw::answering(json(503, "", "{}")).await;
    let third = Raw::answering(stream("third")).await;
    let mut running = run(racing(&[&first, &second, &third])).await;
    let (got, ()) = tokio::join!(running.post("/v1/messages", "", ASK.as_bytes()), async {
        while second.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        gate.notify_one();
    });
    assert!(got.text().contains("third"), "{got:?}");
    assert_eq!(got.header("x-turnout-attempts"), Some("3"));
    let reports = running.reports().await;
    assert_eq!(status(&reports), EndStatus::Completed);
    for attempt in 1..=2 {
        assert_eq!(ended(&reports, attempt).verdict, Verdict::NextProvider);
    }
}

#[tokio::test]
async fn a_winner_that_breaks_off_is_told_as_cut() {
    let slow = Raw::start(vec![vec![Part::Silence]]).await;
    let cut = Raw::answering(format!("{STREAM_HEAD}{OPENING}{}", delta("half")).into_bytes()).await;
    let mut running = run(racing(&[&slow, &cut])).await;
    let got = running.post("/v1/messages", "", ASK.as_bytes()).await;
    assert!(
        got.text().contains("half") && got.text().contains("event: error"),
        "{got:?}"
    );
    assert!(!got.text().contains(CLOSING));
    let reports = running.reports().await;
    assert_eq!(status(&reports), EndStatus::Failed);
    assert!(ended(&reports, 1).hedged);
}

#[tokio::test]
async fn a_client_that_leaves_ends_both() {
    let (first, second) = (
        Raw::start(vec![vec![Part::Silence]]).await,
        Raw::start(vec![vec![Part::Silence]]).await,
    );
    let mut running = run(racing(&[&first, &second])).await;
    let client = running
        .open(
            "POST",
            "/v1/messages",
            "x-api-key: client-token\r\n",
            ASK.as_bytes(),
        )
        .await;
    while second.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    drop(client);
    first.until_left().await;
    second.until_left().await;
    let reports = running.reports().await;
    assert_eq!(status(&reports), EndStatus::Cancelled);
    for attempt in 1..=2 {
        assert_eq!(ended(&reports, attempt).verdict, Verdict::Cancelled);
        assert!(!ended(&reports, attempt).hedged);
    }
}

#[tokio::test]
async fn what_a_rival_refuses_the_first_one_may_still_answer() {
    let gate = Arc::new(Notify::new());
    let first = Raw::start(vec![vec![
        Part::Gate(gate.clone()),
        Part::Bytes(stream("first")),
    ]])
    .await;
    let refused =
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"not here"}}"#;
    let second = Raw::answering(json(400, "", refused)).await;
    let mut running = run(racing(&[&first, &second])).await;
    let (got, ()) = tokio::join!(running.post("/v1/messages", "", ASK.as_bytes()), async {
        while second.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        gate.notify_one();
    });
    assert!(got.text().contains("first"), "{got:?}");
    let reports = running.reports().await;
    assert_eq!(ended(&reports, 2).verdict, Verdict::ClientFault);
    assert_eq!(status(&reports), EndStatus::Completed);
}

#[tokio::test]
async fn what_the_first_one_refuses_is_refused() {
    let gate = Arc::new(Notify::new());
    let refused =
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"not here"}}"#;
    let first = Raw::start(vec![vec![
        Part::Gate(gate.clone()),
        Part::Bytes(json(400, "", refused)),
    ]])
    .await;
    let second = Raw::start(vec![vec![Part::Silence]]).await;
    let mut running = run(racing(&[&first, &second])).await;
    let (got, ()) = tokio::join!(running.post("/v1/messages", "", ASK.as_bytes()), async {
        while second.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        gate.notify_one();
    });
    assert_eq!(
        (got.status, got.text().contains("not here")),
        (400, true),
        "{got:?}"
    );
    second.until_left().await;
    assert!(ended(&running.reports().await, 2).hedged);
}
