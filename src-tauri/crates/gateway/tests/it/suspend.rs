//! Requests that nothing can serve wait, in order, until something can.

use std::{sync::Arc, time::Duration};

use gateway::{EndStatus, Order, Report, Snapshot, Suspend};
use routing::{Pin, Reason};
use tokio::io::AsyncReadExt;

use crate::support::{ASK, ASK_WHOLE, Part, Raw, Running, json, run, snapshot, stream, within};

const ANSWER: &str = r#"{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":4}}"#;
const HEADERS: &str = "x-api-key: client-token\r\n";

/// Settings under which requests wait this long for these providers, which rest this long after a failure.
fn waiting(providers: &[&Raw], rest: Duration, timeout: Duration, max: usize) -> Snapshot {
    let addresses: Vec<_> = providers.iter().map(|raw| raw.address).collect();
    let mut settings = snapshot(&addresses, |_, _, _| {});
    let topology = Arc::make_mut(&mut settings.topology);
    topology.cooldown = rest;
    settings.limits.suspend = Suspend {
        enabled: true,
        timeout,
        max,
    };
    settings
}

const LONG: Duration = Duration::from_mins(5);

async fn ill_then_well() -> Raw {
    Raw::start(vec![
        vec![Part::Bytes(json(500, "", "{}"))],
        vec![Part::Bytes(json(200, "", ANSWER))],
    ])
    .await
}

