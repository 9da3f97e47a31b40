//! Behind the gate: cuts, silence, clients that leave, clients that are slow.

use std::{sync::Arc, time::Duration};

use gateway::{EndStatus, Ended, Report};
use routing::{Reason, Verdict};
use tokio::{io::AsyncReadExt, sync::Notify};

use crate::support::{
    ASK, ASK_WHOLE, OPENING, Part, Raw, STREAM_HEAD, TOKEN, delta, run, run_with, snapshot, stream,
    within,
};

fn ended(reports: &[Report]) -> &Ended {
    match reports.last() {
        Some(Report::Ended(ended)) => ended,
        other => panic!("{other:?}"),
    }
}

fn attempt(reports: &[Report]) -> &gateway::AttemptEnded {
    let mut attempts = reports.iter().filter_map(|report| match report {
        Report::AttemptEnded(ended) => Some(ended),
        _ => None,
    });
    attempts.next().unwrap()
}

#[tokio::test]
async fn a_cut_ends_with_an_error_event_and_never_with_a_made_up_end() {
    let half = &delta("never seen")[..40];
    let broken = format!("{STREAM_HEAD}{OPENING}{}{half}", delta("seen"));
    let (bad, good) = (
        Raw::answering(broken).await,
        Raw::answering(stream("good")).await,
    );
    let mut gateway = run_with(&[&bad, &good]).await;
    let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
    let told = got.text();
    let (said, error) = told
        .split_once("event: error\ndata: ")
        .expect("an error event");
    assert_eq!(said, format!("{OPENING}{}", delta("seen")));
    let error: serde_json::Value = serde_json::from_str(error.trim_end()).unwrap();
    assert_eq!(
        (error["type"].as_str(), error["error"]["type"].as_str()),
        (Some("error"), Some("api_error"))
    );
    assert!(!told.contains("message_stop"));
    let reports = gateway.reports().await;
    assert_eq!(
        (ended(&reports).status, ended(&reports).reason),
        (EndStatus::Failed, Some(Reason::StreamCut))
    );
    assert_eq!(attempt(&reports).verdict, Verdict::NextProvider);
    assert_eq!(attempt(&reports).usage.map(|usage| usage.input), Some(7));
    // The client's own retry lands elsewhere.
    let again = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
    assert_eq!(again.header("x-turnout-provider"), Some("p1"));
}

