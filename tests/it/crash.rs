//! A process killed in the middle of its work leaves a trace that the next start can read and close.

use tests::config::Config;
use tests::message::{plain, streamed};
use tests::program::{Practice, Turnout};
use tests::until;

#[tokio::test]
async fn streams_that_a_kill_ended_are_closed_as_failed_by_the_next_start() {
    const STREAMS: usize = 8;
    let practice = Practice::start("a").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    for _ in 0..3 {
        turnout.ask(&plain("before the crash")).await;
    }
    practice.fail(Some("long;gap=200")).await;
    let mut running = Vec::new();
    for _ in 0..STREAMS {
        let mut answering = turnout
            .call(&streamed("through the crash"))
            .open(&turnout.base)
            .await
            .unwrap();
        answering.event_named("content_block_delta").await;
        running.push(answering);
    }
    let admin = turnout.admin();
    until("all requests to be in the ledger", || async {
        let rows = admin.requests().await;
        let live = rows
            .iter()
            .filter(|row| row["status"] == "streaming")
            .count();
        (live == STREAMS && rows.len() == STREAMS + 3).then_some(())
    })
    .await;

    let home = turnout.kill().await;
    for answering in &mut running {
        while let Ok(Some(_)) = answering.event().await {}
    }
    practice.fail(None).await;
    let turnout = home.start().await;
    let rows = turnout.admin().requests().await;
    let with = |status: &str| rows.iter().filter(|row| row["status"] == status).count();
    assert_eq!(
        (with("completed"), with("failed"), rows.len()),
        (3, STREAMS, STREAMS + 3),
        "{rows:#?}"
    );
    for row in rows.iter().filter(|row| row["status"] == "failed") {
        let detail = turnout.admin().request(row["id"].as_str().unwrap()).await;
        assert!(detail["error"].is_string(), "{detail:#}");
        let attempts = detail["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), 1, "{detail:#}");
        assert!(
            attempts[0]["verdict"].is_string(),
            "an attempt was left open: {detail:#}"
        );
    }
    until("the upstream to hear that its clients are gone", || async {
        (practice.count("in_flight").await == 0).then_some(())
    })
    .await;
    assert_eq!(turnout.ask(&plain("after the crash")).await.status, 200);
    until("the new request to join the old ones", || async {
        (turnout.admin().requests().await.len() == STREAMS + 4).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_polite_end_lets_running_answers_finish() {
    let practice = Practice::failing("a", "long;gap=5").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    let mut answering = turnout
        .call(&streamed("finish me"))
        .open(&turnout.base)
        .await
        .unwrap();
    answering.event_named("content_block_delta").await;
    let (ended, answer) = tokio::join!(turnout.terminate(), answering.whole());
    let (home, code) = ended;
    assert_eq!(code, 0);
    let answer = answer.expect("the end cut a running answer");
    assert_eq!(
        tests::message::names(&answer.events()).last(),
        Some(&"message_stop")
    );
    let turnout = home.start().await;
    assert_eq!(turnout.admin().newest().await["status"], "completed");
}