/// Waits until this many requests wait.
async fn until_waiting(running: &Running, count: usize) {
    within(async {
        while running.gateway.suspended().len() != count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_waits_out_a_rest_and_is_served() {
    let provider = ill_then_well().await;
    let mut running = run(waiting(&[&provider], Duration::from_millis(100), LONG, 9)).await;
    let got = running.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    assert_eq!(
        (got.status, got.header("x-turnout-attempts")),
        (200, Some("2")),
        "{}",
        got.text()
    );
    let reports = running.reports().await;
    let why = reports.iter().find_map(|report| match report {
        Report::Suspended { why, .. } => Some(why.clone()),
        _ => None,
    });
    assert!(why.unwrap().contains("HTTP 500"), "{reports:?}");
}

#[tokio::test]
async fn those_that_wait_go_on_in_the_order_in_which_they_came() {
    let provider = Raw::answering(json(200, "", ANSWER)).await;
    let mut running = run(waiting(&[&provider], LONG, LONG, 9)).await;
    running
        .gateway
        .board(|board, now| board.pause("main", now))
        .unwrap();
    let mut clients = Vec::new();
    for count in 1..=4 {
        clients.push(
            running
                .open("POST", "/v1/messages", HEADERS, ASK_WHOLE.as_bytes())
                .await,
        );
        until_waiting(&running, count).await;
    }
    let order: Vec<_> = running
        .gateway
        .suspended()
        .into_iter()
        .map(|one| one.id)
        .collect();
    running
        .gateway
        .board(|board, now| board.resume("main", now))
        .unwrap();
    for client in &mut clients {
        let mut answer = Vec::new();
        let _ = within(client.read_to_end(&mut answer)).await;
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
    let mut served = Vec::new();
    for _ in 0..4 {
        for report in running.reports().await {
            if let Report::AttemptStarted(attempt) = report {
                served.push(attempt.id);
            }
        }
    }
    assert_eq!(served, order);
    assert_eq!(running.gateway.suspended(), []);
}

#[tokio::test]
async fn who_has_waited_enough_is_told_when_to_come_again() {
    let provider = Raw::answering(json(503, "", "{}")).await;
    let mut running = run(waiting(&[&provider], LONG, Duration::from_millis(50), 9)).await;
    let got = running.post("/v1/messages", "", ASK.as_bytes()).await;
    let wait: u64 = got.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(got.status, 529, "{}", got.text());
    assert!(
        wait <= 60 && got.text().contains("routing.suspend"),
        "{}",
        got.text()
    );
    assert_eq!(got.header("x-should-retry"), None);
    let Some(Report::Ended(ended)) = running.reports().await.pop() else {
        panic!("it did not end")
    };
    assert_eq!(
        (ended.status, ended.reason),
        (EndStatus::Failed, Some(Reason::Overloaded))
    );
}

#[tokio::test]
async fn a_full_room_turns_others_away() {
    let provider = Raw::answering(json(503, "", "{}")).await;
    let running = run(waiting(&[&provider], LONG, LONG, 1)).await;
    let _waits = running
        .open("POST", "/v1/messages", HEADERS, ASK.as_bytes())
        .await;
    until_waiting(&running, 1).await;
    let got = running.post("/v1/messages", "", ASK.as_bytes()).await;
    assert_eq!(got.status, 529, "{}", got.text());
    assert_eq!(running.gateway.suspended().len(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_waits_no_longer() {
    let provider = Raw::answering(json(503, "", "{}")).await;
    let mut running = run(waiting(&[&provider], LONG, LONG, 9)).await;
    let waits = running
        .open("POST", "/v1/messages", HEADERS, ASK.as_bytes())
        .await;
    until_waiting(&running, 1).await;
    drop(waits);
    until_waiting(&running, 0).await;
    let Some(Report::Ended(ended)) = running.reports().await.pop() else {
        panic!("it did not end")
    };
    assert_eq!(ended.status, EndStatus::Cancelled);
}

#[tokio::test]
async fn a_person_releases_redirects_and_gives_up() {
    let ill = ill_then_well().await;
    let other = Raw::answering(json(200, "", ANSWER)).await;
    let mut settings = waiting(&[&ill, &other], LONG, LONG, 9);
    let topology = Arc::make_mut(&mut settings.topology);
    let spare = topology.groups[0].members.pop().unwrap();
    topology.groups.push(routing::Group {
        name: "spare".into(),
        members: vec![spare],
        ..topology.groups[0].clone()
    });
    let running = run(settings).await;
    let path = "/group/main/v1/messages";
    let mut answers = Vec::new();
    for (order, status, provider) in [
        (Order::Release, "200", "p0"),
        (Order::Redirect(Pin::Group("spare".to_owned())), "200", "p1"),
        (Order::Fail, "503", ""),
    ] {
        running
            .gateway
            .board(|board, now| board.pause("main", now))
            .unwrap();
        let mut client = running
            .open("POST", path, HEADERS, ASK_WHOLE.as_bytes())
            .await;
        until_waiting(&running, 1).await;
        if order == Order::Release {
            // A paused group stays out of service even so; one that only rests does not.
            let board = |resume: bool| {
                running.gateway.board(|board, now| {
                    if resume {
                        board.resume("main", now).map(drop)
                    } else {
                        board.pause("main", now).map(drop)
                    }
                })
            };
            board(true).unwrap();
            within(async {
                while ill.seen().is_empty() || running.gateway.suspended().is_empty() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            })
            .await;
        }
        let id = running.gateway.suspended()[0].id.clone();
        running.gateway.order(&id, order).unwrap();
        let mut answer = Vec::new();
        let _ = within(client.read_to_end(&mut answer)).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(answer.contains(&format!("x-turnout-provider: {provider}")) || provider.is_empty());
        answers.push(answer);
    }
    assert!(
        answers[2].contains("x-should-retry: false"),
        "{}",
        answers[2]
    );
    assert!(
        running
            .gateway
            .order("req-000000000000", Order::Fail)
            .is_err()
    );
}

/// A request that waited is told what to do in the moment in which it is tried as well.
#[tokio::test]
async fn a_person_gives_up_or_redirects_what_is_being_tried() {
    let other = Raw::answering(json(200, "", ANSWER)).await;
    for (order, status) in [
        (Order::Fail, "503"),
        (Order::Redirect(Pin::Group("spare".to_owned())), "200"),
    ] {
        // It fails once, and then says nothing at all.
        let ill = Raw::start(vec![
            vec![Part::Bytes(json(500, "", "{}"))],
            vec![Part::Silence],
        ])
        .await;
        let mut settings = waiting(&[&ill, &other], Duration::from_millis(20), LONG, 9);
        let topology = Arc::make_mut(&mut settings.topology);
        let spare = topology.groups[0].members.pop().unwrap();
        topology.groups.push(routing::Group {
            name: "spare".into(),
            members: vec![spare],
            ..topology.groups[0].clone()
        });
        let mut running = run(settings).await;
        let path = "/group/main/v1/messages";
        let mut client = running
            .open("POST", path, HEADERS, ASK_WHOLE.as_bytes())
            .await;
        let id = loop {
            if let Report::Suspended { id, .. } = running.report().await {
                break id;
            }
        };
        within(async {
            while ill.seen().len() < 2 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
        assert!(running.gateway.suspended().is_empty(), "it is being tried");
        running.gateway.order(&id, Order::Release).unwrap();
        running.gateway.order(&id, order).unwrap();
        let mut answer = Vec::new();
        let _ = within(client.read_to_end(&mut answer)).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(
            running.gateway.order(&id, Order::Fail).is_err(),
            "it is over"
        );
        let reports = running.reports().await;
        let ended = reports.iter().filter_map(|report| match report {
            Report::AttemptEnded(ended) => Some(ended),
            _ => None,
        });
        let recalled: Vec<_> = ended.filter(|ended| ended.attempt == 2).collect();
        assert_eq!(recalled[0].error.as_deref(), Some("given up by hand"));
        assert_eq!(recalled[0].reason, None, "the provider is not to blame");
    }
}

/// Between two tries of one provider as well, a person has it tried at once, sent elsewhere or given up.
#[tokio::test]
async fn a_person_is_heard_in_the_pause_before_the_next_try() {
    let other = Raw::answering(json(200, "", ANSWER)).await;
    for (order, status, provider) in [
        (Order::Release, "200", "p0"),
        (Order::Redirect(Pin::Group("spare".to_owned())), "200", "p1"),
        (Order::Fail, "503", ""),
    ] {
        let ill = ill_then_well().await;
        let mut settings = waiting(&[&ill, &other], LONG, LONG, 9);
        let topology = Arc::make_mut(&mut settings.topology);
        topology.retry = routing::Retry {
            attempts: 2,
            base: LONG,
            max: LONG,
        };
        let spare = topology.groups[0].members.pop().unwrap();
        topology.groups.push(routing::Group {
            name: "spare".into(),
            members: vec![spare],
            ..topology.groups[0].clone()
        });
        let mut running = run(settings).await;
        let pause = |board: &mut routing::Board, now| board.pause("main", now).map(drop);
        running.gateway.board(pause).unwrap();
        let path = "/group/main/v1/messages";
        let mut client = running
            .open("POST", path, HEADERS, ASK_WHOLE.as_bytes())
            .await;
        until_waiting(&running, 1).await;
        let resume = |board: &mut routing::Board, now| board.resume("main", now).map(drop);
        running.gateway.board(resume).unwrap();
        let id = loop {
            if let Report::Retrying { id, .. } = running.report().await {
                break id;
            }
        };
        running.gateway.order(&id, order).unwrap();
        let mut answer = Vec::new();
        let _ = within(client.read_to_end(&mut answer)).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(answer.contains(&format!("x-turnout-provider: {provider}")) || provider.is_empty());
    }
}

#[tokio::test]
async fn a_new_configuration_and_a_stop_are_heard_at_once() {
    let ill = Raw::answering(json(503, "", "{}")).await;
    let well = Raw::answering(stream("hello")).await;
    let mut running = run(waiting(&[&ill], LONG, LONG, 9)).await;
    let mut client = running
        .open("POST", "/v1/messages", HEADERS, ASK.as_bytes())
        .await;
    until_waiting(&running, 1).await;
    running
        .gateway
        .replace(waiting(&[&well], LONG, LONG, 9))
        .unwrap();
    let mut answer = Vec::new();
    let _ = within(client.read_to_end(&mut answer)).await;
    assert!(String::from_utf8_lossy(&answer).contains("hello"));
    running.reports().await;

    running
        .gateway
        .board(|board, now| board.pause("main", now))
        .unwrap();
    let mut client = running
        .open("POST", "/v1/messages", HEADERS, ASK.as_bytes())
        .await;
    until_waiting(&running, 1).await;
    running.stop.cancel();
    let mut answer = Vec::new();
    let _ = within(client.read_to_end(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_provider_that_is_well_again_is_found_before_its_rest_is_over() {
    let provider = ill_then_well().await;
    let mut settings = waiting(&[&provider], LONG, LONG, 9);
    settings.limits.health = gateway::Health {
        enabled: true,
        interval: Duration::from_secs(30),
        timeout: Duration::from_secs(5),
    };
    let running = run(settings).await;
    let got = running.post("/v1/messages", "", ASK_WHOLE.as_bytes()).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let looked = provider.seen();
    assert!(
        looked[1].head.starts_with("GET /v1/models"),
        "{}",
        looked[1].head
    );
    assert_eq!(looked[1].header("x-api-key"), [crate::support::KEY]);
}