#[tokio::test]
async fn an_event_leaves_before_the_next_one_is_there() {
    let gate = Arc::new(Notify::new());
    let script = vec![
        Part::Bytes(format!("{STREAM_HEAD}{OPENING}{}", delta("first")).into()),
        Part::Gate(gate.clone()),
        Part::Bytes(delta("second").into()),
    ];
    let upstream = Raw::start(vec![script]).await;
    let gateway = run_with(&[&upstream]).await;
    let mut client = gateway
        .open(
            "POST",
            "/v1/messages",
            &format!("x-api-key: {TOKEN}\r\n"),
            ASK.as_bytes(),
        )
        .await;
    let mut got = Vec::new();
    while !String::from_utf8_lossy(&got).contains("first") {
        assert_ne!(within(client.read_buf(&mut got)).await.unwrap(), 0);
    }
    gate.notify_one();
    while !String::from_utf8_lossy(&got).contains("second") {
        assert_ne!(within(client.read_buf(&mut got)).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn silence_in_the_middle_runs_into_its_timeout() {
    let script = vec![
        Part::Bytes(format!("{STREAM_HEAD}{OPENING}{}", delta("seen")).into()),
        Part::Silence,
    ];
    let upstream = Raw::start(vec![script]).await;
    let mut gateway = run(snapshot(&[upstream.address], |_, _, upstream| {
        upstream.timeouts.idle = Duration::from_millis(50);
    }))
    .await;
    let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
    assert!(got.text().contains("event: error"), "{}", got.text());
    assert_eq!(
        ended(&gateway.reports().await).reason,
        Some(Reason::Timeout)
    );
    upstream.until_left().await;
}

// PITFALLS 26, 27
#[tokio::test]
async fn a_client_that_leaves_cancels_its_upstream_before_and_after_the_first_event() {
    let opened = Part::Bytes(format!("{STREAM_HEAD}{OPENING}{}", delta("x")).into());
    let cases = [
        (vec![Part::Silence], ASK, false),
        (vec![opened, Part::Silence], ASK, true),
        (vec![Part::Silence], ASK_WHOLE, false),
    ];
    for (script, ask, speaks) in cases {
        let upstream = Raw::start(vec![script]).await;
        let mut gateway = run_with(&[&upstream]).await;
        let mut client = gateway
            .open(
                "POST",
                "/v1/messages",
                &format!("x-api-key: {TOKEN}\r\n"),
                ask.as_bytes(),
            )
            .await;
        let mut got = Vec::new();
        while speaks && !String::from_utf8_lossy(&got).contains("text_delta") {
            assert_ne!(within(client.read_buf(&mut got)).await.unwrap(), 0);
        }
        while upstream.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        drop(client);
        upstream.until_left().await;
        let reports = gateway.reports().await;
        assert_eq!(ended(&reports).status, EndStatus::Cancelled);
        assert_eq!(attempt(&reports).verdict, Verdict::Cancelled);
        assert_eq!(
            attempt(&reports).usage.map(|usage| usage.input),
            speaks.then_some(7)
        );
        assert_eq!(gateway.gateway.in_flight(), 0);
    }
}

#[tokio::test]
async fn a_slow_client_slows_its_provider_down() {
    let megabytes = 64;
    let piece: Vec<u8> = delta(&"x".repeat(1 << 20)).into();
    let mut script = vec![Part::Bytes(format!("{STREAM_HEAD}{OPENING}").into())];
    let written = Arc::new(Notify::new());
    script.extend((0..megabytes).map(|_| Part::Bytes(piece.clone())));
    let upstream = Raw::start(vec![script]).await;
    let gateway = run_with(&[&upstream]).await;
    let mut client = gateway
        .open(
            "POST",
            "/v1/messages",
            &format!("x-api-key: {TOKEN}\r\n"),
            ASK.as_bytes(),
        )
        .await;
    let mut some = [0; 4096];
    within(client.read_exact(&mut some)).await.unwrap();
    drop(written);
    // The upstream is stuck in its script, since nobody reads: leaving ends it in the middle.
    drop(client);
    upstream.until_left().await;
}

#[tokio::test]
async fn an_empty_delta_does_not_open_the_gate() {
    let bad = Raw::answering(format!("{STREAM_HEAD}{OPENING}{}", delta(""))).await;
    let good = Raw::answering(stream("good")).await;
    let gateway = run_with(&[&bad, &good]).await;
    let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
    assert_eq!(
        got.header("x-turnout-provider"),
        Some("p1"),
        "{}",
        got.text()
    );
}

#[tokio::test]
async fn a_providers_own_error_event_is_passed_on_as_it_is() {
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"},\"odd\":1.0}\n\n";
    let gate = Arc::new(Notify::new());
    let script = vec![
        Part::Bytes(format!("{STREAM_HEAD}{OPENING}{}", delta("seen")).into()),
        Part::Gate(gate.clone()),
        Part::Bytes(error.into()),
    ];
    let upstream = Raw::start(vec![script]).await;
    let mut gateway = run_with(&[&upstream]).await;
    let mut client = gateway
        .open(
            "POST",
            "/v1/messages",
            &format!("x-api-key: {TOKEN}\r\n"),
            ASK.as_bytes(),
        )
        .await;
    let mut got = Vec::new();
    while !String::from_utf8_lossy(&got).contains("seen") {
        assert_ne!(within(client.read_buf(&mut got)).await.unwrap(), 0);
    }
    gate.notify_one();
    within(client.read_to_end(&mut got)).await.unwrap();
    assert!(
        String::from_utf8_lossy(&got).contains(error),
        "{}",
        String::from_utf8_lossy(&got)
    );
    let reports = gateway.reports().await;
    assert_eq!(
        (ended(&reports).status, ended(&reports).reason),
        (EndStatus::Failed, Some(Reason::Overloaded))
    );
}

#[tokio::test]
async fn an_upstream_that_stays_open_behind_the_last_event_does_not_hold_the_client() {
    let whole = String::from_utf8(stream("good")).unwrap();
    let upstream = Raw::start(vec![vec![Part::Bytes(whole.into()), Part::Silence]]).await;
    let mut gateway = run_with(&[&upstream]).await;
    let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
    assert!(
        got.text().ends_with(crate::support::CLOSING) && !got.broken,
        "{}",
        got.text()
    );
    assert_eq!(ended(&gateway.reports().await).status, EndStatus::Completed);
    upstream.until_left().await;
}

#[tokio::test]
async fn a_client_that_never_reads_holds_its_provider_no_longer_than_in_all() {
    let piece: Vec<u8> = delta(&"x".repeat(1 << 20)).into();
    let mut script = vec![Part::Bytes(format!("{STREAM_HEAD}{OPENING}").into())];
    script.extend((0..64).map(|_| Part::Bytes(piece.clone())));
    let upstream = Raw::start(vec![script]).await;
    let settings = snapshot(&[upstream.address], |_, _, upstream| {
        upstream.timeouts.total = Duration::from_millis(300);
    });
    let mut gateway = run(settings).await;
    let client = gateway
        .open(
            "POST",
            "/v1/messages",
            &format!("x-api-key: {TOKEN}\r\n"),
            ASK.as_bytes(),
        )
        .await;
    upstream.until_left().await;
    drop(client);
    // Whether it is met while reading or while writing, it is no success.
    assert_ne!(ended(&gateway.reports().await).status, EndStatus::Completed);
}
