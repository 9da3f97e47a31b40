//! A client that leaves takes its upstream call with it, at once.

use tests::admin::chain;
use tests::config::Config;
use tests::message::{plain, streamed};
use tests::program::{Practice, Turnout};
use tests::until;

async fn cancelled(practice: &Practice) {
    until("the upstream call to be cancelled", || async {
        (practice.count("cancelled").await == 1).then_some(())
    })
    .await;
    assert_eq!(practice.count("in_flight").await, 0);
}

#[tokio::test]
async fn leaving_in_the_middle_of_a_stream_cancels_the_upstream() {
    let practice = Practice::failing("a", "long;gap=100;usage_in=42").await;
    let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
    let mut answering = turnout
        .call(&streamed("hi"))
        .open(&turnout.base)
        .await
        .unwrap();
    answering.event_named("content_block_delta").await;
    drop(answering);
    cancelled(&practice).await;
    let request = turnout.admin().newest().await;
    assert_eq!(
        (&request["status"], &request["reason"]),
        (&"cancelled".into(), &"client_cancelled".into())
    );
    assert_eq!(chain(&request, "verdict"), ["cancelled"]);
    assert_eq!(
        request["input_tokens"], 42,
        "the tokens seen so far were lost: {request:#}"
    );
    assert_eq!(
        turnout.admin().provider("a").await["health"],
        "healthy",
        "the provider was blamed"
    );
}

#[tokio::test]
async fn leaving_before_the_first_word_cancels_the_upstream() {
    for body in [streamed("hi"), plain("hi")] {
        let practice = Practice::failing("a", "hang").await;
        let turnout = Turnout::start(&Config::chain([("a", practice.base.clone())])).await;
        let call = turnout.call(&body);
        let waiting =
            tokio::time::timeout(std::time::Duration::from_mins(1), call.open(&turnout.base));
        tokio::select! {
            _ = waiting => panic!("a hanging provider answered"),
            () = until("the call to reach the upstream", || async {
                (practice.count("in_flight").await == 1).then_some(())
            }) => {}
        }
        cancelled(&practice).await;
        assert_eq!(turnout.admin().newest().await["status"], "cancelled");
    }
}
