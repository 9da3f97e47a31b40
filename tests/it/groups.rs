//! Groups: choosing one, pausing, manual mode, and what running streams feel of it.

use tests::config::{Config, Provider};
use tests::message::{names, plain, said, streamed};
use tests::program::{Practice, Turnout};
use tests::until;

async fn two_groups(main: &Practice, spare: &Practice) -> Turnout {
    let config = Config::of(vec![Provider::new("first", &main.base)])
        .group("spare", Provider::new("second", &spare.base));
    Turnout::start(&config).await
}

async fn served_by(turnout: &Turnout) -> String {
    let answer = turnout.ask(&plain("hi")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("x-turnout-provider").unwrap().to_owned()
}

#[tokio::test]
async fn a_chosen_group_takes_the_next_request() {
    let (main, spare) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    let turnout = two_groups(&main, &spare).await;
    assert_eq!(served_by(&turnout).await, "first");
    let group = turnout.admin().post("/groups/spare/activate").await;
    assert_eq!(
        (&group["name"], &group["active"], &group["state"]),
        (&"spare".into(), &true.into(), &"active".into())
    );
    assert_eq!(served_by(&turnout).await, "second");
    assert_eq!(turnout.admin().status().await["active_group"], "spare");
    assert_eq!(
        turnout
            .admin()
            .call("POST", "/groups/nowhere/activate", None)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_paused_group_serves_nothing_until_it_is_resumed() {
    let (main, spare) = (
        Practice::start("first").await,
        Practice::start("second").await,
    );
    let turnout = two_groups(&main, &spare).await;
    assert_eq!(
        turnout.admin().post("/groups/main/pause").await["state"],
        "paused"
    );
    assert_eq!(served_by(&turnout).await, "second");
    assert_eq!(
        turnout.admin().post("/groups/main/resume").await["paused"],
        false
    );
    assert_eq!(served_by(&turnout).await, "first");
}

#[tokio::test]
async fn failover_leaves_the_group_in_auto_mode_and_changes_no_choice() {
    let (main, spare) = (
        Practice::failing("first", "529").await,
        Practice::start("second").await,
    );
    let turnout = two_groups(&main, &spare).await;
    assert_eq!(served_by(&turnout).await, "second");
    assert_eq!(
        turnout.admin().status().await["active_group"],
        "main",
        "failover edited the choice"
    );
}

#[tokio::test]
async fn manual_mode_stays_in_its_group() {
    let (main, spare) = (
        Practice::failing("first", "529").await,
        Practice::start("second").await,
    );
    let config = Config::of(vec![Provider::new("first", &main.base)])
        .group("spare", Provider::new("second", &spare.base))
        .routing("suspend = { enabled = false }");
    let turnout = Turnout::start(&config).await;
    let admin = turnout.admin();
    let answer = admin
        .call(
            "PUT",
            "/mode",
            Some(serde_json::json!({ "mode": "manual" })),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(admin.status().await["mode"], "manual");
    let answer = turnout.ask(&plain("hi")).await;
    assert_ne!(answer.status, 200);
    assert_eq!(spare.calls().await, 0, "manual mode left its group");
}

#[tokio::test]
async fn a_switch_while_50_streams_run_loses_none() {
    const STREAMS: usize = 50;
    let (main, spare) = (
        Practice::failing("first", "long;gap=25").await,
        Practice::failing("second", "long;gap=1").await,
    );
    let turnout = two_groups(&main, &spare).await;
    let mut running = Vec::new();
    for number in 0..STREAMS {
        let mut answering = turnout
            .call(&streamed(&format!("stream {number}")))
            .open(&turnout.base)
            .await
            .unwrap();
        answering.event_named("content_block_delta").await;
        running.push(answering);
    }
    assert_eq!(main.count("in_flight").await, STREAMS as u64);

    turnout.admin().post("/groups/spare/activate").await;
    assert_eq!(served_by(&turnout).await, "second");
    let mut ends = tokio::task::JoinSet::new();
    for answering in running {
        ends.spawn(answering.whole());
    }
    while let Some(ended) = ends.join_next().await {
        let answer = ended.unwrap().expect("a stream was cut by the switch");
        assert_eq!(names(&answer.events()).last(), Some(&"message_stop"));
        assert!(!said(&answer).is_empty());
    }
    let admin = turnout.admin();
    until("all requests to be completed in the ledger", || async {
        let rows = admin.requests().await;
        let done = rows
            .iter()
            .filter(|row| row["status"] == "completed")
            .count();
        (done == STREAMS + 1).then_some(())
    })
    .await;
}
