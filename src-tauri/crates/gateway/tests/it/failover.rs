//! Before the first semantic event every failure is invisible.

use std::time::Duration;

use gateway::{EndStatus, Report};
use routing::{Reason, Verdict};

use crate::support::{
    ASK, ASK_WHOLE, OPENING, Part, Raw, STREAM_HEAD, json, run, run_with, snapshot, stream,
};

const WHOLE: &str = "{\"content\":[{\"type\":\"text\",\"text\":\"good\"}],\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}";

/// The verdicts and reasons of a request's attempts, and its end.
fn story(reports: &[Report]) -> (Vec<(Verdict, Option<Reason>)>, EndStatus) {
    let verdicts = reports.iter().filter_map(|report| match report {
        Report::AttemptEnded(ended) => Some((ended.verdict, ended.reason)),
        _ => None,
    });
    let end = reports.iter().find_map(|report| match report {
        Report::Ended(ended) => Some(ended.status),
        _ => None,
    });
    (verdicts.collect(), end.unwrap())
}

#[tokio::test]
async fn a_stream_that_fails_before_it_speaks_is_served_elsewhere() {
    let html = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<!doctype html><p>hi";
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let empty = "event: message_delta\ndata: {\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":0}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    let faults: Vec<(&str, Vec<u8>)> = vec![
        (
            "529",
            json(
                529,
                "",
                "{\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
            ),
        ),
        ("500", json(500, "", "oops")),
        ("401", json(401, "", "{}")),
        ("429", json(429, "retry-after: 30\r\n", "{}")),
        ("an HTML page", html.into()),
        ("an HTML 502", json(502, "", "<html>bad gateway</html>")),
        ("a fake 200", format!("{STREAM_HEAD}{error}").into()),
        (
            "a fake 200 behind the opening",
            format!("{STREAM_HEAD}{OPENING}{error}").into(),
        ),
        (
            "a JSON error under 200",
            json(200, "", "{\"error\":{\"message\":\"quota\"}}"),
        ),
        ("no body", STREAM_HEAD.into()),
        (
            "a cut behind the opening",
            format!("{STREAM_HEAD}{OPENING}").into(),
        ),
        (
            "half an opening",
            format!("{STREAM_HEAD}{}", &OPENING[..40]).into(),
        ),
        (
            "an empty answer",
            format!("{STREAM_HEAD}{OPENING}{empty}").into(),
        ),
        ("no answer", Vec::new()),
        (
            "broken JSON",
            format!("{STREAM_HEAD}event: message_start\ndata: {{broken\n\n").into(),
        ),
    ];
    for (fault, answer) in faults {
        let (bad, good) = (
            Raw::answering(answer).await,
            Raw::answering(stream("good")).await,
        );
        let mut gateway = run_with(&[&bad, &good]).await;
        let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
        assert_eq!(got.status, 200, "{fault}: {}", got.text());
        let expected = stream("good");
        assert_eq!(
            got.text().as_bytes(),
            &expected[STREAM_HEAD.len()..],
            "{fault}"
        );
        assert_eq!(got.header("x-turnout-provider"), Some("p1"), "{fault}");
        assert_eq!(got.header("x-turnout-attempts"), Some("2"), "{fault}");
        let (attempts, end) = story(&gateway.reports().await);
        assert_eq!(
            (attempts.len(), end),
            (2, EndStatus::Completed),
            "{fault}: {attempts:?}"
        );
        assert_eq!(attempts[1], (Verdict::Ok, None), "{fault}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_streamed_fails_over_too() {
    let faults = [
        json(503, "", "{}"),
        json(
            200,
            "",
            "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"x\"}}",
        ),
        json(200, "", "{\"content\":[],\"stop_reason\":\"end_turn\"}"),
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"content\":[{".to_vec(),
        json(200, "", ""),
    ];
    for fault in faults {
        let told = String::from_utf8_lossy(&fault).into_owned();
        let (bad, good) = (
            Raw::answering(fault).await,
            Raw::answering(json(200, "", WHOLE)).await,
        );
        let got = run_with(&[&bad, &good])
            .await
            .post("/v1/messages", "", ASK_WHOLE.as_bytes())
            .await;
        assert_eq!((got.status, got.text().as_str()), (200, WHOLE), "{told}");
    }
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_passed_over() {
    let good = Raw::answering(stream("good")).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let gateway = run(snapshot(&[closed, good.address], |_, _, _| {})).await;
    let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
    assert_eq!(
        got.header("x-turnout-provider"),
        Some("p1"),
        "{}",
        got.text()
    );
}

#[tokio::test]
async fn silence_before_the_first_event_runs_into_its_timeout() {
    let opening = Part::Bytes(format!("{STREAM_HEAD}{OPENING}").into());
    for script in [vec![Part::Silence], vec![opening, Part::Silence]] {
        let (bad, good) = (
            Raw::start(vec![script]).await,
            Raw::answering(stream("good")).await,
        );
        let mut gateway = run(snapshot(
            &[bad.address, good.address],
            |index, _, upstream| {
                if index == 0 {
                    upstream.timeouts.first_event = Duration::from_millis(100);
                }
            },
        ))
        .await;
        let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
        assert_eq!(
            got.header("x-turnout-provider"),
            Some("p1"),
            "{}",
            got.text()
        );
        let (attempts, _) = story(&gateway.reports().await);
        assert_eq!(attempts[0].1, Some(Reason::Timeout));
        bad.until_left().await;
    }
}

#[tokio::test]
async fn a_fault_of_the_request_is_returned_as_it_is() {
    for status in [400, 413, 422] {
        let body = "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"messages: x\"},\"odd\":1.0}";
        let bad = Raw::answering(json(status, "request-id: up-9\r\n", body)).await;
        let good = Raw::answering(stream("good")).await;
        let mut gateway = run_with(&[&bad, &good]).await;
        let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
        assert_eq!((got.status, got.text().as_str()), (status, body));
        assert_eq!(got.header("request-id"), Some("up-9"));
        let (attempts, end) = story(&gateway.reports().await);
        assert_eq!(
            (attempts[0].0, end),
            (Verdict::ClientFault, EndStatus::Failed)
        );
        assert!(good.seen().is_empty());
    }
}

#[tokio::test]
async fn when_all_fail_the_client_is_told_what_and_when_to_come_again() {
    let busy = Raw::answering(json(
        429,
        "retry-after: 3600\r\n",
        "{\"error\":{\"message\":\"slow down\"}}",
    ))
    .await;
    let gateway = run_with(&[&busy]).await;
    for _ in 0..2 {
        let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
        assert!(matches!(got.status, 429 | 529), "{}", got.status);
        let wait: u64 = got.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(got.json()["type"], "error");
    }
    // The second request did not ask a provider that said to wait an hour.
    assert_eq!(busy.seen().len(), 1);
}

#[tokio::test]
async fn an_empty_answer_is_given_when_nobody_says_more() {
    let body = "{\"content\":[],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1,\"output_tokens\":0}}";
    let only = Raw::answering(json(200, "", body)).await;
    let got = run_with(&[&only])
        .await
        .post("/v1/messages", "", ASK_WHOLE.as_bytes())
        .await;
    assert_eq!((got.status, got.text().as_str()), (200, body));
}

#[tokio::test]
async fn json_that_is_no_message_is_no_answer() {
    for fault in [
        "{\"code\":1113,\"msg\":\"no balance\",\"success\":false}",
        "{\"error\":{\"message\":\"x\",\"type\":null}}",
        "[]",
    ] {
        let (bad, good) = (
            Raw::answering(json(200, "", fault)).await,
            Raw::answering(json(200, "", WHOLE)).await,
        );
        let got = run_with(&[&bad, &good])
            .await
            .post("/v1/messages", "", ASK_WHOLE.as_bytes())
            .await;
        assert_eq!((got.status, got.text().as_str()), (200, WHOLE), "{fault}");
    }
}

// PITFALLS 126
#[tokio::test]
async fn words_of_a_provider_are_repeated_without_its_key_and_not_at_any_length() {
    let body = format!(
        "{{\"error\":{{\"message\":\"bad key {} {}\"}}}}",
        crate::support::KEY,
        "x".repeat(9000)
    );
    let bad = Raw::answering(json(401, "", &body)).await;
    let mut gateway = run_with(&[&bad]).await;
    let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
    assert_eq!(got.status, 401);
    assert!(
        got.text().contains("bad key [key]") && got.text().len() < 1000,
        "{}",
        got.text()
    );
    let told = format!("{:?}", gateway.reports().await);
    assert!(!told.contains(crate::support::KEY), "{told}");
}

#[tokio::test]
async fn a_refused_key_is_told_as_long_as_it_rests() {
    let bad = Raw::answering(json(401, "", "{}")).await;
    let mut gateway = run_with(&[&bad]).await;
    for asked in 0..2 {
        let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
        assert_eq!(
            (got.status, got.header("x-should-retry")),
            (401, Some("false")),
            "{asked}"
        );
        let reports = gateway.reports().await;
        let Some(Report::Ended(ended)) = reports.last() else {
            panic!("{reports:?}")
        };
        assert_eq!(ended.reason, Some(Reason::Auth));
    }
    assert_eq!(bad.seen().len(), 1);
}

#[tokio::test]
async fn a_corrected_key_is_tried_at_once() {
    let script = vec![
        vec![Part::Bytes(json(401, "", "{}"))],
        vec![Part::Bytes(stream("good"))],
    ];
    let upstream = Raw::start(script).await;
    let gateway = run_with(&[&upstream]).await;
    assert_eq!(
        gateway
            .post("/v1/messages", "", ASK.as_bytes())
            .await
            .status,
        401
    );
    let corrected = snapshot(&[upstream.address], |_, _, upstream| {
        upstream.keys = upstream
            .keys
            .keys()
            .map(|id| (id.clone(), "right-key".into()))
            .collect();
    });
    gateway.gateway.replace(corrected).unwrap();
    let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
    assert_eq!(got.status, 200, "{}", got.text());
    assert_eq!(upstream.seen()[1].header("x-api-key"), ["right-key"]);
}

#[tokio::test]
async fn a_request_too_large_is_told_as_such_even_when_a_page_says_it() {
    let page = "HTTP/1.1 413 X\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<html>too large</html>";
    let (bad, good) = (
        Raw::answering(page).await,
        Raw::answering(stream("good")).await,
    );
    let gateway = run_with(&[&bad, &good]).await;
    let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
    assert_eq!(
        (got.status, got.json()["error"]["type"].as_str()),
        (413, Some("request_too_large"))
    );
    assert!(good.seen().is_empty());
}

#[tokio::test]
async fn a_side_call_that_fails_takes_nobody_out_of_service() {
    let script = vec![
        vec![Part::Bytes(json(501, "", "{}"))],
        vec![Part::Bytes(stream("good"))],
    ];
    let (first, second) = (
        Raw::start(script).await,
        Raw::answering(json(200, "", "{\"input_tokens\":7}")).await,
    );
    let gateway = run_with(&[&first, &second]).await;
    let counted = gateway
        .post("/v1/messages/count_tokens", "", ASK_WHOLE.as_bytes())
        .await;
    assert_eq!(
        (counted.status, counted.header("x-turnout-estimated")),
        (200, Some("true"))
    );
    let got = gateway.post("/v1/messages", "", ASK.as_bytes()).await;
    assert_eq!(
        got.header("x-turnout-provider"),
        Some("p0"),
        "{}",
        got.text()
    );
}

#[tokio::test]
async fn a_count_is_estimated_rather_than_asked_of_who_was_not_chosen() {
    let (first, second) = (
        Raw::answering("").await,
        Raw::answering(json(200, "", "{\"input_tokens\":7}")).await,
    );
    let settings = snapshot(&[first.address, second.address], |index, _, upstream| {
        upstream.count_tokens = index > 0;
    });
    let got = run(settings)
        .await
        .post("/v1/messages/count_tokens", "", ASK_WHOLE.as_bytes())
        .await;
    assert_eq!(
        (got.status, got.header("x-turnout-estimated")),
        (200, Some("true"))
    );
    assert!(first.seen().is_empty() && second.seen().is_empty());
}

#[tokio::test]
async fn a_failure_that_passes_decides_the_status_over_one_that_stays() {
    let busy = Raw::answering(json(529, "", "{}")).await;
    let missing = Raw::answering(json(
        404,
        "",
        "{\"error\":{\"type\":\"not_found_error\",\"message\":\"model: x\"}}",
    ))
    .await;
    let got = run_with(&[&busy, &missing])
        .await
        .post("/v1/messages", "", ASK.as_bytes())
        .await;
    assert_eq!(
        (got.status, got.header("x-should-retry")),
        (529, None),
        "{}",
        got.text()
    );
}

#[tokio::test]
async fn a_key_with_nothing_left_is_set_aside_before_it_is_refused() {
    let headers = "anthropic-ratelimit-requests-remaining: 0\r\nanthropic-ratelimit-requests-reset: 2999-01-01T00:00:00Z\r\n";
    let first = Raw::answering(json(200, headers, ANSWERED)).await;
    let second = Raw::answering(json(200, "", ANSWERED)).await;
    let gateway = run_with(&[&first, &second]).await;
    for provider in ["p0", "p1", "p1"] {
        let got = gateway.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
        assert_eq!(
            (
                got.header("x-turnout-provider"),
                got.header("x-turnout-attempts")
            ),
            (Some(provider), Some("1"))
        );
    }
}

const ANSWERED: &str = r#"{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":4}}"#;

#[tokio::test]
async fn a_conversation_that_is_too_long_goes_to_a_larger_window_and_else_back() {
    let refusal = r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#;
    let small = Raw::answering(json(400, "", refusal)).await;
    let same = Raw::answering(json(200, "", ANSWERED)).await;
    let large = Raw::answering(json(200, "", ANSWERED)).await;
    let windows = |windows: &'static [u64]| {
        move |index: usize, _: &mut routing::Provider, upstream: &mut gateway::Upstream| {
            let caps = toml::Table::from_iter([(
                "context_window".to_owned(),
                toml::Value::Integer(windows[index] as i64),
            )]);
            let record = dialects::vendors::Vendors::default().record(
                None,
                "http://127.0.0.1",
                dialects::Dialect::Anthropic,
            );
            upstream.vendor = std::sync::Arc::new(record.with(&caps));
        }
    };
    let addresses = [small.address, same.address, large.address];
    let gateway = run(snapshot(
        &addresses,
        windows(&[200_000, 200_000, 1_000_000]),
    ))
    .await;
    let got = gateway.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    assert_eq!(
        (got.status, got.header("x-turnout-provider")),
        (200, Some("p2")),
        "{}",
        got.text()
    );
    assert!(same.seen().is_empty());

    let mut gateway = run(snapshot(&addresses[..2], windows(&[200_000, 200_000]))).await;
    let got = gateway.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    assert_eq!((got.status, got.text().as_str()), (400, refusal));
    let Some(Report::Ended(ended)) = gateway.reports().await.pop() else {
        panic!("it did not end")
    };
    assert_eq!(
        (ended.status, ended.reason),
        (EndStatus::Failed, Some(Reason::InvalidRequest))
    );
}
